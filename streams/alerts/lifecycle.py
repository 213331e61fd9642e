"""The lifecycle of an alert: how it opens, changes, is notified of, and ends. Pure.

A `Lifecycle` is made for one evaluation, at one instant. Each of its methods makes transitions,
applies them to the store and keeps them in `made`. It also decides whether people are notified:
not while nobody is to be (`notify` False: a replay, a backlog), and not in quiet hours, in
maintenance or during a snooze; what could not be notified then is notified once that is over.
"""

from __future__ import annotations

from sys import maxsize
from typing import Any

import msgspec

from streams.alerts import policy
from streams.alerts.actions import changed, may_escalate, may_notify, words_of
from streams.alerts.course import has_lasted, lasts_from, notified_of_latest
from streams.alerts.model import Alert, Transition, What, instant, ms_of, stamp
from streams.alerts.peak import with_peak
from streams.alerts.rules import feed_silent
from streams.alerts.store import AlertStore
from streams.periods import to_ms
from streams.registry.phrases import place


class Lifecycle:
    """Makes the transitions of a store's alerts at one instant (`at`, in ms)."""

    def __init__(
        self,
        store: AlertStore,
        at: int,
        *,
        notify: bool,
        held_back: frozenset[str] = frozenset(),
    ) -> None:
        self.store, self.force, self.at, self.notify = store, store.force, at, notify
        self.held_back = held_back
        """Kinds of record, and `heartbeat.<feed>`, that are not read up to now."""
        self.made: list[Transition] = []
        self.present: set[str] = set()
        """Ids of the alerts of which a finding holds at this evaluation."""
        self._deferred: set[str] = set()
        """Ids of the alerts of which people would have been notified now, but may not be: the next
        change of the alert notes that the notification is due."""

    # -- what the evaluation does --------------------------------------------------------------

    def open(
        self,
        *,
        onset: int | None,
        area: str,
        said: tuple[str, ...],
        **fields: Any,
    ) -> None:
        """Opens an alert, and notifies people where they may be; the fields are those of `Alert`,
        `onset` in ms."""
        at = instant(self.at, self.force.zone)
        records = policy.RECORDS.get(fields["group"]) or feed_silent.records_of(fields["measure"])
        alert = Alert(
            origin=self.store.origin_of(records) or msgspec.UNSET,
            force=self.force.id,
            area=area,
            area_name=place(self.force, area),
            opened_at=at,
            updated_at=at,
            onset=stamp(onset, self.force.zone),
            words="",
            said=said,
            **fields,
        )
        notify = self.notify and may_notify(self.force, alert, self.at)
        alert = msgspec.structs.replace(alert, notified=notify)
        alert = msgspec.structs.replace(alert, words=words_of(self.force, alert, self.at))
        self._apply(Transition(what="opened", at=at, notify=notify, alert=alert))

    def change(self, alert: Alert, what: What, *, notify: bool = False, **changes: Any) -> Alert:
        """Changes fields of an alert, and returns it as it is then. An update that changes nothing
        makes no transition."""
        if alert.id in self._deferred:
            changes["notification_due"] = alert.notification_due or (self.notify and alert.notified)
        elif alert.notification_due and notify and self.notify:
            changes["notification_due"] = False
        self._deferred.discard(alert.id)
        if "peak" not in changes and (found := self.store.peaks.pop(alert.id, None)) is not None:
            changes["peak"] = found
        changes = with_peak(alert, changes)
        if what == "updated" and all(getattr(alert, key) == new for key, new in changes.items()):
            return alert
        notify = notify and self.notify
        return self._apply(changed(self.force, alert, self.at, what, notify=notify, **changes))

    def resolve(self, alert: Alert, *, cleared: bool = True, **changes: Any) -> None:
        """Resolves an alert, and notifies those who were notified of it. With `cleared` False what
        comes next still belongs to it."""
        heard_of = alert.notified and alert.severity != "state"
        self.change(
            alert,
            "resolved",
            notify=heard_of and self.may_notify(alert),
            state="resolved",
            resolved_at=stamp(self.at, self.force.zone),
            cleared=cleared,
            snoozed_until=None,
            snooze_reason=None,
            **changes,
        )

    def may_notify(self, alert: Alert) -> bool:
        """Whether people may be notified now of what changed in an alert; where not, the next
        change of the alert notes that it is due. (Not during a snooze: its end notifies anyway.)"""
        may = may_notify(self.force, alert, self.at)
        if not may and alert.snoozed_until is None:
            self._deferred.add(alert.id)
        return may

    def may_notify_of_growth(self, alert: Alert) -> bool:
        """Whether people may be notified that what an alert is about has grown, so that further
        growth is measured from there. Before the first notification of an alert nobody needs to be:
        that will have the figures of its time."""
        return (self.notify or not alert.notified) and self.may_notify(alert)

    def may_notify_of_page(self, alert: Alert, *, worse: bool) -> bool:
        """Whether to notify people that a notice has become a page (`worse`); quiet hours of
        notices don't hold that back."""
        page = msgspec.structs.replace(alert, severity="page")
        return worse and alert.open and alert.owner is None and self.may_notify(page)

    def is_held_back(self, alert: Alert) -> bool:
        """Whether an alert is about records that are not read up to now."""
        if alert.kind == feed_silent.KIND:
            return feed_silent.is_held_back(alert, self.held_back)
        return policy.RECORDS.get(alert.group, "") in self.held_back

    # -- what is due by the clock --------------------------------------------------------------

    def follow_up(self) -> None:
        """What time alone brings about: snoozes end, alerts become lasting, notifications that had
        to wait are made, pages that nobody has taken are escalated, and what a person closed is
        cleared if nothing was read of it for long."""
        for alert_id in sorted(self.store.active.values()):
            alert = self.store.alerts[alert_id]
            if not alert.open:
                self._clear_forgotten(alert)
                continue
            if not alert.lasting and has_lasted(alert, self.at):
                alert = self.change(alert, "updated", lasting=True)
            if alert.snoozed_until is not None and to_ms(alert.snoozed_until) <= self.at:
                awake = msgspec.structs.replace(alert, snoozed_until=None)
                notify = alert.severity != "state" and self.may_notify(awake)
                self.change(
                    alert, "reminded", notify=notify, snoozed_until=None, snooze_reason=None
                )
            elif self.notify and not alert.notified and self._may_notify_late(alert):
                self.change(alert, "reminded", notify=alert.owner is None, notified=True)
            elif self.notify and self._may_escalate(alert):
                at = stamp(self.at, self.force.zone)
                self.change(alert, "escalated", notify=True, escalated_at=at)
        for alert_id in sorted(self.store.notification_due) if self.notify else ():
            self._notify_due(self.store.alerts[alert_id])

    def _notify_due(self, alert: Alert) -> None:
        """Notifies people that an alert became worse, or resolved, once they may be. What a person
        has closed, and what is long past, needs no notification any more."""
        if self.at - to_ms(alert.updated_at) > _forgotten_after(alert) or alert.outcome is not None:
            self.change(alert, "updated", notification_due=False)
        elif alert.open and self._may_notify_late(alert):
            course = None if alert.course is None else notified_of_latest(alert, alert.course)
            self.change(alert, "reminded", notify=True, course=course)
        elif not alert.open and may_notify(self.force, alert, self.at):
            self.change(alert, "resolved", notify=True)

    def _may_notify_late(self, alert: Alert) -> bool:
        """Whether people may be notified now of what could not be notified before: where it still
        goes on."""
        absent = alert.grain == "now" and alert.severity != "state" and alert.id not in self.present
        usual = alert.clear_periods if alert.course is None else alert.course.usual_days
        if absent or usual or self.is_held_back(alert):
            return False
        age = self.at - to_ms(alert.updated_at)
        return age <= _forgotten_after(alert) and may_notify(self.force, alert, self.at)

    def _may_escalate(self, alert: Alert) -> bool:
        return may_escalate(self.force, alert, self.at) and not self.is_held_back(alert)

    def _clear_forgotten(self, alert: Alert) -> None:
        if self.at > _forgotten_at(alert):
            self.change(alert, "updated", cleared=True)

    def _apply(self, transition: Transition) -> Alert:
        transition = self.store.stamped(transition)
        self.store.apply(transition)
        self.made.append(transition)
        return transition.alert


def due_at(alert: Alert) -> int:
    """The instant, in ms, from which on time alone changes an alert, as `follow_up` does where
    nobody is notified: it is forgotten, lasts, or its snooze ends. Far away where none does."""
    if not alert.open:
        return _forgotten_at(alert) + 1
    lasting = None if alert.lasting else lasts_from(alert)
    return min(
        [at for at in (lasting, ms_of(alert.snoozed_until)) if at is not None], default=maxsize
    )


def _forgotten_at(alert: Alert) -> int:
    """The instant, in ms, after which what a person closed is taken to have cleared, if nothing was
    read of it."""
    last = ms_of(alert.resolved_at) or 0
    if alert.course is not None:
        last = max(last, to_ms(alert.course.judged_to))
    return last + _forgotten_after(alert)


def _forgotten_after(alert: Alert) -> int:
    """After how long without a reading an alert is taken to have cleared; in ms."""
    return policy.FORGOTTEN[alert.grain if alert.course is None else "day"]

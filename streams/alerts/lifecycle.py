"""How an alert opens, changes and ends, and whom it is told: the transitions of one look."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.alerts import actions as ownership
from streams.alerts import policy
from streams.alerts.actions import changed, may_notify, words_of
from streams.alerts.course import as_told, has_lasted
from streams.alerts.model import Alert, Transition, instant, ms_of, stamp
from streams.alerts.rules import feed_silent
from streams.alerts.store import AlertStore
from streams.periods import to_ms
from streams.registry.phrases import place


class Lifecycle:
    """Makes transitions of a book at one instant; `tell` is whether anybody may hear of them."""

    def __init__(
        self, store: AlertStore, at: int, *, notify: bool, held_back: frozenset[str] = frozenset()
    ) -> None:
        self.store, self.force, self.at, self.notify = store, store.force, at, notify
        self.held_back = held_back
        """Kinds of record, and `heartbeat.<feed>`, that are not read up to now."""
        self.made: list[Transition] = []
        self._waits: set[str] = set()
        """Ids of the alerts whose news has to wait."""
        self.present: set[str] = set()
        """Ids of the alerts whose finding holds at this look."""

    def is_held_back(self, alert: Alert) -> bool:
        """Whether an alert is of what is not read up to now."""
        of = frozenset((policy.RECORDS.get(alert.group, ""),))
        if alert.kind == feed_silent.KIND:
            of = feed_silent.read_from(alert)
        return not of.isdisjoint(self.held_back)

    def make(self, transition: Transition) -> Alert:
        """Has the book take a transition; returns the alert after it."""
        self.store.apply(transition)
        self.made.append(transition)
        return transition.alert

    def change(self, alert: Alert, what: Any, *, notify: bool = False, **changes: Any) -> Alert:
        """Changes fields of an alert; returns it."""
        if alert.id in self._waits:
            changes["notification_due"] = alert.notification_due or (self.notify and alert.notified)
        elif alert.notification_due and notify and self.notify:
            changes["notification_due"] = False
        self._waits.discard(alert.id)
        if what == "updated" and all(getattr(alert, key) == new for key, new in changes.items()):
            return alert  # the same content is no transition
        return self.make(
            changed(self.force, alert, self.at, what, notify=notify and self.notify, **changes)
        )

    def may_notify(self, alert: Alert) -> bool:
        """Whether to tell now of news of an alert; where that has to wait, the next change of the
        alert notes it. The end of a snooze tells by itself."""
        may = may_notify(self.force, alert, self.at)
        if not may and alert.snoozed_until is None:
            self._waits.add(alert.id)
        return may

    def open(
        self,
        *,
        onset: int | None,
        area: str,
        said: tuple[str, ...],
        **fields: Any,
    ) -> None:
        """Opens one; the fields are those of `Alert`."""
        at = instant(self.at, self.force.zone)
        alert = Alert(
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
        self.make(Transition(what="opened", at=at, notify=notify, alert=alert))

    def resolve(self, alert: Alert, *, cleared: bool = True, **changes: Any) -> None:
        """Ends one, and tells those who heard of it. Until it is `over`, what comes is no other."""
        told = alert.notified and alert.severity != "state"
        self.change(
            alert,
            "resolved",
            notify=told and self.may_notify(alert),
            state="resolved",
            resolved_at=stamp(self.at, self.force.zone),
            cleared=cleared,
            snoozed_until=None,
            snooze_reason=None,
            **changes,
        )

    def _is_news(self, alert: Alert) -> bool:
        """Whether to tell now of an alert that was held back: it still goes on."""
        over = alert.grain == "now" and alert.severity != "state" and alert.id not in self.present
        usual = alert.clear_periods if alert.course is None else alert.course.usual_days
        if over or usual or self.is_held_back(alert):
            return False
        age = self.at - to_ms(alert.updated_at)
        return age <= _forgotten(alert) and may_notify(self.force, alert, self.at)

    def _may_escalate(self, alert: Alert) -> bool:
        may = ownership.may_escalate(self.force, alert, self.at)
        return may and not self.is_held_back(alert)

    def _forget(self, alert: Alert) -> None:
        closed = ms_of(alert.resolved_at) or 0
        if alert.course is not None:
            closed = max(closed, to_ms(alert.course.judged_to))
        if self.at - closed > _forgotten(alert):
            self.change(alert, "updated", cleared=True)

    def keep_house(self) -> None:
        """Snoozes that end, what was held back, and pages that nobody has taken."""
        for alert_id in sorted(self.store.active.values()):
            alert = self.store.alerts[alert_id]
            if not alert.open:
                self._forget(alert)
                continue
            if not alert.lasting and has_lasted(alert, self.at):
                alert = self.change(alert, "updated", lasting=True)
            if alert.snoozed_until is not None and to_ms(alert.snoozed_until) <= self.at:
                awake = msgspec.structs.replace(alert, snoozed_until=None)
                told = alert.severity != "state" and self.may_notify(awake)
                self.change(alert, "reminded", notify=told, snoozed_until=None, snooze_reason=None)
            elif self.notify and not alert.notified and self._is_news(alert):
                self.change(alert, "reminded", notify=alert.owner is None, notified=True)
            elif self.notify and self._may_escalate(alert):
                at = stamp(self.at, self.force.zone)
                self.change(alert, "escalated", notify=True, escalated_at=at)
        for alert_id in sorted(self.store.notification_due) if self.notify else ():
            self._tell_owed(self.store.alerts[alert_id])

    def _tell_owed(self, alert: Alert) -> None:
        """Tells that an alert became worse, or is over, once that may be told."""
        if self.at - to_ms(alert.updated_at) > _forgotten(alert) or alert.outcome is not None:
            self.change(alert, "updated", notification_due=False)
        elif alert.open and self._is_news(alert):
            course = None if alert.course is None else as_told(alert, alert.course)
            self.change(alert, "reminded", notify=True, course=course)
        elif not alert.open and may_notify(self.force, alert, self.at):
            self.change(alert, "resolved", notify=True)


def _forgotten(alert: Alert) -> int:
    """After how long without a reading an alert is taken to be over."""
    return policy.FORGOTTEN[alert.grain if alert.course is None else "day"]

"""Alerts about silent feeds: one of all that may have fallen silent at one moment. Pure.

Feeds of one sender (a system that sends calls, incidents and crimes, a producer, a link) fall
silent together, though each is found silent when its own patience ends. Records do not say who
sent them, so the time has to say it: a sender fell silent between the last sign of life of a feed
and the moment at which the next was due. Feeds of which these stretches overlap, or nearly do
(`NEARLY`), can have fallen silent at one moment, and are one alert; hours apart they are two. What
is found later joins the open alert, which notes it. People who were notified of the alert are
notified again where a feed of calls or incidents joins, and not of others. The alert ends when all
of its feeds are heard again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from streams.alerts import policy
from streams.alerts.lifecycle import Lifecycle
from streams.alerts.model import Alert, LogEntry, SilentFeed, instant, ms_of
from streams.alerts.rules import feed_silent
from streams.alerts.rules.base import Finding
from streams.alerts.store import held_key
from streams.periods import MINUTE, rfc3339, to_ms

NEARLY = 5 * MINUTE
"""How far apart the moments may lie at which feeds of one sender fall silent: it may die piece by
piece, and clocks differ; in ms."""
BACK_FOR_LONG = 10 * MINUTE
"""How long a feed must have been heard again before its next silence is another one, in ms."""


class FeedEvaluation:
    """Takes the findings about known feeds of one instant."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self.store, self.force, self.at = lifecycle.store, lifecycle.force, lifecycle.at
        self._found: dict[str, list[Finding]] = {}
        """What is found now, by the id of the open alert that it belongs to."""

    def take(self, findings: Iterable[Finding]) -> None:
        """Opens an alert for silent feeds that have none, has feeds join one that is open, and
        brings the others up to date."""
        found = self._found
        new: list[Finding] = []
        for finding in findings:
            alert = self._alert_of(finding)
            if alert is not None:
                found.setdefault(alert.id, []).append(finding)
            elif not self._had(finding):
                new.append(finding)
        together: list[list[Finding]] = []
        joined: set[str] = set()
        for finding in sorted(new, key=lambda each: (not each.opens, each.since, each.measure)):
            alert = self._open_one_for(finding)
            if alert is not None and not finding.opens and alert.id not in joined:
                alert = None  # one missed beat is named with what is silent, and nothing alone
            if alert is not None:
                joined.add(alert.id)
                found.setdefault(alert.id, []).append(finding)
                continue
            fitting = (each for each in together if _may_be_one(map(_stretch, [*each, finding])))
            cluster = next(fitting, None)
            if cluster is not None:
                cluster.append(finding)
            elif finding.opens:
                together.append([finding])
        for alert_id, those in found.items():
            self._bring_up_to_date(self.store.alerts[alert_id], those)
        for cluster in together:
            self._open(cluster)

    def end_absent(self) -> None:
        """Notes which feeds are heard again, and ends the alerts of which all are. Of feeds that
        are not read up to now nothing is known."""
        for alert in self._active():
            if self.at < to_ms(alert.opened_at) and alert.id not in self.store.misdated:
                continue  # of a history that is read again
            feeds = tuple(self._as_heard(alert, each) for each in feed_silent.feeds_of(alert))
            all_heard = all(each.heard is not None for each in feeds)
            if all_heard and alert.open:
                said = feed_silent.ended(self.force, alert, feeds, self.at)
                self.lifecycle.resolve(alert, feeds=feeds, said=said)
            elif all_heard:
                self.lifecycle.change(alert, "updated", feeds=feeds, cleared=True)
            elif feeds != feed_silent.feeds_of(alert):
                self._change(alert, feeds, self._found.get(alert.id, ()))

    # -- which alert ---------------------------------------------------------------------------

    def _active(self) -> list[Alert]:
        """The alerts about known feeds that are open, or not cleared since a person closed them."""
        found = map(self.store.alerts.__getitem__, self.store.active.values())
        return [alert for alert in found if feed_silent.is_of_known(alert)]

    def _alert_of(self, finding: Finding) -> Alert | None:
        """The alert that says of a feed that it is silent, or did until a moment ago."""
        for alert in self._active():
            for each in feed_silent.feeds_of(alert):
                heard = ms_of(each.heard)
                again = heard is not None and finding.since - heard <= BACK_FOR_LONG
                if each.feed == finding.measure and (heard is None or again):
                    return alert
        return None

    def _open_one_for(self, finding: Finding) -> Alert | None:
        """The open alert of feeds that may have fallen silent at the same moment."""
        for alert in self._active():
            silent = feed_silent.still_silent(alert)
            stretches = [(to_ms(each.since), to_ms(each.due)) for each in silent]
            stretches += map(_stretch, self._found.get(alert.id, ()))
            if alert.open and _may_be_one([*stretches, _stretch(finding)]):
                return alert
        return None

    def _had(self, finding: Finding) -> bool:
        """Whether an alert said so of a feed at this instant, and has cleared since: then what is
        found anew, as when a history is read again, opens none."""
        for alert in self.store.alerts.values():
            if alert.kind == feed_silent.KIND and alert.cleared:
                until = ms_of(alert.cleared_at) or 0
                feeds = [each.feed for each in feed_silent.feeds_of(alert)]
                if finding.measure in feeds and to_ms(alert.opened_at) <= self.at < until:
                    return True
        return False

    # -- what becomes of it --------------------------------------------------------------------

    def _open(self, findings: Sequence[Finding]) -> None:
        lead = findings[0]
        when = rfc3339(lead.since // MINUTE * MINUTE, dt.UTC).replace("+00:00", "Z")
        about = (lead.kind, lead.group, lead.measure, lead.row, lead.area, lead.direction)
        alert_id = f"{policy.name(self.force, *about)}/{when}"
        if alert_id in self.store.alerts:
            return
        feeds = tuple(self._feed(each) for each in findings)
        self._note_present(alert_id, findings)
        self.lifecycle.open(
            id=alert_id,
            kind=lead.kind,
            severity=lead.severity,
            direction=lead.direction,
            group=lead.group,
            measure=lead.measure,
            row=lead.row,
            area=lead.area,
            grain="now",
            onset=lead.since,
            said=feed_silent.in_words(self.force, feeds, findings, self.at),
            evidence=lead.evidence,
            feeds=feeds,
            **self._named(feeds),
        )

    def _bring_up_to_date(self, alert: Alert, findings: Sequence[Finding]) -> None:
        self._note_present(alert.id, findings)
        found = {each.measure: each for each in findings}
        known = feed_silent.feeds_of(alert)
        feeds = [  # one that was heard for a moment is silent again
            msgspec.structs.replace(each, heard=None) if each.feed in found else each
            for each in known
        ]
        names = {each.feed for each in known}
        joined = [self._feed(each) for each in findings if each.measure not in names]
        feeds += joined
        changed = tuple(feeds) != known
        if joined and alert.open:
            urgent = any(feed_silent.is_urgent(each.feed) for each in joined)
            notify = urgent and alert.notified and self.lifecycle.may_notify_of_growth(alert)
            log = (*alert.log, self._entry(joined))
            self._change(alert, tuple(feeds), findings, notify=notify, log=log)
        elif changed or (alert.open and self.at >= policy.refresh_at(alert)):
            self._change(alert, tuple(feeds), findings)

    def _change(
        self,
        alert: Alert,
        feeds: tuple[SilentFeed, ...],
        findings: Sequence[Finding],
        *,
        notify: bool = False,
        **changes: Any,
    ) -> None:
        """Changes which feeds an alert is about, and says what holds of them."""
        if not alert.open:
            self.lifecycle.change(alert, "updated", feeds=feeds)
            return
        said = feed_silent.in_words(self.force, feeds, findings, self.at)
        changes |= {"feeds": feeds, "said": said, **self._named(feeds)}
        self.lifecycle.change(alert, "updated", notify=notify, **changes)

    def _entry(self, joined: Sequence[SilentFeed]) -> LogEntry:
        """What is noted of feeds that have joined an alert."""
        note = feed_silent.joined(self.force, joined, self.at)
        at = instant(self.at, self.force.zone)
        return LogEntry(at=at, who="watchroom", what="joined", note=note)

    def _named(self, feeds: Sequence[SilentFeed]) -> dict[str, Any]:
        """The title of an alert, and those of the feeds that have joined the first one."""
        names = [each.feed for each in feeds]
        also = tuple(feed_silent.title((name,), self.force) for name in sorted(names[1:]))
        return {"title": feed_silent.title(names, self.force), "also": also}

    def _feed(self, finding: Finding) -> SilentFeed:
        since, due = _stretch(finding)
        zone = self.force.zone
        return SilentFeed(feed=finding.measure, since=instant(since, zone), due=instant(due, zone))

    def _note_present(self, alert_id: str, findings: Iterable[Finding]) -> None:
        self.store.last_held_at[alert_id] = self.at
        self.lifecycle.present.add(alert_id)
        for each in findings:
            key, until = held_key(alert_id, each.measure), self.store.holds_until
            until[key] = max(until.get(key, 0), self.at + each.settle)
            self.store.last_held_at[key] = self.at

    def _as_heard(self, alert: Alert, each: SilentFeed) -> SilentFeed:
        """A feed of an alert, heard again where it has not been found silent for some time."""
        key = held_key(alert.id, each.feed)
        unread = not feed_silent.read_from(each.feed).isdisjoint(self.lifecycle.held_back)
        if each.heard is not None or unread:
            return each
        if self.at < self.store.holds_until.setdefault(key, self.at):
            return each
        heard = self.store.last_held_at.get(key, self.at)
        return msgspec.structs.replace(each, heard=instant(heard, self.force.zone))


def _stretch(finding: Finding) -> tuple[int, int]:
    """Between which moments the sender of a feed fell silent, in ms."""
    return finding.since, max(finding.since, finding.due)


def _may_be_one(stretches: Iterable[tuple[int, int]]) -> bool:
    """Whether there is one moment at which all of these feeds may have fallen silent, or nearly."""
    begins, ends = zip(*stretches, strict=True)
    return bool(max(begins) <= min(ends) + NEARLY)

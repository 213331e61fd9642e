"""The days of an exceptional volume: from the first day that is exceptional too, they carry its
alert. Pure; what a `Course` is and how it goes on is in `streams.alerts.course`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from streams.alerts import policy, rules
from streams.alerts.correlation.signals import SignalCluster
from streams.alerts.course import (
    first_day,
    grown_ratio,
    has_lasted,
    is_exceptional,
    next_day,
    peak_of,
    peak_with,
)
from streams.alerts.evaluation.signals import SignalEvaluation
from streams.alerts.feedback import start_of
from streams.alerts.lifecycle import Lifecycle
from streams.alerts.lookup import PeriodLookup
from streams.alerts.model import Alert, Course, stamp
from streams.alerts.rules import exceptional_volume
from streams.alerts.rules.exceptional_volume import EXCEPTIONAL_VOLUME
from streams.alerts.rules.signals import evidence
from streams.periods import to_ms
from streams.surveillance.signals import Signal


class DayEvaluation:
    """Takes the closed days of volumes that have an alert; `signals` opens further alerts,
    `silent` are the kinds of record of silent feeds."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        signals: SignalEvaluation,
        lookup: PeriodLookup,
        silent: frozenset[str],
    ) -> None:
        self.lifecycle, self.signals = lifecycle, signals
        self.lookup, self.silent = lookup, silent
        self.store, self.force, self.at = lifecycle.store, lifecycle.force, lifecycle.at

    def take(self, signals: Iterable[Signal]) -> None:
        """Adds the last closed day to the course of each alert about a volume, begins the course of
        those whose day is the first to be exceptional too, and ends those that have cleared."""
        closed = {s.series: s for s in signals if not s.running}
        for alert_id in list(self.store.active.values()):
            alert = self.store.alerts[alert_id]
            if alert.kind != EXCEPTIONAL_VOLUME.name or alert.grain not in ("hour", "day"):
                continue
            if policy.RECORDS.get(alert.group) in self.silent:
                continue
            series = (*alert.named[:-1], "day")
            day = closed.get(series) or self.lookup.last(series)
            if day is None:
                continue
            onset, course = start_of(alert, self.force.zone), alert.course
            if course is not None and day.end > to_ms(course.judged_to):
                self._take_day(alert, course, day)
            elif course is None and day.end > onset and is_exceptional(day, alert.direction):
                course = first_day(self.force, day, onset, self.lookup)
                changes = self._of_last_day(alert, course, day)
                changes["peak"] = peak_of(self.force, day, self.lookup)
                self.lifecycle.change(alert, "updated", course=course, **changes)

    def _take_day(self, alert: Alert, course: Course, day: Signal) -> None:
        furthest = peak_with(self.force, alert, course, day)
        course = next_day(self.force, alert, course, day, self.at)
        if alert.open:
            changes: dict[str, Any] = {"course": course}
            if not course.usual_days:
                changes["peak"] = furthest
            self._take_day_of_open(alert, course, day, changes)
        else:
            self._take_day_of_closed(alert, course, day)

    def _take_day_of_closed(self, alert: Alert, course: Course, day: Signal) -> None:
        """What a person closed clears after usual days, or where its days have grown by so much
        that they open another alert."""
        ratio = grown_ratio(alert, course, day)
        clears = exceptional_volume.has_cleared(alert, course, day) or ratio is not None
        self.lifecycle.change(alert, "updated", cleared=clears, course=course)
        if ratio is not None and is_exceptional(day, alert.direction):
            self.signals.open(SignalCluster(day), alert.kind, rules.severity_of(day))

    def _take_day_of_open(
        self, alert: Alert, course: Course, day: Signal, changes: dict[str, Any]
    ) -> None:
        lasts = has_lasted(msgspec.structs.replace(alert, course=course), self.at)
        if not course.usual_days and (lasts or not exceptional_volume.usual_again(day)):
            # A day inside the usual range says less than the one before it that was not.
            changes |= self._of_last_day(alert, course, day)
        if exceptional_volume.has_cleared(alert, course, day):
            self.lifecycle.resolve(alert, **(changes | self._of_all_days(alert, course)))
        elif exceptional_volume.is_settled(course, day):
            accepted = stamp(self.at, self.force.zone)
            changes |= self._of_last_day(alert, course, day)
            changes["course"] = msgspec.structs.replace(course, accepted=accepted)
            changes["said"] = exceptional_volume.taken_as_usual(changes["said"])
            # Not cleared: the day that runs is still compared with the level before.
            self.lifecycle.resolve(alert, cleared=False, **changes)
        else:
            self._notify_of_growth(alert, course, day, changes)

    def _notify_of_growth(
        self, alert: Alert, course: Course, day: Signal, changes: dict[str, Any]
    ) -> None:
        """Updates an alert with its day, and notifies people where it has grown by much."""
        ratio = None if course.usual_days else grown_ratio(alert, course, day)
        notify = ratio is not None and self.lifecycle.may_notify_of_growth(alert)
        if ratio is not None:
            if notify:
                course = msgspec.structs.replace(course, notified_ratio=ratio)
            changes |= {"course": course, **self._of_last_day(alert, course, day, grew=True)}
        self.lifecycle.change(alert, "updated", notify=notify, **changes)

    def _of_last_day(
        self, alert: Alert, course: Course, day: Signal, *, grew: bool = False
    ) -> dict[str, Any]:
        """The sentences and figures of an alert by its last day; where it `grew`, by the last two,
        since these are why people are notified again."""
        since, now = to_ms(course.since), max(day.end, self.at)
        lasts = has_lasted(msgspec.structs.replace(alert, course=course), self.at)
        about = self.force, alert.title
        if grew and course.before_latest is not None:
            last, before = course.latest, course.before_latest
            two = last[0] + before[0], last[1] + before[1]
            said = exceptional_volume.by_two_days(*about, day, two, course.ratio, since, now)
        elif lasts:
            days = max(1, course.taken)
            a_day = course.observed / days, course.expected / days
            alike = self._alike(day, since, course.ratio)
            said = exceptional_volume.by_weeks(*about, a_day, course.ratio, since, now, alike)
        else:
            alike = self._alike(day, since, course.ratio)
            said = exceptional_volume.by_days(*about, day, course.ratio, since, now, alike)
        return {
            "said": said,
            "evidence": evidence(self.force, day),
            "lasting": lasts,
        }

    def _alike(self, day: Signal, since: int, ratio: float) -> int | None:
        """In how many areas a figure that rests on what is written down has moved, if alike."""
        if not exceptional_volume.is_as_recorded(day):
            return None
        return self.lookup.alike(day, since, ratio)

    def _of_all_days(self, alert: Alert, course: Course) -> dict[str, Any]:
        """The sentences of an alert that has cleared: of all of its days."""
        observed, expected, days = course.while_it_lasted
        if days <= 0:  # it follows another area since (`in_another_area`)
            return {"lasting": False}
        span = to_ms(course.since), to_ms(course.until)
        a_day = observed / days, expected / days
        left_out = [to_ms(day) for day in course.left_out or () if day < course.until]
        said = exceptional_volume.by_days_past(
            self.force, alert.title, a_day, span, self.at, left_out
        )
        return {"said": said, "lasting": False}

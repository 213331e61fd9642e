"""Whether a signal belongs to an alert of another series, and which of them names the story. Pure.

A child, an area or a category, is compared with its parent in one and the same period: with what
is known of the parent at this look, else with the figures that its alert told. Where the alert told
of an earlier period, as when the hour has turned, the child's own figures of that period are
compared.
"""

from __future__ import annotations

from collections.abc import Iterable

from detectors.calibration.episodes import JOINABLE_HOURS
from detectors.homogeneity import (
    PartCount,
    dispersion,
    explains,
    explains_alone,
    moved,
    shares_ratio,
)
from streams.alerts import words as say
from streams.alerts.correlation.signals import (
    SignalCluster,
    above,
    holds,
    in_area,
    outside,
    part,
    part_of,
    related,
    spread,
)
from streams.alerts.lookup import PeriodLookup
from streams.alerts.model import SEVERITIES, Alert, ms_of
from streams.alerts.rules import inside, kind_of, severity_of
from streams.alerts.rules.signals import alone
from streams.config.force import Force
from streams.periods import DAY, HOUR
from streams.surveillance.signals import Signal

_COARSE = ("now", "hour", "day", "month")
A_MONTH = 28 * DAY
"""No month is shorter."""
MONTHLY = 0.95
"""The share of months that lie in the usual range of a chart by month."""


class OpenAlertCorrelation:
    """What is known at one look: its signals, what can be looked up, and the stories told."""

    def __init__(self, force: Force, signals: Iterable[Signal], lookup: PeriodLookup) -> None:
        self.force, self.lookup = force, lookup
        self.here = {signal.series: signal for signal in signals}
        self.told: list[SignalCluster] = []

    def last(self, series: tuple[str, ...]) -> Signal | None:
        """The figures of a series at this look, else of its last closed period."""
        return self.here.get(series) or self.lookup.last(series)

    def same_story(self, alert: Alert, signal: Signal) -> bool:
        """Whether a signal of another series belongs to an alert that goes on."""
        if alert.direction != signal.direction or not related(alert.theme, signal.theme):
            return False
        own = alert.group, alert.measure, alert.row
        mine = own == (signal.group, signal.measure, signal.row)
        if alert.course is not None and (mine or is_held(alert)):
            return self._goes_on_with(alert, signal, mine=mine)
        if _COARSE.index(alert.grain) > _COARSE.index(signal.grain):
            # A level that was noticed by the month must not swallow tonight's burst.
            return False
        return self._shares(alert, signal)

    def _goes_on_with(self, alert: Alert, signal: Signal, *, mine: bool) -> bool:
        """Whether a signal belongs to an alert that goes on by its days: it is of the same measure
        (`mine`) in an area that shares the story, or, after some days, of what was part of it
        before. All else is another."""
        if not mine:
            return say.title(self.force, signal) in alert.also
        if SEVERITIES.index(severity_of(signal)) < SEVERITIES.index(alert.severity):
            return False
        if signal.area in above(self.force, alert.area) and is_held(alert):
            return self._is_all_of(alert, signal)
        return self._shares(alert, signal)

    def _is_all_of(self, alert: Alert, signal: Signal) -> bool:
        """Whether what is left of a parent without the child that has a lasting alert is as usual:
        else the rise has spread, and is another story."""
        child, whole = self.last((*alert.series[:-1], signal.grain)), part_of(signal)
        if child is None or whole is None or child.start != signal.start:
            return False
        own = part_of(child)
        return own is not None and not moved(whole.less(own), signal.direction, spread(signal))

    def _shares(self, alert: Alert, signal: Signal) -> bool:
        """Whether a signal is of the place of an alert, of one around it, or of a part of it."""
        if alert.area == signal.area or signal.area in above(self.force, alert.area):
            return not self._is_later(alert, signal) or self._goes_with(alert, signal)
        return alert.area in above(self.force, signal.area) and self._goes_with(alert, signal)

    def _is_later(self, alert: Alert, signal: Signal) -> bool:
        """Whether a category changed after the month that an alert of all of them told of, or a
        whole a month or more after the month that an alert of a part of it told of: then it is the
        same story only where the part moves as they do, or holds most of the whole. An alert by
        month goes on for long."""
        told = ms_of(alert.evidence.end)
        part = alert.row != signal.row and self.contains(alert, signal)
        whole = alert.series != signal.series and self.contains(signal, alert)
        if signal.grain != "month" or not (part or whole):
            return False
        began = signal.start if signal.onset is None else signal.onset
        # What a part began the month before, the whole may go on with.
        return told is not None and began >= told + (0 if part else A_MONTH)

    def contains(self, one: Alert | Signal, other: Alert | Signal) -> bool:
        """Whether one is of the same as another, in an area or of categories that hold its own."""
        if (one.group, one.measure) != (other.group, other.measure):
            return False
        if one.grain != other.grain and not _by_days(one, other):
            return False
        return holds(one.row, other.row) and (
            one.area == other.area or one.area in above(self.force, other.area)
        )

    def _goes_with(self, alert: Alert, signal: Signal) -> bool:
        """Whether a child shares its parent's ratio, or is what the alert of the parent is about,
        it alone or with the others that are told of now; by the month, whether a whole is for the
        most part what the alert is about."""
        if signal.grain == "month" and self.contains(signal, alert):
            return self._is_most_of(alert, signal)
        found = self._compared(alert, signal)
        if found is None:
            return False
        own, whole = found
        if alert.group == signal.group and shares_ratio(own, whole, self._spread(alert)):
            return True
        return any(explains(each, whole, signal.direction) for each in (own, self._all(signal)))

    def _is_most_of(self, alert: Alert, whole: Signal) -> bool:
        child, all_ = self.last(alert.series), part_of(whole)
        own = None if child is None or child.start != whole.start else part_of(child)
        return own is not None and all_ is not None and explains(own, all_, whole.direction)

    def retold(self, signal: Signal, alerts: Iterable[Alert]) -> bool:
        """Whether an alert that is over by now told of what a signal says: of hours in which its
        change began, or of the same by the hour (the day), an hour (a day) before its period ended.
        """
        alerts = list(alerts)
        if kind_of(signal) == "level_change":
            return any(
                self._was_told(alert, signal) or self._changed_then(alert, signal)
                for alert in alerts
            )
        return any(
            alert.kind == "exceptional_volume"
            and alert.direction == signal.direction
            and related(alert.theme, signal.theme)
            and (self._went_on(alert, signal) or self._summed_up(alert, signal))
            for alert in alerts
        )

    def _changed_then(self, alert: Alert, signal: Signal) -> bool:
        """Whether an alert that is over told of the same, or of what holds it, once the level had
        changed, and the figure is a usual one."""
        over = ms_of(alert.resolved_at) or 0
        return (
            (alert.kind, alert.direction) == ("level_change", signal.direction)
            and (signal.method, signal.grain) == ("level", alert.grain)
            and related(alert.theme, signal.theme)
            and signal.onset is not None
            and signal.onset < over
            and not outside(signal)
            and self._nested(alert.area, signal.area)
        )

    def _was_told(self, alert: Alert, signal: Signal) -> bool:
        """Whether a change of level is one that has ended, while nothing is as far from the old
        level again as that was; or is the way back to the level before one, by itself."""
        told, over = alert.evidence, ms_of(alert.resolved_at)
        began = signal.start if signal.onset is None else signal.onset
        if alert.kind != "level_change" or alert.series != signal.series:
            return False
        if alert.direction == signal.direction:
            far = told.after is None or (
                signal.observed >= told.after
                if signal.direction == "up"
                else signal.observed <= told.after
            )
            return over is not None and began < over and (inside(alert, signal) or not far)
        if alert.outcome is not None or signal.after is None:
            return False
        low, high = told.lower, told.upper
        return low is not None and high is not None and low <= signal.after <= high

    def _went_on(self, alert: Alert, signal: Signal) -> bool:
        over = ms_of(alert.resolved_at) or 0
        return (
            (signal.method, signal.grain) == ("change", alert.grain)
            and signal.onset is not None
            and signal.onset < over
            and not alone(signal)
            and self._nested(alert.area, signal.area)
        )

    def _summed_up(self, alert: Alert, signal: Signal) -> bool:
        """Whether a day (a month) is what the hours (the days) of an alert have come to."""
        over, told = ms_of(alert.resolved_at), ms_of(alert.evidence.end)
        began = min(signal.start, signal.start if signal.onset is None else signal.onset)
        if (
            _COARSE.index(alert.grain) >= _COARSE.index(signal.grain)
            or over is None
            or told is None
        ):
            return False
        recent = signal.end - over <= JOINABLE_HOURS[alert.grain] * HOUR
        return began < told and recent and self._shares(alert, signal)

    def narrows(self, alert: Alert, signal: Signal) -> bool:
        """Whether a child is what the alert of its parent is about: it alone. By the month only
        what was told of the same month, as a level keeps the figures that it was told with."""
        if alert.series == signal.series or not self.contains(alert, signal):
            return False
        if signal.grain == "month" and ms_of(alert.evidence.start) != signal.start:
            return False
        found = self._compared(alert, signal)
        return found is not None and explains_alone(*found, signal.direction, self._spread(alert))

    def widens(self, alert: Alert, signal: Signal) -> bool:
        """Whether a parent speaks for the child that has an alert: not where the child is it."""
        whole = part_of(signal)
        if alert.series == signal.series or not self.contains(signal, alert) or is_held(alert):
            return False
        child = self.last((*alert.series[:-1], signal.grain))
        own = None
        if child is not None and child.start == signal.start:
            own = part_of(child)
        elif ms_of(alert.evidence.start) == signal.start:
            own = _told(alert)
        if own is None or whole is None:
            return True
        return not explains_alone(own, whole, signal.direction, spread(signal))

    def _spread(self, alert: Alert) -> float:
        """The over-dispersion of what an alert is about, where it is told by the month: then a
        usual range of many months is known. By the hour and the day it is taken as none."""
        found = alert.evidence
        if alert.grain != "month":
            return 1.0
        return dispersion(found.expected, found.lower, found.upper, MONTHLY)

    def _nested(self, one: str, other: str) -> bool:
        return one == other or one in above(self.force, other) or other in above(self.force, one)

    def _compared(self, alert: Alert, signal: Signal) -> tuple[PartCount, PartCount] | None:
        """A child and its parent in one period."""
        own, parent = part_of(signal), self.last(self._parent(alert, signal))
        if parent is not None and parent.start == signal.start:
            return _both(own, part_of(parent))
        if not self.contains(alert, signal) and alert.group == signal.group:
            return None
        start = ms_of(alert.evidence.start)
        if start != signal.start:
            before = self.lookup.last(signal.series)
            own = part_of(before) if before is not None and before.start == start else None
        return _both(own, _told(alert))

    def _parent(self, alert: Alert, signal: Signal) -> tuple[str, ...]:
        """The series that a signal's is compared with: what the alert follows, where it is of the
        same measure; else the signal's own in the area of the alert."""
        if self.contains(alert, signal):
            return (*alert.series[:-1], signal.grain)
        return in_area(signal, alert.watched)

    def _all(self, signal: Signal) -> PartCount:
        """A child and the others that are told of at this look, of the same measure and period."""
        parts = [part_of(signal)]
        for story in self.told:
            other = story.signal
            alike = (other.start, other.direction) == (signal.start, signal.direction)
            alike = alike and in_area(other, signal.area) == signal.series
            if alike and other.area != signal.area:
                parts.append(part_of(other))
        known = [each for each in parts if each is not None]
        return PartCount(sum(each.observed for each in known), sum(each.expected for each in known))


def _by_days(*both: Alert | Signal) -> bool:
    """Whether one of two is an alert that goes on by its days: it is about the hours as well."""
    goes_on = any(isinstance(each, Alert) and each.course is not None for each in both)
    return goes_on and all(each.grain in ("hour", "day") for each in both)


def is_held(alert: Alert) -> bool:
    """Whether a volume has gone on for so many days that its stretch is not learned."""
    return alert.course is not None and alert.course.held is not None


def _both(own: PartCount | None, whole: PartCount | None) -> tuple[PartCount, PartCount] | None:
    return None if own is None or whole is None else (own, whole)


def _told(alert: Alert) -> PartCount | None:
    """Observed and expected as an alert told them."""
    return part(alert.evidence, alert.group, alert.measure)

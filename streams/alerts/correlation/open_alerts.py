"""Whether a signal belongs to an active alert of another series, and which of the two names that
alert; and whether it only repeats what people were notified of. Pure.

A child (an area within, or one category) is compared with its parent in one and the same period:
with the figures that this evaluation has of the parent, else with those of the parent's alert.
Where these are of an earlier period, as when the hour has turned, the child's own figures of that
period are taken.
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
    part_count,
    part_of,
    related,
    spread,
)
from streams.alerts.lookup import PeriodLookup
from streams.alerts.model import SEVERITIES, Alert, ms_of
from streams.alerts.rules import kind_of, level_change, severity_of
from streams.alerts.rules.exceptional_volume import EXCEPTIONAL_VOLUME
from streams.alerts.rules.level_change import LEVEL_CHANGE
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
    """Compares the signals of one evaluation with alerts; `lookup` reads what is not among them."""

    def __init__(self, force: Force, signals: Iterable[Signal], lookup: PeriodLookup) -> None:
        self.force, self.lookup = force, lookup
        self.here = {signal.series: signal for signal in signals}
        self.clusters: list[SignalCluster] = []
        """The clusters of this evaluation."""

    def last(self, series: tuple[str, ...]) -> Signal | None:
        """The figures of a series at this evaluation, else those of its last closed period."""
        return self.here.get(series) or self.lookup.last(series)

    def belongs(self, alert: Alert, signal: Signal) -> bool:
        """Whether a signal of another series belongs to an active alert."""
        if alert.direction != signal.direction or not related(alert.theme, signal.theme):
            return False
        own = alert.group, alert.measure, alert.row
        mine = own == (signal.group, signal.measure, signal.row)
        if alert.course is not None and (mine or is_held(alert)):
            return self._belongs_by_days(alert, signal, same_measure=mine)
        if alert.course is not None and signal.grain == "hour":
            # An alert that its days carry takes in the hours of what has joined it.
            named = say.title(self.force, signal) in alert.also
            named = named and not self.contains(signal, alert)
            return named or (alert.grain == "hour" and self._shares(alert, signal))
        if _COARSE.index(alert.grain) > _COARSE.index(signal.grain):
            # A change of level by the month must not take in a burst of tonight.
            return False
        return self._shares(alert, signal)

    def _belongs_by_days(self, alert: Alert, signal: Signal, *, same_measure: bool) -> bool:
        """Whether a signal belongs to an alert that its days carry: it is of the same measure in an
        area that moved with it, or, after some days, of what had joined the alert before."""
        if not same_measure:
            return say.title(self.force, signal) in alert.also
        if SEVERITIES.index(severity_of(signal)) < SEVERITIES.index(alert.severity):
            return False
        if signal.area in above(self.force, alert.area) and is_held(alert):
            return self._is_all_of(alert, signal)
        return self._shares(alert, signal)

    def _is_all_of(self, alert: Alert, signal: Signal) -> bool:
        """Whether a parent without the child that has a lasting alert is as usual; else the rise
        has spread, and the parent has an alert of its own."""
        child, whole = self.last((*alert.series[:-1], signal.grain)), part_of(signal)
        if child is None or whole is None or child.start != signal.start:
            return False
        own = part_of(child)
        return own is not None and not moved(whole.less(own), signal.direction, spread(signal))

    def _shares(self, alert: Alert, signal: Signal) -> bool:
        """Whether a signal is of the area of an alert, of one around it, or of a part that moved
        with it."""
        if alert.area == signal.area or signal.area in above(self.force, alert.area):
            return not self._is_later(alert, signal) or self._goes_with(alert, signal)
        return alert.area in above(self.force, signal.area) and self._goes_with(alert, signal)

    def _is_later(self, alert: Alert, signal: Signal) -> bool:
        """Whether a part changed after the month of the alert of its whole, or a whole a month or
        more after that of its part: then it belongs to the alert only if the part moves as the
        whole does, or holds most of it. (An alert by the month stays open for long.)"""
        month_end = ms_of(alert.evidence.end)
        part = alert.row != signal.row and self.contains(alert, signal)
        whole = alert.series != signal.series and self.contains(signal, alert)
        if signal.grain != "month" or not (part or whole):
            return False
        began = signal.start if signal.onset is None else signal.onset
        # A whole may follow its part in the next month.
        return month_end is not None and began >= month_end + (0 if part else A_MONTH)

    def contains(self, one: Alert | Signal, other: Alert | Signal) -> bool:
        """Whether one is of the same measure as another, in the same area or one around it, and of
        the same category or all together."""
        if (one.group, one.measure) != (other.group, other.measure):
            return False
        if one.grain != other.grain and not _by_days(one, other):
            return False
        return holds(one.row, other.row) and (
            one.area == other.area or one.area in above(self.force, other.area)
        )

    def _goes_with(self, alert: Alert, signal: Signal) -> bool:
        """Whether a child moves as its parent does, or explains it, alone or with the other
        clusters of this evaluation; by the month also whether the alert is about most of it."""
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

    def repeats(self, signal: Signal, alerts: Iterable[Alert]) -> bool:
        """Whether people know what a signal says from an alert that has ended: it was about the
        hours in which the change began, or about the hours (days) that the day (month) of the
        signal is the sum of."""
        alerts = list(alerts)
        if kind_of(signal) == LEVEL_CHANGE.name:
            return any(
                level_change.is_known(alert, signal) or self._changed_then(alert, signal)
                for alert in alerts
            )
        return any(
            alert.kind == EXCEPTIONAL_VOLUME.name
            and alert.direction == signal.direction
            and related(alert.theme, signal.theme)
            and (self._is_aftermath(alert, signal) or self._is_sum(alert, signal))
            for alert in alerts
        )

    def _changed_then(self, alert: Alert, signal: Signal) -> bool:
        """Whether an alert about the same level change, in this area or one around it, ended after
        the change began, and the figure is a usual one."""
        ended = ms_of(alert.resolved_at) or 0
        return (
            (alert.kind, alert.direction) == (LEVEL_CHANGE.name, signal.direction)
            and (signal.method, signal.grain) == ("level", alert.grain)
            and related(alert.theme, signal.theme)
            and signal.onset is not None
            and signal.onset < ended
            and not outside(signal)
            and self._nested(alert.area, signal.area)
        )

    def _is_aftermath(self, alert: Alert, signal: Signal) -> bool:
        """Whether a change shows only periods of an alert that has ended: it began before that
        end, and its last period by itself would raise nothing."""
        ended = ms_of(alert.resolved_at) or 0
        return (
            (signal.method, signal.grain) == ("change", alert.grain)
            and signal.onset is not None
            and signal.onset < ended
            and not alone(signal)
            and self._nested(alert.area, signal.area)
        )

    def _is_sum(self, alert: Alert, signal: Signal) -> bool:
        """Whether a day (month) is the sum of the hours (days) of an alert that ended a short while
        before it did."""
        ended, period_end = ms_of(alert.resolved_at), ms_of(alert.evidence.end)
        began = min(signal.start, signal.start if signal.onset is None else signal.onset)
        if (
            _COARSE.index(alert.grain) >= _COARSE.index(signal.grain)
            or ended is None
            or period_end is None
        ):
            return False
        recent = signal.end - ended <= JOINABLE_HOURS[alert.grain] * HOUR
        return began < period_end and recent and self._shares(alert, signal)

    def narrows(self, alert: Alert, signal: Signal) -> bool:
        """Whether the alert of a parent is all about this child, which then names it. By the month
        only if both are of the same month, since a level keeps the figures that it opened with."""
        if alert.series == signal.series or not self.contains(alert, signal):
            return False
        if signal.grain == "month" and ms_of(alert.evidence.start) != signal.start:
            return False
        found = self._compared(alert, signal)
        return found is not None and explains_alone(*found, signal.direction, self._spread(alert))

    def widens(self, alert: Alert, signal: Signal) -> bool:
        """Whether a parent names the alert of its child from now on: not if it is all about the
        child."""
        whole = part_of(signal)
        if alert.series == signal.series or not self.contains(signal, alert) or is_held(alert):
            return False
        child = self.last((*alert.series[:-1], signal.grain))
        own = None
        if child is not None and child.start == signal.start:
            own = part_of(child)
        elif ms_of(alert.evidence.start) == signal.start:
            own = _of_alert(alert)
        if own is None or whole is None:
            return True
        return not explains_alone(own, whole, signal.direction, spread(signal))

    def _spread(self, alert: Alert) -> float:
        """The over-dispersion of the count that an alert is about, by the month, where the usual
        range is one of many months. By the hour and the day it is taken as 1 (none)."""
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
        return _both(own, _of_alert(alert))

    def _parent(self, alert: Alert, signal: Signal) -> tuple[str, ...]:
        """The series that a signal is compared with: the one that the alert follows, if it is of
        the same measure; else the signal's measure in the area of the alert."""
        if self.contains(alert, signal):
            return (*alert.series[:-1], signal.grain)
        return in_area(signal, alert.watched)

    def _all(self, signal: Signal) -> PartCount:
        """A child and the leads of the other clusters of this evaluation, of the same measure and
        period."""
        parts = [part_of(signal)]
        for cluster in self.clusters:
            other = cluster.lead
            alike = (other.start, other.direction) == (signal.start, signal.direction)
            alike = alike and in_area(other, signal.area) == signal.series
            if alike and other.area != signal.area:
                parts.append(part_of(other))
        known = [each for each in parts if each is not None]
        return PartCount(sum(each.observed for each in known), sum(each.expected for each in known))


def _by_days(*both: Alert | Signal) -> bool:
    """Whether one of two is an alert that its days carry, and so about hours and days alike."""
    goes_on = any(isinstance(each, Alert) and each.course is not None for each in both)
    return goes_on and all(each.grain in ("hour", "day") for each in both)


def is_held(alert: Alert) -> bool:
    """Whether a volume has gone on for so many days that they are not learned (`course.LONG`)."""
    return alert.course is not None and alert.course.held is not None


def _both(own: PartCount | None, whole: PartCount | None) -> tuple[PartCount, PartCount] | None:
    return None if own is None or whole is None else (own, whole)


def _of_alert(alert: Alert) -> PartCount | None:
    """Observed and expected by the figures of an alert."""
    return part_count(alert.evidence, alert.group, alert.measure)

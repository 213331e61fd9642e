"""Counts: by hour and day exceptional volume and changes of level, by month a control chart too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from detectors.counts.count_watch import CountWatch
from detectors.counts.month_watch import MonthWatch
from detectors.counts.predictive import Predictive
from detectors.counts.weekly.baseline import Baseline
from streams.periods import DAY, HOUR
from streams.surveillance.adapters.base import (
    SHOWN,
    TAIL,
    Adapter,
    Assessment,
    PassedPeriods,
    PeriodPoint,
    RowCounts,
)
from streams.surveillance.signals import State

WORTH = 10.0
"""Expected records that the ratio of the whole alert is worth beside a series' own."""


class Counts(Adapter):
    """A count by hour or day: is this one exceptional, and has the level changed of late?"""

    def __init__(self, counter: str, slots: int, allowed: float) -> None:
        super().__init__(allowed)
        self.counter, self.slots = counter, slots
        self.detector = CountWatch(slots=slots, allowed=allowed)
        self.last = 0
        self.apart: tuple[int, float, float] | None = None
        """Of the periods in a row that were judged and not learned: the start of the first, how
        many records came, how many were expected."""

    def _update(self, counts: RowCounts | None, point: PeriodPoint, *, learn: bool = True) -> None:
        self.last = 0 if counts is None else counts[self.counter]
        count = None if counts is None else self.last
        self.detector.update(count, point.slot, point.names, learn=learn)

    def update(self, counts: RowCounts | None, point: PeriodPoint) -> None:
        """Takes a period; a stretch that was judged only is over."""
        self.apart = None
        super().update(counts, point)

    def judge_only(self, counts: RowCounts | None, point: PeriodPoint) -> bool:
        """Judges a period by what was learned before, and adds up what came and what was expected,
        in case people say that this level is real (`take_level`)."""
        self._update(counts, point, learn=False)
        self._note(point.start)
        self.missing = counts is None
        start, came, expected = self.apart or (point.start, 0.0, 0.0)
        ahead = self.detector.expected.ahead
        if counts is not None and ahead is not None and self.state != "learning":
            came, expected = came + self.last, expected + ahead.mean
        self.apart = start, came, expected
        return counts is not None

    def take_level(self, ratio: float, before: int) -> None:
        """Multiplies what is known by what came over what was expected since the stretch began;
        where little was expected of the series, by the ratio of the whole alert."""
        if self.apart is None or self.apart[0] >= before or self.state == "learning":
            return
        _, came, expected = self.apart
        self.apart = None
        own = (came + ratio * WORTH) / (expected + WORTH)
        self.detector.take_level(own, self.detector.expected.dispersion / (came + WORTH))

    def _pass_over(self, passed: PassedPeriods) -> None:
        self.last = 0
        self.detector.pass_over(passed.points, passed.slots)

    def forget(self, first: int, last: int) -> None:
        """Of the running week. Every period has been taken, so a place is reckoned from the last;
        a day that the clocks change is an hour off, hence rounded."""
        if not self.starts or first > self.starts[-1]:
            return
        length = DAY if self.slots == 7 else HOUR
        back = [max(0, round((self.starts[-1] - start) / length)) for start in (first, last)]
        self.detector.forget(max(0, self.taken - 1 - back[0]), self.taken - back[1])

    @property
    def learned(self) -> Baseline:
        """What was learned from complete weeks: another object once there is one more."""
        known: Baseline = self.detector.expected.baseline
        return known

    def save(self) -> dict[str, Any]:
        """The state, before the next period."""
        return {**super().save(), "apart": self.apart}

    def restore(self, saved: dict[str, Any], learned: dict[str, Any]) -> None:
        """Goes on where the saved one stood."""
        super().restore(saved, learned)
        self.apart = None if saved["apart"] is None else tuple(saved["apart"])
        self.detector.expected.baseline = Baseline.of(learned)

    @property
    def about(self) -> str:
        """The state of the baseline in plain words."""
        return str(self.detector.expected.about)

    @property
    def state(self) -> State:
        """Of the baseline."""
        state: State = self.detector.expected.state
        return state

    def event_of(self, names: Sequence[str] | None = None) -> tuple[Sequence[str], bool]:
        """The event that the last count, or one of a day of these names, is compared with."""
        expected = self.detector.expected
        how, _ = expected.compared(expected.last_names if names is None else names)
        known = expected.baseline
        return (known.event_names if how in ("event", "lent") else ()), not known.known(
            expected.need
        )

    def assessment(self) -> Assessment:
        """Of the last count."""
        watch = self.detector
        found = _of_count(self.last, watch.expected.ahead or Predictive(0.0), watch.rate)
        if watch.change_rate < watch.surprise_rate:
            return replace(
                found, method="change", direction=watch.direction or "up", ratio=watch.ratio
            )
        return found

    @property
    def onset(self) -> int | None:
        """Of a change that has more than the last period."""
        return super().onset if self.detector.change_rate <= self.allowed * SHOWN else None

    def judge(self, counts: RowCounts, point: PeriodPoint, share: float) -> Assessment | None:
        """The count so far."""
        if self.state == "learning":
            return None
        whole = self.detector.expected.forecast(point.slot, point.names)
        part, count = whole.part(share), counts[self.counter]
        if (count - part.mean) ** 2 < 4.0 * part.mean * (part.dispersion + part.spread * part.mean):
            return None
        tail = min(part.at_least(count), part.at_most(count))
        return _of_count(count, part, 2.0 * self.slots * tail)


def _of_count(count: int, ahead: Predictive, rate: float) -> Assessment:
    low, high = ahead.at_most(count), ahead.at_least(count)
    lower, upper = ahead.limits(TAIL)
    return Assessment(
        method="surprise",
        direction="up" if high <= low else "down",
        observed=count,
        rate=rate,
        expected=ahead.mean,
        lower=lower,
        upper=upper,
        probability=min(low, high),
    )


class Months(Adapter):
    """A count by month: a lasting change of level is an alarm, the usual chart is shown."""

    def __init__(self, counter: str, allowed: float) -> None:
        super().__init__(allowed)
        self.counter = counter
        self.detector = MonthWatch(allowed=allowed)
        self.last = 0
        self.lines: tuple[float | None, ...] = (None, None, None)

    def _update(self, counts: RowCounts | None, point: PeriodPoint) -> None:
        watch = self.detector
        self.lines = (watch.centre, watch.lower, watch.upper)
        self.last = 0 if counts is None else counts[self.counter]
        watch.update(None if counts is None else self.last, point.days)

    def _pass_over(self, passed: PassedPeriods) -> None:
        watch = self.detector
        watch.pass_over(passed.points)
        self.lines = (watch.centre, watch.lower, watch.upper)
        self.last = 0

    def accept(self, direction: str | None, before: int) -> bool:
        """The level since the onset is the level; the old one stays in the detector's `changes`."""
        watch = self.detector
        if not watch.stands or watch.onset is None or direction not in (None, watch.direction):
            return False
        began = self.starts[max(-len(self.starts), watch.onset - self.taken)]
        if began >= before:
            return False
        watch.accept()
        return True

    def _held(self) -> dict[str, Any]:
        saved: dict[str, Any] = self.detector.save()  # a copy, but once a month
        return saved

    def _hold(self, saved: dict[str, Any]) -> None:
        self.detector = MonthWatch.restore(saved)

    @property
    def shown(self) -> bool:
        """A month outside the usual chart, or that moved its average, is shown whatever else."""
        return bool(self.detector.flags) or self.detector.rebased or super().shown

    def assessment(self) -> Assessment:
        """Of the last month, against the lines that the chart had before it."""
        watch = self.detector
        moved = watch.rebase
        centre, lower, upper = self.lines
        found = Assessment(
            method="level",
            direction=watch.direction or "up",
            observed=self.last,
            rate=watch.rate,
            expected=centre,
            lower=None if lower is None else max(0.0, lower),
            upper=upper,
            within=0.95,
            rebased=moved,
        )
        if watch.rate > self.allowed and (moved is not None or watch.flags):
            above = centre is not None and self.last > centre
            if moved is not None:
                above = moved[1] > moved[0]
            return replace(found, method="chart", direction="up" if above else "down")
        return replace(found, ratio=watch.ratio, before=watch.before, after=watch.level)

    @property
    def onset(self) -> int | None:
        """Of the lasting change, unless the assessment is of the chart."""
        of_chart = bool(self.detector.flags) or self.detector.rebased
        return super().onset if self.rate <= self.allowed or not of_chart else None

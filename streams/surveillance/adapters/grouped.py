"""Proportions and mean durations: figures of cases, of which a slot may hold too few to judge."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from math import inf, log, log10
from typing import Any

from detectors.durations.duration_watch import DurationWatch
from detectors.shares.proportion_watch import ProportionWatch
from streams.registry.aggregates import Mean, Share
from streams.registry.histogram import quantile, value_of
from streams.surveillance.adapters.base import (
    TAIL,
    Assessment,
    OwnAdapter,
    PassedPeriods,
    PeriodPoint,
    RowCounts,
    Timed,
)
from streams.surveillance.signals import Method


class Grouped(OwnAdapter):
    """A proportion or a mean duration; slots of few cases are added up before they are judged.

    Its detector takes slots in turn: an hour that the clocks skip is a gap, and the second of two
    with the same name is passed over.
    """

    def __init__(self, allowed: float, slots: int) -> None:
        super().__init__(allowed)
        self.slots = slots
        self.slot: int | None = None
        self.sums = [0.0, 0.0]
        self.first: int | None = None
        """The start of the first slot that they are of."""
        self.expected: float | None = None

    def update(self, counts: RowCounts | None, point: PeriodPoint) -> None:
        """Takes a slot in its turn. A day with a name is no guide to others, and is a gap."""
        missed = 0 if self.slot is None else (point.slot - self.slot - 1) % self.slots
        if missed == self.slots - 1:
            return
        for _ in range(missed):
            self.detector.update(None)
            self._note(point.start)
        self.slot = point.slot
        super().update(None if point.names else counts, point)
        self.missing = counts is None

    def _pass_over(self, passed: PassedPeriods) -> None:
        watch = self.detector
        if self.slot is not None:
            self.slot = (self.slot + passed.slots) % self.slots
        if not watch.pending:
            self.sums, self.first = [0.0, 0.0], None
        watch.pass_over(passed.slots - 1)
        self.expected = watch.expected
        watch.pass_over(1)

    def _places(self, passed: PassedPeriods) -> int:
        return passed.slots

    def _update(self, counts: RowCounts | None, point: PeriodPoint) -> None:
        watch = self.detector
        top, bottom = (0, 0) if counts is None else self.parts(counts)
        if not watch.pending:
            self.sums, self.first = [0.0, 0.0], None
        if bottom and self.first is None:
            self.first = point.start
        self.sums[0] += top
        self.sums[1] += bottom
        self.expected = watch.expected
        if counts is None or not bottom:
            watch.update(None)
        else:
            self.give(counts, top, bottom)

    @abstractmethod
    def parts(self, counts: RowCounts) -> tuple[int, int]:
        """Numerator and denominator."""

    @abstractmethod
    def give(self, counts: RowCounts, top: int, bottom: int) -> None:
        """Gives the detector a slot that has cases."""

    def moved(self, limits: tuple[float, float]) -> tuple[float, float]:
        """The range of the next slot, moved to the slot that was judged."""
        now, then = self.detector.expected, self.expected
        off = 0.0 if now is None or then is None else then - now
        return max(0.0, limits[0] + off), min(self.most, limits[1] + off)

    method: Method
    scale = 1.0
    most = inf

    @property
    def changed(self) -> bool:
        """Whether a change of level is the greater evidence, of the two on the scale of rates."""
        found, known = self.detector.change / log(10.0), self.detector.surprise - log10(2.0)
        return bool(found > known)

    def assessment(self) -> Assessment:
        """Of the group that the last slot ended."""
        watch, scale = self.detector, self.scale
        top, bottom = self.sums
        limits = watch.limits(TAIL, max(1, int(bottom)))
        lower, upper = (None, None) if limits is None else self.moved(limits)
        changed = self.changed
        return Assessment(
            method=self.method,
            direction=watch.direction or "up",
            observed=top / bottom * scale if bottom else 0.0,
            rate=watch.rate,
            expected=None if self.expected is None else self.expected * scale,
            lower=None if lower is None else lower * scale,
            upper=None if upper is None else upper * scale,
            probability=None if changed else 10.0**-watch.surprise,
            ratio=watch.ratio if changed else None,
            before=None if watch.before is None else watch.before * scale,
            after=None if watch.level is None or not changed else watch.level * scale,
            first=self.first,
            cases=self.cases,
        )

    @property
    def cases(self) -> tuple[int, int] | None:
        """Of a share: how many of how many."""
        return None

    @property
    def onset(self) -> int | None:
        """Only where the change is the greater evidence."""
        return super().onset if self.changed else None

    def restart(self, reason: str) -> None:
        """Forgets what came before; places go on."""
        super().restart(reason)
        self.sums, self.first = [0.0, 0.0], None

    def save(self) -> dict[str, Any]:
        """The state, before the next period."""
        return {**super().save(), "slot": self.slot, "sums": self.sums, "first": self.first}

    def restore(self, saved: dict[str, Any]) -> None:
        """Goes on where the saved one stood."""
        super().restore(saved)
        self.slot, self.sums = saved["slot"], saved["sums"]
        self.first = saved["first"]


class Shares(Grouped):
    """A proportion."""

    method: Method = "proportion"
    most = 1.0

    def __init__(self, share: Share, slots: int, allowed: float) -> None:
        super().__init__(allowed, slots)
        self.share = share
        self.detector = ProportionWatch(allowed=allowed, slots=slots)

    def parts(self, counts: RowCounts) -> tuple[int, int]:
        """Of how many, how many."""
        bottom = sum(counts[n] for n in self.share.bottom) - sum(counts[n] for n in self.share.less)
        return min(sum(counts[n] for n in self.share.top), bottom), bottom

    @property
    def cases(self) -> tuple[int, int]:
        """Of the group that the last slot ended."""
        return int(self.sums[0]), int(self.sums[1])

    def give(self, counts: RowCounts, top: int, bottom: int) -> None:
        """Successes and trials."""
        self.detector.update(top, bottom)


FEWEST = 10
"""A mean is judged of so many durations at the least: one of five is mostly its longest."""


class Durations(Grouped):
    """A mean duration; milliseconds in the counters, seconds in a signal.

    The mean that is shown is over all durations. The mean that is judged and learned leaves out the
    impossible ones: those beyond `DurationWatch.farthest` (while nothing is learned, beyond `far`
    times the median), and those of no time at all. Where more than two and more than a third are
    beyond it, everything is late, and none is left out.
    """

    method: Method = "duration"
    scale = 0.001

    def __init__(self, mean: Mean, slots: int, allowed: float) -> None:
        super().__init__(allowed, slots)
        self.mean = mean
        self.detector = DurationWatch(allowed=allowed, slots=slots, least=FEWEST)

    def parts(self, counts: RowCounts) -> tuple[int, int]:
        """The sum of the durations, and their number."""
        return counts["sum"], counts[self.mean.of]

    def give(self, counts: RowCounts, top: int, bottom: int) -> None:
        """The sum, the number and the sum of squares, of those that can be."""
        bins = counts.bins if isinstance(counts, Timed) else {}
        odd = self.impossible(bins, bottom)
        if not odd:
            self.detector.update(top, bottom, counts["squares"])
            return
        left = {(value_of(each) + 0.5) * 1000: bins[each] for each in bins if each not in odd}
        number = sum(left.values())
        total = sum(ms * count for ms, count in left.items())
        squares = sum(ms * ms * count for ms, count in left.items())
        self.detector.update(total if number else None, number, squares)

    def impossible(self, bins: Mapping[int, int], number: int) -> set[int]:
        """The bins of so many durations that can't be."""
        watch, middle = self.detector, quantile(bins, 0.5)
        if middle is None or sum(bins.values()) != number:
            return set()
        limit = watch.farthest
        if limit is None:
            limit = watch.far * middle * 1000 if number >= watch.least else inf
        beyond = {each for each in bins if value_of(each) * 1000 > limit}
        if sum(bins[each] for each in beyond) > max(2, number // 3):
            beyond = set()
        return beyond | (bins.keys() & {0})

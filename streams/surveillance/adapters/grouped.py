"""Proportions and mean durations: figures of cases, of which a slot may hold too few to judge."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from math import inf, log, log10
from typing import Any, cast

from detectors.durations.duration_watch import DurationWatch
from detectors.durations.duration_watches import DurationWatches
from detectors.grouped_watches import GroupedWatches
from detectors.shares.proportion_watch import ProportionWatch
from detectors.shares.proportion_watches import ProportionWatches
from detectors.state import fill
from streams.registry.aggregates import Mean, Share
from streams.registry.histogram import quantile, value_of
from streams.surveillance.adapters.base import (
    SHOWN,
    TAIL,
    Assessment,
    OwnAdapter,
    PassedPeriods,
    PeriodPoint,
    RowCounts,
    Timed,
)
from streams.surveillance.signals import Method, State

FEWEST = 10
"""A mean is judged of so many durations at the least: one of five is mostly its longest."""


class GroupedRows:
    """The proportions of a grain, and its durations, as arrays with a row a series
    (`detectors.grouped_watches`). `allowed` is how many false alarms a week any may raise at
    most."""

    def __init__(self, slots: int, allowed: float) -> None:
        self.slots, shown = slots, allowed * SHOWN
        self.shares = ProportionWatches(ProportionWatch(allowed=allowed, slots=slots), shown)
        self.durations = DurationWatches(
            DurationWatch(allowed=allowed, slots=slots, least=FEWEST), shown
        )

    def failures(self) -> list[tuple[GroupedWatches[Any], int, Exception]]:
        """The rows in which something failed since this was last asked, each with its error, now
        that all have taken their period."""
        found: list[tuple[GroupedWatches[Any], int, Exception]] = []
        for rows in (self.shares, self.durations):
            rows.settle()
            found += [(rows, *each) for each in rows.failed]
            rows.failed.clear()
        return found

    def save(self) -> dict[str, Any]:
        """All series, as plain data that nobody changes afterwards, once their adapters have been
        saved."""
        return {"shares": self.shares.save(), "durations": self.durations.save()}

    def restore(self, saved: dict[str, Any]) -> None:
        """Goes on where what was saved stood, once its adapters have been restored."""
        self.shares.restore(saved["shares"])
        self.durations.restore(saved["durations"])


class Grouped(OwnAdapter):
    """A proportion or a mean duration; slots of few cases are added up before they are judged.

    It is a row of `rows`. Slots are taken in turn: an hour that the clocks skip is a gap, and the
    second of two with the same name is passed over.
    """

    rows: GroupedWatches[Any]

    def __init__(self, rows: GroupedWatches[Any], allowed: float) -> None:
        super().__init__(allowed)
        self.rows, self.row = rows, rows.add(allowed)
        self.slots: int = rows.pattern.slots
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
            self.rows.pass_over(self.row, 1)
            self._note(point.start)
        self.slot = point.slot
        super().update(None if point.names else counts, point)
        self.missing = counts is None

    def _pass_over(self, passed: PassedPeriods) -> None:
        rows, row = self.rows, self.row
        if self.slot is not None:
            self.slot = (self.slot + passed.slots) % self.slots
        if not rows.is_pending(row):
            self.sums, self.first = [0.0, 0.0], None
        rows.pass_over(row, passed.slots - 1)
        self.expected = rows.expected(row)
        rows.pass_over(row, 1)

    def _places(self, passed: PassedPeriods) -> int:
        return passed.slots

    def _update(self, counts: RowCounts | None, point: PeriodPoint) -> None:
        rows, row = self.rows, self.row
        top, bottom = (0, 0) if counts is None else self.parts(counts)
        if not rows.is_pending(row):
            self.sums, self.first = [0.0, 0.0], None
        if bottom and self.first is None:
            self.first = point.start
        self.sums[0] += top
        self.sums[1] += bottom
        self.expected = rows.expected(row)
        if counts is None or not bottom:
            rows.pass_over(row, 1)
        else:
            self.give(counts, top, bottom)

    @abstractmethod
    def parts(self, counts: RowCounts) -> tuple[int, int]:
        """Numerator and denominator."""

    @abstractmethod
    def give(self, counts: RowCounts, top: int, bottom: int) -> None:
        """Gives the detector a slot that has cases."""

    def usual(self, slot: int, cases: int) -> tuple[float, float] | None:
        """From where to where four of five figures of so many cases lie in a slot of the week;
        None while it is learning, and of what has no such range."""
        return None

    def moved(self, limits: tuple[float, float]) -> tuple[float, float]:
        """The range of the next slot, moved to the slot that was judged."""
        now, then = self.rows.expected(self.row), self.expected
        off = 0.0 if now is None or then is None else then - now
        return max(0.0, limits[0] + off), min(self.most, limits[1] + off)

    @property
    def detector(self) -> Any:
        """The series by itself."""
        return self.rows.watch(self.row)

    @property
    def rate(self) -> float:
        """Nominal false alarms a week at the evidence of the last period."""
        return self.rows.rate(self.row)

    @property
    def state(self) -> State:
        """Of the baseline."""
        return cast("State", self.rows.state(self.row))

    def has(self, rows: GroupedWatches[Any], row: int) -> bool:
        """Whether that row of those is its own."""
        return rows is self.rows and row == self.row

    def drop(self) -> None:
        """It is no more needed."""
        self.rows.drop(self.row)

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
        watch = self.detector
        watch.restart(reason)
        self.rows.put(self.row, watch)
        self.sums, self.first = [0.0, 0.0], None

    def save(self) -> dict[str, Any]:
        """The state, before the next period."""
        return {**super().save(), "slot": self.slot, "sums": self.sums, "first": self.first}

    def restore(self, saved: dict[str, Any]) -> None:
        """Goes on where the saved one stood."""
        super().restore(saved)
        self.slot, self.sums = saved["slot"], saved["sums"]
        self.first = saved["first"]

    def _held(self) -> int:
        return self.rows.number(self.row)

    def _hold(self, saved: int | dict[str, Any]) -> None:
        if isinstance(saved, int):
            self.rows.go_on(self.row, saved)
            return
        watch = self.detector  # in the forms before the third each had its own detector
        fill(watch, saved)
        watch.allowed = self.allowed
        self.rows.put(self.row, watch)


class Shares(Grouped):
    """A proportion."""

    rows: ProportionWatches
    method: Method = "proportion"
    most = 1.0

    def __init__(self, share: Share, rows: ProportionWatches, allowed: float) -> None:
        super().__init__(rows, allowed)
        self.share = share

    def parts(self, counts: RowCounts) -> tuple[int, int]:
        """Of how many, how many."""
        bottom = sum(counts[n] for n in self.share.bottom) - sum(counts[n] for n in self.share.less)
        return min(sum(counts[n] for n in self.share.top), bottom), bottom

    @property
    def cases(self) -> tuple[int, int]:
        """Of the group that the last slot ended."""
        return int(self.sums[0]), int(self.sums[1])

    def usual(self, slot: int, cases: int) -> tuple[float, float] | None:
        """That of shares, as far as is learned now."""
        if self.slot is None:
            return None
        ahead = (slot - self.slot - 1) % self.slots
        found: tuple[float, float] | None = self.detector.limits(TAIL, cases, ahead)
        return found

    def give(self, counts: RowCounts, top: int, bottom: int) -> None:
        """Successes and trials."""
        self.rows.update(self.row, top, bottom)


class Durations(Grouped):
    """A mean duration; milliseconds in the counters, seconds in a signal.

    The mean that is shown is over all durations. The mean that is judged and learned leaves out the
    impossible ones: those beyond `DurationWatch.farthest` (while nothing is learned, beyond `far`
    times the median), and those of no time at all. Where more than two and more than a third are
    beyond it, everything is late, and none is left out.
    """

    rows: DurationWatches
    method: Method = "duration"
    scale = 0.001

    def __init__(self, mean: Mean, rows: DurationWatches, allowed: float) -> None:
        super().__init__(rows, allowed)
        self.mean = mean

    def parts(self, counts: RowCounts) -> tuple[int, int]:
        """The sum of the durations, and their number."""
        return counts[self.mean.timing], counts[self.mean.of]

    def give(self, counts: RowCounts, top: int, bottom: int) -> None:
        """The sum, the number and the sum of squares, of those that can be."""
        bins = counts.bins if isinstance(counts, Timed) else {}
        odd = self.impossible(bins, bottom)
        if not odd:
            self.rows.update(self.row, top, bottom, counts["squares"])
            return
        left = {(value_of(each) + 0.5) * 1000: bins[each] for each in bins if each not in odd}
        number = sum(left.values())
        total = sum(ms * count for ms, count in left.items())
        squares = sum(ms * ms * count for ms, count in left.items())
        self.rows.update(self.row, total if number else None, number, squares)

    def impossible(self, bins: Mapping[int, int], number: int) -> set[int]:
        """The bins of so many durations that can't be."""
        of, middle = self.rows.pattern, quantile(bins, 0.5)
        if middle is None or sum(bins.values()) != number:
            return set()
        limit = self.rows.farthest(self.row)
        if limit is None:
            limit = of.far * middle * 1000 if number >= of.least else inf
        beyond = {each for each in bins if value_of(each) * 1000 > limit}
        if sum(bins[each] for each in beyond) > max(2, number // 3):
            beyond = set()
        return beyond | (bins.keys() & {0})

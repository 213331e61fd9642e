"""Counts: by hour and day exceptional volume and changes of level, by month a control chart too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from detectors.arrays import packed, unpacked
from detectors.counts.count_watch import CountWatch
from detectors.counts.count_watches import CountWatches
from detectors.counts.expected import Expected
from detectors.counts.month_watch import MonthWatch
from detectors.counts.predictive import Predictive, limits
from detectors.counts.weekly.baseline import Baseline, Week
from streams.periods import DAY, HOUR
from streams.surveillance.adapters.base import (
    ONSET_STARTS,
    SHOWN,
    TAIL,
    Adapter,
    Assessment,
    OwnAdapter,
    PassedPeriods,
    PeriodPoint,
    RowCounts,
    SeriesFigures,
)
from streams.surveillance.signals import State

Floats = NDArray[np.float64]

WORTH = 10.0
"""Expected records that the ratio of the whole alert is worth beside a series' own."""


class CountRows:
    """The counts of all series of a grain, as arrays with a row a series
    (`detectors.counts.count_watches`). `allowed` is how many false alarms a week any may raise at
    most."""

    def __init__(self, slots: int, allowed: float) -> None:
        self.slots = slots
        self.watches = CountWatches(CountWatch(slots=slots, allowed=allowed), allowed * SHOWN)
        self.starts: list[int] = []
        """Of the latest periods."""
        self.taken = np.zeros(0, dtype=np.int64)
        """By row the periods that were taken, and how many of `starts` are among them."""
        self.noted = np.zeros(0, dtype=np.int64)
        self.counts = np.zeros(0)
        """By row the last count; nan where the period was missing."""
        self.apart: dict[int, tuple[int, float, float]] = {}
        """By row, of the periods in a row that were judged and not learned: the start of the first,
        how many records came, how many were expected."""
        self._usual: tuple[list[int], list[int]] | None = None
        """By row the usual range of the last count, once somebody has asked for it."""

    def add(self, allowed: float) -> int:
        """A further series, and how many false alarms a week it may raise; its row."""
        self.taken, self.noted = np.append(self.taken, 0), np.append(self.noted, 0)
        self.counts, self._usual = np.append(self.counts, np.nan), None
        return self.watches.add(allowed)

    def close_weeks(self, slot: int) -> Iterator[None]:
        """Has every series whose week is complete before that slot learn it, in short steps."""
        return self.watches.close_weeks(slot)

    def pass_weeks(self, slots: int) -> Iterator[None]:
        """Has each learn its week and those without a point in so many slots more, in short
        steps."""
        return self.watches.pass_weeks(slots)

    def update(
        self,
        counts: Floats,
        start: int,
        slot: int,
        names: Sequence[Sequence[str]] | None = None,
        normal: NDArray[np.bool_] | None = None,
    ) -> list[int]:
        """Takes the counts of a period, nan where it is missing, and returns the rows of which
        there may be a signal to show. `names` are those of its day by row, None where it has none.
        Of what is not `normal` nothing is learned: it is judged by what was learned before, and
        what came and was expected is added up, in case people say that this level is real
        (`Counts.take_level`)."""
        self.counts, self._usual = counts, None
        self.starts = [*self.starts, start][-ONSET_STARTS:]
        self.taken += 1
        self.noted = np.minimum(self.noted + 1, ONSET_STARTS)
        watches = self.watches
        numbers = None
        if names is not None:
            numbers = np.array([watches.names_number(each) for each in names], dtype=np.int64)
        found = watches.update(counts, slot, numbers, normal)
        if normal is None:
            self.apart.clear()
        else:
            self._add_up(start, normal)
        return [row for row in found.tolist() if counts[row] >= 0.0]

    def _add_up(self, start: int, normal: NDArray[np.bool_]) -> None:
        for row in np.flatnonzero(normal).tolist() if self.apart else ():
            self.apart.pop(row, None)
        for row in np.flatnonzero(~normal).tolist():
            begun, came, expected = self.apart.get(row, (start, 0.0, 0.0))
            last = self.watches.last(row)
            if last is not None and self.watches.expected(row).state != "learning":
                came, expected = came + int(self.counts[row]), expected + last[1]
            self.apart[row] = begun, came, expected

    def failures(self) -> list[tuple[int, Exception]]:
        """The rows in which something failed since this was last asked, each with its error."""
        found, self.watches.failed = self.watches.failed, []
        return found

    def usual(self, row: int) -> tuple[int, int]:
        """Between which counts four of five lie, of the last period of a series."""
        if self._usual is None:
            lower, upper = limits(self.watches.ahead(), TAIL)
            self._usual = lower.tolist(), upper.tolist()
        return self._usual[0][row], self._usual[1][row]

    def put(self, row: int, watch: CountWatch) -> None:
        """Goes on with a series as that watch now is."""
        self._usual = None
        self.watches.put(row, watch)

    def save(self) -> dict[str, Any]:
        """All but what was learned and the columns of `watches`, as plain data that nobody changes
        afterwards."""
        return {
            "starts": self.starts,
            "taken": packed(self.taken),
            "noted": packed(self.noted),
            "counts": packed(self.counts),
            "apart": [[row, *each] for row, each in sorted(self.apart.items())],
            "watches": self.watches.save(),
        }

    def restore(
        self,
        saved: dict[str, Any],
        columns: Iterable[dict[str, Any]],
        rows: Mapping[int, int],
        baselines: Mapping[int, Baseline],
    ) -> None:
        """Goes on where what was saved stood: `rows` has by row that which it had then, `baselines`
        what was learned of it. Other rows are new."""
        self.watches.restore(saved["watches"], columns, rows, baselines)
        self.starts = saved["starts"]
        now, then = list(rows), list(rows.values())
        for held, name in ((self.taken, "taken"), (self.noted, "noted"), (self.counts, "counts")):
            held[now] = unpacked(saved[name])[then]
        now_of = dict(zip(then, now, strict=True))
        self.apart = {
            now_of[row]: (start, came, expected)
            for row, start, came, expected in saved["apart"]
            if row in now_of
        }

    def go_on(
        self,
        row: int,
        known: Baseline,
        since: str | None,
        place: tuple[int, int, int],
        starts: list[int],
    ) -> None:
        """Has a new series go on with what was learned of it elsewhere (`CountWatches.go_on`), and
        the starts of the latest periods that it took there."""
        self.watches.go_on(row, known, since, place)
        self.taken[row], self.noted[row] = place[2], len(starts)
        if len(starts) > len(self.starts):
            self.starts = starts

    def pass_over(self, passed: PassedPeriods) -> None:
        """Takes all periods of a gap at once, after `pass_weeks`."""
        self.watches.pass_over(passed.points, passed.slots)
        self.taken += passed.points
        self.starts = [*self.starts, *passed.starts][-ONSET_STARTS:]
        self.noted = np.minimum(self.noted + len(passed.starts), ONSET_STARTS)
        self.counts, self._usual = np.full(len(self.counts), np.nan), None


class Counts(Adapter):
    """A count by hour or day: is this one exceptional, and has the level changed of late?

    It is a row of `CountRows`, which takes the periods of all series together.
    """

    def __init__(self, counter: str, rows: CountRows, allowed: float) -> None:
        self.counter, self.rows, self.slots = counter, rows, rows.slots
        self.row, self.allowed = rows.add(allowed), allowed

    @property
    def detector(self) -> Any:
        """The series by itself."""
        return self.rows.watches.watch(self.row)

    @property
    def expected(self) -> Expected:
        """What is expected of it."""
        return self.rows.watches.expected(self.row)

    @property
    def week(self) -> Week:
        """Its week that is running."""
        return self.rows.watches.week(self.row)

    @property
    def ahead(self) -> Predictive | None:
        """What was expected of the last count; None where it is missing."""
        last = self.rows.watches.last(self.row)
        return None if last is None else Predictive(*last[1:])

    @property
    def last(self) -> int:
        """The last count; 0 where it is missing."""
        return 0 if self.missing else int(self.rows.counts[self.row])

    @property
    def missing(self) -> bool:
        """Whether the last period was missing."""
        return bool(np.isnan(self.rows.counts[self.row]))

    @property
    def taken(self) -> int:
        """How many periods were taken."""
        return int(self.rows.taken[self.row])

    @property
    def starts(self) -> list[int]:
        """Of the latest of them, in ms."""
        noted = int(self.rows.noted[self.row])
        return self.rows.starts[-noted:] if noted else []

    def take_level(self, ratio: float, before: int) -> None:
        """Multiplies what is known by what came over what was expected since the stretch began;
        where little was expected of the series, by the ratio of the whole alert."""
        apart = self.rows.apart.get(self.row)
        if apart is None or apart[0] >= before or self.state == "learning":
            return
        _, came, expected = self.rows.apart.pop(self.row)
        own = (came + ratio * WORTH) / (expected + WORTH)
        watch = self.detector
        watch.take_level(own, self.expected.dispersion / (came + WORTH))
        self.rows.put(self.row, watch)

    def forget(self, first: int, last: int) -> None:
        """Of the running week. Every period has been taken, so a place is reckoned from the last;
        a day that the clocks change is an hour off, hence rounded."""
        starts = self.starts
        if not starts or first > starts[-1]:
            return
        length = DAY if self.slots == 7 else HOUR
        back = [max(0, round((starts[-1] - start) / length)) for start in (first, last)]
        watch = self.detector
        watch.forget(max(0, self.taken - 1 - back[0]), self.taken - back[1])
        self.rows.put(self.row, watch)

    def restart(self, reason: str) -> None:
        """Forgets what came before."""
        watch = self.detector
        watch.restart(reason)
        self.rows.put(self.row, watch)

    @property
    def learned(self) -> Baseline:
        """What was learned from complete weeks: another object once there is one more."""
        return self.rows.watches.baselines[self.row]

    @property
    def about(self) -> str:
        """The state of the baseline in plain words."""
        return self.expected.about

    @property
    def state(self) -> State:
        """Of the baseline."""
        return cast("State", self.expected.state)

    def event_of(self, names: Sequence[str] | None = None) -> tuple[Sequence[str], bool]:
        """The event that the last count, or one of a day of these names, is compared with."""
        called = self.rows.watches.last_names(self.row) if names is None else names
        how, _ = self.expected.compared(called)
        known = self.expected.baseline
        return (known.event_names if how in ("event", "lent") else ()), not known.known(
            self.expected.need
        )

    @property
    def mark(self) -> object:
        """The figures themselves, which cost little."""
        return self.figures()

    def figures(self) -> SeriesFigures:
        """Those of the last count; its evidence is looked at only where there may be any."""
        flagged = super().figures().flagged if self.row in self.rows.watches.telling else 0
        ahead = self.ahead
        return SeriesFigures(
            self.last, 0.0 if ahead is None else ahead.mean, *self.rows.usual(self.row), flagged
        )

    def assessment(self) -> Assessment:
        """Of the last count."""
        watch, ahead = self.detector, self.ahead or Predictive(0.0)
        if self._denies_rise(watch):
            return _of_count(self.last, ahead, watch.surprise_rate)
        found = _of_count(self.last, ahead, watch.rate)
        if watch.change_rate < watch.surprise_rate:
            return replace(
                found, method="change", direction=watch.direction or "up", ratio=watch.ratio
            )
        return found

    def _denies_rise(self, watch: CountWatch) -> bool:
        """Whether a rise is found that the last count is no part of, since it is no more than was
        expected: nobody is notified that none came."""
        rises = watch.direction == "up" and watch.change_rate < watch.surprise_rate
        return rises and self.ahead is not None and self.last <= self.ahead.mean

    @property
    def rate(self) -> float:
        """Of the last count alone where it denies the rise that was found."""
        watch = self.detector
        return float(watch.surprise_rate if self._denies_rise(watch) else watch.rate)

    @property
    def onset(self) -> int | None:
        """Of a change that has more than the last period."""
        watch = self.detector
        shown = watch.change_rate <= self.allowed * SHOWN and not self._denies_rise(watch)
        return super().onset if shown else None

    def since(self, onset: int) -> list[tuple[int, float | None, float]]:
        """The periods from the onset of a change (ms) to the last one, as far back as changes are
        looked for: start in ms, count, expected count; None for the count where the period is part
        of no change."""
        starts = [start for start in self.starts if start >= onset]
        points = self.detector.points_since(self.taken - len(starts))
        starts = starts[len(starts) - len(points) :]
        return [(start, *point) for start, point in zip(starts, points, strict=True)]

    def judge(self, counts: RowCounts, point: PeriodPoint, share: float) -> Assessment | None:
        """The count so far."""
        if self.state == "learning":
            return None
        whole = self.expected.forecast(point.slot, point.names)
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


class Months(OwnAdapter):
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
        watch.update(None if counts is None else self.last, point.days, finer=point.finer)

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
        self.detector.allowed = self.allowed

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
        same = watch.a_year_before
        return replace(
            found,
            ratio=watch.ratio,
            before=watch.before,
            after=watch.level,
            season=watch.season,
            same_months=None if same is None else (same.months, same.since, same.before),
        )

    @property
    def onset(self) -> int | None:
        """Of the lasting change, unless the assessment is of the chart."""
        of_chart = bool(self.detector.flags) or self.detector.rebased
        return super().onset if self.rate <= self.allowed or not of_chart else None

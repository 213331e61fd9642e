"""What the newest months will come to: the delay of recording, estimated from its own history.

Crimes are recorded, reclassified and cancelled after their month is over. From the dated changes of
earlier months it is known how many each had so many days after its end, and so by how much counts
of that age have grown (`detectors.counts.chain_ladder`: Mack's chain ladder, which takes falls as
well as rises). Applied to a month of today it gives what that will come to, with an interval.

A month that is likely to rise or fall by 1 % or more is young: its figure is provisional, and is
not judged beside months that are all recorded (`Delays.young`). So is a month of few records, of
which nothing is likely by itself, where counts of its age rose or fell by 5 % or more.

The growth is that of the indicator in the area where a month has enough records, else in the force,
else that of all records of the kind in the force. Months that were heard in part are left out, and
so are those of which nothing ever changed: they were loaded when they were complete. So were all
before the first of which records were added, moved or taken out: a file that is unfolded brings
outcomes at their time, but each record at once. With fewer than `NEED` months nothing is said.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from detectors.counts.chain_ladder import ChainLadder, Completed, ToCome
from streams.board.area_sums import counters_of
from streams.board.columns import Numbers
from streams.board.query import IndicatorFigures, Number, Query
from streams.fold.changes import AGES, Changed, Changes
from streams.fold.ledger import Ledger
from streams.periods import DAY, HOUR
from streams.registry.aggregates import SMALL, Count
from streams.registry.conditions import ALWAYS
from streams.registry.indicator import Indicator, Part
from streams.registry.phrases import full_date
from streams.stretches import Stretch

EDGES = AGES[1:]
"""Days after the end of a month at which it is known how many it had."""
NEED = 6
"""Months that the growth to an age must rest on."""
HORIZON = 371
"""Days after the end of a month, at the most, for which growth is estimated."""
MOST_MONTHS = 37
ENOUGH = 50
"""Records a month, on average, that the growth of a series by itself is estimated from."""
NEGLIGIBLE = 0.002
"""Growth that is not waited for, as a share of a count."""
LIKELY = 0.9
"""The chance of a rise (or fall) at which it is said."""
MATERIAL = 0.01
"""A likely rise or fall from which on a count is provisional, as a share of it. Less is lost in its
scatter: by chance alone counts below 10,000 differ by more than that."""
OF_FEW = 0.05
"""The same where the count is so small that no rise or fall is likely of it by itself."""


OWN = "its own"


class Outlook(Struct, frozen=True, omit_defaults=True):
    """What a count is expected to come to `by` a day: the estimate and its 95 % interval.

    `months` are the fewest that the estimate rests on, and `of` is whose growth it is.
    `small`: the count is of few cases. `direction` and `words` stand where a rise or fall is
    likely."""

    value: float
    low: float
    high: float
    by: str
    months: int
    of: str
    percent: float
    small: bool = False
    direction: str | None = None
    words: str | None = None


class Young(NamedTuple):
    """A figure that is not all recorded yet: why it is provisional, in words, and the 95 % interval
    of what it is expected to come to; None of a count of 0, of which nothing is known."""

    reason: str
    low: float | None
    high: float | None


class Growth(NamedTuple):
    """How the counts of some series grow after their month, and until which age that is known."""

    ladder: ChainLadder
    last: int
    """The place in `EDGES` of the last age."""
    of: str


class _OfAge(NamedTuple):
    """The count of a month, its age as a place in `EDGES`, and how counts grow from there on."""

    so_far: Number
    position: float
    growth: Growth


class Aged(NamedTuple):
    """Changes in some months, as arrays: the place of the month, the place in `AGES` of when it
    was, the number of the counter (`streams.fold.changes`) and by how much it changed."""

    months: NDArray[np.int16]
    ages: NDArray[np.int16]
    numbers: Numbers
    amounts: Numbers


class Delays:
    """The delays of recording of a force."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self._growth: dict[tuple[int, int], tuple[Indicator, Growth | None]] = {}
        self._all: dict[Part, Indicator] = {}
        self._aged: dict[tuple[int, int, int, int], Aged] = {}
        """By the identity of a ledger, its clock and the months, open changes."""
        self._months: list[Stretch] = []

    def outlook(self, indicator: Indicator, stretch: Stretch, area: int) -> Outlook | None:
        """What the count of a closed month in an area, by its index, will come to. None where the
        delay is not known, of a month that is as old as that is known for, and of what is no
        count of records."""
        aged = self._of_age(indicator, stretch, area)
        if aged is None:
            return None
        found = aged.growth.ladder.completed(aged.so_far, aged.position, aged.growth.last)
        return None if found is None else self._said(found, aged.growth, aged.so_far, stretch)

    def young(self, indicator: Indicator, stretch: Stretch, area: int) -> Young | None:
        """Whether a figure is provisional, and why; None where it is not, or that is not known. A
        longer period is as young as the last of its months that is."""
        if stretch.grain == "month":
            return self._young(indicator, stretch, area)
        if stretch.unit != "month":
            return None
        for month in reversed(stretch.parts("month")):
            found = self._young(indicator, Stretch.of(self.query.calendar, month), area)
            if found is not None:
                return Young(f"{month.label} is {found.reason}", None, None)
        return None

    def _young(self, indicator: Indicator, month: Stretch, area: int) -> Young | None:
        aged = self._of_age(indicator, month, area)
        if aged is None:
            return None
        growth = aged.growth
        found = growth.ladder.completed(aged.so_far, aged.position, growth.last)
        said = None if found is None else self._said(found, growth, aged.so_far, month)
        low, high = (None, None) if said is None else (said.low, said.high)
        if said is not None and said.words and abs(said.percent) >= 100 * MATERIAL:
            return Young(said.words, low, high)
        to_come = growth.ladder.to_come(aged.position, growth.last)
        if to_come is None or abs(to_come.factor - 1.0) < OF_FEW or not to_come.likely():
            return None
        return Young(self._not_all(to_come, growth, month), low, high)

    def _not_all(self, to_come: ToCome, growth: Growth, month: Stretch) -> str:
        """Of a count so small that nothing is likely of it by itself: `not all recorded: counts of
        its age have come to about 15 % more by 10 October 2021, by 7 months of the force`."""
        percent = (to_come.factor - 1.0) * 100
        of = "" if growth.of == OWN else f" of {growth.of}"
        return (
            f"not all recorded: counts of its age have come to about {_percent(percent)} % "
            f"{'more' if percent > 0 else 'less'} by {full_date(self._until(growth, month))}, by "
            f"{to_come.periods} months{of}"
        )

    def _of_age(self, indicator: Indicator, stretch: Stretch, area: int) -> _OfAge | None:
        """The count of a closed month, its age, and the growth that is known best from there on."""
        until = self._heard_until(indicator)
        if until is None or stretch.grain != "month" or until > stretch.end + HORIZON * DAY:
            return None
        position = _position(until, stretch.end)
        figures = self.query.figures(indicator, stretch)
        if position is None or not isinstance(figures, IndicatorFigures):
            return None
        now = figures.at(area)
        if now.value is None or not now.complete:
            return None
        growth = next(iter(self._growths(indicator, area)), None)
        return None if growth is None else _OfAge(now.value, position, growth)

    def _until(self, growth: Growth, month: Stretch) -> dt.date:
        """The day from which on counts hardly grow any more."""
        calendar = self.query.calendar
        day = calendar.start("day", month.end + (EDGES[growth.last] - 1) * DAY + 12 * HOUR)
        return calendar.local(day).date()

    def _said(self, found: Completed, growth: Growth, count: float, stretch: Stretch) -> Outlook:
        day = self._until(growth, stretch)
        low, high = found.interval()
        chance = found.chance_above(count)
        direction = None
        if chance >= LIKELY and round(found.estimate) > count:
            direction = "rise"
        elif chance <= 1 - LIKELY and round(found.estimate) < count:
            direction = "fall"
        made = Outlook(
            value=found.estimate,
            low=low,
            high=high,
            by=day.isoformat(),
            months=found.periods,
            of=growth.of,
            percent=(found.estimate - count) * 100 / count,
            small=count < SMALL,
            direction=direction,
        )
        return replace(made, words=_words(made, day)) if direction else made

    # -- how counts grow ---------------------------------------------------------------------------

    def _growths(self, indicator: Indicator, area: int) -> Iterable[Growth]:
        """The growth that is known best: of the series by itself, of the force, of all records."""
        tried = [(indicator, area, OWN)]
        if area:
            tried.append((indicator, 0, "the force"))
        if (every := self._every(indicator)) is not None:
            tried.append((every, 0, "all records of the force"))
        for of, place, words in tried:
            found = self._growth_of(of, place, words)
            if found is not None:
                yield found

    def _growth_of(self, indicator: Indicator, area: int, words: str) -> Growth | None:
        place = id(indicator), area
        if place not in self._growth:
            self._growth[place] = indicator, self._estimated(indicator, area, words)
        return self._growth[place][1]

    def _every(self, indicator: Indicator) -> Indicator | None:
        """All records that an indicator is a part of; None where it is of several tables."""
        parts = {Part(part.group, part.measure) for part in indicator.parts}
        if len(parts) != 1:
            return None
        (part,) = parts
        return self._all.setdefault(part, Indicator(part.address, part.address, (part,)))

    def _estimated(self, indicator: Indicator, area: int, words: str) -> Growth | None:
        until = self._heard_until(indicator)
        if until is None:
            return None
        months = self._closed_months(indicator)
        rows, total = [], 0.0
        changed = self._changed(indicator, months, area)
        for month, grown in zip(months, changed, strict=True):
            figures = self.query.figures(indicator, month)
            position = _position(until, month.end)
            if grown is None or position is None or not isinstance(figures, IndicatorFigures):
                continue
            now = figures.at(area)
            if now.value is None or not now.complete:
                continue
            total += now.value
            # As of an age: without what has changed from then on.
            after = np.append(np.cumsum(grown[::-1])[::-1], 0)[1:]
            rows.append([now.value - float(after[age]) for age in range(int(position) + 1)])
        ages = [len(row) - 1 for row in rows]
        reached = [
            age for age in range(len(EDGES))
            if EDGES[age] <= HORIZON and sum(each >= age for each in ages) >= NEED
        ]  # fmt: skip
        if not reached or total < ENOUGH * len(rows):
            return None
        ladder = ChainLadder(rows)
        return Growth(ladder, _grown_by(ladder, reached[-1]), words)

    def _changed(
        self, indicator: Indicator, months: list[Stretch], area: int
    ) -> list[NDArray[np.float64] | None]:
        """By month, and by place in `AGES`, how many were added then; None for a month of which no
        record of its kinds ever changed, and for those before the first of which records were
        added, moved or taken out, or what is counted of them."""
        query, size = self.query, len(AGES)
        total = np.zeros(len(months) * size)
        ever = np.zeros(len(months), np.bool_)
        began = len(months)
        for part, group, measure in query.registry.measures_of(indicator):
            ledger = query.monitor.ledger(group.kind, query.force.id)
            if ledger is None or not isinstance(measure.value, Count) or not months:
                continue
            clock = ledger.kind.clocks.index(group.clock)
            sums = query.monitor.area_sums(query.force.id, group.kind, clock)
            below = sums.below(area)
            where, counter = group.where & part.where, measure.value.counter
            for aged in self._aged_changes(ledger, clock, months):
                ever[aged.months] = True
                for name in {counter, _of_all(ledger, clock, counter)}:
                    _, moved = sums.held(aged.numbers, ALWAYS, name)
                    began = min(began, int(aged.months[moved].min(initial=began)))
                areas, held = sums.held(aged.numbers, where, counter)
                held = held[below[areas]]
                places = aged.months[held].astype(np.intp) * size + aged.ages[held]
                total += np.bincount(places, aged.amounts[held].astype(np.float64), len(total))
        ever[:began] = False
        by_month = total.reshape(len(months), size)
        return [by_month[n] if ever[n] else None for n in range(len(months))]

    def _aged_changes(self, ledger: Ledger, clock: int, months: list[Stretch]) -> list[Aged]:
        """The changes of a ledger in some months: packed ones, which are kept, and open ones."""
        span = months[0].start, months[-1].end
        query, dated = self.query, ledger.dated
        place = id(ledger), clock, *span
        with query.lock:
            sums = query.monitor.area_sums(query.force.id, ledger.kind.name, clock)
            mark = dated.packed_until, *span
            held = sums.aged
            if place not in self._aged:
                changed = list(dated.open_of(clock, *span))
                self._aged[place] = _aged(dated, changed, months)
        if held is None or held[0] != mark:
            packed: list[tuple[int, Changed]] = []
            for month in months:  # one at a time, so that the fold need not wait for all
                with query.lock:
                    packed += dated.packed_of(clock, month.start, month.end)
            held = sums.aged = mark, _aged(dated, packed, months)
        return [held[1], self._aged[place]]

    # -- which months ------------------------------------------------------------------------------

    def _closed_months(self, indicator: Indicator) -> list[Stretch]:
        """The months that have closed, oldest first, as far as it is known how they closed."""
        query, calendar = self.query, self.query.calendar
        since, ledgers = query.since(indicator), self._ledgers(indicator)
        if since is None:
            return []
        end = min(ledger.closed_until["month"] for ledger in ledgers)
        known = max(since, *(ledger.first_known for ledger in ledgers))
        found: list[Stretch] = []
        while end > known and len(found) < MOST_MONTHS:
            period = calendar.holding("month", end - 1)
            if period.start < known:
                break
            found.append(Stretch.of(calendar, period))
            end = period.start
        return found[::-1]

    def _heard_until(self, indicator: Indicator) -> int | None:
        """Up to when its records were heard; None for what is no count of a period's records."""
        query = self.query
        if indicator.reported is not None or indicator.repeats is not None:
            return None
        if indicator.at_end is not None:
            return None
        ledgers = self._ledgers(indicator)
        if not ledgers or query.unit(indicator) != "count":
            return None
        return min(ledger.watermark for ledger in ledgers)

    def _ledgers(self, indicator: Indicator) -> list[Ledger]:
        query = self.query
        found = (
            query.monitor.ledger(kind, query.force.id)
            for kind in query.registry.kinds_of(indicator)
        )
        return [each for each in found if each is not None]


def _of_all(ledger: Ledger, clock: int, otherwise: str) -> str:
    """The counter of all records of a kind by a clock; another where that counts not all."""
    group, measure = ledger.kind.everything
    if isinstance(measure.value, Count) and ledger.kind.clocks[clock] == group.clock:
        return measure.value.counter
    return otherwise


def _words(outlook: Outlook, by: dt.date) -> str:
    """`likely to rise: about 4 % more by 30 June 2022, 835 (812 to 861); rests on 11 months`."""
    percent = _percent(outlook.percent)
    more = "more" if outlook.direction == "rise" else "less"
    of = "" if outlook.of == OWN else f" of {outlook.of}"
    said = (
        f"likely to {outlook.direction}: about {percent} % {more} by {full_date(by)}, "
        f"{outlook.value:,.0f} ({outlook.low:,.0f} to {outlook.high:,.0f}); "
        f"rests on {outlook.months} months{of}"
    )
    return f"{said}; few cases" if outlook.small else said


def _percent(change: float) -> str:
    """The size of a change, with a decimal place below 1 %."""
    return f"{abs(change):.0f}" if abs(change) >= 1 else f"{abs(change):.1f}"


def _aged(dated: Changes, changed: Iterable[tuple[int, Changed]], months: list[Stretch]) -> Aged:
    starts = [month.start for month in months]
    found = []
    for start, each in changed:
        age = dated.age(start, each.first)
        if age >= EDGES[0]:  # before that the month had not closed
            numbers, amounts = counters_of(each.flat)
            month, place = bisect_right(starts, start) - 1, bisect_right(AGES, age) - 1
            size = len(numbers)
            found.append(
                Aged(
                    np.full(size, month, np.int16),
                    np.full(size, place, np.int16),
                    numbers,
                    amounts,
                )
            )
    if not found:
        none = np.empty(0, np.int16)
        return Aged(none, none, np.empty(0, np.int64), np.empty(0, np.int64))
    return Aged(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _grown_by(ladder: ChainLadder, last: int) -> int:
    """The place in `EDGES` after which counts hardly grow any more, up to the last that is known.
    To a nearer age there are more months to go by."""
    grown = 1.0
    for place in range(last, 0, -1):
        grown *= ladder.growth[place - 1].factor
        if not abs(grown - 1.0) < NEGLIGIBLE:
            return place
    return 0


def _position(until: int, end: int) -> float | None:
    """The age of a month that has ended then as a place in `EDGES`, with a part of the way to the
    next; None for one that is younger than all."""
    age = (until - end) // DAY
    if age < EDGES[0]:
        return None
    place = bisect_right(EDGES, age) - 1
    if place == len(EDGES) - 1:
        return float(place)
    way: float = (age - EDGES[place]) / (EDGES[place + 1] - EDGES[place])
    return place + way

"""When a feed stopped carrying a field, so that what rests on it is not known from then on.

A system is changed, and from a day on no record has markers, or an outcome, or an arrival. The
figures that rest on it would be 0. The force's file may say so (`not_carried` of a dated change);
else it is read off the records. From the end of the last day, or month, with any that has the field
on, none of n records had it, and

    (1 - p) ** n < FALSE_ALARM,

where p is the least share of the records that had it in any of the twelve months before. So one
silence in a million is called a stop by chance; a force has some ten thousand silences a year (each
field, each day that it is left out), so that is one false stop in about a hundred years, as long as
records are independent. They are not: hate crime comes in bursts. So a stop has three times as many
records as any silence before it, too. A field that a month of the year before was without, a rare
marker, is never taken to have stopped, and nor is one that is known from fewer than three months. A
fall that is short of nothing is a figure, not a silence.

An outcome may come long after its crime was recorded. Where the feed carries no dates of outcomes,
only records of a hundred days ago and more are asked for one.

Only days and months that are closed are asked. When the field comes again, what lay between stays
not known. Figures of a stretch that holds a stop are of a part of it, and not complete.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import log
from sys import maxsize
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.config.force import Force
from streams.fold.ledger import Ledger
from streams.fold.panes import Panes
from streams.periods import DAY, MINUTE, Period
from streams.registry.aggregates import Count
from streams.registry.carried import named_once, spelled
from streams.registry.counting import SERIES_KEY_MASK
from streams.registry.crimes import OUTCOME_AGES

FALSE_ALARM = 1e-6
"""How probable it may be that so many records are without a field by chance."""
LONGER = 3
"""So many times as many records as any silence before it had: what has a field comes in bursts."""
FEW, YEAR = 3, 12
"""Months of which its usual share is the least: at least, and at most."""
MOST = 0.99
"""No share is taken to be higher: one record may always lack a field."""
SETTLED = max(OUTCOME_AGES) * DAY
"""In ms: by then a record has what its feed only sends later, without saying of when it is."""

Place = tuple[str, int]
"""The grain and the start, in minutes, of what is counted together: a day, or what is known only to
a day or month."""


class Stop(NamedTuple):
    """From when to when a field was not carried, in ms; `maxsize` while it is not."""

    start: int
    end: int
    declared: bool = False
    """The force's file says it."""


class _Evidence(NamedTuple):
    """Counters of a clock that count only records which have a field."""

    clock: int
    counters: tuple[str, ...]


class StoppedFields:
    """The fields that the feed of a ledger carried and stopped carrying."""

    def __init__(self, ledger: Ledger, force: Force) -> None:
        self.ledger, self.calendar, self.kind = ledger, ledger.calendar, ledger.kind
        self.carried = ledger.packer.carried
        self._declared = self._of_file(force)
        self._evidence = {each: self._shown_by(each) for each in sorted(self.carried.fields)}
        value = self.kind.everything[1].value
        self._all = [value.counter] if isinstance(value, Count) else []
        """The counter of all records."""
        self._days = [_Days(ledger, clock) for clock in range(len(self.kind.clocks))]
        self._stops: dict[str, list[Stop]] = {}
        self._of: tuple[int, ...] | None = None
        """As of which state of the days they are."""

    # -- what is known -------------------------------------------------------------------------

    def unknown_in(self, clock: str, start: int, end: int) -> frozenset[str]:
        """The counters of a clock that are not known of [start, end): they were not counted then,
        or the feed did not carry what they rest on (any more)."""
        return self.ledger.unknown_in(clock, start, end) | self._resting(clock, start, end)

    def unpublished_in(self, clock: str, period: Period) -> frozenset[str]:
        """The counters of a clock of which it is not known how they stood when a period closed."""
        known = self.ledger.unpublished_in(clock, period)
        return known | self._resting(clock, period.start, period.end)

    def lacking(self, fields: Collection[str], start: int, end: int) -> dict[str, int]:
        """Those of some fields that the feed had stopped carrying through all of [start, end), and
        since when."""
        return {
            field: stop.start
            for field in sorted(fields)
            for stop in self.stops(field)
            if stop.start <= start and end <= stop.end
        }

    def cut(self, fields: Collection[str], start: int, end: int) -> bool:
        """Whether the feed did not carry one of some fields in a part of [start, end)."""
        return any(
            stop.start < end and start < stop.end for field in fields for stop in self.stops(field)
        )

    def now(self) -> dict[str, int]:
        """The fields that are not carried any more, and since when."""
        self._refresh()
        found = {}
        for field, stops in self._stops.items():
            if stops[-1].end == maxsize and field in self.carried.since:
                found[field] = stops[-1].start
        return {field: found[field] for field in named_once(found.keys())}

    def stops(self, field: str) -> list[Stop]:
        """When a field was not carried though it had been, in order."""
        self._refresh()
        return self._stops.get(field, [])

    def _resting(self, clock: str, start: int, end: int) -> frozenset[str]:
        self._refresh()
        if not self._stops:
            return frozenset()
        stopped = self.lacking(self._stops.keys(), start, end)
        if not stopped:
            return frozenset()
        needs = self.carried.needs(self.kind.clocks.index(clock))
        return frozenset(name for name, of in needs.items() if not of.isdisjoint(stopped))

    # -- what the force's file says --------------------------------------------------------------

    def _of_file(self, force: Force) -> dict[str, list[Stop]]:
        found: dict[str, list[Stop]] = {}
        changes = sorted(force.file.changes, key=lambda each: each.date)
        for field in self.carried.fields:
            ways, stops = spelled(self.kind, field), list[Stop]()
            for change in changes:
                at, open_ = force.instant(change.date), bool(stops) and stops[-1].end == maxsize
                if all(not {*change.not_carried}.isdisjoint(way) for way in ways) and not open_:
                    stops.append(Stop(at, maxsize, declared=True))
                elif any(not {*change.carried}.isdisjoint(way) for way in ways) and open_:
                    stops[-1] = stops[-1]._replace(end=at)
            if stops:
                found[field] = stops
        return found

    # -- what the records say --------------------------------------------------------------------

    def _shown_by(self, field: str) -> list[_Evidence]:
        """The counters of records that have a field, and need no other one."""
        found = []
        for clock, shown in enumerate(self.carried.shown):
            own = clock > 0 and self.kind.clocks[clock] in field.split(" or ")
            counters = [
                name
                for name, fields in shown.items()
                if own or (field in fields and all(_together(field, each) for each in fields))
            ]
            if counters:
                found.append(_Evidence(clock, tuple(counters)))
        return found

    def _refresh(self) -> None:
        of = tuple([days.refresh() for days in self._days])
        if of == self._of:
            return
        self._of, everything = of, self._days[0].counted
        places = sorted(everything, key=lambda place: (place[1], place[0]))
        ends = [self.ledger.panes.end_of(*place) for place in places]
        months = [self.calendar.start("month", minute * MINUTE) for _, minute in places]
        records = _numbers(everything, places, self._all)
        self._stops = {field: list(stops) for field, stops in self._declared.items()}
        for field, evidence in self._evidence.items():
            if field in self._declared or field not in self.carried.since or not evidence:
                continue
            had = np.zeros(len(places), np.int64)
            for clock, counters in evidence:
                np.maximum(had, _numbers(self._days[clock].counted, places, counters), out=had)
            until = len(places)
            if self._comes_undated(field):
                until = sum(end + SETTLED <= self.ledger.watermark for end in ends)
            stops = [
                Stop(ends[last], places[after][1] * MINUTE if after < len(places) else maxsize)
                for last, after in silences(records[:until], had, months[:until])
            ]
            if stops:
                self._stops[field] = stops

    def _comes_undated(self, field: str) -> bool:
        """Whether a field is of what another clock than the first dates, and the feed has no such
        dates."""
        return any(
            by not in self.carried.since and any(field in each for each in shown.values())
            for by, shown in zip(self.kind.clocks[1:], self.carried.shown[1:], strict=True)
        )


class _Days:
    """What the records of a ledger count by a clock in each day that is closed, and in each day or
    month of what is known only to that, all series together."""

    def __init__(self, ledger: Ledger, clock: int) -> None:
        self.ledger, self.clock = ledger, clock
        self.counted: dict[Place, dict[str, int]] = {}
        self._panes: Panes | None = None
        self._until = self._version = 0

    def refresh(self) -> int:
        """Takes in what has closed or changed; a number that is another one after a change."""
        panes = self.ledger.panes_by(self.clock)
        until = panes.calendar.start("day", panes.closed_before)
        changed = panes.changed if panes is self._panes else None
        if changed is not None and not changed and until == self._until:
            return self._version
        if changed is None or until - self._until > DAY * len(panes.hours):
            self.counted.clear()
            hours = {
                panes.calendar.start("day", minute * MINUTE) // MINUTE for minute in panes.hours
            }
            new = {("day", minute) for minute in hours | panes.days.keys()}
        else:
            new = changed | set(self._days(panes, until))
        if changed is None or until != self._until:
            new |= {("whole_day", minute) for minute in panes.whole_days}
            new |= {("whole_month", minute) for minute in panes.whole_months}
            new -= self.counted.keys() - (changed or set())
        self._panes, self._until, panes.changed = panes, until, set()
        new = {place for place in new if panes.end_of(*place) <= until}
        for place in new:
            self.counted[place] = self._sum(panes, *place)
        self._version += bool(new)
        return self._version

    def _days(self, panes: Panes, until: int) -> Iterator[Place]:
        at = self._until
        while at < until:
            yield "day", at // MINUTE
            at = panes.calendar.end("day", at)

    def _sum(self, panes: Panes, grain: str, minute: int) -> dict[str, int]:
        held = [panes.stored(grain, minute)]
        if grain == "day":
            at, end = minute * MINUTE, panes.end_of(grain, minute)
            while at < end:
                held.append(panes.stored("hour", at // MINUTE))
                at = panes.calendar.end("hour", at)
        total = sum(n for pane in held for key, n in pane.items() if key <= SERIES_KEY_MASK)
        found: dict[str, int] = self.ledger.kind.layouts[self.clock].read(total)
        return found


def silences(
    records: NDArray[np.int64], had: NDArray[np.int64], months: Sequence[int]
) -> list[tuple[int, int]]:
    """The runs of periods in which no record had a field, too long to be chance: of each the last
    period before it and the first after it in which one had. `records` are how many there were in
    each period, `had` at least how many of them had it, where the first periods of that alone may
    be judged; `months` is in which month each lies."""
    number = len(records)
    hits = np.flatnonzero(had)
    if not len(hits) or hits[0] >= number:
        return []
    known, of = np.unique(np.array(months, np.int64), return_inverse=True)
    all_of = np.bincount(of, records, len(known))
    with_it = np.bincount(of, had[:number], len(known))
    last = hits[hits < number]
    after = np.array([*hits[1:], len(had)])[: len(last)]
    before = np.concatenate([[0], np.cumsum(records)])
    # Records that are too young to be asked are in no run.
    run = before[np.minimum(after, number)] - before[last + 1]
    usable, chance = all_of > 0, run.copy()
    found: list[tuple[int, int]] = []
    start = 0
    while True:
        usual = np.array([_least(with_it, all_of, usable, month) for month in range(len(known))])
        longest = np.concatenate([[0], np.maximum.accumulate(chance)[:-1]])
        unlikely = run * np.log1p(-usual[of[last]]) < log(FALSE_ALARM)
        stops = np.flatnonzero((unlikely & (run > LONGER * longest))[start:])
        if not len(stops):
            return found
        stop = start + int(stops[0])
        found.append((int(last[stop]), int(after[stop])))
        # A month without it, or with less of it, says nothing of how usual it is.
        until = of[after[stop]] if after[stop] < number else len(known)
        usable[of[last[stop]] : until + 1] = False
        chance[stop] = 0
        start = stop + 1


def _least(
    with_it: NDArray[Any], all_of: NDArray[Any], usable: NDArray[np.bool_], month: int
) -> float:
    """The least share of the records that had a field in any of the months before one; 0 where
    these are too few."""
    year = np.flatnonzero(usable[:month])[-YEAR:]
    if len(year) < FEW:
        return 0.0
    return min(MOST, float((with_it[year] / all_of[year]).min()))


def _numbers(
    counted: Mapping[Place, Mapping[str, int]], places: Iterable[Place], names: Collection[str]
) -> NDArray[np.int64]:
    """The most that one of some counters has in each of some places."""
    held = (counted.get(place) for place in places)
    return np.array(
        [max((each[name] for name in names), default=0) if each else 0 for each in held], np.int64
    )


def _together(field: str, other: str) -> bool:
    """Whether one of two fields is a part of the other."""
    return f"{field}.".startswith(f"{other}.") or f"{other}.".startswith(f"{field}.")

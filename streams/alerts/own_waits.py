"""A force's own waits of the last weeks, read day by day: callers by line, and emergencies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import NamedTuple

from detectors.durations.return_level import return_level
from streams.fold.ledger import Ledger
from streams.fold.panes import Kept, Pane
from streams.periods import DAY, Calendar
from streams.registry.aggregates import DURATIONS
from streams.registry.counting import BIN_SHIFT, SERIES_KEY_MASK
from streams.registry.histogram import BINS, value_of

OWN_WEEKS = 8
"""From so many weeks a force's own waits are known: the longest of four are too few to tell."""
OWN = OWN_WEEKS * 7 * DAY
ONCE_IN = 26.0
"""Times `OWN_WEEKS` in which one wait is to be beyond the limit: four years. A multiple of the
usual wait would page the more often, the larger the force and the longer its queues."""
OFTEN = 1.0
"""Waits a week beyond a limit, above which it would page for what is usual here."""
Bins = dict[str, dict[int, int]]
"""By row the number of waits of each bin of the histogram."""


class Waits:
    """A force's own waits of the last `OWN_WEEKS`: lengths in seconds, and how often each was."""

    def __init__(self, seen: Iterable[tuple[float, int]] = ()) -> None:
        self.seen = tuple(seen)

    @cached_property
    def rare(self) -> float:
        """What one is beyond in a very long time; 0 where too few are known."""
        return return_level(self.seen, ONCE_IN) or 0.0

    def usual(self, length: float) -> bool:
        """Whether waits beyond this are so frequent that none of them is news."""
        return sum(count for seen, count in self.seen if seen > length) > OFTEN * OWN_WEEKS


class Day(NamedTuple):
    """What was read of a day: by row its waits, and the sum of its counters."""

    panes: list[Pane]
    bins: Bins
    sums: dict[str, int]

    def is_of(self, panes: list[Pane]) -> bool:
        """Whether these are the panes that it was read from, and are kept as they were."""
        return list(map(id, self.panes)) == list(map(id, panes)) and all(
            isinstance(pane, Kept) for pane in panes
        )


class OwnWaits:
    """Of the records of one ledger. `row_of` names the row of a series key, or None."""

    def __init__(
        self, ledger: Ledger, calendar: Calendar, row_of: Callable[[int], str | None]
    ) -> None:
        self.ledger, self.calendar, self.row_of = ledger, calendar, row_of
        self._rows: dict[int, str | None] = {}
        """By series key."""
        self._days: dict[int, Day] = {}
        """By their start."""
        self._bins: Bins = {}
        """Of all of them together, likewise `sums`."""
        self.sums: dict[str, int] = {}
        """By row the counters of all records of those weeks; read them by the kind's
        `counters`."""

    def learn(self, until: int) -> dict[str, Waits]:
        """The waits by row up to the start of a day. A day is read anew where its panes are others:
        those of a closed day are the same until something in it is revised."""
        first, end = self.calendar.start("day", until - OWN), until
        before, self._days = self._days, {}
        while end > first:
            start = self.calendar.start("day", end - 1)
            panes, day = list(self.ledger.panes.within(start, end)), before.get(start)
            if day is None or not day.is_of(panes):
                day = self._read(panes)
            self._days[start], end = day, start
        for start in before.keys() | self._days:
            old, new = before.get(start), self._days.get(start)
            if old is not new:
                self._put(old, -1)
                self._put(new, 1)
        return {
            row: Waits((float(value_of(index)), count) for index, count in sorted(counts.items()))
            for row, counts in self._bins.items()
            if counts
        }

    def _put(self, day: Day | None, sign: int) -> None:
        for row, counters in day.sums.items() if day is not None else ():
            self.sums[row] = self.sums.get(row, 0) + sign * counters
        for row, counts in day.bins.items() if day is not None else ():
            into = self._bins.setdefault(row, {})
            for index, count in counts.items():
                left = into[index] = into.get(index, 0) + sign * count
                if not left:
                    del into[index]

    def _read(self, panes: list[Pane]) -> Day:
        bins: Bins = {}
        sums: dict[str, int] = {}
        first = BINS * self.ledger.kind.duration_of[DURATIONS] + 1
        for pane in panes:
            for key, count in pane.items():
                series_key = key & SERIES_KEY_MASK
                if series_key not in self._rows:
                    self._rows[series_key] = self.row_of(series_key)
                row = self._rows[series_key]
                if row is None:
                    continue
                if key == series_key:
                    sums[row] = sums.get(row, 0) + count
                elif 0 <= (index := (key >> BIN_SHIFT) - first) < BINS:
                    into = bins.setdefault(row, {})
                    into[index] = into.get(index, 0) + count
        return Day(panes, bins, sums)

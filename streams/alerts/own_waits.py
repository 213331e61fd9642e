"""A force's own waits of the last weeks, read day by day: callers by line, and emergencies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from detectors.durations.return_level import return_level
from streams.fold.ledger import Ledger
from streams.periods import DAY, Calendar
from streams.registry.aggregates import DURATIONS
from streams.registry.counting import BIN_SHIFT, SERIES_KEY_MASK
from streams.registry.histogram import BINS, value_of

OWN_WEEKS = 8
"""From so many weeks a force's own waits are known: the longest of four are too few to tell."""
OWN = OWN_WEEKS * 7 * DAY
LATE = 7 * DAY
"""So long a day may still be added to: a feed that was down catches up."""
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


class OwnWaits:
    """Of the records of one ledger. `row_of` names the row of a series key, or None."""

    def __init__(
        self, ledger: Ledger, calendar: Calendar, row_of: Callable[[int], str | None]
    ) -> None:
        self.ledger, self.calendar, self.row_of = ledger, calendar, row_of
        self._rows: dict[int, str | None] = {}
        """By series key."""
        self._days: dict[int, tuple[Bins, dict[str, int]]] = {}
        self.sums: dict[str, int] = {}
        """By row the counters of all records of those weeks; read them by the kind's
        `counters`."""

    def learn(self, until: int) -> dict[str, Waits]:
        """The waits by row up to the start of a day. Days are read anew until a week has passed
        since: by then the last of their records have come."""
        first, end = self.calendar.start("day", until - OWN), until
        days: dict[int, tuple[Bins, dict[str, int]]] = {}
        together: Bins = {}
        self.sums = {}
        while end > first:
            start = self.calendar.start("day", end - 1)
            held = self._days.get(start)
            bins, sums = found = self._read(start, end) if held is None else held
            if until - end >= LATE:
                days[start] = found
            for row, counters in sums.items():
                self.sums[row] = self.sums.get(row, 0) + counters
            for row, counts in bins.items():
                into = together.setdefault(row, {})
                for index, count in counts.items():
                    into[index] = into.get(index, 0) + count
            end = start
        self._days = days
        return {
            row: Waits((float(value_of(index)), count) for index, count in sorted(counts.items()))
            for row, counts in together.items()
        }

    def _read(self, start: int, end: int) -> tuple[Bins, dict[str, int]]:
        bins: Bins = {}
        sums: dict[str, int] = {}
        first = BINS * self.ledger.kind.duration_of[DURATIONS] + 1
        for pane in self.ledger.panes.within(start, end):
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
        return bins, sums

"""When a feed was silent in a history that no detector watches, so that nothing of it is 0. Pure.

A month of an export is left out, or a system was down for a fortnight. Of a watched feed that is
told as it goes (`streams.surveillance.missing`). Of files that are only asked for figures it is
told afterwards, by what the feed brought in the 92 days before a span without any record, and in
those after it; of the two the less. A span of a week or more is silent where it is impossible:

* of records known to the day or better, by the share p of days that had any: (1 - p) ** days is at
  most one in a million. Days and not records are counted, since some feeds bring all of a month on
  one day. Where there are records every day that takes a week, on five days in seven eleven days;
* of records known to the month, where none at all has a probability of at most one in 10,000, with
  counts twice as scattered as by chance and their rate known to within a third. That takes about
  twenty expected records.

A shorter span may be a weekend or a holiday of those who record, and is 0. Where the feed has
heartbeats, they decide: what they went on through is 0.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple

from detectors.silence import Silence
from streams.fold.gaps import empty_runs, first_record
from streams.fold.ledger import Ledger
from streams.fold.panes import Pane
from streams.periods import DAY, HOUR, MINUTE, Span
from streams.registry.aggregates import Count
from streams.registry.counting import SERIES_KEY_MASK

SHORTEST = 7 * DAY - HOUR
"""In ms; a week is an hour shorter where the clock goes forward."""
AROUND = 92 * DAY
"""In ms: the stretch on each side that says what was to be expected."""
FEWEST, HELD = 28, 10
"""Days that there must be on a side, and those among them that have to have a record."""
BY_DAY = 1e-6
"""How probable it may be at most that none of so many days had a record."""
BY_MONTH = Silence(1e-4, dispersion=2.0, spread=0.1)


class _State(NamedTuple):
    """What the spans of a ledger follow from."""

    watermark: int
    taken: int


class Silent:
    """The spans in which the feed of a ledger was silent, up to its last record."""

    def __init__(self, ledger: Ledger, breaks: Callable[[Span], list[Span] | None]) -> None:
        self.ledger, self.breaks = ledger, breaks
        """`breaks` gives the parts of a span in which heartbeats were due and did not come; None
        where there are none to go by."""
        self._spans: list[Span] = []
        self._of: _State | None = None

    def within(self, start: int, end: int) -> int:
        """How much of [start, end) the feed was silent, in ms."""
        of = _State(self.ledger.watermark, sum(self.ledger.taken().values()))
        if of != self._of:
            self._of, self._spans = of, self._found()
        return sum(max(0, min(b, end) - max(a, start)) for a, b in self._spans)

    def _found(self) -> list[Span]:
        calendar, first = self.ledger.calendar, first_record(self.ledger.panes)
        end = calendar.end("day", calendar.start("day", self.ledger.watermark))
        runs = [] if first is None else empty_runs(self.ledger.panes, first, end, SHORTEST)
        if not runs or first is None:
            return []
        brought = _Brought(self.ledger)
        found: list[Span] = []
        for run in runs:
            broken = self.breaks(run)
            before, after = (
                (max(first, run[0] - AROUND), run[0]),
                (run[1], min(end, run[1] + AROUND)),
            )
            if broken is None:
                broken = [run] if brought.silent(run, before, after) else []
            found += broken
        return found


class _Brought:
    """On which days, and how many in which months, the records of a ledger came."""

    def __init__(self, ledger: Ledger) -> None:
        panes = ledger.panes
        minutes = {
            minute
            for held in (panes.hours, panes.records, panes.days, panes.whole_days)
            for minute, something in held.items()
            if something
        }
        self._days = sorted({panes.calendar.start("day", minute * MINUTE) for minute in minutes})
        value = ledger.kind.everything[1].value
        self._all = value.counter if isinstance(value, Count) else ""
        self._read = ledger.kind.layouts[0].read
        self._months = [
            ((minute * MINUTE, panes.end_of("whole_month", minute)), self._records(pane))
            for minute, pane in panes.whole_months.items()
            if pane
        ]

    def silent(self, run: Span, before: Span, after: Span) -> bool:
        """Whether a span without a record is impossible by what came before and after it."""
        days = (run[1] - run[0]) / DAY
        share = min(self._share(before), self._share(after))
        expected = days * min(self._a_day(before), self._a_day(after))
        return (1.0 - share) ** days <= BY_DAY or BY_MONTH.empty(expected) <= BY_MONTH.probability

    def _share(self, span: Span) -> float:
        """Of the days of a span, those with a record; none where these are too few to tell."""
        days = (span[1] - span[0]) / DAY
        held = bisect_left(self._days, span[1]) - bisect_left(self._days, span[0])
        return min(held, days) / (days + 1) if days >= FEWEST and held >= HELD else 0.0

    def _a_day(self, span: Span) -> float:
        """How many records came a day that are known to the month, by the whole months in a
        span."""
        held = [number for (a, b), number in self._months if span[0] <= a and b <= span[1]]
        return sum(held) / max(1.0, (span[1] - span[0]) / DAY)

    def _records(self, pane: Pane) -> int:
        total = sum(n for key, n in pane.items() if key <= SERIES_KEY_MASK)
        number: int = self._read(total).get(self._all, 0)
        return number

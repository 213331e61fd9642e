"""The spans in which a feed was not heard, where no surveillance has learned its rate: a finished
export that is asked, or a monitor that runs without.

As with surveillance (`streams.surveillance.missing`) a span without any record is missing, and no
zero, where heartbeats were due in it and did not come, or else where no record at all is impossible
at the feed's own rate. Here the rate is read of the counts themselves:

- by the hour, what the same hours of the eight weeks before brought;
- of years of which no hours are kept, by the whole day, what the same days of these weeks brought.

At the beginning of a feed the weeks after stand in for those before. Where fewer than four are
known, or fewer than eleven records were to be expected, a span without any is quiet, and zero. So
is one of other records than calls, but for what their heartbeats say: an export of incidents may be
uneven by the way that it was made, and where nobody works at Easter, that is no outage of crimes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from detectors.silence import Silence
from streams.fold.gaps import LEAST, empty_runs, empty_since, first_record
from streams.fold.ledger import Ledger
from streams.fold.panes import Pane
from streams.periods import DAY, HOUR, MINUTE, Grain, Span
from streams.registry.aggregates import Count
from streams.registry.calls import CALL
from streams.registry.counting import SERIES_KEY_MASK

WEEKS, FEW_WEEKS = 8, 4
LOOKED = 14 * DAY
"""In ms; a longer span is as its first weeks."""
FEWEST = 11.0
"""Expected records; where there are fewer, none at all is never impossible."""
IMPOSSIBLE = 1e-5
"""How probable no record may be, at most, where it is taken for impossible."""
SCATTERED, SPREAD = 1.5, 0.02
"""The least dispersion of counts that is presumed, and the relative variance of their rate."""
JUDGED_EACH = 5 * MINUTE
"""In ms of event time: so often it is looked for new spans."""


class _Expected(NamedTuple):
    """How many records a span was to bring, and their dispersion."""

    mean: float
    dispersion: float


class Unheard:
    """The missing spans of the feed of a ledger. `breaks` says where in a span heartbeats were due
    and did not come; None where nobody knows."""

    def __init__(self, ledger: Ledger, breaks: Callable[[Span], list[Span] | None]) -> None:
        self.ledger, self.calendar, self.breaks = ledger, ledger.calendar, breaks
        value = ledger.kind.everything[1].value
        self._counter = value.counter if isinstance(value, Count) else ""
        self._gaps: list[Span] = []
        self._looked = 0
        """The watermark as of which they are; 0 where all of them are to be found anew."""
        self._first: int | None = None
        self._first_of = (0, 0, 0)
        """What had come when it was looked for."""
        self._lasting: tuple[Span, list[Span]] = ((0, 0), [])

    def shown(self, start: int, end: int, at: int) -> int:
        """How much of [start, end) was missing as of an instant, in ms."""
        panes, until = self.ledger.panes, min(end, at)
        self._refresh()
        within = [gap for gap in self._gaps if gap[0] < until and start < gap[1]]
        if any(panes.between(*gap) for gap in within):  # records came after all
            self._looked = 0
            self._refresh()
        lasting = self._lasts(at) if at > self.ledger.watermark and until > start else []
        return sum(max(0, min(b, until) - max(a, start)) for a, b in (*self._gaps, *lasting))

    def before(self, end: int) -> bool:
        """Whether a period that ends then lies before the first record."""
        if self._first is None or end <= self._first:
            self._look_for_first()
        return self._first is not None and end <= self._first

    def _look_for_first(self) -> None:
        """Finds the first record, unless nothing has come since that was done."""
        versions = self.ledger.versions
        of = self.ledger.watermark, versions.new, versions.revised
        if self._first_of != of:
            self._first, self._first_of = first_record(self.ledger.panes), of

    def _refresh(self) -> None:
        """Finds the spans that are over."""
        panes, watermark = self.ledger.panes, self.ledger.watermark
        if 0 <= watermark - self._looked < JUDGED_EACH and self._looked > 0:
            return
        if self._looked <= 0:
            self._gaps = []
            self._look_for_first()
        since = max(self._first or 0, self._looked - HOUR)
        self._looked = watermark
        if self._first is None:
            return
        runs = empty_runs(panes, since, watermark)
        again = min([since, *(run[0] for run in runs)])
        self._gaps = [gap for gap in self._gaps if gap[1] <= again]
        for run in runs:
            self._gaps += self._missing(run)

    def _lasts(self, at: int) -> list[Span]:
        """The span that goes on."""
        key = self.ledger.watermark, at
        if self._lasting[0] != key:
            run = empty_since(self.ledger.panes, at), at
            long = run[1] - run[0] >= LEAST and not self.before(at)
            self._lasting = key, self._missing(run) if long else []
        return self._lasting[1]

    # -- what was to be expected -------------------------------------------------------------------

    def _missing(self, run: Span) -> list[Span]:
        breaks = self.breaks(run)
        if breaks is not None:
            return breaks
        if self.ledger.kind.name != CALL.name:
            return []
        grain: Grain = "hour" if run[0] >= self.ledger.panes.days_before else "day"
        ahead = self._ahead(grain, self._pieces(grain, run))
        if ahead is None or ahead.mean < FEWEST:
            return []
        chance = Silence(IMPOSSIBLE, ahead.dispersion, SPREAD).empty(ahead.mean)
        return [run] if chance <= IMPOSSIBLE else []

    def _pieces(self, grain: Grain, run: Span) -> Iterator[tuple[int, float]]:
        """The starts of the periods of a span, and how much of each lies in it; of days the whole
        ones alone."""
        at = self.calendar.start(grain, run[0])
        until = min(run[1], run[0] + LOOKED)
        while at < until:
            end = self.calendar.end(grain, at)
            share = (min(end, run[1]) - max(at, run[0])) / (end - at)
            if grain == "hour" or share == 1.0:
                yield at, share
            at = end

    def _ahead(self, grain: Grain, pieces: Iterable[tuple[int, float]]) -> _Expected | None:
        mean = scatter = weight = 0.0
        for at, share in pieces:
            counts = self._before(grain, at)
            if counts is None:
                return None
            usual = sum(counts) / len(counts)
            mean += usual * share
            scatter += sum((count - usual) ** 2 for count in counts) / (len(counts) - 1)
            weight += usual
        return _Expected(mean, max(SCATTERED, scatter / weight)) if weight else None

    def _before(self, grain: Grain, at: int) -> list[int] | None:
        """What periods like one brought before it; at the beginning of a feed after it."""
        found = list[int]()
        for week in (*range(1, WEEKS + 1), *range(-1, -WEEKS - 1, -1)):
            if week == -1 and len(found) >= FEW_WEEKS:
                break
            # An hour aside, so that a change to summer time moves none to another day.
            start = self.calendar.start(
                grain, at - week * 7 * DAY + (HOUR if grain == "day" else 0)
            )
            end = self.calendar.end(grain, start)
            if self._known(start, end):
                found.append(self._count(start, end))
        return found if len(found) >= FEW_WEEKS else None

    def _known(self, start: int, end: int) -> bool:
        """Whether the feed is taken to have been heard in a period."""
        panes = self.ledger.panes
        known = not self.before(start + 1) and end <= self.ledger.watermark
        return (
            known
            and panes.keeps(start, end)
            and not any(a < end and start < b for a, b in self._gaps)
        )

    def _count(self, start: int, end: int) -> int:
        """How many records count in a period."""
        layout, total = self.ledger.kind.layouts[0], 0
        for pane in self.ledger.panes.within(start, end):
            total += _sum(pane)
        return (total >> layout.shift[self._counter]) & layout.mask[self._counter]


def _sum(pane: Pane) -> int:
    return sum(n for key, n in pane.items() if key <= SERIES_KEY_MASK)

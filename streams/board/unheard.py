"""The spans in which a feed was not heard, where no surveillance has learned its rate: a finished
export that is asked, or a monitor that runs without.

As with surveillance (`streams.surveillance.missing`) a span without any record, of all series of
the feed together, is missing, and no zero, where heartbeats were due in it and did not come, or
else where no record at all is impossible at the feed's own rate, by the same rule
(`streams.fold.gaps.is_missing`). Here the rate is read of the counts themselves, in the finest
periods that show it:

- by the hour, what the same hours of the eight weeks before brought;
- by the day, of years of which no hours are kept and of records known to the day only;
- by the month, of records known to the month only: what the twelve months before brought.

At the beginning of a feed, and after a long outage, the weeks after stand in for those before;
where these are too few as well, the days next to it. A missing span says nothing of what is usual,
so what was found beside one is judged again: the answer is the same whenever it was asked before.

Where fewer were to be expected than makes none impossible, or too little is known to say so, a span
without any is quiet, and zero. Of crimes, which an office records, less than a week without any is
zero too: nobody works at Easter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from streams.fold.gaps import (
    LEAST,
    empty_runs,
    empty_since,
    first_record,
    has_records,
    is_missing,
)
from streams.fold.ledger import Ledger
from streams.fold.panes import Pane
from streams.periods import DAY, HOUR, MINUTE, Grain, Span
from streams.registry.aggregates import Count
from streams.registry.counting import SERIES_KEY_MASK

WEEKS, FEW_WEEKS = 8, 4
"""Weeks before a period that say what it was to bring, and how few of them may be known."""
DAYS, FEW_DAYS = 14, 7
"""The days before a period, and as many after it, that say it where the weeks are too few."""
MONTHS, FEW_MONTHS = 12, 4
"""The same of months."""
SHORTEST_MONTH = 28 * DAY - HOUR
"""In ms; a shorter span holds no whole month."""
LOOKED: Mapping[Grain, int] = {"hour": 14 * DAY, "day": 14 * DAY, "month": 366 * DAY}
"""In ms; of a longer span so much of its beginning and of its end says what it was to bring."""
OFFICE_CLOSED = 7 * DAY
"""In ms; a shorter span without a record of what an office records is a holiday."""
SCATTERED, SPREAD = 1.5, 0.02
"""The least dispersion of counts that is presumed, and the relative variance of their rate."""
JUDGED_EACH = 5 * MINUTE
"""In ms of event time: so often it is looked for new spans."""
JUDGED_AGAIN_EACH, SETTLED = 7 * DAY, 2 * WEEKS * 7 * DAY
"""In ms of event time: so often the spans so far back are judged again, as the weeks after them
become known."""
LONG = DAY
"""In ms; a missing span from which on those near it that counted as quiet are judged again."""
KEPT_ZERO = HOUR
"""In ms; a shorter quiet span is judged once."""


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
        self._zeros: list[Span] = []
        """The spans without a record, from `KEPT_ZERO` on, that count as zero."""
        self._judged_again = 0
        """The watermark as of which those that are not settled were judged."""
        self._looked = 0
        """The watermark as of which they are; 0 where all of them are to be found anew."""
        self._first: int | None = None
        self._first_of = self._looked_of = (0, 0, 0)
        """What had come when it was looked for, and when it was last seen that they hold no
        record."""
        self._lasting: tuple[Span, list[Span]] = ((0, 0), [])
        self._judged: Span = (0, 0)
        """The span that is being judged: it says nothing of what is usual."""
        self._counts: dict[tuple[Grain, int], int] = {}
        """By grain and start of a period how many records count in it, as of the last look."""
        self._heard: dict[tuple[Grain, int], int | None] = {}
        """By grain and an instant what its period brought, None where that is not known: kept
        while one span is judged, of which neighbouring periods are compared with the same ones."""

    def shown(self, start: int, end: int, at: int) -> int:
        """How much of [start, end) was missing as of an instant, in ms."""
        until = min(end, at)
        self._refresh()
        within = [gap for gap in self._gaps if gap[0] < until and start < gap[1]]
        if within and self._looked_of != self._came:
            if any(has_records(self.ledger.panes, *gap) for gap in self._gaps):
                self._looked = 0  # they came after all
                self._refresh()
            self._looked_of = self._came
        lasting = self._lasts(at) if at > self.ledger.watermark and until > start else []
        return sum(max(0, min(b, until) - max(a, start)) for a, b in (*self._gaps, *lasting))

    @property
    def _came(self) -> tuple[int, int, int]:
        """What has come: another one after every record."""
        versions = self.ledger.versions
        return self.ledger.watermark, versions.new, versions.revised

    def before(self, end: int) -> bool:
        """Whether a period that ends then lies before the first record."""
        if self._first is None or end <= self._first:
            self._look_for_first()
        return self._first is not None and end <= self._first

    def _look_for_first(self) -> None:
        """Finds the first record, unless nothing has come since that was done."""
        if self._first_of != self._came:
            self._first, self._first_of = first_record(self.ledger.panes), self._came

    def _refresh(self) -> None:
        """Finds the spans that are over."""
        panes, watermark = self.ledger.panes, self.ledger.watermark
        if 0 <= watermark - self._looked < JUDGED_EACH and self._looked > 0:
            return
        anew = self._looked <= 0
        if anew:
            self._gaps, self._zeros, self._judged_again = [], [], watermark
            self._look_for_first()
        since = max(self._first or 0, self._looked - HOUR)
        self._looked = watermark
        self._counts.clear()
        if self._first is None:
            return
        runs = empty_runs(panes, since, watermark)
        again = min([since, *(run[0] for run in runs)])
        self._gaps = [gap for gap in self._gaps if gap[1] <= again]
        self._zeros = [run for run in self._zeros if run[1] <= again]
        day = self.calendar.start("day", self._first)
        if anew and self._first - day >= LEAST:
            runs.insert(0, (day, self._first))  # a day that is taken for known (`Query`)
        if watermark - self._judged_again >= JUDGED_AGAIN_EACH:
            runs += self._not_settled(self._judged_again - SETTLED)
            self._judged_again = watermark
        self._judge(runs)

    def _not_settled(self, since: int) -> list[Span]:
        """Takes out the spans that end after an instant, to be judged again."""
        again = [run for run in (*self._gaps, *self._zeros) if run[1] > since]
        self._gaps = [gap for gap in self._gaps if gap[1] <= since]
        self._zeros = [run for run in self._zeros if run[1] <= since]
        return self._still_empty(again)

    def _still_empty(self, runs: Iterable[Span]) -> list[Span]:
        """What is left of spans without a record, now that some may have come after all."""
        panes = self.ledger.panes
        return [
            (max(run[0], start), min(run[1], end))
            for run in runs
            for start, end in (empty_runs(panes, *run) if has_records(panes, *run) else [run])
        ]

    def _judge(self, runs: list[Span]) -> None:
        """Says of spans without a record whether they are missing, the longest first, since one
        that counts as quiet takes from what others were to bring; then again of the quiet ones near
        a long one that is missing, until there is none."""
        while runs:
            long = list[Span]()
            for run in sorted(runs, key=lambda run: run[0] - run[1]):
                missing = self._missing(run)
                self._gaps += missing
                long += [gap for gap in missing if gap[1] - gap[0] >= LONG]
                if not missing and run[1] - run[0] >= KEPT_ZERO:
                    self._zeros.append(run)
            near = {run for run in self._zeros if any(_says_of(gap, run) for gap in long)}
            self._zeros = [run for run in self._zeros if run not in near]
            runs = self._still_empty(near)

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
        grains: tuple[Grain, ...] = ("hour", "day", "month")
        if not self.ledger.kind.hourly:
            if run[1] - run[0] < OFFICE_CLOSED:
                return []
            grains = grains[1:]
        self._judged = run
        self._heard.clear()
        for grain in grains:
            ahead = self._ahead(grain, run)
            if ahead is not None and is_missing(grain, ahead.mean, ahead.dispersion, SPREAD):
                return [run]
        return []

    def _pieces(self, grain: Grain, run: Span) -> Iterator[tuple[int, float]]:
        """The starts of the periods of a span, and how much of each lies in it; of days and months
        the whole ones alone."""
        at = self.calendar.start(grain, run[0])
        until, again = run[0] + LOOKED[grain], run[1] - LOOKED[grain]
        while at < run[1]:
            if until <= at < again:
                at = self.calendar.start(grain, again)
                until = run[1]
            end = self.calendar.end(grain, at)
            share = (min(end, run[1]) - max(at, run[0])) / (end - at)
            if grain == "hour" or share == 1.0:
                yield at, share
            at = end

    def _ahead(self, grain: Grain, run: Span) -> _Expected | None:
        """How much a span was to bring at least, by those of its periods of a grain of which that
        is known; None without any."""
        mean = scatter = weight = 0.0
        for at, share in self._pieces(grain, run):
            counts = self._usual(grain, at)
            if counts is None:
                continue
            usual = sum(counts) / len(counts)
            mean += usual * share
            scatter += sum((count - usual) ** 2 for count in counts) / (len(counts) - 1)
            weight += usual
        return _Expected(mean, max(SCATTERED, scatter / weight)) if weight else None

    def _usual(self, grain: Grain, at: int) -> list[int] | None:
        """What periods like one brought; None where too few of them are known."""
        if grain == "month":
            return self._few_or_none([*self._months(at, -1), *self._months(at, 1)], FEW_MONTHS)
        weeks = self._known_counts(grain, at, range(-7, -7 * WEEKS - 1, -7))
        if len(weeks) < FEW_WEEKS:
            weeks += self._known_counts(grain, at, range(7, 7 * WEEKS + 1, 7))
        if len(weeks) >= FEW_WEEKS:
            return weeks
        days = [*range(-DAYS, 0), *range(1, DAYS + 1)]
        return self._few_or_none(self._known_counts(grain, at, days), FEW_DAYS)

    @staticmethod
    def _few_or_none(counts: list[int], few: int) -> list[int] | None:
        return counts if len(counts) >= few else None

    def _known_counts(self, grain: Grain, at: int, days: Iterable[int]) -> list[int]:
        """What the periods so many days from one brought, as far as they are known."""
        found, heard = list[int](), self._heard
        if grain == "day":
            at += HOUR  # aside, so that a change to summer time moves none to another day
        for day in days:
            key = grain, at + day * DAY
            count = heard[key] if key in heard else heard.setdefault(key, self._count_known(*key))
            if count is not None:
                found.append(count)
        return found

    def _count_known(self, grain: Grain, at: int) -> int | None:
        """What the period that holds an instant brought; None where that is not known."""
        if not self._unbroken(at, at + 1):  # nor is then a period around it
            return None
        start = self.calendar.start(grain, at)
        return (
            self._count(grain, start)
            if self._known(start, self.calendar.end(grain, start))
            else None
        )

    def _months(self, at: int, step: int) -> list[int]:
        """What the known ones of the months before a month (`step` -1) or after it (1) brought."""
        found = list[int]()
        for _ in range(MONTHS):
            at = (
                self.calendar.start("month", at - 1) if step < 0 else self.calendar.end("month", at)
            )
            if self._known(at, self.calendar.end("month", at)):
                found.append(self._count("month", at))
        return found

    def _known(self, start: int, end: int) -> bool:
        """Whether the feed is taken to have been heard in a period, of which all is kept."""
        return self._unbroken(start, end) and self.ledger.panes.keeps(start, end)

    def _unbroken(self, start: int, end: int) -> bool:
        """Whether the feed is taken to have been heard in all of a span."""
        return (
            not self.before(start + 1)
            and end <= self.ledger.watermark
            and not any(a < end and start < b for a, b in (*self._gaps, self._judged))
        )

    def _count(self, grain: Grain, start: int) -> int:
        """How many records count in a period."""
        found = self._counts.get((grain, start))
        if found is None:
            found = self._counts[grain, start] = self._counted(grain, start)
        return found

    def _counted(self, grain: Grain, start: int) -> int:
        panes, minute = self.ledger.panes, start // MINUTE
        if grain == "hour":
            return self._sum(panes.hours.get(minute))
        finer: Grain = "hour" if grain == "day" else "day"
        held = (panes.days, panes.whole_days) if grain == "day" else (panes.whole_months,)
        found = sum(self._sum(each.get(minute)) for each in held)
        if grain == "day" and start < panes.days_before:
            return found  # its hours have become part of it
        at, end = start, self.calendar.end(grain, start)
        while at < end:
            found += self._count(finer, at)
            at = self.calendar.end(finer, at)
        return found

    def _sum(self, pane: Pane | None) -> int:
        layout = self.ledger.kind.layouts[0]
        total = sum(n for key, n in (pane or {}).items() if key <= SERIES_KEY_MASK)
        return (total >> layout.shift[self._counter]) & layout.mask[self._counter]


def _says_of(gap: Span, run: Span) -> bool:
    """Whether a span is near enough to another to be asked what that was to bring."""
    reach = LOOKED["month"] if run[1] - run[0] >= SHORTEST_MONTH else (WEEKS * 7 + 1) * DAY
    return gap[0] < run[1] + reach and run[0] - reach < gap[1]

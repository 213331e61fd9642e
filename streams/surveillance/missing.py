"""The spans of event time in which a feed was down: they are missing, never zero.

A span without any record, of all series of the feed together, is missing where heartbeats were due
in it and did not come; where they went on the feed was up, and it is zero. Without heartbeats it is
missing where no record at all is impossible at the feed's own rate (`gaps.is_missing`), else it is
a quiet time, and zero. The rate is that of the finest periods in which its records are known, as
the detectors have learned it:

- by the hour, for calls and incidents: what each hour of the stretch was to bring;
- by the day: what its whole days were to bring. A day that is cut says nothing, as crimes are
  recorded at some hours of it only;
- by the month, where that is all that is known: what its whole months were to bring.

In the first week there is only a mean rate, and a span of less than a week is taken for quiet.
Where nothing is known of the rate, a span longer than `gaps.LONGEST_QUIET` is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from detectors.counts.month_watch import MONTH
from detectors.counts.predictive import Predictive
from streams.config.force import WHOLE
from streams.fold.gaps import (
    CUT,
    LEAST,
    empty_runs,
    empty_since,
    first_record,
    is_missing,
    too_long,
)
from streams.fold.ledger import Ledger
from streams.periods import DAY, HOUR, MINUTE, Period, Span
from streams.surveillance.adapters.base import PeriodPoint
from streams.surveillance.adapters.counts import Counts, Months
from streams.surveillance.grain_watches import GrainWatches
from streams.surveillance.recent_rate import at_rate
from streams.surveillance.signals import Grain
from streams.surveillance.silence import LOOKED, together

FORGOTTEN = 160 * 7 * DAY
"""In ms: baselines keep so many weeks, and a longer span is always missing."""
CUT_MONTH = 0.1
"""A month of which this share is missing is missing as a whole; with less it is shorter by it."""
FEW, YEAR = 3, 12
"""Months from which their scatter is known; and the latest months that make the rate."""
SPREAD, EARLY_SPREAD, EARLY_DISPERSION = 0.02, 0.1, 2.0
"""Relative variance of a rate by the month; the same, and the dispersion, while it is known from
few of them or from the first week alone."""
LEAST_OF: dict[Grain, int] = {"hour": LEAST, "day": DAY - 2 * HOUR, "month": 28 * DAY - HOUR}
"""In ms: a shorter span holds no whole period of the grain."""
FEWEST = 11.0
"""Expected records; where there are fewer, none at all is never impossible."""
SAID = HOUR
"""In ms; a shorter span is not reported when it is over."""
KEPT = 1_000
"""Missing spans that are kept, the newest."""


class MissingSpans:
    """The missing spans of the feed of one ledger."""

    def __init__(
        self,
        ledger: Ledger,
        grains: Mapping[Grain, GrainWatches],
        point: Callable[[Period, str], PeriodPoint],
    ) -> None:
        self.ledger, self.calendar = ledger, ledger.calendar
        self.grains, self.point = grains, point
        self.gaps: list[Span] = []
        """The missing spans, in order; no two touch."""
        self.breaks: Callable[[Span], list[Span] | None] = lambda _: None
        """Asked for the parts of a span in which heartbeats were due and did not come; None where
        nobody knows."""
        self.unreported: list[tuple[Grain, int, int]] = []
        """Missing spans that have not been reported yet: the grain of the rate, start and end."""
        self._lasting: tuple[tuple[int, int], list[Span]] = ((0, 0), [])
        self._first: int | None = None
        self._possible = -1, 0
        """The last hour that was taken, and what `_possible_below` was then."""

    def judge(self, run: Span) -> list[Span]:
        """Which parts of a span without a record are missing; they are kept. Before the first
        record there is no feed yet."""
        if self.before(run[1]):
            return []
        known = [gap for gap in self.gaps if gap[0] <= run[0] and run[1] <= gap[1]]
        if known:
            return known
        found = self._missing(run)
        for grain, gap in found:
            self._note_unreported(grain, gap if gap[0] > run[0] or gap[1] < run[1] else run)
            self._note(gap)
        return [self._holding(gap) for _, gap in found]

    def _note_unreported(self, grain: Grain, run: Span) -> None:
        known = any(one[0] < run[1] and run[0] < one[1] for one in self.gaps)
        going = [one for one in self.unreported if one[1] <= run[1] and run[0] <= one[2]]
        if going or (not known and run[1] - run[0] >= SAID):
            start = min(one[1] for one in (*going, (grain, *run)))
            self.unreported = [one for one in self.unreported if one not in going]
            self.unreported.append((grain, start, run[1]))

    def _holding(self, gap: Span) -> Span:
        return next(one for one in self.gaps if one[0] <= gap[0] and gap[1] <= one[1])

    def to_report(self, closed: Period) -> list[tuple[Grain, int, int]]:
        """The missing spans to be reported now that a period has closed after them, each once;
        those that records have filled meanwhile are not."""
        due = [
            one
            for one in self.unreported
            if one[0] in ("month", closed.grain) and (one[0] == "month" or one[2] <= closed.start)
        ]
        self.unreported = [one for one in self.unreported if one not in due]
        return [one for one in due if not self.ledger.panes.between(one[1], one[2])]

    def beating(self, period: Period) -> bool:
        """Whether the feed's heartbeats went on through a period: then nothing is a true zero."""
        return self.breaks((period.start, period.end)) == []

    def _missing(self, run: Span) -> list[tuple[Grain, Span]]:
        breaks = self.breaks(run)
        if breaks is not None:
            return [("hour", each) for each in breaks]
        if run[1] - run[0] > FORGOTTEN:
            return [("hour", run)]
        unknown = True
        for grain, least in LEAST_OF.items():
            if run[1] - run[0] < least:
                continue
            if grain == "hour" and run[1] - run[0] < self._possible_below():
                unknown = False
                continue
            span = run if grain == "hour" else self._whole(grain, run)
            if span is None:
                continue
            ahead = self._expected(grain, span)
            if ahead is not None:
                unknown = False
                if _is_missing(grain, ahead):
                    return [(grain, self._widened(grain, run))]
        return [("hour", gap) for gap in too_long(run)] if unknown else []

    def _note(self, gap: Span) -> None:
        near = [one for one in self.gaps if one[0] <= gap[1] and gap[0] <= one[1]]
        gap = min(a for a, _ in (gap, *near)), max(b for _, b in (gap, *near))
        self.gaps = sorted([one for one in self.gaps if one not in near] + [gap])[-KEPT:]

    def _widened(self, grain: Grain, run: Span) -> Span:
        """A missing span; where records are known to the day, with the days beside it too: the feed
        went down within the one, and came back within the other."""
        start, end = run
        if grain == "day":
            if self.calendar.start("day", start) == start:
                start = self.calendar.start("day", start - 1)
            if self.calendar.start("day", end) == end:
                end = self.calendar.end("day", end)
        return start, end

    def _whole(self, grain: Grain, run: Span) -> Span | None:
        """The whole periods in a stretch."""
        start, end = (self.calendar.start(grain, at) for at in run)
        start = start if start == run[0] else self.calendar.end(grain, run[0])
        return (start, end) if start < end else None

    def _expected(self, grain: Grain, span: Span) -> Predictive | None:
        """How many records were to be expected, over all series together; None where nothing is
        known of it."""
        every = self.grains[grain].everything()
        if grain == "month":
            return _by_month([w for w in every if isinstance(w, Months)], span)
        counts = [w for w in every if isinstance(w, Counts)]
        if not any(each.expected.age for each in counts):
            return self._of_first_week(counts, span)
        looked = span[0], min(span[1], span[0] + LOOKED)
        ahead = together(self._pieces(grain, counts, looked))
        more = (span[1] - span[0]) / (looked[1] - looked[0])
        ahead = Predictive(ahead.mean * more, ahead.spread, ahead.dispersion)
        if not _is_missing(grain, ahead):
            return ahead
        return at_rate(ahead, self.grains[grain].recent_rate.before(span[0]))

    def _possible_below(self) -> int:
        """The length, in ms, below which no stretch is impossible by the hour, since the busiest
        hours bring too few at twice the usual, as on a day with a name. 0 in the first week. What
        detectors expect changes as hours close, so it holds until the next does."""
        watches = self.grains["hour"]
        if self._possible[0] != watches.last:
            counts = [each for each in watches.everything() if isinstance(each, Counts)]
            known = [each.expected.baseline for each in counts]
            most = 2.0 * sum(each.rate * max(each.profile) for each in known)
            aged = any(each.expected.age for each in counts)
            self._possible = watches.last, int(FEWEST * HOUR / most) if aged and most else 0
        return self._possible[1]

    def _pieces(self, grain: Grain, counts: list[Counts], span: Span) -> Iterator[Predictive]:
        at = span[0]
        while at < span[1]:
            period = self.calendar.holding(grain, at)
            until = min(period.end, span[1])
            share = (until - at) / (period.end - period.start)
            wholes = partial(self._wholes, period, counts)  # many stretches lie in the same hour
            for whole in self.grains[grain].derived(("whole", period.start), wholes):
                yield Predictive(whole.mean * share, whole.spread, whole.dispersion)
            at = until

    def _wholes(self, period: Period, counts: list[Counts]) -> list[Predictive]:
        point = self.point(period, WHOLE)
        known = [each.expected for each in counts]
        return [each.forecast(point.slot, point.names) for each in known if each.age]

    def _of_first_week(self, counts: list[Counts], span: Span) -> Predictive | None:
        weeks = [each.week for each in counts]
        slots = counts[0].slots if counts else 7
        number = max(map(len, weeks), default=0)
        if number < slots // 7:
            return None
        if span[1] - span[0] < 7 * DAY:
            return Predictive(0.0)
        mean = sum(point[1] for week in weeks for point in week) / number
        slot = DAY if slots == 7 else HOUR
        return Predictive(mean * (span[1] - span[0]) / slot, EARLY_SPREAD, EARLY_DISPERSION)

    # -- what it means for periods -------------------------------------------------------------

    def lost(self, period: Period) -> int:
        """How much of a period is missing, in ms."""
        return _shared(self.gaps, period.start, period.end)

    def holds(self, period: Period) -> bool:
        """Whether a period is missing as a whole: so much of it is that the rest says nothing."""
        allowed = CUT_MONTH if period.grain == "month" else CUT
        return self.lost(period) >= allowed * (period.end - period.start)

    def shown(self, start: int, end: int, at: int) -> int:
        """How much of [start, end) was missing as of `at`, in ms. The span without a record that
        goes on then counts where it is impossible already; gaps that were filled later do not."""
        lasting = self._lasts(at) if start < at and end > self.ledger.watermark else []
        gaps = [gap for gap in self.gaps if not lasting or gap[1] <= lasting[0][0]]
        left = [each for gap in gaps if gap[0] < end and start < gap[1] for each in self._left(gap)]
        return _shared([*left, *lasting], start, min(end, at))

    def _left(self, gap: Span) -> list[Span]:
        """What is still missing of a gap, now that records may have come after all."""
        panes = self.ledger.panes
        if not panes.between(*gap):
            return [gap]
        runs = [(max(gap[0], a), min(gap[1], b)) for a, b in empty_runs(panes, *gap)]
        return [each for run in runs for _, each in self._missing(run)]

    def _lasts(self, at: int) -> list[Span]:
        key = self.ledger.watermark, at // MINUTE
        if key != self._lasting[0]:
            run = empty_since(self.ledger.panes, at), at
            long = run[1] - run[0] >= LEAST
            self._lasting = key, [gap for _, gap in self._missing(run)] if long else []
        return self._lasting[1]

    def lately(self, period: Period) -> bool:
        """Whether a gap ended within the period or the hour before it: how long the feed was up in
        the period is not known while it runs."""
        return any(end > period.start - HOUR and start < period.end for start, end in self.gaps)

    def before(self, end: int) -> bool:
        """Whether a period that ends at `end`, in ms, lies before the first record."""
        if self._first is None or end <= self._first:
            self._first = first_record(self.ledger.panes)
        return self._first is not None and end <= self._first


def _is_missing(grain: Grain, ahead: Predictive) -> bool:
    return is_missing(grain, ahead.mean, ahead.dispersion, ahead.spread)


def _shared(gaps: Iterable[Span], start: int, end: int) -> int:
    return sum(max(0, min(b, end) - max(a, start)) for a, b in gaps)


def _by_month(months: list[Months], span: Span) -> Predictive | None:
    """By the months of the last year that are known."""
    known = [each.detector.months[-YEAR:] for each in months]
    counts = [count / length for some in known for count, length in some]
    if not counts:
        return None
    mean = sum(counts) / len(counts)
    scatter = sum((count - mean) ** 2 for count in counts) / max(1, len(counts) - 1)
    few = len(counts) < FEW
    dispersion = EARLY_DISPERSION if few else max(1.0, scatter / max(mean, 1e-9))
    expected = mean * (span[1] - span[0]) / DAY / MONTH
    return Predictive(expected, EARLY_SPREAD if few else SPREAD, dispersion)

"""Gaps: event time without any record of a ledger, because its feed was down.

Every span without a record is judged when the watermark crosses it (`empty_runs`). Whoever knows
the feed's own rate says by one rule (`is_missing`) which parts of it are *missing*: surveillance
(`streams.surveillance.missing`), or without it the board (`streams.board.unheard`). Where nobody
does, a span longer than `LONGEST_QUIET` is. Missing hours, days and months are never 0, no detector
learns from them, and none raises a signal of them. The periods of a missing span longer than
`LONGEST_QUIET` close in one step, however many they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from detectors.silence import Silence
from streams.fold.panes import Pane, Panes
from streams.periods import DAY, HOUR, MINUTE, Calendar, Grain, Period, Span

LONGEST_QUIET = 35 * DAY
"""In ms; the horizon of live records: no new record of what lies further back is taken."""
CUT = 1 / 24
"""A period of which this share is missing is missing as a whole; less is not mentioned."""
LEAST = 5 * MINUTE
"""In ms; a shorter span without a record is never judged."""
IMPOSSIBLE: Mapping[Grain, float] = {"hour": 1e-5, "day": 1e-4, "month": 1e-3}
"""How probable no record may be, at most, where it is taken for impossible: about one false alarm a
year for hours, and none in decades for the few days and months."""


class Gap(NamedTuple):
    """The periods of one grain that lie wholly within a gap: [start, end) in ms, and the watermark
    that closed them."""

    grain: Grain
    start: int
    end: int
    watermark: int


def is_missing(grain: Grain, mean: float, dispersion: float, spread: float) -> bool:
    """Whether a span without a record is missing in which so many were to be expected by its hours,
    days or months; with the dispersion of their counts and the relative variance of their mean."""
    silence = Silence(IMPOSSIBLE[grain], dispersion, spread)
    return silence.empty(mean) <= silence.probability


def too_long(run: Span) -> list[Span]:
    """Which parts of an empty span are missing, where nothing is known of the feed's rate."""
    return [run] if run[1] - run[0] > LONGEST_QUIET else []


def in_one_step(missing: list[Span]) -> list[Span]:
    """The missing spans whose periods close together."""
    return [each for each in missing if each[1] - each[0] > LONGEST_QUIET]


def empty_runs(panes: Panes, begin: int, end: int, least: int = LEAST) -> list[Span]:
    """The spans of at least `least` without a record that reach into [begin, end), in order, cut
    off at `end`; the first of them starts where it began, which may be before `begin`."""
    if _is_dense(panes, begin // MINUTE, end // MINUTE, least // MINUTE):
        return []
    found: list[Span] = []
    at, leading = begin, True
    for start, stop in (*sorted(_covered(panes, begin, end)), (end, end)):
        if start > at:
            run = (empty_since(panes, begin), start) if leading else (at, start)
            if run[1] - run[0] >= least:
                found.append(run)
        leading = False
        at = max(at, stop)
    return found


def _is_dense(panes: Panes, first: int, last: int, most: int) -> bool:
    """Whether the records known to the minute leave no `most` minutes in a row empty that reach
    into [first, last): a window is moved on to behind the last record in it."""
    records, floor = panes.records, panes.hours_before // MINUTE
    at = first - most + 1
    while at + most <= last:
        for minute in range(at + most - 1, max(at, floor) - 1, -1):
            if records.get(minute):
                at = minute + 1
                break
        else:
            return False
    return True


def _covered(panes: Panes, begin: int, end: int) -> Iterator[Span]:
    """The spans of the panes with any record that reach into [begin, end)."""
    first, last, records = begin // MINUTE, end // MINUTE, panes.records
    if last - first < len(records):
        for minute in range(first, last):
            if records.get(minute):
                yield minute * MINUTE, (minute + 1) * MINUTE
    else:
        for minute, number in records.items():
            if first <= minute < last and number:
                yield minute * MINUTE, (minute + 1) * MINUTE
    for unit, some, until in _coarse(panes, begin, end):
        at = panes.calendar.start(unit, begin)
        if (until - at) // _LENGTHS[unit] < len(some):
            while at < until:
                stop = panes.calendar.end(unit, at)
                if some.get(at // MINUTE):
                    yield at, stop
                at = stop
        else:
            for minute, pane in some.items():
                start = minute * MINUTE
                if at <= start < until and pane:
                    yield start, panes.calendar.end(unit, start)


_LENGTHS: dict[Grain, int] = {"hour": HOUR, "day": DAY, "month": 28 * DAY}


def _coarse(panes: Panes, begin: int, end: int) -> Iterator[tuple[Grain, dict[int, Pane], int]]:
    """The panes longer than a minute that may reach into [begin, end), each sort by its start
    minutes, with the instant up to which they say more than finer ones."""
    if begin < panes.hours_before:
        yield "hour", panes.hours, min(end, panes.hours_before)
    if begin < panes.days_before:
        yield "day", panes.days, min(end, panes.days_before)
    yield "day", panes.whole_days, end
    yield "month", panes.whole_months, end


def empty_since(panes: Panes, at: int) -> int:
    """Where the empty span began that ends at an instant: at the end of the last pane with a record
    before it; the instant itself where there is none."""
    here, records = at // MINUTE, panes.records
    for minute in range(here - 1, here - 61, -1):
        if records.get(minute):
            return (minute + 1) * MINUTE
    last = _last_before(records, here)
    ends = [(last + 1) * MINUTE] if last else []
    coarser: tuple[tuple[Grain, dict[int, Pane], int], ...] = (
        ("hour", panes.hours, panes.hours_before),
        ("day", panes.days, panes.days_before),
    )
    for unit, some, until in coarser if not last else ():  # they end where the finer ones begin
        last = _last_before(some, min(here, until // MINUTE))
        if last:
            ends.append(panes.calendar.end(unit, last * MINUTE))
            break
    whole: tuple[tuple[Grain, dict[int, Pane]], ...] = (
        ("day", panes.whole_days),
        ("month", panes.whole_months),
    )
    for unit, some in whole:
        last = _last_before(some, here)
        if last:
            ends.append(panes.calendar.end(unit, last * MINUTE))
    return min(at, max(ends, default=at))


def _last_before(some: Mapping[int, Pane | int], here: int) -> int:
    """The start of the last pane with a record before a minute; 0 where there is none."""
    return max((minute for minute, held in some.items() if minute < here and held), default=0)


def has_records(panes: Panes, begin: int, end: int) -> bool:
    """Whether a pane that lies within [begin, end) has a record."""
    return any(begin <= start and stop <= end for start, stop in _covered(panes, begin, end))


def first_record(panes: Panes) -> int | None:
    """The start, in ms, of the first pane with a record; None where there is none."""
    before = panes.hours_before // MINUTE
    every = (
        (minute for minute, pane in panes.hours.items() if pane and minute < before),
        (minute for minute, records in panes.records.items() if records),
        *(
            (m for m, pane in some.items() if pane)
            for some in (panes.days, panes.whole_days, panes.whole_months)
        ),
    )
    earliest = min(chain.from_iterable(every), default=None)
    return None if earliest is None else earliest * MINUTE


def walk(
    calendar: Calendar, grain: Grain, span: Span, missing: list[Span]
) -> Iterator[Period | Span]:
    """The periods of a grain that begin in a span, in order: one by one, but for those that lie
    wholly within a missing span, which come as one span."""
    at, until = span
    ahead = iter(missing)
    gap = next(ahead, None)
    while at < until:
        while gap is not None and gap[1] <= at:
            gap = next(ahead, None)
        if gap is not None and gap[0] <= at:
            end = min(calendar.start(grain, gap[1]), until)
            if end > at:
                yield at, end
                at = end
                continue
        period = calendar.holding(grain, at)
        yield period
        at = period.end

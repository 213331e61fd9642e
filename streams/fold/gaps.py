"""Gaps: event time without any record of a ledger, because its feed was down.

Every span without a record is judged when the watermark crosses it (`empty_runs`). Whoever knows
the feed's own rate says which parts of it are *missing* (`streams.surveillance.missing`); where
nobody does, a span longer than `LONGEST_QUIET` is. Missing hours, days and months are never 0, no
detector learns from them, and none raises a signal of them. The periods of a missing span longer
than `LONGEST_QUIET` close in one step, however many they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from streams.fold.panes import Pane, Panes
from streams.periods import DAY, MINUTE, Calendar, Grain, Period, Span

LONGEST_QUIET = 35 * DAY
"""In ms; the horizon of live records: no new record of what lies further back is taken."""
CUT = 1 / 24
"""A period of which this share is missing is missing as a whole; less is not mentioned."""
LEAST = 5 * MINUTE
"""In ms; a shorter span without a record is never judged."""


class Gap(NamedTuple):
    """The periods of one grain that lie wholly within a gap: [start, end) in ms, and the watermark
    that closed them."""

    grain: Grain
    start: int
    end: int
    watermark: int


def too_long(run: Span) -> list[Span]:
    """Which parts of an empty span are missing, where nothing is known of the feed's rate."""
    return [run] if run[1] - run[0] > LONGEST_QUIET else []


def in_one_step(missing: list[Span]) -> list[Span]:
    """The missing spans whose periods close together."""
    return [each for each in missing if each[1] - each[0] > LONGEST_QUIET]


def empty_runs(panes: Panes, begin: int, end: int) -> list[Span]:
    """The spans of at least `LEAST` without a record that reach into [begin, end), in order, cut
    off at `end`; the first of them starts where it began, which may be before `begin`."""
    found: list[Span] = []
    at, leading = begin, True
    for start, stop in (*sorted(_covered(panes, begin, end)), (end, end)):
        if start > at:
            run = (empty_since(panes, begin), start) if leading else (at, start)
            if run[1] - run[0] >= LEAST:
                found.append(run)
        leading = False
        at = max(at, stop)
    return found


def _covered(panes: Panes, begin: int, end: int) -> Iterator[Span]:
    """The spans of the panes with any record that reach into [begin, end)."""
    first, last = begin // MINUTE, end // MINUTE
    if last - first < len(panes.minutes):
        for minute in range(first, last):
            if panes.minutes.get(minute):
                yield minute * MINUTE, (minute + 1) * MINUTE
    else:
        for minute, pane in panes.minutes.items():
            if first <= minute < last and pane:
                yield minute * MINUTE, (minute + 1) * MINUTE
    for grain, some, most_minutes in _coarse(panes, begin):
        for minute, pane in some.items():
            if first - most_minutes < minute < last and pane:
                stop = panes.end_of(grain, minute)
                if stop > begin:
                    yield minute * MINUTE, stop


def _coarse(panes: Panes, begin: int) -> Iterator[tuple[str, dict[int, Pane], int]]:
    """The panes longer than a minute that may reach beyond an instant: grain, panes by start
    minute, and the minutes that one has at most."""
    if begin < panes.hours_before:
        yield "hour", panes.hours, 61
    if begin < panes.days_before:
        yield "day", panes.days, 26 * 60
    yield "whole_day", panes.whole_days, 26 * 60
    yield "whole_month", panes.whole_months, 32 * 24 * 60


def empty_since(panes: Panes, at: int) -> int:
    """Where the empty span began that ends at an instant: at the end of the last pane with a record
    before it; the instant itself where there is none."""
    here = at // MINUTE
    for minute in range(here - 1, here - 61, -1):
        if panes.minutes.get(minute):
            return (minute + 1) * MINUTE
    ends = []
    for grain, some in _by_grain(panes):
        last = max((minute for minute, pane in some.items() if minute < here and pane), default=0)
        if last:
            ends.append((last + 1) * MINUTE if grain == "minute" else panes.end_of(grain, last))
    return min(at, max(ends, default=at))


def first_record(panes: Panes) -> int | None:
    """The start, in ms, of the first pane with a record; None where there is none."""
    starts = (minute for _, some in _by_grain(panes) for minute, pane in some.items() if pane)
    earliest = min(starts, default=None)
    return None if earliest is None else earliest * MINUTE


def _by_grain(panes: Panes) -> tuple[tuple[str, dict[int, Pane]], ...]:
    return (
        ("minute", panes.minutes),
        ("hour", panes.hours),
        ("day", panes.days),
        ("whole_day", panes.whole_days),
        ("whole_month", panes.whole_months),
    )


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

"""Gaps: stretches of event time without any record of a ledger, too long to be a quiet time.

Where no record of a kind came for more than `LONGEST_QUIET`, nobody can tell which of its hours
would have had records: the feed was off, or its history is not there. Such hours, days and months
are *missing*: they are never 0, teach nothing and raise nothing, and they are closed in one step,
however many they are. A shorter stretch may be a quiet one, and is closed period by period.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from streams.panes import Panes
from streams.periods import DAY, MINUTE, Calendar, Grain, Period

LONGEST_QUIET = 35 * DAY
"""The horizon of live records: nothing that lies further back can still come for them."""


class Gap(NamedTuple):
    """The periods of one grain that lie wholly within a gap: [start, end) in milliseconds, and the
    watermark that closed them."""

    grain: Grain
    start: int
    end: int
    watermark: int


Stretch = tuple[int, int]


def gaps(panes: Panes, begin: int, end: int) -> list[Stretch]:
    """The gaps within [begin, end) by what the panes hold, in order."""
    if end - begin <= LONGEST_QUIET:
        return []
    found: list[Stretch] = []
    at = begin
    for start, stop in (*sorted(_held(panes, begin, end)), (end, end)):
        if start - at > LONGEST_QUIET:
            found.append((at, start))
        at = max(at, stop)
    return found


def _held(panes: Panes, begin: int, end: int) -> Iterator[Stretch]:
    """What the panes with any record cover of [begin, end)."""
    first = (begin - 32 * DAY) // MINUTE  # no pane is longer than that
    last = end // MINUTE
    for grain, some in (
        ("minute", panes.minutes),
        ("hour", panes.hours),
        ("day", panes.days),
        ("whole_day", panes.whole_days),
        ("whole_month", panes.whole_months),
    ):
        for minute, pane in some.items():
            if first <= minute < last and pane:
                start = minute * MINUTE
                stop = start + MINUTE if grain == "minute" else panes.end_of(grain, minute)
                if stop > begin:
                    yield start, stop


def walk(
    calendar: Calendar, grain: Grain, span: Stretch, missing: list[Stretch]
) -> Iterator[Period | Stretch]:
    """The periods of a grain that begin in a span, in order: one by one, but for those wholly
    within a gap, which come together as a stretch."""
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

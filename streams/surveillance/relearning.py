"""The closed periods of which a ledger still has counts, from which baselines are learned anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from streams.fold.gaps import Gap, empty_runs, in_one_step, walk
from streams.fold.ledger import Ledger
from streams.periods import MINUTE, Period, Span
from streams.surveillance.signals import Grain

FULL = 0.25
"""A feed has begun with the first day that has at least this share of the median number of keys in
its panes. Before it lie single records that were opened long before the feed began."""


def kept(
    ledger: Ledger, grain: Grain, judge: Callable[[Span], list[Span]]
) -> Iterator[Period | Gap]:
    """The closed periods of a grain whose counts are kept, in order, from the first full day on;
    those within a long gap come as one `Gap`. `judge` says which parts of a span without a record
    are missing, and is asked once what lies before the span has been taken."""
    panes, calendar = ledger.panes, ledger.calendar
    begin = first_full_day(ledger)
    if begin is None:
        return
    if grain == "hour":
        begin = max(begin, panes.days_before)
    until, at = ledger.closed_until[grain], calendar.start(grain, begin)
    missing: list[Span] = []
    for run in empty_runs(panes, begin, ledger.closed_until["hour"]):
        edge = min(until, calendar.start(grain, run[0]))
        yield from _walk(ledger, grain, (at, edge), missing)
        at = max(at, edge)
        missing = [one for one in missing if one[1] > at] + in_one_step(judge(run))
    yield from _walk(ledger, grain, (at, until), missing)


def _walk(ledger: Ledger, grain: Grain, span: Span, missing: list[Span]) -> Iterator[Period | Gap]:
    for each in walk(ledger.calendar, grain, span, missing):
        yield each if isinstance(each, Period) else Gap(grain, *each, ledger.watermark)


def first_full_day(ledger: Ledger) -> int | None:
    """The start, in ms, of the first day that is as full as others; None before any record."""
    panes, calendar = ledger.panes, ledger.calendar
    sizes: dict[int, int] = {}
    for some in (panes.hours, panes.days, panes.whole_days, panes.whole_months):
        for minute, pane in some.items():
            day = calendar.start("day", minute * MINUTE)
            sizes[day] = sizes.get(day, 0) + len(pane)
    usual = FULL * median(sizes.values()) if sizes else 0
    return min((day for day, size in sizes.items() if size >= usual), default=None)

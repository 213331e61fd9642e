"""How a figure went from month to month, as reports say it: in how many months it rose, how many
times in a row up to the last, and from what to what. It is no test: a season is part of it, and
chance. Whether there is a trend beyond these is asked of `streams.board.trend`."""

from __future__ import annotations

from itertools import pairwise

from msgspec import Struct

from streams.board.query import Number, Query
from streams.board.whole_months import whole_months
from streams.registry.indicator import Indicator
from streams.stretches import Stretch

LEAST = 6
"""Of fewer months than these the twelve that end with them are taken."""
YEAR = 12


class MonthByMonth(Struct, frozen=True, omit_defaults=True):
    """From the month `first` to `last` a figure went from `base` to `value`: it rose on the month
    before in `rises` of `of` months, and fell in `falls`. `in_a_row` is how many times in a row it
    rose up to the last; fell, as a negative number. `reason` says of the break before the first
    month, where the series has one."""

    rises: int
    falls: int
    of: int
    in_a_row: int
    first: str
    last: str
    base: Number
    value: Number
    at_age: int | None = None
    reason: str = ""


def month_by_month(
    query: Query, indicator: Indicator, stretch: Stretch, area: str
) -> MonthByMonth | None:
    """That of the months of a stretch of six or more, else of the twelve that end with it, as far
    as they are known; None of fewer than two."""
    own = len(stretch.parts("month"))
    found = whole_months(query, indicator, stretch, area, own if own >= LEAST else YEAR)
    steps = [(after > before) - (after < before) for before, after in pairwise(found.values)]
    if not steps:
        return None
    in_a_row = 0
    for step in steps:
        in_a_row = in_a_row + step if in_a_row * step > 0 else step
    return MonthByMonth(
        rises=steps.count(1),
        falls=steps.count(-1),
        of=len(steps),
        in_a_row=in_a_row,
        first=found.labels[0],
        last=found.labels[-1],
        base=found.values[0],
        value=found.values[-1],
        reason=found.reason,
    )

"""What the months to come will bring: the third and the sixth after a stretch, with intervals.

A projection goes on from the months up to the end of the stretch that can be compared with each
other (`streams.board.whole_months`), as they have gone: by `detectors.counts.projection`. It knows
of no plan, no event and no change that is to come. Months that are still being recorded are not
learned from; they are projected over.
"""

from __future__ import annotations

from msgspec import Struct

from detectors.counts.projection import NEED, YEAR, Projected, project
from streams.board.query import Query
from streams.board.whole_months import WholeMonths, whole_months
from streams.registry.indicator import Indicator
from streams.stretches import Stretch

MOST = 120
"""Months that a projection rests on, at the most."""
AHEAD = (3, 6)


class Ahead(Struct, frozen=True):
    """A month to come: the estimate, and the intervals that hold it in 80 and 95 of 100 cases."""

    month: str
    value: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float


class Projection(Struct, frozen=True, omit_defaults=True):
    """The third and the sixth month after a stretch, from so many `months`, the last of them
    `last`. `reason` says why nothing is projected."""

    in_3: Ahead | None = None
    in_6: Ahead | None = None
    months: int = 0
    last: str | None = None
    reason: str = ""


def projection(
    query: Query, indicator: Indicator, stretch: Stretch, area: str
) -> Projection | None:
    """The projection of a count; None of a stretch that ends within a month."""
    if stretch.rolling(MOST) is None:
        return None
    found = whole_months(query, indicator, stretch, area, MOST)
    if len(found.values) < NEED:
        return Projection(months=len(found.values), reason=_too_few(found))
    calendar = query.calendar
    at, months = calendar.parse(found.labels[-1]).end, list[str]()
    while len(months) < YEAR:
        month = calendar.holding("month", at)
        months.append(month.label)
        at = month.end
    first = calendar.label("month", stretch.end)
    if first not in months[: YEAR - max(AHEAD) + 1]:
        return Projection(months=len(found.values), reason="its last months are not all recorded")
    gap = months.index(first)
    made = project(found.values, gap + max(AHEAD))
    third, sixth = (_ahead(months[gap + each - 1], made[gap + each - 1]) for each in AHEAD)
    return Projection(third, sixth, len(found.values), found.labels[-1])


def _ahead(month: str, made: Projected) -> Ahead:
    return Ahead(month, *(round(each, 2) for each in made))


def _too_few(found: WholeMonths) -> str:
    if found.reason:
        return found.reason
    known = "1 month is" if len(found.values) == 1 else f"{len(found.values)} months are"
    return f"{known} known in a row, {NEED} are needed to project"

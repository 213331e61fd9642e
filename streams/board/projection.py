"""What the months to come will bring: the third and the sixth after a stretch, with intervals.

A projection goes on from the months up to the end of the stretch that can be compared with each
other (`streams.board.whole_months`), as they have gone: by `detectors.counts.projection`. It knows
of no plan, no event and no change that is to come. Months that are still being recorded are not
learned from; they are projected over. Of shares and means it is known by how many cases each is how
far chance alone moves them; of those that are reported without their cases nothing is projected.
"""

from __future__ import annotations

from msgspec import Struct

from detectors.counts.projection import (
    CHANCE,
    COUNTS,
    MEANS,
    MONTHS_NEEDED,
    SHARE_SCALE,
    YEAR,
    Projected,
    Scale,
    project,
)
from streams.board.query import Query
from streams.board.whole_months import WholeMonths, whole_months
from streams.config.measures import FigureUnit
from streams.registry.indicator import Indicator
from streams.stretches import Stretch

MOST = 120
"""Months that a projection rests on, at the most."""
AHEAD = (3, 6)
_SCALES: dict[FigureUnit, Scale] = {"count": COUNTS, "ratio": SHARE_SCALE, "seconds": MEANS}


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
    """The projection of a count, a share or a mean; None of a stretch that ends within a month, and
    of any other figure."""
    unit = query.registry.unit_of(indicator)
    if stretch.rolling(MOST) is None or unit not in _SCALES:
        return None
    found = whole_months(query, indicator, stretch, area, MOST)
    if len(found.values) < MONTHS_NEEDED:
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
    chance = CHANCE if unit == "count" else _chance(query, indicator, found, area, unit)
    if chance is None:
        return None
    if unit == "seconds" and min(found.values) <= 0:
        return Projection(months=len(found.values), reason="a mean of 0 s is among its months")
    made = project(found.values, gap + max(AHEAD), scale=_SCALES[unit], chance=chance)
    digits = 4 if unit == "ratio" else 2
    third, sixth = (_ahead(months[gap + each - 1], made[gap + each - 1], digits) for each in AHEAD)
    return Projection(third, sixth, len(found.values), found.labels[-1])


def _chance(
    query: Query, indicator: Indicator, found: WholeMonths, area: str, unit: FigureUnit
) -> float | None:
    """How far chance alone moves a share or a mean, as a variance on its scale: that of the last
    year. None where it is not known of how many cases they are, and of what is no mean."""
    months = list(zip(found.labels, found.cases, strict=True))[-YEAR:]
    if unit == "ratio":
        each = [None if not cases else 1 / (4 * cases) for _, cases in months]
    else:
        samples = (query.sample(indicator, query.stretch(label), area) for label, _ in months)
        each = [
            None if of is None or not of.mean else of.variance / of.number / of.mean**2
            for of in samples
        ]
    known = [variance for variance in each if variance is not None]
    return sum(known) / len(known) if len(known) == len(each) else None


def _ahead(month: str, made: Projected, digits: int) -> Ahead:
    return Ahead(month, *(round(each, digits) for each in made))


def _too_few(found: WholeMonths) -> str:
    if found.reason:
        return found.reason
    known = "1 month is" if len(found.values) == 1 else f"{len(found.values)} months are"
    return f"{known} known in a row, {MONTHS_NEEDED} are needed to project"

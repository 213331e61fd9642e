"""Whether a figure has a season, and what its months usually are beside an average month.

A season can be seen where the months differ from year to year in the same way, by more than they
scatter (`detectors.season`); else what is high this spring and was high last spring may be so by
chance. Whether the same dates of last year lay on the same side of the average, as reports say it,
is asked apart: `Comparisons.as_last_year`.
"""

from __future__ import annotations

from msgspec import Struct

from detectors.season import WHOLE_YEARS_NEEDED, season
from streams.board.query import Query
from streams.board.whole_months import whole_months
from streams.registry.indicator import Indicator
from streams.stretches import Stretch

CHANCE = 0.05
YEAR = 12
MOST = 10
"""Years in which a season may be seen: those before the period, the last ones."""


class Season(Struct, frozen=True, omit_defaults=True):
    """Whether the whole years before a stretch of months are `seasonal`, at a `chance` of 5 % where
    they are not. If so `usual` is by which share its months usually are above an average month, and
    `now` by which share they are above the average of the year before; below it, negative. `reason`
    says why no season can be seen."""

    seasonal: bool
    chance: float | None = None
    years: int = 0
    usual: float | None = None
    now: float | None = None
    at_age: int | None = None
    reason: str = ""


def season_of(
    query: Query, indicator: Indicator, stretch: Stretch, area: str, now: float | None
) -> Season | None:
    """The season of a stretch of fewer than twelve whole months; None of any other. `now` is by
    which share it is above the average."""
    months = stretch.parts("month")
    if stretch.unit != "month" or not 0 < len(months) < YEAR:
        return None
    found = whole_months(query, indicator, stretch.previous, area, MOST * YEAR)
    values = [value for year in found.years for value in year]
    if len(found.years) < WHOLE_YEARS_NEEDED or min(values) < 0:
        return Season(False, years=len(found.years), reason=found.reason or _too_few(found.values))
    test = season(values)
    if test.chance > CHANCE:
        return Season(False, test.chance, test.years, reason="no season can be seen")
    # The first figure is of the calendar month that is so many before the last known one.
    first = int(found.labels[-len(values)][5:])
    places = [(int(month.label[5:]) - first) % YEAR for month in months]
    usual = sum(test.usual[place] for place in places) / len(places) - 1.0
    return Season(True, test.chance, test.years, usual, now)


def _too_few(values: list[float]) -> str:
    """Why in so few months no season can be seen."""
    if not values:
        return "no season can be seen: the months before are not known"
    many = "1 month" if len(values) == 1 else f"{len(values)} months"
    return f"no season can be seen in {many}: {WHOLE_YEARS_NEEDED} whole years are needed"

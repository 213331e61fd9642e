"""Whether a figure rises or falls over the years, and not by its season or by chance.

What is low each March falls in every year that ends with March: of one year nobody can say which is
season and which is trend. So each month is compared with the same month of other years alone, by
the seasonal Kendall test (`detectors.change.seasonal_kendall`), which needs three whole years. How
a figure went from month to month is asked apart from that, by `streams.board.month_by_month`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from detectors.change.seasonal_kendall import CORRECTED, YEARS_NEEDED, seasonal_kendall
from streams.board.query import Query
from streams.board.whole_months import whole_months
from streams.registry.indicator import Indicator
from streams.stretches import Stretch

YEAR = 12
CHANCE = 0.05


class Trend(Struct, frozen=True, omit_defaults=True):
    """Whether a figure rises or falls over whole years, from the month `first` to the month `last`,
    season apart: by the seasonal Kendall test, at a `chance` of 5 % where there is no trend. Over
    ten years or more months that are alike since they are near in time are `allowed_for`.

    The word is None where no trend can be seen, as `reason` says. Where figures rise as records
    grow older, those of all months are `at_age` of so many days."""

    word: Literal["rising", "falling", "neither"] | None
    first: str
    last: str
    chance: float | None
    years: int = 0
    allowed_for: bool = False
    at_age: int | None = None
    reason: str = ""


def trend(query: Query, indicator: Indicator, stretch: Stretch, area: str) -> Trend:
    """The trend over the whole years of a stretch, to its end; of one shorter than three years over
    as many as are known to its end, ten at most."""
    own = len(stretch.parts("month"))
    months = own if own >= YEARS_NEEDED * YEAR else CORRECTED * YEAR
    found = whole_months(query, indicator, stretch, area, months)
    years, last = found.years, found.labels[-1:] or [stretch.label]
    if len(years) < YEARS_NEEDED:
        first = found.labels[:1] or [stretch.label]
        return Trend(None, first[0], last[0], None, reason=found.reason or _too_few(found.labels))
    test = seasonal_kendall(years)
    word: Literal["rising", "falling", "neither"] = "neither"
    if test.chance <= CHANCE:
        word = "rising" if test.score > 0 else "falling"
    first_label = found.labels[-len(years) * YEAR]
    return Trend(word, first_label, last[0], test.chance, len(years), test.corrected)


def _too_few(months: list[str]) -> str:
    """Why of so few months nothing is said; nothing of none."""
    if not months:
        return ""
    many = "1 month" if len(months) == 1 else f"{len(months)} months"
    years = f"{YEARS_NEEDED} whole years are needed"
    return f"a trend can't be seen apart from a season in {many}: {years}"

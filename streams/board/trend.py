"""Whether a figure rises or falls from month to month, and not by chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from math import erfc, sqrt
from typing import Literal

from msgspec import Struct

from streams.board.breaks import break_between
from streams.board.query import Query
from streams.registry.indicator import Indicator
from streams.stretches import Stretch

LEAST = 6
"""Of fewer months in a row no trend is told."""
YEAR = 12
CHANCE = 0.05


class Trend(Struct, frozen=True, omit_defaults=True):
    """Whether a figure rises or falls over the months of a period, `first` to `last`: by the test
    of Mann and Kendall, at a `chance` of 5 % where there is no trend and no season, which is
    part of what is told. None where a month of these
    is not known as a whole, and where they can't be compared, as `reason` says then. Where figures
    rise as records grow older, those of all months are `at_age` of so many days."""

    word: Literal["rising", "falling", "neither"] | None
    first: str
    last: str
    chance: float | None
    at_age: int | None = None
    reason: str = ""


def trend(query: Query, indicator: Indicator, stretch: Stretch, area: str) -> Trend:
    """The trend over the months of a stretch; of a short one, over the twelve that end with it."""
    within = stretch if len(stretch.parts("month")) >= LEAST else stretch.rolling(YEAR)
    if within is None:
        return Trend(None, stretch.label, stretch.label, None)
    broken = break_between(query, indicator, area, within.start, within.end)
    if broken is not None:
        return Trend(None, within.label, within.label, None, reason=broken.reason)
    series = query.series(indicator, "month", within, area)
    labels = [month.label for month, _ in series]
    known = [seen.value for _, seen in series if seen.complete and seen.value is not None]
    if not labels or len(known) < len(labels):
        return Trend(None, within.label, within.label, None)
    score, chance = mann_kendall(known)
    word: Literal["rising", "falling", "neither"] = "neither"
    if chance <= CHANCE:
        word = "rising" if score > 0 else "falling"
    return Trend(word, labels[0], labels[-1], chance)


def mann_kendall(values: Sequence[float]) -> tuple[int, float]:
    """How many more pairs rise than fall, and the chance of so many either way where there is no
    trend (M. G. Kendall, Rank Correlation Methods; normal, with ties, and for continuity).

    >>> mann_kendall([1, 2, 3, 4, 5, 6])[0], round(mann_kendall([1, 2, 3, 4, 5, 6])[1], 4)
    (15, 0.0085)
    >>> mann_kendall([3, 3, 3])
    (0, 1.0)
    """
    score = sum((later > before) - (later < before) for before, later in combinations(values, 2))
    sizes = [len(values), *Counter(values).values()]
    whole, *ties = (size * (size - 1) * (2 * size + 5) for size in sizes)
    variance = (whole - sum(ties)) / 18
    if not score:
        return 0, 1.0
    return score, erfc((abs(score) - 1) / sqrt(2 * variance))

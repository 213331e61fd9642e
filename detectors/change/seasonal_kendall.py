r"""Whether figures with a season rise or fall over the years: the seasonal Kendall test.

Each season is compared with itself alone: Januaries with Januaries. Of the m seasons of n years

.. math:: S = \sum_g S_g, \qquad S_g = \sum_{i<j} \mathrm{sgn}(x_{jg} - x_{ig}),

is how many more of these pairs rise than fall; where there is no trend its mean is 0, its variance
is

.. math:: \sum_g \frac{n(n-1)(2n+5) - \sum_t t(t-1)(2t+5)}{18} + \sum_{g \ne h} \sigma_{gh}

with t the sizes of ties, and (S -+ 1) over its root is nearly normal. The covariances are 0 where
seasons are independent. Where figures near in time are alike they are not, and are estimated from
the ranks R within seasons:

.. math:: \sigma_{gh} = \tfrac13\Bigl(\sum_{i<j} \mathrm{sgn}[(x_{jg}-x_{ig})(x_{jh}-x_{ih})]
   + 4\sum_i R_{ig}R_{ih} - n(n+1)^2\Bigr).

How many years each needs: from `YEARS_NEEDED` = 3 on the normal is near the exact chance of twelve
seasons. The covariances are used from `CORRECTED` = 10 years on: of fewer they are so poorly known
that the test finds next to nothing (`python benchmarks/comparisons.py`: in three or four years 0 of
100 trends), and the authors found it unreliable with five. What the test with fewer years then
costs where months are alike is measured there too.

References: Hirsch, Slack and Smith (1982), Water Resources Research 18, 107-121; Hirsch and Slack
(1984), the same, 20, 727-732; for the covariance with ties Dietz and Killeen (1981), Journal of the
American Statistical Association 76, 169-174.

>>> years = [[12, 30, 20], [13, 33, 20], [15, 34, 21], [16, 36, 24]]
>>> found = seasonal_kendall(years, corrected=False)
>>> found.score, round(found.chance, 4)
(17, 0.0014)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from math import erfc, sqrt
from typing import NamedTuple

YEARS_NEEDED = 3
"""Years below which there is no test."""
CORRECTED = 10
"""Years from which on the test allows for figures that are alike when they are near in time."""


class Kendall(NamedTuple):
    """How many more pairs of years rise than fall, over all seasons; the variance of that where
    there is no trend; the chance of so many either way; and whether dependence is allowed for."""

    score: int
    variance: float
    chance: float
    corrected: bool


def seasonal_kendall(years: Sequence[Sequence[float]], *, corrected: bool | None = None) -> Kendall:
    """The test of figures by year, oldest first, each with the same seasons; whether it is
    `corrected` for dependence follows from the number of years. Raises ValueError where years are
    not all alike, or fewer than two."""
    if len(years) < 2 or len({len(year) for year in years}) != 1:
        raise ValueError("two years or more are needed, each with the same seasons")
    correct = len(years) >= CORRECTED if corrected is None else corrected
    seasons = list(zip(*years, strict=True))
    score = sum(_sign(after - before) for s in seasons for before, after in combinations(s, 2))
    variance = sum(map(_variance, seasons))
    if correct:
        ranks = [_ranks(season) for season in seasons]
        every = combinations(zip(seasons, ranks, strict=True), 2)
        variance += 2.0 * sum(_covariance(*one, *other) for one, other in every)
    if not score or not variance > 0.0:
        return Kendall(score, variance, 1.0, correct)
    chance = erfc((abs(score) - 1) / sqrt(2.0 * variance))
    return Kendall(score, variance, chance, correct)


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _variance(season: Sequence[float]) -> float:
    whole, *ties = (n * (n - 1) * (2 * n + 5) for n in (len(season), *Counter(season).values()))
    return (whole - sum(ties)) / 18


def _ranks(season: Sequence[float]) -> list[float]:
    """From 1 on; equal figures share the middle of theirs."""
    n = len(season)
    return [(n + 1 + sum(_sign(x - other) for other in season)) / 2 for x in season]


def _covariance(
    season: Sequence[float], ranks: list[float], other: Sequence[float], others: list[float]
) -> float:
    n = len(season)
    alike = sum(
        _sign(season[j] - season[i]) * _sign(other[j] - other[i])
        for i, j in combinations(range(n), 2)
    )
    products = sum(one * two for one, two in zip(ranks, others, strict=True))
    return (alike + 4 * products - n * (n + 1) ** 2) / 3

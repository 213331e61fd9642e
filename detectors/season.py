r"""Whether figures have a yearly season, and what each month usually is beside an average one.

Each figure is divided by the average of the year about it (of twelve months and the two halves at
its ends), so that neither a trend nor another level looks like a season. What is left,

.. math:: r_{ym} = \sqrt{x_{ym} / \bar x_{ym}},

less the average of its year, scatters alike whatever the level: the root makes the variance of
counts about even, and how much they scatter beyond chance is estimated with the rest. A season is
what these have in common from year to year, and is told where the months differ by more than they
do within themselves:

.. math:: F = \frac{B \sum_m \bar r_m^2 / (P - 1)}
   {\sum_{y,m} (r_{ym} - \bar r_m)^2 / ((P - 1)(B - 1))}

of P months and B years, one fewer than there are, since half a year at each end has no average. Its
distribution is F with P - 1 and (P - 1)(B - 1) degrees of freedom. `WHOLE_YEARS_NEEDED` are needed,
so that two remain to compare.

References: the average is that of the Census method (Shiskin, Young and Musgrave, Technical Paper
15 of the U.S. Bureau of the Census, 1967), which tests for a stable season in the same way; the
root is that of Bartlett (1936), Supplement to the Journal of the Royal Statistical Society 3.

>>> summer = [8, 8, 9, 10, 11, 12, 13, 12, 11, 10, 9, 7]
>>> found = season([x + off for off in (0, 1, 0, 2) for x in summer])
>>> found.chance < 0.001, round(found.usual[6], 1), found.years
(True, 1.3, 4)
>>> season([8, 9, 10, 7] * 9).chance > 0.05
False
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

from detectors import special

WHOLE_YEARS_NEEDED = 3
"""Whole years below which no season is told."""
YEARS_OF_SHARES = 2
"""Whole years below which nothing is known of what the months share from year to year."""


class Seasonal(NamedTuple):
    """The chance that months differ so much where there is no season; what each of them usually is
    beside an average one, 1.0 for the same, from the month of the first figure on; and how many
    years it is told from."""

    chance: float
    usual: list[float]
    years: int


def season(values: Sequence[float], period: int = 12) -> Seasonal:
    """The season of figures of whole years, none below 0; raises ValueError where they are not
    that, or of fewer than three years. `period` is how many a year has, an even number."""
    years = len(values) // period
    if years < WHOLE_YEARS_NEEDED or len(values) % period or period % 2 or min(values) < 0:
        raise ValueError(
            f"a season is told from {WHOLE_YEARS_NEEDED} whole years or more, of no figure below 0"
        )
    half = period // 2
    ratios = [
        _ratio(value, values[place - half : place + half + 1])
        for place, value in enumerate(values)
        if half <= place < len(values) - half
    ]
    blocks = [ratios[at : at + period] for at in range(0, len(ratios), period)]
    # They begin half a year later than the figures do.
    usual = [sum(each) / len(blocks) for each in zip(*blocks, strict=True)]
    return Seasonal(_chance(blocks), usual[half:] + usual[:half], years)


class MonthShares(NamedTuple):
    """The chance that months differ so much from year to year alike where there is no season; what
    each usually is beside the level of that time, in the order in which they were given;
    and the variance over the mean that is left about that."""

    chance: float
    usual: list[float]
    dispersion: float


def month_shares(years: Sequence[Sequence[tuple[float, float]]]) -> MonthShares:
    """What the months of whole years have in common, each beside the level that its year has by
    then, on the way from the average of one year to that of the next: two years are enough. A
    month is its count and its length; raises ValueError for fewer than two years, or ones of
    different lengths.

    >>> months = [(8, 1), (9, 1), (11, 1), (12, 1), (11, 1), (9, 1)]
    >>> found = month_shares([months, [(x + off % 2, e) for off, (x, e) in enumerate(months)]])
    >>> found.chance < 0.01, [round(each, 1) for each in found.usual]
    (True, [0.8, 0.9, 1.1, 1.2, 1.1, 0.9])
    """
    period = len(years[0]) if years else 0
    if len(years) < YEARS_OF_SHARES or any(len(year) != period for year in years):
        raise ValueError(f"what months share is known from {YEARS_OF_SHARES} whole years or more")
    rates = [sum(x for x, _ in year) / sum(e for _, e in year) for year in years]
    trends = [_trend(rates, at, period) for at in range(len(rates))]
    blocks = [
        [x / e / level if level > 0.0 else 1.0 for (x, e), level in zip(year, trend, strict=True)]
        for year, trend in zip(years, trends, strict=True)
    ]
    usual = [sum(each) / len(blocks) for each in zip(*blocks, strict=True)]
    squares = sum(
        (x - level * e * share) ** 2 / (level * e * share)
        for year, trend in zip(years, trends, strict=True)
        for (x, e), level, share in zip(year, trend, usual, strict=True)
        if level * share > 0.0
    )
    return MonthShares(_chance(blocks), usual, squares / ((period - 1) * (len(years) - 1)))


def _trend(rates: Sequence[float], at: int, period: int) -> list[float]:
    """The level of each month of a year on the way from the average of the year before to that of
    the year after, so that what grows from year to year is no season."""
    first, last = max(0, at - 1), min(len(rates) - 1, at + 1)
    step = (rates[last] - rates[first]) / (last - first) / period
    middle = (period - 1) / 2
    return [max(rates[at] / 4, rates[at] + step * (place - middle)) for place in range(period)]


def _ratio(value: float, about: Sequence[float]) -> float:
    """A figure beside the average of the year about it; 1.0 where that is nothing."""
    average = (sum(about) - (about[0] + about[-1]) / 2) / (len(about) - 1)
    return value / average if average > 0 else 1.0


def _chance(blocks: list[list[float]]) -> float:
    roots = [[sqrt(each) for each in block] for block in blocks]
    number, period = len(roots), len(roots[0])
    apart = [[each - sum(block) / period for each in block] for block in roots]
    months = [sum(each) / number for each in zip(*apart, strict=True)]
    common = number * sum(each * each for each in months)
    left = sum(
        (each - month) ** 2 for block in apart for each, month in zip(block, months, strict=True)
    )
    if common <= 1e-12:
        return 1.0
    free, rest = period - 1, (period - 1) * (number - 1)
    # The upper tail of F as that of a beta: its size is the share that is left.
    share = left / (left + common)
    return float(special.betainc(rest / 2, free / 2, share))

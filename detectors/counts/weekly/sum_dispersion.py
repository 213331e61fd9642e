"""Over-dispersion of sums: how much more a stretch of counts varies than its single counts say.

A rate that wanders is above its mean for hours on end, so that a stretch of counts varies more than
as many independent ones. With r_k the correlation of two counts k slots apart, a long stretch of n
has n (1 + 2 (r_1 + r_2 + ...)) times the variance of one. The sum is taken over `LAGS` slots, from
deviations that are cut at `CUT` standard deviations, so that one burst does not count as a rate
that wanders. Of it only what is above twice its standard error counts, which is sqrt(LAGS / n) for
n independent counts; so it is 1 for nearly every series whose counts are independent.

Used by `detectors.counts.weekly.baseline`. Reference: Priestley, Spectral Analysis and Time Series
(1981), 5.3.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LAGS = 6
CUT = 2.0
DOUBT = 2.0
"""Standard errors that are taken off."""
NOTHING = [0.0, 0.0, 0.0]


def add(sums: list[float], fade: float, place: NDArray[np.int64], off: Floats) -> list[float]:
    """The sums (products over all lags, squares, counts) with one more week: the deviations, in
    standard deviations, of the counts at those slots of it."""
    grid = np.zeros(int(place.max()) + 1 + LAGS)
    grid[place] = np.clip(off, -CUT, CUT)
    # The mean of the week was taken from every deviation, which correlates them by -1/n.
    grid[place] -= grid[place].mean()
    squares = float(grid @ grid)
    products = sum(float(grid[k:] @ grid[:-k]) for k in range(1, LAGS + 1))
    products += squares * LAGS / len(place)
    return [sums[0] * fade + products, sums[1] * fade + squares, sums[2] * fade + len(place)]


def factor(sums: list[float]) -> float:
    """Times the variance of independent counts, for a long stretch; at least 1.

    >>> factor([0.0, 0.0, 0.0]), factor([50.0, 1000.0, 1000.0])
    (1.0, 1.0)
    >>> round(factor([600.0, 1000.0, 1000.0]), 2)
    1.89
    """
    products, squares, number = sums
    if squares <= 0.0:
        return 1.0
    return 1.0 + 2.0 * max(0.0, products / squares - DOUBT * math.sqrt(LAGS / number))

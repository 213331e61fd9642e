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
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

LAGS = 6
CUT = 2.0
DOUBT = 2.0
"""Standard errors that are taken off."""
NOTHING = [0.0, 0.0, 0.0]


def add(sums: Floats, fade: float, slots: int, place: Ints, off: Floats, here: Mask) -> Floats:
    """The sums (products over all lags, squares, counts) of each series, a row each, with one more
    week of so many slots: the deviations, in standard deviations, of the counts that are `here` at
    those slots of it."""
    rows = np.arange(len(place))[:, None]
    number = np.maximum(here.sum(axis=1), 1)
    grid = np.zeros((len(place), slots + LAGS + 1))
    known = np.zeros(grid.shape, dtype=bool)
    place = np.where(here, place, slots + LAGS)  # what is no count goes beyond the week
    grid[rows, place] = np.clip(off, -CUT, CUT)
    known[rows, place] = True
    # The mean of the week was taken from every deviation, which correlates them by -1/n.
    mean = np.where(here, grid[rows, place], 0.0).sum(axis=1) / number
    grid = np.where(known, grid - mean[:, None], 0.0)[:, :-1]
    squares = (grid * grid).sum(axis=1)
    lags = [(grid[:, k:] * grid[:, :-k]).sum(axis=1) for k in range(1, LAGS + 1)]
    products = sum(lags, np.zeros(len(place))) + squares * LAGS / number
    return np.asarray(sums * fade + np.stack([products, squares, number], axis=-1))


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

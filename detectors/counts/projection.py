r"""What the next months of a count, share or mean bring, with intervals: by its level and season,
by the same month of the year before, and by how far each of these was out in the months before.

On a scale on which figures scatter alike whatever their level (:math:`z = \sqrt{y + 3/8}` of
counts, :math:`\arcsin\sqrt{y}` of shares, :math:`\log y` of means of durations), a month is a
level, its season, and chance:

.. math:: a_{t+h} = \ell_t + s_{m(t+h)}, \qquad
   \ell_t = \ell_{t-1} + \alpha\,(z_t - s_{m(t)} - \ell_{t-1}).

The season is that of the months beside the average of their year, from two whole years on, and no
more of it than is beyond chance: :math:`s_m` is shrunk by :math:`\max(0, 1 - 1/F)`, F being the
variance between months over that within them. The level stays where it is: of a count of crimes
no trend goes on for sure. The other is the seasonal naive forecast, :math:`b_{t+h} = z_{t+h-12}`,
which is hard to beat where a season is strong and few years are known. The projection is both,
each weighted by the squared errors of the other, as both would have been forecast from each month
before, one to six ahead.

The errors of that mean make the intervals: their variance :math:`h` months ahead is taken as
:math:`\sigma^2 (1 + (h-1)\alpha^2)`, and never below what chance alone has: 1/4 of a count,
1/(4n) of a share of n cases, the squared standard error of a mean over its square. With few origins
it is itself uncertain: Student's t with as many degrees of freedom.

References: exponential smoothing and its variance, Hyndman, Koehler, Ord and Snyder, Forecasting
with Exponential Smoothing (2008), chapter 6; weights by errors, Bates and Granger, Operational
Research Quarterly 20 (1969); the transformation, Anscombe, Biometrika 35 (1948); shrinkage, James
and Stein (1961).

>>> ahead = project([100] * 24, 3)
>>> [(round(each.value), round(each.low_95), round(each.high_95)) for each in ahead]
[(100, 79, 123), (100, 79, 124), (100, 78, 125)]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, inf, pi, sin, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors import special

Floats = NDArray[np.float64]
YEAR = 12
MONTHS_NEEDED = 18
"""Months below which nothing is projected."""
TRIED = 6
"""Months ahead that are forecast from each month before."""
TAILS = 0.1, 0.9, 0.025, 0.975
ALPHA = 0.3
"""How much of an error the level takes on."""
CHANCE = 0.25
"""The variance of the root of a Poisson count."""


class Scale(NamedTuple):
    """A scale: to it, and back from it."""

    to: Callable[[Floats], Floats]
    back: Callable[[float], float]


def _count(root: float) -> float:
    return max(0.0, max(0.0, root) ** 2 - 0.375)


def _share(angle: float) -> float:
    return sin(min(max(angle, 0.0), pi / 2)) ** 2


COUNTS = Scale(lambda counts: np.sqrt(counts + 0.375), _count)
SHARE_SCALE = Scale(lambda shares: np.arcsin(np.sqrt(shares)), _share)
MEANS = Scale(np.log, exp)


class Projected(NamedTuple):
    """A month ahead: the estimate, and the intervals that hold it with a chance of 80 and 95 %."""

    value: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float


def project(
    values: Sequence[float],
    ahead: int,
    alpha: float = ALPHA,
    scale: Scale = COUNTS,
    chance: float = CHANCE,
) -> list[Projected]:
    """The next `ahead` months, a year at most, after some in a row, oldest first. `chance` is the
    variance that chance alone has on the scale. Raises ValueError for fewer than `MONTHS_NEEDED`
    months, a figure below 0, a share above 1, or a mean of 0."""
    if len(values) < MONTHS_NEEDED or min(values) < 0 or not 0 < ahead <= YEAR:
        raise ValueError(
            f"up to a year is projected from {MONTHS_NEEDED} months, of no count below 0"
        )
    if (scale is SHARE_SCALE and max(values) > 1) or (scale is MEANS and min(values) == 0):
        raise ValueError("no share is above 1, and no mean 0")
    roots = np.asarray(scale.to(np.asarray(values, np.float64)))
    made, scales = [], []
    for origin in range(YEAR, len(roots)):
        came = roots[origin : origin + TRIED]
        made.append(_both(roots[:origin], len(came), alpha) - came)
        scales.append(_growth(len(came), alpha))
    errors, origins = np.concatenate(made, axis=1), len(made)
    squares = np.square(errors).sum(axis=1)
    weights = squares[::-1] / squares.sum() if squares.sum() > 0 else np.array([0.5, 0.5])
    left = float(np.square(weights @ errors).sum())
    variance = max(left / float(np.concatenate(scales).sum()), chance)
    found = []
    middle = weights @ _both(roots, ahead, alpha)
    for root, growth in zip(middle.tolist(), _growth(ahead, alpha).tolist(), strict=True):
        scatter = sqrt(variance * growth)
        ends = (scale.back(root + _student(each, origins) * scatter) for each in TAILS)
        found.append(Projected(scale.back(root), *ends))
    return found


def _growth(ahead: int, alpha: float) -> Floats:
    """By months ahead, the variance of an error beside that of the first."""
    return np.asarray(1.0 + np.arange(ahead) * alpha * alpha, np.float64)


def _both(roots: Floats, ahead: int, alpha: float) -> Floats:
    """By level and season, and by the year before: (method, months ahead)."""
    season, level = seasonal(roots), inf
    for place, root in enumerate(roots.tolist()):
        apart = root - season[place % YEAR]
        level = apart if level == inf else level + alpha * (apart - level)
    by_level = level + season[(len(roots) + np.arange(ahead)) % YEAR]
    return np.stack([by_level, roots[len(roots) - YEAR :][:ahead]])


def seasonal(roots: Floats) -> Floats:
    """How far each month of the year is above its year's average, from the first month on; nothing
    where fewer than two whole years are known, and no more than is beyond chance."""
    years = len(roots) // YEAR
    if years < 2:
        return np.zeros(YEAR)
    first = len(roots) - years * YEAR
    blocks = roots[first:].reshape(years, YEAR)
    apart = blocks - blocks.mean(axis=1, keepdims=True)
    means = apart.mean(axis=0)
    between = years * float(np.square(means).sum()) / (YEAR - 1)
    within = float(np.square(apart - means).sum()) / ((YEAR - 1) * (years - 1))
    kept = max(0.0, 1.0 - within / between) if between > 0 else 0.0
    return np.asarray(np.roll(kept * means, first), np.float64)


def _student(chance: float, freedom: int) -> float:
    return float(special.stdtrit(freedom, chance))

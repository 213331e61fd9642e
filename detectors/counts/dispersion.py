"""How far counts scatter about a week's own rate, learned as weeks complete, outliers set aside.

With m the mean of a point at its week's own rate, v the relative variance of its profile and d the
dispersion, (y - m)^2 / (m (1 + m v/d)) has mean d and relative variance 2 + (6(d - 1) + 1/d)/m for
a negative binomial count; points are weighted by the inverse, and the estimate's own relative
variance follows from the same formula. It is joined with a prior by their equivalent degrees of
freedom.

Used by `detectors.counts.expected`. Reference: McCullagh and Nelder (1989), section 4.5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors import special

Floats = NDArray[np.float64]

RARE = 1e-3  # a tail below this takes weight from a point


def own_rate(
    count: Floats, factor: Floats, spread: Floats, dispersion: float, *, known: bool
) -> tuple[float, Floats]:
    """A week's own rate, and the weights of its points; all are 1 while no profile is `known`."""
    weight = np.ones_like(count)
    own = float(count.sum() / max(float(factor.sum()), 1e-9))
    if not known or own <= 0.0:
        return own, weight
    for _ in range(4):
        mean = np.maximum(own * factor, 1e-9)
        size = 1.0 / np.maximum((dispersion - 1.0) / mean + spread, 1e-9)
        deviation = np.sqrt(mean + mean * mean / size)
        weight = np.ones_like(count)
        far = np.abs(count - mean) > 2.5 * deviation
        if not far.any():
            break
        y, m, k = count[far], mean[far], size[far]
        above = special.betainc(np.maximum(y, 1e-3), k, m / (k + m))
        below = special.betainc(k, y + 1.0, k / (k + m))
        tail = np.clip(np.minimum(above, below), 1e-280, 0.5)
        weight[far] = np.where(
            tail < RARE, (special.ndtri(RARE) / special.ndtri(np.minimum(tail, RARE))) ** 2, 1.0
        )
        own = float(weight @ count) / max(float(weight @ factor), 1e-9)
    return own, weight


def add(
    sums: list[float],
    fade: float,
    count: Floats,
    mean: Floats,
    spread: Floats,
    weight: Floats,
    dispersion: float,
) -> list[float]:
    """The sums (weighted squares, weights, variance of the former) with one more week."""
    mean = np.maximum(mean, 1e-9)
    known = 1.0 / (1.0 + mean * spread / dispersion)
    heavy = 1.0 + (3.0 * (dispersion - 1.0) + 0.5 / dispersion) / mean
    share = weight * known / heavy
    squares = (count - mean) ** 2 / mean * known
    free = 1.0 - 1.0 / (len(count) + 1.0)  # the week's own rate was taken from it
    return [
        sums[0] * fade + float(share @ squares),
        sums[1] * fade + float(share.sum()) * free,
        sums[2] * fade * fade + 2.0 * float((share * share) @ heavy),
    ]


def estimate(sums: list[float], prior: float, prior_weight: float) -> tuple[float, float]:
    """The dispersion and its relative variance.

    >>> [round(v, 3) for v in estimate([200.0, 100.0, 200.0], prior=1.5, prior_weight=4)]
    [1.981, 0.019]
    """
    squares, weights, noise = sums
    if weights <= 0.0 or noise <= 0.0:
        return max(1.0, prior), 2.0 / max(prior_weight, 1.0)
    degrees = 2.0 * weights * weights / noise
    together = (prior_weight * prior + degrees * squares / weights) / (prior_weight + degrees)
    return max(1.0, together), 2.0 / (prior_weight + degrees)

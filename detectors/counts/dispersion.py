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
Mask = NDArray[np.bool_]

RARE = 1e-3  # a tail below this takes weight from a point


def own_rate(
    count: Floats,
    factor: Floats,
    spread: Floats,
    here: Mask,
    dispersion: Floats,
    known: Mask,
) -> tuple[Floats, Floats]:
    """A week's own rate of each series, a row each, and the weights of its points: those that are
    `here`, elsewhere counts and factors are 0. All weights are 1 while no profile is `known`."""
    weight = here.astype(float)
    own = count.sum(-1) / np.maximum(factor.sum(-1), 1e-9)
    going = np.flatnonzero(known & (own > 0.0))
    for _ in range(4):
        if not len(going):
            break
        x, usual = count[going], factor[going]
        mean = np.maximum(own[going, None] * usual, 1e-9)
        size = 1.0 / np.maximum((dispersion[going, None] - 1.0) / mean + spread[going], 1e-9)
        far = here[going] & (np.abs(x - mean) > 2.5 * np.sqrt(mean + mean * mean / size))
        share = here[going].astype(float)
        share[far] = _share(x[far], mean[far], size[far])
        weight[going] = share
        own_now = (share * x).sum(-1) / np.maximum((share * usual).sum(-1), 1e-9)
        some = far.any(axis=1)
        own[going[some]] = own_now[some]
        going = going[some]
    return own, weight


def _share(count: Floats, mean: Floats, size: Floats) -> Floats:
    """How much of a count that is far off is taken."""
    above = special.betainc(np.maximum(count, 1e-3), size, mean / (size + mean))
    below = special.betainc(size, count + 1.0, size / (size + mean))
    tail = np.clip(np.minimum(above, below), 1e-280, 0.5)
    shares = (special.ndtri(RARE) / special.ndtri(np.minimum(tail, RARE))) ** 2
    return np.asarray(np.where(tail < RARE, shares, 1.0))


def add(
    sums: Floats,
    fade: float,
    count: Floats,
    mean: Floats,
    spread: Floats,
    weight: Floats,
    dispersion: Floats,
    number: Floats,
) -> Floats:
    """The sums (weighted squares, weights, variance of the former) of each series, a row each, with
    one more week of so many points; what is no point has a weight of 0."""
    mean, dispersion = np.maximum(mean, 1e-9), dispersion[:, None]
    known = 1.0 / (1.0 + mean * spread / dispersion)
    heavy = 1.0 + (3.0 * (dispersion - 1.0) + 0.5 / dispersion) / mean
    share = weight * known / heavy
    squares = (count - mean) ** 2 / mean * known
    free = 1.0 - 1.0 / (number + 1.0)  # the week's own rate was taken from it
    more = (share * squares).sum(-1), share.sum(-1) * free, 2.0 * (share * share * heavy).sum(-1)
    return np.asarray(sums * np.array([fade, fade, fade * fade]) + np.stack(more, axis=-1))


def estimate(sums: Floats, prior: float, prior_weight: float) -> tuple[Floats, Floats]:
    """The dispersion of each series, and its relative variance.

    >>> found = estimate(np.array([[200.0, 100.0, 200.0]]), prior=1.5, prior_weight=4)
    >>> [round(float(each[0]), 3) for each in found]
    [1.981, 0.019]
    """
    squares, weights, noise = sums.T
    known = (weights > 0.0) & (noise > 0.0)
    weights, noise = np.where(known, weights, 1.0), np.where(known, noise, 1.0)
    degrees = np.where(known, 2.0 * weights * weights / noise, 0.0)
    together = (prior_weight * prior + degrees * squares / weights) / (prior_weight + degrees)
    together = np.where(known, together, prior)
    spread = np.where(known, 2.0 / (prior_weight + degrees), 2.0 / max(prior_weight, 1.0))
    return np.maximum(1.0, together), spread

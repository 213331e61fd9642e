"""The weekly shape of a count: a factor for each slot, shrunk to hour of day times day of week.

For slot s of hour h and day d, with faded count C_s and faded expectation E_s without a profile
(each week's own rate, so that a busy week has no say in the shape), the factor is

    f_s = g_h  u_d  r_s,        r_s ~ Gamma(mean 1, relative variance q),

g and u by iterated proportional fitting with weak gamma priors, and r by its conjugate posterior,
(1/q + C_s/D) / (1/q + E_s g_h u_d / D), D the dispersion. How far the shape is from hour times day,
q, is found by moments: Pearson's excess over all slots; a slot more than three standard deviations
from hour times day has its own, so that the one loud night of a week is not shrunk away. The
relative variance of f_s is the sum of those of g, u and r. With one slot a day there is only u.

Sibling of `detectors.counts.weekly.level`; both are put together by `detectors.counts.expected`.
Reference: Clayton and Kaldor (1987), Biometrics 43, 671-681 (gamma-Poisson shrinkage).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEAK = 1.0  # shape of the prior of an hour's and a day's factor: a relative variance of 1
MILD = 0.01  # the variance q before any data, worth PRIOR slots
PRIOR = 20.0
FAR = 3.0  # standard deviations


def fit_profile(
    counts: Floats, expected: Floats, *, slots_a_day: int, dispersion: float
) -> tuple[Floats, Floats]:
    """The factor of each slot, on average 1, and its relative variance.

    >>> even = np.full(7, 100.0)
    >>> factors, spread = fit_profile(even * [1, 1, 1, 1, 1, 2, 0], even,
    ...     slots_a_day=1, dispersion=1.0)
    >>> [round(float(f), 2) for f in factors], round(float(spread[5]), 3)
    ([1.0, 1.0, 1.0, 1.0, 1.0, 1.99, 0.01], 0.005)
    """
    count = counts.reshape(-1, slots_a_day) / dispersion
    even = expected.reshape(-1, slots_a_day) / dispersion
    hour, day = np.ones((1, slots_a_day)), np.ones((len(count), 1))
    hour_spread = np.zeros_like(hour)
    day_spread = np.zeros_like(day)
    rounds = 4 if slots_a_day > 1 else 1
    for _ in range(rounds):
        if slots_a_day > 1:
            shape = WEAK + count.sum(axis=0, keepdims=True)
            hour = shape / (WEAK + (even * day).sum(axis=0, keepdims=True))
            hour_spread = 1.0 / shape
        shape = WEAK + count.sum(axis=1, keepdims=True)
        day = shape / (WEAK + (even * hour).sum(axis=1, keepdims=True))
        day_spread = 1.0 / shape
    factor = hour * day
    spread = hour_spread + day_spread
    if slots_a_day > 1:
        fitted = even * factor
        own = _own_variance(count, fitted)
        gap = (count - fitted) ** 2
        apart = np.maximum(gap - fitted, 0.0) / np.maximum(fitted, 1e-9) ** 2
        shape = 1.0 / np.where(gap > FAR**2 * fitted, np.maximum(own, apart), own)
        factor = factor * (shape + count) / (shape + fitted)
        spread = spread + 1.0 / (shape + count)
    factor, spread = factor.ravel(), np.minimum(spread.ravel(), 1.0)
    return factor / factor.mean(), spread


def _own_variance(count: Floats, fitted: Floats) -> float:
    """The variance q of the slots' own factors; count and fitted are over the dispersion."""
    squares = float((fitted * fitted).sum())
    noise = float(fitted.sum())
    free = (count.shape[0] - 1) * (count.shape[1] - 1) / count.size
    excess = float(((count - fitted) ** 2).sum()) / max(free, 0.1) - noise
    # The moment estimate has about the precision of the noise; the prior is worth PRIOR slots.
    held = PRIOR * (noise / count.size) ** 2 + 1e-12
    variance = (max(excess, 0.0) + MILD * held) / (squares + held)
    return float(min(max(variance, 1e-6), 1.0))

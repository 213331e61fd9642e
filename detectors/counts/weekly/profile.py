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
    counts: Floats, expected: Floats, *, slots_a_day: int, dispersion: Floats
) -> tuple[Floats, Floats]:
    """The factor of each slot, on average 1, and its relative variance: of every series, a row
    each.

    >>> even = np.full((1, 7), 100.0)
    >>> factors, spread = fit_profile(even * [1, 1, 1, 1, 1, 2, 0], even,
    ...     slots_a_day=1, dispersion=np.ones(1))
    >>> [round(float(f), 2) for f in factors[0]], round(float(spread[0, 5]), 3)
    ([1.0, 1.0, 1.0, 1.0, 1.0, 1.99, 0.01], 0.005)
    """
    days, by = (len(counts), -1, slots_a_day), dispersion[:, None, None]
    count, even = counts.reshape(days) / by, expected.reshape(days) / by
    hour, day = np.ones((len(counts), 1, slots_a_day)), np.ones((*count.shape[:2], 1))
    hour_spread = np.zeros_like(hour)
    day_spread = np.zeros_like(day)
    rounds = 4 if slots_a_day > 1 else 1
    for _ in range(rounds):
        if slots_a_day > 1:
            shape = WEAK + count.sum(axis=1, keepdims=True)
            hour = shape / (WEAK + (even * day).sum(axis=1, keepdims=True))
            hour_spread = 1.0 / shape
        shape = WEAK + count.sum(axis=2, keepdims=True)
        day = shape / (WEAK + (even * hour).sum(axis=2, keepdims=True))
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
    factor = factor.reshape(len(counts), -1)
    spread = np.minimum(spread.reshape(len(counts), -1), 1.0)
    return factor / factor.mean(axis=1, keepdims=True), spread


def _own_variance(count: Floats, fitted: Floats) -> Floats:
    """The variance q of the slots' own factors of each series; count and fitted are over the
    dispersion."""
    _, days, hours = count.shape
    size = days * hours

    def whole(values: Floats) -> Floats:
        return np.asarray(values.reshape(len(values), size).sum(axis=1))

    squares, noise = whole(fitted * fitted), whole(fitted)
    free = (days - 1) * (hours - 1) / size
    excess = whole((count - fitted) ** 2) / max(free, 0.1) - noise
    # The moment estimate has about the precision of the noise; the prior is worth PRIOR slots.
    held = PRIOR * (noise / size) ** 2 + 1e-12
    variance = (np.maximum(excess, 0.0) + MILD * held) / (squares + held)
    return np.asarray(np.minimum(np.maximum(variance, 1e-6), 1.0)[:, None, None])

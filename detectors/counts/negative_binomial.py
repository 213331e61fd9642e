"""Limits and tail of a new count whose mean and dispersion (variance over mean) are given.

A dispersion phi above 1 is a negative binomial with variance phi * mean, that is with size
mean / (phi - 1) and probability 1 / phi; phi = 1 is a Poisson. Both tails come from the incomplete
beta and gamma functions, exact far out:

    P(Y <= k) = I[1/phi](size, k + 1)        or  Q(k + 1, mean),
    P(Y >= k) = I[1 - 1/phi](k, size)        or  P(k, mean).

A normal on a power scale, y^p with p of 1, 1/2 or 2/3, is the approximation of Farrington et al.
(1996): its standard deviation is p * mean^(p - 1/2) * sqrt(tau), with tau the dispersion of the new
count plus that of the estimated mean.

>>> quantile(0.99, mean=10.0, phi=2.0), quantile(0.99, mean=10.0, phi=1.0)
(23.0, 18.0)
>>> round(tail(23, mean=10.0, phi=2.0), 5)
0.01003
"""

from __future__ import annotations

import math

from detectors import special

POISSON_BELOW = 1.0 + 1e-8
"""Below this dispersion a negative binomial is a Poisson to more digits than are computed."""
ROUNDING = 1.0 - 64 * 2.0**-52
"""A quantile is not one higher because the distribution function was rounded down."""


def cumulative(count: float, *, mean: float, phi: float) -> float:
    """P(Y <= count), for a whole count from 0 on."""
    if phi < POISSON_BELOW:
        return float(special.gammaincc(count + 1.0, mean))
    return float(special.betainc(mean / (phi - 1.0), count + 1.0, 1.0 / phi))


def tail(count: float, *, mean: float, phi: float) -> float:
    """P(Y >= count)."""
    if count <= 0:
        return 1.0
    count = float(math.ceil(count))
    if phi < POISSON_BELOW:
        return float(special.gammainc(count, mean))
    return float(special.betainc(count, mean / (phi - 1.0), 1.0 - 1.0 / phi))


def quantile(probability: float, *, mean: float, phi: float) -> float:
    """The smallest whole count k with P(Y <= k) >= probability."""
    target = probability * ROUNDING
    below, above = -1.0, math.ceil(mean + 3.0 * math.sqrt(mean * phi)) + 1.0
    while cumulative(above, mean=mean, phi=phi) < target:
        below, above = above, 2.0 * above
    while above - below > 1.0:
        middle = math.floor((below + above) / 2.0)
        if not below < middle < above:
            break  # so large that neighbouring whole numbers are one float
        if cumulative(middle, mean=mean, phi=phi) >= target:
            above = float(middle)
        else:
            below = float(middle)
    return above


def power_limits(
    *, mean: float, tau: float, alpha: float, exponent: float
) -> tuple[float, float, float]:
    """Lower and upper limit, and the standard deviation on the power scale."""
    deviation = exponent * mean ** (exponent - 0.5) * math.sqrt(tau)
    half = -float(special.ndtri(alpha)) * deviation
    centre = mean**exponent
    low, high = sorted((centre - half, centre + half))
    return max(low, 0.0) ** (1 / exponent), max(high, 0.0) ** (1 / exponent), deviation


def power_tail(count: float, *, mean: float, deviation: float, exponent: float) -> float:
    """The probability beyond a count, of the normal on the power scale."""
    if deviation == 0:
        return float(count <= mean)
    return float(special.ndtr((mean**exponent - count**exponent) / deviation))

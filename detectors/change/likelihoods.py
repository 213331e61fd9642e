"""How much better a segment is explained by its own mean than by a given one.

Each function takes a segment's exposure e and total s and a mean m per unit of exposure, and gives
the log of the likelihood ratio of the segment at its own mean s/e against m (natural logarithm, at
least 0). With the same m for all segments these add up, so a change from one unknown level to
another is worth the sum over its two parts against the mean of the whole.

- `poisson`: counts; s log(s / (e m)) - s + e m. Exact.
- `negative_binomial`: counts with variance m + m^2 / r for a known size r per unit of exposure
  (a point of exposure e has size e r, so its dispersion 1 + m / r is the same for all):
  s log(M / m) - (s + e r) log((M + r) / (m + r)) with M = s / e. Exact.
- Dispersed counts with variance phi m: the Poisson figure divided by phi. A quasi-likelihood: the
  scale is right, but there is no likelihood behind it.
- `gaussian`: sums of measurements with a known standard deviation sd per unit of exposure:
  e (s/e - m)^2 / (2 sd^2). Exact; for durations take logarithms first.

Each `..._split` finds, among the ends of the first, second, ... block, the one that divides a
series best. An update of `focus.py` spends its time here, so they leave out what cancels over the
two parts, and take no logarithm where a bound shows that a division can't be the best. With M a
segment's own mean, log x <= x - 1 gives at most e (M - m)^2 / m for Poisson counts; and because the
variance V grows with the mean, negative binomial ones give at most e (M - m)^2 / (2 V(min(M, m))).

The likelihoods of `focus.py`, and of the segments in `glr.py`. Reference: Ward, Dilillo, Eckley
and Fearnhead (2022), "Poisson-FOCuS", arXiv:2208.01494.

>>> round(poisson(1.0, 3.0, 1.0), 6)  # 3 log 3 - 2
1.295837
>>> round(negative_binomial(1.0, 3.0, 1.0, 1e12), 6)
1.295837
>>> gaussian(4.0, 6.0, 1.0, 1.0)
0.5
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import log, log1p

Division = tuple[float, int, float, float]
"""The log-likelihood ratio, the blocks before the change, the mean after it and before it."""

NO_DIVISION: Division = (0.0, 0, 0.0, 0.0)


def poisson(exposure: float, total: float, mean: float) -> float:
    """The log-likelihood ratio of a Poisson segment at its own mean against `mean`."""
    expected = exposure * mean
    if total <= 0.0:
        return expected
    gain = total * log(total / expected) - total + expected
    return max(0.0, gain)


def negative_binomial(exposure: float, total: float, mean: float, size: float) -> float:
    """The same with variance m + m^2 / size."""
    own = total / exposure
    gain = -(total + exposure * size) * log1p((own - mean) / (mean + size))
    if total > 0.0:
        gain += total * log(own / mean)
    return max(0.0, gain)


def gaussian(exposure: float, total: float, mean: float, sd: float) -> float:
    """The log-likelihood ratio of normal points with a known standard deviation."""
    distance = (total / exposure - mean) / sd
    return 0.5 * exposure * distance * distance


def poisson_split(
    exposures: Sequence[float], totals: Sequence[float], dispersion: float
) -> Division:
    """The best division of a Poisson series in two."""
    es, ss = list(accumulate(exposures)), list(accumulate(totals))
    mean = ss[-1] / es[-1]
    exposure = total = 0.0
    best, found = 0.0, NO_DIVISION[1:]
    for i in range(len(es) - 1, 0, -1):
        exposure += exposures[i]
        total += totals[i]
        exposure_before, expected = es[i - 1], exposure * mean
        excess = total - expected
        if excess * excess * es[-1] <= best * expected * exposure_before:
            continue
        before = ss[i - 1]
        value = total * log(total / expected) if total > 0.0 else 0.0
        if before > 0.0:
            value += before * log(before / (exposure_before * mean))
        if value > best:
            best, found = value, (i, total / exposure, before / exposure_before)
    return (best / dispersion, *found)


def negative_binomial_split(
    exposures: Sequence[float], totals: Sequence[float], size: float
) -> Division:
    """The best division of a negative binomial series in two."""
    es, ss = list(accumulate(exposures)), list(accumulate(totals))
    mean = ss[-1] / es[-1]
    mean_size = mean + size
    whole = 0.5 * size * es[-1]
    exposure = total = 0.0
    best, found = 0.0, NO_DIVISION[1:]
    for i in range(len(es) - 1, 0, -1):
        exposure += exposures[i]
        total += totals[i]
        exposure_before, before = es[i - 1], ss[i - 1]
        excess = total - exposure * mean
        low = before / exposure_before if excess > 0.0 else total / exposure
        bound = best * low * (low + size) * exposure * exposure_before
        if excess * excess * whole <= bound:
            continue
        sizes, sizes_before = size * exposure + total, size * exposure_before + before
        value = -sizes * log(sizes / (exposure * mean_size))
        value -= sizes_before * log(sizes_before / (exposure_before * mean_size))
        if total > 0.0:
            value += total * log(total / (exposure * mean))
        if before > 0.0:
            value += before * log(before / (exposure_before * mean))
        if value > best:
            best, found = value, (i, total / exposure, before / exposure_before)
    return (best, *found)


def gaussian_split(exposures: Sequence[float], totals: Sequence[float], sd: float) -> Division:
    """The best division of a normal series in two."""
    es, ss = list(accumulate(exposures)), list(accumulate(totals))
    scale = 0.5 / (sd * sd * es[-1])
    exposure = total = 0.0
    best, found = 0.0, NO_DIVISION[1:]
    for i in range(len(es) - 1, 0, -1):
        exposure += exposures[i]
        total += totals[i]
        exposure_before = es[i - 1]
        level, level_before = total / exposure, ss[i - 1] / exposure_before
        distance = level - level_before
        value = distance * distance * exposure * exposure_before * scale
        if value > best:
            best, found = value, (i, level, level_before)
    return (best, *found)

r"""The counts of the next hours: what the week has learned, times how busy it is now.

What an hour usually brings, :math:`m_t`, is known (`detectors.counts.expected`). A day may be
busier than that, and stays so for a while: the level :math:`L_t` about 1 is taken to go back to it
hour by hour,

.. math:: L_{t+1} - 1 = \varphi\,(L_t - 1) + w_t, \qquad \operatorname{var} L_t = v, \qquad
   c_t = m_t L_t + e_t, \quad \operatorname{var} e_t = d\,m_t,

so that hours :math:`k` apart have the covariance :math:`m_t m_{t+k} v \varphi^k`. From these
products :math:`v` and :math:`\varphi` are found by least squares, and :math:`d`, at least 1, from
what is left of the squares (`swing`). The level now is the best linear estimate from the hours so
far (Kalman's filter), and :math:`h` hours ahead

.. math:: E L = 1 + \varphi^h (\hat L - 1), \qquad
   \operatorname{var} L = v - \varphi^{2h} (v - P),

:math:`P` being the variance of the estimate. Both go into the distribution of a count that is still
to come (`detectors.counts.predictive`), beside what is not known of the week itself.

An event, such as a storm or a motorway that is closed, is no swing of an ordinary day: by that rule
it would be taken for noise, and the next hour for a usual one. So where the sum of some of the last
hours is beyond what ordinary days bring once in ten thousand times (`departure`), what they brought
over what was expected, :math:`r`, is carried on. When it ends is not known: of each hour it is
taken to last into the next with the chance :math:`q`, so that

.. math:: E L = 1 + q^h (r - 1), \qquad
   \operatorname{var} L = q^h P_r + (1 - q^h)\, v + q^h (1 - q^h) (r - 1)^2,

the last term being that it may be over by then, or not. A fall is noted, and not carried on: that
would ask for fewer handlers than an ordinary night needs.

References: Whitt and Zhang, Operations Research for Health Care 1 (2019), and Ibrahim, Ye, L'Ecuyer
and Shen, International Journal of Forecasting 32 (2016), on the correlation of calls within a day;
Harvey, Forecasting, Structural Time Series Models and the Kalman Filter (1989), the filter.

>>> usual = [30.0] * 48
>>> day = [30, 28, 33, 31, 27, 30, 29, 32] * 5 + [44, 42, 45, 47, 43, 46, 44, 45]
>>> found = swing(day, usual)
>>> now = level(day, usual, found)
>>> hours = hours_ahead(now, found, [Predictive(30.0)] * 3)
>>> [round(hour.mean) for hour in hours], hours[0].limits(0.1)
([39, 37, 35], (29, 50))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.counts.predictive import Predictive

Floats = NDArray[np.float64]
LAGS = 24
"""Hours apart that are held against each other."""
KEPT = np.arange(0.02, 0.995, 0.01)
"""The values of phi that are tried."""
MAD = 1.4826
"""The standard deviation beside the median of absolute deviations, where these are normal."""
FAR = 4.0
"""Standard deviations at which a deviation is cut, so that one burst is not taken for the rule."""
LEAST = 0.05
"""The least level: an hour is never expected to bring nothing because the last ones did not."""


DEPARTED = 1e-4
"""The chance of so many, or so few, on an ordinary day at which the last hours have departed."""
LAST_HOURS = 6
"""Of so many hours together it is looked for."""
LASTS = 0.7
"""The chance that a departure lasts into the next hour: of those of the Anonymous Bank and of
Dublin Fire Brigade the errors of twelve hours were least at that (`benchmarks/hours_ahead.py`)."""


class Swing(NamedTuple):
    """How the level of a day swings: its variance, how much of it is kept from hour to hour, and
    the variance over mean of the counts about it."""

    variance: float
    kept: float
    dispersion: float


class LevelNow(NamedTuple):
    """The level now, 1 as usual, and the variance of that estimate."""

    value: float
    variance: float


class Departure(NamedTuple):
    """The last hours, so many, which brought another number than ordinary days do."""

    hours: int
    observed: float
    expected: float

    @property
    def ratio(self) -> float:
        """What came over what was expected, by one count nearer to 1."""
        return (self.observed + 1.0) / (self.expected + 1.0)


def swing(counts: Sequence[float | None] | Floats, usual: Sequence[float] | Floats) -> Swing:
    """How the level swings, by hours in a row: counts (None or nan: not known) and what was usual.
    Raises ValueError where these are not as many, or a usual count is below 0."""
    count, mean = _both(counts, usual)
    known = np.isfinite(count) & (mean > 0)
    scale = np.sqrt(np.maximum(mean, 1e-9))
    off = np.where(known, np.where(known, count, 0.0) - mean, 0.0)
    spread = MAD * float(np.median(np.abs(off / scale)[known])) if known.any() else 1.0
    most = FAR * max(spread, 1.0) * scale
    off = np.clip(off, -most, most)
    mean = np.where(known, mean, 0.0)
    lags = range(1, min(LAGS, len(mean) - 1) + 1)
    weights = np.array([mean[k:] @ mean[:-k] for k in lags])
    products = np.array([off[k:] @ off[:-k] for k in lags])
    variance, kept = _fitted(products, weights)
    left = float(off @ off) - variance * float(mean @ mean)
    return Swing(variance, kept, max(1.0, left / max(float(mean.sum()), 1e-9)))


def _fitted(products: Floats, weights: Floats) -> tuple[float, float]:
    """The variance and what is kept of it, by the sums of products so many hours apart and what
    they would be at a variance of 1: least squares, each lag by its weight."""
    if not len(weights) or weights.sum() <= 0.0:
        return 0.0, 0.0
    shapes = KEPT[:, None] ** np.arange(1, len(weights) + 1)
    variances = np.maximum(0.0, shapes @ products / (np.square(shapes) @ weights))
    gained = 2.0 * variances * (shapes @ products) - np.square(variances) * (
        np.square(shapes) @ weights
    )
    best = int(gained.argmax())
    return float(variances[best]), float(KEPT[best])


def level(
    counts: Sequence[float | None] | Floats, usual: Sequence[float] | Floats, by: Swing
) -> LevelNow:
    """The level after some hours in a row, the last of them the latest."""
    count, mean = _both(counts, usual)
    value, variance = 1.0, by.variance
    for each, expected in zip(count.tolist(), mean.tolist(), strict=True):
        value = 1.0 + by.kept * (value - 1.0)
        variance = by.variance - by.kept**2 * (by.variance - variance)
        if expected > 0.0 and each == each and variance > 0.0:  # noqa: PLR0124 - nan is not itself
            gain = variance * expected / (variance * expected + by.dispersion)
            value += gain * (each / expected - value)
            variance *= 1.0 - gain
    return LevelNow(value, variance)


def departure(
    counts: Sequence[float | None] | Floats, usual: Sequence[Predictive], by: Swing
) -> Departure | None:
    """Whether the last hours, of which the last is the latest, departed from what ordinary days
    bring: of one hour to `LAST_HOURS` those that did most. None where none did, and of hours before
    one that is not known."""
    found, furthest = None, 0.0
    observed = expected = spread = 0.0
    last = list(zip(counts, usual, strict=True))[: -LAST_HOURS - 1 : -1]
    for hours, (count, each) in enumerate(last, start=1):
        if count is None or count != count:  # noqa: PLR0124 - nan is not itself
            break
        observed, expected = observed + count, expected + each.mean
        spread += each.mean * float(np.sqrt(each.spread))
        if expected <= 0.0:
            continue
        ordinary = by.variance + (spread / expected) ** 2
        low, high = Predictive(expected, ordinary, by.dispersion, 0.0).limits(DEPARTED)
        deviation = float(np.sqrt(by.dispersion * expected + ordinary * expected**2))
        far = abs(observed - expected) / deviation
        if not low <= observed <= high and far > furthest:
            found, furthest = Departure(hours, observed, expected), far
    return found


def hours_ahead(
    now: LevelNow, by: Swing, usual: Sequence[Predictive], departed: Departure | None = None
) -> list[Predictive]:
    """What the hours after the last one bring, each with what is usual of it; where the last ones
    have `departed` upwards, with that carried on."""
    found = []
    ratio = 1.0 if departed is None else departed.ratio
    for ahead, each in enumerate(usual, start=1):
        if departed is not None and ratio > 1.0:
            kept = LASTS**ahead
            value = 1.0 + kept * (ratio - 1.0)
            error = ratio * by.dispersion / departed.expected if departed.expected else 0.0
            variance = kept * error + (1.0 - kept) * by.variance
            variance += kept * (1.0 - kept) * (ratio - 1.0) ** 2
        else:
            kept = by.kept**ahead
            value = max(LEAST, 1.0 + kept * (now.value - 1.0))
            variance = by.variance - kept**2 * (by.variance - now.variance)
        spread = each.spread + variance / value**2
        found.append(Predictive(each.mean * value, spread, by.dispersion, 0.0))
    return found


def _both(
    counts: Sequence[float | None] | Floats, usual: Sequence[float] | Floats
) -> tuple[Floats, Floats]:
    count = np.array([np.nan if each is None else each for each in counts], np.float64)
    mean = np.asarray(usual, np.float64)
    if count.shape != mean.shape or (mean < 0.0).any():
        raise ValueError("counts and what is usual are as many, and nothing usual is below 0")
    return count, mean

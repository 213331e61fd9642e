"""The mean of a seasonal count and how well it is known, from all of its history, surges set aside.

With t the years since now (so negative), the count of a point at t has

    log(mean) = a + b t + sum over h = 1..H of c_h cos(2 pi h t) + s_h sin(2 pi h t),
    variance = d mean,     b ~ N(0, TREND^2),  c_h, s_h ~ N(0, SEASON^2),

a regression with log link, fitted by Newton's method (quasi-Poisson). Five to
twelve years give so smooth a season some hundreds of points, where a factor for each time of
year has some dozens for the one that matters; the priors let a short history carry the uncertainty
of a season and trend that it has not seen. Half a count is added to the whole of the history
(Jeffreys' prior of a Poisson mean), so that one without any count still gives a mean.

Points with a tail p below 1 in 100 count less, by (2.33/z)^2 with z the normal quantile of p, and
every point by a half for each `half_life` of its age (the covariance is then that of as many points
as the weights add up to). The dispersion d, at least 1, and its own relative variance come from the
same points (`detectors.counts.dispersion`).

Its sibling `detectors.counts.weekly.level` follows the weekly level of hours and days, whose season
is weak and whose history short. Used by `detectors.counts.seasonal_scan`. References: McCullagh and
Nelder, Generalized Linear Models (1989), chapter 9; Noufaily et al., Statistics in Medicine 32
(2013) 1206-1222, for the reweighting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detectors import special
from detectors.counts import dispersion
from detectors.counts.predictive import LARGEST_COUNT, Predictive

Floats = NDArray[np.float64]

TREND = 0.5
"""Standard deviation of a year's trend on the log scale, before any is seen."""
SEASON = 0.7
"""Standard deviation of each harmonic's swing on the log scale, before any is seen."""
PRIOR_DISPERSION, PRIOR_POINTS = 1.5, 4.0
RARE = 0.01  # a tail below this takes weight from a point
REWEIGHTED = 6  # times, at most, that weights and dispersion are found anew
SETTLED = 0.02  # change of a weight below which the weights are found
ROUNDS = 30  # at most, of a regression
CLOSE = 1e-3  # change of an effect below which a regression is done: its error is the square
STEP = 2.0  # what an effect may move by in a round
FARTHEST = 60.0  # what a logarithm of a mean may be


@dataclass(frozen=True, slots=True)
class SeasonalMean:
    """A regression: effects with their covariance, dispersion with its relative variance."""

    effects: Floats
    covariance: Floats
    dispersion: float
    dispersion_spread: float
    period: float

    def ahead(self, lags: Sequence[int]) -> Predictive:
        """What to expect of these points together, given by their age (0: now)."""
        harmonics = len(self.effects) // 2 - 1
        design = np.array([_row(lag, self.period, harmonics) for lag in lags])
        means = np.exp(np.clip(design @ self.effects, -FARTHEST, FARTHEST))
        total = float(means.sum())
        slope = means @ design / total  # of the logarithm of the sum by the effects
        spread = float(slope @ self.covariance @ slope)
        return Predictive(
            min(total, LARGEST_COUNT), spread, self.dispersion, self.dispersion_spread
        )


@lru_cache(maxsize=4096)
def _row(lag: int, period: float, harmonics: int) -> tuple[float, ...]:
    """1, years, then cosine and sine of each harmonic."""
    years = -lag / period
    turns = [2.0 * math.pi * h * years for h in range(1, harmonics + 1)]
    return (1.0, years, *(wave(turn) for turn in turns for wave in (math.cos, math.sin)))


@lru_cache(maxsize=8)
def _design(lags: range, period: float, harmonics: int) -> Floats:
    return np.array([_row(lag, period, harmonics) for lag in lags])


def fit_mean(
    counts: Sequence[float | None],
    *,
    period: float,
    harmonics: int = 2,
    half_life: float = 4.0,
    skip: int = 0,
) -> SeasonalMean:
    """The regression on these counts, oldest first, None where missing.

    period: points a year (52.18 for weeks, 12 for months); half_life: in years; skip: points
    between the last count and now.

    >>> fit = fit_mean([20.0, 24.0, 31.0, 18.0] * 30, period=12, harmonics=1)
    >>> ahead = fit.ahead([0])
    >>> round(ahead.mean, 1), round(ahead.spread, 4), round(ahead.dispersion, 2)
    (23.2, 0.0056, 1.1)
    """
    known = np.array(counts, dtype=float)  # None becomes nan
    lags = range(len(counts) + skip, skip, -1)
    there = ~np.isnan(known)
    count = np.minimum(known[there], LARGEST_COUNT)
    if not len(count):
        raise ValueError("no counts to learn from")
    design = _design(lags, period, harmonics)[there]
    fade = 0.5 ** (-design[:, 1] / half_life)
    fade /= fade.max()
    precision = np.array([0.0, TREND**-2] + [SEASON**-2] * (2 * harmonics))
    effects = np.zeros(len(precision))
    effects[0] = math.log((fade @ count + 0.5) / fade.sum())
    robust = np.ones_like(count)
    d = PRIOR_DISPERSION
    for _ in range(REWEIGHTED):
        weight = fade * robust
        effects, covariance = _regress(design, count, weight / d, precision, effects)
        mean = np.exp(np.clip(design @ effects, -FARTHEST, FARTHEST))
        d, d_spread = _dispersion(count, mean, weight, d)
        before, robust = robust, _robust(count, mean, d)
        if np.abs(robust - before).max() < SETTLED:
            break
    return SeasonalMean(effects, covariance, d, d_spread, period)


def _regress(
    design: Floats, count: Floats, weight: Floats, precision: Floats, effects: Floats
) -> tuple[Floats, Floats]:
    """Effects and covariance for these weights and a normal prior about 0."""
    count = count + 0.5 / len(count)
    prior = np.diag(precision)
    for _ in range(ROUNDS):
        mean = weight * np.exp(np.clip(design @ effects, -FARTHEST, FARTHEST))
        covariance = np.asarray(
            np.linalg.inv(design.T @ (design * mean[:, None]) + prior), np.float64
        )
        change = covariance @ ((weight * count - mean) @ design - precision * effects)
        size = float(np.abs(change).max())
        effects = effects + change * min(1.0, STEP / size if size else 1.0)
        if size < CLOSE:
            break
    return effects, covariance


def _dispersion(count: Floats, mean: Floats, weight: Floats, d: float) -> tuple[float, float]:
    count, mean, weight = count[None], mean[None], weight[None]
    number = np.array([float(count.shape[1])])
    none, sure = np.zeros((1, 3)), np.zeros_like(mean)
    sums = dispersion.add(none, 1.0, count, mean, sure, weight, np.array([d]), number)
    found, spread = dispersion.estimate(sums, PRIOR_DISPERSION, PRIOR_POINTS)
    return float(found[0]), float(spread[0])


def _robust(count: Floats, mean: Floats, d: float) -> Floats:
    """The weights of points by their tails."""
    weight = np.ones_like(count)
    far = np.abs(count - mean) > 2.0 * np.sqrt(d * mean)
    if far.any():
        y, m = count[far], mean[far]
        size = 1.0 / np.maximum((d - 1.0) / m, 1e-9)
        above = special.betainc(np.maximum(y, 1e-3), size, m / (size + m))
        below = special.betainc(size, y + 1.0, size / (size + m))
        tail = np.clip(np.minimum(above, below), 1e-280, RARE)
        weight[far] = (special.ndtri(RARE) / special.ndtri(tail)) ** 2
    return weight

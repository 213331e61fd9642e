"""The slow part of an expected count: level, trend and season from weekly totals, surges set aside.

Week b has count C and exposure E (the sum of its slots' profile, so that gaps are allowed for).
With t its age in weeks, negative, and w = 2 pi / 52.18,

    log(mean of C / E) = a + b t/52 + c cos(w t) + s sin(w t),     b, c, s ~ N(0, prior),

is fitted by weighted least squares, repeated (quasi-Poisson with log link). The priors let a short
history carry the uncertainty of a season that it has not seen. Weights are the product of

- the information mu / (d + q mu): dispersion d, and q, the variance that weeks share as wholes;
- forgetting, a half for each half-life of age;
- robustness: 1 where a week's standardised residual r, or that of the five weeks around it as one,
  is within 2.58 times its robust scale, else the square (of a run, the fourth power) of that
  over r, after Farrington's rule. The
  first rounds fit absolute deviations, in the first year of a level alone, so that a surge of two
  months can make itself neither level nor season; a change that stays becomes the level when it
  holds more than half of the weight.

Sibling of `detectors.profile`; both are put together by `detectors.expected`.
References: Farrington et al. (1996), JRSS A 159, 547-563; Noufaily et al. (2013), Stat Med 32,
1206-1222; McCullagh and Nelder, Generalized Linear Models (1989), chapter 9.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

YEAR = 52.1775  # weeks
FAR = 2.58
WINDOW = 5
LEAST = 10.0  # weighted counts below which only a level is fitted


@dataclass(frozen=True, slots=True)
class Level:
    """The rate for the week to come, and how sure.

    rate: expected count for an exposure of 1; spread: its relative variance, that of one week to
    the next included; yearly: change a year, as a factor; weights: robustness, one for each week.
    """

    rate: float
    spread: float
    yearly: float
    weights: list[float]


def fit_level(
    counts: Sequence[float],
    exposures: Sequence[float],
    *,
    dispersion: float,
    half_life: float,
    trend_sd: float = 0.1,
    season_sd: float = 0.15,
) -> Level:
    """The level of the week after the last; weeks with no exposure count as gaps.

    >>> fit = fit_level([100, 96, 105, 99], [168.0] * 4, dispersion=1.0, half_life=26)
    >>> round(fit.rate * 168), round(fit.spread, 3), fit.weights
    (100, 0.004, [1.0, 1.0, 1.0, 1.0])
    """
    count, exposure = np.asarray(counts, float), np.asarray(exposures, float)
    ages = np.arange(-len(count), 0, dtype=float)
    seen = exposure > 0.0
    fade = 0.5 ** (-ages / half_life) * seen
    total, span = float(fade @ count), float(fade @ exposure)
    if span <= 0.0:
        return Level(0.0, 1.0, 1.0, [1.0] * len(count))
    if total < LEAST:
        return Level((total + 0.5) / span, dispersion / (total + 0.5), 1.0, [1.0] * len(count))
    return _fit(count, np.where(seen, exposure, 1.0), ages, fade, dispersion, (trend_sd, season_sd))


def _fit(
    count: Floats,
    exposure: Floats,
    ages: Floats,
    fade: Floats,
    dispersion: float,
    prior: tuple[float, float],
) -> Level:
    angle = 2.0 * math.pi * ages / YEAR
    design = np.column_stack([np.ones_like(ages), ages / 52.0, np.cos(angle) - 1.0, np.sin(angle)])
    precision = np.diag([1e-9, prior[0] ** -2, prior[1] ** -2, prior[1] ** -2])
    still = np.diag([1e-9, 1e9, 1e9, 1e9])  # a level alone
    values = np.log((count + 0.5) / exposure)
    order = np.argsort(values)
    middle = int(np.searchsorted(np.cumsum(fade[order]), fade.sum() / 2.0))
    effects = np.array([values[order][min(middle, len(values) - 1)], 0.0, 0.0, 0.0])
    robust = np.ones_like(ages)
    shared = 0.0
    covariance = np.linalg.inv(precision + 1e-9 * np.eye(4))
    rounds, first = 12, 7
    for step in range(rounds):
        linear = np.clip(design @ effects, effects[0] - 20.0, effects[0] + 20.0)
        mean = exposure * np.exp(linear)
        residual = (count - mean) / np.sqrt(mean * dispersion)
        if step < first:
            robust = 1.0 / np.maximum(np.abs(residual), 1.0)
        elif step == first or len(ages) > YEAR:
            robust = _robust(residual, fade > 0.0)
            shared = _shared(residual, mean, fade * robust, dispersion)
        weight = fade * robust * mean / (dispersion + shared * mean)
        working = linear + np.clip((count - mean) / mean, -2.0, 2.0)
        scaled = design * weight[:, None]
        held = still if step < first and len(ages) <= YEAR else precision
        covariance = np.linalg.inv(design.T @ scaled + held)
        effects = covariance @ (scaled.T @ working)
    return Level(
        rate=math.exp(min(max(float(effects[0]), -60.0), 60.0)),
        spread=min(1.0, float(covariance[0, 0]) + shared),
        yearly=math.exp(min(max(float(effects[1]), -5.0), 5.0)),
        weights=[float(weight) for weight in robust],
    )


def _robust(residual: Floats, seen: Floats | NDArray[np.bool_]) -> Floats:
    """Farrington's weights of single weeks and of runs of weeks, whichever is less."""
    residual = np.where(seen, residual, 0.0)
    together = np.convolve(residual, np.ones(WINDOW), "full")[WINDOW // 2 :][: len(residual)]
    number = np.convolve(np.ones_like(residual), np.ones(WINDOW), "full")[WINDOW // 2 :]
    together = together / np.sqrt(number[: len(residual)])
    together = np.where(together * residual > 0.0, together, 0.0)  # a run on one side
    weight = np.ones_like(residual)
    for values, power in ((residual, 2), (together, 4)):
        size = np.abs(values)
        far = FAR * max(1.0, 1.4826 * float(np.median(np.abs(residual))))
        weight = np.minimum(weight, (far / np.maximum(size, far)) ** power)
    return weight


def _shared(residual: Floats, mean: Floats, weight: Floats, dispersion: float) -> float:
    """The relative variance that whole weeks share, beyond the dispersion; 0 when in doubt."""
    degrees = float(weight.sum()) - 2.0
    if degrees <= 1.0:
        return 0.0
    excess = float(weight @ (residual * residual)) / degrees - 1.0
    average = float(weight @ mean) / float(weight.sum())
    return max(0.0, excess) * dispersion / average * degrees / (degrees + 8.0)

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
  over r, after Farrington's rule; where half of the weeks have no count at all, residuals are
  standardised by no less than the plain mean, or every count would be a surge. The
  first rounds fit absolute deviations, in the first year of a level alone, so that a surge of two
  months can make itself neither level nor season; a change that stays becomes the level when it
  holds more than half of the weight.

Sibling of `detectors.counts.weekly.profile`; both are put together by `detectors.counts.expected`.
References: Farrington et al. (1996), JRSS A 159, 547-563; Noufaily et al. (2013), Stat Med 32,
1206-1222; McCullagh and Nelder, Generalized Linear Models (1989), chapter 9.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

YEAR = 52.1775  # weeks
FAR = 2.58
WINDOW = 5
LEAST = 10.0  # weighted counts below which only a level is fitted


@dataclass(frozen=True, slots=True)
class WeeklyLevel:
    """The rate for the week to come, and how sure.

    rate: expected count for an exposure of 1; spread: its relative variance, that of one week to
    the next included; yearly: change a year, as a factor; weights: robustness, one for each week.
    """

    rate: float
    spread: float
    yearly: float
    weights: list[float]


class Totals(NamedTuple):
    """One series: its weekly counts and exposures (0 is a gap), and its dispersion."""

    counts: Sequence[float]
    exposures: Sequence[float]
    dispersion: float


def fit_levels(
    series: Sequence[Totals], *, half_life: float, trend_sd: float, season_sd: float
) -> list[WeeklyLevel]:
    """Of each series the level of the week after the last; weeks with no exposure count as gaps.
    Those of as many weeks are fitted at once: the arrays of one are so small that a hundred take
    little longer.

    >>> series = [Totals([100, 96, 105, 99], [168.0] * 4, dispersion=1.0)]
    >>> (fit,) = fit_levels(series, half_life=26, trend_sd=0.1, season_sd=0.15)
    >>> round(fit.rate * 168), round(fit.spread, 3), fit.weights
    (100, 0.004, [1.0, 1.0, 1.0, 1.0])
    """
    found: dict[int, WeeklyLevel] = {}
    alike: dict[int, list[int]] = {}
    for place, (counts, exposures, dispersion) in enumerate(series):
        weeks = len(counts)
        fade = _fading(weeks, half_life) * (np.asarray(exposures) > 0.0)
        total, span = float(fade @ np.asarray(counts)), float(fade @ np.asarray(exposures))
        if span <= 0.0:
            found[place] = WeeklyLevel(0.0, 1.0, 1.0, [1.0] * weeks)
        elif total < LEAST:
            spread = dispersion / (total + 0.5)
            found[place] = WeeklyLevel((total + 0.5) / span, spread, 1.0, [1.0] * weeks)
        else:
            alike.setdefault(weeks, []).append(place)
    for places in alike.values():
        counts, exposures, dispersions = zip(*(series[place] for place in places), strict=True)
        fits = _fit(
            np.asarray(counts, float),
            np.asarray(exposures, float),
            np.asarray(dispersions, float)[:, None],
            half_life,
            (trend_sd, season_sd),
        )
        found.update(zip(places, fits, strict=True))
    return [found[place] for place in range(len(series))]


def _fading(weeks: int, half_life: float) -> Floats:
    return np.asarray(0.5 ** (np.arange(weeks, 0, -1.0) / half_life))


def _fit(
    count: Floats,
    exposure: Floats,
    dispersion: Floats,
    half_life: float,
    prior: tuple[float, float],
) -> list[WeeklyLevel]:
    """A row a series; all have as many weeks."""
    weeks = count.shape[1]
    seen = exposure > 0.0
    exposure = np.where(seen, exposure, 1.0)
    fade = _fading(weeks, half_life) * seen
    ages = np.arange(-weeks, 0, dtype=float)
    angle = 2.0 * math.pi * ages / YEAR
    design = np.column_stack([np.ones_like(ages), ages / 52.0, np.cos(angle) - 1.0, np.sin(angle)])
    across = np.ascontiguousarray(design.T)
    precision = np.diag([1e-9, prior[0] ** -2, prior[1] ** -2, prior[1] ** -2])
    still = np.diag([1e-9, 1e9, 1e9, 1e9])  # a level alone
    effects = np.zeros((len(count), 4))
    effects[:, 0] = _middle(np.log((count + 0.5) / exposure), fade)
    robust = np.ones_like(count)
    shared = np.zeros_like(dispersion)
    floor = exposure * _least_rate(count, exposure, fade)
    most = np.where(floor > 0.0, np.inf, 2.0)  # the floor bounds the steps by itself
    covariance = np.zeros((len(count), 4, 4))
    rounds, first = 12, 7
    for step in range(rounds):
        base = effects[:, :1]
        linear = (effects[:, None, :] @ across)[:, 0, :]  # by itself: its bits depend on no other
        linear = np.minimum(np.maximum(linear, base - 20.0), base + 20.0)
        mean = exposure * np.exp(linear)
        off = count - mean
        known = np.maximum(mean, floor)
        residual = off / np.sqrt(known * dispersion)
        if step < first:
            robust = 1.0 / np.maximum(np.abs(residual), 1.0)
        elif step == first or weeks > YEAR:
            robust = _robust(np.where(seen, residual, 0.0))
            shared = _shared(residual, known, fade * robust, dispersion)
        weight = fade * robust * known / (dispersion + shared * known)
        working = linear + np.minimum(np.maximum(off / known, -2.0), most)
        scaled = across * weight[:, None, :]
        held = still if step < first and weeks <= YEAR else precision
        covariance = np.linalg.inv(scaled @ design + held)
        effects = (covariance @ (scaled @ working[:, :, None]))[:, :, 0]
    sparse = np.asarray((floor > 0.0).any(axis=1))
    if sparse.any():  # how sure it is follows from the means themselves
        weight = fade * robust * mean / (dispersion + shared * mean)
        exact = np.linalg.inv((across * weight[:, None, :]) @ design + held)
        covariance = np.where(sparse[:, None, None], exact, covariance)
    rate = np.exp(np.clip(effects[:, 0], -60.0, 60.0)).tolist()
    spread = np.minimum(1.0, covariance[:, 0, 0] + shared[:, 0]).tolist()
    yearly = np.exp(np.clip(effects[:, 1], -5.0, 5.0)).tolist()
    return [WeeklyLevel(*each) for each in zip(rate, spread, yearly, robust.tolist(), strict=True)]


def _least_rate(count: Floats, exposure: Floats, fade: Floats) -> Floats:
    """The rate by whose variance counts are at least judged to be far off. Where half of the weeks
    have none, the middle of all is none, and by it each count that there is were a surge: there it
    is the plain mean; elsewhere 0."""
    total = (fade * count).sum(axis=1, keepdims=True)
    span = (fade * exposure).sum(axis=1, keepdims=True)
    none = np.where(count == 0.0, fade, 0.0).sum(axis=1, keepdims=True)
    return np.where(2.0 * none >= fade.sum(axis=1, keepdims=True), total / span, 0.0)


def _middle(values: Floats, fade: Floats) -> Floats:
    """The weighted median of each row."""
    order = np.argsort(values, axis=1)
    passed = np.cumsum(np.take_along_axis(fade, order, 1), axis=1)
    place = (passed < fade.sum(axis=1, keepdims=True) / 2.0).sum(axis=1, keepdims=True)
    place = np.minimum(place, values.shape[1] - 1)
    return np.take_along_axis(values, np.take_along_axis(order, place, 1), 1)[:, 0]


def _robust(residual: Floats) -> Floats:
    """Farrington's weights of single weeks and of runs of weeks, whichever is less."""
    weeks = residual.shape[1]
    half = WINDOW // 2
    wide = np.zeros((len(residual), weeks + 2 * half))
    wide[:, half : half + weeks] = residual
    together = sum((wide[:, n : n + weeks] for n in range(WINDOW)), np.zeros_like(residual))
    place = np.arange(weeks)
    number = np.minimum(place, half) + np.minimum(weeks - 1 - place, half) + 1
    together = together / np.sqrt(number)
    together = np.where(together * residual > 0.0, together, 0.0)  # a run on one side
    size = np.abs(residual)
    far = FAR * np.maximum(1.0, 1.4826 * np.median(size, axis=1, keepdims=True))
    single = (far / np.maximum(size, far)) ** 2
    return np.asarray(np.minimum(single, (far / np.maximum(np.abs(together), far)) ** 4))


def _shared(residual: Floats, mean: Floats, weight: Floats, dispersion: Floats) -> Floats:
    """The relative variance that whole weeks share, beyond the dispersion; 0 when in doubt."""
    weights = weight.sum(axis=1, keepdims=True)
    degrees = weights - 2.0
    sure = np.maximum(degrees, 1.0)
    excess = (weight * residual * residual).sum(axis=1, keepdims=True) / sure - 1.0
    average = (weight * mean).sum(axis=1, keepdims=True) / np.maximum(weights, 1e-300)
    shared = np.maximum(0.0, excess) * dispersion / average * degrees / (degrees + 8.0)
    return np.where(degrees > 1.0, shared, 0.0)

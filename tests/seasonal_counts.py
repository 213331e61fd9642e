"""Counts with a week's shape, and what share of them an expectation would really flag.

The share is not counted but worked out: the limits that a detector sets after a simulated history
are put into the true distribution of the next week, so that a few histories give a precise figure.
A limit of a count can't have exactly the nominal probability; the count on the limit is flagged
with the probability that makes up the difference.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom, poisson

from detectors.counts.expected import Expected
from detectors.counts.predictive import Predictive
from detectors.counts.weekly.baseline import learn_weeks

Floats = NDArray[np.float64]


def week_shape(slots: int = 168) -> Floats:
    """A factor for each slot, on average 1: hours times days, and two nights that are neither."""
    if slots == 7:
        return np.array([0.95, 0.93, 0.94, 0.97, 1.08, 1.14, 0.99])
    hours = np.arange(24)
    day = 1.0 + 0.6 * np.sin(2 * math.pi * (hours - 9) / 24)
    shape = np.outer([0.95, 0.93, 0.94, 0.97, 1.08, 1.14, 0.99], day)
    shape[4:6, 20:] *= 1.4
    shape[5:7, :4] *= 1.8
    return np.asarray(shape.ravel() / shape.mean())


def draw(rng: np.random.Generator, mean: Floats, dispersion: float) -> Floats:
    """Negative binomial counts whose variance is the dispersion times their mean."""
    if dispersion > 1.0:
        mean = rng.gamma(mean / (dispersion - 1.0), dispersion - 1.0)
    return rng.poisson(mean).astype(float)


def history(
    rng: np.random.Generator, weeks: int, level: float, dispersion: float, slots: int = 168
) -> Floats:
    """Stable counts: a row a week."""
    return draw(rng, np.tile(level * week_shape(slots), (weeks, 1)), dispersion)


def learned(weeks: Floats, **parameters: float) -> Expected:
    """A detector that has these weeks behind it."""
    detector = Expected(slots=weeks.shape[1], **parameters)  # type: ignore[arg-type]
    for count in weeks.ravel().tolist():
        detector.update(count)
    last = [(detector.resumed, detector.week)]
    detector.close(*learn_weeks(last, detector.constants))  # the next point would
    return detector


def flagged(ahead: Predictive, mean: float, dispersion: float, p: float) -> tuple[float, float]:
    """The true probability of a count above and below what has the probability p ahead."""
    # With its numbers at each call: scipy writes a page of help for one that is "frozen".
    true, numbers = (
        (nbinom, (mean / (dispersion - 1.0), 1.0 / dispersion))
        if dispersion > 1.0
        else (poisson, (mean,))
    )
    high, low = ahead.upper(p), ahead.lower(p)
    above, below = ahead.at_least(high + 1), ahead.at_most(low - 1)
    on_high = (p - above) / max(ahead.at_least(high) - above, 1e-12)
    on_low = (p - below) / max(ahead.at_most(low) - below, 1e-12)
    return (
        float(true.sf(high, *numbers) + on_high * true.pmf(high, *numbers)),
        float(true.cdf(low - 1, *numbers) + on_low * true.pmf(low, *numbers)),
    )


def realised(
    rng: np.random.Generator,
    weeks: int,
    level: float,
    dispersion: float,
    *,
    histories: int,
    slots: int = 168,
    step: int = 7,
) -> Floats:
    """The share of points above and below the limits of tails of 0.01 (first row) and 0.001."""
    shape = level * week_shape(slots)
    shares = []
    for _ in range(histories):
        detector = learned(history(rng, weeks, level, dispersion, slots))
        for slot in range(int(rng.integers(step)), slots, step):
            ahead, mean = detector.forecast(slot), float(shape[slot])
            shares.append([flagged(ahead, mean, dispersion, p) for p in (0.01, 0.001)])
    return np.asarray(np.mean(shares, axis=0))

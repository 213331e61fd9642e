"""Stable and changed series, and every detector over arrays of them: for `detection.py`.

A family of 20 sibling series (the same offence in other places) gives the season's shape and what
the dispersion is drawn towards; the siblings' own dispersions differ (log-normal, SD 0.3). Counts
are negative binomial with variance = dispersion times mean. Mean, dispersion and season are
estimated by every method from the same months, but for the rows that say "known".

Each method gives, for each monitored month of each series, its statistic and the onset that it
would name: where a sum last was 0, the likeliest change, or, for rules that have no other, the
month itself. Months count from 1, the first after the baseline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Scored = tuple[Array, Array]
"""A statistic and an onset, for each series and month."""
MONITORED = 12
SIBLINGS, SIBLING_SPREAD = 20, 0.3
PRIOR_WEIGHT = 20.0


@dataclass(frozen=True)
class Design:
    level: float = 364.0
    dispersion: float = 3.0
    season: float = 0.0
    baseline: int = 12

    def __str__(self) -> str:
        return (
            f"level {self.level:g}, dispersion {self.dispersion:g},"
            f" season {self.season:.0%}, {self.baseline} baseline months"
        )


@dataclass(frozen=True)
class Sample:
    """Counts, the season's share of each month as estimated, and dispersions: own and shrunk."""

    design: Design
    counts: Array
    shape: Array
    own: Array
    shrunk: Array

    @property
    def known(self) -> Array:
        return np.full(len(self.counts), float(self.design.dispersion))


def negative_binomial(mean: Array, dispersion: float, random: np.random.Generator) -> Array:
    if dispersion <= 1:
        return random.poisson(mean).astype(float)
    size = mean / (dispersion - 1)
    return random.negative_binomial(size, size / (size + mean)).astype(float)


def sample(
    design: Design, replicates: int, seed: int, step: float = 1, at: Array | int = 99
) -> Sample:
    """`at` is the first month of the new level (from 1, after the baseline): one, or one each."""
    random = np.random.default_rng(seed)
    months = np.arange(design.baseline + MONITORED)
    true_shape = 1 + design.season * np.sin(2 * np.pi * months / 12)
    mean = np.broadcast_to(design.level * true_shape, (replicates, len(months))).copy()
    start = design.baseline + np.broadcast_to(np.asarray(at), (replicates,)) - 1
    mean[months[None, :] >= start[:, None]] *= step
    counts = negative_binomial(mean, design.dispersion, random)

    years = design.baseline // 12
    pooled_mean = np.broadcast_to(
        SIBLINGS * years * design.level * true_shape[:12], (replicates, 12)
    )
    pooled = negative_binomial(pooled_mean.copy(), design.dispersion, random)
    if design.season:
        shape = (pooled / pooled.mean(1, keepdims=True))[:, months % 12]
    else:
        shape = np.ones_like(counts)

    base, exposure = counts[:, : design.baseline], shape[:, : design.baseline]
    expected = base.sum(1, keepdims=True) / exposure.sum(1, keepdims=True) * exposure
    freedom = design.baseline - 1
    own = ((base - expected) ** 2 / np.maximum(expected, 1e-9)).sum(1) / freedom
    spread = np.exp(random.normal(0, SIBLING_SPREAD, (replicates, SIBLINGS)))
    siblings = design.dispersion * spread * random.chisquare(freedom, spread.shape) / freedom
    shrunk = (freedom * own + PRIOR_WEIGHT * siblings.mean(1)) / (freedom + PRIOR_WEIGHT)
    return Sample(design, counts, shape, np.maximum(own, 1.0), np.maximum(shrunk, 1.0))


def baseline_rate(data: Sample) -> Array:
    n = data.design.baseline
    return np.maximum(data.counts[:, :n].sum(1) / data.shape[:, :n].sum(1), 0.5 / n)


def scores(data: Sample, dispersion: Array, rate: Array | None = None) -> Array:
    """Standardised counts of the monitored months."""
    n = data.design.baseline
    rate = baseline_rate(data) if rate is None else rate
    expected = rate[:, None] * data.shape[:, n:]
    return (data.counts[:, n:] - expected) / np.sqrt(dispersion[:, None] * expected)


def cusum(z: Array, k: float = 0.5) -> Scored:
    sums = np.zeros((2, len(z)))
    begun = np.ones((2, len(z)))
    statistic, onset = np.empty_like(z), np.empty_like(z)
    for t, month in enumerate(z.T):
        begun = np.where(sums > 0, begun, t + 1)
        sums = np.maximum(0, sums + np.array([month, -month]) - k)
        side = sums.argmax(0)[None, :]
        statistic[:, t] = np.take_along_axis(sums, side, 0)[0]
        onset[:, t] = np.take_along_axis(begun, side, 0)[0]
    return statistic, onset


def ewma(z: Array, weight: float = 0.2) -> Scored:
    level, begun = np.zeros(len(z)), np.ones(len(z))
    statistic, onset = np.empty_like(z), np.empty_like(z)
    for t, month in enumerate(z.T, start=1):
        before, level = level, (1 - weight) * level + weight * month
        begun = np.where(level * before > 0, begun, t)
        width = np.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * t)))
        statistic[:, t - 1], onset[:, t - 1] = np.abs(level) / width, begun
    return statistic, onset


def onsets(data: Sample) -> list[list[tuple[Array, Array, Array, Array]]]:
    """For each monitored month, for each onset up to it: counts and exposures since and before."""
    n = data.design.baseline
    counts = np.concatenate([np.zeros((len(data.counts), 1)), data.counts.cumsum(1)], axis=1)
    shape = np.concatenate([np.zeros((len(data.shape), 1)), data.shape.cumsum(1)], axis=1)
    return [
        [
            (counts[:, t] - counts[:, p], shape[:, t] - shape[:, p], counts[:, p], shape[:, p])
            for p in range(n, t)
        ]
        for t in range(n + 1, n + MONITORED + 1)
    ]


def likelihood_ratio(data: Sample, dispersion: Array) -> Scored:
    """GLR with an unknown baseline: the best onset and the best new level, as FOCuS has it."""
    best, places = [], []
    for month in onsets(data):
        ratios = []
        for since, length, before, earlier in month:
            pooled = np.maximum((since + before) / (length + earlier), 1e-12)
            ratio = since * np.log(np.maximum(since / length, 1e-12) / pooled)
            ratio += before * np.log(np.maximum(before / earlier, 1e-12) / pooled)
            ratios.append(2 * ratio / dispersion)
        stack = np.array(ratios)
        best.append(stack.max(0))
        places.append(stack.argmax(0) + 1.0)
    return np.array(best).T, np.array(places).T


def shiryaev_roberts(data: Sample, dispersion: Array, size: float = 0.4) -> Scored:
    """What `detectors.change.shiryaev_roberts` gives, as `detection.py` makes sure."""
    evidence, places = [], []
    for month in onsets(data):
        weights = []
        for since, length, before, earlier in month:
            rate = np.where(before > 0, before, 0.5) / earlier
            difference = (since / length - rate) / rate
            variance = dispersion / rate * (1 / length + 1 / earlier)
            prior = size**2 * dispersion / rate
            gain = prior / (prior + variance)
            weights.append(0.5 * (difference**2 / variance * gain + np.log1p(-gain)))
        stack = np.array(weights)
        top = stack.max(0)
        evidence.append(top + np.log(np.exp(stack - top).sum(0)) - 0.5 * np.log(len(stack)))
        places.append(stack.argmax(0) + 1.0)
    return np.array(evidence).T, np.array(places).T


def longest_run(z: Array) -> Scored:
    """How many points in succession, with this one, lie on its side, and where they begin."""
    side = np.sign(z)
    run, last = np.zeros(len(z)), np.zeros(len(z))
    out = []
    for month in side.T:
        run = np.where((month == last) & (month != 0), run + 1, np.abs(month))
        last = month
        out.append(run)
    runs = np.array(out).T
    return runs, np.arange(1, z.shape[1] + 1) - np.maximum(runs, 1) + 1


def itself(statistic: Array) -> Scored:
    """For a rule that looks at a month alone: the onset is the month."""
    return statistic, np.broadcast_to(np.arange(1.0, statistic.shape[1] + 1), statistic.shape)


def forces_rule(data: Sample) -> Scored:
    """Distance from the mean in standard deviations (n - 1) of the baseline months."""
    n = data.design.baseline
    base = data.counts[:, :n] / data.shape[:, :n]
    deviation = np.maximum(base.std(1, ddof=1), 1e-9)[:, None]
    return itself(
        np.abs(data.counts[:, n:] / data.shape[:, n:] - base.mean(1)[:, None]) / deviation
    )


def nhs_rules(data: Sample) -> Scored:
    """1 where a month is special cause: outside 3 sigma, 7 on a side, trend of 7, 2 of 3 far."""
    n = data.design.baseline
    values = data.counts / data.shape
    base = values[:, :n]
    sigma = np.maximum(np.abs(np.diff(base, axis=1)).mean(1) / 1.128, 1e-9)
    z = (values - base.mean(1)[:, None]) / sigma[:, None]
    far = np.abs(z) > 3
    runs, begun = longest_run(z)
    climbs = longest_run(np.diff(values, axis=1, prepend=values[:, :1]))[0] >= 6
    close = (np.abs(z) > 2) * np.sign(z)
    two = np.zeros_like(far)
    two[:, 2:] = np.abs(close[:, 2:] + close[:, 1:-1] + close[:, :-2]) >= 2
    months = np.arange(1.0, z.shape[1] + 1)
    onset = np.where(far, months, np.where(runs >= 7, begun, months - 1)) - n
    found = far | (runs >= 7) | climbs | two
    return found[:, n:].astype(float), np.maximum(onset[:, n:], 1)


Method = Callable[[Sample], Scored]
CHOSEN = "Shiryaev-Roberts (chosen)"
ESTIMATED, SLOWER = "CUSUM 0.5", "CUSUM 0.25"
KNOWN, ORACLE = "CUSUM 0.5, dispersion known", "CUSUM 0.5, all known"
FORCES = "forces' rule (mean and SD)"

CALIBRATED: dict[str, Method] = {
    FORCES: forces_rule,
    "EWMA 0.2": lambda d: ewma(scores(d, d.own)),
    ESTIMATED: lambda d: cusum(scores(d, d.own)),
    SLOWER: lambda d: cusum(scores(d, d.own), 0.25),
    "CUSUM 0.5, dispersion shrunk": lambda d: cusum(scores(d, d.shrunk)),
    KNOWN: lambda d: cusum(scores(d, d.known)),
    ORACLE: lambda d: cusum(scores(d, d.known, np.full(len(d.counts), d.design.level))),
    "GLR/FOCuS, dispersion shrunk": lambda d: likelihood_ratio(d, d.shrunk),
    "Shiryaev-Roberts, own dispersion": lambda d: shiryaev_roberts(d, d.own),
    CHOSEN: lambda d: shiryaev_roberts(d, d.shrunk),
}
"""Methods with a threshold that can be set to any share of false alarms."""
AS_THEY_ARE: dict[str, tuple[Method, float]] = {
    "forces' rule at 2 SD": (forces_rule, 2.0),
    "run of 8 alone": (lambda d: longest_run(scores(d, d.own)), 7.5),
    "NHS rules": (nhs_rules, 0.5),
}
"""Rules that give the false alarms that they give."""

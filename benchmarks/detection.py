"""Which detector finds a lasting change of a monthly count, at the same false alarms?

    python benchmarks/detection.py [--replicates 20000] [--quick]

Every method gets its threshold from simulated stable series so that it raises a false alarm in a
given share of series in twelve months, and is scored on other series, with other seeds. Mean,
dispersion and season are estimated by every method from the same months, as they would be, but for
the two rows that say "known". Detection counts only where no alarm came before the change.

A family of 20 sibling series (the same offence in other places) gives the season's shape and what
the dispersion is drawn towards; the siblings' own dispersions differ (log-normal, SD 0.3). Counts
are negative binomial with variance = dispersion times mean. All methods are written over arrays
here; the chosen one is `detectors.shiryaev_roberts`, whose own test holds it to the same formula.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MONITORED = 12
SIBLINGS, SIBLING_SPREAD = 20, 0.3
PRIOR_WEIGHT = 20.0


@dataclass(frozen=True)
class Design:
    level: float = 364.0
    dispersion: float = 3.0
    season: float = 0.0
    baseline: int = 12


@dataclass(frozen=True)
class Sample:
    """Counts, the season's share of each month as estimated, and dispersions: own and shrunk."""

    design: Design
    counts: Array
    shape: Array
    own: Array
    shrunk: Array


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


def scores(data: Sample, rate: Array, dispersion: Array) -> Array:
    """Standardised counts of the monitored months."""
    n = data.design.baseline
    expected = rate[:, None] * data.shape[:, n:]
    return (data.counts[:, n:] - expected) / np.sqrt(dispersion[:, None] * expected)


def cusum(z: Array, k: float = 0.5) -> Array:
    up = down = np.zeros(len(z))
    out = []
    for month in z.T:
        up = np.maximum(0, up + month - k)
        down = np.maximum(0, down - month - k)
        out.append(np.maximum(up, down))
    return np.array(out).T


def ewma(z: Array, weight: float = 0.2) -> Array:
    level = np.zeros(len(z))
    out = []
    for t, month in enumerate(z.T, start=1):
        level = (1 - weight) * level + weight * month
        width = np.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * t)))
        out.append(np.abs(level) / width)
    return np.array(out).T


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


def likelihood_ratio(data: Sample, dispersion: Array) -> Array:
    """GLR with an unknown baseline: the best onset and the best new level."""
    out = []
    for month in onsets(data):
        best = np.zeros(len(data.counts))
        for since, length, before, earlier in month:
            pooled = (since + before) / (length + earlier)
            ratio = 2 * (
                since * np.log(np.maximum(since / length, 1e-12) / np.maximum(pooled, 1e-12))
                + before * np.log(np.maximum(before / earlier, 1e-12) / np.maximum(pooled, 1e-12))
            )
            best = np.maximum(best, ratio / dispersion)
        out.append(best)
    return np.array(out).T


def shiryaev_roberts(data: Sample, dispersion: Array, size: float = 0.4) -> tuple[Array, Array]:
    """(evidence, likeliest onset as a month from 1) of `detectors.shiryaev_roberts`."""
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


def longest_run(z: Array) -> Array:
    side = np.sign(z)
    run = np.zeros(len(z))
    out = []
    for month, before in zip(side.T, np.roll(side, 1, axis=1).T, strict=True):
        run = np.where((month == before) & (month != 0), run + 1, np.abs(month))
        out.append(run)
    return np.array(out).T


def forces_rule(data: Sample) -> Array:
    """Distance from the mean in standard deviations (n - 1) of the baseline months."""
    n = data.design.baseline
    base = data.counts[:, :n] / data.shape[:, :n]
    deviation = np.maximum(base.std(1, ddof=1), 1e-9)
    return (
        np.abs(data.counts[:, n:] / data.shape[:, n:] - base.mean(1)[:, None]) / deviation[:, None]
    )


def nhs_rules(data: Sample) -> Array:
    """1 where a month is special cause: outside 3 sigma, 7 on a side, trend of 7, 2 of 3 far."""
    n = data.design.baseline
    values = data.counts / data.shape
    base = values[:, :n]
    sigma = np.maximum(np.abs(np.diff(base, axis=1)).mean(1) / 1.128, 1e-9)
    z = (values - base.mean(1)[:, None]) / sigma[:, None]
    far = np.abs(z) > 3
    runs = longest_run(z) >= 7
    climbs = longest_run(np.diff(values, axis=1, prepend=values[:, :1])) >= 6
    close = (np.abs(z) > 2) * np.sign(z)
    two = np.zeros_like(far)
    two[:, 2:] = np.abs(close[:, 2:] + close[:, 1:-1] + close[:, :-2]) >= 2
    return (far | runs | climbs | two)[:, n:].astype(float)


Method = Callable[[Sample], Array]


def known(data: Sample) -> Array:
    return np.full(len(data.counts), data.design.dispersion)


CALIBRATED: dict[str, Method] = {
    "forces' rule (mean and SD)": forces_rule,
    "EWMA 0.2": lambda d: ewma(scores(d, baseline_rate(d), d.own)),
    "CUSUM 0.5": lambda d: cusum(scores(d, baseline_rate(d), d.own)),
    "CUSUM 0.5, dispersion shrunk": lambda d: cusum(scores(d, baseline_rate(d), d.shrunk)),
    "CUSUM 0.5, dispersion known": lambda d: cusum(scores(d, baseline_rate(d), known(d))),
    "CUSUM 0.5, all known": lambda d: cusum(
        scores(d, np.full(len(d.counts), d.design.level), known(d))
    ),
    "GLR/FOCuS, dispersion shrunk": lambda d: likelihood_ratio(d, d.shrunk),
    "Shiryaev-Roberts (chosen)": lambda d: shiryaev_roberts(d, d.shrunk)[0],
}
AS_THEY_ARE: dict[str, tuple[Method, float]] = {
    "forces' rule at 2 SD": (forces_rule, 2.0),
    "run of 8 alone": (lambda d: longest_run(scores(d, baseline_rate(d), d.own)), 7.5),
    "NHS rules": (nhs_rules, 0.5),
}


@dataclass(frozen=True)
class Power:
    within: tuple[float, float, float]
    delay: float


def power(statistic: Array, threshold: float, at: Array | int) -> Power:
    """Found within 3, 6 and 9 months where no alarm came earlier; median delay of the found."""
    start = np.broadcast_to(np.asarray(at), (len(statistic),)) - 1
    months = np.arange(MONITORED)[None, :]
    alarms = statistic > threshold
    clean = ~(alarms & (months < start[:, None])).any(1)
    first = np.where(alarms.any(1), alarms.argmax(1), 999) - start
    found = [float((first[clean] < w).mean()) for w in (3, 6, 9)]
    delays = first[clean & (first < 9)] + 1
    return Power(
        (found[0], found[1], found[2]), float(np.median(delays)) if len(delays) else np.nan
    )


def tell(text: str) -> None:
    """Progress, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def threshold_of(method: Method, stable: Sample, share: float) -> float:
    return float(np.quantile(method(stable).max(1), 1 - share))


def compare(design: Design, steps: tuple[float, ...], replicates: int) -> None:
    """All methods on one design, the step from month 4."""
    print(f"\n{design}: found within 9 months of a step from month 4 (within 3, 6; median delay)")
    print(
        f"{'':32}"
        + "".join(
            f"{f'x{step:.3g} at {share:.0%}':>26}" for share in (0.05, 0.10) for step in steps
        )
    )
    stable, fresh = sample(design, replicates, 1), sample(design, replicates, 2)
    changed = {step: sample(design, replicates, 3, step, 4) for step in steps}
    for name, method in CALIBRATED.items():
        tell(name)
        cells = []
        for share in (0.05, 0.10):
            limit = threshold_of(method, stable, share)
            cells += [cell(power(method(changed[step]), limit, 4)) for step in steps]
        tell("")
        print(f"{name:32}" + "".join(f"{each:>26}" for each in cells))
    for name, (method, limit) in AS_THEY_ARE.items():
        alarms = float((method(fresh) > limit).any(1).mean())
        cells = [cell(power(method(changed[step]), limit, 4)) for step in steps]
        label = f"{name} ({alarms:.0%} false)"
        print(f"{label:32}" + "".join(f"{each:>26}" for each in cells))


def cell(found: Power) -> str:
    three, six, nine = found.within
    return f"{nine:.3f} ({three:.2f}, {six:.2f}; {found.delay:.0f})"


def sweep(replicates: int) -> None:
    """The chosen method and CUSUM over levels, dispersions, seasons and lengths of baseline."""
    chosen, usual = "Shiryaev-Roberts (chosen)", "CUSUM 0.5"
    print(
        "\nfound within 9 months at 5 % false alarms a year: chosen / CUSUM; from a uniform month"
    )
    steps = (1.08, 394 / 364, 1.15, 1.3, 1.6)
    print(
        f"{'level, dispersion, season, months':36}" + "".join(f"{f'x{s:.3g}':>16}" for s in steps)
    )
    for level, dispersion, season, months in product((4, 30, 364), (1, 3), (0, 0.15), (12, 24, 36)):
        design = Design(level, dispersion, season, months)
        stable = sample(design, replicates, 1)
        limits = {name: threshold_of(CALIBRATED[name], stable, 0.05) for name in (chosen, usual)}
        cells = []
        for step in steps:
            at = np.random.default_rng(9).integers(1, MONITORED - 8, replicates)
            changed = sample(design, replicates, 3, step, at)
            found = [
                power(CALIBRATED[n](changed), limits[n], at).within[2] for n in (chosen, usual)
            ]
            cells.append(f"{found[0]:.2f} / {found[1]:.2f}")
        print(
            f"{level:>5}, {dispersion}, {season:>4.0%}, {months:<18}"
            + "".join(f"{c:>16}" for c in cells)
        )


def onset_error(replicates: int) -> None:
    design = Design()
    limit = threshold_of(
        CALIBRATED["Shiryaev-Roberts (chosen)"], sample(design, replicates, 1), 0.05
    )
    print("\nerror of the onset when the chosen one first alarms (months; step from month 4)")
    for step in (1.08, 1.15, 1.3):
        data = sample(design, replicates, 3, step, 4)
        evidence, places = shiryaev_roberts(data, data.shrunk)
        alarms = (evidence > limit)[:, 3:]
        hit = alarms.any(1) & ~(evidence > limit)[:, :3].any(1)
        place = places[:, 3:][hit, alarms[hit].argmax(1)]
        print(
            f"  x{step}: exact {np.mean(place == 4):.0%},"
            f" within 1 {np.mean(np.abs(place - 4) <= 1):.0%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=20_000)
    parser.add_argument("--quick", action="store_true", help="the main design alone")
    options = parser.parse_args()
    compare(Design(), (1.08, 394 / 364, 1.15, 1.3), options.replicates)
    onset_error(options.replicates)
    if not options.quick:
        for months in (12, 36):
            compare(Design(season=0.15, baseline=months), (1.08, 1.15), options.replicates)
        sweep(max(1000, options.replicates // 4))


if __name__ == "__main__":
    main()

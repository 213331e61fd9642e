"""Which share of a monthly list of flags is chance, and how much of what changed does it find?

    python benchmarks/monthly_flags.py [--months 400] [--seed 1]

A county is drawn up with 20 offences in 8 districts, 180 series with those of the whole county:
from 0.5 to 600 records a month in the county, dispersions 1 to 6, a season of up to 15 %, and a
wobble from month to month that the districts share, so that series are dependent. Each month has
twelve of its own before it, by which it is judged as `watchroom flags` does. Three cases: nothing
has changed; 2 offences are 35 % up or down everywhere; and, besides, 5 single districts of others
are at half or twice. A flag is false where the mean of its series is what it was.

Prints, by rate, the share of flags that are false (the mean over months of false over listed, none
of none) and of what changed by at least a tenth how much is listed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.calibration.false_discovery import adjusted, parents_first
from detectors.counts.month_ahead import middle_scatter, month_ahead, scatter

OFFENCES, DISTRICTS, MONTHS = 20, 8, 13
DAYS = [31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0]
RATES = (0.05, 0.1, 0.2)
CASES = ("nothing", "2 offences everywhere", "and 5 single districts")
Floats = NDArray[np.float64]


class Drawn(NamedTuple):
    """Counts of (series, month), the county's first, and which of the last month's means are how
    many times what they were."""

    counts: NDArray[np.int64]
    times: Floats


def draw(case: int, chance: np.random.Generator) -> Drawn:
    """Thirteen months of a county."""
    level = np.exp(chance.uniform(np.log(0.5), np.log(600.0), OFFENCES))
    dispersion = 1.0 + chance.gamma(1.0, 1.2, OFFENCES)
    share = chance.dirichlet(np.full(DISTRICTS, 6.0), OFFENCES)
    season = chance.uniform(0.0, 0.15, OFFENCES)[:, None] * np.cos(
        2.0 * np.pi * (np.arange(MONTHS) / 12.0 + chance.uniform(size=OFFENCES)[:, None])
    )
    shared = chance.normal(0.0, 0.03, (OFFENCES, MONTHS))
    length = np.array(DAYS) / 30.4375
    means = level[:, None, None] * share[:, :, None] * np.exp(season + shared)[:, None, :] * length
    times = np.ones((OFFENCES, DISTRICTS))
    changed = chance.permutation(OFFENCES)
    if case > 0:
        times[changed[:2]] = chance.choice([0.65, 1.35], 2)[:, None]
    if case > 1:
        times[changed[2:7], chance.integers(0, DISTRICTS, 5)] = chance.choice([0.5, 2.0], 5)
    of_county = (means[:, :, -1] * times).sum(axis=1) / means[:, :, -1].sum(axis=1)
    means[:, :, -1] *= times
    over = (dispersion - 1.0)[:, None, None]
    counts = chance.poisson(chance.gamma(means / over, over))
    every = np.concatenate([counts.sum(axis=1, keepdims=True), counts], axis=1)
    all_times = np.concatenate([of_county[:, None], times], axis=1)
    return Drawn(every.reshape(-1, MONTHS), all_times.ravel())


def judge(drawn: Drawn) -> tuple[list[float], list[int | None], list[float]]:
    """The p-values of the series that are looked at, the places of their parents, and how many
    times their means are what they were."""
    before, lengths = drawn.counts[:, :-1].tolist(), DAYS[:-1]
    prior = middle_scatter([scatter(each, lengths) for each in before if sum(each) >= 60])
    p_values: list[float] = []
    parents: list[int | None] = []
    times: list[float] = []
    county: int | None = None
    for number, each in enumerate(before):
        is_county = number % (DISTRICTS + 1) == 0
        if sum(each) < 12:
            county = None if is_county else county
            continue
        if is_county:
            county = len(p_values)
        ahead = month_ahead(each, lengths, DAYS[-1], prior)
        p_values.append(ahead.mid_p(int(drawn.counts[number, -1])))
        parents.append(None if is_county else county)
        times.append(float(drawn.times[number]))
    return p_values, parents, times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = np.random.default_rng(asked.seed)
    for case, name in enumerate(CASES):
        judged = [judge(draw(case, chance)) for _ in range(asked.months)]
        every = np.array([p for ps, _, _ in judged for p in ps])
        below = "  ".join(f"{(every <= p).mean():.3f} at {p}" for p in (0.001, 0.01, 0.05))
        print(f"\n{name}: {len(every) / asked.months:.0f} series, p-values {below}")
        for how in ("parents first", "all alike"):
            for rate in RATES:
                false, found = [], []
                for p_values, parents, times in judged:
                    tree = how == "parents first"
                    shares = parents_first(p_values, parents) if tree else adjusted(p_values)
                    listed = [t for t, share in zip(times, shares, strict=True) if share <= rate]
                    real = sum(abs(t - 1.0) > 0.1 for t in times)
                    wrong = sum(abs(t - 1.0) < 1e-9 for t in listed)
                    false.append(wrong / len(listed) if listed else 0.0)
                    if real:
                        found.append(sum(abs(t - 1.0) > 0.1 for t in listed) / real)
                says = f", found {np.mean(found):.2f}" if found else ""
                print(f"  {how}, rate {rate:.2f}: false {np.mean(false):.3f}{says}")


if __name__ == "__main__":
    main()

"""False alarms and power of farringtonFlexible on fresh series of the 42 scenarios of Noufaily.

    python benchmarks/noufaily.py [--replicates 20] [--seed 1] [--method flexible] [--by-scenario]

The scenarios are those of Noufaily et al., Statistics in Medicine 32 (2013) 1206-1222, table II,
in `noufaily_scenarios.csv`: the mean of week t of 624 is

    exp(theta + beta * t + sum over j = 1..m of g1 * cos(2 pi j t / 52) + g2 * sin(2 pi j t / 52)),

counts are negative binomial with variance phi times the mean (Poisson where phi = 1). An outbreak
of size k has Poisson(k * standard deviation at its start) cases, each a whole part of
lognormal(0, 0.5) weeks late. Four outbreaks of k = 3 may lie in the past (weeks 313 to 575); the
one to find starts in weeks 576 to 616; weeks 576 to 624 are judged.

- false positives: share of weeks with an alarm, where no outbreak is to be found;
- POD: share of outbreaks with an alarm in at least one of the weeks that hold its cases;
- first week: share with an alarm in the first of these;
- after: share of the weeks after its last case with an alarm.

Outbreaks are found with outbreaks of k = 3 in the past. An outbreak that happens to have no case is
left out. The +- is a standard error over replicates and scenarios taken together.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import functools
import math
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.farrington_method import ORIGINAL, Options, judge

Floats = NDArray[np.float64]

WEEKS = 624
JUDGED = range(575, WEEKS)  # weeks 576 to 624, counted from 0
SIZES = (3, 5, 10)
PAST_SIZE, PAST_OUTBREAKS = 3, 4
NOMINAL = (0.005, 0.01, 0.05)
METHODS = {"flexible": Options(), "original": dataclasses.replace(ORIGINAL, alpha=0.01)}
# What surveillance 1.20.3 reached on ten replicates of 21 of the scenarios, by nominal level: false
# positives without and with past outbreaks, then POD for k = 3, 5, 10.
OF_R = {
    0.005: (0.0060, 0.0050, 0.155, 0.378, 0.895),
    0.01: (0.0096, 0.0087, 0.217, 0.478, 0.909),
    0.05: (0.0508, 0.0458, 0.488, 0.780, 0.990),
}


class Scenario(NamedTuple):
    """One row of the table."""

    theta: float
    beta: float
    m: int
    g1: float
    g2: float
    phi: float

    def means(self) -> Floats:
        """The mean of each week."""
        week = np.arange(1, WEEKS + 1)
        log = self.theta + self.beta * week
        for j in range(1, self.m + 1):
            turn = 2 * math.pi * j * week / 52
            log += self.g1 * np.cos(turn) + self.g2 * np.sin(turn)
        means: Floats = np.exp(log)
        return means


class Series(NamedTuple):
    """A simulated series; the outbreaks are cases to add to `base`."""

    base: Floats
    past: Floats
    current: dict[int, Floats]


class Seen(NamedTuple):
    """The probability of every judged week, 1 where no alarm may be raised.

    By k of the outbreak to find: from its first case on, and which of these weeks hold its cases.
    """

    clean: Floats
    with_past: Floats
    outbreaks: dict[int, tuple[Floats, NDArray[np.bool_]]]


def scenarios() -> list[Scenario]:
    """The 42 scenarios, in their order."""
    with (Path(__file__).parent / "noufaily_scenarios.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = ("theta", "beta", "m", "g1", "g2", "phi")
    read = [[float(row[column]) for column in columns] for row in rows]
    return [Scenario(t, b, int(m), g1, g2, phi) for t, b, m, g1, g2, phi in read]


def simulate(scenario: Scenario, rng: np.random.Generator) -> Series:
    """Draws one series with its outbreaks."""
    means = scenario.means()
    over = scenario.phi - 1.0
    rates = rng.gamma(means / over, over) if over > 0 else means
    base = rng.poisson(rates).astype(float)

    def outbreak(size: int, first: int, last: int) -> Floats:
        start = int(rng.integers(first, last + 1)) - 1
        cases = rng.poisson(size * math.sqrt(scenario.phi * means[start]))
        weeks = start + np.floor(rng.lognormal(0.0, 0.5, cases)).astype(int)
        return np.bincount(weeks[weeks < WEEKS], minlength=WEEKS).astype(float)

    past = sum((outbreak(PAST_SIZE, 313, 575) for _ in range(PAST_OUTBREAKS)), np.zeros(WEEKS))
    return Series(base, past, {size: outbreak(size, 576, 616) for size in SIZES})


def probabilities(counts: Floats, weeks: range, options: Options) -> Floats:
    """The probability that the method gives each of the weeks."""
    known = counts.tolist()
    found = []
    for week in weeks:
        verdict = judge(known[week - options.needs : week], known[week], options)
        alarm_may_be = verdict is not None and verdict.enough and verdict.observed > 0
        found.append(verdict.p_value if verdict and alarm_may_be else 1.0)
    return np.array(found)


def look(job: tuple[int, int], *, seed: int, method: str) -> tuple[int, Seen]:
    """Simulates and judges one replicate of one scenario."""
    number, replicate = job
    series = simulate(scenarios()[number], np.random.default_rng([seed, number, replicate]))
    options = METHODS[method]
    outbreaks = {}
    for size, cases in series.current.items():
        if cases.any():
            weeks = range(int(np.flatnonzero(cases)[0]), WEEKS)
            counts = series.base + series.past + cases
            found = probabilities(counts, weeks, options)
            outbreaks[size] = found, cases[weeks.start :] > 0
    return number, Seen(
        probabilities(series.base, JUDGED, options),
        probabilities(series.base + series.past, JUDGED, options),
        outbreaks,
    )


class Rates(NamedTuple):
    """What came of one nominal level."""

    clean: tuple[float, float]
    with_past: tuple[float, float]
    pod: dict[int, tuple[float, float]]
    first: dict[int, tuple[float, float]]
    after: dict[int, tuple[float, float]]


def mean_and_error(shares: list[float]) -> tuple[float, float]:
    values = np.array(shares or [math.nan])
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))


def rates(seen: list[Seen], alpha: float) -> Rates:
    """The realised rates at a nominal level."""
    pod, first, after = {}, {}, {}
    for size in SIZES:
        found = [one.outbreaks[size] for one in seen if size in one.outbreaks]
        alarms = [(p <= alpha, holds) for p, holds in found]
        pod[size] = mean_and_error([float(alarm[holds].any()) for alarm, holds in alarms])
        first[size] = mean_and_error([float(alarm[0]) for alarm, _ in alarms])
        tails = [alarm[np.flatnonzero(holds)[-1] + 1 :] for alarm, holds in alarms]
        after[size] = mean_and_error([float(tail.mean()) for tail in tails if len(tail)])
    return Rates(
        mean_and_error([float((one.clean <= alpha).mean()) for one in seen]),
        mean_and_error([float((one.with_past <= alpha).mean()) for one in seen]),
        pod,
        first,
        after,
    )


def with_progress(results: Iterator[tuple[int, Seen]], total: int) -> Iterator[tuple[int, Seen]]:
    start = time.monotonic()
    for done, result in enumerate(results, start=1):
        if done % 10 == 0 or done == total:
            took = time.monotonic() - start
            left = took / done * (total - done)
            print(f"\r{done}/{total} series, {left:.0f} s left  ", end="", file=sys.stderr)
        yield result
    print(file=sys.stderr)


def show(seen: list[Seen], method: str) -> None:
    print("| nominal | outbreak | false positives | POD | first week | after |")
    print("|---|---|---|---|---|---|")
    for alpha in NOMINAL:
        found = rates(seen, alpha)
        for past, (rate, error) in (("none", found.clean), ("past, k = 3", found.with_past)):
            print(f"| {alpha} | {past} | {rate:.4f} +- {error:.4f} | | | |")
        for size in SIZES:
            pod, first, after = found.pod[size], found.first[size], found.after[size]
            print(
                f"| {alpha} | to find, k = {size} | | {pod[0]:.3f} +- {pod[1]:.3f} "
                f"| {first[0]:.3f} +- {first[1]:.3f} | {after[0]:.4f} +- {after[1]:.4f} |"
            )
    if method == "flexible":
        print("\nsurveillance 1.20.3 (R) on 210 other series of 21 of the scenarios:")
        for alpha, (clean, past_rate, *pods) in OF_R.items():
            power = ", ".join(f"{pod:.3f}" for pod in pods)
            print(
                f"  {alpha}: {clean:.4f} without, {past_rate:.4f} with past outbreaks; POD {power}"
            )


def show_scenarios(by_scenario: dict[int, list[Seen]], alpha: float = 0.01) -> None:
    print(f"\nBy scenario, nominal {alpha}: false positives, then POD for k = 3, 5, 10")
    for number, seen in sorted(by_scenario.items()):
        found = rates(seen, alpha)
        power = "  ".join(f"{found.pod[size][0]:.2f}" for size in SIZES)
        mean = scenarios()[number].means()[JUDGED.start :].mean()
        print(f"  {number + 1:2d}  mean {mean:8.2f}  {found.clean[0]:.4f}  {power}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--replicates", type=int, default=20, help="of each scenario")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--method", choices=sorted(METHODS), default="flexible")
    parser.add_argument("--by-scenario", action="store_true", help="show every scenario too")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    args = parser.parse_args()

    jobs = [(n, r) for r in range(args.replicates) for n in range(len(scenarios()))]
    by_scenario: dict[int, list[Seen]] = defaultdict(list)
    start = time.monotonic()
    with ProcessPoolExecutor(args.processes) as pool:
        work = functools.partial(look, seed=args.seed, method=args.method)
        results = pool.map(work, jobs, chunksize=4)
        for number, seen in with_progress(results, len(jobs)):
            by_scenario[number].append(seen)
    together = [one for seen in by_scenario.values() for one in seen]
    print(
        f"{args.method}, {args.replicates} replicates of 42 scenarios, seed {args.seed}, ", end=""
    )
    print(f"{time.monotonic() - start:.0f} s\n")
    show(together, args.method)
    if args.by_scenario:
        show_scenarios(by_scenario)


if __name__ == "__main__":
    main()

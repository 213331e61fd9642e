"""How often do the watches alarm where nothing changes, against their nominal rate?

    python -m benchmarks.watch_rates [--watches count proportion duration month] [--series 20]

Stable series, each watch with its default priors. Alarms at nominal rates of 0.5, 0.1, 0.02 and
0.005 a week (months: 0.1 to 0.001) that are no more than 24 hours, 7 days or 2 months apart are one
cluster, and the clusters a week are divided by the nominal rate. 1 is exact, below 1 is cautious; a
figure from fewer than five clusters has a question mark, and none is given where none was seen and
no more than one was to be expected. The columns of a rate are bands of history.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.counts.count_watch import CountWatch
from detectors.counts.month_watch import MonthWatch
from detectors.durations.duration_watch import DurationWatch
from detectors.shares.proportion_watch import ProportionWatch
from tests.seasonal_counts import draw, week_shape

NOMINAL = (0.5, 0.1, 0.02, 0.005)
MONTHLY = (0.1, 0.02, 0.005, 0.001)  # more than the 0.23 months of a week is no rate for months
WEEKS = (4, 8, 26, 52, 104)
MONTHS = (12, 24, 36, 60)
GAPS = {168: 24, 7: 7, 12: 2}
Rates = Iterator[float]
Generator = np.random.Generator


def counts(rng: Generator, slots: int, level: float, dispersion: float) -> Rates:
    watch = CountWatch(slots=slots)
    for x in draw(rng, np.tile(level * week_shape(slots), WEEKS[-1]), dispersion).tolist():
        watch.update(x)
        yield watch.rate if watch.evidence > 0.0 else math.inf


def proportions(rng: Generator, slots: int, trials: float, share: float, rho: float) -> Rates:
    watch = ProportionWatch(slots=slots)
    number = WEEKS[-1] * slots
    trial = rng.poisson(np.tile(trials * week_shape(slots), WEEKS[-1]))
    chance = np.full(number, share)
    if rho > 0.0:
        size = 1.0 / rho - 1.0
        chance = rng.beta(size * share, size * (1.0 - share), number)
    for x, n in zip(rng.binomial(trial, chance).tolist(), trial.tolist(), strict=True):
        watch.update(x, n)
        yield watch.rate if watch.state == "ready" else math.inf


def durations(rng: Generator, slots: int, number: float, cv: float, tau: float) -> Rates:
    watch = DurationWatch(slots=slots)
    days = WEEKS[-1] * slots
    many = rng.poisson(np.tile(number * week_shape(slots), WEEKS[-1]))
    sigma = math.sqrt(math.log1p(cv * cv))
    level = 600.0 * np.exp(tau * rng.standard_normal(days))
    for n, mean in zip(many.tolist(), level.tolist(), strict=True):
        each = mean * np.exp(sigma * rng.standard_normal(n) - sigma * sigma / 2.0)
        watch.update(float(each.sum()), n, float((each * each).sum()))
        yield watch.rate if watch.state == "ready" else math.inf


def months(rng: Generator, a_year: int, level: float, dispersion: float) -> Rates:
    watch = MonthWatch()
    days = np.array(MONTHS[-1] // a_year * [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    for x, n in zip(draw(rng, level / 30.4375 * days, dispersion).tolist(), days, strict=True):
        watch.update(x, float(n))
        yield watch.rate if watch.state == "ready" else math.inf


Setting = tuple[int, tuple[float, ...]]
WATCHES: dict[str, tuple[Callable[..., Rates], str, list[Setting]]] = {
    "count": (
        counts,
        "level, dispersion",
        [(7, (m, d)) for m in (4.0, 40.0, 400.0) for d in (1.0, 2.5)]
        + [(168, (m, d)) for m in (0.5, 15.0) for d in (1.0, 2.5)],
    ),
    "proportion": (
        proportions,
        "trials, share, correlation",
        [(7, (n, p, r)) for n in (40, 1000) for p in (0.5, 0.9) for r in (0.0, 0.01, 0.05)]
        + [(168, (n, p, r)) for n in (8, 60) for p in (0.9,) for r in (0.0, 0.01, 0.05)],
    ),
    "duration": (
        durations,
        "number, cv, day to day",
        [(7, (n, c, t)) for n in (3, 30, 300) for c in (0.6, 1.2) for t in (0.0, 0.1, 0.25)]
        + [(168, (8, 1.0, 0.1))],
    ),
    "month": (
        months,
        "level, dispersion",
        [(12, (m, d)) for m in (4.0, 40.0, 400.0) for d in (1.0, 2.0, 4.0)],
    ),
}
"""What simulates a watch, what its figures are, and the settings; fewer series are run in hours."""


def nominal_rates(slots: int) -> tuple[float, ...]:
    return MONTHLY if slots == 12 else NOMINAL


def clusters(rates: NDArray[np.float64], slots: int, bands: Sequence[int]) -> NDArray[np.float64]:
    """Clusters that begin in each band at each nominal rate."""
    found = np.zeros((4, len(bands) - 1))
    a_band = slots if slots != 12 else 1
    for i, nominal in enumerate(nominal_rates(slots)):
        places = np.flatnonzero(rates <= nominal)
        begins = places[np.diff(places, prepend=-(10**9)) > GAPS[slots]]
        found[i] = np.histogram(begins / a_band, bands)[0]
    return found


def ratios(simulate: Callable[..., Rates], setting: Setting, series: int) -> list[str]:
    """A row of the table."""
    slots, figures = setting
    bands = MONTHS if slots == 12 else WEEKS
    found = np.zeros((4, len(bands) - 1))
    for number in range(series):
        rng = np.random.default_rng([number, slots, *(round(1000 * x) for x in figures)])
        rates = np.array(list(simulate(rng, slots, *figures)))
        found += clusters(rates, slots, bands)
    weeks = np.diff(bands) * (52.18 / 12.0 if slots == 12 else 1.0) * series
    row = []
    for nominal, seen in zip(nominal_rates(slots), found, strict=True):
        for number, length in zip(seen, weeks, strict=True):
            hoped = nominal * length
            figure = f"{number / hoped:.2f}{'?' if number < 5 else ' '}"
            row.append(figure if hoped > 1.0 or number > 1 else "- ")
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--watches", nargs="+", choices=list(WATCHES), default=list(WATCHES))
    parser.add_argument(
        "--series",
        type=int,
        default=20,
        help="series of days a setting (hours: a fifth; months: 20x)",
    )
    chosen = parser.parse_args()
    for name in chosen.watches:
        simulate, words, settings = WATCHES[name]
        bands = MONTHS if name == "month" else WEEKS
        print(
            f"\n{name}: slots, {words}; history {bands[0]} to {bands[-1]} in {len(bands) - 1} bands"
        )
        width = 7 * (len(bands) - 1)
        print(" " * 24 + "".join(f"{rate:>{width}}" for rate in nominal_rates(settings[0][0])))
        for setting in settings:
            series = {7: chosen.series, 168: max(1, chosen.series // 5), 12: 20 * chosen.series}
            begun = time.perf_counter()
            row = ratios(simulate, setting, series[setting[0]])
            label = f"{setting[0]:4} " + " ".join(f"{x:g}" for x in setting[1])
            took = time.perf_counter() - begun
            print(f"{label:24}" + "".join(f"{x:>7}" for x in row) + f"  {took:.0f} s", flush=True)


if __name__ == "__main__":
    main()

"""Does a whole set of watches keep its budget of false episodes, and find what it says it finds?

    python benchmarks/alert_budget.py [--quick] [--only budget,weights,cold,power,strained,dublin]
                                      [--dublin FILE] [--processes 2]
                                      [--keep FOLDER]

A force is drawn up with 15 themes over a county, its 2 areas and 5 districts: 300 series (60 by the
hour, 120 by the day, 120 by the month), from 0.05 to 30 events an hour, dispersions 1 to 2. All
counts are stable: every alarm is false. Factors are fitted on seeds of their own (`detectors.
calibration`), and then, on fresh seeds:

- budget: 30 replicates of two years at budgets of 1 and 4 episodes a week; the share of each grain;
- weights: the same years, with the budget shared unevenly among the themes and the factors of the
  even split: what is spent on one theme is no more than what the others leave;
- cold: the first half year with 0, 4, 8 and 26 weeks of history;
- power: stepped series, and how many were found within the delay that was stated for nine in ten;
- strained: counts that are not stable: correlated from hour to hour (AR(1) of 0.4), and a drift of
  3 % a year;
- dublin: the ambulance and fire incidents of Dublin, 2022, with 2020-21 as the history.

Prints PASS or SHORT beside each aim.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import functools
import gzip
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import holidays
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.calibration.alarm_budget import MOST_ALARMS, AlarmBudget
from detectors.calibration.detection_delay import delay, detection_delays, learned
from detectors.calibration.episodes import Episodes, Where
from detectors.calibration.simulation import (
    Plan,
    RatedPoint,
    SimulatedStream,
    Watched,
    fit,
    replay,
    stable,
    total,
)
from detectors.counts.count_watch import CountWatch
from tests.seasonal_counts import week_shape

THEMES = (30.0, 12.0, 8.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0, 1.5, 1.2, 1.0, 0.8, 0.6, 0.5)
"""Events an hour in the county."""

DISTRICTS = {"north": (0.3, 0.2), "south": (0.25, 0.15, 0.1)}
DISPERSIONS = (1.0, 1.3, 2.0)
WATCHES = {"hour": 4, "day": 8, "month": 8}
"""By grain how many series a theme has."""
YEARS_WEEKS = 104
SHAPE = tuple(float(f) for f in week_shape(168))
CUTOFF = dict(MOST_ALARMS)
BUDGETS = (1.0, 4.0)
WEIGHTS: dict[str, tuple[float, ...]] = {
    "even": (1.0,) * len(THEMES),
    "half to the busiest three": (4.0,) * 3 + (1.0,) * 12,
    "half to the quietest three": (1.0,) * 12 + (4.0,) * 3,
    "from 15 to 1, the busiest most": tuple(map(float, range(len(THEMES), 0, -1))),
    "one has nine tenths": (126.0,) + (1.0,) * 14,
}
"""How themes share the budget."""

Draw = Callable[[Plan, int, np.random.Generator], NDArray[np.int64]]


def county(weights: tuple[float, ...] = WEIGHTS["even"]) -> Plan:
    """The 300 series; their themes share the budget by weights."""
    streams: list[SimulatedStream] = []
    watched: list[Watched] = []
    for number, rate in enumerate(THEMES):
        theme, dispersion = f"theme {number + 1}", DISPERSIONS[number % len(DISPERSIONS)]
        below: dict[tuple[str, ...], list[int]] = {("county",): []}
        for area, shares in DISTRICTS.items():
            below["county", area] = []
            for place, share in enumerate(shares):
                path = ("county", area, f"district {place + 1}")
                stream = len(streams)
                streams.append(SimulatedStream(rate * share, dispersion, SHAPE))
                for above in (path[:1], path[:2]):
                    below[above].append(stream)
                below[path] = [stream]
        by_the_hour = [
            *(path for path in below if len(path) < 3),
            ("county", "north", "district 1"),
        ]
        for path, members in below.items():
            grains = ("hour", "day", "month") if path in by_the_hour else ("day", "month")
            for grain in grains:
                part = weights[number] / sum(weights) / WATCHES[grain]
                watched.append(Watched(Where(grain, theme, path), tuple(members), part))
    links = (("theme 1", "theme 2"), ("theme 3", "theme 4"))
    return Plan(tuple(streams), tuple(watched), links)


def correlated(plan: Plan, weeks: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Counts whose rate wanders from hour to hour, AR(1) of 0.4, to the same dispersion."""
    hours = weeks * 168
    noise = rng.standard_normal((len(plan.streams), hours))
    for hour in range(1, hours):
        noise[:, hour] = 0.4 * noise[:, hour - 1] + math.sqrt(1 - 0.16) * noise[:, hour]
    means = np.array([[stream.rate] for stream in plan.streams]) * np.tile(SHAPE, weeks)
    over = np.array([[stream.dispersion - 1.0] for stream in plan.streams])
    variance = np.log1p(over / means)
    return rng.poisson(means * np.exp(np.sqrt(variance) * noise - variance / 2))


def drifting(plan: Plan, weeks: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Counts that grow by 3 % a year."""
    grown = 1.03 ** (np.arange(weeks * 168) / (168 * 52.18))
    counts = np.empty((len(plan.streams), weeks * 168), dtype=np.int64)
    for row, stream in zip(counts, plan.streams, strict=True):
        means, over = stream.rate * np.tile(SHAPE, weeks) * grown, stream.dispersion - 1.0
        row[:] = rng.poisson(rng.gamma(means / over, over) if over else means)
    return counts


DRAWS: dict[str, Draw] = {"stable": stable, "AR(1) of 0.4": correlated, "3 % a year": drifting}


def once(seed: tuple[int, ...], history: int, weeks: int, draw: str) -> list[RatedPoint]:
    """One replicate."""
    return replay(
        county(), history=history, weeks=weeks, seed=seed, cutoff=CUTOFF, draw=DRAWS[draw]
    )


def kept(
    seed: tuple[int, ...], history: int, weeks: int, draw: str, folder: Path | None
) -> list[RatedPoint]:
    """One replicate, from the folder if it is there."""
    if folder is None:
        return once(seed, history, weeks, draw)
    path = folder / f"{seed[0]}-{seed[1]}-{history}-{weeks}.json"
    if not path.exists():
        path.write_text(json.dumps(once(seed, history, weeks, draw)))
    return [RatedPoint(*one) for one in json.loads(path.read_text())]


class Runs:
    """Replicates over processes, with a line of progress; those in the folder are not run again."""

    def __init__(self, processes: int, folder: Path | None) -> None:
        self.processes, self.folder = processes, folder

    def __call__(
        self, name: str, key: int, number: int, *, history: int, weeks: int, draw: str = "stable"
    ) -> list[list[RatedPoint]]:
        seeds = [(key, n) for n in range(number)]
        started = time.monotonic()
        one = functools.partial(kept, history=history, weeks=weeks, draw=draw, folder=self.folder)
        found = []
        with ProcessPoolExecutor(self.processes) as pool:
            for noted in pool.map(one, seeds):
                found.append(noted)
                spent = time.monotonic() - started
                left = spent / len(found) * (number - len(found))
                note = f"{name}: {len(found)} of {number}, {left / 60:.1f} minutes left"
                print(f"\r{note:70}", end="", file=sys.stderr, flush=True)
        print(f"\r{'':70}\r", end="", file=sys.stderr)
        return found


def verdict(holds: bool) -> str:
    """The mark beside an aim."""
    return "PASS" if holds else "SHORT"


def row(
    name: str,
    replays: list[list[RatedPoint]],
    weeks: int,
    budget: AlarmBudget,
    weights: tuple[float, ...] = WEIGHTS["even"],
) -> tuple[str, float]:
    """A line of the table, and the mean over the budget."""
    plan = county(weights)
    each = [total(plan, [one], budget) for one in replays]
    sums = np.array([sum(one.values()) for one in each]) / weeks
    mean, error = sums.mean(), sums.std(ddof=1) / math.sqrt(len(sums)) if len(sums) > 1 else 0.0
    grains = sum(each, Counter())
    share = "  ".join(f"{g} {grains[g] / max(1, grains.total()):.0%}" for g in budget.shares)
    over = mean / budget.episodes_a_week
    said = f"{name:34} {mean:6.2f} +- {error:4.2f} a week  {over:5.2f} of the budget   {share}"
    return said, float(over)


def budgets_run(runs: Runs, fitted: dict[float, AlarmBudget], quick: bool) -> None:
    """Two stable years at each budget."""
    scored = runs("scoring", 2, 4 if quick else 30, history=26, weeks=YEARS_WEEKS)
    print("\nStable counts, two years, seeds unseen in the calibration; aim: within 10 %")
    for episodes, budget in fitted.items():
        said, over = row(f"budget {episodes:g}", scored, YEARS_WEEKS, budget)
        print(f"{said}  {verdict(0.9 <= over <= 1.1)}", flush=True)


def weights_run(runs: Runs, fitted: dict[float, AlarmBudget], quick: bool) -> None:
    """The same years, the budget shared unevenly."""
    scored = runs("scoring", 2, 4 if quick else 30, history=26, weeks=YEARS_WEEKS)
    print("\nThe same by weights of themes, factors of the even split; aim: at most + 10 %")
    for name, weights in WEIGHTS.items():
        for episodes, budget in fitted.items():
            said, over = row(f"{name}, {episodes:g}", scored, YEARS_WEEKS, budget, weights)
            print(f"{said}  {verdict(over <= 1.1)}", flush=True)


def cold_run(runs: Runs, fitted: dict[float, AlarmBudget], quick: bool) -> None:
    """The first half year after little history."""
    print("\nThe first 26 weeks after so much history; aim: never above twice the budget")
    for history in (0, 4, 8, 26):
        found = runs(
            f"{history} weeks", 10 + history, 2 if quick else 10, history=history, weeks=26
        )
        for episodes, budget in fitted.items():
            said, over = row(f"{history} weeks, budget {episodes:g}", found, 26, budget)
            print(f"{said}  {verdict(over <= 2.0)}", flush=True)


def strained_run(runs: Runs, fitted: dict[float, AlarmBudget], quick: bool) -> None:
    """Counts that break the model."""
    print("\nNot stable, two years; aim: at most twice the budget")
    for key, draw in enumerate(("AR(1) of 0.4", "3 % a year")):
        found = runs(draw, 40 + key, 2 if quick else 6, history=26, weeks=YEARS_WEEKS, draw=draw)
        for episodes, budget in fitted.items():
            said, over = row(f"{draw}, budget {episodes:g}", found, YEARS_WEEKS, budget)
            print(f"{said}  {verdict(over <= 2.0)}", flush=True)


def stepped(task: tuple[str, float, float, int, float]) -> tuple[str, float, float, int, int]:
    """States the delay for one series, then steps fresh ones: how many were found within it."""
    grain, rate, dispersion, steps, allowed = task
    stream = SimulatedStream(rate, dispersion, SHAPE)
    found = within = 0
    for stated in detection_delays(stream, grain, allowed=allowed, history=26, runs=100, seed=77):
        if math.isinf(stated.most):
            continue
        for step in range(steps):
            saved = learned(stream, grain, allowed=allowed, weeks=26, seed=[78, step])
            waited = delay(saved, stream, grain, stated.factor, [79, step])
            found += 1
            within += waited <= stated.most
    return grain, rate, dispersion, found, within


def power_run(processes: int, budget: AlarmBudget, quick: bool) -> None:
    """Whether the delays that are stated hold on fresh series."""
    part = {grain: 1.0 / (len(THEMES) * number) for grain, number in WATCHES.items()}
    tasks = [
        (grain, rate, dispersion, 2 if quick else 12, budget.allowed(grain, part[grain]))
        for grain in ("hour", "day")
        for rate, dispersion in ((12.0, 1.3), (3.0, 2.0), (1.0, 1.0))
    ]
    print("\nSteps of 1.3 to 3, within the delay stated for nine in ten; aim: at least 90 %")
    every = inside = 0
    with ProcessPoolExecutor(processes) as pool:
        for grain, rate, dispersion, found, within in pool.map(stepped, tasks):
            every, inside = every + found, inside + within
            print(f"{grain:5} {rate:5.1f} an hour, dispersion {dispersion}: {within} of {found}")
    print(
        f"{inside} of {every} = {inside / every:.0%}  {verdict(inside >= 0.9 * every)}", flush=True
    )


def dublin_run(path: Path, budget: AlarmBudget) -> None:
    """A real year: whatever alarms is listed, as nobody knows which alarms are false."""
    start = dt.date(2020, 1, 6)
    hours = Counter[int]()
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for called in csv.DictReader(file):
            day = dt.datetime.strptime(called["Date"], "%d/%m/%Y").date()  # noqa: DTZ007 - a date
            hours[(day - start).days * 24 + int(called["TOC"][:2])] += 1
    weeks, history = 156, 104
    episodes = Episodes()
    found: list[tuple[float, Where, str]] = []
    irish = holidays.country_holidays("IE", years=range(2020, 2024))
    for grain, slots in (("hour", 168), ("day", 7)):
        watch = CountWatch(slots, budget.allowed(grain, 1.0))
        length = 168 // slots
        for place in range(weeks * slots):
            day = start + dt.timedelta(hours=place * length)
            names = ["Halloween"] if (day.month, day.day) == (10, 31) else []
            names += ["a bank holiday"] if day in irish else []
            count = sum(hours[hour] for hour in range(place * length, (place + 1) * length))
            watch.update(count, names=names)
            if watch.drift_detected and place >= history * slots:
                said = f"{day} {place * length % 24:02}:00" if grain == "hour" else f"{day}"
                ahead = watch.expected.ahead
                expected = 0.0 if ahead is None else ahead.mean
                what = f"{grain} {said}: {count}, expected {expected:.1f} ({watch.causes})"
                found.append(((place + 1.0) * length, Where(grain, "all", ()), what))
    print("\nDublin, 2022: each time that an episode opens")
    for at, where, what in sorted(found):
        before = episodes.opened
        episodes.add(at, where)
        if episodes.opened > before:
            print(f"  {what}")
    a_week = episodes.opened / (weeks - history)
    share = budget.shares["hour"] + budget.shares["day"]
    print(
        f"{episodes.opened} episodes, {a_week:.2f} a week for an allowance of {share:.1f}  "
        f"{verdict(a_week <= 2.0 * share)}"
    )


def fitted_budgets(runs: Runs, quick: bool) -> dict[float, AlarmBudget]:
    """The factors, by budget, on seeds of their own."""
    plan = county()
    seen = runs("calibrating", 1, 4 if quick else 16, history=26, weeks=YEARS_WEEKS)
    fitted = {}
    for episodes in BUDGETS:
        budget = AlarmBudget(episodes)
        factors = fit(plan, seen, weeks=YEARS_WEEKS, budget=budget)
        fitted[episodes] = AlarmBudget(episodes, factors=factors)
        said = ", ".join(f"{grain} {factor:.2f}" for grain, factor in factors.items())
        print(f"factors at a budget of {episodes:g}: {said}", flush=True)
    return fitted


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few replicates: minutes, but noisy")
    parser.add_argument("--only", default="budget,weights,cold,power,strained,dublin")
    parser.add_argument("--dublin", type=Path, help="dfb_fire_incidents_2020_2022.csv.gz")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--keep", type=Path, help="a folder for replicates: a run that is broken off goes on"
    )
    chosen = parser.parse_args()
    if chosen.keep is not None:
        chosen.keep.mkdir(parents=True, exist_ok=True)
    only = set(chosen.only.split(","))
    runs = Runs(chosen.processes, chosen.keep)
    print({grain: len(THEMES) * number for grain, number in WATCHES.items()}, "series")
    fitted = fitted_budgets(runs, chosen.quick)
    if "budget" in only:
        budgets_run(runs, fitted, chosen.quick)
    if "weights" in only:
        weights_run(runs, fitted, chosen.quick)
    if "cold" in only:
        cold_run(runs, fitted, chosen.quick)
    if "power" in only:
        power_run(chosen.processes, fitted[1.0], chosen.quick)
    if "strained" in only:
        strained_run(runs, fitted, chosen.quick)
    if "dublin" in only:
        if chosen.dublin is None:
            print("\nDublin is left out: name its file with --dublin")
        else:
            dublin_run(chosen.dublin, fitted[1.0])


if __name__ == "__main__":
    main()

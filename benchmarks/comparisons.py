"""How often does a comparison see something where nothing happens, and how often what does?

    python benchmarks/comparisons.py [--series 2000] [--seed 1]

Series are drawn in which nothing changes but by a season and by chance, and each judgement that is
set beside a figure is made of them; then series in which something does. Counts are negative
binomial (variance over mean 3) about a level that wobbles from month to month by 6 %; the wobble
is carried on from each month to the next by so much (`alike`: 0, 0.3, 0.6).

Prints, by judgement, the share of series in which it is made:

- the test of Mann and Kendall on the twelve months to a month, which takes a season for a trend,
  and the seasonal Kendall test on whole years, as it is and with dependence allowed for;
- whether a season is told, by the test, and by being on the same side as last year;
- whether a share or mean is above or below the average of 28 days before, by 5 % alone and as
  `streams.board.standing` judges it, where shares vary by chance alone, and by more;
- whether the newest month is below the limits of its chart while 15 % of it is still to come, and
  whether a list of flags has it, by what it has so far and by what it may come to.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from math import ceil, erfc, floor, inf, sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.change.seasonal_kendall import seasonal_kendall
from detectors.charts.limits import mean_sd
from detectors.counts.chain_ladder import ChainLadder
from detectors.counts.month_ahead import month_ahead
from detectors.durations.welch import Sample, welch
from detectors.season import season
from detectors.shares.difference import newcombe

CHANCE = 0.05
SMALL = 20
LEVEL, DISPERSION, WOBBLE, SEASON = 200.0, 3.0, 0.06, 0.15
Floats = NDArray[np.float64]


def draw(
    chance: np.random.Generator,
    years: int,
    *,
    alike: float = 0.0,
    seasonal: float = SEASON,
    growth: float = 0.0,
    level: float = LEVEL,
) -> list[float]:
    """The counts of whole years of months; `growth` is that of a year."""
    months = np.arange(12 * years)
    wobble = chance.normal(size=12 * years)
    for place in months[1:]:
        wobble[place] = alike * wobble[place - 1] + sqrt(1 - alike**2) * wobble[place]
    shape = seasonal * np.cos(2 * np.pi * (months + chance.integers(12)) / 12)
    mean = level * np.exp(shape + WOBBLE * wobble + growth * months / 12)
    found = chance.poisson(chance.gamma(mean / (DISPERSION - 1), DISPERSION - 1))
    return [float(count) for count in found]


def by_year(values: list[float]) -> list[list[float]]:
    """The whole years of some months."""
    return [values[at : at + 12] for at in range(0, len(values), 12)]


def of_one_year(values: list[float]) -> bool:
    """Whether the test of Mann and Kendall sees a trend in the last twelve months."""
    last = values[-12:]
    score = sum(np.sign(last[j] - last[i]) for i in range(12) for j in range(i + 1, 12))
    variance = 12 * 11 * 29 / 18  # ties make little of it
    return bool(score) and erfc((abs(score) - 1) / sqrt(2 * variance)) <= CHANCE


def share(number: int, judge: Callable[..., bool], *given: Any, **how: float) -> str:
    """In which share of so many draws a judgement is made."""
    return f"{100 * sum(judge(*given, **how) for _ in range(number)) / number:5.1f} %"


def _trend_of_one(chance: np.random.Generator, **how: float) -> bool:
    return of_one_year(draw(chance, 1, **how))


def _trend(chance: np.random.Generator, years: int, corrected: bool, **how: float) -> bool:
    found = seasonal_kendall(by_year(draw(chance, years, **how)), corrected=corrected)
    return found.chance <= CHANCE


def trends(number: int, chance: np.random.Generator) -> None:
    """The share of series with a trend by the tests."""
    cases: list[dict[str, float]] = [{"alike": alike} for alike in (0.0, 0.3, 0.6)]
    for how in (*cases, {"alike": 0.3, "growth": 0.05}):
        print(f"\na trend; a season of 15 %, {how}")
        print(f"  Mann-Kendall on 12 months {share(number, _trend_of_one, chance, **how)}")
        for years in (3, 5, 9, 10):
            plain, corrected = (share(number, _trend, chance, years, c, **how) for c in (0, 1))
            print(
                f"  {years:2} years: seasonal Kendall {plain}, dependence allowed for {corrected}"
            )


def _season(chance: np.random.Generator, years: int, **how: float) -> bool:
    return season(draw(chance, years, **how)).chance <= CHANCE


def _as_last_year(chance: np.random.Generator, **how: float) -> bool:
    """Whether the last month lies as the same one of last year to the average of those between."""
    values = draw(chance, 3, **how)
    average = sum(values[-13:-1]) / 12
    return (values[-1] - average) * (values[-13] - average) > 0


def seasons(number: int, chance: np.random.Generator) -> None:
    """The share of series with a season, by the test and by last year's side."""
    cases: tuple[tuple[str, dict[str, float]], ...] = (
        ("nothing", {"seasonal": 0.0}),
        ("nothing, months alike 0.6", {"seasonal": 0.0, "alike": 0.6}),
        ("nothing, 5 a month", {"seasonal": 0.0, "level": 5.0}),
        ("growth by 15 % a year", {"seasonal": 0.0, "growth": 0.15}),
        ("a season of 15 %", {}),
        ("a season of 30 %, 30 a month", {"seasonal": 0.3, "level": 30.0}),
    )
    print("\na season")
    for name, how in cases:
        by_test = ", ".join(share(number, _season, chance, years, **how) for years in (3, 4, 6))
        same = share(number, _as_last_year, chance, **how)
        print(f"  {name}: by 3, 4, 6 years {by_test}; as last year {same}")


DAYS = 28


def _share(chance: np.random.Generator, number: int, share: float, vary: float, new: bool) -> bool:
    """Whether the share of a day is above or below; `vary` is by how much it varies beyond
    chance, as a standard deviation."""
    shares = np.clip(chance.normal(share, vary, DAYS + 1), 0.01, 0.99)
    tops = chance.binomial(number, shares)
    base = tops[:-1].sum() / (number * DAYS)
    away = abs(tops[-1] / number - base) > 0.05 * base
    if not new:
        return bool(away)
    low, high = newcombe(tops[-1], number, tops[:-1].sum(), number * DAYS)
    return bool(away and not low <= 0 <= high and number >= SMALL)


def _mean(chance: np.random.Generator, number: int, new: bool) -> bool:
    """Whether the mean of a day's durations is above or below; they are log-normal."""
    lengths = chance.lognormal(6.3, 0.8, (DAYS + 1) * number)
    one, other = (
        Sample.of_sums(len(each), each.sum(), (each**2).sum())
        for each in (lengths[:number], lengths[number:])
    )
    away = abs(one.mean - other.mean) > 0.05 * other.mean
    if not new:
        return bool(away)
    low, high = welch(one, other)
    return bool(away and not low <= 0 <= high and number >= SMALL)


def standings(number: int, chance: np.random.Generator) -> None:
    """The share of days that are above or below where nothing has changed."""
    print("\nabove or below the average of 28 days")
    for size in (10, 30, 100, 1000):
        for vary in (0.0, 0.03):
            plain, judged = (share(number, _share, chance, size, 0.8, vary, by) for by in (0, 1))
            print(f"  a share of {size}, varies by {vary:.0%}: by 5 % {plain}, judged {judged}")
        plain, judged = (share(number, _mean, chance, size, by) for by in (0, 1))
        print(f"  a mean of {size}: by 5 % {plain}, judged {judged}")


LATE = 0.15
"""So much more than at first comes later."""


class Newest(NamedTuple):
    """Twelve months that are recorded, the newest so far, and what it comes to, with its 95 %
    interval as expected of it."""

    before: list[float]
    so_far: int
    whole: int
    low: float
    high: float

    @classmethod
    def draw(cls, chance: np.random.Generator, level: float, times: float) -> Newest:
        """One of a series without a season, the newest month at so many times its level."""
        *before, last = draw(chance, 2, seasonal=0.0, level=level)[-13:]
        whole = int(chance.binomial(int(last), times) if times < 1 else last * times)
        first = chance.binomial([int(each) for each in (*before, whole)], 1 / (1 + LATE)).tolist()
        ladder = ChainLadder([[a, b] for a, b in zip(first[:-1], before, strict=True)])
        found = ladder.completed(first[-1], 0)
        low, high = (0.0, inf) if found is None else found.interval()
        return cls(before, first[-1], whole, min(low, first[-1]), max(high, first[-1]))


def _charted(chance: np.random.Generator, level: float, recorded: bool) -> bool:
    newest = Newest.draw(chance, level, 1.0)
    lines = mean_sd(newest.before).limits(2.0)
    return not lines.lower <= (newest.whole if recorded else newest.so_far) <= lines.upper


def _flagged(chance: np.random.Generator, level: float, times: float, held: bool) -> bool:
    newest = Newest.draw(chance, level, times)
    ahead = month_ahead(newest.before, [1.0] * 12, 1.0, DISPERSION)
    if not held:
        return ahead.mid_p(newest.so_far) <= CHANCE
    if newest.low <= ahead.mean <= newest.high:
        return False
    nearest = floor(newest.low) if newest.low > ahead.mean else ceil(newest.high)
    return ahead.mid_p(nearest) <= CHANCE


def young(number: int, chance: np.random.Generator) -> None:
    """The share of newest months that are far out, where a part of each month comes late."""
    print(f"\nthe newest month far out, {LATE:.0%} more still to come")
    for level in (20.0, 200.0):
        so_far, done = (share(number, _charted, chance, level, recorded) for recorded in (0, 1))
        print(f"  {level:.0f} a month, beyond 2 SD: so far {so_far}, once recorded {done}")
        for times in (1.0, 0.5, 1.5):
            plain, held = (share(number, _flagged, chance, level, times, by) for by in (0, 1))
            print(f"    {times:.1f} times the usual, at 5 %: so far {plain}, held back {held}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = np.random.default_rng(asked.seed)
    trends(asked.series, chance)
    seasons(asked.series, chance)
    standings(asked.series, chance)
    young(asked.series, chance)


if __name__ == "__main__":
    main()

"""How many false episodes a set of watches raises, found by simulation that repeats the learning.

A *plan* says which streams there are (streams: so many events an hour, a weekly shape, a
dispersion) and which series are watched (sums of streams, by hour, day or month, each with a place
and a theme). `replay` draws stable streams, lets every watch learn its level, shape, season and
dispersion from them as it would live, and notes each point whose nominal rate of false alarms is
low. `fit` then finds the factors of `detectors.calibration.alarm_budget` at which the episodes of
the replays (alarms joined over grains, places and themes, `detectors.calibration.episodes`) come to
the budget, each grain to its share. Thresholds that take the estimates for the truth would realise
a multiple of it: 27 % for a nominal 5 % with 12 months of history.

Counts are negative binomial with a variance of dispersion times the mean, independent from hour to
hour, so that sums keep the dispersion. Reference: Davison and Hinkley, Bootstrap Methods and their
Application (1997), section 2.2, on simulation that repeats the estimation.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.alarm_budget import MOST_ALARMS, AlarmBudget
from detectors.calibration.episodes import Episodes, Where
from detectors.counts.count_watch import CountWatch
from detectors.counts.month_watch import SHARED_WEIGHT, MonthWatch, pooled

Floats = NDArray[np.float64]

SLOTS = {"hour": 168, "day": 7}
MONDAY = dt.date(2024, 1, 1)
YEAR = 52
"""Weeks of months that a month's chart has behind it when the judging begins."""


class SimulatedStream(NamedTuple):
    """Events an hour, variance over mean, and 168 factors (1 on average; None: flat)."""

    rate: float
    dispersion: float = 1.0
    shape: tuple[float, ...] | None = None


class Watched(NamedTuple):
    """A series: its grain, theme and place, the streams it is the sum of, and the part of its
    grain's budget that it has."""

    where: Where
    streams: tuple[int, ...]
    part: float


@dataclass(frozen=True)
class Plan:
    """What is simulated and what is watched; links: pairs of themes that move together.

    others: by grain, which part of its budget watches besides have (of shares and durations); they
    are taken to raise as many false alarms for it as those that are simulated. What is left then is
    of series that are listed and have no records, which raise none.
    """

    streams: tuple[SimulatedStream, ...]
    watched: tuple[Watched, ...]
    links: tuple[tuple[str, str], ...] = ()
    others: Mapping[str, float] = field(default_factory=dict)

    def parts(self, grain: str) -> list[float]:
        """The parts of a grain's budget that its simulated watches have."""
        return [one.part for one in self.watched if one.where.grain == grain]


class RatedPoint(NamedTuple):
    """A point with a low nominal rate: hours since judging began, which series, the rate."""

    at: float
    series: int
    rate: float


Draw = Callable[[Plan, int, np.random.Generator], NDArray[np.int64]]
"""Makes the hourly counts of the streams, shape (streams, weeks * 168)."""


def stable(plan: Plan, weeks: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Counts in which nothing changes."""
    counts = np.empty((len(plan.streams), weeks * 168), dtype=np.int64)
    for row, stream in zip(counts, plan.streams, strict=True):
        mean = (
            np.full(168, stream.rate)
            if stream.shape is None
            else stream.rate * np.array(stream.shape)
        )
        means = np.tile(mean, weeks)
        excess = stream.dispersion - 1.0
        row[:] = rng.poisson(rng.gamma(means / excess, excess) if excess > 1e-9 else means)
    return counts


def replay(
    plan: Plan,
    *,
    history: int,
    weeks: int,
    seed: Sequence[int] | int,
    cutoff: Mapping[str, float],
    draw: Draw = stable,
) -> list[RatedPoint]:
    """The points of `weeks` weeks whose nominal rate is at most the cutoff of their grain.

    history: weeks that hours and days have learned before; months have learned a year (or none,
    where there is no history at all).
    """
    rng = np.random.default_rng(seed)
    before = max(history, YEAR if history else 0)
    counts = draw(plan, before + weeks, rng)
    noted: list[RatedPoint] = []
    months = _Months(before + weeks)
    shared = _shared(
        [counts[list(one.streams)].sum(axis=0) for one in plan.watched], months, before
    )
    for number, one in enumerate(plan.watched):
        hours = counts[list(one.streams)].sum(axis=0)
        grain = one.where.grain
        if grain == "month":
            found = _by_month(hours, months, shared)
        else:
            found = _by_slot(hours[(before - history) * 168 :], SLOTS[grain], before - history)
        noted.extend(
            RatedPoint(at - before * 168, number, rate)
            for at, rate in found
            if at > before * 168 and rate <= cutoff[grain]
        )
    return sorted(noted)


Points = Iterable[tuple[float, float]]
"""Hours since the start, and the nominal rate."""


def _by_slot(hours: NDArray[np.int64], slots: int, first_week: int) -> Points:
    """Every slot that is not wholly ordinary."""
    length = 168 // slots
    watch = CountWatch(slots)
    for place, count in enumerate(hours.reshape(-1, length).sum(axis=1).tolist()):
        watch.update(count)
        if watch.rate < 0.1 * slots:
            yield first_week * 168.0 + (place + 1) * length, watch.rate


class _Months:
    """Where the months of the simulated weeks begin, and their days."""

    def __init__(self, weeks: int) -> None:
        days = [MONDAY + dt.timedelta(n) for n in range(weeks * 7 + 1)]
        self.edges = [n for n, day in enumerate(days) if day.day == 1]
        self.lengths = np.diff(self.edges)

    def totals(self, hours: NDArray[np.int64]) -> NDArray[np.int64]:
        """The total of each whole month."""
        cumulated = np.concatenate([[0], np.cumsum(hours)])
        totals: NDArray[np.int64] = np.diff(cumulated[np.array(self.edges) * 24])
        return totals


def _shared(series: Sequence[NDArray[np.int64]], months: _Months, before: int) -> float:
    """The dispersion of months that the series share, by their first year; 1 without one."""
    lengths = [float(days) for days in months.lengths[:12]]
    firsts = (months.totals(one)[:12].tolist() for one in series) if before >= YEAR else ()
    return pooled(list(zip(first, lengths, strict=True)) for first in firsts)


def _by_month(hours: NDArray[np.int64], months: _Months, shared: float) -> Points:
    watch = MonthWatch(prior_dispersion=shared, prior_weight=SHARED_WEIGHT)
    ends = months.edges[1:]
    for total, days, end in zip(months.totals(hours), months.lengths, ends, strict=True):
        watch.update(int(total), int(days))
        yield end * 24.0, watch.rate


def opened(plan: Plan, noted: Iterable[RatedPoint], allowed: Sequence[float]) -> Counter[str]:
    """Episodes by the grain that opened them, for one replay; `allowed` is by watched series."""
    episodes = Episodes(plan.links)
    by_grain: Counter[str] = Counter()
    for at, series, rate in noted:
        where = plan.watched[series].where
        if rate <= allowed[series]:
            before = episodes.opened
            episodes.add(at, where)
            by_grain[where.grain] += episodes.opened - before
    return by_grain


def fit(
    plan: Plan, replays: Sequence[Sequence[RatedPoint]], *, weeks: int, budget: AlarmBudget
) -> dict[str, float]:
    """The factors at which the replays keep the budget, each grain its share of it.

    The factor of a grain is found by bisection with those of the others held; the grains meet only
    in the few episodes that they share. Where each watch is allowed the most there is
    (`MOST_ALARMS`) and a share is still not used up, the next round gives what is left to the other
    grains.
    """
    factors = dict.fromkeys(budget.shares, 1.0)
    wanted = {
        grain: share * budget.episodes_a_week * weeks * len(replays) * _counts(plan, grain)
        for grain, share in budget.shares.items()
    }
    goal = dict(wanted)
    for _ in range(3):
        for grain in factors:
            if plan.parts(grain):
                factors[grain] = _factor(plan, replays, budget, factors, grain, goal[grain])
        found = total(plan, replays, replace(budget, factors=factors))
        left = {g: n - found[g] for g, n in goal.items() if found[g] < 0.98 * n}
        others = sum(share for grain, share in budget.shares.items() if grain not in left)
        if not left or not others:
            break
        goal = {
            grain: wanted[grain] + (grain not in left) * sum(left.values()) * share / others
            for grain, share in budget.shares.items()
        }
    return factors


def _factor(
    plan: Plan,
    replays: Sequence[Sequence[RatedPoint]],
    budget: AlarmBudget,
    factors: Mapping[str, float],
    grain: str,
    goal: float,
) -> float:
    """The factor of one grain at which it opens so many episodes; at most where `MOST_ALARMS`
    begins."""
    high = MOST_ALARMS[grain] / (
        budget.shares[grain] * budget.episodes_a_week * min(plan.parts(grain))
    )
    low = min(1.0, high) / 64.0
    for _ in range(14):
        middle = (low * high) ** 0.5
        tried = replace(budget, factors={**factors, grain: middle})
        found = total(plan, replays, tried)[grain]
        low, high = (middle, high) if found < goal else (low, middle)
    return float((low * high) ** 0.5)


def _counts(plan: Plan, grain: str) -> float:
    """Of the budget of the watches with records, the share of those that are simulated."""
    simulated = sum(plan.parts(grain))
    return simulated / (simulated + plan.others.get(grain, 0.0)) if simulated else 0.0


def total(plan: Plan, replays: Iterable[Sequence[RatedPoint]], budget: AlarmBudget) -> Counter[str]:
    """Episodes of all replays, by the grain that opened them."""
    allowed = [budget.allowed(one.where.grain, one.part) for one in plan.watched]
    found: Counter[str] = Counter()
    for noted in replays:
        found += opened(plan, noted, allowed)
    return found

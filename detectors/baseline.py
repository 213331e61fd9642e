"""What complete weeks have taught of a count: its level, its shape, its scatter, its named days.

A `Baseline` is a value: learning a week gives another one. So whoever keeps it knows by identity
whether it has changed, and it can be read while the next week is running.

The learning half of `detectors.expected`, which says what the figures mean and holds the week that
is running; the parts are in `level`, `profile`, `dispersion` and `flagged`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from detectors import dispersion, flagged, lasting
from detectors.level import Totals, fit_levels
from detectors.predictive import MOST
from detectors.profile import fit_profile

HOURLY = 168
"""Slots a week from which a week tells how long deviations last."""
KEPT = 160
"""Weeks of totals that are kept: three years."""

Week = list[list[Any]]
"""The points of a week: slot, count, names of the day, place in the stream."""


class Constants(NamedTuple):
    """Those parameters of `detectors.expected.Expected` that learning needs."""

    slots: int
    half_life: float
    shape_half_life: float
    season_sd: float
    trend_sd: float
    prior_dispersion: float
    prior_weight: float


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known after so many weeks.

    age: complete weeks; filled: weeks' worth of slots that had a count; counts and ordinary: by
    slot, faded counts and what weeks of their rate and no shape would have brought; profile and
    spreads: the factor of each slot and its relative variance; weeks: totals and exposures; rate
    and rate_spread: for an exposure of 1, in the week to come; sums: see `dispersion.add`; names:
    see `flagged`; lasting: see `lasting.add`.
    """

    age: int
    filled: float
    counts: list[float]
    ordinary: list[float]
    profile: list[float]
    spreads: list[float]
    weeks: list[list[float]]
    rate: float
    rate_spread: float
    sums: list[float]
    dispersion: float
    dispersion_spread: float
    names: flagged.Memory
    lasting: list[float]

    @classmethod
    def none(cls, of: Constants) -> Baseline:
        """Before any week."""
        zeros, ones = [0.0] * of.slots, [1.0] * of.slots
        return cls(
            age=0,
            filled=0.0,
            counts=zeros,
            ordinary=zeros,
            profile=ones,
            spreads=ones,
            weeks=[],
            rate=0.0,
            rate_spread=1.0,
            sums=[0.0, 0.0, 0.0],
            dispersion=max(1.0, of.prior_dispersion),
            dispersion_spread=2.0 / max(of.prior_weight, 1.0),
            names={},
            lasting=lasting.NOTHING,
        )

    @property
    def stretch(self) -> float:
        """Times the variance of independent counts that long stretches of them have."""
        return lasting.factor(self.lasting)

    def ahead(
        self, slot: int, names: Sequence[str], between: float
    ) -> tuple[float, float, float, float]:
        """Of a count in that slot: mean, relative variance, dispersion and its relative variance
        (`detectors.predictive`)."""
        mean = self.rate * self.profile[slot]
        spread = self.rate_spread + self.spreads[slot]
        if names:
            hour = slot % (len(self.profile) // 7)
            times, more = flagged.factor(self.names, names, hour, self.dispersion, between)
            mean, spread = mean * times, spread + more
        return min(mean, MOST), spread, self.dispersion, self.dispersion_spread

    def times(self, ratio: float, spread: float) -> Baseline:
        """What would be known had there been so many times the counts, of a ratio that is known
        with that relative variance."""
        return replace(
            self,
            counts=[ratio * count for count in self.counts],
            ordinary=[ratio * count for count in self.ordinary],
            weeks=[[ratio * total, exposure] for total, exposure in self.weeks],
            rate=ratio * self.rate,
            rate_spread=self.rate_spread + spread,
        )

    def _shaped(self, week: Week, of: Constants) -> Baseline:
        """With that week as well, but for the level."""
        plain = [point for point in week if not point[2]]
        slot = np.array([point[0] for point in plain], dtype=int)
        count = np.array([point[1] for point in plain], dtype=float)
        factor, spread = np.array(self.profile)[slot], np.array(self.spreads)[slot]
        own, weight = 1.0, np.ones(len(plain))
        if plain:
            own, weight = dispersion.own_rate(count, factor, spread, self.dispersion, self.age)
        fade = 0.5 ** (1.0 / of.shape_half_life)
        sums, scatter = self.sums, (self.dispersion, self.dispersion_spread)
        lasts = self.lasting
        if self.age and plain:
            mean = own * factor
            sums = dispersion.add(sums, fade, count, mean, spread, weight, self.dispersion)
            scatter = dispersion.estimate(sums, of.prior_dispersion, of.prior_weight)
            if of.slots >= HOURLY:
                mean = np.maximum(mean, 1e-9)
                off = weight * (count - mean) / np.sqrt(mean * (self.dispersion + spread * mean))
                lasts = lasting.add(lasts, fade, (slot - slot[0]) % of.slots, off)
        counts, ordinary = np.array(self.counts) * fade, np.array(self.ordinary) * fade
        np.add.at(counts, slot, weight * count)
        np.add.at(ordinary, slot, weight * own)
        names = self._names_with(week, own if plain and self.age else self.rate)
        profile, spreads = fit_profile(
            counts, ordinary, slots_a_day=of.slots // 7, dispersion=scatter[0]
        )
        weeks = [*self.weeks, [float(weight @ count), float(weight @ factor)]][-KEPT:]
        return Baseline(
            age=self.age + 1,
            filled=self.filled + len(week) / of.slots,
            counts=counts.tolist(),
            ordinary=ordinary.tolist(),
            profile=profile.tolist(),
            spreads=spreads.tolist(),
            weeks=weeks,
            rate=self.rate,
            rate_spread=self.rate_spread,
            sums=sums,
            dispersion=scatter[0],
            dispersion_spread=scatter[1],
            names=names,
            lasting=lasts,
        )

    def _aged(self, weeks: int, of: Constants) -> Baseline:
        """So many weeks later, but for the level."""
        fade = 0.5 ** (weeks / of.shape_half_life)
        counts, ordinary = np.array(self.counts) * fade, np.array(self.ordinary) * fade
        profile, spreads = fit_profile(
            counts, ordinary, slots_a_day=of.slots // 7, dispersion=self.dispersion
        )
        return replace(
            self,
            age=self.age + weeks,
            counts=counts.tolist(),
            ordinary=ordinary.tolist(),
            profile=profile.tolist(),
            spreads=spreads.tolist(),
            weeks=[*self.weeks, *([0.0, 0.0] for _ in range(min(weeks, KEPT)))][-KEPT:],
        )

    def _names_with(self, week: Week, own: float) -> flagged.Memory:
        points = [
            (name, slot % (len(self.profile) // 7), count, own * self.profile[slot])
            for slot, count, names, _ in week
            for name in names
        ]
        if own <= 0.0 or not points:
            return self.names
        names = dict(self.names)  # what is learned of a name is a new list in it
        flagged.learn(names, points, len(self.profile) // 7)
        return names


def idle(known: Iterable[tuple[Baseline, int]], of: Constants) -> list[Baseline]:
    """What is known of each series after so many weeks more of which nothing is known: what weeks
    without a point, learned one by one, would leave."""
    aged = [baseline._aged(weeks, of) for baseline, weeks in known]
    return _levelled(aged, of)


def with_weeks(known: Baseline, weeks: list[list[float]], of: Constants) -> Baseline:
    """What is known with the totals and exposures of more weeks; of their shape nothing is."""
    if not weeks:
        return known
    more = replace(known._aged(len(weeks), of), weeks=[*known.weeks, *weeks][-KEPT:])
    return _levelled([more], of)[0]


def learn(known: Iterable[tuple[Baseline, Week]], of: Constants) -> list[Baseline]:
    """What is known of each series when its week is over as well; the levels are fitted together,
    and are what each by itself would have."""
    return _levelled([baseline._shaped(week, of) for baseline, week in known], of)


def _levelled(shaped: list[Baseline], of: Constants) -> list[Baseline]:
    """The same with the level of the week to come."""
    series = [
        Totals([total for total, _ in each.weeks], [e for _, e in each.weeks], each.dispersion)
        for each in shaped
    ]
    fits = fit_levels(series, half_life=of.half_life, trend_sd=of.trend_sd, season_sd=of.season_sd)
    return [
        replace(each, rate=fit.rate, rate_spread=fit.spread)
        for each, fit in zip(shaped, fits, strict=True)
    ]

"""What was learned of a count from complete weeks: level, shape, dispersion, named days.

A `Baseline` is a value: learning a week gives another one. So whoever keeps it knows by identity
whether it has changed, and it can be read while the next week is running.

Days with a name stay out of it and are explained by the factor of the name (`named_day_factors`). A
name that most points of a week carry is that of an *event* which goes on for weeks, a lockdown: so
much has a level of its own, and is learned as a baseline beside the ordinary one. It judges the
days of its event once it knows `need` weeks. Where no ordinary weeks are known yet, it is also lent
to ordinary days: they are expected to be alike but for a factor of the relative variance
`between`^2, and with W ordinary weeks of rate r beside its own rate e

    rate = e^(1-w) r^w,    w = W/(W + 1/9),    relative variance + between^2 / (1 + W).

(1/9: a week gives a level to a tenth, where `between` is 0.3.) Once `need` ordinary weeks are
known, they alone are used.

The learning half of `detectors.counts.expected`, which says what the figures mean and holds the
week that is running; the parts are in `level`, `profile`, `dispersion` and `named_day_factors`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.counts import dispersion
from detectors.counts.predictive import LARGEST_COUNT
from detectors.counts.weekly import named_day_factors, sum_dispersion
from detectors.counts.weekly.level import Totals, fit_levels
from detectors.counts.weekly.profile import fit_profile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

HOURLY = 168
"""Slots a week from which on the correlation of neighbouring counts is learned."""
KEPT = 160
"""Weeks of totals that are kept: three years."""

ALIKE = 1.0 / 9.0
"""Ordinary weeks that say as much of the ordinary level as an event's level does."""

ComparedWith = Literal["ordinary", "event", "lent", "nothing"]
"""What a day is compared with: ordinary weeks, its own event, an event that is no more, nothing."""

Week = list[list[Any]]
"""The points of a week: slot, count, names of the day, place in the stream."""


class Constants(NamedTuple):
    """Those parameters of `detectors.counts.expected.Expected` that learning needs."""

    slots: int
    need: int
    half_life: float
    shape_half_life: float
    season_sd: float
    trend_sd: float
    prior_dispersion: float
    prior_weight: float


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known after so many weeks.

    age: complete weeks; filled: weeks' worth of ordinary slots that had a count; counts and
    ordinary: by slot, faded counts and what weeks of their rate and no shape would have brought;
    profile and spreads: the factor of each slot and its relative variance; weeks: totals and
    exposures; rate and rate_spread: for an exposure of 1, in the week to come; sums: see
    `dispersion.add`; names: see `named_day_factors`; lagged_sums: see `sum_dispersion.add`; event
    and event_names: what is known of the event that goes on for weeks, or that went on before
    ordinary weeks were known, and its names.
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
    names: named_day_factors.Memory
    lagged_sums: list[float]
    event: Baseline | None
    event_names: list[str]

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> Baseline:
        """From its fields as plain data."""
        event = saved["event"]
        return cls(**{**saved, "event": None if event is None else cls.of(event)})

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
            lagged_sums=sum_dispersion.NOTHING,
            event=None,
            event_names=[],
        )

    @property
    def stretch(self) -> float:
        """Times the variance of independent counts that long stretches of them have."""
        return sum_dispersion.factor(self.lagged_sums)

    def known(self, need: int) -> bool:
        """Whether enough has been learned from ordinary weeks."""
        return self.filled >= 0.9 * need and self.age >= need

    def compared(self, names: Sequence[str], need: int) -> tuple[ComparedWith, list[str]]:
        """What a day of these names is compared with, and those of them that are not yet explained
        by that."""
        if self.event is not None and self.event.known(need):
            others = [name for name in names if name not in self.event_names]
            if len(others) < len(names):
                return "event", others
            if not self.known(need):
                return "lent", others
        return ("ordinary" if self.known(need) else "nothing"), list(names)

    def ahead(
        self, slot: int, names: Sequence[str], between: float, need: int
    ) -> tuple[float, float, float, float]:
        """Of a count in that slot: mean, relative variance, dispersion and its relative variance
        (`detectors.counts.predictive`)."""
        how, apart = self.compared(names, need)
        by = self.event if self.event is not None and how in ("event", "lent") else self
        rate, spread = self._lent(by, between) if how == "lent" else (by.rate, by.rate_spread)
        mean, spread = rate * by.profile[slot], spread + by.spreads[slot]
        if apart:
            hour = slot % (len(self.profile) // 7)
            times, more = named_day_factors.factor(self.names, apart, hour, by.dispersion, between)
            mean, spread = mean * times, spread + more
        return min(mean, LARGEST_COUNT), spread, by.dispersion, by.dispersion_spread

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
            event=None if self.event is None else self.event.times(ratio, spread),
        )

    def _lent(self, event: Baseline, between: float) -> tuple[float, float]:
        """The rate of ordinary weeks by that of an event and what few of them have shown, and its
        relative variance."""
        weeks = sum(exposure for _, exposure in self.weeks) / len(self.profile)
        share = weeks / (weeks + ALIKE)
        least = 1e-9
        rate = max(event.rate, least) ** (1.0 - share) * max(self.rate, least) ** share
        spread = (1.0 - share) * event.rate_spread + share * self.rate_spread
        return rate, spread + between**2 / (1.0 + weeks)

    def _event_with(self, week: Week, of: Constants) -> tuple[Baseline | None, list[str]]:
        """What is known of an event with that week, and its names."""
        often = Counter(name for point in week for name in point[2])
        names = {name for name, times in often.items() if 2 * times > len(week)}
        held, since = self.event, self.event_names
        if names and held is not None and not names & set(since) and self.known(of.need):
            held, since = None, []  # another event
        names |= often.keys() & set(since)
        if not names:
            if held is None or self.known(of.need):
                return None, []
            return held._aged(1, of), since
        inside = [
            [slot, count, [name for name in called if name not in names], place]
            for slot, count, called, place in week
            if names & set(called)
        ]
        (known,) = _shaped([held or Baseline.none(of)], stacked([inside], of), of, within=True)
        return known, [*since, *sorted(names - set(since))]

    def _aged(self, weeks: int, of: Constants) -> Baseline:
        """So many weeks later, but for the level."""
        fade = 0.5 ** (weeks / of.shape_half_life)
        counts, ordinary = np.array(self.counts) * fade, np.array(self.ordinary) * fade
        (profile,), (spreads,) = fit_profile(
            counts[None],
            ordinary[None],
            slots_a_day=of.slots // 7,
            dispersion=np.array([self.dispersion]),
        )
        return replace(
            self,
            age=self.age + weeks,
            counts=counts.tolist(),
            ordinary=ordinary.tolist(),
            profile=profile.tolist(),
            spreads=spreads.tolist(),
            weeks=[*self.weeks, *([0.0, 0.0] for _ in range(min(weeks, KEPT)))][-KEPT:],
            event=None if self.event is None else self.event._aged(weeks, of),
        )

    def _names_with(
        self, week: Week, own: float, event: Baseline | None, event_names: Sequence[str]
    ) -> named_day_factors.Memory:
        """What is known of names: a holiday within an event is one among the days of the event."""
        within = set(event_names)
        points: list[named_day_factors.Named] = []
        for slot, count, called, _ in week:
            hour, usual = slot % (len(self.profile) // 7), own * self.profile[slot]
            inside = [name for name in called if name in within]
            if usual > 0.0 and (inside or called):
                points.append((inside or called, hour, count, usual))
            others = [name for name in called if name not in within]
            if inside and others and event is not None:
                usual = event._of_week() * event.profile[slot]
                if usual > 0.0:
                    points.append((others, hour, count, usual))
        if not points:
            return self.names
        names = dict(self.names)  # what is learned of a name is a new list in it
        named_day_factors.learn(names, points, len(self.profile) // 7, self.dispersion)
        return names

    def _of_week(self) -> float:
        """The rate of the last week alone; 0 where it is not known."""
        total, exposure = self.weeks[-1]
        return total / exposure if exposure > 0.0 else 0.0


def idle_weeks(known: Iterable[tuple[Baseline, int]], of: Constants) -> list[Baseline]:
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


class Weeks(NamedTuple):
    """A week of each of some series, a row each: the points whose day has no name, in order.

    slots, counts: of each point, 0 where there is none; here: where there is one; named: by row all
    points of a week that has days with names.
    """

    slots: Ints
    counts: Floats
    here: Mask
    named: Mapping[int, Week]


def most_points(slots: int) -> int:
    """The most points that a week has."""
    return slots * 8 // 7


def stacked(weeks: Sequence[Week], of: Constants) -> Weeks:
    """Weeks of several series together."""
    shape = len(weeks), most_points(of.slots)
    slot, count = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    here = np.zeros(shape, dtype=bool)
    named = {}
    for row, week in enumerate(weeks):
        plain = [point for point in week if not point[2]]
        if len(plain) < len(week):
            named[row] = week
        slot[row, : len(plain)] = [point[0] for point in plain]
        count[row, : len(plain)] = [point[1] for point in plain]
        here[row, : len(plain)] = True
    return Weeks(slot, count, here, named)


def learn_weeks(known: Iterable[tuple[Baseline, Week]], of: Constants) -> list[Baseline]:
    """What is known of each series when its week is over as well."""
    pairs = list(known)
    return learn_together([each for each, _ in pairs], stacked([week for _, week in pairs], of), of)


def learn_together(known: Sequence[Baseline], weeks: Weeks, of: Constants) -> list[Baseline]:
    """The same of weeks as arrays. All series are learned at once, for most of what learning costs
    is not the arithmetic but the calls; what each learns depends on no other."""
    return _levelled(_shaped(known, weeks, of), of)


def _shaped(
    known: Sequence[Baseline], weeks: Weeks, of: Constants, *, within: bool = False
) -> list[Baseline]:
    """With those weeks as well, but for the level; `within` an event there is no other event."""
    slot, count, here, named = weeks
    events: list[tuple[Baseline | None, list[str]]] = [(None, [])] * len(known)
    for row, each in enumerate(known) if not within else ():
        if row in named or each.event is not None:
            events[row] = each._event_with(named.get(row, []), of)
    shaped = np.array([each.filled > 0.0 for each in known])
    # Before any ordinary week the shape is not known, or is that of the event.
    by = [
        e if e is not None and not each.filled > 0.0 else each
        for each, (e, _) in zip(known, events, strict=True)
    ]
    factor = np.where(
        here, np.take_along_axis(np.array([each.profile for each in by]), slot, 1), 0.0
    )
    spread = np.take_along_axis(np.array([each.spreads for each in by]), slot, 1)
    before = np.array([each.dispersion for each in known])
    own, weight = dispersion.own_rate(count, factor, spread, here, before, shaped)
    number = here.sum(axis=1).astype(float)
    own = np.where(number > 0.0, own, 1.0)
    learns = shaped & (number > 0.0)
    fade = 0.5 ** (1.0 / of.shape_half_life)
    sums = np.array([each.sums for each in known])
    mean = own[:, None] * factor
    more = dispersion.add(sums, fade, count, mean, spread, weight, before, number)
    sums = np.where(learns[:, None], more, sums)
    scatter = dispersion.estimate(sums, of.prior_dispersion, of.prior_weight)
    after = np.where(learns, scatter[0], before)
    doubt = np.where(learns, scatter[1], [each.dispersion_spread for each in known])
    lagged = np.array([each.lagged_sums for each in known])
    if of.slots >= HOURLY:
        mean = np.maximum(mean, 1e-9)
        off = weight * (count - mean) / np.sqrt(mean * (before[:, None] + spread * mean))
        place = (slot - slot[:, :1]) % of.slots
        longer = sum_dispersion.add(lagged, fade, of.slots, place, off, here)
        lagged = np.where(learns[:, None], longer, lagged)
    counts = _added(np.array([each.counts for each in known]) * fade, slot, weight * count)
    ordinary = _added(
        np.array([each.ordinary for each in known]) * fade, slot, weight * own[:, None]
    )
    profile, spreads = fit_profile(counts, ordinary, slots_a_day=of.slots // 7, dispersion=after)
    totals = np.stack([(weight * count).sum(axis=1), (weight * factor).sum(axis=1)], axis=-1)
    usual = np.where(learns, own, [each.rate for each in known])
    return [
        Baseline(
            age=each.age + 1,
            filled=each.filled + float(number[row]) / of.slots,
            counts=counts[row].tolist(),
            ordinary=ordinary[row].tolist(),
            profile=profile[row].tolist(),
            spreads=spreads[row].tolist(),
            weeks=[*each.weeks, totals[row].tolist()][-KEPT:],
            rate=each.rate,
            rate_spread=each.rate_spread,
            sums=sums[row].tolist(),
            dispersion=float(after[row]),
            dispersion_spread=float(doubt[row]),
            names=each.names
            if row not in named
            else each._names_with(named[row], float(usual[row]), event, event_names),
            lagged_sums=lagged[row].tolist(),
            event=event,
            event_names=event_names,
        )
        for row, (each, (event, event_names)) in enumerate(zip(known, events, strict=True))
    ]


def _added(held: Floats, slot: Ints, values: Floats) -> Floats:
    """With the values of each row added at their slots."""
    slots = held.shape[1]
    place = slot + slots * np.arange(len(held))[:, None]
    more = np.bincount(place.ravel(), values.ravel(), held.size)
    return np.asarray(held + more.reshape(held.shape))


def _levelled(shaped: list[Baseline], of: Constants) -> list[Baseline]:
    """The same with the level of the week to come; those of events among them."""
    every = [each for known in shaped for each in (known, known.event) if each is not None]
    series = [
        Totals([total for total, _ in each.weeks], [e for _, e in each.weeks], each.dispersion)
        for each in every
    ]
    fits = fit_levels(series, half_life=of.half_life, trend_sd=of.trend_sd, season_sd=of.season_sd)
    level = {id(each): (fit.rate, fit.spread) for each, fit in zip(every, fits, strict=True)}

    def levelled(known: Baseline) -> Baseline:
        rate, spread = level[id(known)]
        event = None if known.event is None else levelled(known.event)
        return replace(known, rate=rate, rate_spread=spread, event=event)

    return [levelled(known) for known in shaped]

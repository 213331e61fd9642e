"""A force's watches as a plan for calibration, with the levels that its own records show.

Every watched count is a sum of streams: one line, category or offence group in one area that has no
smaller one, and what has no area. How many a stream has an hour, how they are spread over the week
and how far they scatter is read from the panes of a monitor that has folded some weeks of records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.episodes import Where
from detectors.calibration.simulation import Plan, SimulatedStream, Watched
from streams.board.monitor import Monitor
from streams.config.force import WHOLE, Force
from streams.fold.ledger import Ledger
from streams.periods import HOUR, MINUTE
from streams.registry.aggregates import Count
from streams.registry.dimensions import ALL
from streams.registry.kind import Kind
from streams.registry.registry import LINKS, Registry
from streams.surveillance.series import (
    RowReader,
    WatchedSeries,
    budget_parts,
    values_of,
    watch_list,
)
from streams.surveillance.signals import Grain

WATCHED_GRAINS: tuple[Grain, ...] = ("hour", "day", "month")
FEWEST_DAYS = 14
"""Days of records below which no level can be known."""

Floats = NDArray[np.float64]
Atom = tuple[str, str, tuple[str, ...]]
"""Group, measure, and the values of the dimensions, then the area."""


class Planned(NamedTuple):
    """A plan, and which series of the force each of its watched is."""

    plan: Plan
    series: tuple[WatchedSeries, ...]

    def as_one(self, number: int) -> SimulatedStream:
        """A watched series as if it were a stream: its rate, dispersion and shape."""
        members = [self.plan.streams[at] for at in self.plan.watched[number].streams]
        rate = sum(stream.rate for stream in members)
        dispersion = sum(stream.rate * stream.dispersion for stream in members) / rate
        shape = np.sum([stream.rate * np.array(stream.shape) for stream in members], axis=0) / rate
        return SimulatedStream(rate, dispersion, tuple(shape.tolist()))


def plan_of(
    monitor: Monitor, force: Force, progress: Callable[[float], None] = lambda _share: None
) -> Planned:
    """The plan; raises ValueError where no kind of record covers two weeks."""
    streams: list[SimulatedStream] = []
    place: dict[Atom, int] = {}
    ledgers = [monitor.ledger(kind, force.id) for kind in sorted(monitor.registry.kinds)]
    for done, ledger in enumerate(ledgers):
        if ledger is not None:
            for atom, stream in _streams(force, ledger).items():
                place[atom] = len(streams)
                streams.append(stream)
        progress((done + 1) / len(ledgers))
    if not streams:
        raise ValueError(f"no record of {force.name} covers {FEWEST_DAYS} days")
    named: list[WatchedSeries] = []
    watched: list[Watched] = []
    others: dict[str, float] = {}
    for grain in WATCHED_GRAINS:
        parts = budget_parts(force, grain, monitor.registry)
        for series in _series(monitor.registry, force, grain, counts=True):
            members = tuple(at for atom, at in place.items() if _counts_in(force, atom, series))
            if members:
                where = Where(grain, series.theme, _path(force, series.area))
                watched.append(Watched(where, members, parts[series.budget_theme]))
                named.append(series)
        besides = _series(monitor.registry, force, grain, counts=False)
        others[grain] = sum(parts[series.budget_theme] for series in besides)
    plan = Plan(tuple(streams), tuple(watched), LINKS, others)
    return Planned(plan, tuple(named))


def _series(registry: Registry, force: Force, grain: Grain, *, counts: bool) -> list[WatchedSeries]:
    """The counts that are watched, or whatever else is."""
    every = (one for kind in registry.kinds.values() for one in watch_list(force, kind, grain))
    return [one for one in every if isinstance(one.measure.value, Count) == counts]


def _path(force: Force, area: str) -> tuple[str, ...]:
    """The areas from the force down to this one."""
    if area == WHOLE:
        return (WHOLE,)
    return tuple(reversed(force.rollup[force.area_index[area]]))


def _counts_in(force: Force, atom: Atom, series: WatchedSeries) -> bool:
    """Whether a series holds an atom."""
    group, measure, key = atom
    if (group, measure) != (series.group.name, series.measure.name):
        return False
    alike = zip(key[:-1], series.key[:-1], strict=True)
    if any(wanted not in (ALL, own) for own, wanted in alike):
        return False
    return series.area in _path(force, key[-1])


def _streams(force: Force, ledger: Ledger) -> dict[Atom, SimulatedStream]:
    """The streams of one kind of record that have any."""
    wide = {grain: list(watch_list(force, ledger.kind, grain)) for grain in WATCHED_GRAINS}
    series = {
        (one.group.name, one.key): one
        for grain in WATCHED_GRAINS
        for one in wide[grain]
        if isinstance(one.measure.value, Count)
    }
    days = _days(ledger)
    if len(days) - 1 < FEWEST_DAYS:
        return {}
    parents = {area.parent for area in force.file.areas}
    smallest = {area.id for area in force.file.areas if area.id not in parents}
    rows = RowReader(force, ledger.kind, list(series.values()))
    by_day: dict[Atom, Floats] = defaultdict(lambda: np.zeros(len(days) - 1))
    for number, (start, end) in enumerate(pairwise(days)):
        sums = rows.read(ledger.panes.between(start, end))
        for row, counters in sums.items():
            one = series[row]
            if _is_atom(force, ledger.kind, one, smallest) and isinstance(one.measure.value, Count):
                found = ledger.kind.layouts[0].read(counters)[one.measure.value.counter]
                by_day[row[0], one.measure.name, row[1]][number] += found
    for atom in [atom for atom in by_day if atom[2][-1] == WHOLE]:
        inner = (a for a in by_day if a[:2] == atom[:2] and a[2][:-1] == atom[2][:-1])
        by_day[atom] -= sum((by_day[a] for a in inner if a != atom), np.zeros(len(days) - 1))
    return _as_streams(by_day, _shapes(rows, ledger, series), ledger, days)


def _is_atom(force: Force, kind: Kind, one: WatchedSeries, smallest: set[str]) -> bool:
    """The narrowest rows: of the smallest areas, and of the force, for what has no area; of a
    dimension that is only watched as a whole (a grade) that."""
    narrow = all(
        value != ALL or values_of(force, kind, dimension) == (ALL,)
        for dimension, value in one.row.items()
    )
    return narrow and one.area in {*smallest, WHOLE}


def _days(ledger: Ledger) -> list[int]:
    """The starts of the local days that are wholly covered, and the end of the last."""
    panes, calendar = ledger.panes, ledger.calendar
    starts = [minute for kept in (panes.hours, panes.days, panes.whole_days) for minute in kept]
    if not starts:
        return []
    at = calendar.end("day", calendar.start("day", min(starts) * MINUTE))
    last = calendar.start("day", ledger.watermark)
    days = []
    while at <= last:
        days.append(at)
        at = calendar.end("day", at)
    return days


def _shapes(
    rows: RowReader, ledger: Ledger, series: dict[tuple[str, tuple[str, ...]], WatchedSeries]
) -> dict[str, Floats]:
    """By group, how its records are spread over the hours of the day: 24 factors, mean 1."""
    sums: dict[str, Floats] = defaultdict(lambda: np.zeros(24))
    last = ledger.calendar.start("hour", ledger.watermark)
    for at in range(max(ledger.panes.hours_before, last - 48 * HOUR * 14), last, HOUR):
        hour = ledger.calendar.local(at).hour
        for row, counters in rows.read(ledger.panes.between(at, at + HOUR)).items():
            one = series[row]
            if one.area == WHOLE and isinstance(one.measure.value, Count):
                sums[row[0]][hour] += ledger.kind.layouts[0].read(counters)[
                    one.measure.value.counter
                ]
    return {group: 24.0 * (one + 1.0) / (one + 1.0).sum() for group, one in sums.items()}


def _as_streams(
    by_day: dict[Atom, Floats], shapes: dict[str, Floats], ledger: Ledger, days: list[int]
) -> dict[Atom, SimulatedStream]:
    """Rates, the shape of the week, and the dispersion that the streams of a group share."""
    weekday = np.array([ledger.calendar.local(day).weekday() for day in days[:-1]])
    squares: dict[str, float] = defaultdict(float)
    degrees: dict[str, float] = defaultdict(float)
    busy: dict[str, Floats] = defaultdict(lambda: np.zeros(7))
    number = np.maximum(np.bincount(weekday, minlength=7), 1)
    for (group, _, _), counts in by_day.items():
        means = np.bincount(weekday, counts, minlength=7) / number
        busy[group] += means
        expected = means[weekday]
        seen = expected > 0.0
        squares[group] += float(((counts - expected)[seen] ** 2 / expected[seen]).sum())
        degrees[group] += max(0.0, float(seen.sum()) - 7.0)
    found = {}
    for atom, counts in by_day.items():
        group = atom[0]
        rate = float(counts.sum()) / (24.0 * len(counts))
        if rate > 0.0:
            spread = squares[group] / degrees[group] if degrees[group] else 1.0
            week = busy[group] / busy[group].mean()
            shape = np.outer(week, shapes.get(group, np.ones(24))).ravel()
            found[atom] = SimulatedStream(
                rate, max(1.0, spread), tuple((shape / shape.mean()).tolist())
            )
    return found

"""Which series are watched, by the registry of measures and the areas of a force.

A `WatchedSeries` is one series: a measure of one row and area, counted by hour, day or month. Hours
are watched for the force and its widest areas, days and months for every area; categories and
offence groups by their widest names, and all together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from detectors.calibration.alarm_budget import parts
from streams.board.rollup import Rollup, TableRowKey
from streams.config.force import WHOLE, Force
from streams.fold.panes import Pane
from streams.registry.aggregates import DURATIONS, Mean
from streams.registry.alarm_themes import theme_of
from streams.registry.counting import SERIES_KEY_MASK, CounterLayout, bin_in
from streams.registry.dimensions import ALL
from streams.registry.kind import Kind
from streams.registry.measures import Group, Measure, WatchPolicy
from streams.registry.registry import REGISTRY, Registry
from streams.surveillance.adapters.base import RowCounts, Timed
from streams.surveillance.signals import Grain

RowKey = tuple[str, TableRowKey]
"""A row of a group: the name of the group, the values of its dimensions, then the area."""


@dataclass(frozen=True, slots=True)
class WatchedSeries:
    """One series: a measure of a row of its group, in a grain. `key` has the values of the row's
    dimensions, then the id of the area."""

    group: Group
    measure: Measure
    watch: WatchPolicy
    key: TableRowKey
    grain: Grain

    @property
    def row(self) -> dict[str, str]:
        """The dimensions besides the area."""
        return dict(zip(self.group.dimensions, self.key, strict=False))

    @property
    def area(self) -> str:
        """The id of the area, or `force`."""
        return self.key[-1]

    @property
    def row_key(self) -> RowKey:
        """The row that its counters are in."""
        return self.group.name, self.key

    def about(self, force: str) -> tuple[str, ...]:
        """What its signals are about (`streams.surveillance.signals.Signal.series`), but for the
        grain."""
        row = (f"{name}={value}" for name, value in sorted(self.row.items()))
        return (force, self.group.name, self.measure.name, *row, self.area)

    @property
    def names(self) -> set[str]:
        """What a change of recording that affects it may name (`streams.registry.affected`)."""
        row = {value for value in self.row.values() if value != ALL}
        return {self.group.name, self.measure.name, f"{self.group.kind}s", *row}

    @property
    def name(self) -> str:
        """The series in one word, for a checkpoint."""
        return "/".join((self.grain, self.group.name, self.measure.name, *self.key))

    @property
    def budget_theme(self) -> str:
        """Whose part of the budget of false alarms it shares (`streams.registry.alarm_themes`)."""
        narrowed = REGISTRY.narrowed_by(self.row)
        return theme_of(self.group.name, ALL if narrowed is None else narrowed[1])

    @property
    def theme(self) -> str:
        """What its signals have in common with those of related series."""
        narrowed = REGISTRY.narrowed_by(self.row)
        if narrowed is None or narrowed[1] == ALL:
            return self.watch.theme
        return f"{self.watch.theme}.{narrowed[1]}"


def areas(force: Force, grain: Grain) -> tuple[str, ...]:
    """The areas whose series of a grain are watched."""
    inner = (a.id for a in force.file.areas if grain != "hour" or a.parent is None)
    return (WHOLE, *inner)


def values_of(force: Force, kind: Kind, dimension: str) -> tuple[str, ...]:
    """The values of a dimension that are watched."""
    return kind.dimension(dimension).watched(force)


def watch_list(force: Force, kind: Kind, grain: Grain) -> Iterator[WatchedSeries]:
    """The series of one kind of record that are watched in a grain."""
    for group in kind.groups:
        rows = list(product(*(values_of(force, kind, name) for name in group.dimensions)))
        for measure in group.measures:
            if measure.watch is not None and grain in measure.watch.grains:
                for row, area in product(rows, areas(force, grain)):
                    yield WatchedSeries(group, measure, measure.watch, (*row, area), grain)


@cache
def watches_in(force: Force, grain: Grain, registry: Registry = REGISTRY) -> Mapping[str, int]:
    """How many series of a grain are watched in a force, by theme of the budget."""
    lists = (watch_list(force, kind, grain) for kind in registry.kinds.values())
    return Counter(series.budget_theme for listed in lists for series in listed)


def budget_parts(force: Force, grain: Grain, registry: Registry = REGISTRY) -> dict[str, float]:
    """By theme the part of the budget of a grain that each of its series has in a force."""
    weights = structs.asdict(force.file.alerts.weights)
    return parts(weights, watches_in(force, grain, registry))


class PeriodCounts:
    """What the rows of a grain counted in a period: the counters by row, and the histograms of the
    durations of those of which a mean is watched."""

    def __init__(
        self,
        counters: CounterLayout,
        sums: Mapping[RowKey, int],
        bins: Mapping[RowKey, Mapping[int, int]],
    ) -> None:
        self._counters, self._sums, self._bins = counters, sums, bins
        self._rows: dict[RowKey, RowCounts] = {}
        """Those that were read: several series are of the same row."""

    def read_all(self, figures: Iterable[tuple[RowKey, int, int]]) -> NDArray[np.float64]:
        """One counter of each of some rows, given by its place in the integer and its mask."""
        sums = self._sums.get
        return np.array([(sums(row, 0) >> shift) & mask for row, shift, mask in figures], float)

    def of(self, row: RowKey) -> RowCounts:
        """All counters of a row by name."""
        found = self._rows.get(row)
        if found is None:
            counts, bins = self._counters.read(self._sums.get(row, 0)), self._bins.get(row)
            found = self._rows[row] = counts if bins is None else Timed(counts, bins)
        return found


class RowReader:
    """Sums the series of a pane into the rows that are watched in one grain."""

    def __init__(self, force: Force, kind: Kind, listed: list[WatchedSeries]) -> None:
        self._wanted = {each.row_key for each in listed}
        self._timed = {each.row_key for each in listed if isinstance(each.measure.value, Mean)}
        self._duration = kind.duration_of.get(DURATIONS)
        """That of which means are watched."""
        groups = {each.group.name: each.group for each in listed}
        self._rollups = {name: Rollup(group, force, kind) for name, group in groups.items()}
        self._shown = 0
        """The bits of the counters that a row is read for, of any of its groups."""
        for rollup in self._rollups.values():
            self._shown |= rollup.shown
        self._rows: dict[int, tuple[RowKey, ...]] = {}
        self._listed = list(self._wanted)
        self._places: dict[int, tuple[int, ...]] = {}
        """By series key the rows that it counts in, by their places in `_listed`."""

    def read(self, pane: Pane) -> dict[RowKey, int]:
        """The counters of every watched row that has any, each as one integer."""
        sums, found = [0] * len(self._listed), list[int]()
        known, shown = self._places.get, self._shown
        for series_key, value in pane.items():
            if series_key <= SERIES_KEY_MASK and value & shown:
                places = known(series_key)
                if places is None:
                    places = self._places_of(series_key)
                for place in places:
                    if not sums[place]:
                        found.append(place)
                    sums[place] += value
        listed = self._listed
        return {listed[place]: sums[place] for place in found}

    def times(self, pane: Pane) -> dict[RowKey, dict[int, int]]:
        """The durations of every row of which a mean is watched: by histogram bin how many."""
        found: dict[RowKey, dict[int, int]] = {}
        for key, number in pane.items() if self._timed else ():
            if key <= SERIES_KEY_MASK:
                continue
            duration, each = bin_in(key)
            if duration == self._duration:
                for row in self._timed.intersection(self._rows_of(key & SERIES_KEY_MASK)):
                    bins = found.setdefault(row, {})
                    bins[each] = bins.get(each, 0) + number
        return found

    def _places_of(self, series_key: int) -> tuple[int, ...]:
        number = {row: place for place, row in enumerate(self._listed)}
        found = tuple(number[row] for row in self._rows_of(series_key))
        self._places[series_key] = found
        return found

    def _rows_of(self, series_key: int) -> tuple[RowKey, ...]:
        rows = self._rows.get(series_key)
        if rows is None:
            rows = self._rows[series_key] = self._of(series_key)
        return rows

    def _of(self, series_key: int) -> tuple[RowKey, ...]:
        every = (
            (name, key) for name, rollup in self._rollups.items() for key in rollup.keys(series_key)
        )
        return tuple(row for row in every if row in self._wanted)

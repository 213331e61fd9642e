"""From leaf counters to the rows of the board: areas and categories are summed here, on reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from streams.figures import Figures, Ratio
from streams.force import WHOLE, Force
from streams.measures import (
    ALL,
    ATTENDANCE,
    CALLS,
    CRIMES,
    INCIDENTS,
    SERVICE_LEVELS,
    Chosen,
    Group,
    Stock,
)
from streams.panes import Pane
from streams.records import BIN_SHIFT, LEAF_MASK, Kind, calls, crimes, incidents

Key = tuple[str, ...]
"""The values of a group's dimensions, then the area."""

Row = dict[str, object]
"""Dimensions and area by name, then the value of every measure by name; a ratio is an object."""


class Rollup:
    """The rows that each leaf of one group counts in, for one force."""

    def __init__(self, group: Group, force: Force, kind: Kind) -> None:
        self.group, self.force, self.kind = group, force, kind
        expand: dict[str, Callable[[int], Iterable[Key]]] = {
            CALLS.name: self._calls,
            ATTENDANCE.name: self._attendance,
            INCIDENTS.name: self._incidents,
            CRIMES.name: self._crimes,
        }
        self.keys = lru_cache(maxsize=100_000)(lambda leaf: tuple(expand[group.name](leaf)))
        self._formula = SERVICE_LEVELS[force.file.service_level].share

    def _calls(self, leaf: int) -> Iterable[Key]:
        line, area = calls.split_leaf(leaf)
        return ((self.force.lines[line].id, at) for at in self.force.rollup[area])

    def _attendance(self, leaf: int) -> Iterable[Key]:
        _, grade, area = incidents.split_leaf(leaf)
        return ((at,) for at in self.force.rollup[area]) if grade == incidents.EMERGENCY else ()

    def _incidents(self, leaf: int) -> Iterable[Key]:
        category, grade, area = incidents.split_leaf(leaf)
        return (
            (path, graded, at)
            for path in (ALL, *self.force.categories.ancestors(category))
            for graded in (ALL, incidents.GRADES[grade])
            for at in self.force.rollup[area]
        )

    def _crimes(self, leaf: int) -> Iterable[Key]:
        offence, area = crimes.split_leaf(leaf)
        return (
            (path, at)
            for path in (ALL, *self.force.offences.ancestors(offence))
            for at in self.force.rollup[area]
        )

    def standing_rows(self) -> list[Key]:
        """The rows that are shown even when nothing happened: the force's own."""
        if self.group is CALLS:
            return [(line.id, WHOLE) for line in self.force.lines]
        return [(*(ALL for _ in self.group.dimensions), WHOLE)]

    def rows(self, pane: Pane) -> list[Row]:
        """The rows of a stretch of time: stocks left out, sorted by dimensions and area."""
        cells: dict[Key, int] = dict.fromkeys(self.standing_rows(), 0)
        bins: dict[Key, dict[int, int]] = {}
        keeps_bins = self.group in (CALLS, ATTENDANCE)
        for key, value in pane.items():
            if key <= LEAF_MASK:
                for row in self.keys(key):
                    cells[row] = cells.get(row, 0) + value
            elif keeps_bins:
                index = (key >> BIN_SHIFT) - 1
                for row in self.keys(key & LEAF_MASK):
                    into = bins.setdefault(row, {})
                    into[index] = into.get(index, 0) + value
        return [self._row(key, cells[key], bins.get(key, {})) for key in sorted(cells)]

    def _row(self, key: Key, cell: int, bins: dict[int, int]) -> Row:
        row: Row = dict(zip((*self.group.dimensions, "area"), key, strict=True))
        figures = Figures(self.kind.cell.read(cell), bins)
        for measure in self.group.measures:
            value = measure.value
            if isinstance(value, Stock):
                continue
            read = (self._formula if isinstance(value, Chosen) else value).read(figures)
            row[measure.name] = read.as_dict() if isinstance(read, Ratio) else read
        return row

    def stock(self, open_bodies: Iterable[int], at: int) -> list[Row]:
        """The rows of what is open at an instant: how many, the oldest, and how many are unknown
        (so old that the end must have been lost). Records from after `at` are left out."""
        counts: dict[Key, int] = dict.fromkeys(self.standing_rows(), 0)
        oldest: dict[Key, int] = {}
        unknown: dict[Key, int] = {}
        for body in open_bodies:
            contribution = self.kind.contribution(body)
            if contribution is None or contribution[0] > at:
                continue
            age = at - contribution[0]
            lost = age > self.kind.lost_after(body)
            for key in self.keys(contribution[2]):
                counts.setdefault(key, 0)
                if lost:
                    unknown[key] = unknown.get(key, 0) + 1
                else:
                    counts[key] += 1
                    oldest[key] = max(oldest.get(key, 0), age)
        rows: list[Row] = []
        for key in sorted(counts):
            row: Row = dict(zip((*self.group.dimensions, "area"), key, strict=True))
            for measure in self.group.measures:
                if isinstance(measure.value, Stock):
                    of = measure.value.of
                    if of == "count":
                        row[measure.name] = counts[key]
                    elif of == "unknown":
                        row[measure.name] = unknown.get(key, 0)
                    else:
                        row[measure.name] = oldest[key] // 1000 if key in oldest else None
            rows.append(row)
        return rows

    @property
    def has_stock(self) -> bool:
        """Whether any measure of the group is a stock."""
        return any(isinstance(measure.value, Stock) for measure in self.group.measures)

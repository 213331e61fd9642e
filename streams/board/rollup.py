"""From the counters of series keys to the rows of the board.

Areas and categories are summed here, on reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from streams.board.model import GAUGE_ROWS, ROWS, Figure, Row
from streams.board.totals import Part, Used
from streams.config.force import WHOLE, Force
from streams.fold.panes import Pane
from streams.registry import calls, crimes, incidents
from streams.registry.aggregates import UNKNOWN, Figures, Share
from streams.registry.kind import BIN_SHIFT, SERIES_KEY_MASK, Kind
from streams.registry.measures import (
    ALL,
    ATTENDANCE,
    CALLS,
    CRIMES,
    INCIDENTS,
    SERVICE_LEVELS,
    ChosenServiceLevel,
    Gauge,
    Group,
)

Key = tuple[str, ...]
"""The values of a group's dimensions, then the area."""


class Rollup:
    """The rows that each series key of one group counts in, for one force."""

    def __init__(self, group: Group, force: Force, kind: Kind) -> None:
        self.group, self.force, self.kind = group, force, kind
        expand: dict[str, Callable[[int], Iterable[Key]]] = {
            CALLS.name: self._calls,
            ATTENDANCE.name: self._attendance,
            INCIDENTS.name: self._incidents,
            CRIMES.name: self._crimes,
        }
        self.keys = lru_cache(maxsize=100_000)(
            lambda series_key: tuple(expand[group.name](series_key))
        )
        formula = SERVICE_LEVELS[force.file.service_level].share
        self._values = [
            formula if isinstance(measure.value, ChosenServiceLevel) else measure.value
            for measure in group.measures
            if not isinstance(measure.value, Gauge)
        ]
        self._gauges = [m.value for m in group.measures if isinstance(m.value, Gauge)]
        self._row_type: Callable[..., Row] = ROWS[group.name]
        self._gauge_row: Callable[..., Row] | None = GAUGE_ROWS.get(group.name)

    def _calls(self, series_key: int) -> Iterable[Key]:
        line, area = calls.split_series_key(series_key)
        return ((self.force.lines[line].id, at) for at in self.force.rollup[area])

    def _attendance(self, series_key: int) -> Iterable[Key]:
        _, grade, area = incidents.split_series_key(series_key)
        return ((at,) for at in self.force.rollup[area]) if grade == incidents.EMERGENCY else ()

    def _incidents(self, series_key: int) -> Iterable[Key]:
        category, grade, area = incidents.split_series_key(series_key)
        return (
            (path, graded, at)
            for path in (ALL, *self.force.categories.ancestors(category))
            for graded in (ALL, incidents.GRADES[grade])
            for at in self.force.rollup[area]
        )

    def _crimes(self, series_key: int) -> Iterable[Key]:
        offence, area = crimes.split_series_key(series_key)
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

    def rows(self, pane: Pane, used: Used | None = None) -> list[Row]:
        """The rows of a stretch of time: gauges left out, sorted by dimensions and area. `used` is
        what totals add to them."""
        sums: dict[Key, int] = dict.fromkeys(self.standing_rows(), 0)
        bins: dict[Key, dict[int, int]] = {}
        keeps_bins = self.group in (CALLS, ATTENDANCE)
        for key, value in pane.items():
            if key <= SERIES_KEY_MASK:
                for row in self.keys(key):
                    sums[row] = sums.get(row, 0) + value
            elif keeps_bins:
                index = (key >> BIN_SHIFT) - 1
                for row in self.keys(key & SERIES_KEY_MASK):
                    into = bins.setdefault(row, {})
                    into[index] = into.get(index, 0) + value
        if used is None:
            return [self._row(key, sums[key], bins.get(key, {})) for key in sorted(sums)]
        parts = used.parts
        return [
            self._row(key, sums.get(key, 0), bins.get(key, {}), parts.get(key))
            for key in sorted(sums.keys() | parts.keys())
            if used.knows(key)
        ]

    def missing(self) -> list[Row]:
        """The standing rows of a stretch in which the feed was not heard: no figure is known."""
        unknown = [UNKNOWN if isinstance(each, Share) else None for each in self._values]
        return [self._row_type(*key, *unknown) for key in sorted(self.standing_rows())]

    def _row(self, key: Key, counters: int, bins: dict[int, int], part: Part | None = None) -> Row:
        counts = self.kind.counters.read(counters)
        if part is None:
            figures = Figures(counts, bins)
            return self._row_type(*key, *[value.read(figures) for value in self._values])
        # Counters that are not known of a part are not known of the whole.
        counts = {name: counts[name] + count for name, count in part.counts.items()}
        figures = Figures(counts, bins)
        read: list[Figure] = []
        for value in self._values:
            if value.needs <= counts.keys():
                read.append(value.read(figures))
            else:
                read.append(UNKNOWN if isinstance(value, Share) else None)
        return self._row_type(*key, *read, part.origin, part.provisional)

    def gauges(self, open_records: Iterable[int], at: int) -> list[Row]:
        """The rows of what is open at an instant: how many, the oldest, and how many are unknown
        (so old that the end must have been lost). Records from after `at` are left out."""
        counts: dict[Key, int] = dict.fromkeys(self.standing_rows(), 0)
        oldest: dict[Key, int] = {}
        unknown: dict[Key, int] = {}
        for packed in open_records:
            contribution = self.kind.contribution(packed)
            if contribution is None or contribution[0] > at:
                continue
            age = at - contribution[0]
            lost = age > self.kind.lost_after(packed)
            for key in self.keys(contribution[2]):
                counts.setdefault(key, 0)
                if lost:
                    unknown[key] = unknown.get(key, 0) + 1
                else:
                    counts[key] += 1
                    oldest[key] = max(oldest.get(key, 0), age)
        make = self._gauge_row
        if make is None:
            return []
        found: dict[str, Callable[[Key], int | None]] = {
            "count": lambda key: counts[key],
            "unknown": lambda key: unknown.get(key, 0),
            "oldest_seconds": lambda key: oldest[key] // 1000 if key in oldest else None,
        }
        return [
            make(*key, *(found[each.of](key) for each in self._gauges)) for key in sorted(counts)
        ]

    @property
    def has_gauges(self) -> bool:
        """Whether any measure of the group is a gauge."""
        return self._gauge_row is not None

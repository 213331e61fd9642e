"""From the counters of series keys to the rows of the board.

Areas and categories are summed here, on reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import product

from streams.board.model import GAUGE_ROWS, ROWS, Figure, Row
from streams.board.totals import Part, Used
from streams.config.force import WHOLE, Force
from streams.fold.panes import Pane
from streams.registry.aggregates import UNKNOWN, Figures, Quantile, Share
from streams.registry.counting import BIN_SHIFT, SERIES_KEY_MASK
from streams.registry.dimensions import AREA
from streams.registry.kind import Kind
from streams.registry.measures import SERVICE_LEVELS, ChosenServiceLevel, Gauge, Group
from streams.registry.packing import Packer

Key = tuple[str, ...]
"""The values of a group's dimensions, then the area."""


class Rollup:
    """The rows that each series key of one group counts in, for one force."""

    def __init__(self, group: Group, force: Force, kind: Kind) -> None:
        self.group, self.force, self.kind = group, force, kind
        self._layout = kind.layouts[kind.clocks.index(group.clock)]
        self.keys = lru_cache(maxsize=100_000)(self._rows_of)
        formula = SERVICE_LEVELS[force.file.service_level].share
        self._values = [
            formula if isinstance(measure.value, ChosenServiceLevel) else measure.value
            for measure in group.measures
            if not isinstance(measure.value, Gauge)
        ]
        self._keeps_bins = any(isinstance(each, Quantile) for each in self._values)
        self._gauges = [m.value for m in group.measures if isinstance(m.value, Gauge)]
        self._row_type: Callable[..., Row] = ROWS[group.name]
        self._gauge_row: Callable[..., Row] | None = GAUGE_ROWS.get(group.name)

    def _rows_of(self, series_key: int) -> tuple[Key, ...]:
        """The rows that a series counts in."""
        indices = self.kind.series.split(series_key)
        if not self.kind.holds(self.force, self.group.where, indices):
            return ()
        rows = {
            dimension.name: dimension.rows(self.force, index)
            for dimension, index in zip(self.kind.dimensions, indices, strict=True)
        }
        return tuple(product(*(rows[name] for name in (*self.group.dimensions, AREA))))

    def standing_rows(self) -> list[Key]:
        """The rows that are shown even when nothing happened: the force's own."""
        named = {dimension.name: dimension for dimension in self.kind.dimensions}
        values = (named[name].standing(self.force) for name in self.group.dimensions)
        return list(product(*values, (WHOLE,)))

    def rows(self, pane: Pane, used: Used | None = None) -> list[Row]:
        """The rows of a stretch of time: gauges left out, sorted by dimensions and area. `used` is
        what totals add to them."""
        sums: dict[Key, int] = dict.fromkeys(self.standing_rows(), 0)
        bins: dict[Key, dict[int, int]] = {}
        keeps_bins = self._keeps_bins
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
        counts = self._layout.read(counters)
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

    def gauges(self, packer: Packer, open_records: Iterable[int], at: int) -> list[Row]:
        """The rows of what is open at an instant: how many, the oldest, and how many are unknown
        (so old that the end must have been lost). Records from after `at` are left out."""
        counts: dict[Key, int] = dict.fromkeys(self.standing_rows(), 0)
        oldest: dict[Key, int] = {}
        unknown: dict[Key, int] = {}
        for packed in open_records:
            contribution = packer.contribution(packed)
            if contribution is None or contribution[0] > at:
                continue
            age = at - contribution[0]
            lost = age > packer.lost_after(packed)
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

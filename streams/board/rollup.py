"""From the counters of series keys to the rows of the board.

Areas and categories are summed here, on reading: of every series key it is known once and for all
which rows it counts in, and each row has a number, so that the sums are those of arrays
(`streams.board.columns`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.board.columns import NO_QUANTILE, Numbers, PaneDifference, RowChanges, Sums, quantiles
from streams.board.model import TYPES, BoardTypes, FigureValue, Row
from streams.board.totals import TotalPart, Used
from streams.config.force import Force
from streams.fold.panes import NOTHING, Pane
from streams.registry.aggregates import (
    UNKNOWN_RATIO,
    Count,
    Figures,
    Mean,
    Quantile,
    Ratio,
    Share,
)
from streams.registry.counting import CounterOfAll
from streams.registry.dimensions import AREA
from streams.registry.histogram import BINS
from streams.registry.kind import Kind
from streams.registry.measures import ChosenShare, Gauge, Group
from streams.registry.packing import GaugeReader, Packer

TableRowKey = tuple[str, ...]
"""The values of a group's dimensions, then the area."""


class Rollup:
    """The rows that each series key of one group counts in, for one force."""

    def __init__(self, group: Group, force: Force, kind: Kind, types: BoardTypes = TYPES) -> None:
        self.group, self.force, self.kind = group, force, kind
        self._layout = kind.layouts[kind.clocks.index(group.clock)]
        self._place = (*group.dimensions, AREA)
        self.keys = lru_cache(maxsize=100_000)(self._keys_of)
        self._values = [
            value.share(force.file) if isinstance(value, ChosenShare) else value
            for value in (measure.value for measure in group.measures)
            if not isinstance(value, Gauge)
        ]
        self._names = [m.name for m in group.measures if not isinstance(m.value, Gauge)]
        needed = {name for value in self._values for name in value.needs}
        self._needed = [name for name in self._layout.names if name in needed]
        of_all = {e.name for e in kind.counters_by(group.clock) if isinstance(e, CounterOfAll)}
        self.shown = self._layout.bits(
            *(name for name in self._layout.names if name in needed or name not in of_all)
        )
        """The bits of the counters that a row is shown for: a cancelled incident makes none of its
        category."""
        self._quantiles = sorted({v for v in self._values if isinstance(v, Quantile)})
        self._shares = [each.share for each in self._quantiles]
        self._together = [self._needed.index(each.timing) for each in self._quantiles]
        self._bins_begin = [kind.duration_of[each.timing] * BINS for each in self._quantiles]
        self._timed = {begin // BINS for begin in self._bins_begin}
        self._row_keys: list[TableRowKey] = []
        """The rows by number; those that are shown even when nothing happened come first."""
        self._number_of: dict[TableRowKey, int] = {}
        self._rows_of: dict[int, NDArray[np.int32]] = {}
        self._order = np.empty(0, np.intp)
        """The numbers of all rows, sorted by dimensions and area."""
        for key in self.standing_rows():
            self._number(key)
        self._standing = len(self._row_keys)
        self._gauges = [m.value for m in group.measures if isinstance(m.value, Gauge)]
        open_in = {each.records for each in self._gauges}
        self._open_records = [each for each in kind.gauges if each.name in open_in]
        self._row_type: Callable[..., Row] = types.rows[group.name]
        self._gauge_row: Callable[..., Row] | None = types.gauge_rows.get(group.name)

    def _keys_of(self, series_key: int) -> tuple[TableRowKey, ...]:
        """The rows that a series counts in."""
        indices = self.kind.series.split(series_key)
        if not self.kind.holds(self.force, self.group.where, indices):
            return ()
        rows = {
            dimension.name: dimension.rows(self.force, index)
            for dimension, index in zip(self.kind.dimensions, indices, strict=True)
        }
        return tuple(product(*(rows[name] for name in (*self.group.dimensions, AREA))))

    def standing_rows(self) -> list[TableRowKey]:
        """The rows that are shown even when nothing happened: the force's own."""
        named = {dimension.name: dimension for dimension in self.kind.dimensions}
        names = (*self.group.dimensions, AREA)
        return list(product(*(named[name].standing(self.force) for name in names)))

    # -- what is counted over time -----------------------------------------------------------------

    def rows(self, sums: Sums) -> list[Row]:
        """The rows of a stretch of time: gauges left out, sorted by dimensions and area."""
        numbers = self.in_order(self.there(sums))
        return self.made(numbers, self.figures(sums, numbers))

    def rows_beside(self, sums: Sums, used: Used) -> list[Row]:
        """The same with what totals add to them; rows that are not known are left out."""
        numbers = self.in_order(self.there(sums))
        made = dict(zip((self._row_keys[n] for n in numbers), self.rows(sums), strict=True))
        for key, part in used.parts.items():
            number = self._number_of.get(key)
            counted = number is not None and number < len(sums.series)
            counts = sums.counts[:, number].tolist() if counted else [0] * len(self._needed)
            made[key] = self._beside(key, dict(zip(self._needed, counts, strict=True)), part)
        return [made[key] for key in sorted(made) if used.knows(key)]

    def _beside(self, key: TableRowKey, counts: dict[str, int], part: TotalPart) -> Row:
        # Counters that are not known of a part are not known of the whole.
        counts = {name: counts.get(name, 0) + count for name, count in part.counts.items()}
        figures = Figures(counts, {})
        read: list[FigureValue] = []
        for value in self._values:
            if value.needs <= counts.keys():
                read.append(value.read(figures))
            else:
                read.append(UNKNOWN_RATIO if isinstance(value, Share) else None)
        return self._row_type(*key, *read, part.origin, part.provisional)

    def resting_on(self, counters: frozenset[str]) -> dict[str, FigureValue]:
        """The figures that need one of these counters, by name, as they are where it is unknown."""
        return {
            name: UNKNOWN_RATIO if isinstance(value, Share) else None
            for name, value in zip(self._names, self._values, strict=True)
            if not value.needs.isdisjoint(counters)
        }

    def missing(self) -> list[Row]:
        """The standing rows of a stretch in which the feed was not heard: no figure is known."""
        unknown = [UNKNOWN_RATIO if isinstance(each, Share) else None for each in self._values]
        return [self._row_type(*key, *unknown) for key in sorted(self.standing_rows())]

    def __len__(self) -> int:
        """How many rows are known."""
        return len(self._row_keys)

    @property
    def width(self) -> int:
        """How many figures a row has (`figures`)."""
        return len(self._needed) + len(self._quantiles)

    # -- by arrays ---------------------------------------------------------------------------------

    def sums(self, pane: Pane, before: Pane = NOTHING.fresh) -> Sums:
        """What each row counts in a pane, or by how much that is more than before."""
        return self.sums_of(PaneDifference.of(before, pane))

    def sums_of(self, difference: PaneDifference, together: int = 1) -> Sums:
        """By how much more each row counts, in each of so many stretches."""
        series, bins, shown, timed = RowChanges(), RowChanges(), self.shown, self._timed
        held: list[int] = []
        stretches = difference.stretches
        each = zip(difference.keys, difference.old, difference.new, strict=True)
        for place, (key, old, new) in enumerate(each):
            if len(rows := self._rows(key)):
                series.add(rows, (new & shown != 0) - (old & shown != 0), stretches[place])
                held.append(place)
        for key, number, more, stretch in difference.bins if timed else ():
            if number // BINS in timed:
                bins.add(self._rows(key), more, stretch, number)
        counts = difference.counters(self._layout, self._needed)
        if len(held) < counts.shape[1]:
            counts = counts[:, held]
        return Sums.of(series, counts, bins, len(self._row_keys), together)

    def there(self, sums: Sums, together: int = 1) -> NDArray[np.bool_]:
        """Which rows there are: those that are always shown, and those that count anything."""
        found = sums.series > 0
        found[: self._standing * together] = True
        return found

    def figures(self, sums: Sums, numbers: NDArray[np.intp]) -> NDArray[np.float64]:
        """What the measures of some rows are made of, (figures, rows): their counters, then their
        quantiles. Rows that have the same are the same."""
        counts = sums.counts[:, numbers]
        if not self._quantiles:
            return counts.astype(np.float64)
        together = counts[self._together] / 1000
        found = quantiles(sums, numbers, self._shares, self._bins_begin, together)
        return np.vstack((counts, found))

    def made(
        self, numbers: NDArray[np.intp], figures: NDArray[np.float64], together: int = 1
    ) -> list[Row]:
        """The rows of some numbers, of their figures; so many stretches are together."""
        if not len(numbers):
            return []
        counted = len(self._needed)
        counts = dict(zip(self._needed, figures[:counted].astype(np.int64), strict=True))
        durations = dict(zip(self._quantiles, figures[counted:], strict=True))
        keys = self._row_keys
        places = zip(*(keys[number] for number in (numbers // together).tolist()), strict=True)
        columns = (_column(value, counts, durations) for value in self._values)
        return list(map(self._row_type, *places, *columns))

    def in_order(self, there: NDArray[np.bool_]) -> NDArray[np.intp]:
        """The numbers of the rows that are there, sorted by dimensions and area."""
        if len(self._order) < len(self._row_keys):
            every = range(len(self._row_keys))
            self._order = np.array(sorted(every, key=self._row_keys.__getitem__))
        order = self._order[self._order < len(there)]
        return order[there[order]]

    def _rows(self, series_key: int) -> NDArray[np.int32]:
        """The numbers of the rows that a series counts in."""
        found = self._rows_of.get(series_key)
        if found is None:
            numbers = [self._number(key) for key in self.keys(series_key)]
            found = self._rows_of[series_key] = np.array(numbers, np.int32)
        return found

    def _number(self, key: TableRowKey) -> int:
        """The number of a row; one that has none yet is given the next."""
        found = self._number_of.setdefault(key, len(self._row_keys))
        if found == len(self._row_keys):
            self._row_keys.append(key)
        return found

    # -- what is true at an instant ----------------------------------------------------------------

    def gauges(self, packer: Packer, open_records: Collection[int] | None, at: int) -> list[Row]:
        """The rows of what is open at an instant: how many, the oldest, and how many are unknown
        (so old that the end must have been lost). What is open only after `at` is left out. Nothing
        is known where `open_records` is None, nor of what the force does not say."""
        make = self._gauge_row
        if make is None:
            return []
        standing = self.standing_rows()
        if open_records is None:
            return [make(*key, *(None for _ in self._gauges)) for key in sorted(standing)]
        readers = {each.name: packer.gauges[each.name] for each in self._open_records}
        found = {
            name: _Open(reader, open_records, at, packer.series_key, self.keys)
            for name, reader in readers.items()
        }
        keys = set(standing).union(*(each.rows for each in found.values()))
        return [
            make(*key, *(self._open_at(key, each, found[each.records]) for each in self._gauges))
            for key in sorted(keys)
        ]

    def _open_at(self, key: TableRowKey, gauge: Gauge, found: _Open) -> int | None:
        """What a gauge says in a row; None where the force does not say what is open there."""
        kept, known = found.reader.gauge.kept, dict(zip(self._place, key, strict=True))
        if kept is not None and not kept(self.force, known):
            return None
        counted, unknown, oldest = found.rows.get(key, _NONE_OPEN)
        if gauge.of == "oldest_seconds":
            return None if oldest < 0 else oldest // 1000
        return counted if gauge.of == "count" else unknown

    @property
    def has_gauges(self) -> bool:
        """Whether any measure of the group is a gauge."""
        return self._gauge_row is not None


class _Open:
    """The records that one gauge counts at an instant, by row. They are counted by series first,
    since many are open of one."""

    def __init__(
        self,
        reader: GaugeReader,
        open_records: Collection[int],
        at: int,
        series_key: Callable[[int], int],
        keys: Callable[[int], Iterable[TableRowKey]],
    ) -> None:
        self.reader = reader
        series: dict[int, _State] = {}
        counts, since, lost_after = reader.counts, reader.since, reader.lost_after
        for packed in open_records:
            if counts(packed) and (age := at - since(packed)) >= 0:
                key = series_key(packed)
                counted, unknown, oldest = series.get(key, _NONE_OPEN)
                if age > lost_after(packed):
                    series[key] = counted, unknown + 1, oldest
                else:
                    series[key] = counted + 1, unknown, max(oldest, age)
        self.rows: dict[TableRowKey, _State] = {}
        for key, (counted, unknown, oldest) in series.items():
            for row in keys(key):
                before = self.rows.get(row, _NONE_OPEN)
                together = before[0] + counted, before[1] + unknown, max(before[2], oldest)
                self.rows[row] = together


_State = tuple[int, int, int]
"""How many are open, how many unknown, and how long the oldest has been, in ms; -1 of none."""
_NONE_OPEN: _State = (0, 0, -1)


def _column(
    value: Count | Share | Mean | Quantile,
    counts: dict[str, Numbers],
    durations: dict[Quantile, NDArray[np.float64]],
) -> list[Any]:
    """A measure of many rows, from their counters and quantiles: what `value.read` gives of one."""
    if isinstance(value, Count):
        return list(counts[value.counter].tolist())
    if isinstance(value, Mean):
        sums, of = counts[value.timing].tolist(), counts[value.of].tolist()
        return [total / n / 1000 if n else None for total, n in zip(sums, of, strict=True)]
    if isinstance(value, Quantile):
        return [None if each == NO_QUANTILE else each for each in durations[value].tolist()]
    none = np.zeros_like(next(iter(counts.values())))
    top, bottom, less = (
        np.sum([none, *(counts[name] for name in names)], axis=0)
        for names in (value.top, value.bottom, value.less)
    )
    return list(map(Ratio.of, top.tolist(), (bottom - less).tolist()))

"""What the records of a kind count, by area, under any condition on their dimensions: as arrays.

The rows of a board are sums of series under fixed dimensions (`streams.board.rollup`). An indicator
may ask for any values of any dimension together, over many periods; so here the series of a stretch
are taken apart once, and what was made of closed ones is kept: what was asked for last, within
`MOST_BYTES`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.board.columns import Numbers, Sums, quantiles, unpack
from streams.config.force import WHOLE, Force
from streams.fold.changes import COUNTER_BITS, Flat
from streams.fold.kept_sums import KeptSum
from streams.fold.panes import Pane, Parts
from streams.registry.aggregates import Quantile
from streams.registry.conditions import Condition, Is
from streams.registry.counting import BIN_SHIFT, SERIES_KEY_MASK
from streams.registry.dimensions import AREA, Dimension
from streams.registry.histogram import BINS, value_of
from streams.registry.kind import Kind

MOST_KEPT = 512
"""Closed stretches that are kept taken apart; those that were asked for last."""
MOST_ASKED = 2_000
"""Conditions that are known again; those that were asked last."""
MOST_BYTES = 16 * 2**20
"""What is kept of the sums of one kind and clock of a force takes no more."""
_OVERHEAD = 400
"""Bytes that a sum takes beside its figures."""
_AREA_SHIFT = 32
"""An area and a bin are one number: the area's index above this bit."""
_BIN_MASK = (1 << _AREA_SHIFT) - 1
_NONE: Numbers = np.empty(0, np.int64)


class AreaSums:
    """The sums of one kind of record of a force, by one of its clocks. Areas are by their index in
    the force's lists; at 0 stands the force as a whole."""

    def __init__(self, kind: Kind, clock: int, force: Force) -> None:
        self.kind, self.force = kind, force
        self.layout = kind.layouts[clock]
        self.size = len(force.areas)
        self.area = self._place(AREA)
        number = {area.id if area else WHOLE: place for place, area in enumerate(force.areas)}
        self._within = [[number[each] for each in chain] for chain in force.rollup]
        lengths = [len(chain) for chain in self._within]
        self._to = np.concatenate([np.array(chain, np.intp) for chain in self._within])
        self._from = np.repeat(np.arange(self.size), lengths)
        self._admits = lru_cache(maxsize=MOST_ASKED)(self._admitted)
        self._finer = lru_cache(maxsize=MOST_ASKED)(self._below)
        self._kept: OrderedDict[int, tuple[KeptSum, _Series]] = OrderedDict()
        """By the identity of a kept sum: it, and it taken apart."""
        self._numbers = count()
        self._asked_for: OrderedDict[Condition, int] = OrderedDict()
        """A number for each condition, which no other ever has: to compare conditions takes longer
        than to add up what was kept under them."""
        self._made: OrderedDict[_Made, tuple[Numbers, ...]] = OrderedDict()
        self.taken = 0
        """Bytes that what is kept takes."""
        self.aged: tuple[tuple[int, ...], Any] | None = None
        """What `streams.board.outlook` has made of changes, and as of which."""

    def counts(self, parts: Iterable[Parts], where: Condition, names: Sequence[str]) -> Numbers:
        """The named counters of the series that fulfil a condition in some stretches together:
        (counters, areas)."""
        total, number = np.zeros((len(names), self.size), np.int64), self._number(where)
        for series in self._taken_apart(parts):
            for line, name in enumerate(names):
                place = series.number, number, name
                total[line] += self._once(place, partial(series.by_area, where, name))[0]
        return total

    def changes(self, flat: Flat, where: Condition, names: Sequence[str]) -> Numbers:
        """By how much the named counters of such series changed: (counters, areas)."""
        total = np.zeros((len(names), self.size), np.int64)
        numbers, amounts = counters_of(flat)
        for line, name in enumerate(names):
            areas, held = self.held(numbers, where, name)
            own = np.bincount(areas, amounts[held].astype(np.float64), self.size)
            total[line] = self.rolled_up(own)
        return total

    def held(self, numbers: Numbers, where: Condition, name: str) -> tuple[Numbers, Numbers]:
        """Those of some counters' numbers (`streams.fold.changes`) that are of a name and of series
        that fulfil a condition: the areas of these, and where they are."""
        coded = -1 - numbers
        places = np.flatnonzero(coded & (1 << COUNTER_BITS) - 1 == self.layout.names.index(name))
        indices = _split(self.kind, coded[places] >> COUNTER_BITS)
        held = self.holds(where, indices)
        return indices[self.area][held], places[held]

    def below(self, area: int) -> NDArray[np.bool_]:
        """Which areas count in one."""
        return np.array([area in chain for chain in self._within], np.bool_)

    def quantiles(
        self, parts: Iterable[Parts], where: Condition, of: Quantile, together: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], Numbers]:
        """A quantile of durations by area, in seconds, and how many durations there are. `together`
        are the sums of them, in seconds."""
        pairs, numbers = self._durations(parts, where, of.timing)
        some = numbers > 0
        sums = Sums(_NONE, _NONE, some, pairs[some], numbers[some])
        found_of = quantiles(sums, np.arange(self.size), (of.share,), (0,), together[None])[0]
        return found_of, np.bincount(sums.pairs >> _AREA_SHIFT, sums.numbers, self.size).astype(
            np.int64
        )

    def spread(
        self, parts: Iterable[Parts], where: Condition, timing: str, area: int
    ) -> tuple[int, float, float]:
        """How many durations an area has, their sum in seconds and that of their squares, within
        1 % each: by the bins that they are in."""
        pairs, numbers = self._durations(parts, where, timing)
        own = pairs >> _AREA_SHIFT == area
        values = np.array([value_of(each) for each in (pairs[own] & _BIN_MASK).tolist()])
        counted = numbers[own]
        return int(counted.sum()), float(counted @ values), float(counted @ values**2)

    def _durations(
        self, parts: Iterable[Parts], where: Condition, timing: str
    ) -> tuple[Numbers, Numbers]:
        """The pairs of an area and a bin that has durations, ascending, and how many."""
        number, duration = self._number(where), self.kind.duration_of[timing]
        found = [
            self._once(
                (series.number, number, duration), partial(series.bins_by_area, where, duration)
            )
            for series in self._taken_apart(parts)
        ]
        pairs, place = np.unique(
            np.concatenate([p for p, _ in found] or [_NONE]), return_inverse=True
        )
        numbers = np.bincount(place, np.concatenate([n for _, n in found] or [_NONE]), len(pairs))
        return pairs, numbers.astype(np.int64)

    def _number(self, where: Condition) -> int:
        """That of a condition."""
        found = self._asked_for.get(where)
        if found is None:
            found = self._asked_for[where] = next(self._numbers)
            if len(self._asked_for) > MOST_ASKED:
                self._asked_for.popitem(last=False)
        else:
            self._asked_for.move_to_end(where)
        return found

    def _once(self, place: _Made, make: Callable[[], tuple[Numbers, ...]]) -> tuple[Numbers, ...]:
        """What is made of a stretch; of a closed one it is kept."""
        if place[0] is None:
            return make()
        found = self._made.get(place)
        if found is None:
            found = self._made[place] = make()
            self.taken += _size(found)
            while self.taken > MOST_BYTES:
                self.taken -= _size(self._made.popitem(last=False)[1])
        else:
            self._made.move_to_end(place)
        return found

    def _taken_apart(self, parts: Iterable[Parts]) -> list[_Series]:
        found = []
        for kept, fresh in parts:
            if kept:
                found.append(self._of_kept(kept))
            if fresh:
                found.append(_Series(self, fresh, None))
        return found

    def _of_kept(self, kept: KeptSum) -> _Series:
        place = id(kept)
        if place not in self._kept:
            self._kept[place] = kept, _Series(self, kept.pane, next(self._numbers))
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(place)
        return self._kept[place][1]

    def rolled_up(self, own: NDArray[Any]) -> Numbers:
        """From what each area counts itself to what it counts with all areas within it."""
        return np.bincount(self._to, own[self._from], self.size).astype(np.int64)

    def upwards(self, areas: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Of some areas all that each lies within, itself first: these, and the place of the area
        that each is of."""
        chains = [self._within[area] for area in areas.tolist()]
        lengths = [len(chain) for chain in chains]
        flat = np.array([area for chain in chains for area in chain], np.intp)
        return flat, np.repeat(np.arange(len(chains)), lengths)

    def holds(self, where: Condition, indices: Numbers) -> NDArray[np.bool_]:
        """Which series have values that a condition names, by the indices of each,
        (dimensions, series)."""
        held = np.ones(indices.shape[1], np.bool_)
        for asked in _asked(where):
            held &= self._admits(asked)[indices[self._place(asked.name)]]
        return held

    def unlisted(self, where: Condition) -> Iterator[tuple[Dimension, str, Sequence[str]]]:
        """The values that a condition names and the force does not have: dimension, value, and the
        values that it has."""
        for asked in _asked(where):
            dimension = self.kind.dimension(asked.name)
            known = self._values(dimension)
            yield from ((dimension, value, known) for value in asked.allowed if value not in known)

    def counts_any(self, where: Condition) -> bool:
        """Whether the force has, of each dimension that a condition asks of, one of its values."""
        return all(self._admits(asked).any() for asked in _asked(where))

    def untold(self, parts: Iterable[Parts], where: Condition) -> tuple[Dimension, str] | None:
        """The dimension, and the value of it, at which all records of some stretches stop where a
        condition asks for finer ones: `burglary` where `burglary.residential` is asked for and no
        record is of anything below `burglary`. None where any is, or none is of either."""
        apart = self._taken_apart(parts)
        for asked in _asked(where):
            place = self._place(asked.name)
            met = {index for each in apart for index in each.present(place)}
            for whole, within in self._finer(asked).items():
                if whole in met and met.isdisjoint(within):
                    dimension = self.kind.dimensions[place]
                    return dimension, dimension.names(self.force)[whole]
        return None

    def _below(self, asked: Is) -> dict[int, frozenset[int]]:
        """By index that leaves open whether a record is of an asked value, all that are finer."""
        dimension, admitted = self.kind.dimension(asked.name), self._admits(asked)
        finer: dict[int, set[int]] = {}
        for index in range(len(admitted)):
            for whole in dimension.coarser(self.force, index):
                finer.setdefault(whole, set()).add(index)
        return {
            whole: frozenset(within)
            for whole, within in finer.items()
            if not admitted[whole] and any(admitted[index] for index in within)
        }

    def _values(self, dimension: Dimension) -> Sequence[str]:
        number = len(dimension.names(self.force))
        rows = (dimension.rows(self.force, index) for index in range(number))
        return list(dict.fromkeys(value for values in rows for value in values))

    def _place(self, name: str) -> int:
        return [dimension.name for dimension in self.kind.dimensions].index(name)

    def _admitted(self, condition: Is) -> NDArray[np.bool_]:
        """Which indices of a dimension count in a row of one of the values."""
        dimension = self.kind.dimension(condition.name)
        allowed = set(condition.allowed)
        number = len(dimension.names(self.force))
        rows = (dimension.rows(self.force, index) for index in range(number))
        return np.array([not allowed.isdisjoint(each) for each in rows], np.bool_)


_Made = tuple[int | None, int, str | int]
"""The numbers of a stretch (None of one that runs) and of a condition; a counter or duration."""


def _size(made: tuple[Numbers, ...]) -> int:
    return _OVERHEAD + sum(each.nbytes for each in made)


class _Series:
    """The series of one pane taken apart. `number` is that of a closed stretch, which no other ever
    has; None of one that runs."""

    def __init__(self, of: AreaSums, pane: Pane, number: int | None) -> None:
        self.of, self.pane, self.number = of, pane, number
        self._keys = [key for key in pane if key <= SERIES_KEY_MASK]
        self._indices = _split(of.kind, np.array(self._keys, np.int64))
        self._counters: dict[str, Numbers] = {}
        self._present: dict[int, set[int]] = {}

    def present(self, place: int) -> set[int]:
        """The indices of a dimension that any of the series has."""
        if place not in self._present:
            self._present[place] = set(self._indices[place].tolist())
        return self._present[place]

    def by_area(self, where: Condition, name: str) -> tuple[Numbers]:
        """A counter of the series that fulfil a condition, by area."""
        held = self.of.holds(where, self._indices)
        areas, counter = self._indices[self.of.area][held], self._counter(name)[held]
        # Weights are floats: exact, since no sum comes near 2^53.
        own = np.bincount(areas, counter.astype(np.float64), self.of.size)
        return (self.of.rolled_up(own),)

    def _counter(self, name: str) -> Numbers:
        found = self._counters.get(name)
        if found is None:
            values = [self.pane[key] for key in self._keys]
            found = self._counters[name] = unpack(self.of.layout, (name,), values)[0]
        return found

    def bins_by_area(self, where: Condition, duration: int) -> tuple[Numbers, Numbers]:
        """The pairs of an area and a histogram bin that has durations of such series, and how
        many; `duration` is the place in the kind of that which is asked for."""
        first = duration * BINS + 1
        keys = [k for k in self.pane if first <= k >> BIN_SHIFT < first + BINS]
        binned = np.array(keys, np.int64)
        indices = _split(self.of.kind, binned & SERIES_KEY_MASK)
        held = self.of.holds(where, indices)
        areas, source = self.of.upwards(indices[self.of.area][held])
        bins = ((binned >> BIN_SHIFT) - first)[held][source]
        pairs = areas.astype(np.int64) << _AREA_SHIFT | bins
        return pairs, np.array([self.pane[key] for key in keys], np.int64)[held][source]


def _asked(where: Condition) -> Iterator[Is]:
    """The values that are asked for: a series is found by these alone."""
    return (part for part in where.parts() if isinstance(part, Is))


def counters_of(flat: Flat) -> tuple[Numbers, Numbers]:
    """The numbers of the counters that changed, and by how much."""
    numbers = np.fromiter(flat, np.int64, len(flat))
    amounts = np.fromiter(flat.values(), np.int64, len(flat))
    return numbers[numbers < 0], amounts[numbers < 0]


def _split(kind: Kind, keys: Numbers) -> Numbers:
    """The indices of series keys, (dimensions, series)."""
    found = np.empty((len(kind.dimensions), len(keys)), np.int64)
    at = 0
    for place in range(len(kind.dimensions) - 1, -1, -1):
        bits = kind.dimensions[place].bits
        found[place] = keys >> at & (1 << bits) - 1
        at += bits
    return found

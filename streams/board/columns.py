"""What many rows count, as arrays: the arithmetic of the board. Pure.

Rows have numbers here (`streams.board.rollup` knows which is which). The counters of all rows are
one array, a line a counter; the durations of all rows are one sorted list of pairs of a row and a
histogram bin, with how many lie in each. What is counted in several stretches of time adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.fold.panes import Pane
from streams.registry.counting import BIN_SHIFT, SERIES_KEY_MASK, CounterLayout
from streams.registry.histogram import BINS, EXACT_BELOW

Numbers = NDArray[np.int64]
_ROW_SHIFT = 32
"""A row and a bin are one number: the row's above this bit."""
_NO_PAIRS: Numbers = np.empty(0, np.int64)
NO_QUANTILE = -1.0
"""Instead of a quantile of no durations, so that equal figures are equal numbers."""


def unpack(layout: CounterLayout, names: Sequence[str], values: Sequence[int]) -> Numbers:
    """The named counters in each of some integers, as an array of (names, values).

    A counter of over 56 bits has to begin with a byte; none may be above 2^63."""
    return _counters(layout, names, _octets(layout, values))


def _octets(layout: CounterLayout, values: Sequence[int]) -> NDArray[np.uint8]:
    """The bytes of some integers, (values, bytes)."""
    width = _places(layout, ()).width
    text = b"".join([value.to_bytes(width, "little", signed=True) for value in values])
    return np.frombuffer(text, np.uint8).reshape(len(values), width)


def _counters(layout: CounterLayout, names: Sequence[str], octets: NDArray[np.uint8]) -> Numbers:
    """The named counters in the bytes of integers, (names, integers)."""
    _, octet, bit, mask = _places(layout, tuple(names))
    words = np.take(octets, octet, axis=1).view("<u8")[..., 0]
    return np.ascontiguousarray((words >> bit & mask).T.astype(np.int64))


class _Places(NamedTuple):
    """Where some counters are in an integer: of how many bytes it is, and of each counter the eight
    bytes that it lies in, the bit of these at which it begins, and its mask."""

    width: int
    octet: NDArray[np.intp]
    bit: NDArray[np.uint64]
    mask: NDArray[np.uint64]


@lru_cache(maxsize=1_000)
def _places(layout: CounterLayout, names: tuple[str, ...]) -> _Places:
    width = (sum(mask.bit_length() for mask in layout.mask.values()) + 7) // 8 + 8
    shifts = np.array([layout.shift[name] for name in names], np.intp)
    octet = shifts[:, None] // 8 + np.arange(8)
    bit = (shifts % 8).astype(np.uint64)
    mask = np.array([layout.mask[name] for name in names], np.uint64)
    return _Places(width, octet, bit, mask)


class PaneDifference:
    """By how much pairs of panes differ, key by key: those of one stretch of time, or of several
    that are shown together. The rows of one group after the other are made of it, so what all of
    them ask for is made once."""

    def __init__(self) -> None:
        self.keys: list[int] = []
        """The series that differ."""
        self.stretches: list[int] = []
        """The stretch in which each of them does, by its place among those that are together."""
        self.old: list[int] = []
        self.new: list[int] = []
        """The counters of each of them, before and after."""
        self.bins: list[tuple[int, int, int, int]] = []
        """The series, number and change of each histogram bin that differs, and its stretch."""
        self._octets: NDArray[np.uint8] | None = None

    @classmethod
    def of(cls, before: Pane, after: Pane) -> PaneDifference:
        """That of two panes."""
        made = cls()
        if before:
            for key in before.keys() | after.keys():
                made.add(key, before.get(key, 0), after.get(key, 0))
            return made
        # All of a month, mostly, is new: one call for each of its numbers would double the time.
        made.keys = [key for key in after if key <= SERIES_KEY_MASK]
        made.new = [after[key] for key in made.keys]
        made.old, made.stretches = [0] * len(made.keys), [0] * len(made.keys)
        made.bins = [
            (key & SERIES_KEY_MASK, (key >> BIN_SHIFT) - 1, number, 0)
            for key, number in after.items()
            if key > SERIES_KEY_MASK
        ]
        return made

    def add(self, key: int, old: int, new: int, stretch: int = 0) -> None:
        """Takes a key in."""
        if key <= SERIES_KEY_MASK:
            self.keys.append(key)
            self.stretches.append(stretch)
            self.old.append(old)
            self.new.append(new)
        else:
            self.bins.append((key & SERIES_KEY_MASK, (key >> BIN_SHIFT) - 1, new - old, stretch))

    def __bool__(self) -> bool:
        return bool(self.keys or self.bins)

    def counters(self, layout: CounterLayout, names: Sequence[str]) -> Numbers:
        """By how much the named counters of each series are more, (names, series)."""
        if self._octets is None:
            self._octets = _octets(layout, self.new + self.old)
        found = _counters(layout, names, self._octets)
        return found[:, : len(self.new)] - found[:, len(self.new) :]


@dataclass(frozen=True, slots=True)
class Sums:
    """What rows count in a stretch of time, or by how much that changed. Of several stretches that
    are together each has rows of its own: row 3 in the second of seven is number 3 * 7 + 1."""

    counts: Numbers
    """The counters, (counters, rows)."""
    series: Numbers
    """How many series count anything in each row."""
    touched: NDArray[np.bool_]
    """The rows of which anything was added or taken away."""
    pairs: Numbers
    """Rows with a bin that has any durations, ascending."""
    numbers: Numbers
    """How many durations each of them has."""

    @classmethod
    def of(
        cls, series: RowChanges, counters: Numbers, bins: RowChanges, size: int, together: int = 1
    ) -> Sums:
        """The sums of series of which each counts in some rows; so many rows (`size`) are known in
        each of the stretches that are `together`. `series` has how many of each there are more, and
        `counters` what they count, (counters, series)."""
        to, source = series.spread(together)
        size *= together
        # Weights are floats: exact, since no sum comes near 2^53.
        counts = np.array([np.bincount(to, values[source], size) for values in counters])
        more = np.bincount(to, np.array(series.more)[source], size)
        touched = np.zeros(size, np.bool_)
        touched[to] = True
        pairs = bins.by_row(together)
        return cls(counts.astype(np.int64), more.astype(np.int64), touched, *pairs)

    def wide(self, size: int) -> Sums:
        """The same for so many rows: those that it does not know yet count nothing."""
        more = size - len(self.series)
        if not more:
            return self
        counts = np.pad(self.counts, ((0, 0), (0, more)))
        series, touched = np.pad(self.series, (0, more)), np.pad(self.touched, (0, more))
        return Sums(counts, series, touched, self.pairs, self.numbers)

    def __add__(self, change: Sums) -> Sums:
        """The sums after a change of them; `touched` are the rows of the change."""
        pairs, numbers = _joined(self.pairs, self.numbers, change.pairs, change.numbers)
        counts, series = self.counts + change.counts, self.series + change.series
        return Sums(counts, series, change.touched, pairs, numbers)


class RowChanges:
    """Of series, or bins of them: the rows that each counts in, and how many there are more."""

    def __init__(self) -> None:
        self.rows: list[NDArray[np.int32]] = []
        self.bins: list[int] = []
        self.more: list[int] = []
        self.stretches: list[int] = []

    def add(self, rows: NDArray[np.int32], more: int, stretch: int, a_bin: int = 0) -> None:
        """Takes one in."""
        self.rows.append(rows)
        self.more.append(more)
        self.stretches.append(stretch)
        self.bins.append(a_bin)

    def spread(self, together: int) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
        """All rows one after the other, by their numbers in stretches of which so many are
        together, and by number what each of them is of."""
        if not self.rows:
            return np.empty(0, np.int32), np.empty(0, np.intp)
        lengths = [len(each) for each in self.rows]
        to, source = np.concatenate(self.rows), np.repeat(np.arange(len(lengths)), lengths)
        if together > 1:
            to = to * together + np.array(self.stretches, np.int32)[source]
        return to, source

    def by_row(self, together: int) -> tuple[Numbers, Numbers]:
        """The pairs of a row and a bin, ascending, and how many durations more each has."""
        if not self.rows:
            return _NO_PAIRS, _NO_PAIRS
        to, source = self.spread(together)
        pairs = to.astype(np.int64) << _ROW_SHIFT | np.array(self.bins, np.int64)[source]
        unique, place = np.unique(pairs, return_inverse=True)
        more = np.bincount(place, np.array(self.more)[source], len(unique))
        return unique, more.astype(np.int64)


def _joined(
    pairs: Numbers, numbers: Numbers, others: Numbers, more: Numbers
) -> tuple[Numbers, Numbers]:
    """Two lists of pairs as one; those of which nothing is left are left out."""
    if not len(others):
        return pairs, numbers
    place = np.searchsorted(pairs, others)
    held = np.zeros(len(others), np.bool_)
    near = place < len(pairs)
    held[near] = pairs[place[near]] == others[near]
    numbers = numbers.copy()
    numbers[place[held]] += more[held]
    new = place[~held]
    pairs, numbers = np.insert(pairs, new, others[~held]), np.insert(numbers, new, more[~held])
    some = numbers != 0
    return pairs[some], numbers[some]


def quantiles(
    sums: Sums,
    rows: NDArray[np.intp],
    shares: Sequence[float],
    firsts: Sequence[int],
    together: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Nearest-rank quantiles of the durations of rows, in seconds, as
    `streams.registry.histogram.quantile` gives them, (shares, rows); `NO_QUANTILE` where there are
    none. By share, `firsts` says where the bins of its duration begin, and `together` what the
    durations of each row sum up to, in seconds.
    """
    keys = (rows.astype(np.int64) << _ROW_SHIFT) + np.array(firsts, np.int64)[:, None]
    begin = np.searchsorted(sums.pairs, keys)
    lengths = np.searchsorted(sums.pairs, keys + BINS) - begin
    found, some = np.full(keys.shape, NO_QUANTILE), lengths > 0
    if not some.any():
        return found
    lengths, share = lengths[some], np.repeat(np.array(shares), some.sum(axis=1))
    # Only the bins of these rows are looked at, one row after the other.
    ends = np.cumsum(lengths)
    starts = ends - lengths
    asked = np.arange(ends[-1]) + np.repeat(begin[some] - starts, lengths)
    numbers = sums.numbers[asked]
    least, middle = _seconds((sums.pairs[asked] & (1 << _ROW_SHIFT) - 1) % BINS)
    before = np.concatenate(([0], np.cumsum(numbers)))
    below = np.concatenate(([0], np.cumsum(numbers * least)))
    total = before[ends] - before[starts]
    # A tiny slack keeps 0.9 * 10 = 9.000000000000002 from asking for the tenth of ten.
    rank = np.maximum(1, np.ceil(share * total - 1e-9).astype(np.int64))
    place = np.searchsorted(before, before[starts] + rank) - 1
    shorter = below[place] - below[starts]
    shorter += (rank - 1 - before[place] + before[starts]) * least[place]
    most = (together[some] - shorter) / (total - rank + 1)
    found[some] = np.where(most >= middle[place], middle[place], np.floor(most))
    return found


def _seconds(bins: Numbers) -> tuple[Numbers, NDArray[np.float64]]:
    """The shortest durations of bins, and those that they stand for."""
    shift = np.maximum((bins >> 6) - 1, 0)
    least = np.where(bins < EXACT_BELOW, bins, (bins - (shift << 6)) << shift)
    return least, np.where(bins < EXACT_BELOW, bins, least + ((1 << shift) - 1) / 2)

"""The tables of a group, each row of which is made again only where it changes.

A board is read far more often than most of its rows change. Rows of a closed period are kept as
long as nothing in it changes. Of a running period, a sliding window or a closed period that has
changed, the rows that were made last are kept, and those are made again that anything changed in.
The sliding windows are made together: each of them alone is too little work for an array.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence, Set
from operator import is_
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.board.columns import PaneDifference, Sums
from streams.board.model import FigureValue, Row
from streams.board.rollup import Rollup
from streams.fold.kept_sums import KeptSum
from streams.fold.panes import NOTHING, Pane, Parts, add_into

MOST_CLOSED = 128
"""Tables of closed periods that are kept of a group; those that were asked for last."""
MOST_RUNNING = 48
"""Tables that are kept of running periods, of windows, and of closed periods that change."""
NONE_KEPT = KeptSum({})
T = TypeVar("T")


class ChangedStretches:
    """What changed in stretches of the same records. All tables that are made of them ask for the
    same one after another, so the last answer is kept."""

    def __init__(self) -> None:
        self._old: Sequence[Parts] = ()
        self._new: Sequence[Parts] = ()
        self._found = PaneDifference()

    def between(self, old: Sequence[Parts], new: Sequence[Parts]) -> PaneDifference:
        """By how much each stretch differs from what it was."""
        if not (_same(self._old, old) and _same(self._new, new)):
            found = PaneDifference()
            for stretch, (was, now) in enumerate(zip(old, new, strict=True)):
                _add_changed(found, was, now, stretch)
            self._old, self._new, self._found = old, new, found
        return self._found


def _same(some: Sequence[Parts], others: Sequence[Parts]) -> bool:
    """Whether two lists are of the same stretches."""
    return len(some) == len(others) and all(map(is_, some, others))


class Tables:
    """The tables of one group of one force. Nobody may change the lists that it gives. `changed` is
    shared by those that are made of the same records; `windows` are the names of those that are
    made together."""

    def __init__(
        self, rollup: Rollup, changed: ChangedStretches | None = None, windows: Sequence[str] = ()
    ) -> None:
        self.rollup, self._changed = rollup, changed or ChangedStretches()
        self._windows = tuple(windows)
        self._together: _Running | None = None
        """The tables of these."""
        self._closed: OrderedDict[str, tuple[KeptSum, list[Row]]] = OrderedDict()
        """By the name of a closed period: its sum, and its rows."""
        self._first: OrderedDict[str, _First] = OrderedDict()
        """The same as first published."""
        self._running: OrderedDict[str, _Running] = OrderedDict()
        self._resting: dict[frozenset[str], dict[str, FigureValue]] = {}
        """By counters, the figures that need one of them."""
        self._without: OrderedDict[str, _Without] = OrderedDict()

    def rows(self, name: str, parts: Parts) -> list[Row]:
        """The rows of a stretch of time. `name` is that of its period or window, under which what
        is made of it is kept for the next time."""
        kept, fresh = parts
        if kept is not None and not fresh and name not in self._running:
            held = self._closed.get(name)
            if held is None:
                held = kept, self.rollup.rows(self.rollup.sums(kept.pane))
                _keep(self._closed, name, held, MOST_CLOSED)
            if held[0] is kept:
                self._closed.move_to_end(name)
                return held[1]
            del self._closed[name]  # it has changed, and may again
        running = self._running.get(name) or _Running(self.rollup, self._changed)
        _keep(self._running, name, running, MOST_RUNNING)
        return running.rows([parts])[0]

    def rows_of_windows(self, parts: Mapping[str, Parts]) -> dict[str, list[Row]]:
        """The rows of some of the windows, which are made together."""
        if self._together is None:
            self._together = _Running(self.rollup, self._changed, len(self._windows))
        found = self._together.rows([parts.get(name) for name in self._windows])
        return {
            name: rows for name, rows in zip(self._windows, found, strict=True) if name in parts
        }

    def without(self, name: str, rows: list[Row], counters: frozenset[str]) -> list[Row]:
        """The same rows, and no figure that needs one of these counters. `name` is that of the
        table: what is made of a row is kept as long as the row is in it."""
        if counters not in self._resting:
            self._resting[counters] = self.rollup.resting_on(counters)
        unknown = self._resting[counters]
        if not unknown:
            return rows
        held = self._without.get(name)
        if held is None or held.counters != counters:
            held = _Without([], counters, {}, [])
        if held.rows is not rows:
            made = {
                id(row): held.made.get(id(row)) or msgspec.structs.replace(row, **unknown)
                for row in rows
            }
            held = _Without(rows, counters, made, list(made.values()))
        _keep(self._without, name, held, MOST_CLOSED)
        return held.shown

    def first(self, name: str, parts: Parts, change: Pane) -> list[Row]:
        """The rows of a closed period as they were before `change`, all that changed since."""
        kept, fresh = parts
        if kept is None or fresh:
            return self.rollup.rows(self.rollup.sums(without(change, parts)))
        held = self._first.get(name)
        if held is None or not held.is_as(kept, change):
            held = _First(self.rollup.rows(self.rollup.sums(without(change, parts))))
        if held.kept is not kept:
            held.kept, held.change = kept, dict(change)
        _keep(self._first, name, held, MOST_CLOSED)
        return held.rows


class _Without(NamedTuple):
    """Rows, the counters that are not known of them, the same rows without figures of these by the
    identity of each, and all of them."""

    rows: list[Row]
    counters: frozenset[str]
    made: dict[int, Row]
    shown: list[Row]


class _First:
    """The rows of a closed period as first published, which is its sum without what changed since.
    As a rule both change by the same, so that the rows stay."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.kept = NONE_KEPT
        self.change: Pane = {}

    def is_as(self, kept: KeptSum, change: Pane) -> bool:
        """Whether the rows are those of a sum without a change as well."""
        if kept is self.kept:
            return True
        differ = kept.differs_from(self.kept)
        return differ is not None and all(
            kept.get(key) - change.get(key, 0) == self.kept.get(key) - self.change.get(key, 0)
            for key in differ
        )


def _keep(held: OrderedDict[str, T], name: str, made: T, most: int) -> None:
    """Keeps something as what was asked for last; the oldest goes where there are many."""
    held[name] = made
    held.move_to_end(name)
    if len(held) > most:
        held.popitem(last=False)


def both(parts: Parts | None) -> Pane:
    """The two parts of a stretch as one."""
    total: Pane = {}
    if parts is not None:
        add_into(total, parts.kept.pane if parts.kept else {})
        add_into(total, parts.fresh)
    return total


def without(change: Pane, parts: Parts) -> Pane:
    """A stretch as it was before a change."""
    total = both(parts)
    add_into(total, {key: -value for key, value in change.items()})
    return total


class _Running:
    """The tables of windows or running periods as they were last made: of one stretch of time, or
    of so many together, which are numbered as `Sums` says."""

    def __init__(self, rollup: Rollup, changed: ChangedStretches, together: int = 1) -> None:
        self._rollup, self._between, self._together = rollup, changed.between, together
        self._parts = [NOTHING] * together
        self._sums = rollup.sums_of(PaneDifference(), together)
        """What the rows count in both parts together."""
        self._figures = np.full((rollup.width, 0), np.nan)
        self._made: list[Row | None] = []
        """The rows by number as they were last made, and `_figures` what of."""
        self._there = np.zeros((0, together), np.bool_)
        self._order: list[list[int]] = [[]] * together
        self._rows: list[list[Row]] = [[]] * together
        """By stretch the numbers of the rows that are shown, in their order, and these."""

    def rows(self, parts: Sequence[Parts | None]) -> list[list[Row]]:
        """The rows of both parts of each stretch together; None leaves one as it was. Where no row
        of one changed, its list is that of last time."""
        now = [was if new is None else new for was, new in zip(self._parts, parts, strict=True)]
        difference = self._between(self._parts, now)
        self._parts = now
        if difference or not self._made:
            self._change(self._rollup.sums_of(difference, self._together))
        return list(self._rows)

    def _change(self, change: Sums) -> None:
        """Takes in what the rows count more and less."""
        rollup, together = self._rollup, self._together
        self._sums = self._sums.wide(len(rollup) * together) + change
        there, touched = rollup.there(self._sums, together), change.touched
        changed = self._make(np.flatnonzero(touched if self._made else touched | there))
        there = there.reshape(-1, together)
        was = np.pad(self._there, ((0, len(there) - len(self._there)), (0, 0)))
        moved = {*np.flatnonzero((there != was).any(axis=0)).tolist()}
        self._there = there
        for stretch in moved:
            order = rollup.in_order(there[:, stretch])
            self._order[stretch] = (order * together + stretch).tolist()
        for stretch in moved | changed:
            every = (self._made[n] for n in self._order[stretch])
            self._rows[stretch] = [row for row in every if row is not None]

    def _make(self, numbers: NDArray[np.intp]) -> set[int]:
        """Makes those of some rows anew of which any figure changed; returns the stretches in which
        one did."""
        together = self._together
        more = len(self._rollup) * together - len(self._made)
        if more:
            self._made += [None] * more
            self._figures = np.pad(self._figures, ((0, 0), (0, more)), constant_values=np.nan)
        figures = self._rollup.figures(self._sums, numbers)
        changed = (figures != self._figures[:, numbers]).any(axis=0)
        numbers, figures = numbers[changed], figures[:, changed]
        self._figures[:, numbers] = figures
        made, rows = self._made, self._rollup.made(numbers, figures, together)
        for number, row in zip(numbers.tolist(), rows, strict=True):
            made[number] = row
        return {*(numbers % together).tolist()}


def _add_changed(found: PaneDifference, old: Parts, new: Parts, stretch: int) -> None:
    """Adds to a difference by how much a stretch is another than it was."""
    (was_kept, was_fresh), (kept, fresh) = old, new
    if was_kept is kept and was_fresh == fresh:
        return
    keys: set[int] = {key for key, _ in was_fresh.items() ^ fresh.items()}
    if was_kept is not kept:
        keys |= _revised(was_kept, kept)
    was_kept, kept = was_kept or NONE_KEPT, kept or NONE_KEPT
    for key in keys:
        was = was_kept.get(key) + was_fresh.get(key, 0)
        value = kept.get(key) + fresh.get(key, 0)
        if was != value:
            found.add(key, was, value, stretch)


def _revised(old: KeptSum | None, new: KeptSum | None) -> Set[int]:
    """The keys of which the numbers differ in two sums that are kept."""
    known = None if new is None else new.differs_from(old)
    if known is not None:
        return known
    was, now = (old or NONE_KEPT).pane, (new or NONE_KEPT).pane
    return {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}

"""The tables of a group, each row of which is made again only where it changes.

A board is read far more often than most of its rows change. Rows of a closed period are kept as
long as the panes keep its sum. Of a running period or a sliding window, the rows that were made
last are kept, and those are made again that anything changed in.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.board.columns import Sums
from streams.board.model import Figure, Row
from streams.board.rollup import Rollup
from streams.fold.panes import NOTHING, Kept, Pane, Parts, add_into

MOST_CLOSED = 128
"""Tables of closed periods that are kept of a group; those that were asked for last."""
MOST_RUNNING = 32
NONE_KEPT = Kept({})


class Changed:
    """What changed between two stretches of the same records. All tables that are made of them ask
    for the same one after another, so the last answer is kept."""

    def __init__(self) -> None:
        self._old = self._new = NOTHING
        self._found: tuple[Pane, Pane] = {}, {}

    def between(self, old: Parts, new: Parts) -> tuple[Pane, Pane]:
        """Those keys of which the numbers differ, with the old and the new ones."""
        if self._old is not old or self._new is not new:
            self._old, self._new, self._found = old, new, _changed(old, new)
        return self._found


class Tables:
    """The tables of one group of one force. Nobody may change the lists that it gives. `changed` is
    shared by those that are made of the same records."""

    def __init__(self, rollup: Rollup, changed: Changed | None = None) -> None:
        self.rollup, self._changed = rollup, changed or Changed()
        self._closed: OrderedDict[tuple[int, bool], tuple[Pane, list[Row]]] = OrderedDict()
        """By the identity of a kept sum, and whether they are as first published."""
        self._running: OrderedDict[str, _Running] = OrderedDict()
        self._resting: dict[frozenset[str], dict[str, Figure]] = {}
        """By counters, the figures that need one of them."""
        self._without: OrderedDict[int, tuple[list[Row], frozenset[str], list[Row]]] = OrderedDict()
        """By the identity of a list of rows: it, the counters that are not known of it, and the
        rows without figures of these."""

    def rows(self, name: str, parts: Parts) -> list[Row]:
        """The rows of a stretch of time. `name` is that of its period or window, under which what
        is made of it is kept for the next time."""
        kept, fresh = parts
        if kept is not None and not fresh:
            return self._of_closed(kept, first=False, make=lambda: kept)
        running = self._running.get(name)
        if running is None:
            running = self._running[name] = _Running(self.rollup, self._changed)
            if len(self._running) > MOST_RUNNING:
                self._running.popitem(last=False)
        self._running.move_to_end(name)
        return running.rows(parts)

    def without(self, rows: list[Row], counters: frozenset[str]) -> list[Row]:
        """The same rows, and no figure that needs one of these counters. What is made of a list is
        kept with it."""
        if counters not in self._resting:
            self._resting[counters] = self.rollup.resting_on(counters)
        unknown = self._resting[counters]
        if not unknown:
            return rows
        held = self._without.get(id(rows))
        if held is None or held[0] is not rows or held[1] != counters:
            made = [msgspec.structs.replace(row, **unknown) for row in rows]
            held = self._without[id(rows)] = rows, counters, made
            if len(self._without) > MOST_CLOSED:
                self._without.popitem(last=False)
        self._without.move_to_end(id(rows))
        return held[2]

    def first(self, parts: Parts, change: Pane) -> list[Row]:
        """The rows of a closed period as they were before `change`, all that changed since."""
        kept, fresh = parts
        if kept is not None and not fresh:  # what changes the period makes its sum anew
            return self._of_closed(kept, first=True, make=lambda: without(change, parts))
        return self.rollup.rows(self.rollup.sums(without(change, parts)))

    def _of_closed(self, kept: Pane, *, first: bool, make: Callable[[], Pane]) -> list[Row]:
        """The rows of what is made of a kept sum."""
        place = id(kept), first
        if place not in self._closed:
            self._closed[place] = kept, self.rollup.rows(self.rollup.sums(make()))
            if len(self._closed) > MOST_CLOSED:
                self._closed.popitem(last=False)
        self._closed.move_to_end(place)
        return self._closed[place][1]


def both(parts: Parts | None) -> Pane:
    """The two parts of a stretch as one."""
    total: Pane = {}
    for part in parts or ():
        add_into(total, part or {})
    return total


def without(change: Pane, parts: Parts) -> Pane:
    """A stretch as it was before a change."""
    total = both(parts)
    add_into(total, {key: -value for key, value in change.items()})
    return total


class _Running:
    """The table of a window or running period as it was last made."""

    def __init__(self, rollup: Rollup, changed: Changed) -> None:
        self._rollup, self._between = rollup, changed.between
        self._parts = NOTHING
        self._sums = rollup.sums({})
        """What the rows count in both parts together."""
        self._figures = np.full((rollup.width, 0), np.nan)
        self._made: list[Row | None] = []
        """The rows by number as they were last made, and `_figures` what of."""
        self._there = np.zeros(0, np.bool_)
        self._order: list[int] = []
        self._rows: list[Row] = []

    def rows(self, parts: Parts) -> list[Row]:
        """The rows of both parts together; the list of last time where none changed."""
        before, after = self._between(self._parts, parts)
        self._parts = parts
        if not self._made or before or after:
            self._change(self._rollup.sums(after, before))
        return self._rows

    def _change(self, change: Sums) -> None:
        """Takes in what the rows count more and less."""
        self._sums = self._sums.wide(len(self._rollup)) + change
        there, touched = self._rollup.there(self._sums), change.touched
        changed = self._make(np.flatnonzero(touched if self._made else touched | there))
        if len(there) > len(self._there) or (there != self._there).any():
            self._there, self._order = there, self._rollup.in_order(there).tolist()
            changed = True
        if changed:
            self._rows = [row for n in self._order if (row := self._made[n]) is not None]

    def _make(self, numbers: NDArray[np.intp]) -> bool:
        """Makes those of some rows anew of which any figure changed; returns whether any did."""
        more = len(self._rollup) - len(self._made)
        if more:
            self._made += [None] * more
            self._figures = np.pad(self._figures, ((0, 0), (0, more)), constant_values=np.nan)
        figures = self._rollup.figures(self._sums, numbers)
        changed = (figures != self._figures[:, numbers]).any(axis=0)
        numbers, figures = numbers[changed], figures[:, changed]
        self._figures[:, numbers] = figures
        for number, row in zip(numbers.tolist(), self._rollup.made(numbers, figures), strict=True):
            self._made[number] = row
        return len(numbers) > 0


def _changed(old: Parts, new: Parts) -> tuple[Pane, Pane]:
    """Those keys of two stretches of which the numbers differ, with the old and the new ones."""
    (was_kept, was_fresh), (kept, fresh) = old, new
    if was_kept is kept and was_fresh == fresh:
        return {}, {}
    keys = was_fresh.keys() | fresh.keys()
    if was_kept is not kept:
        keys |= _revised(was_kept, kept)
    was_kept, kept = was_kept or NONE_KEPT, kept or NONE_KEPT
    before: Pane = {}
    after: Pane = {}
    for key in keys:
        was = was_kept.get(key, 0) + was_fresh.get(key, 0)
        value = kept.get(key, 0) + fresh.get(key, 0)
        if was != value:
            if was:
                before[key] = was
            if value:
                after[key] = value
    return before, after


def _revised(old: Kept | None, new: Kept | None) -> set[int]:
    """The keys of which the numbers differ in two sums that are kept."""
    known = None if new is None else new.revised_since(old)
    if known is not None:
        return known
    old, new = old or NONE_KEPT, new or NONE_KEPT
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}

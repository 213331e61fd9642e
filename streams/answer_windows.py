"""How many calls each line answered in time over the minutes up to now, as sums that run along.

A minute of calls is read again only when something in it has changed (`Panes.changed`), and each
window of minutes is a sum to which one minute is added and from which one is taken. So it costs the
same for a window of six hours as for one of a quarter of an hour.
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.force import Force
from streams.ledger import Ledger
from streams.measures import SERVICE_LEVELS
from streams.panes import Pane
from streams.periods import MINUTE
from streams.records import LEAF_MASK
from streams.records.calls import split_leaf

_OF = 40
"""In time and of how many in one integer: the cases are shifted by so many bits."""
_WITHIN = (1 << _OF) - 1
Sums = list[int]
"""By the index of the line: cases, and how many of them in time."""


def parts(value: int) -> tuple[int, int]:
    """(in time, of how many) of a sum."""
    return value & _WITHIN, value >> _OF


class AnswerWindows:
    """The windows of the calls of one force, of which `lengths` are the minutes."""

    def __init__(self, force: Force, ledger: Ledger, lengths: tuple[int, ...]) -> None:
        self.force, self.ledger = force, ledger
        self.lengths, self._longest = lengths, max(lengths)
        share, cell = SERVICE_LEVELS[force.file.service_level].share, ledger.kind.cell
        lane = {name: (cell.shift[name], cell.mask[name]) for name in share.needs}
        self._top = [lane[name] for name in share.top]
        self._bottom = [lane[name] for name in share.bottom]
        self._less = [lane[name] for name in share.less]
        self._none = [0] * len(force.lines)
        self._minutes: dict[int, Sums] = {}
        self._end: int | None = None
        self.sums = [self._none.copy() for _ in lengths]
        """By window and line; read them by `parts`."""
        ledger.panes.changed = set()

    def move(self, at: int) -> None:
        """Has the windows end with the last full minute up to an instant, in ms."""
        end = at // MINUTE
        changed, self.ledger.panes.changed = self.ledger.panes.changed or set(), set()
        was = self._end
        if was is None or not was <= end <= was + self._longest:
            self._begin(end)
            return
        for minute in changed:
            if was - self._longest <= minute < was:
                self._again(minute, was)
        for minute in range(was, end):
            self._pass(minute)
        self._end = end

    @property
    def empty(self) -> bool:
        """Whether no call is in any window."""
        return not self._minutes

    def between(self, start: int, end: int) -> Mapping[str, tuple[int, int]]:
        """(In time, of how many) by line of the calls offered in [start, end), in ms: hours or days
        that are kept (see `Panes.between`); lines without a call are left out."""
        sums = self._read(self.ledger.panes.between(start, end))
        return {
            line.id: parts(value)
            for line, value in zip(self.force.lines, sums or self._none, strict=True)
            if value
        }

    def _begin(self, end: int) -> None:
        self._minutes, self._end = {}, end
        self.sums = [self._none.copy() for _ in self.lengths]
        panes = self.ledger.panes.minutes
        for minute in range(end - self._longest, end):
            if pane := panes.get(minute):
                self._put(minute, self._read(pane), end)

    def _again(self, minute: int, end: int) -> None:
        """Reads a minute once more, in which something has changed."""
        self._put(minute, self._read(self.ledger.panes.minutes.get(minute, {})), end)

    def _put(self, minute: int, new: Sums | None, end: int) -> None:
        old = self._minutes.pop(minute, None)
        if new is not None:
            self._minutes[minute] = new
        if new == old:
            return
        more = [
            one - other for one, other in zip(new or self._none, old or self._none, strict=True)
        ]
        for sums, length in zip(self.sums, self.lengths, strict=True):
            if minute >= end - length:
                for line, value in enumerate(more):
                    sums[line] += value

    def _pass(self, minute: int) -> None:
        """Takes a minute that is over, and lets those go that leave the windows."""
        minutes = self._minutes
        pane = self.ledger.panes.minutes.get(minute)
        new = self._read(pane) if pane else None
        if new is not None:
            minutes[minute] = new
        for sums, length in zip(self.sums, self.lengths, strict=True):
            old = minutes.get(minute - length)
            if new is not old:
                for line in range(len(sums)):
                    sums[line] += (0 if new is None else new[line]) - (
                        0 if old is None else old[line]
                    )
        minutes.pop(minute - self._longest, None)

    def _read(self, pane: Pane) -> Sums | None:
        """The sums of a pane; None of no call that counts."""
        cells: dict[int, int] = {}
        for key, value in pane.items():
            if key <= LEAF_MASK:
                line = split_leaf(key)[0]
                cells[line] = cells.get(line, 0) + value
        found = None
        for line, cell in cells.items():
            of = sum((cell >> shift) & mask for shift, mask in self._bottom)
            of -= sum((cell >> shift) & mask for shift, mask in self._less)
            within = sum((cell >> shift) & mask for shift, mask in self._top)
            if of or within:
                found = found or self._none.copy()
                found[line] = of << _OF | within
        return found

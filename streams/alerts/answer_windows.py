"""How many calls each line answered in time over the minutes up to now, as sums that run along.

A minute of calls is read again only when something in it has changed (`Panes.changed`), and each
window of minutes is a sum to which one minute is added and from which one is taken. So it costs the
same for a window of six hours as for one of a quarter of an hour.
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.config.force import Force
from streams.fold.ledger import Ledger
from streams.fold.panes import Pane
from streams.periods import MINUTE
from streams.registry.aggregates import Share
from streams.registry.calls import CALL, FIRST, LEVELS
from streams.registry.counting import SERIES_KEY_MASK

PART_BITS = 40
PART = (1 << PART_BITS) - 1
"""All lines in one integer, lowest first: of each so many bits for those in time, and as many above
them for all. So a window of all lines is one sum."""

MOST_PARTS = 50_000
"""Different counters of a series that are remembered; a minute has few calls, so these are few."""


class AnswerWindows:
    """The windows of the calls of one force, of which `lengths` are the minutes."""

    def __init__(self, force: Force, ledger: Ledger, lengths: tuple[int, ...]) -> None:
        self.force, self.ledger = force, ledger
        self.lengths, self._longest = lengths, max(lengths)
        self._read_by = {
            name: PaneReader(level.share(force.file)) for name, level in LEVELS.items()
        }
        self._read = self._read_by[FIRST].read
        self._minutes: dict[int, int] = {}
        """By minute its sum, where that is not 0."""
        self._end: int | None = None
        self.sums = [0 for _ in lengths]
        """By window; read them by `rate`."""

    def move(self, at: int) -> None:
        """Has the windows end with the last full minute up to an instant, in ms."""
        end, was, panes = at // MINUTE, self._end, self.ledger.panes
        changed = panes.changed  # followed from the first move on: a backlog is never read again
        if changed or changed is None:
            panes.changed = set()
        if was is None or not was <= end <= was + self._longest:
            self._begin(end)
            return
        for minute in changed or ():
            if was - self._longest <= minute < was:
                self._put(minute, self._read(panes.minute(minute)), was)
        minutes, sums = self._minutes, self.sums
        for minute in range(was, end):
            pane = panes.minute(minute)
            new = self._read(pane) if pane else 0
            if new:
                minutes[minute] = new
            elif not minutes:
                continue
            for window, length in enumerate(self.lengths):
                old = minutes.get(minute - length, 0)
                if new != old:
                    sums[window] += new - old
            minutes.pop(minute - self._longest, None)
        self._end = end

    @property
    def empty(self) -> bool:
        """Whether no call is in any window."""
        return not self._minutes

    def rate(self, value: int, line: int) -> tuple[int, int]:
        """(In time, of how many) of a sum, of the line with that index."""
        value >>= 2 * PART_BITS * line
        return value & PART, (value >> PART_BITS) & PART

    def between(self, start: int, end: int, target: str = FIRST) -> Mapping[str, tuple[int, int]]:
        """(In time, of how many) by line of the calls offered in [start, end), in ms: hours or days
        that are kept (see `Panes.between`); lines without a call are left out. In time is by that
        one of the targets that hold together."""
        sums = self._read_by[target].read(self.ledger.panes.between(start, end))
        found = ((line.id, self.rate(sums, n)) for n, line in enumerate(self.force.lines))
        return {line: rate for line, rate in found if rate[1]}

    def _begin(self, end: int) -> None:
        self._minutes, self._end = {}, end
        self.sums = [0 for _ in self.lengths]
        panes = self.ledger.panes
        for minute in range(end - self._longest, end) if panes.records else ():
            self._put(minute, self._read(panes.minute(minute)), end)

    def _put(self, minute: int, new: int, end: int) -> None:
        """Takes what has changed in a minute."""
        old = self._minutes.pop(minute, 0)
        if new:
            self._minutes[minute] = new
        if new != old:
            for window, length in enumerate(self.lengths):
                if minute >= end - length:
                    self.sums[window] += new - old


class PaneReader:
    """Reads from panes of calls a share by line."""

    def __init__(self, share: Share) -> None:
        counters = CALL.layouts[0]
        place = {name: (counters.shift[name], counters.mask[name]) for name in share.needs}
        self._top = [place[name] for name in share.top]
        self._bottom = [place[name] for name in share.bottom]
        self._less = [place[name] for name in share.less]
        used = {*self._top, *self._bottom, *self._less}
        self._used = sum([mask << shift for shift, mask in used])
        self._parts: dict[tuple[int, int], int] = {}
        """By series key and counters what they add to a sum."""

    def read(self, pane: Pane) -> int:
        """The sum of a pane."""
        found = 0
        for key, value in pane.items():
            if key <= SERIES_KEY_MASK:
                counters = value & self._used
                part = self._parts.get((key, counters))
                if part is None:
                    if len(self._parts) >= MOST_PARTS:
                        self._parts.clear()
                    part = self._parts[key, counters] = self._part(key, counters)
                found += part
        return found

    def _part(self, key: int, counters: int) -> int:
        """What the counters of a series add to a sum."""
        of = sum([(counters >> shift) & mask for shift, mask in self._bottom])
        if self._less:
            of -= sum([(counters >> shift) & mask for shift, mask in self._less])
        within = sum([(counters >> shift) & mask for shift, mask in self._top])
        return (of << PART_BITS | within) << 2 * PART_BITS * CALL.series.split(key)[0]

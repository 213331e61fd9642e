"""How many calls each line answered in time over the minutes up to now, as sums that run along.

What changes in a minute is taken from the records that change (`Ledger.followed`), and each window
of minutes is a sum to which one minute is added and from which one is taken. So it costs the same
for a window of six hours as for one of a quarter of an hour, and no minute is read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streams.config.force import Force
from streams.fold.ledger import Ledger
from streams.fold.panes import Kept, Pane
from streams.periods import MINUTE
from streams.registry.aggregates import Share
from streams.registry.calls import CALL, FIRST, LEVELS
from streams.registry.counting import SERIES_KEY_MASK

PART_BITS = 40
PART = (1 << PART_BITS) - 1
"""All lines in one integer, lowest first: of each so many bits for those in time, and as many above
them for all. So a window of all lines is one sum."""

MOST_DAYS = 100
"""Days that are remembered."""
MOST_PARTS = 50_000
"""Different counters of a series that are remembered; a minute has few calls, so these are few."""


class AnswerWindows:
    """The windows of the calls of one force, of which `lengths` are the minutes."""

    def __init__(self, force: Force, ledger: Ledger, lengths: tuple[int, ...]) -> None:
        self.force, self.ledger = force, ledger
        self.lengths, self._longest = lengths, max(lengths)
        self._readers = {
            name: PaneReader(level.share(force.file)) for name, level in LEVELS.items()
        }
        self._reader = self._readers[FIRST]
        self._minutes: dict[int, int] = {}
        """By minute its sum, where that is not 0; those after the windows, too."""
        self._end: int | None = None
        self.sums = [0 for _ in lengths]
        """By window; read them by `rate`."""

    def move(self, at: int) -> None:
        """Has the windows end with the last full minute up to an instant, in ms."""
        end, was, changes = at // MINUTE, self._end, self.ledger.followed
        if changes is None or was is None or not was <= end <= was + self._longest:
            self.ledger.followed = []  # followed from now on: a backlog is never read again
            self._begin(end)
            return
        if changes:
            self._take(changes, was)
            changes.clear()
        minutes, sums = self._minutes, self.sums
        for minute in range(was, end) if minutes else ():
            new = minutes.get(minute, 0)
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
        that are kept (see `Panes.within`); lines without a call are left out. In time is by that
        one of the targets that hold together."""
        panes, reader = self.ledger.panes.within(start, end), self._readers[target]
        sums = sum([reader.read_once(pane) for pane in panes])
        found = ((line.id, self.rate(sums, n)) for n, line in enumerate(self.force.lines))
        return {line: rate for line, rate in found if rate[1]}

    def _begin(self, end: int) -> None:
        """Reads the windows that end with a minute."""
        panes, first = self.ledger.panes, end - self._longest
        known = [minute for minute, records in panes.records.items() if records]
        read = self._reader.read
        found = {minute: read(panes.minute(minute)) for minute in known if minute >= first}
        self._minutes, self._end = {minute: new for minute, new in found.items() if new}, end
        self.sums = [
            sum([new for minute, new in self._minutes.items() if end - length <= minute < end])
            for length in self.lengths
        ]

    def _take(self, changes: Iterable[int], end: int) -> None:
        """Takes records that have begun to count, and others, below zero, that no longer do."""
        offered, minutes, first = self.ledger.packer.by_clock[0], self._minutes, end - self._longest
        for change in changes:
            found = offered.contribution(abs(change)) if change else None
            if found is None:  # a tombstone, or a call that counts nowhere
                continue
            minute = found[1] // MINUTE
            part = self._reader.part_of(found[3], found[4])
            if minute < first or not part:
                continue
            part = part if change > 0 else -part
            new = minutes.get(minute, 0) + part
            if new:
                minutes[minute] = new
            else:
                del minutes[minute]
            if minute < end:
                for window, length in enumerate(self.lengths):
                    if minute >= end - length:
                        self.sums[window] += part


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
        self._days: dict[int, tuple[Kept, int]] = {}
        """By their identity the sums of closed days, which never change, with what was read."""

    def read_once(self, pane: Pane) -> int:
        """The sum of a pane; of a day that has closed it is kept."""
        if not isinstance(pane, Kept):
            return self.read(pane)
        known = self._days.get(id(pane))
        if known is None:
            if len(self._days) >= MOST_DAYS:
                self._days.clear()
            known = self._days[id(pane)] = pane, self.read(pane)
        return known[1]

    def read(self, pane: Pane) -> int:
        """The sum of a pane."""
        found = 0
        for key, value in pane.items():
            if key <= SERIES_KEY_MASK:
                found += self.part_of(key, value)
        return found

    def part_of(self, key: int, value: int) -> int:
        """What the counters of a series add to a sum."""
        counters = value & self._used
        part = self._parts.get((key, counters))
        if part is None:
            if len(self._parts) >= MOST_PARTS:
                self._parts.clear()
            part = self._parts[key, counters] = self._part(key, counters)
        return part

    def _part(self, key: int, counters: int) -> int:
        of = sum([(counters >> shift) & mask for shift, mask in self._bottom])
        if self._less:
            of -= sum([(counters >> shift) & mask for shift, mask in self._less])
        within = sum([(counters >> shift) & mask for shift, mask in self._top])
        return (of << PART_BITS | within) << 2 * PART_BITS * CALL.series.split(key)[0]

"""How many calls each line answered in time over the minutes up to now.

What changes is taken from the records that change (`Ledger.on_change`), so that no minute is read
again. Of each line there are sums over all minutes before a minute, and a window is the difference
of two of them: it costs the same for six hours as for a quarter of one, and what will have left a
window by a later minute is known before that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from sys import maxsize

from streams.config.force import Force
from streams.fold.ledger import Ledger
from streams.fold.panes import Kept, Pane
from streams.periods import DAY, MINUTE
from streams.registry.aggregates import Share
from streams.registry.calls import ABANDONED, ANSWERED, CALL, FIRST, LEVELS
from streams.registry.counting import SERIES_KEY_MASK

LONG = 2 * DAY // MINUTE
"""Minutes after a look from which on nobody is taken to look any more."""
MOST_DAYS = 100
"""Days that are remembered."""
MOST_PARTS = 50_000
"""Different counters of a series that are remembered; a minute has few calls, so these are few."""
_COLUMNS = [column.name for column in CALL.columns]
LINE, END = _COLUMNS.index("line"), _COLUMNS.index("end")
"""Where these stand among the facts of a call."""
Part = tuple[int, int, int]
"""The index of a line, how many of its calls count in its answer rate, and how many of these were
answered in time."""
Counted = tuple[int, int, int, int]
"""The minute of a call, and its `Part`."""


class MinuteSums:
    """Numbers by minute (since 1970 UTC), as the sum of all before each minute."""

    __slots__ = ("first", "sums")

    def __init__(self, first: int) -> None:
        self.first = first
        """The minute before which nothing is kept apart."""
        self.sums = [0]
        """Of what came before that minute, and before each after it."""

    def add(self, minute: int, number: int) -> None:
        """Adds to a minute that is not before the first."""
        sums, after = self.sums, minute - self.first + 1
        if after >= len(sums):
            sums += [sums[-1]] * (after + 1 - len(sums))
        for place in range(after, len(sums)):
            sums[place] += number

    def before(self, minute: int) -> int:
        """The sum of all minutes before one."""
        place, sums = minute - self.first, self.sums
        if place <= 0:
            return sums[0]
        return sums[place] if place < len(sums) else sums[-1]

    def forget(self, before: int) -> None:
        """Keeps nothing apart that is before a minute."""
        del self.sums[: min(before - self.first, len(self.sums) - 1)]
        self.first = before


class LineMinutes:
    """The calls of a line by minute: those that count in its answer rate, and of these those that
    were not answered in time (`missed`)."""

    __slots__ = ("missed", "most", "of", "worse")

    def __init__(self, first: int) -> None:
        self.of, self.missed = MinuteSums(first), MinuteSums(first)
        self.worse = 0
        """How many changes have made its answer rate worse: a call was no longer answered in time,
        or came and was not."""
        self.most = maxsize
        """The most of these until `AnswerWindows.on_more` is called."""

    def rate(self, start: int, end: int) -> tuple[int, int]:
        """(In time, of how many) in the minutes of [start, end)."""
        of = self.of.before(end) - self.of.before(start)
        return of - self.missed.before(end) + self.missed.before(start), of


class AnswerWindows:
    """The calls of one force by line and minute, of at least so many minutes (`longest`) before the
    last look."""

    def __init__(self, force: Force, ledger: Ledger, longest: int) -> None:
        self.force, self.ledger, self.longest = force, ledger, longest
        self._readers = {
            name: PaneReader(level.share(force.file)) for name, level in LEVELS.items()
        }
        self._reader = self._readers[FIRST]
        self._first = self._unseen_from = 0
        self.lines: list[LineMinutes] = []
        """By index of the line."""
        self.on_more: Callable[[], None] | None = None
        """Called when more changes have made a line's answer rate worse than its `most`."""
        packer = ledger.packer
        self._clock, self._ended = packer.by_clock[0], packer.test_of(ANSWERED | ABANDONED)
        self._wait, self._known_of = packer.shift_of("wait"), packer.facts_of

    def move(self, at: int) -> None:
        """Brings the lines up to an instant, in ms."""
        first = at // MINUTE - self.longest
        if self.ledger.on_change != self._change or first < self._first:
            self._begin(first)
        elif self._first + self.longest < first:
            self._first = first
            for line in self.lines:
                line.of.forget(first)
                line.missed.forget(first)
        self._unseen_from = first + LONG

    def _begin(self, first: int) -> None:
        """Reads all minutes from one on; what changes is followed from now on."""
        panes, self._first = self.ledger.panes, first
        self.lines = [LineMinutes(first) for _ in self.force.lines]
        for minute in [minute for minute, records in panes.records.items() if records]:
            for part in self._reader.read(panes.minute(minute)):
                self._put((minute, *part), 1)
        self.ledger.on_change = self._change

    def _change(self, was: int, packed: int) -> None:
        """Takes in a change. A call without an end counts in no answer rate, by whichever
        formula."""
        if not was:
            if not self._ended(packed):  # as every call that has just come
                return
        else:
            differ = was ^ packed
            if not differ >> self._wait:  # neither its time nor its wait
                before, now = self._known_of(was), self._known_of(packed)
                if before[LINE] == now[LINE] and before[END] == now[END]:
                    return
        for each, sign in ((was, -1), (packed, 1)):
            counted = self._counted(each) if each and self._ended(each) else None
            if counted is None or counted[0] < self._first:
                continue
            if counted[0] > self._unseen_from:
                self.ledger.on_change = None  # nobody looks, as while a backlog is read
                return
            self._put(counted, sign)

    def _counted(self, packed: int) -> Counted | None:
        """What a call counts that has ended; None where it counts nowhere."""
        found = self._clock.contribution(packed)
        part = None if found is None else self._reader.part_of(found[3], found[4])
        return None if found is None or part is None else (found[1] // MINUTE, *part)

    def _put(self, counted: Counted | None, sign: int) -> None:
        if counted is not None and counted[0] >= self._first:
            minute, number, of, within = counted
            line = self.lines[number]
            line.of.add(minute, sign * of)
            if of != within:
                line.missed.add(minute, sign * (of - within))
            if (of != within) == (sign > 0):
                line.worse += 1
                if line.worse > line.most and self.on_more is not None:
                    self.on_more()

    def between(self, start: int, end: int, target: str = FIRST) -> Mapping[str, tuple[int, int]]:
        """(In time, of how many) by line of the calls offered in [start, end), in ms: hours or days
        that are kept (see `Panes.within`); lines without a call are left out. In time is by that
        one of the targets that hold together."""
        found: dict[str, tuple[int, int]] = {}
        for pane in self.ledger.panes.within(start, end):
            for index, of, within in self._readers[target].read_once(pane):
                line = self.force.lines[index].id
                before = found.get(line, (0, 0))
                found[line] = before[0] + within, before[1] + of
        return {line: rate for line, rate in found.items() if rate[1]}


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
        self._parts: dict[tuple[int, int], Part | None] = {}
        """By series key and counters what they are of a line."""
        self._days: dict[int, tuple[Kept, list[Part]]] = {}
        """By their identity the parts of closed days, which never change, with what was read."""

    def read_once(self, pane: Pane) -> list[Part]:
        """The parts of a pane; of a day that has closed they are kept."""
        if not isinstance(pane, Kept):
            return self.read(pane)
        known = self._days.get(id(pane))
        if known is None:
            if len(self._days) >= MOST_DAYS:
                self._days.clear()
            known = self._days[id(pane)] = pane, self.read(pane)
        return known[1]

    def read(self, pane: Pane) -> list[Part]:
        """The parts of a pane, one a line."""
        sums: dict[int, tuple[int, int]] = {}
        for key, value in pane.items():
            if key <= SERIES_KEY_MASK and (part := self.part_of(key, value)) is not None:
                line, of, within = part
                before = sums.get(line, (0, 0))
                sums[line] = before[0] + of, before[1] + within
        return [(line, of, within) for line, (of, within) in sums.items()]

    def part_of(self, key: int, value: int) -> Part | None:
        """What the counters of a series are of a line; None where nothing of them counts."""
        counters = value & self._used
        try:
            return self._parts[key, counters]
        except KeyError:
            if len(self._parts) >= MOST_PARTS:
                self._parts.clear()
            part = self._parts[key, counters] = self._part(key, counters)
            return part

    def _part(self, key: int, counters: int) -> Part | None:
        of = sum([(counters >> shift) & mask for shift, mask in self._bottom])
        if self._less:
            of -= sum([(counters >> shift) & mask for shift, mask in self._less])
        within = sum([(counters >> shift) & mask for shift, mask in self._top])
        return (CALL.series.split(key)[0], of, within) if of or within else None

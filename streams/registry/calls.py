"""Calls: offered to the room, then answered or abandoned.

All of a call's figures belong to the minute at which it was offered, whenever it was answered, so
that numerator and denominator of a rate are the same calls.

Counters of a leaf (line, area): offered; answered; answered within the line's limit at that date;
abandoned; abandoned within that limit; abandoned within 5 seconds; lost (ended with neither an
answer nor an abandonment on record); and of the speed of answer the sum (ms) and sum of squares
(ms squared). Within a limit includes the limit, and is judged in milliseconds.

The last version of a call in a finished export that names no end is lost, never waiting.
"""

from __future__ import annotations

from streams.config.force import Force
from streams.errors import Refused
from streams.events.schema import Call
from streams.periods import DAY, EPOCH, MILLISECOND, MINUTE, SECOND, to_ms
from streams.registry.histogram import bin_of
from streams.registry.kind import (
    BIN_SHIFT,
    EARLIEST,
    LONGEST,
    OPEN,
    WHEN_SHIFT,
    Cell,
    Clocks,
    Contribution,
    not_too_long,
    plausible,
    require,
)

WAITING, ANSWERED, ABANDONED, LOST = 0, 1, 2, 3
AT_ONCE = 5 * SECOND
"""Milliseconds within which a caller who gave up is taken not to have waited."""

# Body, lowest bit first: open 1, fate 2, wait in ms 32, area 12, line 6.
_FATE_SHIFT, _WAIT_SHIFT, _LEAF_SHIFT = 1, 3, 35
_WAIT_MASK, _LEAF_MASK = (1 << 32) - 1, (1 << 18) - 1
_AREA_BITS = 12

CELL = Cell(
    ("offered", 32),
    ("answered", 32),
    ("within", 32),
    ("abandoned", 32),
    ("abandoned_within", 32),
    ("abandoned_at_once", 32),
    ("lost", 32),
    ("sum", 64),
    ("squares", 112),
)
_SUM, _SQUARES = CELL.shift["sum"], CELL.shift["squares"]
_C_WAITING = CELL.one("offered")
_C_ANSWERED = CELL.one("offered", "answered")
_C_WITHIN = CELL.one("within")
_C_ABANDONED = CELL.one("offered", "abandoned")
_C_ABANDONED_WITHIN = CELL.one("abandoned_within")
_C_AT_ONCE = CELL.one("abandoned_at_once")
_C_LOST = CELL.one("offered", "lost")


def leaf_of(line: int, area: int) -> int:
    """The leaf of a line and an area, both by index."""
    return line << _AREA_BITS | area


def split_leaf(leaf: int) -> tuple[int, int]:
    """(line, area) of a leaf, both by index."""
    return leaf >> _AREA_BITS, leaf & ((1 << _AREA_BITS) - 1)


class Calls(Clocks):
    """The `Kind` of calls for one force."""

    name = "call"
    horizon = 35 * DAY
    grace = 5 * MINUTE
    cell = CELL

    def __init__(self, force: Force) -> None:
        super().__init__()
        self.force = force
        self._leaves: dict[tuple[str | None, str | None], int] = {}
        self._limits = [force.steps(line.targets) for line in force.lines]
        # A limit that never changed needs no look at the date.
        self._limit = [
            steps[0][1] if len({step[1] for step in steps}) == 1 else None for steps in self._limits
        ]

    def limit(self, line: int, when: int) -> int:
        """The line's limit in ms for a call offered at `when`; before the first date, the first."""
        for since, limit, _ in self._limits[line]:
            if when >= since:
                return limit
        return self._limits[line][-1][1]

    def pack(self, event: Call, updated: int) -> int:
        """The body of a call."""
        leaf = self._leaves.get((event.line, event.area))
        if leaf is None:
            leaf = self._leaf(event)
        offered_at = event.offered_at
        if offered_at is None:
            raise require("offered_at")
        offered = (offered_at - EPOCH) // MILLISECOND
        if not EARLIEST <= offered <= updated:
            plausible("offered_at", offered)
            offered = self.by_then("offered_at", offered, updated)
        wait, fate = 0, WAITING
        end = event.answered_at
        if end is not None:
            if event.abandoned_at is not None:
                raise Refused("answered_and_abandoned", "a call has one end, not two")
            wait = (end - EPOCH) // MILLISECOND - offered
            if wait < 0 or offered + wait > updated:
                wait = self.since("offered", offered, "answered", offered + wait, updated)
            fate = ANSWERED
        elif (end := event.abandoned_at) is not None:
            wait = self.since("offered", offered, "abandoned", to_ms(end), updated)
            fate = ABANDONED
        end = event.ended_at
        if end is not None and (end > event.updated_at or end < offered_at):
            self.since("offered", offered, "ended", to_ms(end), updated)
        if fate == WAITING and (end is not None or event.played == "end"):
            fate = LOST
        if wait > LONGEST:
            not_too_long("answered" if fate == ANSWERED else "abandoned", wait)
        return (
            offered << WHEN_SHIFT
            | leaf << _LEAF_SHIFT
            | wait << _WAIT_SHIFT
            | (fate << _FATE_SHIFT or OPEN)
        )

    def _leaf(self, event: Call) -> int:
        """The leaf that an event names; raises `Refused` for an unknown line. Names as the force's
        file writes them are remembered: one look-up for the next event."""
        if event.line is None:
            raise require("line")
        line = self.force.line_index.get(event.line)
        if line is None:
            known = ", ".join(self.force.line_index)
            detail = f'"{event.line}" is no line of {self.force.name}, which has {known}'
            raise Refused("unknown_line", detail)
        leaf = leaf_of(line, self.area_of(self.force, event))
        if event.area is None or event.area in self.force.area_index:
            self._leaves[event.line, event.area] = leaf
        return leaf

    def contribution(self, body: int) -> Contribution:
        """One leaf, and for an answered call the bin of its speed of answer."""
        when = body >> WHEN_SHIFT
        leaf = (body >> _LEAF_SHIFT) & _LEAF_MASK
        fate = (body >> _FATE_SHIFT) & 3
        if fate == WAITING:
            return when, 0, leaf, _C_WAITING, -1
        if fate == LOST:
            return when, 0, leaf, _C_LOST, -1
        wait = (body >> _WAIT_SHIFT) & _WAIT_MASK
        limit = self._limit[leaf >> _AREA_BITS]
        if limit is None:
            limit = self.limit(leaf >> _AREA_BITS, when)
        if fate == ANSWERED:
            cell = _C_ANSWERED + (wait << _SUM) + (wait * wait << _SQUARES)
            if wait <= limit:
                cell += _C_WITHIN
            return when, 0, leaf, cell, leaf | bin_of(wait // SECOND) + 1 << BIN_SHIFT
        cell = _C_ABANDONED
        if wait <= limit:
            cell += _C_ABANDONED_WITHIN
        if wait <= AT_ONCE:
            cell += _C_AT_ONCE
        return when, 0, leaf, cell, -1

    def unfinished(self, body: int) -> bool:
        """A call that is still waiting."""
        return bool(body & OPEN)

    def lost_after(self, body: int) -> int:
        """Milliseconds after which a call still waiting is shown as unknown."""
        line = split_leaf((body >> _LEAF_SHIFT) & _LEAF_MASK)[0]
        return self.force.lines[line].lost_after_minutes * MINUTE

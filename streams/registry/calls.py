"""Calls: offered to the room, then answered or abandoned.

All of a call's figures belong to the minute at which it was offered, whenever it was answered, so
that numerator and denominator of a rate are the same calls.

Counters of a series (line, area): offered; answered; answered within the line's limit at that date;
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
    Contribution,
    CounterLayout,
    RecordRules,
    check_length,
    check_plausible,
    missing_field,
)

WAITING, ANSWERED, ABANDONED, LOST = 0, 1, 2, 3
AT_ONCE = 5 * SECOND
"""Milliseconds within which a caller who gave up is taken not to have waited."""

# Packed, lowest bit first: open 1, disposition 2, wait in ms 32, area 12, line 6.
_DISPOSITION_SHIFT, _WAIT_SHIFT, _SERIES_KEY_SHIFT = 1, 3, 35
_WAIT_MASK, _SERIES_KEY_MASK = (1 << 32) - 1, (1 << 18) - 1
_AREA_BITS = 12

COUNTERS = CounterLayout(
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
_SUM, _SQUARES = COUNTERS.shift["sum"], COUNTERS.shift["squares"]
_C_WAITING = COUNTERS.one("offered")
_C_ANSWERED = COUNTERS.one("offered", "answered")
_C_WITHIN = COUNTERS.one("within")
_C_ABANDONED = COUNTERS.one("offered", "abandoned")
_C_ABANDONED_WITHIN = COUNTERS.one("abandoned_within")
_C_AT_ONCE = COUNTERS.one("abandoned_at_once")
_C_LOST = COUNTERS.one("offered", "lost")


def series_key_of(line: int, area: int) -> int:
    """The series key of a line and an area, both by index."""
    return line << _AREA_BITS | area


def split_series_key(series_key: int) -> tuple[int, int]:
    """(line, area) of a series key, both by index."""
    return series_key >> _AREA_BITS, series_key & ((1 << _AREA_BITS) - 1)


class Calls(RecordRules):
    """The `Kind` of calls for one force."""

    name = "call"
    horizon = 35 * DAY
    grace = 5 * MINUTE
    counters = COUNTERS

    def __init__(self, force: Force) -> None:
        super().__init__()
        self.force = force
        self._series_keys: dict[tuple[str | None, str | None], int] = {}
        self._limits = [force.target_steps(line.targets) for line in force.lines]
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
        """The packed record of a call."""
        series_key = self._series_keys.get((event.line, event.area))
        if series_key is None:
            series_key = self._series_key(event)
        offered_at = event.offered_at
        if offered_at is None:
            raise missing_field("offered_at")
        offered = (offered_at - EPOCH) // MILLISECOND
        if not EARLIEST <= offered <= updated:
            check_plausible("offered_at", offered)
            offered = self.clamped("offered_at", offered, updated)
        wait, disposition = 0, WAITING
        end = event.answered_at
        if end is not None:
            if event.abandoned_at is not None:
                raise Refused("answered_and_abandoned", "a call has one end, not two")
            wait = (end - EPOCH) // MILLISECOND - offered
            if wait < 0 or offered + wait > updated:
                wait = self.duration("offered", offered, "answered", offered + wait, updated)
            disposition = ANSWERED
        elif (end := event.abandoned_at) is not None:
            wait = self.duration("offered", offered, "abandoned", to_ms(end), updated)
            disposition = ABANDONED
        end = event.ended_at
        if end is not None and (end > event.updated_at or end < offered_at):
            self.duration("offered", offered, "ended", to_ms(end), updated)
        if disposition == WAITING and (end is not None or event.played == "end"):
            disposition = LOST
        if wait > LONGEST:
            check_length("answered" if disposition == ANSWERED else "abandoned", wait)
        return (
            offered << WHEN_SHIFT
            | series_key << _SERIES_KEY_SHIFT
            | wait << _WAIT_SHIFT
            | (disposition << _DISPOSITION_SHIFT or OPEN)
        )

    def _series_key(self, event: Call) -> int:
        """The series key of the line and area that an event names; raises `Refused` for an unknown
        line. Names as the force's file writes them are remembered: one look-up for the next
        event."""
        if event.line is None:
            raise missing_field("line")
        line = self.force.line_index.get(event.line)
        if line is None:
            known = ", ".join(self.force.line_index)
            detail = f'"{event.line}" is no line of {self.force.name}, which has {known}'
            raise Refused("unknown_line", detail)
        series_key = series_key_of(line, self.area_of(self.force, event))
        if event.area is None or event.area in self.force.area_index:
            self._series_keys[event.line, event.area] = series_key
        return series_key

    def contribution(self, packed: int) -> Contribution:
        """Its series, and for an answered call the bin of its speed of answer."""
        when = packed >> WHEN_SHIFT
        series_key = (packed >> _SERIES_KEY_SHIFT) & _SERIES_KEY_MASK
        disposition = (packed >> _DISPOSITION_SHIFT) & 3
        if disposition == WAITING:
            return when, 0, series_key, _C_WAITING, -1
        if disposition == LOST:
            return when, 0, series_key, _C_LOST, -1
        wait = (packed >> _WAIT_SHIFT) & _WAIT_MASK
        limit = self._limit[series_key >> _AREA_BITS]
        if limit is None:
            limit = self.limit(series_key >> _AREA_BITS, when)
        if disposition == ANSWERED:
            counters = _C_ANSWERED + (wait << _SUM) + (wait * wait << _SQUARES)
            if wait <= limit:
                counters += _C_WITHIN
            return (
                when,
                0,
                series_key,
                counters,
                series_key | bin_of(wait // SECOND) + 1 << BIN_SHIFT,
            )
        counters = _C_ABANDONED
        if wait <= limit:
            counters += _C_ABANDONED_WITHIN
        if wait <= AT_ONCE:
            counters += _C_AT_ONCE
        return when, 0, series_key, counters, -1

    def unfinished(self, packed: int) -> bool:
        """A call that is still waiting."""
        return bool(packed & OPEN)

    def lost_after(self, packed: int) -> int:
        """Milliseconds after which a call still waiting is shown as unknown."""
        line = split_series_key((packed >> _SERIES_KEY_SHIFT) & _SERIES_KEY_MASK)[0]
        return self.force.lines[line].lost_after_minutes * MINUTE

"""What of each kind of record is counted: validity, the packed form, and where it is counted.

One kind a file. A kind turns an event into a *body*, one integer that holds everything of the
record that any figure needs, and a body into its *contribution* to a leaf counter. The body is
canonical: two events have the same body exactly when no figure could tell them apart. The ledger
puts version and time above it in the same integer, so one comparison finds the winner among
versions, ties included, whatever order they came in.

Bodies share their top and bottom bits, so that the ledger needs to know nothing else of a kind:

```
| when, ms since 1970: 42 bits | precision: 2 bits | the kind's own bits ... | open: 1 bit |
```

`open` marks a record that counts in a stock (a call waiting, an emergency unattended).
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Protocol

from streams.config.force import Force, Vocabulary
from streams.errors import Refused
from streams.events.schema import Call, Crime, Incident
from streams.events.unknown_values import UnknownValues, shown
from streams.periods import EPOCH, HOUR, MILLISECOND, to_ms

PACKED_BITS = 108
WHEN_BITS = 42
PRECISION_SHIFT = PACKED_BITS - WHEN_BITS - 2
WHEN_SHIFT = PACKED_BITS - WHEN_BITS
OPEN = 1

SECOND_PRECISE, DAY_PRECISE, MONTH_PRECISE = 0, 1, 2

SKEW = 2_000
"""Milliseconds by which two clocks may disagree: clamped and counted, not refused."""

LONGEST = 40 * 24 * HOUR
"""The longest duration, in milliseconds, that is taken for real."""

EARLIEST = to_ms(dt.datetime(1990, 1, 1, tzinfo=dt.UTC))
LATEST = (1 << WHEN_BITS) - 1

BIN_SHIFT = 40
"""A pane's key is a leaf, and above this bit one more than the histogram bin (0: counters)."""
SERIES_KEY_MASK = (1 << BIN_SHIFT) - 1


Contribution = tuple[int, int, int, int, int]
"""Where a body counts: (when in ms, precision, leaf, cell, bin key). The cell holds the counters to
add to the leaf; the bin key is the key of a histogram bin, or -1. A plain tuple, since it is made
twice an event."""


class CounterLayout:
    """Several counters in one Python integer, so that a leaf is updated by one addition.

    `lanes` are (name, bits), lowest first. Sums stay right through any order of additions and
    retractions, because the integer as a whole is linear; only a final negative count or an
    overflow would show, and the widths rule the latter out (32 bits count 4 thousand million).
    """

    def __init__(self, *counts: tuple[str, int]) -> None:
        self.names = tuple(name for name, _ in counts)
        self.shift: dict[str, int] = {}
        self.mask: dict[str, int] = {}
        at = 0
        for name, bits in counts:
            self.shift[name], self.mask[name] = at, (1 << bits) - 1
            at += bits

    def one(self, *names: str) -> int:
        """A cell in which each of the named lanes is one."""
        return sum(1 << self.shift[name] for name in names)

    def read(self, counters: int) -> dict[str, int]:
        """The lanes of a cell by name."""
        return {name: (counters >> self.shift[name]) & self.mask[name] for name in self.names}


class Kind(Protocol):
    """What the ledger needs of a kind; `pack` and `contribution` are pure."""

    name: str
    horizon: int
    grace: int
    counters: CounterLayout
    skewed: int
    unknown: UnknownValues

    def pack(self, event: Any, updated: int) -> int:
        """The body of an event; raises `Refused`; `updated` is its updated_at in ms."""

    def contribution(self, packed: int) -> Contribution | None:
        """Where a body counts; None where it counts nowhere (a cancelled crime)."""

    def unfinished(self, packed: int) -> bool:
        """Whether the record's end is still to come, so that it stays beyond the horizon."""

    def lost_after(self, packed: int) -> int:
        """Milliseconds after which an open record is shown as unknown: its end must be lost."""


def when_of(packed: int) -> tuple[int, int]:
    """(when in ms, precision) of a body."""
    return packed >> WHEN_SHIFT, (packed >> PRECISION_SHIFT) & 3


def area_of(force: Force, name: str | None) -> int:
    """The index of the area of a figure that is of that area alone; raises `Refused` for an unknown
    one. A record counts elsewhere too: see `Clocks.area_of`."""
    try:
        return force.find_area(name)
    except KeyError:
        raise Refused("unknown_area", f'"{name}" is no area of {force.name}') from None


class Clocks:
    """Judges the times of a record against each other; counts those it had to clamp."""

    def __init__(self) -> None:
        self.skewed = 0
        self.unknown = UnknownValues()

    def by_then(self, field: str, stamp: int, updated: int) -> int:
        """`stamp`, or `updated` where it lies after it by no more than the skew.

        Raises `Refused`: a record can't know of what happens after it was written.
        """
        if stamp <= updated:
            return stamp
        if stamp <= updated + SKEW:
            self.skewed += 1
            return updated
        raise Refused("in_the_future", f"{field} is later than updated_at")

    def since(self, begin: str, begun: int, what: str, stamp: int, updated: int) -> int:
        """Milliseconds from `begun` (`offered`) to `stamp` (`answered`), clamped for skew.

        Raises `Refused` for what comes before its beginning or after the update.
        """
        passed = self.by_then(f"{what}_at", stamp, updated) - begun
        if passed >= 0:
            return passed
        if passed >= -SKEW:
            self.skewed += 1
            return 0
        raise Refused(f"{what}_before_{begin}", f"{what}_at is earlier than {begin}_at")

    def area_of(self, force: Force, event: Call | Incident | Crime) -> int:
        """The index of an event's area; 0, the force alone, for none and for an unknown one."""
        try:
            return force.find_area(event.area)
        except KeyError:
            self.unknown.note(event, "area", shown(event.area))
            return 0

    def category_of(self, event: object, field: str, vocabulary: Vocabulary, path: str) -> int:
        """The index that a category counts under. A finer one than the list has is known by its
        ancestor; what has none in the list is unknown, and `other`."""
        found = vocabulary.resolve(path)
        if found == 0 and path != Vocabulary.OTHER:
            self.unknown.note(event, field, shown(path))
        return found


def not_too_long(what: str, passed: int) -> int:
    """A duration that is counted; raises `Refused` beyond `LONGEST`."""
    if passed > LONGEST:
        raise Refused("too_long", f"{what}_at is more than 40 days after the beginning")
    return passed


def partial(field: str, text: str, zone: dt.tzinfo) -> tuple[int, int]:
    """A stamp, day or month as (start in ms, precision); raises `Refused`."""
    try:
        if len(text) > 10:
            stamp = dt.datetime.fromisoformat(text)
            if stamp.tzinfo is None:
                raise Refused("no_offset", f'{field} "{text}" has no offset from UTC')
            return (stamp - EPOCH) // MILLISECOND, SECOND_PRECISE
        if len(text) == 7:
            start = dt.datetime(int(text[:4]), int(text[5:7]), 1, tzinfo=zone)
            return to_ms(start), MONTH_PRECISE
        day = dt.date.fromisoformat(text)
        return to_ms(dt.datetime(day.year, day.month, day.day, tzinfo=zone)), DAY_PRECISE
    except (ValueError, OverflowError):
        raise Refused("impossible_date", f'{field} "{text}" is no date') from None


def plausible(field: str, when: int) -> None:
    """Raises `Refused` for an instant that no live or replayed feed can mean."""
    if not EARLIEST <= when <= LATEST:
        raise Refused("implausible_date", f"{field} lies before 1990 or after 2109")


def require(field: str) -> Refused:
    """The refusal of a record that lacks a field which only a tombstone may lack."""
    return Refused("missing_field", f"{field} is missing (only a deleted record may lack it)")

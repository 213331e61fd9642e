"""What a kind of record is to the ledger: how a record is judged, packed and counted.

One kind a file beside this one. A kind turns an event into a *packed record*, one integer that
holds everything of the record that any figure needs, and a packed record into its *contribution*:
the series that it counts in, and what it adds to the counters of that series. A packed record is
canonical: two events have the same one exactly when no figure could tell them apart. The ledger
puts version and time above it in the same integer, so that one comparison finds the winner among
versions, ties included, whatever order they came in.

All kinds share the top and bottom bits, so that the ledger needs to know nothing else of a kind:

```
| when, ms since 1970: 42 bits | precision: 2 bits | the kind's own bits ... | open: 1 bit |
```

`open` marks a record that a gauge counts (a call waiting, an emergency unattended). `when` is the
event time by which the record is counted; `precision` says whether it is known to the second, or
only to the day or month that starts then.

A *series key* is the integer of all that tells one series of counters from another: for calls the
line and the area, for incidents category, grade and area, each by its index in the force's file.
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
"""The bit of a record that a gauge counts."""

SECOND_PRECISE, DAY_PRECISE, MONTH_PRECISE = 0, 1, 2

SKEW = 2_000
"""Milliseconds by which two clocks may disagree: a time that is later than it can be by no more is
set back and counted, not refused."""

LONGEST = 40 * 24 * HOUR
"""The longest duration, in milliseconds, that is taken for real."""

EARLIEST = to_ms(dt.datetime(1990, 1, 1, tzinfo=dt.UTC))
LATEST = (1 << WHEN_BITS) - 1
"""The first and last instant that an event may be of, in ms."""

BIN_SHIFT = 40
"""The key of a number in a pane is a series key, with one more than the histogram bin above this
bit; nothing above it for the counters."""
SERIES_KEY_MASK = (1 << BIN_SHIFT) - 1

Contribution = tuple[int, int, int, int, int]
"""What a record counts: (when in ms, precision, series key, counters, bin key). The counters are
what it adds to those of the series, as one integer (`CounterLayout`); the bin key is the key of the
histogram bin of its duration, or -1. A plain tuple, since it is made twice an event."""


class CounterLayout:
    """Several counters in one Python integer, so that a series is updated by one addition.

    `counters` are (name, bits), lowest first. Sums stay right through any order of additions and
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
        """The integer in which each of the named counters is 1 and the others are 0."""
        return sum(1 << self.shift[name] for name in names)

    def read(self, counters: int) -> dict[str, int]:
        """The counters in an integer, by name."""
        return {name: (counters >> self.shift[name]) & self.mask[name] for name in self.names}


class Kind(Protocol):
    """What the ledger needs of a kind; `contribution` is pure, and `pack` but for its counts of
    clamped times and of unknown values."""

    name: str
    horizon: int
    """How long a new record is taken after its event time, in ms; then its period is sealed."""
    grace: int
    """A period closes with the first record of an hour that comes so long, or longer, after its end
    (ms), so that most of its records are there."""
    counters: CounterLayout
    """What is counted in each series."""
    skewed: int
    """Times that were set back by no more than `SKEW`."""
    unknown: UnknownValues
    """Values that no list of the force knows, of records that count all the same."""

    def pack(self, event: Any, updated: int) -> int:
        """The packed record of an event; raises `Refused`. `updated` is its `updated_at`, in ms."""

    def contribution(self, packed: int) -> Contribution | None:
        """What a packed record counts; None where it counts nowhere (a cancelled crime)."""

    def unfinished(self, packed: int) -> bool:
        """Whether the record's end is still to come, so that it stays beyond the horizon."""

    def lost_after(self, packed: int) -> int:
        """Milliseconds after which an open record is shown as unknown: its end must be lost."""


def when_of(packed: int) -> tuple[int, int]:
    """(when in ms, precision) of a packed record."""
    return packed >> WHEN_SHIFT, (packed >> PRECISION_SHIFT) & 3


def known_area(force: Force, name: str | None) -> int:
    """The index of the area that a reported figure is of; raises `Refused` for an unknown one,
    since
    it would be of nothing. A record counts for the force all the same: `RecordRules.area_of`."""
    try:
        return force.find_area(name)
    except KeyError:
        raise Refused("unknown_area", f'"{name}" is no area of {force.name}') from None


class RecordRules:
    """What the kinds share: judging the times of a record against each other, and finding its area
    and category in the force's lists."""

    def __init__(self) -> None:
        self.skewed = 0
        self.unknown = UnknownValues()

    def clamped(self, field: str, stamp: int, updated: int) -> int:
        """A time of a record, in ms: set back to `updated` where it is later by no more than
        `SKEW`.

        Raises `Refused` where it is later: a record can't know of what happens after it was
        written.
        """
        if stamp <= updated:
            return stamp
        if stamp <= updated + SKEW:
            self.skewed += 1
            return updated
        raise Refused("in_the_future", f"{field} is later than updated_at")

    def duration(self, begin: str, begun: int, what: str, stamp: int, updated: int) -> int:
        """Milliseconds from `begun`, when the record was `begin` (`offered`), to `stamp`, when it
        was `what` (`answered`); 0 where the clocks differ by no more than `SKEW`.

        Raises `Refused` for what comes before its beginning or after the update.
        """
        passed = self.clamped(f"{what}_at", stamp, updated) - begun
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
        """The index that a category counts under: its own, or that of its nearest listed ancestor;
        that of `other` where none is listed, which is noted as unknown."""
        found = vocabulary.resolve(path)
        if found == 0 and path != Vocabulary.OTHER:
            self.unknown.note(event, field, shown(path))
        return found

    def note_markers(self, force: Force, event: Incident | Crime) -> None:
        """Notes the markers of an event that the force has not declared."""
        for marker in event.markers:
            if force.markers.resolve(marker) is None:
                self.unknown.note(event, "markers", shown(marker))


def check_length(what: str, passed: int) -> int:
    """Returns a duration in ms; raises `Refused` beyond `LONGEST`."""
    if passed > LONGEST:
        raise Refused("too_long", f"{what}_at is more than 40 days after the beginning")
    return passed


def partial_stamp(field: str, text: str, zone: dt.tzinfo) -> tuple[int, int]:
    """A time, day or month as (its start in ms, precision); raises `Refused`."""
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


def check_plausible(field: str, when: int) -> None:
    """Raises `Refused` for an instant that no live or replayed feed can mean."""
    if not EARLIEST <= when <= LATEST:
        raise Refused("implausible_date", f"{field} lies before 1990 or after 2109")


def missing_field(field: str) -> Refused:
    """The refusal of a record that lacks a field which only a tombstone may lack."""
    return Refused("missing_field", f"{field} is missing (only a deleted record may lack it)")

"""What has changed in closed periods, by the day on which it did: the dates of their revisions.

A late version that changes a closed day or month is noted under the day of the record (or the
month, where that is all that is known) and the day of the change, by event time: that of the
watermark, or of the version itself where it is later. So the dates follow from the log alone.

What is kept is bounded. Changes are kept by the day for two weeks after the end of the record's
month, then by the week for a quarter, then by four weeks up to two years, and all later ones
together: `first_day` is this grid. Of a stretch of several days the first and last day of
change are known. The same grid gives the figures of a month so many days after its end, from which
the delay of recording is estimated (`streams.board.outlook`).

A day that is over is packed: of a change few counters differ, so each is a number of its own under
its counter, and the whole is bytes. A day of which no period has closed is not in here, nor are
hours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from struct import Struct
from typing import NamedTuple

import msgspec

from streams.fold.panes import Pane, add_into, clock_and_grain, stored_grain
from streams.periods import DAY, HOUR, Calendar, Grain
from streams.registry.counting import SERIES_KEY_MASK, CounterLayout

AGES = (*range(14), *range(14, 91, 7), *range(91, 735, 28))
"""The first days of the stretches by which changes are kept, in days after the end of the record's
month. Before it has ended they are kept by the day, too."""
PACKED_A_STEP = 50
"""Days of change that are packed in one step."""
MOST_ASKED = 1_000
"""Periods of which the days of change are kept."""
COUNTER_BITS = 10
"""The index of a counter takes so many bits of its number."""

Flat = dict[int, int]
"""By a counter's number, or the key of a histogram bin: by how much it changed."""
Place = tuple[str, int]
"""The day or month of the records, as stored grain and start in ms."""
ChangeKey = tuple[str, int, int]
"""The same with the first day of the stretch of change, in ms."""


class Changed(NamedTuple):
    """What changed in a stretch: its first and last day of change (their starts, in ms), and by how
    much."""

    first: int
    last: int
    flat: Flat


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[int, int]).decode
_DAYS = Struct("<qq")


def pack(changed: Changed) -> bytes:
    """A stretch as bytes."""
    return _DAYS.pack(*changed[:2]) + _encode(changed.flat)


def unpacked(held: bytes) -> Changed:
    """The stretch again."""
    first, last = _DAYS.unpack_from(held)
    return Changed(first, last, _decode(held[_DAYS.size :]))


def counter_number(series_key: int, index: int) -> int:
    """The number of a counter of a series, by its index in the layout."""
    return -1 - (series_key << COUNTER_BITS | index)


def counter_in(number: int) -> tuple[int, int]:
    """The series key and the index again."""
    return divmod(-1 - number, 1 << COUNTER_BITS)


class Changes:
    """The dated changes of a ledger. `layouts` are those of its kind, by clock."""

    def __init__(self, calendar: Calendar, layouts: Sequence[CounterLayout]) -> None:
        self.calendar, self.layouts = calendar, tuple(layouts)
        self._fields = [_Fields(layout) for layout in layouts]
        self._packed: dict[Place, dict[int, bytes]] = {}
        self._open: dict[ChangeKey, Pane] = {}
        """Days of change that are not over, or not packed yet."""
        self._changed: dict[ChangeKey, Pane | bytes | None] = {}
        """What has changed since the last checkpoint; None for a day that is part of a stretch."""
        self.packed_until = 0
        """Another number whenever a day has been packed."""
        self._days: dict[tuple[int, int, int, int], list[str]] = {}
        """What `days` gave, by what was asked, until it may be another."""

    def note(self, place: Place, at: int, sums: Pane) -> None:
        """Notes by how much a day or month has changed, at an instant in ms."""
        key = (*place, self.calendar.start("day", at))
        # What a checkpoint has taken is not changed any more.
        if key not in self._changed or key not in self._open:
            self._forget_days(key)
            self._open[key] = dict(self._taken_up(key))
        self._changed[key] = pane = self._open[key]
        add_into(pane, sums)

    def _taken_up(self, key: ChangeKey) -> Pane:
        """What has changed on a day already."""
        if key in self._open:
            return self._open[key]
        held = self._packed.get(key[:2], {}).pop(key[2], None)
        return {} if held is None else self._fields_of(key).pane(unpacked(held).flat)

    def packing(self, watermark: int) -> Iterator[None]:
        """Packs the days of change that are over, in short steps."""
        today = self.calendar.start("day", watermark)
        if not self._open or min(key[2] for key in self._open) >= today:
            return
        for number, key in enumerate([key for key in self._open if key[2] < today], 1):
            self._close(key)
            if number % PACKED_A_STEP == 0:
                yield

    def _close(self, key: ChangeKey) -> None:
        self.packed_until += 1
        grain, start, day = key
        flat = self._fields_of(key).flat(self._open.pop(key))
        first = self.first_day(start, day)
        if first != day or not flat:
            self._forget_days(key)
        if first != day:
            self._changed[key] = None
        if not flat:  # a change and its undoing
            self._changed[key] = None
            return
        held = self._packed.setdefault((grain, start), {})
        found = Changed(day, day, flat)
        if first in held:
            found = together((unpacked(held[first]), found))
        held[first] = self._changed[grain, start, first] = pack(found)

    def age(self, start: int, day: int) -> int:
        """How many days lie between the end of the month of the records of the day or month that
        starts at `start`, and a day."""
        end = self.calendar.end("month", self.calendar.start("month", start))
        return round((day - end) / DAY)  # a day of 23 or 25 hours is one

    def first_day(self, start: int, day: int) -> int:
        """The first day of the stretch that the changes of a day are kept in, for records of the
        day or month that starts at `start`."""
        end = self.calendar.end("month", self.calendar.start("month", start))
        age = self.age(start, day)
        if age < AGES[0]:
            return day
        first = AGES[bisect_right(AGES, age) - 1]
        return self.calendar.start("day", end + first * DAY + 12 * HOUR)

    def of(self, clock: int, start: int, end: int) -> Iterator[tuple[int, Changed]]:
        """What has changed in the days and months that lie within [start, end), by a clock: the
        start of each, and a stretch of change of it."""
        yield from self.packed_of(clock, start, end)
        yield from self.open_of(clock, start, end)

    def packed_of(self, clock: int, start: int, end: int) -> Iterator[tuple[int, Changed]]:
        """The same of the days of change that are packed: the same while `packed_until` is."""
        for place in self._places(clock, start, end):
            for held in self._packed.get(place, {}).values():
                yield place[1], unpacked(held)

    def open_of(self, clock: int, start: int, end: int) -> Iterator[tuple[int, Changed]]:
        """The same of the others."""
        places = set(self._places(clock, start, end)) if self._open else ()
        for key, pane in self._open.items():
            if key[:2] in places:
                yield key[1], Changed(key[2], key[2], self._fields_of(key).flat(pane))

    def days(self, clock: int, start: int, end: int, since: int) -> list[str]:
        """The days of change of [start, end), without what is over before an instant, oldest first:
        `2021-04-05`, or the first and last of a stretch, `2021-04-05..2021-04-11`. Stretches that
        overlap are one. Nobody may change the list: it is kept until there is another day."""
        asked = clock, start, end, since
        found = self._days.get(asked)
        if found is None:
            if len(self._days) >= MOST_ASKED:
                self._days.clear()
            found = self._days[asked] = self._days_of(*asked)
        return found

    def _days_of(self, clock: int, start: int, end: int, since: int) -> list[str]:
        places = list(self._places(clock, start, end))
        found = [
            _DAYS.unpack_from(held)
            for place in places
            for held in self._packed.get(place, {}).values()
        ]
        if self._open:
            within = set(places)
            found += [(key[2], key[2]) for key in self._open if key[:2] in within]
        label = partial(self.calendar.label, "day")
        return [
            "..".join(map(label, dict.fromkeys((each.first, each.last))))
            for each in in_order(
                Changed(first, last, {}) for first, last in set(found) if last >= since
            )
        ]

    def _forget_days(self, key: ChangeKey) -> None:
        """Forgets the days of all that a day or month is a part of."""
        clock = clock_and_grain(key[0])[0]
        for asked in [each for each in self._days if each[0] == clock]:
            if asked[1] <= key[1] < asked[2]:
                del self._days[asked]

    def _places(self, clock: int, start: int, end: int) -> Iterator[Place]:
        """The days and months that lie within [start, end)."""
        grains: tuple[Grain, ...] = ("day", "month")
        for grain in grains:
            at, stored = self.calendar.start(grain, start), stored_grain(clock, grain)
            if at < start:
                at = self.calendar.end(grain, at)
            while (after := self.calendar.end(grain, at)) <= end:
                yield stored, at
                at = after

    def flat(self, clock: int, pane: Pane) -> Flat:
        """A pane of changes by a clock, counter by counter."""
        return self._fields[clock].flat(pane)

    def _fields_of(self, key: ChangeKey) -> _Fields:
        return self._fields[clock_and_grain(key[0])[0]]

    def take(self) -> dict[ChangeKey, Pane | bytes | None]:
        """What has changed since this was last asked; nothing of it is changed any more."""
        taken, self._changed = self._changed, {}
        return taken

    def give_back(self, taken: dict[ChangeKey, Pane | bytes | None]) -> None:
        """Marks as changed again what could not be written."""
        taken.update(self._changed)
        self._changed = taken

    def packed(self, key: ChangeKey, held: Pane | bytes) -> bytes:
        """What is stored of a stretch."""
        if isinstance(held, bytes):
            return held
        return pack(Changed(key[2], key[2], self._fields_of(key).flat(held)))

    def restore(self, stored: Mapping[ChangeKey, bytes]) -> None:
        """Puts back what was stored."""
        for key, held in stored.items():
            grain, start, first = key
            if self.first_day(start, first) == first:
                self._packed.setdefault((grain, start), {})[first] = held
            else:  # a day that was not over
                self._open[key] = self._fields_of(key).pane(unpacked(held).flat)


class _Fields:
    """The counters of a clock, told apart."""

    def __init__(self, layout: CounterLayout) -> None:
        self._shifts = [layout.shift[name] for name in layout.names]
        self._masks = [layout.mask[name] for name in layout.names]

    def flat(self, pane: Pane) -> Flat:
        """A pane of changes counter by counter."""
        found: Flat = {}
        for key, value in pane.items():
            if key > SERIES_KEY_MASK:
                found[key] = value
                continue
            left = value
            while left:
                # The lowest bit that is set is of the lowest counter that has changed.
                index = bisect_right(self._shifts, (left & -left).bit_length() - 1) - 1
                shift, mask = self._shifts[index], self._masks[index]
                part = left >> shift & mask
                if part > mask >> 1:  # below zero: it has borrowed from those above it
                    part -= mask + 1
                found[counter_number(key, index)] = part
                left -= part << shift
        return found

    def pane(self, flat: Flat) -> Pane:
        """The pane again."""
        found: Pane = {}
        for number, part in flat.items():
            if number >= 0:
                found[number] = part
            else:
                key, index = counter_in(number)
                found[key] = found.get(key, 0) + (part << self._shifts[index])
        return found


def together(changed: Iterable[Changed]) -> Changed:
    """Changes of several stretches as those of one."""
    first, *others = changed
    total = dict(first.flat)
    for each in others:
        add_into(total, each.flat)
    every = (first, *others)
    return Changed(min(each.first for each in every), max(each.last for each in every), total)


def in_order(changed: Iterable[Changed]) -> list[Changed]:
    """Stretches of change by their days, oldest first; those that overlap as one."""
    found: list[list[Changed]] = []
    last = -1
    for each in sorted(changed, key=lambda each: each[:2]):
        if each.first > last:
            found.append([])
        found[-1].append(each)
        last = max(last, each.last)
    return [together(each) for each in found]

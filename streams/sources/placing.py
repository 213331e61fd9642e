"""The times of one row put on the calendar, in the order in which they hang on each other.

A clock time without a date takes that of the time it follows: it is the first such clock time that
is not earlier, so a case that crosses midnight rolls on to the next day, and every difference is
the plain one modulo 24 hours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from streams.errors import Refused
from streams.sources.mapping import PARTIAL_FIELDS, Mapping, Rule, Texts, as_list
from streams.sources.times import DAY, MIDNIGHT, LocalClock, Written, compile_format, first_fit

Cells = list[str]
Read = Callable[[Cells], str | None]
Reader = Callable[[Texts | None, list[str], str], Read]
"""(columns, null values, field) to what reads the first of these cells that is not blank."""

SECOND = dt.timedelta(seconds=1)
PER_UNIT = {"seconds": 1_000_000, "minutes": 60_000_000, "milliseconds": 1_000}


class Placed:
    """The times of one row: what others hang on, and how late the record itself is."""

    __slots__ = ("at", "latest")

    def __init__(self) -> None:
        self.at: dict[str, dt.datetime] = {}
        self.latest: dt.datetime | None = None

    def first(self, names: Sequence[str]) -> dt.datetime | None:
        """The first of the named times that the row has."""
        for name in names:
            found = self.at.get(name)
            if found is not None:
                return found
        return None


Make = Callable[[Cells, Placed], object]
"""One field of a row: its value, or None where the row has none; raises `Refused`."""


class Calendar:
    """Builds what makes the time fields of a mapping, for one file's header."""

    def __init__(self, mapping: Mapping, reader: Reader) -> None:
        self.mapping, self.reader = mapping, reader
        self.clock = LocalClock(ZoneInfo(mapping.timezone))

    def duration(self, name: str, rule: Rule) -> Make:
        """`from` plus `plus`: a time so many seconds after another."""
        read = self.reader(rule.plus, rule.null, name)
        origins, unit = as_list(rule.from_), rule.unit

        def make(cells: Cells, placed: Placed) -> object:
            text = read(cells)
            if text is None:
                return None
            origin = placed.first(origins)
            if origin is None:
                raise Refused("no_date", f"{name}: the row has none of {', '.join(origins)}")
            try:
                if unit == "clock":
                    seconds = 0
                    for part in text.split(":"):
                        seconds = seconds * 60 + int(part)
                    length = dt.timedelta(seconds=seconds)
                else:
                    length = dt.timedelta(microseconds=round(float(text) * PER_UNIT[unit]))
                return self._keep(name, placed, origin + length)
            except (ValueError, OverflowError):
                raise Refused("bad_number", f'{name}: "{text}" is no duration') from None

        return make

    def time(self, name: str, rule: Rule) -> Make:
        """A written time, with its date from the same cell, another, or the time it follows."""
        read = self.reader(rule.column, rule.null, name)
        parsers = [compile_format(f) for f in as_list(rule.format or self.mapping.time_format)]
        read_day = self._day(name, rule)
        after, floor = as_list(rule.after), rule.floor
        tolerance = dt.timedelta(seconds=rule.tolerance)

        def make(cells: Cells, placed: Placed) -> object:
            text = read(cells)
            if text is None:
                return None
            written = first_fit(parsers, text)
            if written is None:
                raise Refused("bad_time", f'{name}: "{text}" fits none of the formats')
            anchor = placed.first(after)
            try:
                if written.precision in {"day", "month"}:
                    return self._partly(name, placed, written)
                instant = written.instant
                if instant is None:
                    day = read_day(cells) if written.day is None else None
                    instant = self._place(name, written, day, anchor, tolerance)
                if floor and anchor is not None and anchor - tolerance <= instant < anchor:
                    instant = anchor
                return self._keep(name, placed, instant)
            except OverflowError:
                raise Refused("bad_time", f'{name}: "{text}" is out of range') from None

        return make

    def _day(self, name: str, rule: Rule) -> Callable[[Cells], dt.date | None]:
        if rule.date is None:
            return lambda _cells: None
        read = self.reader(rule.date, rule.null, name)
        formats = [compile_format(f) for f in as_list(rule.date_format or self.mapping.date_format)]

        def day(cells: Cells) -> dt.date | None:
            text = read(cells)
            if text is None:
                return None
            found = first_fit(formats, text)
            if found is None or found.day is None:
                raise Refused("bad_time", f'{name}: "{text}" is no date in any of the formats')
            return found.day

        return day

    def _place(
        self,
        name: str,
        written: Written,
        day: dt.date | None,
        anchor: dt.datetime | None,
        tolerance: dt.timedelta,
    ) -> dt.datetime:
        """A local time on the calendar: rolled past midnight where it would come too early."""
        clock = written.clock or MIDNIGHT
        if anchor is None:
            day = written.day or day
            if day is None:
                raise Refused("no_date", f"{name}: a clock time without a date or a time before it")
            return self.clock.at(day, clock)
        earliest = anchor - tolerance
        if written.day is not None:
            # A date of its own is never rolled; only the hour that stands twice leaves a choice.
            found = self.clock.not_before([written.day], clock, earliest)
            return found or self.clock.at(written.day, clock)
        if day is None or day <= self.clock.day_of(anchor):
            day = self.clock.day_of(earliest)
        # Two days on, since a spring change can make the first two too short.
        found = self.clock.not_before([day, day + DAY, day + 2 * DAY], clock, earliest)
        return found or self.clock.at(day, clock)

    def _partly(self, name: str, placed: Placed, written: Written) -> object:
        """A time known only to the day or the month, as the text that says so."""
        day = written.day
        if name not in PARTIAL_FIELDS or day is None:
            raise Refused("bad_time", f"{name} needs a time of day")
        following = day + DAY
        if written.precision == "month":
            following = (day.replace(day=28) + 4 * DAY).replace(day=1)
        self._keep(name, placed, self.clock.at(day), self.clock.at(following))
        return day.isoformat()[: 7 if written.precision == "month" else 10]

    def _keep(
        self, name: str, placed: Placed, start: dt.datetime, end: dt.datetime | None = None
    ) -> object:
        """Note a time of the row, and give it as its field wants it."""
        placed.at[name] = start
        last = start if end is None else end - SECOND
        if name not in self.mapping.working and (placed.latest is None or last > placed.latest):
            placed.latest = last
        return start.isoformat() if name in PARTIAL_FIELDS else start

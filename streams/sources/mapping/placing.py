"""The times of one row put on the calendar, in the order in which they hang on each other.

A clock time without a date takes that of the time it follows: it is the first such clock time that
is not earlier, so a case that crosses midnight rolls on to the next day, and every difference is
the plain one modulo 24 hours.

A local time in the hour that autumn repeats has two readings. It is the one that other times of
the row decide (`settle`): from 01:58 to 02:03 took five minutes, not 65. Where nothing decides, all
such times of a record are taken to be of the same one of the two hours, by a hash of its id the
first or the second: as many are off by an hour as if all were put in the first, but neither hour
has twice what came, nor nothing. So the order of the rows in a file changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from zoneinfo import ZoneInfo

from streams.errors import Refused
from streams.sources.mapping.cells import Pattern, length_of
from streams.sources.mapping.kind_fields import PARTIAL_FIELDS
from streams.sources.mapping.model import FieldRule, Mapping, Texts, as_list
from streams.sources.mapping.reading_periods import period_text
from streams.sources.mapping.times import (
    DAY,
    MIDNIGHT,
    LocalClock,
    WrittenTime,
    compile_format,
    first_fit,
    is_no_day,
)
from streams.sources.record_times import DUE, RECORD_TIMES

Cells = list[str]
Read = Callable[[Cells], str | None]
Reader = Callable[[Texts | None, list[str], str, str | None], Read]
"""(columns, null values, field, join) to what reads the first of these cells that is not blank, or
all of them where something joins them."""

SECOND, HOUR = dt.timedelta(seconds=1), dt.timedelta(hours=1)
LONG_ROLL = dt.timedelta(hours=6)
"""A time that `roll` puts so long after the one it follows is hardly one past midnight: rather a
clock is wrong."""


class Placed:
    """The times of one row: what others hang on, and how late the record itself is.

    `at` has the beginning of each time, `until` the last second of those known only to a day or a
    month. `left` are times that were left out, `doubled` the two readings of those in the hour that
    autumn repeats, and `settled` the readings that were chosen for them. Of `doubled`, other times
    of the row have `decided` some, and left the others `undecided`.
    """

    __slots__ = ("at", "decided", "doubled", "left", "settled", "undecided", "until")

    def __init__(self, settled: dict[str, dt.datetime] | None = None) -> None:
        self.at: dict[str, dt.datetime] = {}
        self.until: dict[str, dt.datetime] | None = None
        self.left: dict[str, dt.datetime] | None = None
        self.doubled: dict[str, tuple[dt.datetime, ...]] | None = None
        self.settled = settled
        self.decided: dict[str, dt.datetime] = {}
        self.undecided: dict[str, tuple[dt.datetime, ...]] = {}

    def first(self, names: Sequence[str]) -> dt.datetime | None:
        """The first of the named times that the row has."""
        for name in names:
            found = self.at.get(name)
            if found is not None:
                return found
        return None

    def last(self, name: str) -> dt.datetime:
        """A time of the row; of a day or month its last second."""
        found = None if self.until is None else self.until.get(name)
        return self.at[name] if found is None else found

    def drop(self, name: str, instant: dt.datetime) -> None:
        """Note a time that is left out, though it may be another that is wrong."""
        if self.left is None:
            self.left = {}
        self.left[name] = instant

    def dropped(self, name: str) -> dt.datetime | None:
        """A time that was left out."""
        return None if self.left is None else self.left.get(name)

    def forget(self, name: str) -> None:
        """Take a time out of the row."""
        self.at.pop(name, None)
        if self.until is not None:
            self.until.pop(name, None)


def undated(name: str, others: Sequence[str]) -> Refused:
    """The refusal of a time that hangs on others, all of which are blank in the row, or on none."""
    if not others:
        return Refused("no_date", f"{name}: a clock time without a date or a time before it")
    which = f"{others[0]} is blank" if len(others) == 1 else f"{' and '.join(others)} are blank"
    return Refused("missing_field", f"{which}, and {name} is dated by it")


Make = Callable[[Cells, Placed], object]
"""One field of a row: its value, or None where the row has none; raises `Refused`."""


class TimeMakers:
    """Builds what makes the time fields of a mapping, for one file's header. `now` is the time of
    the reading: a month that is not over ends for us now."""

    def __init__(
        self,
        mapping: Mapping,
        reader: Reader,
        now: Callable[[], dt.datetime],
        note_rolled: Callable[[str], None] = lambda _field: None,
    ) -> None:
        self.mapping, self.reader, self.now = mapping, reader, now
        self._note_rolled = note_rolled
        """Is given the field of a time that `roll` put so much later that it may be wrong."""
        self.clock = LocalClock(ZoneInfo(mapping.timezone))
        self._rules = mapping.rules()
        self._order = RECORD_TIMES[mapping.kind].order

    def duration(self, name: str, rule: FieldRule) -> Make:
        """`from` with `plus` or `minus`: a time so many seconds after or before another."""
        read = self.reader(rule.plus or rule.minus, rule.null, name, None)
        pattern = None if rule.match is None else Pattern(rule.match)
        origins, unit, earlier = as_list(rule.from_), rule.unit, rule.minus is not None
        decimal, thousands = self.mapping.marks(rule)

        def make(cells: Cells, placed: Placed) -> object:
            text = read(cells)
            if text is None:
                return None
            origin = placed.first(origins)
            if origin is None:
                raise undated(name, origins)
            try:
                number = text if pattern is None else pattern(text)
                length = length_of(number or "", unit, decimal, thousands)
                return self._keep(name, placed, origin - length if earlier else origin + length)
            except (ValueError, OverflowError):
                raise Refused("bad_number", f'{name}: "{text}" is no duration') from None

        return make

    def time(self, name: str, rule: FieldRule) -> Make:
        """A written time, with its date from the same cell, another, or the time it follows."""
        read = self.reader(rule.column, rule.null, name, rule.join)
        pattern = None if rule.match is None else Pattern(rule.match)
        formats = as_list(rule.format or self.mapping.time_format)
        parsers = [compile_format(f) for f in formats]
        read_day = self._day(name, rule)
        after, floor = as_list(rule.after), rule.floor
        tolerance = dt.timedelta(seconds=rule.tolerance)
        roll, partial = rule.roll is not None, name in PARTIAL_FIELDS or name == "updated_at"

        def make(cells: Cells, placed: Placed) -> object:
            text = read(cells)
            if text is None:
                return None
            whole = text if pattern is None else pattern(text)
            written = None if whole is None else first_fit(parsers, whole)
            if written is None:
                if is_no_day(formats, whole or ""):
                    raise Refused("impossible_date", f'{name}: "{text}" is no day of the calendar')
                raise Refused("bad_time", f'{name}: "{text}" fits none of the formats')
            anchor = placed.first(after)
            earliest = None if anchor is None else anchor - tolerance
            try:
                precision = written.precision
                if precision not in {"clock", "second"} and (partial or precision != "midnight"):
                    return self._partly(name, placed, written)
                instant = written.instant
                if instant is None:
                    day = read_day(cells) if written.day is None else None
                    instant = self._place(name, placed, written, day, earliest, after, roll=roll)
                elif roll and earliest is not None and earliest - DAY <= instant < earliest:
                    instant += DAY
                if roll:
                    self._note_long_roll(name, written, instant, anchor)
                if floor and anchor is not None and anchor - tolerance <= instant < anchor:
                    instant = anchor
                return self._keep(name, placed, instant)
            except OverflowError:
                raise Refused("bad_time", f'{name}: "{text}" is out of range') from None

        return make

    def _note_long_roll(
        self, name: str, written: WrittenTime, instant: dt.datetime, anchor: dt.datetime | None
    ) -> None:
        """Notes a time that was put on the next day and is then long after the one it follows."""
        if anchor is None or instant - anchor <= LONG_ROLL:
            return
        given = written.day or (written.instant and self.clock.day_of(written.instant))
        if given is not None and self.clock.day_of(instant) > given:
            self._note_rolled(name)

    def period(self, name: str, rule: FieldRule) -> Make:
        """The period of a reading, from a written year, month, day or hour."""
        read = self.reader(rule.column, rule.null, name, rule.join)
        pattern = None if rule.match is None else Pattern(rule.match)
        parsers = [compile_format(f) for f in as_list(rule.format or self.mapping.time_format)]
        read_day = self._day(name, rule)

        def make(cells: Cells, _placed: Placed) -> object:
            text = read(cells)
            if text is None:
                return None
            whole = text if pattern is None else pattern(text)
            written = None if whole is None else first_fit(parsers, whole)
            found = None if written is None else period_text(written, read_day(cells))
            if found is None:
                raise Refused("bad_time", f'{name}: "{text}" is no period in any of the formats')
            return found

        return make

    def _day(self, name: str, rule: FieldRule) -> Callable[[Cells], dt.date | None]:
        if rule.date is None:
            return lambda _cells: None
        read = self.reader(rule.date, rule.null, name, None)
        formats = as_list(rule.date_format or self.mapping.date_format)
        parsers = [compile_format(f) for f in formats]

        def day(cells: Cells) -> dt.date | None:
            text = read(cells)
            if text is None:
                return None
            found = first_fit(parsers, text)
            if found is None and is_no_day(formats, text):
                raise Refused("impossible_date", f'{name}: "{text}" is no day of the calendar')
            if found is None or found.day is None:
                raise Refused("bad_time", f'{name}: "{text}" is no date in any of the formats')
            return found.day

        return day

    def _readings(
        self, name: str, day: dt.date, clock: dt.timedelta, zone: str | None
    ) -> tuple[dt.datetime, ...]:
        """The instants that a local time can be; raises `Refused` for a zone that is not known."""
        if zone is None:
            return self.clock.instants(day, clock)
        found = self.clock.named(day, clock, zone)
        if not found:
            raise Refused(
                "bad_time",
                f'{name}: "{zone}" is no zone that {self.mapping.timezone} uses on {day}; it takes '
                "its own names then, UTC and GMT",
            )
        return found

    def _place(
        self,
        name: str,
        placed: Placed,
        written: WrittenTime,
        day: dt.date | None,
        earliest: dt.datetime | None,
        after: Sequence[str],
        *,
        roll: bool,
    ) -> dt.datetime:
        """A local time on the calendar: rolled past midnight where it would come too early."""
        if placed.settled is not None and name in placed.settled:
            return placed.settled[name]
        clock, zone = written.clock or MIDNIGHT, written.zone
        if written.day is not None and zone is None and not roll:
            readings = self.clock.instants(written.day, clock)
            if len(readings) == 1:  # as nearly always
                return readings[0]
        if earliest is None:
            day = written.day or day
            if day is None:
                raise undated(name, after)
            days = [day]
        elif written.day is not None:
            # A date of its own is rolled only by `roll`, and by one day.
            days = [written.day, written.day + DAY] if roll else [written.day]
        else:
            if day is None or day <= self.clock.day_of(earliest):
                day = self.clock.day_of(earliest)
            # Two days on, since a spring change can make the first two too short.
            days = [day, day + DAY, day + 2 * DAY]
        for day in days:
            readings = self._readings(name, day, clock, zone)
            for place, instant in enumerate(readings):
                if earliest is None or instant >= earliest:
                    if len(readings) > 1 and place == 0:
                        self._note_doubled(name, placed, readings)
                    return instant
        return self._readings(name, days[0], clock, zone)[0]

    @staticmethod
    def _note_doubled(name: str, placed: Placed, readings: tuple[dt.datetime, ...]) -> None:
        if placed.doubled is None:
            placed.doubled = {}
        placed.doubled[name] = readings

    def settle(self, placed: Placed) -> None:
        """Decides the times of a row in the repeated hour by its other times: the next certain one,
        or the moment of the reading; else the one before; else by their order among themselves."""
        doubled = placed.doubled or {}
        in_order = sorted(doubled, key=self._place_in_life)
        decided = placed.decided = {}

        def certain(names: Iterable[str]) -> list[dt.datetime]:
            return [
                decided.get(other, placed.at[other])
                for other in names
                if other in placed.at and (other not in doubled or other in decided)
            ]

        now = self.now()
        for name in reversed(in_order):
            found = _last_before(doubled[name], min([*certain(self._followers(name)), now]))
            if found is not None:
                decided[name] = found
        for name in in_order:
            before = certain(self._leaders(name)) if name not in decided else []
            found = _first_after(doubled[name], max(before)) if before else None
            if found is not None:
                decided[name] = found
        left = [name for name in in_order if name not in decided]
        decided.update(self._run_backwards(left, doubled))
        placed.undecided = {name: doubled[name] for name in left if name not in decided}

    def _run_backwards(
        self, names: Sequence[str], doubled: dict[str, tuple[dt.datetime, ...]]
    ) -> dict[str, dt.datetime]:
        """The readings of times that would run backwards if all were of the first of the two
        hours: from 01:50 to 01:10 is from the first to the second. Empty where they don't."""
        at: dt.datetime | None = None
        found: dict[str, dt.datetime] = {}
        for name in (each for each in names if each in self._order):
            rule = self._rules.get(name)
            slack = dt.timedelta(seconds=0.0 if rule is None else rule.tolerance)
            readings = [each for each in doubled[name] if at is None or each >= at - slack]
            if not readings:
                return {}
            at = found[name] = readings[0]
        return found if any(at != doubled[name][0] for name, at in found.items()) else {}

    def _place_in_life(self, name: str) -> int:
        if name == "updated_at":
            return len(self._order)
        return self._order.index(name) if name in self._order else -1

    def _leaders(self, name: str) -> list[str]:
        """The times that come earlier in the life of a record, or that this one follows; what is
        reckoned back from it says nothing of its own."""
        place = self._place_in_life(name)
        after = as_list(self._rules[name].after) if name in self._rules else []
        return [
            other
            for other in {*self._order[: max(0, place)], *after}
            if not self._counted_from(other, name)
        ]

    def _followers(self, name: str) -> list[str]:
        """The times that come later in the life of a record or hang on this one by `after`.

        One that is counted `from` it says nothing of its own.
        """
        later = self._order[self._order.index(name) + 1 :] if name in self._order else ()
        hanging = [other for other, rule in self._rules.items() if name in as_list(rule.after)]
        return [other for other in {*later, *hanging} if not self._counted_from(other, name)]

    def _counted_from(self, name: str, origin: str) -> bool:
        origins = as_list(self._rules[name].from_) if name in self._rules else []
        return origin in origins or any(self._counted_from(other, origin) for other in origins)

    def _partly(self, name: str, placed: Placed, written: WrittenTime) -> object:
        """A time known only to the day or the month, as the text that says so."""
        day = written.day
        if day is None or written.precision == "year":
            raise Refused("bad_time", f"{name} needs more than a year")
        if name not in PARTIAL_FIELDS and name != "updated_at":
            raise Refused("bad_time", f"{name} needs a time of day")
        following = day + DAY
        if written.precision == "month":
            following = (day.replace(day=28) + 4 * DAY).replace(day=1)
        start = placed.at[name] = self.clock.at(day)
        end = self.clock.at(following) - SECOND
        if start <= (now := self.now()) < end:
            end = now
        if placed.until is None:
            placed.until = {}
        placed.until[name] = end
        if name == "updated_at":
            return end
        return day.isoformat()[: 7 if written.precision == "month" else 10]

    def _keep(self, name: str, placed: Placed, start: dt.datetime) -> object:
        """Note a time of the row, and give it as its field wants it."""
        if name not in DUE:
            placed.at[name] = start
        return start.isoformat() if name in PARTIAL_FIELDS else start


def _last_before(readings: tuple[dt.datetime, ...], until: dt.datetime) -> dt.datetime | None:
    """The reading of a time that a later one decides: the only one that is not after that, or the
    second where it is an hour before it at most, so that the first is twice as long before it. None
    where that later time decides nothing."""
    fitting = [reading for reading in readings if reading <= until]
    if len(fitting) == 1 or (fitting and until - fitting[-1] <= HOUR):
        return fitting[-1]
    return None


def _first_after(readings: tuple[dt.datetime, ...], since: dt.datetime) -> dt.datetime | None:
    """The same by an earlier time."""
    fitting = [reading for reading in readings if reading >= since]
    if len(fitting) == 1 or (fitting and fitting[0] - since <= HOUR):
        return fitting[0]
    return None

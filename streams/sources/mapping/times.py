"""Written times to instants: formats, local clocks, midnight and the two nights a year.

A naive time is read in one time zone. In the hour that the spring change leaves out it is moved
forward by the size of the gap (01:30 becomes 02:30). In the hour that the autumn change repeats it
has two readings; `streams.sources.mapping.placing` chooses. Nothing here depends on the time zone
of the machine: a zone's name in a text (`%Z`) is kept beside what was read, and obeyed when it is
placed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from operator import itemgetter
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

UTC = dt.UTC
DAY, MIDNIGHT = dt.timedelta(days=1), dt.timedelta()

Precision = Literal["clock", "second", "midnight", "day", "month", "year"]


class WrittenTime(NamedTuple):
    """What a text says: a day, a clock time since midnight, both, or an instant.

    `midnight` is a day that may stand for its first instant: a whole number of a spreadsheet.
    `zone` is the name of a time zone, as the text has it.
    """

    precision: Precision
    day: dt.date | None = None
    clock: dt.timedelta | None = None
    instant: dt.datetime | None = None
    zone: str | None = None


Parse = Callable[[str], WrittenTime | None]

_NUMBERS = {
    "%Y": r"(?P<Y>\d{4})", "%y": r"(?P<y>\d{2})", "%m": r"(?P<m>\d{1,2})", "%d": r"(?P<d>\d{1,2})",
    "%H": r"(?P<H>\d{1,2})", "%M": r"(?P<M>\d{1,2})", "%S": r"(?P<S>\d{1,2})",
    "%f": r"(?P<f>\d{1,6})", "%%": "%",
}  # fmt: skip
_DIRECTIVE = re.compile(r"%.")

EXCEL_EPOCHS = {"excel": dt.date(1899, 12, 30), "excel_1904": dt.date(1904, 1, 1)}
"""Day 0 of the serial numbers of a spreadsheet. The 1900 system takes 1900 for a leap year, which
it was not: day 60 is a day that never was, and before it day 0 is one later."""
NAMED_FORMATS = frozenset({"iso", "unix", "unix_ms", *EXCEL_EPOCHS})

_ZONE_NAME = re.compile(r"[A-Za-z]+")
_MARK = "\x1a"
"""Stands for the zone's name while the rest of a text is read: no export has this character."""
UTC_NAMES = frozenset({"UTC", "GMT", "UT", "Z"})


def check_format(text: str) -> str | None:
    """What is wrong with a format, in words; None when it can be used."""
    if text in NAMED_FORMATS:
        return None
    used = set(_DIRECTIVE.findall(text))
    if "%Z" in used:
        return _check_zone(text, used) or check_format(text.replace("%Z", "UTC"))
    if not used & {"%Y", "%y", "%H", "%I", "%c", "%x", "%X", "%s"} or used & {"%s", "%c", "%x"}:
        return (
            f'the format "{text}" has neither a year nor an hour; use iso, unix, unix_ms, '
            "excel, or directives such as %d/%m/%Y and %H:%M:%S"
        )
    try:
        now = dt.datetime(2024, 2, 29, 13, 14, 15, tzinfo=UTC)
        dt.datetime.strptime(now.strftime(text), text)  # noqa: DTZ007  only tried
    except (ValueError, re.error) as error:
        return f'the format "{text}" can\'t be used: {error}'
    return None


def _check_zone(text: str, used: set[str]) -> str | None:
    if "%z" in used or text.count("%Z") > 1:
        return f'the format "{text}" names the zone twice; one %Z or one %z will do'
    if not used & {"%H", "%I", "%X"}:
        return f'the format "{text}" has a zone (%Z) but no hour'
    return None


def compile_format(text: str) -> Parse:
    """A parser for one format: one of `NAMED_FORMATS`, or strptime directives.

    It returns None for a text that does not fit. All-number formats are read by a regular
    expression, five times as fast as strptime.
    """
    if text == "iso":
        return _iso
    if text in {"unix", "unix_ms"}:
        return _unix(1000 if text == "unix_ms" else 1)
    if text in EXCEL_EPOCHS:
        return _excel(EXCEL_EPOCHS[text], leap_1900=text == "excel")
    if "%Z" in _DIRECTIVE.findall(text):
        return _with_zone(text)
    used = set(_DIRECTIVE.findall(text))
    has_clock, has_day = bool(used & {"%H", "%I", "%X"}), bool(used & {"%Y", "%y"})
    precision: Precision = "clock" if not has_day else "second" if has_clock else "day"
    if has_day and not has_clock and not used & {"%d", "%j"}:
        precision = "month" if used & {"%m", "%b", "%B"} else "year"
    if used <= _NUMBERS.keys():
        # An export has few days and many clock times: only the days are worth remembering.
        parse_numbers = _regular(text, precision)
        return parse_numbers if has_clock else lru_cache(maxsize=1 << 13)(parse_numbers)

    @lru_cache(maxsize=1 << 13)
    def parse(value: str) -> WrittenTime | None:
        try:
            found = dt.datetime.strptime(value, text)  # noqa: DTZ007  a local clock, placed later
        except ValueError:
            return None
        if found.tzinfo is not None:
            return WrittenTime("second", instant=found.astimezone(UTC))
        return _written(precision, found)

    return parse


def _written(precision: Precision, found: dt.datetime) -> WrittenTime:
    clock = None
    if precision in {"clock", "second"}:
        clock = found - found.replace(hour=0, minute=0, second=0, microsecond=0)
    return WrittenTime(precision, None if precision == "clock" else found.date(), clock)


def _regular(text: str, precision: Precision) -> Parse:
    parts = re.split(r"(%.)", text)
    pattern = re.compile("".join(_NUMBERS.get(part, re.escape(part)) for part in parts))
    at = {name: place - 1 for name, place in pattern.groupindex.items()}
    hour_at, minute_at, second_at = at.get("H"), at.get("M"), at.get("S")
    micro_at = at.get("f")
    # An export has few days: which parts make one, and the days that were made already.
    day_parts = itemgetter(*([at[name] for name in ("Y", "y", "m", "d") if name in at] or [0]))
    read_day, days = _day_reader(at), dict[object, dt.date]()
    make: Callable[..., WrittenTime] = partial(
        tuple.__new__, WrittenTime
    )  # half the time of a call

    def parse(value: str) -> WrittenTime | None:
        match = pattern.fullmatch(value)
        if match is None:
            return None
        got = match.groups()
        clock = day = None
        if hour_at is not None:
            hour = int(got[hour_at])
            minute = 0 if minute_at is None else int(got[minute_at])
            second = 0 if second_at is None else int(got[second_at])
            if hour > 23 or minute > 59 or second > 59:
                return None
            micro = 0 if micro_at is None else int(got[micro_at].ljust(6, "0"))
            clock = dt.timedelta(0, hour * 3600 + minute * 60 + second, micro)
        if precision == "clock":
            return make((precision, None, clock, None, None))
        key = day_parts(got)
        day = days.get(key)
        if day is None:
            day = read_day(got)
            if day is None:
                return None
            if len(days) > 20_000:  # far more days than an export has: dates gone wild
                days.clear()
            days[key] = day
        return make((precision, day, clock, None, None))

    return parse


def _day_reader(at: dict[str, int]) -> Callable[[tuple[str, ...]], dt.date | None]:
    """Reads the day among the parts of a text; `at` has the place of each directive."""
    year_at, short_year_at = at.get("Y"), at.get("y", 0)
    month_at, day_at = at.get("m"), at.get("d")

    def read(got: tuple[str, ...]) -> dt.date | None:
        if year_at is not None:
            year = int(got[year_at])
        else:  # two figures as strptime has them: 69 to 99 are of the last century
            year = int(got[short_year_at])
            year += 1900 if year >= 69 else 2000
        try:
            month = 1 if month_at is None else int(got[month_at])
            return dt.date(year, month, 1 if day_at is None else int(got[day_at]))
        except ValueError:
            return None

    return read


def _iso(value: str) -> WrittenTime | None:
    try:
        if len(value) == 7:
            return WrittenTime("month", dt.date.fromisoformat(f"{value}-01"))
        if len(value) in {8, 10} and ":" not in value:
            return WrittenTime("day", dt.date.fromisoformat(value))
        found = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    if found.tzinfo is not None:
        return WrittenTime("second", instant=found.astimezone(UTC))
    return _written("second", found)


def _unix(parts: int) -> Parse:
    def parse(value: str) -> WrittenTime | None:
        try:
            # In whole microseconds: a float of seconds would be off by some.
            micros = round(float(value) * (1_000_000 // parts))
            return WrittenTime("second", instant=dt.datetime(1970, 1, 1, tzinfo=UTC)
                           + dt.timedelta(microseconds=micros))  # fmt: skip
        except (ValueError, OverflowError):
            return None

    return parse


def _with_zone(text: str) -> Parse:
    """A format with `%Z`. strptime knows those of the machine's own zone only, and drops them."""
    parse_rest = compile_format(text.replace("%Z", _MARK))

    def parse(value: str) -> WrittenTime | None:
        # The last word that leaves a text which fits: months and AM come before the zone.
        for word in reversed(list(_ZONE_NAME.finditer(value))):
            found = parse_rest(value[: word.start()] + _MARK + value[word.end() :])
            if found is not None:
                return found._replace(zone=word[0])
        return None

    return parse


def _excel(epoch: dt.date, *, leap_1900: bool) -> Parse:
    """Serial numbers of a spreadsheet: days, and the time of day as a fraction of one.

    A whole number is a day, a number below 1 a time of day. Rounded to the nearest millisecond.
    """

    def parse(value: str) -> WrittenTime | None:
        try:
            serial = float(value)
            if not 0 <= serial < 2_958_466:  # the end of 9999
                return None
            whole = int(serial)
            clock = dt.timedelta(milliseconds=round((serial - whole) * 86_400_000))
            if whole == 0 and "." in value:
                return WrittenTime("clock", None, clock)
            if leap_1900 and whole <= 60:
                if whole in {0, 60}:
                    return None
                whole += 1
            day = epoch + dt.timedelta(days=whole)
            if clock == DAY:
                day, clock = day + DAY, MIDNIGHT
        except (ValueError, OverflowError):
            return None
        return WrittenTime("second" if "." in value else "midnight", day, clock)

    return parse


def first_fit(parsers: Sequence[Parse], value: str) -> WrittenTime | None:
    """The reading of the first format that fits."""
    for parse in parsers:
        found = parse(value)
        if found is not None:
            return found
    return None


def is_no_day(formats: Sequence[str], value: str) -> bool:
    """Whether a text fits one of the formats but for its day, which the calendar does not have.

    >>> is_no_day(["%d/%m/%Y %H:%M"], "31/02/2025 10:00"), is_no_day(["%d/%m/%Y"], "soon")
    (True, False)
    """
    for text in formats:
        try:
            if text == "iso":
                dt.datetime.fromisoformat(value)
            else:
                dt.datetime.strptime(value, text)  # noqa: DTZ007  asked only whether it is one
        except ValueError as error:
            said = str(error)
            if "range" in said and "month" in said and "does not match" not in said:
                return True
    return False


class LocalClock:
    """The clock on the wall in one time zone. Every result is an instant in UTC."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._midnights: dict[dt.date, dt.datetime | None] = {}

    def _even_midnight(self, day: dt.date) -> dt.datetime | None:
        """Midnight of a day on which the clock is not changed; None of one on which it is."""
        try:
            return self._midnights[day]
        except KeyError:
            start = dt.datetime.combine(day, dt.time(), self.zone)
            end = dt.datetime.combine(day + DAY, dt.time(), self.zone)
            even = start.astimezone(UTC) if start.utcoffset() == end.utcoffset() else None
            if len(self._midnights) > 20_000:  # far more days than an export has: dates gone wild
                self._midnights.clear()
            self._midnights[day] = even
            return even

    def instants(self, day: dt.date, clock: dt.timedelta) -> tuple[dt.datetime, ...]:
        """The one instant of a local time, or both where the clock goes back, earlier first."""
        midnight = self._even_midnight(day)
        if midnight is not None:
            return (midnight + clock,)
        first = dt.datetime.combine(day, dt.time(), self.zone) + clock
        # In a gap the second reading lies before the first: only the first, moved forward, counts.
        a, b = first.astimezone(UTC), first.replace(fold=1).astimezone(UTC)
        return (a, b) if b > a else (a,)

    def named(self, day: dt.date, clock: dt.timedelta, name: str) -> tuple[dt.datetime, ...]:
        """The instant of a local time with the name of its zone; none for a name that the zone
        does not use then."""
        name = name.upper()
        if name in UTC_NAMES:
            return (dt.datetime.combine(day, dt.time(), UTC) + clock,)
        return tuple(
            instant
            for instant in self.instants(day, clock)
            if (instant.astimezone(self.zone).tzname() or "").upper() == name
        )

    def day_of(self, instant: dt.datetime) -> dt.date:
        """The local calendar day of an instant."""
        return instant.astimezone(self.zone).date()

    def at(self, day: dt.date, clock: dt.timedelta = MIDNIGHT) -> dt.datetime:
        """A local day and clock time."""
        return self.instants(day, clock)[0]

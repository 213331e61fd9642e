"""Which formats the times of a column are written in, and whether days or months come first."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from streams.sources.mapping.times import Parse, Precision, WrittenTime, compile_format, first_fit

DayMonthOrder = Literal["day", "month"]

_DATES = (
    "%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d-%m-%y", "%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d", "%Y-%m-%d",
    "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y%m%d",
    "%Y %b %d",
)  # fmt: skip
_MONTHS = ("%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%b %y", "%m/%Y", "%Y %b", "%Y %B", "%Y %m")
_CLOCKS = (
    "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p", "%I:%M%p", "%H:%M:%S.%f", "%H%M",
    "%H%M%S", "%H:%M:%S%z",
)  # fmt: skip
_JOINS = (" ", "T", ", ", " - ", " at ", "  ")
_MONTH_FIRST = {
    "%d/%m/": "%m/%d/", "%d-%m-": "%m-%d-", "%d.%m.": "%m.%d.",
}  # fmt: skip
_ENOUGH = 0.9
"""So many of a column's values must fit."""
_DIGITS = {
    6: "%y%m%d",
    8: "%Y%m%d",
    10: "unix",
    12: "%Y%m%d%H%M",
    13: "unix_ms",
    14: "%Y%m%d%H%M%S",
}
_MIDNIGHT = re.compile(r"[ T](12:00:00 AM|12:00 AM|00:00:00(\.0+)?|0?0:00)$")
_TIME_NAME = re.compile(r"date|time|day|stamp|epoch|unix|created|received|opened|closed|month")


class Times(NamedTuple):
    """How the times of a column are written. `ambiguous`: days and months could be exchanged."""

    formats: list[str]
    precision: Precision
    share: float
    ambiguous: bool = False
    order: DayMonthOrder | None = None
    """What comes first, where the data leaves no choice (or `ambiguous`, the choice made)."""


@lru_cache(maxsize=4096)
def _parser(text: str) -> Parse:
    return compile_format(text)


_SHAPES = {
    "%Y": r"\d{4}", "%b": "[A-Za-z]{3}", "%B": "[A-Za-z]{3,9}", "%p": "[AaPp][Mm]",
    "%f": r"\d{1,6}", "%z": r"([+-]\d\d:?\d\d|Z)",
}  # fmt: skip


@lru_cache(maxsize=4096)
def _shape(form: str) -> re.Pattern[str]:
    """What a text of a format looks like. Trying a format itself takes a thousand times as long."""
    parts = re.split(r"(%.)", form)
    return re.compile(
        "".join(
            _SHAPES.get(part, r"\d{1,2}") if part.startswith("%") else re.escape(part)
            for part in parts
        )
    )


@lru_cache(maxsize=16)
def _any_shape(forms: tuple[str, ...]) -> re.Pattern[str]:
    """What a text of any of the formats looks like. Most texts are no times, and one look at each
    shows it."""
    shapes = dict.fromkeys(_shape(form).pattern for form in forms if form.startswith("%"))
    return re.compile("|".join(f"(?:{shape})" for shape in shapes))


def _may_fit(form: str, values: Sequence[str]) -> bool:
    if form == "iso":
        return any(map(_parser(form), values))
    if not form.startswith("%"):
        return True
    shape = _shape(form)
    return any(shape.fullmatch(value) and _parser(form)(value) for value in values)


@lru_cache(maxsize=4)
def _candidates(order: DayMonthOrder) -> tuple[str, ...]:
    dates = list(_DATES)
    if order == "month":
        for old, new in _MONTH_FIRST.items():
            dates = [date.replace(old, new) for date in dates]
    both = [f"{date}{join}{clock}" for date in dates for join in _JOINS for clock in _CLOCKS]
    return ("iso", *both, *dates, *_CLOCKS[:7], *_MONTHS)


def like_a_value(text: str) -> bool:
    """Whether a cell is a number or a time, which no header has."""
    text = text.strip()
    if re.fullmatch(r"[-+]?\d+([.,]\d+)?", text):
        return True
    return len(text) >= 8 and find_times([text], "time") is not None


def find_times(
    values: Sequence[str], name: str, prefer: DayMonthOrder | None = None
) -> Times | None:
    """The formats of a column's values; None when they are no times.

    `name` is the column's, in small letters: numbers are times only under a name that says so.
    `prefer` settles what comes first where both would do.
    """
    sample = list(dict.fromkeys(values))[:300]
    if sample and all(value.isdigit() for value in sample):
        return _of_digits(sample, name)
    if not sample or not any(char.isdigit() for char in sample[0]) or len(sample[0]) > 40:
        return None
    midnight = _midnights(list(dict.fromkeys(values)))
    if midnight is not None:
        return _of_days(values, midnight, name, prefer)
    return _of_texts(values, sample, prefer)


def _of_texts(
    values: Sequence[str], sample: Sequence[str], prefer: DayMonthOrder | None
) -> Times | None:
    day, month = (_fitting(sample, _candidates(order)) for order in ("day", "month"))
    if day is None or month is None:
        only = day or month
        return None if only is None else _of_order(only, "month" if day is None else "day")
    if day.share != month.share:
        return _of_order(*((day, "day") if day.share > month.share else (month, "month")))
    if day.formats == month.formats:
        return day
    if prefer is None:
        # The rows of an export lie close to each other in time: the wrong order makes them jump.
        days_first, months_first = _jumps(values, day), _jumps(values, month)
        if months_first * 2 < days_first:
            prefer = "month"
        elif days_first * 2 < months_first:
            prefer = "day"
    return (month if prefer == "month" else day)._replace(ambiguous=True, order=prefer)


def _midnights(sample: Sequence[str]) -> int | None:
    """Where the days end in texts that all go on with the same midnight; None where they do not."""
    found = [_MIDNIGHT.search(value) for value in sample]
    if len(sample) < 2 or not all(found) or len({match[0] for match in found if match}) > 1:
        return None
    return len(found[0][0]) if found[0] else None


def _of_days(
    values: Sequence[str], tail: int, name: str, prefer: DayMonthOrder | None
) -> Times | None:
    """The formats of days that are written with a midnight, which says nothing."""
    midnight = values[0][-tail:]
    days = find_times([value[:-tail] for value in values], name, prefer)
    if days is None or days.precision != "day":
        return None
    formats = ["%Y-%m-%d" if form == "iso" else form for form in days.formats]
    return days._replace(formats=[form + midnight for form in formats])


def _of_order(times: Times, order: DayMonthOrder) -> Times:
    """The same, with what comes first where the formats have both as numbers."""
    return times._replace(order=order) if _has_order(times) else times


def _has_order(times: Times) -> bool:
    return any(mark in text for text in times.formats for mark in ("%d/%m", "%m/%d", "%d-%m-",
               "%m-%d-", "%d.%m.", "%m.%d."))  # fmt: skip


def _of_digits(sample: Sequence[str], name: str) -> Times | None:
    lengths = {len(value) for value in sample}
    if not _TIME_NAME.search(name) or len(lengths) != 1:
        return None
    form = _DIGITS.get(lengths.pop())
    if form is None:
        return None
    found = _fitting(sample, (form,))
    years = {written.year for written in _days(sample[:50], form)}
    return found if years and all(1950 <= year <= 2100 for year in years) else None


def _days(values: Sequence[str], form: str) -> list[dt.date]:
    parse = _parser(form)
    written = [parse(value) for value in values]
    days = [one.day or (one.instant.date() if one.instant else None) for one in written if one]
    return [day for day in days if day is not None]


def _fitting(sample: Sequence[str], candidates: tuple[str, ...]) -> Times | None:
    """The fewest formats, three at the most, that read the values."""
    left = list(sample)
    formats: list[str] = []
    precision: Precision | None = None
    for _ in range(3):
        some = left[:5]
        written = any(map(_any_shape(candidates).fullmatch, some))
        forms = candidates if written else [f for f in candidates if not f.startswith("%")]
        likely = [form for form in forms if _may_fit(form, some)]
        counted = [
            (sum(_parser(form)(value) is not None for value in left), form) for form in likely
        ]
        count, form = max(counted, key=lambda pair: pair[0], default=(0, ""))
        if count * 20 < len(sample):
            break
        formats.append(form)
        parse = _parser(form)
        precision = precision or _precision(parse, left)
        left = [value for value in left if parse(value) is None]
        if not left:
            break
    share = 1 - len(left) / len(sample)
    if precision is None or share < _ENOUGH:
        return None
    return Times(formats, precision, share)


def _precision(parse: Parse, values: Sequence[str]) -> Precision:
    return next(written.precision for value in values if (written := parse(value)) is not None)


def _jumps(values: Sequence[str], times: Times) -> float:
    """How far consecutive rows lie apart, in days."""
    parsers = [_parser(form) for form in times.formats]
    days = [_day(first_fit(parsers, value)) for value in values]
    known = [day for day in days if day is not None]
    return sum(abs((b - a).days) for a, b in pairwise(known))


def _day(written: WrittenTime | None) -> dt.date | None:
    if written is None:
        return None
    return written.day or (written.instant.date() if written.instant else None)


def read_time(times: Times, text: str) -> dt.datetime | None:
    """A value as a time that can be compared with others of its file; None for a blank."""
    written = first_fit([_parser(form) for form in times.formats], text) if text else None
    if written is None:
        return None
    if written.instant is not None:
        return written.instant.replace(tzinfo=None)
    day = written.day or dt.date(1970, 1, 1)
    return dt.datetime.combine(day, dt.time()) + (written.clock or dt.timedelta())

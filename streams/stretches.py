"""Stretches of event time as reports name them, and those that they are compared with.

| form                           | what it is                                                      |
|--------------------------------|-----------------------------------------------------------------|
| `2017-12-31T23`, `2017-12-31`  | an hour, a day                                                  |
| `2017-12`, `2017-Q4`           | a month, a calendar quarter                                     |
| `2017/18`, `FY2017/18`, `2017` | a financial year, from April; a calendar year                   |
| `R6-2017-12`, `R28-2017-12-31` | rolling: the six months, the 28 days that end with it;          |
|                                | of hours and quarters likewise                                  |
| `YTD-2020-09`                  | the financial year to date, to the end of that month (or day)   |
| `2020-05..2020-09`             | all from the first to the last                                  |

A stretch is made of so many whole hours, days or months of a force's own clock, and it is moved by
them: the same of last year has the same dates.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from streams.periods import HOUR, MEANT, YEARS, Calendar, Grain, NoPeriod, Period

FORMS = (
    "2021-10-31T01, 2021-10-31, 2021-10, 2021-Q4, 2021/22, 2021, R6-2021-12 (the six months to "
    "then), YTD-2021-09 (the financial year to then) or "
    f"2021-05..2021-09, {MEANT}"
)

Unit = Literal["hour", "day", "month"]
UNITS: tuple[Unit, ...] = ("hour", "day", "month")
Form = Literal["period", "year", "rolling", "to_date", "range"]

_MONTHS: dict[Grain, int] = {"month": 1, "quarter": 3, "financial_year": 12}


@dataclass(frozen=True)
class Stretch:
    """Event time that is reported on, [start, end) in ms: `units` whole hours, days or months."""

    calendar: Calendar = field(repr=False, compare=False)
    form: Form
    grain: Grain | None
    """That of a single period."""
    unit: Unit
    units: int
    start: int
    end: int

    @classmethod
    def parse(cls, calendar: Calendar, text: str) -> Stretch:
        """A stretch as it is written; raises ValueError with the forms that are understood, or why
        it is none."""
        try:
            return _parsed(calendar, text.strip())
        except NoPeriod:
            raise
        except (ValueError, OverflowError):  # a day or year that there is not
            raise ValueError(f'"{text}" is no period: write {FORMS}') from None

    @classmethod
    def of(cls, calendar: Calendar, period: Period) -> Stretch:
        """A period as a stretch."""
        unit, units = _size(period.grain)
        return cls(calendar, "period", period.grain, unit, units, period.start, period.end)

    @cached_property
    def label(self) -> str:
        """As it is written."""
        calendar = self.calendar
        if self.grain is not None:
            return calendar.label(self.grain, self.start)
        last = calendar.label(self.unit, calendar.start(self.unit, self.end - 1))
        if self.form == "rolling":
            return f"R{self.units}-{last}"
        if self.form == "to_date":
            return f"YTD-{last}"
        first = calendar.label(self.unit, self.start)
        return first[:4] if self.form == "year" else f"{first}..{last}"

    @property
    def period(self) -> Period | None:
        """The single period that it is, if it is one."""
        if self.grain is None:
            return None
        return Period(self.grain, self.label, self.start, self.end)

    # -- what it is compared with ------------------------------------------------------------------

    @property
    def previous(self) -> Stretch:
        """As much that ends where this one starts."""
        return self._moved(-self.units)

    def before(self, number: int) -> list[Stretch]:
        """The `number` ones before it, the latest first."""
        return [self._moved(-self.units * (place + 1)) for place in range(number)]

    def all_before(self, number: int) -> Stretch:
        """The `number` ones before it as one."""
        start = _moved_by(self.calendar, self.unit, self.start, -self.units * number)
        return _of_units(self.calendar, "range", self.unit, start, self.start)

    @property
    def last_year(self) -> Stretch:
        """The same dates a year before; the 29th of February becomes the 28th."""
        if self.unit == "month":
            return self._moved(-12)
        calendar = self.calendar
        first = calendar.local(self.start)
        if self.unit == "hour":
            start = calendar.start("hour", calendar.midnight(*_a_year_before(first)))
            start = calendar.start("hour", start + first.hour * HOUR)
            return self._at(start, start + self.units * HOUR)
        start = calendar.midnight(*_a_year_before(first))
        last = calendar.midnight(*_a_year_before(calendar.local(self.end - 1)))
        return self._at(start, calendar.end("day", last))

    @property
    def year_to_date(self) -> Stretch:
        """The financial year that it ends in, up to its end."""
        return _to_date(self.calendar, self.unit, self.end)

    def rolling(self, months: int) -> Stretch | None:
        """The `months` that end with it; None where it ends within a month."""
        if self.calendar.start("month", self.end) != self.end:
            return None
        start = _moved_by(self.calendar, "month", self.end, -months)
        return Stretch(self.calendar, "rolling", None, "month", months, start, self.end)

    def until(self, at: int) -> Stretch | None:
        """Its days that are over at an instant; all of it where it is over, None where not even its
        first day is."""
        if self.end <= at:
            return self
        end = self.calendar.start("day", at)
        if self.start >= end:
            return None
        form: Form = "to_date" if self.form == "to_date" else "range"
        return _of_days(self.calendar, form, self.start, end)

    def first(self, days: int) -> Stretch | None:
        """Its first days; None where it has no more than these, or begins within one."""
        calendar = self.calendar
        if calendar.start("day", self.start) != self.start:
            return None
        end = _moved_by(calendar, "day", self.start, days)
        return _of_days(calendar, "range", self.start, end) if end < self.end else None

    @property
    def days(self) -> int:
        """How many whole days lie in it."""
        calendar = self.calendar
        first = calendar.start("day", self.start)
        if first < self.start:
            first = calendar.end("day", first)
        return max(0, (calendar.local(self.end).date() - calendar.local(first).date()).days)

    def parts(self, grain: Grain) -> list[Period]:
        """The whole periods of a grain that lie in it, in order."""
        found, at = [], self.calendar.holding(grain, self.start)
        if at.start < self.start:
            at = self.calendar.holding(grain, at.end)
        while at.end <= self.end:
            found.append(at)
            at = self.calendar.holding(grain, at.end)
        return found

    def _moved(self, by: int) -> Stretch:
        """The same so many units later; negative is earlier."""
        start, end = (_moved_by(self.calendar, self.unit, at, by) for at in (self.start, self.end))
        return self._at(start, end)

    def _at(self, start: int, end: int) -> Stretch:
        form: Form = self.form
        if form == "to_date" and self.calendar.start("financial_year", start) != start:
            form = "range"
        if self.grain is None:
            return _of_units(self.calendar, form, self.unit, start, end)
        return Stretch(self.calendar, form, self.grain, self.unit, self.units, start, end)


def months_before(calendar: Calendar, at: int, months: int) -> int:
    """The start of the local day that lies so many months before an instant; the 31st becomes the
    last day of a shorter month."""
    local = calendar.local(at)
    index = local.year * 12 + local.month - 1 - months
    year, month = index // 12, index % 12 + 1
    last = calendar.local(calendar.end("month", calendar.midnight(year, month, 1)) - 1).day
    return calendar.midnight(year, month, min(local.day, last))


def _parsed(calendar: Calendar, text: str) -> Stretch:
    if ".." in text:
        first, last = (_one(calendar, part.strip()) for part in text.split("..", 1))
        if last.start < first.start:
            raise NoPeriod(
                f'"{text}" is no period: its ends are the wrong way round; write '
                f'"{last.label}..{first.label}"'
            )
        unit = min(first.unit, last.unit, key=UNITS.index)
        return _of_units(calendar, "range", unit, first.start, last.end)
    if found := re.fullmatch(r"R([1-9]\d{0,2})-(.+)", text):
        last = _one(calendar, found[2])
        if last.units == _MONTHS["financial_year"]:  # six of a year would be taken for months
            raise ValueError
        units = int(found[1]) * last.units
        start = _moved_by(calendar, last.unit, last.end, -units)
        return Stretch(calendar, "rolling", None, last.unit, units, start, last.end)
    if found := re.fullmatch(r"YTD-(.+)", text):
        last = _one(calendar, found[1])
        return _to_date(calendar, last.unit, last.end)
    return _one(calendar, text)


def _one(calendar: Calendar, text: str) -> Stretch:
    """A single period, or a calendar year."""
    if re.fullmatch(r"\d{4}", text):
        if int(text) not in YEARS:
            raise ValueError
        start, end = (calendar.midnight(year, 1, 1) for year in (int(text), int(text) + 1))
        return Stretch(calendar, "year", None, "month", 12, start, end)
    return Stretch.of(calendar, calendar.parse(text.removeprefix("FY") if "/" in text else text))


def _to_date(calendar: Calendar, unit: Unit, end: int) -> Stretch:
    return _of_units(calendar, "to_date", unit, calendar.start("financial_year", end - 1), end)


def _of_units(calendar: Calendar, form: Form, unit: Unit, start: int, end: int) -> Stretch:
    if unit == "hour":
        return Stretch(calendar, form, None, unit, (end - start) // HOUR, start, end)
    if unit == "day":
        return _of_days(calendar, form, start, end)
    first, last = calendar.local(start), calendar.local(end)
    months = (last.year - first.year) * 12 + last.month - first.month
    return Stretch(calendar, form, None, unit, months, start, end)


def _of_days(calendar: Calendar, form: Form, start: int, end: int) -> Stretch:
    days = (calendar.local(end).date() - calendar.local(start).date()).days
    return Stretch(calendar, form, None, "day", days, start, end)


def _size(grain: Grain) -> tuple[Unit, int]:
    if grain in ("hour", "day"):
        return grain, 1
    return "month", _MONTHS[grain]


def _moved_by(calendar: Calendar, unit: Unit, at: int, by: int) -> int:
    """The edge of a unit that lies so many units later."""
    if unit == "hour":
        return at + by * HOUR
    local = calendar.local(at)
    if unit == "day":
        day = local.date() + dt.timedelta(days=by)
        return calendar.midnight(day.year, day.month, day.day)
    month = local.year * 12 + local.month - 1 + by
    return calendar.midnight(month // 12, month % 12 + 1, 1)


def _a_year_before(day: dt.datetime) -> tuple[int, int, int]:
    late = day.month == 2 and day.day == 29
    return day.year - 1, day.month, 28 if late else day.day

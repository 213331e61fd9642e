"""Event time in a force's own time zone: hours, days, months, quarters, financial years.

All instants are integers: milliseconds since 1970-01-01 UTC. A period is half open, [start, end).
A day in March has 23 hours and one in October 25; the two hours that a clock shows as 01:00 on the
October night are two periods, told apart by the offset in their label.

| grain            | label                  |
|------------------|------------------------|
| `hour`           | `2021-10-31T01+01:00`  |
| `day`            | `2021-10-31`           |
| `month`          | `2021-10`              |
| `quarter`        | `2021-Q4` (calendar)   |
| `financial_year` | `2021/22` (April on)   |
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache, partial
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
QUARTER_HOUR = 15 * MINUTE

Grain = Literal["hour", "day", "month", "quarter", "financial_year"]
GRAINS: tuple[Grain, ...] = ("hour", "day", "month", "quarter", "financial_year")

YEARS = range(1900, 2200)
"""Years of which a date or a period is taken to be meant: records are of 1990 on, what other
systems report may be of long before."""
MEANT = f"of the years {YEARS[0]} to {YEARS[-1]}"

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MILLISECOND = dt.timedelta(milliseconds=1)


def to_ms(stamp: dt.datetime) -> int:
    """An aware datetime as milliseconds since 1970 UTC, by integer arithmetic (floor)."""
    since = stamp - EPOCH
    # As `since // MILLISECOND`, which takes twice as long.
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def rfc3339(ms: int, zone: dt.tzinfo = dt.UTC) -> str:
    """An instant as RFC 3339 text in `zone`; milliseconds only where they are not zero."""
    stamp = (EPOCH + dt.timedelta(milliseconds=ms)).astimezone(zone)
    return stamp.isoformat(timespec="milliseconds" if ms % SECOND else "seconds")


_QUARTERS_SINCE = to_ms(dt.datetime(1972, 2, 1, tzinfo=dt.UTC))
"""Before it some clocks were not ahead of UTC by whole quarter hours: Dublin's until 1916, the last
one, Liberia's, until 1972."""

Span = tuple[int, int]
"""A stretch of event time, [start, end) in milliseconds."""


class Period(NamedTuple):
    """A span of event time that has a name, [start, end) in milliseconds."""

    grain: Grain
    label: str
    start: int
    end: int


class NoPeriod(ValueError):
    """A text that is written as a period, and yet names none: it says why."""


class Offsets(dict[int, int | None]):
    """By number of the day since 1970 UTC: how far a zone's clocks are ahead of UTC, in ms, where
    they are so from the day before until the day after; None near a shift of clocks."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def __missing__(self, day: int) -> int | None:
        before, after = (EPOCH + dt.timedelta(days=each) for each in (max(0, day - 1), day + 2))
        offset, later = (at.astimezone(self.zone).utcoffset() for at in (before, after))
        same = offset is not None and offset == later
        found = self[day] = offset // MILLISECOND if offset is not None and same else None
        return found


class Shared(NamedTuple):
    """What all calendars of one zone have looked up."""

    offsets: Offsets
    starts: dict[tuple[Grain, int], int]
    """By grain and the number of a quarter hour, that of the day's midnight but near a shift of
    clocks: the start of the period. Clocks shift on a quarter hour everywhere since 1972."""
    ends: dict[tuple[Grain, int], int]
    """By grain and start."""
    labels: Callable[[Grain, int], str]


@cache
def _shared(zone: ZoneInfo) -> Shared:
    return Shared(Offsets(zone), {}, {}, lru_cache(maxsize=50_000)(partial(_label, zone)))


class Calendar:
    """The periods of one time zone. What was looked up is kept, once for all calendars of it."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._offsets, self._starts, self._ends, self._labels = _shared(zone)

    def local(self, ms: int) -> dt.datetime:
        """The local clock at an instant."""
        return _local(self.zone, ms)

    def midnight(self, year: int, month: int, day: int) -> int:
        """The instant at which a local day starts."""
        return int(dt.datetime(year, month, day, tzinfo=self.zone).timestamp()) * SECOND

    def start(self, grain: Grain, ms: int) -> int:
        """The start of the period of `grain` that holds the instant."""
        if ms < _QUARTERS_SINCE:
            return self._start_of(grain, ms)
        offset = self._offsets[ms // DAY]
        if offset is None:
            key = grain, ms // QUARTER_HOUR
        elif grain == "hour":
            return ms - (ms + offset) % HOUR
        else:
            midnight = ms - (ms + offset) % DAY
            if grain == "day":
                return midnight
            key = grain, midnight // QUARTER_HOUR
        found = self._starts.get(key)
        if found is None:
            found = self._starts[key] = self._start_of(grain, key[1] * QUARTER_HOUR)
        return found

    def _start_of(self, grain: Grain, ms: int) -> int:
        local = self.local(ms)
        if grain == "hour":
            return ms - (local.minute * MINUTE + local.second * SECOND + ms % SECOND)
        if grain == "day":
            return self.midnight(local.year, local.month, local.day)
        if grain == "month":
            return self.midnight(local.year, local.month, 1)
        if grain == "quarter":
            return self.midnight(local.year, local.month - (local.month - 1) % 3, 1)
        return self.midnight(local.year - (local.month < 4), 4, 1)

    def end(self, grain: Grain, start: int) -> int:
        """The end of the period of `grain` that starts at `start`."""
        if grain == "hour":
            # A clock that goes forward by half an hour makes an hour of 30 minutes.
            return self.start("hour", start + HOUR)
        found = self._ends.get((grain, start))
        if found is None:
            found = self._ends[grain, start] = self._end_of(grain, start)
        return found

    def _end_of(self, grain: Grain, start: int) -> int:
        local = self.local(start)
        if grain == "day":
            after = local.date() + dt.timedelta(days=1)
            return self.midnight(after.year, after.month, after.day)
        months = {"month": 1, "quarter": 3, "financial_year": 12}[grain]
        index = local.year * 12 + local.month - 1 + months
        return self.midnight(index // 12, index % 12 + 1, 1)

    def begun(self, grain: Grain, start: int, end: int) -> Iterator[Period]:
        """The periods of a grain that begin before `end`, from the one that holds `start` on; both
        in ms."""
        period = self.holding(grain, start)
        while period.start < end:
            yield period
            period = self.holding(grain, period.end)

    def holding(self, grain: Grain, ms: int) -> Period:
        """The period of `grain` that holds the instant."""
        start = self.start(grain, ms)
        return Period(grain, self.label(grain, start), start, self.end(grain, start))

    def before(self, period: Period) -> Period:
        """The period of the same grain that ends where this one starts."""
        return self.holding(period.grain, period.start - 1)

    def label(self, grain: Grain, start: int) -> str:
        """The name of the period of `grain` that starts at `start`."""
        return self._labels(grain, start)

    def parse(self, label: str) -> Period:
        """A period from its label; raises ValueError with the forms that are understood.

        An hour without an offset that happens twice is the first of the two.
        """
        try:
            found = self._parsed(label.strip())
        except NoPeriod:
            raise
        except (ValueError, OverflowError):  # a day or year that there is not
            found = None
        if found is None or self.local(found.start).year not in YEARS:
            forms = "2021-10-31T01, 2021-10-31, 2021-10, 2021-Q4 or 2021/22"
            raise ValueError(f'"{label}" is no period: write {forms}, {MEANT}')
        return found

    def _parsed(self, text: str) -> Period | None:
        if found := re.fullmatch(r"(\d{4})/(\d{2})", text):
            year = int(found[1])
            if (year + 1) % 100 == int(found[2]):
                return self.holding("financial_year", self.midnight(year, 4, 1))
        elif found := re.fullmatch(r"(\d{4})-Q([1-4])", text):
            return self.holding("quarter", self.midnight(int(found[1]), int(found[2]) * 3 - 2, 1))
        elif found := re.fullmatch(r"(\d{4})-(\d{2})", text):
            if 1 <= int(found[2]) <= 12:
                return self.holding("month", self.midnight(int(found[1]), int(found[2]), 1))
        elif re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = dt.date.fromisoformat(text)
            return self.holding("day", self.midnight(day.year, day.month, day.day))
        elif found := re.fullmatch(r"(\d{4}-\d{2}-\d{2}T\d{2})([+-]\d{2}:\d{2}|Z)?", text):
            stamp = dt.datetime.fromisoformat(f"{found[1]}:00{found[2] or ''}")
            if stamp.tzinfo is None:
                stamp = stamp.replace(tzinfo=self.zone)
            period = self.holding("hour", to_ms(stamp))
            if period.label.startswith(found[1]):
                return period
            if found[2] is None:  # a clock time that was skipped is read as another hour
                at = self.local(period.start)
                raise NoPeriod(
                    f'"{text}" is no period: clocks go forward then, and the next hour is '
                    f"{at:%Y-%m-%dT%H}"
                )
        return None


def _local(zone: ZoneInfo, ms: int) -> dt.datetime:
    return (EPOCH + dt.timedelta(milliseconds=ms)).astimezone(zone)


def _label(zone: ZoneInfo, grain: Grain, start: int) -> str:
    local = _local(zone, start)
    if grain == "hour":
        offset = local.isoformat()[-6:]
        return f"{local:%Y-%m-%dT%H}{offset}"
    if grain == "day":
        return f"{local:%Y-%m-%d}"
    if grain == "month":
        return f"{local:%Y-%m}"
    if grain == "quarter":
        return f"{local.year}-Q{(local.month + 2) // 3}"
    return financial_year(local.year)


def financial_year(begun: int) -> str:
    """The name of the financial year that began in a year.

    >>> financial_year(2017)
    '2017/18'
    """
    return f"{begun}/{(begun + 1) % 100:02d}"

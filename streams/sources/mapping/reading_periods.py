"""The periods of readings: a year, quarter, month, day or hour, from written times and back.

`2024`, `2024-Q1`, `2024-01`, `2024-01-31`, and an hour of local time `2024-01-31T09` or, where the
text had an offset, of UTC `2024-01-31T09Z`.
"""

from __future__ import annotations

import datetime as dt
import re

from streams.sources.mapping.times import DAY, MIDNIGHT, UTC, LocalClock, WrittenTime

HOUR, SECOND = dt.timedelta(hours=1), dt.timedelta(seconds=1)
_PERIOD = re.compile(
    r"(?P<year>\d{4})"
    r"(-Q(?P<quarter>[1-4])|-(?P<month>\d\d)(-(?P<day>\d\d)(T(?P<hour>\d\d)(?P<offset>\S+)?)?)?)?"
)


def period_text(written: WrittenTime, day: dt.date | None = None) -> str | None:
    """The period that a text names, with the `day` of a time of day; None where it is none."""
    if written.instant is not None:
        whole = written.instant.strftime("%Y-%m-%dT%H:%M:%S.%f")
        return f"{whole[:13]}Z" if whole.endswith(":00:00.000000") else None
    day = written.day or day
    if day is None or written.zone is not None:
        return None
    if written.precision in {"second", "clock"}:
        hour, rest = divmod(written.clock or MIDNIGHT, HOUR)
        return None if rest else f"{day}T{hour:02}"
    return str(day)[: {"year": 4, "month": 7}.get(written.precision, 10)]


def bounds(text: str, clock: LocalClock) -> tuple[dt.datetime, dt.datetime] | None:
    """The first instant of a period and its last second; None for a text that is no period."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        return None
    try:
        year = int(found["year"])
        if found["hour"]:
            return _hour(text, found, clock)
        if found["day"]:
            first = dt.date(year, int(found["month"]), int(found["day"]))
            following = first + DAY
        else:
            quarter = int(found["quarter"] or 0)
            month = quarter * 3 - 2 if quarter else int(found["month"] or 1)
            months = 3 if quarter else 1 if found["month"] else 12
            first = dt.date(year, month, 1)
            following = dt.date(year + (month + months > 12), (month + months - 1) % 12 + 1, 1)
        return clock.at(first), clock.at(following) - SECOND
    except (ValueError, OverflowError):
        return None


def _hour(text: str, found: re.Match[str], clock: LocalClock) -> tuple[dt.datetime, dt.datetime]:
    if found["offset"]:
        begin = dt.datetime.fromisoformat(text).astimezone(UTC)
    else:
        begin = clock.at(dt.date.fromisoformat(text[:10]), int(found["hour"]) * HOUR)
    return begin, begin + HOUR - SECOND

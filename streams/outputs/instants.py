"""Instants as a person or a URL writes them."""

from __future__ import annotations

import datetime as dt
import re

from streams.periods import to_ms

EARLIEST_YEAR, LATEST_YEAR = 1990, 2100


def parse_instant(text: str, zone: dt.tzinfo) -> int:
    """RFC 3339 text as milliseconds; without an offset it is local time in `zone`.

    A space before the offset is taken for the plus sign that it is in a URL. Raises ValueError
    with words for a person.
    """
    repaired = re.sub(r" (\d{2}:\d{2})$", r"+\1", text.strip()) if "T" in text else text.strip()
    try:
        stamp = dt.datetime.fromisoformat(repaired)
    except ValueError:
        raise ValueError(
            f'"{text}" is no time: write 2022-01-14T17:30:00Z, or with another offset'
        ) from None
    if not EARLIEST_YEAR <= stamp.year <= LATEST_YEAR:
        raise ValueError(f'"{text}" lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}')
    return to_ms(stamp if stamp.tzinfo else stamp.replace(tzinfo=zone))

"""What all peers are to find, and the form in which their answers are compared.

Of calls: how many were offered, how many answered, and how many of these within ten seconds, by
line, area and five minutes of the time of offering. A *window* is the number of such five minutes
since 1970.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

WINDOW = 300
ZONE = ZoneInfo("Europe/London")
Key = tuple[str, str, int]
"""Line, area, window."""
Counts = tuple[int, int, int]


def by_day(windows: Iterable[tuple[Key, Counts]]) -> dict[str, list[int]]:
    """Offered, answered and within ten seconds by line, area (and whole force) and local day."""
    days: dict[str, list[int]] = {}
    names: dict[int, str] = {}
    for (line, area, window), counts in windows:
        day = names.get(window)
        if day is None:
            day = names[window] = f"{dt.datetime.fromtimestamp(window * WINDOW, ZONE):%Y-%m-%d}"
        for place in (area, "force"):
            found = days.setdefault(f"{line} {place} {day}", [0, 0, 0])
            for number, count in enumerate(counts):
                found[number] += count
    return days

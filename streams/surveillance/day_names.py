"""The names of a force's days: bank holidays of its country, and its dated events, by area."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from detectors.named_days import NamedDays
from streams.config.force import WHOLE, Force


class DayNames:
    """The names of local dates, for each area.

    An event that names areas is one of these areas and of those within them. Other areas, and the
    force as a whole, have only the events that name no area.
    """

    def __init__(self, force: Force) -> None:
        events = force.file.events
        within = {chain[0]: set(chain) for chain in force.rollup[1:]} | {WHOLE: set[str]()}
        calendars: dict[tuple[int, ...], NamedDays] = {}
        self._by_area: dict[str, NamedDays] = {}
        for area, chain in within.items():
            mine = tuple(n for n, e in enumerate(events) if not e.areas or chain & set(e.areas))
            if mine not in calendars:
                dated = [(e.name, e.start, e.end or e.start) for e in (events[n] for n in mine)]
                calendars[mine] = NamedDays(force.file.country, dated)
            self._by_area[area] = calendars[mine]
        self.names = lru_cache(maxsize=2_000)(self._names)

    def _names(self, area: str, day: dt.date) -> tuple[str, ...]:
        return self._by_area[area].names(day)

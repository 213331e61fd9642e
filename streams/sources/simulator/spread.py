"""Days for records that are known only to the month, so that a demonstration can show them live.

Published street-level crimes name a month and nothing more. Here each gets a day and a time of that
month by a seeded draw, and an id that says so: `sim-day:` before its own. Never use the result for
anything but a demonstration or a load.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from streams.events.schema import Crime, Incident, decode, encode_event
from streams.periods import Calendar, to_ms
from streams.sources.simulator.arrivals import OTHER_WEEK, QUARTER_HOUR, quarter_of_week

SIMULATED_DAY = "sim-day:"
"""Stands before the id of a record whose day and time were drawn."""


class _Month:
    """The quarter hours of a local month, to be drawn by the weight of their place in the week."""

    def __init__(self, calendar: Calendar, label: str) -> None:
        period = calendar.parse(label)
        self._start = period.start
        quarters = range(period.start, period.end, QUARTER_HOUR)
        weights = OTHER_WEEK.weights
        self._sums = list(accumulate(weights[quarter_of_week(q, calendar.zone)] for q in quarters))

    def draw(self, rng: Random) -> int:
        """An instant of the month, in whole seconds, as ms since 1970 UTC."""
        at = bisect_right(self._sums, rng.random() * self._sums[-1])
        quarter = min(at, len(self._sums) - 1)
        return self._start + quarter * QUARTER_HOUR + rng.randrange(900) * 1000


def spread_crimes(
    lines: Iterable[bytes], seed: int, zone: ZoneInfo | None = None
) -> Iterator[tuple[int, bytes]]:
    """Give crimes (and incidents) known only to the month a day and a time in it.

    `lines` are event lines, and are held in memory: a file of some months, not a year of a big
    force. Yields (instant in ms, line) in order of the instants. The time is drawn from the seed
    and the id alone, by hour of week in `zone` (default Europe/London), so the same record falls on
    the same second whatever stands beside it. The new record is version 1, updated when it was
    recorded; its outcome, which came later, is left out. A record that is known more finely passes
    as it is, at its `updated_at`. Raises `Refused` for a line that can't be decoded.
    """
    zone = zone or ZoneInfo("Europe/London")
    calendar = Calendar(zone)
    months: dict[str, _Month] = {}
    found: list[tuple[int, int, bytes]] = []
    for number, line in enumerate(lines):
        event = decode(line)
        if not isinstance(event, Crime | Incident):
            continue
        known = event.recorded_at if isinstance(event, Crime) else event.opened_at
        if known is None or len(known) != 7:
            found.append((to_ms(event.updated_at), number, line))
            continue
        if known not in months:
            months[known] = _Month(calendar, known)
        instant = months[known].draw(Random(f"{seed}/{event.id}"))
        at = dt.datetime.fromtimestamp(instant // 1000, zone)
        changed = {
            "id": SIMULATED_DAY + event.id,
            "version": 1,
            "updated_at": at,
            "origin": "simulated",
        }
        if isinstance(event, Crime):
            changed |= {"recorded_at": at.isoformat(), "outcome": None, "outcome_at": None}
        else:
            changed |= {"opened_at": at.isoformat()}
        found.append((instant, number, encode_event(msgspec.structs.replace(event, **changed))))
    found.sort()
    for instant, _, line in found:
        yield instant, line

"""Writes a simulated county's year: calls, incidents and crimes in the order in which they come.

    python benchmarks/year.py FILE [--days 365]

Every version of every record is a line: 1.4 million in a year, without heartbeats. Calls and
incidents are the simulator's. Crimes are drawn here, 130 a day, and two of five have an outcome
some days later.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Iterator
from heapq import merge
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any

from streams.config.force import Force, find_force
from streams.periods import Calendar
from streams.sources.simulator import Rates, simulate
from streams.sources.simulator.incidents import smallest_areas

FORCE = "warwickshire"
FIRST = dt.date(2023, 1, 1)
SEED = 5
CRIMES_A_DAY = 130
DAY = 86_400_000
OUTCOMES = (1, 2, 14, 16, 18)


def stamp(ms: int) -> str:
    at = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def crimes(force: Force, start: int, end: int, prefix: str = "C") -> Iterator[tuple[int, bytes]]:
    """(instant in ms, line) of each version of each crime, by instant; their ids begin with a
    prefix."""
    chance = Random(SEED)
    offences = list(force.offences.paths)
    areas, weights = zip(
        *((area.id, weight) for area, weight in smallest_areas(force)), strict=True
    )
    found: list[tuple[int, bytes]] = []

    def add(at: int, record: dict[str, Any]) -> None:
        if at < end:
            found.append((at, json.dumps({**record, "updated_at": stamp(at)}).encode()))

    at = start
    while (at := at + int(chance.expovariate(CRIMES_A_DAY / DAY))) < end:
        record = {
            "kind": "crime",
            "force": force.id,
            "id": f"{prefix}{len(found)}",
            "offence": chance.choice(offences),
            "area": chance.choices(areas, weights)[0],
            "recorded_at": stamp(at),
        }
        add(at, {**record, "version": 1})
        if chance.random() < 0.4:
            then = at + int(chance.uniform(1, 30) * DAY)
            outcome = {"outcome": chance.choice(OUTCOMES), "outcome_at": stamp(then)}
            add(then, {**record, **outcome, "version": 2})
    return iter(sorted(found))


def write(path: str, days: int) -> int:
    """Writes the lines of so many days and returns their number."""
    force = find_force(FORCE)
    calendar = Calendar(force.zone)
    start, end = (
        calendar.midnight(day.year, day.month, day.day)
        for day in (FIRST, FIRST + dt.timedelta(days))
    )
    room = simulate(force, start, end, SEED, Rates(heartbeat_seconds=0))
    lines = 0
    with Path(path).open("wb") as out:
        for _, line in merge(room, crimes(force, start, end), key=itemgetter(0)):
            out.write(line + b"\n")
            lines += 1
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file")
    parser.add_argument("--days", type=int, default=365)
    asked = parser.parse_args()
    print(f"{write(asked.file, asked.days):,} lines")


if __name__ == "__main__":
    main()

"""What a figure costs that is asked for: an indicator in every area, over 25 months.

    python benchmarks/figures.py [--crimes 150000] [--areas 500]

Crimes of 25 months, drawn evenly over all offences and areas, are counted into a monitor; then
indicators are asked for, first when nothing of these months was read before, and again. Printed are
milliseconds of CPU time, the medians of five.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable

from streams.board.answers import AnswerRows, FigureQuestion, Page, SeriesAnswer
from streams.board.compare import COMPARISONS
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import Force, check_force, shipped_force_text
from streams.periods import DAY, Calendar, rfc3339
from streams.stretches import Stretch

FIRST, LAST = "2019-09", "2021-09"
BATCH = 1_000


def force_of(areas: int) -> Force:
    """West Mercia with so many beats more."""
    beats = "".join(
        f'\n[[areas]]\nid = "beat-{n}"\nname = "Beat {n}"\nkind = "beat"\n' for n in range(areas)
    )
    force, problems = check_force(shipped_force_text("west-mercia") + beats, "west-mercia.toml")
    if force is None:
        raise problems[0]
    return force


def counted(force: Force, crimes: int) -> Monitor:
    """A monitor that has counted so many crimes."""
    monitor, chance, calendar = Monitor([force]), random.Random(1), Calendar(force.zone)
    monitor.play_history(True)
    start, end = calendar.parse(FIRST).start, calendar.parse(LAST).end
    areas = [area.id for area in force.file.areas]
    lines = []
    for number, at in enumerate(sorted(chance.randrange(start, end) for _ in range(crimes))):
        record = {
            "kind": "crime",
            "force": force.id,
            "id": str(number),
            "recorded_at": rfc3339(at),
            "updated_at": rfc3339(at),
            "offence": chance.choice(force.offences.paths),
            "area": chance.choice(areas),
        }
        lines.append(json.dumps(record).encode())
    for place in range(0, crimes, BATCH):
        monitor.ingest(b"\n".join(lines[place : place + BATCH]), end + DAY)
    monitor.advance(end + DAY)
    return monitor


def milliseconds(call: Callable[[], object], times: int = 5) -> float:
    """The median CPU time of a call."""
    found = []
    for _ in range(times):
        started = time.process_time()
        call()
        found.append((time.process_time() - started) * 1000)
    return statistics.median(found)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--crimes", type=int, default=150_000)
    parser.add_argument("--areas", type=int, default=0, help="Beats beside the areas there are.")
    given = parser.parse_args()
    force = force_of(given.areas)
    monitor = counted(force, given.crimes)
    within = Stretch.parse(Calendar(force.zone), f"{FIRST}..{LAST}")
    months = [period.label for period in within.parts("month")]

    def asked() -> Query:
        return Query(monitor, force.id)

    def all_areas(indicator: str, prefix: str = "") -> None:
        query = asked()
        for month in months:
            query.by_area(indicator, prefix + month)

    def series(grain: str) -> None:
        answer = SeriesAnswer(asked(), "robbery", grain, within.label, Page(0, 1_000))
        answer.whole(list(answer.points()))

    every = FigureQuestion((), [LAST], ["all"], COMPARISONS)
    print(f"{given.crimes:,} crimes, {len(force.areas):,} areas, {len(months)} months")
    for what, call, times in (
        ("an indicator in all areas and months, the first time", lambda: all_areas("rape"), 1),
        ("another, the first time", lambda: all_areas("shoplifting"), 1),
        ("again", lambda: all_areas("shoplifting"), 5),
        ("its rolling twelve months", lambda: all_areas("shoplifting", "R12-"), 5),
        ("one by month, with its chart", lambda: series("month"), 5),
        ("one by day, in one area", lambda: series("day"), 5),
        (
            "1,000 rows with all comparisons",
            lambda: list(AnswerRows(asked(), every).page(Page(0, 1_000))),
            1,
        ),
    ):
        print(f"{milliseconds(call, times):8.1f} ms  {what}")


if __name__ == "__main__":
    main()

"""What is read of a county after 25 months: the board with all of them, figures and charts by area.

The county is simulated in full on the first days of each month, so that every row of every month
has figures. Each reading is made when some lines are new, as a screen finds it; the first one, for
which nothing is kept yet, is in the note.
"""

from __future__ import annotations

import datetime as dt
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from heapq import merge
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

sys.path.insert(0, str(Path(__file__).parents[1]))

from measuring import Bench, Child, Row, in_turn
from speed.reading import FORCE, NEWS, READINGS, RECEIVED
from year import crimes

from streams.board.answers import AnswerRows, FigureQuestion, Page, SeriesAnswer
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import find_force
from streams.live import Live
from streams.periods import Calendar
from streams.sources.simulator import Rates, simulate

FIRST = dt.date(2023, 1, 1)
MONTHS = [f"{2023 + n // 12}-{n % 12 + 1:02d}" for n in range(25)]
ALL = f"{MONTHS[0]}..{MONTHS[-1]}"
PAGE = Page(0, 1_000)
NO_MONITOR = "http://127.0.0.1:9"

live: Live
lines: BinaryIO


def write(path: str, days: int) -> int:
    """Writes so many days of each month and returns the number of lines."""
    force = find_force(FORCE)
    calendar, number = Calendar(force.zone), 0
    with Path(path).open("wb") as out:
        for seed, month in enumerate(MONTHS):
            start = calendar.parse(month).start
            end = calendar.start("day", start + days * 86_400_000 + 3_600_000)
            room = simulate(force, start, end, seed, Rates(heartbeat_seconds=0))
            for _, line in merge(room, crimes(force, start, end, f"{month}-"), key=itemgetter(0)):
                out.write(line + b"\n")
                number += 1
    return number


def feed(number: int) -> None:
    while number and (lot := list(islice(lines, min(300, number)))):
        number -= len(lot)
        assert not live.monitor.ingest(b"".join(lot).rstrip(), RECEIVED)


def prepare(path: str, number: int) -> None:
    """Folds the first lines."""
    global live, lines  # noqa: PLW0603  the state of this process
    live = Live(Monitor([find_force(FORCE)]), watermark)
    live.health.state = "live"
    lines = Path(path).open("rb")  # noqa: SIM115  as long as the process
    feed(number)


def watermark() -> int:
    return max(fold.watermark for shard in live.monitor.shards for fold in shard.ledgers().values())


def show_months() -> None:
    live.board(FORCE, None, MONTHS)


def show_series() -> None:
    """By area and month with the chart of each, as /api/series makes it."""
    for area in find_force(FORCE).area_index:
        query = Query(live.monitor, FORCE, None, live.lock)
        asked = SeriesAnswer(query, "violence_with_injury", "month", ALL, PAGE, area)
        asked.whole(list(asked.points()))


def show_every_figure() -> None:
    """Each indicator in each area in a month, as /api/board makes it."""
    query = Query(live.monitor, FORCE, None, live.lock)
    for _ in AnswerRows(query, FigureQuestion((), [MONTHS[-2]], ("all",))):
        pass


def once(name: str) -> float:
    """The CPU milliseconds of one reading."""
    begun = time.process_time()
    globals()[name]()
    return 1000 * (time.process_time() - begun)


def again(name: str) -> float:
    """The median of some, each when something is new."""
    times = []
    for _ in range(READINGS):
        feed(NEWS)
        times.append(once(name))
    return sorted(times)[READINGS // 2]


def start_up() -> float:
    """The CPU milliseconds of `watchroom query` where no monitor answers."""
    command = [sys.executable, "-m", "streams.cli", "query", "robbery", "--period", MONTHS[0]]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([*command, "--url", NO_MONITOR], check=False, capture_output=True)
    return 1000 * (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)


WANTED: dict[str, tuple[str, float | None, float | None]] = {
    "show_months": ("board with 25 months", 60.0, 40.0),
    "show_series": ("series and chart of 25 months in each area", None, None),
    "show_every_figure": ("every indicator in every area in a month", None, None),
}


def measure(bench: Bench) -> None:
    path = bench.folder / "months.ndjson"
    with Child(Path(__file__), bench.here, bench.core) as child:
        number = int(child.ask("write", str(path), bench.size(4, 2, 1)).value)
        used = (bench.rounds + 1) * len(WANTED) * NEWS * READINGS
        child.ask("prepare", str(path), number - used)
        first = {name: float(child.ask("once", name).value) for name in WANTED}
        asked: Callable[[str], float] = lambda name: float(child.ask("again", name).value)  # noqa: E731
        found = in_turn(bench.rounds, {name: (asked, name) for name in WANTED})
        for name, (words, floor, aim) in WANTED.items():
            note = f"the first time, {first[name]:.0f} ms"
            bench.add(Row(words, found[name], "ms", floor, aim, note=note))
        started = in_turn(bench.rounds, {"start": (lambda: float(child.ask("start_up").value),)})
        bench.add(Row("watchroom query, until it asks a monitor", started["start"], "ms"))

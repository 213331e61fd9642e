"""What is read of a county after a year: board, scrape, and what its detectors cost an hour.

A year goes through a monitor with all its series watched. Then, week by week, more of it is folded,
and after each week and a few more minutes the board, the board with twelve months, and a scrape are
made, each several times: first when something is new, as a screen or Prometheus finds it.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

sys.path.insert(0, str(Path(__file__).parents[1]))

from measuring import Bench, Child, Row, in_turn

from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.live import Live
from streams.outputs.metrics.prometheus import Exporter
from streams.state.surveillance import watch_all

FORCE = "warwickshire"
RECEIVED = 1_893_456_000_000
"""A reception after all events, in ms."""
NEWS = 30
"""Lines between two readings: about ten minutes of a county."""
READINGS = 5
MONTHS = [f"2023-{month:02d}" for month in range(1, 13)]
WEEK = 168

live: Live
exporter: Exporter
lines: BinaryIO
spent: list[float] = []
"""CPU seconds of the detectors by closed period, of the week that is fed."""


def feed(number: int) -> int:
    """Folds so many lines and returns how many there were."""
    taken = 0
    while taken < number and (lot := list(islice(lines, min(300, number - taken)))):
        taken += len(lot)
        assert not live.monitor.ingest(b"".join(lot).rstrip(), RECEIVED)
    return taken


def prepare(path: str, number: int) -> int:
    """Folds the first lines; the number of series that are watched."""
    global live, exporter, lines  # noqa: PLW0603  the state of this process
    monitor = Monitor([find_force(FORCE)])
    watch_all(monitor)
    for shard in monitor.shards:
        for surveillance in shard.surveillance.values():
            surveillance.closed = timed(surveillance.closed)
    live = Live(monitor, watermark)
    live.health.state = "live"
    exporter = Exporter(live)
    lines = Path(path).open("rb")  # noqa: SIM115  as long as the process
    feed(number)
    view = live.board(FORCE).surveillance
    return view.watches if view else 0


def timed(closed: Callable[[Any], Iterator[None]]) -> Callable[[Any], Iterator[None]]:
    def taken(closing: Any) -> Iterator[None]:
        begun = time.process_time()
        yield from closed(closing)
        spent.append(time.process_time() - begun)

    return taken


def watermark() -> int:
    return max(fold.watermark for shard in live.monitor.shards for fold in shard.ledgers().values())


def week(number: int) -> float:
    """Folds about a week; the CPU milliseconds of all detectors an hour."""
    spent.clear()
    begun = watermark()
    feed(number)
    return 1000 * sum(spent) / ((watermark() - begun) / 3_600_000)


def learning() -> float:
    """The CPU milliseconds of the dearest hour of the last week: the one in which a week ends, and
    the weeks of all series are learned."""
    return 1000 * max(spent)


def reading(work: Callable[[], object]) -> float:
    """The median CPU milliseconds of a reading when something is new."""
    times = []
    for _ in range(READINGS):
        feed(NEWS)
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return 1000 * statistics.median(times)


def board() -> float:
    return reading(show_board)


def show_board() -> None:
    live.board(FORCE)


def board_of_months() -> float:
    return reading(show_months)


def show_months() -> None:
    live.board(FORCE, None, MONTHS)


def scrape() -> float:
    return reading(show_metrics)


def show_metrics() -> int:
    """Makes a scrape; its series."""
    text, _ = exporter.text()
    return sum(1 for line in text.splitlines() if line and not line.startswith(b"#"))


def again(name: str) -> None:
    """One kind of reading many times, for a profile."""
    for _ in range(10):
        feed(NEWS)
        globals()[name]()


WANTED = {
    "week": ("surveillance, steady state after a year, a closed hour", 2.0, 1.0),
    "board": ("board, live", 30.0, 20.0),
    "board_of_months": ("board with 12 months", 60.0, 40.0),
    "scrape": ("scrape with watches", 100.0, 60.0),
}
PROFILED = {"board": "show_board", "board_of_months": "show_months", "scrape": "show_metrics"}


def measure(bench: Bench) -> None:
    path, total = bench.year()
    a_week = total * 7 // bench.days
    used = (bench.rounds + 1) * (a_week + len(PROFILED) * NEWS * READINGS) + 10 * NEWS
    with bench.children(__file__) as children:
        series = {
            name: child.ask("prepare", str(path), total - used).value
            for name, child in children.items()
        }
        arguments = {"week": (a_week,)}

        def asked(name: str, what: str) -> float:
            return float(children[name].ask(what, *arguments.get(what, ())).value)

        found = in_turn(
            bench.rounds,
            {(name, what): (asked, name, what) for what in WANTED for name in children},
        )
        here = children["here"]
        learned, scraped = here.ask("learning").value, here.ask("show_metrics").value
        notes = {
            "week": f"{series['here']:,} series, what they learn included; the dearest closing, in "
            f"which a week is learned, {learned:.0f} ms",
            "scrape": f"{scraped:,} series",
        }
        for what, (words, floor, aim) in WANTED.items():
            row = Row(words, found["here", what], "ms", floor, aim, note=notes.get(what, ""))
            row.before = found.get(("before", what))
            work = ("again", PROFILED[what]) if what in PROFILED else ("week", a_week // 2)
            bench.add(row, partial(profile, here, *work))


def profile(child: Child, *work: Any) -> list[str]:
    return list(child.ask("profile", *work).value)

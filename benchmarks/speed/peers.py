"""Other programs on the same file of calls, each as its own documentation advises.

They count calls by line, area and five minutes, and nothing else: no rules, no revisions, no closed
periods, no board. All answers are compared with ours, day by day. Watchroom reads the same file in
batches of 300 lines, and makes its board. What runs on a broker is in `worker.py`.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import core
from measuring import BENCHMARKS, Bench, Child, Row, in_turn
from windows import by_day

PEERS = {"polars": "with_polars", "DuckDB": "with_duckdb", "Bytewax": "with_bytewax"}
WORDS = {1: "final versions", 3: "three versions"}

_found: dict[str, Any] = {}


def write(path: str, calls: int, versions: int) -> None:
    Path(path).write_bytes(b"\n".join(core.batches(calls, versions=versions)) + b"\n")


def lots(path: str) -> list[bytes]:
    """The lines of a file in batches."""
    found = []
    with Path(path).open("rb") as file:
        while lines := list(islice(file, core.BATCH)):
            found.append(b"".join(lines)[:-1])
    return found


def dict_loop(path: str) -> None:
    """The reference, which has no versions: of these it counts each by itself."""
    _found["dict"] = core.reference(lots(path))


def watchroom(path: str) -> None:
    _found["monitor"] = monitor = core.core(lots(path))
    monitor.board("warwickshire", core.ledger_of(monitor).watermark)


def dict_figures() -> dict[str, list[int]]:
    return by_day(
        ((line, area, window), tuple(counts))
        for (_, line, area, window), counts in _found["dict"].items()
    )


def figures() -> dict[str, list[int]]:
    """What the boards of all days say, in the form in which peers answer: of the force and of areas
    without parts; answers within ten seconds only of the line whose target that is."""
    monitor = _found["monitor"]
    days = [f"2021-03-{day:02d}" for day in range(1, 32)]
    board = monitor.board("warwickshire", core.ledger_of(monitor).watermark, days)
    file = monitor.forces["warwickshire"].file
    lines = {line.id for line in file.lines}
    wholes = {area.parent for area in file.areas}
    found = {}
    for day in days:
        for row in board.periods[day].calls:
            if row.line in lines and row.area not in wholes and row.offered:
                counts = [row.offered, row.answered]
                if row.line == "999":
                    counts.append(row.answered_within)
                found[f"{row.line} {row.area} {day}"] = counts
    return found


def agrees(theirs: dict[str, list[int]], ours: dict[str, list[int]]) -> bool:
    """Whether two answers are the same, as far as ours goes."""
    return all(theirs[place][: len(counts)] == counts for place, counts in ours.items())


def measure(bench: Bench) -> None:
    if bench.peers is None:
        print("    other programs: not measured, `make bench` installs them")
        return
    calls = bench.size(100_000, 30_000, 300)
    for versions, words in WORDS.items():
        path = str(bench.folder / f"calls-{versions}.ndjson")
        with ExitStack() as stack:
            ours = stack.enter_context(Child(Path(__file__), bench.here, bench.core))
            ours.ask("write", path, calls, versions)
            theirs = {
                name: stack.enter_context(
                    Child(
                        BENCHMARKS / "peers" / f"{file}.py",
                        bench.here,
                        bench.core,
                        str(bench.peers),
                        POLARS_MAX_THREADS="1",
                    )
                )
                for name, file in PEERS.items()
            }
            works: dict[str, Any] = {
                "the dict loop": (ours.seconds, "dict_loop", path),
                "Watchroom": (ours.seconds, "watchroom", path),
            }
            for name, child in theirs.items():
                works[name] = (child.seconds, "count", path, versions)
            found = in_turn(bench.rounds, works)
            wanted = ours.ask("figures").value
            answers = {name: child.ask("figures").value for name, child in theirs.items()}
            if versions == 1:
                answers["the dict loop"] = ours.ask("dict_figures").value
            for name, answer in answers.items():
                assert answer == next(iter(answers.values())), f"{name} counts otherwise"
                assert agrees(answer, wanted), f"{name} counts otherwise than Watchroom"
        for name in PEERS:
            bench.add(
                Row(
                    f"{name} on the same calls, {words}",
                    found["the dict loop"] / found[name],
                    "of the dict loop",
                    more=True,
                    group="peers",
                    note=f"{1e6 * found[name] / (calls * versions):.2f} us an event; Watchroom "
                    f"{found['the dict loop'] / found['Watchroom']:.2f} of the dict loop",
                )
            )

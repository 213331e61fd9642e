"""The fold of crimes that are counted in thirty ways and more, as a share of a dict loop.

Each crime has markers, a victim and a suspect, and a second version with its outcome. Crimes are
counted as they are declared, by the time of recording and by that of the outcome. As with calls,
every hour is closed and one board is made at the end.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
import tracemalloc
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from core import BATCH, RECEIVED
from measuring import Bench, Child, Row, in_turn

from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.events.schema import Crime, decode_line
from streams.registry.crimes import CRIME

FORCE = "warwickshire"
START = dt.datetime(2021, 3, 1, tzinfo=dt.UTC)
DAYS = 30
MARKERS = find_force(FORCE).markers.paths
CHARGED = 1
OUTCOMES = {CHARGED: 8, 2: 1, 8: 3, 14: 10, 15: 16, 16: 17, 18: 45}
"""Of a hundred crimes, roughly: most end without a suspect, few with a charge."""

assert len(CRIME.counters) >= 30, "a crime is counted in too few ways"

_work: list[bytes] = []


def stamp(second: float) -> str:
    return (START + dt.timedelta(seconds=second)).isoformat(timespec="milliseconds")


def marked(chance: random.Random) -> list[str]:
    """The markers of a crime: a third has one, most often the first, and some have another."""
    often = [1 / rank for rank in range(1, len(MARKERS) + 1)]
    wanted = chance.choices((0, 1, 2), (65, 28, 7))[0]
    return sorted(set(chance.choices(MARKERS, often, k=wanted)))


def prepare(crimes: int) -> None:
    """Two versions of each crime, in the order of their updates, in batches."""
    chance = random.Random(1)
    force = find_force(FORCE)
    areas = [area.id for area in force.file.areas]
    wholes = {path.rpartition(".")[0] for path in force.offences.paths}
    offences = [path for path in force.offences.paths if path not in wholes]
    often = [1 / rank for rank in range(1, len(offences) + 1)]
    lines: list[tuple[float, bytes]] = []
    for n in range(crimes):
        recorded = n * DAYS * 86_400 / crimes
        known = recorded + chance.expovariate(1 / (4 * 86_400))
        record: dict[str, Any] = {
            "kind": "crime",
            "force": FORCE,
            "id": f"C{n:09d}",
            "offence": chance.choices(offences, often)[0],
            "area": chance.choice(areas),
            "recorded_at": stamp(recorded),
            "committed_from": stamp(recorded - chance.expovariate(1 / 86_400)),
            "markers": marked(chance),
            "victims": [f"v{chance.randrange(crimes):015x}"],
            "suspects": [f"s{chance.randrange(crimes):015x}"],
        }
        code = chance.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
        outcome = {"outcome": code, "outcome_at": stamp(known)}
        versions = ((recorded, {}), (known, outcome))
        for version, (at, more) in enumerate(versions, start=1):
            line = {**record, **more, "version": version, "updated_at": stamp(at)}
            lines.append((at, json.dumps(line).encode()))
    lines.sort(key=lambda item: item[0])
    ordered = [line for _, line in lines]
    _work[:] = [b"\n".join(ordered[at : at + BATCH]) for at in range(0, len(ordered), BATCH)]


def dict_loop() -> None:
    """Decodes, and counts crimes, those marked and those with an outcome in a dict of windows."""
    windows: dict[tuple[str, str | None, str | None, int], list[int]] = {}
    for batch in _work:
        for line in batch.split(b"\n"):
            event = decode_line(line)
            assert isinstance(event, Crime)
            assert event.recorded_at is not None
            window = int(dt.datetime.fromisoformat(event.recorded_at).timestamp()) // 300
            key = (event.force, event.offence, event.area, window)
            counts = windows.get(key)
            if counts is None:
                counts = windows[key] = [0, 0, 0]
            counts[0] += 1
            if event.markers:
                counts[1] += 1
            if event.outcome is not None:
                counts[2] += 1


def folded() -> Monitor:
    monitor = Monitor([find_force(FORCE)])
    for batch in _work:
        assert not monitor.ingest(batch, RECEIVED)
    return monitor


def fold() -> int:
    """The crimes of the first week."""
    monitor = folded()
    ledger = monitor.ledger("crime", FORCE)
    assert ledger is not None
    board = monitor.board(FORCE, ledger.watermark, ["2021-03"])
    rows = board.periods["2021-03"].crimes
    return sum(row.count for row in rows if (row.area, row.offence) == ("force", "all"))


def memory() -> float:
    """Bytes by crime, its share of all sums and of the table of facts included."""
    tracemalloc.start()
    monitor = folded()
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    ledger = monitor.ledger("crime", FORCE)
    assert ledger is not None
    return used / len(ledger.entries)


def measure(bench: Bench) -> None:
    crimes = bench.size(40_000, 20_000, 300)
    with Child(Path(__file__), bench.here, bench.core) as child:
        child.ask("prepare", crimes)
        assert child.ask("fold").value > 0
        found = in_turn(
            bench.rounds, {name: (child.seconds, name) for name in ("dict_loop", "fold")}
        )
        row = Row(
            "fold of crimes with markers, two persons, two clocks, 30 counters",
            found["dict_loop"] / found["fold"],
            "of the dict loop",
            0.25,
            0.4,
            more=True,
            note=f"{1e6 * found['fold'] / (2 * crimes):.1f} us an event, the dict loop "
            f"{1e6 * found['dict_loop'] / (2 * crimes):.1f} us",
        )
        bench.add(row, lambda: child.ask("profile", "fold").value)
        bench.add(
            Row(
                "memory, a crime with two persons and markers",
                child.ask("memory").value,
                "B",
                500.0,
                400.0,
            )
        )

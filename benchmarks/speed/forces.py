"""What more forces and more areas cost: 43 forces against one, and 500 areas against 5.

Forty-three counties of 14 areas each share the calls, incidents and crimes that one has in the
other run, mixed line by line as a file of all of them is; figures are per event. Of one force with
500 areas the board is made, and of one with 5, when something is new.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from measuring import Bench, Row, in_turn

import streams.config
from streams.board.monitor import Monitor
from streams.config.force import Force, find_force
from streams.outputs.wallboard.hub import places_content

START = dt.datetime(2021, 3, 1, tzinfo=dt.UTC)
RECEIVED = 1_893_456_000_000
BATCH = 300
DAYS = 20
READINGS = 7
CATEGORIES = ("asb.personal", "asb.nuisance", "domestic", "concern", "road_collision")
OFFENCES = ("violence.injury", "burglary.residential", "theft.shoplifting", "drugs.possession")

forces: list[Force] = []
payloads: list[bytes] = []


def county(name: str, areas: int, folder: Path) -> Force:
    """Warwickshire under another name, with so many areas, without dated events and allies."""
    shipped = find_force("warwickshire")
    text = (
        Path(streams.config.__file__).with_name("forces").joinpath("warwickshire.toml").read_text()
    )
    head = text.split("[[areas]]")[0]
    head = re.sub(r"(?ms)^events = \[.*?^\]\n", "", head)
    head = re.sub(r'(?m)^partition_group = ".*"\n', "", head)
    head = re.sub(r'(?m)^id = ".*"', f'id = "{name}"', head, count=1)
    assert shipped.id == "warwickshire"
    more = "".join(
        f'\n[[areas]]\nid = "a{n}"\nname = "Area {n}"\nkind = "district"\npopulation = 1000\n'
        for n in range(areas)
    )
    path = folder / f"{name}.toml"
    path.write_text(head + more)
    return find_force(str(path))


def stamp(second: float) -> str:
    return (START + dt.timedelta(seconds=second)).isoformat(timespec="milliseconds")


def events(number: int, areas: int) -> list[bytes]:
    """So many final records of all forces in turn, by time."""
    chance = random.Random(1)
    found = []
    for n in range(number):
        at = n * DAYS * 86_400 / number
        record = {
            "force": forces[n % len(forces)].id,
            "id": f"R{n}",
            "area": f"a{chance.randrange(areas)}",
            "version": 1,
            "updated_at": stamp(at + 400),
        }
        kind = chance.choices(("call", "incident", "crime"), (65, 25, 10))[0]
        if kind == "call":
            answered = at + chance.expovariate(1 / 15)
            record |= {
                "line": "999" if chance.random() < 0.25 else "101",
                "offered_at": stamp(at),
                "answered_at": stamp(answered),
                "ended_at": stamp(answered + 200),
            }
        elif kind == "incident":
            record |= {
                "opened_at": stamp(at),
                "grade": chance.choice(("emergency", "priority", "scheduled")),
                "category": chance.choice(CATEGORIES),
                "arrived_at": stamp(at + 350),
            }
        else:
            record |= {"recorded_at": stamp(at), "offence": chance.choice(OFFENCES)}
        found.append(json.dumps({"kind": kind, **record}).encode())
    return found


def still_open(now: int) -> bytes:
    """An incident of each grade in every area of the first force, opened fifteen minutes ago."""
    at = stamp(now / 1000 - START.timestamp() - 900)
    records = [
        {
            "kind": "incident",
            "force": forces[0].id,
            "id": f"O{area.id}{grade}",
            "area": area.id,
            "version": 1,
            "updated_at": at,
            "opened_at": at,
            "grade": grade,
            "category": "concern",
        }
        for area in forces[0].areas
        if area is not None
        for grade in ("emergency", "priority", "scheduled")
    ]
    return b"\n".join(json.dumps(each).encode() for each in records)


def prepare(number_of_forces: int, areas: int, number: int, folder: str) -> None:
    forces[:] = [county(f"f{n}", areas, Path(folder)) for n in range(number_of_forces)]
    lines = events(number, areas)
    payloads[:] = [b"\n".join(lines[at : at + BATCH]) for at in range(0, number, BATCH)]


def fold() -> int:
    """Folds everything, sums of all forces included, and makes the board of the first; its calls,
    to be compared."""
    monitor = Monitor(forces)
    for payload in payloads:
        assert not monitor.ingest(payload, RECEIVED)
    for shard in monitor.shards:
        for ledger in shard.ledgers().values():
            assert ledger.panes  # asked for, so that all is counted
    board = monitor.board(forces[0].id, last(monitor), ["2021-03"])
    return sum(row.offered for row in board.periods["2021-03"].calls if row.area == "force")


def last(monitor: Monitor) -> int:
    return max(fold.watermark for shard in monitor.shards for fold in shard.ledgers().values())


def board() -> float:
    """CPU milliseconds of the first force's board, each after another payload."""
    monitor = Monitor(forces)
    held = len(payloads) - READINGS
    for payload in payloads[:held]:
        monitor.ingest(payload, RECEIVED)
    times = []
    for payload in payloads[held:]:
        monitor.ingest(payload, RECEIVED)
        begun = time.process_time()
        monitor.board(forces[0].id, last(monitor))
        times.append(time.process_time() - begun)
    return 1000 * statistics.median(times)


def places() -> float:
    """CPU milliseconds of the screen of all areas beside each other, made of one board, with an
    open incident of each grade in every area."""
    monitor, times = Monitor(forces), []
    for payload in payloads:
        monitor.ingest(payload, RECEIVED)
    now = last(monitor)
    monitor.ingest(still_open(now), RECEIVED)
    board = monitor.board(forces[0].id, now)
    for _ in range(READINGS):
        begun = time.process_time()
        places_content(board, forces[0].file.wallboard, None, areas=True)
        times.append(time.process_time() - begun)
    return 1000 * statistics.median(times)


def measure(bench: Bench) -> None:
    number = bench.size(100_000, 30_000, 2_000)
    many = bench.size(43, 43, 3)
    trees = list(bench.trees)
    with bench.children(__file__) as ones, bench.children(__file__) as others:
        held = {1: ones, many: others}
        for size, children in held.items():
            for name, child in children.items():
                folder = bench.folder / f"forces-{size}-{name}"
                folder.mkdir()
                child.ask("prepare", size, 14, number, str(folder))
            counted = {child.ask("fold").value for child in children.values()}
            assert len(counted) == 1, counted
            assert counted != {0}, "no call was counted"
        found = in_turn(
            bench.rounds,
            {(name, size): (held[size][name].seconds, "fold") for size in held for name in trees},
        )
        row = Row(
            f"{many} forces against one, an event",
            found["here", many] / found["here", 1],
            "times",
            2.0,
            1.3,
            note=f"{1e6 * found['here', many] / number:.1f} us an event, "
            f"one force {1e6 * found['here', 1] / number:.1f} us",
        )
        if bench.before:
            row.before = found["before", many] / found["before", 1]
        bench.add(row, lambda: others["here"].ask("profile", "fold").value)

        wide = bench.size(500, 500, 50)
        held = {5: ones, wide: others}
        for size, children in held.items():
            for name, child in children.items():
                folder = bench.folder / f"areas-{size}-{name}"
                folder.mkdir()
                child.ask("prepare", 1, size, number, str(folder))
        boards = in_turn(
            min(bench.rounds, 3),
            {
                (name, size): (lambda child: child.ask("board").value, held[size][name])
                for size in held
                for name in trees
            },
        )
        row = Row(
            f"{wide} areas against 5, the board",
            boards["here", wide] / boards["here", 5],
            "times",
            8.0,
            4.0,
            note=f"{boards['here', wide]:.1f} ms and {boards['here', 5]:.1f} ms",
        )
        if bench.before:
            row.before = boards["before", wide] / boards["before", 5]
        bench.add(row, lambda: others["here"].ask("profile", "board").value)

        screens = in_turn(
            min(bench.rounds, 3),
            {name: (lambda child: child.ask("places").value, others[name]) for name in trees},
        )
        row = Row(
            f"{wide} areas beside each other on one screen",
            screens["here"],
            "ms",
            300.0,
            150.0,
        )
        if bench.before:
            row.before = screens["before"]
        bench.add(row, lambda: others["here"].ask("profile", "places").value)

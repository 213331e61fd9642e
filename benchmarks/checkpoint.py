"""How long a worker's event loop is held by keeping checkpoints, at a million live records.

    python benchmarks/checkpoint.py [--calls 1000000] [--plain]

Calls of a county over 34 days, one line each, are counted into a partition as the worker has it,
with detectors (`--plain`: without). Then each thing that happens in the loop is done while a ticker
asks for its turn all the time: the first save of all records, saves of 300 changes, a day that is
sealed, and its save; then the file is loaded into a new partition, as after a restart, and counting
goes on. Printed are percentiles of the stretches in which the ticker had no turn: by the clock (of
which it sleeps one millisecond), and by the CPU time of the loop's own thread, which other work on
the machine does not lengthen. How long a machine's other work alone keeps it waiting is said first.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from streams.board.monitor import Monitor, Shard
from streams.config.force import find_force
from streams.kafka.partition import Partition, fingerprint
from streams.kafka.worker import SWITCH_SECONDS
from streams.live import Live
from streams.periods import DAY, HOUR, rfc3339
from streams.state.snapshot import Identity

FORCE = find_force("warwickshire")
START = 1_614_556_800_000
"""2021-03-01T00:00Z."""
DAYS = 34
"""Days of calls: less than the horizon, so that all of them are live."""
RECEIVED = 1_893_456_000_000
BATCH = 300
SAVES = 20
AREAS = [area.id for area in FORCE.file.areas]


def line(number: int, at: int, chance: random.Random, version: int = 1) -> bytes:
    """A call that was offered, answered and ended."""
    record: dict[str, Any] = {
        "kind": "call",
        "force": FORCE.id,
        "id": f"W{number:09d}",
        "version": version,
        "line": "999" if chance.random() < 0.25 else "101",
        "area": chance.choice(AREAS),
        "offered_at": rfc3339(at),
        "answered_at": rfc3339(at + int(chance.expovariate(1 / 15_000))),
        "updated_at": rfc3339(at + 20 * 60_000 + version),
    }
    return json.dumps(record).encode()


def partition(path: Path, *, surveillance: bool) -> Partition:
    """A partition as a worker has it."""
    forces = (FORCE,)
    identity = Identity("b", "b.calls", "id", 0, fingerprint("call", forces), (FORCE.id,))
    live = Live(Monitor(forces, all_shards=False))
    return Partition(live, Shard("call", forces), path, identity, "b", 1, surveillance=surveillance)


async def stretches(work: Awaitable[object]) -> tuple[list[float], list[float]]:
    """Does something; the stretches, in ms, in which the loop had no turn: by the clock, and by the
    CPU time of its thread."""
    task = asyncio.ensure_future(work)
    clock, cpu = [], []
    while not task.done():
        began, used = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0.001)
        clock.append((time.perf_counter() - began) * 1e3)
        cpu.append((time.thread_time() - used) * 1e3)
    await task
    return clock, cpu


def show(what: str, found: tuple[list[float], list[float]], seconds: float) -> None:
    """One line of the table."""
    figures = []
    for each in found:
        cuts = statistics.quantiles(each, n=1000) if len(each) > 1 else [each[0]] * 999
        figures.append(f"{cuts[499]:8.2f} {cuts[989]:8.2f} {max(each):8.2f}")
    print(f"{what:44} {seconds:7.2f} s  {' | '.join(figures)}")


async def timed(what: str, work: Callable[[], Awaitable[object]]) -> None:
    """Does something and prints how long the loop was held."""
    began = time.perf_counter()
    found = await stretches(work())
    show(what, found, time.perf_counter() - began)


async def measure(calls: int, path: Path, *, surveillance: bool) -> None:
    """All of it."""
    chance = random.Random(1)
    held = partition(path, surveillance=surveillance)
    held.load(1, "bench")
    held.show()
    step = DAYS * DAY / calls
    began = time.process_time()
    for first in range(0, calls, BATCH):
        numbers = range(first, min(first + BATCH, calls))
        payload = b"\n".join(line(n, START + int(n * step), chance) for n in numbers)
        assert not held.live.ingest(payload, RECEIVED, held.shard)
    held.folded = 0
    print(f"{calls:,} live calls counted in {time.process_time() - began:.0f} s (CPU)\n")
    print(f"{'ms in which the loop had no turn':44} {'':9}   {'clock: p50':>8}      p99      max |"
          f" {'CPU: p50':>8}      p99      max")  # fmt: skip
    await timed("nothing", lambda: asyncio.sleep(2))
    await timed("first save", held.save)

    async def change(offset: int) -> None:
        numbers = chance.sample(range(calls), BATCH)
        payload = [line(n, START + int(n * step), chance, offset + 1) for n in numbers]
        await held.fold(offset, b"\n".join(payload), RECEIVED)

    async def changes(first: int) -> None:
        for offset in range(first, first + SAVES):
            await change(offset)

    await timed(f"{SAVES} times {BATCH} changes, not saved", lambda: changes(1))
    await held.save()
    saved: tuple[list[float], list[float]] = ([], [])
    began = time.perf_counter()
    for offset in range(SAVES + 1, 2 * SAVES + 1):
        await change(offset)
        clock, cpu = await stretches(held.save())
        saved[0].extend(clock)
        saved[1].extend(cpu)
    show(f"{SAVES} saves of {BATCH} changes", saved, time.perf_counter() - began)

    async def ahead(offset: int, hours: int) -> None:
        at = START + DAYS * DAY + hours * HOUR
        await held.fold(offset, line(calls + hours, at, chance), RECEIVED)

    await timed("an hour closes", lambda: ahead(100, 1))
    await timed("its save", held.save)
    await timed("days are closed and one is sealed", lambda: ahead(101, 50))
    await timed("its save", held.save)
    held.checkpoint.close()
    held.leave()

    again = partition(path, surveillance=surveillance)
    await timed("load", lambda: asyncio.to_thread(again.load, 2, "bench"))
    again.show()
    assert again.shard.ledgers()[FORCE.id].entries == held.shard.ledgers()[FORCE.id].entries
    held = again
    await timed(f"{SAVES} times {BATCH} changes after it", lambda: changes(200))
    await timed("its save", held.save)
    held.checkpoint.close()
    await timed("a full collection of garbage", lambda: asyncio.sleep(0, gc.collect()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--plain", action="store_true", help="without detectors")
    args = parser.parse_args()
    # As the worker does.
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(args.calls, Path(folder) / "calls.sqlite", surveillance=not args.plain))


if __name__ == "__main__":
    main()

"""How long a worker's event loop is held by keeping checkpoints, at a million live records.

    python benchmarks/checkpoint.py [--records 1000000] [--plain]

Calls of a county over 34 days, one line each, are counted into a partition as the worker has it,
with detectors (`--plain`: without). Then each thing that happens in the loop is done while a ticker
asks for its turn all the time: the first save of all records, saves of 300 changes, a day that is
sealed, and its save; then the file is loaded into a new partition, as after a restart, and counting
goes on. Printed are percentiles of the stretches in which the ticker had no turn: by the clock (of
which it sleeps one millisecond), by the CPU time of the whole process, which tells how long another
thread kept Python's lock, and by the CPU time of the loop's own thread. The latter two are not
longer where other work goes on beside; how long that keeps the ticker waiting is said first.
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
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any, NamedTuple

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
TIMES = 20
FOLDS, SAVES = f"{TIMES} times {BATCH} changes", f"{TIMES} saves of {BATCH} changes"
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


class Message(NamedTuple):
    """A message as the clients of Kafka hand it over."""

    offset: int
    value: bytes
    timestamp: int = RECEIVED
    key: bytes | None = None


class Stretches(NamedTuple):
    """The stretches, in ms, in which the loop had no turn while something was done."""

    what: str
    clock: list[float]
    process: list[float]
    """By the CPU time of the process."""
    cpu: list[float]
    """By the CPU time of the loop's thread."""

    @property
    def longest(self) -> float:
        """The longest, by CPU time."""
        return max(self.cpu)

    def __str__(self) -> str:
        figures = []
        for each in (self.clock, self.process, self.cpu):
            cuts = statistics.quantiles(each, n=1000) if len(each) > 1 else [each[0]] * 999
            figures.append(f"{cuts[499]:8.2f} {cuts[989]:8.2f} {max(each):8.2f}")
        return f"{self.what:44} {sum(self.clock) / 1e3:7.2f} s  {' | '.join(figures)}"


HEADING = (
    f"{'ms in which the loop had no turn':44} {'':9}  {'clock: p50':>10}      p99      max |"
    f"{'CPU: p50':>9}      p99      max | {'loop: p50':>8}      p99      max"
)


async def stretches(what: str, work: Awaitable[object]) -> Stretches:
    """Does something while a ticker asks for its turn."""
    task = asyncio.ensure_future(work)
    found = Stretches(what, [], [], [])
    while not task.done():
        began, all_used, used = time.perf_counter(), time.process_time(), time.thread_time()
        await asyncio.sleep(0.001)
        found.clock.append((time.perf_counter() - began) * 1e3)
        found.process.append((time.process_time() - all_used) * 1e3)
        found.cpu.append((time.thread_time() - used) * 1e3)
    await task
    return found


async def measure(records: int, path: Path, *, surveillance: bool) -> AsyncIterator[Stretches]:
    """How long the loop is held by each thing that happens in it, at so many live records."""
    chance = random.Random(1)
    step = DAYS * DAY / records
    held = partition(path, surveillance=surveillance)
    held.load(1, "bench")
    held.show()
    for first in range(0, records, BATCH):
        numbers = range(first, min(first + BATCH, records))
        payload = b"\n".join(line(n, START + int(n * step), chance) for n in numbers)
        assert not held.live.ingest(payload, RECEIVED, held.shard)
    held.folded = 0
    gc.freeze()  # as the worker does once a partition is ready
    yield await stretches("nothing", asyncio.sleep(2))
    yield await stretches("first save", held.save())

    def change(offset: int) -> Awaitable[None]:
        numbers = chance.sample(range(records), BATCH)
        payload = [line(n, START + int(n * step), chance, offset + 1) for n in numbers]
        return held.fold([Message(offset, b"\n".join(payload))])

    def ahead(offset: int, hours: int) -> Awaitable[None]:
        at = START + DAYS * DAY + hours * HOUR
        return held.fold([Message(offset, line(records + hours, at, chance))])

    folded, saved = Stretches(FOLDS, [], [], []), Stretches(SAVES, [], [], [])
    for offset in range(1, TIMES + 1):
        for work, all_of_them in ((change(offset), folded), (held.save(), saved)):
            found = await stretches("", work)
            all_of_them.clock.extend(found.clock)
            all_of_them.process.extend(found.process)
            all_of_them.cpu.extend(found.cpu)
    yield folded
    yield saved
    yield await stretches("an hour closes", ahead(TIMES + 1, 1))
    yield await stretches("its save", held.save())
    yield await stretches("two days close and one is sealed", ahead(TIMES + 2, 50))
    yield await stretches("their save", held.save())
    held.checkpoint.close()
    held.leave()

    again = partition(path, surveillance=surveillance)
    yield await stretches("load, in a thread", asyncio.to_thread(again.load, 2, "bench"))
    gc.freeze()  # as the worker does
    again.show()
    assert again.shard.ledgers()[FORCE.id].entries == held.shard.ledgers()[FORCE.id].entries
    held = again
    yield await stretches(f"{BATCH} changes after it", change(TIMES + 3))
    yield await stretches("their save", held.save())
    held.checkpoint.close()
    began = time.thread_time()
    gc.collect()
    collected = (time.thread_time() - began) * 1e3
    yield Stretches("a full collection of garbage", [collected], [collected], [collected])


async def show(records: int, path: Path, *, surveillance: bool) -> None:
    """Prints all of it."""
    print(f"{records:,} live calls\n\n{HEADING}")
    async for found in measure(records, path, surveillance=surveillance):
        print(found, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--plain", action="store_true", help="without detectors")
    args = parser.parse_args()
    # As the worker does.
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.sqlite"
        asyncio.run(show(args.records, path, surveillance=not args.plain))


if __name__ == "__main__":
    main()

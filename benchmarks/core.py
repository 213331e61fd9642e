"""How fast the core folds, and how much memory it takes, beside a plain reference in one run.

    python benchmarks/core.py [--calls 100000]

The reference decodes the same lines with msgspec and counts calls into a dict of tumbling windows
of five minutes: no versions, no retraction, no areas rolled up. It is the least that any program
that counts these events must do. Both run in turn and the ratio is taken from medians, so that it
holds where the machine's speed drifts. Figures are printed, never tested.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.events.schema import Call, decode_line
from streams.fold.ledger import Ledger
from streams.sources import open_source
from streams.state import snapshot as snapshots
from streams.state.checkpoint import Checkpoint
from streams.state.snapshot import Identity

START = dt.datetime(2021, 3, 1, tzinfo=dt.UTC)
BATCH = 300
RECEIVED = int(dt.datetime(2030, 1, 1, tzinfo=dt.UTC).timestamp() * 1000)
Batches = list[bytes]


def text(seconds: float) -> str:
    stamp = START + dt.timedelta(seconds=seconds)
    return stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def batches(calls: int, *, versions: int, seed: int = 1) -> Batches:
    """A county's calls over 30 days in the order of their updates: one line a version."""
    chance = random.Random(seed)
    areas = [area.id for area in find_force("warwickshire").file.areas]
    lines: list[tuple[float, bytes]] = []
    for n in range(calls):
        offered = n * 30 * 86_400 / calls
        answered = offered + chance.expovariate(1 / 15)
        ended = answered + chance.lognormvariate(5, 0.7)
        record: dict[str, Any] = {
            "kind": "call",
            "force": "warwickshire",
            "id": f"W{n:09d}",
            "line": "999" if chance.random() < 0.25 else "101",
            "area": chance.choice(areas),
            "offered_at": text(offered),
        }
        steps = (("", offered), ("answered_at", answered), ("ended_at", ended))
        for version, (field, at) in enumerate(steps, start=1):
            if field:
                record[field] = text(at)
            if version > 3 - versions:
                line = json.dumps({**record, "version": version, "updated_at": text(at)})
                lines.append((at, line.encode()))
    lines.sort(key=lambda item: item[0])
    ordered = [line for _, line in lines]
    return [b"\n".join(ordered[i : i + BATCH]) for i in range(0, len(ordered), BATCH)]


def decode(work: Batches) -> None:
    for batch in work:
        for line in batch.split(b"\n"):
            decode_line(line)


def reference(work: Batches) -> dict[tuple[str, str | None, str | None, int], list[int]]:
    windows: dict[tuple[str, str | None, str | None, int], list[int]] = {}
    for batch in work:
        for line in batch.split(b"\n"):
            event = decode_line(line)
            assert isinstance(event, Call)
            assert event.offered_at is not None
            window = int(event.offered_at.timestamp()) // 300
            key = (event.force, event.line, event.area, window)
            counts = windows.get(key)
            if counts is None:
                counts = windows[key] = [0, 0, 0]
            counts[0] += 1
            if event.answered_at is not None:
                counts[1] += 1
                if (event.answered_at - event.offered_at).total_seconds() <= 10:
                    counts[2] += 1
    return windows


def core(work: Batches) -> Monitor:
    monitor = Monitor([find_force("warwickshire")])
    for batch in work:
        assert not monitor.ingest(batch, RECEIVED)
    return monitor


def ledger_of(monitor: Monitor) -> Ledger:
    ledger = monitor.ledger("call", "warwickshire")
    assert ledger is not None
    return ledger


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(runs: dict[str, Callable[[], object]], events: int, against: str, repeats: int) -> None:
    """Runs everything in turn, `repeats` times, and prints medians and ratios."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(repeats):
        for name, work in runs.items():
            tell(f"run {repeat + 1} of {repeats}: {name}")
            seconds[name].append(timed(work))
    tell("")
    base = statistics.median(seconds[against])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        rates = sorted(events / t for t in taken)
        print(
            f"  {name:<34}{events / median:>12,.0f} events/s"
            f"   {base / median:5.2f} of the reference"
            f"   (least {rates[0]:,.0f}, most {rates[-1]:,.0f})"
        )


def tell(line: str) -> None:
    """Progress, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def memory(work: Batches) -> None:
    tracemalloc.start()
    monitor = core(work)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    live = len(ledger_of(monitor).entries)
    print(
        f"  memory: {used / live:.0f} bytes a live call, sums by series included ({live:,} calls)"
    )


def board_time(work: Batches) -> None:
    monitor = core(work)
    at = ledger_of(monitor).watermark
    first = timed(lambda: monitor.board("warwickshire", at))
    again = statistics.median(timed(lambda: monitor.board("warwickshire", at)) for _ in range(9))
    print(f"  board: {first * 1000:.1f} ms the first time, then {again * 1000:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    calls, repeats = options.calls, options.repeats

    work = batches(calls, versions=3)
    events = calls * 3
    print(f"three versions a call, batches of {BATCH}: {events:,} events, {calls:,} calls")
    print(f"  versions a record: {events / calls:.2f}")
    with tempfile.TemporaryDirectory() as folder:
        compare(
            {
                "reference: dict, tumbling 5 min": lambda: reference(work),
                "decode alone": lambda: decode(work),
                "core: ledger, sums by series, retraction": lambda: core(work),
                **from_file(work, Path(folder)),
                **with_checkpoints(work, Path(folder)),
            },
            events,
            "reference: dict, tumbling 5 min",
            repeats,
        )
    memory(work)
    board_time(work)

    final = batches(calls, versions=1)
    print(f"final versions only: {calls:,} events")
    compare(
        {
            "reference: dict, tumbling 5 min": lambda: reference(final),
            "core: ledger, sums by series, retraction": lambda: core(final),
        },
        calls,
        "reference: dict, tumbling 5 min",
        repeats,
    )


def from_file(work: Batches, folder: Path) -> dict[str, Callable[[], object]]:
    """From a gzip file on disk to the board, as `watchroom run` reads it."""
    path = folder / "calls.ndjson.gz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        for batch in work:
            out.write(batch + b"\n")

    def run() -> None:
        monitor = Monitor([find_force("warwickshire")])
        for chunk in open_source(str(path)):
            assert not monitor.ingest(chunk.payload, RECEIVED)
        monitor.board("warwickshire", ledger_of(monitor).watermark)

    return {"file to board (gzip)": run}


def with_checkpoints(work: Batches, folder: Path) -> dict[str, Callable[[], object]]:
    """As a worker keeps them: what changed is copied every second and written in a thread."""
    numbers = itertools.count()

    def run() -> None:
        monitor = Monitor([find_force("warwickshire")])
        shard = next(shard for shard in monitor.shards if shard.kind == "call")
        snapshots.watch(shard)
        identity = Identity("bench", "calls", "id", 0, "none", ("warwickshire",))
        checkpoint = Checkpoint(folder / f"{next(numbers)}.sqlite", identity)
        assert checkpoint.load() is None
        checkpoint.keep_departed(shard)
        checkpoint.claim(1, "bench")
        with ThreadPoolExecutor(1) as writer:
            written: Future[None] | None = None
            saved = time.perf_counter()
            for offset, batch in enumerate(work):
                assert not monitor.ingest(batch, RECEIVED)
                if time.perf_counter() - saved > 1 and (written is None or written.done()):
                    written = writer.submit(checkpoint.save, snapshots.take(shard, offset, {}))
                    saved = time.perf_counter()
            writer.submit(checkpoint.save, snapshots.take(shard, len(work), {})).result()
            writer.submit(checkpoint.close).result()

    return {"core with checkpoints every second": run}


if __name__ == "__main__":
    main()

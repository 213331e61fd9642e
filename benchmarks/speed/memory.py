"""Bytes that a live call takes, its share of all sums included.

Python's own count of what it has allocated, of a month of calls in three versions each.
"""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import core
from measuring import Bench, Row


def live_call(calls: int) -> float:
    """Bytes by call that is held at the end."""
    work = core.batches(calls, versions=3)
    tracemalloc.start()
    monitor = core.core(work)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return used / len(core.ledger_of(monitor).entries)


def measure(bench: Bench) -> None:
    calls = bench.size(100_000, 30_000, 300)
    with bench.children(__file__) as children:
        found = {name: child.ask("live_call", calls).value for name, child in children.items()}
    bench.add(
        Row(
            "memory, a live call with its share of sums",
            found["here"],
            "B",
            260.0,
            220.0,
            before=found.get("before"),
        )
    )

"""How long the worker's event loop has no turn because of a checkpoint, at a million live calls.

The measurements of `benchmarks/checkpoint.py`, by the CPU time of the loop's thread. Only this
commit is measured: how a checkpoint is taken is what has changed.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import checkpoint
from measuring import Bench, Child, Row

from streams.kafka.worker import SWITCH_SECONDS

WHAT = "longest pause of 300 changes and of their save, {records:,} live calls"


def pauses(records: int) -> dict[str, float]:
    """The longest stretch without a turn, in ms, by what was done."""

    async def found() -> dict[str, float]:
        measured = checkpoint.measure(records, Path(folder) / "calls.sqlite", surveillance=True)
        return {each.what: each.longest async for each in measured}

    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        longest = asyncio.run(found())
    changes = max(longest[checkpoint.FOLDS], longest[checkpoint.SAVES])
    return {"changes": changes, "first": longest["first save"]}


def measure(bench: Bench) -> None:
    records = bench.size(1_000_000, 100_000, 2_000)
    with Child(Path(__file__), bench.here, bench.core) as child:
        found = child.ask("pauses", records).value
    row = Row(WHAT.format(records=records), found["changes"], "ms", 5.0, 5.0)
    row.note = f"the first save of all of them {found['first']:.1f} ms"
    bench.add(row)

"""Bytewax: a dataflow over the file, decoded with msgspec.

Final versions as its documentation has it: `fold_window` in tumbling windows by an `EventClock`;
the order within a window does not matter, so it is not kept. Its windows can't take a version back
once it is counted, so with several versions a `stateful_map` by call says what changes, and another
keeps the counts by line and area.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import msgspec
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main
from windows import WINDOW, Counts, Key, by_day

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LATE = dt.timedelta(hours=1)


class Call(msgspec.Struct, gc=False):
    id: str
    version: int
    line: str
    area: str
    offered_at: dt.datetime
    answered_at: dt.datetime | None = None


decode = msgspec.json.Decoder(Call).decode
found: dict[Key, Counts] = {}


def place(call: Call) -> str:
    return f"{call.line}|{call.area}"


def outcome(call: Call) -> Counts:
    """What the call counts."""
    if call.answered_at is None:
        return (1, 0, 0)
    return (1, 1, (call.answered_at - call.offered_at).total_seconds() <= 10)


def fold(counts: list[int], call: Call) -> list[int]:
    counts[0] += 1
    if call.answered_at is not None:
        counts[1] += 1
        if (call.answered_at - call.offered_at).total_seconds() <= 10:
            counts[2] += 1
    return counts


def merge(one: list[int], other: list[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]


Held = tuple[int, str, int, Counts]
"""Version, place, window and counts of a call as it is held."""


def newest(held: Held | None, call: Call) -> tuple[Held, list[tuple[str, tuple[int, Counts]]]]:
    """The version to hold, and what changes in the counts of which place and window."""
    if held is not None and held[0] >= call.version:
        return held, []
    window = int(call.offered_at.timestamp()) // WINDOW
    now = (call.version, place(call), window, outcome(call))
    changes = [(now[1], (window, now[3]))]
    if held is not None:
        changes.insert(0, (held[1], (held[2], tuple(-count for count in held[3]))))
    return now, changes


def add(
    windows: dict[int, Counts] | None, change: tuple[int, Counts]
) -> tuple[dict[int, Counts], tuple[int, Counts]]:
    windows = {} if windows is None else windows
    window, counts = change
    old = windows.get(window, (0, 0, 0))
    now = windows[window] = tuple(a + b for a, b in zip(old, counts, strict=True))
    return windows, (window, now)


def count(path: str, versions: int) -> None:
    rows: list[Any] = []
    flow = Dataflow("calls")
    calls = op.map("decode", op.input("lines", flow, FileSource(path)), decode)
    if versions == 1:
        clock = win.EventClock(lambda call: call.offered_at, wait_for_system_duration=LATE)
        windower = win.TumblingWindower(length=dt.timedelta(seconds=WINDOW), align_to=EPOCH)
        keyed = op.key_on("place", calls, place)
        folded = win.fold_window(
            "fold", keyed, clock, windower, lambda: [0, 0, 0], fold, merge, ordered=False
        )
        counted = folded.down
    else:
        changed = op.stateful_map("newest", op.key_on("call", calls, lambda call: call.id), newest)
        changes = op.key_rm("changes", op.flat_map_value("each", changed, lambda each: each))
        counted = op.stateful_map("count", changes, add)
    op.output("rows", counted, TestingSink(rows))
    run_main(flow)
    found.clear()
    for key, (window, counts) in rows:
        line, area = key.split("|")
        found[line, area, window] = tuple(counts)


def figures() -> dict[str, list[int]]:
    return by_day(found.items())

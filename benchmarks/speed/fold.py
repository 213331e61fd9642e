"""The fold of a county's calls, as a share of the plain dict loop of `benchmarks/core.py`.

The same lines are folded in batches of 300, every hour is closed, and one board is made at the end:
so what is read lazily is paid for. One run has the final version of each call only, one has three.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import core
from measuring import Bench, Row, in_turn

WANTED = {1: (0.5, 1.0), 3: (0.5, 0.9)}
"""Floor and aim by versions a call."""
WORDS = {1: "final versions", 3: "three versions"}
MONTH = "2021-03"

_work: core.Batches = []


def prepare(calls: int, versions: int) -> None:
    _work[:] = core.batches(calls, versions=versions)


def dict_loop() -> None:
    core.reference(_work)


def fold() -> int:
    """The calls of the month, so that both trees can be seen to count the same."""
    monitor = core.core(_work)
    board = monitor.board("warwickshire", core.ledger_of(monitor).watermark, [MONTH])
    rows = board.periods[MONTH].calls
    return sum(row.offered for row in rows if row.area == "force")


def measure(bench: Bench) -> None:
    calls = bench.size(100_000, 100_000, 300)
    for versions, (floor, aim) in WANTED.items():
        with bench.children(__file__) as children:
            for child in children.values():
                child.ask("prepare", calls, versions)
            counted = {child.ask("fold").value for child in children.values()}
            assert len(counted) == 1, counted
            assert counted != {0}, "no call was counted"
            works = [(name, what) for what in ("dict_loop", "fold") for name in children]
            found = in_turn(
                bench.rounds,
                {(name, what): (children[name].seconds, what) for name, what in works},
            )
            each = {key: 1e6 * seconds / (calls * versions) for key, seconds in found.items()}
            row = Row(
                f"fold of calls, {WORDS[versions]}, batches of {core.BATCH}",
                each["here", "dict_loop"] / each["here", "fold"],
                "of the dict loop",
                floor,
                aim,
                more=True,
                note=f"{each['here', 'fold']:.1f} us an event, the dict loop "
                f"{each['here', 'dict_loop']:.1f} us",
            )
            if bench.before:
                row.before = each["before", "dict_loop"] / each["before", "fold"]
            bench.add(row, lambda: children["here"].ask("profile", "fold").value)

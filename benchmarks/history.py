"""A long history out of order: rows a second and the greatest memory, sorted against shuffled.

    python benchmarks/history.py [--rows 1000000]

Writes a table of incidents (opened, attended, closed, some of them months later), newest first or
shuffled, and reads it with `watchroom run --no-surveillance` in its own process. The
state is measured by folding the same rows in order without sorting; what is above it is the cost of
the sorting. Memory is the greatest resident size that the operating system counted.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from streams.board.monitor import Monitor
from streams.sources import open_source
from streams.sources.mapping.file import parse_mapping
from tests.build import FAR_FUTURE, TINY_FORCE, tiny_force

MAPPING = """
kind = "incident"
timezone = "Europe/London"
id = "no"
time_format = "%Y-%m-%d %H:%M:%S"
[constants]
category = "asb"
grade = "emergency"
[fields.opened_at]
column = "opened"
[fields.arrived_at]
column = "arrived"
[fields.closed_at]
column = "closed"
[fields.area]
column = "area"
"""
BEGIN = 1_546_300_800  # 1 January 2019


def table(path: Path, rows: int, order: str) -> None:
    chance = random.Random(1)
    step = 5 * 365 * 86_400 / rows
    numbers = list(range(rows))
    if order == "newest first":
        numbers.reverse()
    elif order == "shuffled":
        chance.shuffle(numbers)

    def stamp(at: float) -> str:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))

    with path.open("w") as out:
        out.write("no,opened,arrived,closed,area\n")
        for number in numbers:
            opened = BEGIN + number * step
            arrived = opened + 60 + number * 7919 % 1500
            closed = arrived + (number * 104_729 % 4000 if number % 50 else 60 * 86_400)
            area = ("north", "south")[number % 2]
            out.write(f"{number},{stamp(opened)},{stamp(arrived)},{stamp(closed)},{area}\n")


def state_only(path: Path) -> None:
    """Folds the rows as they stand, unsorted: what the state alone takes."""
    monitor = Monitor([tiny_force()])
    for chunk in open_source(path, parse_mapping(MAPPING), tiny_force()):
        monitor.ingest(chunk.payload, FAR_FUTURE)


def measured(*command: str) -> tuple[float, float]:
    """(seconds, greatest MB) of a process."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)\n"
    )
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True
    )
    return time.monotonic() - begun, float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--state", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.state:
        state_only(given.state)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tiny.toml").write_text(TINY_FORCE)
        (folder / "m.toml").write_text(MAPPING)
        table(folder / "sorted.csv", given.rows, "sorted")
        seconds, state = measured(sys.executable, __file__, "--state", str(folder / "sorted.csv"))
        print(f"{given.rows:,} rows; folded as they stand: {seconds:.1f} s, {state:.0f} MB")
        for order in ("sorted", "newest first", "shuffled"):
            path = folder / "in.csv"
            table(path, given.rows, order)
            seconds, memory = measured(
                sys.executable, "-m", "streams.cli", "run", str(path),
                "--mapping", str(folder / "m.toml"), "--force", str(folder / "tiny.toml"),
                "--no-surveillance", "--dead-letters", str(folder / "refused"),
            )  # fmt: skip
            print(
                f"{order}: {seconds:.1f} s, {given.rows / seconds:,.0f} rows/s, {memory:.0f} MB, "
                f"{memory - state:+.0f} MB beyond the state"
            )


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()

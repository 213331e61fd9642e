"""Measures Watchroom's speed and memory and prints one row a figure, beside its floor and its aim.

    python benchmarks/performance.py [--quick] [--against REVISION] [--only NAME] [--write FILE]

What each row means, and how it is measured, is in docs/performance.md, which `make bench` writes.
In a full run `watchroom run FILE` takes as long as all else that needs no broker, so it goes on
beside that, on the other processor.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import msgspec
from measuring import Bench, cores, tree_of
from page import Measured, page

ALONE = ("run",)
"""What goes on beside the others, on the other processor."""
NAMES = (
    "fold",
    "crimes",
    "run",
    "reading",
    "months",
    "forces",
    "memory",
    "pauses",
    "peers",
    "worker",
)
BROKER = ("worker",)
"""What needs both processors: one for the worker, one for the broker."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="mode", action="store_const", const="quick", default="full")
    size.add_argument("--tiny", dest="mode", action="store_const", const="tiny")
    parser.add_argument("--against", metavar="REVISION", help="measure this commit beside it")
    parser.add_argument("--beside", type=Path, help="measure this working tree beside it")
    parser.add_argument("--peers", type=Path, help="the Python that has the other programs")
    parser.add_argument("--only", action="append", choices=NAMES)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page there")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep what was found there")
    parser.add_argument(
        "--found", type=Path, metavar="FILE", help="write the page of what was kept"
    )
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(bench: Bench, names: list[str]) -> None:
    for name in names:
        begun = time.monotonic()
        importlib.import_module(f"speed.{name}").measure(bench)
        print(f"    ({name}: {time.monotonic() - begun:.0f} s)", flush=True)


def beside(bench: Bench, names: list[str]) -> tuple[subprocess.Popen[bytes], Path]:
    """Starts a process that measures some on the other processor, and says where it keeps that."""
    kept = bench.folder / "beside.json"
    command = [sys.executable, __file__, "--core", str(bench.other), "--keep", str(kept)]
    for name in names:
        command += ["--only", name]
    if bench.before:
        command += ["--beside", str(bench.before)]
    return subprocess.Popen(command), kept


def measured(asked: argparse.Namespace) -> Measured:
    core, other = cores()
    if asked.core is not None and asked.core != core:
        core, other = other, core
    chosen = [name for name in NAMES if name in (asked.only or NAMES)]
    begun = time.monotonic()
    with ExitStack() as stack:
        before = asked.beside
        if asked.against:
            before = stack.enter_context(tree_of(asked.against))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watchroom-bench-")))
        bench = Bench(asked.mode, core, other, folder, before, peers=asked.peers)
        apart = [name for name in chosen if name in ALONE]
        if asked.mode == "full" and core != other and len(chosen) > len(apart) > 0:
            aside, kept = beside(bench, apart)
            measure(bench, [name for name in chosen if name not in (*ALONE, *BROKER)])
            if aside.wait():
                raise SystemExit(1)
            bench.rows += read(kept).rows
            measure(bench, [name for name in chosen if name in BROKER])
        else:
            measure(bench, chosen)
    took = time.monotonic() - begun
    today = dt.datetime.now(dt.UTC).date()
    return Measured(bench.rows, chosen, today, took, asked.mode, asked.against)


def read(path: Path) -> Measured:
    """What a run found and kept."""
    return msgspec.json.decode(path.read_bytes(), type=Measured)


def main() -> int:
    asked = arguments()
    found = read(asked.found) if asked.found else measured(asked)
    if asked.keep:
        asked.keep.write_bytes(msgspec.json.encode(found))
    if asked.write:
        asked.write.write_text(page(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

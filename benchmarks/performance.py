"""Measures Watchroom's speed and memory and prints one row a figure, beside its floor and its aim.

    python benchmarks/performance.py [--quick] [--against REVISION] [--only NAME] [--write FILE]

What each row means, and how it is measured, is in docs/performance.md, which `make bench` writes.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from measuring import Bench, cores, tree_of

NAMES = ("fold", "run", "reading", "forces", "memory")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="mode", action="store_const", const="quick", default="full")
    size.add_argument("--tiny", dest="mode", action="store_const", const="tiny")
    parser.add_argument("--against", metavar="REVISION", help="measure this commit beside it")
    parser.add_argument("--beside", type=Path, help="measure this working tree beside it")
    parser.add_argument("--only", action="append", choices=NAMES)
    asked = parser.parse_args()
    core, other = cores()
    with ExitStack() as stack:
        before = asked.beside
        if asked.against:
            before = stack.enter_context(tree_of(asked.against))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watchroom-bench-")))
        bench = Bench(
            mode=asked.mode,
            core=core,
            other=other,
            folder=folder,
            before=before,
        )
        for name in asked.only or NAMES:
            begun = time.monotonic()
            importlib.import_module(f"speed.{name}").measure(bench)
            print(f"    ({name}: {time.monotonic() - begun:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

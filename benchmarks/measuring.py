"""What every measurement of speed shares: two trees, processes on one core, rounds in turn, rows.

A *row* is one figure with what it is to be at least (its floor) and what it should be (its aim).
What is compared runs in turn, round after round, and the figure is of medians, so that it holds
where the machine's speed drifts. Times are of the processor: other work on the machine disturbs
them little.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple

BENCHMARKS = Path(__file__).parent
ROOT = BENCHMARKS.parent
SERVE = BENCHMARKS / "serve.py"


Mode = Literal["full", "quick", "tiny"]


class Answer(NamedTuple):
    """What a function returned, and the CPU seconds that it took."""

    value: Any
    seconds: float


class Child:
    """A process that runs the functions of `file` on one core, with the code of `tree`."""

    def __init__(
        self, file: Path, tree: Path, core: int, python: str = sys.executable, **variables: str
    ) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": str(tree),
            "PYTHONHASHSEED": "0",
            "OPENBLAS_NUM_THREADS": "1",  # small products take twice as long on two threads
            **variables,
        }
        self._process = subprocess.Popen(
            [python, str(SERVE), str(file), str(core)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=tree,
            env=environment,
            text=True,
        )

    def ask(self, name: str, *arguments: Any) -> Answer:
        """Runs a function there; RuntimeError where it raised, with its traceback."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([name, *arguments]), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{name}: the process ended with {self._process.wait()}")
        told = json.loads(line)
        if "error" in told:
            raise RuntimeError(told["error"])
        return Answer(told["answer"], told["seconds"])

    def seconds(self, name: str, *arguments: Any) -> float:
        """The CPU seconds of a function."""
        return self.ask(name, *arguments).seconds

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if kind is not None:
            self._process.kill()
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@dataclass
class Row:
    """One figure. `floor` and `aim` are None where none was set.

    unit: what stands after the figure (`ms`, `of the dict loop`).
    more: whether more is better.
    before: the same of the commit before, measured in the same rounds; None where it was not.
    note: what else was found. profile: where its time goes, line by line.
    """

    what: str
    here: float
    unit: str
    floor: float | None = None
    aim: float | None = None
    more: bool = False
    before: float | None = None
    group: str = ""
    """`peers` is of other programs."""
    note: str = ""
    profile: Sequence[str] = ()

    def reaches(self, wanted: float | None) -> bool:
        """Whether the figure is as good as what is wanted, to two digits as it is printed."""
        if wanted is None:
            return True
        return self.here >= wanted * 0.995 if self.more else self.here <= wanted * 1.005

    @property
    def verdict(self) -> str:
        if self.floor is None:
            return ""
        if not self.reaches(self.floor):
            return "below the floor"
        return "aim reached" if self.reaches(self.aim) else "floor reached"


def figure(value: float | None) -> str:
    """Three digits, as they are read."""
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


Work = Sequence[Any]
"""A function that returns a figure, and its arguments."""


def in_turn(rounds: int, works: Mapping[Any, Work], once: Collection[Any] = ()) -> dict[Any, float]:
    """Calls all of them in turn, so many times, and returns the median of each; those of `once` are
    called in the first round only."""
    found: dict[Any, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, (work, *arguments) in works.items():
            if not number or name not in once:
                found[name].append(work(*arguments))
    return {name: statistics.median(each) for name, each in found.items()}


@dataclass
class Bench:
    """What is measured against what, and how thoroughly.

    mode: `full`, `quick` (smaller inputs) or `tiny` (for tests, where it matters only that all
    runs).
    before: a working tree of the commit to compare with, or None.
    peers: the Python of the environment that has the other programs, or None.
    core: the processor that everything is measured on; `other` is for what stands beside it.
    """

    mode: Mode
    core: int
    other: int
    folder: Path
    before: Path | None = None
    here: Path = ROOT
    peers: Path | None = None
    rows: list[Row] = field(default_factory=list)
    lines: int | None = None

    @property
    def trees(self) -> dict[str, Path]:
        """The trees to measure by name, `here` last."""
        return {**({"before": self.before} if self.before else {}), "here": self.here}

    @property
    def rounds(self) -> int:
        return self.size(5, 3, 1)

    def size(self, full: int, quick: int, tiny: int) -> int:
        """Which of these sizes the mode asks for."""
        return {"full": full, "quick": quick, "tiny": tiny}[self.mode]

    @contextmanager
    def children(self, file: str) -> Iterator[dict[str, Child]]:
        """A process for each tree that runs the functions of a file (`__file__`)."""
        with ExitStack() as stack:
            yield {
                name: stack.enter_context(Child(Path(file), tree, self.core))
                for name, tree in self.trees.items()
            }

    @property
    def days(self) -> int:
        """How long a year is."""
        return self.size(365, 70, 16)

    def year(self) -> tuple[Path, int]:
        """The file of a simulated county's year, written once, and its number of lines.

        The commit before writes it where there is one: the later reads what the earlier wrote.
        """
        path, tree = self.folder / "year.ndjson", self.before or self.here
        if self.lines is None:
            with Child(BENCHMARKS / "year.py", tree, self.core) as child:
                self.lines = int(child.ask("write", str(path), self.days).value)
        return path, self.lines

    def add(self, row: Row, profile: Callable[[], list[str]] | None = None) -> None:
        """Keeps a row and prints it; one that is short of its aim with its profile."""
        if profile is not None and self.mode != "tiny" and not row.reaches(row.aim):
            row.profile = profile()
        self.rows.append(row)
        wanted = f"floor {figure(row.floor)}, aim {figure(row.aim)}" if row.floor else ""
        print(
            f"{row.what:<68}{figure(row.here):>9} {row.unit:<17} before {figure(row.before):>7}  "
            f"{wanted:<24}{row.verdict}",
            flush=True,
        )
        if row.note:
            print(f"      {row.note}", flush=True)
        for line in row.profile:
            print(f"      {line}", flush=True)


def cores() -> tuple[int, int]:
    """The processor to measure on, and another for what stands beside it."""
    found = sorted(os.sched_getaffinity(0))
    return found[-1], found[0]


@contextmanager
def tree_of(revision: str) -> Iterator[Path]:
    """A working tree of a revision, in a temporary folder for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="watchroom-before-") as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)

"""`from streams import ...`: the names, their types, and the example of the README."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

import pytest

import streams
from streams import (
    Board,
    Comparisons,
    Force,
    Monitor,
    Observation,
    PeriodFigures,
    Query,
    Ratio,
    Row,
    find_force,
    open_source,
    play,
)
from streams.sources import Rejected, Source

ROOT = Path(__file__).parents[2]


def test_every_public_name_is_there_and_no_other() -> None:
    assert {name for name in streams.__all__ if getattr(streams, name, None) is None} == set()
    assert set(streams.__all__) <= set(dir(streams))
    with pytest.raises(AttributeError, match=r"has no attribute .Nonsense."):
        _ = streams.Nonsense  # type: ignore[attr-defined]


def test_the_types_are_those_that_a_user_needs() -> None:
    """mypy checks this file: a wrong type here fails `make check`."""
    force = find_force("warwickshire")
    assert_type(force, Force)
    monitor = Monitor([force])
    assert_type(open_source(str(ROOT / "examples/events.ndjson.gz"), force=force), Source)
    source = open_source(str(ROOT / "examples/events.ndjson.gz"), force=force)
    assert_type(play(monitor, source), Iterator[Rejected])
    board = monitor.board(force.id, 1)
    assert_type(board, Board)
    today = board.windows["today"]
    assert_type(today, PeriodFigures)
    row = today.row("calls", line="999", area="force")
    assert_type(row, Row | None)
    assert row is not None
    assert_type(row.count_of("offered"), int | None)
    assert_type(row.ratio_of("service_level"), Ratio)
    assert_type(row.ratio_of("service_level").value, float | None)
    assert_type(row.number_of("answer_mean"), float | None)
    assert_type(board.definitions.lines["999"].within_seconds, int)
    assert_type(board.at, str)
    query = Query(monitor, force.id)
    assert_type(query.figure("asb", "2022-01-14", "rugby"), Observation)
    assert_type(query.figure("asb", "2022-01-14").value, int | float | None)
    assert_type(Comparisons(query, "asb", "2022-01-14").previous.percent, float | None)


def test_importing_the_package_loads_nothing_of_it() -> None:
    """The command line starts in a tenth of a second."""
    said = "import sys, streams; print([n for n in sys.modules if n.startswith('streams.')])"
    done = subprocess.run(
        [sys.executable, "-c", said], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_example_of_the_sources_page_runs_and_refuses_nothing() -> None:
    text = (ROOT / "docs" / "sources.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_example_of_the_page_of_figures_runs() -> None:
    text = (ROOT / "docs" / "figures.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["3", "force 0.94 47 50"]


def test_the_example_of_the_readme_runs() -> None:
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    for code in blocks:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        lines = [line.split()[:2] for line in done.stdout.splitlines()]
        assert lines == [["101", "139"], ["999", "51"]]

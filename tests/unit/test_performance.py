"""The measurements of speed: what a row says of its floor and aim, and that each runs.

Figures are printed, never tested. What needs a broker or the programs of `make bench` is left out
where these are missing.
"""

import datetime as dt
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
PEERS = ROOT / ".venv-peers" / "bin" / "python"


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("measuring")


@pytest.mark.parametrize(
    ("file", "name", "told"),
    [
        ("/srv/streams/fold/ledger.py", "add", "fold/ledger: add"),
        ("/srv/streams/live.py", "slices", "live: slices"),
        ("<pack a call 3>", "pack", "<pack a call 3>: pack"),
        ("~", "<method 'get' of 'dict' objects>", "method 'get' of 'dict' objects"),
    ],
)
def test_a_profile_names_functions_where_they_stand(
    monkeypatch: pytest.MonkeyPatch, file: str, name: str, told: str
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    assert importlib.import_module("serve").place(file, name) == told


def measured(*options: str) -> str:
    command = [sys.executable, str(BENCHMARKS / "performance.py"), "--tiny", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("here", "more", "verdict"),
    [
        (0.4, True, "below the floor"),
        (0.5, True, "floor reached"),
        (1.0, True, "aim reached"),
        (2.0, False, "below the floor"),
        (0.9, False, "aim reached"),
    ],
)
def test_a_row_says_what_it_reaches(measuring: Any, here: float, more: bool, verdict: str) -> None:
    floor, aim = (0.5, 0.9) if more else (1.5, 1.0)
    assert measuring.Row("fold", here, "", floor, aim, more=more).verdict == verdict


def test_what_is_compared_runs_in_turn(measuring: Any) -> None:
    ran: list[str] = []

    def work(name: str, figure: float) -> float:
        ran.append(name)
        return figure + len(ran)

    works = {
        "one": (work, "one", 0.0),
        "other": (work, "other", 100.0),
        "long": (work, "long", 9.0),
    }
    assert measuring.in_turn(3, works, once=["long"]) == {"one": 4.0, "other": 105.0, "long": 12.0}
    assert ran == ["one", "other", "long", "one", "other", "one", "other"]


def test_a_child_runs_the_code_of_the_tree_that_is_named(measuring: Any, tmp_path: Path) -> None:
    package = tmp_path / "streams"
    package.mkdir()
    (package / "__init__.py").write_text("NAME = 'another tree'\n")
    (tmp_path / "asked.py").write_text("import streams\n\ndef name():\n    return streams.NAME\n")
    core, _ = measuring.cores()
    with measuring.Child(tmp_path / "asked.py", tmp_path, core) as child:
        assert child.ask("name").value == "another tree"
        with pytest.raises(RuntimeError, match="AttributeError"):
            child.ask("unknown")


def test_the_page_tells_what_is_short_with_its_profile(measuring: Any) -> None:
    module = importlib.import_module("page")
    rows = [
        measuring.Row(
            "fold", 0.25, "of the dict loop", 0.5, 1.0, more=True, profile=["9% own: add"]
        ),
        measuring.Row("board", 20.0, "ms", 30.0, 20.0, before=55.0, note="5 windows"),
        measuring.Row("polars", 1.5, "of the dict loop", more=True, group="peers", note="0.9 us"),
    ]
    day = dt.date(2026, 11, 27)
    found = module.page(module.Measured(rows, ["fold"], day, 600, "full", "abc1234"))
    assert "on 27 November 2026 at commit " in found
    assert "| fold | 0.25 of the dict loop | - | 0.50 | 1.00 | below the floor |" in found
    assert "| board | 20.0 ms | 55.0 | 30.0 | 20.0 | aim reached |" in found
    assert "- board: 5 windows." in found
    short = found.partition("## What is short")[2].partition("##")[0]
    assert "**fold**: 0.25 of the dict loop, below the floor, aim 1.00." in short
    assert "9% own: add" in short
    assert "board" not in short
    assert "### benchmarks/speed/fold.py\n\nThe fold of a county's calls" in found
    assert "| polars | 1.50 of the dict loop | - | 0.9 us |" in found


@pytest.mark.replays
def test_every_measurement_without_a_broker_runs(tmp_path: Path) -> None:
    names = ("fold", "crimes", "run", "reading", "forces", "memory")
    said = measured(*(part for name in names for part in ("--only", name)))
    assert [name for name in names if f"({name}: " not in said] == []


@pytest.mark.nightly
def test_other_programs_find_what_watchroom_finds() -> None:
    """They are compared as they are measured; `make bench` installs them."""
    said = measured("--only", "peers", "--peers", str(PEERS))
    assert [name for name in ("polars", "DuckDB", "Bytewax") if name not in said] == []

"""`watchroom report` writes its page, JSON and CSV from files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.build import TINY_FORCE, crime, lines
from tests.unit.cli.test_cli import watchroom

ASKED = (
    "report",
    "crimes.ndjson",
    "--force",
    "tiny.toml",
    "--period",
    "2021-05",
    "-o",
    "page.html",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tiny force and crimes of four months, which is the current one."""
    records = [
        crime(f"{month}-{n}", f"2021-{month:02d}-10T12:00:00Z", area="north")
        for month in (3, 4, 5, 6)
        for n in range(20)
    ]
    (tmp_path / "tiny.toml").write_text(TINY_FORCE)
    (tmp_path / "crimes.ndjson").write_bytes(lines(records) + b"\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_page_json_and_csv_are_written(folder: Path) -> None:
    answer = watchroom(*ASKED, "--json", "f.json", "--csv", "f.csv")
    assert answer.exit_code == 0, answer.output
    assert "as of Friday 11 June 2021, 00:00:00 BST" in answer.stderr
    text = (folder / "page.html").read_text()
    assert "Tiny Police, May 2021" in text
    made = json.loads((folder / "f.json").read_text())
    assert made["summary"][0]["happened"] == "20, the same as the month before"
    with (folder / "f.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert ("total_recorded_crime", "north", "20") in {
        (row["indicator"], row["area"], row["value"]) for row in rows
    }


def test_a_period_that_there_is_not_is_told(folder: Path) -> None:
    answer = watchroom(*ASKED[:5], "2021-Q9", *ASKED[6:])
    assert answer.exit_code == 2
    assert '"2021-Q9" is no period' in answer.stderr
    assert not (folder / "page.html").exists()


def test_a_page_that_cannot_be_written_is_told(folder: Path) -> None:
    answer = watchroom(*ASKED[:-1], "nowhere/page.html")
    assert answer.exit_code == 1
    assert "nowhere/page.html can't be written" in answer.stderr

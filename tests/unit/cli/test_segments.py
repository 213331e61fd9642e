"""`watchroom segments`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.build import TINY_FORCE, crime, lines
from tests.unit.cli.test_cli import watchroom

COUNTS = [5, 6, 4, 5, 6, 5, 4, 5, 6, 5, 4, 6, 25, 26, 24, 25, 26, 25, 24, 25, 26, 25, 24, 26]
READ = ("total_recorded_crime", "crimes.ndjson", "--force", "tiny.toml")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two years of crimes, the second at another level, and the tiny force."""
    (tmp_path / "tiny.toml").write_text(TINY_FORCE)
    records = [crime("first", "2019-01-01T00:30:00Z")]
    for place, count in enumerate(COUNTS):
        month = f"{2019 + place // 12}-{place % 12 + 1:02}"
        records += [crime(f"{month}-{n}", f"{month}-10T12:00:00Z") for n in range(count)]
    records.append(crime("last", "2020-12-31T23:30:00Z"))
    (tmp_path / "crimes.ndjson").write_bytes(lines(records) + b"\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_says_from_when_a_figure_is_another(folder: Path) -> None:
    answer = watchroom("segments", *READ, "--period", "2019..2020", "--format", "json")
    assert answer.exit_code == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert (found["first"], found["last"], found["periods"]) == ("2019-01", "2020-12", 24)
    assert [each["period"] for each in found["changes"]] == ["2020-01"]
    assert round(found["changes"][0]["change"]) == 20


def test_it_draws_the_change(folder: Path) -> None:
    answer = watchroom("segments", *READ, "--period", "2019..2020", "--chart", "changes.svg")
    assert answer.exit_code == 0, answer.stderr
    assert "2020-01" in answer.stdout
    assert (folder / "changes.svg").read_text().startswith("<svg")


def test_of_few_periods_it_says_how_many_are_needed(folder: Path) -> None:
    answer = watchroom("segments", *READ, "--period", "2019-01..2019-05")
    assert answer.exit_code == 2
    assert "5 periods in a row are known" in answer.stderr
    assert "8 are needed" in answer.stderr

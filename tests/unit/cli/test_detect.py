"""`watchroom detect`: a named detector over the columns of a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import detectors
from detectors import CUSUM, MonthWatch, SeasonalScan
from streams.cli import main
from tests.detectors_registry import DETECTORS

STABLE = [360, 331, 352, 347, 366, 349, 361, 358, 340, 362, 355, 367]
RISEN = [442, 401, None, 437, 446]
COUNTS: list[int | None] = [*STABLE, *RISEN]
DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 31, 30, 31]
MONTHS = [f"{2024 + n // 12}-{n % 12 + 1:02}" for n in range(len(COUNTS))]

Table = Callable[..., str]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    def make(**columns: list[object]) -> str:
        path = tmp_path / "table.csv"
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(columns)
            rows.writerows(zip(*columns.values(), strict=True))
        return str(path)

    return make


@pytest.fixture
def months(table: Table) -> str:
    return table(month=MONTHS, crimes=COUNTS, days=DAYS)


def detect(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["detect", *arguments])


def answers(*arguments: str) -> list[dict[str, object]]:
    answer = detect(*arguments, "--json")
    assert answer.exit_code == 0, answer.output
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_without_a_detector_it_lists_all_with_what_they_find() -> None:
    lines = detect().stdout.splitlines()
    assert [line.split()[0] for line in lines] == [n for n in detectors.__all__ if n != "Detector"]
    assert all(len(line.split()) > 4 for line in lines)


@pytest.mark.parametrize("name", [name for name in detectors.__all__ if name != "Detector"])
def test_without_a_file_it_says_which_settings_a_detector_has(name: str) -> None:
    answer = detect(name)
    assert answer.exit_code == 0
    for setting in getattr(detectors, name)()._get_params():
        assert f"\n  {setting}=" in answer.stdout


@pytest.mark.parametrize("name", sorted({type(make()).__name__ for _, make in DETECTORS}))
def test_every_detector_can_be_run_over_a_column(name: str, months: str) -> None:
    found = answers(name, months, "--column", "crimes", "--all")
    assert [row["label"] for row in found] == MONTHS
    assert [row["value"] for row in found] == COUNTS


def test_it_prints_where_the_detector_alarms_since_when_and_the_level(months: str) -> None:
    answer = detect("MonthWatch", months, "--column", "crimes", "--with", "exposure=days")
    watch, expected = MonthWatch(), []
    for month, x, days in zip(MONTHS, COUNTS, DAYS, strict=True):
        watch.update(x, days)
        if watch.drift_detected:
            assert watch.onset == 12
            expected.append(f"{month}  crimes {x}  ALARM")
            expected.append(f"since {MONTHS[12]}  direction up  level {watch.level:.4g}")
    assert len(expected) == 8
    for text in expected:
        assert text in answer.stdout
    assert answer.stdout.count("\n") == 4
    assert answer.stderr == "4 alarms in 17 rows of crimes\n"


def test_an_onset_is_named_by_its_row_also_where_a_detector_leaves_missing_points_out(
    table: Table,
) -> None:
    file = table(week=["a", "b", "c", "d", "e", "f"], calls=[9, None, None, 8, 16, 15])
    (alarm,) = answers("CUSUM", file, "--set", "mean=9", "--set", "h=3")
    assert (alarm["label"], alarm["row"], alarm["onset"]) == ("f", 5, 4)


def test_settings_are_those_of_the_detector(months: str) -> None:
    given = ("--column", "crimes", "--set", "mean=354", "--set", "sides=down", "--set", "h=1")
    found = answers("CUSUM", months, *given, "--all")
    detector = CUSUM(mean=354, sides="down", h=1)
    for row, x in zip(found, COUNTS, strict=True):
        detector.update(x)
        assert row["evidence"] == detector.evidence


def test_a_point_is_missing_where_what_belongs_to_it_is(table: Table) -> None:
    file = table(day=[1, 2, 3], ok=[50, 10, 50], of=[50, "", 50])
    found = answers("Proportion", file, "--column", "ok", "--with", "of=of", "--all")
    assert [row["value"] for row in found] == [50, None, 50]


def test_each_column_has_a_detector_of_its_own(months: str) -> None:
    together = answers("EWMA", months, "--set", "mean=30", "--all")
    alone = answers("EWMA", months, "--set", "mean=30", "--all", "--column", "days")
    assert [row for row in together if row["column"] == "days"] == alone
    assert {str(row["column"]) for row in together} == {"crimes", "days"}


def test_a_report_of_the_last_row_flags_the_columns_whose_false_share_is_small(
    table: Table,
) -> None:
    calm = [10 + n % 3 for n in range(60)]
    file = table(week=list(range(60)), theft=[*calm[:-1], 40], fraud=calm, arson=[*calm[:-1], ""])
    lines = detect("SeasonalScan", file, "--last", "0.05").stdout.splitlines()
    assert lines[0] == "59: 2 of 3 columns can be judged"
    assert lines[1].startswith("FLAG  theft: 40, expected 11.0, p ")
    assert lines[2].startswith("      fraud: 12, expected 11.0, p ")
    scan = SeasonalScan()
    for x in [*calm[:-1], 40]:
        scan.update(x)
    assert scan.p_value is not None
    assert lines[1].endswith(f"p {scan.p_value:.2g}, false share {2 * scan.p_value:.2g}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Cusumm"], 'there is no detector "Cusumm". There are Heartbeat, Silence, ControlChart'),
        (["CUSUM", "FILE", "--set", "z=1"], 'CUSUM has no setting "z". It has mean, sd'),
        (["CUSUM", "FILE", "--set", "h"], '--set "h" is not of the form NAME=VALUE'),
        (["CUSUM", "FILE", "--set", "h=-1"], "CUSUM: h is above 0"),
        (["CUSUM", "FILE", "--set", "mean=many"], "CUSUM: '>' not supported"),
        (["CUSUM", "FILE", "--column", "x"], 'has no column "x". It has month, crimes, days'),
        (["ADWIN", "FILE", "--with", "of=days"], 'ADWIN does not take "of" with a point'),
        (["GLR", "FILE", "--with", "of=days"], 'GLR does not take "of" with a point. It takes exp'),
        (["CUSUM", "FILE", "--column", "month"], 'row 0 of the column "month": "2024-01" is no'),
        (["CUSUM", "FILE", "--last", "0.1"], "CUSUM has no p-value. --last is for SeasonalScan"),
        (["EWMA", "FILE", "--column", "days", "--label", "no"], 'has no column "no"'),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(
    arguments: list[str], words: str, months: str
) -> None:
    answer = detect(*[months if one == "FILE" else one for one in arguments])
    assert answer.exit_code in (1, 2)
    assert words in answer.stderr
    assert answer.stderr.startswith("Error: ")
    assert answer.stderr.count("\n") == 1


def test_a_value_that_a_detector_refuses_is_named_by_its_row(table: Table) -> None:
    answer = detect("EARS", table(n=[1, 2], count=[5, "inf"]))
    assert answer.stderr == 'Error: row 1 of the column "count": "inf" is no number\n'
    answer = detect("FlexibleFarrington", table(n=[1, 2], count=[5, -1]))
    assert answer.stderr == 'Error: row 1 of the column "count": not a count: -1.0\n'


def test_a_file_without_rows_or_with_a_label_alone_is_said_to_have_none(table: Table) -> None:
    assert "has no rows" in detect("EARS", table(n=[], count=[])).stderr
    assert "has no column of figures" in detect("EARS", table(n=[1]), "--label", "n").stderr

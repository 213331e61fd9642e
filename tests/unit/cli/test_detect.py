"""`watchroom detect`: a named detector over the columns of a table."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import detectors
from detectors import CUSUM, MonthWatch, SeasonalScan
from streams.cli import main
from streams.cli.detect import COUNTS as COUNTS_ONLY
from tests.detectors_registry import DETECTORS

STABLE = [360, 331, 352, 347, 366, 349, 361, 358, 340, 362, 355, 367]
RISEN = [442, 401, None, 437, 446]
COUNTS: list[int | None] = [*STABLE, *RISEN]
DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 31, 30, 31]
MONTHS = [f"{2024 + n // 12}-{n % 12 + 1:02}" for n in range(len(COUNTS))]

GIVEN = {
    "GLR": ("--set", "mean=350"),
    "GaussianFocus": ("--set", "sd=20"),
    "UncertainFocus": ("--with", "exposure=of"),
    "Proportion": ("--with", "of=of"),
    "ProportionWatch": ("--with", "trials=of"),
}
"""What a detector must be given."""

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
def test_every_detector_can_be_run_over_a_column(name: str, table: Table) -> None:
    months = table(month=MONTHS, crimes=COUNTS, of=[500] * len(COUNTS))
    found = answers(name, months, "--column", "crimes", "--all", *GIVEN.get(name, ()))
    assert [row["label"] for row in found] == MONTHS
    assert [row["value"] for row in found] == COUNTS


def test_it_prints_where_the_detector_alarms_since_when_and_the_level(months: str) -> None:
    answer = detect("MonthWatch", months, "--column", "crimes", "--with", "exposure=days")
    watch = MonthWatch()
    expected: list[str] = []
    for month, x, days in zip(MONTHS, COUNTS, DAYS, strict=True):
        watch.update(x, days)
        if watch.drift_detected:
            assert watch.onset == 12
            goes_on = " goes on" * bool(expected)
            expected.append(f"{month}  crimes {x}  ALARM{goes_on}  evidence")
            expected.append(f"since {MONTHS[12]}  direction up  level {watch.level:.4g}")
    assert len(expected) == 8
    for text in expected:
        assert text in answer.stdout
    assert answer.stdout.count("\n") == 4
    assert answer.stderr == ("4 alarms in 17 rows of crimes, 1 of them new: the others go on\n")


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
        (["CUSUM", "FILE", "--set", "mean=many"], "CUSUM: mean is a number or null, not"),
        (["CUSUM", "FILE", "--column", "x"], 'has no column "x". It has month, crimes, days'),
        (["ADWIN", "FILE", "--with", "of=days"], 'ADWIN does not take "of" with a point'),
        (["GLR", "FILE", "--with", "of=days"], 'GLR does not take "of" with a point. It takes exp'),
        (
            ["CUSUM", "FILE", "--column", "month"],
            '.csv:2, column "month": "2024-01" is no number: ',
        ),
        (["CUSUM", "FILE", "--set", "h=four"], 'CUSUM: h is a number, not "four"'),
        (["CUSUM", "FILE", "--set", "h=NaN"], 'CUSUM: h is a number, not "NaN"'),
        (["CUSUM", "FILE", "--set", "k=[1]"], "CUSUM: k is a number, not [1]"),
        (["CUSUM", "FILE", "--set", "learn=2.5"], "CUSUM: learn is a whole number, not 2.5"),
        (["CUSUM", "FILE", "--set", "restart=1"], "CUSUM: restart is true or false, not 1"),
        (["CUSUM", "FILE", "--set", "sides=left"], "sides is one of both, up, down, not"),
        (["PoissonFocus", "FILE", "--set", "sides=1"], "sides is one of both, up, down, not 1"),
        (["ControlChart", "FILE", "--set", "rules=outside"], "rules is a JSON list, not"),
        (["GLR", "FILE", "--column", "crimes"], "Give --set mean=... or --with exposure=COLUMN"),
        (["GaussianFocus", "FILE", "--column", "crimes"], "Give --set sd=..."),
        (["UncertainFocus", "FILE", "--column", "crimes"], "Give --with exposure=COLUMN"),
        (
            ["Proportion", "FILE", "--column", "days"],
            "31 of 1: say how many there were, --with of=",
        ),
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


def test_a_value_that_a_detector_refuses_is_named_by_its_line_and_label(table: Table) -> None:
    answer = detect("CUSUM", file := table(n=[1, 2], count=[5, "inf"]))
    assert answer.stderr.startswith(f'Error: {file}:3 (2), column "count": "inf" is no number: ')
    answer = detect("Proportion", file := table(n=["a"], k=[7], of=[5]), "--with", "of=of")
    assert answer.stderr == f'Error: {file}:2 (a), column "k": 7 of 5 is more than there were\n'
    given = ("--column", "k", "--with", "slot=at")
    answer = detect("Expected", file := table(n=["a"], k=[7], at=[1.5]), *given)
    assert answer.stderr == f'Error: {file}:2 (a), column "k": slot is a whole number, not 1.5\n'


@pytest.mark.parametrize("name", sorted(COUNTS_ONLY))
def test_a_count_below_0_is_refused_in_one_way(name: str, table: Table) -> None:
    file = table(n=["a", "b"], count=[5, -1], of=[9, 9])
    answer = detect(name, file, "--column", "count", *GIVEN.get(name, ()))
    assert answer.stderr == f'Error: {file}:3 (b), column "count": -1 is below 0, so no count\n'


def test_measurements_may_be_below_0(table: Table) -> None:
    file = table(n=["a", "b"], x=[5, -1])
    assert detect("ControlChart", file).exit_code == detect("CUSUM", file).exit_code == 0
    assert "below 0" in detect("ControlChart", file, "--set", "kind=c").stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("week,n\n2024-W01,40,7\n", ":2 (2024-W01) has 3 cells, the header has 2: quote a cell"),
        ("week,n,m\n2024-W01,40\n", ":2 (2024-W01) has 2 cells, the header has 3: write what is"),
        ("week,n,n\n2024-W01,40,1\n", ':1 has 2 columns called "n": give each a name of its own'),
        ("week,n,\n2024-W01,40,1\n", ":1: column 3 has no name"),
        ("2024-W01,40\n2024-W02,41\n", ":1 is no header but figures: put a line with the names"),
        ("40\n41\n", ":1 is no header but figures"),
        ("week,n\n2024-W01,4_1\n", ':2 (2024-W01), column "n": "4_1" is no number: write it as'),
        ("week,n\n\n2024-W01,1e3\n", ':3 (2024-W01), column "n": "1e3" is no number'),
        ("week;n\n2024-W01;1,5\n", ':2 (2024-W01), column "n": "1,5" is no number'),
        ('week,n\n2024-W01,"1,5"\n', ':2 (2024-W01), column "n": "1,5" is no number'),
        ("week,n\n2024-W01,4\n2024-W02,5\nTotal,9\n", ':4 ("Total") is no period like the rows'),
        ("week,n\n2024-W01,4\n2024-W02,5\nSumme,9\n", ':4 ("Summe") is no period like the rows'),
        ('week,n\n2024-W01,"4\n2024-W02,5\n', ":2 is no row of CSV: unexpected end of data"),
    ],
)
def test_a_damaged_table_is_refused_with_line_and_cure(
    text: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    answer = detect("EWMA", str(path))
    assert answer.exit_code == 1
    assert answer.stderr.startswith(f"Error: {path}{words}")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        "week,n\n1st,40\n2nd,1234\n3rd,\n",
        "week;n\n1st;40\n2nd;1234\n3rd;\n",
        "week\tn\n1st\t40\n2nd\t1234\n3rd\t\n",
        'week,n,\n1st,40,\n\n2nd,"1,234",\n3rd,n/a,\n,,\n',
    ],
)
def test_tables_of_any_delimiter_are_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    found = answers("EWMA", str(path), "--all")
    assert [(row["label"], row["value"]) for row in found] == [
        ("1st", 40), ("2nd", 1234), ("3rd", None),
    ]  # fmt: skip


def test_a_blank_line_of_a_single_column_is_a_missing_point(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("n\n4\n\n6\n\n")
    found = answers("EWMA", str(path), "--all")
    labels = [("line 2", 4), ("line 3", None), ("line 4", 6)]
    assert [(row["label"], row["value"]) for row in found] == labels


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("CountWatch", "4 weeks of 168 points each"),
        ("Expected", "4 weeks of 168 points each"),
        ("FlexibleFarrington", "263 points before it"),
        ("ReportingTriangle", "8 periods, each with a count at every one of 2 ages"),
        ("ProportionWatch", "20 groups of at least 20 cases"),
        ("DurationWatch", "20 groups of at least 5 cases"),
        ("SeasonalScan", "26 points before the last 2"),
        ("CUSUM", "20 points to learn from, not all alike"),
    ],
)
def test_where_nothing_could_be_judged_that_is_said(name: str, needs: str, table: Table) -> None:
    file = table(n=list(range(15)), k=[4, 5, 6] * 5, of=[9] * 15)
    answer = detect(name, file, "--column", "k", *GIVEN.get(name, ()))
    assert answer.stdout == ""
    assert answer.stderr == (
        f"none of 15 rows of k could be judged: {name} is still learning; it needs {needs}\n"
    )


def test_a_lasting_change_is_one_new_alarm_that_goes_on(table: Table) -> None:
    points = [9] * 10 + [18] * 7 + [9] * 10 + [None, 18, 18, None, 18, 18]
    file = table(n=[f"d{n}" for n in range(len(points))], k=points)
    given = ("--set", "mean=9", "--set", "h=3")
    found = [(row["label"], row["goes_on"]) for row in answers("CUSUM", file, *given)]
    assert [label for label, goes_on in found if not goes_on] == ["d11", "d29"]
    answer = detect("CUSUM", file, *given)
    assert answer.stdout.count("ALARM goes on") == len(found) - 2 > 0
    assert answer.stderr == (
        f"{len(found)} alarms in 33 rows of k, 2 of them new: the others go on\n"
    )


def test_directions_and_causes_are_words(table: Table) -> None:
    stable = [360, 371, 352, 377, 366, 349, 381, 358, 370, 362, 355, 367]
    file = table(n=[f"d{n}" for n in range(19)], k=stable + [440] * 7)
    assert {row["direction"] for row in answers("ShiryaevRoberts", file)} == {"up"}
    assert "causes outside up" in detect("ControlChart", file).stdout


@pytest.mark.parametrize("name", [name for name in detectors.__all__ if name != "Detector"])
def test_the_help_of_a_detector_explains_every_setting_by_itself(name: str) -> None:
    text, _, _ = detect(name).stdout.partition("\n--set")
    for setting in getattr(detectors, name)()._get_params():
        assert re.search(rf"\b{setting}\b", text), setting
    assert not re.search(r"\b(see|above[,.:]|module)\b|`[A-Z]\w+`", text)


def test_a_file_without_rows_or_with_a_label_alone_is_said_to_have_none(table: Table) -> None:
    assert "has no rows" in detect("EARS", table(n=[], count=[])).stderr
    assert "has no column of figures" in detect("EARS", table(n=[1]), "--label", "n").stderr

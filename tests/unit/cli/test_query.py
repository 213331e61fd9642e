"""`watchroom query`, and comparisons below the terminal's board."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from rich.console import Console

from streams.board.answers import FigureRow
from streams.board.compare import Beside, Change, Rank, Rate
from streams.board.monitor import Monitor
from streams.board.query import Observation
from streams.board.standing import Standing
from streams.live import Live
from streams.outputs.figures_shown import amount, compared, figures, value
from streams.outputs.monitor_server import serve
from streams.registry.registry import REGISTRY
from tests.build import TINY_FORCE, crime, feed, lines, ms, tiny_force
from tests.unit.cli.test_cli import watchroom

RECORDS = [
    crime("first", "2020-01-01T12:00:00Z"),
    *(crime(f"a{n}", "2021-04-10T12:00:00Z", area="north") for n in range(20)),
    *(crime(f"b{n}", "2021-05-10T12:00:00Z", area="south") for n in range(25)),
    crime("v", "2021-05-10T12:00:00Z", offence="vehicle"),
    crime("last", "2021-06-30T12:00:00Z"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tiny force and some crimes, which is the current one."""
    (tmp_path / "tiny.toml").write_text(TINY_FORCE)
    (tmp_path / "crimes.ndjson").write_bytes(lines(RECORDS) + b"\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    watched = Monitor([tiny_force()])
    watched.play_history(True)
    feed(watched, *RECORDS)
    shown = Live(watched, clock=lambda: ms("2021-07-01T00:00:00+01:00"))
    shown.health.state = "live"
    running = serve(shown)
    yield running.url
    running.stop()


FILES = ("--source", "crimes.ndjson", "--force", "tiny.toml")


def asked(*arguments: str) -> Result:
    answer = watchroom("query", *arguments)
    assert answer.exit_code == 0, answer.stderr
    return answer


def table(text: str) -> list[list[str]]:
    return [
        [part.strip() for part in line.split("  ") if part.strip()] for line in text.splitlines()
    ]


def test_files_are_asked_for_a_figure_with_comparisons(folder: Path) -> None:
    answer = asked("vehicle_offences", "crimes.count", *FILES, "--period", "2021-05",
                   "--compare", "previous,share")  # fmt: skip
    titles = [REGISTRY.indicator(name).title for name in ("vehicle_offences", "crimes.count")]
    assert table(answer.stdout) == [
        ["Value", "Period before", "Share"],
        [titles[0], "1", "0 +1", "3.8 %"],
        [titles[1], "26", "20 +30 %", "-"],
    ]


def test_areas_and_periods_have_a_column_where_there_are_several(folder: Path) -> None:
    answer = asked("crimes.count", *FILES, "--period", "2021-Q2", "--by", "month",
                   "--area", "south", "--area", "North")  # fmt: skip
    assert [row[1:] for row in table(answer.stdout)[1:]] == [
        ["South", "2021-04", "0"], ["North", "2021-04", "20"],
        ["South", "2021-05", "25"], ["North", "2021-05", "0"],
        ["South", "2021-06", "0"], ["North", "2021-06", "0"],
    ]  # fmt: skip


def test_what_is_not_known_or_not_whole_is_said(folder: Path) -> None:
    answer = asked("incidents", "crimes.count", *FILES, "--period", "2021/22")
    said = table(answer.stdout)
    assert said[1][-1] == "not known (1)"
    assert said[2][-1] == "47 *"
    assert said[3:] == [
        ["* the period is not over, or was not heard from end to end"],
        ["(1) not known: no incidents have come"],
    ]


def test_why_figures_are_not_known_is_said_once_a_reason(folder: Path) -> None:
    answer = asked("incidents", "answered_999_within_10s", "outcome_rate", "incidents.count",
                   "robbery", *FILES, "--period", "2021-05", "--compare", "share")  # fmt: skip
    said = table(answer.stdout)
    assert [row[1] for row in said[1:6]] == [
        "not known (1)", "not known (2)", "not known (3)", "not known (1)", "not known (4)",
    ]  # fmt: skip
    assert said[6:] == [
        ["(1) not known: no incidents have come"],
        ["(2) not known: no calls have come"],
        ["(3) not known: the feed of crimes has not carried outcome"],
        ["(4) not known: the force does not list what it counts"],
    ]


@pytest.mark.parametrize(("period", "known"), [("2021-05", True), ("2022", False)])
def test_without_an_indicator_the_table_has_those_of_which_anything_is_known(
    folder: Path, period: str, known: bool
) -> None:
    question = *FILES, "--period", period, "--area", "force", "--area", "north"
    rows = json.loads(asked(*question, "--format", "json").stdout)
    shown = {row["title"] for row in rows if row.get("known", True)}
    every = {row["indicator"] for row in rows}
    assert every == set(REGISTRY.indicators)
    said = " ".join(asked(*question).stdout.split())
    assert bool(shown) is known
    assert "not known" not in said
    assert all(title in said for title in shown)
    assert said.endswith(
        f"Indicators left out, of which nothing is known: {len(every) - len(shown)}. "
        "Name one to see why; --format csv has all of them."
    )


CALLS = "No,Start,Answered\na,2021-05-01 10:00:00,2021-05-01 10:00:05\nb,2021-05-31 10:00:00,\n"
LOGS = "Log,Opened\n1,01/05/2021 10:00\n2,31/05/2021 10:00\n"
CALLS_TOML = """
kind = "call"
force = "tiny"
timezone = "Europe/London"
id = "No"
constants = { line = "999" }
[fields.offered_at]
column = "Start"
[fields.answered_at]
column = "Answered"
"""
LOGS_TOML = """
kind = "incident"
force = "tiny"
timezone = "Europe/London"
time_format = "%d/%m/%Y %H:%M"
id = "Log"
constants = { category = "other" }
[fields.opened_at]
column = "Opened"
"""


@pytest.fixture
def exports(folder: Path) -> tuple[str, ...]:
    """Two exports, each with a mapping of its own."""
    for name, text in {
        "calls.csv": CALLS, "calls.toml": CALLS_TOML, "logs.csv": LOGS, "logs.toml": LOGS_TOML,
    }.items():  # fmt: skip
        (folder / name).write_text(text)
    return ("--source", "calls.csv:calls.toml", "--source", "logs.csv:logs.toml",
            "--force", "tiny.toml")  # fmt: skip


def test_tables_are_asked_each_through_its_own_mapping(exports: tuple[str, ...]) -> None:
    answer = asked("calls_999", "incidents", "crimes.count", *exports, "--source", "crimes.ndjson",
                   "--period", "2021-05")  # fmt: skip
    assert [row[-1] for row in table(answer.stdout)[1:]] == ["2", "2", "26"]


def test_what_stands_out_is_asked_of_tables_with_mappings(exports: tuple[str, ...]) -> None:
    answer = watchroom("flags", "2021-05", *exports)
    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout.startswith("No series has 12 whole months before")


@pytest.mark.parametrize(
    "command", [("query", "robbery", "--period", "2021"), ("flags", "2021-05")]
)
def test_of_several_mappings_it_is_said_how_each_gets_its_table(
    exports: tuple[str, ...], command: tuple[str, ...]
) -> None:
    answer = watchroom(*command, "--source", "calls.csv", "--mapping", "calls.toml", "--mapping",
                       "logs.toml")  # fmt: skip
    assert answer.exit_code == 2
    assert "give each table its own, --source calls.csv:calls.toml" in " ".join(
        answer.stderr.split()
    )


def test_a_monitor_answers_as_its_files_do(folder: Path, url: str) -> None:
    question = ("crimes.count", "vehicle_offences", "--period", "2021-Q2", "--by", "month",
                "--area", "all", "--compare", "previous,last_year,average")  # fmt: skip
    for form in ("json", "csv", "table"):
        of_files = asked(*question, *FILES, "--format", form).stdout
        assert of_files == asked(*question, "--url", url, "--format", form).stdout
        assert of_files


def test_rows_as_csv_and_json(folder: Path) -> None:
    question = ("crimes.count", *FILES, "--period", "2021-05", "--compare", "previous")
    (row,) = csv.DictReader(io.StringIO(asked(*question, "--format", "csv").stdout))
    assert (row["value"], row["previous_base"], row["previous_percent"]) == ("26", "20", "30.0")
    (sent,) = json.loads(asked(*question, "--format", "json").stdout)
    assert sent["beside"]["previous"]["change"] == 6


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("robery", "--period", "2021"), 2, "did you mean robbery"),
        (("robbery", "--period", "21"), 2, '"21" is no period: write'),
        (("robbery", "--period", "0001"), 2, "of the years 1900 to 2199"),
        (("robbery", "--period", "21", "--by", "month"), 2, '"21" is no period: write'),
        (("robbery", "--period", "2021", "--area", "nort"), 2, "did you mean north"),
        (("robbery", "--period", "2021", "--compare", "best"), 2, '"best" is none of previous'),
        (("robbery",), 2, "Missing option '--period'"),
        (
            ("robbery", "--period", "2021-02", "--by", "quarter"),
            2,
            "2021-02 holds no whole quarter",
        ),
    ],
)
def test_what_there_is_not_is_told_with_the_nearest(
    folder: Path, url: str, arguments: tuple[str, ...], code: int, words: str
) -> None:
    for source in (FILES, ("--url", url)):
        answer = watchroom("query", *arguments, *source)
        assert answer.exit_code == code
        assert words in " ".join(answer.stderr.split())


def test_where_nothing_answers_it_is_said_what_to_do() -> None:
    answer = watchroom("query", "robbery", "--period", "2021", "--url", "127.0.0.1:1")
    assert answer.exit_code == 1
    assert "does not answer: Connection refused. Name a running monitor" in answer.stderr


def test_files_without_records_of_the_forces_are_said_to_be_so(folder: Path) -> None:
    answer = watchroom("query", "robbery", "--period", "2021", "--source", "crimes.ndjson")
    assert answer.exit_code == 2
    assert "the input has no records" in answer.stderr


def test_rows_that_are_refused_are_said_and_written_nowhere(folder: Path) -> None:
    with (folder / "crimes.ndjson").open("ab") as file:
        file.write(b"{}\n")
    answer = asked("crimes.count", *FILES, "--period", "2021")
    assert "Refused 1 row:\n" in answer.stderr


def test_comparisons_stand_below_the_closing_board(folder: Path) -> None:
    answer = watchroom(
        *("run", "crimes.ndjson", "--force", "tiny.toml", "--no-surveillance"),
        *("--period", "2021-05", "--compare", "previous"),
    )
    assert answer.exit_code == 0
    title = REGISTRY.indicator("vehicle_offences").title
    assert [title, "1", "0 +1"] in table(answer.stdout)
    assert REGISTRY.indicator("calls_999").title not in answer.stdout
    alone = watchroom("run", "crimes.ndjson", "--compare", "previous")
    assert alone.exit_code == 2


def test_comparisons_stand_below_the_board_of_a_monitor(url: str) -> None:
    answer = watchroom("board", "--url", url, "--period", "2021-05", "--compare", "previous,rate")
    assert answer.exit_code == 0, answer.stderr
    title = REGISTRY.indicator("total_recorded_crime").title
    assert [title, "26", "20 +30 %", "26.00"] in table(answer.stdout)
    assert "2021-05" in answer.stdout.partition("Period before")[0]


def shown(number: float | None, **more: Any) -> FigureRow:
    return FigureRow(
        indicator="i", title="I", unit=more.pop("unit", "count"), area="force", period="2021",
        start="", end="", value=number, **more,
    )  # fmt: skip


def test_figures_are_printed_as_reports_do() -> None:
    assert [amount(1159, "count"), amount(2.5, "count")] == ["1,159", "2.5"]
    assert [amount(0.8725, "ratio"), amount(1204.25, "seconds")] == ["87.3 %", "1,204.3 s"]
    assert value(shown(None, unit="ratio")) == "no cases"


@pytest.mark.parametrize(
    ("found", "unit", "words"),
    [
        (Change("a", 12, "b", 10, 2, 20.0), "count", "10 +20 %"),
        (Change("a", 997, "b", 1000, -3, -0.3), "count", "1,000 -0.3 %"),
        (Change("a", 0.9, "b", 0.8, 0.1, None), "ratio", "80.0 % +10.0 points"),
        (Change("a", 9, "b", 7.5, 1.5, None), "count", "7.5 +1.5"),
        (Change("a", 9, "b", None, None, None), "count", "not known"),
        (Observation(0.25, 1, 4), "count", "25.0 %"),
        (Rate(4.0, "population", 1000), "count", "4.00"),
        (Standing("above", "chart"), "count", "above (chart)"),
        (Rank(2, 5, "districts", "highest first"), "count", "2 of 5, highest first"),
        (
            Rank(2, 4, "districts", "lowest first", ["rugby"]),
            "count",
            "2 of 4, lowest first (1 left out)",
        ),
        (Rank(None, 0, "districts", "highest first"), "count", "-"),
        (None, "count", "-"),
    ],
)
def test_a_comparison_in_words(found: Any, unit: Any, words: str) -> None:
    assert compared(found, unit) == words


def test_of_a_sum_its_own_value_comes_first() -> None:
    year = Change("YTD-2021-05", 46, "YTD-2020-05", 40, 6, 15.0)
    assert compared(year, "count", sums=True) == "46 (40) +15 %"


# -- a chart -----------------------------------------------------------------------------------


def test_the_chart_of_a_figure_is_written_as_a_file_of_its_own(folder: Path) -> None:
    answer = asked("total_recorded_crime", *FILES, "--period", "2021-04..2021-06",
                   "--by", "month", "--chart", "crime.svg")  # fmt: skip
    assert len(answer.stdout.splitlines()) == 4
    text = (folder / "crime.svg").read_text()
    assert text.startswith("<svg ")
    assert "Total recorded crime, Tiny Police, by month, from April 2021 to June 2021" in text


def test_a_monitor_draws_the_same_chart(folder: Path, url: str) -> None:
    question = ("total_recorded_crime", "--period", "2021-04..2021-06")
    asked(*question, *FILES, "--chart", "files.svg")
    asked(*question, "--url", url, "--chart", "monitor.svg")
    assert (folder / "files.svg").read_text() == (folder / "monitor.svg").read_text()


@pytest.mark.parametrize(
    "question",
    [
        ("robbery", "burglary", "--period", "2021"),
        ("--period", "2021"),
        ("robbery", "--period", "2021", "--period", "2020"),
        ("robbery", "--period", "2021", "--area", "all"),
    ],
)
def test_a_chart_of_several_figures_is_refused(folder: Path, question: tuple[str, ...]) -> None:
    answer = watchroom("query", *question, *FILES, "--chart", "x.svg")
    assert answer.exit_code == 2
    assert "--chart draws one INDICATOR, --area and --period at a time" in answer.stderr
    assert not (folder / "x.svg").exists()


def test_a_chart_that_can_not_be_written_says_why(folder: Path) -> None:
    answer = watchroom("query", "total_recorded_crime", *FILES, "--period", "2021-05",
                       "--chart", "nowhere/x.svg")  # fmt: skip
    assert answer.exit_code == 1
    assert "nowhere/x.svg can't be written: No such file or directory" in answer.stderr


def test_areas_are_shown_by_their_names() -> None:
    rows = [shown(2, area_name="District 10"), shown(3)]
    rows[0].area = "10"
    text = io.StringIO()
    Console(file=text, width=100).print(figures(rows))
    assert [row[1] for row in table(text.getvalue())[1:]] == ["District 10", "force"]


def test_why_there_is_no_rate_or_rank_stands_once_below_the_table() -> None:
    rate = Rate(None, "population", None, "nobody says how many live there")
    rank = Rank(None, 0, "districts", "highest first", ["1", "2"])
    rows = [shown(n, beside=Beside(rate=rate, rank=rank)) for n in (2, 3)]
    text = io.StringIO()
    Console(file=text, width=120).print(figures(rows, ["rate", "rank"]))
    assert [row[1:] for row in table(text.getvalue())[1:3]] == [
        ["2", "- (1)", "- (2)"], ["3", "- (1)", "- (2)"],
    ]  # fmt: skip
    assert [line.strip() for line in text.getvalue().splitlines()[3:]] == [
        "(1) not known: nobody says how many live there",
        "(2) no rank, as the figure, or how many people there are, is not known as a whole",
    ]

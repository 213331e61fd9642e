"""Finite sources in the order of time: the order of rows and files changes nothing."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from streams.board.model import decode_board
from streams.board.monitor import canonical
from streams.cli import main
from streams.embedded.runner import Account, Embedded
from streams.live import Live
from streams.sources import open_source
from streams.sources.mapping.file import parse_mapping
from streams.sources.order.play import Play
from streams.sources.order.player import Player
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.stops import Stops
from tests.build import TINY_FORCE, call, incident, lines, monitor, row, tiny_force
from tests.examples import one_in
from tests.servers.process import PATIENCE, wait_until

CAD = """
kind = "incident"
timezone = "Europe/London"
id = "no"
time_format = "%Y-%m-%d %H:%M:%S"
[constants]
category = "asb"
grade = "emergency"
[fields.opened_at]
column = "opened"
[fields.arrived_at]
column = "arrived"
[fields.closed_at]
column = "closed"
"""
HEADER = "no,opened,arrived,closed"


def played(path: Path, mapping: str | None = None) -> tuple[Embedded, Play]:
    """A monitor that has read a file, and the play that it read."""
    clock = ReplayClock()
    runner = Embedded(Live(monitor(), clock), Stops(), clock)
    rules = parse_mapping(mapping) if mapping else None
    with Play(open_source(path, rules, tiny_force()), [tiny_force()]) as play:
        Player(play, runner).play()
    return runner, play


def table(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def counted(runner: Embedded, period: str) -> Any:
    board = runner.live.board("tiny", None, [period])
    (row,) = (
        r
        for r in board.periods[period]["incidents"]
        if (r["category"], r["grade"], r["area"]) == ("all", "all", "force")
    )
    return row["count"]


ROWS = [
    "1,2024-01-01 10:00:00,2024-01-01 10:05:00,2024-01-01 11:00:00",
    "2,2024-01-02 10:00:00,,2024-03-02 10:00:00",
    "3,2024-01-03 10:00:00,2024-01-03 10:09:00,",
    "4,2024-01-20 10:00:00,,",
    "5,2024-04-25 10:00:00,2024-04-25 10:12:00,2024-04-25 12:00:00",
]


def test_one_row_closed_two_months_later_loses_no_other(tmp_path: Path) -> None:
    runner, _ = played(table(tmp_path / "in.csv", ROWS), CAD)
    assert counted(runner, "2024-01") == 4
    assert runner.account() == Account(rows=5, counted=5, merged=0, refused=0, excluded=0)


@one_in(5)
@given(st.permutations(ROWS))
def test_the_order_of_rows_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    runner, _ = played(table(folder / "in.csv", rows), CAD)
    usual, _ = played(table(folder / "usual.csv", ROWS), CAD)
    assert canonical(runner.live.board("tiny", None, ["2024-01"])) == canonical(
        usual.live.board("tiny", None, ["2024-01"])
    )
    assert runner.account() == usual.account()


def test_an_outcome_three_years_later_refuses_no_crime_in_between(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(
        "no,recorded,outcome\n1,2020-01-05,\n2,2020-01-06,2023-01-10\n3,2020-01-07,2020-03-01\n"
        "4,2020-06-01,\n5,2021-02-12,\n"
    )
    mapping = """
        kind = "crime"
        timezone = "Europe/London"
        id = "no"
        [constants]
        offence = "vehicle"
        outcome = 18
        [fields.recorded_at]
        column = "recorded"
        [fields.outcome_at]
        column = "outcome"
    """
    runner, _ = played(path, mapping)
    board = runner.live.board("tiny", None, ["2020-01"])
    assert row(board, "2020-01", "crimes", offence="all")["count"] == 3
    assert runner.account() == Account(rows=5, counted=5, merged=0, refused=0, excluded=0)


def test_the_order_of_files_changes_nothing(tmp_path: Path) -> None:
    for folder, names in (("sorted", "12345"), ("unsorted", "52413")):
        (tmp_path / folder).mkdir()
        for name, line in zip(names, ROWS, strict=True):
            table(tmp_path / folder / f"{name}.csv", [line])
    boards = [
        canonical(played(tmp_path / f, CAD)[0].live.board("tiny", None, ["2024-01"]))
        for f in ("sorted", "unsorted")
    ]
    assert boards[0] == boards[1]


def test_a_blank_close_of_an_export_is_unknown_and_nobody_waits(tmp_path: Path) -> None:
    runner, _ = played(table(tmp_path / "in.csv", [ROWS[3]]), CAD)
    board = runner.live.board("tiny")
    (row,) = (r for r in board.now["attendance"] if r["area"] == "force")
    assert (row["unattended"], row["unattended_unknown"]) == (0, 0)
    (period,) = (
        r
        for r in runner.live.board("tiny", None, ["2024-01-20"]).periods["2024-01-20"]["attendance"]
        if r["area"] == "force"
    )
    assert (period["emergencies"], period["never_attended"]) == (1, 0)


def test_gauges_see_history_as_it_happened(tmp_path: Path) -> None:
    path = table(tmp_path / "in.csv", [ROWS[0], ROWS[2]])
    ages = []
    clock = ReplayClock()
    runner = Embedded(Live(monitor(), clock), Stops(), clock)
    with Play(open_source(path, parse_mapping(CAD), tiny_force()), [tiny_force()]) as play:
        for _ in Player(play, runner).gathering():
            pass
        for chunk in play:
            for line in chunk.lines():
                runner.take(chunk._replace(payload=line, line_numbers=[1], origins=["x"]))
                (row,) = (
                    r for r in runner.live.board("tiny").now["attendance"] if r["area"] == "force"
                )
                ages.append((json.loads(line)["id"], row["unattended"]))
    assert ages == [("1", 1), ("1", 0), ("1", 0), ("3", 1), ("3", 0)]


def test_rows_of_a_mapped_export_are_judged_whole_and_refused_once(tmp_path: Path) -> None:
    bad = "9,2024-01-01 10:00:00,2024-01-01 09:00:00,2024-01-01 11:00:00"
    runner, _ = played(table(tmp_path / "in.csv", [ROWS[0], bad]), CAD)
    assert runner.account() == Account(rows=2, counted=1, merged=0, refused=1, excluded=0)
    assert runner.refused == {"arrived_before_opened": 1}
    place, detail = runner.examples["arrived_before_opened"]
    assert (place, detail) == (
        f"{tmp_path / 'in.csv'}:3", "arrived_at is earlier than opened_at",
    )  # fmt: skip


def test_a_row_alone_in_time_counts_and_is_named(tmp_path: Path) -> None:
    far = "7,2014-01-03 10:00:00,2014-01-03 10:09:00,"
    runner, play = played(table(tmp_path / "in.csv", [*ROWS, far]), CAD)
    assert runner.account().counted == 6
    assert play.warnings == [
        (
            "1 row stands alone in time, more than 180 days from every other, and counts; look "
            f"whether the year is right: {tmp_path / 'in.csv'}:7 (2014-01-03)"
        )
    ]


def test_a_day_of_many_rows_alone_in_time_is_named(tmp_path: Path) -> None:
    near = [f"{n},2024-01-{n % 28 + 1:02} 10:00:00,," for n in range(100, 200)]
    far = [f"{n},2016-02-29 {n}:00:00,," for n in range(10, 18)]
    _, play = played(table(tmp_path / "in.csv", [*near, *far]), CAD)
    assert play.warnings == [
        (
            "8 rows stand alone in time, more than 180 days from every other, and count; look "
            f"whether the year is right: {tmp_path / 'in.csv'}:102 and 7 more (2016-02-29)"
        )
    ]


def test_days_of_rows_alone_in_time_are_those_of_the_forces_clock(tmp_path: Path) -> None:
    near = [f"{n},2024-01-{n % 28 + 1:02} 10:00:00,," for n in range(100, 200)]
    far = [f"{n},2016-07-01 00:{n}:00,," for n in range(10, 13)]
    _, play = played(table(tmp_path / "in.csv", [*near, *far]), CAD)
    assert play.warnings[0].endswith("in.csv:102 and 2 more (2016-07-01)")


def test_a_part_of_the_data_that_is_not_small_does_not_stand_alone(tmp_path: Path) -> None:
    half = [f"{n},{year}-01-02 {n}:00:00,," for year in (2022, 2024) for n in range(10, 20)]
    rows = [f"{n}{row[2:]}" for n, row in enumerate(half, 10)]
    assert played(table(tmp_path / "in.csv", rows), CAD)[1].warnings == []


def test_a_line_that_is_refused_for_its_time_is_not_said_to_count(tmp_path: Path) -> None:
    path = tmp_path / "in.ndjson"
    stamps = ["1985-01-01T00:00:00Z", "2024-01-01T10:00:00Z", "2090-01-01T00:00:00Z"]
    path.write_bytes(lines([call(str(n), at) for n, at in enumerate(stamps)]))
    runner, play = played(path)
    assert runner.account().refused == 2
    assert play.warnings == []


def test_the_only_row_there_is_is_not_alone(tmp_path: Path) -> None:
    assert played(table(tmp_path / "in.csv", ROWS[:1]), CAD)[1].warnings == []


def test_lines_of_events_are_sorted_and_never_unfolded(tmp_path: Path) -> None:
    events = [
        call("a", "2024-01-02T10:00:00Z", answered_at="2024-01-02T10:00:09Z"),
        call("b", "2024-01-01T10:00:00Z", answered_at="2024-01-01T10:00:09Z"),
    ]
    path = tmp_path / "in.ndjson"
    path.write_bytes(lines(events) + b"\nnonsense\n")
    with Play(open_source(path), [tiny_force()]) as play:
        assert [c.rows for c in play.gather()] == [0]
        (chunk,) = play
    first, *rest = chunk.lines()
    assert first == b"nonsense", "what can't be read comes first, and is refused by the monitor"
    assert [json.loads(x)["id"] for x in rest] == ["b", "a"]
    assert (list(chunk.line_numbers), chunk.rows) == ([3, 2, 1], 3)
    assert chunk.place(0) == f"{path}:3"


@one_in(4)
@given(st.data())
def test_versions_of_any_age_and_order_give_one_board(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Versions of up to eight incidents over three years, of which the last wins."""
    events = data.draw(
        st.lists(
            st.tuples(st.integers(0, 7), st.integers(0, 1100), st.integers(0, 1100)), max_size=20
        )
    )
    records: list[dict[str, Any]] = []
    for number, (id_, opened, later) in enumerate(events):
        day = f"{2020 + opened // 366}-{1 + opened % 366 // 31:02d}-{1 + opened % 28:02d}"
        known = opened + later
        updated = f"{2020 + known // 366}-{1 + known % 366 // 31:02d}-{1 + known % 28:02d}"
        updated = max(updated, day)
        records.append(
            incident(
                str(id_), f"{day}T10:00:00Z", updated_at=f"{updated}T23:00:00Z", version=number
            )
        )
    folder = tmp_path_factory.mktemp("any")
    (folder / "a.ndjson").write_bytes(lines(records))
    (folder / "b.ndjson").write_bytes(lines(data.draw(st.permutations(records))))
    boards, accounts = [], []
    for name in ("a.ndjson", "b.ndjson"):
        runner, _ = played(folder / name)
        board = runner.live.board("tiny", None, ["2020-02", "2020/21"])
        boards.append(canonical(board))
        accounts.append(runner.account())
    assert boards[0] == boards[1]
    assert accounts[0] == accounts[1]
    assert accounts[0].counted == len({r["id"] for r in records})
    assert accounts[0].refused == 0


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tiny.toml").write_text(TINY_FORCE)
    (tmp_path / "cad.toml").write_text(CAD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", "--force", "tiny.toml", *arguments])


def test_calls_and_incidents_of_one_evening_are_read_together(folder: Path) -> None:
    table(folder / "cad.csv", ROWS[:1])
    (folder / "calls.csv").write_text("id,at\n1,2024-01-01 09:59:00\n")
    (folder / "calls.toml").write_text(
        'kind = "call"\ntimezone = "UTC"\nid = "id"\n[constants]\nline = "999"\n'
        '[fields.offered_at]\ncolumn = "at"\n'
    )
    answer = run(
        "--source", "cad.csv:cad.toml", "--source", "calls.csv:calls.toml", "--json",
        "--at", "2024-01-01T12:00:00",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    board = decode_board(answer.stdout.encode().splitlines()[0])
    assert [r["offered"] for r in board.windows["today"]["calls"] if r["line"] == "999"] == [1]
    assert [
        r["emergencies"] for r in board.windows["today"]["attendance"] if r["area"] == "force"
    ] == [1]


def test_ten_refused_rows_and_more_than_one_in_a_hundred_end_with_3(folder: Path) -> None:
    good = [ROWS[0].replace("1,", f"g{n},", 1) for n in range(989)]
    bad = [f"b{n},nonsense,," for n in range(10)]
    table(folder / "in.csv", [*good, *bad])
    answer = run("in.csv", "--mapping", "cad.toml")
    assert answer.exit_code == 3
    assert answer.output.splitlines()[-1] == (
        "Much of the input was refused (10 of 999 rows): exit code 3."
    )
    table(folder / "in.csv", [*good, *good[:11], *bad])  # one in a hundred and no more
    assert run("in.csv", "--mapping", "cad.toml").exit_code == 0
    table(folder / "in.csv", [*good[:20], *bad[:9]])  # fewer than ten
    assert run("in.csv", "--mapping", "cad.toml").exit_code == 0


def test_where_every_row_is_refused_there_is_no_board_of_1970(folder: Path) -> None:
    table(folder / "in.csv", ["1,nonsense,,"])
    answer = run("in.csv", "--mapping", "cad.toml")
    assert answer.exit_code == 3
    assert "1970" not in answer.output
    assert "1969" not in answer.output
    assert answer.output.splitlines()[0] == (
        "Nothing was counted, so there is no board, rows in = 1: 0 counted + 0 merged as versions "
        "+ 1 refused + 0 excluded"
    )


def test_a_live_input_ends_with_no_exit_code_for_what_was_refused(folder: Path) -> None:
    table(folder / "in.csv", [f"b{n},nonsense,," for n in range(10)])
    arguments = ["run", "--force", "tiny.toml", "in.csv", "-", "--mapping"]
    answer = CliRunner().invoke(main, [*arguments, "cad.toml"], input=f"{HEADER}\n{ROWS[0]}\n")
    assert answer.exit_code == 0
    assert "rows in = 11: 1 counted + 0 merged as versions + 10 refused" in answer.output
    assert "exit code" not in answer.output


def test_what_to_look_at_in_a_live_input_is_said_too(folder: Path) -> None:
    rows = "\n".join([HEADER, ROWS[0], "1,2024-01-01 10:00:00,2024-01-01 10:04:00,"])
    arguments = ["run", "--force", "tiny.toml", "-", "--mapping", "cad.toml"]
    answer = CliRunner().invoke(main, arguments, input=f"{rows}\n")
    assert "Look: rows of one id differ in arrived_at" in answer.output


def test_rows_that_convert_refuses_are_dead_letters_that_can_be_chosen_by_time(
    folder: Path,
) -> None:
    table(folder / "in.csv", [ROWS[0], "3,yesterday,,"])
    arguments = ["convert", "in.csv", "--mapping", "cad.toml", "--force", "tiny.toml", "-o", "o"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    listed = CliRunner().invoke(
        main, ["deadletter", "list", "--file", "refused.ndjson", "--since", "2024-01-01"]
    )
    assert listed.stdout.count("in.csv:3") == 1
    assert not listed.stdout.startswith("-")


def test_convert_writes_what_publish_would_send(folder: Path) -> None:
    table(folder / "in.csv", [ROWS[1], ROWS[0]])
    answer = CliRunner().invoke(
        main,
        ["convert", "in.csv", "--mapping", "cad.toml", "--force", "tiny.toml", "-o", "o.ndjson"],
    )
    assert answer.exit_code == 0, answer.output
    written = [json.loads(line) for line in (folder / "o.ndjson").read_text().splitlines()]
    assert [(e["id"], e["updated_at"], e["played"]) for e in written] == [
        ("1", "2024-01-01T10:00:00Z", "step"),
        ("1", "2024-01-01T10:05:00Z", "step"),
        ("1", "2024-01-01T11:00:00Z", "end"),
        ("2", "2024-01-02T10:00:00Z", "step"),
        ("2", "2024-03-02T10:00:00Z", "end"),
    ]
    assert "2 rows became 5 events." in answer.output
    again = run("o.ndjson", "--json", "--period", "2024-01")
    direct = run("in.csv", "--mapping", "cad.toml", "--json", "--period", "2024-01")
    one, two = (decode_board(a.stdout.encode().splitlines()[0]) for a in (again, direct))
    assert canonical(one) == canonical(two)


def converting(folder: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "streams.cli", "convert", "--mapping", "cad.toml", *more]
    return subprocess.Popen(
        [*command, "--force", "tiny.toml"], cwd=folder, stderr=subprocess.PIPE, text=True,
        stdin=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_convert_that_is_asked_to_end_leaves_no_half_file(
    folder: Path, number: signal.Signals
) -> None:
    (folder / "out.ndjson").write_text("what was there\n")
    with converting(folder, "-", "-o", "out.ndjson") as process:
        assert process.stdin is not None
        process.stdin.write(f"{HEADER}\n{ROWS[0]}\nb,nonsense,,\n")
        process.stdin.flush()
        wait_until((folder / "out.ndjson.part").exists, 20, "it reads")
        process.send_signal(number)
        _, said = process.communicate(timeout=10 * PATIENCE)
    assert process.returncode == 128 + number, said
    assert sorted(path.name for path in folder.glob("out*")) == ["out.ndjson"]
    assert (folder / "out.ndjson").read_text() == "what was there\n"


def test_convert_says_where_it_can_not_write(folder: Path) -> None:
    table(folder / "in.csv", ROWS)
    (folder / "out.ndjson.part").mkdir()  # so that it can't be opened, and not be deleted
    answer = CliRunner().invoke(
        main,
        [
            "convert",
            "in.csv",
            "--mapping",
            "cad.toml",
            "--force",
            "tiny.toml",
            "-o",
            "out.ndjson",
        ],
    )
    assert answer.exit_code == 1
    assert answer.output == "Error: out.ndjson: can't be written: Is a directory\n"


def test_convert_keeps_what_came_before_the_damage(folder: Path) -> None:
    table(folder / "in.csv", ROWS)
    whole = gzip.compress((folder / "in.csv").read_bytes())
    (folder / "in.csv.gz").write_bytes(whole[:-12])
    answer = CliRunner().invoke(
        main,
        ["convert", "in.csv.gz", "--mapping", "cad.toml", "--force", "tiny.toml", "-o", "o.zst"],
    )
    assert answer.exit_code == 1
    assert "damaged" in answer.output
    with zstandard.open(folder / "o.zst", "rb") as file:
        assert {json.loads(line)["id"] for line in file.read().splitlines()} >= {"1", "2"}


@pytest.mark.parametrize("to", [(), ("-o", "/dev/full")])
def test_a_full_disk_is_told_in_one_line(folder: Path, to: tuple[str, ...]) -> None:
    table(folder / "in.csv", ROWS)
    command = [sys.executable, "-m", "streams.cli", "convert", "in.csv", "--mapping", "cad.toml"]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*command, "--force", "tiny.toml", *to],
            stdout=full, stderr=subprocess.PIPE, check=False, text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        "Error: what this command writes can't be written: No space left on device. Make room there"
    )
    assert "Traceback" not in ended.stderr


def test_shuffled_rows_of_a_generated_year_count_alike(tmp_path: Path) -> None:
    chance = random.Random(7)
    rows = []
    for number in range(3000):
        day = chance.randrange(365)
        close = min(365 * 24 - 1, day * 24 + 10 + int(chance.expovariate(0.002)))
        opened = f"2023-{1 + day // 31:02d}-{1 + day % 28:02d} 10:00:00"
        closed = f"2023-{1 + close // 24 // 31:02d}-{1 + close // 24 % 28:02d} 23:00:00"
        rows.append([str(number), opened, "", max(opened, closed)])
    texts = []
    for shuffled in (rows, sorted(rows, reverse=True), chance.sample(rows, len(rows))):
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([HEADER.split(","), *shuffled])
        texts.append(out.getvalue())
    boards = []
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.csv"
        path.write_text(text)
        runner, _ = played(path, CAD)
        assert runner.account().counted == 3000
        boards.append(canonical(runner.live.board("tiny", None, ["2023-01", "2023-Q3"])))
    assert boards[0] == boards[1] == boards[2]

"""`watchroom backtest` on a made-up history whose surge is known."""

from __future__ import annotations

import csv
import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streams.backtest.playing import Played, Progress
from streams.backtest.processes import Task, play_all
from streams.cli.inputs import Inputs
from streams.periods import DAY
from streams.sources.stops import Stops
from tests.build import TINY_FORCE, tiny_force
from tests.surges import Room, day, times
from tests.unit.cli.test_cli import watchroom

TRUTH = """\
[[truth]]
name = "Surge"
force = "tiny"
kind = "call"
measure = "calls.offered"
where = { line = "999" }
from = 2020-08-10
to = 2020-08-14
direction = "up"
within = "1d"

[[truth]]
name = "Outage"
force = "tiny"
kind = "call"
from = 2020-08-20
to = 2020-08-20
direction = "down"
alerts = ["feed_silent"]
within = "2h"

[[truth]]
name = "Elsewhere"
force = "other"
kind = "call"
from = 2020-08-20
direction = "down"
within = "2h"
"""
ANEW = """\
[[changes]]
date = 2020-08-09
kind = "system"
what = "New telephones"
effect = "restart"
affects = ["calls"]
"""
"""Settings under which nothing is known of what is usual when the surge begins."""
ASKED = ("backtest", "calls.ndjson", "--force", "tiny.toml")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with eight weeks of calls, three times the usual for five days of the sixth week."""
    folder = tmp_path_factory.mktemp("backtest")
    room = Room(tiny_force(), times(3.0, "2020-08-10", "2020-08-15"), a_day=72.0)
    hours = room.hours(day("2020-06-29"), day("2020-08-24"))
    lines = [payload for _, payload in hours if payload]
    (folder / "calls.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    (folder / "tiny.toml").write_text(TINY_FORCE)
    (folder / "truth.toml").write_text(TRUTH)
    (folder / "anew.toml").write_text(ANEW)
    return folder


@pytest.fixture
def folder(history: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(history)
    return history


pytestmark = pytest.mark.replays


def test_the_surge_is_found_and_the_outage_that_was_none_is_missed(folder: Path) -> None:
    answer = watchroom(
        *ASKED, "--truth", "truth.toml", "-o", "page.html", "--json", "f.json", "--csv", "f.csv"
    )
    assert answer.exit_code == 0, answer.output
    (result,) = json.loads((folder / "f.json").read_text())["results"]
    (alert,) = result["alerts"]
    assert (alert["kind"], alert["severity"], alert["opened_at"], alert["verdict"]) == (
        "exceptional_volume",
        "page",
        "2020-08-10T08:06:39.073000+01:00",
        "found",
    )
    assert alert["days_before_report"] == 35.7  # 31 August and 14 days, from 10 August
    assert {(each["name"], each["detection"]) for each in result["truths"]} == {
        ("Surge", "found"),
        ("Outage", "missed"),
    }
    assert result["score"]["median_delay_hours"] == 8.11
    assert (result["weeks_judged"], result["alerts_a_week"]) == (7.0, 0.143)
    with (folder / "f.csv").open(newline="") as file:
        assert [row["verdict"] for row in csv.DictReader(file)] == ["found"]
    assert "Surge" in (folder / "page.html").read_text()
    assert "Found in time" in answer.stdout
    assert "of other forces, and do not count: 1" in answer.stdout


def test_two_settings_are_set_beside_each_other(folder: Path) -> None:
    answer = watchroom(*ASKED, "--settings", "anew.toml", "--json", "f.json")
    assert answer.exit_code == 0, answer.output
    found = json.loads((folder / "f.json").read_text())
    assert [(each["name"], len(each["alerts"])) for each in found["results"]] == [
        ("own", 1),
        ("anew", 0),
    ]
    (said,) = found["results"][1]["differs"]
    assert said == (
        "changes = (date 2020-08-09, kind system, what New telephones, effect restart, "
        "affects calls)"
    )
    (differs,) = found["differences"]
    assert differs["first"] is not None
    assert differs["second"] is None
    assert "1 by own only, 0 by anew only" in answer.stdout


def test_alerts_are_counted_from_a_time_on_and_up_to_one(folder: Path) -> None:
    answer = watchroom(*ASKED, "--from", "2020-08-11", "--to", "2020-08-20", "--json", "f.json")
    assert answer.exit_code == 0, answer.output
    found = json.loads((folder / "f.json").read_text())
    assert [each["alerts"] for each in found["results"]] == [[]]
    assert found["start"] == "2020-08-11T00:00:00+01:00"
    assert found["weeks"] == 1.29


def test_what_falls_due_between_the_last_record_and_the_end_that_is_named_is_judged(
    folder: Path,
) -> None:
    answer = watchroom(*ASKED, "--to", "2020-08-24T12:00", "--json", "f.json")
    assert answer.exit_code == 0, answer.output
    found = json.loads((folder / "f.json").read_text())
    assert found["end"] == "2020-08-24T12:00:00+01:00"
    _, silent = found["results"][0]["alerts"]
    assert (silent["kind"], silent["opened_at"][:16]) == ("feed_silent", "2020-08-24T08:59")


def test_alerts_about_an_event_that_began_before_they_are_counted_are_not_false(
    folder: Path,
) -> None:
    began = "2020-08-10T06:00:00+01:00"
    answer = watchroom(*ASKED, "--from", began, "--truth", "truth.toml", "--json", "f.json")
    assert answer.exit_code == 0, answer.output
    (result,) = json.loads((folder / "f.json").read_text())["results"]
    assert [(each["verdict"], each["truth"]) for each in result["alerts"]] == [("again", "Surge")]
    assert {each["name"]: each["detection"] for each in result["truths"]} == {
        "Surge": "before",
        "Outage": "missed",
    }
    assert (result["score"]["expected"], result["score"]["false"]) == (1, 0)


def test_a_start_after_the_last_record_is_refused(folder: Path) -> None:
    answer = watchroom(*ASKED, "--from", "2020-08-25", "-o", "late.html")
    assert answer.exit_code == 2
    assert "counted from 2020-08-25T00:00:00+01:00 on, and the last record" in answer.stderr
    assert "Give --from an earlier time" in answer.stderr
    assert not (folder / "late.html").exists()


def test_a_history_in_which_no_series_could_be_judged_says_so(folder: Path) -> None:
    answer = watchroom(*ASKED, "--to", "2020-07-01", "--settings", "anew.toml")
    assert answer.exit_code == 0, answer.output
    said = " ".join(answer.stdout.split())
    assert "Under the settings own no series could be judged yet at the end: counts of" in said
    assert "four weeks of history, those of months twelve months." in said


def test_a_history_that_could_be_judged_says_nothing_of_that(folder: Path) -> None:
    answer = watchroom(*ASKED)
    assert "no series could be judged" not in answer.stdout


def stopped_at(folder: Path, reached: Callable[[Progress], bool]) -> Played:
    """What is found where Ctrl-C is pressed once a play has come so far."""
    pressed = False

    def press(far: Progress) -> None:
        nonlocal pressed
        if reached(far) and not pressed:
            pressed = True
            os.kill(os.getpid(), signal.SIGINT)

    with Stops() as stops:
        return task(folder).play(stops, press)


def test_a_stop_ends_the_play_and_keeps_what_was_found(folder: Path) -> None:
    played = stopped_at(folder, lambda far: far.at >= day("2020-08-12"))
    assert played.stopped == 130
    assert day("2020-08-12") <= played.end < day("2020-08-23")
    assert [each.kind for each in played.result.alerts] == ["exceptional_volume"]


def test_a_stop_while_files_are_read_says_that_nothing_was_played(folder: Path) -> None:
    played = stopped_at(folder, lambda far: far.at == 0)
    assert (played.stopped, played.first, played.result.alerts) == (130, 0, ())


def test_a_stop_ends_both_processes_and_keeps_what_each_has_found(folder: Path) -> None:
    own, pressed = task(folder), False

    def press(_place: int, far: Progress) -> None:
        nonlocal pressed
        if far.at >= day("2020-08-12") and not pressed:
            pressed = True
            os.kill(os.getpid(), signal.SIGINT)

    with Stops() as stops:
        played = play_all([own, replace(own, settings=folder / "anew.toml")], stops, press)
    assert [each.stopped for each in played] == [130, 130]
    assert [each.result.name for each in played] == ["own", "anew"]


def task(folder: Path) -> Task:
    return Task(
        open=Inputs((str(folder / "calls.ndjson"),), (), None, None).open,
        force=str(folder / "tiny.toml"),
        settings=None,
        lag=14 * DAY,
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--settings", "none.toml"), 2, "none.toml: can't be read"),
        (("--settings", "anew.toml", "--settings", "anew.toml"), 2, 'called "anew"'),
        (("--from", "soon"), 2, '--from: "soon" is no time'),
        (("--from", "2020-08-02", "--to", "2020-08-01"), 2, "2020-08-02 is not before --to"),
        (("kafka://localhost:1/watchroom",), 2, "a Kafka topic is read alone"),
        (("--from", "2020-10-25T01:30", "--to", "2020-08-01"), 2, "01:30 comes twice"),
        (("-o", "none/page.html"), 2, "there is no such folder"),
        (("--truth", "tiny.toml"), 2, "unknown field"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_read(
    folder: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    answer = watchroom(*ASKED, *words)
    assert answer.exit_code == code
    assert said in answer.stderr


def test_a_file_without_a_record_of_the_force_is_told(folder: Path) -> None:
    (folder / "empty.ndjson").write_text("")
    answer = watchroom("backtest", "empty.ndjson", "--force", "tiny.toml")
    assert answer.exit_code == 1
    assert "no record of this force" in answer.stderr


def test_a_file_all_of_whose_rows_are_refused_is_told(folder: Path) -> None:
    (folder / "bad.ndjson").write_text("{}\n")
    answer = watchroom("backtest", "bad.ndjson", "--force", "tiny.toml")
    assert answer.exit_code == 3
    assert "Refused 1 row" in answer.stderr

"""`watchroom simulate`: what is known by now, the same each time."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.config.truth import load_truth


def simulated(*options: str) -> tuple[int, list[dict[str, object]], str]:
    here = {"WATCHROOM_BOOTSTRAP": None}  # whatever is set, nothing is to be sent to it
    words = ["simulate", "--force", "city-of-london", *options]
    answer = CliRunner().invoke(main, words, env=here)
    lines = answer.stdout.splitlines() if answer.exit_code == 0 else []
    return answer.exit_code, [json.loads(line) for line in lines], answer.output


def test_it_tells_what_is_known_by_now_and_the_same_again() -> None:
    since = str(dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1))
    code, first, _ = simulated("--since", since, "--once")
    assert code == 0
    kinds = {event["kind"] for event in first}
    assert kinds >= {"call", "incident", "reading", "heartbeat"}
    feeds = {event["feed"] for event in first if event["kind"] == "heartbeat"}
    assert feeds == {"calls", "incidents", "crimes"}
    now = dt.datetime.now(dt.UTC)
    known = [event.get("updated_at") or event["at"] for event in first]
    stamps = [dt.datetime.fromisoformat(str(each)) for each in known]
    assert stamps == sorted(stamps)
    assert stamps[-1] <= now
    _, second, _ = simulated("--since", since, "--once")
    assert second[: len(first)] == first


def test_yesterday_is_a_day_to_begin_with() -> None:
    london = ZoneInfo("Europe/London")
    since = str(dt.datetime.now(london).date() - dt.timedelta(days=1))
    _, by_date, _ = simulated("--since", since, "--once")
    code, by_word, _ = simulated("--since", "yesterday", "--once")
    assert code == 0
    assert by_word[: len(by_date)] == by_date


def test_what_is_no_day_is_refused_in_words() -> None:
    code, _, told = simulated("--since", "01/02/2022", "--once")
    assert code == 2
    assert '--since: "01/02/2022" is no day: write 2022-01-31, today or yesterday' in told


def test_a_day_to_come_is_refused_in_words() -> None:
    code, _, told = simulated("--since", "2999-01-01", "--once")
    assert code == 2
    assert "has not come yet" in told


def test_it_ends_with_what_is_known_by_a_day_and_an_earlier_one_gives_the_beginning() -> None:
    _, longer, _ = simulated("--since", "2022-06-01", "--until", "2022-06-03")
    code, shorter, _ = simulated("--since", "2022-06-01", "--until", "2022-06-02")
    assert code == 0
    known = [str(event.get("updated_at") or event["at"]) for event in longer]
    midnight = dt.datetime(2022, 6, 1, 23, tzinfo=dt.UTC)  # in London, where it is summer
    before = sum(dt.datetime.fromisoformat(each) < midnight for each in known)
    assert 0 < before < len(longer)
    assert shorter == longer[:before]


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("2022-06-01", "--until 2022-06-01 is not after the first day, 2022-06-01"),
        ("2999-01-01", "--until 2999-01-01 has not come yet"),
    ],
)
def test_an_end_before_the_first_day_or_to_come_is_refused(until: str, said: str) -> None:
    code, _, told = simulated("--since", "2022-06-01", "--until", until)
    assert code == 2
    assert said in told


SCENARIO = """
title = "No calls of a morning"
forces = ["city-of-london"]
start = 2022-03-14
end = 2022-03-16

[[effects]]
kind = "outage"
feed = "calls"
from = 2022-03-14T06:00:00
to = 2022-03-14T12:00:00

[[truth]]
name = "Outage"
force = "city-of-london"
kind = "call"
from = 2022-03-14T06:00:00
to = 2022-03-14T12:00:00
direction = "down"
alerts = ["feed_silent"]
within = "10m"
"""


def written(folder: Path, *options: str) -> tuple[int, str]:
    (folder / "mine.toml").write_text(SCENARIO)
    words = ["simulate", "--scenario", str(folder / "mine.toml"), *options]
    answer = CliRunner().invoke(main, words, env={"WATCHROOM_BOOTSTRAP": None})
    return answer.exit_code, answer.output


def test_a_scenario_is_written_with_its_truth_beside_it(tmp_path: Path) -> None:
    code, _ = written(tmp_path, "-o", str(tmp_path / "events.ndjson"))
    assert code == 0
    events = [json.loads(line) for line in (tmp_path / "events.ndjson").read_text().splitlines()]
    days = {(event.get("updated_at") or event["at"])[:10] for event in events}
    assert days == {"2022-03-14", "2022-03-15"}
    (truth,) = load_truth(tmp_path / "events.ndjson.truth.toml")
    assert (truth.name, truth.force, truth.alerts) == ("Outage", "city-of-london", ("feed_silent",))


def test_a_scenario_may_be_played_for_another_force(tmp_path: Path) -> None:
    truth = tmp_path / "truth.toml"
    code, told = written(tmp_path, "--force", "warwickshire", "--truth", str(truth))
    assert code == 0
    assert '"force":"warwickshire"' in told
    assert [each.force for each in load_truth(truth)] == ["warwickshire"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Say where: --output FILE, or --truth FILE"),
        (("--since", "2022-01-01"), "Take --since, --until and --surge out"),
        (("--until", "2022-01-01"), "Take --since, --until and --surge out"),
        (("--profile", "atlantis"), 'no profile "atlantis" is shipped'),
    ],
)
def test_what_does_not_go_with_a_scenario_is_told(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    code, told = written(tmp_path, *options)
    assert code == 2
    assert said in told


def test_the_scenarios_are_listed_and_a_profile_is_shown() -> None:
    listed = CliRunner().invoke(main, ["simulate", "--scenarios"]).output
    assert "telephony-outage           A telephony outage of two and a half hours\n" in listed
    shown = CliRunner().invoke(main, ["simulate", "--show-profile", "warwickshire"]).output
    assert "population = 556_780" in shown


def test_a_file_is_written_also_where_the_environment_names_brokers(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(SCENARIO)
    file = tmp_path / "x.ndjson"
    words = ["simulate", "--scenario", str(tmp_path / "mine.toml"), "--output", str(file)]
    answer = CliRunner().invoke(main, words, env={"WATCHROOM_BOOTSTRAP": "127.0.0.1:1"})
    assert answer.exit_code == 0
    lines = file.read_bytes().splitlines()
    assert answer.stderr == (
        f"{len(lines):,} events in {file}; what is to be seen of them: {file}.truth.toml\n"
    )


def test_what_ends_at_once_goes_to_standard_output_unless_brokers_are_asked_for() -> None:
    env = {"WATCHROOM_BOOTSTRAP": "127.0.0.1:1"}
    words = ["simulate", "--force", "warwickshire", "--once"]
    since = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).date().isoformat()
    answer = CliRunner().invoke(main, [*words, "--since", since], env=env)
    assert answer.exit_code == 0
    assert answer.output.startswith("{")


def test_a_file_and_brokers_at_once_are_refused_in_words(tmp_path: Path) -> None:
    words = ["simulate", "--scenario", "telephony-outage", "--output", str(tmp_path / "x")]
    answer = CliRunner().invoke(main, [*words, "--broker", "127.0.0.1:1"])
    assert answer.exit_code == 2
    assert "--output writes a file and --broker sends: name one of them" in answer.output

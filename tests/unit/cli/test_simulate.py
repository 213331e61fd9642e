"""`watchroom simulate`: what is known by now, the same each time."""

from __future__ import annotations

import datetime as dt
import json

from click.testing import CliRunner

from streams.cli import main


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
    assert {event["kind"] for event in first} == {"call", "incident", "reading", "heartbeat"}
    now = dt.datetime.now(dt.UTC)
    known = [event.get("updated_at") or event["at"] for event in first]
    stamps = [dt.datetime.fromisoformat(str(each)) for each in known]
    assert stamps == sorted(stamps)
    assert stamps[-1] <= now
    _, second, _ = simulated("--since", since, "--once")
    assert second[: len(first)] == first


def test_a_day_to_come_is_refused_in_words() -> None:
    code, _, told = simulated("--since", "2999-01-01", "--once")
    assert code == 2
    assert "has not come yet" in told

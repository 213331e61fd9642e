"""The demonstration: it ends by itself, says what is simulated, and repeats exactly."""

from __future__ import annotations

import re

from click.testing import CliRunner

from streams.board.monitor import canonical
from streams.cli import main
from streams.embedded.demo import SIMULATED, Demo, sample
from streams.events.schema import Crime, decode
from streams.sources.simulator import spread_crimes

DEMO = ["demo", "--web", "0", "--history-weeks", "0"]


def test_it_ends_by_itself_with_the_closing_board() -> None:
    answer = CliRunner().invoke(main, [*DEMO, "--for", "1s", "--speed", "3600"])
    assert answer.exit_code == 0, answer.output
    told = answer.stdout.splitlines()
    assert [line.split()[0] for line in told[:3]] == ["Open", "Figures", "Metrics"]
    assert re.fullmatch(r"Open +http://127\.0\.0\.1:\d+/   the wallboard; .*", told[0])
    assert "Friday 14 January 2022, 19:00:00 GMT" in answer.stdout
    assert f"SIMULATED {SIMULATED}" in answer.stdout
    assert "FINISHED" in answer.stdout
    assert told[-1].startswith("The demonstration is over: rows in = ")
    assert "0 refused + 0 excluded" in told[-1]


def test_the_same_seed_and_length_give_the_same_board() -> None:
    boards = []
    for _ in range(2):
        demo = Demo(seed=7, history_weeks=0, speed=36_000, seconds=0.1)
        demo.player.play()
        boards.append(canonical(demo.live.board("warwickshire")))
    assert boards[0] == boards[1]


def test_the_crimes_of_the_month_are_the_published_ones() -> None:
    events = [decode(line) for _, line in spread_crimes(sample(), 1)]
    assert len(events) == 3724
    assert sum(isinstance(event, Crime) for event in events) == 3724 - 695


def test_it_is_ready_only_once_the_weeks_before_are_read() -> None:
    demo = Demo(seed=1, history_weeks=0, speed=36_000, seconds=0.05)
    health = demo.live.health
    assert (health.ready, health.state) == (False, "behind")
    for _ in demo.player.catching_up():
        assert (health.ready, health.state) == (False, "behind")
    assert demo.share_read > 0.9
    assert {health.state for _ in demo.player.steps()} == {"live"}
    assert (health.replay, health.simulated) == (True, SIMULATED)

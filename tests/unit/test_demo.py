"""The demonstration: it ends by itself, says what is simulated, and repeats exactly."""

from __future__ import annotations

from click.testing import CliRunner

from streams.cli import main
from streams.demo import SIMULATED, Demo
from streams.monitor import canonical
from tests.build import row


def test_it_ends_by_itself_with_the_closing_board() -> None:
    answer = CliRunner().invoke(main, ["demo", "--for", "1s", "--speed", "3600", "--port", "0"])
    assert answer.exit_code == 0, answer.output
    told = answer.stdout.splitlines()
    assert [line.split()[0] for line in told[:3]] == ["Board", "Metrics", "Stop"]
    assert "Friday 14 January 2022, 19:00:00 GMT" in answer.stdout
    assert f"SIMULATED {SIMULATED}" in answer.stdout
    assert "FINISHED" in answer.stdout
    assert told[-1].startswith("The demonstration is over: rows in = ")
    assert "0 refused + 0 excluded" in told[-1]


def test_the_same_seed_and_length_give_the_same_board() -> None:
    boards = []
    for _ in range(2):
        demo = Demo(seed=7)
        demo.warm_up()
        at = demo.play(36_000, 0.1)
        boards.append(canonical(demo.live.board("warwickshire", at)))
    assert boards[0] == boards[1]


def test_the_crimes_of_the_month_are_the_published_ones() -> None:
    demo = Demo(seed=1)
    demo.warm_up()
    demo.start, demo.end = demo.end, demo.end + 1  # the rest of the month, at once
    demo.warm_up()
    board = demo.live.board("warwickshire", demo.start - 1)
    assert row(board, "month", "crimes", offence="all")["count"] == 3724 - 695


def test_it_is_ready_only_once_the_month_so_far_is_read() -> None:
    demo = Demo(seed=1)
    assert not demo.live.health.ready
    demo.warm_up()
    demo.play(36_000, 0.05)
    assert demo.live.health.ready
    assert demo.live.health.replay
    assert demo.live.health.simulated == SIMULATED

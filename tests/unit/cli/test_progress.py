"""The bar of a play: the event time, the share that is done and the time left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from streams.cli.progress import TimeLeft, left_of, share_of, when
from streams.sources import open_source
from streams.sources.order.play import Play
from streams.sources.order.player import Player
from tests.build import call, lines, tiny_force
from tests.unit.sources.test_player import BEGIN, STAMPS, Taken

MINUTE = 60_000


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Six calls, one a minute."""
    file = tmp_path / "calls.ndjson"
    file.write_bytes(lines([call(str(n), at) for n, at in enumerate(STAMPS)]))
    with Play(open_source(file), [tiny_force()]) as opened:
        yield opened


def waiting(player: Player, at: int) -> Iterator[None]:
    """The steps that are left of a player once its clock is at an instant."""
    steps = player.steps()
    while player.now < at:
        next(steps)
    return steps


def test_the_time_left_of_a_paced_play_is_event_time_by_its_speed(play: Play) -> None:
    """Ten minutes at twice the pace: after the first, four and a half are left."""
    player = Player(play, Taken(), speed=2, begin=BEGIN, end=BEGIN + 10 * MINUTE)
    _ = waiting(player, BEGIN + MINUTE)
    assert left_of(player) == pytest.approx(270, abs=0.2)


def test_a_play_as_fast_as_it_goes_has_its_time_left_reckoned_by_the_bar(play: Play) -> None:
    player = Player(play, Taken(), speed=None)
    next(player.steps())
    assert left_of(player) is None


def test_a_bar_shows_the_time_left_as_it_was_reckoned() -> None:
    with Progress(TimeLeft(), console=Console(quiet=True)) as bar:
        bar.add_task("", total=1.0, left=3725.4)
        (task,) = bar.tasks
        assert TimeLeft().render(task).plain == "1:02:05"
        bar.update(task.id, left=None)
        assert TimeLeft().render(task).plain == "-:--:--"


def test_a_pause_keeps_the_time_and_the_share_that_the_clock_had_reached(play: Play) -> None:
    """It is paused between two calls, half a minute after the second."""
    end = BEGIN + 10 * MINUTE
    player = Player(play, Taken(), speed=2, begin=BEGIN, end=end)
    steps = waiting(player, BEGIN + 3 * MINUTE // 2)
    player.pause()
    for _ in range(20):
        next(steps)
    assert player.stage == "paused"
    assert share_of(player) == pytest.approx(0.15, abs=0.001)
    assert player.position.at == pytest.approx(BEGIN + 3 * MINUTE // 2, abs=400)


def test_a_play_that_is_paused_after_its_last_call_shows_the_time_of_its_clock(play: Play) -> None:
    """The last call is of 10:05, and it is paused at 10:09."""
    player = Player(play, Taken(), speed=2, begin=BEGIN, end=BEGIN + 10 * MINUTE)
    steps = waiting(player, BEGIN + 9 * MINUTE)
    player.pause()
    for _ in range(20):
        next(steps)
    assert when(player, dt.UTC) == ["2021-03-01 10:09"]

"""The desk: a fault of what watches is told to the room, and stops nothing."""

from __future__ import annotations

from typing import Any

import pytest

from streams.alert_desk import Desk
from streams.live import Live
from streams.runners import watching
from streams.situation import Situation
from tests.build import FAR_FUTURE, call, feed, monitor, ms

NOW = ms("2021-03-01T12:00:00Z")


@pytest.fixture
def desk() -> Desk:
    """Of a live force that has had a call a moment ago."""
    target = monitor()
    watching.watch_all(target)
    feed(target, call(offered="2021-03-01T11:59:50Z"), appended=FAR_FUTURE)
    live = Live(target, lambda: NOW)
    live.health.state = "live"
    live.alerts = made = Desk(live)
    return made


def words(desk: Desk) -> list[str]:
    return [alert["words"] for alert in desk.view("tiny", NOW)["open"]]


FAULTS = (
    "Watchroom, Tiny Police: {} in what watches. Counting goes on, but a surge may raise no "
    "alert. The log says why. Nobody has this yet."
)


def test_a_detector_that_fails_is_told_to_the_room(desk: Desk) -> None:
    desk.tick()
    assert words(desk) == []
    shard = next(shard for shard in desk.live.monitor.shards if shard.kind == "call")
    shard.surveillance["tiny"].faults += 2
    desk.tick()
    desk.tick()
    assert words(desk) == [FAULTS.format("2 faults")]


def test_a_look_that_fails_is_told_to_the_room(desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(Situation, "look", lambda *_: 1 / 0)
    desk.tick()
    assert words(desk) == [FAULTS.format("1 fault")]
    assert desk.faults == 1


def test_faults_of_before_a_restart_are_not_told_again(desk: Desk) -> None:
    for shard in desk.live.monitor.shards:
        for watched in shard.surveillance.values():
            watched.faults = 7
    desk.tick()
    assert words(desk) == []

"""A replay gives the same boards, alerts and words at any speed, paused, and after a stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streams.alerts.model import Transition
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor, canonical
from streams.config.force import find_force
from streams.embedded.runner import Embedded
from streams.live import Live
from streams.periods import DAY, HOUR, MINUTE, Calendar
from streams.sources import open_source
from streams.sources.event_lines import in_chunks
from streams.sources.order.play import Play
from streams.sources.order.player import Player, PlayPosition
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.simulator import Rates, Surge, simulate
from streams.sources.stops import Stops
from streams.state.surveillance import watch_all
from tests.build import lines, monitor, tiny_force
from tests.unit.alerts.test_instants import CRISIS, END, HISTORY, NOON

pytestmark = pytest.mark.replays

EVENING = NOON + 150 * MINUTE
"""Ten minutes before the feed falls silent."""
EVERY = 2.0
"""Seconds between two evaluations of the present, as in a process."""


class Found(NamedTuple):
    """What a replay has found."""

    board: bytes
    alerts: list[Any]
    transitions: list[tuple[Any, ...]]
    position: PlayPosition


class Room:
    """A monitor on a clock whose seconds pass only where somebody sleeps, with its alerts."""

    def __init__(self, target: Monitor | None = None) -> None:
        self.now = self.ticked = 0.0
        self.live = Live(target or monitor(), ReplayClock(lambda: self.now, self.sleep))
        self.runner = Embedded(self.live, Stops(), self.live.clock)  # type: ignore[arg-type]
        watch_all(self.live.monitor)
        self.live.alerts = self.service = AlertService(self.live)
        for shard in self.live.monitor.shards:
            self.service.attach(shard)
        self.made: list[Transition] = []
        self.service.subscribe(self.made.extend)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now - self.ticked >= EVERY:
            self.ticked = self.now
            self.service.tick()

    def found(self, player: Player, force: str = "tiny", at: int = END) -> Found:
        assert self.service.faults == 0
        board = self.live.board(force, at)
        told: list[tuple[Any, ...]] = [(t.what, t.at, t.alert.id, t.alert.said) for t in self.made]
        return Found(canonical(board), self.service.history(force), told, player.position)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "log.ndjson"
    path.write_bytes(lines([record for _, record in (*HISTORY, *CRISIS)]))
    return path


@contextmanager
def playing(log: Path, room: Room, **how: Any) -> Iterator[Player]:
    with Play(open_source(log), [tiny_force()], end=END) as play:
        yield Player(play, room.runner, end=END, **how)


def replayed(log: Path, **how: Any) -> Found:
    room = Room()
    with playing(log, room, **how) as player:
        player.play()
        return room.found(player)


@pytest.fixture(scope="module")
def at_once(log: Path) -> Found:
    return replayed(log)


def test_there_are_alerts_of_several_kinds(at_once: Found) -> None:
    kinds = {alert.kind for alert in at_once.alerts}
    assert kinds >= {"target_missed", "callers_waiting", "unattended", "feed_silent"}


@pytest.mark.parametrize(
    "how",
    [
        {"speed": 3600.0},
        {"speed": 60.0, "begin": NOON - 60 * MINUTE},
        {"speed": 1.0, "begin": EVENING},
    ],
    ids=["3600 times real speed", "60 times from eleven on", "real time in the evening"],
)
def test_boards_alerts_and_words_are_the_same_at_any_speed(
    log: Path, at_once: Found, how: dict[str, Any]
) -> None:
    assert replayed(log, **how) == at_once


@pytest.mark.parametrize("speed", [None, 600.0])
@pytest.mark.parametrize("at", [NOON + 31 * MINUTE, EVENING + 14 * MINUTE])
def test_a_replay_that_was_killed_goes_on_to_the_same_end(
    log: Path, at_once: Found, speed: float | None, at: int
) -> None:
    room = Room()
    with playing(log, room, speed=speed, begin=NOON) as player:
        for _ in player.steps():
            if player.position.at >= at:
                break
        stood = player.position
    assert NOON < stood.at < END or speed is None
    assert replayed(log, speed=speed, begin=NOON, after=stood) == at_once


def test_a_pause_changes_nothing(log: Path, at_once: Found) -> None:
    room = Room()
    with playing(log, room, speed=600.0, begin=NOON) as player:
        waited = 0
        for step, _ in enumerate(player.steps()):
            if player.stage == "playing" and step % 200 == 0:
                player.pause()
            elif player.paused and (waited := waited + 1) % 100 == 0:
                player.resume()
        assert waited >= 300
        assert room.found(player) == at_once


def test_exceptional_volumes_of_a_county_are_the_same_at_any_speed() -> None:
    """Five weeks are learned; on the last evening 999 calls surge in one district."""
    force = find_force("warwickshire")
    start = Calendar(force.zone).midnight(2023, 1, 2)
    evening = start + 37 * DAY + 19 * HOUR
    end = evening + 3 * HOUR
    surge = Surge(evening, evening + 100 * MINUTE, 12.0, area="rugby", line="999")
    rates = Rates(handlers=1.15, heartbeat_seconds=120)
    log = list(simulate(force, start, end, 1, rates, [surge]))
    found = []
    settings: list[dict[str, Any]] = [{}, {"speed": 60.0, "begin": evening - HOUR}]
    for how in settings:
        room = Room(Monitor([force]))
        player = Player(in_chunks(log, "made up"), room.runner, end=end, **how)
        player.play()
        found.append(room.found(player, force.id, end))
    assert found[0] == found[1]
    assert "exceptional_volume" in {alert.kind for alert in found[0].alerts}

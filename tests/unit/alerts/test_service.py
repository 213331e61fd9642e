"""The desk: a fault of what watches is told to the room, and stops nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from streams.alerts.context import RuleContext
from streams.alerts.model import Transition
from streams.alerts.service import Desk
from streams.board.freshness import LOOKS
from streams.live import Live
from streams.periods import DAY, HOUR, MINUTE, SECOND, rfc3339
from streams.state import surveillance as watching
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
    return [alert.words for alert in desk.view("tiny", NOW).open]


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
    monkeypatch.setattr(RuleContext, "evaluate", lambda *_: 1 / 0)
    desk.tick()
    assert words(desk) == [FAULTS.format("1 fault")]
    assert desk.faults == 1


def test_a_trouble_of_the_process_is_told_while_the_room_is_still_judged(desk: Desk) -> None:
    made: list[Transition] = []
    desk.listeners.append(made.extend)
    health = desk.live.health
    beat = {"kind": "heartbeat", "force": "tiny", "feed": "incidents", "at": "2021-03-01T11:00:00Z"}
    feed(desk.live.monitor, beat, appended=FAR_FUTURE)
    health.state = "unwell"
    health.troubles = {"topic:w.crimes": "the topic w.crimes is missing. Make it again. More"}
    health.unread = frozenset({"crime"})
    for _ in range(2 * LOOKS):  # nothing more of the heartbeats is to come
        desk.tick()
    silent, unwell = sorted(words(desk))
    assert silent.startswith("Feed incidents, Tiny Police: no heartbeat for 1 hour.")
    assert unwell == (
        "Watchroom, Tiny Police: the topic w.crimes is missing. Make it again. Nobody has this yet."
    )
    assert [each.notify for each in made if each.what == "opened"] == [True, True]
    health.state, health.troubles = "live", {}
    desk.live.clock = lambda: NOW + 2 * MINUTE + SECOND
    desk.tick()
    assert [said for said in words(desk) if "w.crimes" in said] == []


def test_faults_of_before_a_restart_are_not_told_again(desk: Desk) -> None:
    for shard in desk.live.monitor.shards:
        for watched in shard.surveillance.values():
            watched.faults = 7
    desk.tick()
    assert words(desk) == []


def heartbeat(name: str, at: int) -> dict[str, Any]:
    return {"kind": "heartbeat", "force": "tiny", "feed": name, "at": rfc3339(at, dt.UTC)}


def test_a_feed_of_which_messages_are_unread_is_not_called_silent(desk: Desk) -> None:
    feed(desk.live.monitor, heartbeat("incidents", NOW - HOUR), appended=FAR_FUTURE)
    desk.live.health.unread = frozenset({"heartbeat"})
    for _ in range(2 * LOOKS):
        desk.tick()
    assert words(desk) == []
    desk.live.health.unread = frozenset()
    for _ in range(LOOKS + 1):
        desk.tick()
    (said,) = words(desk)
    assert said.startswith("Feed incidents, Tiny Police: no heartbeat for 1 hour.")


def test_a_feed_that_is_read_from_its_past_is_not_called_silent(desk: Desk) -> None:
    now = NOW
    desk.live.clock = lambda: now
    for days_ago in (36, 20, 5):
        old = heartbeat("incidents", NOW - days_ago * DAY)
        feed(desk.live.monitor, old, appended=FAR_FUTURE)
        desk.tick()
        now += 30 * SECOND
    assert words(desk) == []
    for _ in range(LOOKS):  # nothing more comes, and nothing is unread
        desk.tick()
    (said,) = words(desk)
    assert said.startswith("Feed incidents, Tiny Police: no heartbeat for 5 days")


def test_closing_quarters_and_years_are_no_fault_of_a_record(desk: Desk) -> None:
    desk.tick()
    dates = ("2021-04-02", "2021-07-02", "2022-01-02", "2022-04-02")
    later = (call(f"c{date}", f"{date}T10:00:00Z") for date in dates)
    feed(desk.live.monitor, *later, appended=FAR_FUTURE)  # refuses none


@pytest.mark.parametrize(("hours_later", "told"), [(1, True), (30, False)])
def test_nobody_is_told_of_a_surge_that_is_read_long_after_it_was(
    hours_later: int, told: bool
) -> None:
    target = monitor()
    watching.watch_all(target)
    begin = NOW - 40 * DAY
    hourly = (call(f"c{at}", rfc3339(at, dt.UTC)) for at in range(begin, NOW, 20 * MINUTE))
    feed(target, *hourly, appended=FAR_FUTURE)
    live = Live(target, lambda: NOW + HOUR + hours_later * HOUR)
    live.health.state = "live"
    desk = Desk(live)
    for shard in target.shards:
        desk.attach(shard)
    made: list[Transition] = []
    desk.listeners.append(made.extend)
    surge = (call(f"s{at}", rfc3339(at, dt.UTC)) for at in range(NOW, NOW + HOUR, MINUTE))
    feed(target, *surge, call("later", rfc3339(NOW + 3 * HOUR, dt.UTC)), appended=FAR_FUTURE)
    by_hour = [each for each in made if each.alert.grain == "hour"]
    assert [each.notify for each in by_hour if each.what == "opened"] == [told]
    desk.tick()  # that it has not been seen to end makes it no news
    again = [each for each in made if each.notify and each.alert.grain == "hour"]
    assert len(again) == told

"""The alert service: a fault of what watches opens an alert, and stops nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from streams.alerts.model import Transition
from streams.alerts.rules.ruleset import RuleSet
from streams.alerts.service import AlertService
from streams.board.freshness import LOOKS
from streams.live import Live
from streams.live.clock import LiveClock
from streams.live.lease import Lease
from streams.periods import DAY, HOUR, MINUTE, SECOND, rfc3339
from streams.state import surveillance as watching
from tests.build import FAR_FUTURE, call, feed, monitor, ms

NOW = ms("2021-03-01T12:00:00Z")


@pytest.fixture
def service() -> AlertService:
    """Of a live force that has had a call a moment ago."""
    target = monitor()
    watching.watch_all(target)
    feed(target, call(offered="2021-03-01T11:59:50Z"), appended=FAR_FUTURE)
    live = Live(target, lambda: NOW)
    live.health.state = "live"
    live.alerts = made = AlertService(live)
    return made


def words(service: AlertService) -> list[str]:
    return [alert.words for alert in service.view("tiny", NOW).open]


FAULTS = (
    "Watchroom, Tiny Police: {} in what watches. Counting goes on, but a surge may raise no "
    "alert. The log says why. Nobody has this yet."
)


def test_a_detector_that_fails_is_told_to_the_room(service: AlertService) -> None:
    service.tick()
    assert words(service) == []
    shard = next(shard for shard in service.live.monitor.shards if shard.kind == "call")
    shard.surveillance["tiny"].faults += 2
    service.tick()
    service.tick()
    assert words(service) == [FAULTS.format("2 faults")]


def test_a_worker_that_slept_judges_nothing_before_the_group_has_answered(
    service: AlertService,
) -> None:
    service.tick()
    shard = next(shard for shard in service.live.monitor.shards if shard.kind == "call")
    shard.surveillance["tiny"].faults += 2
    lease = service.live.health.lease = Lease(6.0)  # nothing was answered lately
    service.tick()
    assert words(service) == []
    lease.answered(lease.ask())
    service.tick()
    assert words(service) == [FAULTS.format("2 faults")]


def test_a_look_that_fails_is_told_to_the_room(service: AlertService, monkeypatch: Any) -> None:
    monkeypatch.setattr(RuleSet, "evaluate", lambda *_: 1 / 0)
    service.tick()
    assert words(service) == [FAULTS.format("1 fault")]
    assert service.faults == 1


def test_a_trouble_of_the_process_is_told_while_the_room_is_still_judged(
    service: AlertService,
) -> None:
    made: list[Transition] = []
    service.subscribe(made.extend)
    health = service.live.health
    beat = {"kind": "heartbeat", "force": "tiny", "feed": "incidents", "at": "2021-03-01T11:00:00Z"}
    feed(service.live.monitor, beat, appended=FAR_FUTURE)
    health.state = "unwell"
    health.troubles = {"topic:w.crimes": "the topic w.crimes is missing. Make it again. More"}
    health.unread = frozenset({"crime"})
    for _ in range(2 * LOOKS):  # nothing more of the heartbeats is to come
        service.tick()
    silent, unwell = sorted(words(service))
    assert silent.startswith("Feed incidents, Tiny Police: silent since 11:00.")
    assert unwell == (
        "Watchroom, Tiny Police: the topic w.crimes is missing. Make it again. Nobody has this yet."
    )
    assert [each.notify for each in made if each.what == "opened"] == [True, True]
    health.state, health.troubles = "live", {}
    service.live.clock = lambda: NOW + 2 * MINUTE + SECOND
    service.tick()
    assert [said for said in words(service) if "w.crimes" in said] == []


def test_an_alert_of_a_silent_feed_stays_until_something_of_it_comes_where_nothing_has_yet(
    service: AlertService,
) -> None:
    beat = {"kind": "heartbeat", "force": "tiny", "feed": "incidents", "at": "2021-03-01T11:00:00Z"}
    feed(service.live.monitor, beat, appended=FAR_FUTURE)
    made: list[Transition] = []
    service.subscribe(made.extend)
    for _ in range(2 * LOOKS):
        service.tick()
    (opened,) = (each for each in made if each.alert.kind == "feed_silent")
    again = monitor()
    watching.watch_all(again)
    live = Live(again, lambda: NOW + HOUR)  # with new topics, and the alerts of a backup
    live.health.state = "live"
    live.alerts = restored = AlertService(live)
    restored.restore([opened])
    for _ in range(2 * LOOKS):
        restored.tick()
    assert [alert.id for alert in restored.view("tiny", NOW).open] == [opened.alert.id]
    feed(again, {**beat, "at": rfc3339(NOW + HOUR - SECOND)}, appended=FAR_FUTURE)
    for _ in range(2 * LOOKS):
        restored.tick()
    assert restored.view("tiny", NOW).open == []


def test_faults_of_before_a_restart_are_not_told_again(service: AlertService) -> None:
    for shard in service.live.monitor.shards:
        for watched in shard.surveillance.values():
            watched.faults = 7
    service.tick()
    assert words(service) == []


def heartbeat(name: str, at: int) -> dict[str, Any]:
    return {"kind": "heartbeat", "force": "tiny", "feed": name, "at": rfc3339(at, dt.UTC)}


def test_a_feed_of_which_messages_are_unread_is_not_called_silent(service: AlertService) -> None:
    feed(service.live.monitor, heartbeat("incidents", NOW - HOUR), appended=FAR_FUTURE)
    service.live.health.unread = frozenset({"heartbeat"})
    for _ in range(2 * LOOKS):
        service.tick()
    assert words(service) == []
    service.live.health.unread = frozenset()
    for _ in range(LOOKS + 1):
        service.tick()
    (said,) = words(service)
    assert said.startswith("Feed incidents, Tiny Police: silent since 11:00.")


def test_feeds_that_nobody_knows_are_one_notice_with_their_names(service: AlertService) -> None:
    for number in range(11):
        beat = heartbeat(f"invented-{number:02}", NOW - HOUR)
        feed(service.live.monitor, beat, appended=FAR_FUTURE)
    for _ in range(2 * LOOKS):
        service.tick()
    (alert,) = service.history("tiny")
    assert (alert.kind, alert.severity, alert.title) == (
        "feed_silent",
        "notice",
        "Unknown feeds, Tiny Police",
    )
    assert alert.words == (
        '11 feeds that nobody knows are silent: "invented-00", "invented-01", "invented-02" and 8 '
        "more. What [feeds] does not name is forgotten after 7 days."
    )
    service.live.clock = lambda: NOW + 8 * DAY
    for _ in range(LOOKS):
        service.tick()
    assert service.history("tiny", state="open") == []


def test_a_feed_that_is_read_from_its_past_is_not_called_silent(service: AlertService) -> None:
    now = NOW
    service.live.clock = lambda: now
    for days_ago in (36, 20, 5):
        old = heartbeat("incidents", NOW - days_ago * DAY)
        feed(service.live.monitor, old, appended=FAR_FUTURE)
        service.tick()
        now += 30 * SECOND
    assert words(service) == []
    for _ in range(LOOKS):  # nothing more comes, and nothing is unread
        service.tick()
    (said,) = words(service)
    assert said.startswith("Feed incidents, Tiny Police: silent since 12:00 on Wednesday.")


def test_closing_quarters_and_years_are_no_fault_of_a_record(service: AlertService) -> None:
    service.tick()
    dates = ("2021-04-02", "2021-07-02", "2022-01-02", "2022-04-02")
    later = (call(f"c{date}", f"{date}T10:00:00Z") for date in dates)
    feed(service.live.monitor, *later, appended=FAR_FUTURE)  # refuses none


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
    service = AlertService(live)
    for shard in target.shards:
        service.attach(shard)
    made: list[Transition] = []
    service.subscribe(made.extend)
    surge = (call(f"s{at}", rfc3339(at, dt.UTC)) for at in range(NOW, NOW + HOUR, MINUTE))
    feed(target, *surge, call("later", rfc3339(NOW + 3 * HOUR, dt.UTC)), appended=FAR_FUTURE)
    by_hour = [each for each in made if each.alert.grain == "hour"]
    assert [each.notify for each in by_hour if each.what == "opened"] == [told]
    service.tick()  # that it has not been seen to end makes it no news
    again = [each for each in made if each.notify and each.alert.grain == "hour"]
    assert len(again) == told


def test_a_clock_that_was_set_back_lets_alerts_end_as_soon_as_if_it_had_not_been(
    service: AlertService,
) -> None:
    health, live = service.live.health, service.live
    live.clock = lambda: NOW + 3 * HOUR
    health.state = "unwell"
    health.troubles = {"topic:w.crimes": "the topic w.crimes is missing. Make it again."}
    service.tick()
    service.tick()
    assert len(words(service)) == 1
    live.clock = lambda: NOW  # the three hours were wrong
    health.state, health.troubles = "live", {}
    service.tick()
    assert live.monitor.now == NOW
    live.clock = lambda: NOW + 2 * MINUTE + SECOND
    service.tick()
    assert words(service) == []


def test_one_step_of_the_clock_makes_not_ready_and_wakes_nobody(service: AlertService) -> None:
    wall, steady = NOW, 100.0
    service.live.clock = LiveClock(lambda: wall, lambda: steady)
    service.tick()
    wall += DAY
    service.tick()
    health = service.live.health
    assert not health.ready
    assert health.shown[0] == "unwell"
    assert health.shown[1].startswith("the clock of this machine was set forward by 1 day. ")
    assert service.live.monitor.now == NOW
    assert words(service) == []
    wall -= DAY
    service.tick()
    assert health.ready


def test_a_clock_that_is_set_again_and_again_is_told_to_the_room(service: AlertService) -> None:
    wall, steady = NOW, 100.0
    service.live.clock = LiveClock(lambda: wall, lambda: steady)
    for _ in range(8):
        wall += DAY + 50 * SECOND
        steady += 50.0
        service.tick()
    (said,) = (each for each in words(service) if each.startswith("Watchroom"))
    assert said == (
        "Watchroom, Tiny Police: the clock of this machine was set forward by 7 days. Look at its "
        "time service. Nobody has this yet."
    )

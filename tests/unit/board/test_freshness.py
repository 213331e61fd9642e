"""What is read up to now, and what is being read from the past: by kind of record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alerts.model import Transition
from streams.alerts.rules.unattended import UnattendedRule
from streams.alerts.service import AlertService
from streams.board.freshness import FEW_LOOKS, LOOKS, LOST, MOST_DELAY, NEAR, Current, Mark
from streams.live import Live
from streams.periods import DAY, HOUR, MINUTE, SECOND, rfc3339
from streams.state import surveillance as watching
from tests.build import call, incident, lines, monitor, ms

NOW = ms("2026-03-02T10:00:00Z")
CALL, INCIDENT = Mark("tiny", "call"), Mark("tiny", "incident")
LOOK = 2 * SECOND


def looked(current: Current, ages: Iterable[int], *, mark: Mark = CALL, **how: Any) -> list[bool]:
    """Looks one after the other, at records of those ages; whether the kind was current at each."""
    found = []
    for number, age in enumerate(ages):
        now = NOW + number * LOOK
        current.observe({mark: now - age}, now, **how)
        found.append(current.holds(*mark))
    return found


def test_a_kind_whose_records_are_of_now_is_current() -> None:
    assert looked(Current(), [0, 10 * SECOND, NEAR]) == [True, True, True]


def test_a_kind_of_which_nothing_came_is_no_reason_to_wait() -> None:
    current = Current()
    current.observe({}, NOW)
    assert current.holds("tiny", "call")
    assert current.past() is None


PAST = MOST_DELAY + 2 * MINUTE
"""Older than any feed may send that is current all the same."""


@given(st.lists(st.integers(PAST, 5 * 365 * DAY), min_size=1, max_size=40, unique=True))
def test_records_of_the_past_are_never_current_while_they_come(ages: list[int]) -> None:
    ages.sort(reverse=True)
    assert not any(looked(Current(), [age + n for n, age in enumerate(ages)], complete=False))


def test_a_kind_is_current_from_when_it_reaches_the_clock() -> None:
    ages = [12 * HOUR, 6 * HOUR, HOUR, 2 * MINUTE, 30 * SECOND, 0]
    assert looked(Current(), ages, complete=False) == [False] * 4 + [True, True]


def test_a_feed_that_died_long_ago_is_current_after_a_minute_of_looks() -> None:
    still = [2 * HOUR + n * LOOK for n in range(LOOKS + 2)]
    assert looked(Current(), still) == [False] * LOOKS + [True, True]
    still = [5 * MINUTE + n * LOOK for n in range(FEW_LOOKS + 2)]
    assert looked(Current(), still) == [False] * FEW_LOOKS + [True, True]


def test_looks_are_counted_and_not_the_time_between_them() -> None:
    current = Current()
    for number in range(5):  # as of a process that has a turn once in ten minutes
        current.observe({CALL: NOW - HOUR}, NOW + number * 10 * MINUTE)
    assert not current.holds(*CALL)


def test_what_is_known_to_be_unread_is_waited_for() -> None:
    current, still = Current(), [HOUR + n * LOOK for n in range(2 * LOOKS)]
    assert not any(looked(current, still, unread=frozenset({"call"})))
    assert current.past() == (CALL, NOW - HOUR)
    near = [10 * SECOND + n for n in range(3)]  # of now: the rest is of the last seconds
    assert all(looked(Current(), near, unread=frozenset({"call"})))


def test_of_a_pipe_nobody_knows_what_is_unread_so_an_old_record_stays_of_the_past() -> None:
    still = [3 * 365 * DAY + n * LOOK for n in range(10 * LOOKS)]
    current = Current()
    assert not any(looked(current, still, complete=False))
    assert current.past() == (CALL, NOW - 3 * 365 * DAY)


def test_in_a_pipe_a_quiet_kind_is_current_once_another_has_long_been() -> None:
    current = Current()
    for number in range(LOOKS + 1):
        assert not current.holds(*INCIDENT) or number == 0
        now = NOW + number * LOOK
        current.observe({CALL: now, INCIDENT: NOW - 3 * HOUR}, now, complete=False)
    assert current.holds(*INCIDENT)
    assert current.past() is None


def test_kinds_are_current_one_by_one() -> None:
    current = Current()
    current.observe({CALL: NOW, INCIDENT: NOW - HOUR}, NOW)
    assert current.holds(*CALL)
    assert not current.holds(*INCIDENT)


def test_after_an_outage_what_the_source_could_not_send_is_the_past_again() -> None:
    current = Current()
    looked(current, [0])
    silent = [n * LOOK for n in range(1, 1000)]  # nothing comes for half an hour
    now = NOW
    for age in silent:
        now = NOW + age
        current.observe({CALL: NOW}, now, complete=False)
        assert current.holds(*CALL)
    for minutes in (29, 20, 10, 6):
        now += LOOK
        current.observe({CALL: now - minutes * MINUTE}, now, complete=False)
        assert not current.holds(*CALL)
    current.observe({CALL: now}, now, complete=False)
    assert current.holds(*CALL)


def test_one_record_that_is_a_little_late_only_puts_the_judging_off() -> None:
    current = Current()
    looked(current, [0])
    current.observe({CALL: NOW + HOUR - LOST}, NOW + HOUR, complete=False)
    assert not current.holds(*CALL)
    assert current.past() is None
    current.observe({CALL: NOW + HOUR - LOST}, NOW + HOUR + LOOK, complete=False)
    assert current.holds(*CALL)


def test_a_record_that_is_being_counted_is_of_now_or_a_little_late() -> None:
    current = Current()
    assert current.reaches(*CALL, NOW - NEAR, NOW)
    assert not current.reaches(*CALL, NOW - LOST, NOW)
    looked(current, [0])
    assert current.reaches(*CALL, NOW - LOST, NOW)
    assert not current.reaches(*CALL, NOW - LOST - 1, NOW)


def test_a_feed_that_always_sends_ten_minutes_late_is_current() -> None:
    assert looked(Current(), [10 * MINUTE] * 6, complete=False) == [False] * 4 + [True] * 2


def test_a_late_feed_may_waver_and_is_current_still() -> None:
    ages = [minutes * MINUTE for minutes in (10, 10, 10, 10, 10, 9, 10, 11, 9, 10, 10)]
    assert looked(Current(), ages, complete=False)[4:] == [True] * 7


def test_a_feed_that_is_always_later_than_an_hour_is_not() -> None:
    assert not any(looked(Current(), [MOST_DELAY + 1] * 100, complete=False))


@pytest.mark.parametrize("speed", [2, 10, 1000])
def test_event_time_that_gains_on_the_clock_is_catching_up(speed: int) -> None:
    ages = range(50 * MINUTE, NEAR + 1, -speed * LOOK)
    assert not any(looked(Current(), ages, complete=False))


def test_a_partition_that_is_gone_is_forgotten() -> None:
    current = Current()
    current.observe({CALL: NOW - HOUR}, NOW)
    current.observe({}, NOW)
    assert current.past() is None


def test_history_by_the_month_does_not_keep_the_others_waiting() -> None:
    current = Current()
    month = {Mark("tiny", "crime"): NOW - 40 * DAY}
    current.observe(month, NOW, complete=False)
    assert current.past() is not None
    current.observe({**month, CALL: NOW}, NOW, complete=False)
    assert current.past() is None
    assert not current.holds("tiny", "crime")


class Room:
    """A process that reads a force's records and looks every two seconds; nothing is known of what
    it has not read, unless `follows` is False."""

    def __init__(self, *, follows: bool = False) -> None:
        self.now = NOW
        self.live = Live(monitor(), lambda: self.now)
        watching.watch_all(self.live.monitor)
        self.live.health.state = "live"
        self.live.health.follows = follows
        self.live.alerts = self.service = AlertService(self.live)
        self.made: list[Transition] = []
        self.service.subscribe(self.made.extend)

    def read(self, *records: dict[str, Any]) -> None:
        assert self.live.ingest(lines(records), self.now) == []
        self.now += LOOK
        self.service.tick()

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += LOOK
            self.service.tick()

    @property
    def open(self) -> list[str]:
        return [alert.kind for alert in self.service.view("tiny", self.now).open]


def stamp(ago: int) -> str:
    return rfc3339(NOW - ago, dt.UTC)


def beat(ago: int, name: str = "calls") -> dict[str, Any]:
    return {"kind": "heartbeat", "force": "tiny", "feed": name, "at": stamp(ago)}


def opened(ago: int, name: str = "i1", **fields: Any) -> dict[str, Any]:
    return incident(name, stamp(ago), **fields)


def waiting(ago: int, name: str = "c1", **fields: Any) -> dict[str, Any]:
    return call(name, stamp(ago), **fields)


@pytest.mark.parametrize("ago", [20 * MINUTE, 12 * HOUR, 5 * DAY])
@pytest.mark.parametrize("follows", [True, False])
def test_a_backlog_of_any_age_tells_of_no_silence_no_wait_and_no_emergency(
    ago: int, follows: bool
) -> None:
    room = Room(follows=follows)
    left = float(ago)
    number = 0
    while left > MINUTE:
        at, number = round(left), number + 1
        room.read(beat(at), waiting(at, f"c{number}"), opened(at, f"i{number}"))
        after = max(1.0, left / 2)
        done = stamp(round(max(after, left - 10 * DAY)))
        room.read(waiting(at, f"c{number}", answered_at=done))
        room.read(opened(at, f"i{number}", arrived_at=done))
        left = after
    assert room.made == []


def test_a_backlog_of_years_ago_that_ends_there_tells_of_nothing() -> None:
    room, years = Room(follows=True), 3 * 365 * DAY
    for ago in range(years, years - HOUR, -5 * MINUTE):
        room.read(beat(ago), waiting(ago, f"c{ago}"), opened(ago, f"i{ago}"))
    room.look(2 * LOOKS)
    assert room.made == []
    assert room.live.health.state == "behind"


def test_an_emergency_is_not_told_of_when_the_calls_are_read_up_to_now_but_it_is_not() -> None:
    room = Room()
    room.read(waiting(0, answered_at=stamp(0)), opened(2 * HOUR))
    room.look(3)
    assert room.open == []
    room.read(opened(2 * HOUR, arrived_at=stamp(HOUR)))
    assert room.made == []


def test_an_emergency_of_now_that_nobody_attends_is_told() -> None:
    room = Room()
    room.read(waiting(0, answered_at=stamp(0)), opened(0))
    room.now += 61 * MINUTE
    room.look()
    assert room.open == ["unattended"]
    assert [each.notify for each in room.made] == [True]


def test_after_a_restart_in_a_quiet_night_an_emergency_is_told_after_a_minute_of_looks() -> None:
    room = Room()
    room.read(waiting(2 * HOUR, answered_at=stamp(2 * HOUR)), opened(2 * HOUR))
    room.look(LOOKS - 1)
    assert room.open == []
    room.look(2)
    assert room.open == ["unattended"]


def test_what_is_open_does_not_end_while_its_records_are_read_from_the_past() -> None:
    room = Room()
    room.read(waiting(0, answered_at=stamp(0)), opened(0))
    room.now += 61 * MINUTE
    room.look()
    assert room.open == ["unattended"]
    room.live.health.unread = frozenset({"incident"})
    room.now += 20 * MINUTE
    room.look(2)
    assert room.open == ["unattended"]
    room.live.health.unread = frozenset()
    at = rfc3339(room.now, dt.UTC)
    room.read(opened(0, arrived_at=at))
    room.now += 11 * MINUTE
    room.look()
    assert room.open == []


def test_a_surge_that_was_read_late_and_is_over_is_no_news_once_all_is_read() -> None:
    room = Room(follows=True)
    begin = NOW - 40 * DAY
    hours = range(begin, NOW, 20 * MINUTE)
    surge = range(NOW - 3 * HOUR, NOW - 2 * HOUR, MINUTE)
    instants = sorted([*hours, *surge])
    records = [
        call(f"c{n}", rfc3339(at, dt.UTC), answered_at=rfc3339(at, dt.UTC))
        for n, at in enumerate(instants)
    ]
    for start in range(0, len(records), 500):
        room.read(*records[start : start + 500])
    for _ in range(30):
        at = rfc3339(room.now, dt.UTC)
        room.read(call(f"now{room.now}", at, answered_at=at))
    surges = [each for each in room.made if each.alert.kind == "exceptional_volume"]
    assert [each.what for each in surges if each.what == "opened"] == ["opened"]
    assert not any(each.notify for each in room.made)


def test_a_process_that_had_no_turn_judges_nothing_at_its_first_looks(monkeypatch: Any) -> None:
    room = Room()
    room.read(beat(60 * SECOND), beat(30 * SECOND), beat(0), waiting(0, answered_at=stamp(0)))
    steady = 100.0
    monkeypatch.setattr("streams.alerts.service.time.monotonic", lambda: steady)
    room.look()
    steady += 600
    room.now += 10 * MINUTE
    room.look(2)
    assert room.open == []  # who reads had no turn either
    room.look()
    assert room.open == ["feed_silent"]


def test_whoever_reads_the_past_says_so_and_pages_nobody_for_it() -> None:
    room = Room(follows=True)
    room.read(waiting(3 * DAY, answered_at=stamp(3 * DAY)))
    for _ in range(10):
        room.now += 5 * MINUTE
        room.look()
    health = room.live.health
    assert (health.ready, health.state) == (False, "behind")
    assert health.detail == "reading the past: Tiny Police, calls to 2026-02-27T10:00"
    status = room.live.board("tiny").status
    assert status is not None
    assert status.detail == health.detail
    assert room.made == []
    at = rfc3339(room.now, dt.UTC)
    room.read(waiting(0, "c2", offered_at=at, answered_at=at))
    assert (health.ready, health.state) == (True, "live")


def test_what_is_open_of_the_past_is_not_told_once_more_while_it_is_read() -> None:
    room = Room()
    room.read(waiting(0, answered_at=stamp(0)), opened(0))
    room.now += 61 * MINUTE
    room.look()
    room.live.health.unread = frozenset({"incident"})
    room.now += 30 * MINUTE  # nobody took it for a quarter of an hour
    room.look(2)
    assert [each.what for each in room.made if each.notify] == ["opened"]
    room.live.health.unread = frozenset()
    room.look(LOOKS)
    assert [each.what for each in room.made if each.notify] == ["opened", "escalated"]


def test_a_replay_at_full_speed_still_finds_the_targets_that_were_missed_then() -> None:
    room = Room()
    room.live.health.replay, room.live.health.state = True, "behind"
    for shard in room.live.monitor.shards:
        room.service.attach(shard)
    begin = NOW - 36 * DAY
    for day in range(36):
        instants = [begin + day * DAY + n * 10 * MINUTE for n in range(30)]
        found = [(rfc3339(at, dt.UTC), rfc3339(at + MINUTE, dt.UTC)) for at in instants]
        calls = [call(f"c{day}.{n}", at, answered_at=late) for n, (at, late) in enumerate(found)]
        assert room.live.ingest(lines(calls), NOW) == []
    assert "target_missed" in room.open
    assert not any(each.notify for each in room.made)


def test_the_limits_of_a_force_are_not_learned_from_half_of_its_records() -> None:
    room = Room()
    room.read(waiting(0, answered_at=stamp(0)), opened(3 * HOUR))
    room.look(2)
    (rule,) = [r for r in room.service.rules["tiny"].rules if isinstance(r, UnattendedRule)]

    def learned() -> int:
        return sum(count for _, count in rule.own.seen)

    assert learned() == 0
    late = [opened(DAY, f"j{n}", arrived_at=stamp(19 * HOUR - n)) for n in range(20)]
    room.read(*late, opened(0, "now", arrived_at=stamp(0)))
    assert learned() == 20


@pytest.mark.parametrize(("never", "told"), [(1, ["unattended"]), (3, [])])
def test_where_attendances_are_not_all_booked_an_emergency_without_one_is_no_page(
    never: int, told: list[str]
) -> None:
    """Of 24 emergencies of the last weeks one or three ended without anybody at the scene."""
    room = Room()
    past = []
    for n in range(24):
        ago = (2 + n) * DAY
        end = {"closed_at" if n < never else "arrived_at": stamp(ago - 10 * MINUTE)}
        past.append(opened(ago, f"p{n}", **end))
    room.read(*past[::-1], waiting(0, answered_at=stamp(0)), opened(0))
    room.now += 61 * MINUTE
    room.look()
    assert room.open == told

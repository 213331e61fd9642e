"""Alerts are those of the log: however its lines are batched, at full speed and live."""

from __future__ import annotations

import datetime as dt
import random
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alerts.instants import Instants
from streams.alerts.model import Transition
from streams.alerts.service import AlertService
from streams.live import Live
from streams.periods import DAY, HOUR, MINUTE, SECOND, rfc3339
from streams.state import surveillance as watching
from streams.surveillance.view import Known, next_silence
from tests.build import call, feed, incident, lines, monitor, ms

BEGIN = ms("2021-03-01T00:00:00Z")
TODAY = BEGIN + 2 * DAY
NOON = TODAY + 12 * HOUR
END = TODAY + 16 * HOUR
Timed = tuple[int, dict[str, Any]]


def stamp(at: int) -> str:
    return rfc3339(at, dt.UTC)


def answered(name: str, at: int, after: int) -> Iterator[Timed]:
    """A call, first waiting, then answered after so many seconds."""
    yield at, call(name, stamp(at))
    late = at + after * SECOND
    yield late, call(name, stamp(at), answered_at=stamp(late))


def beats(start: int, end: int) -> Iterator[Timed]:
    for at in range(start, end, 30 * SECOND):
        yield at, {"kind": "heartbeat", "force": "tiny", "feed": "calls", "at": stamp(at)}


def history() -> list[Timed]:
    """Two days on which a call comes every minute and is answered in 4 s; three in a hundred later
    than their target."""
    chance = random.Random(4)
    found: list[Timed] = []
    for at in range(BEGIN, TODAY + 11 * HOUR, MINUTE):
        wait = 15 if chance.random() < 0.03 else 4
        found += answered(f"h{at}", at + chance.randrange(0, 40 * SECOND, 250), wait)
    return sorted(found, key=lambda each: each[0])


def crisis() -> list[Timed]:
    """From 11:00 on the third day. From 12:00 nobody is answered in time for an hour and a half,
    one caller waits for 12 minutes, an emergency for two hours, and the feed's heartbeats and
    calls fail from 14:40 to 14:50."""
    chance = random.Random(5)
    found: list[Timed] = list(beats(TODAY + 11 * HOUR, END))
    for at in range(TODAY + 11 * HOUR, END, MINUTE):
        bad = NOON <= at < NOON + 90 * MINUTE
        wait = chance.randrange(20, 90) if bad else 4
        found += answered(f"c{at}", at + chance.randrange(0, 50 * SECOND, 250), wait)
    found += answered("long", NOON + 20 * MINUTE + 7250, 12 * 60)
    opened = NOON + 5 * MINUTE + 500
    found.append((opened, incident("i1", stamp(opened))))
    late = opened + 2 * HOUR
    found.append((late, incident("i1", stamp(opened), arrived_at=stamp(late))))
    gone = range(NOON + 160 * MINUTE, NOON + 170 * MINUTE)
    return sorted((each for each in found if each[0] not in gone), key=lambda each: each[0])


HISTORY, CRISIS = history(), crisis()


class Room:
    """A process with alerts; in a replay the clock is never asked."""

    def __init__(self, *, replay: bool) -> None:
        self.now = 0
        self.live = Live(monitor(), lambda: self.now)
        watching.watch_all(self.live.monitor)
        self.live.health.state = "behind" if replay else "live"
        self.live.health.replay = replay
        self.service = AlertService(self.live)
        self.made: list[Transition] = []
        self.service.subscribe(self.made.extend)
        for shard in self.live.monitor.shards:
            self.service.attach(shard)

    def read(self, records: list[Timed]) -> None:
        if records:
            assert (
                self.live.ingest(lines([r for _, r in records]), ms("2030-01-01T00:00:00Z")) == []
            )

    def transitions(self) -> list[tuple[str, str, str, tuple[str, ...]]]:
        assert self.service.faults == 0
        return [(t.what, stamp_of(t), t.alert.id, t.alert.said) for t in self.made]


def stamp_of(each: Transition) -> str:
    return each.at.astimezone(dt.UTC).isoformat()


def replayed(cuts: list[int]) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """The log at full speed, in batches that end at these places."""
    room = Room(replay=True)
    log = [*HISTORY, *CRISIS]
    for start, end in pairwise([0, *sorted(cuts), len(log)]):
        room.read(log[start:end])
    return room.transitions()


@pytest.fixture(scope="module")
def at_once() -> list[tuple[str, str, str, tuple[str, ...]]]:
    return replayed([])


def test_a_replay_at_full_speed_judges_what_is_due_at_its_moment(at_once: Any) -> None:
    opened = {name.split("/")[1]: at for what, at, name, _ in at_once if what == "opened"}
    ended = {name.split("/")[1]: at for what, at, name, _ in at_once if what == "resolved"}
    assert opened == {
        "target_missed": "2021-03-03T12:20:00+00:00",
        "callers_waiting": "2021-03-03T12:25:08.250000+00:00",
        "unattended": "2021-03-03T13:05:01.500000+00:00",
        "feed_silent": "2021-03-03T14:41:16+00:00",
    }
    assert ended == {
        "callers_waiting": "2021-03-03T12:42:00+00:00",
        "unattended": "2021-03-03T14:15:00+00:00",
        "feed_silent": "2021-03-03T14:51:00+00:00",
    }


@settings(max_examples=5)
@given(st.lists(st.integers(0, len(HISTORY) + len(CRISIS)), max_size=60))
def test_batches_of_any_size_give_the_same_transitions(at_once: Any, cuts: list[int]) -> None:
    assert replayed(cuts) == at_once


def test_a_clock_that_is_looked_at_every_two_seconds_gives_the_same_transitions(
    at_once: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for escalation, which a replay does not do."""
    monkeypatch.setattr("streams.alerts.lifecycle.may_escalate", lambda *_: False)
    room = Room(replay=False)
    room.now = TODAY + 11 * HOUR
    room.read(HISTORY)
    ahead = deque(CRISIS)
    while room.now < END:
        room.now += 2 * SECOND
        some = []
        while ahead and ahead[0][0] <= room.now:
            some.append(ahead.popleft())
        room.read(some)
        room.service.tick()
    assert room.transitions() == at_once


def test_a_feed_that_is_off_for_a_month_is_one_silence_with_few_changes() -> None:
    """And its end is seen at once: two minutes after it was last silent."""
    room = Room(replay=True)
    room.read([*HISTORY, *beats(TODAY + 11 * HOUR, TODAY + 12 * HOUR)])
    back = TODAY + 42 * DAY
    room.read([*beats(back, back + 20 * MINUTE), *answered("later", back + 20 * MINUTE, 4)])
    made = [t for t in room.transitions() if "feed_silent" in t[2]]
    assert made[0][:2] == ("opened", "2021-03-03T12:01:11+00:00")
    assert made[-1][:2] == ("resolved", "2021-04-14T00:01:00+00:00")
    assert len({each[2] for each in made}) == 1
    assert len(made) < 130


def test_an_outage_in_which_calls_under_way_still_end_is_one_silence() -> None:
    room = Room(replay=True)
    down, back = NOON + 30 * SECOND, NOON + HOUR
    under_way = [each for n in range(4) for each in answered(f"u{n}", down - SECOND, 60 + 180 * n)]
    room.read(sorted([*beats(NOON - HOUR, down), *under_way], key=lambda each: each[0]))
    room.read([*beats(back, back + 5 * MINUTE)])
    made = [(what, at) for what, at, name, _ in room.transitions() if "feed_silent" in name]
    assert [each for each in made if each[0] != "updated"] == [
        ("opened", "2021-03-03T12:02:10+00:00"),
        ("resolved", "2021-03-03T13:01:00+00:00"),
    ]


def test_no_hour_is_forecast_while_nothing_is_expected_of_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Records known by the month have no hours, so nothing of them can be silent: to ask at each
    hour of some years whether it is takes minutes."""
    target = monitor()
    watching.watch_all(target)
    (surveillance,) = (
        shard.surveillance["tiny"] for shard in target.shards if shard.kind == "incident"
    )
    feed(target, incident("i1", "2021-01"), incident("i2", "2021-02"))
    asked: list[int] = []
    monkeypatch.setattr(surveillance, "forecaster", lambda: asked.append)
    at = ms("2021-04-01T00:00:00Z")
    known: Known = {}
    silent, until = next_silence(target, "tiny", at, lambda kind: kind == "incident", known)
    assert (silent, until) == (frozenset(), at + HOUR)
    assert asked == []
    assert not surveillance.expects


# -- minutes that are passed over ------------------------------------------------------------------


def busy_days() -> list[Timed]:
    """A call a minute from 9:00 to 16:00 on two days, of both lines, one in ten late."""
    chance = random.Random(6)
    found: list[Timed] = []
    for day in range(2):
        for minute in range(9 * 60, 16 * 60):
            at = BEGIN + day * DAY + minute * MINUTE + chance.randrange(0, 50 * SECOND, 250)
            wait = 45 if chance.random() < 0.1 else 4
            found += call_of(f"b{at}", at, wait, ("999", "101")[minute % 2])
    return sorted(found, key=lambda each: each[0])


def call_of(name: str, at: int, after: int, line: str) -> Iterator[Timed]:
    yield at, call(name, stamp(at), line=line)
    late = at + after * SECOND
    yield late, call(name, stamp(at), line=line, answered_at=stamp(late))


BUSY = busy_days()
SPELLS = st.lists(
    st.tuples(
        st.integers(0, 300),  # its first minute
        st.integers(1, 150),  # how many minutes it lasts
        st.sampled_from(("late", "late", "nobody", "silent", "corrected", "deleted", "emergency")),
    ),
    max_size=5,
)
ACTS = st.lists(
    st.tuples(st.integers(0, 420), st.sampled_from(("snooze", "false", "real"))), max_size=3
)


def bad_day(spells: list[tuple[int, int, str]], seed: int) -> list[Timed]:
    """From 9:00 to 16:00 on the third day, with those spells."""
    chance = random.Random(seed)
    begin, found = TODAY + 9 * HOUR, list[Timed]()
    for minute in range(7 * 60):
        at = begin + minute * MINUTE + chance.randrange(0, 50 * SECOND, 250)
        now = {what for first, length, what in spells if first <= minute < first + length}
        line = chance.choice(("999", "101"))
        if "emergency" in now and minute % 40 == 0:
            found.append((at, incident(f"e{at}", stamp(at))))
            late = at + chance.randrange(10, 90) * MINUTE
            found.append((late, incident(f"e{at}", stamp(at), arrived_at=stamp(late))))
        if "silent" in now:
            continue
        wait = chance.randrange(35, 90) if "late" in now and chance.random() < 0.8 else 4
        wait = 16 * 60 if "nobody" in now and minute % 7 == 0 else wait
        found += call_of(f"d{at}", at, wait, line)
        fixed = at + chance.randrange(60, 240) * MINUTE
        if "corrected" in now:
            answered_at = stamp(at + chance.choice((4, 50)) * SECOND)
            fields = {"line": line, "answered_at": answered_at, "updated_at": stamp(fixed)}
            found.append((fixed, call(f"d{at}", stamp(at), **fields)))
        if "deleted" in now and chance.random() < 0.5:
            gone = {"line": line, "deleted": True, "updated_at": stamp(fixed)}
            found.append((fixed, call(f"d{at}", stamp(at), **gone)))
    return sorted(found, key=lambda each: each[0])


def acted(log: list[Timed], acts: list[tuple[int, str]]) -> Room:
    """A replay of the log in which people act on all open alerts at some minutes."""
    room, read = Room(replay=True), 0
    for minute, what in sorted(acts):
        at = TODAY + 9 * HOUR + minute * MINUTE
        upto = sum(each[0] <= at for each in log)
        room.read(log[read:upto])
        read = max(read, upto)
        for alert in room.service.history("tiny", state="open"):
            fields: dict[str, Any] = {"outcome": what} if what != "snooze" else {}
            if what == "snooze":
                fields = {"until": at + 50 * MINUTE, "reason": "Known"}
            action = "snooze" if what == "snooze" else "close"
            room.service.act(alert.id, action, at, "Duty inspector", **fields)
    room.read(log[read:])
    return room


@pytest.mark.replays
@settings(max_examples=25)
@given(spells=SPELLS, seed=st.integers(0, 99), acts=ACTS)
def test_minutes_that_are_passed_over_have_nothing_to_say(
    spells: list[tuple[int, int, str]], seed: int, acts: list[tuple[int, str]]
) -> None:
    """Whatever comes: late calls, corrections, silence, what people say of alerts. Alerts, words
    and their times are those of who judges every minute."""
    log = [*BUSY, *bad_day(spells, seed)]
    found = acted(log, acts).transitions()
    with pytest.MonkeyPatch.context() as patch:
        judge = Instants.evaluate_until

        def every_minute(
            instants: Instants, until: int, held_back: frozenset[str], *, always: bool
        ) -> int:
            assert not always
            return judge(instants, until, held_back, always=True)

        patch.setattr(Instants, "evaluate_until", every_minute)
        assert acted(log, acts).transitions() == found

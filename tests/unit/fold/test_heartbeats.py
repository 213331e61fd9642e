"""How far apart heartbeats are is learned from few of them, and one lost beat is no silence."""

from __future__ import annotations

import datetime as dt
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.silence import duration_in_words
from streams.board.monitor import Monitor
from streams.config.force import Force, check_force
from streams.fold import heartbeats as fold
from streams.fold.heartbeats import KEPT_BEATS, Heartbeats, interval_of, patience, usual_interval
from streams.periods import DAY, SECOND, rfc3339
from streams.state.snapshot import FoldHead
from streams.surveillance.view import silences
from tests.build import FAR_FUTURE, TINY_FORCE, call, feed, lines, monitor, ms, tiny_force

START = ms("2026-03-02T10:00:00Z")


def beat(at: float, **fields: Any) -> dict[str, Any]:
    """A heartbeat of the calls so many seconds after the start."""
    stamp = rfc3339(START + round(at * 1000), dt.UTC)
    return {"kind": "heartbeat", "force": "tiny", "feed": "calls", "at": stamp, **fields}


def heartbeats(target: Monitor) -> Heartbeats:
    (shard,) = (shard for shard in target.shards if shard.kind == "heartbeat")
    found = shard.folds["tiny"]
    assert isinstance(found, Heartbeats)
    return found


def silent(target: Monitor, at: float) -> list[str]:
    """What is said of silent feeds so many seconds after the start."""
    found, _ = silences(target, "tiny", START + round(at * 1000), lambda _: True)
    return [signal.words for signal in found]


def noticed(target: Monitor, last: float, *, step: float = 1.0) -> float:
    """Seconds after the last beat at which silence is noticed."""
    waited = step
    while not silent(target, last + waited):
        waited += step
        assert waited < 100_000
    return waited


@pytest.mark.parametrize("every", [150, 300, 600])
def test_a_feed_that_beats_on_the_second_is_never_silent(every: int) -> None:
    target = monitor()
    for number in range(48):
        feed(target, beat(number * every))
        for waited in range(0, every, 10):
            assert silent(target, number * every + waited) == []


@pytest.mark.parametrize(
    ("every", "wait"), [(10, 101), (30, 101), (50, 111), (60, 131), (90, 191), (150, 316)]
)
def test_silence_is_noticed_within_two_minutes_or_after_the_second_lost_beat(
    every: int, wait: int
) -> None:
    target = monitor()
    feed(target, *(beat(number * every) for number in range(4)))
    assert noticed(target, 3 * every) == wait


def test_three_beats_are_enough_and_until_then_ten_minutes_are_waited() -> None:
    target = monitor()
    feed(target, beat(0), beat(10))
    assert noticed(target, 10) == 631
    feed(target, beat(20))
    assert noticed(target, 20) == 101


def test_how_soon_silence_is_noticed_is_said_before_it_happens() -> None:
    target = monitor()
    feed(target, beat(0))
    wait = "a silent feed calls is noticed after "
    unknown = wait + "10 minutes: how often it beats is not known yet"
    assert silences(target, "tiny", START, lambda _: True) == ([], [unknown])
    feed(target, beat(150), beat(300))
    known = wait + "5 minutes: a heartbeat is due every 150 s"
    assert silences(target, "tiny", START + 300_000, lambda _: True) == ([], [known])
    assert duration_in_words(patience(150)) == "5 minutes"
    board = target.board("tiny", START + 300_000)
    assert board.feeds["heartbeat.calls"].silent_after_seconds == 315.0


def test_a_silent_feed_says_how_often_it_should_beat() -> None:
    target = monitor()
    feed(target, beat(0), beat(150), beat(300))
    (words,) = silent(target, 900)
    assert words == (
        "Feed calls, Tiny Police: no heartbeat for 10 minutes, a heartbeat is due every 150 s. "
        "The feed may be down."
    )


def test_one_lost_beat_is_no_silence_and_is_not_learned() -> None:
    target = monitor()
    feed(target, *(beat(150 * number) for number in (0, 1, 2, 3, 4, 5, 7, 8)))
    assert interval_of(target.forces["tiny"], heartbeats(target), "calls") == 150.0
    feed(target, *(beat(150 * number) for number in (9, 11)))
    for waited in range(0, 315, 5):
        assert silent(target, 150 * 11 + waited) == []


def test_an_outage_is_not_taken_for_the_interval() -> None:
    target = monitor()
    feed(target, beat(0), beat(30), beat(43_200), beat(43_230))
    assert noticed(target, 43_230) == 631  # 12 hours are no interval, and 30 s are not sure yet
    feed(target, beat(43_260))
    assert noticed(target, 43_260) == 101


def test_two_senders_of_one_feed_make_the_wait_no_shorter() -> None:
    target = monitor()
    for number in range(20):
        feed(target, beat(150 * number), beat(150 * number + 0.2))
        for waited in range(1, 150, 7):
            assert silent(target, 150 * number + waited) == []


@given(st.integers(20, 3000), st.integers(0, 2**32), st.integers(9, 40))
def test_jitter_of_a_fifth_pages_nobody_and_is_learned(every: int, seed: int, number: int) -> None:
    chance = random.Random(seed)
    instants = [every * (n + chance.uniform(-0.1, 0.1)) for n in range(number)]
    learned = usual_interval(instants[-KEPT_BEATS:])
    assert learned is not None
    assert 0.8 * every <= learned <= 1.2 * every
    assert max(later - earlier for earlier, later in pairwise(instants)) < patience(learned)


@given(st.permutations(range(12)), st.data())
def test_order_repeats_and_batches_of_beats_change_nothing(order: list[int], data: Any) -> None:
    every = {n: data.draw(st.sampled_from([None, 30.0, 45.0])) for n in range(12)}
    records = {
        n: beat(30 * n, **({} if e is None else {"every_seconds": e})) for n, e in every.items()
    }
    plain, mixed = monitor(), monitor()
    feed(plain, *records.values())
    again = data.draw(st.lists(st.sampled_from(order), max_size=5))
    at = data.draw(st.integers(0, 12))
    mixed.ingest(lines([records[n] for n in order[:at]]), FAR_FUTURE)
    mixed.ingest(lines([records[n] for n in (*order[at:], *again)]), FAR_FUTURE)
    # An old beat may come after the newest have pushed it out: the newest stay.
    assert heartbeats(mixed).beats == heartbeats(plain).beats
    assert heartbeats(mixed).latest == heartbeats(plain).latest
    assert len(heartbeats(mixed).beats["calls"]) == KEPT_BEATS


def test_a_heartbeat_may_say_how_often_it_comes() -> None:
    target = monitor()
    feed(target, beat(0, every_seconds=600))
    assert noticed(target, 0) == 1261
    assert silent(target, 1262)[0].endswith(
        "no heartbeat for 21 minutes, a heartbeat is due every 10 minutes. The feed may be down."
    )
    feed(target, beat(600, every_seconds=30))  # the newest counts
    assert noticed(target, 600) == 101


@pytest.mark.parametrize("wrong", [0, -5, 1e9])
def test_an_interval_that_can_not_be_is_passed_over_and_the_beat_counts(wrong: float) -> None:
    target = monitor()
    assert target.ingest(lines([beat(0, every_seconds=wrong)]), FAR_FUTURE) == []
    assert interval_of(target.forces["tiny"], heartbeats(target), "calls") is None


def with_feeds(table: str) -> Force:
    force, problems = check_force(TINY_FORCE + table, "tiny.toml")
    assert force is not None, problems
    return force


def test_the_forces_file_has_the_last_word() -> None:
    target = monitor(with_feeds("[feeds.calls]\nheartbeat_seconds = 150\n"))
    feed(target, *(beat(10 * number, every_seconds=10) for number in range(4)))
    assert noticed(target, 30) == 316


def test_setting_an_interval_changes_no_figure_and_rebuilds_nothing() -> None:
    table = "[feeds.calls]\nheartbeat_seconds = 150\n"
    assert with_feeds(table).fingerprint == with_feeds("").fingerprint


def test_a_wrong_interval_in_the_forces_file_is_named() -> None:
    text = TINY_FORCE + "[feeds.calls]\nheartbeat_seconds = 0\n"
    _, (problem,) = check_force(text, "tiny.toml")
    assert "heartbeat_seconds" in str(problem)
    assert "tiny.toml" in str(problem)


def test_new_records_of_the_kind_are_signs_of_life() -> None:
    target = monitor()
    feed(target, *(beat(30 * number) for number in range(4)))
    stamp = rfc3339(START + 3_600_000, dt.UTC)
    feed(target, call(offered=stamp, updated_at=stamp))
    assert silent(target, 3_601) == []
    (words,) = silent(target, 3_600 + 101)
    assert words == (
        "Feed calls, Tiny Police: no new record nor heartbeat for 101 seconds, a heartbeat is due "
        "every 30 s. The feed may be down."
    )


def test_the_end_of_a_call_that_was_under_way_is_no_sign_of_life() -> None:
    target = monitor()
    offered, ended = (rfc3339(START + at * 1000, dt.UTC) for at in (80, 300))
    feed(target, *(beat(30 * number) for number in range(4)), call("a", offered))
    feed(target, call("a", offered, answered_at=ended, updated_at=ended))
    assert silent(target, 90 + 100) == []
    (words,) = silent(target, 301)
    assert words == (
        "Feed calls, Tiny Police: no heartbeat for 4 minutes, a heartbeat is due every 30 s. "
        "The feed may be down."
    )


def test_what_is_learned_comes_back_from_a_checkpoint() -> None:
    target = monitor()
    feed(target, beat(0), beat(150, every_seconds=45), beat(300))
    taken = heartbeats(target)
    kept = FoldHead(
        latest=dict(taken.latest),
        beats=dict(taken.beats),
        heard=dict(taken.beating),
        lines=taken.lines,
    )
    back = Heartbeats(tiny_force())
    back.restore(kept.latest, kept.beats, kept.heard, kept.lines)
    assert (back.latest, back.beats, back.lines) == (taken.latest, taken.beats, 3)
    assert back.beating == {"calls": [(START, START + 300_000)]}
    older = Heartbeats(tiny_force())  # of a checkpoint that held the latest beats alone
    older.restore(kept.latest, {}, {}, 3)
    assert older.beats == {"calls": [(START + 300_000, 0.0)]}


def named(text: str) -> Force:
    """The tiny force with more in its file."""
    found, problems = check_force(TINY_FORCE + text, "tiny.toml")
    assert found is not None, problems
    return found


def test_an_unknown_feed_is_missed_for_a_week_and_a_known_one_for_good() -> None:
    target = Monitor([named("[feeds.telephony]\nheartbeat_seconds = 30\n")])
    for name in ("calls", "telephony", "invented"):
        feed(target, beat(0, feed=name), appended=FAR_FUTURE)
    week = 7 * DAY / SECOND
    names = [sorted(heartbeats(target).missed(START + round(at * 1000))) for at in (week, week + 1)]
    assert names == [["calls", "invented", "telephony"], ["calls", "telephony"]]
    shown = target.board("tiny", START + 8 * DAY).feeds
    assert sorted(shown) == ["heartbeat.calls", "heartbeat.telephony"]


def test_a_feed_that_the_forces_file_has_retired_is_not_missed() -> None:
    target = Monitor([named("[feeds.telephony]\nretired = true\n")])
    feed(target, beat(0, feed="telephony"), appended=FAR_FUTURE)
    assert silent(target, 3600) == []


def test_invented_feeds_do_not_keep_a_known_one_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "MOST_FEEDS", 5)
    target = monitor()
    for number in range(5):
        feed(target, beat(number, feed=f"invented-{number}"), appended=FAR_FUTURE)
    feed(target, beat(9, feed="calls"), appended=FAR_FUTURE)
    held = ["calls", *(f"invented-{number}" for number in range(1, 5))]
    assert sorted(heartbeats(target).latest) == held

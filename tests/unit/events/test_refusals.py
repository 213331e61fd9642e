"""A feed of which every line is refused is not silent: why it is refused is said instead."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.events.refusals import WORDS
from streams.live import Live
from streams.periods import HOUR, MINUTE, SECOND, rfc3339
from streams.state import surveillance as watching
from tests.build import as_json, call, feed, lines, monitor, ms

NOW = ms("2026-03-02T10:00:00Z")


class Room:
    """A live force, minute by minute."""

    def __init__(self) -> None:
        self.now = NOW
        self.monitor: Monitor = monitor()
        watching.watch_all(self.monitor)
        self.live = Live(self.monitor, lambda: self.now)
        self.live.health.state = "live"
        self.live.alerts = self.service = AlertService(self.live)

    def send(self, *records: dict[str, Any]) -> list[str]:
        """Takes in lines now; returns the reasons of those that were refused."""
        return [each.reason for each in self.monitor.ingest(lines(records), self.now)]

    def beat(self, ahead: int = 0, name: str = "calls") -> dict[str, Any]:
        at = rfc3339(self.now + ahead, dt.UTC)
        return {"kind": "heartbeat", "force": "tiny", "feed": name, "at": at}

    def call(self, ahead: int = 0, **fields: Any) -> dict[str, Any]:
        at = rfc3339(self.now + ahead, dt.UTC)
        return call(f"c{self.now}", at, answered_at=at, updated_at=at, **fields)

    def look(self) -> list[str]:
        self.service.tick()
        return [alert.words for alert in self.service.view("tiny", self.now).open]


def test_a_feed_whose_clock_is_an_hour_ahead_is_called_that_and_not_silent() -> None:
    room, said = Room(), []
    for _ in range(6):
        assert room.send(room.beat()) == []
        room.now += 30 * SECOND
    for _ in range(20):
        assert room.send(room.beat(HOUR)) == ["in_the_future"]
        said += room.look()
        room.now += 30 * SECOND
    assert said[0] == (
        "Feed calls, Tiny Police: refused: its clock is 1 hour ahead. 4 lines in a row; none is "
        "counted. Nobody has this yet."
    )
    assert not any("may be down" in words for words in said)
    assert len(room.service.view("tiny", room.now).open) == 1


def test_it_is_over_once_a_line_is_taken_again() -> None:
    room = Room()
    for _ in range(10):
        room.send(room.beat(HOUR))
        room.now += 30 * SECOND
    assert len(room.look()) == 1
    for _ in range(6):
        room.send(room.beat())
        room.look()
        room.now += 30 * SECOND
    assert room.look() == []


def test_a_feed_of_which_nothing_was_ever_taken_is_named_too() -> None:
    room = Room()
    for _ in range(10):
        room.send(room.call(7 * MINUTE + 3 * SECOND))
        room.now += 20 * SECOND
    (words,) = room.look()
    assert words == (
        "Calls, Tiny Police: refused: its clock is 7 minutes ahead. 10 lines in a row; none is "
        "counted. Nobody has this yet."
    )


def test_records_that_are_all_refused_are_named_although_the_feed_beats() -> None:
    room = Room()
    for _ in range(10):
        assert room.send(room.beat(), room.call(line="112")) == ["unknown_line"]
        room.now += 20 * SECOND
    (words,) = room.look()
    assert words == (
        "Calls, Tiny Police: refused: it names a line that the force file has not. 10 lines in a "
        "row; none is counted. Nobody has this yet."
    )


def test_a_clock_that_wavers_is_not_said_to_be_so_far_ahead() -> None:
    room = Room()
    for minutes in range(10, 20):
        room.send(room.beat(minutes * MINUTE))
        room.now += 30 * SECOND
    (words,) = room.look()
    assert words.startswith("Feed calls, Tiny Police: refused: its times lie in the future. ")


def test_a_feed_that_sends_broken_json_alone_is_known_by_the_partition_in_which_it_comes() -> None:
    room = Room()
    calls = next(shard for shard in room.monitor.shards if shard.kind == "call")
    for _ in range(10):
        refused = room.monitor.ingest(b'{"kind": "call", "force', room.now, calls)
        assert [each.reason for each in refused] == ["not_json"]
        room.now += 20 * SECOND
    (words,) = room.look()
    assert words == (
        "Calls, Tiny Police: refused: it is no JSON. 10 lines in a row; none is counted. Nobody "
        "has this yet."
    )


def test_some_lines_that_are_refused_among_others_are_no_alert() -> None:
    room = Room()
    for _ in range(40):
        room.send(room.beat(), room.call(), room.call(line="112"))
        room.now += 20 * SECOND
        assert room.look() == []


def test_lines_that_were_refused_long_ago_are_no_reason_for_silence_now() -> None:
    room = Room()
    for _ in range(10):
        room.send(room.beat())
        room.look()
        room.now += 30 * SECOND
    for _ in range(5):
        room.send(room.beat(HOUR))
        room.now += 30 * SECOND
    room.now += 20 * MINUTE
    (words,) = room.look()
    assert "silent since 10:04." in words


def test_the_board_says_what_is_refused_by_force_and_kind() -> None:
    room = Room()
    for _ in range(3):
        room.send(room.call(HOUR))
        room.now += MINUTE
    assert as_json(room.live.board("tiny"))["surveillance"]["refused"] == [
        {
            "kind": "call",
            "feed": None,
            "lines": 3,
            "reason": "in_the_future",
            "words": "its clock is 1 hour ahead",
            "since": "2026-03-02T10:00:00+00:00",
            "last": "2026-03-02T10:02:00+00:00",
        }
    ]
    room.send(room.call())
    assert as_json(room.live.board("tiny"))["surveillance"]["refused"] == []


@pytest.mark.parametrize("raw", [b"{", b"[1]", b'{"kind":"call"}', b"\xff", b"[" * 100_000])
def test_a_line_that_names_no_feed_is_of_none(raw: bytes) -> None:
    room = Room()
    assert len(room.monitor.ingest(raw, NOW)) == 1
    assert room.monitor.refused_feeds("tiny") == []


def test_feeds_that_are_made_up_take_no_memory_without_end() -> None:
    room = Room()
    for number in range(300):
        room.send(room.beat(HOUR, f"feed {number}"))
    assert len(room.monitor.refused_feeds("tiny")) == 200


def test_a_feed_of_another_worker_is_not_held() -> None:
    room = Room()
    raw = json.dumps({**room.call(HOUR), "force": "elsewhere"}).encode()
    assert [each.reason for each in room.monitor.ingest(raw, NOW)] == ["unknown_force"]
    assert room.monitor.refused_feeds("elsewhere") == []


def test_every_reason_is_said_in_words() -> None:
    assert all("_" not in words and len(words) <= 60 for words in WORDS.values())
    room = Room()
    feed(room.monitor, room.beat())

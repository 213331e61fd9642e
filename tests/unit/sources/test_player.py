"""The player: what a sink is given, when by the clock, and from where it goes on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import SourceError
from streams.events.lenient import decode
from streams.events.origin import as_replayed
from streams.sources import Chunk, open_source
from streams.sources.event_lines import in_chunks
from streams.sources.order.play import Play
from streams.sources.order.player import Player, PlayPosition, Stage
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.stops import Stopped, Stops
from tests.build import call, lines, ms, tiny_force

BEGIN = ms("2021-03-01T10:00:00Z")
STAMPS = [f"2021-03-01T10:{minute:02d}:00Z" for minute in range(6)]


class Time:
    """Seconds that pass only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def steady(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Taken:
    """A sink that notes what it was given, and at which second."""

    def __init__(self, *, keeps: bool = False, fails_at: str | None = None) -> None:
        self.time = Time()
        self.clock: ReplayClock | None = ReplayClock(self.time.steady, self.time.sleep)
        self.keeps, self.fails_at = keeps, fails_at
        self.given: list[tuple[str, int]] = []
        self.stages: list[Stage] = []
        self.rows = self.settled = 0

    def enter(self, stage: Stage, speed: float | None) -> None:
        self.stages.append(stage)

    def take(self, chunk: Chunk) -> None:
        self.rows += chunk.rows
        for line in chunk.lines():
            name = decode(line).id  # type: ignore[union-attr]
            if name == self.fails_at:
                raise SourceError("no more")
            self.given.append((name, round(self.time.now)))

    def settle(self) -> None:
        self.settled += 1

    @property
    def names(self) -> str:
        return "".join(name for name, _ in self.given)


def events(stamps: Iterable[str] = STAMPS) -> list[tuple[int, bytes]]:
    return [(ms(at), lines([call(str(n), at)])) for n, at in enumerate(stamps)]


def chunks(size: int = 300) -> list[Chunk]:
    known = events()
    return [
        chunk for at in range(0, len(known), size)
        for chunk in in_chunks(known[at : at + size], "made up")
    ]  # fmt: skip


def test_at_full_speed_all_is_given_in_no_time() -> None:
    sink = Taken()
    Player(chunks(), sink).play()
    assert (sink.names, sink.time.now) == ("012345", 0.0)
    assert sink.stages == ["playing", "over"]


def test_at_sixty_times_real_speed_a_minute_is_a_second() -> None:
    sink = Taken()
    Player(chunks(), sink, speed=60).play()
    assert sink.given == [(str(n), n) for n in range(6)]


def test_in_real_time_a_minute_is_a_minute() -> None:
    sink = Taken()
    Player(chunks(), sink, speed=1).play()
    assert sink.given == [(str(n), 60 * n) for n in range(6)]


@given(st.integers(1, 6), st.sampled_from([None, 1.0, 60.0, 3600.0]))
def test_neither_speed_nor_chunks_change_what_is_given(size: int, speed: float | None) -> None:
    sink = Taken()
    player = Player(chunks(size), sink, speed=speed)
    player.play()
    assert sink.names == "012345"
    assert player.position == PlayPosition(6, BEGIN + 5 * 60_000)


def test_what_comes_before_the_begin_is_given_without_a_pause() -> None:
    sink = Taken()
    Player(chunks(), sink, speed=60, begin=BEGIN + 3 * 60_000).play()
    assert sink.given == [("0", 0), ("1", 0), ("2", 0), ("3", 0), ("4", 1), ("5", 2)]
    assert sink.stages == ["before", "playing", "over"]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_begin_within_the_source_loses_nothing_of_it(size: int) -> None:
    sink = Taken()
    given = (chunk for chunk in chunks(size))
    Player(given, sink, begin=BEGIN + 60_000).play()
    assert sink.names == "012345"


def test_what_lies_at_the_end_or_later_is_not_given_and_the_clock_runs_up_to_it() -> None:
    for speed, seconds in ((60, 5), (None, 0)):
        sink = Taken()
        player = Player(chunks(), sink, speed=speed, end=BEGIN + 5 * 60_000)
        player.play()
        assert (sink.names, round(sink.time.now)) == ("01234", seconds)
        assert player.clock() == BEGIN + 5 * 60_000


def test_a_paused_player_stands_still_with_its_clock() -> None:
    sink = Taken()
    player = Player(chunks(), sink, speed=60)
    steps = player.steps()
    while sink.names != "01":
        next(steps)
    player.pause()
    for _ in range(100):
        next(steps)
    assert (sink.names, player.stage, player.paused) == ("01", "paused", True)
    stood, at = player.clock(), sink.time.now
    assert BEGIN + 60_000 <= stood < BEGIN + 62_000
    player.resume()
    for _ in steps:
        pass
    assert sink.names == "012345"
    assert round(sink.time.now - at) == 4
    assert sink.stages == ["playing", "paused", "playing", "over"]


def test_a_pause_at_full_speed_comes_between_two_chunks() -> None:
    sink = Taken()
    player = Player(chunks(2), sink)
    steps = player.steps()
    next(steps)
    player.pause()
    for _ in range(5):
        next(steps)
    assert sink.names == "01"
    player.resume()
    for _ in steps:
        pass
    assert sink.names == "012345"


def test_a_pause_while_it_sorts_stops_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "history.ndjson"
    path.write_bytes(b"\n".join(line for _, line in events()))
    sink = Taken()
    with Play(open_source(path), [tiny_force()]) as play:
        player = Player(play, sink)
        player.pause()
        steps = player.steps()
        for _ in range(20):
            next(steps)
        assert (player.stage, play.gathered) == ("sorting", False)
        player.resume()
        for _ in steps:
            pass
    assert sink.names == "012345"


def test_a_pause_before_the_begin_stops_what_is_given_without_a_pause() -> None:
    sink = Taken()
    player = Player(chunks(1), sink, begin=BEGIN + 4 * 60_000)
    steps = player.steps()
    next(steps)
    player.pause()
    for _ in range(20):
        next(steps)
    assert (sink.names, player.stage) == ("0", "before")
    player.resume()
    for _ in steps:
        pass
    assert sink.names == "012345"
    assert sink.stages == ["before", "playing", "over"]


@pytest.mark.parametrize("after", range(7))
def test_a_log_is_given_what_comes_after_that_which_it_was_given(after: int) -> None:
    sink = Taken(keeps=True)
    player = Player(chunks(4), sink, after=PlayPosition(after, BEGIN))
    player.play()
    assert sink.names == "012345"[after:]
    assert player.position.lines == 6


@pytest.mark.parametrize("after", range(7))
def test_a_monitor_is_given_all_again_up_to_where_it_stood_without_a_pause(after: int) -> None:
    sink = Taken()
    stood = BEGIN + max(0, after - 1) * 60_000
    Player(chunks(4), sink, speed=60, after=PlayPosition(after, stood)).play()
    assert sink.names == "012345"
    assert [at for _, at in sink.given[:after]] == [0] * after


def test_a_stop_that_comes_while_held_lines_go_lets_all_of_them_go() -> None:
    class Sending(Taken):
        sent = ""

        def settle(self) -> None:
            player.stops._caught(2, None)
            self.sent = self.names

    sink = Sending()
    player = Player(chunks(), sink, stops=Stops())
    with pytest.raises(Stopped):
        player.play()
    assert sink.sent == "012345"


def test_a_stop_leaves_the_position_after_the_last_chunk_that_was_given() -> None:
    class Asking(Taken):
        def take(self, chunk: Chunk) -> None:
            super().take(chunk)
            if self.names == "0123":
                player.stops._caught(2, None)

    sink = Asking()
    player = Player(chunks(2), sink, stops=Stops())
    with pytest.raises(Stopped):
        player.play()
    assert (sink.names, player.position.lines, sink.stages[-1]) == ("0123", 4, "stopped")


def test_an_input_that_fails_is_told_to_the_sink() -> None:
    sink = Taken(fails_at="3")
    player = Player(chunks(1), sink)
    with pytest.raises(SourceError, match="no more"):
        player.play()
    assert (sink.names, player.position.lines, sink.stages[-1]) == ("012", 3, "failed")


def test_a_feed_is_settled_after_each_chunk_and_a_paced_play_while_it_waits() -> None:
    feed, paced = Taken(), Taken()
    Player(chunks(2), feed).play()
    Player(chunks(), paced, speed=600).play()
    assert feed.settled == 3
    assert paced.settled == 5


def test_a_line_of_a_time_that_nobody_takes_does_not_hold_up_the_play(tmp_path: Path) -> None:
    path = tmp_path / "in.ndjson"
    stamps = ["1985-01-01T00:00:00Z", *STAMPS[:2], "2090-01-01T00:00:00Z"]
    path.write_bytes(b"\n".join(line for _, line in events(stamps)))
    sink = Taken()
    with Play(open_source(path), [tiny_force()]) as play:
        Player(play, sink, speed=60).play()
    assert sink.given == [("0", 0), ("1", 0), ("2", 1), ("3", 1)]


def test_what_is_made_up_of_the_future_is_not_given_before_its_time() -> None:
    stamps = [*STAMPS[:2], "2090-01-01T00:00:00Z"]
    sink = Taken()
    Player(list(in_chunks(events(stamps), "made up")), sink, end=ms("2089-01-01T00:00:00Z")).play()
    assert sink.names == "01"


def test_a_clock_that_runs_already_is_left_alone() -> None:
    sink = Taken()
    clock = sink.clock = ReplayClock(sink.time.steady, sink.time.sleep, makes_up=1e9)
    clock.run(BEGIN, 60)
    sink.time.now = 2.5  # what came before took that long to read
    Player(chunks(), sink, speed=60, begin=BEGIN).play()
    assert sink.given == [("0", 2), ("1", 2), ("2", 2), ("3", 3), ("4", 4), ("5", 5)]


# -- a part of a finite source ---------------------------------------------------------------------


def played(path: Path, **stretch: Any) -> tuple[Taken, Play]:
    sink = Taken()
    with Play(open_source(path), [tiny_force()], **stretch) as play:
        Player(play, sink).play()
        return sink, play


def test_a_stretch_of_a_source_leaves_out_what_lies_outside_and_counts_it(tmp_path: Path) -> None:
    path = tmp_path / "in.ndjson"
    path.write_bytes(b"\n".join(line for _, line in reversed(events())))
    sink, play = played(path, begin=BEGIN + 60_000, end=BEGIN + 4 * 60_000)
    assert (sink.names, play.outside, sink.rows) == ("123", 3, 6)
    assert (play.first, play.last) == (BEGIN + 60_000, BEGIN + 3 * 60_000)


def test_a_row_of_which_the_first_version_is_left_out_counts_once(tmp_path: Path) -> None:
    path, mapping = tmp_path / "in.csv", tmp_path / "cad.toml"
    path.write_text("no,opened,closed\n1,2024-01-01 10:00,2024-01-01 11:00\n2,2024-01-01 09:00,\n")
    mapping.write_text(
        'kind = "incident"\ntimezone = "UTC"\nid = "no"\ntime_format = "%Y-%m-%d %H:%M"\n'
        '[constants]\ncategory = "asb"\ngrade = "emergency"\n'
        '[fields.opened_at]\ncolumn = "opened"\n[fields.closed_at]\ncolumn = "closed"\n'
    )
    sink = Taken()
    source = open_source(path, mapping, tiny_force())
    with Play(source, [tiny_force()], begin=ms("2024-01-01T10:30:00Z")) as play:
        Player(play, sink).play()
    assert (sink.names, sink.rows, play.rows, play.outside) == ("1", 2, 1, 1)


# -- where a record says that it comes from --------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        (
            b'{"kind":"call","force":"tiny","id":"1","updated_at":"2021-03-01T10:00:00Z"} ',
            (
                b'{"kind":"call","force":"tiny","id":"1","updated_at":"2021-03-01T10:00:00Z",'
                b'"origin":"replayed"}'
            ),
        ),
        (
            (
                b'{"kind":"call","origin":"live","force":"tiny","id":"1",'
                b'"updated_at":"2021-03-01T10:00:00Z"}'
            ),
            (
                b'{"kind":"call","origin":"replayed","force":"tiny","id":"1",'
                b'"updated_at":"2021-03-01T10:00:00Z"}'
            ),
        ),
    ],
)
def test_a_record_that_is_played_again_says_so(line: bytes, sent: bytes) -> None:
    assert as_replayed(line, decode(line)) == sent
    assert decode(sent).origin == "replayed"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "line",
    [
        (
            b'{"kind":"call","origin":"simulated","force":"tiny","id":"1",'
            b'"updated_at":"2021-03-01T10:00:00Z"}'
        ),
        b'{"kind":"heartbeat","force":"tiny","feed":"calls","at":"2021-03-01T10:00:00Z"}',
    ],
)
def test_what_was_made_up_and_heartbeats_stay_as_they_are(line: bytes) -> None:
    assert as_replayed(line, decode(line)) == line

"""The embedded runner: every row accounted for, dead letters, pace, and stops."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alerts.service import AlertService
from streams.board.monitor import canonical
from streams.embedded.runner import Account, Embedded, last_event
from streams.errors import SourceError
from streams.events.deadletters import DeadLetterFile, letter
from streams.live import Live
from streams.periods import MINUTE, SECOND, rfc3339
from streams.sources import Chunk, Rejected
from streams.sources.clock import wall_clock
from streams.sources.event_lines import instant_of
from streams.sources.order.player import Player
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.stops import Stopped, Stops
from streams.state.surveillance import watch_all
from tests.build import call, lines, monitor, ms
from tests.servers.process import PATIENCE

CALLS = [
    call("c1", "2021-03-01T10:00:00Z", version=1),
    call("c1", "2021-03-01T10:00:00Z", answered_at="2021-03-01T10:00:05Z", version=2),
    call("c2", "2021-03-01T10:01:00Z", answered_at="2021-03-01T10:01:10Z"),
]


def chunk(*raw: bytes, rejected: tuple[Rejected, ...] = (), excluded: int = 0) -> Chunk:
    return Chunk(b"\n".join(raw), "calls.ndjson", range(1, len(raw) + 1), rejected, excluded)


def of(*records: dict[str, Any]) -> list[bytes]:
    return lines(records).split(b"\n") if records else []


def embedded(letters: DeadLetterFile | None = None) -> Embedded:
    clock = ReplayClock()
    return Embedded(Live(monitor(), clock), Stops(), clock, letters)


def read(runner: Embedded, chunks: Iterable[Chunk], speed: float | None = None) -> None:
    Player(chunks, runner, speed=speed).play()


@pytest.fixture
def letters(tmp_path: Path) -> Iterator[DeadLetterFile]:
    file = DeadLetterFile(tmp_path / "refused.ndjson")
    yield file
    file.close()


def letters_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_every_row_is_accounted_for(letters: DeadLetterFile) -> None:
    runner = embedded(letters)
    bad_row = Rejected(b"1;2", "bad_time", "no time", "calls.csv:9")
    beat = b'{"kind":"heartbeat","force":"tiny","feed":"calls","at":"2021-03-01T10:00:00Z"}'
    read(runner, [chunk(*of(*CALLS), b"  ", b"{", beat, beat, rejected=(bad_row,), excluded=4)])
    assert runner.account() == Account(rows=12, counted=4, merged=1, refused=2, excluded=5)
    assert runner.account().in_words() == (
        "rows in = 12: 4 counted + 1 merged as versions + 2 refused + 5 excluded"
    )


def test_versions_of_a_reading_are_merged_like_those_of_any_record() -> None:
    reading = {"kind": "reading", "force": "tiny", "id": "1", "measure": "x", "period": "2021-03"}
    first = {**reading, "value": 1.0, "updated_at": "2021-04-01T00:00:00Z"}
    later = {**first, "value": 2.0, "updated_at": "2021-04-02T00:00:00Z"}
    runner = embedded()
    read(runner, [chunk(*of(later, first, first, {**first, "id": "2"}))])
    assert runner.account() == Account(rows=4, counted=2, merged=2, refused=0, excluded=0)


def test_a_refused_line_is_a_dead_letter_with_its_place_and_bytes(letters: DeadLetterFile) -> None:
    runner = embedded(letters)
    read(runner, [chunk(of(*CALLS)[0], b'{"kind":"call","force":"tiny"}', b"\xff")])
    first, second = letters_in(letters.path)
    assert first["origin"] == "calls.ndjson:2"
    assert first["reason"] == "wrong_form"
    assert (first["force"], first["kind"]) == ("tiny", "call")
    assert first["raw"] == '{"kind":"call","force":"tiny"}'
    assert second["reason"] == "not_json"
    assert base64.b64decode(second["raw_base64"]) == b"\xff"


def test_a_row_that_became_no_event_is_a_dead_letter_too(letters: DeadLetterFile) -> None:
    runner = embedded(letters)
    read(runner, [chunk(rejected=(Rejected(b"1;2", "bad_time", "no time", "calls.csv:9"),))])
    assert [letter["origin"] for letter in letters_in(letters.path)] == ["calls.csv:9"]
    assert runner.live.monitor.refused["unknown"]["bad_time"] == 1


def test_a_clean_run_leaves_no_file(letters: DeadLetterFile) -> None:
    read(embedded(letters), [chunk(*of(*CALLS))])
    assert not letters.path.exists()


def test_dead_letters_that_can_not_be_written_are_told(tmp_path: Path) -> None:
    runner = embedded(DeadLetterFile(tmp_path / "nowhere" / "refused.ndjson"))
    with pytest.raises(SourceError, match="Name another place with --dead-letters"):
        read(runner, [chunk(b"{")])


def test_dead_letters_that_can_not_be_written_leave_the_account_true(tmp_path: Path) -> None:
    runner = embedded(DeadLetterFile(tmp_path / "nowhere" / "refused.ndjson"))
    with pytest.raises(SourceError):
        read(runner, [chunk(*of(*CALLS), b"{", b"[")])
    assert runner.account() == Account(rows=5, counted=2, merged=1, refused=2, excluded=0)


def test_a_full_disk_is_told_when_dead_letters_are_closed() -> None:
    full = DeadLetterFile(Path("/dev/full"))
    full.write(letter(b"{", "in:1", "not_json", "half a line", 0))
    with pytest.raises(SourceError, match=r"No space left on device\. Name another place"):
        full.close()
    full.close()  # once more is nothing


def test_the_clock_of_a_replay_follows_the_events() -> None:
    runner = embedded()
    read(runner, [chunk(*of(*CALLS))])
    assert runner.live.clock() == last_event(runner.live.monitor) == ms("2021-03-01T10:01:10Z")


def test_a_replay_at_full_speed_is_not_ready_before_its_end() -> None:
    runner = embedded()
    health = runner.live.health
    ready = [health.ready for _ in Player([chunk(*of(*CALLS))], runner).steps()]
    assert ready == [False]
    assert (health.ready, health.replay) == (True, True)


def test_a_live_input_is_ready_and_on_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.live.LONG", 60.0)  # the machine may be busy with other things
    runner = Embedded(Live(monitor()), Stops())
    for _ in Player([chunk(*of(call("c1", rfc3339(wall_clock(), dt.UTC))))], runner).steps():
        assert runner.live.health.ready
    assert not runner.live.health.replay
    assert runner.live.clock() > ms("2026-01-01T00:00:00Z")


def test_a_live_input_of_the_past_is_behind_and_says_where_it_is() -> None:
    runner = Embedded(Live(monitor()), Stops())
    health = runner.live.health
    runner.enter("playing", None)
    assert health.ready  # nothing came yet
    for _ in Player([chunk(*of(*CALLS))], runner).steps():
        assert (health.ready, health.state) == (False, "behind")
        assert health.detail == "reading the past: Tiny Police, calls to 2021-03-01T10:01"
    assert (health.ready, health.detail) == (True, "all input was read")


def test_a_paced_replay_takes_its_time_and_ends_in_the_same_board() -> None:
    fast, paced = embedded(), embedded()
    read(fast, [chunk(*of(*CALLS))])
    started = time.monotonic()
    read(paced, [chunk(*of(*CALLS))], speed=350)  # 70 seconds of events
    assert time.monotonic() - started >= 0.2
    at = ms("2021-03-01T10:02:00Z")
    boards = [canonical(runner.live.board("tiny", at)) for runner in (fast, paced)]
    assert boards[0] == boards[1]


def test_a_paced_replay_holds_back_what_is_not_yet_known() -> None:
    runner = embedded()
    ledger = runner.live.monitor.ledger("call", "tiny")
    assert ledger is not None
    player = Player([chunk(*of(*CALLS))], runner, speed=350)
    assert 1 in [len(ledger.entries) for _ in player.steps()]
    assert runner.account().counted == 2


def test_a_line_that_can_not_be_dated_does_not_hold_up_a_paced_replay() -> None:
    runner = embedded()
    read(runner, [chunk(b"{", *of(*CALLS[:1]), b'{"updated_at":7}')], speed=1000)
    assert runner.account() == Account(rows=3, counted=1, merged=0, refused=2, excluded=0)


def test_a_clock_that_runs_is_so_many_times_as_fast() -> None:
    clock = ReplayClock()
    begun = time.monotonic()
    clock.run(1_000_000, 1000)
    time.sleep(0.05)
    at = clock.stop()
    assert 1_050_000 <= at <= 1_000_001 + (time.monotonic() - begun) * 1_000_000
    assert clock() == at


class Steady:
    """A clock in seconds that only the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_clock_that_runs_waits_for_the_line_that_is_not_counted_yet() -> None:
    steady = Steady()
    clock = ReplayClock(steady)
    clock.run(0, 60)
    clock.wait_for(90_000)
    steady.now = 1.0
    assert clock() == 60_000
    steady.now = 2.0
    assert (clock(), clock.due()) == (90_000, 120_000)  # what is due is counted before it moves on
    clock.wait_for(150_000)
    assert clock() == 120_000


def test_a_stall_of_the_reader_is_no_time_of_the_replay() -> None:
    steady = Steady()
    clock = ReplayClock(steady)
    clock.run(0, 60)
    clock.wait_for(30_000)
    steady.now = 600.0  # ten minutes, which were ten hours
    assert clock() == 30_000
    assert clock.due() == 30_000
    clock.wait_for(60_000)
    steady.now = 600.25
    assert clock() == 45_000


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 10**7)), min_size=1, max_size=30))
def test_the_clock_is_never_ahead_of_what_is_counted_and_never_goes_back(
    turns: list[tuple[float, int]],
) -> None:
    steady = Steady()
    clock = ReplayClock(steady)
    clock.run(0, 60)
    next_line = before = 0
    for seconds, gap in turns:
        clock.wait_for(next_line)
        steady.now += seconds
        assert before <= clock() <= next_line
        before = clock()
        if clock.due() >= next_line:
            next_line += gap


def test_two_seconds_without_the_reader_are_no_silence_and_no_page() -> None:
    stalled = 0.0
    clock = ReplayClock(lambda: time.monotonic() + stalled)
    live = Live(monitor(), clock)
    watch_all(live.monitor)
    live.alerts = service = AlertService(live)
    runner = Embedded(live, Stops(), clock)

    def beats(minute: int) -> Chunk:
        at = ms("2021-03-01T10:00:00Z") + minute * MINUTE
        stamps = [rfc3339(at + half * 30 * SECOND, dt.UTC) for half in range(2)]
        named = {"kind": "heartbeat", "force": "tiny", "feed": "calls"}
        return chunk(*of(call(f"c{minute}", rfc3339(at, dt.UTC), answered_at=rfc3339(at, dt.UTC))),
                     *of(*({**named, "at": stamp} for stamp in stamps)))  # fmt: skip

    def chunks() -> Iterator[Chunk]:
        nonlocal stalled
        for minute in range(10):
            service.tick()
            if minute == 5:
                stalled += 2.0  # nothing is read meanwhile: three hours, by that clock
                service.tick()
            yield beats(minute)

    read(runner, chunks(), 6000)
    service.tick()
    assert service.view("tiny", clock()).open == []
    assert live.clock() == ms("2021-03-01T10:09:30Z")


def test_a_clock_never_goes_back() -> None:
    clock = ReplayClock()
    clock.advance_to(500)
    clock.advance_to(400)
    assert clock() == 500


@pytest.mark.parametrize(
    ("line", "instant"),
    [
        (b'{"updated_at":"1970-01-01T00:00:01Z","id":"x"}', 1000),
        (b'{"kind":"heartbeat","at":"1970-01-01T00:00:02+00:00"}', 2000),
        (b'{"updated_at":"1970-01-01T00:00:01"}', None),
        (b"[" * 100_000, None),
        (b"\xff", None),
        (b"{}", None),
    ],
)
def test_the_instant_of_a_line(line: bytes, instant: int | None) -> None:
    assert instant_of(line) == instant


def test_a_stop_never_falls_into_a_fold() -> None:
    folded: list[bool] = []

    def fold(stops: Stops) -> None:
        with stops.held_back():
            os.kill(os.getpid(), signal.SIGTERM)
            folded.append(True)

    with Stops() as stops, pytest.raises(Stopped) as stopped:
        fold(stops)
    assert folded
    assert stopped.value.exit_code == 143


def test_a_stop_breaks_off_a_wait_at_once() -> None:
    def wait() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(30)

    started = time.monotonic()
    with Stops(), pytest.raises(Stopped) as stopped:
        wait()
    assert time.monotonic() - started < 5 * PATIENCE
    assert stopped.value.exit_code == 130


def test_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Stops():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_a_second_stop_raises_even_in_what_is_held_back() -> None:
    def wait(stops: Stops) -> None:
        with stops.held_back():
            os.kill(os.getpid(), signal.SIGINT)
            assert stops.asked
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(30)

    started = time.monotonic()
    with Stops(signal.SIGINT, insists=True) as stops, pytest.raises(Stopped):
        wait(stops)
    assert time.monotonic() - started < 5 * PATIENCE

"""`watchroom replay`: which stretch of time, how far it has come, and what it says."""

from __future__ import annotations

import datetime as dt
import json
import os
import pty
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.board.model import decode_board
from streams.board.monitor import canonical
from streams.cli import main
from streams.cli.closing import alerts_between
from streams.cli.keys import Keys
from streams.errors import CheckpointError, KafkaError
from streams.kafka.log_address import address_of
from streams.kafka.log_source import chunks_of, still_there
from streams.kafka.publisher import PublishCounts
from streams.sources.event_lines import Chunk
from streams.sources.order.player import Player, PlayPosition
from streams.sources.stops import Stopped
from streams.state.replays import KeptReplay, told_apart
from tests.build import TINY_FORCE, call, lines, ms

STAMPS = [f"2024-03-31T0{hour}:30:00Z" for hour in range(6)]
"""On the night on which clocks in London go from 1:00 to 2:00, so that 00:30Z is 00:30 there and
01:30Z is 02:30."""

TWO = "2024-03-31T02:00:00Z"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tiny.toml").write_text(TINY_FORCE)
    events = [call(f"c{n}", at, answered_at=at) for n, at in enumerate(STAMPS)]
    (tmp_path / "calls.ndjson").write_bytes(lines(events))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def replay(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["replay", "calls.ndjson", "--force", "tiny.toml", *arguments])


def board_of(answer: Result) -> dict[str, Any]:
    assert answer.exit_code == 0, answer.output
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[0])
    return found


def offered(answer: Result, period: str = "2024-03-31") -> int:
    rows = board_of(answer)["periods"][period]["calls"]
    count: int = next(row["offered"] for row in rows if row["line"] == "999")
    return count


def test_all_is_played_into_a_board_and_an_account(folder: Path) -> None:
    answer = replay()
    assert answer.exit_code == 0, answer.output
    account, alerts = answer.output.splitlines()[-2:]
    assert account.endswith("6: 6 counted + 0 merged as versions + 0 refused + 0 excluded")
    assert alerts == "No alerts."


def test_times_are_local_and_the_end_is_left_out(folder: Path) -> None:
    """From 02:00 in London, which is an hour after midnight, to 05:30 there: 01:30Z to 03:30Z."""
    asked = ["--from", "2024-03-31T02:00", "--to", "2024-03-31T05:30", "--json"]
    answer = replay(*asked, "--period", "2024-03-31", "--earlier", "leave-out")
    assert offered(answer) == 3
    assert board_of(answer)["at"] == "2024-03-31T05:29:59.999+01:00"
    assert "Rows of which nothing lies between the begin and the end: 3." in answer.output
    assert offered(replay(*asked, "--period", "2024-03-31")) == 4  # with what came before


def test_a_replay_up_to_midnight_ends_with_the_board_of_the_day_before(folder: Path) -> None:
    answer = replay("--to", "2024-04-01", "--json")
    board = board_of(answer)
    assert board["at"] == "2024-03-31T23:59:59.999+01:00"
    today = next(row for row in board["windows"]["today"]["calls"] if row["line"] == "999")
    assert today["offered"] == 6


def test_the_account_has_the_time_of_the_board_in_the_zone_of_the_force(folder: Path) -> None:
    account = replay("--to", "2024-04-01").output.splitlines()[-2]
    assert account.startswith("At 2024-03-31T23:59:59.999+01:00, rows in = 6: ")


def test_a_replay_that_is_broken_off_is_closed_at_the_time_of_its_clock(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stopped while it waits: the last call was of 01:30, the clock is at 02:00 or later."""
    steps = Player.steps

    def some(player: Player) -> Iterator[None]:
        for _ in steps(player):
            if player.lines == 2 and player.clock.running and player.clock() >= ms(TWO):
                raise Stopped(signal.SIGINT)
            yield

    monkeypatch.setattr(Player, "steps", some)
    answer = replay("--from", "2024-03-31T01:00", "--speed", "36000", "--json")
    assert answer.exit_code == 130
    at = json.loads(answer.stdout.splitlines()[0])["at"]
    assert ms(TWO) <= ms(at) <= ms(STAMPS[2])


def test_the_list_of_alerts_says_that_their_words_are_the_latest() -> None:
    opened = dt.datetime(2024, 3, 31, 2, tzinfo=dt.UTC)
    alert = SimpleNamespace(
        id="a", opened_at=opened, resolved_at=None, severity="page", words="999 calls: 21."
    )
    live: Any = SimpleNamespace(
        forces=lambda: ["tiny"], alerts=SimpleNamespace(history=lambda _force: [alert])
    )
    assert alerts_between(live) == [
        "Alerts in the order in which they opened, each in its latest words:",
        "2024-03-31 02:00 to open  page  999 calls: 21.",
    ]


def test_a_day_alone_is_its_midnight(folder: Path) -> None:
    answer = replay("--from", "2024-03-30", "--to", "2024-03-31", "--earlier", "leave-out")
    assert "rows in = 6: 0 counted + 0 merged as versions + 0 refused + 6 excluded" in answer.output


def test_a_time_that_comes_twice_is_told(folder: Path) -> None:
    answer = replay("--from", "2024-10-27T01:30", "--no-surveillance")
    assert (
        "--from 2024-10-27T01:30 comes twice, as the clocks go back: taken is the first. Write "
        "2024-10-27T01:30:00+00:00 for the second."
    ) in answer.output
    for offset in ("+00:00", "Z", "+01:00", "-00:00"):
        assert "comes twice" not in replay("--from", f"2024-10-27T01:30:00{offset}").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "soon"], '--from: "soon" is no time'),
        (["--from", "2024-04-01", "--to", "2024-03-01"], "--from 2024-04-01 is not before --to"),
        (["--speed", "0"], '"0" is no speed'),
        (["--resume"], "no such replay was broken off"),
        (
            ["--to-kafka", "localhost:1", "--prefix", "test", "--wallboard"],
            "nothing is monitored in this process",
        ),
        (["--to-kafka", "localhost:1"], "--to-kafka needs a --prefix"),
        (["kafka://localhost:9092"], '"kafka://localhost:9092" names no topic'),
        (["kafka://localhost:9092/watchroom"], "a Kafka topic is read alone"),
        (["--period", "2024-13"], "2024-13"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_read(
    folder: Path, arguments: list[str], said: str
) -> None:
    answer = replay(*arguments)
    assert answer.exit_code == 2
    assert said in answer.output


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("test", "test"), ("test.calls", "test."), ("west.test", "west.test"),
     ("west.test.calls", "west.test")],
)  # fmt: skip
def test_a_topic_is_not_sent_to_itself(folder: Path, name: str, prefix: str) -> None:
    answer = CliRunner().invoke(
        main, ["replay", f"kafka://a:1/{name}", "--to-kafka", "a:1", "--prefix", prefix]
    )
    assert answer.exit_code == 2
    assert "these topics would be sent to themselves" in answer.output


# -- broken off, and gone on with ------------------------------------------------------------------


def stopped_after(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next player is asked to stop after so many lines."""
    steps = Player.steps

    def some(player: Player) -> Iterator[None]:
        for _ in steps(player):
            if player.lines >= number:
                player._leave("stopped")
                raise Stopped(signal.SIGTERM)
            yield

    monkeypatch.setattr(Player, "steps", some)


def test_a_replay_that_is_broken_off_goes_on_and_ends_in_the_same_board(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["--from", "2024-03-31T01:00", "--to", "2024-03-31T08:00", "--json"]
    whole = replay(*asked)
    with monkeypatch.context() as patched:
        stopped_after(1, patched)
        broken = replay(*asked)
    assert broken.exit_code == 143
    assert "The same command with --resume goes on from here." in broken.output
    (kept,) = (folder / "state/watchroom/replays").iterdir()
    assert json.loads(kept.read_bytes())["lines"] == 1
    resumed = replay(*asked, "--resume", "--speed", "100000")
    boards = [decode_board(answer.stdout.encode().splitlines()[0]) for answer in (whole, resumed)]
    assert resumed.exit_code == 0
    assert canonical(boards[0]) == canonical(boards[1])
    assert not kept.exists()


def test_another_replay_does_not_go_on_with_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        stopped_after(1, patched)
        replay()
    assert replay("--resume", "--to", "2024-03-31T04:00").exit_code == 2
    (folder / "calls.ndjson").write_bytes(lines([call("c1", STAMPS[0])]))
    assert replay("--resume").exit_code == 2


def test_how_far_a_replay_has_come_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    kept = KeptReplay(tmp_path, ["a", "b"])
    assert kept.load() is None
    kept.save(PlayPosition(3, 70), {"calls/0": (2, 5)})
    found = KeptReplay(tmp_path, ["a", "b"]).load()
    assert found is not None
    assert (found.lines, found.at, found.spans) == (3, 70, {"calls/0": (2, 5)})
    assert KeptReplay(tmp_path, ["a", "c"]).load() is None
    kept.path.write_bytes(b"{")
    with pytest.raises(CheckpointError, match="Delete it, and replay from the start"):
        kept.load()
    kept.forget()
    assert kept.load() is None


def test_a_file_is_another_once_it_has_grown(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("1")
    before = told_apart(file)
    assert told_apart(file) == before
    file.write_text("12")
    assert told_apart(file) != before


@pytest.mark.parametrize(
    ("changed", "exit_code"), [("more.ndjson", 2), ("notes.txt", 0), ("refused.ndjson", 0)]
)
def test_a_folder_is_the_same_while_the_files_that_are_read_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch, changed: str, exit_code: int
) -> None:
    (folder / "in").mkdir()
    (folder / "calls.ndjson").rename(folder / "in" / "calls.ndjson")
    asked = ["replay", "in", "--glob", "*.ndjson", "--force", "tiny.toml"]
    asked += ["--dead-letters", "in/refused.ndjson"]
    with monkeypatch.context() as patched:
        stopped_after(1, patched)
        assert CliRunner().invoke(main, asked).exit_code == 143
    (folder / "in" / changed).write_bytes(lines([call("late", STAMPS[0])]))
    answer = CliRunner().invoke(main, [*asked, "--resume"])
    assert answer.exit_code == exit_code, answer.output
    assert exit_code or "rows in = 6" in answer.output


def test_what_can_be_read_only_once_is_not_gone_on_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["replay", "-", "--force", "tiny.toml"]
    with monkeypatch.context() as patched:
        stopped_after(1, patched)
        calls = (folder / "calls.ndjson").read_bytes()
        broken = CliRunner().invoke(main, asked, input=calls)
    assert broken.exit_code == 143
    assert "--resume" not in broken.output
    answer = CliRunner().invoke(main, [*asked, "--resume"], input=calls)
    assert answer.exit_code == 2
    assert 'a replay of "-" can\'t be gone on with: it can be read only once' in answer.output


class Log:
    """In place of a publisher: Ctrl-C is pressed as it first sends lines."""

    keeps, clock, prefix = True, None, "test"

    def __init__(self, *_: object, **__: object) -> None:
        self.counts = PublishCounts()
        self.taken = self.flushed = 0

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def enter(self, *_: object) -> None:
        pass

    def settle(self) -> None:
        pass

    def newest(self, *_: object) -> int:
        return 0

    def record_ids(self, *_: object) -> Iterator[str]:
        return iter(())

    def take(self, chunk: Chunk) -> None:
        self.taken += len(chunk.line_numbers)
        self.counts.read += chunk.rows

    def finish(self) -> None:
        if self.taken and not self.flushed:
            os.kill(os.getpid(), signal.SIGINT)
        self.flushed = self.taken


def test_a_stop_while_lines_are_flushed_comes_once_all_are_sent_and_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    monkeypatch.setattr("streams.cli.replay.Publisher", lambda *_, **__: log)
    monkeypatch.setattr("streams.cli.replay.FLUSHED_EVERY", 0.0)
    answer = replay("--to-kafka", "a:1", "--prefix", "test", "--speed", "36000")
    assert answer.exit_code == 130
    (kept,) = (folder / "state/watchroom/replays").iterdir()
    assert json.loads(kept.read_bytes())["lines"] == log.flushed == log.taken


# -- pauses ----------------------------------------------------------------------------------------


def test_the_signal_usr1_pauses_and_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Player.steps
    seen: list[str] = []

    def signalled(player: Player) -> Iterator[None]:
        for number, _ in enumerate(steps(player)):
            if number in (2, 5):
                os.kill(os.getpid(), signal.SIGUSR1)
            seen.append(player.stage)
            yield

    monkeypatch.setattr(Player, "steps", signalled)
    before = signal.getsignal(signal.SIGUSR1)
    answer = replay("--speed", "36000")
    assert answer.exit_code == 0, answer.output
    assert "paused" in seen
    assert seen[-1] == "playing"
    assert "6 counted" in answer.output
    assert signal.getsignal(signal.SIGUSR1) == before


def test_keys_are_read_of_a_terminal_as_they_are_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    monkeypatch.setattr("os.getpgrp", lambda: 7)
    monkeypatch.setattr("os.tcgetpgrp", lambda _: 7)
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        with Keys() as keys:
            assert keys.pressed() == ""
            os.write(ours, b" ")
            deadline = time.monotonic() + 5
            while not (found := keys.pressed()) and time.monotonic() < deadline:
                pass
            assert found == " "
        assert keys.pressed() == ""
    os.close(ours)


def test_there_are_no_keys_where_there_is_no_terminal() -> None:
    with Keys() as keys:
        assert keys.pressed() == ""


# -- a log of Kafka --------------------------------------------------------------------------------


class Message:
    def __init__(self, offset: int, value: bytes | None) -> None:
        self.offset, self.value = offset, value


def test_a_line_of_a_log_is_known_by_the_offset_of_its_message() -> None:
    messages = [Message(4, b"a\n\nb"), Message(7, None), Message(9, b"c")]
    (chunk,) = chunks_of("watchroom.calls/0", messages)
    assert [chunk.place(n) for n in range(3)] == [
        "watchroom.calls/0:4", "watchroom.calls/0:4", "watchroom.calls/0:9",
    ]  # fmt: skip
    assert (chunk.lines(), chunk.excluded, chunk.rows) == ([b"a", b"b", b"c"], 2, 5)


def test_a_message_that_no_worker_would_fold_is_one_refused_row_of_a_log() -> None:
    messages = [Message(4, b"a"), Message(5, b"\n" * 100_000), Message(6, b"b")]
    (chunk,) = chunks_of("watchroom.calls/0", messages)
    assert (chunk.lines(), list(chunk.line_numbers), chunk.rows) == ([b"a", b"b"], [4, 6], 3)
    (refused,) = chunk.rejected
    assert refused[1:] == (
        "too_large",
        "the message has 100,001 lines, and at most 100,000 are read",
        "watchroom.calls/0:5",
    )
    assert len(refused.raw) == 65_536


@pytest.mark.parametrize(
    ("there", "now"),
    [
        ({"calls/0": (3, 9)}, "it has 3 to 9"),
        ({"calls/0": (2, 4)}, "it has 2 to 4"),
        ({"calls/0": (9, 9)}, "it has none"),
        ({}, "it has none"),
    ],
)
def test_a_log_that_has_lost_what_was_read_of_it_is_not_gone_on_with(
    there: dict[str, tuple[int, int]], now: str
) -> None:
    with pytest.raises(KafkaError) as raised:
        still_there({"calls/0": (2, 5)}, there)
    assert str(raised.value) == (
        f"calls/0 had messages from offset 2 to 5, and now {now}. What is gone can't be replayed "
        "again: leave out --resume, and replay from the start what is there"
    )


def test_a_log_that_has_grown_is_read_as_far_as_it_went_before() -> None:
    spans = {"calls/0": (2, 5), "crimes/0": (7, 7)}
    assert still_there(spans, {"calls/0": (2, 90), "crimes/0": (8, 20)}) == spans


def test_an_address_of_kafka_names_brokers_and_topics() -> None:
    assert address_of("kafka://a:1,b:2/test") == ("a:1,b:2", "test")
    assert address_of("calls.ndjson") is None

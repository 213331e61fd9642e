"""`watchroom replay` and a real broker: out of a log whose readers notice nothing, and into one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kafka import TopicPartition

from streams.board.model import decode_board
from streams.board.monitor import canonical
from streams.cli import main
from streams.errors import KafkaError
from streams.kafka import topics
from streams.kafka.log_source import LogSource
from streams.periods import rfc3339
from tests import events
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until
from tests.servers.rig import Rig, rigged

EVENTS = [e for e in events.events(300) if e.at.timestamp() * 1000 < events.AT]


@pytest.fixture
def rig(
    kafka: Kafka, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with rigged(kafka, topic_prefix, tmp_path) as made:
        yield made


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.ndjson"
    path.write_bytes(b"\n".join(event.line for event in EVENTS))
    return path


def offsets(rig: Rig) -> dict[str, Any]:
    """The committed offsets of every group there is."""
    with topics.admin(rig.bootstrap) as client:
        groups = [group["group_id"] for group in client.list_groups()]
        found: dict[str, Any] = client.list_group_offsets(dict.fromkeys(groups))
    return found


def replay(rig: Rig, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["replay", *rig.forces, *arguments])


def lines_in(rig: Rig) -> list[dict[str, Any]]:
    with LogSource(rig.bootstrap, rig.prefix) as source:
        return [json.loads(line) for chunk in source for line in chunk.lines()]


def address(rig: Rig, name: str | None = None) -> str:
    return f"kafka://{rig.bootstrap}/{name or rig.prefix}"


def test_a_log_is_replayed_to_the_boards_of_its_worker_whose_offsets_stay(rig: Rig) -> None:
    worker = rig.worker()
    worker.start()
    rig.publish(events.messages(EVENTS))
    wanted = events.boards(EVENTS)
    rig.shows(wanted)
    with LogSource(rig.bootstrap, rig.prefix) as source:
        ends = {place: end for place, (_, end) in source.spans.items() if end}

    def committed() -> bool:
        held = offsets(rig).get(rig.prefix, {})
        found = {f"{tp.topic}/{tp.partition}": at.offset for tp, at in held.items()}
        return all(found.get(place) == end for place, end in ends.items())

    wait_until(committed, 30, "the worker has committed all")
    before = offsets(rig)
    end = rfc3339(events.AT + 1)  # the board is that of the last instant before
    answer = replay(rig, address(rig), "--to", end, "--json")
    assert answer.exit_code == 0, answer.output
    boards = map(decode_board, answer.stdout.encode().splitlines())
    assert {board.force.id: canonical(board) for board in boards} == wanted
    assert offsets(rig) == before


def test_one_topic_is_replayed_by_its_name(rig: Rig) -> None:
    rig.publish(events.messages(EVENTS))
    answer = replay(rig, address(rig, f"{rig.prefix}.crimes"))
    assert answer.exit_code == 0, answer.output
    crimes = {json.loads(e.line)["id"] for e in EVENTS if e.kind == "crime"}
    assert f": {len(crimes):,} counted" in answer.output


def test_what_is_sent_says_that_it_is_replayed(rig: Rig, history: Path) -> None:
    answer = replay(rig, str(history), "--to-kafka", rig.bootstrap, "--prefix", rig.prefix)
    assert answer.exit_code == 0, answer.output
    assert Counter(line["origin"] for line in lines_in(rig)) == {"replayed": len(EVENTS)}


def test_into_kafka_only_the_stretch_is_sent_unless_earlier_is_asked_for(
    rig: Rig, history: Path
) -> None:
    begin, end = "2021-03-02T00:00:00+00:00", "2021-03-03T00:00:00+00:00"
    stamps = [line["updated_at"] for line in map(json.loads, history.read_bytes().splitlines())]
    where = ["--to-kafka", rig.bootstrap, "--prefix", rig.prefix, "--from", begin, "--to", end]
    assert replay(rig, str(history), *where).exit_code == 0
    sent = [line["updated_at"] for line in lines_in(rig)]
    assert sorted(sent) == sorted(at for at in stamps if begin <= at < end)
    assert replay(rig, str(history), *where, "--earlier", "read").exit_code == 0
    assert len(lines_in(rig)) - len(sent) == len([at for at in stamps if at < end])


def test_a_replay_into_kafka_that_was_killed_goes_on_and_the_boards_are_the_same(
    rig: Rig, history: Path
) -> None:
    command = [sys.executable, "-m", "streams.cli", "replay", *rig.forces, str(history)]
    command += ["--to-kafka", rig.bootstrap, "--prefix", rig.prefix, "--speed", "15000"]
    kept = rig.folder / "state/watchroom/replays"
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": root}, cwd=rig.folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: any(kept.glob("*.json")), 60, "it is kept how far it has come")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (file,) = kept.glob("*.json")
    lines = json.loads(file.read_bytes())["lines"]
    assert 0 < lines < len(EVENTS)
    answer = replay(
        rig, str(history), "--to-kafka", rig.bootstrap, "--prefix", rig.prefix, "--resume"
    )
    assert answer.exit_code == 0, answer.output
    sent = [(line["id"], line["version"]) for line in lines_in(rig)]
    assert len(set(sent)) == len(EVENTS)
    assert len(sent) < 2 * len(EVENTS) - lines  # what was acknowledged is not sent again
    assert not any(kept.iterdir())
    rig.worker().start()
    rig.shows(events.boards(EVENTS))


def lose_a_message(rig: Rig, spans: Mapping[str, tuple[int, int]]) -> None:
    """Deletes the first message of a partition, as its retention would."""
    name, begin = next((name, begin) for name, (begin, end) in spans.items() if begin < end)
    topic, _, number = name.rpartition("/")
    with topics.admin(rig.bootstrap) as client:
        client.delete_records({TopicPartition(topic, int(number)): begin + 1})


def test_a_log_that_lost_messages_is_not_gone_on_with(rig: Rig) -> None:
    rig.publish(events.messages(EVENTS))
    with LogSource(rig.bootstrap, rig.prefix) as source:
        spans = source.spans
    lose_a_message(rig, spans)
    with pytest.raises(KafkaError, match="What is gone can't be replayed again"):
        LogSource(rig.bootstrap, rig.prefix, spans)


def test_messages_that_are_deleted_before_they_are_read_are_missed(rig: Rig) -> None:
    rig.publish(events.messages(EVENTS))
    with LogSource(rig.bootstrap, rig.prefix) as source:
        lose_a_message(rig, source.spans)
        with pytest.raises(KafkaError, match="deleted messages while they were read"):
            list(source)


@pytest.mark.parametrize(
    ("place", "said"),
    [("nothing-like-it", 'has neither a topic "nothing-like-it" nor input topics that begin so')],
)
def test_a_topic_that_is_not_there_is_told(rig: Rig, place: str, said: str) -> None:
    answer = replay(rig, address(rig, place))
    assert answer.exit_code == 1
    assert said in answer.output


def test_a_backtest_of_a_log_finds_what_one_of_the_file_does(rig: Rig, tmp_path: Path) -> None:
    own = [event for event in EVENTS if b'"warwickshire"' in event.line]
    rig.publish(events.messages(own))
    (tmp_path / "own.ndjson").write_bytes(b"\n".join(event.line for event in own))
    found = []
    for place in (address(rig), str(tmp_path / "own.ndjson")):
        words = ["backtest", place, "--force", "warwickshire", "--json", str(tmp_path / "f.json")]
        answer = CliRunner().invoke(main, words)
        assert answer.exit_code == 0, answer.output
        found.append(json.loads((tmp_path / "f.json").read_text()))
    log, file = found
    assert log["sources"] == [address(rig)]
    assert (log["results"], log["start"], log["end"]) == (
        file["results"], file["start"], file["end"]
    )  # fmt: skip

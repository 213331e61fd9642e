"""How far the stream has come, past offsets without a message."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from streams.board.monitor import Monitor, Shard
from streams.kafka.faust_stream import broken_off
from streams.kafka.partition import Partition, fingerprint
from streams.kafka.stream import Position, StreamPositions
from streams.live import Live
from streams.state.snapshot import Identity
from tests.build import Record, call, lines, ms, tiny_force

TP = TopicPartition("w.calls", 0)
KEY = ("w.calls", 0)


@dataclass
class State:
    """What is read of aiokafka's state of a partition."""

    position: int = 0
    lso: int | None = None
    timestamp: int | None = None
    has_valid_position: bool = True


@dataclass
class Assignment:
    states: dict[TopicPartition, State] = field(default_factory=dict)

    @property
    def tps(self) -> list[TopicPartition]:
        return list(self.states)

    def state_value(self, tp: TopicPartition) -> State:
        return self.states[tp]


def noted(positions: StreamPositions, assignment: Assignment, *offsets: int) -> Position | None:
    handed: dict[Any, list[Record]] = {TP: [Record(n, b"") for n in offsets]} if offsets else {}
    positions.note(assignment, handed)
    return positions.of(KEY)


def test_the_last_message_and_the_position_after_markers_are_noted_together() -> None:
    positions, assignment = StreamPositions(), Assignment({TP: State(2, 2, 1000)})
    assert noted(positions, assignment, 0) == Position(0, 2, 1000)
    assignment.states[TP] = State(6, 6, 2000)
    assert noted(positions, assignment) == Position(0, 6, 2000)


def test_nothing_is_noted_before_the_brokers_have_answered_for_this_position() -> None:
    positions = StreamPositions()
    assert noted(positions, Assignment({TP: State(60)})) is None
    # A position of another log: above all that may be read.
    assert noted(positions, Assignment({TP: State(60, 25, 1000)})) is None
    assert noted(positions, Assignment({TP: State(25, 25, 1000, has_valid_position=False)})) is None
    positions.note(None, {})
    assert positions.of(KEY) is None


def test_another_assignment_knows_nothing_of_what_the_one_before_handed_over() -> None:
    positions = StreamPositions()
    assert noted(positions, Assignment({TP: State(60, 60, 1000)}), 58, 59) == Position(59, 60, 1000)
    positions.forget()
    assert positions.of(KEY) is None
    assert noted(positions, Assignment({TP: State(5, 5, 2000)})) == Position(-1, 5, 2000)


def test_offsets_without_a_message_are_no_lag(tmp_path: Path) -> None:
    force = tiny_force()
    identity = Identity("c", "w.calls", "id", 0, fingerprint("call", [force]), ("tiny",))
    live = Live(Monitor([force], all_shards=False))
    partition = Partition(live, Shard("call", [force]), tmp_path / "p", identity, "w", 1)
    partition.high = 2
    asyncio.run(partition.fold([Record(0, lines([call()]), ms("2021-03-01T10:01:00Z"))]))
    assert partition.lag == 1  # it may be a message that was not read yet
    partition.skip(2)
    assert (partition.lag, partition.folded, partition.changed) == (0, 1, True)
    partition.skip(1)
    assert partition.folded == 1


def test_a_stream_that_ends_at_a_folder_names_it_and_who_says_what_mends_it() -> None:
    path = "ck/1/faust/v1"
    error = broken_off(PermissionError(13, "Permission denied", path), Path("ck/1"))
    assert str(error) == (
        "ck/1/faust/v1: Permission denied. See what mends it: watchroom doctor --no-kafka "
        "--checkpoints ck/1"
    )
    other = broken_off(RuntimeError("odd"), Path("ck/1"))
    assert str(other) == "the stream broke off: RuntimeError('odd')"

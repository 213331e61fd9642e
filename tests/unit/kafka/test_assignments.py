"""Partitions of a worker: messages that are still to be sent are in a checkpoint all the time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from streams.board.monitor import Monitor
from streams.errors import CheckpointError
from streams.kafka.assignments import AssignedPartitions
from streams.kafka.partition import Partition
from streams.kafka.producer import Numbered, Outbox
from streams.kafka.settings import Cluster, Settings
from streams.live import Live
from streams.state import checkpoint as checkpoints
from streams.state.disk import Disk
from streams.state.snapshot import Outgoing
from tests.build import StillStream, ms, tiny_force

KEY = ("w.calls", 0)
LETTER = Outgoing("w.deadletter", b"w.calls/0/0/0", b"rubbish", [("reason", b"not_json")])


class Posted(Outbox):
    """Notes what may be sent, and has no brokers to send it to."""

    def __init__(self) -> None:
        self.messages: Numbered = []

    def put(self, partition: Partition, messages: Numbered) -> None:
        self.messages += messages


class Life:
    """One life of a worker with one partition."""

    def __init__(self, folder: Path) -> None:
        self.posted = Posted()
        settings = Settings("127.0.0.1:9", (tiny_force(),), folder, prefix="w")
        live = Live(Monitor(settings.forces, all_shards=False))
        cluster = Cluster("c", 1, {KEY[0]: "id"})
        self.assigned = AssignedPartitions(settings, cluster, live, self.posted, StillStream())

    @property
    def partition(self) -> Partition:
        return self.assigned.partitions[KEY]

    def take_over(self) -> Numbered:
        """Loads the checkpoint; what may be sent."""
        asyncio.run(self.assigned._load(KEY))
        return self.posted.messages

    def die(self) -> None:
        """Ends without another save."""
        self.partition.checkpoint.close()
        self.assigned.watch.close()
        self.assigned.folder.close()


def test_messages_of_an_outdated_checkpoint_are_sent_once_the_new_one_holds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Life(tmp_path)
    first.take_over()
    first.partition.send(LETTER)
    asyncio.run(first.partition.save())
    first.die()

    def full(*_: object) -> None:
        raise CheckpointError("the disk is full")

    monkeypatch.setattr(checkpoints, "STATE_VERSION", checkpoints.STATE_VERSION + 1)
    for _ in range(2):
        with monkeypatch.context() as disk:
            disk.setattr(checkpoints.Checkpoint, "save", full)
            dies_early = Life(tmp_path)
            assert dies_early.take_over() == []
            assert dies_early.partition.changed  # it is tried again
            dies_early.die()
    for _ in range(2):
        saves = Life(tmp_path)
        assert saves.take_over() == [(1, LETTER)]
        assert not saves.partition.waiting
        saves.die()
    sends = Life(tmp_path)
    sends.take_over()
    sends.partition.checkpoint.sent([1])
    sends.die()
    last = Life(tmp_path)
    assert last.take_over() == []
    last.die()


def test_days_that_a_cut_log_has_not_all_of_are_told_beside_the_state(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.assigned.assign({KEY}, 1, "me")
    life.take_over()
    life.assigned._settled = True
    assert life.assigned._state("live", 0) == ("live", "1 partitions")
    ledger = life.partition.shard.ledgers()["tiny"]
    ledger.sealed_before, ledger.began = ms("2021-03-05T00:00:00Z"), ms("2021-03-21T10:00:00Z")
    ledger.first_known = ledger.began + ledger.kind.horizon
    state, detail = life.assigned._state("live", 0)
    assert state == "live"
    assert detail == (
        "1 partitions; calls of tiny from 2021-03-05 to 2021-03-21 are not all counted: "
        "the log does not have them all any more"
    )
    life.die()


def test_a_disk_that_is_full_makes_not_ready_until_something_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(tmp_path)
    life.assigned.assign({KEY}, 1, "me")
    life.take_over()
    life.assigned._on_ready(life.partition)
    health = life.assigned.live.health
    assert health.ready

    def full(*_: object) -> None:
        raise CheckpointError(f"{tmp_path}/w.calls-0.sqlite: can't be written: disk full")

    with monkeypatch.context() as disk:
        disk.setattr(checkpoints.Checkpoint, "save", full)
        life.partition.send(LETTER)
        asyncio.run(life.assigned.save_all())
        life.assigned.refresh()
    assert (health.ready, health.shown[0]) == (False, "unwell")
    (reason,) = health.reasons
    assert reason.code == "disk"
    assert reason.problem == f"{tmp_path}/w.calls-0.sqlite: can't be written: disk full"
    assert reason.cure.startswith("Make room there")
    asyncio.run(life.assigned.save_all())
    life.assigned.refresh()
    assert health.ready
    life.die()


def test_a_disk_with_little_room_makes_not_ready_before_it_is_full(tmp_path: Path) -> None:
    life = Life(tmp_path)
    life.assigned.assign({KEY}, 1, "me")
    life.take_over()
    life.assigned._on_ready(life.partition)
    life.assigned._disk = Disk(50 << 20, 1 << 40)
    life.assigned.refresh()
    (reason,) = life.assigned.live.health.reasons
    assert reason.problem == f"the disk of {tmp_path} has 50 MB free, less than 200 MB"
    life.die()

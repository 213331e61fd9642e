"""Partitions of a worker: messages that are still to be sent are in a checkpoint all the time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from streams.board.monitor import Monitor
from streams.errors import CheckpointError
from streams.kafka import assignments
from streams.kafka.assignments import AssignedPartitions
from streams.kafka.partition import Partition
from streams.kafka.producer import Numbered, Outbox
from streams.kafka.settings import Cluster, WorkerSettings
from streams.live import Live
from streams.state import checkpoint as checkpoints
from streams.state import sqlite as store
from streams.state.snapshot import Outgoing
from tests.build import StillStream, full_disk, ms, tiny_force

KEY = ("w.calls", 0)
LETTER = Outgoing("w.deadletter", b"w.calls/0/0/0", b"rubbish", [("reason", b"not_json")])


class Posted(Outbox):
    """Notes what may be sent, and has no brokers to send it to."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:9")
        self.messages: Numbered = []

    def put(self, partition: Partition, messages: Numbered) -> None:
        self.messages += messages


class Life:
    """One life of a worker with one partition."""

    def __init__(self, folder: Path) -> None:
        self.posted = Posted()
        settings = WorkerSettings("127.0.0.1:9", (tiny_force(),), folder, prefix="w")
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

    def rebalance(self, generation: int) -> None:
        """The group gives it the partition again, all of which has been read."""

        class Reader:
            async def run(self, partitions: Sequence[Partition]) -> None:
                for partition in partitions:
                    partition.ready = True

        async def look() -> bool:
            return False

        self.assigned.watch.ask = look  # type: ignore[method-assign]
        self.assigned.assign({KEY}, generation, "me")
        self.assigned._changed.clear()
        asyncio.run(self.assigned._take_over(Reader()))  # type: ignore[arg-type]
        self.assigned._settle()

    def save(self) -> None:
        asyncio.run(self.assigned.save_all())
        self.assigned.refresh()

    @property
    def health(self) -> tuple[str, bool, str]:
        """State, whether it is ready, and the trouble with the disk."""
        health = self.assigned.live.health
        return health.state, health.ready, health.troubles.get("disk", "")

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


def test_a_rebalance_on_a_full_disk_goes_on_and_stores_again_once_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    life = Life(tmp_path)
    life.rebalance(1)
    life.partition.send(LETTER)
    life.save()
    with full_disk():
        life.rebalance(2)  # notes in the checkpoint who has it now
        life.partition.send(LETTER)
        life.save()
        state, ready, words = life.health
        assert (state, ready) == ("unwell", False)
        assert words.startswith(f"the checkpoint {tmp_path}/w.calls-0.sqlite: can't be written: ")
        assert words.endswith(
            ". Make room on its disk, and look whether it is there and may be written. Counting "
            "goes on, nothing is acknowledged, and it is tried again every second"
        )
        assert f"not ready: {words}" in caplog.text
        assert [number for number, _ in life.posted.messages] == [1], "the second is not released"
    life.save()
    assert life.health == ("live", True, "")
    assert [number for number, _ in life.posted.messages] == [1, 2]
    life.die()


def test_a_worker_that_starts_on_a_full_disk_goes_on_from_its_good_checkpoints(
    tmp_path: Path,
) -> None:
    first = Life(tmp_path)
    first.rebalance(1)
    first.partition.send(LETTER)
    first.save()
    first.die()
    with full_disk():
        again = Life(tmp_path)
        again.rebalance(2)
        assert again.posted.messages == [(1, LETTER)]
        again.die()
    assert [each.name for each in tmp_path.glob("*.damaged-*")] == []


def test_a_checkpoint_that_others_have_locked_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "WAIT", 0.02)
    monkeypatch.setattr(assignments, "READ_AGAIN", 0.0)
    first = Life(tmp_path)
    first.rebalance(1)
    first.partition.send(LETTER)
    first.save()
    first.die()
    other = sqlite3.connect(tmp_path / "w.calls-0.sqlite")
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    again = Life(tmp_path)
    again.rebalance(2)
    state, ready, words = again.health
    assert (state, ready) == ("recovering", False)
    assert "can't be read: another program has locked it. End that, or give" in words
    assert again.assigned._changed.is_set(), "it is tried again"
    other.close()
    again.rebalance(2)
    assert again.posted.messages == [(1, LETTER)]
    assert again.health == ("live", True, "")
    again.die()

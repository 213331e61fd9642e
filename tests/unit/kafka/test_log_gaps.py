"""What the log lost before it was counted: known from where it begins, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from streams.board.monitor import Monitor, Shard
from streams.fold.log_gap import RECENT, LogGap
from streams.kafka import partition as partitions
from streams.kafka.assignments import AssignedPartitions
from streams.kafka.partition import NO_OFFSET, Partition, fingerprint
from streams.kafka.producer import Outbox
from streams.kafka.settings import Cluster, WorkerSettings
from streams.live import Live
from streams.periods import DAY, HOUR
from streams.state.snapshot import Identity, Outgoing
from tests.build import StillStream, call, lines, ms, tiny_force

T = ms("2021-06-14T12:00:00Z")
FORCE = tiny_force()


class Message:
    """A message of the log."""

    def __init__(self, offset: int, at: int) -> None:
        self.offset, self.timestamp, self.key = offset, at, b"tiny"
        self.value: bytes = lines([call(f"c{offset}", "2021-06-14T11:00:00Z")])
        self.headers: list[Any] = []


def partition(folder: Path, topic_id: str = "id") -> Partition:
    live = Live(Monitor([FORCE], all_shards=False))
    identity = Identity("c", "w.calls", topic_id, 0, fingerprint("call", [FORCE]), ("tiny",))
    made = Partition(live, Shard("call", [FORCE]), folder / "w.calls-0.sqlite", identity, "w", 1)
    made.load(1, "me")
    made.show()
    return made


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "wall_clock", lambda: T + 5 * DAY)


def fold(held: Partition, offset: int, at: int) -> None:
    asyncio.run(held.fold([Message(offset, at)]))


def test_what_lies_before_the_beginning_of_the_log_and_was_not_counted_is_a_gap(
    tmp_path: Path,
) -> None:
    held = partition(tmp_path)
    fold(held, 17, T)
    held.note_beginning(165)
    found = T + 5 * DAY
    assert held.shard.gaps == [LogGap(18, 164, T, found, found)]
    assert held.shard.gaps[0].messages == 147
    fold(held, 165, T + 3 * DAY)
    assert held.shard.gaps == [LogGap(18, 164, T, T + 3 * DAY, found)]
    assert held.words_of(held.shard.gaps[0]).startswith(
        "w.calls/0: the log lost up to 147 messages of 2021-06-14 13:00 to 2021-06-17 13:00 before "
        "they were counted. Have the source send the records of that time again. "
    )
    held.checkpoint.close()


@pytest.mark.parametrize("begins", [0, 17, 18])
def test_offsets_that_hold_no_message_within_the_log_are_no_gap(
    tmp_path: Path, begins: int
) -> None:
    held = partition(tmp_path)
    fold(held, 17, T)
    held.note_beginning(begins)
    fold(held, 165, T + HOUR)  # those between are of transactions, or were compacted
    assert held.shard.gaps == []
    held.checkpoint.close()


def test_a_log_that_is_read_for_the_first_time_has_no_gap(tmp_path: Path) -> None:
    held = partition(tmp_path)
    assert held.folded == NO_OFFSET
    held.note_beginning(165)
    assert held.shard.gaps == []
    held.checkpoint.close()


def test_a_gap_is_in_the_checkpoint_and_is_found_once(tmp_path: Path) -> None:
    held = partition(tmp_path)
    fold(held, 17, T)
    held.note_beginning(165)
    asyncio.run(held.save())
    gaps = held.shard.gaps
    held.checkpoint.close()
    again = partition(tmp_path)
    assert (again.folded, again.appended, again.shard.gaps) == (17, T, gaps)
    again.note_beginning(165)
    assert again.shard.gaps == gaps
    again.note_beginning(180)  # it lost more before it was read
    assert [(gap.first, gap.last) for gap in again.shard.gaps] == [(18, 179)]
    again.checkpoint.close()


def test_the_board_says_of_which_time_records_were_lost_as_long_as_they_can_be_mended(
    tmp_path: Path,
) -> None:
    held = partition(tmp_path)
    fold(held, 17, T)
    held.note_beginning(165)
    fold(held, 165, T + 3 * DAY)
    (shown,) = held.live.monitor.board("tiny", T + 5 * DAY).incomplete
    assert (shown.kind, shown.messages) == ("call", 147)
    assert shown.words == (
        "Calls from 2021-06-14 13:00 to 2021-06-17 13:00 are not all counted: the log lost up to "
        "147 messages before they were counted"
    )
    assert held.live.monitor.board("tiny", T + 39 * DAY).incomplete == []
    held.checkpoint.close()


def test_a_topic_that_was_made_again_is_a_gap_of_all_that_was_not_sealed(tmp_path: Path) -> None:
    held = partition(tmp_path)
    fold(held, 17, T)
    sealed = held.shard.ledgers()["tiny"].sealed_before = T - 10 * DAY
    asyncio.run(held.save())
    held.checkpoint.close()
    again = partition(tmp_path, topic_id="id-2")
    found = T + 5 * DAY
    gap = LogGap(0, 17, sealed, found, found, made_again=True)
    assert (again.folded, again.shard.gaps) == (NO_OFFSET, [gap])
    assert again.words_of(gap).startswith(
        "w.calls/0: the topic was made again by 2021-06-19 13:00, so figures of 2021-06-04 13:00 "
        "to 2021-06-19 13:00 count only what was sent since. Have the source send the records of "
        "that time again. "
    )
    (shown,) = again.live.monitor.board("tiny", found).incomplete
    assert shown.messages == 18
    assert shown.words == (
        "Calls from 2021-06-04 13:00 to 2021-06-19 13:00 are not all counted: their topic was made "
        "again, and only what was sent since is counted"
    )
    fold(again, 0, found + 1)  # does not end it
    asyncio.run(again.save())
    again.checkpoint.close()
    last = partition(tmp_path, topic_id="id-2")
    assert last.shard.gaps == [gap]
    last.note_beginning(5)  # offsets of the new log are others
    assert [each.made_again for each in last.shard.gaps] == [True, False]
    last.checkpoint.close()


def test_a_topic_that_was_made_again_before_anything_was_counted_has_no_gap(tmp_path: Path) -> None:
    held = partition(tmp_path)
    held.send(Outgoing("w.alerts", b"1", b"opened", []))
    asyncio.run(held.save())
    held.checkpoint.close()
    again = partition(tmp_path, topic_id="id-2")
    assert again.shard.gaps == []
    again.checkpoint.close()


def test_a_gap_makes_not_ready_for_a_day(tmp_path: Path) -> None:
    gap = LogGap(18, 164, T, T, T)
    assert gap.is_recent(T + RECENT - 1)
    assert not gap.is_recent(T + RECENT)


class Passing:
    """A worker that has counted offset 17; `begins` is what each answer of the brokers says of
    where the log begins, None where they do not answer."""

    def __init__(self, folder: Path, begins: list[int | None]) -> None:
        settings = WorkerSettings("127.0.0.1:9", (FORCE,), folder, prefix="w")
        live = Live(Monitor([FORCE], all_shards=False))
        cluster, outbox = Cluster("c", 1, {"w.calls": "id"}), Outbox("127.0.0.1:9")
        self.key, self.begins = ("w.calls", 0), iter(begins)
        self.assigned = AssignedPartitions(settings, cluster, live, outbox, StillStream())
        self.assigned.watch.beginnings = self.beginnings  # type: ignore[method-assign]

    async def beginnings(self, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        begin = next(self.begins)
        return {} if begin is None else dict.fromkeys(keys, begin)

    async def start(self) -> Partition:
        self.assigned.assign({self.key}, 1, "me")
        await self.assigned._load(self.key)
        held = self.assigned.partitions[self.key]
        held.folded = 16
        self.assigned._on_ready(held)
        await self.accept(16, 17)
        return held

    async def accept(self, *offsets: int) -> None:
        await self.assigned.accept(self.key, [Message(offset, T) for offset in offsets])

    async def look(self) -> None:
        await self.assigned._look_at_holes()

    async def close(self) -> None:
        await self.assigned.close()
        await self.assigned.outbox.close()


@pytest.mark.parametrize(("begins", "lost"), [(0, []), (165, [(18, 164)]), (900, [(18, 164)])])
def test_a_worker_that_the_end_of_the_log_overtakes_finds_what_it_lost(
    tmp_path: Path, begins: int, lost: list[tuple[int, int]]
) -> None:
    """Offsets that were passed because they are of transactions are none of it."""

    async def work() -> None:
        worker = Passing(tmp_path, [begins])
        held = await worker.start()
        await worker.accept(165)
        await worker.look()
        assert [(gap.first, gap.last) for gap in held.shard.gaps] == lost
        assert [gap.since for gap in held.shard.gaps] == [T for _ in lost]
        await worker.close()

    asyncio.run(work())


def test_what_was_lost_is_found_once_brokers_that_did_not_say_so_answer(tmp_path: Path) -> None:
    async def work() -> None:
        worker = Passing(tmp_path, [None, None, 165])
        held = await worker.start()
        await worker.accept(165)
        await worker.look()
        await worker.accept(167)  # of a transaction
        await worker.look()
        assert held.shard.gaps == []
        await worker.look()
        assert [(gap.first, gap.last) for gap in held.shard.gaps] == [(18, 164)]
        await worker.look()  # which asks no more
        await worker.close()

    asyncio.run(work())


def test_what_was_lost_is_found_among_the_ends_of_many_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kafka.assignments.MOST_HOLES", 3)

    async def work() -> None:
        worker = Passing(tmp_path, [None, 165])
        held = await worker.start()
        for offset in (19, 21, 23, 25, 165, 167, 169, 171, 173):
            await worker.accept(offset)
        await worker.look()
        await worker.look()
        assert [(gap.first, gap.last) for gap in held.shard.gaps][-1] == (26, 164)
        await worker.close()

    asyncio.run(work())

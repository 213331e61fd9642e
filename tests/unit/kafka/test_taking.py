"""What the stream hands over in lots is counted once, passed over, or left to be read back."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.monitor import Monitor
from streams.kafka import lots
from streams.kafka.assignments import AssignedPartitions
from streams.kafka.lots import KafkaMessage
from streams.kafka.partition import Partition
from streams.kafka.producer import Outbox
from streams.kafka.settings import Cluster, WorkerSettings
from streams.kafka.unpacking import GivenUp
from streams.live import Live
from streams.registry.calls import CALL
from streams.registry.crimes import CRIME
from streams.registry.incidents import INCIDENT
from streams.registry.registry import Registry
from streams.state.snapshot import Outgoing
from tests.build import Record, StillStream, call, lines, ms, tiny_force

CALLS, INCIDENTS = ("w.calls", 0), ("w.incidents", 0)
APPENDED = ms("2021-03-01T11:00:00Z")


def one(offset: int, *, updated_at: str = "2021-03-01T10:00:30Z") -> Record:
    """A message with a call of its own."""
    return Record(offset, lines([call(f"c{offset}", updated_at=updated_at)]), APPENDED)


def until(end: int, first: int = 0) -> list[Record]:
    return [one(offset) for offset in range(first, end)]


class Unsent(Outbox):
    """Has no brokers, and room for all."""

    full = False

    def __init__(self) -> None:
        super().__init__("127.0.0.1:9")


class Worker:
    """The partitions of a worker, without brokers."""

    def __init__(self, folder: Path) -> None:
        settings = WorkerSettings("127.0.0.1:9", (tiny_force(),), folder, prefix="w")
        live = Live(Monitor(settings.forces, all_shards=False))
        cluster = Cluster("c", 1, {CALLS[0]: "id", INCIDENTS[0]: "id"})
        self.assigned = AssignedPartitions(settings, cluster, live, Unsent(), StillStream())
        self.assigned.assign({CALLS, INCIDENTS}, 1, "me")
        for key in (CALLS, INCIDENTS):
            asyncio.run(self.assigned._load(key))
        self.calls.ready = True

    @property
    def calls(self) -> Partition:
        return self.assigned.partitions[CALLS]

    @property
    def counted(self) -> int:
        """The calls that are counted; one that is counted twice is none of them."""
        versions = self.calls.shard.ledgers()["tiny"].versions
        return versions.new - versions.same - versions.stale

    def accept(self, messages: Sequence[KafkaMessage]) -> None:
        asyncio.run(self.assigned.accept(CALLS, messages))

    def take(
        self, messages: Sequence[KafkaMessage], valid: Callable[[], bool] = lambda: True
    ) -> int:
        return asyncio.run(self.assigned.take({CALLS: messages}, valid))

    def letters(self) -> list[tuple[str, str, bytes]]:
        """Place, reason and line of each dead letter that waits for a save."""
        found = [
            (message, dict(message.headers))
            for _, message in asyncio.run(self.calls._take()).outbox
            if isinstance(message, Outgoing) and message.topic == "w.deadletter"
        ]
        return [((m.key or b"").decode(), h["reason"].decode(), m.value or b"") for m, h in found]


@contextmanager
def working(folder: Path) -> Iterator[Worker]:
    worker = Worker(folder)
    yield worker
    for partition in worker.assigned.partitions.values():
        partition.checkpoint.close()
    worker.assigned.watch.close()
    worker.assigned.folder.close()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    with working(tmp_path) as made:
        yield made


def test_what_is_held_is_passed_over_and_what_follows_is_counted(worker: Worker) -> None:
    worker.accept(until(6))
    worker.accept(until(10, first=3))
    assert (worker.calls.folded, worker.counted) == (9, 10)


def test_what_comes_while_a_partition_is_read_back_is_left_to_the_reading(worker: Worker) -> None:
    worker.calls.ready = False
    worker.accept(until(9, first=5))
    assert (worker.calls.folded, worker.calls.target) == (-1, 8)


def test_where_the_stream_begins_past_what_is_held_the_log_is_read(worker: Worker) -> None:
    worker.accept(until(4))
    worker.assigned._changed.clear()
    worker.calls.follows = False  # as after another assignment
    worker.accept(until(9, first=6))
    assert (worker.calls.folded, worker.calls.target, worker.calls.ready) == (3, 8, False)
    assert worker.assigned._changed.is_set()


def test_where_the_stream_was_seen_to_follow_nothing_is_missing(worker: Worker) -> None:
    """The log has no message at some offsets: markers of transactions have them."""
    worker.accept(until(4))
    worker.calls.follows = False
    worker.accept([one(3), one(6)])
    worker.accept([one(8)])
    assert (worker.calls.folded, worker.counted, worker.calls.ready) == (8, 6, True)


def test_what_is_left_of_a_fetch_is_not_counted_once_the_partitions_move(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lots.lots, "__defaults__", (4,))
    monkeypatch.setattr(lots.in_turn, "__defaults__", (4,))
    worker.take(until(10), lambda: worker.calls.folded < 5)
    assert worker.calls.folded == 5  # half-way through the second lot
    assert worker.take(until(10, first=2)) == 8  # from what was acknowledged
    assert (worker.calls.folded, worker.counted) == (9, 10)


def test_a_lot_of_the_assignment_before_says_nothing_of_where_the_stream_is_now(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kafka.partition.FOLDING", 0.0)
    assigned, moved = worker.assigned, False

    async def work() -> None:
        nonlocal moved
        folding = asyncio.ensure_future(assigned.accept(CALLS, until(100), lambda: not moved))
        await asyncio.sleep(0)
        moved = True
        assigned.assign({CALLS, INCIDENTS}, 2, "me")
        await folding

    asyncio.run(work())
    assert worker.counted < 100
    assert not worker.calls.follows


def test_a_partition_that_is_given_up_leaves_nothing_in_memory(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing_new() -> bool:
        return False

    monkeypatch.setattr(worker.assigned.watch, "ask", nothing_new)
    worker.accept(until(4))
    ledger = weakref.ref(worker.calls.shard.ledgers()["tiny"])
    gc.freeze()  # as once it was ready
    worker.assigned.assign({INCIDENTS}, 2, "me")
    worker.assigned.partitions[INCIDENTS].ready = True
    asyncio.run(worker.assigned._take_over(worker.assigned.reader))
    gc.collect()
    assert ledger() is None


def test_what_is_started_over_leaves_nothing_in_memory_and_keeps_its_registry(
    worker: Worker,
) -> None:
    worker.accept(until(4))
    registry = worker.calls.shard.registry = Registry((CALL, INCIDENT, CRIME))
    ledger = weakref.ref(worker.calls.shard.ledgers()["tiny"])
    gc.freeze()  # as once it was ready
    worker.calls.start_over("is at 3, and the log ends at 2")
    assert ledger() is None
    assert worker.calls.shard.registry is registry


def test_a_fetch_that_brings_nothing_has_no_lines(worker: Worker) -> None:
    assert worker.take([]) == 0


def test_a_dead_letter_has_the_place_of_its_line_wherever_the_lot_begins(worker: Worker) -> None:
    worker.accept(
        [
            one(0),
            Record(1, lines([call("a"), call("b")]) + b"\nrubbish", APPENDED),
            Record(2, None, APPENDED),
            Record(3, b"{}\n" + lines([call("c")]), APPENDED),
        ]
    )
    assert worker.letters() == [
        ("w.calls/0/1/2", "not_json", b"rubbish"),
        ("w.calls/0/2/0", "no_value", b""),
        ("w.calls/0/3/0", "wrong_form", b"{}"),
    ]
    assert worker.calls.folded == 3


def test_a_fault_of_ours_refuses_the_message_that_it_met_and_no_other(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.board.monitor.refusal", lambda *_: 1 // 0)
    worker.accept([one(0), Record(1, b"rubbish", APPENDED), one(2), one(3)])
    assert worker.letters() == [("w.calls/0/1/0", "fault", b"rubbish")]
    assert (worker.calls.folded, worker.counted) == (3, 3)


def test_each_message_is_judged_by_when_the_log_took_it(worker: Worker) -> None:
    future = "2021-03-01T14:00:00Z"
    early, late = one(0, updated_at=future), one(1, updated_at=future)
    worker.accept([early, late._replace(timestamp=ms("2021-03-01T14:00:01Z"))])
    assert [(place, reason) for place, reason, _ in worker.letters()] == [
        ("w.calls/0/0/0", "in_the_future")
    ]
    assert worker.counted == 1


def test_a_lot_ends_with_the_message_that_is_folded_when_the_partition_is_let_go(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kafka.partition.FOLDING", 0.0)

    async def work() -> None:
        folding = asyncio.ensure_future(worker.calls.fold(until(100)))
        await asyncio.sleep(0)
        await worker.calls.settle(10)
        await folding

    asyncio.run(work())
    assert not worker.calls.torn
    assert worker.calls.folded + 1 == worker.counted < 100


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 9)), max_size=9))
def test_however_often_the_stream_is_put_back_each_message_counts_once(
    fetches: list[tuple[int, int]],
) -> None:
    """Each fetch begins at most where the one before ended, as after a seek to what was
    acknowledged."""
    with TemporaryDirectory() as folder, working(Path(folder)) as worker:
        for back, length in fetches:
            first = max(0, worker.calls.folded + 1 - back)
            worker.take(until(first + length, first))
        assert worker.calls.ready
        assert worker.counted == worker.calls.folded + 1


def test_a_message_that_is_given_up_is_one_dead_letter_and_the_next_is_counted(
    worker: Worker,
) -> None:
    unread = GivenUp()
    unread.words = "messages 1 to 7 of the partition hold more than 9 bytes"
    many = b"x\n" * 100_000
    worker.accept([one(0), Record(7, unread, APPENDED), Record(8, many, APPENDED), one(9)])
    assert worker.letters() == [
        ("w.calls/0/7/0", "too_large", b""),
        ("w.calls/0/8/0", "too_large", many[: 1 << 16]),
    ]
    assert (worker.calls.folded, worker.counted) == (9, 2)

"""What checkpoints have released is sent, whatever becomes of the producer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from streams.board.monitor import Monitor
from streams.errors import ConfigError
from streams.kafka.assignments import AssignedPartitions
from streams.kafka.producer import Outbox
from streams.kafka.settings import Cluster, WorkerSettings
from streams.live import Live
from streams.state.snapshot import Outgoing
from tests.build import StillStream, tiny_force

LETTER = Outgoing("w.deadletter", b"w.calls/0/0/0", b"rubbish", [])


class Checkpoint:
    """Of a partition: notes what was sent."""

    def __init__(self) -> None:
        self.struck: list[int] = []

    def sent(self, numbers: list[int]) -> None:
        self.struck += numbers


class Producer:
    """One of aiokafka, without brokers. The first dies at the first message."""

    made: list[Producer]

    def __init__(self, **_: object) -> None:
        self.sender_task: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sender = self
        self.dies, self.stopped = not self.made, False
        self.made.append(self)

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        self.stopped = True

    async def send(self, *_: object, **__: object) -> asyncio.Future[None]:
        if self.dies:
            if not self.sender_task.done():
                self.sender_task.set_result(None)
            raise KafkaError("Unexpected error during batch delivery")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def test_another_producer_sends_what_one_that_died_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the settings of the connection are wrong for a while."""
    made = Producer.made = []
    wrong = [ConfigError("the key is of another certificate")]
    partition: Any = SimpleNamespace(checkpoint=Checkpoint())

    def current() -> Any:
        if made and wrong:
            raise wrong.pop()
        return SimpleNamespace(for_aiokafka=dict)

    monkeypatch.setattr("streams.kafka.producer.AIOKafkaProducer", Producer)
    monkeypatch.setattr("streams.kafka.producer.current", current)
    monkeypatch.setattr("streams.kafka.producer.PAUSE", 0.01)

    async def work() -> None:
        outbox = Outbox("127.0.0.1:9")
        await outbox.start()
        outbox.put(partition, [(7, LETTER)])
        await outbox.close(5)

    asyncio.run(work())
    assert partition.checkpoint.struck == [7]
    assert [each.stopped for each in made] == [True, True]
    assert not wrong


def test_an_error_that_nobody_thought_of_is_said_and_keeps_nothing_from_being_sent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Producer.made = [Producer.__new__(Producer)]  # so that none dies
    wrong: list[Exception] = [KeyError("nobody thought of it"), KeyError("nor of this")]
    partition: Any = SimpleNamespace(checkpoint=Checkpoint())
    said: list[str] = []

    async def send(*_: object, **__: object) -> asyncio.Future[None]:
        if wrong:
            said.append(outbox.trouble)
            raise wrong.pop()
        said.append(outbox.trouble)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    security = SimpleNamespace(for_aiokafka=dict)
    monkeypatch.setattr("streams.kafka.producer.AIOKafkaProducer", Producer)
    monkeypatch.setattr("streams.kafka.producer.current", lambda: security)
    monkeypatch.setattr("streams.kafka.producer.PAUSE", 0.01)
    monkeypatch.setattr(Producer, "send", send)
    outbox = Outbox("127.0.0.1:9")

    async def work() -> None:
        await outbox.start()
        outbox.put(partition, [(7, LETTER)])
        outbox.put(partition, [(8, LETTER)])
        await outbox.close(5)

    asyncio.run(work())
    assert partition.checkpoint.struck == [7, 8]
    trouble = (
        "dead letters and published figures can't be sent: an unexpected KeyError, which stands in "
        "the log. It is tried again every 0 s: report it with that part of the log"
    )
    assert said == ["", trouble, trouble, ""]
    assert outbox.trouble == ""
    assert [each.levelname for each in caplog.records] == ["ERROR"]


def test_a_worker_is_not_ready_while_its_outbox_fails_and_has_one_begin_anew_that_has_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Producer.made = [Producer.__new__(Producer)]  # so that none dies
    security = SimpleNamespace(for_aiokafka=dict)
    monkeypatch.setattr("streams.kafka.producer.AIOKafkaProducer", Producer)
    monkeypatch.setattr("streams.kafka.producer.current", lambda: security)
    partition: Any = SimpleNamespace(checkpoint=Checkpoint())
    settings = WorkerSettings("127.0.0.1:9", (tiny_force(),), tmp_path, prefix="w")
    live = Live(Monitor(settings.forces, all_shards=False))

    async def work() -> None:
        outbox = Outbox("127.0.0.1:9")
        cluster = Cluster("c", 1, {"w.calls": "id"})
        assigned = AssignedPartitions(settings, cluster, live, outbox, StillStream())
        outbox._failed(KeyError("nobody thought of it"))
        assigned.refresh()
        assert [key for key in live.health.troubles if key == "unsent"] == ["unsent"]
        await outbox.start()
        task = outbox._sending._task
        assert task is not None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        outbox.put(partition, [(7, LETTER)])
        beating = asyncio.create_task(assigned.beat())
        await asyncio.sleep(0)
        await outbox.close(5)
        assigned.refresh()
        beating.cancel()
        await assigned.close()

    asyncio.run(work())
    assert partition.checkpoint.struck == [7]
    assert "unsent" not in live.health.troubles


def test_an_outbox_that_was_not_started_leaves_no_producer_unclosed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[object] = []
    monkeypatch.setattr("streams.kafka.producer.AIOKafkaProducer", lambda **_: made.append(None))
    Outbox("127.0.0.1:1")
    assert made == []

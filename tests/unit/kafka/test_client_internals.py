"""The inner parts of Faust and aiokafka that the worker uses are what it takes them for.

Each is used in streams/kafka/worker.py or streams/kafka/stream.py, and nowhere else.
"""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import READ_COMMITTED, Fetcher
from aiokafka.consumer.subscription_state import Assignment, TopicPartitionState
from faust.transport.consumer import Consumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

KAFKA = Path(__file__).parents[3] / "streams" / "kafka"


def test_the_consumer_of_aiokafka_takes_its_isolation_level_when_it_starts() -> None:
    async def made() -> tuple[str, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers="localhost:1")
        await consumer.stop()
        return consumer._isolation_level, consumer._fetch_max_wait_ms

    assert asyncio.run(made()) == ("read_uncommitted", 500)
    assert "isolation_level=self._isolation_level" in inspect.getsource(AIOKafkaConsumer.start)
    assert "READ_COMMITTED" in inspect.getsource(Fetcher.__init__)
    assert READ_COMMITTED == 1


def test_what_is_known_of_a_partition_is_in_its_state() -> None:
    async def made() -> TopicPartitionState:
        return TopicPartitionState(None)

    state = asyncio.run(made())
    assert (state.lso, state.timestamp, state.has_valid_position) == (None, None, False)
    state.seek(5)
    assert state.position == 5
    assert {"tps", "state_value"} <= set(dir(Assignment))


def test_fausts_consumer_has_what_is_put_in_place_of_its_own() -> None:
    for name in ("_fetch_records", "_create_consumer", "_ensure_consumer"):
        assert callable(getattr(AIOKafkaConsumerThread, name))
    assert "self._fetch_records" in inspect.getsource(AIOKafkaConsumerThread.getmany)
    assert "self._create_consumer" in inspect.getsource(AIOKafkaConsumerThread.on_start)
    for name in ("perform_seek", "resume_partitions"):
        assert callable(getattr(Consumer, name))
    assert "_read_offset" in inspect.getsource(Consumer.perform_seek)
    assert "r_offset is None or offset >= r_offset" in inspect.getsource(Consumer._drain_messages)
    assert TP("a", 1) == ("a", 1)


def test_the_age_of_metadata_is_a_setting_of_faust() -> None:
    app = faust.App("x", consumer_metadata_max_age_ms=5000, web_enabled=False)
    assert app.conf.consumer_metadata_max_age_ms == 5000


def test_no_other_file_uses_them() -> None:
    inner = ("._fetch_records", "._read_offset", "._isolation_level", ".state_value")
    for path in KAFKA.glob("*.py"):
        if path.stem not in ("worker", "stream"):
            assert not any(name in path.read_text() for name in inner), path

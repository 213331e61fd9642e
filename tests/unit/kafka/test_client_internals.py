"""The inner parts of Faust and aiokafka that the worker uses are what it takes them for."""

from __future__ import annotations

import ast
import asyncio
import inspect
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, Fetcher, FetchResult
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, TopicPartitionState
from aiokafka.errors import KafkaError
from aiokafka.protocol.group import JoinGroupRequest
from faust.transport.consumer import Consumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP
from mode.threads import ServiceThread

KAFKA = Path(__file__).parents[3] / "streams" / "kafka"


def test_the_consumer_of_aiokafka_takes_its_settings_when_it_starts() -> None:
    async def made() -> tuple[str, int, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers="localhost:1")
        await consumer.stop()
        return consumer._isolation_level, consumer._fetch_max_wait_ms, consumer._fetch_max_bytes

    assert asyncio.run(made()) == ("read_uncommitted", 500, 50 << 20)
    started = inspect.getsource(AIOKafkaConsumer.start)
    for name in ("isolation_level", "fetch_max_wait_ms", "fetch_max_bytes"):
        assert f"{name}=self._{name}" in started
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
    for name in ("perform_seek", "resume_partitions", "verify_event_path", "_wait_next_records"):
        assert callable(getattr(Consumer, name))
    assert issubclass(AIOKafkaConsumerThread, ServiceThread)
    assert "thread_loop" in inspect.getsource(ServiceThread.__init__)
    assert TP("a", 1) == ("a", 1)


def test_what_is_fetched_comes_of_getmany_which_is_looked_up_when_fetching_begins() -> None:
    """So another may stand in its place, if it is set before."""
    drain = inspect.getsource(Consumer._drain_messages)
    assert "getmany = self.getmany" in drain
    assert "getmany(timeout=1.0)" in drain
    assert "async for tp, message in ait" in drain


def test_a_fetch_goes_by_the_flow_the_generation_and_the_partitions_that_are_active() -> None:
    own = inspect.getsource(Consumer.getmany)
    assert "records, active_partitions = await self._wait_next_records(timeout)" in own
    assert "if self.flow_active:" in own
    assert "new_generation_id != generation_id" in own
    assert "tp in active_partitions" in own
    assert "await self.perform_seek()" in own


def test_the_coordinator_beats_and_joins_by_methods_that_are_looked_up_each_time() -> None:
    """So others may stand in their places, and a worker without a member id is out of the group."""
    assert "success = await self._do_heartbeat()" in inspect.getsource(
        GroupCoordinator._heartbeat_routine
    )
    joins = inspect.getsource(GroupCoordinator.ensure_active_group)
    assert "success = await self._do_rejoin_group(subscription)" in joins
    assert JoinGroupRequest.UNKNOWN_MEMBER_ID == ""
    assert "self.member_id = JoinGroupRequest.UNKNOWN_MEMBER_ID" in inspect.getsource(
        GroupCoordinator.reset_generation
    )


def test_a_topic_without_an_agent_is_subscribed_to() -> None:
    app: Any = faust.App("x", web_enabled=False)
    app.topics.add(app.topic("w.calls", "w.crimes"))
    assert set(asyncio.run(app.topics._update_indices())) == {"w.calls", "w.crimes"}


def test_a_seek_drops_what_was_fetched_from_elsewhere() -> None:
    assert "del self._records[tp]" in inspect.getsource(Fetcher.seek_to)
    assert "position != self._partition_records.next_fetch_offset" in inspect.getsource(
        FetchResult.check_assignment
    )


def test_the_age_of_metadata_is_a_setting_of_faust() -> None:
    app = faust.App("x", consumer_metadata_max_age_ms=5000, web_enabled=False)
    assert app.conf.consumer_metadata_max_age_ms == 5000


def test_a_producer_whose_sender_has_ended_fails_whatever_it_is_given() -> None:
    """And to stop it does not wait: so another may take its place."""

    async def dead() -> None:
        producer = AIOKafkaProducer(bootstrap_servers="localhost:1", enable_idempotence=True)

        async def unknown() -> None:
            raise ZeroDivisionError

        producer._sender._maybe_wait_for_pid = unknown
        task = producer._sender._sender_task = asyncio.create_task(
            producer._sender._sender_routine()
        )
        task.add_done_callback(producer._sender._fail_all)
        await asyncio.wait([task])
        assert producer._sender.sender_task.done()
        tp = TopicPartition("w.deadletter", 0)
        with pytest.raises(KafkaError, match="Unexpected error during batch delivery"):
            await producer._message_accumulator.add_message(tp, b"k", b"v", 1.0)
        async with asyncio.timeout(1):
            await producer.stop()

    asyncio.run(dead())


USED = {
    "faust_stream": {
        "_coordinator",  # of aiokafka's consumer: generation and member
        "_crashed",  # of the app: what ends the process
        "_create_consumer",
        "_do_heartbeat",  # of the coordinator: renews the lease
        "_do_rejoin_group",  # of the coordinator: waits while another has this worker's place
        "_ensure_consumer",
        "_fetch_max_bytes",
        "_fetch_max_wait_ms",
        "_fetch_records",
        "_isolation_level",
        "_subscription",  # of aiokafka's consumer: the assignment and its state
        "_thread",  # of Faust's consumer: where aiokafka's lives
        "_wait_next_records",
    },
    "producer": {"_sender"},  # of aiokafka's producer: its task, which may have ended
}
"""The inner parts of the clients that are used, by file."""


def test_these_are_all_that_are_used_and_no_other_file_uses_any() -> None:
    found = {}
    for path in KAFKA.glob("*.py"):
        nodes = [
            node
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
        ]
        own = {
            node.attr
            for node in nodes
            if isinstance(node.value, ast.Name) and node.value.id == "self"
        }
        inner = {node.attr for node in nodes if node.attr.startswith("_")} - own
        if used := {name for name in inner if not name.startswith("__")}:
            found[path.stem] = used
    assert found == USED

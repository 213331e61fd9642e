"""A source system may compress its messages in any way that Kafka knows."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams.kafka import deadletter_topic, topics
from tests import events
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until
from tests.servers.rig import Rig, rigged

CODECS = (None, "gzip", "snappy", "lz4", "zstd")


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        yield made


async def publish_blanks(rig: Rig) -> None:
    """Sends 40 MiB of blanks in each way, which take some kB in the log (snappy: 2 MiB)."""
    for codec in ("gzip", "lz4", "zstd"):
        producer = AIOKafkaProducer(
            bootstrap_servers=rig.bootstrap, compression_type=codec, max_request_size=64 << 20
        )
        await producer.start()
        try:
            topic = topics.input_topic(rig.prefix, "call")
            await producer.send_and_wait(topic, value=b" " * (40 << 20), partition=0)
        finally:
            await producer.stop()


async def publish_in_every_way(rig: Rig, messages: list[events.Message]) -> None:
    """Sends each message by the next codec in turn."""
    for turn, codec in enumerate(CODECS):
        producer = AIOKafkaProducer(bootstrap_servers=rig.bootstrap, compression_type=codec)
        await producer.start()
        try:
            for kind, group, payload in messages[turn :: len(CODECS)]:
                topic = topics.input_topic(rig.prefix, kind)
                await producer.send_and_wait(topic, key=group.encode(), value=payload)
        finally:
            await producer.stop()


def test_messages_compressed_in_any_way_are_counted(rig: Rig) -> None:
    found = events.events(300)
    worker = rig.worker("worker")
    worker.start()
    asyncio.run(publish_in_every_way(rig, events.messages(found, 20)))
    rig.shows(events.boards(found))
    worker.kill()
    worker.start()  # reading back takes another way through the same codecs
    rig.shows(events.boards(found))


def test_messages_that_hold_far_more_than_they_weigh_are_dead_letters_and_end_no_worker(
    rig: Rig,
) -> None:
    found = events.events(60)
    worker = rig.worker("worker")
    worker.start()
    asyncio.run(publish_blanks(rig))
    asyncio.run(publish_in_every_way(rig, events.messages(found, 20)))
    rig.shows(events.boards(found))

    def refused() -> list[str]:
        return [letter.reason for letter in deadletter_topic.read(rig.bootstrap, rig.prefix)]

    wait_until(lambda: refused() == ["too_large"] * 3, 40, "three dead letters are there")
    worker.kill()
    worker.start()
    rig.shows(events.boards(found))

"""A source system may compress its messages in any way that Kafka knows."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams.kafka import topics
from tests import events
from tests.servers.kafka import Kafka
from tests.servers.rig import Rig, rigged

CODECS = (None, "gzip", "snappy", "lz4", "zstd")


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        yield made


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

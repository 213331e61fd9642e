"""What a worker sends that is larger than a message may be: whole, or not at all."""

from __future__ import annotations

import asyncio
import random

import pytest
from kafka import KafkaConsumer, TopicPartition

from streams.kafka import topics
from streams.kafka.producer import Numbered, Outbox
from streams.state.snapshot import Outgoing
from tests.servers.kafka import Kafka

NOISE = random.Random(1).randbytes(3 << 20).hex().encode()
"""Six megabytes, which half as many can hold."""


class Held:
    """Notes which messages are struck from the checkpoint."""

    def __init__(self) -> None:
        self.checkpoint = self
        self.struck: list[int] = []

    def sent(self, numbers: list[int]) -> None:
        self.struck += numbers


async def send(brokers: str, held: Held, messages: Numbered) -> None:
    outbox = Outbox(brokers)
    await outbox.start()
    outbox.put(held, messages)  # type: ignore[arg-type]
    await outbox.close(30)


def values(brokers: str, topic: str) -> dict[bytes, bytes]:
    tp = TopicPartition(topic, 0)
    consumer = KafkaConsumer(
        bootstrap_servers=brokers, auto_offset_reset="earliest", max_partition_fetch_bytes=64 << 20
    )
    try:
        consumer.assign([tp])
        end, found = consumer.end_offsets([tp])[tp], dict[bytes, bytes]()
        while consumer.position(tp) < end:
            for records in consumer.poll(timeout_ms=500).values():
                found |= {record.key: record.value for record in records}
        return found
    finally:
        consumer.close()


def test_a_published_pane_of_5_mb_is_sent_whole_and_one_that_no_topic_takes_stops_nothing(
    kafka: Kafka, topic_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    prefix, held = topic_prefix.rstrip("."), Held()
    with topics.admin(kafka.bootstrap) as client:
        topics.create(client, prefix, 1, 1)
    published, letters = (topics.topic_name(prefix, name) for name in ("published", "deadletter"))
    pane = b'{"rows":[%s]}' % b",".join(b'{"names":{"area":"a%06d"}}' % n for n in range(190_000))
    assert len(pane) > 5_000_000
    messages = [
        Outgoing(published, b"wide", pane, [], 0),
        Outgoing(published, b"wider", NOISE, [], 0),
        Outgoing(published, b"next", b"{}", [], 0),
        Outgoing(letters, b"line", NOISE, [], 0),
    ]
    asyncio.run(send(kafka.bootstrap, held, list(enumerate(messages))))
    assert values(kafka.bootstrap, published) == {b"wide": pane, b"next": b"{}"}
    assert values(kafka.bootstrap, letters) == {b"line": NOISE[: 64 << 10]}
    assert held.struck == [0, 1, 2, 3]
    assert f"wider of {published}: 6,291,456 bytes (" in caplog.text
    assert "are more than a message may have (2,031,616): it is not sent" in caplog.text

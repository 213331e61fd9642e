"""Reading all that a topic has now, from its beginning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from streams.errors import KafkaError
from streams.kafka.brokers import connected, in_use
from streams.sources.clock import wall_clock

SECONDS = 30.0
"""After which brokers that send nothing are given up."""


@contextmanager
def reader(brokers: str) -> Iterator[Any]:
    """A consumer of no group, for a block; it sees nothing that was rolled back.

    Raises `KafkaError`, and `ConfigError` where the settings of the connection are wrong.
    """
    consumer = connected(
        KafkaConsumer,
        brokers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=100,
    )
    with in_use(consumer, brokers, ("Read",)):
        yield consumer


def records(consumer: Any, topic: str, numbers: Iterable[int]) -> Iterator[Any]:
    """Every record that some partitions of a topic have now; raises `KafkaError`."""
    tps = [TopicPartition(topic, number) for number in sorted(numbers)]
    ends = consumer.end_offsets(tps)
    consumer.assign(tps)
    consumer.seek_to_beginning(*tps)
    until = wall_clock() + SECONDS * 1000
    while any(consumer.position(tp) < ends[tp] for tp in tps):
        for found in consumer.poll(timeout_ms=500).values():
            until = wall_clock() + SECONDS * 1000
            yield from found
        if wall_clock() > until:
            raise KafkaError(f"the brokers sent nothing for {SECONDS:.0f} seconds")

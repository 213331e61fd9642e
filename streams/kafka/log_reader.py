"""Reading what a log holds now, as no member of any group: its offsets stay as they are, and no
worker notices."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from streams.errors import KafkaError
from streams.kafka.brokers import connected, in_use
from streams.kafka.unpacking import limit_unpacking

PATIENCE = 30.0
"""Seconds without a word from the brokers after which the reading is given up."""


@contextmanager
def reader(bootstrap: str) -> Iterator[Any]:
    """A consumer for a block, which commits nothing, sees nothing that was rolled back, and unpacks
    up to the limit of `streams.kafka.unpacking`.

    Raises `KafkaError`, and `ConfigError` where the settings of the connection are wrong.
    """
    limit_unpacking()
    consumer = connected(
        KafkaConsumer,
        bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",  # what the log loses meanwhile must not be passed over in silence
        group_id=None,
        isolation_level="read_committed",
        fetch_max_wait_ms=100,
    )
    with in_use(consumer, bootstrap, ("Read",)):
        yield consumer


def whole(consumer: Any, topic: str, numbers: Iterable[int]) -> Iterator[Any]:
    """Every record that some partitions of a topic have now; raises `KafkaError`."""
    places = [TopicPartition(topic, number) for number in sorted(numbers)]
    begins, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
    yield from between(consumer, {place: (begins[place], ends[place]) for place in places})


def between(consumer: Any, spans: Mapping[Any, tuple[int, int]]) -> Iterator[Any]:
    """The records of some topic-partitions, each from one offset and before another; raises
    `KafkaError`. Of a span that is empty nothing is asked, which would need a right."""
    left = {place: until for place, (first, until) in spans.items() if first < until}
    if not left:
        return
    consumer.assign(list(left))
    for place in left:
        consumer.seek(place, spans[place][0])
    last_word = time.monotonic()
    while left := {
        place: until for place, until in left.items() if consumer.position(place) < until
    }:
        polled = consumer.poll(timeout_ms=1000)
        if polled:
            last_word = time.monotonic()
        elif time.monotonic() - last_word > PATIENCE:
            topics = ", ".join(sorted({place.topic for place in left}))
            raise KafkaError(f"the brokers give nothing of {topics} any more")
        for place, records in polled.items():
            yield from (record for record in records if record.offset < spans[place][1])

"""How far the log has got: the newest `updated_at` that an input topic holds of a force, and which
records of it.

For the newest a partition is read from its end backwards, in growing stretches, until a good many
of the latest lines of the force are seen: what came last was, but for late rows, written last. For
the records it is read whole, which is done only where history might come too late.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from kafka import TopicPartition

from streams.kafka.log_reader import between, reader
from streams.kafka.unpacking import refusal
from streams.sources.event_lines import instant_of

ENOUGH = 1000
"""Lines of the force from the end of the log, among which its newest is taken to be."""
STRETCH = 500
"""Messages looked at first; each further stretch is four times as long."""


class _Line(msgspec.Struct):
    force: str = ""
    id: str = ""


_read_line = msgspec.json.Decoder(_Line).decode


def newest_update(bootstrap: str, topic: str, partition: int, force: str) -> int:
    """The newest update of a force in ms; 0 where the partition holds nothing of it.

    Raises `KafkaError`.
    """
    with reader(bootstrap) as consumer:
        return _backwards(consumer, TopicPartition(topic, partition), force)


def record_ids(bootstrap: str, topic: str, partition: int, force: str) -> Iterator[str]:
    """The ids of all lines of a force that a partition holds, once for each line.

    Raises `KafkaError`.
    """
    with reader(bootstrap) as consumer:
        tp = TopicPartition(topic, partition)
        begin, end = consumer.beginning_offsets([tp])[tp], consumer.end_offsets([tp])[tp]
        for value in _between(consumer, tp, begin, end):
            for line in value.split(b"\n"):
                found = _line_of(line)
                if found is not None and found.force == force:
                    yield found.id


def _backwards(consumer: Any, tp: Any, force: str) -> int:
    begin = consumer.beginning_offsets([tp])[tp]
    until = consumer.end_offsets([tp])[tp]
    newest = seen = 0
    stretch = STRETCH
    while until > begin and seen < ENOUGH:  # of an empty one nothing is read, which needs a right
        first = max(begin, until - stretch)
        for value in _between(consumer, tp, first, until):
            for line in value.split(b"\n"):
                at = instant_of(line)
                found = _line_of(line) if at is not None else None
                if at is not None and found is not None and found.force == force:
                    seen += 1
                    newest = max(newest, at)
        until, stretch = first, stretch * 4
    return newest


def _between(consumer: Any, tp: Any, first: int, until: int) -> Iterator[bytes]:
    """The values of the messages from one offset up to another, but for those that no worker
    folds."""
    for record in between(consumer, {tp: (first, until)}):
        if record.value and refusal(record) is None:
            yield record.value


def _line_of(line: bytes) -> _Line | None:
    try:
        return _read_line(line)
    except (msgspec.MsgspecError, UnicodeError):
        return None

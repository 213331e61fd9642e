"""The dead-letter topic: reading it whole, and sending letters again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import kafka.errors
from kafka import KafkaProducer

from streams.config.force import Force
from streams.errors import KafkaError
from streams.events.deadletters import DeadLetter, from_message, merged, peek
from streams.kafka.brokers import await_brokers, connected, in_words
from streams.kafka.log_reader import reader, whole
from streams.kafka.refusals import Denied
from streams.kafka.topics import (
    INPUT_TOPICS,
    admin,
    creating,
    input_topic,
    require,
    seen,
    topic_name,
)
from streams.periods import rfc3339
from streams.sources.clock import wall_clock

SECONDS = 30.0


def read(brokers: str, prefix: str) -> list[DeadLetter]:
    """Every letter of the topic, each once, by the time at which it was refused.

    Raises `KafkaError`.
    """
    topic = topic_name(prefix, "deadletter")
    with admin(brokers) as client:
        there, hidden = seen(client, [topic])
        require(there, there, "Read")
        if hidden:
            raise Denied("topic", hidden, ("Read",))
    with reader(brokers) as consumer:
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            create = creating(brokers, prefix)
            raise KafkaError(f"the topic {topic} is missing. Create it: {create}")
        letters = [
            from_message(record.key, record.value, record.headers)
            for record in whole(consumer, topic, numbers)
        ]
    # A mark that a letter was retried comes after it, in its partition.
    return sorted(merged(letters), key=lambda letter: letter.time or "")


class Retrier:
    """Sends letters again, and marks in the dead-letter topic that they were."""

    def __init__(self, brokers: str, prefix: str, forces: Iterable[Force]) -> None:
        self.brokers, self.prefix = brokers, prefix
        await_brokers(brokers)
        self.groups = {force.id: force.partition_group for force in forces}
        self._producer: Any = connected(KafkaProducer, brokers, acks="all", enable_idempotence=True)

    def retry(self, letter: DeadLetter, *, again: bool = False) -> str:
        """Sends one letter's line to the topic of its kind; says what was done, or why not.

        Raises `KafkaError`. The mark is written once the brokers have the line: a crash in between
        means that a later retry sends it again, which counts once.
        """
        if letter.retried is not None and not again:
            return f"was sent again already, at {letter.retried}; --again sends it once more"
        force, kind = peek(letter.raw)
        kind = kind or letter.kind
        if kind not in INPUT_TOPICS:
            return "its kind can't be read, so it belongs to no topic"
        group = self.groups.get(force or letter.force or "")
        if group is None:
            return f'its force "{force}" is not known here; name its file with --force'
        topic = input_topic(self.prefix_of(letter), kind)
        try:
            self._producer.send(topic, key=group.encode(), value=letter.raw).get(timeout=SECONDS)
            letter.retried = rfc3339(wall_clock())
            self._producer.send(
                topic_name(self.prefix, "deadletter"),
                key=letter.id.encode(),
                value=letter.raw,
                headers=letter.headers(),
            ).get(timeout=SECONDS)
        except kafka.errors.KafkaError as error:
            why = in_words(error, self.brokers, ("Write",))
            raise KafkaError(f"{letter.id} could not be sent: {why}") from error
        return f"sent to {topic}"

    def prefix_of(self, letter: DeadLetter) -> str:
        """That of the topic in which a line came; of one that came in none, the one named here."""
        topic, slash, _ = letter.id.partition("/")
        prefix, _, name = topic.rpartition(".")
        return prefix if slash and prefix and name in INPUT_TOPICS.values() else self.prefix

    def close(self) -> None:
        """Lets the brokers go."""
        self._producer.close()

"""The backup of the topics `alerts` and `published`, and putting them back.

Both are compacted: of each key the last message is all that counts. What is put back is sent as it
was, into the partition of its force as the topics are now.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from streams.alerts.model import Handover, Transition, decode_fact, encode
from streams.config.force import Force
from streams.errors import CheckpointError, KafkaError
from streams.kafka import topics
from streams.kafka.brokers import await_brokers, connected, in_use
from streams.kafka.inputs import split_prefix
from streams.kafka.log_reader import reader, whole
from streams.kafka.producer import LARGEST
from streams.kafka.topics import INPUT_TOPICS, creating, partition_of, topic_name
from streams.state.backup import (
    Backup,
    BackupEntry,
    BackupPart,
    OnEntry,
    generation_above,
    put_learned,
    restored,
)
from streams.state.checkpoint import RESTORED, Folder
from streams.state.snapshot import Head

log = logging.getLogger("watchroom.backup")

TOPICS: tuple[BackupPart, ...] = ("alerts", "published")
SECONDS = 120.0
"""For which an answer to the oldest message is waited for."""
MOST_UNANSWERED = 2 * LARGEST
"""Bytes that are sent before the oldest of them has to be answered: a backup may be larger than the
memory."""


def read(brokers: str, prefix: str) -> Iterator[BackupEntry]:
    """The latest message of every key of both topics; raises `KafkaError`."""
    await_brokers(brokers)
    with reader(brokers) as consumer:
        for part in TOPICS:
            topic = topic_name(prefix, part)
            numbers = consumer.partitions_for_topic(topic)
            if not numbers:
                raise KafkaError(
                    f"the topic {topic} is missing. Name what its topics begin with: --prefix"
                )
            latest: dict[bytes, bytes | None] = {}
            for record in whole(consumer, topic, numbers):
                if record.key is not None and not _outranked(
                    part, record.value, latest, record.key
                ):
                    latest.pop(record.key, None)  # so that the order is that of the last ones
                    latest[record.key] = record.value
            yield from _entries(part, latest)


def _outranked(
    part: BackupPart, value: bytes | None, latest: Mapping[bytes, bytes | None], key: bytes
) -> bool:
    """Whether a transition is one of an earlier holder of the alerts, which came late."""
    before = latest.get(key)
    if part != "alerts" or value is None or before is None:
        return False
    try:
        old, new = decode_fact(before), decode_fact(value)
    except msgspec.MsgspecError:
        return False
    return isinstance(old, Transition) and isinstance(new, Transition) and new.rank < old.rank


def _entries(part: BackupPart, latest: Mapping[bytes, bytes | None]) -> Iterator[BackupEntry]:
    for key, value in latest.items():
        if value is None:
            continue
        if part == "alerts":
            try:
                fact = decode_fact(value)
            except msgspec.MsgspecError as error:
                log.warning("an alert can't be read and is left out: %s", error)
                continue
            force = fact.force if isinstance(fact, Handover) else fact.alert.force
            yield BackupEntry(part, force, fact.key, value)
        else:
            name = key.decode("utf-8", "replace")
            yield BackupEntry(part, name.partition("/")[0], name, value)


@dataclass
class BackupTopics:
    """The topics that a backup is put into."""

    brokers: str
    prefix: str
    group: str
    forces: Mapping[str, Force]
    """By id: which partition a force is in follows from its file."""
    topic_prefixes: tuple[str, ...] = ()
    """As workers are told them (`streams.kafka.inputs.split_prefix`); by default there is one."""

    def input_prefix(self, force: str) -> str:
        """What the input topics of a force begin with."""
        named = [split_prefix(text) for text in self.topic_prefixes]
        return next((name for name, forces in named if force in forces), self.prefix)

    def check(self, backup: Backup, *, replace: bool) -> None:
        """Raises `KafkaError` where the topics are missing, and `CheckpointError` where workers are
        running, a force is unknown, or the topics hold something that is not to be replaced."""
        with topics.admin(self.brokers) as client:
            self._describe(client)
            found = client.describe_groups([self.group]).get(self.group) or {}
            if members := found.get("members"):
                raise CheckpointError(
                    f'{len(members)} workers of the group "{self.group}" are running: they have '
                    "alerts of their own. Stop them first, or name their group with --group"
                )
        unknown = {e.force for e in backup.entries(*TOPICS)} - self.forces.keys()
        if unknown:
            raise CheckpointError(
                f"the backup has the forces {', '.join(sorted(unknown))}, whose files say which "
                "partition they are in. Name each with --force FILE"
            )
        if not replace and (held := self._held()):
            raise CheckpointError(
                f"{' and '.join(held)}. Name other topics with --prefix, or say --replace: then "
                "what the backup has stands in the place of what is there of the same alert or day"
            )

    def _describe(self, client: Any) -> dict[str, topics.Found]:
        names = [topic_name(self.prefix, name) for name in TOPICS]
        for prefix in [split_prefix(text)[0] for text in self.topic_prefixes] or [self.prefix]:
            names += [topic_name(prefix, name) for name in INPUT_TOPICS.values()]
        found = topics.describe(client, names)
        create = creating(self.brokers, self.prefix, self.topic_prefixes)
        for name in names:
            if name not in found:
                raise KafkaError(f"the topic {name} is missing. Create it: {create}")
        return found

    def _held(self) -> list[str]:
        consumer = connected(KafkaConsumer, self.brokers, enable_auto_commit=False)
        held = []
        with in_use(consumer, self.brokers):
            for part in TOPICS:
                topic = topic_name(self.prefix, part)
                tps = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
                begins, ends = consumer.beginning_offsets(tps), consumer.end_offsets(tps)
                if count := sum(ends[tp] - begins[tp] for tp in tps):
                    held.append(f"{topic} holds {count:,} messages already")
        return held

    def put(self, backup: Backup, on_entry: OnEntry) -> None:
        """Sends what the backup has of both topics, its alerts as later than all that the topic
        has; returns once all brokers have it. Raises `KafkaError`."""
        with topics.admin(self.brokers) as client:
            found = self._describe(client)
        generation = generation_above(self._alerts())
        producer = connected(
            KafkaProducer,
            self.brokers,
            acks="all",
            enable_idempotence=True,
            compression_type="gzip",
            max_request_size=LARGEST,
        )
        with in_use(producer, self.brokers, ("Write",)):
            unanswered: deque[tuple[Any, int]] = deque()
            size = 0
            for entry in backup.entries(*TOPICS):
                topic = topic_name(self.prefix, entry.part)
                group = self.forces[entry.force].partition_group
                number = partition_of(group, found[topic].partitions)
                key, value = _message(entry, generation)
                sending = producer.send(topic, key=key, value=value, partition=number)
                unanswered.append((sending, len(value)))
                size += len(value)
                while size > MOST_UNANSWERED:
                    size -= _answered(unanswered)
                on_entry(entry.part)
            while unanswered:
                _answered(unanswered)

    def _alerts(self) -> Iterator[bytes | None]:
        """The messages of the topic of the alerts."""
        topic = topic_name(self.prefix, "alerts")
        with reader(self.brokers) as consumer:
            numbers = consumer.partitions_for_topic(topic) or ()
            for record in whole(consumer, topic, numbers):
                yield record.value

    def put_learned(self, backup: Backup, folder: Path, on_entry: OnEntry) -> None:
        """Puts what detectors had learned into a folder of checkpoints, for workers to go on from
        where the log has lost its beginning; raises `CheckpointError`."""
        with topics.admin(self.brokers) as client:
            cluster, found = client.describe_cluster()["cluster_id"], self._describe(client)
        by_place: dict[tuple[str, int], list[tuple[str, str, bytes]]] = {}
        for entry in backup.entries("learned"):
            feed, _, part = entry.key.partition("/")
            topic = topic_name(self.input_prefix(entry.force), feed)
            force = self.forces.get(entry.force)
            if topic in found and force is not None:
                number = partition_of(force.partition_group, found[topic].partitions)
                by_place.setdefault((topic, number), []).append((entry.force, part, entry.value))
        held = Folder(folder)
        try:
            for (topic, number), parts in by_place.items():
                path = held.file(topic, number)
                if path.exists():
                    raise CheckpointError(
                        f"{path} is there already, and knows what its detectors have learned. Name "
                        "an empty folder with --checkpoints, or leave it out"
                    )
                put_learned(path, _restored(cluster, found[topic], number), parts)
                for _ in parts:
                    on_entry("learned")
        finally:
            held.close()


def _answered(unanswered: deque[tuple[Any, int]]) -> int:
    """Waits until all brokers have the oldest message; returns its size."""
    sending, size = unanswered.popleft()
    sending.get(timeout=SECONDS)
    return size


def _message(entry: BackupEntry, generation: int) -> tuple[bytes, bytes]:
    """Key and value; the key of an alert is its id, under which later transitions come too."""
    if entry.part != "alerts":
        return entry.key.encode(), entry.value
    fact = restored(entry.value, generation)
    key = fact.key if isinstance(fact, Handover) else fact.alert.id
    return key.encode(), encode(fact)


def _restored(cluster: str, topic: topics.Found, number: int) -> Head:
    return Head(
        format=RESTORED,
        cluster=cluster,
        topic=topic.name,
        topic_id=topic.id,
        partition=number,
        fingerprint="",
        generation=0,
        member="",
        nonce="",
        saved_at=0,
        offset=-1,
        rows=0,
        folds={},
        refused={},
    )

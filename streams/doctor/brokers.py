"""What the brokers say: asked once, read by several checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import kafka.errors
from kafka import TopicPartition
from kafka.admin import OffsetSpec

from streams.kafka import topics

Place = tuple[str, int]
"""Topic and partition."""


@dataclass
class Member:
    """A member of the group."""

    member: str
    instance: str
    host: str


@dataclass
class Brokers:
    """The brokers, the topics and the group as they are now."""

    hosts: tuple[str, ...] = ()
    """Under which the brokers say that they are reached."""
    versions: tuple[str, ...] = ()
    found: dict[str, topics.Found] = field(default_factory=dict)
    begins: dict[Place, int] = field(default_factory=dict)
    ends: dict[Place, int] = field(default_factory=dict)
    newest: dict[Place, int] = field(default_factory=dict)
    """When the log took its latest message, in ms by the broker's clock; only input topics."""
    committed: dict[Place, int] = field(default_factory=dict)
    """The next offset that the group would read."""
    members: list[Member] = field(default_factory=list)


class BrokersClient:
    """Asks brokers; open for as long as checks run."""

    def __init__(self, client: Any, prefix: str, group: str) -> None:
        self.client, self.prefix, self.group = client, prefix, group
        self.names = [topics.input_topic(prefix, kind) for kind in topics.INPUT_TOPICS]

    def ask_all(self) -> Brokers:
        """All that checks read; raises `KafkaError` and what kafka-python raises."""
        cluster = self.client.describe_cluster()
        wanted = [topic.name for topic in topics.wanted(self.prefix)]
        found = topics.describe(self.client, wanted)
        inputs = [
            TopicPartition(name, number)
            for name in self.names
            if name in found
            for number in range(found[name].partitions)
        ]
        newest: dict[Place, Any] = {}
        with suppress(kafka.errors.UnsupportedVersionError):  # of brokers before 3.0
            newest = self._offsets(inputs, OffsetSpec.MAX_TIMESTAMP)
        return Brokers(
            hosts=tuple(str(each["host"]) for each in cluster["brokers"]),
            versions=self._versions(cluster),
            found=found,
            begins={place: at.offset for place, at in self._offsets(inputs, -2).items()},
            ends={place: at.offset for place, at in self._offsets(inputs, -1).items()},
            newest={place: at.timestamp for place, at in newest.items() if at.timestamp > 0},
            committed=self.committed(),
            members=self.members(),
        )

    def _offsets(self, of: list[TopicPartition], spec: Any) -> dict[Place, Any]:
        if not of:
            return {}
        answer = self.client.list_partition_offsets(dict.fromkeys(of, spec))
        return {(tp.topic, tp.partition): found for tp, found in answer.items()}

    def _versions(self, cluster: dict[str, Any]) -> tuple[str, ...]:
        found = set()
        for each in cluster["brokers"]:
            version = self.client.get_broker_version_data(each["broker_id"]).broker_version
            found.add(".".join(map(str, version)))
        return tuple(sorted(found))

    def committed(self) -> dict[Place, int]:
        """What the group has acknowledged."""
        try:
            answer = self.client.list_group_offsets(self.group)
        except kafka.errors.GroupIdNotFoundError:
            return {}
        return {
            (tp.topic, tp.partition): at.offset
            for tp, at in answer.get(self.group, {}).items()
            if at.offset >= 0
        }

    def members(self) -> list[Member]:
        """Who is in the group now."""
        try:
            answer = self.client.describe_groups([self.group])
        except kafka.errors.GroupIdNotFoundError:
            return []
        return [
            Member(each["member_id"], each.get("group_instance_id") or "", each["client_host"])
            for each in answer.get(self.group, {}).get("members", [])
        ]

    def since(self, topic: str, partitions: int, at: int) -> int:
        """How many messages of a topic were taken since an instant, in ms."""
        of = [TopicPartition(topic, number) for number in range(partitions)]
        then, now = self._offsets(of, at), self._offsets(of, OffsetSpec.LATEST)
        return sum(
            now[place].offset - found.offset for place, found in then.items() if found.offset >= 0
        )


@contextmanager
def asked(brokers: str, prefix: str, group: str) -> Iterator[BrokersClient]:
    """A client of brokers; raises `KafkaError` where they can't be reached."""
    with topics.admin(brokers) as client:
        yield BrokersClient(client, prefix.rstrip("."), group)

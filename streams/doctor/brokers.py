"""What the brokers say: asked once, read by several checks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import kafka.errors
from kafka import TopicPartition
from kafka.admin import OffsetSpec

from streams.kafka import topics
from streams.kafka.brokers import in_words
from streams.kafka.refusals import Denied

TRIES, PAUSE = 5, 0.5
"""How often the group is asked for, and seconds between."""
PartitionPlace = tuple[str, int]
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
    begins: dict[PartitionPlace, int] = field(default_factory=dict)
    ends: dict[PartitionPlace, int] = field(default_factory=dict)
    newest: dict[PartitionPlace, int] = field(default_factory=dict)
    """When the log took its latest message, in ms by the broker's clock; only input topics."""
    committed: dict[PartitionPlace, int] = field(default_factory=dict)
    """The next offset that the group would read."""
    members: list[Member] = field(default_factory=list)
    group_refused: str = ""
    """Which right is missing to ask about the group; empty where none is."""


class BrokersClient:
    """Asks brokers; open for as long as checks run."""

    def __init__(
        self, client: Any, address: str, prefix: str, inputs: Sequence[str], group: str
    ) -> None:
        self.client, self.prefix, self.inputs, self.group = client, prefix, inputs, group
        self._address = address
        self._group_refused = ""
        self.names = [
            topics.input_topic(each, kind) for each in inputs for kind in topics.INPUT_TOPICS
        ]

    def ask_all(self) -> Brokers:
        """All that checks read; raises `KafkaError` and what kafka-python raises."""
        cluster = self.client.describe_cluster()
        wanted = [topic.name for topic in topics.wanted(self.prefix, self.inputs)]
        found = topics.describe(self.client, wanted)
        inputs = [
            TopicPartition(name, number)
            for name in self.names
            if name in found
            for number in range(found[name].partitions)
        ]
        newest: dict[PartitionPlace, Any] = {}
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
            group_refused=self._group_refused,
        )

    def _offsets(self, of: list[TopicPartition], spec: Any) -> dict[PartitionPlace, Any]:
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

    def committed(self) -> dict[PartitionPlace, int]:
        """What the group has acknowledged."""
        answer = self._of_group(lambda: self.client.list_group_offsets(self.group))
        return {
            (tp.topic, tp.partition): at.offset
            for tp, at in answer.get(self.group, {}).items()
            if at.offset >= 0
        }

    def members(self) -> list[Member]:
        """Who is in the group now."""
        answer = self._of_group(lambda: self.client.describe_groups([self.group]))
        return [
            Member(each["member_id"], each.get("group_instance_id") or "", each["client_host"])
            for each in answer.get(self.group, {}).get("members", [])
        ]

    def _of_group(self, asking: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """An answer about the group; empty where there is none, or a right is missing. Brokers that
        never had a group say first that nobody knows of it."""
        for _ in range(TRIES):
            try:
                return asking()
            except kafka.errors.GroupIdNotFoundError:
                break
            except kafka.errors.CoordinatorNotAvailableError:
                time.sleep(PAUSE)
            except kafka.errors.GroupAuthorizationFailedError:
                missing = Denied("group", [self.group], ["Describe"])
                self._group_refused = str(in_words(missing, self._address))
                break
        return {}

    def since(self, topic: str, partitions: int, at: int) -> int:
        """How many messages of a topic were taken since an instant, in ms."""
        of = [TopicPartition(topic, number) for number in range(partitions)]
        then, now = self._offsets(of, at), self._offsets(of, OffsetSpec.LATEST)
        return sum(
            now[place].offset - found.offset for place, found in then.items() if found.offset >= 0
        )


@contextmanager
def asked(brokers: str, prefix: str, inputs: Sequence[str], group: str) -> Iterator[BrokersClient]:
    """A client of brokers; raises `KafkaError` where they can't be reached."""
    with topics.admin(brokers) as client:
        yield BrokersClient(client, brokers, prefix.rstrip("."), inputs, group)

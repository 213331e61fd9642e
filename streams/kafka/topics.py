"""The Kafka topics: their names, what each must be like, and which partition a force is in."""

from __future__ import annotations

import logging
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import kafka.errors
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.partitioner import murmur2

from streams.config.force import Force
from streams.errors import KafkaError
from streams.kafka.brokers import await_brokers, connected, in_use
from streams.kafka.refusals import Denied
from streams.periods import DAY
from streams.registry.registry import REGISTRY

PREFIX = "watchroom"
PARTITIONS = 24
MARGIN = 30 * DAY
"""How much longer than the horizon the log is kept: time to notice that a rebuild is needed."""

INPUT_TOPICS = {**REGISTRY.feeds, "heartbeat": "heartbeats"}
"""Kind to the name of its input topic."""

FOREVER = -1
MISSING = "is missing"
LARGEST_LINE = 2 << 20
"""A dead letter holds a whole line and its headers: more than any input message."""

_RETENTION = {
    **{kind.feed: kind.horizon + MARGIN for kind in REGISTRY.kinds.values()},
    # A reading is kept and shown for good, and there are few.
    "readings": FOREVER,
    "heartbeats": MARGIN,
    "deadletter": 400 * DAY,
}
_COMPACTED = ("alerts", "published")
OUTPUTS = ("deadletter", *_COMPACTED)
"""What workers write."""
READ_BACK = _COMPACTED
"""What they also read, of what others wrote before them."""
_UNUSED = ("board",)
"""Topics that an earlier version made, and that nothing reads or writes any more."""


@dataclass(frozen=True)
class Topic:
    """What a topic must be like; `least_retention` in ms, FOREVER for no limit."""

    name: str
    config: Mapping[str, str]
    least_retention: int | None = None


def topic_name(prefix: str, name: str) -> str:
    """`watchroom`, `calls` -> `watchroom.calls`; a prefix may end in a full stop already."""
    return f"{prefix.rstrip('.')}.{name}"


def input_topic(prefix: str, kind: str) -> str:
    """The input topic of a kind."""
    return topic_name(prefix, INPUT_TOPICS[kind])


def creating(brokers: str, prefix: str, inputs: Iterable[str] = ()) -> str:
    """The command that makes the missing topics of an installation, as it is to be typed.

    >>> creating("k:9092", "room", ["a=warwickshire"])
    'watchroom topics create --broker k:9092 --prefix room --topic-prefix a=warwickshire'
    """
    options = ["--broker", brokers, "--prefix", prefix.rstrip(".")]
    for each in inputs:
        options += ["--topic-prefix", each]
    return f"watchroom topics create {shlex.join(options)}"


def wanted(prefix: str = PREFIX, inputs: Sequence[str] = ()) -> list[Topic]:
    """Every topic of an installation; `inputs` are the prefixes of the input topics, where these
    are others."""
    topics = []
    for name, retention in _RETENTION.items():
        config = {"cleanup.policy": "delete", "retention.ms": str(retention)}
        if name in INPUT_TOPICS.values():
            # Otherwise a backfill stamped 2017 would delete itself.
            config["message.timestamp.type"] = "LogAppendTime"
            names = [topic_name(each, name) for each in inputs or (prefix,)]
        else:
            config["max.message.bytes"] = str(LARGEST_LINE)
            names = [topic_name(prefix, name)]
        topics += [Topic(each, config, retention) for each in names]
    for name in _COMPACTED:
        config = {"cleanup.policy": "compact", "max.message.bytes": str(LARGEST_LINE)}
        topics.append(Topic(topic_name(prefix, name), config))
    return topics


def partition_of(group: str, partitions: int) -> int:
    """The partition of a partition group: that of a record with this key, as Java's client has it.
    Clients made on librdkafka have another hash by default (docs/kafka.md)."""
    hashed: int = murmur2(group.encode())
    return (hashed & 0x7FFFFFFF) % partitions


def forces_in(forces: Iterable[Force], partition: int, partitions: int) -> tuple[Force, ...]:
    """The forces whose records are in a partition."""
    return tuple(f for f in forces if partition_of(f.partition_group, partitions) == partition)


@dataclass
class Found:
    """A topic as it is on the brokers."""

    name: str
    id: str
    partitions: int
    replicas: int
    config: dict[str, str] = field(default_factory=dict)
    rights: frozenset[str] | None = None
    """What this client may do with it, as Kafka's admin client names operations (DESCRIBE_CONFIGS);
    None where the brokers are too old to tell."""

    def allows(self, operation: str) -> bool:
        """Whether this client may do a thing with it, by the name that Kafka's tools have for it
        (DescribeConfigs)."""
        named = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).upper()
        return self.rights is None or named in self.rights


@contextmanager
def admin(brokers: str) -> Iterator[Any]:
    """An admin client; what Kafka raises becomes a `KafkaError` in plain words."""
    await_brokers(brokers)
    # Of what members of a group tell one another it reads what Kafka's own clients write, else it
    # warns with all of it.
    logging.getLogger("kafka.admin._groups").setLevel(logging.ERROR)
    client = connected(KafkaAdminClient, brokers, client_id="watchroom-admin")
    with in_use(client, brokers, ("Create",)):
        yield client


def seen(client: Any, names: Iterable[str]) -> tuple[dict[str, Found], list[str]]:
    """Those of the named topics that this client may see, without their settings, and the names of
    those that it may not see."""
    there: dict[str, Found] = {}
    hidden: list[str] = []
    for topic in client.describe_topics(list(names)):
        if topic["error_code"] == kafka.errors.TopicAuthorizationFailedError.errno:
            hidden.append(topic["name"])
        if topic["error_code"] == 0:
            parts = topic["partitions"]
            replicas = min((len(p["replica_nodes"]) for p in parts), default=0)
            name, id_ = topic["name"], str(topic["topic_id"])
            operations = topic["authorized_operations"]
            rights = None if operations is None else frozenset(operations)
            there[name] = Found(name, id_, len(parts), replicas, rights=rights)
    return there, hidden


def describe(client: Any, names: Iterable[str]) -> dict[str, Found]:
    """Those of the named topics that exist, by name; raises `Denied` where it may not be asked."""
    there, hidden = seen(client, names)
    if hidden:
        raise Denied("topic", hidden, ("Describe",))
    if there:
        require(there, there, "DescribeConfigs")
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in there]
        described = client.describe_configs(asked, config_filter="all").get("topic", {})
        for name, settings in described.items():
            there[name].config = {key: str(entry["value"]) for key, entry in settings.items()}
    return there


def require(there: Mapping[str, Found], names: Iterable[str], operation: str) -> None:
    """Raises `Denied` unless the operation (`DescribeConfigs`) is allowed on all named topics that
    there are."""
    if lacking := [name for name in names if name in there and not there[name].allows(operation)]:
        raise Denied("topic", lacking, (operation,))


def problems(topic: Topic, found: Found, partitions: int) -> list[str]:
    """What is wrong with a topic as it is, each with its cure; nothing where it will do."""
    wrong = []
    if found.partitions != partitions:
        wrong.append(
            f"has {found.partitions} partitions, not {partitions}. All topics need the same "
            "number, which can't change later: delete and create it anew, or name the number it "
            "has with --partitions"
        )
    for key, value in topic.config.items():
        held = found.config.get(key, "")
        if key in ("retention.ms", "max.message.bytes"):
            enough = held == "-1" or (value != "-1" and int(held or 0) >= int(value))
            if enough:
                continue
        elif held == value:
            continue
        wrong.append(f"has {key}={held or 'nothing'}, not {value}. {_cure(topic.name, key, value)}")
    return wrong


def _cure(topic: str, key: str, value: str) -> str:
    why = {
        "retention.ms": "A rebuild needs the whole horizon",
        "message.timestamp.type": "With CreateTime a backfill of old events deletes itself",
        "cleanup.policy": "Compaction would keep the last record written, not the winner"
        if value == "delete"
        else "Only the latest of each key is wanted",
        "max.message.bytes": "The largest messages would be refused",
    }[key]
    return (
        f"{why}. Set it: kafka-configs.sh --alter --entity-type topics --entity-name {topic} "
        f"--add-config {key}={value}"
    )


def check(
    client: Any,
    brokers: str,
    prefix: str,
    partitions: int | None = None,
    *,
    inputs: Sequence[str] = (),
) -> dict[str, list[str]]:
    """Every problem, by topic; `brokers` as who reads it would name them. Without `partitions`,
    that of the calls topic is the measure."""
    topics = wanted(prefix, inputs)
    found = describe(client, [topic.name for topic in topics])
    first = found.get(input_topic(inputs[0] if inputs else prefix, "call"))
    expected = partitions or (first.partitions if first else PARTITIONS)
    create = f"{creating(brokers, prefix, inputs)} --partitions {expected}"
    wrong = {}
    for topic in topics:
        held = found.get(topic.name)
        missing = [f"{MISSING}. Create it: {create}"]
        wrong[topic.name] = missing if held is None else problems(topic, held, expected)
    return {name: list_ for name, list_ in wrong.items() if list_}


def unused(client: Any, prefix: str) -> list[str]:
    """The topics of an earlier version that are still there; they may be deleted."""
    there, _ = seen(client, [topic_name(prefix, name) for name in _UNUSED])
    return list(there)


def create(
    client: Any,
    prefix: str,
    partitions: int,
    replication_factor: int,
    *,
    inputs: Sequence[str] = (),
) -> list[str]:
    """Creates the topics that are missing; returns their names."""
    topics = wanted(prefix, inputs)
    there = describe(client, [topic.name for topic in topics])
    new = [
        NewTopic(t.name, partitions, replication_factor, topic_configs=dict(t.config))
        for t in topics
        if t.name not in there
    ]
    if new:
        try:
            client.create_topics(new)
        except kafka.errors.TopicAlreadyExistsError:
            pass  # someone else was as quick, which is as good
        except kafka.errors.InvalidReplicationFactorError:
            raise KafkaError(
                f"the brokers can't hold {replication_factor} copies of a topic. "
                "Name a smaller --replication-factor"
            ) from None
        client.wait_for_topics([t.name for t in new])
    return [t.name for t in new]

"""The input topics as the brokers have them now, beside a worker that runs.

A topic may be deleted, made again under the same name, or given more partitions. Kafka's clients
notice that late or never: they go by names, and by metadata of minutes ago. So the ids and numbers
of partitions are asked for at every assignment and every few seconds.

The number of partitions is fixed for good, since it decides where a force's lines come in. A topic
with another number, or one that is missing, is a trouble until it is right; one with a new id is
another log, so what was counted of the old one is given up.

The topics that a worker writes are looked at too: what it sent to one that was deleted since is in
none, so it is told of each that was made again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import kafka.errors
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec

from streams.errors import WatchroomError
from streams.kafka.security import current
from streams.kafka.settings import Cluster

log = logging.getLogger("watchroom.topics")

UNKNOWN_TOPIC = 3
"""Kafka's error code for a topic that there is not."""
FAILURES = (kafka.errors.KafkaError, WatchroomError, OSError, TimeoutError)
"""What is tried again; settings that are wrong for a moment, too."""
ANSWER_SECONDS = 4.0
"""How long an answer is waited for; a worker that stops waits no longer either."""


class Asked(NamedTuple):
    """What the brokers say of a topic that there is."""

    id: str
    partitions: int


Answers = Mapping[str, Asked | None]
"""By name: None is a topic that is missing; one of which nothing is known is left out."""


class Topics:
    """What is known of the input topics, against what the worker started with. Pure."""

    def __init__(self, cluster: Cluster, create: str) -> None:
        self.cluster = cluster
        self.create = create
        """The command that makes missing topics, without the number of partitions."""
        self.missing: set[str] = set()
        self.partitions = dict.fromkeys(cluster.topic_ids, cluster.partitions)
        self.awaited: set[str] = set()
        """Topics that are back, and that no assignment has named since."""

    def see(self, answers: Answers) -> bool:
        """Takes in what the brokers said; tells whether the partitions must be looked at anew."""
        changed = False
        for name, found in answers.items():
            if name not in self.cluster.topic_ids:
                continue
            if found is None:
                changed |= name not in self.missing
                self.missing.add(name)
                continue
            if name in self.missing:
                self.missing.discard(name)
                self.awaited.add(name)
                changed = True
            if found.id != self.cluster.topic_ids[name]:
                ids = {**self.cluster.topic_ids, name: found.id}
                self.cluster = replace(self.cluster, topic_ids=ids)
                changed = True
            self.partitions[name] = found.partitions
        return changed

    def assigned(self) -> None:
        """A new assignment has come: what is back is in it, or is another worker's."""
        self.awaited.clear()

    def taken_up(self, names: Iterable[str]) -> None:
        """Partitions of these topics are being read."""
        self.awaited.difference_update(names)

    def unsure(self) -> set[str]:
        """The topics of which something that was sent may be unknown here."""
        return set(self.troubles())

    def troubles(self) -> dict[str, str]:
        """Of each topic that is not right: the problem, its cure, more; a sentence each."""
        number = self.cluster.partitions
        make = f"Made with: {self.create} --partitions {number}. Send again what it had"
        found = {}
        for name in self.cluster.topic_ids:
            held = self.partitions[name]
            if name in self.missing:
                found[name] = f"the topic {name} is missing. Make it again. {make}"
            elif held != number:
                found[name] = (
                    f"the topic {name} has {held} partitions, not {number}. Delete it and make it "
                    f"again with {number}. {make}"
                )
            elif name in self.awaited:
                found[name] = (
                    f"the topic {name} was made again. Wait: it is taken up within a minute. Send "
                    "again what the old one had"
                )
        return found


class WrittenTopics:
    """The topics that the worker writes and that keep what no input has: missing, or made again.
    Pure."""

    def __init__(self, reasons: Mapping[str, str], create: str) -> None:
        self.create = create
        self.reasons = reasons
        """By name: the reason for which a worker is not ready while it is missing
        (`streams.live.reasons`)."""
        self.missing: set[str] = set()
        self.emptied: set[str] = set()
        """Those that were made again: what had been sent is not in them. Who sends it takes them
        out."""
        self._ids: dict[str, str] = {}

    def see(self, answers: Answers) -> None:
        """Takes in what the brokers said."""
        for name in self.reasons.keys() & answers.keys():
            if (found := answers[name]) is None:
                self.missing.add(name)
                continue
            if name in self.missing or self._ids.get(name, found.id) != found.id:
                self.emptied.add(name)
            self.missing.discard(name)
            self._ids[name] = found.id

    def troubles(self) -> dict[str, str]:
        """Of each that is missing, by the key of the trouble: the problem and its cure."""
        return {
            f"{self.reasons[name]}:{name}": (
                f"the topic {name} is missing, and nothing that is written to it is kept. Make it "
                f"again: {self.create}. This worker then writes into it what it holds"
            )
            for name in self.missing
        }


class TopicWatch:
    """Asks the brokers, and keeps `topics` and `written` true."""

    def __init__(
        self,
        brokers: str,
        cluster: Cluster,
        create: str,
        ask: Callable[[], Answers] | None = None,
        written: Mapping[str, str] | None = None,
    ) -> None:
        self.brokers = brokers
        self.topics = Topics(cluster, create)
        create = f"{create} --partitions {cluster.partitions}"
        self.written = WrittenTopics(written or {}, create)
        self._ask = ask or self._ask_brokers
        self._client: Any = None
        self._lock = asyncio.Lock()

    async def ask(self) -> bool:
        """Asks once, in a thread; tells whether the partitions must be looked at anew. Brokers that
        do not answer say nothing: what was known before is kept."""
        async with self._lock:
            try:
                async with asyncio.timeout(2 * ANSWER_SECONDS):
                    answers = await asyncio.to_thread(self._ask)
            except FAILURES as error:
                log.info("the topics can't be looked at (%r); trying again", error)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ANSWER_SECONDS):
                        await asyncio.to_thread(self.close)
                return False
        self.written.see(answers)
        return self.topics.see(answers)

    def _connected(self) -> Any:
        if self._client is None:
            self._client = KafkaAdminClient(
                **current().for_kafka_python(),
                bootstrap_servers=self.brokers.split(","),
                client_id="watchroom-topics",
                bootstrap_timeout_ms=int(ANSWER_SECONDS * 1000),
                request_timeout_ms=int(ANSWER_SECONDS * 1000),
            )
        return self._client

    def _ask_brokers(self) -> Answers:
        found: dict[str, Asked | None] = {}
        for topic in self._connected().describe_topics(
            [*self.topics.cluster.topic_ids, *self.written.reasons]
        ):
            if topic["error_code"] == 0:
                found[topic["name"]] = Asked(str(topic["topic_id"]), len(topic["partitions"]))
            elif topic["error_code"] == UNKNOWN_TOPIC:
                found[topic["name"]] = None
        return found

    async def beginnings(self, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Where the log of some partitions begins, of those of which the brokers say it now."""
        async with self._lock:
            try:
                async with asyncio.timeout(2 * ANSWER_SECONDS):
                    return await asyncio.to_thread(self._ask_beginnings, keys)
            except FAILURES as error:
                log.info("where the log begins can't be looked at (%r)", error)
                return {}

    def _ask_beginnings(self, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        asked = {TopicPartition(*key): OffsetSpec.EARLIEST for key in keys}
        answer = self._connected().list_partition_offsets(asked)
        return {(tp.topic, tp.partition): found.offset for tp, found in answer.items()}

    def close(self) -> None:
        """Lets the brokers go."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

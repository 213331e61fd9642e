"""Events into Kafka: answered when all in-sync replicas have them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import kafka.errors
from kafka import KafkaProducer

from streams.config.force import Force
from streams.errors import KafkaError, Refused
from streams.events.deadletters import letter
from streams.ingest.judging import LineJudge
from streams.ingest.model import LineRefusal, RequestLine, Sent, StoredLines
from streams.ingest.trouble import Trouble
from streams.kafka.brokers import await_brokers, connected
from streams.kafka.topics import LARGEST_LINE, input_topic, topic_name
from streams.printing import masked
from streams.sources.clock import wall_clock

log = logging.getLogger("watchroom.ingest")

MOST_LINES, MOST_BYTES = 300, 512 << 10
"""Of one message, which stays well below the limit of a topic that was not given another."""
SECONDS = 20.0
"""How long the brokers have for one request."""


class KafkaStore:
    """Stores what is sent; see `streams.ingest.model.Store`. Raises `KafkaError` where the brokers
    can't be reached at the start."""

    def __init__(self, brokers: str, prefix: str, forces: Sequence[Force]) -> None:
        self.brokers, self.prefix = brokers, prefix
        self._groups = {force.id: force.partition_group.encode() for force in forces}
        self._judge = LineJudge(forces)
        self._lock = threading.Lock()
        self._producer: Any = None
        self._trouble = Trouble()
        await_brokers(brokers)
        self._connection()

    def _connection(self) -> Any:
        """The producer; after a failure a new one, since a failed one may not go on in order."""
        with self._lock:
            if self._producer is None:
                self._producer = connected(
                    KafkaProducer,
                    self.brokers,
                    acks="all",
                    enable_idempotence=True,
                    compression_type="gzip",
                    linger_ms=5,
                    # Sooner than it is waited for: what is given up is then given up by the client
                    # too, which otherwise can't be closed.
                    delivery_timeout_ms=int(SECONDS * 750),
                    request_timeout_ms=int(SECONDS * 500),
                    max_block_ms=int(SECONDS * 500),
                    max_request_size=LARGEST_LINE,
                    allow_auto_create_topics=False,
                )
            return self._producer

    @property
    def trouble(self) -> str:
        """Why nothing can be stored now."""
        return self._trouble.now

    def close(self) -> None:
        """Lets the brokers go."""
        if self._producer is not None:
            with suppress(kafka.errors.KafkaError):
                self._producer.close(timeout=5)

    def put(self, sent: Sent) -> StoredLines:
        """Sends lines and dead letters, and waits for the brokers."""
        now = wall_clock()
        refused = {line.number: why for line, why in sent.refused}
        letters = list(sent.refused)
        batches: dict[tuple[str, bytes], list[list[RequestLine]]] = {}
        with self._lock:
            for line in sent.lines:
                try:
                    event = self._judge.take(line.raw, now)
                except Refused as error:
                    refused[line.number] = LineRefusal(error.reason, error.detail)
                    letters.append((line, refused[line.number]))
                    continue
                topic = input_topic(self.prefix, str(type(event).__struct_config__.tag))
                _batch(batches.setdefault((topic, self._groups[event.force]), []), line)
        waited: list[tuple[list[RequestLine], Any]] = []
        missing: set[int] = set()
        why = ""
        try:
            producer = self._connection()
            for (topic, key), groups in batches.items():
                for group in groups:
                    value = b"\n".join(line.raw for line in group)
                    waited.append((group, producer.send(topic, value=value, key=key)))
            for line, refusal in letters:
                waited.append(([line], self._letter(producer, sent.origin, line, refusal, now)))
        except (kafka.errors.KafkaError, KafkaError) as error:
            why = _words(error)
        handed = {line.number for group, _ in waited for line in group}
        numbers = {line.number for line in sent.lines} | refused.keys()
        missing |= numbers - handed
        until = time.monotonic() + SECONDS
        for group, future in waited:
            try:
                future.get(timeout=max(0.01, until - time.monotonic()))
            except kafka.errors.KafkaError as error:
                why = why or _words(error)
                missing.update(line.number for line in group)
        if missing:
            why = (
                f"the brokers did not take all lines ({why}): send those that are not stored again"
            )
            log.warning("%d lines could not be stored: %s", len(missing), why)
            self._forget_connection()
        self._trouble.ended(why)
        mine = {line.number for line in sent.lines}
        return StoredLines(
            {number: each for number, each in refused.items() if number in mine},
            frozenset(missing),
            why,
        )

    def _letter(
        self, producer: Any, origin: str, line: RequestLine, refusal: LineRefusal, now: int
    ) -> Any:
        made = letter(line.raw, f"{origin}:{line.number}", *refusal, now)
        return producer.send(
            topic_name(self.prefix, "deadletter"),
            key=made.id.encode(),
            value=made.raw,
            headers=made.headers(),
        )

    def _forget_connection(self) -> None:
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(kafka.errors.KafkaError):  # of what it could not send, which is known
                producer.close(timeout=1)


def _batch(groups: list[list[RequestLine]], line: RequestLine) -> None:
    """Puts a line into the last message of a topic and key, or into one more."""
    if groups and len(groups[-1]) < MOST_LINES:
        size = sum(len(each.raw) + 1 for each in groups[-1])
        if size + len(line.raw) <= MOST_BYTES:
            groups[-1].append(line)
            return
    groups.append([line])


def _words(error: Exception) -> str:
    return masked(str(error)) or type(error).__name__

"""The one worker that may write the alerts of a partition.

Each partition of the alerts topic has a transactional id. Who takes the partition over begins a new
epoch of it: from then on the brokers refuse whatever the holder before still sends, however late it
wakes, and what it had sent and not committed never happened. Only after that is the topic read, so
that nothing is added to what was read but by this worker
(docs/decisions/0021-one-writer-of-alerts.md).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from streams.kafka.security import current
from streams.kafka.topics import LARGEST_LINE
from streams.live.lease import Lease

TRANSACTION_MS = 10_000
"""After which the brokers end a transaction that nobody ends; a take-over ends it at once."""
STOP_SECONDS = 1.0


class NotMine(Exception):
    """The group has not answered, or another worker writes this partition by now; says which."""


class AlertWriter:
    """Writes to one partition of the alerts topic. Belongs to one event loop."""

    def __init__(self, brokers: str, topic: str, number: int, group: str, lease: Lease) -> None:
        self.topic, self.number = topic, number
        self.brokers, self._lease = brokers, lease
        self.transactional_id = f"{topic}-{group}-{number}"
        self._producer: Any = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def claimed(self) -> bool:
        """Whether this worker is the writer, as far as is known."""
        return self._producer is not None

    async def claim(self) -> None:
        """Becomes the only writer. Raises `NotMine`, and aiokafka's `KafkaError`. Waits as long as
        the brokers do not answer: the caller gives it a time."""
        self.drop()
        if not self._lease.held:
            raise NotMine(self._lease.words)
        producer: Any = AIOKafkaProducer(
            **current().for_aiokafka(),
            bootstrap_servers=self.brokers,
            acks="all",
            transactional_id=self.transactional_id,
            transaction_timeout_ms=TRANSACTION_MS,
            max_request_size=LARGEST_LINE,
        )
        try:
            await producer.start()
        except BaseException:
            self._end(producer)
            raise
        self._producer = producer

    async def write(self, messages: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Writes messages, all or none; returns once all brokers that must have them do. Raises
        `NotMine` and aiokafka's `KafkaError`: then, and where it is cancelled, only who claims and
        reads the partition again knows what became of them."""
        producer = self._producer
        if not self._lease.held:
            raise NotMine(self._lease.words)
        if producer is None:
            raise NotMine("these alerts are not taken over by this worker yet")
        try:
            async with producer.transaction():
                for key, value in messages:
                    await producer.send(self.topic, key=key, value=value, partition=self.number)
        except ProducerFenced:
            self.drop()
            raise NotMine("another worker writes these alerts by now") from None
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Writes no more until it is claimed again."""
        producer, self._producer = self._producer, None
        if producer is not None:
            self._end(producer)

    def _end(self, producer: Any) -> None:
        task = asyncio.ensure_future(_stopped(producer))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Writes no more, for good."""
        self.drop()
        await asyncio.gather(*self._ending)


async def _stopped(producer: Any) -> None:
    # What it could not send is given up: it is in the checkpoint, or nobody was told it is done.
    with contextlib.suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()

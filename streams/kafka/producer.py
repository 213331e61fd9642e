"""Sending what checkpoints have released: dead letters and published panes. Alerts have a writer of
their own (`streams.kafka.partition_alerts`).

A message is sent only after the checkpoint that holds its cause, and leaves the checkpoint's outbox
only after all brokers have it. So a crash sends it again, never not at all; its key tells that it
is the same one.

All is compressed, and sent whole but for the raw line of a dead letter, which is cut where it is
too large. Half of a published pane would be no JSON: where even its compressed form is above what
its topic takes it is not sent, the log says so with the cure, and what comes after it does not
wait.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import time
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.errors import ConfigError
from streams.kafka.partition import Partition
from streams.kafka.security import current
from streams.kafka.steady_task import SteadyTask, unexpected
from streams.kafka.topics import LARGEST_LINE
from streams.live import SLICE
from streams.state.snapshot import Outgoing

log = logging.getLogger("watchroom.outbox")

MOST_WAITING = 20_000
"""Messages; above this, reading waits until some are sent."""
PAUSE = 2.0
ROOM = 64 << 10
"""Bytes for what is beside the value; also what is kept of a line that is too large to be sent."""
LARGEST_VALUE = LARGEST_LINE - ROOM
"""Bytes of a value that any topic takes (`streams.kafka.topics.wanted`), compressed."""
LARGEST = 32 << 20
"""Bytes of a message before it is compressed. Brokers look at it afterwards."""

Numbered = list[tuple[int, Outgoing]]


class Outbox:
    """What a worker sends, by one producer at a time."""

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._producer: Any = None
        self._queue: asyncio.Queue[tuple[Partition, Numbered]] = asyncio.Queue()
        self._first: tuple[Partition, Numbered] | None = None
        """What was taken from the queue and is being sent."""
        self._waiting = 0
        self._sending = SteadyTask(self._send_first, self._failed, PAUSE)
        self.trouble = ""
        """Why nothing can be sent, and what to do; empty where only the brokers do not answer,
        which others say."""

    async def start(self) -> None:
        """Connects; raises what aiokafka raises, and `ConfigError`."""
        await self._connect()
        self._sending.start()

    async def _connect(self) -> None:
        """Makes a producer, where there is none, or one that is dead: aiokafka's ends for good at
        what it does not know or can't mend, and whatever is given to it then fails at once."""
        if self._producer is not None:
            if not self._producer._sender.sender_task.done():
                return
            dead, self._producer = self._producer, None
            await dead.stop()
        producer: Any = AIOKafkaProducer(
            **current().for_aiokafka(),
            bootstrap_servers=self._brokers,
            acks="all",
            enable_idempotence=True,
            max_request_size=LARGEST,
            compression_type="gzip",
            linger_ms=5,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    @property
    def full(self) -> bool:
        """Whether so much is unsent that reading should wait."""
        return self._waiting > MOST_WAITING

    def put(self, partition: Partition, messages: Numbered) -> None:
        """Has messages of a partition sent, and struck from its checkpoint thereafter."""
        if messages:
            self._waiting += len(messages)
            self._queue.put_nowait((partition, messages))

    def revive(self) -> None:
        """Has the sending begin anew, where it has ended though nobody closed it."""
        self._sending.revive()

    async def _send_first(self) -> None:
        if self._first is None:
            self._first = await self._queue.get()
        partition, messages = self._first
        await self._send_all(messages)
        await asyncio.to_thread(partition.checkpoint.sent, [n for n, _ in messages])
        self._first, self.trouble = None, ""
        self._waiting -= len(messages)
        self._queue.task_done()

    async def _send_all(self, messages: Numbered) -> None:
        acknowledged, until = [], time.monotonic() + SLICE
        await self._connect()
        for _, message in messages:
            # Not tried and refused: brokers then refuse what comes after it, too.
            if not await _is_too_large(message):
                acknowledged.append(await self._send(message))
            if time.monotonic() > until:  # there may be thousands
                await asyncio.sleep(0)
                until = time.monotonic() + SLICE
        await asyncio.gather(*acknowledged)

    def _failed(self, error: Exception) -> None:
        """Says why messages could not be sent; they are tried again."""
        messages = self._waiting
        if isinstance(error, KafkaError | ConfigError):
            log.warning("%d messages could not be sent (%r); trying again", messages, error)
            return
        words = unexpected(error)
        if words not in self.trouble:  # once, and not at every try
            log.error("%d messages could not be sent; trying again", messages, exc_info=error)
        self.trouble = (
            f"dead letters and published figures can't be sent: {words}. It is tried again every "
            f"{PAUSE:.0f} s: report it with that part of the log"
        )

    async def _send(self, message: Outgoing) -> Any:
        headers, value = message.headers, message.value
        if value is not None and _is_dead_letter(message) and len(value) > LARGEST_VALUE:
            headers = [*headers, ("bytes", str(len(value)).encode())]
            value = value[:ROOM]
        return await self._producer.send(
            message.topic,
            key=message.key,
            value=value,
            headers=headers,
            partition=message.partition,
        )

    async def close(self, seconds: float = 1.0) -> None:
        """Sends what it can within the time, and closes."""
        try:
            async with asyncio.timeout(seconds):
                await self._queue.join()
        except TimeoutError:
            log.warning("%d messages stay in the checkpoints, to be sent later", self._waiting)
        await self._sending.stop()
        if self._producer is not None:
            await self._producer.stop()


def _is_dead_letter(message: Outgoing) -> bool:
    """Whether a message is a line that was refused, of which a part is better than nothing."""
    return message.topic.rpartition(".")[2] == "deadletter"


async def _is_too_large(message: Outgoing) -> bool:
    """Whether a message can't be sent whole, though it should be; the log says so."""
    value = message.value or b""
    if len(value) <= LARGEST_VALUE or _is_dead_letter(message):
        return False
    size = len(await asyncio.to_thread(gzip.compress, value))
    if size <= LARGEST_VALUE and len(value) <= LARGEST - ROOM:
        return False
    log.error(
        "%s of %s: %s bytes (%s compressed) are more than a message may have (%s): it is not sent. "
        "Have fewer areas or categories in the force's file, so that there are fewer rows",
        message.key.decode(errors="replace"), message.topic, f"{len(value):,}", f"{size:,}",
        f"{LARGEST_VALUE:,}",
    )  # fmt: skip
    return True

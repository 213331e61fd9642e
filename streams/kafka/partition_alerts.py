"""The alerts of one partition that this worker holds: taken over, written, and kept for people.

What the engine decides waits in the checkpoint of the partition, and is written from there. What a
person does is written at once, and before anyone is told that it is done. Both go through the one
writer of the partition, so that the last message of an alert in the topic is the one that counts,
which compaction keeps.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import msgspec
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from streams.alerts.model import Handover, Transition, decode_fact, encode
from streams.alerts.service import AlertService
from streams.errors import ConfigError, WatchroomError
from streams.kafka.alert_writer import AlertWriter, NotMine
from streams.kafka.brokers import in_words
from streams.kafka.partition import Partition
from streams.kafka.steady_task import SteadyTask, unexpected
from streams.state.snapshot import Outgoing

log = logging.getLogger("watchroom.alerts")

CLAIM_SECONDS = 5.0
WRITE_SECONDS = 30.0
PAUSE = 2.0
"""Seconds until what failed is tried again."""
MOST_AT_ONCE = 500
"""Messages of one transaction."""
FAILURES = (KafkaError, WatchroomError, NotMine, TimeoutError)
"""What the brokers, the settings or the group may answer with at any time."""

Fact = Transition | Handover
ReadValues = Callable[[int], Awaitable[list[bytes] | None]]
"""Reads all values of a partition of the topic; None where the assignment changed meanwhile."""


class PartitionAlerts:
    """Those of one partition of the topic: of the forces whose calls are in the partitions of the
    same number, of which there is one for each prefix."""

    def __init__(
        self,
        number: int,
        writer: AlertWriter,
        service: AlertService,
        read: ReadValues,
        group_generation: Callable[[], int],
    ) -> None:
        self.number, self.writer, self.service = number, writer, service
        self.partitions: dict[str, Partition] = {}
        """Those with calls, by topic."""
        self._read, self._group_generation = read, group_generation
        self.generation = 0
        """Of what is decided here (`streams.alerts.model.Transition`); 0 until it is taken over."""
        self.trouble = ""
        """Why the topic can't be written, and the cure."""
        self._others = 0
        """The highest generation in the topic that is not of this worker. What is older and
        unwritten is dropped: another has had these alerts since, and has decided on its own."""
        self._own: set[int] = set()
        """The generations that this worker has written in."""
        self._written: dict[str, tuple[int, int]] = {}
        """The rank of each alert in the topic."""
        self._mail: deque[tuple[Partition, int, Outgoing]] = deque()
        """With the partition whose checkpoint it is in."""
        self._emptied = False
        """The topic was made again, and what is held here is not in it."""
        self._lock = asyncio.Lock()
        self._news = asyncio.Event()
        self._writing = SteadyTask(self._write_news, self._failed, PAUSE)

    # -- taking over ---------------------------------------------------------------------------

    async def take_over(self) -> None:
        """Becomes the only writer, and reads what the topic has. Where it can't be written the
        figures are shown all the same, and `trouble` says why."""
        async with self._lock:
            try:
                await self._claim()
                self.trouble = ""
            except FAILURES as error:
                self._note(error)
            await self._begin()
        self._writing.start()
        self._news.set()

    async def _claim(self) -> None:
        async with asyncio.timeout(CLAIM_SECONDS):
            await self.writer.claim()

    async def _begin(self) -> bool:
        """Reads the topic; False where the assignment changed meanwhile. Nothing may be written
        that does not go by all that was written before."""
        try:
            values = await self._read(self.number)
            if values is None:
                self.writer.drop()
                return False
            await asyncio.to_thread(self._take, values)
        except BaseException:
            self.writer.drop()
            raise
        return True

    def _take(self, values: Iterable[bytes]) -> None:
        known = list(self._decoded(values))
        ranked = [fact for fact in known if isinstance(fact, Transition)]
        for fact in ranked:
            rank = self._written.get(fact.alert.id, fact.rank)
            self._written[fact.alert.id] = max(rank, fact.rank)
        generations = {fact.generation for fact in ranked}
        newest, others = max(generations, default=0), max(generations - self._own, default=0)
        anew = others > self._others
        # What another wrote may have gone from the topic by what was written here after it.
        self._others = max(others, self._others)
        # Above what the topic has: the group counts its generations from 1 again when it is made
        # anew, or when the topic was put back from a copy. And above what is held here, which a
        # topic that was made again does not have.
        self.generation = max(self._group_generation(), newest + 1, self.generation)
        unwritten = self._decoded(m.value for _, _, m in list(self._mail) if m.value is not None)
        known += [fact for fact in unwritten if not self._is_past(fact)]
        held = list(self.partitions.values())
        forces = [force.id for partition in held for force in partition.shard.forces]
        self.service.begin(forces, self.generation, known, anew=anew)

    def _decoded(self, values: Iterable[bytes]) -> Iterable[Fact]:
        for value in values:
            try:
                yield decode_fact(value)
            except msgspec.MsgspecError as error:
                log.warning("an alert of %s can't be read: %s", self.writer.topic, error)

    def _is_past(self, fact: Fact) -> bool:
        """Whether what is still to be written was decided before another had the alerts."""
        return isinstance(fact, Transition) and fact.generation < self._others

    # -- writing -------------------------------------------------------------------------------

    def has(self, fact: Fact) -> bool:
        """Whether the topic has a transition, or a later one of its alert."""
        if isinstance(fact, Handover):
            return False
        return self._written.get(fact.alert.id, (-1, 0)) >= fact.rank

    async def keep(self, fact: Fact) -> bool:
        """Writes what a person did. False where the alerts have been another's since it was
        decided. Raises `NotMine`, `KafkaError`, `TimeoutError`; where it is cancelled, whether it
        is written is known once the topic has been read again, which is done at once."""
        try:
            async with self._lock:
                await self._ready()
                if isinstance(fact, Transition) and fact.generation != self.generation:
                    return False
                await self._write([fact])
        finally:
            if not self.writer.claimed:  # it may be in the topic all the same: then it is shown
                self._news.set()
        return True

    async def _ready(self) -> None:
        """Claims the topic and reads it again, where the last write has failed."""
        if not self.writer.claimed:
            await self._claim()
            if not await self._begin():
                raise NotMine("the partitions are being assigned anew")
            self.trouble = ""

    async def _write(self, made: list[Fact]) -> None:
        self._own.add(self.generation)
        async with asyncio.timeout(WRITE_SECONDS):
            await self.writer.write([(_key(fact), encode(fact)) for fact in made])
        for fact in made:
            if isinstance(fact, Transition):
                self._written[fact.alert.id] = fact.rank

    # -- what waits in the checkpoint ----------------------------------------------------------

    def post(self, partition: Partition, messages: Iterable[tuple[int, Outgoing]]) -> None:
        """Has messages of a checkpoint's outbox written, and struck off thereafter."""
        self._mail.extend((partition, number, message) for number, message in messages)
        self._news.set()

    async def _write_news(self) -> None:
        await self._news.wait()
        self._news.clear()
        while self._mail or self._emptied or not self.writer.claimed:
            await self._send_some()

    def _failed(self, error: Exception) -> None:
        self._news.set()  # first, whatever becomes of the rest
        self._note(error)

    def revive(self) -> None:
        """Has the writing begin anew, where it has ended though nobody closed it."""
        self._writing.revive()

    async def _send_some(self) -> None:
        async with self._lock:
            if self._emptied:
                await self._write_held()
            await self._ready()
            some = [self._mail[n] for n in range(min(MOST_AT_ONCE, len(self._mail)))]
            waiting = self._decoded(m.value for _, _, m in some if m.value is not None)
            made = [each for each in waiting if not self.has(each) and not self._is_past(each)]
            if made:
                await self._write_all(made)
            for _ in some:
                self._mail.popleft()
            self.trouble = ""
        for partition in dict.fromkeys(partition for partition, _, _ in some):
            numbers = [number for of, number, _ in some if of is partition]
            await asyncio.to_thread(partition.checkpoint.sent, numbers)

    def send_again(self) -> None:
        """The topic was made again: all alerts that are held are written into it, as they are."""
        self._emptied = True
        self._news.set()

    async def _write_held(self) -> None:
        self._emptied = False
        try:
            self.writer.drop()  # it may know the old topic yet
            self._written.clear()
            await self._ready()
            held = await asyncio.to_thread(self._held)
            for first in range(0, len(held), MOST_AT_ONCE):
                await self._ready()
                await self._write_all(held[first : first + MOST_AT_ONCE])
        except BaseException:
            self._emptied = True
            raise
        log.warning("%s was made again: %d alerts and handovers were written into it",
                    self.writer.topic, len(held))  # fmt: skip

    def _held(self) -> list[Fact]:
        """What is known of the alerts of this partition and is not in the topic, a fact each."""
        forces = [force for each in self.partitions.values() for force in each.shard.forces]
        known = [fact for force in forces for fact in self.service.to_store(force.id)]
        return [fact for fact in known if not self.has(fact)]

    async def _write_all(self, made: list[Fact]) -> None:
        try:
            await self._write(made)
        except MessageSizeTooLargeError:
            if len(made) == 1:  # it never will fit, and the others need not wait for it
                log.exception("%s is too large for %s", made[0].key, self.writer.topic)
                return
            await self._ready()
            for fact in made:
                await self._write_all([fact])

    def _note(self, error: Exception) -> None:
        if isinstance(error, NotMine):  # the group is asked all the time, and readiness says it
            return
        words = str(error) or "the brokers do not answer"
        cure = ". Look at the brokers, and at the rights of this worker"
        if isinstance(error, KafkaError):
            words = str(in_words(error, self.writer.brokers, ("Write", "Describe")))
        elif not isinstance(error, FAILURES):
            words = unexpected(error)
            cure = f". It is tried again every {PAUSE:.0f} s: report it with that part of the log"
            if words not in self.trouble:  # once, and not at every try
                log.error("alerts can't be written to %s", self.writer.topic, exc_info=error)
        self.trouble = (
            f"alerts can't be written to {self.writer.topic}, and what people do about them is not "
            f"taken: {words.rstrip('.')}{'' if isinstance(error, ConfigError) else cure}"
        )

    # -- the end -------------------------------------------------------------------------------

    async def flush(self, seconds: float) -> None:
        """Waits until what was posted is written, as long as that goes."""
        try:
            async with asyncio.timeout(seconds):
                while self._mail and self.writer.claimed:  # noqa: ASYNC110 - for a moment only
                    await asyncio.sleep(0.01)
        except TimeoutError:
            log.warning("%d alerts stay in the checkpoint, to be sent later", len(self._mail))

    async def close(self) -> None:
        """Writes no more."""
        await self._writing.stop()
        await self.writer.close()


def _key(fact: Fact) -> bytes:
    return (fact.key if isinstance(fact, Handover) else fact.alert.id).encode()

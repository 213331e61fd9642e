"""Reading back what the checkpoints lack, with a plain consumer, beside the stream.

On every assignment each partition is read from the offset it holds to the end of the log, whatever
its checkpoint is: absent, stale, restored from a copy, torn or ahead of the group. Only then is it
ready, and only then does the stream resume it, from the last message that is held.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.fold.ledger import Ledger
from streams.kafka.lots import KafkaMessage, in_turn
from streams.kafka.partition import NO_OFFSET, Partition
from streams.kafka.security import current
from streams.kafka.topics import partition_of, topic_name
from streams.kafka.unpacking import limit_unpacking
from streams.state import archive

log = logging.getLogger("watchroom.rebuild")

_CUT = "; the log has lost its beginning: how older periods stood when they closed is not known"
RECORDS = 1000
"""Messages that are unpacked at a stretch: 3 to 4 ms."""
FOLDING = 0.01
"""Seconds of folding at a stretch, longer than of what is live: nobody waits for these figures, and
to give way every 2 ms takes a tenth of the time on a busy machine."""


class LogReader:
    """Reads partitions back. `interrupted` says that the assignment has changed meanwhile."""

    def __init__(
        self,
        brokers: str,
        on_ready: Callable[[Partition], None],
        interrupted: Callable[[], bool],
    ) -> None:
        limit_unpacking()
        self.brokers = brokers
        self.on_ready, self.interrupted = on_ready, interrupted
        self.take_alerts: Callable[[list[Partition]], Awaitable[None]] = _no_alerts
        """Takes over the alerts of partitions with calls, before the log is read."""

    async def run(self, partitions: Sequence[Partition]) -> None:
        """Reads until all are ready, or until interrupted. Raises aiokafka's `KafkaError`."""
        by_tp = {TopicPartition(p.topic, p.number): p for p in partitions}
        for partition in partitions:
            await partition.settled()  # of an assignment before
        async with self._consumer(list(by_tp)) as consumer:
            for tp, partition in by_tp.items():
                _go_on(consumer, tp, partition)
            ends = await consumer.end_offsets(list(by_tp))
            begins = await consumer.beginning_offsets(list(by_tp))
            for tp, partition in by_tp.items():
                partition.high = ends[tp]
                partition.target = max(partition.target, ends[tp] - 1)
                if partition.folded >= ends[tp]:
                    partition.start_over(
                        f"is at {partition.folded}, and the log ends at {ends[tp]}"
                    )
                    _go_on(consumer, tp, partition)
                partition.note_beginning(begins[tp])
                await asyncio.to_thread(partition.begin_reading, begins[tp])
            # An empty log may be one that was made again: what was published of the old one stays.
            await self._read_archive([p for p in partitions if p.needs_archive])
            # What was decided is a fact, and is there before what is read can decide it again.
            calls = [p for p in partitions if p.shard.kind == "call" and not p.ready]
            await self.take_alerts([p for p in calls if p.shard.forces])
            await self._read(consumer, by_tp)

    @asynccontextmanager
    async def _consumer(self, tps: list[TopicPartition]) -> AsyncIterator[Any]:
        consumer = AIOKafkaConsumer(
            **current().for_aiokafka(),
            bootstrap_servers=self.brokers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # What was rolled back never happened; the end is then the last stable offset.
            isolation_level="read_committed",
            fetch_max_wait_ms=20,
            max_partition_fetch_bytes=8 << 20,
        )
        await consumer.start()
        try:
            # At once: asked for offsets of topics that it does not know, it sleeps half a second.
            consumer.assign(tps)
            yield consumer
        finally:
            await consumer.stop()

    async def _read(self, consumer: Any, by_tp: dict[TopicPartition, Partition]) -> None:
        reading = dict(by_tp)
        await self._settle(reading)
        if not reading:
            return
        if done := [tp for tp in by_tp if tp not in reading]:
            consumer.pause(*done)
        while reading and not self.interrupted():
            batches = await consumer.getmany(timeout_ms=100, max_records=RECORDS)
            found = {tp: records for tp, records in batches.items() if tp in reading}
            await self._fold(consumer, found, reading)
            for tp, partition in reading.items():
                partition.high = max(partition.high, consumer.last_stable_offset(tp) or 0)
                if tp not in batches and (at := await consumer.position(tp)) > partition.target:
                    # The log's last offsets hold no message (deleted, or of a transaction).
                    partition.skip(at)
            if done := await self._settle(reading):
                consumer.pause(*done)

    async def _fold(
        self,
        consumer: Any,
        fetched: Mapping[TopicPartition, Sequence[KafkaMessage]],
        reading: Mapping[TopicPartition, Partition],
    ) -> None:
        for tp, lot in in_turn(fetched):
            if self.interrupted():
                return
            partition, first = reading[tp], lot.messages[0].offset
            if NO_OFFSET < partition.folded < first - 1 and not partition.read_back:
                # The log may have lost more since its beginning was asked for. Else these offsets
                # are of transactions, and no message is missing.
                partition.note_beginning((await consumer.beginning_offsets([tp]))[tp])
            await partition.fold(lot.messages, lambda: not self.interrupted(), FOLDING)
            partition.read_back += lot.lines
            await asyncio.sleep(0)

    async def _settle(self, reading: dict[TopicPartition, Partition]) -> list[TopicPartition]:
        """Takes out those that have come to their end, and tells so."""
        done = [tp for tp, each in reading.items() if each.folded >= each.target]
        for tp in done:
            partition = reading.pop(tp)
            if not partition.ready:
                await partition.end_reading()
            if not partition.ready and not self.interrupted():
                self.on_ready(partition)
        return done

    async def _read_archive(self, partitions: list[Partition]) -> None:
        """Reads the sealed panes of forces whose checkpoint is lost."""
        wanted = [
            (partition, force, fold)
            for partition in partitions
            for force in partition.shard.forces
            if isinstance(fold := partition.shard.folds[force.id], Ledger)
        ]
        if not wanted:
            return
        topic = topic_name(partitions[0].prefix, "published")
        numbers = {partition_of(f.partition_group, p.count) for p, f, _ in wanted}
        messages = await self._all_of([TopicPartition(topic, number) for number in numbers])
        for partition, force, ledger in wanted:
            topic_id = partition.checkpoint.identity.topic_id
            known = await asyncio.to_thread(archive.collect, ledger, force, messages, topic_id)
            if known.panes:
                log.info(
                    "%s: %d published panes of %s%s",
                    partition.name, len(known.panes), force.id,
                    "" if partition.whole else _CUT,
                )  # fmt: skip
                await partition.take_archive(force, known)

    async def values(self, topic: str, number: int) -> list[bytes] | None:
        """Every value of a partition; None where it was interrupted."""
        messages = await self._all_of([TopicPartition(topic, number)])
        return None if self.interrupted() else [value for _, value in messages if value is not None]

    async def _all_of(self, tps: list[TopicPartition]) -> list[tuple[bytes | None, bytes | None]]:
        """Every message of some partitions, as (key, value)."""
        messages: list[tuple[bytes | None, bytes | None]] = []
        async with self._consumer(tps) as consumer:
            ends = await consumer.end_offsets(tps)
            while not self.interrupted():
                positions = [await consumer.position(tp) for tp in tps]
                if all(at >= ends[tp] for tp, at in zip(tps, positions, strict=True)):
                    break
                batches = await consumer.getmany(timeout_ms=200, max_records=RECORDS)
                for records in batches.values():
                    messages += [(r.key, r.value) for r in records]
        return messages


async def _no_alerts(partitions: list[Partition]) -> None:
    """Where there is nothing that makes any."""


def _go_on(consumer: Any, tp: TopicPartition, partition: Partition) -> None:
    """From the first message that is not held; where the log begins later, from there."""
    consumer.seek(tp, partition.folded + 1)

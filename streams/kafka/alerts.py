"""Alerts of a worker: made where the calls of a force are held, kept in the alerts topic.

A transition that the engine makes leaves through the outbox of the partition that holds the calls,
in the checkpoint of what caused it; what a person does is in the topic before it is done. Both are
read back when the partition is taken over. All topics have as many partitions, so one worker holds
every kind of a force, and its alerts are in the partition of the same number.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Sequence

from aiokafka.errors import KafkaError

from streams.alerts.model import Handover, Transition, encode
from streams.alerts.service import AlertService
from streams.board.monitor import Shard
from streams.errors import ConfigError, NotStored
from streams.kafka.alert_writer import AlertWriter, NotMine
from streams.kafka.brokers import in_words
from streams.kafka.partition import Partition
from streams.kafka.partition_alerts import PartitionAlerts, ReadValues
from streams.kafka.settings import WorkerSettings
from streams.kafka.topics import topic_name
from streams.live import Live
from streams.live.lease import Lease
from streams.outputs.alertmanager.silences import Silencer
from streams.outputs.alertmanager.silences_set_there import SilencesSetThere
from streams.state.snapshot import Outgoing

log = logging.getLogger("watchroom.alerts")

EVERY = 2.0
"""Seconds between two evaluations of the present."""
STORED_WITHIN = 5.0
"""Seconds in which what a person does must be stored; a front waits for twice as long."""
ANSWERED = 2.0
"""Seconds in which the group has usually answered once more after an assignment."""
FLUSHED = 1.0
"""Seconds that alerts may take to be written before their partition goes to another worker."""
STOPPED = 1.0
"""Seconds that Alertmanager may take at the end for each thing that it is being asked."""


class TopicAlerts:
    """The alerts of a worker; also the keeper of what people do (`streams.alerts.service.Keeper`),
    which no thread of the event loop may ask."""

    at_once = False

    def __init__(
        self,
        settings: WorkerSettings,
        live: Live,
        lease: Lease,
        partition_of: Callable[[str], Partition | None],
        read: ReadValues,
        group_generation: Callable[[], int],
    ) -> None:
        self.settings, self.lease, self.partition_of = settings, lease, partition_of
        self.topic = topic_name(settings.prefix, "alerts")
        self._read, self._group_generation = read, group_generation
        self.held: dict[int, PartitionAlerts] = {}
        """By the number of the partition."""
        self.service = AlertService(live)
        self.service.subscribe(self._keep)
        self.service.keeper = self
        self.silencer = Silencer.of_environment()
        self._silences: SilencesSetThere | None = None
        if self.silencer is not None:
            self.service.subscribe(self.silencer.notify)
            self._silences = SilencesSetThere(self.service, self.silencer.url)
        live.alerts = self.service
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    # -- what the engine decides ---------------------------------------------------------------

    def _keep(self, made: Sequence[Transition]) -> None:
        """Puts facts into the outbox, in the thread that the partitions belong to."""
        if self._loop is None or threading.get_ident() == self._thread:
            self._send(made)
        else:
            self._loop.call_soon_threadsafe(self._send, made)

    def _send(self, made: Sequence[Transition]) -> None:
        for each in made:
            partition = self.partition_of(each.alert.force)
            if partition is None:
                log.warning("%s went to another worker meanwhile: %s", each.alert.force, each.key)
                continue
            held = self.held.get(partition.number)
            if held is None or not held.has(each):  # what a person did is there already
                key = each.alert.id.encode()
                partition.send(Outgoing(self.topic, key, encode(each), [], partition.number))

    def post(self, partition: Partition, messages: Sequence[tuple[int, Outgoing]]) -> None:
        """Has messages of an outbox written to the topic."""
        if messages:
            self._of(partition).post(partition, messages)

    # -- what people do ------------------------------------------------------------------------

    def check(self, force: str) -> None:
        """Raises `NotStored` where nothing can be stored now about the alerts of a force."""
        if not self.lease.held:
            raise NotStored(f"{self.lease.words}. It is not done: try again in some seconds")
        self._held_for(force)

    def _held_for(self, force: str) -> tuple[PartitionAlerts, asyncio.AbstractEventLoop]:
        partition = self.partition_of(force)
        held = None if partition is None else self.held.get(partition.number)
        if held is None or not held.generation or self._loop is None:
            raise NotStored(
                f"the alerts of {force} are being taken over by a worker. It is not done: try "
                "again in some seconds"
            )
        return held, self._loop

    def keep(self, fact: Transition | Handover) -> bool:
        """Stores what a person did in the topic, on all brokers that must have it."""
        force = fact.force if isinstance(fact, Handover) else fact.alert.force
        held, loop = self._held_for(force)
        stored = asyncio.run_coroutine_threadsafe(held.keep(fact), loop)
        try:
            return stored.result(STORED_WITHIN)
        except TimeoutError:
            stored.cancel()
            raise NotStored(
                f"the brokers did not confirm within {STORED_WITHIN:.0f} s that this is stored in "
                f"{self.topic}. It is not done, or not yet: look at the alert again before you "
                "repeat it"
            ) from None
        except NotMine as error:
            raise NotStored(f"{error}. It is not done: try again in some seconds") from None
        except (KafkaError, ConfigError) as error:
            why = in_words(error, self.settings.brokers, ("Write", "Describe"))
            raise NotStored(
                f"this could not be stored in {self.topic}, so it is not done: {why}. Look at the "
                "brokers, and do it again"
            ) from None

    # -- which partitions they are of ----------------------------------------------------------

    def _of(self, partition: Partition) -> PartitionAlerts:
        held = self.held.get(partition.number)
        if held is None:
            settings = self.settings
            writer = AlertWriter(
                settings.brokers, self.topic, partition.number, settings.group, self.lease
            )
            held = self.held[partition.number] = PartitionAlerts(
                partition.number, writer, self.service, self._read, self._group_generation
            )
        held.partitions[partition.topic] = partition
        return held

    async def take_over(self, partitions: Iterable[Partition]) -> None:
        """Becomes the only writer of the alerts of these partitions, and takes in what the topic
        has of them. Raises aiokafka's `KafkaError`."""
        held = list(dict.fromkeys(self._of(each) for each in partitions))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWERED):
                while held and not self.lease.held:  # noqa: ASYNC110 - it is asked at once
                    await asyncio.sleep(0.01)
        await asyncio.gather(*(each.take_over() for each in held))

    def leave(self, shard: Shard) -> None:
        """Forgets the alerts of forces that another worker has now."""
        self.service.detach(shard)

    async def flush(self) -> None:
        """Waits, but not for long, until what was posted is written."""
        await asyncio.gather(*(held.flush(FLUSHED) for held in list(self.held.values())))

    async def give_up(self, partition: Partition) -> None:
        """Writes the alerts of a partition no more, once what was posted is written."""
        held = self.held.get(partition.number)
        if held is None:
            return
        held.partitions.pop(partition.topic, None)
        if held.partitions:  # of another prefix
            await held.flush(FLUSHED)
            return
        del self.held[partition.number]
        await held.flush(FLUSHED)
        await held.close()

    def send_again(self) -> None:
        """The topic was made again: has all that is held written into it."""
        for held in self.held.values():
            held.send_again()

    def revive(self) -> None:
        """Has the writing of a partition begin anew, where it has ended by itself."""
        for held in self.held.values():
            held.revive()

    async def close(self) -> None:
        """Gives up all."""
        for each in self._beside():
            await asyncio.to_thread(each.stop, STOPPED)
        held = [partition for each in self.held.values() for partition in each.partitions.values()]
        await asyncio.gather(*map(self.give_up, held))

    def troubles(self) -> dict[str, str]:
        """What keeps the topic from being written, by partition (`streams.live.Health`)."""
        found = {f"alerts:{number}": held.trouble for number, held in self.held.items()}
        return {key: words for key, words in found.items() if words}

    def _beside(self) -> list[Silencer | SilencesSetThere]:
        """What runs beside the evaluation, in threads of its own."""
        return [each for each in (self.silencer, self._silences) if each is not None]

    async def evaluate_for_ever(self) -> None:
        """Evaluates the present every `EVERY` seconds, for ever, and has Alertmanager asked."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        for each in self._beside():
            each.start()
        while True:
            await asyncio.sleep(EVERY)
            try:
                await asyncio.to_thread(self.service.tick)
            except Exception:  # the next one may do better
                log.exception("the alerts could not be judged")

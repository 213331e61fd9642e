"""Alerts of a worker: made where the calls of a force are held, kept in the alerts topic.

A transition leaves through the outbox of the partition that holds the calls, in the checkpoint of
what caused it, and is read back when the partition is taken over. All topics have as many
partitions, so one worker holds every kind of a force, and its alerts are in the partition of the
same number.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Sequence

import msgspec

from streams.alerts.model import Handover, Transition, decode_fact, encode
from streams.alerts.service import AlertService
from streams.board.monitor import Shard
from streams.kafka.partition import Partition
from streams.kafka.topics import topic_name
from streams.live import Live
from streams.outputs.silences import Silencer
from streams.state.snapshot import Outgoing

log = logging.getLogger("watchroom.alerts")

EVERY = 2.0
"""Seconds between two evaluations of the present."""


class TopicAlerts:
    """The alerts of a worker."""

    def __init__(
        self, prefix: str, live: Live, partition_of: Callable[[str], Partition | None]
    ) -> None:
        self.topic = topic_name(prefix, "alerts")
        self.partition_of = partition_of
        self.service = AlertService(live)
        self.service.subscribe(self._keep)
        self.service.handover_keepers.append(lambda handover: self._keep([handover]))
        self.silencer = Silencer.of_environment()
        if self.silencer is not None:
            self.service.subscribe(self.silencer.notify)
        live.alerts = self.service
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def _keep(self, made: Sequence[Transition | Handover]) -> None:
        """Puts facts into the outbox, in the thread that the partitions belong to."""
        if self._loop is None or threading.get_ident() == self._thread:
            self._send(made)
        else:
            self._loop.call_soon_threadsafe(self._send, made)

    def _send(self, made: Sequence[Transition | Handover]) -> None:
        for each in made:
            if isinstance(each, Handover):
                force, key = each.force, each.key
            else:
                force, key = each.alert.force, each.alert.id
            partition = self.partition_of(force)
            if partition is None:
                log.warning("%s went to another worker meanwhile: %s", force, each.key)
                continue
            partition.send(Outgoing(self.topic, key.encode(), encode(each), [], partition.number))

    def restore(self, values: Iterable[bytes]) -> None:
        """Applies what the topic holds; what can't be read is passed over."""
        found = []
        for value in values:
            try:
                found.append(decode_fact(value))
            except msgspec.MsgspecError as error:
                log.warning("an alert of %s can't be read: %s", self.topic, error)
        self.service.restore(found)

    def restore_unsent(self, mail: Iterable[Outgoing]) -> None:
        """Applies what a checkpoint holds that the topic has not had yet."""
        self.restore([m.value for m in mail if m.topic == self.topic and m.value is not None])

    def leave(self, shard: Shard) -> None:
        """Forgets the alerts of forces that another worker has now."""
        self.service.detach(shard)

    async def evaluate_for_ever(self) -> None:
        """Evaluates the present every `EVERY` seconds, for ever."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        while True:
            await asyncio.sleep(EVERY)
            try:
                await asyncio.to_thread(self.service.tick)
            except Exception:  # the next one may do better
                log.exception("the alerts could not be judged")

"""All partitions of one worker: taken over, counted, saved, given up. Knows nothing of Faust.

The stream hands messages to `accept`. An assignment starts `manage`, which loads checkpoints, reads
back what they lack and makes partitions ready. `keep` saves by a timer, and only then lets the
group's offsets advance: to exactly what the checkpoints hold, never past it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from functools import partial

from aiokafka.errors import KafkaError

from streams.busy import LONG
from streams.errors import CheckpointError
from streams.live import Live
from streams.monitor import Shard
from streams.runners.checkpoint import Folder
from streams.runners.outbox import Outbox
from streams.runners.pace import SILENCE, Pace
from streams.runners.partition import NOTHING, Partition, fingerprint
from streams.runners.rebuild import Reader
from streams.runners.settings import Cluster, Key, Settings, Stream
from streams.runners.snapshot import Identity
from streams.runners.topic_alerts import TopicAlerts
from streams.runners.topics import INPUTS, forces_in, input_topic

log = logging.getLogger("watchroom.worker")

MOST_UNSAVED = 50_000
"""Messages folded and not yet saved, above which saving does not wait for its time."""
HANDED_OVER, STOPPED = 10.0, 1.0
"""Seconds that a message which takes long may still take when its partition goes to another worker,
and when the process is to end."""
PATIENCE = 30.0
"""Seconds between the saves of a partition that is being read back."""


class Holdings:
    """The partitions that this worker has been given."""

    def __init__(
        self, settings: Settings, cluster: Cluster, live: Live, outbox: Outbox, stream: Stream
    ) -> None:
        self.settings, self.cluster, self.live = settings, cluster, live
        self.outbox, self.stream = outbox, stream
        self.alerts = TopicAlerts(settings.prefix, live, self.partition_of)
        self.folder = Folder(settings.checkpoints)
        self.kinds = {input_topic(settings.prefix, kind): kind for kind in INPUTS}
        self.held: dict[Key, Partition] = {}
        self.stopping = False
        self._wanted: set[Key] | None = None
        self._generation, self._member = 0, ""
        self._changed = asyncio.Event()
        self._urgent = asyncio.Event()
        self._settled = self._reading = False
        self._since = 0.0
        self._unsaved = 0
        self.pace = Pace(settings.behind)
        self._committed: dict[Key, int] = {}
        self._trouble = ""
        self._refreshed = 0.0

    # -- what the stream tells -----------------------------------------------------------------

    def assign(self, keys: Iterable[Key], generation: int, member: str) -> None:
        """The partitions of this worker from now on. Nothing is ready until it has caught up."""
        self._wanted = set(keys)
        # A member that is being thrown out has no generation; it will be given one.
        self._generation, self._member = max(generation, self._generation), member
        self._since = time.monotonic()
        self.pace.hear()
        self._settled = False
        self._committed.clear()
        for partition in self.held.values():
            partition.ready = partition.follows = False
            partition.delivered = NOTHING
            partition.read_back = 0
        self._changed.set()
        self.refresh()

    async def revoke(self) -> None:
        """Before partitions move: saves and acknowledges, so that the next owner has less to do."""
        self._settled = False
        for partition in self.held.values():
            partition.ready = False
        await self.save_all()

    def partition_of(self, force_id: str) -> Partition | None:
        """The partition with the calls of a force, where it is held."""
        for partition in self.held.values():
            if partition.shard.kind == "call" and force_id in partition.shard.takers:
                return partition
        return None

    def ready(self, key: Key) -> bool:
        """Whether the stream may go on with a partition."""
        partition = self.held.get(key)
        return partition is not None and partition.ready

    async def accept(self, key: Key, offset: int, payload: bytes | None, appended: int) -> None:
        """One message of the stream: counted, or passed over since it is held or will be read."""
        if (partition := self.held.get(key)) is not None:
            await partition.settled()
        if partition is None or self.stopping:
            return
        partition.delivered = max(partition.delivered, offset)
        if offset <= partition.held:
            partition.follows = partition.follows or offset == partition.held
            if partition.far_ahead and not self._reading:
                self._changed.set()
            return
        if not partition.ready:
            partition.target = max(partition.target, offset)
            return
        if offset > partition.held + 1 and not partition.follows:
            log.warning(
                "%s: the stream went from %d to %d; reading what lies between",
                partition.name, partition.held, offset,
            )  # fmt: skip
            partition.ready = False
            partition.target = max(partition.target, offset)
            self._changed.set()
            return
        await partition.fold(offset, payload, appended)
        partition.follows = True
        self.pace.hear()
        self._unsaved += 1
        if self._unsaved >= MOST_UNSAVED:
            self._urgent.set()

    async def room(self) -> None:
        """Keeps the stream waiting while saving or sending can't keep up."""
        while not self.stopping and self._crowded():  # noqa: ASYNC110 - not worth an event
            await asyncio.sleep(0.1)

    def _crowded(self) -> bool:
        return self.outbox.full or self._unsaved > 4 * MOST_UNSAVED

    # -- taking over ---------------------------------------------------------------------------

    async def manage(self) -> None:
        """Follows the assignments, for ever."""
        reader = Reader(
            self.settings.brokers, self._on_ready, self._changed.is_set, self.alerts.restore
        )
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._take_over(reader)
            except KafkaError as error:
                log.warning("reading back failed (%r); trying again", error)
                await asyncio.sleep(1)
                self._changed.set()

    async def _take_over(self, reader: Reader) -> None:
        wanted = self._wanted or set()
        for key in [key for key in self.held if key not in wanted]:
            await self._give_up(key)
        new = sorted(wanted - self.held.keys())
        for key in new:
            if self._changed.is_set():
                return
            await self._load(key)
        for key in wanted - set(new):
            await self._claim(self.held[key])
        todo = [p for p in self.held.values() if not p.ready or p.far_ahead]
        self._settle()
        if todo:
            self._reading = True
            try:
                await reader.run(todo)
            finally:
                self._reading = False

    def _settle(self) -> None:
        """Tells, once an assignment, that every partition of it is ready."""
        if self._settled or self._wanted is None or not all(map(self.ready, self._wanted)):
            return
        self._settled = True
        seconds = time.monotonic() - self._since
        self.live.health.stall_seconds = seconds
        events = sum(partition.read_back for partition in self.held.values())
        log.info(
            "ready: %d partitions, %s events read back, %.1f s after the assignment",
            len(self.held), f"{events:,}", seconds,
        )  # fmt: skip
        self.refresh()

    async def _claim(self, partition: Partition) -> None:
        if partition.checkpoint.identity.generation != self._generation:
            async with partition.saving:
                await asyncio.to_thread(partition.checkpoint.claim, self._generation, self._member)

    async def _load(self, key: Key) -> None:
        topic, number = key
        kind = self.kinds[topic]
        forces = forces_in(self.settings.forces, number, self.cluster.partitions)
        shard = Shard(kind, forces)
        identity = Identity(
            cluster=self.cluster.id,
            topic=topic,
            topic_id=self.cluster.topic_ids[topic],
            partition=number,
            fingerprint=fingerprint(kind, forces),
            forces=tuple(sorted(force.id for force in forces)),
        )
        path = self.folder.file(topic, number)
        partition = Partition(
            self.live,
            shard,
            path,
            identity,
            self.settings.prefix,
            self.cluster.partitions,
            surveillance=self.settings.surveillance,
        )
        partition.post = partial(self.outbox.put, partition)
        partition.on_slice = self._on_slice
        mail = await asyncio.to_thread(partition.load, self._generation, self._member)
        partition.count_refused(again=True)
        partition.post(mail)
        self.alerts.restore_unsent([message for _, message in mail])
        self.held[key] = partition

    def _on_ready(self, partition: Partition) -> None:
        partition.ready = True
        if partition.shard.forces:
            partition.show()
        if partition.read_back:
            log.info(
                "took over %s: %s events read back in %.1f s",
                partition.name.rpartition(".")[2],
                f"{partition.read_back:,}",
                time.monotonic() - self._since,
            )
        self.stream.resume((partition.topic, partition.number))
        self._settle()

    async def _give_up(self, key: Key) -> None:
        partition = self.held.pop(key)
        partition.ready = False
        await partition.settle(HANDED_OVER)
        partition.leave()
        self.alerts.leave(partition.shard)
        await self._save(partition)
        async with partition.saving:
            await asyncio.to_thread(partition.checkpoint.close)

    # -- saving --------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Saves by a timer, and sooner when much has come, for ever."""
        while True:
            try:
                async with asyncio.timeout(self.settings.every):
                    await self._urgent.wait()
            except TimeoutError:
                pass
            await self.save_all(patiently=True)
            self.refresh()

    async def save_all(self, *, patiently: bool = False) -> None:
        """Saves what has changed, then acknowledges exactly what is saved.

        `patiently` saves a partition that is being read back only now and then: it is in a hurry.
        """
        self._urgent.clear()
        self._unsaved = 0
        late = time.monotonic() - PATIENCE
        for partition in list(self.held.values()):
            hurried = patiently and not partition.ready and partition.saved_at > late
            if patiently and partition.busy.turn > LONG:
                continue  # no snapshot is taken within a message, and others need not wait
            if partition.changed and not hurried:
                await self._save(partition)
        await self._commit()

    async def _save(self, partition: Partition) -> None:
        try:
            await partition.save()
        except CheckpointError as error:
            if self._trouble != str(error):
                self._trouble = str(error)
                log.error("%s; counting goes on, nothing is acknowledged", error)
            return
        self._trouble = ""
        self.live.health.checkpoint_at = time.monotonic()

    async def _commit(self) -> None:
        ahead = {
            key: partition.saved + 1
            for key, partition in self.held.items()
            if partition.saved + 1 > self._committed.get(key, 0)
            and self._wanted is not None
            and key in self._wanted
        }
        if ahead and await self.stream.commit(ahead):
            self._committed.update(ahead)

    # -- how it is doing -----------------------------------------------------------------------

    def refresh(self) -> None:
        """Keeps the health true."""
        self._refreshed = time.monotonic()
        health = self.live.health
        if self.stopping:
            return
        lag: dict[str, int] = {}
        for key, partition in list(self.held.items()):
            if (high := self.stream.high(key)) is not None:
                partition.high = max(partition.high, high)
            if partition.shard.forces or partition.lag:
                lag[partition.name] = partition.lag
        health.lag = lag
        unread = (p.shard.kind for p in self.held.values() if p.shard.forces and p.lag)
        health.unread = frozenset(unread)
        before = health.state
        total = sum(lag.values())
        if self._wanted is None:
            health.state, health.detail = "starting", "waiting for partitions"
        elif not self._settled:
            waiting = len(self._wanted) - sum(p.ready for p in self.held.values())
            health.state = "recovering"
            health.detail = f"{waiting} of {len(self._wanted)} partitions are being read back"
        elif self.held and (silent := self.pace.silent(self.stream.heard())) > SILENCE:
            health.state = "behind"
            health.detail = f"the brokers have not answered for {silent:.0f} s"
        elif busy := [p.busy for p in self.held.values() if p.busy.long]:
            health.state = "behind"
            health.detail = max(busy, key=lambda each: each.seconds).words
        elif not self.pace.keeps_up(total, live=before == "live"):
            health.state, health.detail = "behind", f"{total:,} messages behind"
        else:
            health.state, health.detail = "live", f"{len(self.held)} partitions"
        if self._trouble:
            health.detail = self._trouble
        if health.state not in (before, "recovering"):
            log.info("%s: %s", health.state, health.detail)

    def _on_slice(self) -> None:
        """Between two slices of a message that takes long: says so, now and then."""
        now = time.monotonic()
        if now - self._refreshed > LONG / 4:
            self.refresh()

    async def settle(self) -> None:
        """Before the end: a message that takes long is not waited for."""
        await asyncio.gather(*(each.settle(STOPPED) for each in self.held.values()))

    async def close(self) -> None:
        """The last checkpoint; releases the files and the folder."""
        for partition in self.held.values():
            await self._save(partition)
            async with partition.saving:
                await asyncio.to_thread(partition.checkpoint.close)
        self.folder.close()

"""All partitions of one worker: taken over, counted, saved, given up. Knows nothing of Faust.

The stream hands what it has fetched to `take`. An assignment starts `manage`, which loads
checkpoints, reads back what they lack and makes partitions ready. `keep` saves by a timer, and only
then lets the group's offsets advance: to exactly what the checkpoints hold, never past it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from heapq import nlargest
from typing import NamedTuple

from aiokafka.errors import KafkaError

from streams.board.incomplete import horizon_of
from streams.board.monitor import Shard
from streams.errors import CheckpointError, ConfigError
from streams.kafka.alerts import TopicAlerts
from streams.kafka.brokers import in_words
from streams.kafka.lag import SILENCE, LagTracker
from streams.kafka.lots import KafkaMessage, Key, in_turn
from streams.kafka.partition import Partition, fingerprint
from streams.kafka.producer import Numbered, Outbox
from streams.kafka.rebuild import LogReader
from streams.kafka.settings import Cluster, WorkerSettings
from streams.kafka.stream import Position, Stream
from streams.kafka.topic_watch import TopicWatch
from streams.kafka.topics import creating, forces_in, topic_name
from streams.kafka.wrong_partition import WRONG_PARTITION, MisplacedLines
from streams.live import CLOCK, LONG, Live, LiveState
from streams.live.clock import steady_clock
from streams.live.reasons import Reason, of_state
from streams.sources.clock import wall_clock
from streams.state import disk, garbage
from streams.state.checkpoint import Folder
from streams.state.snapshot import Identity

log = logging.getLogger("watchroom.worker")

MOST_UNSAVED = 50_000
"""Messages folded and not yet saved, above which saving does not wait for its time."""
HANDED_OVER, STOPPED = 10.0, 1.0
"""Seconds that a message which takes long may still take when its partition goes to another worker,
and when the process is to end."""
DISK = "disk"
"""The key of `Health.troubles` under which it stands that checkpoints can't be read or written."""
PATIENCE = 30.0
"""Seconds between the saves of a partition that is being read back."""
READ_AGAIN = 1.0
"""Seconds after which it is tried again to read a checkpoint that could not be read."""
MOST_HOLES = 10_000
"""So many, the widest, are kept until the brokers have said whether they were lost. The end of a
transaction is one offset; what a log deletes is many at once."""
DISK_EVERY = 10.0
"""Seconds between two looks at the disk."""
UNSENT = "unsent"
"""The key under which it stands that dead letters and published figures can't be sent."""
NOTED = ("topic", WRONG_PARTITION, CLOCK, DISK, UNSENT, "log_gap", "alerts", "instance")
"""The troubles that are noted here; others watch for the rest."""
TROUBLE_REPEATS = 60.0
"""Seconds after which a trouble that lasts is logged again."""


class Hole(NamedTuple):
    """Offsets that the stream passed: between `after`, which came at `appended` (ms), and
    `first`."""

    key: Key
    after: int
    first: int
    appended: int

    def width(self) -> int:
        """How many offsets that are."""
        return self.first - self.after - 1


class AssignedPartitions:
    """The partitions that this worker has been given."""

    def __init__(
        self, settings: WorkerSettings, cluster: Cluster, live: Live, outbox: Outbox, stream: Stream
    ) -> None:
        self.settings, self.live = settings, live
        self.published = topic_name(settings.prefix, "published")
        written = {topic_name(settings.prefix, "alerts"): "alerts", self.published: "topic"}
        prefixes = [each.name for each in settings.topic_prefixes]
        create = creating(settings.brokers, settings.prefix, prefixes)
        self.watch = TopicWatch(settings.brokers, cluster, create, written=written)
        self.misplaced_lines = MisplacedLines()
        self.trouble_log = TroubleLog()
        self.outbox, self.stream = outbox, stream
        self.membership = stream.membership
        live.health.lease = self.membership.lease
        self._changed = asyncio.Event()
        self.reader = LogReader(settings.brokers, self._on_ready, self._changed.is_set)
        self.alerts = TopicAlerts(
            settings, live, self.membership.lease, self.partition_of, self._read_alerts,
            lambda: self._generation,
        )  # fmt: skip
        self.reader.take_alerts = self.alerts.take_over
        self.folder = Folder(settings.checkpoints)
        self.inputs = settings.inputs
        self.partitions: dict[Key, Partition] = {}
        self.stopping = False
        self._wanted: set[Key] | None = None
        self._generation, self._member = 0, ""
        self._urgent = asyncio.Event()
        self._settled = False
        self._since = 0.0
        self._unsaved = 0
        self.lag_tracker = LagTracker(settings.behind)
        self._committed: dict[Key, int] = {}
        self._stale: dict[Key, Position | None] = {}
        self._unwritten: dict[Key, str] = {}
        """Why the checkpoint of a partition can't be written now, in words with the cure."""
        self._unread: dict[Key, str] = {}
        """The same of those that can't be read now, and so are not taken over yet."""
        self._holes: list[Hole] = []
        """Offsets that the stream passed since the last look at the topics."""
        self._disk: disk.Disk | None = None
        """As of the last look."""
        self._refreshed = 0.0

    @property
    def cluster(self) -> Cluster:
        """The brokers, with the ids of the topics as they are now."""
        return self.watch.topics.cluster

    # -- what the stream tells -----------------------------------------------------------------

    def assign(self, keys: Iterable[Key], generation: int, member: str) -> None:
        """The partitions of this worker from now on. Nothing is ready until it has caught up."""
        self._wanted = set(keys)
        # A member that is being thrown out has no generation; it will be given one.
        self._generation, self._member = max(generation, self._generation), member
        self._since = time.monotonic()
        self.lag_tracker.note_answer()
        self._settled = False
        self._committed.clear()
        self.stream.forget_positions()
        self._stale.clear()
        self.watch.topics.assigned()
        for partition in self.partitions.values():
            partition.ready = partition.follows = partition.confirmed = False
            partition.read_back = 0
        self._changed.set()
        self.refresh()

    async def revoke(self) -> None:
        """Before partitions move: saves and acknowledges, so that the next owner has less to do."""
        self._settled = False
        for partition in self.partitions.values():
            partition.ready = False
        await self.save_all()
        await self.alerts.flush()

    async def _read_alerts(self, number: int) -> list[bytes] | None:
        return await self.reader.values(self.alerts.topic, number)

    def partition_of(self, force_id: str) -> Partition | None:
        """The partition with the calls of a force, where it is held."""
        for partition in self.partitions.values():
            if partition.shard.kind == "call" and force_id in partition.shard.folds:
                return partition
        return None

    def ready(self, key: Key) -> bool:
        """Whether the stream may go on with a partition."""
        partition = self.partitions.get(key)
        return partition is not None and partition.ready

    async def take(
        self, fetched: Mapping[Key, Sequence[KafkaMessage]], valid: Callable[[], bool]
    ) -> int:
        """What one fetch of the stream has brought, in lots of one partition after another; returns
        how many lines that were.

        What is left once the fetch is no longer `valid` comes again: the stream is then put back.
        """
        lines = 0
        for key, lot in in_turn(fetched):
            if not valid():
                break
            await self.accept(key, lot.messages, valid)
            await self.room()
            await asyncio.sleep(0)
            lines += lot.lines
        return lines

    async def accept(
        self, key: Key, messages: Sequence[KafkaMessage], valid: Callable[[], bool] = lambda: True
    ) -> None:
        """Messages of the stream, one after another of one partition: counted while `valid`, or
        passed over since they are held or will be read."""
        if (partition := self.partitions.get(key)) is not None:
            await partition.settled()
            partition = self.partitions.get(key)  # it may have gone meanwhile
        if partition is None or self.stopping:
            return
        first, last = messages[0].offset, messages[-1].offset
        if not partition.ready:
            partition.target = max(partition.target, last)
            return
        # Where one of them is held, the next in line is the next of the log.
        partition.follows = partition.follows or first <= partition.folded
        if first > partition.folded + 1 and not partition.follows:
            log.warning(
                "%s: the stream went from %d to %d; reading what lies between",
                partition.name, partition.folded, first,
            )  # fmt: skip
            partition.ready = False
            partition.target = max(partition.target, last)
            self._changed.set()
            return
        if last <= partition.folded:
            return
        if first > partition.folded + 1:
            self._holes.append(Hole(key, partition.folded, first, partition.appended))
        await partition.fold(messages, valid)
        if valid():  # else it may be of another assignment by now, of which nothing was seen
            partition.follows = True
        self.lag_tracker.note_answer()
        self._unsaved += len(messages)
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
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._take_over(self.reader)
            except (KafkaError, ConfigError) as error:
                why = in_words(error, self.settings.brokers, ("Read",))
                log.warning("reading back failed (%s); trying again", why)
                await asyncio.sleep(1)
                self._changed.set()

    async def look_at_topics(self) -> None:
        """Follows what becomes of the topics, for ever."""
        while True:
            await asyncio.sleep(self.settings.topics_every)
            if await self.watch.ask():
                self._changed.set()
            self._send_again()
            await self._look_at_holes()
            self.refresh()

    def _send_again(self) -> None:
        """Has what is held here of topics that were made again sent into them."""
        emptied = self.watch.written.emptied
        if self.alerts.topic in emptied:
            self.alerts.send_again()
        if self.published in emptied:
            for partition in self.partitions.values():
                partition.publish_again()
        emptied.clear()

    async def _look_at_holes(self) -> None:
        """Tells offsets that the stream passed because they are of transactions from those that
        the log lost before this worker, which was slow, had come to them."""
        holes, self._holes = [hole for hole in self._holes if hole.key in self.partitions], []
        if not holes:
            return
        begins = await self.watch.beginnings({hole.key for hole in holes})
        for hole in holes:
            partition, begin = self.partitions.get(hole.key), begins.get(hole.key)
            if partition is not None and begin is not None and begin > hole.after + 1:
                partition.note_beginning(min(begin, hole.first), hole.after, hole.appended)
        unanswered = [hole for hole in holes if hole.key not in begins]
        widest = nlargest(MOST_HOLES, [*unanswered, *self._holes], key=Hole.width)
        self._holes = sorted(widest)  # as they came, in each partition

    async def _take_over(self, reader: LogReader) -> None:
        await self.watch.ask()
        topics = self.watch.topics
        wanted = {key for key in self._wanted or () if key[0] not in topics.missing}
        if await self._give_up_others(wanted):
            garbage.collect_frozen()
        new = sorted(wanted - self.partitions.keys())
        self._unread = {}
        for key in new:
            if self._changed.is_set():
                return
            try:
                await self._load(key)
            except CheckpointError as error:
                self._unread[key] = str(error)
        for key in wanted - set(new):
            await self._claim(self.partitions[key])
        self.refresh()
        todo = [partition for partition in self.partitions.values() if not partition.ready]
        self._settle()
        if todo:
            await reader.run(todo)
        if self._unread:
            await asyncio.sleep(READ_AGAIN)
            self._changed.set()

    def _settle(self) -> None:
        """Tells, once an assignment, that every partition of it is ready."""
        if self._settled or self._wanted is None or not all(map(self.ready, self._wanted)):
            return
        self._settled = True
        seconds = time.monotonic() - self._since
        self.live.health.stall_seconds = seconds
        events = sum(partition.read_back for partition in self.partitions.values())
        log.info(
            "ready: %d partitions, %s events read back, %.1f s after the assignment",
            len(self.partitions), f"{events:,}", seconds,
        )  # fmt: skip
        self.refresh()

    async def _give_up_others(self, wanted: set[Key]) -> bool:
        """Gives up the partitions that are not wanted, or are of another log; whether any was."""
        held = len(self.partitions)
        for key, partition in list(self.partitions.items()):
            # Under an old id it holds another log: what is saved of that is set aside on loading.
            old = partition.checkpoint.identity.topic_id != self.cluster.topic_ids[key[0]]
            if old or key not in wanted:
                await self._give_up(key)
            if old and key in wanted:
                self._settled, self._since = False, time.monotonic()
            partition.confirmed = True
        return len(self.partitions) < held

    async def _claim(self, partition: Partition) -> None:
        if partition.checkpoint.identity.generation != self._generation:
            async with partition.saving:
                await asyncio.to_thread(partition.checkpoint.claim, self._generation, self._member)

    async def _load(self, key: Key) -> None:
        topic, number = key
        kind, allowed = self.inputs[topic]
        forces = forces_in(allowed, number, self.cluster.partitions)
        shard = Shard(kind, forces, admits=[force.id for force in allowed])
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
        partition.post = partial(self._post, partition)
        partition.on_slice = self._on_slice
        partition.misplaced_lines, partition.confirmed = self.misplaced_lines, True
        self._stale[key] = self.stream.position(key)
        mail = await asyncio.to_thread(partition.load, self._generation, self._member)
        gc.freeze()  # what is read back stays: to look through it took 90 ms at a million records
        partition.count_refused(again=True)
        if partition.waiting:
            # Posts it too, before reading back asks the topic for the sealed panes that are in it.
            await self._save(partition)
        else:
            partition.post(mail)
        self.partitions[key] = partition

    def _post(self, partition: Partition, messages: Numbered) -> None:
        """Has what a checkpoint has released sent: alerts by the only writer of their topic."""
        alerts = [each for each in messages if each[1].topic == self.alerts.topic]
        self.alerts.post(partition, alerts)
        others = [each for each in messages if each[1].topic != self.alerts.topic]
        self.outbox.put(partition, others)

    def _on_ready(self, partition: Partition) -> None:
        gc.freeze()  # as after loading
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
        # The last message that is held comes once more: by that it is seen that none lies between.
        self.stream.resume((partition.topic, partition.number), partition.folded)
        self._settle()

    async def _give_up(self, key: Key) -> None:
        partition = self.partitions.pop(key)
        partition.ready = False
        await partition.settle(HANDED_OVER)
        partition.leave()
        self.alerts.leave(partition.shard)
        await self._save(partition)
        if partition.shard.kind == "call":
            await self.alerts.give_up(partition)
        self._unwritten.pop(key, None)  # what is not saved is in the log, for the next owner
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
        for partition in list(self.partitions.values()):
            hurried = patiently and not partition.ready and partition.saved_at > late
            if patiently and partition.busy.turn > LONG:
                continue  # no snapshot is taken within a message, and others need not wait
            if partition.changed and not hurried:
                await self._save(partition)
        if not any(partition.changed for partition in self.partitions.values()):
            # Nothing is unsaved, though nothing may have come for long.
            self.live.health.checkpoint_at = time.monotonic()
        await self._commit()

    async def _save(self, partition: Partition) -> None:
        key = partition.topic, partition.number
        try:
            await partition.save()
        except CheckpointError as error:
            self._unwritten[key] = str(error)
            return
        self._unwritten.pop(key, None)
        self.live.health.checkpoint_at = time.monotonic()

    async def _commit(self) -> None:
        ahead = {
            key: partition.saved + 1
            for key, partition in self.partitions.items()
            if partition.saved + 1 > self._committed.get(key, 0)
            # The topic may have been made again: then these offsets are of another log.
            and partition.confirmed
            and self._wanted is not None
            and key in self._wanted
        }
        if ahead and await self.stream.commit(ahead):
            self._committed.update(ahead)

    def _skip_empty(self, key: Key, partition: Partition) -> None:
        """Passes the offsets that hold no message, where the stream has come to their end."""
        position = self.stream.position(key)
        if position is None or position == self._stale.get(key) or not partition.ready:
            return
        if partition.folded >= position.last and position.next_offset - 1 > partition.folded:
            partition.skip(position.next_offset)
            partition.follows = True

    # -- how it is doing -----------------------------------------------------------------------

    def refresh(self) -> None:
        """Keeps the health true."""
        self._refreshed = time.monotonic()
        health = self.live.health
        if self.stopping:
            return
        self._note_troubles()
        lag: dict[str, int] = {}
        for key, partition in list(self.partitions.items()):
            if partition.ready and (high := self.stream.high(key)) is not None:
                partition.high = high
            self._skip_empty(key, partition)
            if partition.shard.forces or partition.lag:
                lag[partition.name] = partition.lag
        health.lag = lag
        unread = {p.shard.kind for p in self.partitions.values() if p.shard.forces and p.lag}
        health.unread = frozenset(
            unread | {self.inputs[t].kind for t in self.watch.topics.unsure()}
        )
        before = health.state
        health.state, health.detail = self._state(before, sum(lag.values()))
        if health.troubles and health.state == "recovering":
            health.detail = "; ".join([health.detail, *health.troubles.values()])
        if health.state not in (before, "recovering"):
            log.info("%s: %s", health.state, health.detail)

    def _state(self, before: LiveState, behind: int) -> tuple[LiveState, str]:
        """What it is doing, and in which words; `behind` are the messages that are not folded."""
        if self._wanted is None:
            return "starting", "waiting for partitions"
        if self.membership.trouble:
            return "recovering", "not in the group"
        if not self._settled:
            waiting = len(self._wanted) - sum(p.ready for p in self.partitions.values())
            return "recovering", f"{waiting} of {len(self._wanted)} partitions are being read back"
        if late := self._late(before, behind):
            self.live.health.cause = late.code
            return "behind", late.problem
        if troubles := self.live.health.troubles:
            return "unwell", "; ".join(troubles.values())
        half = (words for p in self.partitions.values() for words in p.half_counted)
        return "live", "; ".join((f"{len(self.partitions)} partitions", *half))

    def _late(self, before: LiveState, behind: int) -> Reason | None:
        """Why the figures may not be those of now; None where they are."""
        if self.partitions and (silent := self.lag_tracker.silent(self.stream.heard())) > SILENCE:
            return of_state("brokers", f"the brokers have not answered for {silent:.0f} s")
        if busy := [p.busy for p in self.partitions.values() if p.busy.long]:
            return of_state("counting", max(busy, key=lambda each: each.seconds).words)
        if not self.lag_tracker.keeps_up(behind, live=before in ("live", "unwell")):
            return of_state("lag", f"{behind:,} messages behind")
        return None

    def _on_slice(self) -> None:
        """Between two slices of a lot that takes long: says so, now and then."""
        now = time.monotonic()
        if now - self._refreshed > LONG / 4:
            self.refresh()

    async def settle(self) -> None:
        """Before the end: a message that takes long is not waited for."""
        await asyncio.gather(*(each.settle(STOPPED) for each in self.partitions.values()))

    def _note_troubles(self) -> None:
        topics = self.watch.topics
        topics.taken_up(p.topic for p in self.partitions.values())
        troubles = {f"topic:{name}": words for name, words in topics.troubles().items()}
        troubles |= self.watch.written.troubles() | self.alerts.troubles()
        if self.membership.trouble:
            troubles[f"instance:{self.settings.instance_id}"] = self.membership.trouble
        if words := self.misplaced_lines.trouble(self.live.clock(), topics.unsure()):
            troubles[WRONG_PARTITION] = words
        if words := self.live.clock_trouble:
            troubles[CLOCK] = words
        if words := self._disk_trouble():
            troubles[DISK] = words
        if words := self.outbox.trouble:
            troubles[UNSENT] = words
        troubles |= self._log_gaps()
        self.live.health.note(NOTED, troubles)
        self.trouble_log.say(self.live.health.troubles)

    def _disk_trouble(self) -> str:
        """What keeps checkpoints from being read or written, or is wrong with their folder, whose
        disk was looked at last; and the cure."""
        found = [
            words for _, words in (*sorted(self._unread.items()), *sorted(self._unwritten.items()))
        ]
        if not found:
            return disk.words_of(self.settings.checkpoints, self._disk)
        problem, _, cure = found[0].partition(". ")
        more = f" (and {len(found) - 1} more files)" if len(found) > 1 else ""
        return (
            f"the checkpoint {problem}{more}. {cure}. Counting goes on, nothing is acknowledged, "
            "and it is tried again every second"
        )

    def _log_gaps(self) -> dict[str, str]:
        """The gaps that were found lately, as troubles; how much was lost in all is noted."""
        now, found, lost = wall_clock(), dict[str, str](), dict[str, int]()
        for partition in self.partitions.values():
            for gap in partition.shard.gaps:
                if gap.mendable(now, horizon_of(partition.shard.kind)):
                    lost[partition.name] = lost.get(partition.name, 0) + gap.messages
                if gap.is_recent(now):
                    found[f"log_gap:{partition.name}"] = partition.words_of(gap)
        self.live.health.log_gaps = lost
        return found

    async def look_at_disk(self) -> None:
        """Follows whether the folder of the checkpoints can be written, for ever."""
        while True:
            self._disk = await asyncio.to_thread(disk.measure, self.settings.checkpoints)
            await asyncio.sleep(DISK_EVERY)

    async def beat(self) -> None:
        """Says once a second that this worker has turns, for ever, and has what writes to the
        topics begin anew, where it has ended by itself."""
        while True:
            self.live.health.turned_at = steady_clock()
            self.alerts.revive()
            self.outbox.revive()
            await asyncio.sleep(1)

    async def close(self) -> None:
        """The last checkpoint; releases the files and the folder."""
        for partition in self.partitions.values():
            await self._save(partition)
        await self.alerts.close()
        for partition in self.partitions.values():
            async with partition.saving:
                await asyncio.to_thread(partition.checkpoint.close)
        await asyncio.to_thread(self.watch.close)
        self.folder.close()


class TroubleLog:
    """Logs what keeps a worker from being ready: at once, every minute, and when it is over.

    Troubles have the keys of `streams.live.Health.troubles`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[str, tuple[str, float]] = {}

    def say(self, troubles: Mapping[str, str]) -> None:
        """Takes all troubles as they are now. Only another first sentence is another problem."""
        now = self._clock()
        for key, words in troubles.items():
            problem = words.partition(". ")[0]
            before, at = self._said.get(key, ("", 0.0))
            if problem != before or now - at >= TROUBLE_REPEATS:
                self._said[key] = problem, now
                log.error("not ready: %s", words)
        for key in self._said.keys() - troubles.keys():
            log.warning("over: %s", self._said.pop(key)[0])

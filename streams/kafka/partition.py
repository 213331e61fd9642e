"""One topic-partition that this worker holds: its fold, its offset, its checkpoint.

All of it belongs to the event loop; only `load` and the writing of a snapshot run in a thread, and
never both at once. Folding a lot of messages and taking the offset of each is one turn, and so is
the taking of a snapshot: a turn may be cut into slices, between which the event loop is free, but
no other turn of the same partition begins within it. So no snapshot ever holds a part of a message.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from inspect import GEN_CLOSED, getgeneratorstate
from itertools import chain
from pathlib import Path

import msgspec

from streams.board.incomplete import horizon_of
from streams.board.monitor import Folded, Refusal, Shard
from streams.config.force import Force
from streams.errors import CheckpointError
from streams.events import deadletters
from streams.fold.ledger import Ledger, Sealed
from streams.fold.log_gap import LogGap, of_former_log, with_gap
from streams.fold.panes import Pane, clock_and_grain, stored_grain
from streams.kafka import unpacking, wrong_partition
from streams.kafka.lots import KafkaMessage
from streams.kafka.topics import partition_of, topic_name
from streams.live import Busy, Live
from streams.periods import MINUTE, rfc3339
from streams.registry.registry import REGISTRY, Registry
from streams.sources.clock import wall_clock
from streams.state import archive, declared, garbage
from streams.state import snapshot as snapshots
from streams.state import surveillance as watching
from streams.state.checkpoint import STATE_VERSION, Checkpoint
from streams.state.snapshot import Deferred, Head, Identity, Outgoing, PaneRow, Snapshot, WatchRow

log = logging.getLogger("watchroom.partition")

NO_OFFSET = -1
LONG_LOT = 10
"""Slices of a lot that is long in counting: a thousand lines that close no period take fewer."""
FOLDING, TAKING = 0.002, 0.002
"""Seconds of folding a lot, and of taking a snapshot, at a stretch; the step that ends it comes on
top, which takes some ms where much is handed over or sealed."""


def fingerprint(kind: str, forces: Iterable[Force], registry: Registry = REGISTRY) -> str:
    """That of a checkpoint of so many forces (`streams.state.declared`)."""
    return declared.fingerprint(registry.kinds.get(kind), forces, STATE_VERSION)


class Partition:
    """A topic-partition: what it holds, up to `held`, of which `saved` is in the checkpoint."""

    def __init__(
        self,
        live: Live,
        shard: Shard,
        path: Path,
        identity: Identity,
        prefix: str,
        count: int,
        *,
        surveillance: bool = False,
    ) -> None:
        self.live, self.shard, self.prefix, self.count = live, shard, prefix, count
        self.surveillance = surveillance
        self.topic, self.number = identity.topic, identity.partition
        self.checkpoint = Checkpoint(path, identity)
        self.saving = asyncio.Lock()
        self.busy = Busy()
        self.torn = False
        """A message was given up half-way: what is held here must not be saved any more."""
        self.leaving = False
        """The lot that is being folded ends with its next message."""
        self.on_slice: Callable[[], None] = lambda: None
        """Called between the slices of a lot."""
        self._turn = asyncio.Lock()
        self._message: KafkaMessage
        """The one that is being folded."""
        self._ledgers: list[tuple[Force, Ledger]] = []
        self.post: Callable[[list[tuple[int, Outgoing]]], None] = lambda _: None
        self.misplaced_lines = wrong_partition.MisplacedLines()
        self.refused: Counter[str] = Counter()
        self.archives: dict[str, archive.Archive] = {}
        """What the published topic holds of a log that is read again, by force."""
        self.archived_until = NO_OFFSET
        """The offset up to which that may be ahead of what was read."""
        self.whole = False
        """The log that is read again has not lost its beginning."""
        self._cut = False
        """It has, and all that is held comes from it."""
        self._learned: dict[str, dict[str, bytes]] = {}
        """What detectors had learned by an outdated checkpoint, while it is not known whether the
        log has all that they learned it from."""
        self._unlearned: set[str] = set()
        """Forces of which it is lost, and the log has not all of it: their detectors learn anew
        once the published panes are in, and nothing of them is saved until then."""
        self.folded = self.saved = NO_OFFSET
        """Offsets: folded, and written to the checkpoint."""
        self.appended = 0
        """When the log took the last message that is held, in ms."""
        self._before_gap = False
        """Nothing has come since the latest gap of the log."""
        self.follows = False
        """The stream has come to what is held, without a gap, since the last assignment."""
        self.read_back = 0
        """Events read back since the last assignment."""
        self.target = NO_OFFSET
        """The offset up to which it must have read to be ready."""
        self.ready = False
        self.confirmed = False
        """Since the last assignment its topic is known to be the one that it is of."""
        self.shown = False
        self.high = 0
        """The end of what may be read, as last heard: the last stable offset."""
        self.saved_at = time.monotonic()
        self._number = 0
        self._outbox: list[tuple[int, Outgoing | Deferred]] = []
        self._sealed: list[PaneRow] = []
        self._changed = False
        self._watch()

    @property
    def name(self) -> str:
        """`watchroom.calls/3`."""
        return f"{self.topic}/{self.number}"

    @property
    def lag(self) -> int:
        """Offsets not yet passed, as far as is known. Those without a message are passed by `skip`;
        what an open transaction holds is beyond the end."""
        return max(0, self.high - self.folded - 1)

    @property
    def changed(self) -> bool:
        """Whether there is something that the checkpoint does not hold."""
        return self._changed or self.folded > self.saved

    def _watch(self) -> None:
        snapshots.watch(self.shard)
        self.checkpoint.keep_departed(self.shard)
        if self.surveillance:
            watching.watch(self.shard)
        forces = {force.id: force for force in self.shard.forces}
        self._ledgers = [
            (forces[name], ledger) for name, ledger in sorted(self.shard.ledgers().items())
        ]
        for index, name in enumerate(snapshots.forces_of(self.shard)):
            fold = self.shard.folds[name]
            if isinstance(fold, Ledger):
                fold.on_seal = _Sealing(self, index, forces[name], fold)

    def load(self, generation: int, member: str) -> list[tuple[int, Outgoing]]:
        """Reads the checkpoint, in a thread, before anything is folded; returns its unsent mail.

        The mail of an outdated checkpoint is `waiting` for the first save of the new one; all other
        may be sent at once.
        """
        with garbage.kept_off():
            return self._load(generation, member)

    def _load(self, generation: int, member: str) -> list[tuple[int, Outgoing]]:
        stored = self.checkpoint.load()
        self.checkpoint.claim(generation, member)
        if (former := self.checkpoint.former) is not None:
            self._note_made_again(former)
        if stored is None:
            return []
        if stored.head is not None:
            self._sealed = snapshots.put_back(self.shard, stored)
            self._changed = bool(self._sealed)
            if stored.head.offset == NO_OFFSET:
                self._learned = stored.watches
            else:
                watching.put_back(self.shard, stored.watches)
            self.folded = self.saved = stored.head.offset
            self.archived_until = stored.head.archived_until
            self.refused = Counter(stored.head.refused)
            self.appended = stored.head.appended or stored.head.saved_at
            self.shard.gaps = list(stored.head.gaps)
        else:
            self._outbox, self._changed = list(stored.outbox), bool(stored.outbox)
            self._learned = stored.watches
        self._number = max((number for number, _ in stored.outbox), default=0)
        return stored.outbox

    async def settled(self) -> None:
        """Waits for the turn that is being taken, if any."""
        if self._turn.locked():
            async with self._turn:
                pass

    async def settle(self, seconds: float) -> None:
        """The same, before the partition is let go: the turn ends with the message that is being
        folded. One that takes longer is given up, with all since the last save."""
        self.leaving = True
        try:
            async with asyncio.timeout(seconds):
                await self.settled()
        except TimeoutError:
            self.torn = True
            log.warning(
                "%s: a message that takes long was given up at offset %d; the log has it",
                self.name, self.folded + 1,
            )  # fmt: skip

    def start_over(self, why: str) -> None:
        """Sets the checkpoint aside and empties the fold."""
        self.checkpoint.discard(why)
        self.leave()
        self.shard = Shard(
            self.shard.kind,
            self.shard.forces,
            registry=self.shard.registry,
            admits=self.shard.admits,
        )
        self.refused = Counter()
        self.folded = self.saved = self.archived_until = NO_OFFSET
        self.appended, self._before_gap = 0, False
        self.archives = {}
        self._sealed, self._outbox = [], []
        self._learned, self._unlearned = {}, set()
        self._watch()
        garbage.collect_frozen()

    def note_beginning(self, first: int, after: int | None = None, appended: int = 0) -> None:
        """Takes in that the log begins at offset `first`: what came after the offset `after`, by
        default the last that is held, which the log took at `appended`, is lost. One that holds
        nothing yet has lost nothing that it had begun to count (`half_counted`)."""
        after = self.folded if after is None else after
        if after == NO_OFFSET or first <= after + 1 or not self.shard.forces:
            return
        now = wall_clock()
        gap = LogGap(after + 1, first - 1, appended or self.appended, now, now)
        kept = [g for g in self.shard.gaps if g.mendable(now, horizon_of(self.shard.kind))]
        with self.live.lock:
            self.shard.gaps = with_gap(kept, gap)
        if gap in self.shard.gaps:
            self._before_gap = self._changed = True
            log.error("%s", self.words_of(gap))

    def _note_made_again(self, former: Head) -> None:
        """Takes in that the topic was made again, from the head of the checkpoint of the one
        before: what was not sealed of it is in no figure any more."""
        if former.offset == NO_OFFSET or not self.shard.ledgers():
            return
        now, horizon = wall_clock(), horizon_of(self.shard.kind)
        sealed = [each.sealed_before for each in former.folds.values() if each.sealed_before]
        since = min(sealed, default=now - horizon)
        gap = of_former_log(former.gaps, former.offset, since, horizon, now)
        self.shard.gaps, self._changed = [gap], True
        log.error("%s", self.words_of(gap))

    def words_of(self, gap: LogGap) -> str:
        """A gap of this partition: the problem, its cure, more; a sentence each."""
        zone = self.shard.forces[0].zone
        since, until = (rfc3339(at, zone)[:16].replace("T", " ") for at in (gap.since, gap.until))
        if gap.made_again:
            return (
                f"{self.name}: the topic was made again by {until}, so figures of {since} to "
                f"{until} count only what was sent since. Have the source send the records of that "
                f"time again. The old one had up to {gap.messages:,} messages in this partition"
            )
        return (
            f"{self.name}: the log lost up to {gap.messages:,} messages of {since} to {until} "
            "before they were counted. Have the source send the records of that time again. See "
            "watchroom topics check: the topic may be kept for too short a time (retention.ms)"
        )

    def _end_gap(self, appended: int) -> None:
        """The first message after a gap has come."""
        self._before_gap = False
        if self.shard.gaps:
            last = msgspec.structs.replace(self.shard.gaps[-1], until=appended)
            self.shard.gaps = [*self.shard.gaps[:-1], last]

    def begin_reading(self, first: int) -> None:
        """Before the log, which begins at offset `first`, is read: where it has lost its beginning,
        or what they had learned is of a backup, and so of another log, detectors go on from that;
        else they learn it from the log again."""
        self.whole = first == 0
        self._cut = not self.whole and self.needs_archive
        learned, self._learned = self._learned, {}
        restored = bool(learned) and self.checkpoint.restored
        if not self.needs_archive or (self.whole and not restored):
            if learned:
                log.info("%s: the whole log is there: detectors learn from it again", self.name)
            return
        for force, each in self.shard.surveillance.items():
            if each.is_ahead or watching.go_on(each, learned.get(force, {})):
                self._changed = True
            elif not self.whole:
                self._unlearned.add(force)

    async def end_reading(self) -> None:
        """Once the log has been read: detectors that had nothing to go on from learn anew from the
        counts, those of the published panes included."""
        await self.settled()
        self.settle_archives()
        for fold in self.shard.ledgers().values() if self._cut else ():
            if fold.began:
                fold.first_known = max(fold.first_known, fold.began + fold.kind.horizon)
        self._cut = False
        for words in self.half_counted:
            log.warning("%s", words)
        for force in self.shard.forces:
            if force.id in self._unlearned:
                if self.shard.ledgers()[force.id].first_known:  # published panes have come in
                    for _ in self.live.slices(watching.learn_anew(self.shard, force), FOLDING):
                        await _give_way()
                self._unlearned.remove(force.id)
                self._changed = True

    @property
    def half_counted(self) -> list[str]:
        """Of which days the log had lost some records that are in no figure, in words."""
        found = []
        for force, ledger in self.shard.ledgers().items():
            if (span := ledger.half_counted) is not None:
                first, last = (ledger.calendar.local(at).date() for at in span)
                found.append(
                    f"{ledger.kind.feed} of {force} from {first} to {last} are not all counted: "
                    "the log does not have them all any more"
                )
        return found

    @property
    def needs_archive(self) -> bool:
        """Whether sealed panes must come from the archive: nothing is folded, or reading the log
        again was broken off."""
        return self.folded <= self.archived_until

    async def take_archive(self, force: Force, found: archive.Archive) -> None:
        """Takes in the archive of a force, between two turns: a snapshot has all of it or
        nothing."""
        await self.settled()
        ledger = self.shard.folds[force.id]
        if isinstance(ledger, Ledger):
            self.archives[force.id] = ledger.published = found
            found.at, found.whole = self.folded + 1, found.whole and self.whole
            self.archived_until = max(self.archived_until, found.until)
            self._changed = True
            self.settle_archives()

    def _read_on(self, offset: int) -> None:
        """Gives the archives the offset of the next message, and drops those that are used up."""
        for name, found in list(self.archives.items()):
            found.at = offset
            if not found.panes and offset > found.until:
                del self.archives[name]
                ledger = self.shard.folds[name]
                if isinstance(ledger, Ledger):
                    ledger.published = None

    def show(self) -> None:
        """Lets its figures be seen on the board."""
        if not self.shown:
            self.shown = True
            with self.live.lock:
                self.live.monitor.add_shard(self.shard)

    def count_refused(self, *, again: bool) -> None:
        """Adds what was refused before to the monitor's counts, or takes all of it out."""
        counts = self.live.monitor.refused
        with self.live.lock:
            if again:
                counts[self.shard.kind] += self.refused
            else:
                counts[self.shard.kind] -= self.refused

    def leave(self) -> None:
        """Takes its figures off the board, for good."""
        self.count_refused(again=False)
        if self.shown:
            self.shown = False
            with self.live.lock:
                self.live.monitor.drop_shard(self.shard)

    def skip(self, position: int) -> None:
        """Takes the offsets before a position as held: no message is left there. While a lot takes
        its slices, its own offsets come first."""
        if not self._turn.locked():
            self.folded = max(self.folded, position - 1)

    async def fold(
        self,
        lot: Sequence[KafkaMessage],
        valid: Callable[[], bool] = lambda: True,
        seconds: float | None = None,
    ) -> None:
        """Folds messages, in the order of their offsets, and takes the offset of each with it;
        those that it holds already are passed over. Once the lot is no longer `valid` it ends with
        the message that is being folded. A slice takes `seconds`, by default `FOLDING`.

        Whoever is cancelled while a lot takes its slices leaves it to its end."""
        await self._turn.acquire()
        slices = self.live.slices(self._steps(lot, valid), FOLDING if seconds is None else seconds)
        try:
            done = next(slices, self) is self  # where little comes, a lot is done in one slice
        except BaseException:
            self._turn.release()
            raise
        if done:
            self._turn.release()
        else:
            await asyncio.shield(asyncio.ensure_future(self._go_on(slices)))

    async def _go_on(self, slices: Iterator[None]) -> None:
        number, done = 1, False
        try:
            while not done:
                number += 1
                if number == LONG_LOT:
                    self.busy.begin()
                self.on_slice()
                await _give_way()
                done = self.torn or next(slices, self) is self
        finally:
            if number >= LONG_LOT:
                self.busy.end()
            self._turn.release()

    def _steps(self, lot: Sequence[KafkaMessage], valid: Callable[[], bool]) -> Iterator[None]:
        """Folds messages in short steps; what is refused of them becomes dead letters."""
        folded = Folded(self._refuse)
        payloads = self._payloads(lot, valid, folded)
        while True:
            try:
                yield from self.live.monitor.steps_of(payloads, self.shard, folded)
            except Exception as error:  # a fault of ours must not stop the stream
                if getgeneratorstate(payloads) == GEN_CLOSED:
                    raise  # the taking of an offset failed: then nothing goes on
                message = self._message
                log.exception("%s: message %d could not be counted", self.name, message.offset)
                fault = f"{type(error).__name__}: {error}"
                folded.refused += 1
                self._refuse(Refusal(0, message.value or b"", "fault", fault))
            else:
                return

    def _payloads(
        self, lot: Sequence[KafkaMessage], valid: Callable[[], bool], folded: Folded
    ) -> Generator[tuple[bytes, int], None, None]:
        """The payloads of messages, and when the log took each. Whoever asks for the next one has
        folded all lines of the one before: then its offset is taken."""
        counted = NO_OFFSET
        for message in lot:
            if self.leaving or not valid():
                return
            offset, payload, appended = message.offset, message.value, message.timestamp
            if offset <= self.folded:
                continue
            self._message = message
            if self.archives:
                self._read_on(offset)
            if (why := unpacking.refusal(message)) is not None:
                self.live.monitor.refused[self.shard.kind][unpacking.TOO_LARGE] += 1
                self._refuse(
                    Refusal(0, (payload or b"")[: unpacking.KEPT_BYTES], unpacking.TOO_LARGE, why)
                )
                payload = b""
            if payload is None:
                self.live.monitor.refused[self.shard.kind]["no_value"] += 1
                self._refuse(Refusal(0, b"", "no_value", "the message has no value"))
            yield payload or b"", appended
            for force, ledger in self._ledgers:
                if ledger.late:
                    self._publish_late(force, ledger, offset)
            if payload and counted != appended:
                lines = payload.split(b"\n") if folded.refused else ()
                if not folded.refused or sum(map(bool, lines)) > folded.refused:
                    counted = appended
                    self.misplaced_lines.counted(self.topic, self.number, appended)
            self.folded, self.appended = offset, appended
            if self._before_gap:
                self._end_gap(appended)

    def _note_misplaced(self, raw: bytes) -> str:
        """Notes a line that came in a wrong partition; what its dead letter says."""
        message = self._message
        force = self.live.monitor.forces.get(deadletters.peek(raw)[0] or "")
        if force is None:
            return ""
        found = wrong_partition.misplaced(force, self.topic, self.number, message.key, self.count)
        self.misplaced_lines.refused(found, message.timestamp)
        return found.words

    def _refuse(self, refusal: Refusal) -> None:
        """Has a line of the message that is being folded sent as a dead letter."""
        line, raw, reason, detail = refusal
        if reason == wrong_partition.WRONG_PARTITION:
            detail = self._note_misplaced(raw) or detail
        self.refused[reason] += 1
        origin = f"{self.name}/{self._message.offset}/{line}"
        letter = deadletters.letter(raw, origin, reason, detail, self._message.timestamp)
        topic = topic_name(self.prefix, "deadletter")
        self.send(Outgoing(topic, origin.encode(), raw, letter.headers()))

    def send(self, message: Outgoing | Deferred) -> None:
        """Has a message sent once the checkpoint that holds its cause is written."""
        self._number += 1
        self._outbox.append((self._number, message))
        self._changed = True

    def seal(self, index: int, force: Force, ledger: Ledger, sealed: list[Sealed]) -> None:
        """Keeps the sealed panes of a ledger and publishes them; archived panes win over them."""
        archived = self.archives[force.id].panes if force.id in self.archives else {}
        for grain, minute, pane in sealed:
            if (grain, minute) not in archived:
                kept = self._keep(index, grain, minute, pane)
                # This message is still being folded: late versions in it are sent with the next.
                self._publish(force, ledger, grain, minute, kept)
        self.apply_archive(index, force, ledger)

    def _publish(self, force: Force, ledger: Ledger, grain: str, minute: int, pane: Pane) -> None:
        """Sends a sealed pane, which has in it what late versions have changed by now."""
        if clock_and_grain(grain)[0]:
            return  # only what is counted by the first clock is published
        topic_id = self.checkpoint.identity.topic_id
        topic = topic_name(self.prefix, "published")
        group = partition_of(force.partition_group, self.count)
        self.send(
            _SealedPane(topic, group, ledger, force, grain, minute, pane, self.folded, topic_id)
        )

    def publishing_revised(self) -> Iterator[None]:
        """Keeps and publishes the sealed panes that late versions have changed, a step each."""
        forces = {force.id: force for force in self.shard.forces}
        for index, name in enumerate(snapshots.forces_of(self.shard)):
            ledger = self.shard.folds[name]
            if isinstance(ledger, Ledger) and ledger.revised_sealed:
                revised, ledger.revised_sealed = ledger.revised_sealed, set()
                for grain, minute in sorted({ledger.place_now(*place) for place in revised}):
                    self._publish_revised(index, forces[name], ledger, grain, minute)
                    yield

    def publish_again(self) -> None:
        """The topic of published panes was made again: those that are held are sent into it."""
        for _, ledger in self._ledgers:
            ledger.revised_sealed.update((at, minute) for at, minute, _ in ledger.sealed_panes())
            self._changed |= bool(ledger.revised_sealed)

    def _publish_revised(
        self, index: int, force: Force, ledger: Ledger, grain: str, minute: int
    ) -> None:
        clock, unit = clock_and_grain(grain)
        if unit == "day":  # its hours may still lie in the file, and it stands for them
            at, end = minute * MINUTE, ledger.calendar.end("day", minute * MINUTE)
            while at < end:
                self._sealed.append((index, stored_grain(clock, "hour"), at // MINUTE, None))
                at = ledger.calendar.end("hour", at)
        kept = self._keep(index, grain, minute, ledger.stored(grain, minute))
        self._publish(force, ledger, grain, minute, kept)

    def _publish_late(self, force: Force, ledger: Ledger, offset: int) -> None:
        """Publishes which late versions a message has brought to a ledger."""
        topic_id = self.checkpoint.identity.topic_id
        topic = topic_name(self.prefix, "published")
        group = partition_of(force.partition_group, self.count)
        for record in sorted(ledger.late):
            late = archive.LateVersion(force.id, ledger.kind.name, record, offset, topic_id)
            self.send(Outgoing(topic, archive.late_key(late), archive.encode_late(late), [], group))
        ledger.late = set()

    def apply_archive(self, index: int, force: Force, ledger: Ledger) -> None:
        """Puts the archived panes whose period is sealed into a ledger."""
        if force.id in self.archives and self.archives[force.id].panes:
            for grain, minute, pane in archive.apply(ledger, self.archives[force.id]):
                self._keep(index, grain, minute, pane)

    def settle_archives(self) -> None:
        """Puts in the archived panes that no sealing has asked for: nothing was left to seal."""
        if not self.archives:
            return
        forces = {force.id: force for force in self.shard.forces}
        for index, name in enumerate(snapshots.forces_of(self.shard)):
            fold = self.shard.folds[name]
            if isinstance(fold, Ledger):
                self.apply_archive(index, forces[name], fold)

    def _keep(self, index: int, grain: str, minute: int, pane: Pane) -> Pane:
        """Has a sealed pane written as it is now; returns the copy."""
        kept = dict(pane)
        self._sealed.append((index, grain, minute, kept))
        self._changed = True
        return kept

    async def save(self) -> list[tuple[int, Outgoing]]:
        """Writes what changed to the checkpoint; returns the messages that may now be sent, which
        `post` has been given.

        Raises `CheckpointError`; what could not be written is kept for the next time. A caller that
        is cancelled leaves the writing to its end: half a save would be forgotten rows.
        """
        return await asyncio.shield(asyncio.ensure_future(self._save()))

    async def _save(self) -> list[tuple[int, Outgoing]]:
        async with self.saving:
            if not self.changed or self.torn:
                return []
            async with self._turn:
                snapshot = await self._take()
            try:
                await asyncio.to_thread(self.checkpoint.save, snapshot)
            except CheckpointError:
                snapshots.give_back(self.shard, snapshot)
                watching.give_back(self.shard, snapshot.watches)
                self._sealed = snapshot.sealed + self._sealed
                self._outbox = snapshot.outbox + self._outbox
                self._changed = True
                raise
            self.saved, self.saved_at = snapshot.offset, time.monotonic()
            sent = snapshot.made_outbox()
            self.post(sent)
            return sent

    async def _take(self) -> Snapshot:
        self.settle_archives()
        watches: list[WatchRow] = []
        until = time.monotonic() + TAKING
        for row in chain(self.publishing_revised(), watching.taking(self.shard, self._unlearned)):
            if row is not None:
                watches.append(row)
            if time.monotonic() > until:
                await _give_way()
                until = time.monotonic() + TAKING
        # At once from here on: an alert may leave for the outbox at any time.
        snapshot = snapshots.take(self.shard, self.folded, self.refused)
        snapshot.archived_until, snapshot.watches = self.archived_until, watches
        snapshot.appended, snapshot.gaps = self.appended, list(self.shard.gaps)
        snapshot.sealed, self._sealed = self._sealed, []
        snapshot.outbox, self._outbox = self._outbox, []
        self._changed = False
        return snapshot

    @property
    def waiting(self) -> int:
        """Messages to be sent that no checkpoint holds yet."""
        return len(self._outbox)


async def _give_way() -> None:
    """Lets all others have their turn. Whoever waits for a timer that has come due has it in the
    third round of the loop only: the timer is noticed in the first and goes off in the second."""
    for _ in range(3):
        await asyncio.sleep(0)


class _Sealing(msgspec.Struct, frozen=True):
    """What a ledger calls when panes are sealed."""

    partition: Partition
    index: int
    force: Force
    ledger: Ledger

    def __call__(self, sealed: list[Sealed]) -> None:
        self.partition.seal(self.index, self.force, self.ledger, sealed)


@dataclass(frozen=True, slots=True)
class _SealedPane:
    """The message of a sealed pane, which is made in the thread that writes."""

    topic: str
    group: int
    ledger: Ledger
    force: Force
    grain: str
    minute: int
    pane: Pane
    through: int
    topic_id: str

    def made(self) -> Outgoing:
        """The message."""
        key = archive.key_of(self.force.id, self.ledger.kind.name, self.grain, self.minute)
        value = archive.encode(
            self.ledger, self.force, self.grain, self.minute, self.pane,
            through=self.through, topic_id=self.topic_id,
        )  # fmt: skip
        return Outgoing(self.topic, key, value, [], self.group)

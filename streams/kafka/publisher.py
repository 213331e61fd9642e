"""Send any source to Kafka: batches of one kind and one key, in order, each acknowledged by all.

A message is up to `batch` event lines joined by newlines. They are of one kind, which is the topic,
and of one partition group, which is the key; the partition is the murmur2 hash of the key, as
kafka-python and the Java client have it by default. A line that can't be sent (it does not decode,
its force is unknown, it is above the message limit) goes to a local file and is counted.
"""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import kafka.errors
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from streams.config.force import Force
from streams.errors import KafkaError, Refused, SourceError
from streams.events.deadletters import DeadLetterFile, letter
from streams.events.lenient import decode
from streams.events.origin import as_replayed
from streams.kafka import brokers
from streams.kafka.late_rows import in_words, late_rows
from streams.kafka.log_contents import newest_update, record_ids
from streams.kafka.refusals import NotAllowed, missing_right, refusal
from streams.kafka.security import current
from streams.kafka.topics import INPUT_TOPICS, creating, input_topic, partition_of, seen
from streams.registry.registry import REGISTRY
from streams.sources.clock import wall_clock
from streams.sources.event_lines import Chunk, Rejected
from streams.sources.order.play import Play
from streams.sources.order.player import Player, Stage
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.stops import Stopped, Stops

KIND_OF = {struct: kind for kind, struct in REGISTRY.structs.items()}
BROKER_LIMIT = 1_048_588
"""max.message.bytes of a broker that was not told otherwise; used where it can't be asked."""
OVERHEAD = 256
"""More than a batch of one message adds to its key and value (61 bytes of header, and lengths)."""
WRITE = ("Write",)
IN_FLIGHT = 32 << 20
"""Bytes handed over and not yet acknowledged: kafka-python itself would queue without end."""


@dataclass
class PublishCounts:
    """What became of the rows that were read for publishing, so far."""

    sent: Counter[str] = field(default_factory=Counter)
    """By kind, the lines that all in-sync replicas have acknowledged."""
    refused: Counter[str] = field(default_factory=Counter)
    """By reason."""
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of each reason the first row that was refused: its place, and what was wrong with it."""
    messages: int = 0
    bytes: int = 0
    read: int = 0
    excluded: int = 0
    last: str | None = None
    interrupted: bool = False


class _Pending:
    """Lines waiting to become one message, and where it goes; `limit` is for its value."""

    __slots__ = ("key", "kind", "limit", "lines", "size", "topic")

    def __init__(self, kind: str, key: bytes, topic: str, limit: int) -> None:
        self.kind, self.key, self.topic, self.limit = kind, key, topic, limit
        self.lines: list[bytes] = []
        self.size = 0


class Publisher:
    """Takes chunks and sends them; use it with `with`, and call `finish` before leaving. It is a
    sink of `streams.sources.order.player.Player`.

    With `replays`, lines that call themselves live (or say nothing of it) are sent as replayed.

    Raises `KafkaError` when the brokers can't be reached within `brokers.BOOTSTRAP_SECONDS`, a
    topic is missing, or they stop answering. `max_bytes` lowers the message limit of the topics.
    """

    keeps = True

    def __init__(
        self,
        bootstrap: str,
        prefix: str,
        forces: Mapping[str, Force],
        *,
        batch: int = 300,
        dead_letters: Path,
        max_bytes: int | None = None,
        replays: bool = False,
        clock: ReplayClock | None = None,
    ) -> None:
        self.replays, self.clock = replays, clock
        self.bootstrap, self.prefix, self.batch = bootstrap, prefix.rstrip("."), batch
        self.counts = PublishCounts()
        self._letters = DeadLetterFile(dead_letters)
        self._groups = {id_: force.partition_group for id_, force in forces.items()}
        self._refused_rows: set[str] = set()
        """Places of rows of several versions of which one was refused: they count once."""
        self._closed: set[str] = set()
        """The topics that this client has no right to write to."""
        self._pending: dict[tuple[str, bytes], _Pending] = {}
        self._routes: dict[tuple[type, str], _Pending] = {}
        self._room = threading.Condition()
        self._in_flight = 0
        self._failure: Exception | None = None
        brokers.await_brokers(bootstrap)
        self._limits = self._ask_limits(max_bytes)
        largest = max([BROKER_LIMIT, *self._limits.values()])
        self._producer = brokers.connected(
            KafkaProducer,
            bootstrap,
            # Both are kafka-python's defaults; said here, a conflicting option would raise.
            acks="all",
            enable_idempotence=True,
            # kafka-python sums CRC-32C in Python, a byte at a time: with fewer bytes a
            # replay is seven times as fast. Every client reads gzip without a further library.
            compression_type="gzip",
            linger_ms=5,
            # Several messages share a request, which must stay below the smallest topic's limit.
            batch_size=min(1 << 18, *self._limits.values(), BROKER_LIMIT),
            max_request_size=largest,
            allow_auto_create_topics=False,
        )

    def __enter__(self) -> Publisher:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close the connection and the file; what was not flushed is not waited for."""
        self._producer.close(timeout=0 if kind else 10)
        self._letters.close()

    def _ask_limits(self, max_bytes: int | None) -> dict[str, int]:
        """The largest message of each topic of ours that there is."""
        admin = brokers.connected(KafkaAdminClient, self.bootstrap)
        with brokers.in_use(admin, self.bootstrap):
            there, hidden = seen(admin, [input_topic(self.prefix, kind) for kind in INPUT_TOPICS])
            writable = [name for name, found in there.items() if found.allows(*WRITE)]
            self._closed = {*hidden, *there} - {*writable}
            limits = dict.fromkeys(writable, BROKER_LIMIT)
            try:
                asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in writable]
                described = admin.describe_configs(asked, config_filter="all") if asked else {}
            except kafka.errors.KafkaError:
                described = {}
            for topic, settings in described.get("topic", {}).items():
                # Not everybody may ask, and is then told nothing; the default is a fair guess.
                if "max.message.bytes" in settings:
                    limits[topic] = int(settings["max.message.bytes"]["value"])
        return {t: min(limit, max_bytes or limit) for t, limit in limits.items()}

    def newest(self, kind: str, force: str) -> int:
        """The newest update (ms) of a force that the topic of a kind holds; 0 for none.

        Raises `KafkaError`.
        """
        place = self._place(kind, force)
        try:
            return 0 if place is None else newest_update(self.bootstrap, *place, force)
        except NotAllowed as error:
            raise KafkaError(
                f"files are history, which is compared with what the topics hold: {error}. A feed "
                "needs no such right; it sends what comes, by standard input: watchroom publish -"
            ) from error

    def record_ids(self, kind: str, force: str) -> Iterator[str]:
        """The ids of the records of a force that the topic of a kind holds.

        Raises `KafkaError`.
        """
        place = self._place(kind, force)
        return iter(()) if place is None else record_ids(self.bootstrap, *place, force)

    def _place(self, kind: str, force: str) -> tuple[str, int] | None:
        """The topic and partition of a kind and force; None where there is none."""
        topic = input_topic(self.prefix, kind)
        count = len(self._producer.partitions_for(topic) or ()) if topic in self._limits else 0
        if not count or force not in self._groups:
            return None
        return topic, partition_of(self._groups[force], count)

    def enter(self, stage: Stage, speed: float | None) -> None:
        """What is sent says itself when it was."""

    def settle(self) -> None:
        """Send what waits for more lines; raises `KafkaError`."""
        for pending in self._pending.values():
            if pending.lines:
                self._send(pending)

    def take(self, chunk: Chunk) -> None:
        """Send a chunk, or keep it until its batches are full; raises `KafkaError`."""
        for rejected in chunk.rejected:
            self._refuse(rejected)
        for index, line in enumerate(chunk.lines()):
            try:
                self._add_line(line)
            except Refused as refused:
                place = chunk.place(index)
                if chunk.begins is None or place not in self._refused_rows:
                    self._refused_rows.add(place)
                    self._refuse(Rejected(line, refused.reason, refused.detail, place))
        self.counts.read += chunk.rows
        self.counts.excluded += chunk.excluded
        if chunk.line_numbers:
            self.counts.last = chunk.place(len(chunk.line_numbers) - 1)

    def _refuse(self, rejected: Rejected) -> None:
        raw, reason, detail, origin = rejected
        self._letters.write(letter(raw, origin, reason, detail, wall_clock()))
        self.counts.refused[reason] += 1
        self.counts.examples.setdefault(reason, (origin, detail))

    def _add_line(self, line: bytes) -> None:
        event = decode(line, REGISTRY.decode_line)
        if self.replays:
            line = as_replayed(line, event)
        pending = self._routes.get((type(event), event.force))
        if pending is None:
            pending = self._route(type(event), event.force)
        if len(line) > pending.limit:
            raise Refused(
                "too_large",
                f"the line has {len(line):,} bytes; a message to {pending.topic} holds "
                f"{pending.limit:,}",
            )
        if pending.lines and pending.size + len(line) > pending.limit:
            self._send(pending)
        pending.lines.append(line)
        pending.size += len(line) + 1
        if len(pending.lines) >= self.batch:
            self._send(pending)

    def _route(self, struct: type, force: str) -> _Pending:
        """Where the events of a kind and a force wait; raises `Refused` for an unknown force."""
        group = self._groups.get(force)
        if group is None:
            known = ", ".join(sorted(self._groups))
            raise Refused("unknown_force", f'there is no force "{force}"; known are {known}')
        kind = KIND_OF[struct]
        topic = input_topic(self.prefix, kind)
        key = group.encode()
        limit = self._limits.get(topic)
        if topic in self._closed:
            raise self._refused(missing_right(current(), self.bootstrap, "topic", [topic], WRITE))
        if limit is None:
            raise KafkaError(
                f'the topic "{topic}" is missing. Create the topics with: '
                f"{creating(self.bootstrap, self.prefix)}"
            )
        pending = self._pending.get((kind, key))
        if pending is None:  # forces of one partition group share their batches
            pending = _Pending(kind, key, topic, limit - OVERHEAD - len(key))
            self._pending[kind, key] = pending
        self._routes[struct, force] = pending
        return pending

    def _send(self, pending: _Pending) -> None:
        value = b"\n".join(pending.lines)
        count, size = len(pending.lines), len(value)
        with self._room:
            while self._in_flight > IN_FLIGHT and self._failure is None:
                self._room.wait(1.0)
            self._in_flight += size
        self._check()
        try:
            future = self._producer.send(pending.topic, value=value, key=pending.key)
        except kafka.errors.KafkaError as error:
            self._failure = error
            self._check()
        else:
            # Only now: where a stop breaks in, lines that go twice count once, lost ones never.
            pending.lines, pending.size = [], 0
            future.add_callback(self._sent, pending.kind, count, size)
            future.add_errback(self._failed, size)

    def _sent(self, kind: str, count: int, size: int, _where: object) -> None:
        """Note an acknowledged message; runs in the producer's own thread."""
        with self._room:
            self._in_flight -= size
            self.counts.sent[kind] += count
            self.counts.messages += 1
            self.counts.bytes += size
            self._room.notify()

    def _failed(self, size: int, error: Exception) -> None:
        """Note a message that was given up; runs in the producer's own thread."""
        with self._room:
            self._in_flight -= size
            self._failure = self._failure or error
            self._room.notify()

    def _check(self) -> None:
        if self._failure is not None:
            why = refusal(self._failure, current(), self.bootstrap, operations=WRITE)
            raise self._refused(
                why
                or KafkaError(
                    f"the Kafka brokers at {self.bootstrap} did not take a batch ({self._failure})"
                )
            )

    def _refused(self, why: KafkaError) -> KafkaError:
        """An error, with what has become of the events."""
        return KafkaError(
            f"{why}. {sum(self.counts.sent.values()):,} events are safely there; mend this and "
            "publish again: what is sent twice is counted once"
        )

    def finish(self, seconds: float = 120.0) -> None:
        """Send what is kept and wait until all is acknowledged; raises `KafkaError`."""
        self.settle()
        try:
            self._producer.flush(timeout=seconds)
        except kafka.errors.KafkaError as error:
            self._failure = self._failure or error
        self._check()


def publish(
    source: Iterable[Chunk] | Play,
    bootstrap: str,
    prefix: str = "watchroom",
    *,
    forces: Mapping[str, Force],
    dead_letters: Path = Path("refused.ndjson"),
    batch: int = 300,
    speed: float | None = None,
    progress: Callable[[PublishCounts], None] | None = None,
) -> PublishCounts:
    """Send a source to `{prefix}.calls`, `.incidents`, `.crimes`, `.readings`, `.heartbeats`.

    A `Play` is sorted and looked through before anything is sent: where rows of it would be refused
    as sealed, since the topics hold newer records, nothing is sent and `SourceError` raised. It is
    sent at `speed` times the pace of the wall clock, by default as fast as it goes. `forces` are
    the known forces by id. Rows that are refused are appended to `dead_letters`. `progress` is
    called after every chunk. Ctrl-C ends the reading, and everything read so far is still sent (of
    a play that is still being sorted nothing is); a second one ends at once. Raises `KafkaError`,
    and `SourceError` for an input that is damaged, after sending what came before the damage.
    """
    with Publisher(bootstrap, prefix, forces, batch=batch, dead_letters=dead_letters) as publisher:
        with Stops(signal.SIGINT, insists=True) as stops:
            play_into(publisher, Player(source, publisher, speed=speed, stops=stops), progress)
        return publisher.counts


def play_into(
    publisher: Publisher,
    player: Player,
    progress: Callable[[PublishCounts], None] | None = None,
) -> Stopped | None:
    """Has a player send all of its source, and waits until it is acknowledged; see `publish`.
    Returns what broke it off, if anything did."""
    report = progress or (lambda _counts: None)
    stopped: Stopped | None = None
    try:
        for _ in player.gathering():
            report(publisher.counts)
        if isinstance(player.source, Play):
            check_arrival(player.source, publisher)
        for _ in player.steps():
            report(publisher.counts)
    except Stopped as caught:
        stopped, publisher.counts.interrupted = caught, True
    except SourceError:
        publisher.finish()
        raise
    publisher.finish()
    report(publisher.counts)
    return stopped


def check_arrival(play: Play, publisher: Publisher) -> None:
    """Raises `SourceError` where rows of a play would come too late to be counted."""
    failure, play.failure = play.failure, None  # it is raised when the lines are sent
    late = late_rows(play, play.judge, publisher.newest)
    play.failure = failure
    late.leave_out_known(publisher.record_ids)
    if late.rows:
        raise SourceError(in_words(late, play.rows, publisher.prefix))

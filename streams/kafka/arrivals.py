"""When something last came of each feed, and how long it may stay away: read from the input topics
alone, whether or not a worker runs.

A feed with heartbeats is silent as a worker has it (`streams.fold.heartbeats`). Without them it is
silent after twice the longest pause that it made lately, the very longest left out, so that one
outage makes nobody wait longer for the next. Of a busy feed less than a day may be read: it is
judged where it came steadily, minute by minute, and no extract or history was sent all at once.
That is coarser than what a worker says, which knows how much comes at each hour of the week, and it
needs no worker. All times are those at which the brokers took a message.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
from kafka import TopicPartition

from detectors.silence import duration_in_words
from streams.config.force import Force
from streams.errors import Refused
from streams.events.schema import Heartbeat
from streams.fold.heartbeats import (
    KIND_OF,
    PRESUMED,
    Heartbeats,
    interval_of,
    is_missed,
    patience,
)
from streams.kafka.log_reader import between, reader
from streams.kafka.topics import INPUT_TOPICS, Found, input_topic
from streams.kafka.unpacking import refusal
from streams.periods import DAY, MINUTE, SECOND
from streams.registry.registry import REGISTRY

LOOKED = 15 * DAY
"""How far back pauses are looked for, in ms: two weekends."""
MOST_MESSAGES = 5_000
"""Newest messages of a partition that are read at most."""
TAIL = 100
"""Messages at the end of a partition that are read however old they are."""
FEW = 20
"""Messages from which it is known how long a feed pauses."""
TIMES = 2.0
"""A feed is silent after so many times its longest usual pause."""
LEAST = 300.0
"""Seconds that any feed without heartbeats is waited for."""
LEAST_OF_BUSY = 900.0
"""The same of a feed of which less than a day was read: at other hours less may come."""
STEADY_MINUTES, STEADY_SHARE = 30, 0.5
"""A feed came steadily where so many minutes have a message, and such a share of all of them."""
MOST_A_MINUTE = 200
"""Messages; in a minute with more of them an extract or a history was sent: live ones are fewer."""


class _Line(msgspec.Struct):
    force: str = ""
    feed: str = ""
    every_seconds: float | None = None


_read_line = msgspec.json.Decoder(_Line).decode


class FeedSeen(NamedTuple):
    """What came of a feed of a force."""

    topic: str
    force: str
    feed: str
    latest: int
    """When the last of it was taken, in ms."""
    patience: float | None
    """Seconds after which it is silent; None where too little came to know."""
    usual: str
    """What is usual of it, in words."""

    def silent(self, at: int) -> bool:
        """Whether it is silent at an instant, in ms."""
        return self.patience is not None and at - self.latest > self.patience * SECOND

    def in_words(self, at: int) -> str:
        """What there is to be said of it at an instant, in ms."""
        age = duration_in_words(max(0, at - self.latest) / SECOND)
        who = f"{self.topic}, {self.force}, feed {self.feed}"
        if self.silent(at):
            return f"{who}: nothing for {age}: {self.usual}"
        return f"{who}: last {age} ago; {self.usual}"


@dataclass
class LogSeen:
    """What was read."""

    feeds: list[FeedSeen] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    """Input topics that have no message."""
    unreadable: list[str] = field(default_factory=list)
    """Input topics that this client has no right to read."""
    unknown: list[str] = field(default_factory=list)
    """Ids of forces in the messages that are not known."""


def read_feeds(
    bootstrap: str,
    found: Mapping[str, Found],
    prefixes: Sequence[str],
    forces: Mapping[str, Force],
    at: int,
) -> LogSeen:
    """Reads the ends of the input topics that there are, as of an instant in ms; raises
    `KafkaError`."""
    kinds = {input_topic(prefix, kind): kind for prefix in prefixes for kind in INPUT_TOPICS}
    there = {name: kind for name, kind in kinds.items() if name in found}
    seen = LogSeen(unreadable=[name for name in there if not found[name].allows("Read")])
    readable = {name: kind for name, kind in there.items() if name not in seen.unreadable}
    places = [TopicPartition(t, n) for t in readable for n in range(found[t].partitions)]
    topics_with_messages = set[str]()
    with reader(bootstrap) as consumer:
        ends = _ends(consumer, places, at - LOOKED) if places else {}
        cut_off = {place for place, (first, end) in ends.items() if end - first == MOST_MESSAGES}
        taken = _Taken(forces, cut_off)
        for record in _folded(consumer, ends):
            topics_with_messages.add(record.topic)
            taken.take(record, readable[record.topic])
    seen.empty = [name for name in readable if name not in topics_with_messages]
    seen.unknown = sorted(taken.unknown)
    seen.feeds = sorted(taken.feeds(at))
    return seen


class _Taken:
    """What came, by topic, force and feed; `cut_off` are the partitions of which only the newest
    messages are read."""

    def __init__(self, forces: Mapping[str, Force], cut_off: Container[TopicPartition]) -> None:
        self.forces, self.cut_off = forces, cut_off
        self.unknown = set[str]()
        self._times: dict[tuple[str, str, str], list[int]] = {}
        self._cut_off = set[tuple[str, str, str]]()
        self._beats: dict[str, Heartbeats] = {}
        self._beat_topics: dict[tuple[str, str], str] = {}

    def take(self, record: Any, kind: str) -> None:
        """Notes a message of the topic of a kind."""
        for line in set(_lines(record.value)):
            force, feed, every = line
            if force not in self.forces:
                self.unknown.add(force)
            elif kind == "heartbeat":
                self._beat(record, force, feed, every)
            else:
                key = record.topic, force, REGISTRY.feeds[kind]
                self._times.setdefault(key, []).append(record.timestamp)
                if TopicPartition(record.topic, record.partition) in self.cut_off:
                    self._cut_off.add(key)

    def _beat(self, record: Any, force: str, feed: str, every: float | None) -> None:
        """Notes a heartbeat, at the time at which the brokers took it: its own may be wrong."""
        held = self._beats.setdefault(force, Heartbeats(self.forces[force]))
        at = dt.datetime.fromtimestamp(record.timestamp / SECOND, dt.UTC)
        try:
            beat = Heartbeat(force=force, feed=feed, at=at, every_seconds=every)
            held.add(beat, record.timestamp)
        except (Refused, ValueError):
            return  # a worker refuses it as well
        self._beat_topics[force, feed] = record.topic

    def feeds(self, at: int) -> Iterator[FeedSeen]:
        """Every feed that somebody would miss."""
        spoken_for = set[tuple[str, str]]()
        for force, beats in self._beats.items():
            for feed, heard in beats.missed(at).items():
                kind = KIND_OF.get(feed)
                named = REGISTRY.feeds.get(kind, feed) if kind else feed
                spoken_for.add((force, named))
                yield self._of_beats(force, feed, max(heard, self._latest(force, named)))
        for (topic, force, feed), times in self._times.items():
            missed = is_missed(self.forces[force], feed, max(times), at)
            if missed and (force, feed) not in spoken_for:
                cut_off = (topic, force, feed) in self._cut_off
                yield seen_of_records(topic, force, feed, times, cut_off=cut_off)

    def _latest(self, force: str, feed: str) -> int:
        """When the last record of a feed came; one is a sign of life as good as a heartbeat."""
        return max(
            (max(times) for (_, *of), times in self._times.items() if of == [force, feed]),
            default=0,
        )

    def _of_beats(self, force: str, feed: str, heard: int) -> FeedSeen:
        every = interval_of(self.forces[force], self._beats[force], feed)
        usual = "too few heartbeats came to know how far apart they are"
        if every is not None:
            usual = f"a heartbeat every {every:g} s"
        topic = self._beat_topics[force, feed]
        return FeedSeen(topic, force, feed, heard, patience(every or PRESUMED), usual)


def seen_of_records(
    topic: str, force: str, feed: str, times: Sequence[int], *, cut_off: bool
) -> FeedSeen:
    """A feed without heartbeats by the times, in ms, at which its messages were taken; `cut_off`
    where earlier ones were not read."""
    latest = max(times)
    if len(times) < FEW:
        usual = f"{len(times)} messages are too few to judge by"
        return FeedSeen(topic, force, feed, latest, None, usual)
    short = max(times) - min(times) < DAY  # as of an extract of a night, or of a history just sent
    if short and not (cut_off and _is_steady(times)):
        usual = f"{len(times):,} messages of less than a day are too little to judge by"
        return FeedSeen(topic, force, feed, latest, None, usual)
    pauses = sorted(later - earlier for earlier, later in pairwise(sorted(times)))
    longest = pauses[-2] / SECOND
    usual = f"its pauses are up to {duration_in_words(longest)}"
    least = LEAST_OF_BUSY if short else LEAST
    return FeedSeen(topic, force, feed, latest, max(least, TIMES * longest), usual)


def _is_steady(times: Sequence[int]) -> bool:
    """Whether messages came minute by minute, as live ones of a busy feed do, and not all at
    once."""
    minutes = Counter(at // MINUTE for at in times)
    few = len(minutes) < max(STEADY_MINUTES, STEADY_SHARE * (max(minutes) - min(minutes) + 1))
    return not few and max(minutes.values()) <= MOST_A_MINUTE


def _lines(value: bytes) -> Iterator[tuple[str, str, float | None]]:
    """The force, the feed and the interval that each line of a message names."""
    for text in value.split(b"\n"):
        if text:
            try:
                line = _read_line(text)
            except (msgspec.MsgspecError, UnicodeError):
                continue
            if line.force:
                yield line.force, line.feed, line.every_seconds


def _ends(consumer: Any, places: list[Any], since: int) -> dict[Any, tuple[int, int]]:
    """The first offset to read and the end of those partitions that hold messages: the newest of
    them, back to an instant in ms."""
    begins, ends = consumer.beginning_offsets(places), consumer.end_offsets(places)
    held = [place for place in places if ends[place] > begins[place]]
    then = consumer.offsets_for_times(dict.fromkeys(held, since)) if held else {}
    spans = {}
    for place in held:
        end = ends[place]
        first = max(end - MOST_MESSAGES, then[place].offset if then[place] else end)
        spans[place] = max(begins[place], min(first, end - TAIL)), end
    return spans


def _folded(consumer: Any, spans: Mapping[Any, tuple[int, int]]) -> Iterator[Any]:
    """The messages of some partitions between offsets, but for those that no worker folds."""
    for record in between(consumer, spans):
        if record.value and refusal(record) is None:
            yield record

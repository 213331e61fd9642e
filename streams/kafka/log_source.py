"""What topics hold, as a source: every message from the beginning of the log to where it ended when
the source was opened.

The partitions are assigned, not subscribed to, and nothing is committed: the reader belongs to no
group, so the offsets of a live group stay as they are and its members notice nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import kafka.errors
from kafka import TopicPartition
from kafka.errors import OffsetOutOfRangeError

from streams.errors import KafkaError
from streams.kafka.brokers import await_brokers, in_words
from streams.kafka.log_reader import PATIENCE, reader
from streams.kafka.refusals import Denied
from streams.kafka.topics import INPUT_TOPICS, admin, input_topic, seen
from streams.kafka.unpacking import KEPT_BYTES, TOO_LARGE, refusal
from streams.sources.event_lines import CHUNK_LINES, Chunk, Rejected


class LogSource:
    """A source of chunks (`streams.sources.order.play.Readable`); close it, or use it with `with`.

    `name` is a topic, or what the names of the input topics begin with (`watchroom` for
    `watchroom.calls` and the others). `spans` says for "topic/partition" from which offset and
    before which one to read, where that was settled earlier; else it is all that each has now. Its
    "bytes" are messages. Raises `KafkaError` for brokers that do not answer, for topics that are
    not there, and where a log no longer has all that `spans` says it had.
    """

    def __init__(
        self, bootstrap: str, name: str, spans: Mapping[str, tuple[int, int]] | None = None
    ) -> None:
        self.finite = True
        self.skipped: list[str] = []
        self.warnings: list[str] = []
        await_brokers(bootstrap)
        with ExitStack() as opened:  # which lets the brokers go where something is wrong
            self._consumer = opened.enter_context(reader(bootstrap))
            partitions = self._partitions(bootstrap, name)
            begins = self._consumer.beginning_offsets(partitions)
            ends = self._consumer.end_offsets(partitions)
            there = {_named(tp): (begins[tp], ends[tp]) for tp in partitions}
            self.spans = there if spans is None else still_there(spans, there)
            """From which offset each partition is read, and before which one."""
            self._left: dict[Any, int] = {}
            self.consumed_bytes = self.total_bytes = 0
            for tp in partitions:
                begin, end = self.spans.get(_named(tp), (0, 0))
                if begin < end:
                    self._left[tp] = end
                    self.total_bytes += end - begin
            self._consumer.assign(list(self._left))
            for tp in self._left:
                self._consumer.seek(tp, self.spans[_named(tp)][0])
            self._bootstrap = bootstrap
            self._chunks = self._all()
            self._open = opened.pop_all()

    def _partitions(self, bootstrap: str, name: str) -> list[Any]:
        there = self._consumer.topics()
        names = [name] if name in there else [input_topic(name, kind) for kind in INPUT_TOPICS]
        found = [
            TopicPartition(topic, number)
            for topic in names
            if topic in there
            for number in sorted(self._consumer.partitions_for_topic(topic) or ())
        ]
        if not found:
            with admin(bootstrap) as client:
                _, hidden = seen(client, names)
                if hidden:
                    raise Denied("topic", hidden, ("Read",))
            raise KafkaError(
                f'{bootstrap} has neither a topic "{name}" nor input topics that begin so, such as '
                f'"{names[0]}". Name one after the brokers: kafka://{bootstrap}/watchroom'
            )
        return found

    def __iter__(self) -> Iterator[Chunk]:
        """Itself."""
        return self

    def __next__(self) -> Chunk:
        """The next chunk, in the order of each partition; raises `KafkaError`."""
        try:
            return next(self._chunks)
        except OffsetOutOfRangeError as error:
            raise KafkaError(
                f"the brokers deleted messages while they were read ({error}): their retention is "
                "shorter than the reading. Replay from the start what is there"
            ) from error
        except kafka.errors.KafkaError as error:
            raise in_words(error, self._bootstrap, ("Read",)) from error

    def __enter__(self) -> LogSource:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Lets the brokers go."""
        self.close()

    def close(self) -> None:
        """Lets the brokers go; iterating ends."""
        self._open.close()

    def _all(self) -> Iterator[Chunk]:
        heard = time.monotonic()
        left, consumer = self._left, self._consumer
        while left:
            polled = consumer.poll(timeout_ms=1000)
            if polled:
                heard = time.monotonic()
            elif time.monotonic() - heard > PATIENCE:
                raise KafkaError(f"the brokers give nothing of {_named(min(left))} any more")
            for tp, records in polled.items():
                yield from chunks_of(_named(tp), [r for r in records if r.offset < left[tp]])
            self.consumed_bytes = self.total_bytes
            for tp, end in list(left.items()):
                at = consumer.position(tp)  # past what holds no message (of a transaction), too
                self.consumed_bytes -= max(0, end - at)
                if at >= end:
                    del left[tp]
                    consumer.pause(tp)


def still_there(
    spans: Mapping[str, tuple[int, int]], there: Mapping[str, tuple[int, int]]
) -> Mapping[str, tuple[int, int]]:
    """`spans`, where the log still holds them; `there` is what it holds now. Raises `KafkaError`:
    what is gone was counted as read, so what follows it would be taken for it."""
    for name, (begin, end) in spans.items():
        begins, ends = there.get(name, (0, 0))
        if begin < end and not begins <= begin < end <= ends:
            now = f"it has {begins} to {ends}" if begins < ends else "it has none"
            raise KafkaError(
                f"{name} had messages from offset {begin} to {end}, and now {now}. What is gone "
                "can't be replayed again: leave out --resume, and replay from the start what is "
                "there"
            )
    return spans


def chunks_of(name: str, messages: list[Any]) -> Iterator[Chunk]:
    """The lines of the messages of a partition as chunks; the number of a line is the offset of its
    message. A message that a worker would refuse as a whole is one refused row."""
    rejected: list[Rejected] = []
    held: list[bytes] = []
    numbers: list[int] = []
    blank = 0
    for message in messages:
        if (why := refusal(message)) is not None:
            raw = (message.value or b"")[:KEPT_BYTES]
            rejected.append(Rejected(raw, TOO_LARGE, why, f"{name}:{message.offset}"))
            continue
        for line in (message.value or b"").split(b"\n"):
            if not line or line.isspace():
                blank += 1
                continue
            held.append(line)
            numbers.append(message.offset)
        if len(held) >= CHUNK_LINES:
            yield Chunk(b"\n".join(held), name, numbers, rejected, excluded=blank)
            held, numbers, rejected, blank = [], [], [], 0
    if held or rejected or blank:
        yield Chunk(b"\n".join(held), name, numbers, rejected, excluded=blank)


def _named(tp: Any) -> str:
    return f"{tp.topic}/{tp.partition}"

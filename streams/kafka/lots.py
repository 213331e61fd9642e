"""Lots: what one fetch has brought, in the portions in which it is folded.

A fetch may hold one message of one partition or megabytes of twenty. A lot is what is folded of one
partition at a time, about a thousand lines; the partitions take turns, so that none waits for all
that another has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

Key = tuple[str, int]
"""A topic and a partition."""

LINES = 1000
"""Lines of a lot, above which it takes no further message."""


class KafkaMessage(Protocol):
    """A message as the clients hand it over; `timestamp` is when the log took it, in ms."""

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def timestamp(self) -> int: ...  # noqa: D102


class Lot(NamedTuple):
    """Messages of one partition, in the order of their offsets; at least one."""

    messages: Sequence[KafkaMessage]
    lines: int
    """How many lines they have, blank ones among them; a message without a value has one."""


def lots(messages: Sequence[KafkaMessage], lines: int = LINES) -> Iterator[Lot]:
    """Cuts the messages of a partition into lots, in their order. No message is cut."""
    first = held = 0
    for number, message in enumerate(messages, start=1):
        held += 1 if message.value is None else message.value.count(b"\n") + 1
        if held >= lines:
            yield Lot(messages[first:number], held)
            first, held = number, 0
    if held:
        yield Lot(messages[first:], held)


def in_turn(
    fetched: Mapping[Key, Sequence[KafkaMessage]], lines: int = LINES
) -> Iterator[tuple[Key, Lot]]:
    """The lots of all partitions: one of each that has any left, again and again."""
    waiting = deque((key, lots(messages, lines)) for key, messages in fetched.items())
    while waiting:
        key, left = waiting.popleft()
        if (lot := next(left, None)) is not None:
            yield key, lot
            waiting.append((key, left))

"""What a worker asks of its stream, and how far the stream has come in each partition.

The marker that ends a transaction takes an offset, and so does each record of one that was aborted.
No message comes of them, so the offset of the last message says too little. What the consumer has
handed over and where it stands are noted together, in the consumer's own thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from streams.kafka.lots import Key
from streams.kafka.membership import Membership


class Position(NamedTuple):
    """How far the stream has come in a partition: everything before `next_offset` was handed over,
    the last message with the offset `last`, or -1."""

    last: int
    next_offset: int
    heard: int
    """The client's mark of the brokers' answer that this goes by."""


class Stream(Protocol):
    """What the assigned partitions ask of the stream that feeds them."""

    membership: Membership
    """This worker's place in the group."""

    def resume(self, key: Key, offset: int) -> None:
        """Goes on with a partition, from an offset; where that is negative, from where it is."""

    async def commit(self, offsets: dict[Key, int]) -> bool:
        """Acknowledges all before these offsets; False where that can't be done now."""

    def high(self, key: Key) -> int | None:
        """The end of what may be read of a partition: the last stable offset."""

    def position(self, key: Key) -> Position | None:
        """How far it has come in a partition, where that is known."""

    def forget_positions(self) -> None:
        """Called at every assignment: what was noted is of the one before."""

    def heard(self) -> int | None:
        """When the brokers last answered, in ms by the wall clock; None where it is not known."""


class StreamPositions:
    """The positions in the partitions of the present assignment; `positions` may be read from any
    thread."""

    def __init__(self) -> None:
        self.positions: dict[Key, Position] = {}
        self._assignment: object = None
        self._last: dict[Any, int] = {}

    def note(self, assignment: Any, handed: Mapping[Any, Sequence[Any]]) -> None:
        """Notes what one fetch has handed over; `assignment` is aiokafka's."""
        if assignment is not self._assignment:
            self._assignment, self._last = assignment, {}
        for tp, records in handed.items():
            if records:
                self._last[tp] = records[-1].offset
        positions: dict[Key, Position] = {}
        for tp in assignment.tps if assignment is not None else ():
            state = assignment.state_value(tp)
            # A position above what the brokers last told of is of a log that was cut or made anew.
            known = state.has_valid_position and state.lso is not None and state.timestamp
            if known and state.position <= state.lso:
                last = self._last.get(tp, -1)
                positions[tp.topic, tp.partition] = Position(last, state.position, state.timestamp)
        self.positions = positions

    def of(self, key: Key) -> Position | None:
        """The position in a partition, where it is known."""
        return self.positions.get(key)

    def forget(self) -> None:
        """A new assignment has come: nothing is known of it."""
        self.positions = {}

"""How far the stream has come in each partition, past offsets that hold no message.

The marker that ends a transaction takes an offset, and so does each record of one that was aborted.
No message comes of them, so the offset of the last message says too little. What the consumer has
handed over and where it stands are noted together, in the consumer's own thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streams.kafka.settings import Key, Mark


class Passed:
    """Marks of the present assignment; `marks` may be read from any thread."""

    def __init__(self) -> None:
        self.marks: dict[Key, Mark] = {}
        self._assignment: object = None
        self._last: dict[Any, int] = {}

    def note(self, assignment: Any, handed: Mapping[Any, Sequence[Any]]) -> None:
        """Notes what one fetch has handed over; `assignment` is aiokafka's."""
        if assignment is not self._assignment:
            self._assignment, self._last = assignment, {}
        for tp, records in handed.items():
            if records:
                self._last[tp] = records[-1].offset
        marks: dict[Key, Mark] = {}
        for tp in assignment.tps if assignment is not None else ():
            state = assignment.state_value(tp)
            # A position above what the brokers last told of is of a log that was cut or made anew.
            known = state.has_valid_position and state.lso is not None and state.timestamp
            if known and state.position <= state.lso:
                last = self._last.get(tp, -1)
                marks[tp.topic, tp.partition] = Mark(last, state.position, state.timestamp)
        self.marks = marks

    def mark(self, key: Key) -> Mark | None:
        """The mark of a partition, where there is one."""
        return self.marks.get(key)

    def forget(self) -> None:
        """A new assignment has come: nothing is known of it."""
        self.marks = {}

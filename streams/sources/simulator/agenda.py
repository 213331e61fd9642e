"""What happens next: the future events of a simulation, in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any

Action = Callable[[int, Any], bytes | None]
"""Called with the instant and its argument; returns the line that becomes known then, if any."""


class Agenda:
    """A heap of (instant in ms, action, argument); equal instants run in the order of adding."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Action, Any]] = []
        self._added = 0

    def add(self, when: int, action: Action, argument: Any = None) -> None:
        """Have `action(when, argument)` called at `when`."""
        self._added += 1
        heappush(self._heap, (when, self._added, action, argument))

    def run(self, end: int | None) -> Iterator[tuple[int, bytes]]:
        """Every action before `end` in turn; yields (instant, line) for those that give a line."""
        heap = self._heap
        while heap:
            when, _, action, argument = heappop(heap)
            if end is not None and when >= end:
                return
            line = action(when, argument)
            if line is not None:
                yield when, line

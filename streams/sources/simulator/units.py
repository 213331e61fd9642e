"""Units: a finite number by district, and incidents that wait for one.

A unit is taken from its dispatch until the incident is closed. An emergency for which its district
has none free gets one from a neighbour, which has further to go; others wait for one of their own,
of which the last free one is kept for emergencies. What waits is served by grade, then by time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Generic, TypeVar

from streams.sources.simulator.effects import Effects

T = TypeVar("T")
UnitId = tuple[str, str]
"""Its district, and its call sign."""
FOR_EMERGENCIES = 1
"""Free units of a district that go to emergencies alone."""


class Units(Generic[T]):
    """The units of one force. `T` is what waits for one."""

    def __init__(self, total: int, places: Sequence[tuple[str, float]], effects: Effects) -> None:
        self._effects = effects
        self.free: dict[str, list[str]] = {}
        self.number: dict[str, int] = {}
        sign = 0
        for place, share in places or [("", 1.0)]:
            number = max(2, round(total * share))
            self.number[place] = number
            self.free[place] = [f"U{sign + n + 1:02d}" for n in reversed(range(number))]
            sign += number
        self._out = dict.fromkeys(self.number, 0)
        self._queues: dict[str, list[tuple[int, int, T]]] = {place: [] for place in self.number}
        self._asked = 0

    def home(self, area: str | None) -> str:
        """The district that attends an area; of an incident without one, that with most free."""
        if area is not None and area in self.free:
            return area
        return max(self.free, key=lambda place: len(self.free[place]))

    def take(self, home: str, at: int, *, rank: int) -> UnitId | None:
        """A free unit of a district for what has a rank; for an emergency, of rank 0, else that of
        the neighbour with most free."""
        if self._has_free(home, at, rank):
            return self._send(home)
        if rank == 0:
            near = max(self.free, key=lambda place: self._room(place, at))
            if near != home and self._has_free(near, at, rank):
                return self._send(near)
        return None

    def wait(self, home: str, rank: int, what: T) -> None:
        """Lets something wait for a unit of a district; the lowest rank goes first."""
        self._asked += 1
        heappush(self._queues[home], (rank, self._asked, what))

    def clear(self, unit: UnitId, at: int, serve: Callable[[T, UnitId], bool]) -> None:
        """A unit is free again: `serve` is given what waits, until one takes the unit (those that
        are over by now do not). Emergencies of its district come first, then those of others, then
        whatever else waits in its own."""
        place, sign = unit
        self.free[place].append(sign)
        self._out[place] -= 1
        while (queue := self._next_for(place, at)) is not None:
            _, _, what = heappop(queue)
            sent = self._send(place)
            if not serve(what, sent):
                self.free[place].append(sent[1])
                self._out[place] -= 1

    def _next_for(self, place: str, at: int) -> list[tuple[int, int, T]] | None:
        """The queue whose first is to have a unit of a district; None where there is none."""
        own = self._queues[place]
        if self._has_free(place, at, 0):
            if own and own[0][0] == 0:
                return own
            waiting = [queue for queue in self._queues.values() if queue and queue[0][0] == 0]
            if waiting:
                return min(waiting, key=lambda queue: queue[0][1])
        return own if own and self._has_free(place, at, own[0][0]) else None

    def _room(self, place: str, at: int) -> int:
        on_duty = round(self.number[place] * self._effects.factor("units", at))
        return min(len(self.free[place]), max(1, on_duty) - self._out[place])

    def _has_free(self, place: str, at: int, rank: int) -> bool:
        return self._room(place, at) > (FOR_EMERGENCIES if rank else 0)

    def _send(self, place: str) -> UnitId:
        self._out[place] += 1
        return place, self.free[place].pop()

"""When open records pass their limits: the moments that are due, in order.

A caller or an emergency passes its limit at a moment that is known as soon as it is open, so nobody
has to look at all of them again and again. Limits are in whole seconds, as waits are told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush
from sys import maxsize

from streams.fold.ledger import EventClock, Ledger
from streams.periods import SECOND

Limits = Mapping[str, tuple[float, ...]]
"""By row (a line, or the emergencies) the lengths in seconds that a wait may pass."""


class Overdue:
    """The open records of one ledger. `row_of` names the row of a series key, or None; the clock is
    moved forward where a record is due before what it knows to be next."""

    def __init__(
        self,
        ledger: Ledger,
        row_of: Callable[[int], str | None],
        clock: EventClock | None = None,
    ) -> None:
        self.ledger, self.row_of, self.clock = ledger, row_of, clock
        self._limits: Limits = {}
        self._due: list[tuple[int, str]] = []
        self._late: set[str] = set()
        self._waits: dict[int, tuple[int, ...]] = {}
        """By series key how long its records wait until they pass each limit, in ms."""
        ledger.on_open = self._opened

    def set_limits(self, limits: Limits, at: int) -> None:
        """From now on these limits hold."""
        if limits == self._limits:
            return
        self._limits, self._due, self._late, self._waits = limits, [], set(), {}
        for key, packed in self.ledger.open.items():
            if not self._is_lost(packed, at):
                self._due += self._moments(key, packed)
        heapify(self._due)

    def due(self, after: int) -> int | None:
        """The next moment after an instant at which an open record passes a limit, in ms. Takes
        note of those that have passed one up to it."""
        due, still = self._due, self.ledger.open
        while due and (due[0][0] <= after or due[0][1] not in still):
            key = heappop(due)[1]
            if key in still:
                self._late.add(key)
        return due[0][0] if due else None

    @property
    def first(self) -> int:
        """The moment before which no open record has passed a limit, in ms; in the past where one
        may have already."""
        if self._late:
            return 0
        due, still = self._due, self.ledger.open
        while due and due[0][1] not in still:
            heappop(due)
        return due[0][0] if due else maxsize

    def any_late(self, at: int) -> bool:
        """Whether at an instant one that has passed a limit is still open, and its end not lost."""
        if self._due and self._due[0][0] <= at:
            self.due(at)
        if self._late:
            still = self.ledger.open
            self._late = {
                key for key in self._late if key in still and not self._is_lost(still[key], at)
            }
        return bool(self._late)

    def _opened(self, key: str, packed: int) -> None:
        if not self._limits:
            return  # nothing is judged, as while a log is read again
        for moment in self._moments(key, packed):
            heappush(self._due, moment)
            if self.clock is not None and moment[0] < self.clock.due:
                self.clock.due = moment[0]

    def _moments(self, key: str, packed: int) -> list[tuple[int, str]]:
        packer = self.ledger.packer
        series_key = packer.series_key(packed)
        waits = self._waits.get(series_key)
        if waits is None:
            row = self.row_of(series_key)
            limits = () if row is None else self._limits.get(row, ())
            waits = self._waits[series_key] = tuple((int(n) + 1) * SECOND for n in limits)
        if not waits:
            return []
        when, _ = packer.when_of(packed)
        return [(when + wait, key) for wait in waits]

    def _is_lost(self, packed: int, at: int) -> bool:
        packer = self.ledger.packer
        return at - packer.when_of(packed)[0] > packer.lost_after(packed)


def ages(ledger: Ledger, row_of: Callable[[int], str | None], at: int) -> dict[str, list[int]]:
    """By row how long the open records have waited, in ms, but for those whose end is lost."""
    found: dict[str, list[int]] = {}
    for packed in ledger.open.values():
        packer = ledger.packer
        if (row := row_of(packer.series_key(packed))) is not None:
            age = at - packer.when_of(packed)[0]
            if 0 <= age <= packer.lost_after(packed):
                found.setdefault(row, []).append(age)
    return found

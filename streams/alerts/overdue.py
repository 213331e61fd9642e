"""When open records pass their limits: the moments that are due, in order.

A caller or an emergency passes its limit at a moment that is known as soon as it is open, so nobody
has to look at all of them again and again. Limits are in whole seconds, as waits are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush

from streams.fold.ledger import EventClock, Ledger
from streams.periods import SECOND
from streams.registry.packing import FACT_MASK

Limits = Mapping[str, tuple[float, ...]]
"""By row (a line, or the emergencies) the lengths in seconds that a wait may pass."""


class Overdue:
    """The records of one ledger that are open by one of the gauges of their kind. `row_of` names
    the row of a series key, or None; the clock is moved forward where a record is due before what
    it knows to be next."""

    def __init__(
        self,
        ledger: Ledger,
        gauge: str,
        row_of: Callable[[int], str | None],
        clock: EventClock | None = None,
    ) -> None:
        self.ledger, self.row_of, self.clock = ledger, row_of, clock
        self.gauge = ledger.packer.gauges[gauge]
        self._limits: Limits = {}
        self._due: list[tuple[int, str]] = []
        self._late: set[str] = set()
        self._waits: dict[int, tuple[int, ...]] = {}
        """By index of facts how long the records that have them wait until they pass each limit, in
        ms; of those that are not counted nothing."""
        ledger.on_open = self._opened

    def set_limits(self, limits: Limits, at: int) -> None:
        """From now on these limits hold."""
        if limits == self._limits:
            return
        self._limits, self._due, self._late, self._waits = limits, [], set(), {}
        for key, packed in self.ledger.open.items():
            if not self.gauge.is_lost(packed, at):
                self._due += self._moments(key, packed)
        heapify(self._due)

    def due(self, after: int) -> int | None:
        """The next moment after an instant at which an open record passes a limit, in ms. Takes
        note of those that have passed one up to it."""
        due = self._due
        while due and (due[0][0] <= after or not self._is_open(due[0][1])):
            key = heappop(due)[1]
            if self._is_open(key):
                self._late.add(key)
        return due[0][0] if due else None

    def any_late(self, at: int) -> bool:
        """Whether at an instant one that has passed a limit is still open, and its end not lost."""
        if self._due and self._due[0][0] <= at:
            self.due(at)
        if self._late:
            still = self.ledger.open
            self._late = {
                key
                for key in self._late
                if self._is_open(key) and not self.gauge.is_lost(still[key], at)
            }
        return bool(self._late)

    def _is_open(self, key: str) -> bool:
        packed = self.ledger.open.get(key)
        return packed is not None and self.gauge.counts(packed)

    def _opened(self, key: str, packed: int) -> None:
        if not self._limits:
            return  # nothing is judged, as while a log is read again
        waits = self._waits.get(packed >> 1 & FACT_MASK)
        if waits == ():
            return  # as most: nobody waits for them
        for moment in self._moments(key, packed):
            heappush(self._due, moment)
            if self.clock is not None and moment[0] < self.clock.due:
                self.clock.due = moment[0]

    def _moments(self, key: str, packed: int) -> list[tuple[int, str]]:
        index = packed >> 1 & FACT_MASK
        waits = self._waits.get(index)
        if waits is None:
            waits = self._waits[index] = self._waits_of(packed)
        since = self.gauge.since(packed) if waits else 0
        return [(since + wait, key) for wait in waits]

    def _waits_of(self, packed: int) -> tuple[int, ...]:
        row = self.row_of(self.ledger.packer.series_key(packed))
        if row is None or not self.gauge.counts(packed):
            return ()
        return tuple((int(limit) + 1) * SECOND for limit in self._limits.get(row, ()))


def ages(
    ledger: Ledger, gauge: str, row_of: Callable[[int], str | None], at: int
) -> dict[str, list[int]]:
    """By row how long the records that a gauge counts have been open, in ms, but for those whose
    end is lost."""
    found: dict[str, list[int]] = {}
    packer, reader = ledger.packer, ledger.packer.gauges[gauge]
    for packed in ledger.open.values():
        if reader.counts(packed) and (row := row_of(packer.series_key(packed))) is not None:
            age = at - reader.since(packed)
            if 0 <= age <= reader.lost_after(packed):
                found.setdefault(row, []).append(age)
    return found

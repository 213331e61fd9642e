"""Proportions and durations during an event that goes on for weeks: judged by the event's own days.

A day with a name is not learned with ordinary ones: the detector of a proportion or a duration
takes it as missing. So that a lockdown is still watched, the days of an event have a second
detector, which is used once the event has gone on for a week. Where a series began within the
event, the days after it are judged by that too, until enough ordinary days are known; then it goes.

The same for counts is in `detectors.counts.weekly.baseline`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from detectors.grouped_watches import GroupedWatches
from streams.surveillance.adapters.base import (
    Assessment,
    OwnAdapter,
    PassedPeriods,
    PeriodPoint,
    RowCounts,
)
from streams.surveillance.adapters.grouped import Grouped
from streams.surveillance.signals import State


class EventDays(OwnAdapter):
    """Two adapters: one for ordinary days, and one for the days of the event that goes on."""

    def __init__(self, make: Callable[[], Grouped]) -> None:
        self.make = make
        self.ordinary = make()
        self.slots = self.ordinary.slots
        self.event: Grouped | None = None
        super().__init__(self.ordinary.allowed)
        self.names: list[str] = []
        """The names that all days of the event have."""
        self.run = 0
        """Slots in a row that have one of these names."""
        self.long = False
        """Whether it has gone on for a week."""
        self.named = False
        """Whether the last slot had a name."""

    @property
    def by(self) -> Grouped:
        """The adapter that judges the last slot."""
        event = self.event
        if event is None or not self.long or event.state == "learning":
            return self.ordinary
        return event if self.named or self.ordinary.state == "learning" else self.ordinary

    @property
    def detector(self) -> Any:
        """Of the adapter that judges the last slot."""
        return self.by.detector

    def update(self, counts: RowCounts | None, point: PeriodPoint) -> None:
        """Takes a slot: of an event, of ordinary days, or of a single day with a name."""
        self.named = bool(point.names)
        self.ordinary.update(counts, point)
        going = [name for name in self.names if name in point.names]
        if going or (self.named and self.event is None):
            self.run += 1
        elif self.run:
            self.run = 0
            if not self.long:
                self._end_event()
        if self.named and self.event is None:
            self.event, self.names, going = self.make(), list(point.names), list(point.names)
            self.run = 1
        if self.event is not None:
            if going:
                self.names = going
                self.long = self.long or self.run > self.slots
            # A holiday is no guide to the days of the event either.
            alike = len(going) == len(point.names)
            taken = counts if alike else None
            self.event.update(taken, point._replace(names=()))
            if not self.named and self.ordinary.state != "learning":
                self._end_event()
        self.taken, self.starts = self.ordinary.taken, self.ordinary.starts
        self.missing = counts is None or self.by.missing

    def usual(self, point: PeriodPoint, cases: int) -> tuple[float, float] | None:
        """From where to where four of five figures of so many cases lie in a slot, by the adapter
        of such days; of a day with a name only once its event has gone on for a week."""
        named = self.event if self.long else None
        of = named if point.names else self.ordinary
        return None if of is None or cases <= 0 else of.usual(point.slot, cases)

    def _end_event(self) -> None:
        if self.event is not None:
            self.event.drop()
        self.event, self.names, self.long = None, [], False

    def _update(self, counts: RowCounts | None, point: PeriodPoint) -> None:
        raise NotImplementedError  # `update` does all of it

    def _pass_over(self, passed: PassedPeriods) -> None:
        for each in self._both():
            each.pass_over(passed)

    def pass_over(self, passed: PassedPeriods) -> None:
        """Takes all periods of a gap at once."""
        self._pass_over(passed)
        self.taken, self.starts = self.ordinary.taken, self.ordinary.starts
        self.missing = True

    def has(self, rows: GroupedWatches[Any], row: int) -> bool:
        """Whether that row of those is of one of the two."""
        return any(each.has(rows, row) for each in self._both())

    def _both(self) -> list[Grouped]:
        return [self.ordinary] if self.event is None else [self.ordinary, self.event]

    def assessment(self) -> Assessment:
        """The assessment of whichever of the two adapters judged the last slot."""
        return self.by.assessment()

    @property
    def rate(self) -> float:
        """The rate by whichever of the two adapters judged the last slot."""
        return self.by.rate

    @property
    def shown(self) -> bool:
        """Whether whichever of the two adapters judged the last slot shows its signal."""
        return self.by.shown

    @property
    def onset(self) -> int | None:
        """The onset by whichever of the two adapters judged the last slot."""
        return self.by.onset

    @property
    def state(self) -> State:
        """The state of whichever of the two adapters judged the last slot."""
        return self.by.state

    @property
    def about(self) -> str:
        """The state in plain words, and of which days."""
        if self.by is self.ordinary:
            return self.ordinary.about
        return f"{self.by.about}, known only from {' and '.join(self.names)}"

    def event_of(self, names: Sequence[str] | None = None) -> tuple[Sequence[str], bool]:
        """The event that the last slot is compared with."""
        if self.by is self.ordinary:
            return (), False
        return self.names, self.ordinary.state == "learning"

    def forget(self, first: int, last: int) -> None:
        """Unlearns periods, as far as the detectors can."""
        for each in self._both():
            each.forget(first, last)

    def restart(self, reason: str) -> None:
        """Forgets what came before."""
        self.ordinary.restart(reason)
        self._end_event()
        self.run = 0

    def save(self) -> dict[str, Any]:
        """The state, before the next period."""
        return {
            "ordinary": self.ordinary.save(),
            "event": None if self.event is None else self.event.save(),
            "names": self.names,
            "run": self.run,
            "long": self.long,
            "named": self.named,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Goes on where the saved one stood."""
        self.ordinary.restore(saved["ordinary"])
        self._end_event()
        if saved["event"] is not None:
            self.event = self.make()
            self.event.restore(saved["event"])
        self.names, self.run = saved["names"], saved["run"]
        self.long, self.named = saved["long"], saved["named"]
        self.taken, self.starts = self.ordinary.taken, self.ordinary.starts
        self.missing = self.ordinary.missing

"""Readings: figures as a force reports them, one winning version each; they are in no pane."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain

import msgspec

from streams.config.force import Force
from streams.errors import Refused
from streams.events.schema import Reading
from streams.fold.ledger import EventClock
from streams.fold.totals import CallTotals, Order, Place, Total, read_total
from streams.periods import Calendar, to_ms
from streams.registry.dimensions import missing_field
from streams.registry.times import SKEW
from streams.stretches import Stretch

MOST_READINGS = 500_000
"""Of one force, so that memory is bounded."""

_PLAIN = re.compile(r"\d{4}(-Q\d|-\d{2}(-\d{2})?)?")
"""A period that can be written in one way only."""
_canonical = msgspec.json.Encoder(order="deterministic").encode


class Readings:
    """The fold of the readings of one force: of the versions of each the largest `Order` wins."""

    def __init__(self, force: Force) -> None:
        self.force = force
        self.calendar = Calendar(force.zone)
        self.totals = CallTotals()
        """The totals of calls among them."""
        self.entries: dict[str, tuple[Order, Reading]] = {}
        self._plain: dict[str, set[str]] = {}
        """By measure the ids of all others that are not deleted."""
        self.changes: Counter[str] = Counter()
        """By measure how often what is held of it has changed."""
        self.changed: dict[str, Reading] | None = None
        """The winners that have changed since the last checkpoint, by id; None where no checkpoint
        is kept."""
        self.watermark = 0
        """The highest `updated_at`, in ms."""
        self.lines = 0
        """Lines that were taken."""
        self.clock: EventClock | None = None
        """Asked to judge up to the event time of a version before it is taken."""
        self.new = 0
        """Lines that were the first of their id."""

    def taken(self) -> dict[str, int]:
        """How many lines were taken, and how many records it holds."""
        return {"taken": self.lines, "records": len(self.entries)}

    def add(self, event: Reading, appended: int) -> None:
        """Folds one version of a reading; raises `Refused`. `appended` is when the log took it, in
        ms."""
        updated = to_ms(event.updated_at)
        if updated > appended + SKEW:
            raise Refused("in_the_future", "updated_at is later than the event was received")
        total = None if event.deleted else self._judge(event)
        if self.clock is not None and updated > self.clock.due:
            self.clock.judge_until(updated)
        order = order_of(event)
        held = self.entries.get(event.id)
        if held is None and len(self.entries) >= MOST_READINGS:
            raise Refused("ledger_full", f"more than {MOST_READINGS} readings")
        self.new += held is None
        if held is None or order > held[0]:
            self._replace(event, order, total)
            if self.changed is not None:
                self.changed[event.id] = event
        self.watermark = max(self.watermark, updated)
        self.lines += 1

    def restore(self, events: Iterable[Reading], *, watermark: int, lines: int) -> None:
        """Puts a checkpoint back into an empty fold."""
        for event in events:
            total = None if event.deleted else self._judge(event)
            self._replace(event, order_of(event), total)
        self.watermark, self.lines = watermark, lines

    def _replace(self, event: Reading, order: Order, total: tuple[Place, Total] | None) -> None:
        self.changes[event.measure or ""] += 1
        if (held := self.entries.get(event.id)) is not None:
            self.changes[held[1].measure or ""] += 1
            self._plain.get(held[1].measure or "", set()).discard(event.id)
        self.entries[event.id] = (order, event)
        if total is not None:
            self.totals.put(event.id, total[0], order, total[1])
            return
        self.totals.drop(event.id)
        if not event.deleted:
            self._plain.setdefault(event.measure or "", set()).add(event.id)

    def _judge(self, event: Reading) -> tuple[Place, Total] | None:
        """The total of calls that a reading is, if it is one; raises `Refused` for what makes no
        sense."""
        for field in ("measure", "period"):
            if getattr(event, field) is None:
                raise missing_field(field)
        of_parts = event.numerator is not None and event.denominator is not None
        if (event.value is not None) + of_parts + (event.counts is not None) != 1:
            raise Refused("wrong_form", "give a value, a numerator and a denominator, or counts")
        if event.area is not None and event.area.casefold() not in self.force.area_index:
            raise Refused("unknown_area", f'"{event.area}" is no area of {self.force.name}')
        if event.line is not None and event.line not in self.force.line_index:
            raise Refused("unknown_line", f'"{event.line}" is no line of {self.force.name}')
        period = self._stretch(event.period or "").period
        return None if event.counts is None else read_total(self.force, event, period)

    def _stretch(self, label: str) -> Stretch:
        try:
            return Stretch.parse(self.calendar, label)
        except ValueError:
            raise Refused(
                "impossible_date",
                f'period "{label}" is no day or hour in {self.force.file.timezone}',
            ) from None

    def measures(self) -> list[str]:
        """The measures that there are readings of, totals of calls left out, in order."""
        return sorted(measure for measure, ids in self._plain.items() if ids)

    def winners(self, measure: str | None = None) -> list[tuple[str, Reading]]:
        """The label of its period and the reading, one for each (measure, area, line, period), in
        the order of these; of several ids the largest `Order`. With a `measure` only those of it.
        Totals of calls are not among them: the figures of calls show those."""
        best: dict[tuple[str, str, str, str], tuple[Order, Reading]] = {}
        asked = self._plain.values() if measure is None else (self._plain.get(measure, ()),)
        for order, event in map(self.entries.__getitem__, chain.from_iterable(asked)):
            period = event.period or ""
            if not _PLAIN.fullmatch(period):  # it may be written in several ways
                period = Stretch.parse(self.calendar, period).label
            key = (event.measure or "", event.area or "", event.line or "", period)
            if key not in best or order > best[key][0]:
                best[key] = (order, event)
        return [(key[-1], best[key][1]) for key in sorted(best)]


def order_of(event: Reading) -> Order:
    """What decides among the versions of a reading: the largest wins."""
    updated = to_ms(event.updated_at)
    return (updated if event.version is None else event.version, updated, _canonical(event))

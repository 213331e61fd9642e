"""Readings: figures as a force reports them, one winning version each; they are in no pane.

Whoever may send readings may invent measures and ids, so they are bounded: in all, and by series (a
measure of an area and line), of which those of the latest periods are kept whatever came first.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable
from heapq import nlargest
from itertools import chain

import msgspec

from streams.config.force import Force
from streams.errors import Refused
from streams.events.schema import Reading
from streams.fold.ledger import EventClock
from streams.fold.totals import CallTotals, Place, Total, VersionOrder, read_total
from streams.periods import Calendar, to_ms
from streams.registry.dimensions import missing_field
from streams.registry.times import SKEW
from streams.stretches import Stretch

MOST_READINGS = 200_000
"""Of one force, so that memory is bounded."""
MOST_OF_SERIES = 10_000
"""Of one measure, area and line: hours of 13 months, days of 27 years. Of more those of the
earliest periods leave."""
SHOWN_OF_SERIES, SHOWN_AHEAD, SHOWN = 100, 48, 2_000
"""Of a series a board has the latest periods that have begun, and the next that have not, as of a
roster; and so many readings in all."""

Series = tuple[bool, str, str, str]
"""Whether it is of totals of calls, measure, area, line; the last two may be empty."""

_PLAIN = re.compile(r"\d{4}(-Q\d|-\d{2}(-\d{2})?)?")
"""A period that can be written in one way only."""
_canonical = msgspec.json.Encoder(order="deterministic").encode


class Readings:
    """The fold of the readings of one force: of the versions of each the largest `VersionOrder`
    wins."""

    def __init__(self, force: Force) -> None:
        self.force = force
        self.calendar = Calendar(force.zone)
        self.totals = CallTotals()
        """The totals of calls among them."""
        self.entries: dict[str, tuple[VersionOrder, Reading]] = {}
        self._plain: dict[str, set[str]] = {}
        """By measure the ids of all others that are not deleted."""
        self.changes: Counter[str] = Counter()
        """By measure how often what is held of it has changed."""
        self._series: dict[Series, list[tuple[int, str]]] = {}
        """By series the start of the period, in ms, and the id of each, in order."""
        self._places: dict[str, tuple[Series, int]] = {}
        """By id where it is in `_series`; those that are deleted are nowhere."""
        self.changed: dict[str, Reading | None] | None = None
        """The winners that have changed since the last checkpoint, by id, None for one that left;
        None where no checkpoint is kept."""
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
        total, start = (None, 0) if event.deleted else self._judge(event)
        if self.clock is not None and updated > self.clock.due:
            self.clock.judge_until(updated)
        order = order_of(event)
        held = self.entries.get(event.id)
        if held is None and len(self.entries) >= MOST_READINGS:
            raise Refused("ledger_full", f"more than {MOST_READINGS:,} readings")
        if not event.deleted and (held is None or order > held[0]):
            self._make_room(event, _series_of(event, total), start)
        self.new += held is None
        if held is None or order > held[0]:
            self._replace(event, order, total, start)
            if self.changed is not None:
                self.changed[event.id] = event
        self.watermark = max(self.watermark, updated)
        self.lines += 1

    def restore(self, events: Iterable[Reading], *, watermark: int, lines: int) -> None:
        """Puts a checkpoint back into an empty fold."""
        for event in events:
            total, start = (None, 0) if event.deleted else self._judge(event)
            self._replace(event, order_of(event), total, start)
        self.watermark, self.lines = watermark, lines

    def _replace(
        self, event: Reading, order: VersionOrder, total: tuple[Place, Total] | None, start: int
    ) -> None:
        self._let_go(event.id)
        self.changes[event.measure or ""] += 1
        self.entries[event.id] = (order, event)
        if event.deleted:
            return
        series = _series_of(event, total)
        self._places[event.id] = series, start
        insort(self._series.setdefault(series, []), (start, event.id))
        if total is not None:
            self.totals.put(event.id, total[0], order, total[1])
        else:
            self._plain.setdefault(event.measure or "", set()).add(event.id)

    def _let_go(self, id_: str) -> None:
        """Has a reading count nowhere."""
        if (held := self.entries.get(id_)) is not None:
            self.changes[held[1].measure or ""] += 1
            self._plain.get(held[1].measure or "", set()).discard(id_)
            self.totals.drop(id_)
        if (place := self._places.pop(id_, None)) is not None:
            series, start = place
            found = self._series[series]
            del found[bisect_left(found, (start, id_))]
            if not found:
                del self._series[series]

    def _make_room(self, event: Reading, series: Series, start: int) -> None:
        """Lets the reading of the earliest period of a series go where there are too many; raises
        `Refused` where that is the one that comes."""
        found, place = self._series.get(series, []), self._places.get(event.id)
        if len(found) < MOST_OF_SERIES or (place is not None and place[0] == series):
            return
        if (start, event.id) < found[0]:
            raise Refused(
                "ledger_full",
                f"more than {MOST_OF_SERIES:,} readings of {event.measure}, all of later periods",
            )
        earliest = found[0][1]
        self._let_go(earliest)
        del self.entries[earliest]
        if self.changed is not None:
            self.changed[earliest] = None

    def _judge(self, event: Reading) -> tuple[tuple[Place, Total] | None, int]:
        """The total of calls that a reading is, if it is one, and the start of its period in ms;
        raises `Refused` for what makes no sense."""
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
        stretch = self._stretch(event.period or "")
        total = None if event.counts is None else read_total(self.force, event, stretch.period)
        return total, stretch.start

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

    def latest(self, at: int) -> tuple[list[tuple[str, Reading]], int]:
        """What a board as of `at` (ms) shows of `winners()`, and how many it leaves out: of each
        series those of the latest periods that have begun and of the next that have not, and those
        nearest to `at` where they are many in all."""
        found: list[tuple[int, str, Reading]] = []
        held = 0
        for series, places in self._series.items():
            if series[0]:
                continue
            begun = bisect_left(places, (at + 1, ""))
            before, twice = self._first(reversed(places[:begun]), SHOWN_OF_SERIES)
            ahead, again = self._first(places[begun:], SHOWN_AHEAD)
            held += len(places) - twice - again
            found += before + ahead
        if len(found) > SHOWN:
            found = nlargest(SHOWN, found, key=lambda e: (-abs(e[0] - at), _named(*e[1:])))
        shown = [(label, event) for _, label, event in found]
        shown.sort(key=lambda each: _named(*each))
        return shown, held - len(shown)

    def _first(
        self, places: Iterable[tuple[int, str]], most: int
    ) -> tuple[list[tuple[int, str, Reading]], int]:
        """The winners of the first periods of a series, and how many lost against one of them."""
        labels: dict[str, tuple[int, VersionOrder, Reading]] = {}
        lost = 0
        for start, id_ in places:
            order, event = self.entries[id_]
            label = self._label(event)
            if label in labels:
                lost += 1
                labels[label] = max(labels[label], (start, order, event), key=lambda e: e[1])
            elif len(labels) < most:
                labels[label] = start, order, event
            else:
                break
        return [(start, label, event) for label, (start, _, event) in labels.items()], lost

    def _label(self, event: Reading) -> str:
        """The period of a reading, in the one way in which it is written."""
        period = event.period or ""
        if _PLAIN.fullmatch(period):
            return period
        return Stretch.parse(self.calendar, period).label

    def winners(self, measure: str | None = None) -> list[tuple[str, Reading]]:
        """The label of its period and the reading, one for each (measure, area, line, period), in
        the order of these; of several ids the largest `VersionOrder`. With a `measure` only those
        of it.
        Totals of calls are not among them: the figures of calls show those."""
        best: dict[tuple[str, str, str, str], tuple[VersionOrder, Reading]] = {}
        asked = self._plain.values() if measure is None else (self._plain.get(measure, ()),)
        for order, event in map(self.entries.__getitem__, chain.from_iterable(asked)):
            key = _named(self._label(event), event)
            if key not in best or order > best[key][0]:
                best[key] = (order, event)
        return [(key[-1], best[key][1]) for key in sorted(best)]


def order_of(event: Reading) -> VersionOrder:
    """What decides among the versions of a reading: the largest wins."""
    updated = to_ms(event.updated_at)
    return (updated if event.version is None else event.version, updated, _canonical(event))


def _named(label: str, event: Reading) -> tuple[str, str, str, str]:
    """What tells a winner from all others, and orders them."""
    return event.measure or "", event.area or "", event.line or "", label


def _series_of(event: Reading, total: tuple[Place, Total] | None) -> Series:
    return total is not None, event.measure or "", event.area or "", event.line or ""

"""The figure of a closed period as it was first published, and what has changed it when.

Nothing is stored of an indicator: the dated changes of the records' counters are (`Changes`), and a
figure is added up of them backwards, from what is known now.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from streams.board.columns import Numbers
from streams.board.query import AreaValues, IndicatorFigures, Number, Query, made_of
from streams.fold.changes import Flat, in_order
from streams.periods import Period
from streams.registry.aggregates import Quantile
from streams.registry.indicator import Indicator, Part
from streams.registry.measures import Group, Measure
from streams.stretches import Stretch


class Revised(Struct, frozen=True, omit_defaults=True):
    """A figure that changed on a day, or by steps from a day `until` another."""

    day: str
    before: Number | None
    after: Number | None
    until: str | None = None


class FirstFigure(Struct, frozen=True, omit_defaults=True):
    """A figure as it stood when its period closed, and how it changed since, oldest first: by the
    day for two weeks after the month, by the week for a quarter, then by four weeks."""

    value: Number | None
    numerator: Number | None = None
    denominator: int | None = None
    changes: list[Revised] = []


class _Step(NamedTuple):
    """By how much a figure changed in a stretch of days, by area."""

    first: int
    last: int
    tops: AreaValues
    bottoms: Numbers | None


class Revisions:
    """The revisions of the figures of a force."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self._known: dict[tuple[int, int, int], tuple[Indicator, list[_Step] | None]] = {}

    def of(self, indicator: Indicator, stretch: Stretch, area: int) -> FirstFigure | None:
        """The first published figure of a closed period in an area, by its index. None where that
        is not known: of a period that has not closed, or closed before the log begins, of what is
        no single period, of medians and other quantiles, of people, of what is open at its end,
        and of what is reported."""
        place = id(indicator), stretch.start, stretch.end
        now = self.query.figures(indicator, stretch)
        if place not in self._known:
            with self.query.lock:
                self._known[place] = indicator, self._steps(indicator, stretch)
        steps = self._known[place][1]
        if steps is None or not isinstance(now, IndicatorFigures) or not now.known[area]:
            return None
        found: list[Revised] = []
        calendar = self.query.calendar
        for step in reversed(steps):
            before = _before(now, step)
            if before.at(area) != now.at(area):
                first, last = (calendar.label("day", day) for day in (step.first, step.last))
                found.append(
                    Revised(
                        first,
                        before.at(area).value,
                        now.at(area).value,
                        None if last == first else last,
                    )
                )
            now = before
        at = now.at(area)
        return FirstFigure(at.value, at.numerator, at.denominator, found[::-1])

    def _steps(self, indicator: Indicator, stretch: Stretch) -> list[_Step] | None:
        period = stretch.period
        if (
            period is None
            or period.grain == "hour"
            or indicator.reported is not None
            or indicator.repeats is not None
            or indicator.at_end is not None
        ):
            return None
        found: list[_Step] = []
        for part, group, measure in self.query.registry.measures_of(indicator):
            steps = self._steps_of(part, group, measure, period)
            if steps is None:
                return None
            found += steps
        return _in_order(found)

    def _steps_of(
        self, part: Part, group: Group, measure: Measure, period: Period
    ) -> list[_Step] | None:
        """The steps of a part of an indicator; None where they are not known."""
        query, value = self.query, self.query.value_of(measure)
        ledger = query.monitor.ledger(group.kind, query.force.id)
        if ledger is None or isinstance(value, Quantile):
            return None
        if not ledger.first_known < period.end <= ledger.closed_until[period.grain]:
            return None
        clock = ledger.kind.clocks.index(group.clock)
        if not value.needs.isdisjoint(ledger.unpublished_in(group.clock, period)):
            return None
        total = ledger.changes_since_closed(period, clock) or {}
        sums = query.monitor.area_sums(query.force.id, group.kind, clock)
        where, names = group.where & part.where, sorted(value.needs)

        def change(first: int, last: int, flat: Flat) -> _Step:
            counts = sums.changes(flat, where, names)
            return _Step(first, last, *made_of(value, dict(zip(names, counts, strict=True))))

        closed = ledger.closing_day(period)
        dated = ledger.dated.of(clock, period.start, period.end)
        steps = [change(*each) for each in in_order(e for _, e in dated if e.last >= closed)]
        if steps:  # on the day on which it closed a part came before
            rest = change(0, 0, ledger.dated.flat(clock, total))
            for each in steps[1:]:
                rest = _without(rest, each)
            steps[0] = steps[0]._replace(tops=rest.tops, bottoms=rest.bottoms)
        return steps


def _in_order(steps: list[_Step]) -> list[_Step]:
    """The steps of all parts of an indicator, oldest first; those that overlap as one."""
    found: list[_Step] = []
    for step in sorted(steps, key=lambda step: step[:2]):
        if not found or step.first > found[-1].last:
            found.append(step)
            continue
        held = found[-1]
        bottoms = held.bottoms
        if bottoms is not None and step.bottoms is not None:
            bottoms = bottoms + step.bottoms
        last = max(held.last, step.last)
        found[-1] = _Step(held.first, last, held.tops + step.tops, bottoms)
    return found


def _without(step: _Step, other: _Step) -> _Step:
    """A change without a later one."""
    bottoms = step.bottoms
    if bottoms is not None and other.bottoms is not None:
        bottoms = bottoms - other.bottoms
    return step._replace(tops=step.tops - other.tops, bottoms=bottoms)


def _before(now: IndicatorFigures, step: _Step) -> IndicatorFigures:
    """Figures as they were before a change."""
    bottoms = now.bottoms
    if bottoms is not None and step.bottoms is not None:
        bottoms = bottoms - step.bottoms
    return now._replace(tops=now.tops - step.tops, bottoms=bottoms)

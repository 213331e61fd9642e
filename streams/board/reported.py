"""The figures that other systems report, by period and area, added up where they can be."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from streams.fold.readings import Readings
from streams.periods import GRAINS, Grain
from streams.registry.reported import ReportedRule
from streams.stretches import Stretch


class Amount(NamedTuple):
    """A figure as it is reported: a value alone, or a numerator over a denominator."""

    top: float
    bottom: float | None = None


Place = tuple[int, int, int]
"""An area by its index, and the start and end of a stretch of time."""


class Measured:
    """The readings of one measure as they stand, and what they make together."""

    def __init__(self, readings: Readings, rule: ReportedRule) -> None:
        self.rule, self.readings = rule, readings
        self.force, self.calendar = readings.force, readings.calendar
        self.mark = readings.changes[rule.measure]
        """How often they had changed when they were looked up."""
        self._found: dict[Place, Amount | None] = {}
        grains = set[Grain]()
        self._areas = {0}
        self.first: int | None = None
        """The start of the first period that there is a reading of."""
        self.periods: dict[int, Stretch] = {}
        """By its end the period that there is one of; of several the one that began last."""
        for label, reading in readings.winners(rule.measure):
            if reading.line is not None:
                continue
            stretch = Stretch.parse(self.calendar, label)
            area = self.force.find_area(reading.area)
            if reading.value is not None:
                amount = Amount(reading.value / 100 if rule.percent else reading.value)
            else:
                amount = Amount(reading.numerator or 0.0, reading.denominator)
            self._found[area, stretch.start, stretch.end] = amount
            self._areas.add(area)
            if stretch.grain is not None:
                grains.add(stretch.grain)
            self.first = min(stretch.start, self.first or stretch.start)
            held = self.periods.get(stretch.end)
            if held is None or stretch.start > held.start:
                self.periods[stretch.end] = stretch
        self._grains = [grain for grain in reversed(GRAINS) if grain in grains]
        """Those of the periods, the longest first."""

    @property
    def last(self) -> Stretch | None:
        """The last period that there is one of."""
        return self.periods[max(self.periods)] if self.periods else None

    @cached_property
    def _below(self) -> dict[int, list[int]]:
        """By area the areas right below it; those of the force itself have no parent."""
        index, found = self.force.area_index, dict[int, list[int]]()
        for place, area in enumerate(self.force.file.areas, 1):
            above = 0 if area.parent is None else index[area.parent]
            found.setdefault(above, []).append(place)
        return found

    def amount(self, area: int, stretch: Stretch) -> Amount | None:
        """The figure of an area and a stretch of time; None where it can't be had."""
        rule = self.rule
        if rule.subject != "area" and area:
            return None
        months = rule.rolling
        rolling = None if months is None or stretch.form == "rolling" else stretch.rolling(months)
        if rolling is None:
            return self._amount(area, stretch)
        found = self._amount(area, rolling)
        if found is None:
            # A value alone under the name of the period itself is of the months up to its end.
            own = self._amount(area, stretch)
            found = own if own is not None and own.bottom is None else None
        return found

    def _amount(self, area: int, stretch: Stretch) -> Amount | None:
        place = area, stretch.start, stretch.end
        if place not in self._found:
            self._found[place] = None
            self._found[place] = self._over_time(area, stretch) or self._over_areas(area, stretch)
        return self._found[place]

    def _over_time(self, area: int, stretch: Stretch) -> Amount | None:
        """What the periods that a stretch is made of give together."""
        for grain in self._grains:
            periods = stretch.parts(grain)
            if not periods or (periods[0].start, periods[-1].end) != (stretch.start, stretch.end):
                continue
            if len(periods) == 1:
                continue
            if self.rule.at_a_moment:
                periods = periods[-1:]
            parts = (self._amount(area, Stretch.of(self.calendar, each)) for each in periods)
            if (found := self._added(parts, alone=self.rule.at_a_moment)) is not None:
                return found
        return None

    def _over_areas(self, area: int, stretch: Stretch) -> Amount | None:
        """What the areas right below give together, where there is a reading of each."""
        below = self._below.get(area, ())
        if not below or self.rule.subject != "area" or len(self._areas) == 1:
            return None
        return self._added(self._amount(each, stretch) for each in below)

    def _added(self, parts: Iterable[Amount | None], *, alone: bool = False) -> Amount | None:
        """Some amounts together; None where one is missing, or is a value that does not add up."""
        top, bottom = 0.0, 0.0
        counted = self.rule.unit == "count"
        divided = False
        for part in parts:
            if part is None:
                return None
            if alone:
                return part
            if part.bottom is None and not counted:
                return None
            divided = divided or part.bottom is not None
            top, bottom = top + part.top, bottom + (part.bottom or 0.0)
        return Amount(top, bottom if divided else None)


class Reports:
    """The readings of a force by measure; each is looked up again once one of it has changed."""

    def __init__(self, readings: Readings) -> None:
        self.readings = readings
        self._measured: dict[ReportedRule, Measured] = {}

    def measured(self, rule: ReportedRule) -> Measured:
        """The readings of a measure as they stand."""
        found = self._measured.get(rule)
        if found is None or found.mark != self.readings.changes[rule.measure]:
            found = self._measured[rule] = Measured(self.readings, rule)
        return found

    def measures(self) -> list[str]:
        """The measures that there are readings of."""
        return self.readings.measures()

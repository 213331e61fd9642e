"""What an indicator should be in a stretch of time and an area, and whether it is."""

from __future__ import annotations

from decimal import Decimal
from math import copysign, inf
from typing import Any

from msgspec import Struct

from streams.board.query import Query
from streams.config.force import WHOLE
from streams.config.measures import Band, MeasureTarget
from streams.config.targets import Held, held_over, measure_target
from streams.registry.conditions import Is
from streams.registry.dimensions import AREA
from streams.registry.indicator import Indicator
from streams.registry.measures import ChosenShare
from streams.stretches import Stretch


class Goal(Struct, frozen=True, omit_defaults=True):
    """A target that holds: between which bounds the value should be, or with `of = "change"` its
    change of the year to date on last year's (-0.25 is a quarter less). Shares are 0 to 1; of what
    is a share within a limit `seconds` is that limit. `since` is the first day that it holds."""

    since: str
    lower: float | None = None
    upper: float | None = None
    of: str = "value"
    seconds: int | None = None
    bands: list[Band] = []

    def met(self, value: float | None) -> bool | None:
        """Whether a value fulfils it; None of no value, and where there are no bounds."""
        if value is None or (self.lower is None and self.upper is None):
            return None
        above = self.lower is None or value >= self.lower
        return above and (self.upper is None or value <= self.upper)

    def band(self, value: float | None) -> str | None:
        """The band that a value is in as it is printed, with as many decimals as their bounds have:
        0.304 is in one of 0.2 to 0.3, 0.36 in none that ends with 0.35. Of several it is that of
        the highest lower bound."""
        if value is None:
            return None
        bounds = [each for band in self.bands for each in (band.lower, band.upper)]
        places = max((_decimals(each) for each in bounds if each is not None), default=0)
        shown = round(value + copysign(1e-9, value), places)  # a half away from zero
        held = [
            (lower, band.name)
            for band in self.bands
            if (lower := -inf if band.lower is None else band.lower) <= shown
            and (band.upper is None or shown <= band.upper)
        ]
        return max(held)[1] if held else None


def _decimals(number: float) -> int:
    """How many decimal places a number is written with."""
    return max(0, -int(Decimal(repr(number)).normalize().as_tuple().exponent))


class JudgedTarget(Struct, frozen=True, omit_defaults=True):
    """A target beside what was reached: `value` is that of the indicator, or its change."""

    target: Goal
    value: float | None
    met: bool | None
    band: str | None = None


def goal(
    query: Query, name: str | Indicator, period: str | Stretch, area: str = WHOLE
) -> Goal | None:
    """The target that holds at the end of a stretch: what the force's file says of the indicator,
    else the target of the line whose calls it is about, or of attendance. None without any."""
    indicator, stretch = query.indicator(name), query.stretch(period)
    force, last = query.force, stretch.end - 1
    found = measure_target(force, indicator.name, query.area(area), last)
    if found is not None:
        return _goal(found)
    served = _of_service(query, indicator, query.areas()[query.area(area)], last)
    if served is None:
        return None
    since = query.calendar.label("day", query.calendar.start("day", served.since))
    return Goal(since, served.share, seconds=served.seconds)


def _goal(found: MeasureTarget) -> Goal:
    since = found.since.isoformat()
    return Goal(since, found.at_least, found.at_most, found.of, bands=found.bands)


def _of_service(query: Query, indicator: Indicator, area: str, at: int) -> Held | None:
    """The target of a line or of attendance, of the share that is served within it."""
    force, found = query.force, query.registry.measures_of(indicator)
    if len(found) != 1:
        return None
    ((part, group, measure),) = found
    if not isinstance(measure.value, ChosenShare):
        return None
    # A line and a grade have a target, and several of them together have none.
    places = [each for each in (group.where & part.where).parts() if isinstance(each, Is)]
    known: dict[str, Any] = {
        each.name: each.allowed[0] for each in places if len(each.allowed) == 1
    }
    dimension = query.registry.kinds[group.kind].dimension
    if not known.keys() >= set(group.dimensions) or any(
        dimension(name).find(force, value) is None for name, value in known.items()
    ):
        return None
    targets = measure.value.targets(force, {**known, AREA: area})
    return held_over(force, targets, at, at + 1)[-1] if targets else None

"""Where the lines of a scale stand, and which periods are named below it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from streams.charts.model import ChartPoint
from streams.charts.text import width
from streams.charts.words import MONTHS, WEEKDAYS
from streams.config.measures import FigureUnit
from streams.periods import Grain, financial_year
from streams.registry.phrases import round_duration

GAP = 10.0
"""Room between two names below a scale."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_OF_TIMES = (
    *(1, 2, 5, 10, 15, 30),
    *(_MINUTE * many for many in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * many for many in (1, 2, 3, 6, 12)),
    _DAY,
)
"""Steps of a scale of seconds up to a day."""


# -- the scale of values ---------------------------------------------------------------------------


def ticks(least: float, most: float, unit: FigureUnit, want: int) -> list[float]:
    """Round values from one at or below `least` to one at or above `most`, about as many as are
    wanted. Counts have no fractions, shares do not go beyond what can be.

    >>> ticks(312, 455, "count", 6)
    [300, 325, 350, 375, 400, 425, 450, 475]
    >>> ticks(0.9, 0.99, "ratio", 3)
    [0.9, 0.95, 1.0]
    """
    whole = unit == "ratio" and most <= 1
    if most - least <= 1e-6 * max(abs(least), abs(most), 0.001):
        margin = abs(most) * 0.1 if abs(most) > 1e-6 else 1.0
        least, most = (0.0 if 0 <= least < 1 else least - margin), most + margin
        most = min(most, 1.0) if whole else most
    step = _step((most - least) / max(1, want), unit)
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    if whole:
        last = min(last, math.floor(1 / step + 1e-9))
        if last * step < most:
            last += 1
    digits = max(0, -math.floor(math.log10(step)) + 1)
    found = [round(place * step, digits) for place in range(first, last + 1)]
    return [int(each) if each.is_integer() and unit != "ratio" else each for each in found]


def _step(raw: float, unit: FigureUnit) -> float:
    if unit == "seconds" and raw > 0.5:
        found = next((float(each) for each in _OF_TIMES if each >= raw), None)
        if found is not None:
            return found
        return _DAY * _step(raw / _DAY, "count")
    if unit == "count":
        raw = max(1.0, raw)
    power = 10.0 ** math.floor(math.log10(raw))
    sizes = (1, 2, 5, 10) if unit == "count" and power < 10 else (1, 2, 2.5, 5, 10)
    return next(size * power for size in sizes if size * power >= raw * (1 - 1e-9))


def tick_name(value: float, unit: FigureUnit) -> str:
    """A value of a scale: `1,200`, `85 %`, `2 min 30 s`."""
    if unit == "ratio":
        return f"{round(value * 100, 4):g} %"
    if unit == "seconds":
        return round_duration(value) if value >= 1 or value == 0 else f"{value:g} s"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,g}"


# -- the periods -----------------------------------------------------------------------------------


class Named(NamedTuple):
    """A period that is named: its place, its own name, and the name of the longer one it is in."""

    place: int
    name: str
    within: str


class _Naming(NamedTuple):
    """A way to name periods: whether one is among every so many, its name, and what it is in."""

    every: int
    chosen: Callable[[ChartPoint, int], bool]
    name: Callable[[ChartPoint], str]
    within: Callable[[ChartPoint], str]


def _month(point: ChartPoint) -> str:
    return MONTHS[point.start.month - 1][:3]


def _quarter(point: ChartPoint) -> str:
    return f"{_month(point)}-{MONTHS[point.start.month + 1][:3]}"


def _year(point: ChartPoint) -> str:
    return str(point.start.year)


def _financial_year(point: ChartPoint) -> str:
    return financial_year(point.start.year)


def _hour(point: ChartPoint) -> str:
    return f"{point.start:%H:%M}"


def _day(point: ChartPoint) -> str:
    return str(point.start.day)


def _date(point: ChartPoint) -> str:
    return f"{_day(point)} {_month_and_year(point)}"


def _weekday(point: ChartPoint) -> str:
    return f"{WEEKDAYS[point.start.weekday()][:3]} {_date(point)}"


def _month_and_year(point: ChartPoint) -> str:
    return f"{_month(point)} {_year(point)}"


def _nothing(_: ChartPoint) -> str:
    return ""


def _at_minute(point: ChartPoint, every: int) -> bool:
    return point.start.minute % every == 0


def _at_hour(point: ChartPoint, every: int) -> bool:
    return point.start.hour % every == 0


def _at_day(point: ChartPoint, every: int) -> bool:
    return point.start.hour == 0 and (every == 1 or point.start.weekday() == 0)


def _at_month(point: ChartPoint, every: int) -> bool:
    first = point.start.day == 1 and point.start.hour == 0
    return first and (point.start.month - 1) % every == 0


def _at_year(point: ChartPoint, every: int) -> bool:
    return _at_month(point, 12) and point.start.year % every == 0


def _at_financial_year(point: ChartPoint, every: int) -> bool:
    return point.start.year % every == 0


_HOURS = tuple(_Naming(every, _at_hour, _hour, _weekday) for every in (1, 3, 6, 12))
_MINUTES = tuple(_Naming(every, _at_minute, _hour, _date) for every in (5, 10, 15, 30, 60))
_DAYS = tuple(_Naming(every, _at_day, _day, _month_and_year) for every in (1, 7))
_MONTHS = tuple(_Naming(every, _at_month, _month, _year) for every in (1, 3, 6))
_QUARTERS = tuple(_Naming(every, _at_month, _quarter, _year) for every in (3, 6))
_YEARS = tuple(_Naming(every, _at_year, _year, _nothing) for every in (1, 2, 5, 10, 20))
Step = Literal["minute"] | Grain
"""From one point to the next."""
WITHIN: dict[Grain, Step] = {"hour": "minute", "day": "hour"}
"""By which steps a count grows within a period."""
NAMINGS: dict[Step, tuple[_Naming, ...]] = {
    "minute": _MINUTES,
    "hour": (*_HOURS, *_DAYS, *_MONTHS, *_YEARS),
    "day": (*_DAYS, *_MONTHS, *_YEARS),
    "month": (*_MONTHS, *_YEARS),
    "quarter": (*_QUARTERS, *_YEARS),
    "financial_year": tuple(
        _Naming(every, _at_financial_year, _financial_year, _nothing) for every in (1, 2, 5, 10, 20)
    ),
}
"""The ways to name the periods of a grain, that of the most names first."""


def named(
    points: Sequence[ChartPoint], grain: Step, xs: Sequence[float], size: float
) -> list[Named]:
    """The periods that are named below a scale: as many as have room, at round times; where there
    is none of these the first one alone."""
    for naming in NAMINGS[grain]:
        chosen = [at for at, point in enumerate(points) if naming.chosen(point, naming.every)]
        names = [naming.name(points[place]) for place in chosen]
        wide = [width(name, size) for name in names]
        fits = all(
            xs[b] - xs[a] >= (wide[i] + wide[i + 1]) / 2 + GAP
            for i, (a, b) in enumerate(pairwise(chosen))
        )
        if chosen and fits:
            return [
                Named(place, name, naming.within(points[place]))
                for place, name in zip(chosen, names, strict=True)
            ]
    return [Named(0, points[0].label, "")] if points else []

"""What a chart says: its amounts, the names of its periods, one sentence about all of it, and the
table of its points. The names of months do not depend on the locale."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from streams.charts.model import Chart, ChartPoint, Mark, PointFlag
from streams.config.measures import FigureUnit
from streams.periods import Grain, financial_year
from streams.registry.phrases import NO_FIGURE, duration, rough

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EACH: dict[Grain, str] = {
    "hour": "by hour",
    "day": "by day",
    "month": "by month",
    "quarter": "by quarter",
    "financial_year": "by financial year",
}
ONE: dict[Grain, str] = {
    "hour": "hour",
    "day": "day",
    "month": "month",
    "quarter": "quarter",
    "financial_year": "financial year",
}
NAMED = 3
"""Exceptional points that a sentence names, at the most."""


# -- amounts and periods ---------------------------------------------------------------------------


def amount(value: float, unit: FigureUnit) -> str:
    """A figure: `1,021`, as a mean `364.5`; `84.0 %`; `12 min 4 s`; `1.5 days`."""
    if unit == "count":
        return f"{value:,.0f}" if float(value).is_integer() else rough(value)
    if unit == "ratio":
        return f"{value * 100:.1f} %"
    if unit == "seconds":
        return duration(value)
    number = f"{value:,.1f}".removesuffix(".0")
    return f"{number} days" if unit == "days" else number


def limit(value: float, beside: float, unit: FigureUnit) -> str:
    """A limit beside a value that is not equal to it: with as many decimals as show that."""
    found = amount(value, unit)
    if value == beside or found != amount(beside, unit):
        return found
    if unit == "ratio":
        return f"{value * 100:.3f} %"
    return f"{value:,.2f}{' s' if unit == 'seconds' else ' days' if unit == 'days' else ''}"


def period_name(grain: Grain, point: ChartPoint) -> str:
    """A period as a sentence names it: `December 2017`, `October to December 2017`, `2017/18`,
    `14 January 2022`, `20:00 to 21:00 on 14 January 2022`."""
    start, last = point.start, point.end - dt.timedelta(seconds=1)
    month = MONTHS[start.month - 1]
    if grain == "month":
        return f"{month} {start.year}"
    if grain == "quarter":
        return f"{month} to {MONTHS[last.month - 1]} {last.year}"
    if grain == "financial_year":
        return financial_year(start.year)
    day = _date(start)
    return day if grain == "day" else f"{_clock(start)} to {_clock(point.end)} on {day}"


def _date(day: dt.datetime) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _clock(at: dt.datetime) -> str:
    """`01:00`; where the clock shows that twice in one night `01:00 GMT`."""
    twice = at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()
    return f"{at:%H:%M} {at:%Z}" if twice else f"{at:%H:%M}"


def counted(chart: Chart) -> str:
    """What the points of a count that grows are of: `counted from 21:00 on, 14 January 2022`."""
    if not chart.points:
        return "counted as they came"
    return f"counted from {_clock(chart.points[0].start)} on, {_date(chart.points[0].start)}"


def _name(chart: Chart, point: ChartPoint) -> str:
    """A point as a sentence names it; one of a count that grows by its instant."""
    if not chart.cumulative:
        return period_name(chart.period, point)
    if point.start.date() != chart.points[0].start.date():
        return "by midnight"
    return f"by {_clock(point.start)}"


# -- a point ---------------------------------------------------------------------------------------


def value_of(chart: Chart, point: ChartPoint) -> str:
    """The figure of a point with its cases: `412`, `83 of 412 (20.1 %)`; why there is none."""
    if point.value is None:
        return point.missing or "not known"
    said = amount(point.value, chart.unit)
    if isinstance(point.cases, tuple):
        return f"{point.cases[0]:,} of {point.cases[1]:,} ({said})"
    return said if point.cases is None else f"{said} (of {point.cases:,})"


def band(chart: Chart) -> str:
    """What the range of a point is: what such an hour or day usually has, or what is expected of a
    longer period."""
    if chart.cumulative:
        return "usual by then"
    return "usual" if chart.period in ("hour", "day") else "expected"


def flag_words(flags: list[PointFlag]) -> str:
    """The flags of a point in words."""
    return "; ".join(each.words for each in flags)


def state_of(point: ChartPoint) -> str:
    """What keeps a figure from being final."""
    running = ["not over yet"] if point.running else []
    return "; ".join([*running, *filter(None, [point.provisional])])


def spot(chart: Chart, place: int) -> str:
    """All that is known of a point: `October 2017: 397. Average 394, limits 354 to 434.`"""
    point, unit = chart.points[place], chart.unit
    said = [f"{_name(chart, point)}: {value_of(chart, point)}"]
    level, target = chart.level(place), chart.target(place)
    if level is not None:
        said.append(
            f"average {amount(level.centre, unit)}{_limits(level.lower, level.upper, unit)}"
        )
    if chart.expected and (expected := chart.expected[place]) is not None:
        said.append(f"{band(chart)} {_between(expected.lower, expected.upper, unit)}")
    said += (
        f"{beside.when} {amount(earlier, unit)}"
        for beside in chart.earlier
        if (earlier := beside.values[place]) is not None
    )
    if target is not None:
        said.append(f"target {target.bound} {amount(target.value, unit)}")
    said += [each.words for each in chart.flags_at(place)]
    said += filter(None, [state_of(point)])
    said += [each.words.rstrip(".") for each in chart.marks_in(place)]
    return ". ".join(each[:1].upper() + each[1:] for each in said) + "."


def _limits(lower: float | None, upper: float | None, unit: FigureUnit) -> str:
    if lower is not None and upper is not None:
        return f", limits {_between(lower, upper, unit)}"
    if upper is not None:
        return f", upper limit {amount(upper, unit)}"
    return "" if lower is None else f", lower limit {amount(lower, unit)}"


def _between(lower: float, upper: float, unit: FigureUnit) -> str:
    return f"{amount(lower, unit)} to {amount(upper, unit)}"


# -- all of it -------------------------------------------------------------------------------------


def sentence(chart: Chart) -> str:
    """What a chart shows, in one sentence: of what, from when to when, the last value and how it
    lies, which stand out, and how many are not known."""
    unit, points = chart.unit, chart.points
    if not points:
        return f"{chart.title}, {EACH[chart.period]}: nothing is known."
    if chart.cumulative:
        return _growing(chart)
    begins = f"{chart.title}, {EACH[chart.period]}, {_span(chart)}:"
    known = [at for at, point in enumerate(points) if point.value is not None]
    if not known:
        return f"{begins} nothing is known."
    whole = [at for at in known if not points[at].running] or known
    latest = points[whole[-1]]
    parts = [f"{amount(latest.value or 0.0, unit)} in {period_name(chart.period, latest)}"]
    level = chart.level(whole[-1])
    if level is not None:
        parts[0] += _standing(chart, whole[-1])
    out = [each for each in chart.flags if each.rule == "limit"]
    if out:
        named = ", ".join(
            f"{period_name(chart.period, points[each.first])} "
            f"({amount(points[each.first].value or 0.0, unit)}, {each.side})"
            for each in out[-NAMED:]
        )
        of = f"the last {NAMED} of {len(out)}: " if len(out) > NAMED else ""
        parts.append(f"exceptional: {of}{named}")
    elif chart.levels:
        parts.append("none is exceptional")
    missing = len(points) - len(known)
    if missing:
        one = ONE[chart.period]
        parts.append(f"{missing} {one if missing == 1 else f'{one}s'} not known")
    return f"{begins} {'; '.join(parts)}."


def _growing(chart: Chart) -> str:
    """`999 calls, Northshire, counted from 21:00 on, 14 January 2022: 13 by 21:11, usually 0 to 3
    by then; 14 by 21:25, ...`: what stands out first, and the latest."""
    known = [at for at, point in enumerate(chart.points) if point.value is not None]
    if not known:
        return f"{chart.title}, {counted(chart)}: nothing is known."
    parts = []
    for at in dict.fromkeys([*(each.first for each in chart.flags), known[-1]]):
        point, expected = chart.points[at], chart.expected[at] if chart.expected else None
        said = f"{amount(point.value or 0.0, chart.unit)} {_name(chart, point)}"
        if expected is not None:
            said += f", usually {_between(expected.lower, expected.upper, chart.unit)} by then"
        parts.append(said)
    return f"{chart.title}, {counted(chart)}: {'; '.join(parts)}."


def _span(chart: Chart) -> str:
    """From when to when: by quarter from the month in which the first begins."""
    grain, (first, *_, last) = chart.period, (chart.points[0], *chart.points)
    if first is last:
        return period_name(grain, first)
    if grain == "hour":
        begins, ends = (f"{at:%H:%M} on {_date(at)}" for at in (first.start, last.end))
        return f"from {begins} to {ends}"
    names = [period_name(grain, each) for each in (first, last)]
    if grain == "quarter":
        names[0] = f"{MONTHS[first.start.month - 1]} {first.start.year}"
        names[1] = names[1].partition(" to ")[2]
    return f"from {names[0]} to {names[1]}"


def _standing(chart: Chart, place: int) -> str:
    level, value, unit = chart.level(place), chart.points[place].value, chart.unit
    if level is None or value is None:
        return ""
    if level.upper is not None and value > level.upper:
        return f", above the upper limit of {limit(level.upper, value, unit)}"
    if level.lower is not None and value < level.lower:
        return f", below the lower limit of {limit(level.lower, value, unit)}"
    said = f", average {amount(level.centre, unit)}"
    return f"{said}{_limits(level.lower, level.upper, unit)}"


class Table(NamedTuple):
    """The points of a chart as text; a heading for each column."""

    headings: list[str]
    rows: list[list[str]]


def table(chart: Chart) -> Table:
    """The points of a chart, newest first, with a column for all that there is of any of them."""
    unit = chart.unit
    columns: list[tuple[str, list[str]]] = []

    def column(heading: str, texts: list[str], *, always: bool = False) -> None:
        if always or any(texts):
            columns.append((heading, texts))

    places = range(len(chart.points))
    shares = any(isinstance(each.cases, tuple) for each in chart.points)
    column(
        "Counted" if chart.cumulative else ONE[chart.period].capitalize(),
        [_name(chart, each) for each in chart.points],
        always=True,
    )
    column("Value", [_alone(each, unit) for each in chart.points], always=True)
    column("Cases", [_cases(each) for each in chart.points], always=shares)
    column("Average", [_centre(chart, at) for at in places])
    column("Limits", [_limit_range(chart, at) for at in places])
    column(band(chart).capitalize(), [_expected(chart, at) for at in places])
    for beside in chart.earlier:
        texts = ["" if each is None else amount(each, unit) for each in beside.values]
        column(beside.when.capitalize(), texts)
    column("Target", [_target(chart, at) for at in places])
    column("Stands out", [flag_words(chart.flags_at(at)) for at in places])
    column("Notes", [_notes(chart, at) for at in places])
    shown = [at for at in reversed(places) if not chart.points[at].ahead]
    rows = [[texts[at] for _, texts in columns] for at in shown]
    return Table([heading for heading, _ in columns], rows)


def _alone(point: ChartPoint, unit: FigureUnit) -> str:
    return "not known" if point.value is None else amount(point.value, unit)


def _cases(point: ChartPoint) -> str:
    if point.cases is None:
        return ""
    if isinstance(point.cases, tuple):
        return f"{point.cases[0]:,} of {point.cases[1]:,}"
    return f"{point.cases:,}"


def _centre(chart: Chart, place: int) -> str:
    level = chart.level(place)
    return "" if level is None else amount(level.centre, chart.unit)


def _limit_range(chart: Chart, place: int) -> str:
    level = chart.level(place)
    if level is None or (level.lower is None and level.upper is None):
        return ""
    lower, upper = (
        NO_FIGURE if each is None else amount(each, chart.unit)
        for each in (level.lower, level.upper)
    )
    return f"{lower} to {upper}"


def _expected(chart: Chart, place: int) -> str:
    found = chart.expected[place] if chart.expected else None
    return "" if found is None else _between(found.lower, found.upper, chart.unit)


def _target(chart: Chart, place: int) -> str:
    found = chart.target(place)
    return "" if found is None else f"{found.bound} {amount(found.value, chart.unit)}"


def _notes(chart: Chart, place: int) -> str:
    point = chart.points[place]
    level = next((each for each in chart.levels if each.first == place and each.why), None)
    marks: list[Mark] = chart.marks_in(place)
    said = [point.missing, state_of(point), level.why if level else ""]
    return "; ".join(filter(None, [*said, *(each.words.rstrip(".") for each in marks)]))

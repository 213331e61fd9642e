"""The charts one step down, each drawn in the size of the screen that asks: the last hours or days
of a tile's figure, and the count of the hour or day that an alert is about as it grows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple

from msgspec import Struct

from streams.alerts.model import Alert
from streams.board.query import Query
from streams.charts.growing import STEPS, growing_chart
from streams.charts.indicator import beside_chart, is_about
from streams.charts.layout import layout
from streams.charts.model import Chart
from streams.charts.svg import svg
from streams.charts.words import EACH, counted, sentence, table
from streams.outputs.wallboard.kept_points import KeptPoints
from streams.outputs.wallboard.screen import LateFeed
from streams.periods import DAY, HOUR, rfc3339
from streams.registry.dimensions import ALL
from streams.registry.indicator import Indicator

LONGEST_BY_HOUR = 10 * DAY
"""A longer time is drawn by the day, in ms."""
SHORTEST = 3 * HOUR
LONGEST = 92 * DAY
LEAST_SIZE, MOST_SIZE = (260.0, 200.0), (4_000.0, 2_400.0)
"""Sizes of a chart, in units of which a page has one a pixel."""


class Drawing(Struct):
    """A chart, and all that it says as text."""

    title: str
    said: str
    """What it shows, in a sentence."""
    by: str
    """What its points are of: `by hour`."""
    svg: str
    """Empty where nothing is known."""
    headings: list[str]
    rows: list[list[str]]
    """Its points as a table, newest first."""
    starts: list[str]
    """Of each point that can be pointed at, RFC 3339 on the force's clock; `end` is that of the
    last."""
    end: str
    at: str
    """Now, as the figures have it."""
    grain: Literal["hour", "day"]
    cumulative: bool
    late: LateFeed | None = None
    """The feed that a figure is of, where it is late."""


class Window(NamedTuple):
    """The time that a chart is of, in ms; it is asked for, and may be adjusted."""

    start: int
    end: int

    @classmethod
    def of(cls, now: int, start: int | None, end: int | None, hours: int) -> Window:
        """From a start to an end, by default now; without a start so many hours up to it. Neither
        shorter than `SHORTEST` nor longer than `LONGEST`, and not beyond now."""
        end = now if end is None else min(end, now)
        start = end - hours * HOUR if start is None else start
        return cls(min(end - SHORTEST, max(start, end - LONGEST)), end)


def size_of(width: str, height: str) -> tuple[float, float]:
    """A size that can be drawn, in pixels, as near as may be to the one that is asked for; raises
    `ValueError` where that is none."""
    try:
        asked = float(width), float(height)
    except ValueError:
        asked = math.nan, math.nan
    if not all(map(math.isfinite, asked)):
        raise ValueError("width and height are numbers of pixels")
    least, most = LEAST_SIZE, MOST_SIZE
    return (
        min(max(asked[0], least[0]), most[0]),
        min(max(asked[1], least[1]), most[1]),
    )


def of_figure(
    query: Query,
    indicator: Indicator,
    window: Window,
    area: str,
    alerts: Iterable[Alert],
    size: tuple[float, float],
    kept: KeptPoints,
) -> Drawing:
    """A figure over some hours or days; raises `QueryError`."""
    calendar = query.calendar
    grain: Literal["hour", "day"] = (
        "hour" if window.end - window.start <= LONGEST_BY_HOUR else "day"
    )
    first, last = (calendar.holding(grain, at).label for at in (window.start, window.end - 1))
    about = [each for each in alerts if is_about(each, query, indicator, area)]
    within = query.stretch(f"{first}..{last}")
    with kept.of(query.at, query.force.id, indicator.name, area) as points:
        chart = beside_chart(query, indicator, grain, within, area, about, points)
    return _drawn(query, chart, grain, size)


def of_alert(query: Query, alert: Alert, size: tuple[float, float]) -> Drawing | None:
    """The count of the hour or day that an alert is about, as it grows; None where it is of none,
    or its minutes are not kept any more. Raises `QueryError`."""
    if alert.grain not in STEPS:
        return None
    chart = growing_chart(query, query.indicator(address_of(alert)), alert)
    return None if chart is None else _drawn(query, chart, "hour", size)


def address_of(alert: Alert) -> str:
    """What an alert's figures are of, as an address of an indicator:
    `calls.offered{line=999}`."""
    row = {name: value for name, value in alert.row.items() if value != ALL}
    return address(alert.group, alert.measure, row)


def address(group: str, measure: str, row: dict[str, str]) -> str:
    """The address of an indicator."""
    narrowed = ";".join(f"{name}={value}" for name, value in row.items())
    return f"{group}.{measure}" + (f"{{{narrowed}}}" if narrowed else "")


def _drawn(
    query: Query, chart: Chart, grain: Literal["hour", "day"], size: tuple[float, float]
) -> Drawing:
    shown = [each for each in chart.points if not each.ahead]
    headings, rows = table(chart)
    known = any(each.value is not None for each in shown)
    said = sentence(chart).removeprefix(f"{chart.title}, ")
    return Drawing(
        title=chart.title,
        said=f"{said[:1].upper()}{said[1:]}",
        by=counted(chart) if chart.cumulative else EACH[chart.period],
        svg=svg(layout(chart, *size, titled=False), "drawing") if known else "",
        headings=headings,
        rows=rows,
        starts=[each.start.isoformat() for each in shown],
        end=shown[-1].end.isoformat() if shown else "",
        at=rfc3339(query.at, query.force.zone),
        grain=grain,
        cumulative=chart.cumulative,
    )

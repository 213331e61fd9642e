"""The last hours of what a tile is about, as its chart and in words."""

from __future__ import annotations

import threading
from typing import NamedTuple

from msgspec import Struct

from streams.board.query import Query
from streams.charts.indicator import recent_chart
from streams.charts.layout import layout
from streams.charts.model import Chart
from streams.charts.svg import svg
from streams.charts.words import amount
from streams.config.force import WHOLE, Force
from streams.config.measures import FigureUnit
from streams.config.schema import OF_LINES
from streams.errors import QueryError
from streams.live import Live
from streams.outputs.wallboard.screen import usual_lines
from streams.periods import MINUTE

HOURS = 6
SIZE = (300, 76)
"""In units of which a page has one a pixel; a tile shows it in its own size."""


class Shown(NamedTuple):
    """What a tile's chart is of: an indicator of a line, or of none, and the word for one of its
    cases and for several."""

    indicator: str
    noun: tuple[str, str]


CALLS, EMERGENCIES = ("call", "calls"), ("emergency", "emergencies")
OF_TILE = {
    "waiting": Shown("calls.offered{{line={line}}}", CALLS),
    "in_time": Shown("calls.service_level{{line={line}}}", CALLS),
    "unattended": Shown("attendance.emergencies", EMERGENCIES),
    "attended": Shown("attendance.within", EMERGENCIES),
    "open": Shown("incidents.count", ("incident", "incidents")),
}
"""By kind of tile."""


class Trend(Struct):
    """The chart of a tile, and its last hour in words."""

    svg: str
    """Empty where there is no course yet: one hour alone would be a dot."""
    words: str


class Trends:
    """The charts of all tiles, each made once a minute however many screens ask."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self._made: dict[tuple[str, str], tuple[int, dict[str, Trend]]] = {}
        self._turn = threading.Lock()

    def of(self, force: str, area: str | None) -> dict[str, Trend]:
        """By tile of a force or one of its areas (by id); what has no chart, and what nothing is
        known of, is left out."""
        key = force, area or WHOLE
        with self._turn:
            minute = self.live.clock() // MINUTE
            made = self._made.get(key)
            if made is None or made[0] != minute:
                self.live.observe(counts=False)
                query = Query(self.live.monitor, force, None, self.live.lock)
                tiles = _tiles(self.live.monitor.forces[force])
                found = {tile: _trend(query, tile, key[1]) for tile in tiles}
                made = minute, {tile: each for tile, each in found.items() if each is not None}
                self._made[key] = made
            return made[1]


def _tiles(force: Force) -> list[str]:
    """The tiles that a force may show."""
    if chosen := force.file.wallboard.tiles:
        return chosen
    lines = usual_lines(line.id for line in force.lines)
    return [*(f"{kind}.{line}" for line in lines for kind in OF_LINES), *OF_TILE]


def _trend(query: Query, tile: str, area: str) -> Trend | None:
    kind, _, line = tile.partition(".")
    shown = OF_TILE.get(kind)
    if shown is None:
        return None
    try:
        chart = recent_chart(query, shown.indicator.format(line=line), HOURS, area)
    except QueryError:
        return None
    known = sum(point.value is not None for point in chart.points)
    if not known:
        return None
    ident = f"trend-{tile.replace('.', '-')}"
    drawn = svg(layout(chart, *SIZE, "tile"), ident) if known > 1 else ""
    return Trend(drawn, words(chart, shown.noun))


def words(chart: Chart, noun: tuple[str, str]) -> str:
    """The last hour, so short that it stays readable across a room: `20 to 21 h: 13 calls, usually
    6 to 23`; that of last week where nothing usual is known. The chart has both."""
    last = chart.points[-1]
    hour = f"{last.start:%H} to {last.end:%H} h"
    if last.value is None:
        return f"{hour}: {last.missing or 'not known'}"
    share = isinstance(last.cases, tuple)
    said = [_short(last.value, chart.unit)]
    if not share:
        said[0] += f" {noun[0] if last.value == 1 else noun[1]}"
    usual = chart.expected[-1] if chart.expected else None
    before = chart.earlier[0].values[-1] if chart.earlier else None
    if usual is not None:
        low, high = (_short(each, chart.unit) for each in (usual.lower, usual.upper))
        if low == high:
            said.append(f"usually {high}")
        elif (low, high) != ("0 %", "100 %"):  # that any share is usual says nothing
            said.append(f"usually {low.removesuffix(' %')} to {high}")
    elif before is not None:
        said.append(f"last week {_short(before, chart.unit)}")
    return f"{hour}: {', '.join(said)}"


def _short(value: float, unit: FigureUnit) -> str:
    """A value; a share in whole percent."""
    return f"{value * 100:.0f} %" if unit == "ratio" else amount(value, unit)

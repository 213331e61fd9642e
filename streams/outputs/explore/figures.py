"""The figures of an explored measure: its chart, its alerts, and what reports set beside it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from streams.alerts.model import Alert
from streams.board.answers import MeasureShown, measures
from streams.board.compare import COMPARISONS, Comparisons, Rate
from streams.board.drivers import Drivers
from streams.board.query import Query
from streams.charts.indicator import indicator_chart, is_about
from streams.charts.model import Chart, ChartPoint
from streams.errors import QueryError
from streams.outputs.explore.asked import Asked
from streams.outputs.figures_shown import HEADINGS, NONE, SUMS, compared, driven
from streams.periods import Grain
from streams.registry.indicator import Indicator
from streams.registry.page import definition
from streams.stretches import Stretch

USUAL: dict[Grain, int] = {
    "hour": 72,
    "day": 92,
    "month": 37,
    "quarter": 21,
    "financial_year": 11,
}
"""Periods that are shown where nothing is said: three years, a quarter, or three days."""
ENOUGH = 3
"""Periods that make a picture; of a feed that is younger a finer grain is chosen."""
COARSE: tuple[Grain, ...] = ("month", "day", "hour")
OF_SHORT = ("previous", "last_year", "average")
"""What stands beside an hour or a day."""


def found(query: Query, words: str) -> list[MeasureShown]:
    """What can be explored that has all of some words in its name, title or definition."""
    own = (query.indicator(name) for name in query.indicators())
    return measures(query.registry, own, words)


def named(query: Query, words: str) -> Indicator | None:
    """The indicator of a name, an address or a title; None where it is neither."""
    try:
        return query.indicator(words)
    except QueryError:
        return None


class Explored:
    """An indicator as it is asked for; raises `QueryError` for what there is not."""

    def __init__(
        self, query: Query, asked: Asked, indicator: Indicator, alerts: Iterable[Alert] = ()
    ) -> None:
        self.query, self.indicator = query, indicator
        self.area = query.areas()[query.area(asked.area)]
        self.grain: Grain = asked.grain or self._grain_of(asked)
        self.within = self._within(asked)
        self.asked = asked._replace(
            force=query.force.id, measure=indicator.name, area=self.area, grain=self.grain
        )
        self.alerts = [each for each in alerts if is_about(each, query, indicator, self.area)]

    @cached_property
    def chart(self) -> Chart:
        """Its chart, with the alerts of the time."""
        return indicator_chart(
            self.query, self.indicator, self.grain, self.within, self.area, self.alerts
        )

    @property
    def definition(self) -> str:
        """What is counted."""
        if self.indicator.definition:
            return self.indicator.definition
        parts = self.query.registry.measures_of(self.indicator)
        return "; ".join(definition(measure).replace("`", "") for _, _, measure in parts)

    @property
    def latest(self) -> ChartPoint | None:
        """The last period that is over and known; else the last that is known."""
        known = [each for each in self.chart.points if each.value is not None]
        whole = [each for each in known if not each.running]
        return next(reversed(whole or known), None)

    def beside(self) -> list[tuple[str, str]]:
        """What reports set beside the latest period: what it is, and how it is."""
        point = self.latest
        if point is None:
            return []
        of = Comparisons(self.query, self.indicator, point.label, self.area)
        names = OF_SHORT if self.grain in ("hour", "day") else COMPARISONS
        said = ((name, self._said(of, name)) for name in names)
        return [(HEADINGS[name], words) for name, words in said if words not in ("", NONE)]

    def _said(self, of: Comparisons, name: str) -> str:
        try:
            value = getattr(of, name)
        except QueryError:  # it can't be made of this indicator
            return ""
        if isinstance(value, Rate) and value.per is None:  # nor ever has one
            return ""
        if isinstance(value, Drivers):
            return driven(value, self._names)
        unit = "ratio" if name == "share_change" else self.query.unit(self.indicator)
        return compared(value, unit, sums=name in SUMS)

    @property
    def _names(self) -> dict[str, str]:
        """The names of areas by id, and the titles of indicators by name."""
        query = self.query
        titles = {each: query.indicator(each).title for each in query.indicators()}
        return titles | {area.id: area.name for area in query.force.file.areas}

    def _grain_of(self, asked: Asked) -> Grain:
        """The coarsest grain by which there is something to see."""
        first = self.query.since(self.indicator)
        if asked.first or first is None:
            return "month"
        enough = (each for each in COARSE if first <= self._back(each, self.query.at, ENOUGH))
        return next(enough, "hour")

    def _back(self, grain: Grain, end: int, many: int) -> int:
        """The start of the first of so many periods up to an instant."""
        calendar = self.query.calendar
        start = calendar.start(grain, end - 1)
        for _ in range(many - 1):
            start = calendar.start(grain, start - 1)
        return start

    def _within(self, asked: Asked) -> Stretch:
        query, calendar = self.query, self.query.calendar
        end = query.stretch(asked.last).end if asked.last else query.at
        start = (
            query.stretch(asked.first).start
            if asked.first
            else self._back(self.grain, end, USUAL[self.grain])
        )
        if start >= end:
            raise QueryError(
                f"from {asked.first} to {asked.last or 'now'} there is no time: "
                "let it begin before it ends"
            )
        edges = (calendar.holding(self.grain, each).label for each in (start, end - 1))
        return query.stretch("..".join(edges))

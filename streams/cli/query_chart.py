"""The chart that `watchroom query` writes beside its rows."""

from __future__ import annotations

from typing import NamedTuple

import click

from streams.board.answers import ALL_AREAS, FigureQuestion
from streams.board.query import Query
from streams.charts.indicator import indicator_chart
from streams.charts.layout import layout
from streams.charts.svg import standalone
from streams.periods import Grain

SIZE = (840, 370)


class Drawing(NamedTuple):
    """One figure by the periods of a grain within another period."""

    indicator: str
    period: str
    area: str
    grain: Grain

    @classmethod
    def of(cls, question: FigureQuestion, periods: tuple[str, ...], by: Grain | None) -> Drawing:
        """That of a question; raises `click.UsageError` where it is about several figures."""
        one = len(question.indicators) == len(periods) == len(question.areas) == 1
        if not one or ALL_AREAS in question.areas:
            raise click.UsageError("--chart draws one INDICATOR, --area and --period at a time")
        return cls(question.indicators[0], periods[0], question.areas[0], by or "month")

    def of_query(self, query: Query) -> str:
        """The file, of what can be asked; raises `QueryError`."""
        made = indicator_chart(query, self.indicator, self.grain, self.period, self.area)
        return standalone(layout(made, *SIZE, "print"))

    def asked(self, force: str | None, at: str | None) -> dict[str, str | None]:
        """What a running monitor is asked for at `/chart.svg`."""
        return {
            "force": force,
            "at": at,
            "measure": self.indicator,
            "area": self.area,
            "grain": self.grain,
            "from": self.period,
            "to": self.period,
        }

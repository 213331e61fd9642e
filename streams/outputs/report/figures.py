"""Reads the figures of a report: of each indicator the period and its months, in the force and its
areas, with what stands beside them and what the control chart of their grain says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from msgspec.structs import asdict, replace

from detectors.charts.chance import exceptional_by_chance
from streams.board import control
from streams.board.answers import AnswerRows, FigureQuestion, FigureRow
from streams.board.compare import COMPARISONS, Comparisons
from streams.board.query import Query
from streams.config.force import WHOLE
from streams.errors import QueryError
from streams.outputs.report.model import ReportFigure
from streams.periods import Grain
from streams.registry.indicator import Indicator
from streams.stretches import Stretch

WITHIN = (
    "previous", "last_year", "average", "year_to_date", "month_by_month", "share", "share_change",
    "of_force", "rate", "target", "first_published",
)  # fmt: skip
"""What stands beside the figures of areas and months."""


class JudgedPeriod:
    """What the control chart of an indicator says of the periods of a grain, up to the end of a
    report."""

    def __init__(
        self, query: Query, indicator: Indicator, grain: Grain, area: str, end: int
    ) -> None:
        self.points: dict[str, control.ControlPoint] = {}
        self.chances: dict[str, float] = {}
        """How likely each point that was judged was to be exceptional by chance."""
        self.policy = None
        try:
            self.policy = control.policy_of(query, indicator, grain)
        except QueryError:  # it has no chart of this grain
            return
        policy = self.policy
        made = control.chart(query, indicator, grain, None, area, policy)
        of = policy.points
        for point in made.points:
            if point.end > end:
                break
            self.points[point.label] = point
            if point.centre is not None:
                chance = exceptional_by_chance(policy.limits, max(2, of), policy.sigmas)
                self.chances[point.label] = chance
            if point.moved is not None:
                of = point.moved.points


class FigureReader:
    """Reads the figures of a report of one period."""

    def __init__(self, query: Query, period: Stretch) -> None:
        self.query, self.period = query, period
        self.months = (
            [] if period.grain == "month" else [each.label for each in period.parts("month")]
        )
        self.chances: dict[Grain, dict[tuple[str, str, str], tuple[bool, float]]] = {}
        """By grain, of each figure that was judged (indicator, period, area) whether it is
        exceptional, and how likely that was by chance."""
        self._judged: dict[tuple[str, Grain, str], JudgedPeriod] = {}

    @cached_property
    def areas(self) -> list[str]:
        """The ids of the areas."""
        return [each for each in self.query.areas() if each != WHOLE]

    def whole(self, indicator: Indicator, section: str) -> ReportFigure:
        """The figure of the period and the force as a whole, with all comparisons."""
        question = FigureQuestion([indicator.name], [self.period.label], [WHOLE], COMPARISONS)
        (found,) = self._figures(question, section)
        stretch = self.period
        if stretch.grain is None and stretch.units > 1:
            of = Comparisons(self.query, indicator, stretch)
            found = replace(found, a_month=of.a_month)
        return found

    def before(self, names: Sequence[str], number: int, section: str) -> list[ReportFigure]:
        """The figures of so many periods before for the force as a whole, of which anything is
        known, with their shares."""
        periods = [each.label for each in self.period.before(number)]
        question = FigureQuestion(names, periods, [WHOLE], ("share",))
        return [each for each in self._figures(question, section) if each.known]

    def within(self, indicator: Indicator, section: str) -> list[ReportFigure]:
        """The figures of its months and areas of which anything is known: of areas nothing where no
        record has one."""
        question = FigureQuestion(
            [indicator.name], [self.period.label, *self.months], [WHOLE, *self.areas], WITHIN
        )
        found = [each for each in self._figures(question, section) if each.known]
        own = self.period.label
        placed = any(each.denominator or each.value for each in found if each.area != WHOLE)
        return [
            each
            for each in found
            if (each.period, each.area) != (own, WHOLE) and (each.area == WHOLE or placed)
        ]

    def known(self, indicator: Indicator) -> bool:
        """Whether anything is known of an indicator in the period or one of its months, in the
        force or an area."""
        return any(
            each.known
            for period in (self.period.label, *self.months)
            for each in self.query.by_area(indicator, period).values()
        )

    def at(self, address: str, section: str) -> ReportFigure | None:
        """The figure of the period and the force at an address; None where nothing is known."""
        question = FigureQuestion(
            [address], [self.period.label], [WHOLE], ("previous", "last_year")
        )
        (found,) = self._figures(question, section)
        return found if found.known and found.value is not None else None

    def judged(self, indicator: Indicator, grain: Grain, area: str = WHOLE) -> JudgedPeriod:
        """What the chart of a grain says."""
        place = indicator.name, grain, area
        if place not in self._judged:
            self._judged[place] = JudgedPeriod(self.query, indicator, grain, area, self.period.end)
        return self._judged[place]

    def _figures(self, question: FigureQuestion, section: str) -> Iterator[ReportFigure]:
        for row in self._rows(question):
            stretch = self.query.stretch(row.period)
            made = ReportFigure(**_fields(row), section=section)
            if stretch.grain is not None and row.known:
                made = self._with_chart(made, self.query.indicator(row.indicator), stretch.grain)
            yield made

    def _rows(self, question: FigureQuestion) -> Iterable[FigureRow]:
        return AnswerRows(self.query, question)

    def _with_chart(self, figure: ReportFigure, indicator: Indicator, grain: Grain) -> ReportFigure:
        judged = self.judged(indicator, grain, figure.area)
        point = judged.points.get(figure.period)
        if point is None:
            return figure
        if point.centre is not None:
            exceptional = point.flag is not None, judged.chances[figure.period]
            of = figure.indicator, figure.period, figure.area
            self.chances.setdefault(grain, {})[of] = exceptional
        return replace(
            figure,
            centre=point.centre,
            lower=point.lower,
            upper=point.upper,
            flag=point.flag,
            run=point.run,
            rises=point.rises,
            moved=point.moved,
            provisional=point.provisional,
        )


def _fields(row: FigureRow) -> dict[str, Any]:
    return asdict(row)

"""Which sentences stand in a section. They say what the control chart and the comparisons of its
figure say, and nothing else; how it is worded is said by `streams.registry.phrases`. A rule has
sentences of its own: that of months, and that of quarters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from streams.board.compare import Beside, Change, Rate
from streams.board.control import ControlPoint
from streams.board.drivers import Drivers
from streams.board.projection import Projection
from streams.board.query import Observation, Query
from streams.board.season import Season
from streams.board.targets import Goal, JudgedTarget
from streams.board.trend import Trend
from streams.charts.words import MONTHS
from streams.config.measures import FigureUnit
from streams.outputs.report.figures import JudgedPeriod
from streams.outputs.report.model import ReportFigure
from streams.periods import Grain
from streams.registry import phrases
from streams.registry.charting import ChartPolicy
from streams.stretches import Stretch

EACH: dict[Grain, str] = {"month": "month", "quarter": "quarter", "financial_year": "year"}
BASES: dict[str, str] = {"population": "people", "households": "households"}
FEWEST = 3
"""Areas, from which on it is said that a figure moved one way in all of them."""
RISING = 3
"""Months in a row above the one before, from which on that is said."""
LONG = 4
"""Points in a row on one side of the centre, from which on that is said."""


def period_word(stretch: Stretch) -> str:
    """What a period is called: `quarter`."""
    return "period" if stretch.grain is None else EACH.get(stretch.grain, stretch.grain)


def period_name(query: Query, stretch: Stretch) -> str:
    """A period as a sentence names it: `October to December 2017`."""
    if stretch.grain is not None:
        return phrases.period_name(query.calendar, stretch.grain, stretch.start)
    first, last = (query.calendar.local(at) for at in (stretch.start, stretch.end - 1))
    if stretch.unit != "month":
        return f"{phrases.full_date(first)} to {phrases.full_date(last)}"
    begun = MONTHS[first.month - 1]
    year = "" if first.year == last.year else f" {first.year}"
    return f"{begun}{year} to {MONTHS[last.month - 1]} {last.year}"


class Sentences:
    """The sentences of the charted figure of a section; `areas` are those of its period by area."""

    def __init__(
        self, query: Query, period: Stretch, figure: ReportFigure, areas: Sequence[ReportFigure]
    ) -> None:
        self.query, self.period, self.figure, self.areas = query, period, figure, areas
        self.unit: FigureUnit = figure.unit
        self.indicator = query.indicator(figure.indicator)
        self.noun = query.registry.noun_of(self.indicator)
        self.word = period_word(period)
        first, last = (query.calendar.local(at).year for at in (period.start, period.end - 1))
        self._one_year = first == last
        self.beside = figure.beside if isinstance(figure.beside, Beside) else Beside()

    def all(self, months: JudgedPeriod, own: JudgedPeriod | None) -> list[str]:
        """All of them: of the figure, of its chart by month, of that of its own grain."""
        said = [*self._of_figure(), *self._of_months(months)]
        if own is not None:
            said += self._of_own(own)
        return [
            *said,
            *self._of_target(),
            *self._of_share(),
            *self._of_areas(),
            *self._of_drivers(),
            *self._of_years(),
        ]

    # -- the figure --------------------------------------------------------------------------------

    def _of_figure(self) -> Iterator[str]:
        when = period_name(self.query, self.period)
        if self.figure.value is None:
            yield f"No cases in {when}."
            return
        yield phrases.beside(self._named(), when, self._others())
        for change in self._changes():
            if change is not None and change.at_age is not None and change.value is not None:
                others = [self._beside(change, f"the {self.word} before")]
                said = f"At {change.at_age} days after recording, {self._amount(change.value)}"
                yield phrases.beside(said, when, [each for each in others if each])
                break
        to_date = self.beside.year_to_date
        if isinstance(to_date, Change) and to_date.at_age is None and self.word != "year":
            lies = self._beside(to_date, "that of last year")
            if lies and to_date.value is not None and to_date.period != self.figure.period:
                yield f"The financial year to date, {self._amount(to_date.value)}, is {lies}."
        yield from self._why_not()
        if self.figure.heard is not None:
            said = phrases.heard_in_part(self.figure.heard, f"the {self.word}")
            yield f"{said[:1].upper()}{said[1:]}."
        elif not self.figure.complete:
            yield f"The {self.word} is not over, or was not heard from end to end."

    def _why_not(self) -> Iterator[str]:
        """Why it is not compared with what came before, or not without a caution."""
        lacking: dict[str, list[str]] = {}
        cautions = []
        for change, name in zip(self._changes(), self._names(), strict=True):
            if change is None or not change.reason:
                continue
            if change.change is None:
                lacking.setdefault(change.reason, []).append(name)
            else:
                cautions.append(change.reason)
        for reason, names in lacking.items():
            yield f"Not compared with {phrases.listed(names)}: {reason}."
        for reason in dict.fromkeys(cautions):
            yield f"{reason[:1].upper()}{reason[1:]}."

    def _names(self) -> tuple[str, str, str]:
        word = self.word
        return f"the {word} before", f"the same {word} last year", f"the {word} average"

    def _named(self) -> str:
        figure, value = self.figure, self.figure.value
        said = self._amount(value or 0)
        if self.unit == "count":
            return f"{said} {self.noun}" if self.noun else said
        if figure.numerator is not None and figure.denominator and self.unit == "ratio":
            return f"{said} ({phrases.printed(figure.numerator):,} of {figure.denominator:,})"
        if figure.denominator:
            return f"{said}, of {figure.denominator:,} cases,"
        return said

    def _changes(self) -> tuple[Change | None, ...]:
        found = (self.beside.previous, self.beside.last_year, self.beside.average)
        return tuple(each if isinstance(each, Change) else None for each in found)

    def _others(self) -> list[str]:
        """What stands beside the figure itself: not what is compared at an equal age."""
        found = [
            self._beside(change, name)
            for change, name in zip(self._changes(), self._names(), strict=True)
            if change is not None and change.at_age is None
        ]
        return [each for each in found if each]

    def _beside(self, change: Change, name: str) -> str:
        if change.change is None or change.base is None:
            return ""
        return phrases.compared(
            change.base + change.change, change.base, change.percent, self.unit, name
        )

    def _amount(self, value: float) -> str:
        return phrases.in_print(value, self.unit)

    # -- the chart by month ------------------------------------------------------------------------

    def _of_months(self, judged: JudgedPeriod) -> Iterator[str]:
        points = [each for each in judged.points.values() if self.period.start <= each.start]
        if judged.policy is None or not points:
            return
        moved = [each for each in points if each.moved is not None]
        for point in moved:
            if (change := point.moved) is not None:
                yield phrases.average_moved(
                    "month",
                    change.points,
                    (change.old, change.new),
                    self.unit,
                    self._month(point),
                    self.noun,
                )
                if point.same_months is not None:
                    averages = change.old, change.new
                    if season := phrases.perhaps_season(point.same_months, averages, self.unit):
                        yield season
        yield from self._exceptional(points)
        yield from self._in_a_row(points, judged.policy)
        for point in points:
            if point.provisional:
                yield f"{self._month(point)} is provisional, and not judged: {point.provisional}."

    def _exceptional(self, points: Sequence[ControlPoint]) -> Iterator[str]:
        judged = [each for each in points if each.centre is not None]
        flagged = [each for each in judged if each.flag is not None]
        revised: set[float] = {each.moved.new for each in points if each.moved is not None}
        for (side, centre), some in groupby(flagged, lambda each: (each.flag, each.centre)):
            if side is None or centre is None:
                continue
            new = any(abs(centre - each) < 1e-9 for each in revised)
            of = "this revised average" if new else f"the average of {self._amount(centre)}"
            yield phrases.exceptional(side, [self._month(each) for each in some], of, self.unit)
        if judged and not flagged:
            yield phrases.not_exceptional(len(judged), len(points), "month", self._limits(judged))

    def _limits(self, judged: Sequence[ControlPoint]) -> str:
        """The limits of all points, where they are the same."""
        lines = {(each.lower, each.upper) for each in judged}
        if len(lines) > 1:
            return ""
        ((lower, upper),) = lines
        if lower is None or upper is None:
            return ""
        each = "it lies" if len(judged) == 1 else "all lie"
        least, most = self._amount(lower), self._amount(upper)
        return "" if least == most else f"{each} within the limits of {least} and {most}"

    def _in_a_row(self, points: Sequence[ControlPoint], policy: ChartPolicy) -> Iterator[str]:
        last = next((each for each in reversed(points) if each.centre is not None), None)
        if last is not None and last.rises >= RISING:
            rise = phrases.ordinal(last.rises)
            yield f"{self._month(last)} is the {rise} consecutive month above the one before."
        if last is None or last.centre is None or last.moved is not None or abs(last.run) < LONG:
            return
        said = phrases.in_a_row(last.run, last.centre, self.unit, "month", policy.rebase)
        yield f"{self._month(last)} is the {said}"

    def _month(self, point: ControlPoint) -> str:
        local = self.query.calendar.local(point.start)
        name = MONTHS[local.month - 1]
        return name if self._one_year else f"{name} {local.year}"

    # -- the chart of its own grain, and what else stands beside it --------------------------------

    def _of_own(self, judged: JudgedPeriod) -> Iterator[str]:
        """By the limits of the year before."""
        point = judged.points.get(self.period.label)
        if point is None or point.centre is None or judged.policy is None:
            return
        lower, upper = (self._amount(each or 0.0) for each in (point.lower, point.upper))
        if point.flag is None:
            where = f"within the limits of {lower} and {upper}"
        else:
            limit = upper if point.flag == "above" else lower
            name = "upper" if point.flag == "above" else "lower"
            where = f"exceptional: {point.flag} the {name} limit of {limit}"
        of = f"{judged.policy.points} {self.word}s of the financial year before"
        yield f"By the {of}, the {self.word} is {where}."

    def _of_target(self) -> Iterator[str]:
        found = self.beside.target
        if not isinstance(found, JudgedTarget):
            return
        if found.met is not None:
            yield f"The target of {goal(found, self.unit)} was {'met' if found.met else 'missed'}."
        elif found.target.seconds is not None and not goal(found, self.unit):
            limit = phrases.limit(found.target.seconds)
            yield f"The limit is {limit}; no share within it is set as a target."
        if found.target.bands:
            names = phrases.listed([each.name for each in found.target.bands])
            of = "in none of them" if found.band is None else f"in that of {found.band}"
            where = "" if found.value is None else f": {self._amount(found.value)} is {of}"
            yield f"The bands of the target are {names}{where}."

    def _of_share(self) -> Iterator[str]:
        """The rate, and the share of its parent."""
        beside, parts = self.beside, []
        rate = beside.rate
        if isinstance(rate, Rate) and rate.value is not None and rate.per is not None:
            parts.append(f"{phrases.printed(rate.value, 2)} per 1,000 {BASES[rate.per]}")
        if isinstance(beside.share, Observation) and beside.share.value is not None:
            parent = self.query.indicator(self.indicator.share_of).title
            share = phrases.in_print(beside.share.value, "ratio")
            parts.append(f"{share} of {parent[:1].lower()}{parent[1:]}")
        if parts:
            yield f"That is {phrases.listed(parts)}."

    def _of_areas(self) -> Iterator[str]:
        """That it rose in all areas right below the force, or in all but one; fell likewise."""
        top = {each.id for each in self.query.force.file.areas if each.parent is None}
        changes: dict[str, float] = {}
        for each in self.areas:
            beside = each.beside if isinstance(each.beside, Beside) else Beside()
            found = beside.previous
            if each.area in top and isinstance(found, Change) and found.change is not None:
                changes[each.area] = found.change
        if len(changes) != len(top) or len(top) < FEWEST:
            return
        for went, sign in (("rose", 1), ("fell", -1)):
            others = [area for area, change in changes.items() if change * sign <= 0]
            if not others:
                yield f"It {went} on the {self.word} before in all {len(top)} areas."
            elif len(others) == 1:
                but = phrases.place(self.query.force, others[0])
                yield f"It {went} on the {self.word} before in every area but {but}."

    def _of_years(self) -> Iterator[str]:
        """Its season, its trend and its projection, which rest on years of months and on no limits
        of a chart."""
        season, trend, ahead = self.beside.season, self.beside.trend, self.beside.projection
        if isinstance(season, Season) and season.usual is not None:
            side = "above" if season.usual > 0 else "below"
            usual = phrases.percent_change(100 * season.usual)
            months = "It usually lies" if self.word == "month" else "Its months usually lie"
            yield f"{months} {usual} {side} an average month ({season.years} years before)."
        if isinstance(trend, Trend) and trend.word in ("rising", "falling"):
            yield (
                f"Over {trend.years} years, its season apart, it is {trend.word} (seasonal Kendall "
                "test at 5 %)."
            )
        if isinstance(ahead, Projection):
            parts = [
                f"{self._amount(each.value)} in {self._named_month(each.month)} (80 % interval "
                f"{self._amount(each.low_80)} to {self._amount(each.high_80)})"
                for each in (ahead.in_3, ahead.in_6)
                if each is not None
            ]
            if parts:
                yield f"Projected as it has gone so far: {phrases.listed(parts)}."

    def _named_month(self, label: str) -> str:
        return period_name(self.query, self.query.stretch(label))

    def _of_drivers(self) -> Iterator[str]:
        found = self.beside.drivers
        if not isinstance(found, Drivers) or not found.change:
            return
        known = self.query.force.area_index  # what has no area is in none of them
        areas = [each for each in found.areas.items() if each[0] in known]
        if len(areas) < 2:
            return
        area, change = areas[0]
        if change * found.change > 0:
            name = phrases.place(self.query.force, area)
            went = "increase" if change > 0 else "decrease"
            sign = "+" if change > 0 else "−"
            yield (
                f"The largest {went} on the {self.word} before was in {name} "
                f"({sign}{self._amount(abs(change))})."
            )


def goal(found: JudgedTarget, unit: FigureUnit) -> str:
    """A target: `at least 90.0 %`, of a change `10.0 % or more below last year in the year to
    date`; nothing of a limit alone, such as 20 minutes without a share."""
    if found.target.of == "change":
        return _goal_of_change(found.target)
    bounds: Iterable[tuple[str, float | None]] = (
        ("at least", found.target.lower),
        ("at most", found.target.upper),
    )
    said = [
        f"{name} {phrases.in_print(value, unit)}" for name, value in bounds if value is not None
    ]
    return phrases.listed(said) if said else ""


def _goal_of_change(target: Goal) -> str:
    said = []
    for value, least in ((target.lower, True), (target.upper, False)):
        if value is not None:
            far, side = phrases.in_print(abs(value), "ratio"), "above" if value > 0 else "below"
            more = least is (value > 0)
            said.append(f"{far} or {'more' if more else 'less'} {side} last year")
    return f"{phrases.listed(said)} in the year to date" if said else ""

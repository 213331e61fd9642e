"""Puts a report together: figures, sentences and comments, in the order of its layout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version

from streams.board.answers import Page
from streams.board.compare import Beside, Change
from streams.board.flags import FlagPage, MonthlyFlags
from streams.board.query import Query
from streams.board.revisions import FirstFigure
from streams.board.targets import JudgedTarget as TargetJudged
from streams.charts.indicator import indicator_chart
from streams.charts.model import Chart
from streams.config.force import WHOLE
from streams.errors import QueryError
from streams.outputs.report.comments import Comment
from streams.outputs.report.figures import FigureReader
from streams.outputs.report.layout import Grid, ReportLayout, Section
from streams.outputs.report.model import (
    ChartsJudged,
    DatedChange,
    GridRow,
    Report,
    ReportChapter,
    ReportFigure,
    ReportGrid,
    ReportSection,
    SummaryRow,
    UnknownInPeriod,
)
from streams.outputs.report.sentences import Sentences, goal, period_name, period_word
from streams.periods import Grain, rfc3339
from streams.registry import phrases
from streams.registry.charting import POINTS
from streams.registry.indicator import Indicator
from streams.stretches import Stretch

SHOWN: dict[Grain, int] = {"month": 36, "quarter": 36}
"""Months that a chart shows, at the most."""


def sections_of(layout: ReportLayout) -> int:
    """How many sections a layout has: steps of `build`."""
    return sum(len(chapter.sections) for chapter in layout.chapters)


def shown_in(layout: ReportLayout, query: Query) -> list[str]:
    """The names of all indicators that a layout shows."""
    named = [
        name for chapter in layout.chapters for each in chapter.sections for name in each.names
    ]
    if any(each.reported for chapter in layout.chapters for each in chapter.sections):
        named += _reported(query)
    return list(dict.fromkeys(named))


def _reported(query: Query) -> list[str]:
    found = (query.indicator(name) for name in query.indicators())
    return [each.name for each in found if each.reported is not None]


def build(
    query: Query,
    period: Stretch,
    layout: ReportLayout,
    comments: Sequence[Comment] = (),
    step: Callable[[], None] = lambda: None,
) -> Report:
    """The report of a period. `step` is called after each section. Raises `QueryError` for a period
    that has not begun, or is not of whole months."""
    if period.unit != "month" or period.start >= query.at:
        raise QueryError(
            f"{period.label} is no period of a report: name a month, quarter or year that has begun"
        )
    return _Building(query, period, layout, comments, step).report()


class _Building:
    """A report as it is put together."""

    def __init__(
        self,
        query: Query,
        period: Stretch,
        layout: ReportLayout,
        comments: Sequence[Comment],
        step: Callable[[], None],
    ) -> None:
        self.query, self.period, self.layout = query, period, layout
        self.comments, self.step = comments, step
        self.reader = FigureReader(query, period)
        self.summary: list[SummaryRow] = []
        self.unknown: dict[str, UnknownInPeriod] = {}
        self.open: dict[str, dict[str, str]] = {}
        """By month and title, why a figure may still change."""
        self.revised: list[str] = []
        """Figures of months that are no longer what was first published."""

    def report(self) -> Report:
        """All of it."""
        query, period = self.query, self.period
        chapters = list(self._chapters())
        zone = query.force.zone
        return Report(
            title=self.layout.title,
            force=query.force.id,
            force_name=query.force.name,
            period=period.label,
            when=period_name(query, period),
            at=rfc3339(query.at, zone),
            as_of=phrases.instant(rfc3339(query.at, zone), zone),
            version=version("watchroom"),
            summary=self.summary,
            chapters=chapters,
            unknown=list(self.unknown.values()),
            judged=list(self._judged()),
            open=list(self._open()),
            revised=list(dict.fromkeys(self.revised)),
            changes=list(self._changes()),
            lists=list(self._lists()),
        )

    def _chapters(self) -> Iterator[ReportChapter]:
        for chapter in self.layout.chapters:
            found = []
            for section in chapter.sections:
                made = self._section(section)
                if made is not None:
                    found.append(made)
                self.step()
            if found:
                yield ReportChapter(title=chapter.title, sections=found)

    # -- a section ---------------------------------------------------------------------------------

    def _section(self, section: Section) -> ReportSection | None:
        """A section; None where nothing is known of what it shows."""
        query, reader = self.query, self.reader
        if section.instead_of and reader.known(query.indicator(section.instead_of)):
            return None
        if section.unless_all and self._is_all(section.indicator, section.unless_all):
            return None
        if section.period:
            reader = FigureReader(query, query.stretch(section.period))
        charted = query.indicator(section.indicator) if section.indicator else None
        if charted is not None and self._never(charted):
            return None
        title = section.title or (charted.title if charted is not None else "")
        elsewhere = {name for of in self.layout.chapters for s in of.sections for name in s.names}
        reported = _reported(query) if section.reported else []
        names = [*section.names, *(each for each in reported if each not in elsewhere)]
        figures, within = [], []
        for name in names:
            indicator = query.indicator(name)
            if reader.known(indicator):
                figures.append(reader.whole(indicator, title))
                within += reader.within(indicator, title)
            elif name in section.names:
                of = [each for each in self.comments if each.indicator == name]
                reason = query.figure(indicator, reader.period).reason
                self.unknown[name] = UnknownInPeriod(name, indicator.title, reason, of)
        grid = None if section.grid is None else self._grid(section.grid, title)
        if not figures and grid is None:
            return None
        made = ReportSection(
            title=title,
            figures=figures,
            within=within,
            before=reader.before([each.indicator for each in figures], section.before, title)
            if figures and section.before
            else [],
            period=period_name(query, reader.period) if section.period else "",
            by_area=section.areas,
            grid=grid,
            comments=[each for each in self.comments if each.indicator in _named(figures)],
        )
        first = figures[0] if figures else None
        if charted and first and first.known and first.indicator == charted.name:
            made.charted = True
            made.definition, made.source = charted.definition, charted.source
            made.chart = self._chart(charted.name, section.chart)
            made.sentences = self._sentences(first, within)
            self.summary.append(self._summary(title, first, within))
        if not section.period:
            self._note_open([*figures, *within])
        return made

    def _never(self, indicator: Indicator) -> bool:
        """Whether no record that there is was ever of the category or offence that an indicator
        counts: the force has none such, as a fire service has no anti-social behaviour."""
        asked = [part.address for part in indicator.parts]
        if not asked or not all("category=" in each or "offence=" in each for each in asked):
            return False
        every = self._every(indicator.name)
        return every is not None and self.query.figure(indicator, every).value == 0

    def _every(self, name: str) -> Stretch | None:
        """All months of which there are records for an indicator; None where nobody knows."""
        query = self.query
        since = query.since(name)
        if since is None:
            return None
        ends = [query.calendar.holding("month", at).label for at in (since, query.at - 1)]
        return query.stretch("..".join(ends))

    def _is_all(self, name: str, part: str) -> bool:
        """Whether nothing but a part of an indicator is known: the figures are the same, in the
        period and in all that records go back to."""
        every = self._every(name)
        if every is None:
            return False
        whole, only = (self.query.figure(each, every).value for each in (name, part))
        return bool(whole) and whole == only

    def _grid(self, grid: Grid, title: str) -> ReportGrid | None:
        """A grid without the rows of which nothing is known."""
        rows = []
        for row in grid.rows:
            found = [self.reader.at(grid.address(row, each), title) for each in grid.columns]
            if any(each is not None for each in found):
                rows.append(GridRow(row, found))
        return ReportGrid(list(grid.columns), rows) if rows else None

    def _chart(self, name: str, grain: Grain) -> Chart | None:
        """The chart, up to the end of the period; None where there are not two points of it."""
        query, period = self.query, self.period
        first = query.since(name)
        if first is None:
            return None
        shown = period.rolling(SHOWN[grain])
        start = max(first, period.start if shown is None else shown.start)
        months = [query.calendar.holding("month", at).label for at in (start, period.end - 1)]
        made = indicator_chart(query, name, grain, "..".join(months))
        known = [each for each in made.points if each.value is not None]
        return made if len(known) > 1 else None

    def _sentences(self, figure: ReportFigure, within: Sequence[ReportFigure]) -> list[str]:
        indicator, grain = self.query.indicator(figure.indicator), self.period.grain
        own = None
        if grain is not None and grain != "month":
            own = self.reader.judged(indicator, grain)
        of = (figure.indicator, figure.period)
        areas = [each for each in within if (each.indicator, each.period) == of]
        said = Sentences(self.query, self.period, figure, areas)
        return said.all(self.reader.judged(indicator, "month"), own)

    # -- the summary -------------------------------------------------------------------------------

    def _summary(
        self, title: str, figure: ReportFigure, within: Sequence[ReportFigure]
    ) -> SummaryRow:
        beside = figure.beside
        happened = (
            "no cases" if figure.value is None else phrases.in_print(figure.value, figure.unit)
        )
        target = ""
        if isinstance(beside, Beside):
            if isinstance(beside.previous, Change) and beside.previous.change is not None:
                change = beside.previous
                far = phrases.difference(change.change or 0, change.percent, figure.unit)
                happened += f", {far} the {period_word(self.period)} before"
            if isinstance(beside.target, TargetJudged):
                target = _target(beside.target, figure)
        return SummaryRow(
            topic=title,
            happened=happened,
            exceptional_months=self._of_months(figure, within),
            exceptional_period=self._of_period(figure),
            target=target,
        )

    def _of_period(self, figure: ReportFigure) -> str:
        """Whether the period as a whole is exceptional: `Yes: above`."""
        grain = self.period.grain
        if grain is None or grain == "month":
            return ""
        if self.reader.judged(self.query.indicator(figure.indicator), grain).policy is None:
            return ""
        if figure.centre is None:
            return "not judged"
        return "No" if figure.flag is None else f"Yes: {figure.flag}"

    def _of_months(self, figure: ReportFigure, within: Sequence[ReportFigure]) -> str:
        """Which months are exceptional: `above in December`."""
        same = (each for each in within if (each.indicator, each.area) == (figure.indicator, WHOLE))
        months = [figure] if self.period.grain == "month" else list(same)
        judged = [each for each in months if each.centre is not None]
        if not judged:
            return "not judged"
        parts = []
        for side in ("above", "below"):
            flagged = [self._month(each) for each in judged if each.flag == side]
            if len(flagged) == len(months) > 1:
                parts.append(f"{side} in every month")
            elif flagged:
                parts.append(f"{side} in {phrases.listed(flagged)}")
        said = f"Yes: {'; '.join(parts)}" if parts else "No"
        rest = len(months) - len(judged)
        return f"{said} ({rest} not judged)" if rest else said

    def _month(self, figure: ReportFigure) -> str:
        start = self.query.stretch(figure.period).start
        return f"{self.query.calendar.local(start):%B}"

    # -- what is said once -------------------------------------------------------------------------

    def _note_open(self, figures: Iterable[ReportFigure]) -> None:
        """Keeps which months may still change."""
        for each in figures:
            reason = each.outlook or each.provisional
            of_month = self.query.stretch(each.period).grain == "month"
            if reason and each.area == WHOLE and of_month:
                self.open.setdefault(each.period, {}).setdefault(each.title, reason)
            first = first_published(each)
            if first is not None and each.area == WHOLE and of_month and each.value is not None:
                name = period_name(self.query, self.query.stretch(each.period))
                self.revised += filter(None, [revision(name, each, first)])

    def _open(self) -> Iterator[str]:
        for month in sorted(self.open):
            name = period_name(self.query, self.query.stretch(month))
            for title, reason in self.open[month].items():
                yield f"{name}, {title}: {reason.rstrip('.')}."

    def _changes(self) -> Iterator[DatedChange]:
        """The force's dated changes of the time that charts show."""
        force, end = self.query.force, self.period.end
        shown = self.period.rolling(max(SHOWN.values()))
        start = self.period.start if shown is None else shown.start
        for change in sorted(force.file.changes, key=lambda each: each.date):
            if not start <= force.instant(change.date) < end:
                continue
            compared = change.effect == "mark"
            across = "compared across it" if compared else "not compared with before"
            yield DatedChange(
                date=change.date.isoformat(),
                kind=change.kind,
                what=change.what,
                affects=change.affects,
                compared=compared,
                words=f"{phrases.full_date(change.date)}: {change.what.rstrip('.')}; {across}.",
            )

    def _judged(self) -> Iterator[ChartsJudged]:
        """By grain; of months also where none of them was judged."""
        if not self.reader.chances.get("month"):
            yield ChartsJudged(
                grain="month",
                judged=0,
                exceptional=0,
                by_chance=0.0,
                words="No month was judged by a control chart: none has limits yet.",
            )
        for grain, found in sorted(self.reader.chances.items()):
            exceptional = sum(each for each, _ in found.values())
            by_chance = sum(chance for _, chance in found.values())
            are = "is" if exceptional == 1 else "are"
            yield ChartsJudged(
                grain=grain,
                judged=len(found),
                exceptional=exceptional,
                by_chance=round(by_chance, 1),
                words=(
                    f"By the control charts of {POINTS[grain]}, {exceptional:,} of {len(found):,} "
                    f"figures {are} exceptional; had nothing changed since the {POINTS[grain]} "
                    f"that their limits come from, about {phrases.rough(by_chance)} would be by "
                    "chance alone."
                ),
            )

    def _lists(self) -> Iterator[FlagPage]:
        """Watchroom's own list of each month that is over."""
        months = [self.period] if self.period.grain == "month" else []
        months = months or [
            Stretch.of(self.query.calendar, each) for each in self.period.parts("month")
        ]
        for month in months:
            if month.end <= self.query.at:
                yield MonthlyFlags(self.query, month.label).page(Page(0, sys.maxsize))


def _named(figures: Iterable[ReportFigure]) -> set[str]:
    return {each.indicator for each in figures}


def _target(found: TargetJudged, figure: ReportFigure) -> str:
    """`met (at least 90.0 %)`; nothing where it is not known whether it is."""
    if found.met is None:
        return ""
    return f"{'met' if found.met else 'missed'} ({goal(found, figure.unit)})"


def revision(month: str, figure: ReportFigure, first: FirstFigure) -> str:
    """`October 2017, Robbery: 42, first published as 40.`; empty where both print alike."""
    now = phrases.in_print(figure.value or 0, figure.unit)
    was = phrases.NO_FIGURE if first.value is None else phrases.in_print(first.value, figure.unit)
    return "" if now == was else f"{month}, {figure.title}: {now}, first published as {was}."


def first_published(figure: ReportFigure) -> FirstFigure | None:
    """As a figure was first published, where it is another one now."""
    beside = figure.beside
    first = beside.first_published if isinstance(beside, Beside) else None
    if isinstance(first, FirstFigure) and first.value != figure.value:
        return first
    return None

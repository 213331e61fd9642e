"""What a report holds: every figure, judgement and sentence, as data. The page, `--json` and
`--csv` are made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from streams.board.answers import FigureRow
from streams.board.control import FlagSide, Moved
from streams.board.flags import FlagPage
from streams.charts.model import Chart
from streams.outputs.report.comments import Comment


class ReportFigure(FigureRow, kw_only=True, omit_defaults=True):
    """A figure of a section, with the lines of its control chart by the grain of its period:
    without any it was not judged. `run` is how many points in a row lie above the centre, negative
    for below."""

    section: str
    centre: float | None = None
    lower: float | None = None
    upper: float | None = None
    flag: FlagSide | None = None
    run: int = 0
    rises: int = 0
    moved: Moved | None = None
    provisional: str = ""
    a_month: float | None = None
    """Of a count of several months in a section with a period of its own, how many a month."""


class GridRow(Struct, frozen=True):
    """A row of a grid: a figure by column, None where nothing is known of it."""

    title: str
    figures: list[ReportFigure | None]


class ReportGrid(Struct, frozen=True):
    """A table of measures by the values of a dimension."""

    columns: list[str]
    rows: list[GridRow]


class ReportSection(Struct, kw_only=True, omit_defaults=True):
    """A section. `figures` are those of the period for the force as a whole, the charted indicator
    first; `within` those of the areas, and of the months of the period; `before` those of the
    periods before for the force as a whole. `period` is its own one, in words, where that is not
    the report's; `by_area` says that all its figures are shown by area."""

    title: str
    definition: str = ""
    source: str = ""
    sentences: list[str] = []
    comments: list[Comment] = []
    figures: list[ReportFigure] = []
    within: list[ReportFigure] = []
    before: list[ReportFigure] = []
    period: str = ""
    by_area: bool = False
    charted: bool = False
    """Whether the first of its figures is that of an indicator with a chart."""
    chart: Chart | None = None
    grid: ReportGrid | None = None


class ReportChapter(Struct, kw_only=True):
    """Some sections below a heading."""

    title: str
    sections: list[ReportSection]


class SummaryRow(Struct, kw_only=True, frozen=True):
    """A line of the table at the head of the report. `exceptional_months` says which months are
    exceptional by the control chart of months, `exceptional_period` whether the period as a whole
    is by the chart of its own grain: empty for a month, and where there is no such chart."""

    topic: str
    happened: str
    exceptional_months: str
    exceptional_period: str
    target: str


class UnknownInPeriod(Struct, frozen=True):
    """What the layout names, and nothing is known of in the period."""

    indicator: str
    title: str
    reason: str
    comments: list[Comment] = []


class ChartsJudged(Struct, frozen=True, kw_only=True):
    """How many figures were judged by the charts of a grain, how many of them are exceptional, and
    how many would be so by chance alone."""

    grain: str
    judged: int
    exceptional: int
    by_chance: float
    words: str


class DatedChange(Struct, frozen=True, kw_only=True):
    """A change of system or of recording that the force's file has: from which day on, what it is,
    and what it affects; nothing named is everything. `compared` is whether figures before and after
    it can be compared."""

    date: str
    kind: str
    what: str
    affects: list[str]
    compared: bool
    words: str


class Report(Struct, kw_only=True):
    """A performance summary. `open` says which months are provisional or may still change,
    `revised` which figures are others than were first published; `lists` are Watchroom's own lists
    of the months, by another rule than that of charts. `changes` are the dated
    changes of the time that its charts show."""

    title: str
    force: str
    force_name: str
    period: str
    when: str
    at: str
    as_of: str
    version: str
    summary: list[SummaryRow]
    chapters: list[ReportChapter]
    unknown: list[UnknownInPeriod]
    judged: list[ChartsJudged]
    open: list[str]
    revised: list[str]
    changes: list[DatedChange]
    lists: list[FlagPage]


def why_empty(report: Report) -> str:
    """Why a report has no section; nothing of one that has."""
    if report.chapters:
        return ""
    reasons = Counter(each.reason for each in report.unknown if each.reason)
    why = "".join(f", most often because {reason}" for reason, _ in reasons.most_common(1))
    return f"Nothing that the layout shows is known of {report.when}, as of {report.as_of}{why}."


def figures_of(report: Report) -> Iterator[ReportFigure]:
    """Every figure of a report, section by section."""
    for chapter in report.chapters:
        for section in chapter.sections:
            yield from section.figures
            yield from section.within
            yield from section.before
            if section.grid is not None:
                for row in section.grid.rows:
                    yield from (each for each in row.figures if each is not None)

"""Which indicators a report has, and in which order: a TOML file. The one beside this module has
the order of the forces' own reports."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Literal

from msgspec import Struct

from streams.board.query import Query
from streams.config.toml import locate, parse_toml, read_text
from streams.errors import ConfigError, QueryError

FILE = "layout.toml"
"""The layout that is shipped, beside this module."""
CURE = "Compare with docs/report.md"
MOST_BEFORE = 5
"""Periods before that have room in a table."""


class Grid(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of measures by the values of a dimension. `rows` are titles with what is asked:
    `grade=emergency`, `columns` titles with a measure: `segments.travel_mean`."""

    rows: dict[str, str]
    columns: dict[str, str]

    def address(self, row: str, column: str) -> str:
        """The address of a figure: `segments.travel_mean{grade=emergency}`."""
        return f"{self.columns[column]}{{{self.rows[row]}}}"


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A section: an `indicator` with its chart, sentences and months by area, further indicators
    as `rows` of its table, a `grid`, or all that is `reported` of other systems. `title` is that of
    the indicator where it has none; `chart` is the grain that is drawn.

    Its indicators may also stand by `areas`, or beside so many periods `before`. A `period` of its
    own stands for that of the report. One that is `instead_of` an indicator is left out where
    anything is known of that; one that stands `unless_all` of its indicator is another where it
    is."""

    title: str = ""
    indicator: str = ""
    rows: list[str] = []
    grid: Grid | None = None
    reported: bool = False
    chart: Literal["month", "quarter"] = "month"
    areas: bool = False
    before: int = 0
    period: str = ""
    instead_of: str = ""
    unless_all: str = ""

    @property
    def names(self) -> list[str]:
        """The indicators of its table, that of the chart first."""
        return list(dict.fromkeys(filter(None, (self.indicator, *self.rows))))


class Chapter(Struct, frozen=True, forbid_unknown_fields=True):
    """Some sections below a heading."""

    title: str
    sections: list[Section]


class ReportLayout(Struct, frozen=True, forbid_unknown_fields=True):
    """A report: its title and chapters."""

    title: str
    chapters: list[Chapter]


def load_layout(path: Path | None, query: Query) -> ReportLayout:
    """A layout from a file, by default the shipped one, with all names checked for a force; raises
    `ConfigError` with file, line, field and cure."""
    if path is None:
        text = (resources.files("streams.outputs.report") / FILE).read_text("utf-8")
        return parse_layout(text, FILE, query)
    return parse_layout(read_text(path), path, query)


def parse_layout(text: str, file: Path | str, query: Query) -> ReportLayout:
    """The same of a text."""
    made = parse_toml(text, ReportLayout, file, CURE)
    for field, problem, cure in _problems(made, query):
        raise ConfigError(problem, file=file, line=locate(text, field), field=field, cure=cure)
    return made


def _problems(made: ReportLayout, query: Query) -> Iterator[tuple[str, str, str]]:
    """(field, problem, cure) of what can't be shown."""
    for number, chapter in enumerate(made.chapters):
        for place, section in enumerate(chapter.sections):
            field = f"chapters[{number}].sections[{place}]"
            if not (section.names or section.grid or section.reported):
                yield field, "a section without anything in it", "Name an indicator"
            if not section.indicator and not section.title:
                yield field, "a section without an indicator needs a title", "Add a title"
            grid = section.grid
            inside = (
                []
                if grid is None
                else [grid.address(r, c) for r in grid.rows for c in grid.columns]
            )
            for name in (
                *section.names,
                *inside,
                *filter(None, [section.instead_of, section.unless_all]),
            ):
                try:
                    query.indicator(name)
                except QueryError as error:
                    yield field, str(error), "`watchroom measures` lists the names"
            if not 0 <= section.before <= MOST_BEFORE:
                yield (
                    f"{field}.before",
                    f"{section.before} periods before stand in no table",
                    f"Write a number from 0 to {MOST_BEFORE}",
                )
            if section.period:
                yield from _period_problems(f"{field}.period", section, query)


def _period_problems(field: str, section: Section, query: Query) -> Iterator[tuple[str, str, str]]:
    if section.indicator or section.grid or section.reported:
        yield field, "only a table of rows has a period of its own", "Name its indicators in rows"
    try:
        stretch = query.stretch(section.period)
    except QueryError as error:
        yield field, str(error), "Write it as --period has it"
        return
    if stretch.unit != "month":
        yield field, f"{section.period} is not of whole months", "Write it as 2020-03..2020-09"

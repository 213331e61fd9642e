"""A report as one HTML page that needs nothing else: its charts are in it as SVG, and it prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from streams.board.compare import Beside, Change, Rate
from streams.board.flags import FlagPage, FlagRow
from streams.board.query import Number, Observation
from streams.board.targets import JudgedTarget
from streams.charts.words import MONTHS
from streams.config.force import WHOLE, Force
from streams.config.measures import FigureUnit
from streams.outputs.report.frame import PACKAGE, rendered
from streams.outputs.report.model import Report, ReportFigure, ReportSection, why_empty
from streams.outputs.report.sentences import goal
from streams.registry import phrases

SHORT = tuple(name[:3] for name in MONTHS)
SIGNS: dict[str, str] = {"above": "▲", "below": "▼"}
MOST_LISTED = 12
"""Rows of a monthly list that are shown."""


class Shown(NamedTuple):
    """What stands in one place of a table: what it says, and below it how it lies to the figure of
    the row."""

    text: str
    below: str = ""
    words: str = ""
    """For whoever does not see a sign."""


class Table(NamedTuple):
    """A table: the headings of its columns, and of each row its name, how deep it lies and its
    entries."""

    headings: list[str]
    rows: list[tuple[str, int, list[Shown]]]
    notes: list[str]


def page(report: Report, force: Force) -> str:
    """The page of a report of a force."""
    tables = Tables(report, force)
    return rendered(
        PACKAGE,
        "report.html",
        report.version,
        report=report,
        figures_of=tables.figures,
        areas_of=tables.areas,
        by_area_of=tables.by_area,
        before_of=tables.before,
        grid_of=tables.grid,
        list_of=listed,
        month=month_name,
        unknown=by_reason(report),
        word=tables.word,
        empty=why_empty(report),
        place=lambda area: "" if area == WHOLE else phrases.place(force, area),
    )


class Tables:
    """The tables of the sections of a report."""

    def __init__(self, report: Report, force: Force) -> None:
        self.report, self.force = report, force
        months = (
            each.period
            for chapter in report.chapters
            for section in chapter.sections
            for each in section.within
            if each.period != report.period
        )
        self.months = sorted(set(months))
        self.word = _word(report.period)

    # -- the figures of a section ------------------------------------------------------------------

    def figures(self, section: ReportSection) -> Table | None:
        """Its figures with what stands beside them; columns of which no row has anything are left
        out."""
        if not section.figures:
            return None
        word = "period" if section.period else self.word
        columns: list[tuple[str, Callable[[ReportFigure, Beside], Shown]]] = [
            (f"This {word}", lambda figure, _: Shown(value(figure))),
            (f"{word.capitalize()} before", lambda f, b: base(b.previous, f.unit)),
            (f"Average {word}", lambda f, b: base(b.average, f.unit)),
            (f"Same {word} last year", lambda f, b: base(b.last_year, f.unit)),
            ("Year to date", lambda f, b: to_date(b.year_to_date, f.unit)),
            ("Per 1,000", lambda _, b: rate(b.rate)),
            ("Share", lambda _, b: share(b.share)),
            ("A month", lambda f, _: a_month(f)),
            ("Target", lambda f, b: target(b.target, f.unit)),
        ]
        some = [each for each in section.figures if not _nothing(each)] or section.figures
        rows = [
            (each.title, 0, [read(each, _beside(each)) for _, read in columns]) for each in some
        ]
        kept = [at for at in range(len(columns)) if any(entries[at].text for *_, entries in rows)]
        none = Shown(phrases.NO_FIGURE, words="not known")
        rows = [
            (name, deep, [entries[at] if entries[at].text else none for at in kept])
            for name, deep, entries in rows
        ]
        notes = [*self._notes(some, section), *self._not_compared(some, section)]
        none_of = [each.title for each in section.figures if each not in some]
        if none_of:
            notes.append(f"None in the {word}, nor in those beside it: {'; '.join(none_of)}.")
        return Table([columns[at][0] for at in kept], rows, notes)

    def _notes(self, shown: Sequence[ReportFigure], section: ReportSection) -> list[str]:
        """What stands below a table: what a mark means, of whom a rate is, of what a share."""
        notes = []
        if _any_open(shown):
            notes.append("* not over, or not heard from end to end.")
        rates = {
            found.per
            for each in shown
            if isinstance(found := _beside(each).rate, Rate)
            and found.value is not None
            and found.per
        }
        if rates:
            of = phrases.listed(
                ["people" if each == "population" else each for each in sorted(rates)]
            )
            notes.append(f"Per 1,000 {of}.")
        goals = [(each.title, _beside(each).target, each.unit) for each in shown]
        wanted = {
            title: goal(target, unit)
            for title, target, unit in goals
            if isinstance(target, JudgedTarget)
        }
        wanted = {title: said for title, said in wanted.items() if said}
        if wanted:
            said = "; ".join(f"{title}, {what}" for title, what in wanted.items())
            notes.append(f"Target: {said}.")
        small = [each.title for each in shown if each.small]
        if small:
            notes.append(f"Of few cases: {phrases.listed(small)}.")
        return notes

    def _not_compared(self, shown: Sequence[ReportFigure], section: ReportSection) -> Iterator[str]:
        """Why figures have nothing beside them; of the charted one a sentence says so."""
        word = "period" if section.period else self.word
        found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        said_of = section.figures[0] if section.charted else None
        for each in (each for each in shown if each is not said_of):
            beside, lacking = _beside(each), dict[str, list[str]]()
            for change, name in (
                (beside.previous, f"the {word} before"),
                (beside.average, f"the average {word}"),
                (beside.last_year, f"the same {word} last year"),
            ):
                if isinstance(change, Change) and change.change is None and change.reason:
                    lacking.setdefault(change.reason, []).append(name)
            for reason, names in lacking.items():
                found.setdefault((reason, tuple(names)), []).append(each.title)
        for (reason, others), titles in found.items():
            them = phrases.listed(others)
            yield f"{phrases.listed(titles)}: not compared with {them}: {reason}."

    # -- what a section has besides -------------------------------------------------------------

    def by_area(self, section: ReportSection) -> Table | None:
        """All its figures by area, with their shares below; None where it does not show them."""
        if not section.by_area:
            return None
        own = {each.period for each in section.figures}
        of = {
            (each.area, each.indicator): each
            for each in (*section.figures, *section.within)
            if each.period in own
        }
        shown, names = list(of.values()), [each.indicator for each in section.figures]
        areas = [
            area.id
            for area in self.force.file.areas
            if any((area.id, name) in of for name in names)
        ]
        if not areas:
            return None
        rows = [
            (
                phrases.place(self.force, area),
                self._depth(area),
                [with_share(of.get((area, name))) for name in names],
            )
            for area in (*self._in_order(areas), WHOLE)
        ]
        return Table([each.title for each in section.figures], rows, self._shares(shown))

    def before(self, section: ReportSection) -> Table | None:
        """Its figures and those of the periods before, with their shares, a column a period."""
        if not section.before:
            return None
        shown = [*section.before, *section.figures]
        periods = {each.start: each.period for each in shown}
        of = {(each.indicator, each.period): each for each in shown}
        rows = [
            (
                each.title,
                0,
                [with_share(of.get((each.indicator, periods[at]))) for at in sorted(periods)],
            )
            for each in section.figures
        ]
        notes = [*self._notes(shown, section), *self._shares(shown)]
        return Table([heading(periods[at]) for at in sorted(periods)], rows, notes)

    def _shares(self, shown: Iterable[ReportFigure]) -> list[str]:
        """What the grey number below a figure is, where there is one."""
        return (
            ["In grey: its share."]
            if any(share(_beside(each).share).text for each in shown)
            else []
        )

    # -- months by area ----------------------------------------------------------------------------

    def areas(self, section: ReportSection) -> Table | None:
        """The months of the charted figure by area; None where nothing is known of any area."""
        if not section.charted:
            return None
        (first, *_) = section.figures
        of = {
            (each.area, each.period): each
            for each in (first, *section.within)
            if each.indicator == first.indicator
        }
        areas = [area.id for area in self.force.file.areas if (area.id, self.report.period) in of]
        months = [each for each in self.months if any(p == each for _, p in of)]
        if not areas and len(months) < 2:
            return None
        rates = any(rate(_beside(each).rate).text for each in of.values())
        headings = [
            *map(self._month, months),
            f"This {self.word}",
            f"{self.word.capitalize()} before",
        ]
        headings += ["Per 1,000"] if rates else []
        rows = []
        for area in (*self._in_order(areas), WHOLE):
            whole = of.get((area, self.report.period))
            entries = [marked(of.get((area, month))) for month in months]
            entries.append(marked(whole))
            beside = Beside() if whole is None else _beside(whole)
            entries.append(_or_nothing(base(beside.previous, first.unit)))
            if rates:
                entries.append(_or_nothing(rate(beside.rate)))
            rows.append((phrases.place(self.force, area), self._depth(area), entries))
        notes = ["* not over, or not heard from end to end."] if _any_open(of.values()) else []
        sides = {each.flag for each in of.values() if each.flag is not None}
        if sides:
            signs = [f"{SIGNS[side]} {side}" for side in sorted(sides)]
            notes.append(f"{phrases.listed(signs)} the limits of its own chart: exceptional.")
        return Table(headings, rows, notes)

    def _in_order(self, areas: Sequence[str]) -> list[str]:
        """Areas below the one that they lie in."""
        parents = {each.id: each.parent for each in self.force.file.areas}

        def path(area: str) -> list[int]:
            above = parents[area]
            own = list(parents).index(area)
            return [*([] if above is None else path(above)), own]

        return sorted(areas, key=path)

    def _depth(self, area: str) -> int:
        parents = {each.id: each.parent for each in self.force.file.areas}
        depth, above = 0, parents.get(area)
        while above is not None:
            depth, above = depth + 1, parents[above]
        return depth

    def _month(self, label: str) -> str:
        return heading(label)

    def grid(self, section: ReportSection) -> Table | None:
        """A grid as a table."""
        if section.grid is None:
            return None
        rows = [(row.title, 0, [marked(each) for each in row.figures]) for row in section.grid.rows]
        shown = [each for row in section.grid.rows for each in row.figures if each is not None]
        return Table(section.grid.columns, rows, self._notes(shown, section))


# -- entries ---------------------------------------------------------------------------------------


def _beside(figure: ReportFigure) -> Beside:
    return figure.beside if isinstance(figure.beside, Beside) else Beside()


def _nothing(figure: ReportFigure) -> bool:
    """Whether it is 0, and all that is known beside it is 0 as well."""
    beside = _beside(figure)
    compared = (beside.previous, beside.average, beside.last_year, beside.year_to_date)
    known = [each for change in compared if isinstance(change, Change) for each in _ends(change)]
    return figure.value == 0 and figure.complete and not any(known)


def _ends(change: Change) -> Iterator[Number]:
    yield from (each for each in (change.value, change.base) if each is not None)


def _any_open(figures: Iterable[ReportFigure]) -> bool:
    return any(value(each).endswith(" *") for each in figures)


def _or_nothing(entry: Shown) -> Shown:
    return entry if entry.text else Shown(phrases.NO_FIGURE, words="not known")


def value(figure: ReportFigure) -> str:
    """A figure; `no cases`, or nothing where it is not known; with `*` where it is not of all."""
    if not figure.known:
        return ""
    if figure.value is None:
        return "no cases"
    said = phrases.in_print(figure.value, figure.unit)
    return said if figure.complete and figure.heard is None else f"{said} *"


def marked(figure: ReportFigure | None) -> Shown:
    """A figure with the sign of an exceptional one."""
    if figure is None or not value(figure):
        return Shown(phrases.NO_FIGURE, words="not known")
    if figure.flag is None:
        return Shown(value(figure))
    words = f"exceptional, {figure.flag} its limits"
    return Shown(f"{value(figure)} {SIGNS[figure.flag]}", words=words)


def base(found: object, unit: FigureUnit) -> Shown:
    """What a figure is compared with, and below it by how much that is higher or lower."""
    if not isinstance(found, Change) or found.base is None:
        return Shown("")
    return Shown(phrases.in_print(found.base, unit), signed(found, unit))


def to_date(found: object, unit: FigureUnit) -> Shown:
    """The year to date, and below it how it lies to the last one."""
    if not isinstance(found, Change) or found.value is None:
        return Shown("")
    return Shown(phrases.in_print(found.value, unit), signed(found, unit))


def signed(found: Change, unit: FigureUnit) -> str:
    """A change with its sign: `+12.3 %`, `-2.1 points`, `+12 s`."""
    if found.change is None:
        return ""
    return phrases.signed(found.change, found.percent, unit)


def rate(found: object) -> Shown:
    """Per 1,000 people or households."""
    if not isinstance(found, Rate) or found.value is None:
        return Shown("")
    return Shown(f"{phrases.printed(found.value, 2)}")


def target(found: object, unit: FigureUnit) -> Shown:
    """Whether what was to be reached is; what that is stands below the table."""
    if not isinstance(found, JudgedTarget):
        return Shown("")
    wanted = goal(found, unit)
    if not wanted:
        return Shown("")
    met = {None: "not judged", True: "met", False: "missed"}[found.met]
    return Shown(met)


def a_month(figure: ReportFigure) -> Shown:
    """How many a month, of several months."""
    return Shown("" if figure.a_month is None else phrases.in_print(figure.a_month, figure.unit))


def with_share(figure: ReportFigure | None) -> Shown:
    """A figure, and below it its share of its parent."""
    if figure is None or not value(figure):
        return Shown(phrases.NO_FIGURE, words="not known")
    return Shown(value(figure), share(_beside(figure).share).text)


def month_name(label: str) -> str:
    """A month as a heading has it: `October 2017`."""
    return f"{MONTHS[int(label[5:7]) - 1]} {label[:4]}"


def heading(period: str) -> str:
    """A period at the head of a column: `Jul to Sep 2019`, `Jul 2019`, `2019/20`."""
    year, _, rest = period.partition("-")
    if rest.startswith("Q"):
        first = 3 * int(rest[1:]) - 3
        return f"{SHORT[first]} to {SHORT[first + 2]} {year}"
    return f"{SHORT[int(rest) - 1]} {year}" if rest.isdigit() else period


def share(found: object) -> Shown:
    """As a share of its parent."""
    if not isinstance(found, Observation) or found.value is None:
        return Shown("")
    return Shown(phrases.in_print(found.value, "ratio"))


def _word(period: str) -> str:
    """What the period of a report is called."""
    if "Q" in period and ".." not in period:
        return "quarter"
    return (
        "month"
        if len(period) == len("2017-12") and period[4] == "-"
        else ("year" if "/" in period or len(period) == len("2017") else "period")
    )


# -- lists -----------------------------------------------------------------------------------------


def listed(found: FlagPage) -> list[FlagRow]:
    """The rows of a monthly list that are no part of another one, the first of them."""
    return [each for each in found.rows if each.part_of is None][:MOST_LISTED]


def by_reason(report: Report) -> dict[str, list[str]]:
    """The titles of what is not known, by the reason."""
    found: dict[str, list[str]] = {}
    for each in report.unknown:
        found.setdefault(each.reason or "not known", []).append(each.title)
    return found

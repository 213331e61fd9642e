"""The lower half of the terminal board: how many of each category, further measures, and policing
areas; all made of the groups of a registry that are no `Performance`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from rich.text import Text

from streams.board.model import Board, PeriodFigures, Row, heard
from streams.config.schema import AREA_CLASS, WHOLE
from streams.outputs import words
from streams.outputs.terminal.columns import Columns, TableCell
from streams.periods import HOUR
from streams.registry import phrases
from streams.registry.dimensions import ALL, AREA, Categories, Choice
from streams.registry.measures import Group, Measure
from streams.registry.registry import Registry

SHOWN = {"15m": "last 15 min", "1h": "last 60 min", "today": "today", "month": "this month"}
"""The windows of the upper tables, and what they are called."""

Counts = dict[str, int | None]
"""A count by the value of a dimension."""

LIVE = {"1h": "60 min", "today": "Today", "month": "Month"}
SETTLED = {"today": "Today", "month": "Month"}
"""The windows of the lower tables: of what is known within the hour, and of what is known later."""
MOST_AREAS = 12
_NUMBER = re.compile(r"(.*?)0*(\d+)")
_HOUR = re.compile(r"\d{4}-\d{2}-\d{2}T")
"""An hour that was asked for has a heading of two lines."""


def shown_periods(board: Board) -> list[tuple[str, PeriodFigures]]:
    """The windows and periods that are shown, with their tables; asked-for periods last."""
    shown = [(title, board.windows[name]) for name, title in SHOWN.items()]
    return shown + list(zip(asked(board), board.periods.values(), strict=True))


def asked(board: Board) -> list[str]:
    """The periods that were asked for, as they are called."""
    zone = ZoneInfo(board.force.timezone)
    return [phrases.period(label, zone) for label in board.periods]


def _heading(label: str) -> str:
    """The heading of a period, an hour in two lines."""
    return label.replace("T", "\nT") if _HOUR.match(label) else label


def missing(board: Board, registry: Registry) -> list[str]:
    """What is said of the periods shown that were not heard, or in part: by feed, as all that is
    counted of its records is missing with them."""
    parts = []
    feed_of = {group.name: registry.kinds[group.kind].feed for group in registry.groups}
    for title, figures in shown_periods(board):
        feeds: dict[str, dict[str, None]] = {}
        for group, known in figures.missing.items():
            days, of = known.known_days, known.days
            share = f"{days:g} of {of:g} days" if of >= 1 else f"{days / of:.0%}"
            said = f"{share} known" if days else "no data"
            feeds.setdefault(said, {})[feed_of.get(group, group)] = None
        parts += [f"{title}, {phrases.listed(list(some))}: {said}" for said, some in feeds.items()]
    return parts


class Breakdown:
    """A group by the values of one dimension: how many of each."""

    def __init__(self, group: Group, registry: Registry) -> None:
        kind, self.registry = registry.kinds[group.kind], registry
        named = {dimension.name: dimension for dimension in kind.dimensions}
        dimensions = [named[name] for name in group.dimensions]
        self.group, self.count, *self.more = group, *group.measures
        self.by = next((each.name for each in dimensions if isinstance(each, Categories)), "")
        """The tree of categories that has the rows; none where the group has no tree."""
        self.beside = next((each for each in dimensions if isinstance(each, Choice)), None)
        """The dimension of which some values are columns beside "Today"."""
        self.windows = LIVE if kind.grace <= HOUR else SETTLED
        self.all = {each.name: ALL for each in dimensions if each.summed} | {AREA: WHOLE}

    def counts(self, figures: PeriodFigures, **where: str) -> Counts:
        """The counts by category, where all other dimensions have these values; None where they are
        not known."""
        place = {**self.all, **where}
        del place[self.by]
        rows = [row for row in figures.rows(self.group.name) or () if row.is_at(**place)]
        return {row.dimension_of(self.by): row.count_of(self.count.name) for row in rows}


def breakdowns(registry: Registry) -> list[Breakdown]:
    """The groups of a registry that no upper table shows, and that are not too wide for a page."""
    groups = (g for g in registry.groups if g.performance is None and not g.wide)
    return [Breakdown(group, registry) for group in groups]


def _top(counts: Counts, most: int) -> list[str]:
    """The widest categories, the largest first, then the order of the alphabet."""
    widest = [path for path in counts if path != ALL and "." not in path and counts[path]]
    return sorted(widest, key=lambda path: (-(counts[path] or 0), path))[:most]


def by_category(board: Board, of: Breakdown, most: int, *, wide: bool) -> Columns | None:
    """A group by category: in the windows, today by some values of the dimension beside it, and in
    any period that was asked for. The first of these that has any cases gives the order; None where
    none has."""
    periods = [board.windows[name] for name in of.windows] + list(board.periods.values())
    columns = [of.counts(figures) for figures in periods]
    headings = [*of.windows.values(), *asked(board)]
    ranked = columns[list(of.windows).index("today") :]
    if of.windows is SETTLED:
        ranked = ranked[1:]  # of today most is not recorded yet
    if of.beside is not None:
        place = headings.index("Today") + 1
        shown = of.beside.headings if wide else of.beside.headings[:2]
        today, name = board.windows["today"], of.beside.name
        columns[place:place] = [of.counts(today, **{name: value}) for value, _ in shown]
        headings[place:place] = [heading for _, heading in shown]
    by = next((counts for counts in ranked if counts.get(ALL)), None)
    if by is None:
        return None
    lines = [
        [
            of.registry.plain_name(path),
            *(phrases.count(_listed(counts, path)) for counts in columns),
        ]
        for path in [ALL, *_top(by, most)]
    ]
    return Columns(of.group.title, [_heading(each) for each in headings], lines, all_first=True)


def further(board: Board, of: Breakdown) -> Columns | None:
    """The measures of a group that it is not broken down by, where there are any; None where there
    is nothing to show."""
    measures = of.more if of.by else of.group.measures
    periods = [board.windows[name] for name in of.windows] + list(board.periods.values())
    rows = [figures.row(of.group.name, **of.all) for figures in periods]
    lines = []
    for measure in measures:
        texts = [_worded(measure, row) for row in rows]
        if any(text not in ("0", phrases.NO_FIGURE) for text in texts):
            lines.append([measure.title, *texts])
    headings = [_heading(each) for each in (*of.windows.values(), *asked(board))]
    return Columns(of.group.title, headings, lines) if lines else None


def _worded(measure: Measure, row: Row | None) -> str:
    """A measure of a row in words."""
    if row is None or measure.name not in row.measures:
        return phrases.NO_FIGURE
    if measure.unit == "ratio":
        return words.share(row.ratio_of(measure.name), phrases.NO_FIGURE)
    if measure.unit == "seconds":
        return phrases.duration(row.number_of(measure.name))
    return phrases.count(row.count_of(measure.name))


def _listed(counts: Counts, path: str) -> int | None:
    """The count of a path: none came of what is not listed, unless nothing at all is known."""
    return counts.get(path, None if counts.get(ALL, 0) is None else 0)


def areas(board: Board, registry: Registry) -> Columns | None:
    """By policing area: what is open, what was served in time, and how many there were of what is
    broken down; None where the force has no areas. Areas that have closed, or have not opened yet,
    are left out."""
    known = {
        area: about
        for area, about in board.definitions.areas.items()
        if about.there and about.kind != AREA_CLASS
    }
    shown = [area for area, about in known.items() if about.kind == "policing_area"]
    shown = shown or [area for area, about in known.items() if not about.parent]
    if not shown:
        return None
    numbers = {area: number for area in shown if (number := _numbered(known[area].name))}
    shown = sorted(shown, key=lambda area: numbers[area]) if len(numbers) == len(shown) else shown
    left_out = len(shown) - MOST_AREAS
    shown = shown[:MOST_AREAS]
    columns = [
        *(column for group in registry.groups for column in _served(board, group, registry)),
        *(column for of in breakdowns(registry) for column in _counted(board, of)),
    ]
    lines = [
        [
            known[area].name.removesuffix(" policing area"),
            *(text_of(area) for _, text_of in columns),
        ]
        for area in shown
    ]
    if left_out > 0:
        lines.append([f"and {left_out} more", *("" for _ in columns)])
    return Columns("Policing area", [heading for heading, _ in columns], lines)


def _numbered(name: str) -> tuple[str, int] | None:
    """The words and the number of a name that ends with one, to be in order by; else None."""
    found = _NUMBER.fullmatch(name)
    return None if found is None else (found[1], int(found[2]))


Column = tuple[str, Callable[[str], TableCell]]
"""Its heading, and what stands there for an area."""


def _served(board: Board, group: Group, registry: Registry) -> Iterable[Column]:
    """How the records of a group are served, where it has no other dimension than the area."""
    shape, today = group.performance, board.windows["today"]
    if shape is None or group.dimensions:
        return ()
    known = heard(board.feeds, group.kind, registry)

    def still(area: str) -> str:
        row = board.now.row(group.name, area=area)
        return phrases.count(row.count_of(shape.open[0]) if row else 0 if known else None)

    def within(area: str) -> Text:
        row = today.row(group.name, area=area)
        ratio = row.ratio_of(shape.level) if row else None
        none = shape.unserved if known and not _gone(today, group) else phrases.NO_FIGURE
        text = words.share(ratio, shape.unserved) if ratio else none
        return Text(text, style="dim" if ratio is None or ratio.small else "")

    limits = words.Limits(board, [("today", today)], group.name, shape.level)
    return (shape.heading, still), (f"{limits.title} today", within)


def _counted(board: Board, of: Breakdown) -> Iterable[Column]:
    """How many there were: today, or this month where today's are hardly known; nothing where none
    were this month."""
    settled, title = of.windows is SETTLED, of.count.title
    figures = board.windows["month" if settled else "today"]
    whole = figures.row(of.group.name, **of.all)
    if settled and not (whole and whole.count_of(of.count.name)):
        return ()
    known = heard(board.feeds, of.group.kind, of.registry)
    none = 0 if known and (settled or not _gone(figures, of.group)) else None

    def counted(area: str) -> str:
        row = figures.row(of.group.name, **{**of.all, AREA: area})
        return phrases.count(row.count_of(of.count.name) if row else none)

    return ((f"{title}, month" if settled else f"{title} today", counted),)


def _gone(figures: PeriodFigures, group: Group) -> bool:
    """Whether nothing is known of a group in a period."""
    part = figures.missing.get(group.name)
    return part is not None and not part.known_days

"""The lower half of the terminal board: incidents, crimes and policing areas."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from streams.board.model import Board, PeriodFigures
from streams.config.force import WHOLE
from streams.outputs import words
from streams.registry import phrases
from streams.registry.dimensions import ALL
from streams.registry.registry import REGISTRY

SHOWN = {"15m": "last 15 min", "1h": "last 60 min", "today": "today", "month": "this month"}
"""The windows of the upper tables, and what they are called."""

Counts = dict[str, int | None]
"""A count by the value of a dimension."""

GRADES = {"emergency": "emerg.", "priority": "prior.", "scheduled": "sched."}
"""Grades as headings of columns beside "Today", of which they are part."""
MOST_AREAS = 12
_PERIOD, _HOUR = re.compile(r"\d{4}[-/]"), re.compile(r"\d{4}-\d{2}-\d{2}T")
"""Columns of periods that were asked for are never cut; an hour has two lines."""


def shown_periods(board: Board) -> list[tuple[str, PeriodFigures]]:
    """The windows and periods that are shown, with their tables; asked-for periods last."""
    shown = [(title, board.windows[name]) for name, title in SHOWN.items()]
    return shown + list(zip(asked(board), board.periods.values(), strict=True))


def asked(board: Board) -> list[str]:
    """The periods that were asked for, as they are called."""
    zone = ZoneInfo(board.force.timezone)
    return [phrases.period(label, zone) for label in board.periods]


def columns_asked(board: Board) -> int:
    """How many columns of text the periods that were asked for take in one table."""
    return sum(1 + max(map(len, _heading(label).split("\n"))) for label in asked(board))


def _heading(label: str) -> str:
    """The heading of a period, an hour in two lines."""
    return label.replace("T", "\nT") if _HOUR.match(label) else label


def missing(board: Board) -> list[str]:
    """What is said of the periods shown that were not heard, or in part."""
    parts = []
    for title, figures in shown_periods(board):
        for group, known in figures.missing.items():
            days, of = known.known_days, known.days
            share = f"{days:g} of {of:g} days" if of >= 1 else f"{days / of:.0%}"
            parts.append(f"{title}, {group}: " + (f"{share} known" if days else "no data"))
    return parts


def _counts(figures: PeriodFigures, group: str, **where: str) -> Counts:
    """The counts of a group by the first dimension that `where` leaves open; None where they are
    not known."""
    rows = [row for row in figures.rows(group) or () if row.is_at(**where)]
    open_dimension = "category" if group == "incidents" else "offence"
    return {row.dimension_of(open_dimension): row.count_of("count") for row in rows}


def _table(title: str, *columns: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column(Text(title, style="bold not dim"), no_wrap=True, min_width=18, max_width=25)
    for column in columns:
        heading = _heading(column)
        least = max(6, *map(len, heading.split("\n"))) if _PERIOD.match(column) else 6
        table.add_column(heading, justify="right", no_wrap=True, min_width=least)
    return table


def _top(counts: Counts, most: int) -> list[str]:
    """The widest categories, the largest first, then the order of the alphabet."""
    widest = [path for path in counts if path != ALL and "." not in path and counts[path]]
    return sorted(widest, key=lambda path: (-(counts[path] or 0), path))[:most]


def incidents(board: Board, most: int, *, wide: bool) -> Table | None:
    """Incidents by category: the last hour, today (and of these by grade), this month, and any
    period that was asked for; None where there are none."""
    windows, others = board.windows, board.periods.values()
    periods = (windows["1h"], windows["today"], windows["month"], *others)
    hour, today, month, *more = (
        _counts(figures, "incidents", grade=ALL, area=WHOLE) for figures in periods
    )
    grades = list(GRADES) if wide else list(GRADES)[:2]
    graded = [_counts(windows["today"], "incidents", grade=grade, area=WHOLE) for grade in grades]
    table = _table(
        "Incidents", "60 min", "Today", *(GRADES[g] for g in grades), "Month", *asked(board)
    )
    return _fill(table, [hour, today, *graded, month, *more], [today, month, *more], most)


def crimes(board: Board, most: int) -> Table | None:
    """Recorded crime by offence group: today, this month, and any period that was asked for; None
    where there is none."""
    periods = [board.windows["today"], board.windows["month"], *board.periods.values()]
    counted = [_counts(figures, "crimes", area=WHOLE) for figures in periods]
    table = _table("Recorded crime", "Today", "Month", *asked(board))
    return _fill(table, counted, counted[1:], most)


def _fill(table: Table, columns: list[Counts], ranked: list[Counts], most: int) -> Table | None:
    """The rows of a table; the first of `ranked` that has any cases gives their order."""
    by = next((counts for counts in ranked if counts.get(ALL)), None)
    if by is None:
        return None
    for path in [ALL, *_top(by, most)]:
        figures = (phrases.count(_listed(counts, path)) for counts in columns)
        table.add_row(REGISTRY.plain_name(path), *figures, style="bold" if path == ALL else "")
    return table


def _listed(counts: Counts, path: str) -> int | None:
    """The count of a path: none came of what is not listed, unless nothing at all is known."""
    return counts.get(path, None if counts.get(ALL, 0) is None else 0)


def areas(board: Board) -> Table | None:
    """By policing area: emergencies and volumes; None where the force has no areas."""
    known = board.definitions.areas
    shown = [area for area, about in known.items() if about.kind == "policing_area"]
    shown = (shown or [area for area, about in known.items() if not about.parent])[:MOST_AREAS]
    if not shown:
        return None
    today, month = board.windows["today"], board.windows["month"]
    limit = phrases.limit(words.held_in(board, today).within_seconds)
    gone = [group for group, part in today.missing.items() if not part.known_days]
    crime = bool(_counts(month, "crimes", area=WHOLE).get(ALL))
    columns = ("Unattended", f"In {limit} today", "Incidents today")
    table = _table("Policing area", *columns, *(["Crimes, month"] if crime else []))
    none_opened = None if "incidents" in gone else 0
    for area in shown:
        waiting = board.now.row("attendance", area=area)
        attended = today.row("attendance", area=area)
        opened = today.row("incidents", category=ALL, grade=ALL, area=area)
        recorded = month.row("crimes", offence=ALL, area=area)
        ratio = attended.ratio_of("within") if attended else None
        none = phrases.NOTHING if "attendance" in gone else "none attended"
        within = words.share(ratio, "none attended") if ratio else none
        table.add_row(
            known[area].name.removesuffix(" policing area"),
            phrases.count(waiting.count_of("unattended") if waiting else 0),
            Text(within, style="dim" if ratio is None or ratio.small else ""),
            phrases.count(opened.count_of("count") if opened else none_opened),
            *([phrases.count(recorded.count_of("count") if recorded else 0)] if crime else []),
        )
    return table

"""The lower half of the terminal board: incidents, crimes and policing areas."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from streams.config.force import WHOLE
from streams.outputs import words
from streams.registry import phrases
from streams.registry.measures import ALL, plain_name

Board = dict[str, Any]
Row = dict[str, Any]

SHOWN = {"15m": "last 15 min", "1h": "last 60 min", "today": "today", "month": "this month"}
"""The windows of the upper tables, and what they are called."""

GRADES = {"emergency": "emerg.", "priority": "prior.", "scheduled": "sched."}
"""Grades as headings of columns beside "Today", of which they are part."""
MOST_AREAS = 12
_PERIOD, _HOUR = re.compile(r"\d{4}[-/]"), re.compile(r"\d{4}-\d{2}-\d{2}T")
"""Columns of periods that were asked for are never cut; an hour has two lines."""


def find(rows: list[Row] | None, **where: str) -> Row | None:
    """The row with these dimensions, or None."""
    for row in rows or ():
        if all(row[key] == value for key, value in where.items()):
            return row
    return None


def spans(board: Board) -> list[tuple[str, Board]]:
    """The stretches of time that are shown, with their tables; asked-for periods last."""
    shown = [(title, board["windows"][name]) for name, title in SHOWN.items()]
    return shown + list(zip(asked(board), board["periods"].values(), strict=True))


def asked(board: Board) -> list[str]:
    """The periods that were asked for, as they are called."""
    zone = ZoneInfo(board["force"]["timezone"])
    return [phrases.period(label, zone) for label in board["periods"]]


def columns_asked(board: Board) -> int:
    """How many columns of text the periods that were asked for take in one table."""
    return sum(1 + max(map(len, _heading(label).split("\n"))) for label in asked(board))


def _heading(label: str) -> str:
    """The heading of a period, an hour in two lines."""
    return label.replace("T", "\nT") if _HOUR.match(label) else label


def missing(board: Board) -> list[str]:
    """What is said of the periods shown that were not heard, or in part."""
    told = []
    for title, span in spans(board):
        for group, known in span.get("missing", {}).items():
            days, of = known["known_days"], known["days"]
            part = f"{days:g} of {of:g} days" if of >= 1 else f"{days / of:.0%}"
            told.append(f"{title}, {group}: " + (f"{part} known" if days else "no data"))
    return told


def _counts(span: Board, group: str, **where: str) -> dict[str, int | None]:
    """The counts of a group by the first dimension that `where` leaves open; None where they are
    not known."""
    rows = [row for row in span.get(group, ()) if all(row[k] == v for k, v in where.items())]
    open_dimension = "category" if group == "incidents" else "offence"
    return {row[open_dimension]: row["count"] for row in rows}


def _table(title: str, *columns: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column(Text(title, style="bold not dim"), no_wrap=True, min_width=18, max_width=25)
    for column in columns:
        heading = _heading(column)
        least = max(6, *map(len, heading.split("\n"))) if _PERIOD.match(column) else 6
        table.add_column(heading, justify="right", no_wrap=True, min_width=least)
    return table


Counts = dict[str, int | None]


def _top(counts: Counts, most: int) -> list[str]:
    """The widest categories, the largest first, then the order of the alphabet."""
    widest = [path for path in counts if path != ALL and "." not in path and counts[path]]
    return sorted(widest, key=lambda path: (-(counts[path] or 0), path))[:most]


def incidents(board: Board, most: int, *, wide: bool) -> Table | None:
    """Incidents by category: the last hour, today (and of these by grade), this month, and any
    period that was asked for; None where there are none."""
    windows, others = board["windows"], board["periods"].values()
    spans = (windows["1h"], windows["today"], windows["month"], *others)
    hour, today, month, *more = (
        _counts(span, "incidents", grade=ALL, area=WHOLE) for span in spans
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
    spans = [board["windows"]["today"], board["windows"]["month"], *board["periods"].values()]
    counted = [_counts(span, "crimes", area=WHOLE) for span in spans]
    table = _table("Recorded crime", "Today", "Month", *asked(board))
    return _fill(table, counted, counted[1:], most)


def _fill(table: Table, columns: list[Counts], ranked: list[Counts], most: int) -> Table | None:
    """The rows of a table; the first of `ranked` that has any cases gives their order."""
    by = next((counts for counts in ranked if counts.get(ALL)), None)
    if by is None:
        return None
    for path in [ALL, *_top(by, most)]:
        figures = (phrases.count(_listed(counts, path)) for counts in columns)
        table.add_row(plain_name(path), *figures, style="bold" if path == ALL else "")
    return table


def _listed(counts: Counts, path: str) -> int | None:
    """The count of a path: none came of what is not listed, unless nothing at all is known."""
    return counts.get(path, None if counts.get(ALL, 0) is None else 0)


def areas(board: Board) -> Table | None:
    """By policing area: emergencies and volumes; None where the force has no areas."""
    known = board["definitions"]["areas"]
    shown = [area for area, about in known.items() if about["kind"] == "policing_area"]
    shown = (shown or [area for area, about in known.items() if not about["parent"]])[:MOST_AREAS]
    if not shown:
        return None
    windows, now = board["windows"], board["now"].get("attendance")
    limit = phrases.limit(words.held_in(board, windows["today"])["within_seconds"])
    gone = [
        group
        for group, known in windows["today"].get("missing", {}).items()
        if not known["known_days"]
    ]
    crime = bool(_counts(windows["month"], "crimes", area=WHOLE).get(ALL))
    columns = ("Unattended", f"In {limit} today", "Incidents today")
    table = _table("Policing area", *columns, *(["Crimes, month"] if crime else []))
    for area in shown:
        waiting = find(now, area=area)
        attended = find(windows["today"].get("attendance"), area=area)
        opened = find(windows["today"].get("incidents"), category=ALL, grade=ALL, area=area)
        recorded = find(windows["month"].get("crimes"), offence=ALL, area=area)
        none = phrases.NOTHING if "attendance" in gone else "none attended"
        within = words.share(attended["within"], "none attended") if attended else none
        table.add_row(
            known[area]["name"].removesuffix(" policing area"),
            phrases.count(waiting["unattended"] if waiting else 0),
            Text(
                within, style="dim" if attended is None or attended["within"].get("small") else ""
            ),
            phrases.count(opened["count"] if opened else None if "incidents" in gone else 0),
            *([phrases.count(recorded["count"] if recorded else 0)] if crime else []),
        )
    return table

"""The lower half of the terminal board: incidents, crimes and policing areas."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from streams.force import WHOLE
from streams.measures import ALL
from streams.outputs import words

Board = dict[str, Any]
Row = dict[str, Any]

SHOWN = {"15m": "last 15 min", "1h": "last 60 min", "today": "today", "month": "this month"}
"""The windows of the upper tables, and what they are called."""

GRADES = {"emergency": "Emerg.", "priority": "Prior.", "scheduled": "Sched."}
MOST_AREAS = 12


def find(rows: list[Row] | None, **where: str) -> Row | None:
    """The row with these dimensions, or None."""
    for row in rows or ():
        if all(row[key] == value for key, value in where.items()):
            return row
    return None


def spans(board: Board) -> list[tuple[str, Board]]:
    """The stretches of time that are shown, with their tables; asked-for periods last."""
    shown = [(title, board["windows"][name]) for name, title in SHOWN.items()]
    return shown + list(board["periods"].items())


def _counts(span: Board, group: str, **where: str) -> dict[str, int]:
    """The counts of a group by the first dimension that `where` leaves open."""
    rows = [row for row in span.get(group, ()) if all(row[k] == v for k, v in where.items())]
    open_dimension = "category" if group == "incidents" else "offence"
    return {row[open_dimension]: row["count"] for row in rows}


def _table(title: str, *columns: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column(Text(title, style="bold"), no_wrap=True, min_width=21, max_width=25)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True, min_width=6)
    return table


def _top(counts: dict[str, int], most: int) -> list[str]:
    """The widest categories, the largest first, then the order of the alphabet."""
    widest = [path for path in counts if path != ALL and "." not in path and counts[path]]
    return sorted(widest, key=lambda path: (-counts[path], path))[:most]


def incidents(board: Board, most: int) -> Table:
    """Incidents by category: the last hour, today, and today by grade."""
    windows = board["windows"]
    hour = _counts(windows["1h"], "incidents", grade=ALL, area=WHOLE)
    today = _counts(windows["today"], "incidents", grade=ALL, area=WHOLE)
    graded = {
        grade: _counts(windows["today"], "incidents", grade=grade, area=WHOLE) for grade in GRADES
    }
    table = _table("Incidents", "60 min", "Today", *GRADES.values())
    for path in [ALL, *_top(today, most)]:
        figures = [
            hour.get(path, 0),
            today.get(path, 0),
            *(g.get(path, 0) for g in graded.values()),
        ]
        style = "bold" if path == ALL else ""
        table.add_row(words.name(path), *(words.count(n) for n in figures), style=style)
    return table


def crimes(board: Board, most: int) -> Table:
    """Recorded crime by offence group: today and this month, and any period that was asked for."""
    tables = [board["windows"]["today"], board["windows"]["month"], *board["periods"].values()]
    counted = [_counts(table, "crimes", area=WHOLE) for table in tables]
    table = _table("Recorded crime", "Today", "Month", *board["periods"])
    for path in [ALL, *_top(counted[-1] if board["periods"] else counted[1], most)]:
        figures = [counts.get(path, 0) for counts in counted]
        style = "bold" if path == ALL else ""
        table.add_row(words.name(path), *(words.count(n) for n in figures), style=style)
    return table


def areas(board: Board) -> Table | None:
    """By policing area: emergencies and volumes; None where the force has no areas."""
    known = board["definitions"]["areas"]
    shown = [area for area, about in known.items() if about["kind"] == "policing_area"]
    shown = (shown or [area for area, about in known.items() if not about["parent"]])[:MOST_AREAS]
    if not shown:
        return None
    windows, now = board["windows"], board["now"].get("attendance")
    limit = words.limit(board["definitions"]["attendance"]["within_seconds"])
    columns = ("Unattended", f"In {limit} today", "Incidents today", "Crimes this month")
    table = _table("Policing area", *columns)
    for area in shown:
        waiting = find(now, area=area)
        attended = find(windows["today"].get("attendance"), area=area)
        opened = find(windows["today"].get("incidents"), category=ALL, grade=ALL, area=area)
        recorded = find(windows["month"].get("crimes"), offence=ALL, area=area)
        within = words.share(attended["within"], "none attended") if attended else "none attended"
        table.add_row(
            known[area]["name"].removesuffix(" policing area"),
            words.count(waiting["unattended"] if waiting else 0),
            Text(
                within, style="dim" if attended is None or attended["within"].get("small") else ""
            ),
            words.count(opened["count"] if opened else 0),
            words.count(recorded["count"] if recorded else 0),
        )
    return table

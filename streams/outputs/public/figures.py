"""The figures of the public screen, of which the small ones are left out.

Of a force, for today and the month: calls by line with the share answered in time, incidents and
crimes by area and by category. Nothing else that a board has is looked at: no alert, no waiting
caller, no duration, no figure of people.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from streams.board.model import Board, PeriodFigures, Row
from streams.config.force import WHOLE
from streams.outputs.public.small_numbers import Hidden, Sum, TableEntry, hidden
from streams.registry.aggregates import Ratio
from streams.registry.dimensions import ALL

WINDOWS = {"today": "Today so far", "month": "This month so far"}
ANSWERED = "answered in time"
TOTAL: TableEntry = (ALL,)


class Counted(NamedTuple):
    """A count that is taken apart by area and by a dimension."""

    title: str
    group: str
    dimension: str
    windows: tuple[str, ...]


COUNTED = (
    Counted("Incidents", "incidents", "category", ("today", "month")),
    Counted("Crimes", "crimes", "offence", ("month",)),
)


class PublicRow(msgspec.Struct, omit_defaults=True):
    """A row: a name, its count where it is shown, and else why not. `share` is in whole percent."""

    name: str
    count: int | None = None
    hidden: Literal["few", "withheld"] | None = None
    share: int | None = None


class PublicTable(msgspec.Struct, omit_defaults=True):
    """A table of the screen; its first row is the total where it has one."""

    window: str
    title: str
    by: str
    rows: list[PublicRow]


class PublicFigures(msgspec.Struct):
    """All that the screen shows. `below`: counts above 0 and below it are not shown."""

    force: str
    at: str
    below: int
    tables: list[PublicTable]


def public_figures(board: Board, below: int) -> PublicFigures:
    """The figures of a board; raises ValueError for a limit below 3."""
    tables: list[PublicTable] = []
    for window in WINDOWS:
        figures = board.windows.get(window)
        if figures is not None:
            tables += _lines(board, figures, window, below)
            for counted in COUNTED:
                if window in counted.windows:
                    tables += _counted(board, figures, counted, window, below)
    return PublicFigures(board.force.name, board.at, below, tables)


def shown(row: PublicRow, below: int) -> str:
    """A count in words."""
    if row.hidden is not None:
        return f"fewer than {below}" if row.hidden == "few" else "not shown"
    return "not known" if row.count is None else f"{row.count:,}"


def as_csv(figures: PublicFigures) -> str:
    """The same as CSV; a count that is not shown is blank, and the note says why."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["window", "figure", "by", "name", "count", "note", "answered_in_time_percent"])
    for table in figures.tables:
        for row in table.rows:
            note = shown(row, figures.below) if row.count is None else ""
            writer.writerow(
                [table.window, table.title, table.by, row.name, row.count, note, row.share]
            )
    return out.getvalue()


def _lines(board: Board, figures: PeriodFigures, window: str, below: int) -> Iterator[PublicTable]:
    """Calls by line. No total of the lines stands anywhere."""
    rows = []
    for row in figures.rows("calls") or ():
        line, area = row.dimension_of("line"), row.dimension_of("area")
        if area == WHOLE and line in board.definitions.lines:
            number = row.count_of("offered")
            few = number is not None and 0 < number < below
            rows.append(
                PublicRow(
                    board.definitions.lines[line].name,
                    None if few else number,
                    "few" if few else None,
                    None if few else _share(row.ratio_of("service_level"), below),
                )
            )
    if rows:
        yield PublicTable(window, "Calls", "line", rows)


def _share(ratio: Ratio, below: int) -> int | None:
    """A share in whole percent; None where those that it counts, or the others, are few."""
    if ratio.value is None or ratio.numerator is None or ratio.denominator is None:
        return None
    parts = (ratio.numerator, ratio.denominator - ratio.numerator)
    if any(0 < part < below for part in parts):
        return None
    return round(100 * ratio.value)


def _counted(
    board: Board, figures: PeriodFigures, counted: Counted, window: str, below: int
) -> Iterator[PublicTable]:
    rows = figures.rows(counted.group) or []
    by_area = {row.dimension_of("area"): row for row in rows if _is_all(row, {"area"})}
    by_value = {
        row.dimension_of(counted.dimension): row
        for row in rows
        if _is_all(row, {counted.dimension}) and row.dimension_of("area") == WHOLE
    }
    total = by_area.get(WHOLE)
    number = None if total is None else total.count_of("count")
    if number is None:
        return
    counts: dict[TableEntry, int] = {TOTAL: number}
    areas = {
        name: count
        for name, row in by_area.items()
        if name in board.definitions.areas and (count := row.count_of("count")) is not None
    }
    values = {
        name: count
        for name, row in by_value.items()
        if name != ALL and "." not in name and (count := row.count_of("count")) is not None
    }
    counts |= {("area", name): count for name, count in areas.items()}
    counts |= {("value", name): count for name, count in values.items()}
    why = hidden(counts, [*_area_sums(board, areas), *_value_sum(values)], below)

    def made(name: str, entry: TableEntry) -> PublicRow:
        reason: Hidden | None = why.get(entry)
        return PublicRow(name, None if reason else counts[entry], reason)

    whole = made("All", TOTAL)
    if areas:
        known = board.definitions.areas
        listed = [made(known[name].name, ("area", name)) for name in sorted(areas)]
        yield PublicTable(window, counted.title, "area", [whole, *listed])
    if values:
        ordered = sorted(values)
        named = [made(name.replace("_", " "), ("value", name)) for name in ordered]
        yield PublicTable(window, counted.title, counted.dimension, [whole, *named])


def _is_all(row: Row, but: set[str]) -> bool:
    """Whether a row is of all values of its dimensions, but for some."""
    return all(row.dimension_of(name) == ALL for name in row.place if name not in {*but, "area"})


def _area_sums(board: Board, areas: dict[str, int]) -> Iterator[Sum]:
    """The force of its widest areas, and each area of those in it. What lies in no area is not on
    the screen, and taken to be known."""
    below: dict[TableEntry, list[TableEntry]] = {}
    for name in areas:
        parent = board.definitions.areas[name].parent
        while parent is not None and parent not in areas:
            parent = board.definitions.areas[parent].parent
        below.setdefault(TOTAL if parent is None else ("area", parent), []).append(("area", name))
    for whole, parts in below.items():
        yield Sum(whole, tuple(parts))


def _value_sum(values: dict[str, int]) -> Iterator[Sum]:
    if values:
        yield Sum(TOTAL, tuple(("value", name) for name in values))

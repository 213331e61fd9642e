"""The next hours of calls as a table for a terminal: a column an hour."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from streams.board.model import Board, Handlers
from streams.outputs.terminal.columns import LEAST_FIGURE, MOST_NAME, Columns, TableCell
from streams.outputs.words import not_known_ahead, unusual_ahead
from streams.registry.phrases import few

LEAST_HOURS = 6
UNKNOWN = "–"


def ahead_table(board: Board, width: int) -> RenderableType | None:
    """As many of the next hours as fit; None where nothing is known of them, nor why."""
    ahead = board.ahead
    if ahead is None:
        return None
    most = max(LEAST_HOURS, (width - MOST_NAME) // (LEAST_FIGURE + 1))
    rows: list[list[TableCell]] = []
    headings: list[str] = []
    for line in ahead.lines:
        hours = line.hours[:most]
        if hours:
            headings = headings or [hour.start[11:16] for hour in hours]
            rows.append([f"{line.line} calls", *(few(hour.expected) for hour in hours)])
            rows.append(["  4 of 5 hours", *(f"{h.low_80:,}-{h.high_80:,}" for h in hours)])
            if not ahead.room:
                rows += _handlers([hour.handlers for hour in hours])
    rows += _handlers([hour.handlers for hour in ahead.room[:most]])
    parts: list[RenderableType] = [Rule(style="dim")]
    if rows:
        parts.append(Columns("The next hours", headings, rows).fitted(width))
    parts += [Text(said, style="bold") for said in unusual_ahead(board)]
    parts += [Text(said, style="dim") for said in not_known_ahead(ahead)]
    return Group(*parts) if len(parts) > 1 else None


def _handlers(hours: Sequence[Handlers]) -> list[list[TableCell]]:
    """The rows of what is needed and what there is; none where nothing is known."""
    rows: list[list[TableCell]] = []
    if any(each.needed is not None for each in hours):
        rows.append(["Handlers needed", *(_number(each.needed) for each in hours)])
    if any(each.rostered is not None for each in hours):
        rows.append(["On the roster", *(_number(each.rostered) for each in hours)])
    if any((each.short or 0) > 0 for each in hours):
        rows.append(["Short", *(_short(each.short) for each in hours)])
    return rows


def _number(number: float | None) -> str:
    return UNKNOWN if number is None else f"{number:g}"


def _short(short: float | None) -> TableCell:
    if short is None:
        return UNKNOWN
    return Text(f"✗ {short:g}", style="bold red") if short > 0 else ""

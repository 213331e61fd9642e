"""What is held to more than one target: a line with several at once, a grade, a class of areas."""

from __future__ import annotations

from rich.text import Text

from streams.board.model import Board, FurtherTarget, PeriodFigures, PeriodTarget
from streams.config.force import WHOLE
from streams.outputs import words
from streams.outputs.terminal.breakdowns import shown_periods
from streams.outputs.terminal.columns import Columns, TableCell
from streams.registry import phrases
from streams.registry.aggregates import Ratio
from streams.registry.dimensions import AREA
from streams.registry.registry import Registry

MARKS = {"✗": "bold red", "✓": "green"}


def named(target: FurtherTarget, registry: Registry) -> str:
    """What a target is about, and its limit: `999, 20 s`, `Priority, urban, 15 min`."""
    place = dict(target.row)
    area = place.pop(AREA, "")
    parts = [registry.plain_name(value) for value in place.values()] or ["Emergency"]
    limit = phrases.limit(target.within_seconds)
    return ", ".join((*parts, area, limit) if area else (*parts, limit))


def reached(figures: PeriodFigures, target: FurtherTarget) -> Ratio | None:
    """The share that was within the limit of a target in a period; None where it has no row."""
    row = figures.row(target.group, **{AREA: WHOLE, **target.row})
    return None if row is None else row.ratio_of(target.measure)


def held_in(board: Board, figures: PeriodFigures, target: FurtherTarget) -> PeriodTarget:
    """The same target as it held in a period of the board's own time."""
    every = board.definitions.further if figures.targets is None else figures.targets.further
    place = target.group, target.measure, target.row
    of_then = next(each for each in every if (each.group, each.measure, each.row) == place)
    return PeriodTarget(of_then.within_seconds, of_then.target, of_then.changed)


def further_targets(board: Board, registry: Registry) -> Columns | None:
    """The further targets of a force by period; None where it has none."""
    periods = shown_periods(board)
    lines: list[list[TableCell]] = []
    for target in board.definitions.further:
        table_cells = [_shown(board, figures, target) for _, figures in periods]
        lines.append([named(target, registry), *table_cells])
    return Columns("Further targets", [title for title, _ in periods], lines) if lines else None


def _shown(board: Board, figures: PeriodFigures, target: FurtherTarget) -> Text:
    ratio = reached(figures, target)
    if ratio is None or ratio.value is None:
        return Text(phrases.NO_FIGURE, style="dim")
    verdict = words.verdict(ratio, held_in(board, figures, target))
    style = MARKS.get(verdict[:1], "dim" if ratio.small else "")
    return Text(f"{words.share(ratio, '')}\n{verdict}".rstrip(), style=style)

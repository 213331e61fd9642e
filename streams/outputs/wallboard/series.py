"""The last hours of a figure, for the charts one step down from the first screen."""

from __future__ import annotations

from collections.abc import Mapping

from streams.board.model import ROWS, Figure, PeriodFigures, Point, Row, Series, find
from streams.config.force import WHOLE
from streams.live import Live
from streams.periods import HOUR, Calendar, rfc3339
from streams.registry.aggregates import Ratio

HOURS = 24
MEASURES: dict[str, tuple[str, str]] = {
    "waiting": ("calls", "offered"),
    "answer": ("calls", "service_level"),
    "unattended": ("attendance", "emergencies"),
    "attended": ("attendance", "within"),
}
"""The charts of the tiles: their group and measure. Any other is asked for by its own name."""


def hours(live: Live, force: str, group: str, measure: str, where: Mapping[str, str]) -> Series:
    """The figure by hour: the last 24 whole hours and the running one, oldest first.

    Hours of which the figure is not kept so finely are left out. Raises ValueError for a measure
    that there is none of.
    """
    zone = live.monitor.forces[force].zone
    calendar = Calendar(zone)
    now = live.clock()
    labels = [calendar.holding("hour", now - back * HOUR).label for back in range(HOURS, -1, -1)]
    board = live.board(force, now, list(dict.fromkeys(labels)))
    here = {"area": WHOLE, **where}
    points = []
    for figures in board.periods.values() if group in ROWS else ():
        if (rows := figures.rows(group)) is None:
            continue
        if measure not in ROWS[group].measures:
            raise ValueError(f'no measure "{measure}" among the {group}')
        row = _row(rows, here)
        value = _unlisted(rows, here, measure) if row is None else row.figure_of(measure)
        points.append(_point(figures, group, value))
    return Series(force=board.force, at=rfc3339(now, zone), where=here, points=points)


def _point(figures: PeriodFigures, group: str, value: Figure) -> Point:
    point = Point(figures.start, figures.end, None, missing=figures.missing.get(group))
    if isinstance(value, Ratio):
        point.value, point.numerator = value.value, value.numerator
        point.denominator = value.denominator
    else:
        point.value = value
    return point


def _row(rows: list[Row], where: Mapping[str, str]) -> Row | None:
    """The row of a place; None where there is none, or no such dimension."""
    if not rows or not where.keys() <= set(rows[0].place):
        return None
    return find(rows, **where)


def _unlisted(rows: list[Row], where: Mapping[str, str], measure: str) -> int | None:
    """The figure of a row that a table does not have: nothing happened there, unless the whole
    force's row is missing too, no row has a figure, or it comes from totals without areas."""
    if all(row.figure_of(measure) is None for row in rows):
        return None
    whole = _row(rows, {**where, "area": WHOLE})
    if whole is not None:
        return None if whole.origin is not None else 0
    return None if "line" in where else 0

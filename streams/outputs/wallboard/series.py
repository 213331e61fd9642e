"""The last hours of a figure, for the charts one step down from the first screen."""

from __future__ import annotations

from collections.abc import Mapping

from streams.board.model import FigureValue, PeriodFigures, Point, Row, Series, find
from streams.config.force import WHOLE, Force
from streams.live import Live
from streams.outputs.wallboard.screen import BY_LINE, WHOLE_FORCE
from streams.periods import HOUR, Calendar, rfc3339
from streams.registry.aggregates import Ratio
from streams.registry.dimensions import ALL, AREA, Dimension
from streams.registry.measures import Gauge, Measure
from streams.registry.registry import REGISTRY, Registry

HOURS = 24
MEASURES: dict[str, tuple[str, str]] = {
    "waiting": (BY_LINE.group, BY_LINE.came),
    "answer": (BY_LINE.group, BY_LINE.level),
    "unattended": (WHOLE_FORCE.group, WHOLE_FORCE.came),
    "attended": (WHOLE_FORCE.group, WHOLE_FORCE.level),
}
"""The charts of the tiles: their group and measure. Any other is asked for by its own name."""
AHEAD = MEASURES["waiting"]
"""The figure of which it is known what is to come."""
for _tile, _names in MEASURES.items():
    REGISTRY.require(f"tile {_tile}", *_names)


def hours(live: Live, force: str, group: str, measure: str, where: Mapping[str, str]) -> Series:
    """The figure by hour: the last 24 whole hours and the running one, oldest first.

    Hours of which the figure is not kept so finely are left out. A dimension that `where` leaves
    out is that of all its values together. Raises ValueError for a measure, a dimension or a value
    of one that there is none of, and where a dimension that is never summed is left out.
    """
    monitor = live.monitor
    of, (shown, dimensions) = monitor.forces[force], declared(monitor.registry, group, measure)
    here = {**_together(of, group, where, dimensions), **where}
    for name, value in here.items():
        if name not in dimensions:
            known = ", ".join(dimensions)
            raise ValueError(f'the {group} have no "{name}", only: {known}')
        values = dict.fromkeys((*dimensions[name].standing(of), *dimensions[name].names(of)))
        if value not in values:
            known = ", ".join(values)
            raise ValueError(f'no {name} "{value}" in {of.name}, only: {known}')
    calendar, now = Calendar(of.zone), live.clock()
    labels = [calendar.holding("hour", now - back * HOUR).label for back in range(HOURS, -1, -1)]
    board = live.board(force, now, list(dict.fromkeys(labels)))
    points = []
    for figures in board.periods.values():
        if (rows := figures.rows(group)) is None:
            continue
        row = find(rows, **here)
        value_there = (
            _unlisted(rows, here, shown, dimensions) if row is None else row.figure_of(measure)
        )
        points.append(_point(figures, group, value_there))
    made = Series(force=board.force, at=rfc3339(now, of.zone), where=here, points=points)
    if board.ahead is not None and (group, measure) == AHEAD and here[AREA] == WHOLE:
        made.ahead = next(line.hours for line in board.ahead.lines if line.line == here["line"])
    return made


def declared(registry: Registry, group: str, measure: str) -> tuple[Measure, dict[str, Dimension]]:
    """A measure, and the dimensions of its group by name, area last; raises ValueError where the
    group has no such measure by hour."""
    found = registry.find(group, measure)
    if found is None or isinstance(found[1].value, Gauge):
        raise ValueError(f'no measure "{measure}" among the {group}')
    named = {dimension.name: dimension for dimension in registry.kinds[found[0].kind].dimensions}
    return found[1], {name: named[name] for name in (*found[0].dimensions, AREA)}


def _together(
    force: Force, group: str, where: Mapping[str, str], dimensions: Mapping[str, Dimension]
) -> dict[str, str]:
    """The dimensions that are left out, each as all of its values together; raises ValueError for
    one that is never summed."""
    found = {name: ALL for name in dimensions if name not in where} | {AREA: WHOLE}
    for name, value in found.items():
        if value == ALL and not dimensions[name].summed:
            known = ", ".join(dimensions[name].names(force))
            raise ValueError(f"say which {name} of the {group}: {known}")
    return found


def _point(figures: PeriodFigures, group: str, value: FigureValue) -> Point:
    point = Point(figures.start, figures.end, None, missing=figures.missing.get(group))
    if isinstance(value, Ratio):
        point.value, point.numerator = value.value, value.numerator
        point.denominator = value.denominator
    else:
        point.value = value
    return point


def _unlisted(
    rows: list[Row], where: Mapping[str, str], measure: Measure, dimensions: Mapping[str, Dimension]
) -> int | None:
    """The figure of a row that a table does not have. Nothing happened there, so that a count is 0,
    and a share or duration is of nothing. It is not known where the whole force's row is missing
    too, no row has a figure, or it comes from totals without areas."""
    if measure.unit != "count" or all(row.figure_of(measure.name) is None for row in rows):
        return None
    whole = find(rows, **{**where, AREA: WHOLE})
    if whole is not None:
        return None if whole.origin is not None else 0
    return 0 if all(dimensions[name].summed for name in where if name != AREA) else None

"""Where a series breaks, so that its figures can't be compared with those before: at a dated change
of system or of recording that begins baselines anew (`effect = "restart"` in the force's file), and
where its area opens or its boundary changes."""

from __future__ import annotations

from typing import NamedTuple

from streams.board.query import Query
from streams.config.force import SystemChange
from streams.registry.affected import affects
from streams.registry.conditions import Is
from streams.registry.indicator import Indicator
from streams.registry.phrases import full_date


class Break(NamedTuple):
    """An instant, in ms, and what is said of a comparison across it. Where it is `of_area`, not
    even the difference says anything; reports print that across a dated change, with the reason."""

    at: int
    reason: str
    of_area: bool


def breaks(query: Query, indicator: Indicator, area: str) -> list[Break]:
    """The breaks of an indicator in an area, in order. Raises `QueryError` for an unknown area."""
    force = query.force
    found = [
        Break(at, f"not comparable with before {full_date(query.calendar.local(at).date())}", True)
        for at in force.boundaries(query.area(area))
    ]
    found += [
        Break(
            force.instant(change.date),
            f"not comparable with before {full_date(change.date)}: {change.what}",
            False,
        )
        for change in restarts_of(query, indicator)
    ]
    return sorted(found)


def break_between(
    query: Query, indicator: Indicator, area: str, start: int, end: int
) -> Break | None:
    """The last break between two instants, that of the area before others; None where figures of
    that time can be compared."""
    found = (each for each in breaks(query, indicator, area) if start < each.at < end)
    return max(found, key=lambda each: (each.of_area, each.at), default=None)


def restarts_of(query: Query, indicator: Indicator) -> list[SystemChange]:
    """The dated changes that begin its baselines anew, in order."""
    changes = [each for each in query.force.file.changes if each.effect == "restart"]
    if not changes:
        return []
    about: set[str] = {indicator.name}
    about |= {f"{kind}s" for kind in query.registry.kinds_of(indicator)}
    for part, group, measure in query.registry.measures_of(indicator):
        about |= {group.name, measure.name}
        for asked in part.where.parts():
            if isinstance(asked, Is):
                about |= {str(value) for value in asked.allowed}
    found = (change for change in changes if affects(change, about))
    return sorted(found, key=lambda change: change.date)

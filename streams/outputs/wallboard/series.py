"""The last hours of a figure, for the charts one step down from the first screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.config.force import WHOLE
from streams.live import Live
from streams.periods import HOUR, Calendar, rfc3339

HOURS = 24
MEASURES: dict[str, tuple[str, str]] = {
    "waiting": ("calls", "offered"),
    "answer": ("calls", "service_level"),
    "unattended": ("attendance", "emergencies"),
    "attended": ("attendance", "within"),
}
"""The charts of the tiles: their group and measure. Any other is asked for by its own name."""


def hours(
    live: Live, force: str, group: str, measure: str, where: Mapping[str, str]
) -> dict[str, Any]:
    """The figure by hour: the last 24 whole hours and the running one, oldest first.

    A point is `{from, to, value}`, and of a ratio `numerator` and `denominator` too; what is not
    kept so finely is left out, and what is not known has no value; where a part of the hour was not
    heard, `missing` says how many of its days are known. Raises ValueError for a measure that there
    is none of.
    """
    zone = live.monitor.forces[force].zone
    calendar = Calendar(zone)
    now = live.clock()
    labels = [calendar.holding("hour", now - back * HOUR).label for back in range(HOURS, -1, -1)]
    board = live.board(force, now, list(dict.fromkeys(labels)))
    here = {"area": WHOLE, **where}
    points, known = [], False
    for span in board["periods"].values():
        if (rows := span.get(group)) is None:
            continue
        row = next((r for r in rows if all(r.get(k) == v for k, v in here.items())), None)
        value = row.get(measure) if row else _unlisted(rows, here, measure)
        known = known or row is None or measure in row
        point = {"from": span["from"], "to": span["to"]}
        if isinstance(value, Mapping):
            point |= {name: value[name] for name in ("value", "numerator", "denominator")}
        else:
            point["value"] = value
        if (told := span.get("missing", {}).get(group)) is not None:
            point["missing"] = told
        points.append(point)
    if points and not known:
        raise ValueError(f'no measure "{measure}" among the {group}')
    return {"force": board["force"], "at": rfc3339(now, zone), "where": here, "points": points}


def _unlisted(rows: list[dict[str, Any]], where: Mapping[str, str], measure: str) -> int | None:
    """The figure of a row that a table does not have: nothing happened there, unless the whole
    force's row is missing too, no row has a figure, or it comes from totals without areas."""
    if all(row.get(measure, 0) is None for row in rows):
        return None
    whole = {**where, "area": WHOLE}
    row = next((r for r in rows if all(r.get(k) == v for k, v in whole.items())), None)
    if row is not None:
        return None if "from" in row else 0
    return None if "line" in where else 0

"""When something is done about an alert that is open, and what it is called. Pure."""

from __future__ import annotations

from streams.alerts.model import Alert
from streams.config.force import Force
from streams.periods import DAY, HOUR, MINUTE, to_ms
from streams.registry.registry import REGISTRY

LEAST_OPEN = {"hour": 2 * HOUR, "day": DAY, "month": DAY}
"""By grain, how long an alert that was judged from signals is open at the least."""
REFRESH = 5 * MINUTE
"""How often the figures of an open alert are brought up to date, at most."""
RECORDS = {group.name: group.kind for group in REGISTRY.groups}
"""The kind of record that a group is made from."""
FORGOTTEN = {"hour": DAY, "day": 14 * DAY, "month": 93 * DAY, "now": DAY}
"""After so long what a person closed is taken as cleared, even where nothing was read of it."""


def refresh_at(alert: Alert) -> int:
    """When the figures of an open alert are next brought up to date, in ms: after `REFRESH`, and
    the later, the longer it has been open already, so that a feed that is off for a month does not
    fill its history."""
    updated = to_ms(alert.updated_at)
    lasts = updated - to_ms(alert.opened_at) if alert.grain == "now" else 0
    return updated + max(REFRESH, lasts // 11)


def name(
    force: Force,
    kind: str,
    group: str,
    measure: str,
    row: dict[str, str],
    area: str,
    direction: str | None,
) -> str:
    """What the id of an alert begins with."""
    dims = ",".join(f"{dim}={value}" for dim, value in sorted(row.items())) or "-"
    parts = (force.id, kind, f"{group}.{measure}", dims, area, direction or "-")
    return "/".join(each.replace("/", "_") for each in parts)

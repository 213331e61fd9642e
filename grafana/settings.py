"""What of a dashboard differs between installations: its time zone, and where the wallboard is.

Both are put into the JSON of a dashboard; that needs no SDK.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streams.config.force import Force, find_force, shipped_forces
from streams.outputs.rules import Links

BROWSER = "browser"
"""The time zone of whoever looks."""
WALLBOARD = "wallboard"
"""The variable that links to the wallboard begin with."""
DEFAULT_WALLBOARD = Links().wallboard


def zone_of(forces: Iterable[Force]) -> str:
    """The time zone of some forces; that of whoever looks where they have not all the same."""
    zones = {force.file.timezone for force in forces}
    return zones.pop() if len(zones) == 1 else BROWSER


def shipped_zone() -> str:
    """That of the forces that are shipped, which the committed dashboards have."""
    return zone_of(map(find_force, shipped_forces()))


def with_zone(dashboard: dict[str, Any], zone: str) -> dict[str, Any]:
    """The dashboard in a time zone: `Europe/London`, or `browser`."""
    return {**dashboard, "timezone": zone}


def with_wallboard(dashboard: dict[str, Any], address: str) -> dict[str, Any]:
    """The dashboard with links that lead to the wallboard at an address."""
    variables = [dict(each) for each in dashboard["templating"]["list"]]
    for each in variables:
        if each["name"] == WALLBOARD:
            each["query"] = address
            each["current"] = {"selected": True, "text": address, "value": address}
    return {**dashboard, "templating": {**dashboard["templating"], "list": variables}}

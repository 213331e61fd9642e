"""Where a record says that it comes from: a live feed, a history that is played again, or the
simulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from streams.events.schema import Event, Record

NotLive = Literal["simulated", "replayed", "mixed"]
"""Where records came from, if not from a live feed; `mixed` where some did."""
NAME = b'"origin"'
REPLAYED = b',"origin":"replayed"}'


def as_replayed(line: bytes, event: Event) -> bytes:
    """The line of an event as one that is played again says it. What was made up stays so, and a
    heartbeat is of no origin."""
    if not isinstance(event, Record) or event.origin != "live":
        return line
    if NAME in line:
        return msgspec.json.encode({**msgspec.json.decode(line), "origin": "replayed"})
    return line.rstrip().removesuffix(b"}").rstrip() + REPLAYED


def not_live(lines: Mapping[str, int]) -> NotLive | None:
    """What records are, by how many lines were taken of each origin; None where all are live.

    >>> not_live({"simulated": 3}), not_live({"live": 2, "simulated": 3}), not_live({"live": 2})
    ('simulated', 'mixed', None)
    """
    found = {name for name, number in lines.items() if number}
    if not found - {"live"}:
        return None
    if "live" in found:
        return "mixed"
    return "simulated" if "simulated" in found else "replayed"

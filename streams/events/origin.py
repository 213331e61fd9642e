"""Where a record says that it comes from: a live feed, a history that is played again, or the
simulator."""

from __future__ import annotations

import msgspec

from streams.events.schema import Event, Record

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

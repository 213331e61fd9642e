"""Whether a monitor would take a line, without one: what does not depend on what it holds.

A worker may still refuse what is accepted here, for what it knows: a new record of a sealed period,
more records or feeds than it holds. That becomes a dead letter there.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.config.force import Force
from streams.errors import Refused
from streams.events.lenient import read
from streams.events.schema import Event, Heartbeat, Reading
from streams.fold.heartbeats import Heartbeats
from streams.fold.readings import Readings
from streams.periods import to_ms
from streams.registry.registry import REGISTRY
from streams.registry.times import EARLIEST, SKEW
from streams.sources.order.play import Judge


class LineJudge:
    """Judges lines by the rules of the forces; used by one thread at a time."""

    def __init__(self, forces: Sequence[Force]) -> None:
        self.forces = {force.id: force for force in forces}
        self._judge = Judge(forces)

    def take(self, line: bytes, now: int) -> Event:
        """The event of a line that was received at `now` (ms); raises `Refused`."""
        event = read(line, REGISTRY.decode_line).event
        force = self.forces.get(event.force)
        if force is None:
            raise Refused("unknown_force", f'"{event.force}" is none of {sorted(self.forces)}')
        if isinstance(event, Heartbeat):
            Heartbeats(force).add(event, now)
        elif isinstance(event, Reading):
            Readings(force).add(event, now)
        else:
            updated = to_ms(event.updated_at)
            if updated > now + SKEW:
                raise Refused("in_the_future", "updated_at is later than the event was received")
            if updated < EARLIEST:
                raise Refused("implausible_date", "updated_at lies before 1990")
            self._judge.packed(event)
        return event

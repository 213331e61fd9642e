"""A surge: records on top of those of an ordinary day, for a while.

A surge adds and changes nothing: the day with it holds the same events as the day without, and some
more. So it has a room of its own, staffed for it as the ordinary room is for its calls, and its
records have ids of their own: `sim-20220114T190000Z-surge1-c17`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from streams.config.force import Force
from streams.sources.simulator.agenda import Agenda
from streams.sources.simulator.arrivals import Rates
from streams.sources.simulator.incidents import IncidentSimulator, incidents_of, smallest_areas
from streams.sources.simulator.room import Room
from streams.sources.simulator.world import World
from streams.sources.simulator.writer import Writer


@dataclass(frozen=True)
class Surge:
    """From `start_ms` up to `end_ms`, `factor` times as much as usual.

    More calls come, and open incidents as calls do: on all lines, or on one. With `category` it is
    incidents of that category (and below it) that there are more of, and no call is added. With
    `area` only what happens there is more: the rest of the force goes on as usual.
    """

    start_ms: int
    end_ms: int
    factor: float
    area: str | None = None
    line: str | None = None
    category: str | None = None

    def __post_init__(self) -> None:
        if self.end_ms <= self.start_ms:
            raise ValueError("a surge ends after it begins")
        if not 1.0 < self.factor <= 1000.0:
            raise ValueError("a surge is by a factor above 1, and at most 1000")
        if self.line and self.category:
            raise ValueError("a surge is of calls on a line, or of incidents of a category")


def added(
    force: Force, surge: Surge, number: int, seed: int, rates: Rates
) -> Iterator[tuple[int, bytes]]:
    """The events of one surge, the `number`th; they may go on after its end, as calls do."""
    agenda = Agenda()
    writer = Writer(force, surge.start_ms, f"-surge{number}")
    rng = Random(f"{seed}/{force.id}/surge {number}")
    details = Random(f"{seed}/{force.id}/surge {number}/facts")
    places = _places(force, surge.area)
    share = sum(weight for _, weight in places) if surge.area else 1.0
    more = (surge.factor - 1.0) * share
    scaled = replace(
        rates,
        emergency_calls=rates.emergency_calls * more,
        other_calls=rates.other_calls * more,
        own_incidents=incidents_of(rates) * more,
    )
    world = World(force, scaled, rng, details, agenda, writer)
    incidents = IncidentSimulator(world, places, surge.category)
    if surge.category is not None:
        incidents.start(surge.start_ms, surge.end_ms)
    else:
        lines = range(len(force.lines))
        wanted = [n for n in lines if surge.line in (None, force.lines[n].id)]
        if not wanted:
            raise ValueError(f'{force.name} has no line "{surge.line}"')
        room = Room(world, incidents)
        room.start(surge.start_ms, surge.end_ms, wanted)
    return agenda.run(None)  # it ends by itself: nothing comes after the last call


def _places(force: Force, area: str | None) -> list[tuple[str, float]]:
    """The smallest areas of a surge by id, with their share of the force's population."""
    places = [(place.id, weight) for place, weight in smallest_areas(force)]
    if area is None:
        return places
    found = [
        (place, weight)
        for place, weight in places
        if area in force.rollup[force.area_index[place.casefold()]]
    ]
    if not found:
        raise ValueError(f'{force.name} has no area "{area}"')
    return found

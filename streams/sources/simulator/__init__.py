"""A plain simulator of a control room: calls and incidents with believable volumes and delays.

It exists to show and to load the monitor, not to predict a room. Everything is drawn from one seed,
nothing from a clock, and nothing is kept of what has passed, so a run may last for ever.

`simulate` yields (instant in ms since 1970 UTC, one NDJSON event line), in order of the instants.
A record is sent again, whole, at each change, with `version` 1, 2, 3 ... and `updated_at` the
instant of the change:

* a call: offered; answered or abandoned; ended; wrapped up, and most emergency callers who gave up
  are called back. Its area is known from the answer on, the incident that it opens from then on.
* an incident: opened; graded, which brings markers and casualties; dispatched, which brings units;
  arrived; closed. Some are closed without an arrival, some cancelled, some put in another category
  when they are closed, and some prove to be a crime.
* how many handlers are signed on, on average over the day so far, at each change of shift; and how
  many are rostered, for each hour a day before it.
* a heartbeat of the feeds `calls` and `incidents` every 30 seconds.

Ids are the start of the run and a sequence number: `sim-20220103T000000Z-c17`. No person appears.
The room is empty at the start and fills within the first hour.

Where the figures come from: Warwickshire and West Mercia published the volumes (per 1,000 people a
day 0.35 emergency calls in Oct-Dec 2017 and 0.40 in August 2020; 1.05 and 1.17 other calls; 0.10 to
0.14 emergency incidents), the shares that give up (about 1 % and 6 to 10 %), the mean response
(10:29 to 13:06) and the share within 20 minutes (87 to 93 %). Talk times, patience, staff and the
shape of the week are plausible guesses. With the defaults Warwickshire has about 220 emergency and
610 other calls and 320 incidents a day; 91 % of the former are answered within 10 seconds, 77 % of
the latter within 30. `STRAINED` makes it 83 % and 27 %, as forces have published for months.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import takewhile
from operator import itemgetter
from random import Random

from streams.config.force import Force
from streams.periods import SECOND
from streams.sources.simulator.agenda import Agenda
from streams.sources.simulator.crimes import SIMULATED_DAY, spread_crimes
from streams.sources.simulator.incidents import IncidentSimulator, smallest_areas
from streams.sources.simulator.profile import STRAINED, Rates, expected_calls
from streams.sources.simulator.room import Room
from streams.sources.simulator.surge import Surge, added
from streams.sources.simulator.writer import Writer

__all__ = [
    "SIMULATED_DAY",
    "STRAINED",
    "Rates",
    "Surge",
    "expected_calls",
    "simulate",
    "spread_crimes",
]

FEEDS = ("calls", "incidents")


def simulate(
    force: Force,
    start_ms: int,
    end_ms: int | None,
    seed: int,
    rates: Rates | None = None,
    surges: Sequence[Surge] = (),
) -> Iterator[tuple[int, bytes]]:
    """Everything of `force` from `start_ms` up to, not including, `end_ms`.

    Instants are milliseconds since 1970 UTC; `end_ms` None never ends. The same arguments give the
    same bytes, and an earlier end gives the beginning of the same: what is still open then stays
    open. Two forces with the same seed run independently. `surges` add events and change none; a
    surge begins within the run. Raises ValueError for one that does not fit the force.
    """
    chosen = rates or Rates()
    usual = _usual(force, start_ms, end_ms, seed, chosen)
    if not surges:
        return usual
    if any(surge.start_ms < start_ms for surge in surges):
        raise ValueError("a surge begins before the simulation")
    more = [added(force, surge, n, seed, chosen) for n, surge in enumerate(surges, 1)]
    found = merge(usual, *more, key=itemgetter(0))
    return found if end_ms is None else takewhile(lambda event: event[0] < end_ms, found)


def _usual(
    force: Force, start_ms: int, end_ms: int | None, seed: int, chosen: Rates
) -> Iterator[tuple[int, bytes]]:
    """An ordinary room."""
    rng, details = Random(f"{seed}/{force.id}"), Random(f"{seed}/{force.id}/facts")
    agenda = Agenda()
    writer = Writer(force, start_ms)
    places = [(area.id, weight) for area, weight in smallest_areas(force)]
    incidents = IncidentSimulator(force, chosen, rng, details, agenda, writer, places)
    room = Room(force, chosen, rng, details, agenda, writer, incidents, says_staffing=True)
    incidents.start(start_ms)
    room.start(start_ms)
    if chosen.heartbeat_seconds:
        step = chosen.heartbeat_seconds * SECOND

        def beat(now: int, feed: str) -> bytes:
            agenda.add(now + step, beat, feed)
            return writer.heartbeat(feed, now)

        for feed in FEEDS:
            agenda.add(start_ms, beat, feed)
    return agenda.run(end_ms)

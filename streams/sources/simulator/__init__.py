"""A simulator of a force: calls, incidents and crimes with believable volumes, delays and chance.

It exists to show, to load and to test the monitor, not to predict a force. Everything is drawn from
one seed, nothing from a clock, and nothing is kept of what has passed, so a run may last for ever.

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
* a heartbeat of the feeds every 30 seconds.

Ids are the start of the run and a sequence number: `sim-20220103T000000Z-c17`. The room is empty
at the start and fills within the first hour.

There are two rooms. The **plain** one, of `Rates`, has calls and incidents alone, at rates that
have the shape of a week and else never change, and units without end: what a test or a benchmark
needs where nothing is to happen. The **whole** stream, of a `Profile`, adds what a force has: a
season, bank holidays and named nights; rates that vary by the day and the hour beyond chance, and
stay so for a while; a finite number of units by district, for which incidents wait; missing
persons; crimes, recorded with delay, reclassified, cancelled and decided, with victims and suspects
who come again. A `Scenario` changes its rates and its behaviour for a while, and says what is to be
seen of it.

Where the figures of the plain room come from: Warwickshire and West Mercia published the volumes
(per 1,000 people a day 0.35 emergency calls in Oct-Dec 2017 and 0.40 in August 2020; 1.05 and 1.17
other calls; 0.10 to 0.14 emergency incidents), the shares that give up (about 1 % and 6 to 10 %),
the mean response (10:29 to 13:06) and the share within 20 minutes (87 to 93 %). Talk times,
patience, staff and the shape of the week are plausible guesses. With the defaults Warwickshire has
about 220 emergency and 610 other calls and 320 incidents a day; 91 % of the former are answered
within 10 seconds, 77 % of the latter within 30. `STRAINED` makes it 83 % and 27 %, as forces have
published for months. The profiles say what they were fitted to (docs/simulator.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import takewhile
from operator import itemgetter
from random import Random

from streams.config.force import Force
from streams.errors import ConfigError
from streams.periods import SECOND
from streams.sources.simulator.agenda import Agenda
from streams.sources.simulator.arrivals import STRAINED, Rates, expected_calls
from streams.sources.simulator.crimes import CrimeRecorder
from streams.sources.simulator.demand import Demand
from streams.sources.simulator.effects import Effect, Effects
from streams.sources.simulator.incidents import IncidentSimulator, Whole, smallest_areas
from streams.sources.simulator.profile import Likeness, Profile, find_profile, profile_of
from streams.sources.simulator.room import Room
from streams.sources.simulator.scenario import Scenario, find_scenario, shipped_scenarios
from streams.sources.simulator.spread import SIMULATED_DAY, spread_crimes
from streams.sources.simulator.surge import Surge, added
from streams.sources.simulator.world import World
from streams.sources.simulator.writer import Writer

__all__ = [
    "SIMULATED_DAY",
    "STRAINED",
    "Effect",
    "Profile",
    "Rates",
    "Scenario",
    "Surge",
    "expected_calls",
    "find_profile",
    "find_scenario",
    "profile_of",
    "shipped_scenarios",
    "simulate",
    "simulate_whole",
    "spread_crimes",
]

FEEDS = ("calls", "incidents")
WHOLE_FEEDS = (*FEEDS, "crimes")
_KIND_OF = {
    "calls": b'"kind":"call"',
    "incidents": b'"kind":"incident"',
    "crimes": b'"kind":"crime"',
}
_BEAT_OF = {feed: f'"feed":"{feed}"'.encode() for feed in WHOLE_FEEDS}

Events = Iterator[tuple[int, bytes]]


def simulate(
    force: Force,
    start_ms: int,
    end_ms: int | None,
    seed: int,
    rates: Rates | None = None,
    surges: Sequence[Surge] = (),
) -> Events:
    """A plain room of `force` from `start_ms` up to, not including, `end_ms`.

    Instants are milliseconds since 1970 UTC; `end_ms` None never ends. The same arguments give the
    same bytes, and an earlier end gives the beginning of the same: what is still open then stays
    open. Two forces with the same seed run independently. `surges` add events and change none; a
    surge begins within the run. Raises ValueError for one that does not fit the force.
    """
    chosen = rates or Rates()
    usual = _usual(force, start_ms, end_ms, seed, chosen)
    return _with_surges(usual, force, start_ms, end_ms, seed, chosen, surges)


def simulate_whole(  # noqa: PLR0913  four that every run has, and what is other than usual
    force: Force,
    start_ms: int,
    end_ms: int | None,
    seed: int,
    profile: Profile | None = None,
    effects: Sequence[Effect] = (),
    surges: Sequence[Surge] = (),
    *,
    handlers: float = 1.0,
    heartbeat_seconds: int = 30,
) -> Events:
    """The whole stream of `force`, likewise; by default with the profile that is shipped for it.

    `handlers` multiplies the staff on duty. Effects of areas, lines or offences that the force does
    not have change nothing.
    """
    likeness = Likeness(profile or profile_of(force), force)
    rates = likeness.rates(handlers, heartbeat_seconds)
    usual = _usual(force, start_ms, end_ms, seed, rates, likeness, effects)
    return _with_surges(usual, force, start_ms, end_ms, seed, rates, surges)


def _with_surges(
    usual: Events,
    force: Force,
    start_ms: int,
    end_ms: int | None,
    seed: int,
    rates: Rates,
    surges: Sequence[Surge],
) -> Events:
    if not surges:
        return usual
    if any(surge.start_ms < start_ms for surge in surges):
        raise ValueError("a surge begins before the simulation")
    more = [added(force, surge, n, seed, rates) for n, surge in enumerate(surges, 1)]
    found = merge(usual, *more, key=itemgetter(0))
    return found if end_ms is None else takewhile(lambda event: event[0] < end_ms, found)


def _usual(
    force: Force,
    start_ms: int,
    end_ms: int | None,
    seed: int,
    rates: Rates,
    likeness: Likeness | None = None,
    effects: Sequence[Effect] = (),
) -> Events:
    """A room, plain or with all that a likeness adds; raises `ConfigError` for a force without
    lines, since all begins with calls."""
    if not force.lines:
        raise ConfigError(
            f"{force.name} has no lines, and what is made up begins with calls",
            field="lines",
            cure="List its [[lines]], or simulate another force",
        )
    rng, details = Random(f"{seed}/{force.id}"), Random(f"{seed}/{force.id}/facts")
    agenda = Agenda()
    writer = Writer(force, start_ms)
    places = [(area.id, weight) for area, weight in smallest_areas(force)]
    whole = None
    if likeness is not None:
        known = Effects(effects, force.zone, {c[0]: frozenset(c) for c in force.rollup[1:]})
        demand = Demand(force, likeness.profile, seed, start_ms, known)
        crimes = Random(f"{seed}/{force.id}/crimes")
        recorder = CrimeRecorder(likeness, crimes, agenda, writer, places, demand, known)
        whole = Whole(likeness, demand, known, recorder, places, f"{seed}/{force.id}")
        recorder.start(start_ms, whole.crimed())
    world = World(force, rates, rng, details, agenda, writer)
    incidents = IncidentSimulator(world, places, whole=whole)
    room = Room(world, incidents, says_staffing=True, whole=whole)
    incidents.start(start_ms)
    room.start(start_ms)
    if rates.heartbeat_seconds:
        step = rates.heartbeat_seconds * SECOND

        def beat(now: int, feed: str) -> bytes:
            agenda.add(now + step, beat, feed)
            return writer.heartbeat(feed, now)

        for feed in FEEDS if whole is None else WHOLE_FEEDS:
            agenda.add(start_ms, beat, feed)
    events = agenda.run(end_ms)
    outages = [each for each in effects if each.kind == "outage"]
    return _without_outages(events, outages, force) if outages else events


def _without_outages(events: Events, outages: Sequence[Effect], force: Force) -> Events:
    """The events as they arrive: what a feed has to say while it is out comes when it is back, but
    for its heartbeats."""
    held: list[tuple[int, bytes]] = []
    for at, line in events:
        while held and held[0][0] <= at:
            yield held.pop(0)
        out = [e for e in outages if e.holds(at, force.zone) and e.feed is not None]
        for each in out:
            if _BEAT_OF[each.feed or ""] in line:
                break
            if _KIND_OF[each.feed or ""] in line:
                held.append((each.end, line))
                held.sort(key=itemgetter(0))
                break
        else:
            yield at, line
    yield from ((at, line) for at, line in held)

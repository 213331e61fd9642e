"""Incidents: opened by calls or otherwise, graded, attended or not, closed."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from streams.config.force import Area, Force
from streams.periods import SECOND
from streams.sources.simulator.arrivals import EMERGENCY_WEEK, Arrivals, Rates
from streams.sources.simulator.crimes import CrimeRecorder
from streams.sources.simulator.demand import Demand, Mix
from streams.sources.simulator.effects import Effect, Effects, is_in
from streams.sources.simulator.persons import Persons
from streams.sources.simulator.profile import Likeness
from streams.sources.simulator.units import UnitId, Units
from streams.sources.simulator.world import World
from streams.sources.simulator.writer import quoted

EMERGENCY, PRIORITY, SCHEDULED, NO_ATTENDANCE = (
    "emergency",
    "priority",
    "scheduled",
    "no_attendance",
)
GRADES = (EMERGENCY, PRIORITY, SCHEDULED, NO_ATTENDANCE)

# Share of the answered calls that open an incident, and weights of the grades, by where it is from.
_OPENED_BY = {True: 0.50, False: 0.26}
_GRADES_OF = {
    "emergency_call": (0.58, 0.26, 0.10, 0.12),
    "other_call": (0.12, 0.27, 0.29, 0.32),
    "own": (0.18, 0.30, 0.29, 0.23),
}

# Weight, and by how much likelier than others it is an emergency.
_MIX: dict[str, tuple[float, float]] = {
    "asb.nuisance": (11.0, 0.4), "asb.personal": (2.5, 0.5), "asb.environmental": (1.0, 0.1),
    "alarm": (2.5, 1.0), "crime_in_progress": (5.0, 2.6), "crime_report": (17.0, 0.2),
    "concern_for_safety": (14.0, 1.4), "domestic": (9.0, 1.8), "fire": (1.0, 1.8),
    "medical": (3.0, 1.6), "mental_health": (4.0, 1.4), "missing_person": (2.2, 1.0),
    "road_collision.damage": (5.0, 0.7), "road_collision.injury": (2.0, 2.4),
    "road_related": (9.0, 0.6), "special_service": (1.5, 0.3), "sudden_death": (1.0, 1.2),
    "suspicious": (7.0, 1.0), "violence": (5.0, 2.2),
}  # fmt: skip
_RECATEGORISED = 0.04

# Median in seconds and sigma of the lognormal time from the opening to the first resource at scene,
# and the share that is never attended. Emergencies: mean 12:05, 87 % within 20 minutes.
_RESPONSE = {
    EMERGENCY: (600.0, 0.615, 0.03),
    PRIORITY: (2_700.0, 0.80, 0.12),
    SCHEDULED: (72_000.0, 0.70, 0.30),
    NO_ATTENDANCE: (10_800.0, 0.90, 1.0),
}
_CANCELLED = 0.02

# Share of incidents of a category, or below it, that get a marker as they are graded, and of those
# of a category that prove to be a crime.
_MARKERS = (
    ("domestic", "domestic_abuse", 1.0),
    ("asb", "alcohol", 0.12),
    ("violence", "alcohol", 0.30),
    ("violence", "hate", 0.05),
    ("asb.personal", "hate", 0.06),
    ("crime_report", "cyber", 0.06),
    ("crime_report", "business", 0.20),
    ("concern_for_safety", "vulnerable_adult", 0.25),
    ("concern_for_safety", "child_at_risk", 0.12),
    ("missing_person", "child_at_risk", 0.40),
    ("missing_person", "cse", 0.04),
)
_CRIMED = {"crime_report": 0.80, "crime_in_progress": 0.55, "violence": 0.60, "domestic": 0.35,
           "asb.personal": 0.15, "asb.environmental": 0.20}  # fmt: skip
_SECOND_UNIT = 0.4
"""The share of emergencies to which a second unit is sent."""
_ROAD_USERS = {"car_driver": 0.42, "car_passenger": 0.20, "pedestrian": 0.14, "motorcyclist": 0.10,
               "cyclist": 0.10, "goods_vehicle": 0.03, "mobility_scooter": 0.01}  # fmt: skip
_LONGEST_INCIDENT = 14 * 86_400.0  # seconds; a lognormal has no end, an incident has


class _Incident:
    __slots__ = (
        "area",
        "arrives",
        "category",
        "closed",
        "dispatched",
        "grade",
        "graded",
        "id",
        "opened",
        "out",
        "rest",
        "units",
        "version",
    )  # fmt: skip

    def __init__(self, name: str, opened: int, category: str, area: str | None) -> None:
        self.id, self.opened, self.category, self.area = name, opened, category, area
        self.units: list[dict[str, str]] = []
        self.version, self.rest = 0, ""
        self.grade = ""
        self.graded = self.dispatched = self.arrives = 0
        self.out: list[UnitId] = []
        """The units of a finite number that are with it."""
        self.closed = False


@dataclass(frozen=True)
class Nature:
    """What incidents are like; the default is that of a plain room. `emergency` multiplies the
    weight of the highest grade."""

    mix: Mapping[str, tuple[float, float]] = field(default_factory=lambda: _MIX)
    year: Mapping[str, list[float]] = field(default_factory=dict)
    opened_by: Mapping[bool, float] = field(default_factory=lambda: _OPENED_BY)
    emergency: float = 1.0
    emergency_response: tuple[float, float] = _RESPONSE[EMERGENCY][:2]


class Whole:
    """What the incidents of a whole stream have beside those of a plain room: a rate that varies,
    effects, a finite number of units, people who go missing, and the crimes that are recorded."""

    def __init__(
        self,
        likeness: Likeness,
        demand: Demand,
        effects: Effects,
        recorder: CrimeRecorder,
        places: Sequence[tuple[str, float]],
        seed: str,
    ) -> None:
        self.likeness, self.demand, self.effects = likeness, demand, effects
        self.recorder = recorder
        said = likeness.profile.incidents
        self.rng = Random(f"{seed}/whole")
        self.units: Units[tuple[_Incident, bool]] = Units(
            max(1, round(said.units * likeness.size)), places, effects
        )
        self.cross_border = said.cross_border
        again = said.missing_again
        self._cared = Persons(self.rng, "sim-missing-care-", min(0.95, 1.6 * again))
        self._children = Persons(self.rng, "sim-missing-child-", again)
        self._adults = Persons(self.rng, "sim-missing-", 0.6 * again)
        self._shares = (min(said.in_care, said.under_18), said.under_18)

    def missing(self) -> str:
        """Who is missing, as the field of an incident."""
        drawn, (care, child) = self.rng.random(), self._shares
        people = self._cared if drawn < care else self._children if drawn < child else self._adults
        young, cared = (str(drawn < limit).lower() for limit in (child, care))
        who = f'"id":"{people.draw()}","age_under_18":{young},"in_care":{cared}'
        return f',"persons":[{{{who}}}]'

    def crimed(self) -> dict[str, float]:
        """By category how many incidents a day (of the profile) are to be recorded as crimes."""
        said = self.likeness.profile.incidents
        return {
            name: a_day * _CRIMED.get(name, 0.0) * (1.0 - said.crimed_only)
            for name, a_day in said.a_day.items()
        }

    def nature(self) -> Nature:
        """What incidents are like in this force."""
        profile = self.likeness.profile
        said, calls = profile.incidents, profile.calls
        opened = {True: calls.emergency.opens, False: calls.other.opens}
        nature = Nature(
            {name: (a_day, _MIX.get(name, (3.0, 1.0))[1]) for name, a_day in said.a_day.items()},
            said.year,
            opened,
            1.0,
            (said.response_median, said.response_sigma),
        )
        by_calls = (opened[True] * calls.emergency.a_day, opened[False] * calls.other.a_day)
        origins = {
            "emergency_call": by_calls[0],
            "other_call": by_calls[1],
            "own": max(0.0, sum(said.a_day.values()) - sum(by_calls)),
        }
        return _with_emergencies(nature, origins, said.emergencies)


def _with_emergencies(nature: Nature, origins: Mapping[str, float], wanted: float) -> Nature:
    """The same with so many emergencies a day, of so many incidents by where they are from."""
    low, high = 0.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        found = Nature(nature.mix, nature.year, nature.opened_by, middle, nature.emergency_response)
        if _emergencies(found, origins) < wanted:
            low = middle
        else:
            high = middle
    return found


def _emergencies(nature: Nature, origins: Mapping[str, float]) -> float:
    tilts, total = tilts_of(nature), sum(weight for weight, _ in nature.mix.values())
    found = 0.0
    for origin, number in origins.items():
        for name, (weight, _) in nature.mix.items():
            weights = grade_weights(nature, origin, tilts[name])
            found += number * weight / total * weights[0] / sum(weights)
    return found


def tilts_of(nature: Nature) -> dict[str, float]:
    """By category how much likelier than on average it is an emergency."""
    total = sum(weight for weight, _ in nature.mix.values())
    mean = sum(w * tilt for w, tilt in nature.mix.values()) / total
    return {name: tilt / mean for name, (_, tilt) in nature.mix.items()}


def grade_weights(nature: Nature, origin: str, tilt: float) -> list[float]:
    """The weights of the grades of an incident."""
    weights = list(_GRADES_OF[origin])
    weights[0] = min(0.9, weights[0] * tilt * nature.emergency)
    return weights


class IncidentSimulator:
    """Makes up the incidents of one force, from the opening to the close."""

    def __init__(
        self,
        world: World,
        places: Sequence[tuple[str, float]],
        only: str | None = None,
        whole: Whole | None = None,
    ) -> None:
        self._rng, self._agenda, self._writer = world.rng, world.agenda, world.writer
        force, rates = world.force, world.rates
        self._details, self._whole, self._zone = world.details, whole, force.zone
        self._nature = nature = Nature() if whole is None else whole.nature()
        self._areas = [quoted(area) for area, _ in places]
        self._area_weights = list(accumulate(weight for _, weight in places))
        # A force with a vocabulary of its own gets that; words that the mix lacks weigh alike.
        listed = force.file.incident_categories or list(nature.mix)
        mix = {name: nature.mix.get(name, (3.0, 1.0)) for name in listed}
        self._categories = [name for name in mix if only is None or is_in(name, only)]
        if not self._categories:
            raise ValueError(f'{force.name} has no category of incidents "{only}"')
        self._category_weights = list(accumulate(mix[name][0] for name in self._categories))
        total = sum(weight for weight, _ in mix.values())
        self._tilt = tilts_of(Nature(mix))
        share = self._category_weights[-1] / total
        per_day = rates.own_incidents * share * force.file.population / 1000
        factor = None if whole is None else whole.demand.others("incidents")
        self._own = Arrivals(per_day, EMERGENCY_WEEK, force.zone, world.rng, factor)
        self._mix = Mix({name: mix[name][0] for name in self._categories}, dict(nature.year))
        self._places = list(places)
        thousands = force.file.population / 1000
        self._per_day = incidents_of(rates, nature) * thousands
        self._by_calls = self._per_day - rates.own_incidents * thousands
        self._more = 0
        self._incidents = 0
        self._until: int | None = None

    def start(self, now: int, until: int | None = None) -> None:
        """Put the first incident that no call opens on the agenda; none is opened from `until`."""
        self._until = until
        self._next_own(now)
        if self._whole is not None:
            self._start_more(self._whole, now)

    def _start_more(self, whole: Whole, now: int) -> None:
        """Puts the incidents that effects add on the agenda, and those of calls that are lost."""
        for effect in whole.effects.more("incidents"):
            listed = {n: s for n, s in self._mix.shares().items() if is_of(effect, n)}
            a_day = (effect.factor - 1.0) * sum(listed.values()) * self._per_day
            self._add_more(whole, effect, a_day, listed, now)
        for effect in whole.effects.of("outage"):
            if effect.feed == "calls" and effect.fallback:
                a_day = effect.fallback * self._by_calls
                self._add_more(whole, effect, a_day, self._mix.shares(), now)

    def _add_more(
        self, whole: Whole, effect: Effect, a_day: float, shares: Mapping[str, float], now: int
    ) -> None:
        """More incidents while an effect holds, of some categories by their shares."""
        within = whole.effects.is_within
        places = [p for p in self._places if effect.area is None or within(p[0], effect.area)]
        if effect.area is not None:
            a_day *= sum(weight for _, weight in places)
        self._more += 1
        rng = Random(f"{whole.likeness.force.id}/{self._writer.run}/more incidents {self._more}")
        usual = whole.demand.others("incidents")

        def factor(at: int) -> float:
            holds = effect.holds(at, self._zone) or not effect.start <= at < effect.end
            return usual(at) if holds else 0.0

        arrivals = Arrivals(a_day, EMERGENCY_WEEK, self._zone, rng, factor)
        names, weights = list(shares), list(shares.values())
        areas = [weight for _, weight in places]

        def following(at: int) -> None:
            then = arrivals.after(at)
            if then < effect.end:
                self._agenda.add(then, opened)

        def opened(at: int, _: None) -> bytes | None:
            following(at)
            category = rng.choices(names, weights)[0]
            area = quoted(rng.choices(places, areas)[0][0]) if places else None
            return self._open_as(at, category, "own", area, None)

        if not arrivals.never:
            following(max(now, effect.start))

    def _next_own(self, now: int) -> None:
        if not self._own.never:
            at = self._own.after(now)
            if self._until is None or at < self._until:
                self._agenda.add(at, self._open_own)

    def area(self) -> str | None:
        """One of the smallest areas, as a JSON string, drawn by population; None for a force
        without areas."""
        if not self._areas:
            return None
        return self._rng.choices(self._areas, cum_weights=self._area_weights)[0]

    def from_call(
        self,
        now: int,
        emergency: bool,
        area: str | None,
        talk: float,
        opens: Callable[[str], None],
    ) -> None:
        """Let an answered call open an incident while it is talked (`talk` in seconds); `opens` is
        given its id then."""
        if self._rng.random() < self._nature.opened_by[emergency]:
            opened = now + int(talk * self._rng.uniform(0.15, 0.6) * SECOND)
            origin = "emergency_call" if emergency else "other_call"
            self._agenda.add(opened, self._open, (origin, area or self.area(), opens))

    def _open_own(self, now: int, _: None) -> bytes | None:
        self._next_own(now)
        return self._open(now, ("own", self.area(), None))

    def _lognormal(self, median: float, sigma: float) -> float:
        return min(_LONGEST_INCIDENT, median * math.exp(self._rng.gauss(0.0, sigma)))

    def _open(
        self, now: int, whence: tuple[str, str | None, Callable[[str], None] | None]
    ) -> bytes | None:
        origin, area, opens = whence
        if self._whole is None:
            drawn = self._rng.choices(self._categories, cum_weights=self._category_weights)
            return self._open_as(now, drawn[0], origin, area, opens)
        month = dt.datetime.fromtimestamp(now // SECOND, self._zone).month
        category = self._mix.draw(self._rng, month)
        place = None if area is None else area[1:-1]
        chance = self._whole.effects.fewer("incidents", now, place, category)
        if chance < 1.0 and self._whole.rng.random() >= chance:
            return None
        return self._open_as(now, category, origin, area, opens)

    def _open_as(
        self,
        now: int,
        category: str,
        origin: str,
        area: str | None,
        opens: Callable[[str], None] | None,
    ) -> bytes:
        rng = self._rng
        self._incidents += 1
        incident = _Incident(self._writer.id("i", self._incidents), now, category, area)
        if opens is not None:
            opens(incident.id)
        weights = grade_weights(self._nature, origin, self._tilt[category])
        incident.grade = rng.choices(GRADES, weights)[0]
        median, sigma, never = _RESPONSE[incident.grade]
        if incident.grade == EMERGENCY:
            median, sigma = self._nature.emergency_response
        response = max(45.0, self._lognormal(median, sigma))
        # Of the response the first part passes until the grade is set, up to two minutes, and of
        # the rest up to half until a resource is sent.
        graded = min(response * 0.3, rng.uniform(15.0, 120.0))
        dispatched = graded + (response - graded) * rng.uniform(0.1, 0.5)
        incident.graded = now + int(graded * SECOND)
        incident.dispatched = now + int(dispatched * SECOND)
        incident.arrives = now + int(response * SECOND)
        self._agenda.add(incident.graded, self._grade, incident)
        if rng.random() < _CANCELLED:
            at = incident.graded + int(rng.uniform(20.0, 600.0) * SECOND)
            self._agenda.add(at, self._cancel, incident)
        elif rng.random() < never:
            if incident.grade != NO_ATTENDANCE and rng.random() < 0.5:
                self._agenda.add(incident.dispatched, self._dispatch, (incident, False))
            self._agenda.add(incident.arrives, self._close, incident)
        else:
            self._agenda.add(incident.dispatched, self._dispatch, (incident, True))
        return self._write(incident, now)

    def _grade(self, now: int, incident: _Incident) -> bytes:
        incident.rest = f',"grade":"{incident.grade}","graded_at":{self._writer.stamp(now)}'
        markers = dict.fromkeys(
            f'"{marker}"'
            for category, marker, share in _MARKERS
            if is_in(incident.category, category)
            and self._details.random() < share * self._marking(now, marker)
        )
        if self._whole is not None and incident.category == "missing_person":
            incident.rest += self._whole.missing()
        if markers:
            incident.rest += f',"markers":[{",".join(markers)}]'
        if incident.category == "road_collision.injury":
            hurt = 1 + int(self._rng.expovariate(1.2))
            severity = self._rng.choices(("slight", "serious", "fatal"), (0.83, 0.155, 0.015))[0]
            users = self._details.choices(tuple(_ROAD_USERS), tuple(_ROAD_USERS.values()), k=hurt)
            casualties = (f'{{"severity":"{severity}","road_user":"{user}"}}' for user in users)
            incident.rest += f',"casualties":[{",".join(casualties)}]'
        return self._write(incident, now)

    def _marking(self, now: int, marker: str) -> float:
        """What the chance of a marker is multiplied by."""
        return 1.0 if self._whole is None else self._whole.effects.factor("markers", now, marker)

    def _dispatch(self, now: int, incident_and_arrives: tuple[_Incident, bool]) -> bytes | None:
        incident, arrives = incident_and_arrives
        if self._whole is None:
            return self._send(now, incident, arrives, None)
        units, rank = self._whole.units, GRADES.index(incident.grade)
        home = units.home(None if incident.area is None else incident.area[1:-1])
        unit = units.take(home, now, rank=rank)
        if unit is None:
            units.wait(home, rank, incident_and_arrives)
            return None
        return self._send(now, incident, arrives, unit)

    def _send(self, now: int, incident: _Incident, arrives: bool, unit: UnitId | None) -> bytes:
        """Sends a unit, and often a second one to an emergency: where units are finite, if the
        same district has another one free."""
        two = incident.grade == EMERGENCY and self._details.random() < _SECOND_UNIT
        if unit is None or self._whole is None:
            signs = [f"U{sign:02d}" for sign in self._details.sample(range(1, 60), 1 + two)]
        else:
            incident.out.append(unit)
            second = self._whole.units.take(unit[0], now, rank=1) if two else None
            if second is not None:
                incident.out.append(second)
            signs = [sign for _, sign in incident.out]
        stamp = self._writer.stamp(now)
        incident.units += [{"id": f'"{sign}"', "dispatched_at": stamp} for sign in signs]
        incident.rest += f',"dispatched_at":{stamp}'
        if arrives:
            if unit is not None and self._whole is not None:
                travel = incident.arrives - incident.dispatched
                factor = self._whole.effects.factor("response", now)
                if unit[0] != self._whole.units.home((incident.area or '""')[1:-1] or unit[0]):
                    factor *= self._whole.cross_border
                incident.arrives = now + int(travel * factor)
            self._agenda.add(incident.arrives, self._arrive, incident)
        return self._write(incident, now)

    def _released(self, now: int, incident: _Incident) -> None:
        """The finite units of an incident that is over go to what waits."""
        incident.closed = True
        if self._whole is None:
            return

        def serve(waiting: tuple[_Incident, bool], unit: UnitId) -> bool:
            other, arrives = waiting
            if other.closed:
                return False
            self._agenda.add(now, self._sent_late, (other, arrives, unit))
            return True

        for unit in incident.out:
            self._whole.units.clear(unit, now, serve)
        incident.out = []

    def _sent_late(self, now: int, sent: tuple[_Incident, bool, UnitId]) -> bytes | None:
        incident, arrives, unit = sent
        if incident.closed:  # in the same instant
            incident.out.append(unit)
            self._released(now, incident)
            return None
        return self._send(now, incident, arrives, unit)

    def _arrive(self, now: int, incident: _Incident) -> bytes:
        incident.rest += f',"arrived_at":{self._writer.stamp(now)}'
        incident.units[0]["arrived_at"] = self._writer.stamp(now)
        at_scene = self._lognormal(2_700.0, 0.9)
        self._agenda.add(now + int(at_scene * SECOND), self._close, incident)
        return self._write(incident, now)

    def _cancel(self, now: int, incident: _Incident) -> bytes:
        incident.rest += f',"cancelled":true,"closed_at":{self._writer.stamp(now)}'
        self._released(now, incident)
        return self._write(incident, now)

    def _close(self, now: int, incident: _Incident) -> bytes:
        if self._rng.random() < _RECATEGORISED:
            drawn = self._rng.choices(self._categories, cum_weights=self._category_weights)
            incident.category = drawn[0]
        if self._details.random() < _CRIMED.get(incident.category, 0.0):
            self._crimed(now, incident)
        self._released(now, incident)
        self._clear(now, incident)
        incident.rest += f',"closed_at":{self._writer.stamp(now)}'
        return self._write(incident, now)

    def _crimed(self, now: int, incident: _Incident) -> None:
        """It proves to be a crime. In a whole stream a crime is then recorded, but of some that the
        crime system keeps and nobody counts; a plain room has no crimes, and says so of all."""
        if self._whole is not None:
            said = self._whole.likeness.profile.incidents
            if self._whole.rng.random() >= said.crimed_only:
                self._whole.recorder.from_incident(
                    now, incident.id, incident.category, incident.area, incident.opened
                )
                return
        incident.rest += ',"crimed":true'

    def _clear(self, now: int, incident: _Incident) -> None:
        """The units of an incident that is closed are free; a second one came after the first and
        left before it."""
        stamp = self._writer.stamp
        first, *more = incident.units or [{}]
        if first:
            first["cleared_at"] = stamp(now)
        for unit in more if "arrived_at" in first else ():
            came = incident.arrives + int(
                (now - incident.arrives) * self._details.uniform(0.0, 0.3)
            )
            unit["arrived_at"] = stamp(came)
            unit["cleared_at"] = stamp(came + int((now - came) * self._details.uniform(0.2, 1.0)))

    def _write(self, incident: _Incident, now: int) -> bytes:
        incident.version += 1
        stamp = self._writer.stamp
        area = "" if incident.area is None else f',"area":{incident.area}'
        return self._writer.record(
            "incident",
            incident.id,
            incident.version,
            f'"updated_at":{stamp(now)},"opened_at":{stamp(incident.opened)},'
            f'"category":"{incident.category}"{area}{incident.rest}{units_of(incident)}',
        )


def units_of(incident: _Incident) -> str:
    """The units of an incident as a field, where it has some."""
    units = ("{" + ",".join(f'"{k}":{v}' for k, v in u.items()) + "}" for u in incident.units)
    return f',"units":[{",".join(units)}]' if incident.units else ""


def incidents_of(rates: Rates, nature: Nature | None = None) -> float:
    """Incidents per 1,000 people and day, those that calls open among them."""
    opened_by = (nature or Nature()).opened_by
    by_call = opened_by[True] * rates.emergency_calls + opened_by[False] * rates.other_calls
    return by_call + rates.own_incidents


def is_of(effect: Effect, category: str) -> bool:
    """Whether an effect is of a category."""
    return effect.category is None or is_in(category, effect.category)


def smallest_areas(force: Force) -> list[tuple[Area, float]]:
    """The areas that are no other's parent, with their share of the population as weight.

    Siblings share their parent's population in the proportion of their own, or equally where one
    of them has none, so that figures of different years can stand side by side.
    """
    parents = {area.parent for area in force.file.areas}

    def below(parent: str | None, weight: float) -> list[tuple[Area, float]]:
        children = [area for area in force.file.areas if area.parent == parent]
        sizes = [area.population or 0 for area in children]
        if not all(sizes):
            sizes = [1] * len(children)
        found = []
        for area, size in zip(children, sizes, strict=True):
            share = weight * size / sum(sizes)
            found += below(area.id, share) if area.id in parents else [(area, share)]
        return found

    return below(None, 1.0)

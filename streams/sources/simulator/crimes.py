"""Crimes: recorded of incidents or reported directly, with delay; reclassified, cancelled, decided.

A crime is recorded some hours after the incident that it is of is closed, and enters the feed some
minutes to days after it was recorded. Some are put under another offence later, some prove to be
none, most get an outcome after days to months. Victims and suspects are pseudonyms, of whom some
come again.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from random import Random

from streams.periods import DAY, HOUR, MINUTE, SECOND
from streams.sources.simulator.agenda import Agenda
from streams.sources.simulator.arrivals import OTHER_WEEK, Arrivals
from streams.sources.simulator.demand import Demand, Mix
from streams.sources.simulator.effects import Effect, Effects, is_in
from streams.sources.simulator.persons import Persons
from streams.sources.simulator.profile import Likeness, nearest
from streams.sources.simulator.writer import Writer, quoted

# What an incident of a category can prove to be.
_CAN_BE: Mapping[str, tuple[str, ...]] = {
    "crime_report": ("vehicle", "burglary", "damage_arson", "shoplifting", "other_theft",
                     "bicycle_theft", "theft_from_person", "robbery", "public_order",
                     "violence.without_injury"),
    "crime_in_progress": ("burglary", "damage_arson", "shoplifting", "vehicle", "robbery"),
    "violence": ("violence", "robbery.personal", "weapons"),
    "domestic": ("violence", "damage_arson.damage"),
    "asb.personal": ("public_order", "violence.without_injury"),
    "asb.environmental": ("damage_arson",),
}  # fmt: skip
_LEAST_DIRECT = 0.15
"""The share of each offence that is reported directly, at the least."""

# Home Office outcome codes: weight, median days and sigma of the lognormal delay. Where no suspect
# is known it is 18 (investigation complete) but of a few that are in the public's interest not
# pursued.
_WITH_SUSPECT = {1: (0.20, 25.0, 1.2), 3: (0.05, 12.0, 1.0), 8: (0.08, 12.0, 1.0),
                 14: (0.10, 18.0, 0.9), 15: (0.20, 40.0, 0.8), 16: (0.37, 25.0, 0.9)}  # fmt: skip
_WITHOUT = {18: (0.92, 9.0, 1.1), 14: (0.08, 12.0, 0.9)}
_NEVER = 0.05
"""The share that has no outcome for ever."""
_RECORDED_AFTER = (2.0, 1.2)
"""Hours from the close of an incident to its crime record: median and sigma."""
_ENTERED_AFTER = (20.0, 1.3)
"""Minutes from the record to the feed."""
_LONGEST_DELAY = 20.0  # days; a lognormal has no end
_NOT_NOTIFIABLE = 0.03
_SEXUAL_OLDER = 6.0
"""How much likelier a sexual offence is one of long ago."""
_VICTIMLESS = ("drugs", "weapons", "public_order", "other_crime")


class _Crime:
    __slots__ = (
        "area", "cancelled", "defendant", "id", "offence", "outcome", "outcome_at", "rest",
        "suspect", "version",
    )  # fmt: skip

    def __init__(self, name: str, offence: str, area: str | None) -> None:
        self.id, self.offence, self.area = name, offence, area
        self.version, self.outcome, self.outcome_at = 0, 0, 0
        self.suspect, self.rest = "", ""
        self.cancelled = self.defendant = False


class CrimeRecorder:
    """Records the crimes of one force."""

    def __init__(
        self,
        likeness: Likeness,
        rng: Random,
        agenda: Agenda,
        writer: Writer,
        places: Sequence[tuple[str, float]],
        demand: Demand,
        effects: Effects,
    ) -> None:
        self._likeness, self._rng, self._agenda, self._writer = likeness, rng, agenda, writer
        self._demand, self._effects, self._zone = demand, effects, likeness.force.zone
        self._places = list(places)
        self._said = said = likeness.profile.crimes
        self._victims = Persons(rng, "sim-victim-", said.victim_again)
        self._suspects = Persons(rng, "sim-suspect-", said.suspect_again)
        self._of_category = {
            category: Mix(_among(said.a_day, offences), said.year)
            for category, offences in _CAN_BE.items()
            if any(_among(said.a_day, offences).values())
        }
        self._direct: dict[str, float] = dict(said.a_day)
        self._markers = {
            offence: [
                (marker, share)
                for marker, shares in said.markers.items()
                if (share := nearest(offence, shares))
            ]
            for offence in said.a_day
        }
        self._crimes = 0

    def start(self, now: int, expected: Mapping[str, float]) -> None:
        """Puts what is reported directly on the agenda. `expected` has by category how many
        incidents a day (of the profile) are to be recorded as crimes."""
        for category, number in expected.items():
            mix = self._of_category.get(category)
            for offence, share in mix.shares().items() if mix else ():
                self._direct[offence] -= number * share
        for offence, a_day in self._said.a_day.items():
            self._direct[offence] = max(_LEAST_DIRECT * a_day, self._direct[offence])
        mix = Mix(self._direct, self._said.year)
        factor = self._demand.others("crimes", self._said.year.get("all"))
        a_day = sum(self._direct.values()) * self._likeness.size
        arrivals = Arrivals(a_day, OTHER_WEEK, self._zone, self._rng, factor)

        def reported(at: int, _: None) -> bytes | None:
            self._agenda.add(arrivals.after(at), reported)
            offence = mix.draw(self._rng, self._month(at))
            self._record(at, offence, self._place())
            return None

        if not arrivals.never:
            self._agenda.add(arrivals.after(now), reported)
        for number, effect in enumerate(self._effects.more("crimes")):
            self._add_more(effect, number, now)

    def from_incident(
        self, now: int, incident: str, category: str, area: str | None, opened: int
    ) -> None:
        """Records a crime some hours after an incident, whose id and area are JSON strings, is
        closed, if it is of a category that can be one."""
        mix = self._of_category.get(category)
        if mix is None:
            return
        offence = mix.draw(self._rng, self._month(now))
        after = self._delay(*_RECORDED_AFTER, HOUR)
        marked = ("domestic_abuse",) if category == "domestic" else ()
        rest = f',"incident_id":{incident}'
        place = None if area is None else area[1:-1]
        self._record(now + after, offence, place, opened, rest, marked)

    def _add_more(self, effect: Effect, number: int, now: int) -> None:
        """Puts the crimes that an effect adds on the agenda."""
        within = self._effects.is_within
        places = [p for p in self._places if effect.area is None or within(p[0], effect.area)]
        listed = {
            name: a_day
            for name, a_day in self._said.a_day.items()
            if effect.offence is None or is_in(name, effect.offence)
        }
        rng = Random(f"{self._likeness.force.id}/{self._writer.run}/more crimes {number}")
        usual, mix = self._demand.others("crimes"), Mix(listed, self._said.year)
        a_day = sum(listed.values()) * self._likeness.size * (effect.factor - 1.0)
        a_day *= sum(weight for _, weight in places) if effect.area else 1.0
        suspects = [f"sim-series-{effect.series}-{n}" for n in (1, 2)]

        def factor(at: int) -> float:
            holds = effect.holds(at, self._zone) or not effect.start <= at < effect.end
            return usual(at) if holds else 0.0

        arrivals = Arrivals(a_day, OTHER_WEEK, self._zone, rng, factor)

        def following(at: int) -> None:
            then = arrivals.after(at)
            if then < effect.end:
                self._agenda.add(then, reported)

        def reported(at: int, _: None) -> None:
            following(at)
            offence = mix.draw(rng, self._month(at))
            place = (
                rng.choices([p for p, _ in places], [w for _, w in places])[0] if places else None
            )
            rest = f',"series":"{effect.series}"' if effect.series else ""
            suspect = rng.choice(suspects) if effect.series else ""
            night = self._night_before(at, rng) if effect.series else None
            self._record(at, offence, place, night, rest, suspect=suspect)

        if not arrivals.never and listed:
            following(max(now, effect.start))

    def _night_before(self, at: int, rng: Random) -> int:
        """An instant of the night before, from 21:00 to 5:00."""
        local = dt.datetime.fromtimestamp(at // SECOND, self._zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        begun = int(midnight.timestamp()) * SECOND - 3 * HOUR
        return min(at, begun + int(rng.random() * 8 * HOUR))

    def _record(
        self,
        recorded: int,
        offence: str,
        place: str | None,
        happened: int | None = None,
        rest: str = "",
        marked: Sequence[str] = (),
        suspect: str = "",
    ) -> None:
        """Draws a crime that is recorded at an instant, unless effects make it none."""
        rng, said, stamp = self._rng, self._said, self._writer.stamp
        chance = self._effects.fewer("crimes", recorded, place, offence)
        if chance < 1.0 and rng.random() >= chance:
            return
        self._crimes += 1
        crime = _Crime(self._writer.id("x", self._crimes), offence, place and quoted(place))
        first, last = self._committed(recorded, offence, happened)
        markers = dict.fromkeys(
            marker
            for marker, share in (*self._markers[offence], *((m, 1.0) for m in marked))
            if rng.random() < share * self._effects.factor("markers", recorded, marker)
        )
        crime.rest = f',"recorded_at":{stamp(recorded)}'
        crime.rest += f',"committed_from":{stamp(first)},"committed_to":{stamp(last)}'
        if markers:
            crime.rest += ',"markers":[' + ",".join(f'"{each}"' for each in markers) + "]"
        if not any(is_in(offence, each) for each in _VICTIMLESS):
            crime.rest += f',"victims":["{self._victims.draw()}"]'
        if suspect or rng.random() < said.known:
            crime.suspect = suspect or self._suspects.draw()
        if rng.random() < _NOT_NOTIFIABLE:
            rest += ',"notifiable":false'
        crime.rest += rest
        entered = recorded + self._delay(*_ENTERED_AFTER, MINUTE)
        self._agenda.add(entered, self._write, crime)
        if rng.random() < said.reclassified:
            self._agenda.add(entered + int(rng.uniform(1, 20) * DAY), self._reclassify, crime)
        if rng.random() < said.cancelled:
            self._agenda.add(entered + self._delay(10.0, 0.8, DAY, 90.0), self._cancel, crime)
        elif rng.random() >= _NEVER:
            self._decide(entered, crime)

    def _committed(self, recorded: int, offence: str, happened: int | None) -> tuple[int, int]:
        """When it was committed, at the earliest and at the latest."""
        if happened is not None:
            return happened - int(self._rng.uniform(0.0, 60.0) * MINUTE), happened
        older = self._said.non_recent * (_SEXUAL_OLDER if is_in(offence, "sexual") else 1.0)
        if self._rng.random() < older:
            last = recorded - int(self._rng.uniform(30.0, 3_650.0) * DAY)
            return last - int(self._rng.uniform(0.0, 365.0) * DAY), last
        last = recorded - self._delay(14.0, 1.4, HOUR)
        return last - int(self._rng.expovariate(1 / 6.0) * HOUR), last

    def _decide(self, entered: int, crime: _Crime) -> None:
        codes = _WITH_SUSPECT if crime.suspect else _WITHOUT
        (code,) = self._rng.choices(list(codes), [weight for weight, _, _ in codes.values()])
        _, median, sigma = codes[code]
        crime.outcome = -code  # not yet
        self._agenda.add(entered + self._delay(median, sigma, DAY, 400.0), self._outcome, crime)

    def _outcome(self, now: int, crime: _Crime) -> bytes | None:
        if crime.cancelled:
            return None
        crime.outcome, crime.outcome_at = -crime.outcome, now
        crime.defendant = crime.outcome == 1
        return self._write(now, crime)

    def _reclassify(self, now: int, crime: _Crime) -> bytes | None:
        family = crime.offence.partition(".")[0]
        near = [n for n in self._said.a_day if n != crime.offence and is_in(n, family)]
        if crime.cancelled or not near:
            return None
        crime.offence = self._rng.choice(near)
        return self._write(now, crime)

    def _cancel(self, now: int, crime: _Crime) -> bytes:
        crime.cancelled = True
        return self._write(now, crime)

    def _write(self, now: int, crime: _Crime) -> bytes:
        crime.version += 1
        stamp = self._writer.stamp
        area = "" if crime.area is None else f',"area":{crime.area}'
        rest = f'"updated_at":{stamp(now)},"offence":"{crime.offence}"{area}{crime.rest}'
        if crime.suspect:
            rest += f',"suspects":["{crime.suspect}"]'
        if crime.defendant:
            rest += f',"defendants":["{crime.suspect}"]'
        if crime.outcome > 0:
            rest += f',"outcome":{crime.outcome},"outcome_at":{stamp(crime.outcome_at)}'
        if crime.cancelled:
            rest += ',"cancelled":true'
        return self._writer.record("crime", crime.id, crime.version, rest)

    def _delay(self, median: float, sigma: float, unit: int, longest: float = 0.0) -> int:
        """A lognormal delay in ms, of so many units (ms) as the median."""
        most = longest * DAY if longest else _LONGEST_DELAY * DAY
        return int(min(most, median * unit * math.exp(self._rng.gauss(0.0, sigma))))

    def _place(self) -> str | None:
        if not self._places:
            return None
        drawn = self._rng.random()
        for place, weight in self._places:
            drawn -= weight
            if drawn < 0:
                return place
        return self._places[-1][0]

    def _month(self, at: int) -> int:
        return dt.datetime.fromtimestamp(at // SECOND, self._zone).month


def _among(a_day: Mapping[str, float], paths: Sequence[str]) -> dict[str, float]:
    """The volumes of the offences that are these or below them."""
    return {name: n for name, n in a_day.items() if any(is_in(name, path) for path in paths)}

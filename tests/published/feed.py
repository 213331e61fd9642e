"""Events whose counts are the published ones: lines of calls, incidents and crimes, in the order of
`updated_at`, made of `cells.csv`.

Each report has its own: those of the four quarters before the one that it is about (five for the
last), and of that. First as the report's table has them; `corrections` are the late, deleted and
corrected records that make them what its text says.
"""

from __future__ import annotations

import calendar
import csv
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, count, islice
from random import Random

import msgspec

from streams.config.force import Force, check_force, find_force, shipped_force_text
from tests.published.calls import CALLS, RESPONSES, Offered
from tests.published.outcomes import add_facts
from tests.published.people import add_people
from tests.published.readings import Reading, readings
from tests.published.scope import HERE
from tests.published.series import FORCES, REPORTED, after

LATE = 1800.0
"""After how many seconds an emergency is attended that is not within 20 minutes."""
SOCIETY = ("drugs.possession", "weapons", "public_order", "other_crime")
"""What the tables of 2016 and 2017 have together as other crimes against society."""

Counts = dict[tuple[str, str, str], int]
"""Records by series, period and area."""
_BASES = {
    **dict.fromkeys(
        (
            f"violence.without_injury.{name}"
            for name in ("threats_to_kill", "harassment", "stalking", "controlling_coercive")
        ),
        "violence.without_injury.other",
    ),
    **dict.fromkeys(
        (
            f"sexual.other.{name}"
            for name in (
                "child_exploitation",
                "assault_female_13_and_over",
                "activity_child_under_13",
                "grooming",
            )
        ),
        "sexual.other.assault",
    ),
    "sexual.rape.female_16_and_over": "sexual.rape.other",
    "other_theft.blackmail": "other_theft",
    "other_crime.perverting_justice": "other_crime",
    "other_crime.obscene_publications": "other_crime",
}
"""By offence that is only counted with a marker, the one under which the cells have its crimes."""
_ALONE = ("violence.with_injury", "damage_arson", "shoplifting", "vehicle")
"""Offences that are in no group of cyber crime."""
_MARKED_INCIDENTS = ("domestic_abuse", "child_at_risk", "vulnerable_adult", "hate.racial")
_MARKERS = (
    "domestic_abuse",
    "vulnerable_adult",
    "business",
    "child_at_risk",
    "hate",
    "rural",
    "alcohol",
    "cyber",
    "cse",
)
"""In this order markers begin at different places, so that crimes carry several by chance alone."""
_encode = msgspec.json.encode


class Record:
    """A crime or incident that will be fed: what it is, and when and where it was."""

    __slots__ = ("area", "date", "facts", "markers", "month", "place", "what")

    def __init__(self, month: str, area: str, what: str) -> None:
        self.month = month
        self.area = area
        self.what = what
        self.markers: list[str] = []
        self.facts: dict[str, object] = {}
        """Further fields of its event."""
        self.place, self.date = -1, ""
        """Its number, and its day, once it is written."""


def force_of(report: str) -> Force:
    """The force whose report it is, as it is shipped, and with the markers that the report counts:
    where it counts none, there were none."""
    text = shipped_force_text(FORCES[report].lower().replace(" ", "-"))
    force, problems = check_force(f"carries = {carries(report)}\n{text}", report)
    assert force is not None, problems
    return force


def carries(report: str) -> list[str]:
    """The markers that a report has counts of, as a force's file names them."""
    found = set()
    for series in chain.from_iterable(read_cells(report)):
        kind, what, *_ = series[0].split(":")
        marker = what if kind == "mark" or what in _MARKED_INCIDENTS else ""
        parts = marker.split(".") if marker else []
        found |= {".".join(["markers", *parts[: n + 1]]) for n in range(len(parts))}
    return sorted(found)


def read_cells(report: str) -> tuple[Counts, Counts]:
    """What the table of a report needs, and what its text has otherwise."""
    states: dict[str, Counts] = {"table": {}, "text": {}}
    with (HERE / "cells.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["report"] == report:
                period = row["first"]
                for number in row["counts"].split():
                    states[row["state"]][row["series"], period, row["area"]] = int(number)
                    period = after(period)
    return states["table"], states["text"]


def months_of(period: str) -> list[str]:
    """The months of a quarter, or the month itself."""
    if period[5] != "Q":
        return [period]
    first = 3 * int(period[6]) - 2
    return [f"{period[:4]}-{month:02d}" for month in range(first, first + 3)]


class Feed:
    """The events of a report."""

    def __init__(self, report: str) -> None:
        self.report = report
        self.force = force_of(report)
        self.ally = find_force("west-mercia" if self.force.id == "warwickshire" else "warwickshire")
        self.forces = [self.force, self.ally]
        """With the allied force: who comes back is known only where the records of both are."""
        self.areas = {area.name: area.id for area in self.force.file.areas}
        self.table, self.text = read_cells(report)
        self.crimes: dict[tuple[str, str], list[Record]] = defaultdict(list)
        """By month and area."""
        self.incidents: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for (series, period, area), number in self.table.items():
            kind, _, what = series.partition(":")
            if kind in ("crime", "incident"):
                held = self.crimes if kind == "crime" else self.incidents
                for month, several in spread(number, period):
                    held[month, area] += self._made(kind, month, area, what, several)
        # The groups of offences that are counted with a marker: crimes that it is put on whatever
        # they are must not lie in them.
        named: dict[str, set[str]] = defaultdict(set)
        for series, _, _ in self.table:
            kind, _, what = series.partition(":")
            marker, _, offence = what.partition(":")
            if kind == "mark" and offence:
                named[marker].add(offence.rpartition(".")[0] or offence)
        self._apart = {marker: tuple(offences) for marker, offences in named.items()}
        # Shuffled, so that a marker's crimes are of many offences; but violence first, as most of
        # domestic abuse is.
        shuffle = Random(1).shuffle
        for crimes in self.crimes.values():
            shuffle(crimes)
            crimes.sort(key=lambda made: not made.what.startswith("violence"))
        for (series, period, area), number in self.table.items():
            kind, _, what = series.partition(":")
            if kind == "mark":
                for month, several in spread(number, period):
                    self._mark(month, area, what, several)
        self._respond()
        self._persons = count()
        add_facts(self)
        add_people(self)

    def crimes_of(
        self, period: str, which: Callable[[Record], bool], areas: Sequence[str] = ()
    ) -> Iterator[Record]:
        """The crimes of a month or quarter, of some areas or all, that are of some kind."""
        for month in months_of(period):
            for area in areas or self.areas:
                yield from filter(which, self.crimes.get((month, area), ()))

    def somebody(self) -> str:
        """A pseudonym that nobody has yet."""
        return f"p{next(self._persons)}"

    def _made(self, kind: str, month: str, area: str, what: str, number: int) -> Iterator[Record]:
        for place in range(number):
            made = Record(month, area, what)
            if what == "society":
                made.what = SOCIETY[place % len(SOCIETY)]
            elif kind == "incident" and what in _MARKED_INCIDENTS:
                made.what, made.markers = "domestic", [what]
            yield made

    def _mark(self, month: str, area: str, what: str, number: int) -> None:
        """Puts a marker on crimes: of an offence, or of none that has counts of its own."""
        marker, _, offence = what.partition(":")
        apart = self._apart.get(marker, ("-",))
        alone = _ALONE if "other_crime" in apart else ("",)
        base = _BASES.get(offence, offence)
        family, held = marker.partition(".")[0], self.crimes[month, area]
        first = _MARKERS.index(family) * len(held) // len(_MARKERS)
        wanted = (
            crime
            for crime in (*held[first:], *held[:first])
            if not any(each.startswith(family) for each in crime.markers)
            and (
                crime.what == base
                if offence
                else crime.what.startswith(alone) and not crime.what.startswith(apart)
            )
        )
        marked = list(islice(wanted, number))
        if len(marked) < number:
            raise ValueError(f"{number - len(marked)} crimes too few for {what} {month} {area}")
        for crime in marked:
            crime.markers.append(marker)
            crime.what = offence or crime.what

    def lines(self) -> Iterator[bytes]:
        """The lines of each day in its turn."""
        days: dict[str, list[str]] = defaultdict(list)
        places = count()
        for held, write in ((self.crimes, self._crime), (self.incidents, self._incident)):
            for (month, _), several in held.items():
                for place, made in enumerate(several):
                    made.place, made.date = (
                        next(places),
                        f"{month}-{place % days_of(month) + 1:02d}",
                    )
                    day, line = write(made)
                    days[day].append(line)
        for month, calls in self._calls().items():
            for offered, number in calls:
                for place in range(days_of(month)):
                    day = f"{month}-{place + 1:02d}"
                    days[day] += self._made_calls(offered, number, day)
        if self.report == "002":
            for number in range(1, 13):
                days[f"2017-{number:02d}-15"].append(self._of_ally(number))
        for each in readings(self.report):
            days[_over(each.period)].append(self._reading(each))
        days[min(days)].append(self._first_of_ally(min(days)))
        # What a report does not count is nothing here, though a real feed would have had it.
        first, last = (dt.date.fromisoformat(day) for day in (min(days), max(days)))
        for number in range((last - first).days + 1):
            day = f"{first + dt.timedelta(number)}"
            days[day] += [self._heartbeat(feed, day) for feed in ("crimes", "incidents")]
        for day in sorted(days):
            yield "\n".join(days[day]).encode()

    def _heartbeat(self, feed: str, day: str) -> str:
        return (
            f'{{"kind":"heartbeat","force":"{self.force.id}","feed":"{feed}",'
            f'"at":"{day}T00:00:00Z","every_seconds":86400}}'
        )

    def _crime(self, made: Record) -> tuple[str, str]:
        """The day on which a crime is as it will be, and the line of that day."""
        day, extra = made.date, dict(made.facts)
        if committed := extra.pop("committed", None):
            extra["committed_from"] = _moved(made.date, -int(str(committed)))
        if (outcome := extra.pop("outcome_after", None)) is not None:
            day = _moved(made.date, int(str(outcome)))
            extra["outcome_at"] = f"{day}T12:30:00Z"
        if made.markers:
            extra["markers"] = made.markers
        more = f",{_encode(extra).decode()[1:-1]}" if extra else ""
        return day, (
            f'{{"kind":"crime","force":"{self.force.id}","id":"c{made.place}",'
            f'"updated_at":"{day}T13:00:00Z","recorded_at":"{made.date}T12:00:00Z",'
            f'"offence":"{made.what}","area":"{self.areas[made.area]}"{more}}}'
        )

    def _incident(self, made: Record) -> tuple[str, str]:
        """The day of an incident, and its line when it was closed."""
        date, extra = made.date, dict(made.facts)
        if made.what == "emergency":
            arrived = f"{date}T{extra['arrived_at']}Z"
            extra |= {"grade": "emergency", "category": "alarm", "arrived_at": arrived}
        else:
            extra["category"] = made.what
        if made.markers:
            extra |= {"markers": made.markers, "crimed": True}
        return date, (
            f'{{"kind":"incident","force":"{self.force.id}","id":"i{made.place}",'
            f'"updated_at":"{date}T13:00:00Z","opened_at":"{date}T12:00:00Z",'
            f'"closed_at":"{date}T13:00:00Z","area":"{self.areas[made.area]}",'
            f"{_encode(extra).decode()[1:]}"
        )

    def _respond(self) -> None:
        """Gives the emergencies of each month their time of arrival."""
        responses = RESPONSES[self.report]
        by_month: dict[str, list[Record]] = defaultdict(list)
        for (month, _), held in self.incidents.items():
            by_month[month] += [made for made in held if made.what == "emergency"]
        for month, emergencies in by_month.items():
            asked = responses.get(month, responses[""])
            in_time = round(len(emergencies) * asked.in_time / 100)
            late = len(emergencies) - in_time
            soon = (asked.mean * len(emergencies) - LATE * late) / max(1, in_time)
            for place, made in enumerate(emergencies):
                seconds = soon if place < in_time else LATE
                minute, second = divmod(seconds, 60)
                # Its day is known when it is written.
                made.facts["arrived_at"] = f"12:{int(minute):02d}:{second:06.3f}"

    def _calls(self) -> dict[str, list[tuple[Offered, int]]]:
        """By month the calls of a line, and how many."""
        found: dict[str, list[tuple[Offered, int]]] = defaultdict(list)
        for offered in CALLS[self.report]:
            for month, number in spread(offered.number, offered.period):
                found[month].append((offered, number))
        return found

    def _made_calls(self, offered: Offered, number: int, date: str) -> Iterator[str]:
        """The calls of a line on a day of a month that has `number` of them."""
        abandoned = round(number * offered.abandoned / 1000)
        in_time = abandoned + round(number * offered.in_time / 1000)
        settled = None if offered.resolved is None else round(number * offered.resolved / 1000)
        for place in range(int(date[8:]) - 1, number, days_of(date[:7])):
            if place < abandoned:
                end = f'"abandoned_at":"{date}T12:00:40Z"'
            else:
                end = f'"answered_at":"{date}T12:0{0 if place < in_time else 2}:05Z"'
            if settled is not None:
                end += f',"resolved":{"true" if place < settled else "false"}'
            yield (
                f'{{"kind":"call","force":"{self.force.id}",'
                f'"id":"{offered.line}-{date}-{place}","updated_at":"{date}T12:10:00Z",'
                f'"line":"{offered.line}","offered_at":"{date}T12:00:00Z",{end},'
                f'"ended_at":"{date}T12:09:00Z"}}'
            )

    def _first_of_ally(self, day: str) -> str:
        """The allied force's first record, of nobody."""
        return (
            f'{{"kind":"crime","force":"{self.ally.id}","id":"first",'
            f'"updated_at":"{day}T13:00:00Z","recorded_at":"{day}T12:00:00Z","offence":"shoplifting"}}'
        )

    def _of_ally(self, month: int) -> str:
        """One of the twelve offences of a year that somebody was the victim of in West Mercia."""
        return (
            f'{{"kind":"crime","force":"west-mercia","id":"ally{month}",'
            f'"updated_at":"2017-{month:02d}-15T13:00:00Z",'
            f'"recorded_at":"2017-{month:02d}-15T12:00:00Z","area":"shropshire",'
            f'"offence":"violence.with_injury","victims":["ally"]}}'
        )

    def _reading(self, each: Reading) -> str:
        """A figure that is reported once its period is over."""
        written = {
            "kind": "reading",
            "force": self.force.id,
            "id": f"{each.measure} {each.period} {each.area}",
            "updated_at": f"{_over(each.period)}T12:00:00Z",
            "measure": each.measure,
            "period": each.period,
        }
        if each.area:
            written["area"] = self.areas[each.area]
        value = {"value": each.value}
        if each.of is not None:
            value = {"numerator": each.value, "denominator": each.of}
        return _encode(written | value).decode()

    def corrections(self) -> Iterator[bytes]:
        """The lines that make the records what the text says: crimes that were recorded late, that
        leave, and that get a marker later."""
        yield "\n".join(self._corrections()).encode()

    def _corrections(self) -> Iterator[str]:
        written = f"{months_of(after(REPORTED[self.report]))[0]}-20T12:00:00Z"
        head = f'{{"kind":"crime","force":"{self.force.id}","updated_at":"{written}"'
        late = count()
        for (series, period, area), number in self.text.items():
            kind, _, what = series.partition(":")
            more = number - self.table.get((series, period, area), 0)
            months = months_of(period)
            if kind == "mark":
                held = (made for month in months for made in self.crimes[month, area])
                yield from self._marked_late(what, held, more, head)
                continue
            body = f'"area":"{self.areas[area]}","offence":"{what}","recorded_at":'
            for _ in range(more):
                yield f'{head},"id":"late{next(late)}",{body}"{months[0]}-15T12:00:00Z"}}'
            held = (made for month in months for made in self.crimes[month, area])
            of_it = [made for made in held if made.what == what]
            # Those of which nothing else counts leave first.
            of_it.sort(key=lambda made: len(made.markers) + len(made.facts))
            for made in of_it[: max(0, -more)]:
                at = f"{made.date}T12:00:00Z"
                yield f'{head},"id":"c{made.place}",{body}"{at}","deleted":true}}'

    def _marked_late(
        self, what: str, held: Iterable[Record], number: int, head: str
    ) -> Iterator[str]:
        """Crimes that get a marker late, or lose it where the number is negative."""
        marker, _, offence = what.partition(":")
        of_it = (made for made in held if made.what.startswith(offence or _ALONE))
        for made in islice(
            (m for m in of_it if (marker in m.markers) is (number < 0)), abs(number)
        ):
            (made.markers.append if number > 0 else made.markers.remove)(marker)
            yield (
                f'{head},"id":"c{made.place}","area":"{self.areas[made.area]}",'
                f'"offence":"{made.what}","recorded_at":"{made.date}T12:00:00Z",'
                f'"markers":{_encode(made.markers).decode()}}}'
            )


@cache
def days_of(month: str) -> int:
    """How many days a month has; its records are spread over all of them."""
    return calendar.monthrange(int(month[:4]), int(month[5:]))[1]


def _moved(day: str, days: int) -> str:
    return (dt.date.fromisoformat(day) + dt.timedelta(days)).isoformat()


def _over(period: str) -> str:
    """The third day after a month or quarter."""
    return f"{months_of(after(period))[0]}-03"


def spread(number: int, period: str) -> Iterator[tuple[str, int]]:
    """Records of a quarter by month, as evenly as can be; those of a month as they are."""
    months = months_of(period)
    for place, month in enumerate(months):
        yield month, (number + len(months) - 1 - place) // len(months)

"""How simulated forces compare with published ones, and with data they were not fitted to.

    python -m benchmarks.simulator [--seeds 3] [--shared FOLDER] [--only fit,speed,data]

- fit: the quarters that the profiles were fitted to, published beside simulated (the mean of the
  seeds, with their range), and by how much they differ;
- speed: the lines of a county's year, and how many seconds they take;
- data: how calls, responses and crimes scatter and follow one another, beside the Anonymous Bank,
  Dublin Fire Brigade and data.police.uk. WATCHROOM_SHARED or --shared names the folder with them.

Writes no file; docs/simulator.md has what it printed.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import fmean

from streams.config.force import find_force
from streams.events.schema import Call, Crime, Incident, decode_line
from streams.periods import Calendar
from streams.sources.simulator import simulate_whole

LEAD = 10
"""Days before a quarter, so that the room is full and what is recorded late is there."""


@dataclass
class Records:
    """The last version of each record of a run."""

    calls: list[Call] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    crimes: list[Crime] = field(default_factory=list)


def last_versions(events: Iterable[tuple[int, bytes]]) -> dict[str, bytes]:
    """The last line of each record by its id."""
    found: dict[str, bytes] = {}
    for _, line in events:
        at = line.index(b'"id":"') + 6
        found[line[at : line.index(b'"', at)].decode()] = line
    return found


def run(force_name: str, first: dt.date, last: dt.date, seed: int) -> Records:
    """The records of a force that belong to local days from `first` up to `last`."""
    force = find_force(force_name)
    calendar = Calendar(force.zone)
    begin, start, end, beyond = (
        calendar.midnight(d.year, d.month, d.day)
        for d in (first - dt.timedelta(LEAD), first, last, last + dt.timedelta(LEAD))
    )
    records = Records()
    events = simulate_whole(force, begin, beyond, seed, heartbeat_seconds=0)
    for line in last_versions(events).values():
        event = decode_line(line)
        when = 0.0
        if isinstance(event, Call) and event.offered_at is not None:
            when = event.offered_at.timestamp() * 1000
        elif isinstance(event, Incident) and event.opened_at is not None:
            when = at(event.opened_at)
        elif isinstance(event, Crime) and event.recorded_at is not None:
            when = at(event.recorded_at)
        if not start <= when < end:
            continue
        if isinstance(event, Call):
            records.calls.append(event)
        elif isinstance(event, Incident):
            records.incidents.append(event)
        elif isinstance(event, Crime) and not event.cancelled and event.notifiable:
            records.crimes.append(event)
    return records


def at(stamp: str) -> float:
    """A time of an event in ms."""
    return dt.datetime.fromisoformat(stamp).timestamp() * 1000


def of_line(line: str) -> Callable[[Records], float]:
    return lambda r: sum(call.line == line for call in r.calls)


def abandoned(line: str) -> Callable[[Records], float]:
    def share(r: Records) -> float:
        calls = [call for call in r.calls if call.line == line]
        return 100 * sum(call.abandoned_at is not None for call in calls) / len(calls)

    return share


def answered(line: str, seconds: float) -> Callable[[Records], float]:
    def share(r: Records) -> float:
        calls = [call for call in r.calls if call.line == line and call.offered_at]
        soon = sum(
            call.answered_at is not None
            and (call.answered_at - call.offered_at).total_seconds() <= seconds
            for call in calls
            if call.offered_at is not None
        )
        return 100 * soon / len(calls)

    return share


def emergencies(r: Records) -> list[Incident]:
    return [i for i in r.incidents if i.grade == "emergency" and not i.cancelled]


def responses(r: Records) -> list[float]:
    return [
        (i.arrived_at - dt.datetime.fromisoformat(i.opened_at)).total_seconds()
        for i in emergencies(r)
        if i.arrived_at is not None and i.opened_at is not None
    ]


def in_time(r: Records) -> float:
    return 100 * fmean(seconds <= 1200 for seconds in responses(r))


def of_category(*paths: str) -> Callable[[Records], float]:
    return lambda r: sum(
        any(f"{i.category}.".startswith(f"{path}.") for path in paths) and not i.cancelled
        for i in r.incidents
    )


def of_offence(*paths: str) -> Callable[[Records], float]:
    return lambda r: sum(
        any(f"{c.offence}.".startswith(f"{path}.") for path in paths) for c in r.crimes
    )


def marked(marker: str, *, incidents: bool = True) -> Callable[[Records], float]:
    def number(r: Records) -> float:
        found = sum(any(m.startswith(marker) for m in c.markers) for c in r.crimes)
        crimed = (i for i in r.incidents if i.crimed and not i.cancelled)
        return found + sum(any(m.startswith(marker) for m in i.markers) for i in crimed) * incidents

    return number


def under_18(r: Records) -> float:
    return sum(p.age_under_18 is True for i in r.incidents for p in i.persons if not i.cancelled)


Figure = tuple[str, float | None, Callable[[Records], float]]
WARWICKSHIRE: tuple[Figure, ...] = (
    ("999 calls", 18_196, of_line("999")),
    ("999 abandoned, %", 0.6, abandoned("999")),
    ("999 answered within 10 s, %", None, answered("999", 10)),
    ("101 calls", 53_605, of_line("101")),
    ("101 abandoned, %", 6.0, abandoned("101")),
    ("101 answered within 30 s, %", None, answered("101", 30)),
    ("incidents", None, lambda r: sum(not i.cancelled for i in r.incidents)),
    ("emergency incidents", 7_254, lambda r: len(emergencies(r))),
    ("attended within 20 minutes, %", 83.0, in_time),
    ("mean response, s (December)", 786, lambda r: fmean(responses(r))),
    ("ASB incidents", 3_502, of_category("asb")),
    ("ASB, personal", 523, of_category("asb.personal")),
    ("missing person reports", 693, of_category("missing_person")),
    ("of them under 18", 156, under_18),
    ("recorded crime", 10_448, lambda r: len(r.crimes)),
    ("violence with injury", 1_112, of_offence("violence.with_injury", "violence.homicide")),
    ("violence without injury", 1_819, of_offence("violence.without_injury")),
    ("rape", 111, of_offence("sexual.rape")),
    ("other sexual offences", 229, of_offence("sexual.other")),
    ("robbery", 97, of_offence("robbery")),
    ("burglary, dwelling", 647, of_offence("burglary.residential.dwelling")),
    ("burglary, business and community", 653, of_offence("burglary.business_community")),
    ("vehicle offences", 1_299, of_offence("vehicle")),
    ("theft from the person", 160, of_offence("theft_from_person")),
    ("bicycle theft", 182, of_offence("bicycle_theft")),
    ("shoplifting", 922, of_offence("shoplifting")),
    ("other theft", 1_081, of_offence("other_theft")),
    ("damage and arson", 1_234, of_offence("damage_arson")),
    ("against society", 901, of_offence("drugs", "weapons", "public_order", "other_crime")),
    ("domestic abuse", 1_812, marked("domestic_abuse")),
    ("hate crime", 194, marked("hate")),
    ("child at risk", 1_180, marked("child_at_risk")),
    ("child sexual exploitation", 27, marked("cse")),
    ("cyber crime", 60, marked("cyber", incidents=False)),
    ("rural crime", 2_449, marked("rural", incidents=False)),
)
WEST_MERCIA: tuple[Figure, ...] = (
    ("999 calls", 28_953, of_line("999")),
    ("999 abandoned, %", None, abandoned("999")),
    ("999 answered within 10 s, %", None, answered("999", 10)),
    ("101 calls", 134_875, of_line("101")),
    ("101 abandoned, %", None, abandoned("101")),
    ("101 answered within 30 s, %", None, answered("101", 30)),
    (
        "incidents (of July to September 2020)",
        82_585,
        lambda r: sum(not i.cancelled for i in r.incidents),
    ),
    ("emergency incidents", 11_990, lambda r: len(emergencies(r))),
    ("attended within 20 minutes, %", 93.0, in_time),
    ("mean response, s (monthly average)", 642, lambda r: fmean(responses(r))),
    ("ASB incidents", 10_527, of_category("asb")),
    ("missing person reports", 1_274, of_category("missing_person")),
    ("of them under 18", 723, under_18),
    ("recorded crime", 20_668, lambda r: len(r.crimes)),
    ("domestic abuse", 5_496, marked("domestic_abuse")),
    ("hate crime", 350, marked("hate")),
    ("child at risk", 2_967, marked("child_at_risk")),
    ("child sexual exploitation", 144, marked("cse")),
)
QUARTERS = (
    ("warwickshire", dt.date(2017, 10, 1), dt.date(2018, 1, 1), WARWICKSHIRE),
    ("west-mercia", dt.date(2016, 10, 1), dt.date(2017, 1, 1), WEST_MERCIA),
)


def fit(seeds: int) -> None:
    """The fitted quarters."""
    for force, first, last, figures in QUARTERS:
        runs = [run(force, first, last, seed) for seed in range(1, seeds + 1)]
        print(f"\n{force}, {first} to {last - dt.timedelta(1)}, {seeds} seeds\n")
        print("| figure | published | simulated | range | differs by |\n|---|---|---|---|---|")
        for name, published, of in figures:
            values = [of(each) for each in runs]
            mean = fmean(values)
            digits = 1 if name.endswith("%") else 0
            differs = "" if not published else f"{100 * (mean / published - 1):+.0f} %"
            said = "" if published is None else f"{published:,.{digits}f}"
            print(
                f"| {name} | {said} | {mean:,.{digits}f} | "
                f"{min(values):,.{digits}f} to {max(values):,.{digits}f} | {differs} |"
            )


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {"fit": lambda asked: fit(asked.seeds)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--shared")
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,...")
    asked = parser.parse_args()
    for name in asked.only.split(","):
        PARTS[name](asked)


if __name__ == "__main__":
    main()

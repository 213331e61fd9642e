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
import csv
import datetime as dt
import gzip
import math
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median, stdev, variance

from streams.config.force import find_force
from streams.events.schema import Call, Crime, Incident, decode_line
from streams.periods import Calendar
from streams.sources.simulator import find_profile, simulate_whole

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


def rows(path: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="") as file:
        yield from csv.DictReader(file, delimiter=delimiter)


def beside(title: str, source: str, figures: Iterable[tuple[str, float, float]]) -> None:
    """A table of what was measured in data and in the simulation."""
    print(f"\n{title}\n\n| figure | {source} | simulated |\n|---|---|---|")
    for name, real, made in figures:
        digits = 0 if max(abs(real), abs(made)) >= 100 else 2
        print(f"| {name} | {real:,.{digits}f} | {made:,.{digits}f} |")


def logs(values: Iterable[float]) -> tuple[float, float]:
    """The median, and the standard deviation of the logarithm, of what is above nought."""
    found = [math.log(value) for value in values if value > 0]
    return math.exp(median(found)), stdev(found)


def scatter(counts: Mapping[tuple[object, int], Mapping[int, int]]) -> tuple[float, float]:
    """How counts by the hour scatter and follow one another: the variance over the mean of an hour
    of a kind of day (weighted by its mean), and the correlation of what is left from one hour to
    the next of the same day. `counts` has by (kind of day, hour) the counts by day."""
    over = weight = 0.0
    left: dict[tuple[int, int], float] = {}
    for (_, hour), by_day in counts.items():
        values = list(by_day.values())
        if len(values) >= 3 and (mean := fmean(values)) >= 2.0:
            over += variance(values)
            weight += mean
            for day, value in by_day.items():
                left[day, hour] = (value - mean) / mean**0.5
    pairs = [(left[d, h], left[d, h + 1]) for d, h in left if (d, h + 1) in left]
    both = sum(a * b for a, b in pairs) / len(pairs)
    return over / weight, both / fmean(a * a for a, _ in pairs)


def by_hour(
    times: Iterable[dt.datetime], weekday: Callable[[dt.date], bool]
) -> dict[tuple[object, int], dict[int, int]]:
    """Counts by hour of the day and day, of the days that are wanted."""
    found: dict[tuple[object, int], dict[int, int]] = defaultdict(dict)
    seen = Counter((when.date(), when.hour) for when in times)
    days = sorted({day for day, _ in seen if weekday(day)})
    for day in days:
        for hour in range(24):
            found[day.weekday(), hour][day.toordinal()] = seen[day, hour]
    return found


def bank(shared: Path, records: Records) -> None:
    """The call centre of a bank in Israel, February 1999: Sunday to Thursday are its workdays."""
    path = shared / "data/anonymous_bank_calls/anonymous_bank_1999_02.tsv.gz"
    calls = [row for row in rows(path, "\t") if row["outcome"] in ("AGENT", "HANG")]
    times = [
        dt.datetime.strptime(f"19{row['date']} {row['vru_entry']} +02:00", "%Y%m%d %H:%M:%S %z")
        for row in calls
    ]
    lost = [row for row in calls if row["outcome"] == "HANG"]
    talks = [float(row["ser_time"]) for row in calls if row["outcome"] == "AGENT"]
    ours = [call for call in records.calls if call.line == "101" and call.offered_at]
    offered = [c.offered_at.astimezone(ZONE) for c in ours if c.offered_at]
    talk = [
        (c.ended_at - c.answered_at).total_seconds() for c in ours if c.answered_at and c.ended_at
    ]
    gone = [c for c in ours if c.abandoned_at]
    waited = [
        (c.abandoned_at - c.offered_at).total_seconds()
        for c in gone
        if c.abandoned_at and c.offered_at
    ]
    one = scatter(by_hour(times, lambda day: day.weekday() not in (4, 5)))
    two = scatter(by_hour(offered, lambda day: day.weekday() < 5))
    beside("Calls beside the Anonymous Bank", "bank", (
        ("variance over mean of an hour's calls", one[0], two[0]),
        ("correlation of one hour with the next", one[1], two[1]),
        ("median talk, s", logs(talks)[0], logs(talk)[0]),
        ("standard deviation of the logarithm of the talk", logs(talks)[1], logs(talk)[1]),
        ("abandoned, %", 100 * len(lost) / len(calls), 100 * len(gone) / len(ours)),
        ("mean wait of those who gave up, s", fmean(float(r["q_time"]) for r in lost),
         fmean(waited)),
    ))  # fmt: skip


def dublin(shared: Path, records: Records) -> None:
    """Mobilisations of a fire brigade, 2020 to 2022: times without a date, so modulo a day."""
    path = shared / "data/dublin_fire_brigade/dfb_fire_incidents_2020_2022.csv.gz"
    found = list(rows(path))

    def seconds(row: Mapping[str, str], first: str, last: str) -> float | None:
        if not row[first] or not row[last]:
            return None
        one, two = (
            sum(
                int(part) * unit
                for part, unit in zip(row[n].split(":"), (3600, 60, 1), strict=True)
            )
            for n in (first, last)
        )
        return float((two - one) % 86_400)

    def all_of(first: str, last: str) -> list[float]:
        every = (seconds(row, first, last) for row in found)
        return [each for each in every if each is not None and each < 43_200]

    reached, there = all_of("TOC", "IA"), all_of("IA", "MAV")
    ours = sorted(responses(records))
    scene = [
        (i.closed_at - i.arrived_at).total_seconds()
        for i in emergencies(records)
        if i.arrived_at and i.closed_at
    ]
    reached.sort()
    days = Counter(row["Date"] for row in found)
    opened = Counter(str(i.opened_at)[:10] for i in records.incidents)

    def daily(counts: Mapping[str, int]) -> float:
        """The variance over the mean of days less their neighbours' mean, which leaves seasons
        out: of independent counts 1."""
        order = [counts[day] for day in sorted(counts, key=lambda d: tuple(reversed(d.split("/"))))]
        steps = [a - (b + c) / 2 for b, a, c in zip(order, order[1:], order[2:], strict=False)]
        return fmean(step * step for step in steps) / 1.5 / fmean(order)

    beside("Emergencies beside Dublin Fire Brigade", "Dublin", (
        ("median from call to arrival, s", median(reached), median(ours)),
        ("90th percentile, s", reached[int(0.9 * len(reached))], ours[int(0.9 * len(ours))]),
        ("standard deviation of the logarithm", logs(reached)[1], logs(ours)[1]),
        ("within 20 minutes, %", 100 * fmean(s <= 1200 for s in reached), in_time(records)),
        ("median at the scene, s", median(there), median(scene)),
        ("standard deviation of its logarithm", logs(there)[1], logs(scene)[1]),
        ("variance over mean of a day, seasons left out", daily(days), daily(opened)),
    ))  # fmt: skip


NO_SUSPECT = "Investigation complete; no suspect identified"
GROUPS = {
    "Anti-social behaviour": "asb", "Violence and sexual offences": "violence",
    "Burglary": "burglary",
    "Vehicle crime": "vehicle", "Shoplifting": "shoplifting", "Criminal damage and arson":
    "damage_arson", "Public order": "public_order", "Other theft": "other_theft", "Drugs": "drugs",
}  # fmt: skip


def street(shared: Path, records: Records) -> None:
    """Street-level crime of Warwickshire, October to December 2021, beside the same months of
    2017 as simulated; ASB of July over that of December."""
    folder = shared / "data/police_uk_west_mercia_warwickshire"
    months = {m: list(rows(folder / f"{m}-warwickshire-street.csv.gz")) for m in YEAR}
    quarter = [row for m in ("2021-10", "2021-11", "2021-12") for row in months[m]]
    kinds = Counter(row["Crime type"] for row in quarter)
    crimes = sum(n for kind, n in kinds.items() if kind != "Anti-social behaviour")
    ours = Counter(str(c.offence).partition(".")[0] for c in records.crimes)
    ours["violence"] += ours.pop("sexual", 0)
    asb = sum(str(i.category).startswith("asb") for i in records.incidents)
    decided = [r for r in quarter if r["Last outcome category"] not in ("", "Under investigation")]
    made = [c for c in records.crimes if c.outcome]
    figures: list[tuple[str, float, float]] = [
        (f"share of crime, %: {kind.lower()}", 100 * kinds[kind] / crimes,
         100 * ours[name] / len(records.crimes))
        for kind, name in GROUPS.items()
        if name != "asb"
    ]  # fmt: skip
    none = sum(r["Last outcome category"] == NO_SUSPECT for r in decided)
    monthly = {
        m: sum(r["Crime type"] == "Anti-social behaviour" for r in listed)
        for m, listed in months.items()
    }
    year = find_profile("warwickshire").incidents.year["asb"]
    beside("Crime beside data.police.uk", "2021", (
        ("recorded crime of the quarter", crimes, len(records.crimes)),
        ("ASB of the quarter", kinds["Anti-social behaviour"], asb),
        ("ASB of July over that of December", monthly["2021-07"] / monthly["2021-12"],
         year[6] / year[11]),
        *figures,
        ("of the decided without a suspect, %", 100 * none / len(decided),
         100 * sum(c.outcome == 18 for c in made) / len(made)),
    ))  # fmt: skip


YEAR = ("2021-07", "2021-10", "2021-11", "2021-12")
ZONE = find_force("warwickshire").zone


def data(asked: argparse.Namespace) -> None:
    """Data that nothing was fitted to."""
    if not asked.shared:
        print("\ndata: left out; --shared or WATCHROOM_SHARED names the folder")
        return
    force, first, last, _ = QUARTERS[0]
    records = run(force, first, last, 1)
    for part in (bank, dublin, street):
        part(Path(asked.shared), records)


def speed(_: argparse.Namespace) -> None:
    """A county's year."""
    force = find_force("warwickshire")
    calendar = Calendar(force.zone)
    start, end = calendar.midnight(2022, 1, 1), calendar.midnight(2023, 1, 1)
    begun, lines = time.process_time(), 0
    for _event in simulate_whole(force, start, end, 1, heartbeat_seconds=0):
        lines += 1
    took = time.process_time() - begun
    print(f"\n{lines:,} lines of a county's year in {took:.0f} s of one core: "
          f"{1e6 * took / lines:.1f} us a line")  # fmt: skip


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "fit": lambda asked: fit(asked.seeds),
    "speed": speed,
    "data": data,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--shared", default=os.environ.get("WATCHROOM_SHARED"))
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,...")
    asked = parser.parse_args()
    for name in asked.only.split(","):
        PARTS[name](asked)


if __name__ == "__main__":
    main()

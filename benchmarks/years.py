"""What would a force have been told over a history? Every alert, with the series around it.

    python benchmarks/years.py street/ --force west-mercia
    python benchmarks/years.py fire.csv --mapping fire.toml --force fire-force.toml
    python benchmarks/years.py fire.csv --mapping fire.toml --force fire-force.toml \
        --without 2021-03-01/2021-06-01
    python benchmarks/years.py --made-up eventful --force warwickshire --since 2023-01-02 --days 365
    python benchmarks/years.py events.ndjson.gz --force west-mercia --out /tmp/readings/surge

The history goes through the monitor, the watches and the alert store, wired as `watchroom run`
wires them, at full speed. In a replay nobody is notified of anything; here is listed what people
would have been sent, had it been live and had nobody acknowledged anything.

Of every alert: what it says at its opening and at its end, what was sent and when, and the series
that it is about, by its own grain (hours also by day): 14 days or 12 months before it, and 6 after.
A dash is a period that is missing. So a reader can judge each as an on-call manager would: true,
late, false or badly worded.

Writes OUT.txt and OUT.json, and prints the count by kind. `--without` leaves out rows by the
instant at which they became known. `--made-up` makes years of a control room (nothing is real):

- steady: nothing happens.
- eventful: a surge of 60 % on all lines for 25 days from day 120; a third fewer handlers for ten
  days from day 165; a festival weekend in one district from day 200; a week without the feed of
  calls from day 240; a late-night burst in one district on day 270; a quarter more recorded crime
  from day 290 on.
- crowded: the same things, otherwise ordered, smaller, and on other days.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import hashlib
import json
import math
import sys
import tempfile
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))

import msgspec

from streams.alerts import service as alert_service
from streams.alerts.evaluation import evaluate
from streams.alerts.model import Alert, Transition
from streams.board.monitor import Monitor
from streams.cli.progress import progress_bar
from streams.config.force import Force, find_force
from streams.embedded.alerting import Alerting
from streams.embedded.runner import Embedded
from streams.fold.ledger import Closing, Ledger
from streams.live import Live
from streams.periods import DAY, HOUR, Calendar, rfc3339, to_ms
from streams.registry.aggregates import Figures
from streams.registry.measures import ChosenShare
from streams.sources import Chunk, open_source
from streams.sources.order.play import Play
from streams.sources.order.player import Player, Stage
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.simulator import Rates, Surge, simulate
from streams.sources.stops import Stops
from streams.state.departed import kept_on_disk
from streams.state.surveillance import watch_all

AROUND = {"hour": (12, 12), "day": (14, 6), "month": (12, 6)}
"""Periods before and after an alert that are shown with it."""
LEFT_OPEN = 3 * DAY
"""How long the last calls and incidents of a stretch of made-up time may take to end."""
OFFENCES = {
    "violence_and_sexual": 30.0, "shoplifting": 9.0, "vehicle": 7.0, "burglary": 6.0,
    "damage_arson": 9.0, "public_order": 8.0, "drugs": 3.0, "other_theft": 7.0,
}  # fmt: skip
"""Made-up crimes a day."""


def notifying(*args: Any, **named: Any) -> list[Transition]:
    """An evaluation of which people are notified, though what it reads is the past."""
    return evaluate(*args, **{**named, "notify": True})


@dataclass
class Figured:
    """The counters of the rows that are watched, by grain and the start of each closed period."""

    kept: dict[tuple[str, str], dict[int, dict[Any, int]]] = field(default_factory=dict)
    missing: set[tuple[str, str, int]] = field(default_factory=set)

    def listen(self, ledger: Ledger, watching: Any) -> None:
        before, kind = ledger.on_close, ledger.kind.name

        def closed(closing: Closing) -> Iterator[None]:
            if before is not None:
                yield from before(closing) or ()
            period = closing.period
            if period.grain in watching.grains:
                watches = watching.grains[period.grain]
                pane = ledger.panes.between(period.start, period.end)
                starts = self.kept.setdefault((kind, period.grain), {})
                starts[period.start] = watches.rows.read(pane)
                if watches.begun and all(watch.adapter.missing for watch in watches):
                    self.missing.add((kind, period.grain, period.start))

        ledger.on_close = closed

    def around(self, live: Live, alert: Alert, grain: str, at: int) -> list[dict[str, Any]]:
        """The series of an alert before and after an instant, by a grain."""
        for shard in live.monitor.shards:
            watching: Any = shard.surveillance.get(alert.force)
            for watched in () if watching is None else watching.grains[grain].by_row.values():
                for one in watched:
                    named = one.group.name, one.measure.name, one.row, one.area
                    if named == (alert.group, alert.measure, alert.row, alert.area):
                        return list(self._series(watching, one, grain, at))
        return []

    def _series(self, watching: Any, one: Any, grain: str, at: int) -> Iterator[dict[str, Any]]:
        ledger, force = watching.ledger, watching.force
        calendar, kind = ledger.calendar, ledger.kind
        starts = self.kept.get((kind.name, grain), {})
        before, after = AROUND[grain]
        start = calendar.start(grain, at)
        for _ in range(before):
            start = calendar.start(grain, start - 1)
        for _ in range(before + 1 + after):
            period = calendar.holding(grain, start)
            value: float | None = None
            if start in starts and (kind.name, grain, start) not in self.missing:
                counts = kind.layouts[0].read(starts[start].get(one.row_key, 0))
                value_of: Any = one.measure.value
                if isinstance(value_of, ChosenShare):
                    value_of = value_of.share(force.file)
                read: Any = value_of.read(Figures(counts, {}))
                read = getattr(read, "value", read)
                value = None if read is None else round(float(read), 4)
            yield {"period": period.label, "value": value, "here": start <= at < period.end}
            start = period.end


def replay(
    source: Any, force: Force, dropped: tuple[int, int] | None = None
) -> tuple[Live, list[Transition], Figured, Embedded]:
    """The alerts of a source, all of it read at full speed."""
    with Play(source, [force]) as play, Stops() as stops:
        clock = ReplayClock()
        live = Live(Monitor([force]), clock)
        with kept_on_disk(live.monitor), patch.object(alert_service, "evaluate", notifying):
            watch_all(live.monitor)
            alerting = Alerting(live)
            service, made, figured = alerting.service, list[Transition](), Figured()
            service.subscribe(made.extend)
            for shard in live.monitor.shards:
                for name, ledger in shard.ledgers().items():
                    figured.listen(ledger, shard.surveillance[name])
            runner = Embedded(live, stops, clock)
            sink = runner if dropped is None else Outage(runner, *dropped)
            player = Player(play, sink, stops=stops)
            with alerting, progress_bar(player, lambda: f"{len(made):,} steps") as moved:
                for _ in player.steps():
                    moved()
    return live, made, figured, runner


class Outage:
    """The sink that is a runner, but for the lines that became known in a stretch."""

    def __init__(self, runner: Embedded, start: int, end: int) -> None:
        self.runner, self.start, self.end = runner, start, end
        self.keeps, self.clock = runner.keeps, runner.clock

    def enter(self, stage: Stage, speed: float | None) -> None:
        """Of the runner."""
        self.runner.enter(stage, speed)

    def settle(self) -> None:
        """Of the runner."""
        self.runner.settle()

    def take(self, chunk: Chunk) -> None:
        """Folds the lines from before and after."""
        instants = chunk.instants or ()
        first, last = bisect_left(instants, self.start), bisect_left(instants, self.end)
        if first == last:
            self.runner.take(chunk)
            return
        for part in (chunk.part(0, first), chunk.part(last, len(instants))):
            self.runner.take(part)


# -- made-up years -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What happens in a made-up year, by the day on which it begins; lengths in days."""

    surge: tuple[int, int, float] | None = None
    short: tuple[int, int, float] | None = None
    """Fewer handlers: the share of them that is there."""
    festival: tuple[int, int, float] | None = None
    outage: tuple[int, int] | None = None
    burst: tuple[int, float] | None = None
    crime: tuple[int, float] | None = None


PLANS = {
    "steady": Plan(),
    "eventful": Plan(
        surge=(120, 25, 1.6),
        short=(165, 10, 0.6),
        festival=(200, 3, 4.0),
        outage=(240, 7),
        burst=(270, 12.0),
        crime=(290, 1.25),
    ),
    "crowded": Plan(
        short=(80, 5, 0.65),
        burst=(110, 8.0),
        festival=(150, 3, 3.0),
        crime=(180, 0.8),
        surge=(220, 40, 1.35),
        outage=(300, 3),
    ),
}


def made_up(force: Force, plan: Plan, first: dt.date, days: int, seed: int) -> Iterator[bytes]:
    """The event lines of a made-up year, in order."""
    calendar = Calendar(force.zone)

    def midnight(day: int) -> int:
        at = first + dt.timedelta(day)
        return calendar.midnight(at.year, at.month, at.day)

    inner = [area.id for area in force.file.areas if area.parent is not None]
    place = inner[0] if inner else None
    surges = []
    if plan.surge:
        day, length, factor = plan.surge
        surges.append(Surge(midnight(day), midnight(day + length), factor))
    if plan.festival:
        day, length, factor = plan.festival
        begin = midnight(day) + 16 * HOUR
        surges.append(Surge(begin, midnight(day + length), factor, area=place))
    if plan.burst:
        day, factor = plan.burst
        begin = midnight(day) + HOUR
        surges.append(Surge(begin, begin + 2 * HOUR, factor, area=inner[-1] if inner else None))
    short = plan.short
    edges = [0, days] if short is None else [0, short[0], short[0] + short[1], days]
    parts = []
    for n, (begin, end) in enumerate(pairwise(edges)):
        rates = Rates(handlers=short[2] if short and n == 1 else 1.0, heartbeat_seconds=120)
        within = [s for s in surges if midnight(begin) <= s.start_ms < midnight(end)]
        until = midnight(end)
        events = simulate(force, midnight(begin), until + LEFT_OPEN, seed + n, rates, within)
        parts.append(_begun_before(events, until))
    out = plan.outage and (midnight(plan.outage[0]), midnight(sum(plan.outage)))
    events = merge(merge(*parts), crimes(force, plan, midnight, days, seed))
    for at, line in events:
        if out and out[0] <= at < out[1] and (b'"call"' in line or b'"calls"' in line):
            continue
        if at < midnight(days):
            yield line


def _begun_before(events: Iterator[tuple[int, bytes]], until: int) -> Iterator[tuple[int, bytes]]:
    """Events of the records that were first known before an instant, and heartbeats before it."""
    known: set[str] = set()
    for at, line in events:
        if at < until:
            if at >= until - LEFT_OPEN and (name := _id(line)):
                known.add(name)
            yield at, line
        elif (name := _id(line)) and name in known:
            yield at, line


def _id(line: bytes) -> str | None:
    found = json.loads(line).get("id")
    return None if found is None else str(found)


def crimes(
    force: Force, plan: Plan, midnight: Callable[[int], int], days: int, seed: int
) -> Iterator[tuple[int, bytes]]:
    """Recorded crimes of every day, at even odds over its waking hours."""
    rng = Random(f"crimes {seed}")
    inner = [area for area in force.file.areas if area.parent is not None] or list(force.file.areas)
    weights = [area.population or 1 for area in inner]
    number = 0
    for day in range(days):
        start = midnight(day)
        more = plan.crime[1] if plan.crime and day >= plan.crime[0] else 1.0
        at_once = []
        for offence, usual in OFFENCES.items():
            for _ in range(_poisson(rng, usual * more)):
                area = rng.choices(inner, weights)[0].id
                at_once.append((start + int(rng.uniform(7, 23) * HOUR), offence, area))
        for at, offence, area in sorted(at_once):
            number += 1
            stamp = rfc3339(at)
            record = {
                "kind": "crime", "force": force.id, "id": f"made-up-{number}", "version": 1,
                "recorded_at": stamp, "updated_at": stamp, "offence": offence, "area": area,
            }  # fmt: skip
            yield at, json.dumps(record).encode()


def _poisson(rng: Random, mean: float) -> int:
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product, count = product * rng.random(), count + 1
    return count


def kept_made_up(asked: argparse.Namespace, force: Force) -> Path:
    """The file of a made-up year; made once, kept in the temporary folder."""
    what = f"{asked.made_up} {asked.since} {asked.days} {asked.seed} {force.id} {PLANS} {OFFENCES}"
    name = hashlib.sha256(what.encode()).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / f"watchroom-year-{name}.ndjson.gz"
    if not path.exists():
        part = path.with_suffix(".part")
        with gzip.open(part, "wb", compresslevel=1) as file:
            plan = PLANS[asked.made_up]
            for n, line in enumerate(made_up(force, plan, asked.since, asked.days, asked.seed), 1):
                file.write(line + b"\n")
                if not n % 100_000 and sys.stderr.isatty():
                    print(f"\rmaking up: {n:,} lines", end="", file=sys.stderr)
        part.rename(path)
    return path


# -- the list ----------------------------------------------------------------------------------


def listed(live: Live, made: list[Transition], figured: Figured) -> list[dict[str, Any]]:
    """Every alert, in the order of opening."""
    found: list[dict[str, Any]] = []
    by_id: dict[str, list[Transition]] = {}
    for each in made:
        by_id.setdefault(each.alert.id, []).append(each)
    for steps in by_id.values():
        first, last = steps[0].alert, steps[-1].alert
        sent = [
            {"at": each.at.isoformat(timespec="minutes"), "what": each.what,
             "words": each.alert.words}
            for each in steps
            if each.notify
        ]  # fmt: skip
        at = to_ms(first.evidence.start or first.opened_at)
        grains = {"now": ("day",), "hour": ("hour", "day")}.get(first.grain, (first.grain,))
        found.append(
            {
                "id": last.id, "kind": last.kind, "severity": last.severity, "grain": last.grain,
                "group": first.group, "measure": first.measure, "row": first.row,
                "area": last.area, "direction": last.direction,
                "onset": first.onset and first.onset.isoformat(timespec="minutes"),
                "opened": first.opened_at.isoformat(timespec="minutes"),
                "resolved": last.resolved_at and last.resolved_at.isoformat(timespec="minutes"),
                "opening": first.words, "end": last.words, "also": list(last.also), "sent": sent,
                "series": {g: figured.around(live, first, g, at) for g in grains},
                "evidence": msgspec.to_builtins(first.evidence),
            }
        )  # fmt: skip
    return sorted(found, key=lambda one: (one["opened"], one["id"]))


def text(found: list[dict[str, Any]]) -> str:
    """The list for a reader."""
    lines: list[str] = []
    for n, one in enumerate(found, 1):
        until = one["resolved"] or "still open at the end"
        lines += [
            f"{n}. {one['kind']}, {one['severity']}, by the {one['grain']}, area {one['area']}",
            f"   {one['id']}",
            f"   opened {one['opened']}, {until if one['resolved'] is None else 'over ' + until}",
            f"   at opening: {one['opening']}",
        ]
        if one["end"] != one["opening"]:
            lines.append(f"   at the end: {one['end']}")
        if one["also"]:
            lines.append(f"   also: {'; '.join(one['also'][:6])}")
        what = Counter(each["what"] for each in one["sent"])
        sent = ", ".join(f"{number} {name}" for name, number in what.items()) or "nothing"
        lines.append(f"   sent: {len(one['sent'])} ({sent})")
        for each in one["sent"]:
            if each["what"] not in ("opened", "resolved"):
                lines.append(f"      {each['at']} {each['what']}: {each['words']}")
        for grain, series in one["series"].items():
            if series:
                lines += [f"   by {grain}: {_row(series)}"]
        lines.append("")
    return "\n".join(lines)


def _row(series: list[dict[str, Any]]) -> str:
    shown = []
    for each in series:
        value = "-" if each["value"] is None else f"{each['value']:g}"
        shown.append(f"[{each['period']}: {value}]" if each["here"] else value)
    return " ".join(shown)


def by_kind(found: list[dict[str, Any]]) -> str:
    """The count by kind, and what would have been sent."""
    kinds = Counter((one["kind"], one["severity"], one["grain"]) for one in found)
    sent = Counter[tuple[str, str, str]]()
    for one in found:
        sent[one["kind"], one["severity"], one["grain"]] += len(one["sent"])
    lines = [
        f"{number:>5}  {severity} {kind} by the {grain}, {sent[kind, severity, grain]} sent"
        for (kind, severity, grain), number in kinds.most_common()
    ]
    return "\n".join([f"{len(found):>5}  alerts, {sent.total()} notifications", *lines])


def span(said: str) -> tuple[dt.datetime, dt.datetime]:
    """FROM/TO, each a day."""
    start, _, end = said.partition("/")
    return dt.datetime.fromisoformat(start), dt.datetime.fromisoformat(end)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help="files or folders, as for run")
    parser.add_argument("--mapping", type=Path, help="what the columns of tables mean")
    parser.add_argument("--force", required=True, help="a shipped force, or a force file")
    parser.add_argument("--glob", metavar="PATTERN", help="which files to read inside folders")
    parser.add_argument("--without", type=span, metavar="FROM/TO", help="leave these days out")
    parser.add_argument("--made-up", choices=PLANS, help="a made-up year, in place of SOURCE")
    parser.add_argument("--since", type=dt.date.fromisoformat, default=dt.date(2023, 1, 2))
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("years"), help="without its ending")
    asked = parser.parse_args()
    if bool(asked.sources) == bool(asked.made_up):
        parser.error("name a SOURCE, or --made-up")
    force = find_force(asked.force)
    places = [str(kept_made_up(asked, force))] if asked.made_up else asked.sources
    wanted = [place if asked.mapping is None else (place, asked.mapping) for place in places]
    dropped = None
    if asked.without is not None:
        dropped = tuple(to_ms(at.replace(tzinfo=force.zone)) for at in asked.without)
    begun = time.monotonic()
    source = open_source(wanted, None, [force], asked.glob)
    live, made, figured, runner = replay(source, force, dropped)
    found = listed(live, made, figured)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.with_suffix(".txt").write_text(f"{by_kind(found)}\n\n{text(found)}")
    asked.out.with_suffix(".json").write_text(json.dumps(found, indent=1, default=str))
    print(by_kind(found))
    print(f"{runner.account().in_words()}; {time.monotonic() - begun:.0f} s")
    print(f"{asked.out.with_suffix('.txt')} and {asked.out.with_suffix('.json').name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

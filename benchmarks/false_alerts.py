"""How many alerts does a force get in weeks in which nothing happens?

    python benchmarks/false_alerts.py [--runs 26] [--days 28] [--history-weeks 8]
                                      [--processes 1] [--only steady,strained] [--show]
                                      [--keep FILE]

Every run is a simulated control room whose rates do not change: each alert is a false one. Its
events go through the monitor, the watches and the alert store, wired as `watchroom run` wires them
for a replay at a pace: each full minute is judged, the hour that runs too, each moment when
something is due, and each period as it closes. Counted are the alerts of which someone would be
notified (pages and notices), opened in the `--days` after the history.

- steady: runs at the shipped settings, each begun two weeks later in the year than the one before.
  In all at most 1.2 times the budget, and at the least budget none above 9 in four weeks.
- strained: a room with too few handlers, which always misses its targets as forces did for months:
  999 answered in time at 83 %, 101 at 27 %. It must page nobody: not an answer rate, not a wait.

Prints PASS or SHORT beside each aim, and ends with 1 if any is short.
"""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from streams.alerts.model import Transition
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.board.rollup import Rollup
from streams.config.force import WHOLE, find_force
from streams.live import Live
from streams.periods import HOUR, Calendar
from streams.registry.calls import CALL, CALLS
from streams.sources.simulator import STRAINED, Rates, simulate
from streams.state.surveillance import watch_all

FORCE = "warwickshire"
FIRST = dt.date(2023, 1, 2)
"""A Monday: where the history of the first run begins."""
APART = 14
"""Days by which the runs begin after one another."""
SEED = 1_000
MOST_OF_BUDGET, MOST, FOUR_WEEKS = 1.2, 9, 28


@dataclass(frozen=True)
class Notified:
    """An alert of which someone was notified."""

    kind: str
    severity: str
    grain: str
    at: str
    words: str


@dataclass(frozen=True)
class Run:
    """What came of one."""

    number: int
    notified: list[Notified]
    states: int
    """Alerts that are shown and wake nobody: a target missed for weeks."""
    answered: dict[str, float]
    """The share answered in time, by line, over the days that were judged."""
    seconds: float


def lots(events: Iterator[tuple[int, bytes]], width: int) -> Iterator[tuple[int, bytes]]:
    """The lines of each stretch of so many ms, with the end of the stretch."""
    for stretch, found in groupby(events, lambda event: event[0] // width):
        yield (stretch + 1) * width, b"\n".join(line for _, line in found)


def run(number: int, *, days: int, weeks: int, rates: Rates) -> Run:
    """One room, and the alerts of which someone was notified."""
    begun = time.monotonic()
    force = find_force(FORCE)
    calendar = Calendar(force.zone)

    def midnight(after: int) -> int:
        day = FIRST + dt.timedelta(APART * number + after)
        return calendar.midnight(day.year, day.month, day.day)

    start, judged, end = midnight(0), midnight(7 * weeks), midnight(7 * weeks + days)
    live = Live(Monitor([force]), lambda: 0)
    watch_all(live.monitor)
    service = AlertService(live)
    for shard in live.monitor.shards:
        service.attach(shard)
    made: list[Transition] = []
    service.subscribe(made.extend)
    live.health.replay, live.health.state = True, "behind"
    events = simulate(force, start, end, SEED + number, rates)
    for until, payload in lots(events, HOUR):
        live.ingest(payload, until)
        if until >= judged:
            live.health.state = "live"  # at a pace: the hour that runs is judged as well
    opened = [t.alert for t in made if t.what == "opened" and t.at.timestamp() * 1000 >= judged]
    notified = [
        Notified(a.kind, a.severity, a.grain, a.opened_at.isoformat(), a.words)
        for a in opened
        if a.severity != "state"
    ]
    assert not service.faults
    seconds = time.monotonic() - begun
    return Run(number, notified, len(opened) - len(notified), answered(live, judged, end), seconds)


def answered(live: Live, start: int, end: int) -> dict[str, float]:
    """The share of calls that were answered in time, by line."""
    force = live.monitor.forces[FORCE]
    ledger = live.monitor.ledger("call", FORCE)
    assert ledger is not None
    found: dict[str, float] = {}
    for row in Rollup(CALLS, force, CALL).rows(ledger.panes.between(start, end)):
        if row["area"] == WHOLE:
            level = row["service_level"]
            assert isinstance(level, dict)
            found[str(row["line"])] = level["numerator"] / max(1, level["denominator"])
    return found


def printed(found: Run, *, show: bool) -> None:
    """A line of a run, on the way."""
    kinds = Counter(f"{each.severity} {each.kind}" for each in found.notified)
    words = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "nothing"
    rates = ", ".join(f"{line} {share:.0%}" for line, share in sorted(found.answered.items()))
    print(
        f"run {found.number + 1:>2}: {len(found.notified)} notified ({words}); "
        f"{found.states} states; {rates}; {found.seconds:.0f} s",
        flush=True,
    )
    for each in found.notified if show else ():
        print(f"    {each.at[:16]} {each.severity} by the {each.grain}: {each.words}")


def verdict(good: bool, aim: str) -> bool:
    print(f"{'PASS ' if good else 'SHORT'} {aim}")
    return good


def steady(asked: argparse.Namespace, pool: ProcessPoolExecutor | None) -> bool:
    """The shipped settings."""
    one = functools.partial(run, days=asked.days, weeks=asked.history_weeks, rates=Rates())
    found = gathered(asked, pool, one, "steady")
    budget = find_force(FORCE).file.alerts.false_episodes_a_week
    total = sum(len(each.notified) for each in found)
    worst = max(len(each.notified) for each in found)
    allowed = MOST_OF_BUDGET * budget * asked.days / 7 * len(found)
    kinds = Counter(f"{t.severity} {t.kind} by the {t.grain}" for r in found for t in r.notified)
    for kind, count in kinds.most_common():
        print(f"    {count:>4}  {kind}")
    aims = [verdict(total <= allowed, f"{total} alerts in all, at most {allowed:.1f}")]
    most = MOST * asked.days / FOUR_WEEKS * budget
    aims += [verdict(worst <= most, f"{worst} in the worst run, at most {most:.0f}")]
    return all(aims)


def strained(asked: argparse.Namespace, pool: ProcessPoolExecutor | None) -> bool:
    """The room that always misses its targets."""
    one = functools.partial(run, days=asked.days, weeks=asked.history_weeks, rates=STRAINED)
    asked = argparse.Namespace(**{**vars(asked), "runs": min(asked.runs, 3)})
    found = gathered(asked, pool, one, "strained")
    paged = [t for r in found for t in r.notified if t.severity == "page"]
    strain = [t for t in paged if t.kind != "exceptional_volume"]
    aim = f"{len(strain)} pages about answer rates and waits, at most 0"
    return verdict(not strain, f"{aim} ({len(paged) - len(strain)} about volumes)")


def gathered(
    asked: argparse.Namespace,
    pool: ProcessPoolExecutor | None,
    one: functools.partial[Run],
    name: str,
) -> list[Run]:
    """All runs, each shown as it ends."""
    print(f"{name}: {asked.runs} runs of {asked.days} days after {asked.history_weeks} weeks")
    found: list[Run] = []
    for each in (pool.map if pool else map)(one, range(asked.runs)):
        printed(each, show=asked.show)
        found.append(each)
        if asked.keep:
            with asked.keep.open("a") as kept:
                kept.write(json.dumps({"part": name, **asdict(each)}) + "\n")
    return found


PARTS = {"steady": steady, "strained": strained}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=26)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--history-weeks", type=int, default=8)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,...")
    parser.add_argument("--show", action="store_true", help="print the words of every alert")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="append every run, as JSON")
    asked = parser.parse_args()
    pool = ProcessPoolExecutor(asked.processes) if asked.processes > 1 else None
    good = [PARTS[name](asked, pool) for name in asked.only.split(",")]
    if pool is not None:
        pool.shutdown()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

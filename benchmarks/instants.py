"""What does it cost to judge each full minute and each due moment of a replay at full speed?

    python benchmarks/instants.py [--weeks 8] [--rounds 3] [--strained]

A simulated county is replayed through the monitor, watches and alert store as `watchroom run`
wires them: once as shipped, and once with nothing judged but periods as they close. Both run in
turn; the ratio is of medians, so that it holds where the machine's speed drifts. At most 1.1.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from streams.alerts.model import Transition
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.live import Live
from streams.periods import Calendar
from streams.sources.clock import wall_clock
from streams.sources.simulator import STRAINED, Rates, simulate
from streams.state.surveillance import watch_all

FORCE = "warwickshire"
FIRST = dt.date(2023, 1, 2)
LINES = 1000
MOST = 1.1


def replay(payloads: list[bytes], *, judging: bool) -> tuple[float, list[Transition]]:
    """Seconds of the thread's own time, and what became of the alerts."""
    live = Live(Monitor([find_force(FORCE)]), lambda: 0)
    watch_all(live.monitor)
    live.health.replay, live.health.state = True, "behind"
    service = AlertService(live)
    made: list[Transition] = []
    service.subscribe(made.extend)
    for shard in live.monitor.shards:
        service.attach(shard)
        if not judging:
            for fold in shard.folds.values():
                fold.clock = None
    begun = time.thread_time()
    for payload in payloads:
        live.ingest(payload, wall_clock())
    assert not service.faults
    return time.thread_time() - begun, made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--strained", action="store_true", help="a room that misses its targets")
    asked = parser.parse_args()
    force = find_force(FORCE)
    calendar = Calendar(force.zone)
    start, end = (
        calendar.midnight(day.year, day.month, day.day)
        for day in (FIRST, FIRST + dt.timedelta(weeks=asked.weeks))
    )
    rates = STRAINED if asked.strained else Rates()
    lines = [line for _, line in simulate(force, start, end, 1_000, rates)]
    payloads = [b"\n".join(lines[at : at + LINES]) for at in range(0, len(lines), LINES)]
    took: dict[bool, list[float]] = {True: [], False: []}
    opened = 0
    for _ in range(asked.rounds):
        for judging in (False, True):
            seconds, made = replay(payloads, judging=judging)
            took[judging].append(seconds)
            opened = sum(t.what == "opened" for t in made)
    without, with_ = statistics.median(took[False]), statistics.median(took[True])
    ratio = with_ / without
    a_year = 365 / (7 * asked.weeks)
    print(f"{len(lines):,} lines of {asked.weeks} weeks; {opened} alerts opened")
    print(f"without {without:.2f} s, with {with_:.2f} s: {ratio:.3f} times")
    print(f"a year: {without * a_year:.0f} s and {with_ * a_year:.0f} s")
    print(f"{'PASS ' if ratio <= MOST else 'SHORT'} at most {MOST} times")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())

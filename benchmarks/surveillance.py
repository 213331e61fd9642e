"""What surveillance costs: to read a history with it, an hour that closes, and a save.

    python benchmarks/surveillance.py [--days 56] [--force warwickshire --force city-of-london]

Simulated calls, incidents and heartbeats of the forces go through one monitor in lots of five
minutes, once without and once with all its series watched, as `watchroom run` and a worker have
them. After that comes a day more, with a save at each of its hours as a worker makes it: what has
changed of the detectors is encoded, in the event loop.

All times are of the processor, so that other work on the machine disturbs them little; it still
slows the processor, so compare what ran in turn. Figures are printed, never tested; the aim is 2 ms
a closed hour for a force of a county's size.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from streams.board.monitor import Monitor
from streams.config.force import Force, find_force
from streams.fold.ledger import Closing
from streams.periods import HOUR, MINUTE, Calendar
from streams.sources.simulator import Rates, simulate
from streams.state.surveillance import take, watch_all
from streams.surveillance.service import Surveillance

FIRST = dt.date(2023, 1, 2)
"""A Monday."""
LOT = 5 * MINUTE
SEED = 1_000
Lots = list[tuple[int, bytes]]
Spent = dict[str, list[float]]


def simulated(forces: list[Force], days: int) -> Lots:
    """The lines of every five minutes of all forces, with the end of these."""
    lots: dict[int, list[bytes]] = defaultdict(list)
    for force in forces:
        calendar, last = Calendar(force.zone), FIRST + dt.timedelta(days)
        begin, end = (calendar.midnight(d.year, d.month, d.day) for d in (FIRST, last))
        events = simulate(force, begin, end, SEED, Rates())
        for lot, found in groupby(events, lambda event: event[0] // LOT):
            lots[lot] += [line for _, line in found]
    return [((lot + 1) * LOT, b"\n".join(lines)) for lot, lines in sorted(lots.items())]


def timed(surveillance: Surveillance, spent: list[float]) -> Callable[[Closing], Iterator[None]]:
    """Takes a closed period as before, and notes how long it took."""
    take_period = surveillance.closed

    def closed(closing: Closing) -> Iterator[None]:
        begun = time.process_time()
        yield from take_period(closing)
        spent.append(time.process_time() - begun)

    return closed


def play(monitor: Monitor, lots: Lots) -> float:
    """Folds them; the seconds that it took."""
    begun = time.process_time()
    for until, payload in lots:
        monitor.ingest(payload, until)
    return time.process_time() - begun


def saves(monitor: Monitor, lots: Lots) -> None:
    """Prints what the saves of so many lots cost, one an hour, after a first one of everything."""
    found: list[tuple[float, int]] = []
    hours = [list(lot) for _, lot in groupby(lots, lambda lot: (lot[0] - 1) // HOUR)]
    for hour in ([], *hours):
        play(monitor, hour)
        begun = time.process_time()
        rows = [row for shard in monitor.shards for row in take(shard)]
        found.append((time.process_time() - begun, sum(len(body) for *_, body in rows)))
    for what, some in (("the first save, of everything", found[:1]), ("saves, an hour", found[1:])):
        times, sizes = zip(*some, strict=True)
        mean, size = sum(times) / len(times), sum(sizes) / len(sizes)
        print(
            f"{len(some):>4} {what}: {1000 * mean:.1f} ms in the event loop, at most "
            f"{1000 * max(times):.1f}; {size / 1024:,.0f} KiB"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--days", type=int, default=56)
    parser.add_argument("--force", action="append", metavar="ID")
    asked = parser.parse_args()
    forces = [find_force(name) for name in asked.force or ("warwickshire", "city-of-london")]
    lots = simulated(forces, asked.days + 1)
    history, more = lots[: asked.days * 24 * 12], lots[asked.days * 24 * 12 :]
    lines = sum(payload.count(b"\n") + 1 for _, payload in history)
    plain, monitor = Monitor(forces), Monitor(forces)
    watch_all(monitor)
    spent: Spent = defaultdict(list)
    for shard in monitor.shards:
        for name, surveillance in shard.surveillance.items():
            surveillance.closed = timed(surveillance, spent[name])
    without, seconds = play(plain, history), play(monitor, history)
    print(f"{asked.days} days, {lines:,} events: {seconds:.1f} s, {without:.1f} without watching")
    for force in forces:
        times, hours = spent[force.id], asked.days * 24
        every = [s.surveillance[force.id] for s in monitor.shards if s.surveillance]
        number = sum(len(list(watches)) for each in every for watches in each.grains.values())
        print(
            f"     {force.name}, {number} series: {1000 * sum(times) / hours:.2f} ms a closed hour "
            f"(with its days), {1000 * sum(times[len(times) // 2 :]) / hours * 2:.2f} in the "
            f"second half; the longest period {1000 * max(times):.0f} ms"
        )
    saves(monitor, more)


if __name__ == "__main__":
    main()

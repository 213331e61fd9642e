"""What surveillance costs: to read a history with it, an hour that closes, and a save.

    python benchmarks/surveillance.py [--days 56] [--force warwickshire --force city-of-london]

Simulated calls, incidents and heartbeats of the forces go through one monitor in lots of five
minutes, once without and once with all its series watched, as `watchroom run` and a worker have
them. After that comes a day more, with a save at each of its hours as a worker makes it: what has
changed of the detectors is encoded, in the event loop. Then a week more is given to the counts as
arrays and to one `CountWatch` a series in turn: the cost of watching and learning them together and
one by one. After `--days 365` that is the steady state.

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
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from detectors.counts.count_watch import CountWatch
from streams.board.monitor import Monitor
from streams.config.force import Force, find_force
from streams.fold.ledger import Closing
from streams.periods import HOUR, MINUTE, Calendar
from streams.sources.simulator import Rates, simulate
from streams.state.surveillance import take, watch_all
from streams.surveillance.adapters.counts import CountRows
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


def together_and_alone(monitor: Monitor, lots: Lots) -> None:
    """Prints what a week of counts costs as arrays, and series by series."""
    together, alone, hours = 0.0, 0.0, len(lots) // 12
    rows: list[CountRows] = []
    for shard in monitor.shards:
        for surveillance in shard.surveillance.values():
            rows += [w.counts for w in surveillance.grains.values() if w.counts is not None]
    single = [
        [deepcopy(each.watches.watch(row)) for row in range(len(each.taken))] for each in rows
    ]

    def both(each: CountRows, watches: list[CountWatch]) -> Callable[..., list[int]]:
        update = each.update

        def updated(
            counts: NDArray[np.float64],
            start: int,
            slot: int,
            names: Sequence[Sequence[str]] | None = None,
            normal: NDArray[np.bool_] | None = None,
        ) -> list[int]:
            nonlocal together, alone
            points = [None if x != x else x for x in counts.tolist()]  # noqa: PLR0124 - nan
            learn = [True] * len(points) if normal is None else normal.tolist()
            called = [()] * len(points) if names is None else names
            begun = time.process_time()
            found = update(counts, start, slot, names, normal)
            between = time.process_time()
            for watch, x, of_day, learned in zip(watches, points, called, learn, strict=False):
                watch.update(x, slot, of_day, learn=learned)
                _ = watch.rate
            together += between - begun
            alone += time.process_time() - between
            return found

        return updated

    for each, watches in zip(rows, single, strict=True):
        each.close_weeks = lambda _: iter(())  # type: ignore[method-assign]  # `update` does it
        each.update = both(each, watches)  # type: ignore[method-assign]
    play(monitor, lots)
    number = sum(len(each.taken) for each in rows)
    print(
        f"{number:>4} counts in a week after that: {1000 * together / hours:.2f} ms an hour "
        f"together, {1000 * alone / hours:.2f} one by one, {alone / together:.1f} times as long"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--days", type=int, default=56)
    parser.add_argument("--force", action="append", metavar="ID")
    asked = parser.parse_args()
    forces = [find_force(name) for name in asked.force or ("warwickshire", "city-of-london")]
    lots = simulated(forces, asked.days + 8)
    days = [asked.days * 24 * 12, (asked.days + 1) * 24 * 12]
    history, more, week = lots[: days[0]], lots[days[0] : days[1]], lots[days[1] :]
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
    together_and_alone(monitor, week)


if __name__ == "__main__":
    main()

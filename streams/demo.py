"""The demonstration: a real month of crimes, with simulated calls and incidents, on a replay clock.

The crimes and anti-social behaviour are those of the sample in `streams/samples/`, known only to
the month; each gets a day and a time by a seeded draw. Calls, incidents and heartbeats are made up.
The month up to `START` is read at full speed, then the clock runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from importlib import resources
from itertools import chain

from streams.force import find_force
from streams.live import Live
from streams.monitor import Monitor
from streams.periods import Calendar
from streams.runners.embedded import TICK, Embedded
from streams.runners.replay import ReplayClock, Stops
from streams.sources import CHUNK_LINES, Chunk, open_source
from streams.sources.simulator import simulate, spread_crimes

FORCE = "warwickshire"
SAMPLE = "2022-01-warwickshire-street.csv.gz"
MONTH = "2022-01"
START_DAY, START_HOUR = (2022, 1, 14), 18
"""Friday evening: the busiest hours of a control room's week lie ahead."""

SIMULATED = "calls, incidents and the days of crimes"
ORIGIN = "demonstration"

Known = tuple[int, bytes]
"""An event line and the instant (ms) at which it became known."""


class Demo:
    """An embedded monitor with its input; `live` is what a web server or a screen reads."""

    def __init__(self, seed: int, stops: Stops | None = None) -> None:
        self.force = find_force(FORCE)
        calendar = Calendar(self.force.zone)
        month = calendar.parse(MONTH)
        self.start = calendar.midnight(*START_DAY) + START_HOUR * 3_600_000
        self.end = month.end
        self.clock = ReplayClock()
        self.live = Live(Monitor([self.force]), self.clock)
        self.runner = Embedded(self.live, stops or Stops(), self.clock)
        health = self.live.health
        health.replay, health.simulated = True, SIMULATED
        health.state, health.detail = "behind", "reading the month so far"
        made_up = simulate(self.force, month.start, None, seed)
        spread = spread_crimes(sample(), seed, self.force.zone)
        self._events: Iterator[Known] = merge(made_up, spread)

    def warm_up(self, progress: Callable[[float], None] = lambda _share: None) -> None:
        """Reads the month up to the start, as fast as it goes; `progress` gets the share done."""
        first = None
        for chunk, at in self._chunks(self.start):
            first = at if first is None else first
            self.runner.take(chunk)
            progress((at - first) / max(1, self.start - first))
        progress(1.0)

    def play(
        self,
        speed: float,
        seconds: float | None = None,
        progress: Callable[[], None] = lambda: None,
    ) -> int:
        """Runs the clock for so many seconds (else to the end of the month); returns its last
        instant, in ms. The same speed and length give the same figures."""
        end = self.end
        if seconds is not None:
            end = min(end, self.start + round(seconds * speed * 1000))
        health = self.live.health
        health.state, health.detail, health.speed = "live", "the demonstration runs", speed
        self.clock.run(self.start, speed)
        for chunk, _ in self._chunks(end):
            self.runner.play(chunk, speed, progress)
        while self.clock() < end:
            time.sleep(TICK)
            progress()
        return end

    def finish(self) -> int:
        """Stops the clock; returns the event time."""
        at = self.clock.stop()
        health = self.live.health
        health.state, health.detail = "finished", "the demonstration is over"
        return at

    def _chunks(self, before: int) -> Iterator[tuple[Chunk, int]]:
        """The events before an instant in chunks, each with the instant of its last."""
        held: list[bytes] = []
        number, at = 0, 0
        for instant, line in self._until(before):
            at = instant
            held.append(line)
            number += 1
            if len(held) == CHUNK_LINES:
                yield _chunk(held, number), at
                held = []
        if held:
            yield _chunk(held, number), at

    def _until(self, before: int) -> Iterator[Known]:
        """The events before an instant; the first one after it is kept for later."""
        for known in self._events:
            if known[0] >= before:
                self._events = chain([known], self._events)
                return
            yield known


def _chunk(lines: list[bytes], last: int) -> Chunk:
    return Chunk(b"\n".join(lines), ORIGIN, range(last - len(lines) + 1, last + 1))


def sample() -> Iterable[bytes]:
    """The event lines of the sample that is shipped in the package."""
    with (
        resources.as_file(resources.files("streams") / "samples" / SAMPLE) as path,
        open_source(path, force=find_force(FORCE)) as source,
    ):
        return [line for chunk in source for line in chunk.lines()]

"""The demonstration: a real month of crimes, with simulated calls and incidents, on a replay clock,
and an evening on which 999 calls surge.

The crimes and anti-social behaviour are those of the sample in `streams/samples/`, known only to
the month; each gets a day and a time by a seeded draw. All else is made up.
The weeks up to the start are read at full speed, event by event as a live monitor would have had
them, so that the watches know what is usual; then the clock runs. An hour later the surge begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from importlib import resources
from itertools import chain

from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.embedded.alerting import Alerting
from streams.embedded.replay import ReplayClock
from streams.embedded.runner import TICK, Embedded
from streams.live import Live
from streams.periods import DAY, HOUR, MINUTE, Calendar
from streams.sources import CHUNK_LINES, Chunk, open_source
from streams.sources.event_lines import TimedLine
from streams.sources.simulator import Rates, Surge, simulate, spread_crimes
from streams.sources.stops import Stops
from streams.state.surveillance import watch_all

FORCE = "warwickshire"
SAMPLE = "2022-01-warwickshire-street.csv.gz"
MONTH = "2022-01"
START_DAY, START_HOUR = (2022, 1, 14), 18
"""Friday evening: the busiest hours of a control room's week lie ahead."""
HISTORY_WEEKS = 5
"""Weeks read before: a watch by the hour judges from the fifth week on."""
ROOM = Rates(handlers=1.15)
"""A room that meets its targets, so that the surge is all that raises alerts."""
SURGE_AFTER, SURGE_LENGTH, SURGE_FACTOR = 60 * MINUTE, 25 * MINUTE, 30.0
SURGE_LINE, SURGE_AREA = "999", "rugby"

SIMULATED = "calls, incidents and the days of crimes"
ORIGIN = "demonstration"


class Demo:
    """An embedded monitor with its input; `live` is what a web server or a screen reads."""

    def __init__(
        self, seed: int, stops: Stops | None = None, history_weeks: int = HISTORY_WEEKS
    ) -> None:
        self.force = find_force(FORCE)
        calendar = Calendar(self.force.zone)
        month = calendar.parse(MONTH)
        today = calendar.midnight(*START_DAY)
        self.start = today + START_HOUR * HOUR
        self.end = month.end
        self.clock = ReplayClock()
        self.live = Live(Monitor([self.force]), self.clock)
        self.runner = Embedded(self.live, stops or Stops(), self.clock)
        watch_all(self.live.monitor)
        self.alerting = Alerting(self.live)
        """Use it with `with`: it then looks at how things stand."""
        health = self.live.health
        health.replay, health.simulated = True, SIMULATED
        health.state, health.detail = "behind", "reading the weeks before"
        surge = Surge(
            self.start + SURGE_AFTER,
            self.start + SURGE_AFTER + SURGE_LENGTH,
            SURGE_FACTOR,
            area=SURGE_AREA,
            line=SURGE_LINE,
        )
        began = today - 7 * history_weeks * DAY
        made_up = simulate(self.force, began, None, seed, ROOM, [surge])
        spread = spread_crimes(sample(), seed, self.force.zone)
        self._events: Iterator[TimedLine] = merge(made_up, spread)

    def warm_up(self, progress: Callable[[float], None] = lambda _share: None) -> None:
        """Reads all up to the start, as fast as it goes; `progress` gets the share done."""
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
        self.clock.wait_for(end)  # all up to then is read
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

    def _until(self, before: int) -> Iterator[TimedLine]:
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

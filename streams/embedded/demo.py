"""The demonstration: a real month of crimes, with simulated calls and incidents, on a replay clock,
and an evening on which 999 calls surge.

The crimes and anti-social behaviour are those of the sample in `streams/samples/`, known only to
the month; each gets a day and a time by a seeded draw. All else is made up.
The weeks up to the start are read at full speed, event by event as a live monitor would have had
them, so that the watches know what is usual; then the clock runs. An hour later the surge begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from importlib import resources

from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.embedded.alerting import Alerting
from streams.embedded.runner import Embedded
from streams.live import Live
from streams.periods import DAY, HOUR, MINUTE, Calendar
from streams.sources import open_source
from streams.sources.event_lines import in_chunks
from streams.sources.order.player import Player
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.simulator import Rates, Surge, simulate, spread_crimes
from streams.sources.stops import Stops
from streams.state.surveillance import watch_all

DEMO_FORCE = "warwickshire"
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
        self,
        seed: int,
        stops: Stops | None = None,
        history_weeks: int = HISTORY_WEEKS,
        *,
        speed: float | None = None,
        seconds: float | None = None,
    ) -> None:
        """Runs for so many seconds at a speed, else to the end of the month."""
        self.force = find_force(DEMO_FORCE)
        calendar = Calendar(self.force.zone)
        month = calendar.parse(MONTH)
        today = calendar.midnight(*START_DAY)
        self.start = today + START_HOUR * HOUR
        self.end = month.end
        if seconds is not None:
            self.end = min(self.end, self.start + round(seconds * (speed or 1.0) * 1000))
        clock = ReplayClock()
        self.live = Live(Monitor([self.force]), clock)
        stops = stops or Stops()
        self.runner = Embedded(self.live, stops, clock)
        watch_all(self.live.monitor)
        self.alerting = Alerting(self.live)
        """Use it with `with`: it then looks at how things stand."""
        self.live.health.simulated = SIMULATED
        surge = Surge(
            self.start + SURGE_AFTER,
            self.start + SURGE_AFTER + SURGE_LENGTH,
            SURGE_FACTOR,
            area=SURGE_AREA,
            line=SURGE_LINE,
        )
        self.began = today - 7 * history_weeks * DAY
        made_up = simulate(self.force, self.began, None, seed, ROOM, [surge])
        spread = spread_crimes(sample(), seed, self.force.zone)
        self.player = Player(
            in_chunks(merge(made_up, spread), ORIGIN),
            self.runner,
            speed=speed,
            begin=self.start,
            end=self.end,
            stops=stops,
        )
        self.runner.enter("before", speed)

    @property
    def share_read(self) -> float:
        """How much of the weeks before the start is read."""
        return min(1.0, max(0.0, (self.player.at - self.began) / (self.start - self.began)))


def sample() -> Iterable[bytes]:
    """The event lines of the sample that is shipped in the package."""
    with (
        resources.as_file(resources.files("streams") / "samples" / SAMPLE) as path,
        open_source(path, force=find_force(DEMO_FORCE)) as source,
    ):
        return [line for chunk in source for line in chunk.lines()]

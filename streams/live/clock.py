"""What time it is, for a monitor that is live.

The clock of a machine is set now and then: by an operator, by a time service that was out of reach
for a while, by mistake. A board that believes a wrong clock shows nothing, or silent feeds, and an
alert that was raised by it stays. So a step is not believed at once (`LiveClock`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from streams.sources.clock import wall_clock

STEP = 5.0
"""Seconds by which the clock of the machine may differ from what was expected of it: time services
correct as much without a step."""
HOLD = 60.0
"""Seconds for which it must go on evenly after a step until it is believed."""


def steady_clock() -> float:
    """Seconds by a clock that nobody sets, and that goes on while the machine sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # of Linux alone
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Step(NamedTuple):
    """The clock was set, and is not believed yet."""

    at: int
    """When, in ms, by the clock before it was set."""
    seconds: float
    """By how much; above 0 it was set forward."""
    since: float
    """From when on it has gone evenly since, in seconds by the steady clock."""


class LiveClock:
    """The clock of this machine, in ms since 1970 UTC, as long as it goes evenly.

    Where it is set by more than `STEP`, the time goes on by the steady clock, and `step` says what
    happened. Once the new time has gone evenly for `HOLD` it is believed, forward or back.
    """

    def __init__(
        self, wall: Callable[[], int] = wall_clock, steady: Callable[[], float] = steady_clock
    ) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = wall() - steady() * 1000
        """What is added to the steady clock, in ms."""
        self._new = 0.0
        """The same of the time that is not believed yet."""
        self.step: Step | None = None
        self.unsteady_since: float | None = None
        """Since when steps have followed one another, in seconds by the steady clock."""

    def __call__(self) -> int:
        """Now."""
        wall, steady = self._wall(), self._steady()
        ahead = wall - steady * 1000
        if abs(ahead - self._ahead) <= STEP * 1000:
            self._ahead, self.step, self.unsteady_since = ahead, None, None
        elif self.step is None or abs(ahead - self._new) > STEP * 1000:
            at = round(self._ahead + steady * 1000)
            self.step = Step(at, (ahead - self._ahead) / 1000, steady)
            self._new = ahead
            if self.unsteady_since is None:
                self.unsteady_since = steady
        elif steady - self.step.since >= HOLD:
            self._ahead, self.step, self.unsteady_since = ahead, None, None
        else:
            self._new = ahead
        return round(self._ahead + steady * 1000)

    @property
    def unsteady(self) -> float:
        """For how many seconds the clock has been set again and again; 0 where it goes evenly."""
        since = self.unsteady_since
        return 0.0 if since is None else self._steady() - since

    @property
    def words(self) -> str:
        """What is wrong with the clock and the cure; empty where nothing is."""
        if self.step is None:
            return ""
        seconds = abs(self.step.seconds)
        way = "forward" if self.step.seconds > 0 else "back"
        return (
            f"the clock of this machine was set {way} by {_amount(seconds)}. Look at its time "
            f"service. The new time is believed once it has gone evenly for {HOLD:.0f} s; until "
            "then the time goes on as before"
        )


def _amount(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            number = round(seconds / size)
            return f"{number} {unit}{'s' * (number != 1)}"
    return f"{seconds:.0f} seconds"

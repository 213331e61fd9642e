"""The clock of a replay."""

from __future__ import annotations

import time
from collections.abc import Callable

AHEAD = 1.0
"""Seconds that a replay makes up after its reader was late; what is more is lost: it goes on from
where it stood."""


class ReplayClock:
    """Event time: it follows the events (`advance_to`), or runs on its own (`run`) until stopped.

    It runs up to what is read, and no further (`wait_for`): while its reader stalls it stands
    still, or the feeds would be silent. `steady` is a clock in seconds that never goes back, and
    `sleep` waits so many of them. `makes_up` is how many seconds it makes up after its reader was
    late: inf for a clock that is to stay with the wall clock.
    """

    def __init__(
        self,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        makes_up: float = AHEAD,
    ) -> None:
        self._steady, self.sleep, self._makes_up = steady, sleep, makes_up
        self._at = 0
        self._speed = 0.0
        self._since = 0.0
        self._limit: int | None = None

    def __call__(self) -> int:
        """The event time now, in ms."""
        limit, free = self._limit, self._free()
        return free if limit is None else min(free, limit)

    def _free(self) -> int:
        return self._at + int((self._steady() - self._since) * 1000 * self._speed)

    @property
    def running(self) -> bool:
        """Whether it runs on its own."""
        return self._speed > 0

    def advance_to(self, at: int) -> None:
        """Moves a clock that does not run on to `at`; never back."""
        if not self.running:
            self._at = max(self._at, at)

    def run(self, at: int, speed: float) -> None:
        """Starts at `at` and runs `speed` times as fast as the wall clock."""
        self._at, self._since, self._speed = at, self._steady(), speed
        self._limit = None

    def due(self) -> int:
        """Up to which event time lines are to be counted now: the clock itself waits for them."""
        if self._limit is not None:
            late = self._free() - self._limit
            if late > self._makes_up * 1000 * self._speed:
                self._at, self._since = self._limit, self._steady()
        return self._free()

    def wait_for(self, at: int) -> None:
        """Lets it run up to `at`, the instant of the next line that is not counted; never back."""
        self._limit = max(at, self())

    def stop(self) -> int:
        """Stands still from now on; returns the event time."""
        at = self()
        self._at, self._speed, self._limit = at, 0.0, None
        return at

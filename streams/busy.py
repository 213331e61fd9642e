"""How long a process has been counting without a pause.

Where counting takes seconds on end, the figures lag behind what has come, and the process is not
ready. A pause is one that is at least as long as the counting before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LONG = 2.0
"""Seconds without a pause after which a process is behind."""


class Busy:
    """The stretches of counting of one process or partition."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None
        self._turn = self._ended = float("-inf")
        self._working = False

    def begin(self) -> None:
        """Counting begins."""
        now = self._clock()
        if self._since is None or now - self._ended >= self._ended - self._turn:
            self._since = now
        self._turn, self._working = now, True

    def end(self) -> None:
        """Counting ends, for now."""
        self._ended, self._working = self._clock(), False

    @property
    def seconds(self) -> float:
        """Seconds since the last pause; 0 in a pause."""
        now = self._clock()
        if self._since is None:
            return 0.0
        if not self._working and now - self._ended >= self._ended - self._turn:
            return 0.0
        return now - self._since

    @property
    def turn(self) -> float:
        """Seconds that what is counted now has taken; 0 where nothing is."""
        return self._clock() - self._turn if self._working else 0.0

    @property
    def long(self) -> bool:
        """Whether it goes on for too long to be ready."""
        return self.seconds > LONG

    @property
    def words(self) -> str:
        """What is to be said of it."""
        return f"counting: {self.seconds:.0f} s without a pause"

"""How much a sender may send: so much a minute, and as much at once after a quiet minute."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable


class TokenBuckets:
    """An allowance for each sender (a token bucket). Of threads, one at a time."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.a_minute, self._clock = a_minute, clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def wait(self, sender: str, number: int) -> int:
        """Takes so many of what is left, and returns 0; where less is left nothing is taken, and
        it returns after how many seconds it may be tried again."""
        with self._lock:
            now = self._clock()
            left, at = self._left.get(sender, (float(self.a_minute), now))
            left = min(float(self.a_minute), left + (now - at) * self.a_minute / 60)
            if number > left:
                self._left[sender] = left, now
                return max(1, math.ceil((number - left) * 60 / self.a_minute))
            self._left[sender] = left - number, now
            return 0

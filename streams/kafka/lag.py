"""Whether a worker keeps up with the brokers: by its lag, and by when they last answered.

A message may hold hundreds of events, so that a few of them are a week. A worker that was behind
has caught up when next to nothing is left, or when its lag has stayed small for a while, as where
much comes at any time. All times are by the monotonic clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

NOTHING_LEFT = 100
"""The part of the lag at which a worker is behind that is next to nothing: one in so many."""
AT_PACE = 10.0
"""Seconds for which a small lag must have stayed small."""
SILENCE = 10.0
"""Seconds without an answer of the brokers, after which the figures can't be called live."""


class LagTracker:
    """Of one worker, which is behind when its lag is above `behind` messages."""

    def __init__(self, behind: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.behind, self._clock = behind, clock
        self._near_since: float | None = None
        self._heard_at = clock()
        self._answer: int | None = None

    def note_answer(self) -> None:
        """Something came of the brokers just now."""
        self._heard_at = self._clock()

    def silent(self, answer: int | None) -> float:
        """Seconds since anything was heard of them. `answer` is the client's own mark of when they
        last answered: it goes by the time of day, which may be set, so only that it moved counts.
        """
        if answer != self._answer:
            self._answer = answer
            self.note_answer()
        return self._clock() - self._heard_at

    def keeps_up(self, lag: int, *, live: bool) -> bool:
        """Whether a worker with so many messages unread is up to date; `live` is whether it was."""
        if lag > self.behind:
            self._near_since = None
            return False
        now = self._clock()
        if self._near_since is None:
            self._near_since = now
        little = lag <= self.behind // NOTHING_LEFT
        return live or little or now - self._near_since >= AT_PACE

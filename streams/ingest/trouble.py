"""Why nothing could be stored at the last try, for as long as that says anything of now."""

from __future__ import annotations

import time
from collections.abc import Callable

HOLDS = 30.0
"""Seconds after a failure for which nothing is taken to be stored. A load balancer that follows
`/readyz` sends nothing meanwhile, so no later try would say that it can be again."""


class Trouble:
    """The last failure of a store; empty words where the last try succeeded."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = ("", 0.0)

    def ended(self, why: str) -> None:
        """Takes how a try ended: why it failed, or nothing."""
        self._last = why, self._clock()

    @property
    def now(self) -> str:
        """Why nothing can be stored now; empty where it can, or a next try has to show."""
        why, at = self._last
        return why if self._clock() - at < HOLDS else ""

"""The log says what keeps a worker from being ready: at once, every minute, and when it is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

log = logging.getLogger("watchroom.worker")

REPEAT_SECONDS = 60.0


class TroubleLog:
    """What was said last of each trouble, by the keys of `streams.live.Health.troubles`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[str, tuple[str, float]] = {}

    def say(self, troubles: Mapping[str, str]) -> None:
        """Takes all troubles as they are now. Only another first sentence is another problem."""
        now = self._clock()
        for key, words in troubles.items():
            problem = words.partition(". ")[0]
            before, at = self._said.get(key, ("", 0.0))
            if problem != before or now - at >= REPEAT_SECONDS:
                self._said[key] = problem, now
                log.error("not ready: %s", words)
        for key in self._said.keys() - troubles.keys():
            log.warning("over: %s", self._said.pop(key)[0])

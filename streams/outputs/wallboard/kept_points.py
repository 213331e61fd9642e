"""The points of charts one step down, each made once a minute however many screens ask: those of a
week by the hour take most of a second, and every screen asks again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streams.charts.indicator import KeptPeriods
from streams.periods import MINUTE

SECONDS = 60.0
"""For how long the figures of a period that is over may lag behind a revision."""
MOST = 20_000
"""Points that are kept, of about 1 KB; more are begun anew."""


@dataclass
class _Figure:
    """What is kept of one figure and area, since when, and as of which minute."""

    minute: int
    since: float
    turn: threading.Lock = field(default_factory=threading.Lock)
    points: KeptPeriods = field(default_factory=dict)


class KeptPoints:
    """Keeps the points of hours and days that are over. They are dropped with each minute of the
    figures' clock, and after a minute where that stands still, since records that come late revise
    them. `clock` is in seconds by any steady clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._figures: dict[tuple[str, str, str], _Figure] = {}
        self._lock = threading.Lock()

    @contextmanager
    def of(self, at: int, force: str, indicator: str, area: str) -> Iterator[KeptPeriods]:
        """What is kept of a figure as of an instant, in ms, to be read and added to; who asks for
        the same meanwhile waits."""
        key, now, minute = (force, indicator, area), self._clock(), at // MINUTE
        with self._lock:
            held = {k: each for k, each in self._figures.items() if now - each.since < SECONDS}
            if sum(len(each.points) for each in held.values()) > MOST:
                held = {}
            figure = held.get(key)
            if figure is None or figure.minute != minute:
                figure = held[key] = _Figure(minute, now)
            self._figures = held
        with figure.turn:
            yield figure.points

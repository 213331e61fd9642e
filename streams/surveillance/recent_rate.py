"""How much a feed has brought lately, over what was expected of it; silence is judged by it. Pure.

When a volume has fallen and stays low, detectors still expect the level before, by which every
longer wait would be silence. So what is expected is multiplied by the recent rate, never above 1:
the lowest that the last 3 hours, day, week or four weeks allow, each by its upper limit. A longer
window lowers it no further than the lower limit of a shorter one, so that a feed that is back at
its level is soon judged by that again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from math import sqrt

from detectors.counts.predictive import Predictive
from streams.periods import DAY, HOUR, MINUTE, Grain, Span

WINDOWS: dict[Grain, tuple[int, ...]] = {
    "hour": (3 * HOUR, DAY, 7 * DAY, 28 * DAY),
    "day": (7 * DAY, 28 * DAY),
}
"""By grain the windows before a stretch, in ms, shortest first."""
EDGES = 15 * MINUTE
"""In ms; every period starts and ends at a multiple of it, in every time zone."""
DOUBT = 2.0
"""Standard deviations of a count from it to its limits."""

Closed = tuple[int, int, int, float]
"""Start and end of a closed period, what came of all series together, and what was expected."""


class RecentRate:
    """The closed periods of one grain in which a feed was up, and the rate that follows from
    them."""

    def __init__(self, grain: Grain) -> None:
        self.windows = WINDOWS.get(grain, ())
        self.closed: list[Closed] = []
        self._ends: list[int] = []
        """When each of them ended."""
        self._sums = [(0, 0.0)]
        """What came and what was expected before each, and of all of them."""
        self._known: tuple[int, float] | None = None

    def note(self, closed: Closed) -> None:
        """Adds a period that has closed."""
        self._known = None
        _, end, came, expected = closed
        before = self._sums[-1]
        self.closed.append(closed)
        self._ends.append(end)
        self._sums.append((before[0] + came, before[1] + expected))
        if self.closed[0][0] < self._oldest - DAY:  # a day of them at once
            self.restore(self.kept)

    @property
    def _oldest(self) -> int:
        return self.closed[-1][1] - self.windows[-1] - DAY if self.closed else 0

    @property
    def kept(self) -> list[Closed]:
        """Those that any window may still ask for, and a day more."""
        return [each for each in self.closed if each[0] >= self._oldest]

    def forget(self, gap: Span) -> None:
        """Removes the periods of a span that proves to be missing."""
        if self.closed and gap[0] < self.closed[-1][1]:
            kept = (each for each in self.closed if each[1] <= gap[0] or gap[1] <= each[0])
            self.restore(kept)

    def restore(self, closed: Iterable[Closed]) -> None:
        """Goes on with these periods alone."""
        self.closed, self._known = list(closed), None
        self._ends = [each[1] for each in self.closed]
        came = accumulate([each[2] for each in self.closed], initial=0)
        expected = accumulate([each[3] for each in self.closed], initial=0.0)
        self._sums = list(zip(came, expected, strict=True))

    def before(self, at: int) -> float:
        """The pace up to an instant, in ms, by the periods that had ended: of 1."""
        at -= at % EDGES
        if self._known is None or self._known[0] != at:
            self._known = at, self._before(at)
        return self._known[1]

    def _before(self, at: int) -> float:
        recent_rate, low = 1.0, 0.0
        ended = self._sums[bisect_right(self._ends, at)]
        for window in self.windows:
            begun = self._sums[bisect_right(self._ends, at - window)]
            found, wanted = ended[0] - begun[0], ended[1] - begun[1]
            if wanted > 0.0:
                doubt = DOUBT * sqrt(found)
                recent_rate = min(recent_rate, max(low, (found + doubt + DOUBT) / wanted))
                low = max(low, (found - doubt) / wanted)
        return recent_rate


def at_rate(ahead: Predictive, recent_rate: float) -> Predictive:
    """What is expected at a pace."""
    if recent_rate == 1.0:
        return ahead
    return Predictive(ahead.mean * recent_rate, ahead.spread, ahead.dispersion)

"""Feedback from alerts to the detectors: stretches that are not to be learned from, and levels that
people have accepted as real. Data only; `streams.alerts.feedback` makes it from the alerts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from streams.periods import Period

NOT_NORMAL = ("planned_event", "data_fault")
"""What people say of an alert whose stretch says nothing about an ordinary day."""
MUCH = 0.1
"""The share of a month from which on a stretch makes the month unusual."""


class ExcludedStretch(NamedTuple):
    """A stretch of a series that is not to be learned from (ms); `end` is None while it lasts."""

    series: tuple[str, ...]
    start: int
    end: int | None
    outcome: str
    areas: tuple[str, ...] = ()
    """The areas whose series it holds for; if empty, that of the series alone."""
    known: int = 0
    """Since when it is known: periods that closed before have been learned, but for those of the
    week that was running then."""

    @property
    def abouts(self) -> frozenset[tuple[str, ...]]:
        """What the series are about that it holds for
        (`streams.surveillance.series.WatchedSeries.about`)."""
        return _abouts(self.series, self.areas)

    def holds(self, period: Period) -> bool:
        """Whether a period, of any grain, is unusual because of it."""
        end = period.end if self.end is None else min(self.end, period.end)
        within = end - max(self.start, period.start)
        if period.grain == "month":
            # A stretch that goes on may be a new level, which the detector of months finds.
            much = within >= MUCH * (period.end - period.start)
            return much and self.outcome in NOT_NORMAL
        return within > 0


class AcceptedLevel(NamedTuple):
    """A lasting change that was accepted as real, and when (ms)."""

    series: tuple[str, ...]
    direction: str | None
    at: int
    areas: tuple[str, ...] = ()
    """As of an excluded stretch."""
    ratio: float | None = None
    """What came over what the level before would have brought; None of a level by the month."""

    @property
    def abouts(self) -> frozenset[tuple[str, ...]]:
        """What the series that take this level are about
        (`streams.surveillance.series.WatchedSeries.about`)."""
        return _abouts(self.series, self.areas)


@lru_cache(maxsize=1024)
def _abouts(series: tuple[str, ...], areas: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset((*series[:-2], area) for area in areas or series[-2:-1])


class Feedback(NamedTuple):
    """All feedback of one force."""

    stretches: tuple[ExcludedStretch, ...] = ()
    levels: tuple[AcceptedLevel, ...] = ()

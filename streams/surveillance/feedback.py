"""What the outcomes of alerts say about the baselines: what is not to be learned from, and which
levels people have said are real. Data only; `streams.alerts.feedback` reads it from the alerts."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from streams.periods import Period

NOT_NORMAL = ("planned_event", "data_fault")
"""Outcomes of alerts whose stretch is no guide to an ordinary day."""
MUCH = 0.1
"""The share of a month from which on a stretch makes the month another than usual."""


class ExcludedStretch(NamedTuple):
    """Of a series not to be learned from; `end` is None while it goes on."""

    series: tuple[str, ...]
    start: int
    end: int | None
    outcome: str
    areas: tuple[str, ...] = ()
    """The areas whose series it holds for; none: that of the series alone."""
    known: int = 0
    """From when on it is known: periods that closed by then have been learned, but for those of the
    week that was running."""

    @property
    def abouts(self) -> frozenset[tuple[str, ...]]:
        """What the series are about that it holds for
        (`streams.surveillance.series.WatchedSeries.about`)."""
        return _abouts(self.series, self.areas)

    def holds(self, period: Period) -> bool:
        """Whether a period, of whichever grain, is another than usual by it."""
        end = period.end if self.end is None else min(self.end, period.end)
        within = end - max(self.start, period.start)
        if period.grain == "month":
            # A month that goes on as it is can be the level, which its own detector tells.
            much = within >= MUCH * (period.end - period.start)
            return much and self.outcome in NOT_NORMAL
        return within > 0


class AcceptedLevel(NamedTuple):
    """A lasting change that a person has said is real, and when."""

    series: tuple[str, ...]
    direction: str | None
    at: int
    areas: tuple[str, ...] = ()
    """As of a stretch."""
    ratio: float | None = None
    """What came over what the level before would have brought; None of a level by the month."""

    @property
    def abouts(self) -> frozenset[tuple[str, ...]]:
        """What the series are about that take it."""
        return _abouts(self.series, self.areas)


@lru_cache(maxsize=1024)
def _abouts(series: tuple[str, ...], areas: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset((*series[:-2], area) for area in areas or series[-2:-1])


class Feedback(NamedTuple):
    """All of a force."""

    stretches: tuple[ExcludedStretch, ...] = ()
    levels: tuple[AcceptedLevel, ...] = ()

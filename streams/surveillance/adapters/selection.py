"""Which detector fits a series: counts, proportions and durations each have their own family."""

from __future__ import annotations

from streams.config.force import Force
from streams.registry.aggregates import Count, Mean, Share
from streams.registry.measures import SERVICE_LEVELS, ChosenServiceLevel
from streams.surveillance.adapters.base import Adapter
from streams.surveillance.adapters.counts import Counts, Months
from streams.surveillance.adapters.grouped import Durations, Shares
from streams.surveillance.adapters.within import Within
from streams.surveillance.series import WatchedSeries

SLOTS = {"hour": 168, "day": 7}


def adapter_of(series: WatchedSeries, force: Force, allowed: float) -> Adapter | None:
    """The detector of a series; None where none fits its grain."""
    value, slots = series.measure.value, SLOTS.get(series.grain)
    if isinstance(value, Count) and series.grain == "month":
        return Months(value.counter, allowed)
    if slots is None:
        return None
    if isinstance(value, Count):
        return Counts(value.counter, slots, allowed)
    if isinstance(value, Mean):
        return Within(lambda: Durations(value, slots, allowed), slots)
    share = (
        SERVICE_LEVELS[force.file.service_level].share
        if isinstance(value, ChosenServiceLevel)
        else value
    )
    if isinstance(share, Share):
        return Within(lambda: Shares(share, slots, allowed), slots)
    return None

"""Which adapter, and so which detector, fits a series: by its measure and its grain."""

from __future__ import annotations

from streams.config.force import Force
from streams.registry.aggregates import Count, Mean, Share
from streams.registry.measures import ChosenShare
from streams.surveillance.adapters.base import Adapter
from streams.surveillance.adapters.counts import CountRows, Counts, Months
from streams.surveillance.adapters.event_days import EventDays
from streams.surveillance.adapters.grouped import Durations, GroupedRows, Shares
from streams.surveillance.series import WatchedSeries

SLOTS = {"hour": 168, "day": 7}


def adapter_of(
    series: WatchedSeries,
    force: Force,
    allowed: float,
    counts: CountRows | None,
    grouped: GroupedRows | None,
) -> Adapter | None:
    """The adapter of a series; None where no detector fits its grain. `allowed` is how many false
    alarms a week it may raise; the rows are those of its grain, by the hour or day."""
    value = series.measure.value
    if isinstance(value, Count) and series.grain == "month":
        return Months(value.counter, allowed)
    if isinstance(value, Count):
        return None if counts is None else Counts(value.counter, counts, allowed)
    if grouped is None:
        return None
    if isinstance(value, Mean):
        return EventDays(lambda: Durations(value, grouped.durations, allowed))
    share = value.share(force.file) if isinstance(value, ChosenShare) else value
    if isinstance(share, Share):
        return EventDays(lambda: Shares(share, grouped.shares, allowed))
    return None

"""Which adapter, and so which detector, fits a series: by its measure and its grain, unless the
force's file chooses one."""

from __future__ import annotations

from streams.config.force import Force
from streams.registry.aggregates import Count, Mean, Share
from streams.registry.measures import ChosenShare
from streams.surveillance.adapters.base import Adapter
from streams.surveillance.adapters.chosen import Chosen, chosen
from streams.surveillance.adapters.counts import CountRows, Counts, Months
from streams.surveillance.adapters.event_days import EventDays
from streams.surveillance.adapters.grouped import Durations, GroupedRows, Shares
from streams.surveillance.series import WatchedSeries
from streams.surveillance.signals import Grain

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
    read = value.share(force.file) if isinstance(value, ChosenShare) else value
    choice = chosen(force).get((f"{series.group.name}.{series.measure.name}", series.grain))
    if choice is not None and isinstance(read, Count | Share | Mean):
        return Chosen(read, choice, series.grain, SLOTS.get(series.grain), allowed)
    if isinstance(read, Count):
        return _of_count(read, series.grain, allowed, counts)
    if grouped is None:
        return None
    if isinstance(read, Mean):
        return EventDays(lambda: Durations(read, grouped.durations, allowed))
    if isinstance(read, Share):
        return EventDays(lambda: Shares(read, grouped.shares, allowed))
    return None


def _of_count(
    value: Count, grain: Grain, allowed: float, counts: CountRows | None
) -> Adapter | None:
    if grain == "month":
        return Months(value.counter, allowed)
    return None if counts is None else Counts(value.counter, counts, allowed)

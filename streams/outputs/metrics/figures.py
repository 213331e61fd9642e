"""The figures that a force's file names (`[metrics]`), by area: of each period the one that runs,
and the last that is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from streams.board.query import Query
from streams.live import Live
from streams.outputs.metrics.exported import Exported
from streams.stretches import Stretch


def figure_metrics(live: Live, every: Iterable[Exported]) -> Iterator[Metric]:
    """`watchroom_figure`; nothing where no figure is named, and no sample of what is not known."""
    family = figure_family()
    for exported in every:
        settings, force = exported.settings, exported.force.id
        if not settings.figures:
            continue
        query = Query(live.monitor, force, lock=live.lock)
        for grain in settings.periods:
            runs = Stretch.of(query.calendar, query.calendar.holding(grain, query.at))
            for period, stretch in ((grain, runs), (f"last_{grain}", runs.previous)):
                add_figures(family, query, settings.figures, period, stretch)
    yield from (family,) if family.samples else ()


def figure_family() -> GaugeMetricFamily:
    """`watchroom_figure` without samples."""
    return GaugeMetricFamily(
        "watchroom_figure",
        "A figure by its name, of the period that runs, or the last that is over.",
        labels=["force", "area", "indicator", "unit", "period"],
    )


def add_figures(
    family: GaugeMetricFamily,
    query: Query,
    names: Iterable[str],
    period: str,
    stretch: Stretch,
    *,
    whole: bool = False,
) -> None:
    """Adds the figures of those names in a stretch, by area, as those of that `period`; of what is
    not known none, and with `whole` none of what is known in part."""
    force = query.force.id
    for name in names:
        unit = query.unit(name)
        for area, found in query.by_area(name, stretch).items():
            if found.value is not None and (found.complete or not whole):
                family.add_metric([force, area, name, unit, period], found.value)

"""What other systems report, for Prometheus: each indicator that is declared a reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from streams.board.query import Query, Reported
from streams.config.force import WHOLE
from streams.live import Live

MOST = 2_000
"""The most series of a force, those of the force as a whole first."""


def reading_metrics(live: Live, forces: Iterable[str]) -> Iterator[Metric]:
    """The figure of the last period that was reported, when that ended, and how many figures are
    left out. Shares are 0 to 1; `unit` is what a figure is."""
    values, ends = reading_families()
    left_out = GaugeMetricFamily(
        "watchroom_readings_left_out",
        "Readings that are not exported, to bound the number of series.",
        labels=["force"],
    )
    for force in forces:
        with live.lock:
            found = Query(live.monitor, force).latest_readings()
        if more := add_readings(values, ends, force, found):
            left_out.add_metric([force], more)
    yield from (family for family in (values, ends, left_out) if family.samples)


def reading_families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    """Those of the figures, and of when their periods ended, without a sample."""
    values = GaugeMetricFamily(
        "watchroom_reading",
        "What another system reports, of the last period that it reported.",
        labels=["force", "area", "indicator", "unit"],
    )
    ends = GaugeMetricFamily(
        "watchroom_reading_period_end_timestamp_seconds",
        "When the period that a reading is of ended.",
        labels=["force", "indicator"],
    )
    return values, ends


def add_readings(
    values: GaugeMetricFamily, ends: GaugeMetricFamily, force: str, found: Iterable[Reported]
) -> int:
    """Adds what is reported of a force; returns how many figures are left out."""
    rows = []
    for indicator, period, by_area in found:
        ends.add_metric([force, indicator.name], period.end / 1000)
        unit = None if indicator.reported is None else indicator.reported.unit
        rows += [
            ([force, area, indicator.name, unit], each.value)
            for area, each in by_area.items()
            if each.value is not None and unit is not None
        ]
    rows.sort(key=lambda row: row[0][1] != WHOLE)
    for labels, value in rows[:MOST]:
        values.add_metric(labels, value)
    return max(0, len(rows) - MOST)

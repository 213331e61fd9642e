"""What other systems report, for Prometheus: each indicator that is declared a reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from streams.board.query import Query
from streams.config.force import WHOLE
from streams.live import Live

MOST = 2_000
"""The most series of a force, those of the force as a whole first."""


def reading_metrics(live: Live, forces: Iterable[str]) -> Iterator[Metric]:
    """The figure of the last period that was reported, when that ended, and how many figures are
    left out. Shares are 0 to 1; `unit` is what a figure is."""
    place = ["force", "area", "indicator"]
    values = GaugeMetricFamily(
        "watchroom_reading",
        "What another system reports, of the last period that it reported.",
        labels=[*place, "unit"],
    )
    ends = GaugeMetricFamily(
        "watchroom_reading_period_end_timestamp_seconds",
        "When the period that a reading is of ended.",
        labels=["force", "indicator"],
    )
    left_out = GaugeMetricFamily(
        "watchroom_readings_left_out",
        "Readings that are not exported, to bound the number of series.",
        labels=["force"],
    )
    for force in forces:
        with live.lock:
            found = Query(live.monitor, force).latest_readings()
        rows = [
            (indicator.name, area, each.value, indicator.reported.unit)
            for indicator, _, by_area in found
            for area, each in by_area.items()
            if each.value is not None and indicator.reported is not None
        ]
        rows.sort(key=lambda row: row[1] != WHOLE)
        for name, area, value, unit in rows[:MOST]:
            values.add_metric([force, area, name, unit], value)
        for indicator, period, _ in found:
            ends.add_metric([force, indicator.name], period.end / 1000)
        if len(rows) > MOST:
            left_out.add_metric([force], len(rows) - MOST)
    yield from (family for family in (values, ends, left_out) if family.samples)

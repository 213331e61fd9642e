"""What forces report of other systems, as TOML declares it: the package's list, and a force's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from streams.config.force import Force, shipped_readings
from streams.config.measures import DeclaredReading
from streams.registry.charting import QUARTERS, TIME_POLICY, ChartPolicy
from streams.registry.indicator import Indicator
from streams.registry.reported import ReportedRule


def reading_indicator(declared: DeclaredReading) -> Indicator:
    """A declared reading as an indicator. A share that is reported alone has no cases to make its
    limits of: without a chart of its own it has that of other values. Of figures of several months
    a financial year has too few that are apart: limits are those of the first."""
    percent = declared.unit == "percent"
    charts = tuple(ChartPolicy(**msgspec.structs.asdict(chart)) for chart in declared.charts)
    if not charts and declared.rolling is not None:
        charts = (TIME_POLICY, replace(TIME_POLICY, grain="quarter"))
    elif not charts and declared.unit != "count":
        charts = (TIME_POLICY, QUARTERS)
    return Indicator(
        declared.name,
        declared.title,
        reported=ReportedRule(
            declared.name,
            "ratio" if declared.unit == "percent" else declared.unit,
            percent,
            declared.rolling,
            declared.at_a_moment,
            declared.subject,
            declared.of or "",
        ),
        share_of=declared.share_of or "",
        polarity=declared.polarity,
        charts=charts,
        definition=declared.definition,
        source=declared.source,
    )


def own_indicators(force: Force) -> Mapping[str, Indicator]:
    """The readings that a force declares itself, by name."""
    return {name: reading_indicator(each) for name, each in force.readings.items()}


READINGS = tuple(reading_indicator(each) for each in shipped_readings())

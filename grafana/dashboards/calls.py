"""Calls: every measure of the calls, one set of panels for each line."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import variables
from grafana.frame import add, frame
from grafana.panels import Face
from grafana.registry import by_area, over_time, shown_on
from streams.registry.registry import Registry


def dashboard(registry: Registry) -> Dashboard:
    """The dashboard."""
    made = frame(
        "watchroom-calls",
        "Calls",
        "Calls offered, answered and abandoned, and how fast they were answered, by line and area.",
        [
            *variables.scraped(),
            variables.force(),
            variables.area(),
            variables.line(),
            variables.window(),
        ],
    )
    line = 'line=~"$line"'
    for group in shown_on("calls", registry):
        face = Face(
            f"{group.title} by area",
            "The figures of each area and line now, over the window.",
            width=24,
        )
        add(made, "Areas", by_area(group, face, line))
        add(made, "Line $line", *over_time(group, "$line", line), repeat="line")
    return made

"""Response: attendance of emergencies, and incidents by category and grade."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import variables
from grafana.frame import add, frame
from grafana.panels import Face, PanelQuery, bars
from grafana.queries import PLACE, figure
from grafana.registry import by_area, over_time, shown_on
from streams.registry.dimensions import ALL
from streams.registry.incidents import INCIDENTS
from streams.registry.registry import Registry

COUNT = INCIDENTS.measures[0]


def dashboard(registry: Registry) -> Dashboard:
    """The dashboard."""
    made = frame(
        "watchroom-response",
        "Response",
        "Attendance of emergency incidents against the standard, and incidents by grade.",
        [
            *variables.scraped(),
            variables.force(),
            variables.area("watchroom_attendance_emergencies"),
            variables.window(),
        ],
    )
    for group in shown_on("response", registry):
        add(made, f"{group.title} in $area", *over_time(group, group.title))
        face = Face(
            f"{group.title} by area",
            "The figures of each area now, over the window.",
            width=24,
        )
        add(made, "Areas", by_area(group, face))
    graded = figure(INCIDENTS, COUNT, *PLACE, f'category="{ALL}"', f'grade!="{ALL}"', window="1h")
    today = figure(INCIDENTS, COUNT, *PLACE, f'category="{ALL}"', f'grade!="{ALL}"', window="today")
    add(
        made,
        "Incidents by grade",
        bars(
            Face(
                "Incidents by grade, last hour",
                "Incidents opened in the last hour, by the grade of response.",
                width=12,
            ),
            PanelQuery(graded, "{{grade}}"),
        ),
        bars(
            Face(
                "Incidents by grade, today",
                "Incidents opened since midnight, by the grade of response.",
                width=12,
            ),
            PanelQuery(today, "{{grade}}"),
        ),
    )
    return made

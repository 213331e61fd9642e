"""Calls: every measure of the calls, one set of panels for each line."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import variables
from grafana.colours import BLUE, GREY, Appearance
from grafana.frame import add, frame
from grafana.panels import Face, Panel, PanelQuery, bars, lines, rows
from grafana.queries import FORCE, latest
from grafana.registry import by_area, over_time, shown_on
from streams.registry.registry import Registry

SHARE_AND_LIMIT = ("ratio", "seconds")


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
    add(made, "Further targets", _further())
    add(made, "Hours ahead", *_ahead(line))
    return made


def _further() -> Panel:
    face = Face(
        "Targets besides the first",
        "What else the force's file sets for a line or a grade. What is reached is among the "
        "figures of Volumes and control charts.",
        width=24,
        none="None is set",
    )
    share, limit = (latest(f"watchroom_further_target_{unit}", FORCE) for unit in SHARE_AND_LIMIT)
    columns = {name: name.capitalize() for name in ("group", "measure", "line", "grade", "area")}
    columns |= {"Value #A": "Share", "Value #B": "Limit"}
    units = {"Share": "percentunit", "Limit": "s"}
    return rows(face, PanelQuery(share, ""), PanelQuery(limit, ""), columns=columns, units=units)


def _ahead(line: str) -> list[Panel]:
    def limit(name: str) -> str:
        of = latest("watchroom_calls_ahead_limit", FORCE, line, 'hours="1"', f'limit="{name}"')
        return f"sum({of})"

    expected = latest("watchroom_calls_ahead", FORCE, line, 'hours="1"')
    handlers = {"needed": "Needed in {{hours}} h", "rostered": "Rostered in {{hours}} h"}
    lower, upper = Appearance(GREY, (4, 4), 1), Appearance(GREY, (8, 3), 1)
    return [
        lines(
            Face(
                "Calls of the next hour, as expected",
                "On the lines that are chosen. Between the dashed lines are 80 of 100 such hours.",
                width=12,
                none="Not known yet",
            ),
            PanelQuery(f"sum({expected})", "Expected", Appearance(BLUE)),
            PanelQuery(limit("low_80"), "Lower", lower),
            PanelQuery(limit("high_80"), "Upper", upper, band="Lower"),
        ),
        bars(
            Face(
                "Handlers in the hours to come",
                "What the calls that are expected need for the target, and what the roster has; "
                "of all lines together.",
                width=12,
                none="Not known yet",
            ),
            *(
                PanelQuery(latest(f"watchroom_handlers_{name}", FORCE, 'line="all"'), legend)
                for name, legend in handlers.items()
            ),
        ),
    ]

"""Volumes and control charts: what is watched, its centre and limits, and what was flagged."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import variables
from grafana.colours import ACT, BLUE, FINE, GREY, NOTICE, ORANGE, PURPLE, VERMILLION, Appearance
from grafana.frame import add, changes_of_level, frame
from grafana.panels import (
    Face,
    NamedRange,
    Panel,
    PanelQuery,
    bars,
    lines,
    now,
    repeated,
    rows,
    states,
)
from grafana.queries import FORCE, PLACE, drawn, latest
from grafana.registry import by_value, one_at_a_time, over_time, shown_on, whole
from streams.registry.registry import Registry

CHOSEN = (*PLACE, 'group="$group"', 'measure="$measure"', 'row="$row"', 'grain="$grain"')
FLAGS = (
    NamedRange(-1, "▼ Below", ACT),
    NamedRange(0, "● Within", FINE),
    NamedRange(1, "▲ Above", NOTICE),
)
LOWER, UPPER = Appearance(ORANGE, (4, 4), 1), Appearance(ORANGE, (8, 3), 1)


def dashboard(registry: Registry) -> Dashboard:
    """The dashboard."""
    choices = one_at_a_time(registry)
    made = frame(
        "watchroom-volumes",
        "Volumes and control charts",
        "A watched measure against what is expected of it: centre, limits, points flagged, and "
        "re-bases. Below: volumes, and what they were of.",
        [
            *variables.scraped(),
            variables.force(),
            *([variables.figure(choices)] if choices else []),
            variables.reading(),
            variables.area("watchroom_watch_observed"),
            *variables.watched("group", "measure", "row", "grain"),
            variables.window("today"),
        ],
        since="now-30d",
        refresh="1m",
    )
    made.annotation(changes_of_level(*PLACE))
    add(made, "$measure, $row, $area", *_chart())
    add(made, "All that is watched", *_watches())
    add(made, "Volumes", *_volumes(registry))
    if choices:
        add(made, "Figures without a panel of their own", *_figure())
    add(made, "$reading", *_reading())
    return made


def _watch(of: str, *matchers: str) -> str:
    return latest(f"watchroom_watch_{of}", *(matchers or CHOSEN))


def _chart() -> list[Panel]:
    flags = _watch("flagged")
    above = f"{_watch('observed')} and ({flags}) > 0"
    below = f"{_watch('observed')} and ({flags}) < 0"
    return [
        lines(
            Face(
                "Control chart",
                "Each closed period as observed, with the centre and the limits that it was "
                "judged by, drawn from when it was judged until the next one is. Points stand "
                "out where it was flagged. A line upright marks a change "
                "of recording or a re-base: from there on, the centre is another one.",
                width=24,
                height=12,
            ),
            PanelQuery(_watch("observed"), "Observed", Appearance(BLUE)),
            PanelQuery(_watch("expected"), "Centre", Appearance(GREY, (12, 6))),
            PanelQuery(_watch("lower"), "Lower limit", LOWER),
            PanelQuery(_watch("upper"), "Upper limit", UPPER, band="Lower limit"),
            PanelQuery(above, "Flagged: above", Appearance(VERMILLION), points=True),
            PanelQuery(below, "Flagged: below", Appearance(PURPLE), points=True),
            low=None,
        ),
        now(
            Face(
                "Last closed period",
                "The last period that was judged, and what was expected of it.",
                width=16,
                height=5,
            ),
            PanelQuery(_watch("observed"), "Observed"),
            PanelQuery(_watch("expected"), "Centre"),
            PanelQuery(_watch("lower"), "Lower limit"),
            PanelQuery(_watch("upper"), "Upper limit"),
        ),
        now(
            Face(
                "Verdict on it",
                "Whether the last closed period was flagged.",
                "none",
                width=8,
                height=5,
                none="Not judged yet",
                words=FLAGS,
            ),
            PanelQuery(flags, "Verdict"),
        ),
        lines(
            Face(
                "Observed as a share of the centre",
                "100 % is what was expected; the dashed line is there.",
                "percentunit",
                width=12,
            ),
            PanelQuery(
                f"{_watch('observed')} / ({_watch('expected')} > 0)", "Observed of expected"
            ),
            limit=1,
        ),
        states(
            Face(
                "Points flagged, every row of the measure",
                "Above, within or below its limits, for each row of the measure in this area.",
                "none",
                width=12,
                words=FLAGS,
            ),
            PanelQuery(_watch("flagged", *CHOSEN[:4], 'grain="$grain"'), "{{row}}"),
        ),
    ]


def _watches() -> list[Panel]:
    flags = f"{latest('watchroom_watch_flagged', FORCE)} != 0"
    columns = {name: name.capitalize() for name in ("group", "measure", "row", "area", "grain")}
    watches = f"sum by (grain, state) ({latest('watchroom_watches', FORCE)})"
    return [
        rows(
            Face(
                "Flagged in their last closed period",
                "Every watched series of the force that is outside its limits now.",
                "none",
                width=16,
                none="None is flagged",
            ),
            PanelQuery(flags, ""),
            columns=columns | {"Value": "Flag"},
            also={"Flag": FLAGS},
        ),
        bars(
            Face(
                "Watched series by state",
                "How many series are watched, and how many are still learning what is usual.",
                width=8,
            ),
            PanelQuery(watches, "{{grain}}: {{state}}"),
        ),
    ]


def _figure() -> list[Panel]:
    words = "A figure that is chosen above, of the area and over the window that are."
    chosen = drawn("$figure", *PLACE, 'window="$window"')
    line = lines(Face("$figure", words, width=12), PanelQuery(chosen, "$figure, $area"))
    return [_named_figures(), repeated(line, "figure")]


def _named_figures() -> Panel:
    found = latest("watchroom_figure", FORCE)
    face = Face(
        "Figures that the force's file names",
        "Those of [metrics] of the force's file, of the period that runs or the last that is over.",
        width=24,
        none="None is named",
    )
    columns = {"indicator": "Figure", "area": "Area", "period": "Period", "Value": "Is"}
    return rows(face, PanelQuery(found, ""), columns=columns)


def _reading() -> list[Panel]:
    words = (
        "What another system reports, of the last period that it reported: shares are 0 to 1. The "
        "control chart of it is at /api/series."
    )
    chosen = drawn("watchroom_reading", *PLACE, 'indicator="$reading"')
    return [lines(Face("$reading", words, width=24), PanelQuery(chosen, "$reading, $area"))]


def _volumes(registry: Registry) -> list[Panel]:
    groups = shown_on("volumes", registry)
    made = [panel for g in groups for panel in over_time(g, g.title, *whole(g, registry))]
    return made + [panel for g in groups for panel in by_value(g, registry)]

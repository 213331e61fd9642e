"""Panels that are made from a registry of measures: a new measure is on its dashboard at once."""

from __future__ import annotations

from collections.abc import Sequence

from grafana.colours import APPEARANCES, REFERENCE
from grafana.panels import LETTERS, Face, Panel, PanelQuery, bars, lines, rows
from grafana.queries import FORCE, PLACE, drawn, figure, is_gauge
from streams.outputs.metrics.exported import own_parts
from streams.outputs.metrics.prometheus import metric_name
from streams.registry.dimensions import ALL
from streams.registry.measures import Group, Measure
from streams.registry.registry import Registry

UNITS = {"count": "short", "ratio": "percentunit", "seconds": "s"}
MOST_LINES = len(APPEARANCES)
"""Lines of one panel, each drawn in another way."""
PANELS = {
    ("count", False): ("Volumes", "How many, counted over the window."),
    ("seconds", False): ("Times", "How long, over the window; the dashed line is the limit."),
    ("count", True): ("Now", "How many at this moment."),
    ("seconds", True): ("Longest now", "For how long the oldest has been waiting, at this moment."),
}


def over_time(group: Group, named: str, *matchers: str) -> list[Panel]:
    """Every measure of a group over time: counts together, times together, each ratio alone."""
    place = (*PLACE, *matchers)
    made: list[Panel] = []
    for measure in group.measures:
        if measure.unit == "ratio":
            made += _ratio(group, measure, named, place, matchers)
    for (unit, gauge), (title, words) in PANELS.items():
        held = [m for m in group.measures if (m.unit, is_gauge(m)) == (unit, gauge)]
        for first in range(0, len(held), MOST_LINES):
            some = held[first : first + MOST_LINES]
            queries = [PanelQuery(figure(group, m, *place, series=drawn), m.title) for m in some]
            if unit == "seconds" and not gauge and group.performance is not None:
                limit = drawn(f"watchroom_{group.name}_target_seconds", FORCE, *matchers)
                queries.append(PanelQuery(limit, "Limit", REFERENCE))
            more = f", {first // MOST_LINES + 1}" if first else ""
            face = Face(f"{named}: {title.lower()}{more}", words, UNITS[unit], width=12)
            made.append(lines(face, *queries))
    return made


def shown_on(dashboard: str, registry: Registry) -> list[Group]:
    """The tables that a dashboard has panels of."""
    return [g for g in registry.groups if g.dashboard == dashboard and not g.wide]


def one_at_a_time(registry: Registry) -> list[tuple[str, str]]:
    """Of the tables that are too wide for panels: the title and the metric of every measure."""
    return [
        (f"{group.title}: {measure.title}", metric_name(group, measure))
        for group in registry.groups
        if group.wide
        for measure in group.measures
    ]


def whole(group: Group, registry: Registry, apart: str = "") -> list[str]:
    """The matchers of the rows of all values together; of the dimension `apart`, of each value. A
    dimension that is never summed has rows of single values alone."""
    return [f'{name}{"!=" if name == apart else "="}"{ALL}"' for name in summed(group, registry)]


def summed(group: Group, registry: Registry) -> list[str]:
    """The dimensions that have rows of all their values together."""
    kind = registry.kinds[group.kind]
    return [name for name in group.dimensions if kind.dimension(name).summed]


def by_value(group: Group, registry: Registry) -> list[Panel]:
    """How many records there are of each value of a dimension: today, or this month where they are
    not known by the hour."""
    kind, count = registry.kinds[group.kind], group.measures[0]
    window, since = ("today", "midnight") if kind.hourly else ("month", "the first of the month")
    made = []
    for name in summed(group, registry):
        matchers = whole(group, registry, apart=name)
        counted = f"sort_desc({figure(group, count, *PLACE, *matchers, window=window)})"
        face = Face(
            f"{group.title} by {name}, {window if kind.hourly else 'this month'}",
            f"{count.title} since {since}. Kept for the windows 1h|today|month only.",
            width=12,
            height=12,
        )
        made.append(bars(face, PanelQuery(counted, f"{{{{{name}}}}}")))
    return made


def _ratio(
    group: Group, measure: Measure, named: str, place: Sequence[str], matchers: Sequence[str]
) -> list[Panel]:
    """The share and, where one is set, its target; beside it what it is a share of."""
    queries = [PanelQuery(figure(group, measure, *place, series=drawn), measure.title)]
    if group.performance is not None and measure.name == group.performance.level:
        target = drawn(f"watchroom_{group.name}_target_ratio", FORCE, *matchers)
        queries.append(PanelQuery(target, "Target", REFERENCE))
    words = "The share over the window. It has no value while it is a share of nothing."
    face = Face(f"{named}: {measure.title.lower()}", words, "percentunit", width=12)
    made = [lines(face, *queries)]
    if parts := own_parts(group, measure):
        names = {"numerator": "Counted in it", "denominator": "Out of"}
        both = [
            PanelQuery(figure(group, measure, *place, part=p, series=drawn), names[p])
            for p in parts
        ]
        words = "The numbers that the share is made of: a share of few calls says little."
        face = Face(f"{named}: parts of {measure.title.lower()}", words, width=12)
        made.append(lines(face, *both))
    return made


def by_area(group: Group, face: Face, *matchers: str) -> Panel:
    """A table with a row for each area and each value of the dimensions, a column a measure."""
    flows = [measure for measure in group.measures if not is_gauge(measure)]
    queries = [PanelQuery(figure(group, m, FORCE, *matchers), m.title) for m in flows]
    columns = {name: name.capitalize() for name in ("area", *group.dimensions)}
    single = len(flows) == 1
    values = {"Value" if single else f"Value #{LETTERS[i]}": m for i, m in enumerate(flows)}
    units = {m.title: UNITS[m.unit] for m in flows}
    columns |= {value: measure.title for value, measure in values.items()}
    return rows(face, *queries, columns=columns, units=units)

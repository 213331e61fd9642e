"""Panels that are made from the registry of measures: a new measure is on its dashboard at once."""

from __future__ import annotations

from collections.abc import Sequence

from grafana.colours import REFERENCE
from grafana.panels import Face, Panel, Query, lines, rows
from grafana.queries import FORCE, PLACE, figure, is_gauge, latest
from streams.outputs.prometheus import own_parts
from streams.registry.measures import Group, Measure

UNITS = {"count": "short", "ratio": "percentunit", "seconds": "s"}
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
        if not held:
            continue
        queries = [Query(figure(group, m, *place), m.title) for m in held]
        if unit == "seconds" and not gauge:
            limit = latest(f"watchroom_{group.name}_target_seconds", FORCE, *matchers)
            queries.append(Query(limit, "Limit", REFERENCE))
        face = Face(f"{named}: {title.lower()}", words, UNITS[unit], width=12)
        made.append(lines(face, *queries))
    return made


def _ratio(
    group: Group, measure: Measure, named: str, place: Sequence[str], matchers: Sequence[str]
) -> list[Panel]:
    """The share and, where one is set, its target; beside it what it is a share of."""
    queries = [Query(figure(group, measure, *place), measure.title)]
    if measure.name in {"service_level", "within"}:
        target = latest(f"watchroom_{group.name}_target_ratio", FORCE, *matchers)
        queries.append(Query(target, "Target", REFERENCE))
    words = "The share over the window. It has no value while it is a share of nothing."
    face = Face(f"{named}: {measure.title.lower()}", words, "percentunit", width=12)
    made = [lines(face, *queries)]
    if parts := own_parts(group, measure):
        names = {"numerator": "Counted in it", "denominator": "Out of"}
        both = [Query(figure(group, measure, *place, part=p), names[p]) for p in parts]
        words = "The numbers that the share is made of: a share of few calls says little."
        face = Face(f"{named}: parts of {measure.title.lower()}", words, width=12)
        made.append(lines(face, *both))
    return made


def by_area(group: Group, face: Face, *matchers: str) -> Panel:
    """A table with a row for each area and each value of the dimensions, a column a measure."""
    flows = [measure for measure in group.measures if not is_gauge(measure)]
    queries = [Query(figure(group, m, FORCE, *matchers), m.title) for m in flows]
    columns = {name: name.capitalize() for name in ("area", *group.dimensions)}
    letters = "ABCDEFGHIJKLMNOP"
    single = len(flows) == 1
    values = {"Value" if single else f"Value #{letters[i]}": m for i, m in enumerate(flows)}
    units = {m.title: UNITS[m.unit] for m in flows}
    columns |= {value: measure.title for value, measure in values.items()}
    return rows(face, *queries, columns=columns, units=units)

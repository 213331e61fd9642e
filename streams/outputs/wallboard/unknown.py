"""What the address of a page names that there is not: a force, an area, a chart, a line, a measure
or an alert. The page says so, with status 404, and leads to what there is instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from streams.config.force import WHOLE, Force
from streams.live import Live
from streams.outputs.notify.rehearsal import is_rehearsed
from streams.outputs.sign_in.without_names import nameless_words
from streams.outputs.wallboard import series
from streams.outputs.web.markup import Markup, tag
from streams.registry.measures import Gauge
from streams.registry.registry import Registry

CHARTS = {
    "waiting": "Calls offered, by line",
    "answer": "Calls answered in time, by line",
    "unattended": "Emergencies opened",
    "attended": "Emergencies attended in time",
    "feeds": "Age of data",
}
"""The charts that have a name."""
OF_LINES = ("waiting", "answer")
MOST_ALERTS = 30
"""Open alerts that are listed at the most."""


class Unknown(NamedTuple):
    """What there is not, in words, and by words and address what there is."""

    words: str
    there_are: str
    choices: list[tuple[str, str]]


class _Asked(NamedTuple):
    """A page and its parameters."""

    path: str
    query: Mapping[str, str]

    def but(self, **named: str | None) -> str:
        """The same address with other parameters."""
        query = {k: v for k, v in {**self.query, **named}.items() if v}
        return f"/{self.path}?{urlencode(query)}" if query else f"/{self.path}"


def unknown(live: Live, path: str, query: Mapping[str, str]) -> Unknown | None:
    """What the address of a page (`""`, `chart`, `alert`, `handover`) names that there is not; None
    where there is all of it. A force that is known and not served by now is none of these: the page
    waits for it."""
    asked, forces = _Asked(path, query), live.monitor.forces
    named = query.get("force") or (query.get("id") or "").partition("/")[0]
    if named and named not in forces:
        return no_force(path, query, {name: force.name for name, force in forces.items()})
    held = [named] if named else live.forces()
    if len(held) != 1:
        return None
    force = forces[held[0]]
    area = query.get("area")
    if area and area != WHOLE and area not in force.area_index:
        return _no_area(asked, force, area)
    if path == "chart":
        return _chart(live.monitor.registry, asked, force)
    if path == "alert" and query.get("id"):
        return _alert(live, force, query["id"])
    return None


def no_force(path: str, query: Mapping[str, str], names: Mapping[str, str]) -> Unknown:
    """The force of a page's address, which there is not; `names` are those of the forces by id."""
    asked, named = _Asked(path, query), query.get("force") or (query.get("id") or "").split("/")[0]
    there = [(words, asked.but(force=name, id=None)) for name, words in names.items()]
    return Unknown(f'There is no force "{named}" here.', "There are:", there)


def _no_area(asked: _Asked, force: Force, area: str) -> Unknown:
    words = f'There is no area "{area}" in {force.name}.'
    there = [(each.name, asked.but(area=each.id)) for each in force.areas if each is not None]
    return Unknown(words, "There are:", [(f"All of {force.name}", asked.but(area=None)), *there])


def _chart(registry: Registry, asked: _Asked, force: Force) -> Unknown | None:
    chart = asked.query.get("chart") or ("" if asked.query.get("group") else "waiting")
    lines = [line.id for line in force.lines]
    if chart and chart not in CHARTS:
        there = [
            (words, asked.but(chart=name, line=lines[0] if name in OF_LINES and lines else None))
            for name, words in CHARTS.items()
        ]
        return Unknown(f'There is no chart "{chart}".', "There are:", there)
    if chart in OF_LINES and (line := asked.query.get("line", "")) not in lines:
        words = f'There is no line "{line}" in {force.name}.' if line else "Of which line?"
        return Unknown(words, "There are:", [(each, asked.but(line=each)) for each in lines])
    if not chart:
        return _measure(registry, asked, force)
    return None


def _measure(registry: Registry, asked: _Asked, force: Force) -> Unknown | None:
    group, measure = asked.query.get("group", ""), asked.query.get("measure", "")
    found = registry.find(group, measure)
    if found is not None and not isinstance(found[1].value, Gauge):
        _, dimensions = series.declared(registry, group, measure)
        for name, value in asked.query.items():
            if name in dimensions and value not in (known := dimensions[name].names(force)):
                if value in dimensions[name].standing(force) or name == "area":
                    continue
                words = f'There is no {name} "{value}" in {force.name}.'
                return Unknown(words, "There are:", [(e, asked.but(**{name: e})) for e in known])
        return None
    groups = {g.name: g for kind in registry.kinds.values() for g in kind.groups}
    if group not in groups:
        words = f'There are no figures called "{group}".'
        there = [(name, asked.but(group=name, measure=None)) for name in groups]
        return Unknown(words, "There are:", there)
    words = f'There is no measure "{measure}" among the {group}.'
    if not measure:
        words = f"Which measure of the {group}?"
    measures = [each for each in groups[group].measures if not isinstance(each.value, Gauge)]
    there = [(each.title, asked.but(measure=each.name)) for each in measures]
    return Unknown(words, "There are:", there)


def _alert(live: Live, force: Force, ident: str) -> Unknown | None:
    history = [] if live.alerts is None else live.alerts.history(force.id)
    if any(each.id == ident for each in history):
        return None
    there = [
        (nameless_words(each), f"/alert?{urlencode({'force': force.id, 'id': each.id})}")
        for each in history
        if each.open
    ][:MOST_ALERTS]
    every = (f"All alerts of {force.name}", f"/alert?{urlencode({'force': force.id})}")
    words = f'There is no alert "{ident}" in {force.name}.'
    if is_rehearsed(force, ident):
        words = "This was a rehearsal: nothing has happened, and nothing is to be done."
    return Unknown(words, "Open now:" if there else "No alert is open now.", [*there, every])


def shown(found: Unknown) -> Markup:
    """What the page says."""
    return tag("main", *_parts(found), id="main")


def _parts(found: Unknown) -> Iterator[Markup]:
    yield tag("h1", found.words)
    yield tag("p", found.there_are, class_="lead")
    items = (tag("li", tag("a", words, href=address)) for words, address in found.choices)
    yield tag("ul", items, class_="list")

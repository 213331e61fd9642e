"""What the address of a page names that there is not: a force, an area, a kind of area, a chart, a
line, a measure or an alert. The page says so, with status 404, and leads to what there is instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from streams.config.force import WHOLE, Force
from streams.config.schema import AREA_CLASS
from streams.live import Live
from streams.outputs.notify.rehearsal import is_rehearsed
from streams.outputs.sign_in.without_names import nameless_words
from streams.outputs.wallboard import series
from streams.outputs.wallboard.places import kind_in_words
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
ALL = "all"
"""What `forces=` says for every force that is monitored."""
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


def named_forces(query: QueryParams) -> list[str]:
    """The ids of the forces that a page's address names: `force=`, repeated where it is several, or
    `forces=` with commas between; `forces=all` names none."""
    several = ",".join(query.getlist("forces")).split(",")
    named = [*query.getlist("force"), *(each.strip() for each in several if each != ALL)]
    return [each for each in dict.fromkeys(named) if each]


def unknown(live: Live, path: str, query: QueryParams) -> Unknown | None:
    """What the address of a page (`""`, `chart`, `alert`, `handover`) names that there is not; None
    where there is all of it. A force that is known and not served by now is none of these: the page
    waits for it."""
    asked, forces = _Asked(path, query), live.monitor.forces
    names = {name: force.name for name, force in forces.items()}
    if (found := no_force(path, query, names)) is not None:
        return found
    of_alert = (query.get("id") or "").partition("/")[0]
    held = named_forces(query) or ([of_alert] if of_alert else live.forces())
    shown = [forces[each] for each in held]
    # Of several forces the page asks which to look at, but where it is for what none of them has.
    if shown and (found := _nowhere(asked, shown)) is not None:
        return found
    if len(shown) != 1:
        return None
    (force,) = shown
    if path == "chart":
        return _chart(live.monitor.registry, asked, force)
    if path == "alert" and query.get("id"):
        return _alert(live, force, query["id"])
    return None if path else _none_there(live, asked, force)


def no_force(path: str, query: QueryParams, names: Mapping[str, str]) -> Unknown | None:
    """The first force of a page's address which there is not; None where there are all. `names` are
    those of the forces by id."""
    asked, of_alert = _Asked(path, query), (query.get("id") or "").partition("/")[0]
    named = named_forces(query) or ([of_alert] if of_alert else [])
    missing = next((each for each in named if each not in names), None)
    if missing is None:
        return None
    there = [
        (words, asked.but(force=name, forces=None, id=None, area=None))
        for name, words in names.items()
    ]
    return Unknown(f'There is no force "{missing}" here.', "There are:", there)


def _nowhere(asked: _Asked, forces: Sequence[Force]) -> Unknown | None:
    """The area, or on the wallboard the kind of area, that none of the forces has."""
    area, kind = asked.query.get("area"), "" if asked.path else asked.query.get("areas")
    if area and not any(_has_area(each, area) for each in forces):
        if len(forces) == 1:
            return _no_area(asked, forces[0], area)
        return _of_no_force(asked, f'There is no area "{area}" here.', forces)
    if kind and not any(kind in _kinds(each) for each in forces):
        if len(forces) == 1:
            return _no_kind(asked, forces[0], kind)
        return _of_no_force(asked, f'There are no areas of kind "{kind}" here.', forces)
    return None


def _has_area(force: Force, area: str) -> bool:
    return area == WHOLE or area in force.area_index


def _kinds(force: Force) -> list[str]:
    """The kinds of a force's areas."""
    return list(dict.fromkeys(each.kind for each in force.areas if each is not None))


def is_there(live: Live, force: Force, kind: str | None) -> bool:
    """Whether a force has areas of a kind now; of None, of that which its file names, else of any
    but classes of areas."""
    now, kind = live.clock(), kind or force.file.wallboard.areas
    return any(
        (each.kind == kind if kind else each.kind != AREA_CLASS)
        for each in force.areas
        if each is not None and force.is_there(each, now, now + 1)
    )


def _none_there(live: Live, asked: _Asked, force: Force) -> Unknown | None:
    """Where the address asks for areas beside each other, and none of them is there now."""
    kind = asked.query.get("areas")
    if kind is None or is_there(live, force, kind):
        return None
    kinds = _kinds(force)
    of_kind = f' of kind "{kind}"' if kind else ""
    words = f"No area{of_kind} in {force.name} has opened and not closed yet."
    there = [
        (kind_in_words(each).capitalize(), asked.but(areas=each))
        for each in kinds
        if is_there(live, force, each)
    ]
    return Unknown(
        words if kinds else f"{force.name} has no areas.",
        "There are:",
        [(f"All of {force.name}", asked.but(areas=None)), *there],
    )


def _of_no_force(asked: _Asked, words: str, forces: Iterable[Force]) -> Unknown:
    there = [
        (each.name, asked.but(force=each.id, forces=None, area=None, areas=None)) for each in forces
    ]
    return Unknown(words, "There are:", there)


def _no_kind(asked: _Asked, force: Force, kind: str) -> Unknown:
    words = f'There are no areas of kind "{kind}" in {force.name}.'
    there = [(kind_in_words(each).capitalize(), asked.but(areas=each)) for each in _kinds(force)]
    return Unknown(words, "There are:", [(f"All of {force.name}", asked.but(areas=None)), *there])


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

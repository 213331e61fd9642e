"""The dictionary of event fields: what each means, its form and unit, whether it is needed, an
example, and what it feeds: measures, people who are counted, tiles of the wallboard, alerts and
dashboards.

It is read from the declarations (structs of the events, registry, kinds of alert), so it is true of
whatever they say; `watchroom mapping fields` prints it, and docs/fields.md is it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from streams.config.schema import TileKind
from streams.events.examples import EXAMPLES, example
from streams.events.fields import FIELDS_OF_ALL, OTHERWISE, UNITS, says
from streams.fold.totals import COUNTER_OF, MEASURE
from streams.outputs.reference.watched_measures import alert_kinds, in_order
from streams.registry.aggregates import Count, Share
from streams.registry.dimensions import Categories, Lines
from streams.registry.fed import measures_fed, people_fed
from streams.registry.kind import Kind
from streams.registry.measures import ChosenShare, Group, Measure
from streams.registry.registry import READING, REGISTRY
from streams.sources.mapping.kind_fields import Form, allowed_fields, forms

TILES: Mapping[TileKind, tuple[str, ...]] = {
    "waiting": ("calls.waiting", "calls.oldest_waiting", "calls.waiting_unknown"),
    "in_time": ("calls.service_level",),
    "unattended": (
        "attendance.unattended",
        "attendance.oldest_unattended",
        "attendance.unattended_unknown",
    ),
    "attended": ("attendance.within",),
    "open": ("attendance_by_grade.unattended", "attendance_by_grade.oldest_unattended"),
    "ahead": ("calls.offered",),
    "alerts": (),
    "feeds": (),
    "handlers": (),
}
"""The measures that each tile of the wallboard shows; alerts and ages of feeds are none, and
handlers are a reading."""
AHEAD: TileKind = "ahead"
"""The tile of what detectors expect, who read records alone."""
MOST_LEFT_OUT = 3
"""Of a table with more measures, so many are named that a field does not feed."""
_OF_READINGS = {
    "measure": "unless deleted",
    "period": "unless deleted",
    "line": "with counts",
    "value": "unless parts or counts",
    "numerator": "unless value or counts",
    "denominator": "unless value or counts",
}
"""When a reading needs a field (`streams.fold.readings`)."""
_WORDS: dict[type[inspect.Type], str] = {
    inspect.DateTimeType: "time",
    inspect.BoolType: "true or false",
    inspect.IntType: "whole number",
    inspect.FloatType: "number",
    inspect.StrType: "text",
}


class Feeds(msgspec.Struct, frozen=True, kw_only=True):
    """What a field feeds."""

    figures: dict[str, list[str]] = {}
    """By table of the board the names of the measures that hang on it."""
    every: bool = False
    """Whether these are all measures of its kind."""
    people: list[str] = []
    """The indicators that count the people whom it names."""
    tiles: list[str] = []
    alerts: list[str] = []
    dashboards: list[str] = []
    otherwise: str = ""
    """What it is for besides."""


class FieldEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a kind of event; a part of an object by its path: `units.arrived_at`."""

    kind: str
    name: str
    says: str
    form: str
    unit: str
    """Of a number; else empty."""
    needed: str
    """`always`; `unless deleted`; `with units`: in each of these; or empty, where it may be left
    out."""
    mapped: bool
    """Whether a rule or a constant of a mapping makes it."""
    example: Any
    feeds: Feeds


@cache
def dictionary(kind: str) -> tuple[FieldEntry, ...]:
    """Every field of a kind of event, in the order of its struct."""
    fields = forms(kind)
    fed = _fed(kind)
    return tuple(
        FieldEntry(
            kind=kind,
            name=name,
            says=says(kind, name),
            form=form_in_words(form),
            unit=UNITS.get(kind, {}).get(name, ""),
            needed=_needed(kind, name),
            mapped=name in allowed_fields(kind),
            example=example(kind, name),
            feeds=_feeds(kind, name, fed.get(name, [])),
        )
        for name, form in fields.items()
    )


def form_in_words(form: Form) -> str:
    """What a field may hold: `time, day or month`, `list of pseudonyms`."""
    if form.person:
        word = "pseudonym"
    elif form.partial:
        word = "time, day or month"
    elif form.choices:
        word = "one of " + ", ".join(form.choices)
    else:
        word = next(word for shape, word in _WORDS.items() if shape in form.types)
    return f"list of {word}s" if form.listed else word


def _fed(kind: str) -> Mapping[str, list[tuple[Group, Measure]]]:
    """The measures that each field of a kind feeds."""
    if kind in REGISTRY.kinds:
        found = measures_fed(REGISTRY.kinds[kind], forms(kind))
        return {name: each for name, each in found.items() if name not in FIELDS_OF_ALL}
    if kind != READING:
        return {}
    group = next(each for each in REGISTRY.groups if each.name == MEASURE)
    return {
        f"counts.{name}": [(group, each) for each in group.measures if counter in _summed(each)]
        for name, counter in COUNTER_OF.items()
    }


def _summed(measure: Measure) -> frozenset[str]:
    """The counters that a count or share is read from; a total has no durations, and says nothing
    of a moment."""
    value = measure.value
    if isinstance(value, ChosenShare):
        return frozenset().union(*(each.needs for each in value.shares))
    return value.needs if isinstance(value, Count | Share) else frozenset()


def _needed(kind: str, name: str) -> str:
    """Whether an event has to have a field."""
    whole, _, part = name.partition(".")
    if part:
        each = forms(kind)[name].item_needs == part
        return f"with {whole}" if each else ""
    struct = REGISTRY.structs[kind]
    if any(f.encode_name == name and f.required for f in msgspec.structs.fields(struct)):
        return "always"
    if kind == READING:
        return _OF_READINGS.get(name, "")
    counted = REGISTRY.kinds.get(kind)
    if counted is None:
        return ""
    dimension = next((each for each in counted.dimensions if each.name == name), None)
    if isinstance(dimension, Categories) and dimension.code:
        return f"unless deleted or with {dimension.code}"
    listed = isinstance(dimension, Lines | Categories)
    return "unless deleted" if listed or name == counted.clocks[0] else ""


def _feeds(kind: str, name: str, measures: list[tuple[Group, Measure]]) -> Feeds:
    counted = REGISTRY.kinds.get(kind)
    figures: dict[str, list[str]] = {}
    for group, measure in measures:
        figures.setdefault(group.name, []).append(measure.name)
    addresses = {f"{group.name}.{measure.name}" for group, measure in measures}
    # Detectors and alerts read records alone, no totals.
    alerts = {alert for found in measures if counted for alert in alert_kinds(*found)}
    return Feeds(
        figures=figures,
        every=counted is not None and bool(figures) and figures == _all(counted),
        people=[] if counted is None else people_fed(counted, name),
        tiles=[
            tile
            for tile, shown in TILES.items()
            if not addresses.isdisjoint(shown) and (counted is not None or tile != AHEAD)
        ],
        alerts=in_order(alerts),
        dashboards=sorted({group.dashboard for group, _ in measures}),
        otherwise=OTHERWISE.get(kind, {}).get(name) or FIELDS_OF_ALL.get(name, ""),
    )


def _all(kind: Kind) -> dict[str, list[str]]:
    return {group.name: [each.name for each in group.measures] for group in kind.groups}


# -- as text -----------------------------------------------------------------------------------


def feeds_in_words(entry: FieldEntry) -> str:
    """What a field feeds, in a line."""
    feeds = entry.feeds
    parts = [f"every figure of {REGISTRY.feeds[entry.kind]}"] if feeds.every else []
    if not feeds.every:
        parts += [_table_in_words(name, measures) for name, measures in feeds.figures.items()]
    if feeds.people:
        parts.append(f"the people in it: {_quoted(feeds.people)}")
    for what, names in (("tiles", feeds.tiles), ("alerts", feeds.alerts)):
        if names:
            parts.append(f"{what} {_quoted(names)}")
    if feeds.otherwise:
        parts.append(feeds.otherwise)
    return "; ".join(parts)


def _table_in_words(name: str, measures: list[str]) -> str:
    """A table whole, by what of it a field does not feed, or by what it does."""
    group = next(each for each in REGISTRY.groups if each.name == name)
    others = [each.name for each in group.measures if each.name not in measures]
    if not others:
        return f"all of `{name}`"
    if len(others) <= MOST_LEFT_OUT < len(measures):
        return f"all of `{name}` but {_quoted(others)}"
    return f"`{name}`: {_quoted(measures)}"


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{each}`" for each in names)


def page() -> str:
    """docs/fields.md."""
    lines = [
        "# Fields of events",
        "",
        "Every field of every kind of event: what it says, its form and unit, whether an event",
        "needs it, an example, and what it feeds. Tables and measures are those of",
        "[measures](measures.md), tiles those of the [wallboard](wallboard.md), alerts those of",
        "[alerts](alerts.md). [The JSON Schemas](schemas/) say the same of form and meaning;",
        "`watchroom mapping fields --json` is this page for programs.",
        "",
        "A *time* is RFC 3339 with an offset from UTC; where a *day* or *month* may stand for it,",
        "that is local: `2024-01-31`, `2024-01`. Lines, areas, categories, offences and markers",
        "are those of the force: [`watchroom force categories`](forces.md#what-events-may-name). A",
        "*pseudonym* is the same for the same person wherever it stands, and never who it is.",
        "",
        "A mapping makes a field with `[fields.NAME]`, or with `[constants]` where it is the same",
        'in every row; a name with a full stop stands in quotes: `[fields."units.id"]`. Of',
        "`units`, `casualties` and `persons` a row gives one, and merged rows give one each",
        "([sources](sources.md#several-rows-of-one-record)). A cell of a pseudonym may say who",
        "somebody is: it becomes one as it is read ([people](sources.md#people)).",
        "",
        "This page is what `watchroom mapping fields --page` prints.",
        "",
        "## Every record",
        "",
        "What calls, incidents, crimes and readings have alike. The keys `id` and `version` of a",
        "mapping name the columns that these are made of; `played` and `origin` are set where",
        "history is replayed or made up.",
        "",
        *_table(entry for entry in dictionary("call") if entry.name in FIELDS_OF_ALL),
    ]  # fmt: skip
    for kind in REGISTRY.structs:
        own = (
            entry
            for entry in dictionary(kind)
            if kind == "heartbeat" or entry.name not in FIELDS_OF_ALL
        )
        lines += [f"## {kind}", "", *_table(own)]
        if kind in EXAMPLES:
            lines += ["Examples:" if len(EXAMPLES[kind]) > 1 else "An example:", "", "```"]
            lines += [json.dumps(each) for each in EXAMPLES[kind]]
            lines += ["```", ""]
    return "\n".join(lines)


def _table(entries: Iterator[FieldEntry]) -> Iterator[str]:
    yield "| field | says | form | needed | example | feeds |"
    yield "|---|---|---|---|---|---|"
    for each in entries:
        form = f"{each.form} ({each.unit})" if each.unit else each.form
        shown = "" if each.example is None else f"`{json.dumps(each.example)}`"
        yield (
            f"| `{each.name}` | {each.says} | {form} | {each.needed} | {shown} | "
            f"{feeds_in_words(each)} |"
        )
    yield ""

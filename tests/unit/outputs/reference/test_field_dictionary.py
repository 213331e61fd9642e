"""The dictionary of event fields: whole, current, and true of what is counted."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from streams.board.model import Board
from streams.board.monitor import Monitor
from streams.config.force import find_force
from streams.config.schema import TileKind
from streams.events.examples import EXAMPLES
from streams.events.schema import json_schemas
from streams.outputs.reference.field_dictionary import (
    TILES,
    FieldEntry,
    dictionary,
    feeds_in_words,
    page,
)
from streams.registry.registry import REGISTRY
from tests.build import FAR_FUTURE, lines, ms

EVERY = [entry for kind in REGISTRY.structs for entry in dictionary(kind)]
SCHEMAS = json_schemas(REGISTRY.structs)
FORCE = "warwickshire"
AT = ms("2024-02-20T10:00:00Z")
PERIODS = ("2024-01-31", "2024-01", "2024-02-19", "2024-02")


def named(entry: FieldEntry) -> str:
    return f"{entry.kind}.{entry.name}"


def entry_of(kind: str, name: str) -> FieldEntry:
    return next(entry for entry in dictionary(kind) if entry.name == name)


def test_the_page_is_current() -> None:
    written = Path(__file__).parents[4].joinpath("docs/fields.md").read_text("utf-8")
    assert page() == written, "watchroom mapping fields --page > docs/fields.md"


# -- nothing is left out -----------------------------------------------------------------------


def test_every_field_has_an_example() -> None:
    assert [named(entry) for entry in EVERY if entry.example is None] == []


def test_every_field_says_what_it_feeds_or_what_else_it_is_for() -> None:
    assert [named(entry) for entry in EVERY if not feeds_in_words(entry)] == []


def test_every_number_says_what_it_is_of() -> None:
    numbers = [entry for entry in EVERY if "number" in entry.form and entry.name != "version"]
    assert [named(entry) for entry in numbers if not entry.unit] == []


def described(schema: Any, path: str = "") -> Iterator[tuple[str, bool]]:
    """The path of each property of a schema, and whether it has a description."""
    if isinstance(schema, dict):
        for name, held in schema.get("properties", {}).items():
            yield f"{path}.{name}", bool(held.get("description"))
        for key, value in schema.items():
            yield from described(value, f"{path}.{key}")


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_property_of_a_schema_of_events_has_a_description(kind: str) -> None:
    found = dict(described(SCHEMAS[kind]))
    assert [path for path, has in found.items() if not has] == []
    assert len(found) >= len(dictionary(kind))


def test_every_tile_of_the_wallboard_has_the_measures_that_it_shows() -> None:
    assert set(TILES) == set(get_args(TileKind))
    for addresses in TILES.values():
        for address in addresses:
            assert REGISTRY.find(*address.split(".")) is not None, address


# -- the examples are events that count --------------------------------------------------------


@pytest.mark.parametrize("kind", REGISTRY.structs)
def test_the_examples_of_a_kind_are_what_its_schema_describes(kind: str) -> None:
    validator = Draft202012Validator(SCHEMAS[kind])
    for event in EXAMPLES[kind]:
        validator.validate(event)


def monitor_of(*events: Any) -> Monitor:
    """A monitor that has read some events, none of which is refused."""
    made = Monitor([find_force(FORCE)])
    refused = made.ingest(lines(events), FAR_FUTURE)
    assert not refused, refused
    return made


def test_no_example_is_refused_nor_has_a_value_that_the_force_does_not_know() -> None:
    monitor = monitor_of(*(event for events in EXAMPLES.values() for event in events))
    assert monitor.unknown() == {}


@pytest.mark.parametrize("kind", [*REGISTRY.kinds, "reading"])
def test_without_a_field_that_is_needed_an_event_is_refused_and_without_another_it_is_not(
    kind: str,
) -> None:
    for entry in dictionary(kind):
        event = next((e for e in EXAMPLES[kind] if entry.name in e), None)
        if event is None:  # a part of an object
            continue
        instead = entry.needed.rpartition("or with ")[2]
        left = {name: held for name, held in event.items() if name not in (entry.name, instead)}
        refused = Monitor([find_force(FORCE)]).ingest(lines([left]), FAR_FUTURE)
        assert bool(refused) == bool(entry.needed), (named(entry), refused)


# -- what a field feeds ------------------------------------------------------------------------


def figures(board: Board) -> dict[tuple[str, ...], object]:
    """Every figure of a board by table, measure and row."""
    found: dict[tuple[str, ...], object] = {}
    parts = {"now": board.now, **board.windows, **board.periods}
    for window, part in parts.items():
        for group in REGISTRY.groups:
            for row in (part.rows(group.name) or ()) if group.name in part.groups else ():
                place = tuple(row.dimension_of(name) for name in row.place)
                for measure in group.measures:
                    if hasattr(row, measure.name):
                        figure = row.figure_of(measure.name)
                        found[(group.name, measure.name, window, *place)] = figure
    return found


def without(event: Any, path: str) -> Any:
    """An event without a field, or without a part of every object of one; None where it has none,
    or where the object can't be without it."""
    left = copy.deepcopy(event)
    whole, _, part = path.partition(".")
    if whole not in left:
        return None
    if not part:
        del left[whole]
        return left
    held = left[whole] if isinstance(left[whole], list) else [left[whole]]
    if not all(isinstance(each, dict) and part in each for each in held):
        return None
    for each in held:
        del each[part]
    return left


@pytest.mark.parametrize("kind", REGISTRY.kinds)
def test_a_field_changes_no_measure_but_those_that_it_is_said_to_feed(kind: str) -> None:
    """Each field of each example is left out in turn, beside copies that have all of them."""
    copies = [dict(event, id=f"copy-{n}") for n, event in enumerate(EXAMPLES[kind])]
    own = [entry for entry in dictionary(kind) if entry.feeds.figures or not entry.feeds.otherwise]
    tried = set()
    for event in EXAMPLES[kind]:
        before = figures(monitor_of(*copies, event).board(FORCE, AT, PERIODS))
        for entry in own:
            left = without(event, entry.name)
            if left is None or entry.needed:
                continue
            after = figures(monitor_of(*copies, left).board(FORCE, AT, PERIODS))
            changed = {
                key[:2] for key in before.keys() | after.keys() if before.get(key) != after.get(key)
            }
            claimed = {(table, name) for table, ms_ in entry.feeds.figures.items() for name in ms_}
            assert changed <= claimed, named(entry)
            if changed:
                tried.add(entry.name)
    assert len(tried) >= 6


def test_a_field_that_only_one_table_reads_feeds_nothing_else() -> None:
    found = entry_of("call", "resolved").feeds
    assert found.figures == {"contacts": ["resolved", "resolved_share"]}
    assert (found.every, found.tiles, found.alerts, found.dashboards) == (
        False,
        [],
        [],
        ["volumes"],
    )


def test_the_time_by_which_records_are_counted_feeds_every_figure_of_them() -> None:
    assert feeds_in_words(entry_of("call", "offered_at")) == (
        "every figure of calls; tiles `waiting`, `in_time`, `ahead`; alerts "
        "`exceptional_volume`, `level_change`, `target_missed`, `callers_waiting`"
    )


def test_times_of_units_feed_what_the_times_of_the_incident_do() -> None:
    own, units = entry_of("incident", "arrived_at"), entry_of("incident", "units.arrived_at")
    assert own.feeds == units.feeds


def test_who_is_in_a_record_feeds_the_indicators_that_count_people() -> None:
    assert entry_of("call", "caller").feeds.people == [
        "callers",
        "repeat_callers",
        "repeat_callers_3plus_calls",
        "repeat_callers_6plus_calls",
        "repeat_callers_10plus_calls",
    ]


def test_totals_of_calls_feed_figures_and_no_alert() -> None:
    found = entry_of("reading", "counts.within").feeds
    assert found.figures == {"calls": ["answered_within", "service_level"]}
    assert (found.tiles, found.alerts) == (["in_time"], [])


def test_the_examples_stand_on_the_page_as_lines_that_can_be_fed() -> None:
    block = page().partition("## heartbeat")[2].partition("```\n")[2].partition("```")[0]
    assert [json.loads(line) for line in block.splitlines()] == list(EXAMPLES["heartbeat"])

"""The examples of TOML in the pages can be copied as they stand, each into a file that they fit."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from msgspec import inspect

from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import check_force, find_force, shipped_force_text
from streams.config.schema import ForceFile
from streams.errors import ConfigError
from streams.outputs.report.comments import load_comments
from streams.outputs.report.layout import parse_layout
from streams.registry.affected import unknown_fields, unknown_names
from streams.registry.targets import measure_problems
from streams.sources.mapping.file import parse_mapping
from tests.build import ms

DOCS = Path(__file__).parents[3] / "docs"
ELSEWHERE = {
    "backtest": "tests/unit/cli/test_backtest_examples.py",
    "sign-in": "tests/unit/outputs/sign_in/test_sign_in.py",
}
"""Pages whose examples another test reads."""
SURVEYS = '[[readings]]\nname = "satisfaction_hate"\ntitle = "Satisfaction"\nunit = "percent"\n'


class Example(NamedTuple):
    """A block of a page."""

    page: str
    number: int
    text: str


def blocks() -> Iterator[Example]:
    for path in sorted(DOCS.glob("*.md")):
        found = re.findall(
            r"^```toml\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
        for number, text in enumerate(found, start=1):
            yield Example(path.stem, number, text)


EVERY = list(blocks())
OF_MAPPINGS = [e for e in EVERY if e.page == "sources"]
OF_REPORTS = [e for e in EVERY if e.page == "report"]
OTHERS = {"sources", "report", *ELSEWHERE}
OF_FORCES = [e for e in EVERY if e.page not in OTHERS]


def named(example: Example) -> str:
    return f"{example.page}-{example.number}"


def test_the_pages_whose_examples_another_test_reads_have_some() -> None:
    assert {e.page for e in EVERY} >= ELSEWHERE.keys()
    for path in ELSEWHERE.values():
        assert "```toml" in (DOCS.parent / path).read_text("utf-8")


# -- a force's file ----------------------------------------------------------------------------


def written(value: Any) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {written(each)}' for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    return f'"{value}"' if isinstance(value, str) else str(value)


def merged(whole: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """A force's file with an example in it: of tables with an id the one of that id is replaced,
    with what the example leaves out."""
    made = dict(whole)
    for key, value in example.items():
        there = whole.get(key)
        if key in {"areas", "lines"}:
            ids = [each["id"] for each in value]
            own = {each["id"]: each for each in there or []}
            kept = [each for each in there or [] if each["id"] not in ids]
            made[key] = [*kept, *({**own.get(each["id"], {}), **each} for each in value)]
        elif isinstance(value, dict) and isinstance(there, dict):
            made[key] = {**there, **value}
        else:
            made[key] = value
    return made


def shipped_needs() -> set[str]:
    """The settings that every file has to have: an example with all of them is a whole file."""
    return {each.encode_name for each in msgspec.structs.fields(ForceFile) if each.required}


def problems_in(force_id: str, example: Example, folder: Path) -> list[ConfigError]:
    """All that is wrong with the file of a shipped force that has an example in it."""
    (folder / "surveys.toml").write_text(SURVEYS, "utf-8")
    found = tomllib.loads(example.text)
    shipped = tomllib.loads(shipped_force_text(force_id))
    whole = found if found.keys() >= shipped_needs() else merged(shipped, found)
    text = "".join(f"{key} = {written(value)}\n" for key, value in whole.items())
    force, problems = check_force(text, str(folder / "mine.toml"))
    if force is None:
        return problems
    return [*unknown_names(force), *unknown_fields(force), *measure_problems(force)]


@pytest.mark.parametrize("example", OF_FORCES, ids=named)
def test_an_example_of_a_force_file_is_fine_in_one(example: Example, tmp_path: Path) -> None:
    of_west_mercia = "telford-wrekin" in example.text
    assert problems_in("west-mercia" if of_west_mercia else "warwickshire", example, tmp_path) == []


def settings(shape: inspect.Type, before: str = "") -> Iterator[str]:
    """The path of every setting of a force's file: `lines.targets.since`."""
    match shape:
        case inspect.StructType(fields=fields):
            for field in fields:
                yield before + field.encode_name
                yield from settings(field.type, f"{before}{field.encode_name}.")
        case inspect.UnionType(types=types):
            for each in types:
                yield from settings(each, before)
        case inspect.Metadata(type=inner):
            yield from settings(inner, before)
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            yield from settings(inner, before)
        case inspect.DictType(value_type=inner):
            yield from settings(inner, f"{before}*.")


def set_in(value: Any, before: str = "") -> Iterator[str]:
    """The paths of the settings that a file has."""
    if isinstance(value, dict):
        for key, each in value.items():
            for name in (key, "*"):
                yield before + name
                yield from set_in(each, f"{before}{name}.")
    elif isinstance(value, list):
        for each in value:
            yield from set_in(each, before)


NO_EXAMPLE = {
    "alerts.factors": "`watchroom calibrate` prints them",
    "alerts.quiet_hours": "as that of notices",
    "alerts.weights": "as those that are there",
    "readings.charts": "as a chart of an indicator: docs/figures.md",
    "readings.share_of": "as an indicator has it",
    "readings.targets": "as [[targets]], without the indicator",
    "alerts.maintenance.areas": "as those of an event",
}
"""Settings of which no example stands in the pages, and why."""


def test_every_setting_of_a_force_file_stands_in_an_example_of_a_page() -> None:
    every = set(settings(inspect.type_info(ForceFile)))
    shown = {path for e in EVERY for path in set_in(tomllib.loads(e.text))}
    missing = {
        path
        for path in every - shown
        if not any(f"{path}.".startswith(f"{known}.") for known in NO_EXAMPLE)
    }
    assert missing == set()


# -- a mapping ---------------------------------------------------------------------------------

INCIDENT = {
    "kind": "incident",
    "fields": {
        "opened_at": {"column": "Opened"},
        "arrived_at": {"column": "Arrived"},
        "closed_at": {"column": "Closed"},
        "cancelled": {"column": "Cancelled"},
        "category": {"column": "Type"},
    },
}
CRIME = {
    "kind": "crime",
    "fields": {"recorded_at": {"column": "Recorded"}, "offence": {"column": "Offence"}},
}
CALL = {"kind": "call", "fields": {"line": {"column": "Queue"}}}
REST = {"fields.victims": CRIME, "states": CALL, "merge": INCIDENT}
"""The rest of a mapping of which the page has only what it is about, by what that has."""


def rest_of(example: dict[str, Any]) -> dict[str, Any]:
    """What an example leaves out; nothing of a mapping that is whole."""
    if "kind" in example:
        return {}
    has = {*example, *(f"fields.{name}" for name in example.get("fields", ()))}
    rest = next(rest for what, rest in REST.items() if what in has)
    return {"timezone": "Europe/London", "id": "No", **rest}


@pytest.mark.parametrize("example", OF_MAPPINGS, ids=named)
def test_an_example_of_a_mapping_is_fine_in_one(example: Example) -> None:
    found = tomllib.loads(example.text)
    rest = rest_of(found)
    whole = {**rest, **found, "fields": {**rest.get("fields", {}), **found.get("fields", {})}}
    text = "".join(f"{key} = {written(value)}\n" for key, value in whole.items())
    assert parse_mapping(text).kind == whole["kind"]


# -- a report ----------------------------------------------------------------------------------


@pytest.mark.parametrize("example", OF_REPORTS, ids=named)
def test_an_example_of_a_report_is_fine(example: Example, tmp_path: Path) -> None:
    query = Query(Monitor([find_force("warwickshire")]), "warwickshire", ms("2018-01-01T00:00:00Z"))
    if example.text.startswith("[[comments]]"):
        path = tmp_path / "comments.toml"
        path.write_text(example.text, "utf-8")
        period, shown = query.stretch("2017-Q4"), list(query.indicators())
        written_of = tomllib.loads(example.text)["comments"]
        assert len(load_comments(path, query, period, shown)) == len(written_of)
    else:
        assert parse_layout(example.text, "layout.toml", query).title

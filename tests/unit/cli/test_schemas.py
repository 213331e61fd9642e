"""The JSON Schemas: current, and at least as strict as the monitor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from streams.cli.schemas import schema_texts
from streams.events.schema import json_schemas
from streams.registry.registry import REGISTRY
from tests.build import FAR_FUTURE, monitor

FOLDER = Path(__file__).parents[3] / "docs" / "schemas"

COMMON: dict[str, Any] = {"force": "tiny", "id": "a1", "updated_at": "2021-03-01T10:00:05+00:00"}
GOOD: dict[str, dict[str, Any]] = {
    "call": {**COMMON, "kind": "call", "line": "999", "offered_at": "2021-03-01T10:00:00Z"},
    "incident": {
        **COMMON,
        "kind": "incident",
        "opened_at": "2021-03",
        "grade": "emergency",
        "category": "asb.personal",
        "casualties": {"slight": 1},
    },
    "crime": {
        **COMMON,
        "kind": "crime",
        "recorded_at": "2021-02-28",
        "offence": "burglary.residential",
        "markers": ["hate"],
        "outcome": 18,
    },
    "reading": {
        **COMMON,
        "kind": "reading",
        "measure": "satisfaction",
        "period": "2021-Q1",
        "value": 71.5,
    },
    "heartbeat": {
        "kind": "heartbeat",
        "force": "tiny",
        "feed": "calls",
        "at": "2021-03-01T10:00:00Z",
    },
}
BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "a number for an id": ("call", {"id": 7}),
    "an empty id": ("call", {"id": ""}),
    "a negative version": ("call", {"version": -1}),
    "a date written the British way": ("incident", {"opened_at": "04/03/2021"}),
    "a thirteenth month": ("reading", {"period": "2021-13"}),
    "a day 32": ("reading", {"period": "2021-01-32"}),
    "an hour 24": ("reading", {"period": "2021-01-31T24"}),
    "a count of an unknown name": ("reading", {"value": None, "counts": {"offerd": 1}}),
    "a negative count": ("reading", {"value": None, "counts": {"offered": -1}}),
    "half a call": ("reading", {"value": None, "counts": {"offered": 0.5}}),
    "a heartbeat without a feed": ("heartbeat", {"feed": None}),
}
UNKNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "a grade that does not exist": ("incident", {"grade": "urgent"}),
    "a category in capitals": ("incident", {"category": "ASB"}),
    "a negative number of casualties": ("incident", {"casualties": {"slight": -1}}),
    "an outcome above 22": ("crime", {"outcome": 23}),
    "a marker that no force can declare": ("crime", {"markers": ["Hats"]}),
}


def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(json_schemas(REGISTRY.structs)[kind])


@pytest.mark.parametrize("name", sorted(schema_texts()))
def test_a_schema_file_is_current(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == schema_texts()[name]


def test_every_kind_has_a_file_and_no_file_is_left_over() -> None:
    assert sorted(file.name for file in FOLDER.iterdir()) == sorted(schema_texts())


@pytest.mark.parametrize("kind", sorted(json_schemas(REGISTRY.structs)))
def test_a_schema_is_a_valid_schema(kind: str) -> None:
    Draft202012Validator.check_schema(json_schemas(REGISTRY.structs)[kind])


@pytest.mark.parametrize("kind", sorted(GOOD))
def test_a_good_event_validates_and_is_taken(kind: str) -> None:
    validator(kind).validate(GOOD[kind])
    assert monitor().ingest(json.dumps(GOOD[kind]).encode(), FAR_FUTURE) == []


@pytest.mark.parametrize("fault", sorted(BAD))
def test_a_bad_event_neither_validates_nor_is_taken(fault: str) -> None:
    kind, change = BAD[fault]
    event = {**GOOD[kind], **change}
    assert not validator(kind).is_valid(event)
    assert len(monitor().ingest(json.dumps(event).encode(), FAR_FUTURE)) == 1


@pytest.mark.parametrize("fault", sorted(UNKNOWN))
def test_an_unknown_value_does_not_validate_and_the_record_is_taken_all_the_same(
    fault: str,
) -> None:
    kind, change = UNKNOWN[fault]
    event = {**GOOD[kind], **change}
    assert not validator(kind).is_valid(event)
    watched = monitor()
    assert watched.ingest(json.dumps(event).encode(), FAR_FUTURE) == []
    assert list(watched.unknown()[kind].fields.values()) == [1]

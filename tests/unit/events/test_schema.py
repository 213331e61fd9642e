"""The form of events: what older senders wrote is read, and what newer ones add is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events.lenient import read
from streams.events.schema import (
    EVENT_KINDS,
    Call,
    Casualties,
    Casualty,
    Crime,
    Incident,
    Person,
    Unit,
    decode,
    encode_event,
)
from tests.build import call, crime, incident, lines

FIRST_FORM = (
    Path(__file__).parents[2].joinpath("data/events/first_form.jsonl").read_bytes().splitlines()
)
"""Lines with every field that the first form of the events had."""


def decoded(record: dict[str, Any]) -> Any:
    return decode(lines([record]))


def kept(line: bytes) -> Any:
    """What a line says after it was decoded and written again."""
    return json.loads(encode_event(decode(line)))


@pytest.mark.parametrize("line", FIRST_FORM, ids=lambda line: json.loads(line).get("id", "beat"))
def test_a_line_of_the_first_form_is_read_with_everything_that_it_says(line: bytes) -> None:
    assert kept(line) == json.loads(line)


def test_the_first_form_had_every_kind() -> None:
    assert {json.loads(line)["kind"] for line in FIRST_FORM} == EVENT_KINDS.keys()


def _some_fields(line: bytes) -> st.SearchStrategy[dict[str, Any]]:
    """The record of a line with any of the fields that it need not have."""
    record = json.loads(line)
    struct = EVENT_KINDS[record["kind"]]
    needed = {f.encode_name for f in msgspec.structs.fields(struct) if f.required} | {"kind"}
    others = sorted(record.keys() - needed)
    return st.sets(st.sampled_from(others) if others else st.nothing()).map(
        lambda names: {k: v for k, v in record.items() if k in needed or k in names}
    )


@given(record=st.sampled_from(FIRST_FORM).flatmap(_some_fields), more=st.integers())
def test_a_record_of_the_first_form_says_the_same_whatever_it_leaves_out_or_adds(
    record: dict[str, Any], more: int
) -> None:
    newer = {**record, "a_field_of_a_later_form": more}
    assert kept(json.dumps(newer).encode()) == record


def test_a_crime_is_notifiable_and_an_incident_no_crime_where_nothing_is_said() -> None:
    assert decoded(crime("k1")).notifiable is True
    assert decoded(incident("i1")).crimed is False


def test_a_record_is_live_where_nothing_is_said() -> None:
    assert decoded(call("c1")).origin == "live"
    assert decoded(call("c1", origin="simulated")).origin == "simulated"


def test_a_contact_has_a_channel_a_caller_and_its_incident() -> None:
    made = decoded(call("c1", channel="webchat", caller="p7", incident_id="i9", resolved=True))
    assert isinstance(made, Call)
    assert (made.channel, made.caller, made.incident_id) == ("webchat", "p7", "i9")
    assert made.resolved is True


def test_an_incident_has_the_times_of_each_unit() -> None:
    times = {"dispatched_at": "2021-03-01T10:02:00Z", "cleared_at": "2021-03-01T11:00:00Z"}
    made = decoded(incident("i1", units=[{"id": "NA21", **times}, {"id": "NA22"}]))
    assert isinstance(made, Incident)
    assert [unit.id for unit in made.units] == ["NA21", "NA22"]
    assert made.units[0].arrived_at is None
    assert made.units[1] == Unit(id="NA22")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ({"serious": 2}, Casualties(serious=2)),
        ([], ()),
        (
            [{"severity": "fatal", "road_user": "cyclist"}, {"severity": "slight"}],
            (Casualty(severity="fatal", road_user="cyclist"), Casualty(severity="slight")),
        ),
        (None, None),
    ],
)
def test_casualties_are_a_list_or_three_counts(written: object, read_as: object) -> None:
    assert decoded(incident("i1", casualties=written)).casualties == read_as


def test_a_crime_has_a_code_an_incident_and_a_series() -> None:
    made = decoded(crime("k1", offence_code="8/6", incident_id="i9", series="S1", notifiable=False))
    assert isinstance(made, Crime)
    assert (made.offence_code, made.incident_id, made.series) == ("8/6", "i9", "S1")
    assert made.notifiable is False


@pytest.mark.parametrize(
    ("record", "field", "value"),
    [
        (call("c1", channel="fax"), "channel", "fax"),
        (call("c1", caller=7), "caller", None),
        (call("c1", incident_id=7), "incident_id", "7"),
        (call("c1", resolved="perhaps"), "resolved", "perhaps"),
        (incident("i1", crimed="no"), "crimed", "no"),
        (incident("i1", casualties=[{"severity": "dead"}]), "casualties", None),
        (crime("k1", notifiable=1), "notifiable", "1"),
        (crime("k1", offence_code=8), "offence_code", "8"),
        (crime("k1", incident_id=[]), "incident_id", "a list"),
        (crime("k1", series=""), "series", ""),
    ],
)
def test_an_unknown_value_of_a_new_field_loses_no_record(
    record: dict[str, Any], field: str, value: str | None
) -> None:
    found = read(lines([record]))
    assert found.unknown == [(field, value)]
    del record[field]
    found_without = read(lines([record]))
    expected = getattr(found_without.event, field)
    assert getattr(found.event, field) == (() if field == "casualties" else expected)


def test_of_a_casualty_of_an_unknown_road_user_the_severity_counts() -> None:
    hurt = [{"severity": "serious", "road_user": "skater"}, {"severity": "fatal"}]
    found = read(lines([incident("i1", casualties=hurt)]))
    assert isinstance(found.event, Incident)
    assert found.event.casualties == (Casualty(severity="serious"), Casualty(severity="fatal"))
    assert found.unknown == [("casualties", None)]


def test_of_a_person_whose_age_is_not_understood_it_is_known_who_it_is() -> None:
    found = read(lines([incident("i1", persons=[{"id": "p1", "age_under_18": "old"}])]))
    assert isinstance(found.event, Incident)
    assert found.event.persons == (Person(id="p1"),)


def test_of_a_unit_whose_arrival_is_no_time_the_rest_is_taken() -> None:
    sent = {"dispatched_at": "2021-03-01T10:01:00Z", "arrived_at": "soon"}
    found = read(lines([incident("i1", units=[{"id": "NA21", **sent}, {"id": "NA22"}])]))
    assert isinstance(found.event, Incident)
    assert [(unit.id, unit.arrived_at) for unit in found.event.units] == [
        ("NA21", None),
        ("NA22", None),
    ]
    assert found.event.units[0].dispatched_at is not None
    assert found.unknown == [("units", "an object")]


def test_a_null_says_nothing() -> None:
    said: dict[str, Any] = {
        "cancelled": None,
        "deleted": None,
        "origin": None,
        "units": None,
        "markers": None,
    }
    found = read(lines([incident("i1", **said)]))
    assert found.event == read(lines([incident("i1")])).event
    assert found.unknown == []

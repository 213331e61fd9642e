"""Lists of objects: a row gives one unit or casualty, the rows of one id all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.errors import ConfigError
from streams.sources import open_source
from streams.sources.mapping.file import parse_mapping

UNITS = """
kind = "incident"
force = "f"
timezone = "UTC"
id = "Log"
constants = { category = "fire", grade = "emergency" }
merge = { units = "each" }
[fields.opened_at]
column = "Opened"
[fields."units.id"]
column = "Call sign"
[fields."units.dispatched_at"]
column = "Sent"
[fields."units.arrived_at"]
column = "At scene"
after = "units.dispatched_at"
[fields."units.cleared_at"]
column = "Free"
after = ["units.arrived_at", "units.dispatched_at"]
"""
LOG = """Log,Opened,Call sign,Sent,At scene,Free
1,2021-03-01T10:00:00Z,NA22,2021-03-01T10:03:00Z,10:20:00,11:00:00
1,2021-03-01T10:00:00Z,NA21,2021-03-01T10:02:00Z,,10:30:00
1,2021-03-01T10:00:00Z,,2021-03-01T10:02:00Z,,
2,2021-03-01T12:00:00Z,NA21,2021-03-01T12:02:00Z,12:09:00,
"""
COLLISIONS = """
kind = "incident"
force = "f"
timezone = "UTC"
id = "Log"
constants = { category = "road_collision.injury" }
merge = { casualties = "each" }
[fields.opened_at]
column = "Opened"
[fields."casualties.severity"]
column = "Severity"
values = { 1 = "fatal", 2 = "serious", 3 = "slight" }
[fields."casualties.road_user"]
column = "User"
values = { PED = "pedestrian", PASS = "car_passenger" }
default = "other"
"""


def read(path: Path, text: str, toml: str) -> tuple[dict[str, Any], list[str]]:
    path.write_text(text)
    with open_source(path, parse_mapping(toml)) as source:
        found = [msgspec.json.decode(line) for chunk in source for line in chunk.lines()]
    return {event["id"]: event for event in found}, source.warnings


def test_an_incident_has_each_unit_of_its_rows_with_its_times(tmp_path: Path) -> None:
    events, warnings = read(tmp_path / "log.csv", LOG, UNITS)
    assert events["1"]["units"] == [
        {
            "id": "NA21",
            "dispatched_at": "2021-03-01T10:02:00Z",
            "cleared_at": "2021-03-01T10:30:00Z",
        },
        {
            "id": "NA22",
            "dispatched_at": "2021-03-01T10:03:00Z",
            "arrived_at": "2021-03-01T10:20:00Z",
            "cleared_at": "2021-03-01T11:00:00Z",
        },
    ]
    assert warnings == [
        f"units was left out of 1 row without units.id, the first at {tmp_path / 'log.csv'}:4"
    ]


def test_a_unit_whose_times_stand_in_rows_of_their_own_is_one(tmp_path: Path) -> None:
    at = "2021-03-01T10:"
    rows = (f"NA22,{at}03:00Z,", f"NA22,,{at}20:00Z", f"NA22,{at}03:00Z,", f"NA21,,{at}25:00Z")
    again = f"NA22,{at}40:00Z,"  # it was sent twice
    log = "Log,Opened,Call sign,Sent,At scene,Free\n"
    log += "".join(f"1,{at}00:00Z,{row},\n" for row in (*rows, again))
    events, _ = read(tmp_path / "log.csv", log, UNITS)
    assert events["1"]["units"] == [
        {"id": "NA21", "arrived_at": f"{at}25:00Z"},
        {"id": "NA22", "dispatched_at": f"{at}03:00Z", "arrived_at": f"{at}20:00Z"},
        {"id": "NA22", "dispatched_at": f"{at}40:00Z"},
    ]


def test_the_latest_time_of_a_unit_says_how_late_the_record_is(tmp_path: Path) -> None:
    events, _ = read(tmp_path / "log.csv", LOG, UNITS)
    assert [events[log]["updated_at"] for log in "12"] == [
        "2021-03-01T11:00:00Z",
        "2021-03-01T12:09:00Z",
    ]


def test_the_order_of_the_rows_changes_nothing(tmp_path: Path) -> None:
    header, *rows = LOG.splitlines(keepends=True)
    turned = header + "".join(reversed(rows))
    assert read(tmp_path / "a.csv", LOG, UNITS)[0] == read(tmp_path / "b.csv", turned, UNITS)[0]


def test_casualties_that_are_alike_are_people_of_their_own(tmp_path: Path) -> None:
    text = (
        "Log,Opened,Severity,User\n"
        "7,2021-03-01T10:00:00Z,3,PASS\n7,2021-03-01T10:00:00Z,3,PASS\n"
        "7,2021-03-01T10:00:00Z,1,PED\n"
    )
    events, _ = read(tmp_path / "rtc.csv", text, COLLISIONS)
    assert events["7"]["casualties"] == [
        {"severity": "fatal", "road_user": "pedestrian"},
        {"severity": "slight", "road_user": "car_passenger"},
        {"severity": "slight", "road_user": "car_passenger"},
    ]


def test_a_row_alone_gives_a_list_of_one(tmp_path: Path) -> None:
    toml = COLLISIONS.replace('merge = { casualties = "each" }', "")
    text = "Log,Opened,Severity,User\n7,2021-03-01T10:00:00Z,2,CYC\n"
    events, _ = read(tmp_path / "rtc.csv", text, toml)
    assert events["7"]["casualties"] == [{"severity": "serious", "road_user": "other"}]


def test_a_severity_that_is_not_listed_is_unknown_and_the_incident_counts(tmp_path: Path) -> None:
    toml = COLLISIONS.replace('merge = { casualties = "each" }', "")
    text = "Log,Opened,Severity,User\n7,2021-03-01T10:00:00Z,9,PED\n"
    events, _ = read(tmp_path / "rtc.csv", text, toml)
    assert events["7"]["casualties"] == [{"severity": "9", "road_user": "pedestrian"}]


def test_a_time_that_is_due_lies_ahead_and_makes_the_record_no_later(tmp_path: Path) -> None:
    toml = (
        'kind = "incident"\nforce = "f"\ntimezone = "UTC"\nid = "no"\n'
        'constants = { category = "other" }\n[fields.opened_at]\ncolumn = "at"\n'
        '[fields.recontact_due_at]\ncolumn = "due"\n'
    )
    text = "no,at,due\n1,2021-03-01T10:00:00Z,2121-03-01T22:00:00Z\n"
    events, _ = read(tmp_path / "due.csv", text, toml)
    assert events["1"]["recontact_due_at"] == "2121-03-01T22:00:00Z"
    assert events["1"]["updated_at"] == "2021-03-01T10:00:00Z"


@pytest.mark.parametrize(
    ("toml", "field", "problem"),
    [
        (
            UNITS.replace('units = "each"', 'units = "first"'),
            "merge.units",
            "every row has one of the units",
        ),
        (
            UNITS.replace('units = "each"', 'opened_at = "each"'),
            "merge.opened_at",
            '"each" is for lists',
        ),
        (
            UNITS.replace('[fields."units.id"]\ncolumn = "Call sign"\n', ""),
            "merge.units",
            '"units" is no field of this mapping',
        ),
        (
            COLLISIONS + '[fields."casualties.fatal"]\ncolumn = "Dead"\n',
            "fields.casualties.road_user",
            "casualties.fatal counts casualties, and casualties.road_user is of one of them",
        ),
        (
            UNITS.replace('grade = "emergency"', '"units.id" = "NA1"')
            .replace('[fields."units.id"]\ncolumn = "Call sign"\n', "")
            .replace('merge = { units = "each" }', ""),
            "constants.units.id",
            "no constant",
        ),
    ],
)
def test_what_can_be_no_list_is_an_error(toml: str, field: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        parse_mapping(toml)
    assert caught.value.field == field

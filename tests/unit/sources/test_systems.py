"""The examples of source systems (`examples/systems/`): what they count is what their rows say.

The figures were counted from the rows by a script that knows no mapping.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams import Monitor, find_force, open_source, play
from streams.board.query import Query
from streams.sources import Source
from streams.sources.mapping.pseudonyms import VARIABLE

SYSTEMS = Path(__file__).parents[3] / "examples" / "systems"
KEY = "a key that only the tests have, 0123456789"
FORCES = [find_force("warwickshire"), find_force("west-mercia")]

TELEPHONY = "telephony/calls.csv"
LOGS = "command_and_control_until_2020/logs.csv"
STATES = "command_and_control_from_2020/events.csv"
UPDATES = "crimes_until_2017/crimes.csv"
NOMINALS = "crimes_from_2017/crimes.txt"
REPORTS = "missing_persons/reports.csv"
CASUALTIES = "collisions/casualties.csv"
ANSWERS = "surveys/answers.csv"
CONFIDENCE = "surveys/confidence.csv"
COMPLAINTS = "complaints/cases.csv"
ABSENCE = "personnel/absence.csv"
LICENSING = "firearms_licensing/month_end.csv"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)


def source(export: str, mapping: str = "mapping") -> Source:
    path = SYSTEMS / export
    return open_source(str(path), path.with_name(f"{mapping}.toml"), FORCES[0])


def played(*sources: Source) -> Monitor:
    """A monitor that has counted all rows, none of which is refused."""
    monitor = Monitor(FORCES)
    for each in sources:
        assert list(play(monitor, each)) == []
    return monitor


def asked(force: str, *sources: Source) -> Query:
    return Query(played(*sources), force)


def values(query: Query, period: str, *names: str, area: str = "force") -> list[float | None]:
    return [query.figure(name, period, area).value for name in names]


def parts(query: Query, name: str, period: str) -> tuple[float | None, int | None]:
    """Of a share what is divided and by what; of a mean the seconds and how many there are."""
    found = query.figure(name, period)
    return found.numerator, found.denominator


def events(of: Source) -> list[dict[str, Any]]:
    """The events that the rows become, one a record, but for those that count nowhere."""
    lines = (msgspec.json.decode(line) for chunk in of for line in chunk.lines())
    return [each for each in lines if not (each.get("cancelled") or each.get("deleted"))]


# --- records --------------------------------------------------------------------------------------


def test_telephony() -> None:
    query = asked("west-mercia", source(TELEPHONY))
    day = "2020-10-25"
    assert values(query, day, "calls_999", "calls_101") == [12, 12]
    assert parts(query, "answered_999_within_10s", day) == (9, 12)
    assert parts(query, "answered_101_within_30s", day) == (6, 12)
    assert parts(query, "abandoned_101", day) == (4, 12)
    assert parts(query, "calls.answer_mean{line=999}", day) == (106, 11)
    # Nothing says in which of the two hours from 01:00 on it came; its id puts it in the second.
    assert values(query, "2020-10-25T01+01:00", "calls_999") == [0]
    assert values(query, "2020-10-25T01+00:00", "calls_999") == [1]
    assert parts(query, "calls_resolved_at_first_contact", day) == (4, 8)
    assert parts(query, "call_handling_time", day) == (5645, 19)
    assert parts(query, "call_wrap_up_time", day) == (915, 19)
    assert parts(query, "national_999_mean_answer", day) == (152, 11)
    assert parts(query, "national_999_answered_under_10s", day) == (4, 11)


def test_command_and_control_until_2020() -> None:
    query = asked("west-mercia", source(LOGS))
    month = "2016-11"
    assert values(query, month, "incidents", "emergency_incidents", "asb", "asb_personal") == [
        20, 7, 9, 5,
    ]  # fmt: skip
    assert values(query, month, "incidents", area="shropshire") == [5]
    assert parts(query, "attended_within_20min", month) == (4, 6)
    assert parts(query, "mean_response_time", month) == (6040, 6)
    assert values(query, month, "attendance.never_attended") == [1]
    marked = ("crimed", "domestic_abuse", "hate_racial")
    assert values(query, month, *(f"crimed_incidents.{each}" for each in marked)) == [3, 1, 1]


def test_the_first_unit_at_the_scene_after_midnight_is_the_arrival() -> None:
    query = asked("west-mercia", source(LOGS))
    assert values(query, "2016-11-05", "mean_response_time") == [1317]  # 23:52:10 to 00:14:07


def test_command_and_control_from_2020() -> None:
    query = asked("west-mercia", source(STATES))
    month = "2020-08"
    assert values(query, month, "incidents", "emergency_incidents", "asb") == [11, 7, 3]
    assert values(query, month, "emergency_incidents", area="worcester") == [2]  # one was raised
    assert parts(query, "attended_within_20min", month) == (3, 6)
    assert parts(query, "mean_response_time", month) == (7338, 6)
    assert values(query, "2020-08-01", "incidents") == [2]  # one opened at 23:30 UTC
    sent = {each["id"]: each.get("units", ()) for each in events(source(STATES))}
    assert sum(map(len, sent.values())) == 14
    assert sent["SAF-170820-0104"][1] == {
        "id": "WM35",
        "dispatched_at": "2020-08-17T14:16:26Z",
        "arrived_at": "2020-08-17T14:30:07Z",
    }


def test_crimes_until_2017() -> None:
    monitor = played(source(UPDATES))
    quarter = "2017-Q3"
    query = Query(monitor, "warwickshire")
    marked = ("recorded", "domestic_abuse", "hate_racial", "child_at_risk")
    assert values(query, quarter, *(f"markers.{each}" for each in marked)) == [19, 3, 1, 2]
    assert values(query, quarter, "residential_burglary_all", "rape") == [2, 2]
    assert values(query, quarter, "offences_outcomed", "action_taken_outcomes") == [9, 3]
    assert parts(query, "outcome_rate", quarter) == (12, 19)
    query = Query(monitor, "west-mercia")
    assert values(query, quarter, "total_recorded_crime", "markers.cyber") == [10, 2]
    assert values(query, quarter, "violence_with_injury", "vehicle_offences") == [2, 1]
    assert values(query, quarter, "offences_outcomed", "action_taken_outcomes") == [4, 1]


def test_crimes_from_2017() -> None:
    query = asked("warwickshire", source(NOMINALS))
    quarter = "2017-Q4"
    marked = ("recorded", "domestic_abuse", "hate_racial", "cse", "cyber", "alcohol")
    assert values(query, quarter, *(f"markers.{each}" for each in marked)) == [22, 4, 1, 1, 2, 3]
    assert values(query, quarter, "residential_burglary_all", "violence_without_injury") == [3, 6]
    assert values(query, quarter, "offences_outcomed", "outcome_14", "outcome_18") == [7, 2, 3]
    assert values(query, quarter, "action_taken_outcomes", "victims") == [2, 13]


def test_a_victim_is_known_again_across_a_change_of_system() -> None:
    december = "2017-12", "victims", "repeat_victims"
    assert values(asked("warwickshire", source(NOMINALS)), *december) == [6, 2]
    both = asked("warwickshire", source(UPDATES), source(NOMINALS))
    assert values(both, *december) == [6, 5]


def test_missing_persons() -> None:
    query = asked("warwickshire", source(REPORTS))
    missing = "incidents.count{category=missing_person}"
    assert values(query, "2017-11", missing) == [25]
    assert values(query, "2017-11", missing, area="rugby") == [4]
    people = [person for each in events(source(REPORTS)) for person in each["persons"]]
    assert sum(person.get("age_under_18", False) for person in people) == 15
    assert sum(person.get("in_care", False) for person in people) == 8
    assert (len(people), len({person["id"] for person in people})) == (25, 13)


def test_collisions() -> None:
    query = asked("warwickshire", source(CASUALTIES))
    kinds = ("road_collision.injury", "road_collision.damage")
    names = (f"incidents.count{{category={kind}}}" for kind in kinds)
    assert values(query, "2017-Q4", *names) == [17, 1]
    hurt = [one for each in events(source(CASUALTIES)) for one in each.get("casualties", ())]
    assert Counter(one["severity"] for one in hurt) == {"fatal": 2, "serious": 10, "slight": 15}
    assert Counter(one["road_user"] for one in hurt) == {
        "pedestrian": 7, "motorcyclist": 5, "car_driver": 4, "car_passenger": 4,
        "mobility_scooter": 4, "goods_vehicle": 3,
    }  # fmt: skip


# --- readings -------------------------------------------------------------------------------------


def test_surveys() -> None:
    query = asked("warwickshire", source(ANSWERS, "answers"), source(CONFIDENCE, "confidence"))
    whole = "victim_satisfaction_whole_experience"
    assert parts(query, whole, "R6-2016-09") == (378, 487)  # of both areas
    assert parts(query, "hate_crime_victim_satisfaction", "R6-2016-09") == (41, 52)
    year = "R12-2016-06"
    assert values(query, year, "confidence_in_police", "confidence_in_police_national") == [
        pytest.approx(0.786), pytest.approx(0.764),
    ]  # fmt: skip


def test_complaints() -> None:
    mappings = ("recorded_in_10_days", "finalised_in_120_days")
    query = asked("warwickshire", *(source(COMPLAINTS, each) for each in mappings))
    assert parts(query, "complaints_recorded_within_10_days", "2017-04") == (5, 10)
    assert parts(query, "complaints_recorded_within_10_days", "2017-Q2") == (19, 27)
    assert parts(query, "complaints_finalised_within_120_days", "2017-Q3") == (12, 15)


def test_personnel() -> None:
    query = asked("warwickshire", source(ABSENCE, "absence"), source(ABSENCE, "strength"))
    assert parts(query, "sickness_officers", "2017-05") == (1201.14, 18818)
    assert parts(query, "sickness_staff", "2017-09") == (428.25, 7886)
    assert values(query, "2017-04", "police_officers_actual") == [158]
    assert values(query, "2017-09", "police_officers_actual") == [152.25]


def test_firearms_licensing() -> None:
    mappings = ("pending", "received", "renewals", "temporary_permits")
    query = asked("warwickshire", *(source(LICENSING, each) for each in mappings))
    held = ("firearms_applications_pending", "firearms_temporary_permits_held")
    assert values(query, "2017-Q4", *held) == [912, 10]  # at its end
    came = ("firearms_applications_received", "firearms_renewal_applications")
    assert values(query, "2017-Q4", *came) == [580, 451]
    assert values(query, "2017-09", *held, *came) == [856, 13, 203, 142]


# --- people ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("export", "mapping", "columns"),
    [
        (TELEPHONY, "mapping", ["CLI"]),
        (UPDATES, "mapping", ["Victim nominals", "Offender nominals"]),
        (NOMINALS, "mapping", ["Nominal", "Date of birth"]),
        (REPORTS, "mapping", ["Person"]),
        (COMPLAINTS, "recorded_in_10_days", ["Complainant", "Officer"]),
        (COMPLAINTS, "finalised_in_120_days", ["Complainant", "Officer"]),
    ],
)
def test_nothing_that_says_who_somebody_is_reaches_an_event(
    export: str, mapping: str, columns: list[str]
) -> None:
    people = people_of(SYSTEMS / export, columns)
    written = b"".join(line for chunk in source(export, mapping) for line in chunk.lines())
    assert written
    assert [each for each in people if each.encode() in written] == []


def people_of(export: Path, columns: list[str]) -> set[str]:
    """All that stands in some columns of an export, one by one, without blanks and letters too."""
    lines = export.read_text().splitlines()
    header = next(n for n, line in enumerate(lines) if columns[0] in line)
    delimiter = next(mark for mark in "\t;," if mark in lines[header])
    cells = {
        part.strip()
        for row in csv.DictReader(lines[header:], delimiter=delimiter)
        for column in columns
        for part in (row[column] or "").split(";")
    }
    cells -= {"", "UNKNOWN", "WITHHELD"}
    assert len(cells) > 5
    return cells | {cell.replace(" ", "") for cell in cells} | {cell.lstrip("N") for cell in cells}

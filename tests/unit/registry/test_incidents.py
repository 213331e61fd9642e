"""What is counted of incidents besides response: the segments of the way to the close, which share
of emergencies was attended in time, deployment, missing persons and road casualties."""

from __future__ import annotations

from typing import Any

import pytest

from streams.board.definitions import definitions
from streams.board.query import Query
from streams.config.force import Force, check_force
from streams.fold.gaps import empty_runs
from streams.periods import MINUTE
from streams.registry.incidents import INCIDENT
from streams.surveillance.series import RowReader, watch_list
from tests.build import TINY_FORCE, as_json, feed, incident, monitor, ms, row, tiny_force

AT = ms("2021-03-02T12:00:00Z")
DAY = "2021-03-01"


def at(minutes: float) -> str:
    """So many minutes after ten o'clock."""
    hours, rest = divmod(minutes, 60)
    return f"2021-03-01T{10 + int(hours):02d}:{int(rest):02d}:{round(rest % 1 * 60):02d}Z"


def asked(*records: dict[str, Any], force: Force | None = None) -> Query:
    watched = monitor(force)
    feed(watched, *records)
    return Query(watched, "tiny", AT)


def force_that_chose(in_time: str) -> Force:
    text = TINY_FORCE.replace("[attendance]", f'[attendance]\nin_time = "{in_time}"')
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    return force


def value(query: Query, address: str) -> float | None:
    return query.figure(address, DAY).value


def test_every_segment_runs_between_two_known_times() -> None:
    query = asked(
        incident(
            "1", at(0), graded_at=at(1), dispatched_at=at(3), arrived_at=at(13), closed_at=at(43)
        ),
        incident("2", at(0), graded_at=at(3), dispatched_at=at(9), arrived_at=at(19)),
        incident("3", at(0), graded_at=at(2)),
        incident("4", at(0)),
    )
    assert value(query, "segments.to_grade_mean") == 120.0
    assert value(query, "segments.to_grade_median") == 120.0
    assert value(query, "segments.to_dispatch_mean") == 240.0
    assert value(query, "segments.travel_p90") == 600.0
    assert value(query, "segments.scene_mean") == 1800.0
    assert value(query, "attendance.response_mean") == 960.0


def test_a_segment_is_by_grade() -> None:
    query = asked(
        incident("1", at(0), graded_at=at(1)),
        incident("2", at(0), grade="priority", graded_at=at(5)),
    )
    assert value(query, "segments.to_grade_mean{grade=priority}") == 300.0


def test_units_give_the_first_dispatch_where_none_is_named() -> None:
    units = [
        {"id": "A1", "dispatched_at": at(4), "arrived_at": at(10)},
        {"id": "A2", "dispatched_at": at(2), "arrived_at": at(12)},
    ]
    query = asked(incident("1", at(0), graded_at=at(1), units=units, updated_at=at(20)))
    assert value(query, "segments.to_dispatch_mean") == 60.0
    assert value(query, "segments.travel_mean") == 480.0


@pytest.mark.parametrize("wrong", ["2021-03-01T09:00:00Z", "2021-03-09T10:00:00Z"])
def test_an_impossible_time_loses_its_segment_and_not_the_incident(wrong: str) -> None:
    record = incident("1", at(0), arrived_at=at(10), updated_at=at(20))
    query = asked({**record, "graded_at": wrong, "dispatched_at": wrong})
    assert value(query, "attendance.response_mean") == 600.0
    assert value(query, "segments.to_grade_mean") is None
    assert value(query, "segments.travel_mean") is None


def test_an_incident_known_to_the_day_has_no_time_to_grade() -> None:
    query = asked(incident("1", "2021-03-01", graded_at=at(5), updated_at=at(6)))
    assert value(query, "segments.incidents") == 1
    assert value(query, "segments.to_grade_mean") is None


TEN = [
    *(incident(f"in{n}", at(0), arrived_at=at(20)) for n in range(2)),
    *(incident(f"ended{n}", at(0), arrived_at=at(5), closed_at=at(30)) for n in range(2)),
    incident("late", at(0), arrived_at=at(20.5), closed_at=at(40)),
    *(incident(f"never{n}", at(0), closed_at=at(50)) for n in range(3)),
    incident("sent", at(0), dispatched_at=at(2)),
    incident("open", at(0)),
    incident("cancelled", at(0), closed_at=at(9), cancelled=True),
]
"""Four attended in time, one late, three never, one on the way, one that waits."""


@pytest.mark.parametrize(
    ("in_time", "of"),
    [
        ("of_attended", (4, 5)),
        ("of_attended_and_never", (4, 8)),
        ("of_deployed", (4, 6)),
        ("of_not_cancelled", (4, 10)),
        ("of_all_opened", (4, 11)),
    ],
)
def test_the_force_chooses_what_attended_in_time_is_a_share_of(
    in_time: str, of: tuple[int, int]
) -> None:
    query = asked(*TEN, force=force_that_chose(in_time))
    found = query.figure("attended_within_20min", DAY)
    assert (found.numerator, found.denominator) == of
    board = query.monitor.board("tiny", ms("2021-03-01T23:00:00Z"))
    whole = row(board, "today", "attendance", area="force")
    assert (whole["within"]["numerator"], whole["within"]["denominator"]) == of


@pytest.mark.parametrize("old", ["of_opened", "of_ended"])
def test_a_definition_of_another_name_is_refused_with_the_names_that_there_are(old: str) -> None:
    text = TINY_FORCE.replace("[attendance]", f'[attendance]\nin_time = "{old}"')
    force, problems = check_force(text, "tiny.toml")
    assert force is None
    assert str(problems[0]) == (
        f"tiny.toml:25 [attendance.in_time]: Invalid enum value '{old}'. Use one of: of_attended, "
        "of_attended_and_never, of_deployed, of_not_cancelled, of_all_opened"
    )


def test_of_all_opened_also_those_are_counted_that_are_cancelled_later() -> None:
    query = asked(
        incident("1", at(0), arrived_at=at(5)),
        incident("2", at(0)),
        incident("2", at(0), cancelled=True, updated_at="2021-03-02T11:00:00Z"),
        incident("3", at(0), deleted=True, updated_at=at(9)),
        force=force_that_chose("of_all_opened"),
    )
    found = query.figure("attended_within_20min", DAY)
    assert (found.numerator, found.denominator) == (1, 2)


def test_of_all_opened_each_grade_with_a_target_has_its_own() -> None:
    query = asked(
        incident("1", at(0), arrived_at=at(5)),
        incident("2", at(0), cancelled=True),
        incident("3", at(0), grade="priority", cancelled=True),
        force=force_that_chose("of_all_opened"),
    )
    found = query.figure("attendance_by_grade.within{grade=emergency}", DAY)
    assert (found.numerator, found.denominator) == (1, 2)
    found = query.figure("attendance_by_grade.within{grade=priority}", DAY)
    assert (found.numerator, found.denominator) == (0, 0)  # no target


def rows_with(in_time: str, *records: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows of a day, by table, but for those of the whole force."""
    query = asked(*records, force=force_that_chose(in_time))
    sent = as_json(query.monitor.board("tiny", ms("2021-03-01T23:00:00Z")))
    tables = sent["windows"]["today"]
    return {
        name: [row for row in rows if row["area"] != "force"]
        for name, rows in tables.items()
        if isinstance(rows, list)
    }


COUNTED = incident("1", at(0), category="missing_person", area="north")
CANCELLED = {**COUNTED, "cancelled": True}


def test_a_cancelled_incident_has_no_row() -> None:
    assert any(rows_with("of_not_cancelled", COUNTED).values())
    assert not any(rows_with("of_not_cancelled", CANCELLED).values())


def test_a_cancelled_emergency_has_a_row_where_it_is_in_a_share() -> None:
    rows = rows_with("of_all_opened", CANCELLED)
    assert {name for name, some in rows.items() if some} == {"attendance", "attendance_by_grade"}
    assert rows["attendance"][0]["within"] == {
        "value": 0.0, "numerator": 0, "denominator": 1, "small": True
    }  # fmt: skip


def test_a_cancelled_incident_is_a_sign_that_the_feed_lives() -> None:
    watched = monitor()
    feed(watched, CANCELLED)
    ledger = watched.ledger("incident", "tiny")
    assert ledger is not None
    assert not empty_runs(ledger.panes, ms(at(0)), ms(at(1)), MINUTE)


def test_of_a_series_with_nothing_but_cancelled_incidents_no_watch_begins() -> None:
    force = tiny_force()
    listed = list(watch_list(force, INCIDENT, "day"))
    watched = monitor()
    feed(watched, CANCELLED)
    ledger = watched.ledger("incident", "tiny")
    assert ledger is not None
    pane = ledger.panes.between(ms(at(0)), ms(at(60)))
    assert len(pane) == 1
    assert RowReader(force, INCIDENT, listed).read(pane) == {}


def test_the_board_names_the_definition() -> None:
    force = force_that_chose("of_attended_and_never")
    assert definitions(tiny_force(), AT).attendance.formula.startswith(
        "attended within the standard / attended;"
    )
    assert definitions(force, AT).attendance.formula == (
        "attended within the standard / (attended + never attended)"
    )


def test_deployment_is_by_category() -> None:
    query = asked(
        incident("1", at(0), dispatched_at=at(2)),
        incident("2", at(0), arrived_at=at(2)),
        incident("3", at(0)),
        incident("4", at(0), category="asb.nuisance"),
    )
    assert value(query, "deployment.deployed_share") == 0.5
    assert value(query, "deployment.deployed_share{category=asb.personal}") == 2 / 3


def missing(name: str, *persons: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return incident(name, at(0), category="missing_person", persons=list(persons), **fields)


def test_missing_persons_are_counted_one_by_one() -> None:
    query = asked(
        missing("1", {"id": "a", "age_under_18": True, "in_care": True}, {"id": "b"}),
        missing("2", {"id": "c", "age_under_18": True, "in_care": False}),
        missing("3"),
        incident("4", at(0), persons=[{"id": "d", "age_under_18": True}]),
    )
    found = ("incidents", "reports", "under_18", "in_care")
    assert [value(query, f"missing_persons.{name}") for name in found] == [3, 3, 2, 1]


def test_a_missing_person_is_found_when_the_incident_is_closed() -> None:
    query = asked(
        missing("1", closed_at="2021-03-02T10:00:00Z"),
        missing("2", closed_at="2021-03-02T10:00:01Z"),
        missing("3"),
    )
    found = query.figure("missing_persons.resolved_within_24h", DAY)
    assert (found.numerator, found.denominator) == (1, 2)


def hurt(severity: str, road_user: str | None = None) -> dict[str, Any]:
    return {"severity": severity, **({"road_user": road_user} if road_user else {})}


def collision(name: str, casualties: Any) -> dict[str, Any]:
    return incident(name, at(0), category="road_collision.injury", casualties=casualties)


def test_casualties_are_added_up_by_severity_and_road_user() -> None:
    query = asked(
        collision("1", [hurt("fatal", "cyclist"), hurt("serious", "car_driver"), hurt("slight")]),
        collision("2", [hurt("serious", "car_passenger"), hurt("serious")]),
        collision("3", {"fatal": 1, "slight": 4}),
        collision("4", [hurt("slight", "pedestrian")]),
    )
    found = ("ksi", "fatal", "serious", "slight", "ksi_collisions", "ksi_cyclists", "ksi_in_cars")
    assert [value(query, f"road_casualties.{each}") for each in found] == [5, 2, 3, 6, 3, 1, 2]
    share = query.figure("road_casualties.ksi_in_cars_share", DAY)
    assert (share.numerator, share.denominator) == (2, 3)


def test_a_cancelled_collision_hurt_nobody() -> None:
    record = collision("1", {"fatal": 1})
    other = collision("2", {"slight": 1})
    query = asked(record, other, {**record, "cancelled": True, "updated_at": at(9)})
    assert value(query, "road_casualties.fatal") == 0

"""What a feed does not carry is not known, and never zero."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.config.force import Force, find_force
from streams.live import Live
from streams.outputs.metrics.prometheus import Exporter
from streams.sources import open_source
from streams.sources.order.history import play
from tests.build import (
    FAR_FUTURE,
    as_json,
    call,
    crime,
    feed,
    incident,
    lines,
    monitor,
    ms,
    row,
    tiny_force,
)

AT = ms("2021-07-01T12:00:00Z")
ABUSE = {"markers": ["domestic_abuse"]}


def at_noon(name: str, day: str, **fields: Any) -> dict[str, Any]:
    return crime(name, f"{day}T12:00:00Z", **fields)


def asked(*records: dict[str, Any], at: int = AT, force: Force | None = None) -> Query:
    watched = monitor(force)
    watched.play_history(True)
    feed(watched, *records)
    return Query(watched, "tiny", at)


PLAIN = [at_noon(f"plain{month}", f"2021-{month:02d}-01") for month in (1, 2, 3, 4, 5, 6)]


@pytest.mark.parametrize(
    ("indicator", "fields"),
    [
        ("markers.domestic_abuse", "markers"),
        ("crime_with_a_marker", "markers"),
        ("outcome_rate", "outcome"),
        ("results.without_outcome", "outcome"),
        ("offences_outcomed", "outcome and outcome_at"),
        ("outcome_16_no_victim", "outcome, outcome 11 to 17, outcome_at and victims"),
        ("recency.current", "committed_to or committed_from"),
        ("recency.linked_series", "series"),
    ],
)
def test_a_figure_that_rests_on_what_was_never_carried_is_not_known(
    indicator: str, fields: str
) -> None:
    found = asked(*PLAIN).figure(indicator, "2021-03")
    assert (found.value, found.known, found.complete) == (None, False, False)
    assert found.reason == f"the feed of crimes has not carried {fields}"


HURT_BY_NUMBER = {"casualties": {"fatal": 0, "serious": 2, "slight": 1}}


@pytest.mark.parametrize(
    ("fields", "known", "unknown", "reason"),
    [
        ({"category": "missing_person", "persons": [{"id": "p"}]}, "missing_persons.incidents",
         "missing_persons.under_18", "persons.age_under_18"),
        ({"category": "missing_person", "persons": [{"id": "p"}]}, "missing_persons.incidents",
         "missing_persons.in_care", "persons.in_care"),
        (HURT_BY_NUMBER, "road_casualties.ksi",
         "road_casualties.ksi_cyclists", "casualties.road_user"),
        ({}, "incidents.count", "deployment.deployed", "dispatched_at or arrived_at"),
        ({}, "incidents.count", "crimed_incidents.crimed", "crimed"),
    ],
)  # fmt: skip
def test_of_an_incident_no_more_is_known_than_the_feed_says(
    fields: dict[str, Any], known: str, unknown: str, reason: str
) -> None:
    records = (incident(f"i{m}", f"2021-0{m}-02T12:00:00Z", **fields) for m in (1, 3, 6))
    query = asked(*records, force=tiny_force(carries="[]"))
    assert query.figure(known, "2021-03").known
    found = query.figure(unknown, "2021-03")
    assert (found.value, found.known) == (None, False)
    assert found.reason == f"the feed of incidents has not carried {reason}"


@pytest.mark.parametrize("name", ["never_attended", "attended", "within"])
def test_without_any_arrival_nobody_knows_who_was_never_attended(name: str) -> None:
    closed = [
        incident(f"i{m}", f"2021-0{m}-02T12:00:00Z", closed_at=f"2021-0{m}-02T13:00:00Z")
        for m in (1, 3, 6)
    ]
    force = tiny_force(carries="[]")
    found = asked(*closed, force=force).figure(f"attendance.{name}", "2021-03")
    assert (found.value, found.reason) == (None, "the feed of incidents has not carried arrived_at")
    first = incident("x", "2021-01-01T12:00:00Z", arrived_at="2021-01-01T12:09:00Z")
    found = asked(first, *closed, force=force).figure("attendance.never_attended", "2021-03")
    assert (found.value, found.reason) == (1, "")


def test_without_channels_nobody_knows_how_many_rang_999() -> None:
    query = asked(*(call(f"c{m}", f"2021-0{m}-02T12:00:00Z") for m in (1, 3, 6)))
    assert query.figure("contacts.contacts", "2021-03").value == 1
    found = query.figure("contacts.by_999", "2021-03")
    assert (found.value, found.reason) == (None, "the feed of calls has not carried channel")


def test_what_every_record_says_is_known_from_the_first_on() -> None:
    found = asked(*PLAIN).figure("total_recorded_crime", "2021-03")
    assert (found.value, found.reason) == (1, "")


def test_from_the_first_record_that_carries_it_none_is_zero() -> None:
    query = asked(*PLAIN[:3], at_noon("x", "2021-03-10", **ABUSE), *PLAIN[3:])
    months = ("2021-01", "2021-02", "2021-03", "2021-04")
    values = [query.figure("markers.domestic_abuse", month).value for month in months]
    assert values == [None, None, 1, 0]


def test_each_marker_is_carried_by_itself() -> None:
    query = asked(*PLAIN[:3], at_noon("x", "2021-03-10", **ABUSE), *PLAIN[3:])
    assert query.figure("crime_with_a_marker", "2021-03").numerator == 1
    found = query.figure("markers.hate", "2021-03")
    assert (found.value, found.known) == (None, False)
    assert found.reason == "the feed of crimes has not carried the marker hate"


def test_who_is_marked_with_a_strand_carries_the_whole_of_it() -> None:
    strand = {"markers": ["hate.racial"]}
    query = asked(*PLAIN[:3], at_noon("x", "2021-03-10", **strand), *PLAIN[3:])
    names = ("hate", "hate_racial", "hate_religious")
    assert [query.figure(f"markers.{name}", "2021-03").value for name in names] == [1, 1, None]


@pytest.mark.parametrize("named", ["markers.cse", "crimes.markers.cse"])
def test_what_the_forces_file_says_is_carried_is_zero_from_the_first_record_on(named: str) -> None:
    watched = monitor(tiny_force(carries=f'["{named}"]'))
    feed(watched, *PLAIN)
    query = Query(watched, "tiny", AT)
    assert query.figure("markers.cse", "2021-03").value == 0
    assert query.figure("crime_with_a_marker", "2021-03").value == 0.0
    assert query.figure("markers.hate", "2021-03").value is None


def test_the_days_of_the_first_month_before_the_first_are_not_known() -> None:
    query = asked(*PLAIN[:3], at_noon("x", "2021-03-10", **ABUSE), *PLAIN[3:])
    days = ("2021-03-09", "2021-03-10", "2021-03-11")
    values = [query.figure("markers.domestic_abuse", day).value for day in days]
    assert values == [None, 1, 0]


def test_the_first_month_is_in_part_where_many_records_came_before() -> None:
    many = [at_noon(f"m{n}", "2021-03-05") for n in range(100)]
    first = at_noon("x", "2021-03-20", **ABUSE)
    late = asked(*PLAIN[:3], *many, first, *PLAIN[3:])
    found = late.figure("markers.domestic_abuse", "2021-03")
    assert (found.value, found.known, found.complete) == (1, True, False)
    chance = asked(*PLAIN[:3], *many[:20], first, *PLAIN[3:])
    assert chance.figure("markers.domestic_abuse", "2021-03").complete


def test_a_record_that_comes_late_may_be_the_first() -> None:
    late = {**at_noon("late", "2021-02-03", **ABUSE), "updated_at": "2021-06-02T12:00:00Z"}
    query = asked(*PLAIN[:3], at_noon("x", "2021-03-10", **ABUSE), *PLAIN[3:], late)
    values = [query.figure("markers.domestic_abuse", f"2021-0{m}").value for m in (1, 2, 3)]
    assert values == [None, 1, 1]


def test_a_later_version_of_an_old_record_carries_it_as_well() -> None:
    charged = {
        **PLAIN[1],
        "outcome": 1,
        "outcome_at": "2021-05-20T12:00:00Z",
        "updated_at": "2021-06-02T12:00:00Z",
        "version": 2_000_000_000_000_000,
    }
    query = asked(*PLAIN, charged)
    values = [query.figure("outcome_rate", f"2021-0{m}").value for m in (1, 2, 3)]
    assert values == [None, 1.0, 0.0]


def carried_by(records: Sequence[dict[str, Any]]) -> dict[str, int]:
    watched = monitor()
    for each in records:
        feed(watched, each)
    ledger = watched.ledger("crime", "tiny")
    assert ledger is not None
    return ledger.packer.carried.since


VERSIONS = st.builds(
    lambda name, day, fields, version: {**at_noon(name, day, **fields), "version": version},
    st.sampled_from("abc"),
    st.sampled_from(["2021-03-09", "2021-03-10", "2021-03-11"]),
    st.sampled_from([{}, ABUSE, {"markers": ["hate"]}, {"outcome": 1}, {"victims": ["v"]}]),
    st.sampled_from([1, 2, 3]),
)


@given(st.data())
def test_what_was_carried_does_not_depend_on_the_order_of_records(data: st.DataObject) -> None:
    records = data.draw(st.lists(VERSIONS, max_size=4))
    assert carried_by(data.draw(st.permutations(records))) == carried_by(records)


def test_of_the_days_that_are_not_closed_the_earliest_is_the_first_whatever_came_first() -> None:
    early, later = at_noon("b", "2021-03-09", **ABUSE), at_noon("a", "2021-03-10", **ABUSE)
    for records in ([early, later], [later, early]):
        noon = ms("2021-03-09T12:00:00Z")
        assert carried_by([*PLAIN[:3], *records]) == {
            "markers": noon,
            "markers.domestic_abuse": noon,
        }


def test_a_record_that_is_refused_carries_nothing() -> None:
    watched = monitor()
    plain = [at_noon(f"{y}-{m}", f"{y}-{m:02d}-05") for y in (2021, 2022, 2023) for m in (1, 7)]
    feed(watched, *plain)
    refused = {**at_noon("old", "2021-02-05", **ABUSE), "updated_at": "2023-07-06T12:00:00Z"}
    assert [each.reason for each in watched.ingest(lines([refused]), FAR_FUTURE)] == ["sealed"]
    query = Query(watched, "tiny", ms("2023-07-07T00:00:00Z"))
    assert query.figure("markers.domestic_abuse", "2023-07").value is None
    feed(watched, at_noon("new", "2023-07-07", **ABUSE))  # with the same facts as the refused one
    query = Query(watched, "tiny", ms("2023-07-08T00:00:00Z"))
    values = [query.figure("markers.domestic_abuse", f"2023-0{m}").value for m in (1, 7)]
    assert values == [None, 1]


def test_what_is_made_of_two_kinds_is_known_where_both_carry_it() -> None:
    marked = [at_noon("x", "2021-03-10", **ABUSE)]
    incidents = [incident(f"i{m}", f"2021-0{m}-02T12:00:00Z", crimed=True) for m in (1, 3, 6)]
    records = [*PLAIN, *marked, *incidents]
    records.sort(key=lambda each: str(each["updated_at"]))
    found = asked(*records).figure("domestic_abuse", "2021-03")
    assert found.reason == "the feed of incidents has not carried markers"
    incidents[0] |= ABUSE
    assert asked(*records).figure("domestic_abuse", "2021-03").value == 1


def test_on_the_board_it_is_null_and_in_metrics_it_is_not_there() -> None:
    watched = monitor()
    feed(watched, at_noon("1", "2021-06-30"))
    at = ms("2021-06-30T18:00:00Z")

    def metrics() -> str:
        live = Live(watched, lambda: at)
        live.health.state = "live"
        return Exporter(live).text()[0].decode()

    shown = row(watched.board("tiny", at), "today", "markers")
    assert (shown["recorded"], shown["domestic_abuse"]) == (1, None)
    assert shown["marked_share"] == {"value": None, "numerator": None, "denominator": None}
    assert "watchroom_markers_hate{" not in metrics()
    assert "markers" in as_json(watched.board("tiny", at))["feeds"]["crime"]["not_carried"]
    feed(watched, at_noon("2", "2021-06-30", **ABUSE))
    assert "markers" not in as_json(watched.board("tiny", at))["feeds"]["crime"]["not_carried"]
    assert "watchroom_markers_hate{" not in metrics()
    assert "watchroom_markers_domestic_abuse{" in metrics()
    shown = row(watched.board("tiny", at), "today", "markers")
    assert (shown["recorded"], shown["domestic_abuse"], shown["hate"]) == (2, 1, None)


def test_open_data_has_no_markers(tmp_path: Path) -> None:
    folder = tmp_path / "2021-03"
    folder.mkdir()
    rows = [
        f"c{number},2021-03,Warwickshire Police,Warwickshire Police,Mill Lane,E01,"
        f"Stratford-on-Avon 015A,Burglary,{outcome}"
        for number, outcome in enumerate(("", "Offender sent to prison"))
    ]
    head = "Crime ID,Month,Reported by,Falls within,Location,LSOA code,LSOA name,Crime type"
    text = "\n".join([f"{head},Last outcome category", *rows])
    (folder / "2021-03-warwickshire-street.csv").write_text(text, "utf-8")
    force = find_force("warwickshire")
    watched = Monitor([force])
    assert not list(play(watched, open_source(folder, force=force)))
    query = Query(watched, force.id, ms("2021-04-01T12:00:00Z"))
    assert query.figure("total_recorded_crime", "2021-03").value == 2
    assert query.figure("outcome_rate", "2021-03").value == 0.5
    marked = query.figure("markers.domestic_abuse", "2021-03")
    assert (marked.value, marked.reason) == (None, "the feed of crimes has not carried markers")
    decided = query.figure("offences_outcomed", "2021-03")
    assert decided.reason == "the feed of crimes has not carried outcome_at"

"""A feed that says no finer kind of a record than the widest says nothing of the finer ones."""

from __future__ import annotations

from typing import Any

import pytest

from streams.board.query import Query
from streams.config.force import find_force
from tests.build import crime, feed, incident, monitor, ms

AT = ms("2021-07-01T12:00:00Z")


def asked(*records: dict[str, Any]) -> Query:
    watched = monitor()
    watched.play_history(True)
    feed(watched, *records)
    return Query(watched, "tiny", AT)


def offence(name: str, day: str, path: str) -> dict[str, Any]:
    return crime(name, f"{day}T12:00:00Z", offence=path)


RESIDENTIAL = "crimes.count{offence=burglary.residential}"
COARSE = [offence("one", "2021-03-01", "burglary"), offence("two", "2021-05-01", "burglary")]


def test_where_all_burglaries_are_burglary_alone_how_many_are_residential_is_not_known() -> None:
    query = asked(*COARSE)
    found = query.figure(RESIDENTIAL, "2021-03")
    assert (found.value, found.known) == (None, False)
    assert found.reason == 'the feed of crimes has no finer offence than "burglary"'
    assert query.figure("crimes.count{offence=burglary}", "2021-03").value == 1


def test_where_any_burglary_is_told_apart_none_of_a_kind_is_0() -> None:
    query = asked(*COARSE, offence("three", "2021-05-02", "burglary.residential"))
    assert query.figure(RESIDENTIAL, "2021-03").value == 0


def test_a_month_without_any_burglary_has_no_residential_one() -> None:
    found = asked(*COARSE, offence("robbed", "2021-04-01", "robbery"))
    assert found.figure(RESIDENTIAL, "2021-04").value == 0


@pytest.mark.parametrize(("grade", "value"), [(None, None), ("priority", 0)])
def test_emergencies_of_a_feed_without_grades_are_not_known(
    grade: str | None, value: int | None
) -> None:
    opened = [incident(f"i{n}", "2021-03-01T10:00:00Z", grade=grade) for n in range(3)]
    found = asked(*opened).figure("emergency_incidents", "2021-03")
    assert found.value == value
    assert found.reason == ("" if grade else "the feed of incidents has not carried grade")


def test_violence_is_not_known_where_a_feed_has_violence_and_sexual_offences_together() -> None:
    watched = monitor(find_force("warwickshire"))
    watched.play_history(True)
    feed(watched, offence("one", "2021-03-01", "violence_and_sexual") | {"force": "warwickshire"})
    query = Query(watched, "warwickshire", AT)
    for indicator in ("violence_with_injury", "rape"):
        assert query.figure(indicator, "2021-03").reason == (
            'the feed of crimes has no finer offence than "violence_and_sexual"'
        )
    assert query.figure("total_recorded_crime", "2021-03").value == 1
    assert query.figure("violence_and_sexual_offences", "2021-03").value == 1


def test_violence_and_sexual_offences_together_are_known_where_a_feed_tells_them_apart() -> None:
    watched = monitor(find_force("warwickshire"))
    watched.play_history(True)
    force = {"force": "warwickshire"}
    feed(
        watched,
        offence("one", "2021-03-01", "violence.with_injury") | force,
        offence("two", "2021-03-01", "sexual.rape.other") | force,
        offence("three", "2021-03-01", "robbery") | force,
    )
    query = Query(watched, "warwickshire", AT)
    assert query.figure("violence_and_sexual_offences", "2021-03").value == 2

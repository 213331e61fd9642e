"""A silent stretch of a history that no detector watches: not known, never 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streams.board.query import Observation, Query
from streams.periods import DAY, HOUR, MINUTE, Calendar, rfc3339
from tests.build import crime, feed, incident, monitor, ms, tiny_force

CALENDAR = Calendar(tiny_force().zone)
BEGIN, END = ms("2021-01-01T00:00:00Z"), ms("2021-06-01T00:00:00Z")
UNHEARD = Observation(
    None, known=False, complete=False, reason="the feed of incidents was not heard then"
)


def by_month(*months: str, each: int = 30) -> Iterator[dict[str, Any]]:
    for month in months:
        for number in range(each):
            yield crime(f"{month}/{number}", month, updated_at="2021-05-31T22:59:59Z")


def every(hours: int, *without: tuple[str, str]) -> Iterator[dict[str, Any]]:
    """Incidents so many hours apart from January to May, but in [start, end) of some stretches."""
    left_out = [(ms(start), ms(end)) for start, end in without]
    for at in range(BEGIN, END, hours * HOUR):
        if not any(start <= at < end for start, end in left_out):
            yield incident(str(at), rfc3339(at))


def beat(at: int) -> dict[str, Any]:
    return {"kind": "heartbeat", "force": "tiny", "feed": "incidents", "at": rfc3339(at)}


def asked(*records: dict[str, Any], at: int = END) -> Query:
    unwatched = monitor()
    feed(unwatched, *records)
    return Query(unwatched, "tiny", at)


APRIL = "2021-04-01T00:00:00+01:00", "2021-05-01T00:00:00+01:00"


def test_a_month_that_an_export_lacks_is_not_known() -> None:
    query = asked(*by_month("2021-01", "2021-02", "2021-03", "2021-05"))
    assert query.figure("total_recorded_crime", "2021-03") == Observation(30)
    april = query.figure("total_recorded_crime", "2021-04")
    assert (april.value, april.reason) == (None, "the feed of crimes was not heard then")
    assert query.figure("total_recorded_crime", "2021-Q2").value == 30
    assert not query.figure("total_recorded_crime", "2021-Q2").complete


def test_of_few_records_a_month_without_any_is_0() -> None:
    query = asked(*by_month("2021-01", "2021-02", "2021-03", "2021-05", each=5))
    assert query.figure("total_recorded_crime", "2021-04") == Observation(0)


def test_a_fortnight_without_records_that_come_every_few_hours_is_not_known() -> None:
    query = asked(*every(6, ("2021-03-08T00:00:00Z", "2021-03-22T00:00:00Z")))
    assert query.figure("incidents", "2021-03-10") == UNHEARD
    assert query.figure("incidents", "2021-03-22") == Observation(4)
    assert query.figure("incidents", "2021-03") == Observation(68, complete=False)
    assert query.figure("incidents", "2021-02") == Observation(112)


def test_a_feed_that_brings_all_of_a_month_on_one_day_is_not_silent_between() -> None:
    days = (f"2021-0{month}-10T12:00:00Z" for month in range(1, 6))
    query = asked(*(incident(f"{day}{n}", day) for day in days for n in range(50)))
    assert query.figure("incidents", "2021-03-20") == Observation(0)
    assert query.figure("incidents", "2021-03") == Observation(50)


def test_a_holiday_of_days_is_0() -> None:
    query = asked(*every(6, ("2021-04-02T00:00:00Z", "2021-04-06T00:00:00Z")))
    assert query.figure("incidents", "2021-04-04") == Observation(0)
    assert query.figure("incidents", "2021-04").complete


def test_a_feed_that_thinned_out_is_no_silent_one() -> None:
    sparse = [incident(f"may/{day}", f"2021-05-{day:02}T12:00:00Z") for day in range(2, 32, 9)]
    query = asked(*every(6, (APRIL[0], "2021-06-01T00:00:00Z")), *sparse)
    assert query.figure("incidents", "2021-04") == Observation(0)


def test_what_is_known_of_a_few_days_alone_makes_no_silence() -> None:
    days = ("2021-01-02", "2021-01-20", "2021-02-03", "2021-05-25", "2021-05-31")
    query = asked(*(incident(day, f"{day}T12:00:00Z") for day in days))
    assert query.figure("incidents", "2021-04") == Observation(0)


def test_where_heartbeats_went_on_nothing_is_0() -> None:
    down = "2021-03-02T00:00:00Z", "2021-03-10T00:00:00Z"
    beats = (beat(at) for at in range(ms(down[0]) - 7 * HOUR, ms(down[1]) + HOUR, 9 * MINUTE))
    query = asked(*beats, *every(6, down))
    assert query.figure("incidents", "2021-03-05") == Observation(0)
    assert asked(*every(6, down)).figure("incidents", "2021-03-05") == UNHEARD


def test_what_comes_later_fills_the_stretch() -> None:
    unwatched = monitor()
    feed(unwatched, *every(6, APRIL))
    assert Query(unwatched, "tiny", END).figure("incidents", "2021-04-10") == UNHEARD
    late = range(ms("2021-04-02T00:00:00Z"), ms("2021-04-30T00:00:00Z"), DAY)
    unwatched.play_history(True)
    feed(unwatched, *(incident(f"late{at}", rfc3339(at)) for at in late))
    assert Query(unwatched, "tiny", END).figure("incidents", "2021-04-10") == Observation(1)


def test_the_board_says_how_much_is_known() -> None:
    unwatched = monitor()
    feed(unwatched, *by_month("2021-01", "2021-02", "2021-03", "2021-05"))
    found = unwatched.board("tiny", END, ["2021-04"]).periods["2021-04"]
    assert found.missing["crimes"].known_days == 0.0

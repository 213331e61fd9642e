"""Without surveillance, too, an outage is missing and no zero; a quiet night is zero."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from streams.board.compare import Comparisons
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.board.unheard import Unheard
from streams.outputs.figures_shown import compared
from streams.periods import DAY, HOUR, MINUTE, rfc3339
from streams.state import surveillance as watching
from tests.build import as_json, call, crime, feed, incident, monitor, ms, row

START = ms("2021-02-01T00:00:00Z")
OUTAGE = range(30 * 24 + 9, 30 * 24 + 15)
"""Hours: six by day, on 3 March."""
WEEKS = 6


def calls(hour: int) -> list[dict[str, Any]]:
    """Twelve calls an hour by day, and none from two to five at night."""
    number = 0 if 2 <= hour % 24 < 5 else 12
    at = START + hour * HOUR
    return [call(f"{hour}/{n}", rfc3339(at + n * 5 * MINUTE)) for n in range(number)]


@cache
def down() -> Monitor:
    watched = monitor()
    for hour in range(WEEKS * 7 * 24):
        if hour not in OUTAGE:
            feed(watched, *calls(hour))
    return watched


def asked(watched: Monitor, at: str = "2021-03-15T00:00:00Z") -> Query:
    return Query(watched, "tiny", ms(at))


def test_hours_of_an_outage_by_day_are_not_known() -> None:
    query = asked(down())
    hours = [query.figure("calls.offered", f"2021-03-03T{hour:02d}") for hour in (8, 9, 14, 15)]
    assert [each.value for each in hours] == [12, None, None, 12]
    assert hours[1].reason == "the feed of calls was not heard then"


def test_what_was_not_heard_is_compared_with_nothing_and_never_will_be() -> None:
    change = Comparisons(asked(down()), "calls.offered", "2021-03-03T10").previous
    said = "not comparable: the feed of calls was not heard then"
    assert (change.change, compared(change, "count")) == (None, said)


def test_a_quiet_night_is_zero() -> None:
    found = asked(down()).figure("calls.offered", "2021-03-03T03")
    assert (found.value, found.known, found.complete) == (0, True, True)


def test_a_day_with_an_outage_is_not_complete_and_one_without_is() -> None:
    query = asked(down())
    days = [query.figure("calls.offered", f"2021-03-{day:02d}") for day in (3, 4)]
    assert [(each.value, each.complete) for each in days] == [(180, False), (252, True)]


def test_the_board_of_a_monitor_without_surveillance_has_no_zero_there() -> None:
    board = as_json(
        down().board("tiny", ms("2021-03-15T00:00:00Z"), ["2021-03-03T12", "2021-03-03"])
    )
    hour = next(label for label in board["periods"] if "T12" in label)
    shown = row(board, hour, "calls", line="999")
    assert shown["offered"] is None
    assert board["periods"]["2021-03-03"]["missing"]["calls"] == {"known_days": 0.75, "days": 1.0}


def test_a_feed_that_is_silent_now_is_not_known() -> None:
    board = as_json(down().board("tiny", ms("2021-03-15T12:00:00Z")))
    assert row(board, "1h", "calls", line="999")["offered"] is None


def test_heartbeats_that_went_on_make_it_zero() -> None:
    watched = monitor()
    for hour in range(32 * 24):
        beats = [
            {"kind": "heartbeat", "force": "tiny", "feed": "calls", "every_seconds": 300,
             "at": rfc3339(START + hour * HOUR + n * 5 * MINUTE)}
            for n in range(12 if hour >= 30 * 24 else 0)
        ]  # fmt: skip
        feed(watched, *beats, *([] if hour in OUTAGE else calls(hour)))
    found = asked(watched, "2021-03-05T00:00:00Z").figure("calls.offered", "2021-03-03T12")
    assert (found.value, found.known) == (0, True)


def test_records_that_come_after_all_end_the_outage() -> None:
    watched = monitor()
    for hour in range(32 * 24):
        if hour not in OUTAGE:
            feed(watched, *calls(hour))
    assert asked(watched).figure("calls.offered", "2021-03-03T12").value is None
    for hour in OUTAGE:
        feed(watched, *calls(hour))
    assert asked(watched).figure("calls.offered", "2021-03-03T12").value == 12


def test_what_is_usual_is_what_has_been_counted_by_then() -> None:
    """A silence of six hours is no outage where one call an hour has come, and is one where eleven
    more of each of those hours have come late."""
    watched, last = monitor(), 33 * 24 + 9
    for hour in range(last):
        feed(watched, *calls(hour)[:1])
    ledger = watched.ledger("call", "tiny")
    assert ledger is not None
    unheard = Unheard(ledger, lambda _: None)
    noon = START + (last + 3) * HOUR
    assert unheard.shown(noon, noon + HOUR, START + (last + 6) * HOUR) == 0
    for hour in range(last):
        feed(watched, *calls(hour)[1:])
    assert unheard.shown(noon, noon + HOUR, START + (last + 6) * HOUR) == HOUR


def incidents(days: range, hours: range = range(24), each: int = 1) -> list[dict[str, Any]]:
    """So many an hour on these days since `START`, all of them in the south."""
    return [
        incident(
            f"{day}/{hour}/{n}", rfc3339(START + day * DAY + hour * HOUR + n * MINUTE), area="south"
        )
        for day in days
        for hour in hours
        for n in range(each)
    ]


@cache
def exported(*days: range) -> Query:
    """An export of incidents by day since 1 February 2021, as of the end of its last day."""
    watched = monitor()
    watched.play_history(True)
    for some in days:
        feed(watched, *incidents(some))
    return Query(watched, "tiny", START + days[-1][-1] * DAY + DAY)


def test_a_month_that_an_export_of_incidents_lacks_is_not_known() -> None:
    query = exported(range(58), range(89, 150))
    found = query.figure("incidents", "2021-04")
    said = "the feed of incidents was not heard then"
    assert (found.value, found.known, found.reason) == (None, False, said)


def test_a_longer_period_says_how_much_of_it_was_heard() -> None:
    query = exported(range(58), range(89, 150))
    quarter, month = (query.figure("incidents", each) for each in ("2021-Q2", "2021-06"))
    hours = 60 * 24 + 23  # the gap ends at midnight UTC, in summer time
    assert (quarter.value, quarter.complete, quarter.heard) == (hours, False, hours / (91 * 24))
    assert (month.value, month.complete, month.heard) == (30 * 24, True, None)


def test_nothing_is_compared_with_what_was_heard_in_part() -> None:
    change = Comparisons(exported(range(58), range(89, 150)), "incidents", "2021-Q2").year_to_date
    assert (change.value, change.change) == (None, None)
    assert change.reason == "the feed was heard in 67.0 % of YTD-2021-06"


def test_a_day_within_a_year_is_said_though_the_year_counts_as_heard() -> None:
    found = exported(range(100), range(101, 400)).figure("incidents", "2021-02..2022-01")
    assert (found.complete, found.heard) == (True, 364 / 365)


def test_a_day_without_a_row_is_not_known_though_its_year_has_no_hours_any_more() -> None:
    query = exported(range(30), range(31, 500))
    assert query.figure("incidents", "2021-03-03").reason.endswith("was not heard then")


def test_an_area_and_a_category_without_any_are_zero_where_the_force_was_heard() -> None:
    query = exported(range(58), range(89, 150))
    area = query.figure("incidents", "2021-05", "north")
    category = query.figure("incidents.count{category=asb.nuisance}", "2021-05")
    assert (area.value, area.known, category.value, category.known) == (0, True, 0, True)


def test_an_area_without_any_is_not_known_where_the_force_was_not_heard() -> None:
    assert exported(range(58), range(89, 150)).figure("incidents", "2021-04", "north").value is None


def test_a_small_feed_that_is_quiet_for_a_week_is_zero() -> None:
    watched = monitor()
    watched.play_history(True)
    kept = [day for day in range(120) if not 60 <= day < 67]
    for day in kept:
        feed(watched, *incidents(range(day, day + 1), range(12, 13)))
    found = asked(watched, "2021-06-01T00:00:00Z").figure("incidents", "2021-04-05")
    assert (found.value, found.known, found.complete) == (0, True, True)


@pytest.mark.parametrize(
    ("hours_apart", "days", "known"),
    [(12, 7, False), (12, 3, True), (6, 4, False), (6, 1, True), (24, 20, False), (24, 7, True)],
)
def test_an_outage_of_days_is_judged_alike_with_surveillance_and_without(
    hours_apart: int, days: int, known: bool
) -> None:
    without, watched = monitor(), monitor()
    without.play_history(True)
    watching.watch_all(watched)
    up = (*range(60), *range(60 + days, 100))
    for each in (without, watched):
        for day in up:
            feed(each, *incidents(range(day, day + 1), range(0, 24, hours_apart)))
    within = rfc3339(START + (60 + days // 2) * DAY)[:10]
    queries = (Query(each, "tiny", START + 100 * DAY) for each in (without, watched))
    figures = [each.figure("incidents", within) for each in queries]
    assert [each.value for each in figures] == [0 if known else None] * 2


def test_an_export_of_three_weeks_is_judged_by_the_days_beside_a_gap() -> None:
    query = exported(range(9), range(11, 21))
    assert query.figure("incidents", "2021-02-10").value is None
    assert query.figure("incidents", "2021-02-09").value == 24


def test_a_long_gap_soon_after_the_beginning_is_not_known() -> None:
    query = exported(range(10), range(200, 300))
    assert query.figure("incidents", "2021-05").value is None


EVERY_FOUR_HOURS = range(0, 24, 4)
TWO_OUTAGES = (*range(7), *range(14, 21), *range(63, 90))
"""Days with records: a week is missing, and soon after it six weeks."""
OF_BOTH_OUTAGES = ["2021-02-10", "2021-03-15"]


def known_days_of_incidents(query: Query, days: list[str]) -> list[float | None]:
    return [each.value for each in query.values("incidents", days)]


def of_day(day: int) -> list[dict[str, Any]]:
    return incidents(range(day, day + 1), EVERY_FOUR_HOURS)


def test_a_longer_outage_soon_after_one_takes_nothing_from_what_that_was_to_bring() -> None:
    watched = monitor()
    watched.play_history(True)
    feed(watched, *(one for day in TWO_OUTAGES for one in of_day(day)))
    query = Query(watched, "tiny", START + 90 * DAY)
    assert known_days_of_incidents(query, OF_BOTH_OUTAGES) == [None, None]


def test_it_is_the_same_whether_one_asked_along_the_way_or_once() -> None:
    watched, asked_once = monitor(), monitor()
    for each in (watched, asked_once):
        each.play_history(True)
    labels = [rfc3339(START + day * DAY)[:10] for day in range(80)]
    for day in TWO_OUTAGES:
        feed(watched, *of_day(day))
        if day % 7 == 0:
            known_days_of_incidents(Query(watched, "tiny", START + (day + 1) * DAY), labels[9:10])
    feed(asked_once, *(one for day in TWO_OUTAGES for one in of_day(day)))
    found, once = (Query(each, "tiny", START + 90 * DAY) for each in (watched, asked_once))
    assert known_days_of_incidents(found, labels) == known_days_of_incidents(once, labels)


@pytest.mark.parametrize(("each", "hours", "value"), [(4, 3, 0), (2, 7, None)])
def test_by_the_hour_an_outage_is_not_known_from_sixteen_expected_records_on(
    each: int, hours: int, value: int | None
) -> None:
    """Of 14.9 none is a quiet time and of 15.8 it is not, with the minutes left of the hour before.
    Were the rate known exactly 14.2 were enough, and at 1 in 100 so were six."""
    watched = monitor()
    for hour in range(32 * 24):
        if not OUTAGE[0] <= hour < OUTAGE[0] + hours:
            feed(watched, *calls(hour)[:each])
    found = asked(watched, "2021-03-05T00:00:00Z").figure("calls.offered", "2021-03-03T10")
    assert found.value == value


def test_an_outage_says_nothing_of_what_was_usual_in_it() -> None:
    query = exported_by_days((*range(8), *range(16, 26)))
    assert query.figure("incidents", "2021-02-13").value is None


def exported_by_days(days: tuple[int, ...]) -> Query:
    """Two incidents each of these days."""
    watched = monitor()
    watched.play_history(True)
    for day in days:
        feed(watched, *incidents(range(day, day + 1), range(0, 24, 12)))
    return Query(watched, "tiny", START + (days[-1] + 1) * DAY)


def test_a_sunday_in_summer_time_is_compared_with_sundays_before_it() -> None:
    """28 March 2021 has 23 hours; a day that begins an hour earlier is no Saturday."""
    watched = monitor()
    watched.play_history(True)
    for day in range(69):
        if day % 7 < 6:  # 1 February 2021 is a Monday
            feed(watched, *incidents(range(day, day + 1), range(9, 17), 3))
    found = asked(watched, "2021-04-11T00:00:00Z").figure("incidents", "2021-04-04")
    assert (found.value, found.known) == (0, True)


def test_an_early_weekend_is_zero_once_every_weekend_after_it_was() -> None:
    watched = monitor()
    watched.play_history(True)
    for day in range(84):
        if day % 7 < 5:
            feed(watched, *incidents(range(day, day + 1), range(9, 17), 3))
        if day in (14, 21):
            asked(watched, rfc3339(START + (day + 1) * DAY)).figure("incidents", "2021-02-13")
    found = asked(watched, "2021-04-24T00:00:00Z").figure("incidents", "2021-02-13")
    assert (found.value, found.known) == (0, True)


def test_a_stray_record_long_before_all_others_makes_no_zero_of_what_lies_between() -> None:
    watched = monitor()
    watched.play_history(True)
    feed(watched, *incidents(range(1), range(12, 13)), *incidents(range(200, 300)))
    query = Query(watched, "tiny", START + 300 * DAY)
    assert query.figure("incidents", "2021-05").value is None


def test_the_morning_before_the_first_record_is_not_known() -> None:
    watched = monitor()
    watched.play_history(True)
    feed(watched, *incidents(range(1), range(18, 24)), *incidents(range(1, 40)))
    query = Query(watched, "tiny", START + 40 * DAY)
    first, second = (query.figure("incidents", each) for each in ("2021-02-01", "2021-02-02"))
    assert (first.value, first.complete, first.heard) == (6, False, 0.25)
    assert (second.value, second.complete, second.heard) == (24, True, None)


def test_a_weekend_without_records_is_zero_where_every_weekend_is() -> None:
    watched = monitor()
    watched.play_history(True)
    for day in range(70):
        if day % 7 < 5:  # 1 February 2021 is a Monday
            feed(watched, *incidents(range(day, day + 1), range(9, 17)))
    found = asked(watched, "2021-04-10T00:00:00Z").figure("incidents", "2021-03-20")
    assert (found.value, found.known) == (0, True)


def test_two_weeks_without_a_crime_are_not_known() -> None:
    watched = monitor()
    watched.play_history(True)
    for day in range(90):
        if not 50 <= day < 64:
            at = START + day * DAY
            feed(watched, *(crime(f"{day}/{n}", rfc3339(at + n * HOUR)) for n in range(9, 15)))
    query = asked(watched, "2021-05-02T00:00:00Z")
    assert query.figure("total_recorded_crime", "2021-03-24").value is None
    assert query.figure("total_recorded_crime", "2021-04").heard == 1 - 130 / 720


def test_a_month_that_an_export_by_month_lacks_is_not_known() -> None:
    watched = monitor()
    watched.play_history(True)
    months = [f"{2020 + n // 12}-{n % 12 + 1:02d}" for n in range(20) if n != 13]
    late = "2021-08-31T12:00:00Z"
    every = (crime(f"{each}/{n}", each, updated_at=late) for each in months for n in range(60))
    feed(watched, *every)
    query = asked(watched, "2021-09-01T00:00:00Z")
    found = query.values("total_recorded_crime", ["2021-01", "2021-02", "2021-03"])
    assert [each.value for each in found] == [60, None, 60]


def test_days_without_a_crime_are_zero() -> None:
    watched = monitor()
    for day in range(70):
        if not 50 <= day < 54:
            at = START + day * DAY
            feed(watched, *(crime(f"{day}/{n}", rfc3339(at + n * HOUR)) for n in range(9, 15)))
    found = asked(watched, "2021-04-12T00:00:00Z").figure("total_recorded_crime", "2021-03-24")
    assert found.value == 0


def test_where_little_is_known_of_the_rate_nothing_is_missing() -> None:
    watched = monitor()
    feed(watched, *(call(f"{n}", rfc3339(START + n * DAY)) for n in (0, 1, 20, 21)))
    assert asked(watched, "2021-02-22T00:00:00Z").figure("calls.offered", "2021-02-10").value == 0

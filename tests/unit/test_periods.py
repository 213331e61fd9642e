"""Hours, days, months and years of a force's own clock."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from streams.periods import GRAINS, HOUR, Calendar, Grain, rfc3339, to_ms
from tests.build import call, crime, feed, incident, monitor, ms, row

LONDON = Calendar(ZoneInfo("Europe/London"))


def test_the_october_night_has_two_hours_called_one() -> None:
    summer, winter = LONDON.parse("2021-10-31T01+01:00"), LONDON.parse("2021-10-31T01+00:00")
    assert (summer.start, summer.end) == (ms("2021-10-31T00:00:00Z"), ms("2021-10-31T01:00:00Z"))
    assert (winter.start, winter.end) == (ms("2021-10-31T01:00:00Z"), ms("2021-10-31T02:00:00Z"))
    assert LONDON.before(winter) == summer


def test_an_hour_without_an_offset_that_happens_twice_is_the_first() -> None:
    assert LONDON.parse("2021-10-31T01").label == "2021-10-31T01+01:00"


def test_calls_at_each_of_the_two_half_past_ones_fall_in_hours_of_their_own() -> None:
    watched = monitor()
    feed(
        watched,
        call("c1", "2021-10-31T01:30:00+01:00", answered_at="2021-10-31T01:30:05+01:00"),
        call("c2", "2021-10-31T01:30:00+00:00", answered_at="2021-10-31T01:30:05+00:00"),
        call("c3", "2021-10-31T01:31:00+00:00", answered_at="2021-10-31T01:31:05+00:00"),
    )
    labels = ["2021-10-31T01+01:00", "2021-10-31T01+00:00", "2021-10-31"]
    board = watched.board("tiny", ms("2021-10-31T02:00:00Z"), labels)
    found = [row(board, label, "calls", line="999")["offered"] for label in labels]
    assert found == [1, 2, 3]


def test_the_october_day_has_25_hours_and_the_march_day_23() -> None:
    october, march = LONDON.parse("2021-10-31"), LONDON.parse("2021-03-28")
    assert (october.end - october.start) // HOUR == 25
    assert (march.end - march.start) // HOUR == 23


def test_the_march_night_has_no_hour_called_one() -> None:
    why = '"2021-03-28T01" is no period: clocks go forward then, and the next hour is 2021-03-28T02'
    with pytest.raises(ValueError, match=f"^{why}$"):
        LONDON.parse("2021-03-28T01")
    after = LONDON.parse("2021-03-28T02")
    assert LONDON.before(after).label == "2021-03-28T00+00:00"


def test_a_call_just_after_the_march_gap_belongs_to_the_hour_called_two() -> None:
    watched = monitor()
    feed(watched, call("c1", "2021-03-28T01:30:00Z", answered_at="2021-03-28T01:30:01Z"))
    board = watched.board("tiny", ms("2021-03-28T02:00:00Z"), ["2021-03-28T02", "2021-03-28"])
    assert row(board, "2021-03-28T02+01:00", "calls", line="999")["offered"] == 1
    assert row(board, "2021-03-28", "calls", line="999")["offered"] == 1


def test_a_month_that_ends_in_summer_time_ends_at_local_midnight() -> None:
    watched = monitor()
    feed(
        watched,
        incident("i1", "2021-06-30T22:59:59Z", closed_at="2021-06-30T23:30:00Z"),
        incident("i2", "2021-06-30T23:00:00Z", closed_at="2021-06-30T23:30:00Z"),
    )
    board = watched.board("tiny", ms("2021-07-01T01:00:00Z"), ["2021-06", "2021-07"])
    june = row(board, "2021-06", "attendance")["emergencies"]
    july = row(board, "2021-07", "attendance")["emergencies"]
    assert (june, july) == (1, 1)


def test_the_29th_of_february_is_a_day() -> None:
    day = LONDON.parse("2024-02-29")
    assert LONDON.before(LONDON.parse("2024-03-01")) == day
    watched = monitor()
    feed(
        watched,
        crime("k1", "2024-02-29", updated_at="2024-02-29T12:00:00Z"),
        crime("k2", "2024-02-29T12:00:00Z"),
    )
    board = watched.board("tiny", ms("2024-02-29T13:00:00Z"), ["2024-02-29", "2024-02"])
    assert row(board, "2024-02-29", "crimes", offence="all")["count"] == 2
    assert row(board, "2024-02", "crimes", offence="all")["count"] == 2


def test_there_is_no_29th_of_february_in_2023() -> None:
    with pytest.raises(ValueError, match=r"day is out of range|is no period"):
        LONDON.parse("2023-02-29")


def test_the_financial_year_ends_with_march_on_the_local_clock() -> None:
    year = LONDON.parse("2020/21")
    assert rfc3339(year.start, LONDON.zone) == "2020-04-01T00:00:00+01:00"
    assert rfc3339(year.end, LONDON.zone) == "2021-04-01T00:00:00+01:00"
    watched = monitor()
    feed(
        watched,
        crime("k1", "2021-03-31T22:59:59Z"),
        crime("k2", "2021-03-31T23:00:00Z"),
        crime("k3", "2021-03"),
    )
    board = watched.board("tiny", ms("2021-04-01T12:00:00Z"), ["2020/21", "2021/22", "2021-Q1"])
    assert row(board, "2020/21", "crimes", offence="all")["count"] == 2
    assert row(board, "2021/22", "crimes", offence="all")["count"] == 1
    assert row(board, "2021-Q1", "crimes", offence="all")["count"] == 2


@pytest.mark.parametrize(
    "label", ["2021-10-31T01+01:00", "2021-10-31", "2021-10", "2021-Q4", "2021/22"]
)
def test_a_label_names_the_period_that_it_came_from(label: str) -> None:
    assert LONDON.parse(label).label == label


@pytest.mark.parametrize("text", ["", "2021", "2021-13", "2021-Q5", "2021/23", "31/10/2021"])
def test_a_text_that_names_no_period_is_refused_with_the_forms_that_do(text: str) -> None:
    with pytest.raises(ValueError, match="write 2021-10-31T01"):
        LONDON.parse(text)


def test_a_record_known_only_to_the_month_enters_no_day_and_no_hour() -> None:
    watched = monitor()
    feed(
        watched,
        crime("k1", "2021-03"),
        crime("k2", "2021-03-01"),
        crime("k3", "2021-03-01T00:30:00Z"),
    )
    labels = ["2021-03-01T00", "2021-03-01", "2021-03"]
    board = watched.board("tiny", ms("2021-03-01T00:40:00Z"), labels)
    found = [
        row(board, label, "crimes", offence="all")["count"]
        for label in ("2021-03-01T00+00:00", "2021-03-01", "2021-03")
    ]
    assert found == [1, 2, 3]


@pytest.mark.parametrize("label", ["0001", "0002-01", "1899-12-31", "2200-Q1", "9999/00"])
def test_a_year_that_nobody_means_is_no_period(label: str) -> None:
    with pytest.raises(ValueError, match=r"is no period: write .* of the years 1900 to 2199"):
        LONDON.parse(label)


@pytest.mark.parametrize("grain", GRAINS)
def test_periods_go_on_where_clocks_were_not_ahead_by_quarter_hours(grain: Grain) -> None:
    dublin = Calendar(ZoneInfo("Europe/Dublin"))  # 25 minutes and 21 seconds behind until 1916
    at = dublin.holding(grain, to_ms(dt.datetime(1912, 12, 31, 23, 30, tzinfo=dt.UTC)))
    after = dublin.holding(grain, at.end)
    assert after.start == at.end < after.end
    assert dublin.before(after) == at

"""Stretches of event time as reports name them."""

import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.periods import GRAINS, Calendar, Grain, rfc3339
from streams.stretches import Stretch
from tests.build import as_json, crime, feed, monitor, ms, row

LONDON = Calendar(ZoneInfo("Europe/London"))


def stretch(text: str) -> Stretch:
    return Stretch.parse(LONDON, text)


@pytest.mark.parametrize(
    ("text", "label", "first", "last"),
    [
        ("2017-12", "2017-12", "2017-12-01", "2017-12-31"),
        ("2017-Q4", "2017-Q4", "2017-10-01", "2017-12-31"),
        ("2017/18", "2017/18", "2017-04-01", "2018-03-31"),
        ("FY2017/18", "2017/18", "2017-04-01", "2018-03-31"),
        ("2017", "2017", "2017-01-01", "2017-12-31"),
        ("2017-12-31", "2017-12-31", "2017-12-31", "2017-12-31"),
        ("R6-2017-12", "R6-2017-12", "2017-07-01", "2017-12-31"),
        ("R4-2017-Q4", "R12-2017-12", "2017-01-01", "2017-12-31"),
        ("R28-2017-12-28", "R28-2017-12-28", "2017-12-01", "2017-12-28"),
        ("YTD-2020-09", "YTD-2020-09", "2020-04-01", "2020-09-30"),
        ("YTD-2020-Q1", "YTD-2020-03", "2019-04-01", "2020-03-31"),
        ("YTD-2020-09-14", "YTD-2020-09-14", "2020-04-01", "2020-09-14"),
        ("2020-05..2020-09", "2020-05..2020-09", "2020-05-01", "2020-09-30"),
        ("2020-Q1..2020-Q2", "2020-01..2020-06", "2020-01-01", "2020-06-30"),
        ("2020-05..2020-06-10", "2020-05-01..2020-06-10", "2020-05-01", "2020-06-10"),
    ],
)
def test_the_forms_of_reports_name_a_stretch(text: str, label: str, first: str, last: str) -> None:
    found = stretch(text)
    assert found.label == label
    assert found.start == LONDON.parse(first).start
    assert found.end == LONDON.parse(last).end
    assert stretch(found.label) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2017-13",
        "2017/19",
        "R0-2017-12",
        "R6-",
        "R6-2017",
        "R6-2017/18",
        "YTD",
        "Q4",
        "2020..",
        "FY2017",
        "0001",
        "0002",
        "2200",
        "0001..2026",
        "R6-0001-12",
        "YTD-9999-12",
    ],
)
def test_what_is_no_period_is_told_the_forms(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"is no period: write 2021-10-31T01, .* YTD-2021-09 .* 1900 to 2199"
    ):
        stretch(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2020-09..2020-05", 'its ends are the wrong way round; write "2020-05..2020-09"'),
        ("2021/22..2020", 'its ends are the wrong way round; write "2020..2021/22"'),
        ("2021-03-28T01", "clocks go forward then, and the next hour is 2021-03-28T02"),
        (
            "2021-03-28T01..2021-03-28T05",
            "clocks go forward then, and the next hour is 2021-03-28T02",
        ),
    ],
)
def test_a_period_that_there_can_t_be_is_told_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"is no period: {re.escape(why)}$"):
        stretch(text)


@pytest.mark.parametrize(
    ("text", "previous", "last_year", "to_date"),
    [
        ("2017-12", "2017-11", "2016-12", "YTD-2017-12"),
        ("2018-Q1", "2017-Q4", "2017-Q1", "YTD-2018-03"),
        ("2017/18", "2016/17", "2016/17", "YTD-2018-03"),
        ("2017", "2016", "2016", "YTD-2017-12"),
        ("R6-2018-03", "R6-2017-09", "R6-2017-03", "YTD-2018-03"),
        ("YTD-2020-09", "2019-10..2020-03", "YTD-2019-09", "YTD-2020-09"),
        ("YTD-2020-02-29", "2018-05-01..2019-03-31", "YTD-2019-02-28", "YTD-2020-02-29"),
        ("2020-02-29", "2020-02-28", "2019-02-28", "YTD-2020-02-29"),
        ("2020-05..2020-06", "2020-03..2020-04", "2019-05..2019-06", "YTD-2020-06"),
        ("2021-03-28T02", "2021-03-28T00", "2020-03-28T02", "YTD-2021-03-28T02+01:00"),
    ],
)
def test_what_a_stretch_is_compared_with(
    text: str, previous: str, last_year: str, to_date: str
) -> None:
    found = stretch(text)
    assert found.previous == stretch(previous)
    assert found.last_year == stretch(last_year)
    assert found.year_to_date == stretch(to_date)


def test_the_ones_before_come_latest_first() -> None:
    labels = [each.label for each in stretch("2018-Q1").before(4)]
    assert labels == ["2017-Q4", "2017-Q3", "2017-Q2", "2017-Q1"]


def test_rolling_months_end_with_a_month() -> None:
    assert stretch("2017-Q4").rolling(12) == stretch("R12-2017-12")
    assert stretch("2017-12-31").rolling(3) == stretch("R3-2017-12")
    assert stretch("2017-12-30").rolling(3) is None


def test_of_a_stretch_that_runs_the_days_that_are_over_are_known() -> None:
    at = ms("2020-09-15T10:00:00+01:00")
    assert stretch("2020-Q3").until(at) == stretch("2020-07-01..2020-09-14")
    assert stretch("YTD-2020-09").until(at) == stretch("YTD-2020-09-14")
    assert stretch("2020-Q2").until(at) == stretch("2020-Q2")
    assert stretch("2020-Q4").until(at) is None


def test_the_months_of_a_stretch() -> None:
    assert [each.label for each in stretch("2017-Q4").parts("month")] == [
        "2017-10", "2017-11", "2017-12",
    ]  # fmt: skip
    assert stretch("2017-10-02..2017-11-30").parts("month") == [LONDON.parse("2017-11")]


moments = st.integers(ms("1995-01-01T00:00:00Z"), ms("2035-01-01T00:00:00Z"))


@given(st.sampled_from(GRAINS), moments, st.integers(1, 30))
def test_stretches_before_a_stretch_touch(grain: Grain, at: int, number: int) -> None:
    found = Stretch.of(LONDON, LONDON.holding(grain, at))
    assert found == stretch(found.label), rfc3339(at)
    ends = [found.start]
    for each in found.before(number):
        assert each.end == ends[-1]
        assert stretch(each.label) == each
        ends.append(each.start)


@given(st.sampled_from(GRAINS), moments, st.integers(1, 50))
def test_the_days_of_a_stretch_are_its_parts_by_day(grain: Grain, at: int, number: int) -> None:
    found = Stretch.of(LONDON, LONDON.holding(grain, at)).all_before(number)
    assert found.days == len(found.parts("day"))


def test_a_board_is_asked_for_stretches_in_every_form() -> None:
    watched = monitor()
    feed(
        watched,
        crime("k1", "2020-03-31T12:00:00Z"),
        crime("k2", "2020-04-01T12:00:00Z"),
        crime("k3", "2020-08"),
        crime("k4", "2020-09-30T12:00:00Z"),
        crime("k5", "2020-10-01T12:00:00Z"),
    )
    labels = ["2020", "YTD-2020-09", "R2-2020-09", "2020-03..2020-08", "FY2019/20"]
    board = watched.board("tiny", ms("2020-12-31T12:00:00Z"), labels)
    found = {each: row(board, each, "crimes", offence="all")["count"] for each in board.periods}
    assert found == {
        "2020": 5,
        "YTD-2020-09": 3,
        "R2-2020-09": 2,
        "2020-03..2020-08": 3,
        "2019/20": 1,
    }
    assert {figures.get("grain") for figures in as_json(board)["periods"].values()} == {
        None,
        "financial_year",
    }


def reading(name: str, period: str, value: float) -> dict[str, object]:
    stamp = "2020-10-01T10:00:00Z"
    kind, measure = "reading", "satisfaction"
    return {
        "kind": kind, "force": "tiny", "id": name, "measure": measure, "period": period,
        "value": value, "updated_at": stamp,
    }  # fmt: skip


def test_readings_are_of_every_form_and_one_stretch_is_written_in_several_ways() -> None:
    watched = monitor()
    periods = ["R12-2020-09", "YTD-2020-09", "2020", "2020-05..2020-09", "2019/20"]
    feed(watched, *(reading(name, name, 1.0) for name in periods))
    feed(watched, {**reading("later", "FY2019/20", 2.0), "version": 10**15})
    feed(watched, {**reading("last", "R4-2020-Q3", 3.0), "version": 10**15})
    shown = watched.board("tiny", ms("2020-10-01T12:00:00Z")).readings
    assert {each.period: each.value for each in shown} == {
        "R12-2020-09": 3.0,
        "YTD-2020-09": 1.0,
        "2020": 1.0,
        "2020-05..2020-09": 1.0,
        "2019/20": 2.0,
    }

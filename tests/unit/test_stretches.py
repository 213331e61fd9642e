"""Stretches of event time as reports name them."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.periods import GRAINS, Calendar, Grain, rfc3339
from streams.stretches import Stretch
from tests.build import ms

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
        "YTD",
        "2020-09..2020-05",
        "Q4",
        "2020..",
        "FY2017",
    ],
)
def test_what_is_no_period_is_told_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no period: write 2021-10-31T01, .* YTD-2021-09"):
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

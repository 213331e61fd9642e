"""Open investigations at the end of a period, and outcome rates of periods of unequal age."""

from __future__ import annotations

from typing import Any

import pytest

from streams.board.compare import Change, Comparisons
from streams.board.control import chart
from streams.board.query import Query
from streams.charts.indicator import indicator_chart
from streams.errors import QueryError
from streams.outputs.figures_shown import compared
from tests.build import crime, feed, monitor, ms

AT = ms("2021-07-01T12:00:00Z")


def recorded(name: str, day: str, decided: str | None = None, **fields: Any) -> dict[str, Any]:
    """A crime, with an outcome decided on another day."""
    if decided is not None:
        fields = {"outcome": 18, "outcome_at": f"{decided}T12:00:00Z", **fields}
    return crime(name, f"{day}T12:00:00Z", **fields)


def asked(*records: dict[str, Any], at: int = AT) -> Query:
    watched = monitor()
    watched.play_history(True)
    feed(watched, *records)
    return Query(watched, "tiny", at)


COURSE = [
    recorded("old", "2020-01-10"),
    recorded("soon", "2021-04-05", "2021-04-07", area="north"),
    recorded("later", "2021-04-06", "2021-06-10"),
    recorded("never", "2021-04-07", area="south"),
    recorded("new", "2021-06-01", "2021-06-03"),
    recorded("other", "2021-04-08", notifiable=False),
    recorded("last", "2021-06-30"),
]


@pytest.mark.parametrize(
    ("period", "value"),
    [
        ("2021-03", None),  # no outcome had been carried
        ("2021-04-06", 3),
        ("2021-04", 3),
        ("2021-05", 3),
        ("2021-06", 3),
        ("2021-Q2", 3),
        ("2021-07", 3),
        ("2021-08", None),
    ],
)
def test_what_was_open_at_the_end_of_a_period_is_all_that_was_recorded_and_not_decided(
    period: str, value: int | None
) -> None:
    assert asked(*COURSE).figure("open_investigations", period).value == value


def test_it_is_known_by_area_and_offence() -> None:
    query = asked(*COURSE)
    assert query.figure("open_investigations", "2021-05", "south").value == 1
    assert query.figure("open_investigations", "2021-05", "north").value == 0


def test_an_outcome_of_unknown_date_is_taken_for_decided() -> None:
    undated = recorded("undated", "2021-04-20", outcome=1)
    assert asked(*COURSE, undated).figure("open_investigations", "2021-04").value == 3


def test_it_is_complete_where_the_year_before_was_heard() -> None:
    query = asked(*COURSE)
    assert query.figure("open_investigations", "2021-05").complete is False  # no outcome before
    older = recorded("first", "2019-12-05", "2019-12-06")
    query = asked(older, *COURSE)
    assert query.figure("open_investigations", "2021-05").complete
    assert query.figure("open_investigations", "2020-06").complete is False
    assert query.figure("open_investigations", "2021-07").complete is False  # it runs


def test_of_a_feed_without_outcomes_it_is_not_known() -> None:
    found = asked(recorded("1", "2021-04-05"), recorded("2", "2021-06-30"))
    assert found.figure("open_investigations", "2021-05").value is None


def test_it_is_no_sum_of_its_months() -> None:
    older = recorded("first", "2019-10-05", "2019-10-06")
    found = Comparisons(asked(older, *COURSE), "open_investigations", "2021-06", number=2)
    assert (found.a_month, found.average.base) == (None, 3)


NEVER_DECIDED = [
    recorded(f"{year}-{month:02}", f"{year}-{month:02}-02")
    for year in (2019, 2020, 2021)
    for month in range(1, 13)
    if (year, month) < (2021, 7)
]
"""A crime a month of which none is decided, from January 2019."""
ENDS = [
    recorded("first", "2019-01-01", "2019-01-02"),
    recorded("last", "2021-06-30", "2021-06-30"),
]


def test_what_is_open_is_not_compared_with_a_time_that_records_begin_too_late_for() -> None:
    found = Comparisons(asked(*ENDS, *NEVER_DECIDED), "open_investigations", "2021-06")
    assert found.observation.value == 30
    change = found.last_year  # 18 months of records then: of the 30 open now 12 are older
    assert (change.value, change.base, change.change, change.percent) == (30, None, None, None)
    assert change.reason == (
        "records begin on 1 January 2019, too late to know all that was open at the end of 2020-06"
    )
    assert found.average.reason.endswith("too late to know all that was open at the end of 2020-06")
    assert found.drivers is not None


def test_its_chart_begins_where_records_go_back_far_enough_and_says_so() -> None:
    found = indicator_chart(asked(*ENDS, *NEVER_DECIDED), "open_investigations")
    known = {each.label: each.value for each in found.points if each.value is not None}
    assert known == {"2021-05": 29, "2021-06": 30, "2021-07": 30}
    said = "records begin on 1 January 2019, too late to know all that was open"
    assert {each.missing for each in found.points if each.value is None} == {f"{said} then"}
    assert found.rule == f"No limits: {said} at the end of the first periods."
    assert (found.levels, found.flags) == ((), ())


def test_what_is_open_is_compared_where_little_of_it_is_older_than_the_earlier_figure_saw() -> None:
    course = [each for each in NEVER_DECIDED if each["recorded_at"] >= "2020-02"]
    found = Comparisons(asked(*ENDS, *course), "open_investigations", "2021-06")
    assert (found.last_year.base, found.last_year.change, found.last_year.reason) == (5, 12, "")


def test_it_was_not_first_published_as_the_flows_of_its_period_have_it_nor_is_it_expected() -> None:
    older = recorded("first", "2019-12-05", "2019-12-06")
    found = Comparisons(asked(older, *COURSE), "open_investigations", "2021-04")
    assert found.observation.value == 3
    assert found.first_published is None
    assert found.expected is None


# -- outcome rates -------------------------------------------------------------------------------

RATES = [
    recorded("edge", "2021-01-01", "2021-01-02"),
    recorded("a1", "2021-02-10", "2021-02-20"),
    recorded("a2", "2021-02-10", "2021-05-01"),
    recorded("a3", "2021-02-10", "2021-06-25"),
    recorded("a4", "2021-02-10"),
    recorded("b1", "2021-05-10", "2021-05-15"),
    recorded("b2", "2021-05-10"),
    recorded("end", "2021-09-30"),
]


def rates(at: str) -> Comparisons:
    return Comparisons(asked(*RATES, at=ms(at)), "outcome_rate", "2021-05", number=3)


def test_a_rate_so_far_is_of_all_outcomes() -> None:
    query = asked(*RATES)
    assert query.figure("outcome_rate", "2021-02").value == 0.75
    assert query.figure("outcome_rate_within_30_days", "2021-02").value == 0.25
    assert query.figure("outcome_rate_within_100_days", "2021-02").value == 0.5


def test_rates_are_compared_at_the_greatest_age_that_both_have_reached() -> None:
    february = Comparisons(asked(*RATES), "outcome_rate", "2021-02", number=1)
    assert february.previous.at_age == 100
    assert (february.previous.value, february.previous.base) == (0.5, 1.0)
    change = Comparisons(asked(*RATES), "outcome_rate", "2021-05", number=3).year_to_date
    assert (change.at_age, change.value) == (30, 0.5)
    assert rates("2021-09-09T12:00:00Z").previous.at_age == 100


def test_periods_that_are_too_young_are_not_comparable_yet() -> None:
    change = rates("2021-06-15T12:00:00Z").previous
    assert change == Change(
        "2021-05",
        None,
        "2021-04",
        None,
        None,
        None,
        reason="not comparable yet: all of 2021-05 is 30 days old on 2021-07-01",
    )
    assert compared(change, "ratio") == "not comparable yet"
    assert rates("2021-06-15T12:00:00Z").observation.value == 0.5


def test_a_rate_at_an_age_is_complete_when_all_have_reached_it() -> None:
    young = asked(*RATES, at=ms("2021-06-29T12:00:00Z"))
    assert young.figure("outcome_rate_within_30_days", "2021-05").complete is False
    settled = asked(*RATES, at=ms("2021-07-01T12:00:00Z"))
    assert settled.figure("outcome_rate_within_30_days", "2021-05").complete


def test_what_has_no_dates_of_outcomes_says_so() -> None:
    undated = [recorded("1", "2021-01-01", outcome=1), recorded("2", "2021-06-30")]
    change = Comparisons(asked(*undated), "outcome_rate", "2021-02").previous
    reason = "the feed of crimes has not carried outcome_at to the day"
    assert (change.change, change.reason) == (None, reason)


def test_a_rate_so_far_has_no_chart_and_one_at_an_age_has() -> None:
    with pytest.raises(QueryError, match="outcome_rate_within_30_days is"):
        chart(asked(*RATES), "outcome_rate")
    assert chart(asked(*RATES), "outcome_rate_within_30_days").points


STEADY = [
    recorded(f"{year}-{month:02}/{n}", f"{year}-{month:02}-01", decided)
    for year, month in [*((2020, month) for month in range(1, 13)), (2021, 1), (2021, 2)]
    for n, decided in enumerate(
        [f"{year}-{month:02}-03", f"{year + (month + 4) // 12}-{(month + 4) % 12 + 1:02}-02", None]
    )
]
"""Each month one crime is decided at once, one after five months, one never."""


def steady(period: str, at: str) -> Comparisons:
    known = [
        each if each.get("outcome_at", "") <= at else {**each, "outcome": None, "outcome_at": None}
        for each in STEADY
    ]
    first, last = recorded("first", "2019-12-31", "2020-01-01"), recorded("last", at[:10])
    return Comparisons(asked(first, *known, last, at=ms(at)), "outcome_rate", period)


def test_a_steady_process_does_not_fall_though_the_newest_months_have_had_less_time() -> None:
    found = steady("2021-02", "2021-04-02T12:00:00Z").month_by_month
    assert found is not None
    assert (found.first, found.falls, found.base, found.value) == ("2020-03", 0, 1 / 3, 1 / 3)
    assert found.at_age == 30


def test_months_that_are_too_young_have_no_trend_yet() -> None:
    found = steady("2021-02", "2021-03-10T12:00:00Z").trend
    assert (found.word, found.reason) == (
        None,
        "not comparable yet: all of 2021-02 is 30 days old on 2021-03-31",
    )

"""The months to come, beside a figure."""

from __future__ import annotations

from streams.board.projection import Projection
from streams.outputs.figures_shown import compared
from tests.unit.board.test_trend import SEASON, asked


def test_the_third_and_the_sixth_month_after_the_period_are_projected() -> None:
    found = asked(SEASON * 3, "2021-12").projection
    assert found is not None
    assert found.in_3 is not None
    assert found.in_6 is not None
    assert (found.in_3.month, found.in_6.month) == ("2022-03", "2022-06")
    assert (round(found.in_3.value), round(found.in_6.value)) == (3, 6)
    assert (found.months, found.last) == (36, "2021-12")


def test_it_knows_nothing_of_what_came_after_the_period() -> None:
    early = asked([*SEASON * 2, *[20] * 12], "2020-12").projection
    assert early == asked([*SEASON * 2, 1], "2020-12").projection


def test_of_few_months_it_says_how_many_are_needed() -> None:
    found = asked(SEASON, "2019-12").projection
    assert found == Projection(
        months=12, reason="12 months are known in a row, 18 are needed to project"
    )


def test_a_share_has_none() -> None:
    of = asked(SEASON * 2, "2020-12")
    share = type(of)(of.query, "outcome_rate", "2020-12")
    assert share.projection is None


def test_a_day_has_none() -> None:
    of = asked(SEASON * 2, "2020-12")
    assert type(of)(of.query, of.indicator, "2020-12-05").projection is None


def test_it_is_shown_with_its_interval_of_95_per_cent() -> None:
    found = asked(SEASON * 3, "2021-12").projection
    assert found is not None
    assert compared(found, "count").startswith("2022-03: 3 (")


def test_why_there_is_none_is_shown() -> None:
    found = asked(SEASON, "2019-12").projection
    assert found is not None
    assert compared(found, "count") == "12 months are known in a row, 18 are needed to project"

"""The months to come, beside a figure."""

from __future__ import annotations

from functools import cache

import pytest

from streams.board.compare import Comparisons
from streams.board.projection import Ahead, Projection
from streams.board.query import Query
from streams.outputs.figures_shown import compared
from tests.build import call, feed, monitor, ms
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


def test_of_a_share_that_is_too_young_it_says_so() -> None:
    of = asked(SEASON * 2, "2020-12")
    share = type(of)(of.query, "outcome_rate", "2020-12")
    assert share.projection is not None
    assert share.projection.reason.startswith("not comparable yet")


@cache
def months_of_calls() -> Query:
    """Twenty-four months of ten calls each, of which eight or nine are answered after 8 s and the
    others after 60."""
    watched = monitor()
    watched.play_history(True)
    for month in range(25):
        begin = f"{2019 + month // 12}-{month % 12 + 1:02d}"
        for n in range(10 if month < 24 else 1):
            at = f"{begin}-{3 * n + 1:02d}T12:0"
            answered = f"{at}1:00Z" if n <= month % 2 else f"{at}0:08Z"
            feed(watched, call(f"m{month}n{n}", f"{at}0:00Z", answered_at=answered))
    return Query(watched, "tiny", ms("2021-01-02T00:00:00Z"))


@pytest.mark.parametrize(
    ("address", "values"),
    [("calls.service_level{line=999}", (0.9, 0.8)), ("calls.answer_mean{line=999}", (13.2, 18.4))],
)
def test_shares_and_means_are_projected(address: str, values: tuple[float, float]) -> None:
    found = Comparisons(months_of_calls(), address, "2020-12").projection
    assert found is not None
    third, sixth = found.in_3, found.in_6
    assert third is not None, found.reason
    assert sixth is not None
    assert (third.value, sixth.value) == values
    assert third.low_95 < third.low_80 < third.value < third.high_80 < third.high_95


def test_a_median_has_none() -> None:
    median = "calls.answer_median{line=999}"
    assert Comparisons(months_of_calls(), median, "2020-12").projection is None


def test_a_projected_share_is_shown_in_per_cent() -> None:
    ahead = Ahead("2021-03", 0.8512, 0.8, 0.9, 0.7, 0.95)
    assert compared(Projection(ahead), "ratio") == "2021-03: 85.1 % (70.0 % to 95.0 %)"


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

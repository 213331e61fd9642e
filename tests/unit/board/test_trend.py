"""Whether a figure rises or falls over the years, and how it went from month to month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from streams.board.compare import Comparisons
from streams.board.month_by_month import MonthByMonth
from streams.board.query import Query
from streams.board.trend import Trend
from streams.outputs.figures_shown import compared
from tests.build import crime, feed, monitor, ms

SEASON = [1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2]
"""What a year is like, from January on."""


def asked(counts: Sequence[int], period: str) -> Comparisons:
    """So many vehicle crimes in each month from January 2019 on."""
    labels = [f"{2019 + n // 12}-{n % 12 + 1:02}" for n in range(len(counts))]
    found: list[dict[str, Any]] = []
    for month, number in zip(labels, counts, strict=True):
        found += [
            crime(f"{month} {n}", f"{month}-05T12:00:00Z", offence="vehicle") for n in range(number)
        ]
    watched = monitor()
    watched.play_history(True)
    last = crime("last", f"{labels[-1]}-28T23:00:00Z")
    feed(watched, crime("first", "2019-01-01T12:00:00Z"), *found, last)
    after = crime("after", f"{2019 + len(counts) // 12}-{len(counts) % 12 + 1:02}-03T12:00:00Z")
    feed(watched, after)
    query = Query(watched, "tiny", ms(after["recorded_at"]))
    return Comparisons(query, "crimes.count{offence=vehicle}", period)


def grown(years: int, step: int) -> list[int]:
    """Years with a season, each so many above the one before."""
    return [count + step * year for year in range(years) for count in SEASON]


@pytest.mark.parametrize(("step", "word"), [(2, "rising"), (0, "neither")])
def test_over_three_whole_years_a_trend_is_told_from_the_season(step: int, word: str) -> None:
    found = asked(grown(3, step), "2021-12").trend
    assert (found.word, found.first, found.last, found.years) == (word, "2019-01", "2021-12", 3)
    assert found.allowed_for is False


def test_what_falls_over_the_years_falls_though_it_rose_in_spring() -> None:
    found = asked(grown(4, 3)[::-1], "2022-12").trend
    assert (found.word, found.years) == ("falling", 4)
    assert compared(found, "count") == "falling, 2019-01 to 2022-12, its season apart"


def test_the_half_of_a_season_that_rises_is_no_trend() -> None:
    found = asked(grown(3, 0)[:31], "2021-07").trend
    assert found == Trend(
        None,
        "2019-01",
        "2021-07",
        None,
        reason="a trend can't be seen apart from a season in 31 months: 3 whole years are needed",
    )
    assert compared(found, "count") == found.reason


def test_whole_years_end_with_the_month_that_is_asked_for() -> None:
    found = asked(grown(4, 2), "2022-07").trend
    assert (found.word, found.first, found.last, found.years) == (
        "rising", "2019-08", "2022-07", 3,
    )  # fmt: skip


def test_a_long_period_has_the_trend_of_its_own_years() -> None:
    counts = [*grown(2, 20), *grown(3, 0)]
    assert asked(counts, "2023-12").trend.years == 5
    assert asked(counts, "2021-01..2023-12").trend.word == "neither"


def test_over_ten_years_months_that_are_alike_are_allowed_for() -> None:
    found = asked(grown(10, 1), "2028-12").trend
    assert (found.word, found.years, found.allowed_for) == ("rising", 10, True)


def test_no_trend_is_told_of_what_is_not_known() -> None:
    of = asked(grown(1, 0), "2018-11")
    assert (of.trend.word, of.trend.reason, of.month_by_month) == (None, "", None)
    assert asked(grown(1, 0), "2019-12-15").trend.word is None


def test_month_by_month_says_in_how_many_months_it_rose_and_how_many_in_a_row() -> None:
    found = asked([4, 5, 4, 4, 5, 6, 5, 7, 8, 9], "2019-10").month_by_month
    assert found == MonthByMonth(6, 2, 9, 3, "2019-01", "2019-10", 4, 9)
    assert compared(found, "count") == "rose in 6 of 9 months, 3 in a row to 2019-10: 4 to 9"


def test_month_by_month_of_a_half_year_is_of_its_own_months() -> None:
    found = asked([*grown(1, 0), 9, 8, 8, 7, 6, 5], "2020-01..2020-06").month_by_month
    assert found == MonthByMonth(0, 4, 5, -3, "2020-01", "2020-06", 9, 5)
    assert compared(found, "count") == "fell in 4 of 5 months, 3 in a row to 2020-06: 9 to 5"


def test_month_by_month_of_a_month_is_of_the_twelve_to_it() -> None:
    found = asked(grown(2, 0), "2020-12").month_by_month
    assert found is not None
    assert (found.first, found.last, found.of, found.rises) == ("2020-01", "2020-12", 11, 6)

"""Whether a figure rises or falls from month to month."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.board.query import Query
from streams.board.trend import Trend, mann_kendall, trend
from tests.build import crime, feed, monitor, ms

MONTHS = [f"2021-{month:02d}" for month in range(1, 13)]


def asked(counts: list[int], period: str) -> Trend:
    """The trend of so many crimes in each month of 2021."""
    found: list[dict[str, Any]] = [crime("last", "2021-12-31T12:00:00Z")]
    for month, number in zip(MONTHS, counts, strict=True):
        found += [
            crime(f"{month} {n}", f"{month}-05T12:00:00Z", offence="vehicle") for n in range(number)
        ]
    watched = monitor()
    watched.play_history(True)
    feed(watched, crime("first", "2021-01-01T12:00:00Z"), *found)
    query = Query(watched, "tiny", ms("2022-01-10T00:00:00Z"))
    of = query.indicator("crimes.count{offence=vehicle}")
    return trend(query, of, query.stretch(period), "force")


@pytest.mark.parametrize(
    ("counts", "word"),
    [
        ([1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 8, 9], "rising"),
        ([9, 8, 7, 7, 6, 5, 5, 4, 3, 3, 2, 1], "falling"),
        ([5, 6, 5, 6, 5, 6, 5, 6, 5, 6, 5, 6], "neither"),
    ],
)
def test_the_twelve_months_to_a_month_rise_or_fall(counts: list[int], word: str) -> None:
    found = asked(counts, "2021-12")
    assert (found.word, found.first, found.last) == (word, "2021-01", "2021-12")


def test_a_long_period_has_the_trend_of_its_own_months() -> None:
    found = asked([9, 8, 7, 6, 5, 4, 3, 4, 5, 6, 7, 8], "2021-07..2021-12")
    assert (found.word, found.first) == ("rising", "2021-07")


def test_no_trend_is_told_of_months_that_are_not_known() -> None:
    assert asked([1] * 12, "2021-11").word is None  # the feed began in January
    assert asked([1] * 12, "2021-12-15").word is None


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_read_backwards_what_rises_falls(values: list[int]) -> None:
    score, chance = mann_kendall(values)
    assert mann_kendall(values[::-1]) == (-score, chance)
    assert 0 < chance <= 1

"""Whether a figure has a season, and what its months usually are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from streams.board.compare import Comparisons
from streams.board.query import Query
from streams.board.season import Season
from streams.outputs.figures_shown import compared
from tests.build import crime, feed, monitor, ms

SUMMER = [4, 4, 6, 6, 6, 8, 10, 8, 6, 6, 4, 4]
"""What a year is like: 6 a month, 10 in July."""
SCATTER = [
    *(6, 4, 9, 6, 3, 6, 7, 5, 8, 4, 6, 8),
    *(5, 8, 6, 4, 7, 6, 3, 9, 6, 6, 4, 8),
    *(7, 5, 4, 8, 6, 9, 6, 5, 7, 6, 8, 3),
]


def asked(counts: Sequence[int], period: str) -> Comparisons:
    """So many crimes in each month from January 2018 on."""
    labels = [f"{2018 + n // 12}-{n % 12 + 1:02}" for n in range(len(counts))]
    found: list[dict[str, Any]] = [crime("first", "2018-01-01T12:00:00Z", offence="burglary")]
    for month, number in zip(labels, counts, strict=True):
        found += [
            crime(f"{month} {n}", f"{month}-05T12:00:00Z", offence="vehicle") for n in range(number)
        ]
    watched = monitor()
    watched.play_history(True)
    after = f"{2018 + len(counts) // 12}-{len(counts) % 12 + 1:02}-03T12:00:00Z"
    feed(watched, *found, crime("after", after, offence="burglary"))
    return Comparisons(Query(watched, "tiny", ms(after)), "vehicle_offences", period)


def test_a_season_is_told_with_what_its_month_usually_is_and_is_now() -> None:
    found = asked([*SUMMER * 3, *SUMMER[:6], 12], "2021-07").season
    assert found is not None
    assert (found.seasonal, found.years) == (True, 3)
    assert found.usual == pytest.approx(10 / 6 - 1, abs=0.01)
    assert found.now == pytest.approx(12 / 6 - 1)
    assert compared(found, "count") == "usually +67 % on an average month, now +100 %"


def test_a_quarter_has_the_season_of_its_months() -> None:
    found = asked([*SUMMER * 3, *SUMMER[:3]], "2021-Q1").season
    assert found is not None
    assert found.usual == pytest.approx(14 / 18 - 1, abs=0.01)


def test_of_scatter_no_season_is_told_though_last_year_was_on_the_same_side() -> None:
    of = asked([*SCATTER, 9], "2021-01")
    assert of.season is not None
    assert (of.season.seasonal, of.season.usual, of.season.years) == (False, None, 3)
    assert of.as_last_year.word == "as last year"
    assert compared(of.season, "count") == "no season can be seen"


def test_without_three_whole_years_before_no_season_is_told() -> None:
    found = asked(SUMMER * 3, "2020-12").season
    reason = "no season can be seen in 35 months: 3 whole years are needed"
    assert found == Season(False, years=2, reason=reason)


def test_what_is_no_part_of_a_year_in_whole_months_has_no_season() -> None:
    for period in ("2020", "2020-12-05", "R12-2020-12"):
        assert asked(SUMMER * 3, period).season is None

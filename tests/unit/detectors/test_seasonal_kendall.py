"""The seasonal Kendall test: equal to another program, and to the exact chance."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.change.seasonal_kendall import seasonal_kendall


def made(years: int, step: float, seed: int) -> list[list[float]]:
    """Whole numbers with ties, a season and a step a year."""
    chance = random.Random(seed)
    return [
        [20 + 5 * (month * month % 7) + round(step * year) + chance.randrange(9)
         for month in range(12)]
        for year in range(years)
    ]  # fmt: skip


BY_PYMANNKENDALL = [
    (3, 3, 1, 19, 41.0, 0.0049368185563249956, 203.66666666666669),
    (5, 0.5, 2, 64, 183.33333333333331, 3.2736512523001693e-06, 1292.6666666666667),
    (7, -1, 3, -139, 506.33333333333337, 8.633014303427444e-10, 3033.0),
    (10, 0.6, 4, 208, 1444.6666666666665, 5.148290460610383e-08, 6232.0),
    (12, 0, 5, 48, 2398.0000000000005, 0.337164200478572, 1198.6666666666667),
]
"""What `made` takes; the score, its variance and chance by `seasonal_test` of pymannkendall 1.4.3,
and the variance by its `correlated_seasonal_test`."""


@pytest.mark.parametrize(
    ("years", "step", "seed", "score", "variance", "chance", "corrected"), BY_PYMANNKENDALL
)
def test_it_is_equal_to_another_program(
    years: int, step: float, seed: int, score: int, variance: float, chance: float, corrected: float
) -> None:
    plain = seasonal_kendall(made(years, step, seed), corrected=False)
    assert plain.score == score
    assert plain.variance == pytest.approx(variance)
    assert plain.chance == pytest.approx(chance, rel=1e-6)
    allowed_for = seasonal_kendall(made(years, step, seed), corrected=True)
    assert allowed_for.score == score
    assert allowed_for.variance == pytest.approx(corrected)


def exact_chance(seasons: int, years: int, score: int) -> float:
    """Of so high a score either way, where all orders of the years are as likely in each season."""
    one = Counter(
        sum(1 if after > before else -1 for before, after in combinations(order, 2))
        for order in permutations(range(years))
    )
    every: dict[int, Fraction] = {0: Fraction(1)}
    for _ in range(seasons):
        following: dict[int, Fraction] = {}
        for so_far, part in every.items():
            for more, ways in one.items():
                found = following.get(so_far + more, Fraction(0))
                following[so_far + more] = found + part * ways / one.total()
        every = following
    return float(sum(part for found, part in every.items() if abs(found) >= abs(score)))


@pytest.mark.parametrize("years", [3, 4, 5])
def test_of_twelve_seasons_of_three_years_the_normal_is_near_the_exact_chance(years: int) -> None:
    for rising in range(7, 13):
        # So many seasons rise throughout, the others fall throughout.
        rows = [[year if m < rising else -year for m in range(12)] for year in range(years)]
        found = seasonal_kendall(rows, corrected=False)
        assert found.chance == pytest.approx(exact_chance(12, years, found.score), abs=0.004)


def test_a_season_that_is_the_same_each_year_is_no_trend() -> None:
    assert seasonal_kendall([[month % 5 for month in range(12)]] * 4).chance == 1


def test_dependence_is_allowed_for_from_ten_years_on() -> None:
    assert not seasonal_kendall(made(9, 1, 1)).corrected
    assert seasonal_kendall(made(10, 1, 1)).corrected


@given(st.lists(st.lists(st.integers(0, 5), min_size=4, max_size=4), min_size=2, max_size=12))
def test_read_backwards_what_rises_falls(years: list[list[int]]) -> None:
    found, backwards = seasonal_kendall(years), seasonal_kendall(years[::-1])
    assert backwards.score == -found.score
    assert backwards.variance == pytest.approx(found.variance)
    assert 0 < found.chance <= 1


def test_years_that_are_not_all_alike_are_refused() -> None:
    for years in ([[1, 2]], [[1, 2], [1]]):
        with pytest.raises(ValueError, match="two years or more"):
            seasonal_kendall(years)

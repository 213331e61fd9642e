"""A yearly season is told from scatter, from a trend and from another level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.season import season

SHAPE = 1 + 0.2 * np.cos(2 * np.pi * (np.arange(12) - 6) / 12)
"""The highest in July."""


def drawn(mean: np.ndarray, seed: int) -> list[float]:
    return [float(count) for count in np.random.default_rng(seed).poisson(mean)]


def test_what_is_the_same_each_year_is_a_season_and_each_month_has_its_share() -> None:
    found = season([100 * each for each in SHAPE] * 3)
    assert found.chance < 1e-12
    assert found.usual == pytest.approx(SHAPE, abs=1e-12)
    assert found.years == 3


def test_a_season_is_told_through_scatter_from_four_years() -> None:
    seen = [season(drawn(np.tile(200 * SHAPE, 4), seed)).chance <= 0.05 for seed in range(40)]
    assert sum(seen) == 40


@pytest.mark.parametrize(
    "level",
    [
        np.full(48, 60.0),
        60 * np.exp(np.arange(48) / 60),  # a trend
        np.where(np.arange(48) < 29, 60.0, 90.0),  # another level
    ],
)
def test_no_season_is_told_of_scatter_a_trend_or_another_level(level: np.ndarray) -> None:
    seen = [season(drawn(level, seed)).chance <= 0.05 for seed in range(300)]
    assert 3 <= sum(seen) <= 30  # 5 % of 300 are 15


def test_figures_that_are_all_alike_have_none() -> None:
    assert season([5.0] * 36).chance == 1
    assert season([0.0] * 36).chance == 1


def test_the_chance_is_that_of_an_f_test_of_two_ways() -> None:
    values = drawn(np.tile(50 * SHAPE, 5), 1)
    about = np.convolve(values, np.r_[0.5, np.ones(11), 0.5] / 12, "valid")
    roots = np.sqrt(np.array(values)[6:-6] / about).reshape(-1, 12)
    roots -= roots.mean(axis=1, keepdims=True)
    common = len(roots) * (roots.mean(axis=0) ** 2).sum()
    left = ((roots - roots.mean(axis=0)) ** 2).sum()
    ratio = (common / 11) / (left / (11 * (len(roots) - 1)))
    expected = stats.f.sf(ratio, 11, 11 * (len(roots) - 1))
    assert season(values).chance == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.integers(0, 6), min_size=36, max_size=36))
def test_any_counts_have_a_chance_and_months_that_average_near_one(values: list[int]) -> None:
    found = season(values)
    assert 0 <= found.chance <= 1
    assert min(found.usual) >= 0


def test_what_is_not_of_whole_years_is_refused() -> None:
    for values in ([1.0] * 24, [1.0] * 37, [-1.0] * 36):
        with pytest.raises(ValueError, match="3 whole years"):
            season(values)

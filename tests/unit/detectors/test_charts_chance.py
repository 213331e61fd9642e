"""How often a chart calls a point exceptional by chance, beside a simulation and known limits."""

import numpy as np
import pytest

from detectors.charts.chance import exceptional_by_chance


def test_of_a_mean_and_deviation_it_is_what_a_simulation_finds() -> None:
    points = np.random.default_rng(1).normal(size=(200_000, 13))
    before, new = points[:, :12], points[:, 12]
    away = np.abs(new - before.mean(axis=1)) / before.std(axis=1, ddof=1)
    assert exceptional_by_chance("mean_sd", 12, 2.0) == pytest.approx((away > 2).mean(), abs=0.002)


def test_of_a_moving_range_it_is_what_a_simulation_finds() -> None:
    points = np.random.default_rng(2).normal(size=(200_000, 13))
    before, new = points[:, :12], points[:, 12]
    sigma = np.abs(np.diff(before, axis=1)).mean(axis=1) / 1.128
    away = np.abs(new - before.mean(axis=1)) / sigma
    found = exceptional_by_chance("individuals", 12, 3.0)
    assert found == pytest.approx((away > 3).mean(), abs=0.003)


def test_of_counts_sigma_follows_from_the_mean() -> None:
    assert exceptional_by_chance("c", 10_000, 3.0) == pytest.approx(0.0027, abs=1e-4)


def test_limits_of_one_point_are_refused() -> None:
    with pytest.raises(ValueError, match="2 points at least, not 1"):
        exceptional_by_chance("mean_sd", 1, 2.0)

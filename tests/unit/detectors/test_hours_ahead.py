"""The counts of the next hours: how a day's level swings, what it is now, and what that says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.counts.hours_ahead import (
    Departure,
    LevelNow,
    Swing,
    departure,
    hours_ahead,
    level,
    swing,
)
from detectors.counts.predictive import Predictive

Floats = NDArray[np.float64]


def drawn(
    hours: int, variance: float, kept: float, dispersion: float, seed: int = 1
) -> tuple[Floats, Floats]:
    """Counts about 40 by day and 10 by night, with a level that swings, and what is usual."""
    chance = np.random.default_rng(seed)
    usual = np.where(np.arange(hours) % 24 < 12, 40.0, 10.0)
    apart, log_variance = 0.0, np.log1p(variance)
    counts = []
    for mean in usual:
        apart = kept * apart + np.sqrt(log_variance * (1 - kept**2)) * chance.normal()
        rate = mean * np.exp(apart - log_variance / 2)
        if dispersion > 1.0:
            rate = chance.gamma(rate / (dispersion - 1.0), dispersion - 1.0)
        counts.append(float(chance.poisson(rate)))
    return np.array(counts), usual


def test_how_a_level_swings_is_found_from_counts() -> None:
    found = swing(*drawn(8_000, 0.04, 0.9, 1.5))
    assert found.variance == pytest.approx(0.04, abs=0.006)
    assert found.kept == pytest.approx(0.9, abs=0.03)
    assert found.dispersion == pytest.approx(1.5, abs=0.15)


def test_independent_counts_swing_hardly() -> None:
    found = swing(*drawn(8_000, 0.0, 0.0, 1.0))
    assert found.variance < 0.001
    assert found.dispersion == pytest.approx(1.0, abs=0.05)


def test_one_burst_is_not_taken_for_how_a_level_swings() -> None:
    counts, usual = drawn(1_344, 0.0, 0.0, 1.0)
    quiet = swing(counts, usual)
    counts[700:703] = 400.0
    assert swing(counts, usual).dispersion < quiet.dispersion + 0.2


def test_what_is_not_known_says_nothing() -> None:
    counts, usual = drawn(400, 0.04, 0.9, 1.0)
    gaps = [None if place % 50 == 7 else each for place, each in enumerate(counts.tolist())]
    by = Swing(0.04, 0.9, 1.0)
    assert level([None] * 10, usual[:10], by) == LevelNow(1.0, 0.04)
    assert level(gaps, usual, by).value == pytest.approx(level(counts, usual, by).value, abs=0.02)


def test_the_level_is_the_best_linear_estimate() -> None:
    # One hour of 150 where 100 are usual: the gain is 0.04 * 100 / (0.04 * 100 + 1) = 0.8.
    assert level([150], [100], Swing(0.04, 0.5, 1.0)) == pytest.approx(LevelNow(1.4, 0.008))


def test_the_level_wears_off_and_grows_uncertain() -> None:
    by = Swing(0.04, 0.5, 2.0)
    found = hours_ahead(LevelNow(1.4, 0.008), by, [Predictive(100.0, 0.01)] * 2)
    assert [each.mean for each in found] == pytest.approx([120.0, 110.0])
    variances = 0.04 - 0.25 * 0.032, 0.04 - 0.0625 * 0.032
    spreads = [0.01 + variances[0] / 1.2**2, 0.01 + variances[1] / 1.1**2]
    assert [each.spread for each in found] == pytest.approx(spreads)
    assert {each.dispersion for each in found} == {2.0}


def test_an_hour_is_never_expected_to_bring_nothing() -> None:
    found = hours_ahead(LevelNow(-0.5, 0.01), Swing(0.04, 0.99, 1.0), [Predictive(100.0)])
    assert found[0].mean == pytest.approx(5.0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_intervals_hold_as_often_as_they_say(seed: int) -> None:
    counts, usual = drawn(3_000, 0.04, 0.9, 1.5, seed)
    by = swing(counts[:1_344], usual[:1_344])
    held = {0.1: 0, 0.025: 0}
    origins = range(1_344, 2_988, 7)
    for at in origins:
        now = level(counts[at - 168 : at], usual[at - 168 : at], by)
        ahead = hours_ahead(now, by, [Predictive(each) for each in usual[at : at + 6]])[5]
        for tail in held:
            low, high = ahead.limits(tail)
            held[tail] += low <= counts[at + 5] <= high
    assert 0.76 < held[0.1] / len(origins) < 0.90
    assert 0.92 < held[0.025] / len(origins) < 0.99


def test_more_counts_than_usual_ones_are_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        swing([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="below 0"):
        level([1.0], [-1.0], Swing(0.0, 0.0, 1.0))


# -- departures --------------------------------------------------------------------------------

STEADY = Swing(0.01, 0.9, 1.5)
USUAL = [Predictive(10.0, 0.0)] * 8


def test_hours_that_ordinary_days_never_bring_are_a_departure() -> None:
    assert departure([10, 9, 12, 11, 8, 30, 33, 36], USUAL, STEADY) == Departure(3, 99.0, 30.0)
    assert departure([10, 9, 12, 11, 8, 14, 12, 15], USUAL, STEADY) is None


def test_hours_of_hardly_any_calls_are_one_too() -> None:
    found = departure([10, 9, 12, 11, 8, 0, 0, 0], USUAL, STEADY)
    assert (found is not None, found and found.ratio < 0.1) == (True, True)


def test_hours_before_one_that_is_not_known_are_not_looked_at() -> None:
    assert departure([30, 33, 36, None, 10], USUAL[:5], STEADY) is None


def test_a_departure_is_carried_on_and_wears_off() -> None:
    now, found = LevelNow(1.1, 0.005), Departure(3, 89.0, 29.0)
    ahead = hours_ahead(now, STEADY, USUAL, found)
    assert [round(each.mean, 1) for each in ahead[:4]] == [24.0, 19.8, 16.9, 14.8]
    before = hours_ahead(now, STEADY, USUAL)
    assert all(a.mean > b.mean and a.spread > b.spread for a, b in zip(ahead, before, strict=True))


def test_a_fall_asks_for_no_fewer_handlers() -> None:
    now = LevelNow(0.9, 0.005)
    assert hours_ahead(now, STEADY, USUAL, Departure(3, 0.0, 30.0)) == hours_ahead(
        now, STEADY, USUAL
    )


def test_after_a_surge_that_may_end_at_any_hour_the_intervals_hold() -> None:
    chance = np.random.default_rng(4)
    held = []
    for _ in range(300):
        last = chance.poisson([10.0] * 3 + [30.0] * 3).astype(float)
        found = departure(last, USUAL[:6], STEADY)
        lasts = int(chance.geometric(0.3)) - 1
        came = chance.poisson(30.0 if lasts >= 2 else 10.0)
        low, high = hours_ahead(LevelNow(1.1, 0.005), STEADY, USUAL, found)[1].limits(0.025)
        held.append(low <= came <= high)
    assert np.mean(held) >= 0.93

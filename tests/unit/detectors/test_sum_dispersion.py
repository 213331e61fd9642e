"""How long deviations last: what long stretches of counts scatter, over what single counts say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.counts.count_watch import CountWatch
from detectors.counts.weekly.sum_dispersion import CUT, LAGS, NOTHING, add, factor

WEEK = np.arange(168)


def sums_of(deviations: NDArray[np.float64]) -> list[float]:
    sums = np.array([NOTHING])
    for week in deviations.reshape(-1, 1, 168):
        sums = add(sums, 1.0, 168, WEEK[None], week, np.ones((1, 168), dtype=bool))
    found: list[float] = sums[0].tolist()
    return found


def wandering(rho: float, weeks: int, seed: int) -> NDArray[np.float64]:
    """An AR(1) of variance 1."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(weeks * 168)
    for n in range(1, len(noise)):
        noise[n] = rho * noise[n - 1] + np.sqrt(1.0 - rho**2) * noise[n]
    return noise


def test_a_week_adds_what_the_lagged_products_are_by_hand() -> None:
    place = np.array([0, 1, 2, 5, 0])
    off = np.array([1.0, 0.5, -0.5, 9.0, 4.0])  # the fourth is cut, the last is no count
    here = np.array([[True] * 4 + [False]])
    cut = np.array([1.0, 0.5, -0.5, CUT]) - (1.0 + 0.5 - 0.5 + CUT) / 4
    pairs = [(a, b) for a in range(4) for b in range(a) if 0 < place[a] - place[b] <= LAGS]
    products = sum(cut[a] * cut[b] for a, b in pairs) + cut @ cut * LAGS / 4
    before = np.array([[10.0, 20.0, 30.0]])
    expected = [10.0 * 0.5 + products, 20.0 * 0.5 + cut @ cut, 30.0 * 0.5 + 4]
    found = add(before, 0.5, 168, place[None], off[None], here)
    assert found[0].tolist() == pytest.approx(expected)


def test_independent_counts_have_the_stretches_of_independent_counts() -> None:
    found = [factor(sums_of(wandering(0.0, 26, seed))) for seed in range(40)]
    assert sum(each == 1.0 for each in found) >= 36  # twice the standard error: 97.7 %
    assert max(found) < 1.1


@pytest.mark.parametrize("rho", [0.2, 0.4])
def test_a_wandering_rate_has_longer_ones_by_its_correlations(rho: float) -> None:
    """Of an AR(1) the first six correlations sum to rho (1 - rho^6) / (1 - rho); cut deviations
    correlate a little less, and twice the standard error is off."""
    true = rho * (1.0 - rho**LAGS) / (1.0 - rho)
    doubt = 2.0 * np.sqrt(LAGS / (52 * 168))
    found = np.mean([factor(sums_of(wandering(rho, 52, seed))) for seed in range(8)])
    assert 1.0 + 2.0 * (0.9 * true - 1.2 * doubt) < found < 1.0 + 2.0 * (true - 0.8 * doubt)


def test_a_burst_is_no_persistence() -> None:
    quiet = wandering(0.0, 26, 1)
    quiet[1000:1012] = 8.0
    assert factor(sums_of(quiet)) < 1.06


def test_a_busy_spell_is_less_evidence_where_spells_are_usual() -> None:
    """The same twelve hours of a third more, after a year of independent and of wandering hours."""

    def change(rho: float) -> float:
        watch, rng = CountWatch(), np.random.default_rng(3)
        rates = 20.0 * np.exp(0.25 * wandering(rho, 52, 4) - 0.03125)
        for count in rng.poisson(rates):
            watch.update(float(count))
        for _ in range(12):
            watch.update(27.0)
        return watch.change

    assert change(0.6) < 0.6 * change(0.0)


def test_days_say_nothing_of_it() -> None:
    watch = CountWatch(slots=7)
    for day in range(400):
        watch.update(50.0 + 10.0 * (day // 2 % 2))
    assert watch.expected.baseline.stretch == 1.0

"""Proportions against scipy's distributions; river's detectors inside ours and the reverse."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import drift, linear_model
from scipy import stats

from detectors.base import Detector
from detectors.change.focus import PoissonFocus
from detectors.change.river_detectors import ADWIN, PageHinkley
from detectors.shares.proportion import (
    Proportion,
    beta_binomial_at_most,
    beta_binomial_tails,
    binomial_tails,
)

tails = st.integers(1, 2_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=80)
@given(tails, st.floats(0.001, 0.999))
def test_binomial_tails(kn: tuple[int, int], p: float) -> None:
    k, n = kn
    lower, upper = binomial_tails(k, n, p)
    assert lower == pytest.approx(stats.binom.cdf(k, n, p), rel=1e-9, abs=1e-250)
    assert upper == pytest.approx(stats.binom.sf(k - 1, n, p), rel=1e-9, abs=1e-250)
    point = stats.binom.pmf(k, n, p)
    mid_lower, mid_upper = binomial_tails(k, n, p, mid_p=True)
    assert mid_lower == pytest.approx(lower - point / 2, rel=1e-6, abs=1e-12)
    assert mid_lower + mid_upper == pytest.approx(1.0, abs=1e-9)


@settings(max_examples=40)
@given(tails, st.floats(0.5, 300), st.floats(0.5, 300))
def test_beta_binomial_tails(kn: tuple[int, int], a: float, b: float) -> None:
    k, n = kn
    chances = stats.betabinom.pmf(range(n + 1), n, a, b)
    lower, upper = beta_binomial_tails(k, n, a, b)
    assert lower == pytest.approx(chances[: k + 1].sum(), rel=1e-6, abs=1e-15)
    assert upper == pytest.approx(chances[k:].sum(), rel=1e-6, abs=1e-15)
    mid = beta_binomial_tails(k, n, a, b, mid_p=True)
    assert sum(mid) == pytest.approx(1.0, abs=1e-9)


@given(
    st.integers(1, 6_000),
    st.floats(0.01, 200.0),
    st.floats(0.01, 200.0),
    st.sampled_from([1e-5, 1e-3, 0.5]),
    st.integers(-1, 6_000),
)
def test_the_most_successes_that_are_so_rare_are_those_of_the_tails(
    n: int, a: float, b: float, chance: float, highest: int
) -> None:
    most = beta_binomial_at_most(n, a, b, chance, highest)
    top = min(n, highest)
    assert -1 <= most <= max(-1, top)
    nearly = 1e-6 * chance
    if most >= 0:
        assert beta_binomial_tails(most, n, a, b)[0] <= chance + nearly
    if most < top:
        assert beta_binomial_tails(most + 1, n, a, b)[0] >= chance - nearly


def test_tails_of_very_many_trials_are_near_the_exact_ones() -> None:
    for k in (2_500, 3_000, 3_500):
        lower, upper = beta_binomial_tails(k, 10_000, 300.5, 700.5)
        assert lower == pytest.approx(stats.betabinom.cdf(k, 10_000, 300.5, 700.5), rel=0.03)
        assert upper == pytest.approx(stats.betabinom.sf(k - 1, 10_000, 300.5, 700.5), rel=0.03)
    assert sum(beta_binomial_tails(2_900, 10_000, 30, 70, mid_p=True)) == pytest.approx(1.0)


def test_waits_for_the_least_denominator() -> None:
    detector = Proportion(target=0.9, memory=None)
    detector.update(0, 19)
    assert detector.pending == 19
    assert (detector.drift_detected, detector.rate) == (False, None)
    detector.update(1, 1)
    assert detector.pending == 0
    assert detector.drift_detected
    assert detector.rate == 0.05
    assert detector.direction == "down"
    assert 10**-detector.evidence == pytest.approx(stats.binom.cdf(1, 20, 0.9), rel=1e-9)


def test_ones_and_noughts_are_grouped() -> None:
    detector = Proportion(target=0.5, memory=None, least=10)
    alarms = 0
    for _ in range(25):
        detector.update(1)
        alarms += detector.drift_detected
    assert alarms == 2
    assert detector.pending == 5
    assert 10**-detector.evidence == pytest.approx(0.5**10)


def test_own_recent_rate() -> None:
    detector = Proportion()
    for _ in range(20):
        detector.update(45, 50)
        assert not detector.drift_detected
    assert detector.recent_rate == pytest.approx(0.9)
    detector.update(32, 50)
    expected = stats.betabinom.cdf(32, 50, 900.5, 100.5)
    assert 10**-detector.evidence == pytest.approx(expected, rel=1e-6)
    assert detector.drift_detected
    # A plug-in tail would be smaller than the predictive one.
    assert 10**-detector.evidence > stats.binom.cdf(32, 50, 0.9)


def test_what_is_older_than_the_memory_fades() -> None:
    detector = Proportion(memory=200.0)
    for _ in range(40):
        detector.update(30, 100)
    for _ in range(40):
        detector.update(80, 100)
    assert detector.recent_rate == pytest.approx(0.8, abs=1e-3)
    assert not detector.drift_detected


def test_mid_p_and_sides() -> None:
    exact = Proportion(target=0.8, memory=None)
    mid = Proportion(target=0.8, memory=None, mid_p=True)
    up = Proportion(target=0.8, memory=None, sides="up")
    for detector in (exact, mid, up):
        detector.update(12, 25)
    assert mid.evidence > exact.evidence
    assert exact.drift_detected
    assert not up.drift_detected
    assert up.evidence == pytest.approx(0.0, abs=1e-3)


def test_false_alarms_stay_within_the_nominal_rate() -> None:
    rng = random.Random(2)
    detector = Proportion(threshold=2.0, memory=2_000.0)
    alarms, groups = 0, 3_000
    for _ in range(groups):
        detector.update(sum(rng.random() < 0.9 for _ in range(40)), 40)
        alarms += detector.drift_detected
    assert alarms / groups < 0.02


@pytest.mark.parametrize(
    "arguments",
    [{"target": 1.0}, {"memory": None}, {"memory": 0.0}, {"least": 0}, {"sides": "left"}],
)
def test_refuses_senseless_parameters(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Proportion(**arguments)


Make = Callable[[], Any]
PAIRS: list[tuple[Make, Make]] = [
    (lambda: ADWIN(clock=4), lambda: drift.ADWIN(clock=4)),
    (lambda: PageHinkley(threshold=20), lambda: drift.PageHinkley(threshold=20)),
    (lambda: PageHinkley(mode="down"), lambda: drift.PageHinkley(mode="down")),
]


def noise(points: int, change: int) -> list[float]:
    rng = random.Random(9)
    return [rng.gauss(5 if i < change else 8, 1) for i in range(points)]


@pytest.mark.parametrize(("ours", "rivers"), PAIRS)
def test_rivers_detectors_say_the_same_inside_ours(ours: Make, rivers: Make) -> None:
    wrapped, bare = ours(), rivers()
    assert isinstance(wrapped, Detector)
    alarms = 0
    for i, x in enumerate(noise(900, 500)):
        wrapped.update(x)
        wrapped_alarm = wrapped.drift_detected
        bare.update(x)
        assert wrapped_alarm == bare.drift_detected
        alarms += wrapped_alarm
        if i % 7 == 0:
            wrapped.update(None)
            wrapped = type(wrapped).restore(json.loads(json.dumps(wrapped.save())))
    falls = isinstance(wrapped, PageHinkley) and wrapped.mode == "down"
    assert alarms >= 1 or falls


@pytest.mark.parametrize(
    "detector",
    [
        PoissonFocus(threshold=12.0, sides="up"),
        drift.ADWIN(clock=1),
        ADWIN(clock=1),
        PageHinkley(threshold=20.0),
        Proportion(memory=200.0),
    ],
)
def test_ours_and_rivers_work_in_the_same_place(detector: drift.ADWIN | Detector) -> None:
    """River starts a classifier anew when the detector, told of each error, sees a change."""
    rng = random.Random(3)
    first = linear_model.LogisticRegression()
    classifier = drift.DriftRetrainingClassifier(
        first,
        drift_detector=detector.clone(),  # type: ignore[arg-type]  # it needs no more
        train_in_background=False,
    )
    renewed = []
    for i in range(1_200):
        model = classifier.model
        features = {"a": rng.gauss(0, 1), "b": rng.gauss(0, 1)}
        classifier.learn_one(features, (features["a"] > 0) is (i < 600))
        if classifier.model is not model:
            renewed.append(i)
    assert any(600 < i < 720 for i in renewed)
    assert sum(i < 600 for i in renewed) <= 1

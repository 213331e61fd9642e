"""FOCuS against a brute-force generalised likelihood ratio over every onset and direction."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from detectors.change import likelihoods
from detectors.change.focus import Focus, GaussianFocus, NegativeBinomialFocus, PoissonFocus

Gain = Callable[[float, float, float], float]
SIZE, SD, DISPERSION = 3.0, 2.0, 2.5

GAINS: dict[str, Gain] = {
    "poisson": likelihoods.poisson,
    "dispersed": lambda e, s, m: likelihoods.poisson(e, s, m) / DISPERSION,
    "negative binomial": lambda e, s, m: likelihoods.negative_binomial(e, s, m, SIZE),
    "gaussian": lambda e, s, m: likelihoods.gaussian(e, s, m, SD),
}


def make(family: str, baseline: float | None, **options: Any) -> Focus:
    settings_: dict[str, Any] = {"threshold": math.inf, "baseline": baseline, **options}
    if family == "gaussian":
        return GaussianFocus(sd=SD, **settings_)
    if family == "negative binomial":
        return NegativeBinomialFocus(size=SIZE, **settings_)
    dispersion = DISPERSION if family == "dispersed" else 1.0
    return PoissonFocus(dispersion=dispersion, **settings_)


def brute_force(
    gain: Gain, xs: Sequence[float], es: Sequence[float], baseline: float | None, sign: int
) -> dict[int, float]:
    """The statistic of every onset whose change has the direction `sign`."""
    mean = math.fsum(xs) / math.fsum(es) if baseline is None else baseline
    values = {}
    for onset in range(len(xs)):
        exposure, total = math.fsum(es[onset:]), math.fsum(xs[onset:])
        exposure_before, before = math.fsum(es[:onset]), math.fsum(xs[:onset])
        if onset == 0 and baseline is None:
            continue
        if sign * (total / exposure - mean) <= 0.0:
            continue
        values[onset] = gain(exposure, total, mean)
        if baseline is None:
            values[onset] += gain(exposure_before, before, mean)
    return values


def check(family: str, xs: Sequence[float], es: Sequence[float], baseline: float | None) -> None:
    detector = make(family, baseline)
    for x, e in zip(xs, es, strict=True):
        detector.update(x, e)
    up = brute_force(GAINS[family], xs, es, baseline, 1)
    down = brute_force(GAINS[family], xs, es, baseline, -1)
    close = {"rel_tol": 1e-9, "abs_tol": 1e-9}
    assert math.isclose(detector.evidence_up, max(up.values(), default=0.0), **close)
    assert math.isclose(detector.evidence_down, max(down.values(), default=0.0), **close)
    assert detector.evidence == max(detector.evidence_up, detector.evidence_down)
    if detector.evidence < 1e-6:
        return
    # The onset is one that attains the maximum (several may), and the level is the mean from there.
    assert detector.onset is not None
    assert detector.level is not None
    assert detector.level_before is not None
    onset = detector.onset
    values = up if detector.direction == "up" else down
    assert math.isclose(values[onset], max(values.values()), **close)
    assert math.isclose(detector.level, math.fsum(xs[onset:]) / math.fsum(es[onset:]), **close)
    before = math.fsum(xs[:onset]) / math.fsum(es[:onset]) if baseline is None else baseline
    assert math.isclose(detector.level_before, before, **close)


counts = st.one_of(
    st.lists(st.integers(0, 3), min_size=1, max_size=40),
    st.lists(st.integers(0, 60), min_size=1, max_size=40),
    st.tuples(st.integers(0, 9), st.integers(1, 40)).map(lambda t: [t[0]] * t[1]),
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 12)), min_size=1, max_size=5).map(
        lambda steps: [level for level, length in steps for _ in range(length)]
    ),
)
exposures = st.lists(st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.7]), min_size=60, max_size=60)
baselines = st.sampled_from([None, 0.5, 2.0, 7.3])


@pytest.mark.parametrize("family", GAINS)
@settings(max_examples=60)
@given(xs=counts, es=exposures, baseline=baselines, exposed=st.booleans())
def test_equals_brute_force(
    family: str, xs: list[int], es: list[float], baseline: float | None, exposed: bool
) -> None:
    check(family, xs, es[: len(xs)] if exposed else [1.0] * len(xs), baseline)


@settings(max_examples=60)
@given(
    xs=st.lists(st.floats(-50, 50), min_size=1, max_size=40),
    baseline=st.sampled_from([None, 0.0, -3.0]),
)
def test_equals_brute_force_on_measurements(xs: list[float], baseline: float | None) -> None:
    check("gaussian", xs, [1.0] * len(xs), baseline)


@pytest.mark.parametrize("family", GAINS)
@pytest.mark.parametrize("baseline", [None, 30.0])
def test_equals_brute_force_after_many_points(family: str, baseline: float | None) -> None:
    rng = random.Random(7)
    xs = [float(round(rng.gauss(30, 6))) for _ in range(800)] + [40.0] * 3
    check(family, xs, [1.0] * len(xs), baseline)


def test_gains_are_log_likelihood_ratios() -> None:
    xs, mean = [3, 0, 7, 5], 2.2
    own = sum(xs) / len(xs)
    poisson = sum(stats.poisson.logpmf(xs, own)) - sum(stats.poisson.logpmf(xs, mean))
    assert likelihoods.poisson(4.0, 15.0, mean) == pytest.approx(poisson, rel=1e-12)
    # In terms of size r and mean m scipy's probability is r / (r + m).
    nb = sum(
        stats.nbinom.logpmf(xs, SIZE, SIZE / (SIZE + own))
        - stats.nbinom.logpmf(xs, SIZE, SIZE / (SIZE + mean))
    )
    assert likelihoods.negative_binomial(4.0, 15.0, mean, SIZE) == pytest.approx(nb, rel=1e-12)
    normal = sum(stats.norm.logpdf(xs, own, SD)) - sum(stats.norm.logpdf(xs, mean, SD))
    assert likelihoods.gaussian(4.0, 15.0, mean, SD) == pytest.approx(normal, rel=1e-12)


@pytest.mark.parametrize("baseline", [None, 5.0])
def test_keeps_about_log_n_candidates(baseline: float | None) -> None:
    rng = random.Random(3)
    detector = GaussianFocus(baseline=baseline, threshold=math.inf)
    most = 0
    for _ in range(20_000):
        detector.update(rng.gauss(5.0, 1.0))
        most = max(most, detector.candidates)
    # Each hull of n independent points has 1 + 1/2 + ... + 1/n corners on average: 10 here.
    assert most <= 6 * math.log(20_000)


def test_a_ramp_keeps_no_more_than_it_is_told() -> None:
    detector = PoissonFocus(threshold=math.inf, most_candidates=20)
    for x in range(500):
        detector.update(x)
    assert detector.candidates <= 20 + 1
    assert detector.direction == "up"
    assert detector.evidence > 1_000


def test_finds_a_fall_and_says_so() -> None:
    detector = PoissonFocus(baseline=20.0, threshold=8.0, restart=False)
    for x in [21, 19, 20, 22, 9, 8, 10]:
        detector.update(x)
    assert detector.drift_detected
    assert (detector.direction, detector.onset, detector.level) == ("down", 4, 9.0)
    assert detector.level_before == 20.0
    assert detector.evidence_up == 0.0


@pytest.mark.parametrize(("sides", "expected"), [("up", False), ("down", True), ("both", True)])
def test_sides(sides: Literal["up", "down", "both"], expected: bool) -> None:
    detector = PoissonFocus(20.0, 8.0, sides=sides, restart=False)
    for x in [21, 19, 9, 8, 7]:
        detector.update(x)
    assert detector.drift_detected is expected


def test_starts_anew_after_an_alarm_or_goes_on() -> None:
    anew = PoissonFocus(5.0, threshold=5.0)
    on = PoissonFocus(5.0, threshold=5.0, restart=False)
    for x in [5, 20, 6]:
        anew.update(x)
        on.update(x)
    assert not anew.drift_detected
    assert anew.onset == 2  # counted from the first point of all
    assert on.drift_detected
    assert on.onset == 1


def test_exposures_may_begin_late() -> None:
    detector = PoissonFocus(threshold=math.inf)
    for x, exposure in [(4, 1.0), (6, 1.0), (5, 1.0), (20, 2.0), (11, 1.0)]:
        detector.update(x, exposure)
    assert (detector.onset, detector.level_before) == (3, 5.0)
    detector.update(60, 3.0)
    assert detector.onset == 5
    assert detector.level_before == pytest.approx(46 / 6)


def test_expected_counts_as_exposure_take_out_a_season() -> None:
    expected = [10.0 + 8.0 * math.sin(i / 4) for i in range(60)]
    seasonal = PoissonFocus(baseline=1.0, restart=False)
    for i, e in enumerate(expected):
        seasonal.update(round(e) if i < 50 else round(2 * e), e)
    assert seasonal.onset == 50
    assert seasonal.level == pytest.approx(2.0, rel=0.03)


def test_a_missing_point_changes_nothing() -> None:
    detector = PoissonFocus()
    detector.update(3)
    detector.update(9)
    saved = detector.save()
    detector.update(None)
    assert detector.save() == saved


@pytest.mark.parametrize("x", [-1.0, math.nan, math.inf])
def test_refuses_what_is_no_count(x: float) -> None:
    with pytest.raises(ValueError, match="not a count"):
        PoissonFocus().update(x)


@pytest.mark.parametrize(
    "arguments",
    [{"baseline": 0.0}, {"sides": "left"}, {"dispersion": 0.0}, {"most_candidates": 1}],
)
def test_refuses_senseless_parameters(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        PoissonFocus(**arguments)

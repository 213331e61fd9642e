"""farringtonFlexible: the figures of R's surveillance 1.20.3, and what a stream may bring."""

import dataclasses
import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from detectors.counts.farrington import (
    ORIGINAL,
    FarringtonResult,
    FlexibleFarrington,
    Options,
    judge,
)
from detectors.counts.negative_binomial import cumulative, quantile, tail
from detectors.counts.quasi_poisson import fit

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "data/surveillance_farrington.json").read_text()
)
COUNTS = [float(count) for count in REFERENCE["series"]["observed"]]
NAMES = {
    "alpha": "alpha",
    "b": "years",
    "noPeriods": "levels",
    "pThresholdTrend": "trend_alpha",
    "pastWeeksNotIncluded": "skip",
    "powertrans": "power",
    "thresholdMethod": "threshold",
    "trend": "trend",
    "w": "half_window",
    "weightsThreshold": "weights_from",
}
R_DEFAULTS = dataclasses.replace(ORIGINAL, alpha=0.05, weights_from=2.58)


def options_of(case: dict[str, Any]) -> Options:
    named = {NAMES[k]: v for k, v in case["control"].items() if k != "glmWarnings"}
    return dataclasses.replace(R_DEFAULTS, **named)


@pytest.mark.parametrize("name", REFERENCE["cases"])
def test_every_figure_is_that_of_r(name: str) -> None:
    case = REFERENCE["cases"][name]
    result, options = case["result"], options_of(case)
    first, last = case["range1"]
    verdicts = [judge(COUNTS[:week], COUNTS[week], options) for week in range(first - 1, last)]
    assert len(verdicts) == len(result["observed"])
    for i, verdict in enumerate(verdicts):
        assert verdict is not None
        assert verdict.observed == result["observed"][i]
        # R blanks limit and expected count where there are too few cases for an alarm.
        assert verdict.enough == (result["upperbound"][i] is not None)
        assert verdict.alarm == bool(result["alarm"][i])
        assert (verdict.slope is not None) == bool(result["trend"][i])
        ours = {
            "upperbound": verdict.upper,
            "expected": verdict.expected,
            "phi": verdict.dispersion,
            "pvalue": verdict.p_value,
            "score": verdict.score,
            "trendCoef": verdict.slope,
        }
        theirs = {k: result[k][i] for k in ours if result[k][i] is not None}
        assert {k: ours[k] for k in theirs} == pytest.approx(theirs, rel=1e-10)


def test_the_stream_says_what_the_single_verdicts_say() -> None:
    detector = FlexibleFarrington(years=4)
    options = Options(years=4)
    for week, count in enumerate(COUNTS):
        detector.update(count)
        verdict = judge(COUNTS[:week], count, options)
        if verdict is None:
            assert week < detector.needs
            assert detector.state == "learning"
            assert detector.upper is None
            assert detector.evidence == 0
        else:
            assert detector.state == "watching"
            assert detector.upper == verdict.upper
            assert detector.lower == verdict.lower
            assert detector.expected == verdict.expected
            assert detector.dispersion == verdict.dispersion
            assert detector.p_value == verdict.p_value
            assert detector.drift_detected == verdict.alarm
            assert detector.evidence == pytest.approx(-math.log10(verdict.p_value), abs=1e-12)
    assert len(detector._history) == options.needs


def test_a_saved_detector_goes_on_bit_for_bit() -> None:
    detector = FlexibleFarrington(years=3, threshold="muan")
    for count in COUNTS[:250]:
        detector.update(count)
    again = FlexibleFarrington.restore(json.loads(json.dumps(detector.save())))
    for then in [*COUNTS[250:270], None, *COUNTS[271:]]:
        detector.update(then)
        again.update(then)
        assert again.save() == detector.save()
    detector.reset()
    assert detector.save() == FlexibleFarrington(years=3, threshold="muan").save()


def test_a_missing_week_moves_the_calendar_and_changes_no_figure() -> None:
    detector = FlexibleFarrington(years=3)
    for count in COUNTS[:200]:
        detector.update(count)
    before = (detector.upper, detector.expected, detector.evidence)
    detector.update(None)
    assert before == (detector.upper, detector.expected, detector.evidence)
    detector.update(COUNTS[201])
    with_gap = judge([*COUNTS[:200], None], COUNTS[201], Options(years=3))
    assert with_gap is not None
    assert detector.upper == with_gap.upper


def test_gaps_in_the_reference_are_left_out_of_the_regression() -> None:
    full = judge(COUNTS[:311], COUNTS[311])
    holes: list[float | None] = list(COUNTS[:311])
    for week in range(60, 311, 17):
        holes[week] = None
    some = judge(holes, COUNTS[311])
    assert full is not None
    assert some is not None
    assert some.expected == pytest.approx(full.expected, rel=0.5)
    assert some.expected != full.expected


def test_no_verdict_without_the_reference_windows() -> None:
    options = Options(years=2)
    holes: list[float | None] = [5.0] * options.needs
    for year in (1, 2):
        for week in range(-3, 4):
            holes[len(holes) - 52 * year + week] = None
    assert judge(holes, 5.0, options) is None
    assert judge([None] * options.needs, 5.0, options) is None


@pytest.mark.parametrize("threshold", ["nbPlugin", "muan", "delta"])
@pytest.mark.parametrize("power", ["none", "1/2", "2/3"])
def test_zeros_constants_and_huge_counts_do_no_harm(threshold: Any, power: Any) -> None:
    for series in (
        [0.0],
        [7.0],
        [0.0, 1e9],
        [1e15],
        [1e300],
        [1e308, 0.0],
        [1e-300],
        [0.1],
        [0.0] * 40 + [3.0],
    ):
        options = Options(years=3, threshold=threshold, power=power)
        past = (series * options.needs)[: options.needs]
        verdict = judge(past, series[0], options)
        if verdict is not None:
            values = dataclasses.astuple(verdict)
            assert not any(isinstance(x, float) and math.isnan(x) for x in values)
            assert verdict.lower <= verdict.expected or verdict.expected < 1
            assert verdict.lower <= verdict.upper


def test_what_is_no_count_is_refused() -> None:
    detector = FlexibleFarrington()
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="not a count"):
            detector.update(bad)
    assert detector.save() == FlexibleFarrington().save()


@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha": 0.0},
        {"threshold": "other"},
        {"power": "3"},
        {"years": 0},
        {"levels": 47},
    ],
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        FlexibleFarrington(**wrong)


def noise(weeks: int, mean: float = 20.0, seed: int = 1) -> list[float]:
    generator = np.random.default_rng(seed)
    return [float(count) for count in generator.poisson(mean, weeks)]


def verdict_of(past: list[float], now: float, **changes: Any) -> FarringtonResult:
    verdict = judge(past, now, Options(**changes))
    assert verdict is not None
    return verdict


def test_a_past_surge_is_weighted_down() -> None:
    past = noise(300)
    surged = list(past)
    surged[300 - 104 - 2 : 300 - 104 + 2] = [60.0] * 4
    clean = verdict_of(past, 20.0)
    kept = verdict_of(surged, 20.0, reweight=False)
    down = verdict_of(surged, 20.0)
    assert clean.upper <= down.upper < kept.upper
    assert clean.expected == pytest.approx(down.expected, rel=0.1)


def test_the_latest_weeks_do_not_raise_their_own_limit() -> None:
    past = noise(300)
    emerging = [*past[:-20], *[45.0] * 20]
    assert verdict_of(emerging, 45.0).upper == verdict_of(past, 45.0).upper
    assert verdict_of(emerging, 45.0).alarm


def test_too_few_cases_raise_no_alarm() -> None:
    past = [1.0 if week % 9 == 0 else 0.0 for week in range(297)] + [0.0] * 3
    verdict = verdict_of(past, 4.0)
    assert verdict.observed > verdict.upper
    assert not verdict.alarm
    assert verdict_of(past, 4.0, least_cases=4).alarm


@pytest.mark.parametrize("threshold", ["nbPlugin", "muan", "delta"])
def test_a_reference_of_zeros_is_judged_by_half_a_case(threshold: Any) -> None:
    zeros = [0.0] * 263
    quiet = verdict_of(zeros, 0.0, threshold=threshold)
    assert (quiet.alarm, quiet.upper, quiet.p_value) == (False, 0.0, 1.0)
    first = verdict_of(zeros, 1.0, threshold=threshold)
    assert not first.alarm  # too few cases, however unlikely
    # A Poisson count of a rate that is Gamma(1/2, n), for the n points of the reference.
    number = round(0.5 / first.expected)
    rates = stats.gamma(0.5, scale=1 / number)
    assert first.p_value == pytest.approx(1 - rates.expect(lambda rate: np.exp(-rate)), rel=1e-6)
    assert verdict_of(zeros, 5.0, threshold=threshold).alarm
    assert judge(zeros, 5.0, Options(half_case=False)) is None


def test_the_regression_is_the_maximum_of_its_likelihood() -> None:
    generator = np.random.default_rng(3)
    level = np.repeat(np.arange(4), 15)
    when = np.arange(60.0)
    counts = generator.poisson(np.exp(1.0 + 0.3 * level - 0.01 * when)).astype(float)
    prior = generator.uniform(0.5, 2.0, 60)
    found = fit(counts, level, when, trend=True, prior=prior)
    assert found is not None
    residuals = prior * (counts - found.means)
    design = np.column_stack([level == i for i in range(4)] + [when]).astype(float)
    assert np.abs(design.T @ residuals).max() < 1e-4
    # Leverages and the variance of a prediction, by the matrices they are short for.
    inverse = np.linalg.inv(design.T @ (found.weights[:, None] * design))
    hat = found.weights * np.einsum("ij,jk,ik->i", design, inverse, design)
    assert found.leverages == pytest.approx(hat)
    row = np.array([0.0, 0.0, 1.0, 0.0, 75.0])
    eta, variance = found.predictor(2, 75.0)
    assert variance == pytest.approx(row @ inverse @ row)
    assert found.slope is not None
    assert eta == pytest.approx(found.intercepts[2] + 75.0 * found.slope)


def test_quantiles_and_tails_are_those_of_scipy() -> None:
    generator = random.Random(5)
    for _ in range(300):
        mean = 10 ** generator.uniform(-3, 5)
        phi = generator.choice([1.0, 1.0 + 10 ** generator.uniform(-3, 1.5)])
        probability = generator.choice([0.001, 0.01, 0.5, 0.95, 0.99, 0.9999])
        law = stats.poisson(mean) if phi == 1 else stats.nbinom(mean / (phi - 1), 1 / phi)
        found = quantile(probability, mean=mean, phi=phi)
        assert found == law.ppf(probability)
        assert cumulative(found, mean=mean, phi=phi) >= probability - 1e-12
        assert tail(found, mean=mean, phi=phi) == pytest.approx(law.sf(found - 1), rel=1e-8)


@pytest.mark.parametrize("past", [noise(300), COUNTS[:311]], ids=["poisson", "salmonella"])
def test_the_thresholds_are_three_views_of_one_regression(past: list[float]) -> None:
    z = stats.norm.ppf(0.99)
    plain = verdict_of(past, 9.0, threshold="delta", power="none")
    mean, phi = plain.expected, plain.dispersion
    # "delta" without a power gives away the standard error of the mean; the others follow from it.
    tau = ((plain.upper - mean) / z) ** 2 / mean
    error = math.sqrt((tau - phi) * mean)
    root = verdict_of(past, 9.0, threshold="delta", power="1/2")
    assert root.upper == pytest.approx((math.sqrt(mean) + z * math.sqrt(tau / 4)) ** 2)
    two_thirds = verdict_of(past, 9.0, threshold="delta", power="2/3")
    spread = math.sqrt(4 / 9 * mean ** (1 / 3) * tau)
    assert two_thirds.upper == pytest.approx((mean ** (2 / 3) + z * spread) ** 1.5)
    assert two_thirds.p_value == pytest.approx(
        stats.norm.sf((9.0 ** (2 / 3) - mean ** (2 / 3)) / spread)
    )
    plug_in = verdict_of(past, 9.0)
    assert plug_in.upper == quantile(0.99, mean=mean, phi=phi)
    muan = verdict_of(past, 9.0, threshold="muan")
    raised = mean * math.exp(z * error / mean)
    assert muan.upper == quantile(0.99, mean=raised, phi=phi)
    assert muan.p_value == pytest.approx(tail(9.0, mean=raised, phi=phi))
    assert muan.expected == plug_in.expected == pytest.approx(mean)
    assert muan.upper >= plug_in.upper

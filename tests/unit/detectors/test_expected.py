"""Expected counts: closed forms, tails that hold after a short history, and what may disturb them.

`benchmarks/expected.py` prints the whole table of calibration; this keeps the corners of it.
"""

import json
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from detectors.counts.expected import Expected
from detectors.counts.predictive import Predictive, limits
from detectors.counts.weekly.level import Totals, WeeklyLevel, fit_levels
from tests.examples import one_in
from tests.seasonal_counts import draw, flagged, history, learned, realised, week_shape


@pytest.mark.parametrize("mean", [0.01, 0.5, 4.0, 30.0, 5_000.0])
@pytest.mark.parametrize("dispersion", [1.0, 1.2, 3.0])
def test_tails_are_those_of_the_negative_binomial(mean: float, dispersion: float) -> None:
    spread = 0.03
    size = 1.0 / ((dispersion - 1.0) / mean + spread)
    true, ahead = nbinom(size, size / (size + mean)), Predictive(mean, spread, dispersion)
    for count in [0, 1, int(mean), int(mean + 6 * true.std())]:
        assert ahead.at_least(count) == pytest.approx(float(true.sf(count - 1)), rel=1e-9)
        assert ahead.at_most(count) == pytest.approx(float(true.cdf(count)), rel=1e-9)
    for p in (0.01, 0.001):
        assert ahead.upper(p) == true.isf(p)
        low = ahead.lower(p)
        assert true.cdf(low - 1) <= p < true.cdf(low)


def test_with_nothing_unknown_the_tail_is_poisson() -> None:
    ahead = Predictive(30.0)
    assert ahead.at_least(60) == pytest.approx(float(poisson(30).sf(59)), rel=1e-9)
    assert ahead.at_most(10) == pytest.approx(float(poisson(30).cdf(10)), rel=1e-9)
    assert Predictive(0.0).at_least(1) == 0.0
    assert Predictive(0.0).at_most(0) == 1.0
    assert Predictive(0.0).limits(0.001) == (0, 0)


AHEAD = st.tuples(
    st.one_of(st.just(0.0), st.floats(1e-3, 2e4)),
    st.one_of(st.just(0.0), st.floats(0.0, 0.5)),
    st.floats(1.0, 20.0),
    st.one_of(st.just(0.0), st.floats(0.0, 5.0)),
)


@given(st.lists(AHEAD, min_size=1, max_size=5), st.sampled_from((0.001, 0.1, 0.4)))
def test_limits_of_many_are_those_of_each(
    ahead: list[tuple[float, float, float, float]], probability: float
) -> None:
    lower, upper = limits(np.array(ahead), probability)
    assert list(zip(lower.tolist(), upper.tolist(), strict=True)) == [
        Predictive(*each).limits(probability) for each in ahead
    ]


def test_mixing_over_the_dispersion_is_an_integral() -> None:
    ahead = Predictive(20.0, 0.01, 2.0, 0.1)
    width = math.sqrt(math.log1p(0.1))
    z = np.linspace(-8, 8, 4001)
    d = 2.0 * np.exp(width * z - width**2 / 2)
    size = 1.0 / (np.maximum(d - 1, 0) / 20.0 + 0.01)
    tail = nbinom.sf(59, size, size / (size + 20.0))
    weight = np.exp(-z * z / 2)
    assert ahead.at_least(60) == pytest.approx(float(weight @ tail / weight.sum()), rel=0.01)


def test_the_shares_of_a_slot_add_up_to_it() -> None:
    whole = Predictive(24.0, 0.0, 3.0)
    one, other = whole.part(0.25), whole.part(0.75)
    p = [one.at_most(i) - one.at_most(i - 1) for i in range(41)]
    assert sum(p[i] * other.at_most(40 - i) for i in range(41)) == pytest.approx(whole.at_most(40))


TOLERANCE: dict[tuple[float, float], tuple[tuple[float, float], ...]] = {
    # realised over nominal, both tails, at 0.01 and 0.001
    (0.5, 1): ((0.5, 1.3), (0.4, 1.5)),
    (0.5, 3): ((0.7, 1.8), (0.6, 2.5)),
    (4, 1): ((0.6, 1.3), (0.5, 1.5)),
    (4, 3): ((0.7, 1.5), (0.6, 2.0)),
    (30, 1): ((0.5, 1.3), (0.4, 1.5)),
    (30, 3): ((0.7, 1.7), (0.6, 2.5)),
}


@pytest.mark.parametrize(("level", "dispersion"), TOLERANCE)
def test_the_predictive_tail_holds_after_4_8_and_26_weeks(level: float, dispersion: float) -> None:
    rng = np.random.default_rng([7, int(2 * level), int(dispersion)])
    for weeks, histories in ((4, 14), (8, 7), (26, 3)):
        shares = realised(rng, weeks, level, dispersion, histories=histories, step=14)
        for p, row, (low, high) in zip(
            (0.01, 0.001), shares.tolist(), TOLERANCE[level, dispersion], strict=True
        ):
            assert all(low * p <= share <= high * p for share in row), (weeks, p, row)


def test_a_plug_in_tail_is_several_times_too_small_after_four_weeks() -> None:
    rng = np.random.default_rng(1)
    means = 4.0 * week_shape()
    excess = []
    for _ in range(20):
        estimate = history(rng, 4, 4.0, 1.0).mean(axis=0).tolist()
        plugged = [Predictive(mean) for mean in estimate]
        shares = [flagged(plugged[slot], means[slot], 1.0, 0.001)[0] for slot in range(0, 168, 4)]
        excess.append(np.mean(shares) / 0.001)
    assert np.mean(excess) > 5


def test_part_of_an_hour_is_judged_on_that_part() -> None:
    detector = learned(history(np.random.default_rng(2), 12, 30.0, 1.0))
    mean = detector.forecast(40).mean
    half = detector.judge(mean, 0.5, slot=40)
    assert half.expected == pytest.approx(mean / 2)
    assert half.exceptional
    assert not detector.judge(mean, 1.0, slot=40).exceptional
    assert detector.judge(0, 0.9, slot=40).low < 0.001  # type: ignore[operator]
    assert not detector.judge(0, 0.05, slot=40).exceptional
    assert detector.judge(0, 0.0, slot=40).low == 1.0


def test_a_surge_of_two_months_does_not_hide_the_next() -> None:
    rng = np.random.default_rng(5)
    plain = history(rng, 30, 30.0, 1.0)
    surged = plain.copy()
    surged[17:26] = draw(rng, np.tile(39.0 * week_shape(), (9, 1)), 1.0)
    without, with_surge = learned(plain), learned(surged)
    ratio = with_surge.forecast(40).mean / without.forecast(40).mean
    assert ratio == pytest.approx(1.0, abs=0.03)
    assert with_surge.dispersion == pytest.approx(1.0, abs=0.1)
    # Power: the true probability that an hour half as busy again is found.
    true = poisson(1.5 * 30.0 * week_shape()[40])
    found = [float(true.sf(one.forecast(40).upper(0.01))) for one in (without, with_surge)]
    assert found[1] > 0.9 * found[0]


def test_a_surge_is_weighted_down_and_a_change_that_stays_becomes_the_level() -> None:
    surge = level_of([100.0] * 12 + [150.0] * 8 + [100.0] * 5)
    assert max(surge.weights[12:20]) < 0.3
    assert min(surge.weights[:10] + surge.weights[-2:]) == 1.0
    assert surge.rate == pytest.approx(100, rel=0.02)
    stays = level_of([100.0] * 30 + [150.0] * 30)
    assert stays.rate == pytest.approx(150, rel=0.1)


CONSTANTS = {"half_life": 26.0, "trend_sd": 0.1, "season_sd": 0.15}


def level_of(counts: list[float]) -> WeeklyLevel:
    """The level of weeks of the same exposure."""
    (fit,) = fit_levels([Totals(counts, [1.0] * len(counts), 1.0)], **CONSTANTS)
    return fit


def test_season_and_trend_are_followed_from_the_second_year_on() -> None:
    rng = np.random.default_rng(9)
    weeks = np.arange(131)
    season = np.exp(0.2 * np.sin(2 * np.pi * weeks / 52.18) + 0.05 * weeks / 52)
    counts = rng.poisson(5_000 * season)
    fit = level_of(counts[:130].tolist())
    assert fit.rate == pytest.approx(5_000 * season[130], rel=0.02)
    assert fit.yearly == pytest.approx(1.05, abs=0.03)
    assert fit.spread < 0.01


def test_series_whose_levels_are_fitted_together_have_the_levels_that_each_has_alone() -> None:
    rng = np.random.default_rng(4)
    series = [
        Totals(
            rng.poisson(level, weeks).tolist(),
            rng.choice([0.0, 150.0, 168.0], weeks).tolist(),
            dispersion,
        )
        for weeks in (1, 8, 60)
        for level, dispersion in ((0.1, 1.0), (30.0, 1.5), (5_000.0, 2.5))
    ]
    assert fit_levels(series, **CONSTANTS) == [fit_levels([one], **CONSTANTS)[0] for one in series]


def test_states_are_said_in_plain_words() -> None:
    detector = Expected(slots=7, fixed_lower=10, fixed_upper=90)
    assert detector.judgement is None
    for _ in range(3 * 7):
        detector.update(50)
    assert detector.state == "learning"
    assert detector.about.endswith("4 needed; only fixed limits are used")
    detector.update(95)
    assert detector.drift_detected
    assert getattr(detector.judgement, "high", 0) is None
    for _ in range(2 * 7):
        detector.update(50)
    assert detector.state == "first year"
    assert "no season or yearly day seen yet" in detector.judge(50).words
    for _ in range(50 * 7):
        detector.update(50)
    assert detector.state == "ready"
    detector.update(500)
    assert detector.drift_detected
    assert detector.evidence > 6
    detector.restart("the new counting rules")
    assert detector.about.startswith("learning: 0 weeks of history since the new counting rules")
    # By the fixed limits, which stay.
    assert (detector.drift_detected, detector.judge(5).exceptional) == (False, True)


def test_flagged_days_stay_out_of_the_baseline_and_are_explained() -> None:
    rng = np.random.default_rng(4)
    plain, fair = Expected(slots=7), Expected(slots=7)
    for day in range(70):
        count = float(rng.poisson(40))
        plain.update(None if day in (30, 31) else count)
        if day in (30, 31):
            fair.update(120, names=["Fair"])
        else:
            fair.update(count)
    assert fair.forecast(0).mean == pytest.approx(plain.forecast(0).mean, rel=1e-9)
    assert fair.forecast(0, ["Fair"]).mean == pytest.approx(120, rel=0.25)
    assert not fair.judge(120, slot=0, names=["Fair"]).exceptional
    assert fair.judge(120, slot=0).exceptional
    assert fair.unseen(["Fair", "Parade"]) == ["Parade"]
    assert "none called Parade was seen before" in fair.judge(60, names=["Parade"]).words


def test_one_wild_count_leaves_the_baseline_as_it_was() -> None:
    rng = np.random.default_rng(8)
    weeks = history(rng, 20, 40.0, 1.0, slots=7)
    wild = weeks.copy()
    wild[10, 3] = 400
    calm, shaken = learned(weeks).forecast(3), learned(wild).forecast(3)
    assert shaken.mean == pytest.approx(calm.mean, rel=0.04)
    assert shaken.dispersion < 1.6


def test_an_update_is_quick_and_the_state_stays_small() -> None:
    detector = Expected()
    counts = history(np.random.default_rng(3), 180, 4.0, 1.0).ravel().tolist()
    for count in counts[: 168 * 172]:
        detector.update(count)
    size = len(json.dumps(detector.save()))
    start = time.process_time()
    for count in counts[168 * 172 :]:
        detector.update(count)
    took = (time.process_time() - start) / (168 * 8)
    assert took < 100e-6  # about 10 microseconds; a loaded machine is given room
    assert size < 40_000
    assert len(json.dumps(detector.save())) < 1.2 * size


COUNTS = st.none() | st.integers(0, 50) | st.sampled_from([0.0, 1e6, 1e15, 1e300, math.inf])
POINTS = st.tuples(COUNTS, st.none() | st.integers(-5, 400), st.sampled_from([(), ("Fair",)]))


@settings(max_examples=40)
@given(st.lists(POINTS, max_size=60), st.sampled_from([7, 168]), st.integers(1, 4))
def test_no_order_gap_or_size_gives_nan(
    points: list[tuple[float | None, int | None, tuple[str, ...]]], slots: int, turns: int
) -> None:
    detector = Expected(slots=slots, need=1)
    for count, slot, names in points * turns:
        detector.update(count, slot, names)
        assert detector.evidence >= 0.0
        ahead = detector.forecast(names=["Fair"])
        assert all(math.isfinite(v) for v in (ahead.mean, ahead.spread, ahead.dispersion))
    twin = Expected.restore(json.loads(json.dumps(detector.save())))
    for count, slot, names in points:
        detector.update(count, slot, names)
        twin.update(count, slot, names)
        assert detector.drift_detected == twin.drift_detected
    assert detector.save() == twin.save()


def test_what_is_no_count_changes_nothing() -> None:
    detector = learned(history(np.random.default_rng(1), 5, 10.0, 1.0, slots=7))
    before = detector.forecast(3)
    for nothing in (None, math.nan, -1.0):
        detector.update(10_000)
        assert detector.drift_detected
        detector.update(nothing)
        assert (detector.drift_detected, detector.evidence, detector.judgement) == (
            False,
            0.0,
            None,
        )
    assert detector.forecast(3) == before
    with pytest.raises(ValueError, match="multiple of 7"):
        Expected(slots=24)


@given(st.integers(0, 200))
@one_in(4)
def test_of_what_comes_about_once_in_three_weeks_the_expected_count_stays_near_its_mean(
    seed: int,
) -> None:
    """33 in 100 weeks: most weeks have none, and one that has some is no surge."""
    rng = np.random.default_rng(seed)
    days = np.bincount(rng.integers(0, 700, 33), minlength=700)
    expected = Expected(slots=7)
    for day, count in enumerate(days.tolist()):
        expected.update(float(count))
        if day >= 26 * 7 and days[day - 182 : day].sum() >= 4 and expected.ahead is not None:
            assert 0.005 < expected.ahead.mean < 0.3


def test_a_surge_in_a_sparse_series_is_still_set_aside() -> None:
    expected = Expected(slots=7)
    for week in range(60):
        for day in range(7):
            expected.update(float(day == 3 and week % 3 == 0))
    before = expected.forecast(3).mean
    for day in range(8):
        expected.update(12.0 if day < 7 else 0.0)
    assert expected.forecast(3).mean < 2.0 * before

"""The seasonal scan and its regression, against plain sums of the formulas, and what it finds."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from detectors.counts.predictive import Predictive
from detectors.counts.seasonal_mean import SEASON, TREND, fit_mean
from detectors.counts.seasonal_scan import SeasonalScan, scan


def simulated(number: int, *, seed: int = 1, level: float = 2.0, d: float = 1.0) -> list[float]:
    """Counts with a season of 52 weeks and this dispersion."""
    generator = np.random.default_rng(seed)
    means = np.exp(level + 0.4 * np.sin(2 * math.pi * np.arange(number) / 52))
    rates = generator.gamma(means / (d - 1), d - 1) if d > 1 else means
    found: list[float] = generator.poisson(rates).astype(float).tolist()
    return found


def test_the_effects_are_at_the_peak_of_the_penalised_likelihood() -> None:
    counts = simulated(80, d=2.0)
    counts[10] = None  # type: ignore[call-overload]
    fit = fit_mean(counts, period=52, harmonics=1, half_life=40 / 52, skip=3)
    there = np.arange(80) != 10
    years = -np.arange(83, 3, -1)[there] / 52
    design = np.column_stack(
        [np.ones(79), years, np.cos(2 * math.pi * years), np.sin(2 * math.pi * years)]
    )
    y = np.array(counts, dtype=float)[there]
    size, share = np.exp(design @ fit.effects) / (fit.dispersion - 1), 1 / fit.dispersion
    tails = np.minimum(stats.nbinom.cdf(y, size, share), stats.nbinom.sf(y - 1, size, share))
    robust = (stats.norm.ppf(0.01) / stats.norm.ppf(np.minimum(tails, 0.01))) ** 2
    fade = robust * 0.5 ** (np.arange(79, -1, -1)[there] / 40) / fit.dispersion
    y += 0.5 / 79
    precision = np.array([0, TREND**-2, SEASON**-2, SEASON**-2])

    def loss(effects: np.ndarray) -> float:
        linear = design @ effects
        return float(fade @ (np.exp(linear) - y * linear) + precision @ effects**2 / 2)

    best = optimize.minimize(loss, np.zeros(4), tol=1e-9).x
    assert robust.min() < 0.99
    assert fit.effects == pytest.approx(best, abs=2e-3)
    weights = fade * np.exp(design @ best)
    covariance = np.linalg.inv(design.T @ (design * weights[:, None]) + np.diag(precision))
    now = np.array([1, 0, 1, 0])
    assert fit.ahead([0]).spread == pytest.approx(now @ covariance @ now, rel=0.03)


def test_several_points_together_have_the_sum_of_their_means_and_its_spread() -> None:
    fit = fit_mean(simulated(120), period=52)
    single = [fit.ahead([lag]) for lag in (0, 1, 2)]
    together = fit.ahead([0, 1, 2])
    assert together.mean == pytest.approx(sum(one.mean for one in single))
    # By drawing effects: the relative variance of the sum of three means.
    draws = np.random.default_rng(1).multivariate_normal(fit.effects, fit.covariance, 20_000)
    years = -np.arange(3) / 52
    turns = [2 * math.pi * h * years for h in (1, 2)]
    rows = [np.ones(3), years] + [wave(turn) for turn in turns for wave in (np.cos, np.sin)]
    sums = np.exp(draws @ np.array(rows)).sum(axis=1)
    assert together.spread == pytest.approx(np.log(sums).var(), rel=0.05)


def tail(count: float, ahead: Predictive) -> float:
    """P(so many or more) by summing a negative binomial and integrating over its dispersion."""
    width = math.sqrt(math.log1p(ahead.dispersion_spread))

    def at(x: float) -> float:
        d = ahead.dispersion * math.exp(width * x - width * width / 2)
        size = 1 / (max(d - 1, 0) / ahead.mean + ahead.spread)
        below = stats.nbinom.pmf(np.arange(count), size, size / (size + ahead.mean)).sum()
        return float(stats.norm.pdf(x) * (1 - below))

    return float(integrate.quad(at, -6, 6)[0])


def test_the_probability_is_the_smallest_of_the_windows_times_their_number() -> None:
    history = [*simulated(150, d=2.0), 14.0, 9.0, 16.0]
    p, periods, now = scan(history, window=3, period=52)
    fit = fit_mean(history[:-3], period=52, skip=2)
    windows = [fit.ahead(range(length)) for length in (1, 2, 3)]
    tails = [tail(sum(history[-n:]), ahead) for n, ahead in enumerate(windows, start=1)]
    assert now == windows[0]
    assert p == pytest.approx(3 * min(tails), rel=1e-3)
    assert periods == 1 + int(np.argmin(tails)) == 3


def test_a_surge_that_is_over_adds_nothing_to_a_low_count() -> None:
    history = [*simulated(150), 40.0, 2.0]
    p, periods, now = scan(history, window=2, period=52)
    assert (p, periods) == (min(1.0, 2 * now.at_least(2.0)), 1)


def test_two_weeks_show_what_neither_shows_alone() -> None:
    alone = SeasonalScan(window=1)
    scanned = SeasonalScan()
    for detector in (alone, scanned):
        detector.learn([9, 11, 10, 12, 8] * 30)
    found = []
    for x in (18, 18):
        alone.update(x)
        scanned.update(x)
        found.append((alone.drift_detected, scanned.drift_detected))
    assert found == [(False, False), (False, True)]
    assert scanned.periods == 2


def test_a_past_outbreak_hardly_moves_what_is_expected() -> None:
    quiet = simulated(208)
    loud = [x + 30 * (150 <= week < 153) for week, x in enumerate(quiet)]
    fits = [fit_mean(counts, period=52) for counts in (quiet, loud)]
    assert fits[1].ahead([0]).mean == pytest.approx(fits[0].ahead([0]).mean, rel=0.06)
    assert fits[1].dispersion < 1.5 * fits[0].dispersion


def test_no_count_at_all_still_gives_a_verdict() -> None:
    detector = SeasonalScan()
    detector.learn([0] * 260)
    for x, alarm in ((0, False), (1, True), (3, True)):
        detector.update(x)
        assert detector.p_value is not None
        assert detector.drift_detected is alarm
    assert detector.expected == pytest.approx(0.5 / 260, rel=0.5)


def test_a_season_and_a_trend_are_followed() -> None:
    means = [math.exp(3 + w / 520 + 0.5 * math.sin(2 * math.pi * w / 52.18)) for w in range(300)]
    detector = SeasonalScan()
    detector.learn([round(mean) for mean in means[:299]])
    detector.update(round(means[299]))
    assert detector.expected == pytest.approx(means[299], rel=0.03)


def test_quiet_weeks_alarm_no_more_often_than_alpha() -> None:
    alarms = []
    for seed in range(3):
        counts = simulated(320, seed=seed, level=0.5, d=1.5)
        detector = SeasonalScan(0.05)
        detector.learn(counts[:200])
        for x in counts[200:]:
            detector.update(x)
            alarms.append(detector.drift_detected)
    assert 0 < sum(alarms) <= 0.05 * len(alarms) + 2 * math.sqrt(0.05 * len(alarms))


def test_learned_history_is_as_good_as_judged() -> None:
    counts = simulated(60)
    learned, judged = SeasonalScan(), SeasonalScan()
    learned.learn(counts[:-1])
    for x in counts[:-1]:
        judged.update(x)
    for detector in (learned, judged):
        detector.update(counts[-1])
    assert learned.save() == judged.save()


def test_it_says_nothing_before_it_has_history() -> None:
    detector = SeasonalScan(need=10, window=3)
    for _ in range(12):
        detector.update(500)
        assert (detector.state, detector.p_value, detector.upper) == ("learning", None, None)
    detector.update(500)
    assert detector.state == "watching"
    assert detector.evidence == 0


def test_a_gap_within_the_window_is_left_out() -> None:
    history = [10.0] * 100
    p, periods, _ = scan([*history, 18.0, None, 18.0], window=3, period=52)
    fit = fit_mean(history, period=52, skip=2)
    assert periods == 3
    assert p == pytest.approx(3 * fit.ahead([0, 2]).at_least(36))


@pytest.mark.parametrize(
    "options",
    [{"alpha": 0}, {"window": 0}, {"period": 4}, {"keep": 0.3}, {"half_life": 0}, {"need": 0}],
)
def test_what_makes_no_sense_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"alpha|harmonics|half_life"):
        SeasonalScan(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("x", [-1.0, math.nan, math.inf])
def test_what_is_no_count_is_refused(x: float) -> None:
    detector = SeasonalScan()
    with pytest.raises(ValueError, match="not a count"):
        detector.update(x)
    with pytest.raises(ValueError, match="not a count"):
        detector.learn([1.0, x])
    assert detector.save() == SeasonalScan().save()

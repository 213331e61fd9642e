"""Limits: as other programs compute them, to the digits that they print."""

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binom, norm

from detectors.charts.chart import ControlChart
from detectors.charts.limits import (
    NHS_RANGE,
    Fitted,
    Limits,
    average,
    by_period,
    counts,
    individuals,
    laney,
    laney_rates,
    mean_sd,
    moving_range,
    proportions,
    rates,
    usual_counts,
)
from detectors.charts.rare_event_charts import between, times
from detectors.charts.rules import RULES, SETS, Memory, step
from detectors.charts.sample_charts import deviations, means

DATA = Path(__file__).parents[2] / "data"
NHS = json.loads((DATA / "nhsrplotthedots_cases.json").read_text())
POWERBI = json.loads((DATA / "powerbi_spc_chart_cases.json").read_text())
LINES = {"ul99": (3, "upper"), "ul95": (2, "upper"), "ll95": (2, "lower"), "ll99": (3, "lower")}
PER = {"p": 100, "pprime": 100, "u": 10_000}


def nhs_baselines(case: dict[str, Any]) -> list[Fitted]:
    options = case["options"]

    def fit(points: Any) -> Fitted:
        return individuals(points, screen=int(options["screen_outliers"]), per_range=NHS_RANGE)

    return by_period(case["y"], case["rebase_group"], fit, first=options["fix_after_n_points"])


@pytest.mark.parametrize("name", NHS)
def test_the_limits_are_those_of_nhs_charts(name: str) -> None:
    case = NHS[name]
    lines = [fitted.limits() for fitted in nhs_baselines(case)]
    for line, mean, lower, upper in zip(lines, case["mean"], case["lpl"], case["upl"], strict=True):
        assert line.centre == pytest.approx(mean, abs=1e-6, rel=0)
        # The NHS's charts have no limits where nothing moves; ours are the centre itself.
        assert line.lower == pytest.approx(mean if lower is None else lower, abs=1e-6, rel=0)
        assert line.upper == pytest.approx(mean if upper is None else upper, abs=1e-6, rel=0)


@pytest.mark.parametrize("name", NHS)
def test_a_baseline_of_less_than_13_points_is_short_as_on_nhs_charts(name: str) -> None:
    case = NHS[name]
    sizes = [case["rebase_group"].count(group) for group in case["rebase_group"]]
    assert [size < 13 for size in sizes] == case["short_group_warning"]


def powerbi_baselines(chart: str, case: dict[str, Any]) -> list[Fitted]:
    """A baseline for each point."""
    points, sizes = case.get("numerators") or case["sds"], case.get("denominators", [])
    if chart == "c":
        return by_period(points, case["groupings"], counts)
    ratios = [x / n for x, n in zip(points, sizes, strict=False)]
    fitted = {
        "g": lambda: between(points),
        "i": lambda: individuals(ratios),
        "mr": lambda: moving_range(ratios),
        "p": lambda: proportions(points, sizes),
        "pprime": lambda: laney(points, sizes),
        "s": lambda: deviations(points, sizes),
        "t": lambda: times(points),
        "u": lambda: rates(points, sizes),
        "uprime": lambda: laney_rates(points, sizes),
        "xbar": lambda: means(points, sizes, sd=case["xbar_sds"]),
    }[chart]()
    return [fitted] * len(case["ll95"])


@pytest.mark.parametrize("chart", POWERBI)
def test_the_limits_are_those_of_power_bi_charts(chart: str) -> None:
    case = POWERBI[chart]
    baselines = powerbi_baselines(chart, case)
    sizes = case.get("denominators") or [1] * len(baselines)
    for key, (sigmas, which) in LINES.items():
        for fitted, size, printed in zip(baselines, sizes, case.get(key, []), strict=False):
            limit = getattr(fitted.limits(sigmas, size), which) * PER.get(chart, 1)
            rounding = 0.5 * 10 ** -int(case["decimals"][key])
            assert limit == pytest.approx(printed, abs=rounding, rel=0), key


def test_the_standard_deviation_divides_by_one_less_than_the_points() -> None:
    # Four quarters of calls about anti-social behaviour, and the limits that were printed for the
    # next year: 12,433 and 6,997.
    line = mean_sd([10_291, 11_337, 8_330, 8_902]).limits(sigmas=2)
    assert [round(y) for y in line] == [9715, 6997, 12433]
    assert mean_sd([1, 3], ddof=0).sigma == 1


@pytest.mark.parametrize("total", [0, 1, 7, 60, 119])
def test_a_usual_count_is_within_the_binomial_tails_beside_its_twelve_months(total: int) -> None:
    chance, (least, most) = norm.sf(2.0), usual_counts(total / 12, 12, 2.0)

    def tails(count: float) -> tuple[float, float]:
        of = binom(int(count) + total, 1 / 13)  # of all cases, how many are in the one month
        return of.cdf(count), of.sf(count - 1)

    assert tails(most)[1] > chance >= tails(most + 1)[1]
    assert tails(least)[0] > chance
    assert least == 0 or tails(least - 1)[0] <= chance


def test_266_is_not_quite_3_over_1128() -> None:
    points = [10, 20, 10, 20]
    assert individuals(points, per_range=NHS_RANGE).limits().upper == 15 + 26.6
    assert individuals(points).limits().upper == pytest.approx(15 + 30 / 1.128)


def test_wide_moving_ranges_are_screened_out_but_their_points_stay_in_the_mean() -> None:
    points = [1, 2] * 8 + [12, 22, 62]  # moving ranges: fifteen of 1, then 10, 10 and 40
    fitted = [individuals(points, screen=n, per_range=1) for n in range(4)]
    assert {one.centre for one in fitted} == {average(points)}
    assert [one.sigma for one in fitted] == pytest.approx([75 / 18, 35 / 17, 1, 1])


@pytest.mark.parametrize("value", [0, 0.1, 770, 1e150, -3.3])
def test_a_constant_baseline_has_its_value_for_limits(value: float) -> None:
    assert average([value] * 14) == value
    for fit in (individuals, mean_sd):
        assert set(fit([value] * 14).limits()) == {value}


def test_one_point_and_no_events_are_no_error() -> None:
    assert individuals([5]).limits() == mean_sd([5]).limits() == (5, 5, 5)
    assert counts([0, 0]).limits() == (0, 0, 0)
    assert rates([0], [10]).limits() == laney_rates([0, 0], [10, 10]).limits() == (0, 0, 0)
    assert proportions([10], [10]).limits() == laney([10, 10], [10, 10]).limits() == (1, 1, 1)


def test_a_larger_size_has_closer_limits() -> None:
    fitted = proportions([50], [100])
    assert fitted.limits(size=400).upper - 0.5 == pytest.approx(0.5 * (0.65 - 0.5))


def flagged_in_a_year(generator: random.Random) -> int:
    """How many months of a year are outside the limits of a year, on a stable series."""
    chart = ControlChart("mean_sd", sigmas=2, baseline=12)
    flags = 0
    for _ in range(24):
        chart.update(generator.gauss(364, 19))
        flags += chart.drift_detected
    return flags


def test_the_price_of_two_standard_deviations_of_twelve_months() -> None:
    generator = random.Random(2017)
    years = [flagged_in_a_year(generator) for _ in range(10_000)]
    assert sum(years) / (12 * len(years)) == pytest.approx(0.081, abs=0.004)
    assert sum(year > 0 for year in years) / len(years) == pytest.approx(0.55, abs=0.02)


def test_the_price_of_a_rebase_after_eight_months_on_one_side() -> None:
    generator, rebased = random.Random(2018), 0
    for _ in range(5_000):
        chart = ControlChart(rules=[], rebase=8)
        for _ in range(24):
            chart.update(generator.gauss(364, 19))
        rebased += bool(chart.rebases)
    assert rebased / 5_000 == pytest.approx(0.052, abs=0.01)


@pytest.mark.parametrize("name", [name for name in NHS if name.endswith("_fix12")])
def test_online_the_limits_of_the_first_points_are_the_same(name: str) -> None:
    case = NHS[name]
    chart = ControlChart(
        "individuals", baseline=12, options={"screen": 1, "per_range": NHS_RANGE}, rules=SETS["nhs"]
    )
    fitted = nhs_baselines(case)
    lines = [one.limits() for one in fitted]
    signals = [pattern_signals(name_, case["y"], lines) for name_ in SETS["nhs"]]
    for place, x in enumerate(case["y"]):
        assert chart.learning == (place < 12)
        chart.update(x)
        if place >= 12:
            assert (chart.centre, chart.lower, chart.upper) == lines[place]
            due = [
                [name_, own[place]]
                for name_, own in zip(SETS["nhs"], signals, strict=True)
                if own[place]
            ]
            assert chart.causes == due
            assert chart.drift_detected == bool(due)


def pattern_signals(name: str, points: list[float], lines: list[Limits]) -> list[int]:
    memory: Memory = []
    return [step(RULES[name], memory, x, line) for x, line in zip(points, lines, strict=True)]


@pytest.mark.parametrize(("kind", "base"), [("p", proportions), ("u_prime", laney_rates)])
def test_online_a_share_is_judged_by_its_own_size(kind: str, base: Any) -> None:
    counted, sizes = [40, 55, 47, 62, 51], [100, 120, 90, 110, 100]
    chart = ControlChart(kind, baseline=counted, sizes=sizes, rebase=2)
    fitted = base(counted, sizes)
    for count, size in ((60, 100), (240, 400)):  # the same share, of more
        upper = fitted.limits(size=size).upper
        chart.update(count, size)
        assert chart.drift_detected == (upper < 0.6) == (size == 400)
    (move,) = chart.rebases
    assert (move.old, move.new) == pytest.approx((fitted.centre, 300 / 500))
    assert chart.centre == 300 / 500


def test_a_size_of_nothing_is_a_missing_point() -> None:
    chart = ControlChart("p", baseline=[4, 6], sizes=[10, 10])
    before = chart.centre, chart.lower, chart.upper
    chart.update(0, 0)
    assert (chart.centre, chart.lower, chart.upper) == before
    assert (chart.drift_detected, chart.evidence) == (False, 0)


def test_a_new_year_takes_a_new_baseline() -> None:
    chart = ControlChart("mean_sd", sigmas=2, baseline=[10, 12] * 6)
    chart.update(20)
    assert chart.drift_detected
    assert chart.evidence > 2
    chart.start([19, 21] * 6)
    chart.update(20)
    assert (chart.centre, chart.drift_detected, chart.evidence) == (20, False, 0)


def test_a_run_may_begin_in_the_baseline() -> None:
    year = [4.0] * 6 + [6.0] * 6  # the last six are above the mean
    for counted, due in ((True, [False, True]), (False, [False, False])):
        chart = ControlChart(baseline=year, rules=["side_8"], runs_from_baseline=counted)
        found = []
        for _ in range(2):
            chart.update(6)
            found.append(chart.drift_detected)
        assert found == due


def test_a_rebase_keeps_the_spread_where_asked() -> None:
    for refit, reach in (("centre", 2.66), ("all", 0)):
        chart = ControlChart(
            baseline=[10, 11] * 6,
            rebase={"points": 3, "refit": refit},
            options={"per_range": NHS_RANGE},
        )
        for _ in range(3):
            chart.update(20)
        assert chart.rebased
        assert chart.centre == 20
        assert chart.upper == pytest.approx(20 + reach)


def test_the_median_re_bases_as_on_a_run_chart() -> None:
    rule = {"points": 3, "statistic": "median", "on_line": "skips"}
    chart = ControlChart(baseline=[1, 2, 9], rebase=rule)
    assert chart.centre == 2
    for x in (4, 2, 3, 20):
        chart.update(x)
    assert (chart.centre, chart.rebases[0].onset) == (4, 0)


def test_a_last_year_with_missing_months_is_a_baseline_of_the_others() -> None:
    chart = ControlChart("c", baseline=[9, None, 7, math.nan, 11, math.inf])
    assert chart.centre == 9


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "pie"}, "pie"),
        ({"rules": ["side_5"]}, "side_5"),
        ({"baseline": 0}, "at least one point"),
        ({"baseline": [None]}, "at least one point"),
        ({"sigmas": 0}, "above 0"),
        ({"rebase": -1}, "at least one point"),
        ({"rebase": {"points": 8, "statistic": "mode"}}, "mean, median"),
    ],
)
def test_a_chart_that_can_not_be_drawn_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ControlChart(**wrong)

"""Limits: as other programs compute them, to the digits that they print."""

import json
from pathlib import Path
from typing import Any

import pytest

from detectors.limits import (
    NHS_RANGE,
    Fitted,
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
)
from detectors.seldom import between, deviations, means, times

DATA = Path(__file__).parents[1] / "data"
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


def test_266_is_not_quite_3_over_1128() -> None:
    points = [10, 20, 10, 20]
    assert individuals(points, per_range=NHS_RANGE).limits().upper == 15 + 26.6
    assert individuals(points).limits().upper == pytest.approx(15 + 30 / 1.128)


def test_a_wide_moving_range_is_screened_as_often_as_asked_but_its_points_stay_in_the_mean() -> (
    None
):
    points = [1, 2] * 8 + [12, 22, 62]  # moving ranges: fifteen of 1, then 10, 10 and 40
    fitted = [individuals(points, screen=n, per_range=1) for n in range(4)]
    assert {one.centre for one in fitted} == {average(points)}
    assert [one.sigma for one in fitted] == [75 / 18, 35 / 17, 1, 1]


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

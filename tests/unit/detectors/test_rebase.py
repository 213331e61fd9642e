"""Automatic re-basing: as runcharter does it, and as a police force published it."""

import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from detectors.charts.chart import ControlChart
from detectors.charts.rebase import Rebase, Rebasing, centres, level, rebases

CASES = json.loads(
    (Path(__file__).parents[2] / "data" / "runcharter_rebase_cases.json").read_text()
)
SERIES = CASES["series"]


def runcharter(sides: str) -> list[dict[str, Any]]:
    """Our moves, as runcharter lists them."""
    rule = Rebasing(CASES["runlength"], "median", on_line="skips", sides=sides)
    found = []
    for group, series in SERIES.items():
        for move in rebases(series["y"], rule, baseline=CASES["med_rows"]):
            start, end = series["date"][move.onset], series["date"][move.at]
            found.append({"grp": group, "median": move.new, "start": start, "end": end})
    return found


def test_runcharter_both_sides() -> None:
    moves = [case for case in CASES["expected_both"] if case["run_type"] == "sustained"]
    assert runcharter("both") == [
        {
            "grp": case["grp"],
            "median": case["median"],
            "start": case["start_date"],
            "end": case["end_date"],
        }
        for case in moves
    ]
    starts = {case["grp"]: case["start_date"] for case in moves}
    for case in CASES["expected_both"]:
        series, last = SERIES[case["grp"]], SERIES[case["grp"]]["date"][-1]
        if case["run_type"] == "baseline":
            assert level(series["y"][: CASES["med_rows"]], "median") == case["median"]
            assert case["extend_to"] == starts.get(case["grp"], last)
        else:
            assert case["extend_to"] == last


@pytest.mark.parametrize("sides", ["above", "below"])
def test_runcharter_one_side(sides: str) -> None:
    assert runcharter(sides) == CASES[f"expected_{sides}_only_sustained"]


def around(mean: int, months: int, wave: int) -> list[float]:
    """Months that swing about a mean and meet it exactly over every four of them."""
    return [mean + wave * (1, -1, 2, -2)[i % 4] for i in range(months)]


PUBLISHED = {
    "criminal damage": (364, 394, 6),
    "robbery": (20, 33, 3),
    "personal robbery": (17, 27, 2),
    "rural crime": (715, 875, 30),
}
"""Monthly average before and after, re-based in October 2017 after 8 months above."""


def month(place: int) -> date:
    """Month by number; the first is March 2016."""
    return date(2016 + (2 + place) // 12, (2 + place) % 12 + 1, 1)


@pytest.mark.parametrize("measure", PUBLISHED)
def test_the_published_averages_were_raised_in_october_2017(measure: str) -> None:
    old, new, wave = PUBLISHED[measure]
    series = around(old, 12, wave) + around(new, 8, wave)
    chart = ControlChart("mean_sd", sigmas=2, baseline=12, rebase=8)
    for place, x in enumerate(series):
        chart.update(x)
        if place < len(series) - 1:
            assert not chart.rebases
            assert place < 11 or chart.centre == old
    assert chart.centre == new
    (move,) = chart.rebases
    assert (month(move.onset), month(move.at)) == (date(2017, 3, 1), date(2017, 10, 1))
    assert (move.old, move.new, move.direction) == (old, new, 1)


def test_response_times_are_not_rebased_in_the_7th_month_above_and_are_in_the_8th() -> None:
    year: list[float] = [700, 720, 690, 710, 705, 695, 712, 688, 700, 706, 694, 700]  # seconds
    chart = ControlChart("individuals", baseline=year, rebase=8)
    for x in [731, 745, 728, 760, 739, 750, 733]:
        chart.update(x)
    assert (chart.points_on_one_side, chart.rebases, chart.centre) == (7, [], 701 + 2 / 3)
    chart.update(741)
    assert [move.at for move in chart.rebases] == [7]
    assert chart.centre == 740.875


def test_an_average_month_is_not_above_average() -> None:
    months: list[float] = [6, 6, 6, 6, 5, 6, 6, 6, 6]
    assert rebases(months, centre=5) == []
    assert [move.at for move in rebases(months, Rebasing(on_line="skips"), centre=5)] == [8]


def test_a_missing_month_neither_counts_nor_ends_a_run() -> None:
    months: list[float | None] = [6, 6, None, 6]
    assert rebases(months, Rebasing(3), centre=5) == [Rebase(3, 0, 0, 5, 6, 1)]


def test_a_missing_month_ends_a_run_where_that_is_asked() -> None:
    months: list[float | None] = [1, 1, 1, 1, 2, 2, None, 2]
    assert rebases(months, Rebasing(3, gaps="end"), baseline=4) == []
    chart = ControlChart("mean_sd", baseline=4, rebase={"points": 3, "gaps": "end"})
    for month in months:
        chart.update(month)
    assert (chart.rebases, chart.points_on_one_side) == ([], 1)


def test_where_a_rebase_begins_is_a_choice() -> None:
    months: list[float] = [5, 9, 9, 9]
    for begins, drawn in (("onset", [5, 9, 9, 9]), ("signal", [5, 5, 5, 9])):
        moves = rebases(months, Rebasing(3, begins=begins), centre=5)
        assert (moves[0].onset, moves[0].at) == (1, 3)
        assert centres(4, 5, moves) == drawn


def test_the_next_run_starts_afresh_or_with_the_end_of_the_old_one() -> None:
    months: list[float] = [6, 6, 9, 9, 9, 9]  # the first three re-base to 7
    assert [m.at for m in rebases(months, Rebasing(3), centre=5)] == [2, 5]
    assert [m.at for m in rebases(months, Rebasing(3, overlap=True), centre=5)] == [2, 4]


def test_down_and_up_again() -> None:
    months: list[float] = [5, 5, 4, 4, 5, 6]
    found = rebases(months, Rebasing(2), baseline=2)
    assert [(m.new, m.direction) for m in found] == [(4, -1), (5.5, 1)]


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("sides", ["both", "above"])
def test_online_and_looking_back_the_moves_are_the_same(overlap: bool, sides: str) -> None:
    generator = random.Random(8)
    points = [generator.gauss(20 + place // 25 * 15, 5) for place in range(100)]
    months = [x if generator.random() < 0.9 else None for x in points]
    chart = ControlChart(rebase={"points": 5, "overlap": overlap, "sides": sides})
    for x in months:
        chart.update(x)
    found = rebases(months, Rebasing(5, overlap=overlap, sides=sides), baseline=12)
    assert len(found) >= 3
    assert len(chart.rebases) == 3
    for mine, theirs in zip(chart.rebases, found[-3:], strict=True):
        assert mine == pytest.approx(theirs)

"""Rules: every point of the NHS's cases, each rule by itself, and several at one point."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.charts.limits import NHS_RANGE, Limits, by_period, individuals
from detectors.charts.rules import (
    DOWN,
    RULES,
    SETS,
    UP,
    Mark,
    Memory,
    Rule,
    covered,
    first,
    marks,
    nearness,
    nhs_assurance,
    nhs_point_type,
    nhs_wording,
    pattern,
    side,
    step,
)

DATA = Path(__file__).parents[2] / "data"
NHS = json.loads((DATA / "nhsrplotthedots_cases.json").read_text())
UNIT = json.loads((DATA / "nhs_rule_unit_cases.json").read_text())
FLAT = Limits(0, -10, 10)
BETTER = {"increase": UP, "decrease": DOWN}


def lines_of(case: dict[str, Any]) -> list[Limits]:
    options, groups = case["options"], case["rebase_group"]
    screen, number = int(options["screen_outliers"]), options["fix_after_n_points"]
    fitted = by_period(
        case["y"],
        groups,
        lambda points: individuals(points, screen=screen, per_range=NHS_RANGE),
        first=number,
    )
    return [one.limits() for one in fitted]


def marked(case: dict[str, Any]) -> list[Mark]:
    """What names each point; a pattern does not reach over a re-base."""
    lines, found = lines_of(case), []
    for group in dict.fromkeys(case["rebase_group"]):
        places = [i for i, own in enumerate(case["rebase_group"]) if own == group]
        points = [case["y"][i] for i in places]
        found += marks(points, [lines[i] for i in places], SETS["nhs"])
    return [first(one) for one in found]


@pytest.mark.parametrize("name", NHS)
def test_every_point_is_named_as_on_nhs_charts(name: str) -> None:
    case = NHS[name]
    found = marked(case)
    assert [nhs_wording(*mark) for mark in found] == case["special_cause_type"]
    better = BETTER[case["options"]["improvement_direction"]]
    assert [nhs_point_type(direction, better) for _, direction in found] == case["point_type"]


@pytest.mark.parametrize("name", NHS)
def test_every_point_stands_to_its_lines_as_on_nhs_charts(name: str) -> None:
    case = NHS[name]
    places = list(zip(case["y"], lines_of(case), strict=True))
    near = [bool(nearness(RULES["near_2_of_3"], x, line)) for x, line in places]
    outside = [not line.lower <= x <= line.upper for x, line in places]
    # No limits, no answer, on NHS charts: null.
    assert near == [bool(answer) for answer in case["close_to_limits"]]
    assert outside == [bool(answer) for answer in case["outside_limits"]]
    assert [side(x, line.centre) for x, line in places] == case["relative_to_mean"]


SEVERAL: dict[str, tuple[list[float], list[str]]] = {
    # Eight on one side, near the limit from the fourth to the seventh, and seven rising.
    "a trend before two of three and a side": (
        [1, 2, 3, 7, 8, 9, 9.5, 1],
        ["7 Point Trend (Increasing)"] * 7 + ["7 Points Above CL"],
    ),
    # Eight on one side, of which the fourth and fifth are near the limit; no seven fall.
    "two of three before a side": (
        [-1, -2, -1, -8, -9, -1, -2, -1],
        ["7 Points Below CL"] * 3 + ["2 in 3 Below CL"] * 2 + ["7 Points Below CL"] * 3,
    ),
    # The last of seven that fall is beyond the limit, and names itself alone.
    "outside before a trend": (
        [3, 1, -1, -2, -3, -9, -11],
        ["7 Point Trend (Decreasing)"] * 6 + ["Below LCL"],
    ),
    # The last is outside, and in a trend and a run on one side; the sixth is inside two thirds.
    "outside before a trend and a side": (
        [1, 2, 3, 4, 5, 6, 12],
        ["7 Point Trend (Increasing)"] * 6 + ["Above UCL"],
    ),
    # At the top a rise ends and a fall begins, which names it.
    "the later of two trends": (
        [-3, -2, -1, 0, 1, 2, 3, 2, 1, 0, -1, -2, -3],
        ["7 Point Trend (Increasing)"] * 6 + ["7 Point Trend (Decreasing)"] * 7,
    ),
    # A point on the line ends a run on one side, and not a trend.
    "a trend through the line": (
        [-2, -1, 0, 1, 2, 3, 4, 4],
        ["7 Point Trend (Increasing)"] * 7 + ["Common Cause"],
    ),
}
"""Against a line at 0 and limits at 10, so near beyond 6.67: what each point is called, by hand
from the published rules and the order in which NHSRplotthedots names a point."""


@pytest.mark.parametrize("name", SEVERAL)
def test_a_point_in_several_patterns_is_named_in_the_order_of_nhs_charts(name: str) -> None:
    points, words = SEVERAL[name]
    found = marks(points, [FLAT] * len(points), SETS["nhs"])
    assert [nhs_wording(*first(one)) for one in found] == words


def named(points: list[float], i: int) -> str:
    """What NHS charts call a point, by the definitions alone: each rule is looked for in every
    window that holds the point, and asked in the order of the package."""
    x = points[i]
    if abs(x) > 10:
        return "Above UCL" if x > 0 else "Below LCL"

    def windows(size: int) -> list[list[float]]:
        starts = range(max(0, i - size + 1), min(i, len(points) - size) + 1)
        return [points[start : start + size] for start in starts]

    for window in reversed(windows(7)):
        steps = {(b > a) - (b < a) for a, b in itertools.pairwise(window)}
        if steps in ({1}, {-1}):
            return f"7 Point Trend ({'Increasing' if steps == {1} else 'Decreasing'})"
    near = [10 / 1.5 < abs(x) <= 10 for x in points]
    way = "Above" if x > 0 else "Below"
    for start in range(max(0, i - 2), min(i, len(points) - 3) + 1):
        sides = {side(x, 0) for x in points[start : start + 3]}
        if near[i] and sum(near[start : start + 3]) >= 2 and sides in ({1}, {-1}):
            return f"2 in 3 {way} CL"
    if any({side(x, 0) for x in window} in ({1}, {-1}) for window in windows(7)):
        return f"7 Points {way} CL"
    return "Common Cause"


@settings(max_examples=300)
@given(
    st.lists(
        st.one_of(
            st.integers(-11, 11).map(lambda x: [float(x)]),
            st.tuples(st.integers(-11, 4), st.integers(5, 9)).map(
                lambda run: [float(run[0] + k) for k in range(run[1])]
            ),
            st.tuples(st.integers(-4, 11), st.integers(5, 9)).map(
                lambda run: [float(run[0] - k) for k in range(run[1])]
            ),
        ),
        max_size=6,
    ).map(lambda runs: [x for run in runs for x in run])
)
def test_every_point_is_named_by_the_first_definition_that_it_meets(points: list[float]) -> None:
    found = marks(points, [FLAT] * len(points), SETS["nhs"])
    names = [nhs_wording(*first(one)) for one in found]
    assert names == [named(points, i) for i in range(len(points))]


def hits(rule: Rule, points: Sequence[float]) -> list[int]:
    memory: Memory = []
    return [step(rule, memory, x, FLAT) for x in points]


@pytest.mark.parametrize("case", UNIT["seven_point_one_side_mean"])
def test_seven_on_one_side(case: dict[str, list[int]]) -> None:
    assert [abs(hit) for hit in hits(RULES["side_7"], case["in"])] == case["out"]


@pytest.mark.parametrize("case", UNIT["part_of_seven"])
def test_what_is_part_of_seven(case: dict[str, list[int]]) -> None:
    assert [abs(hit) for hit in covered(case["in"], [7] * len(case["in"]))] == case["out"]


@pytest.mark.parametrize("case", UNIT["seven_point_trend"])
def test_a_trend_of_seven(case: dict[str, list[int]]) -> None:
    assert hits(RULES["trend_7"], case["in"]) == case["out"]


def near_points(case: dict[str, list[int]]) -> list[float]:
    """Points that are near a limit, or not, on the given side."""
    return [s * (9 if c else 1) for c, s in zip(case["close"], case["rtm"], strict=True)]


@pytest.mark.parametrize("case", UNIT["two_in_three"])
def test_two_in_three_marks_the_window(case: dict[str, list[int]]) -> None:
    points = near_points(case)
    rule = RULES["near_2_of_3"]._replace(whole=True)
    assert pattern(points, [FLAT] * len(points), rule) == case["out"]


@pytest.mark.parametrize("case", UNIT["part_of_two_in_three"])
def test_what_is_part_of_two_in_three(case: dict[str, list[int]]) -> None:
    points = near_points(case)
    assert pattern(points, [FLAT] * len(points), RULES["near_2_of_3"]) == case["out"]


@pytest.mark.parametrize("case", UNIT["assurance"])
def test_assurance(case: dict[str, Any]) -> None:
    lines = [Limits((a + b) / 2, a, b) for a, b in zip(case["lpl"], case["upl"], strict=True)]
    better = BETTER[case["improve"]]
    assert [nhs_assurance(line, case["target"], better) for line in lines] == case["out"]


@pytest.mark.parametrize("n", [6, 7, 8, 9])
def test_n_on_one_side(n: int) -> None:
    found = hits(RULES[f"side_{n}"], [-1] * n + [1] * (n + 1) + [-1])
    assert found == [0] * (n - 1) + [-1] + [0] * (n - 1) + [1, 1] + [0]


def test_a_point_on_the_centre_line_ends_a_run_or_is_skipped() -> None:
    points = [1.0] * 4 + [0] + [1] * 4
    assert not any(hits(RULES["side_8"], points))
    skips = RULES["side_8"]._replace(on_line="skips")
    assert hits(skips, points) == [0] * 8 + [1]
    assert pattern(points, [FLAT] * 9, skips) == [1] * 9


def test_an_equal_point_ends_a_trend_or_is_skipped() -> None:
    points = [1.0, 2, 3, 3, 4, 5]
    assert not any(hits(RULES["trend_5"], points))
    assert hits(RULES["trend_5"]._replace(on_line="skips"), points) == [0] * 5 + [1]


def test_a_point_on_a_limit_is_inside() -> None:
    assert hits(RULES["outside"], [10, -10, 10.1, -10.1]) == [0, 0, 1, -1]


def test_near_counts_points_outside_and_ignores_the_third_where_a_rule_says_so() -> None:
    points = [9.0, -1, 11]
    assert not any(hits(RULES["near_2_of_3"], points))
    assert hits(RULES["near_2_of_3_outside_too"], points) == [0, 0, 1]


def test_a_near_pattern_signals_when_new_or_when_the_point_belongs_to_it() -> None:
    assert hits(RULES["near_2_of_3"], [9, 9, 1, 1, 9, 1, 9]) == [0, 0, 1, 0, 0, 0, 1]


def test_near_is_measured_by_the_longer_way_where_a_limit_is_cut() -> None:
    cut = Limits(1, 0, 10)
    assert nearness(RULES["near_2_of_3"], 0.1, cut) == 0
    assert nearness(RULES["near_2_of_3"], 7.1, cut) == UP


def test_every_set_is_made_of_known_rules_and_has_words() -> None:
    for names in SETS.values():
        for name in names:
            assert nhs_wording(name, UP) != nhs_wording(name, DOWN) != nhs_wording(name, 0)

"""Chain ladder: equal to what Mack published, and to a plain program."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.counts.chain_ladder import ChainLadder

TAYLOR_ASHE = """
357848 1124788 1735330 2218270 2745596 3319994 3466336 3606286 3833515 3901463
352118 1236139 2170033 3353322 3799067 4120063 4647867 4914039 5339085
290507 1292306 2218525 3235179 3985995 4132918 4628910 4909315
310608 1418858 2195047 3757447 4029929 4381982 4588268
443160 1136350 2128333 2897821 3402672 3873311
396132 1333217 2180715 2985752 3691712
440832 1288463 2419861 3483130
359480 1421128 2864498
376686 1363294
344014
"""
"""The claims of Taylor and Ashe (1983), cumulative, as Mack (1993) has them in his example."""
PUBLISHED = [
    (94_634, 75_535),
    (469_511, 121_699),
    (709_638, 133_549),
    (984_889, 261_406),
    (1_419_459, 411_010),
    (2_177_641, 558_317),
    (3_920_301, 875_328),
    (4_278_972, 971_258),
    (4_625_811, 1_363_155),
]
"""By row from the second on: what is still to come, and its standard error."""


def triangle() -> list[list[float]]:
    return [[float(cell) for cell in row.split()] for row in TAYLOR_ASHE.split("\n") if row]


def test_estimates_and_standard_errors_are_those_that_mack_published() -> None:
    rows = triangle()
    ladder = ChainLadder(rows)
    found = []
    for row in rows[1:]:
        completed = ladder.completed(row[-1], len(row) - 1)
        assert completed is not None
        found.append((round(completed.estimate - row[-1]), round(completed.error)))
    assert found == PUBLISHED


def test_an_estimate_rests_on_the_fewest_periods_that_reached_an_age() -> None:
    rows = triangle()
    completed = ChainLadder(rows).completed(1_363_294, 1, until=5)
    assert completed is not None
    assert completed.periods == 5


def test_between_two_ages_the_growth_is_even() -> None:
    ladder = ChainLadder([[100, 144], [50, 72]])
    half = ladder.completed(100, 0.5)
    assert half is not None
    assert half.estimate == pytest.approx(120)


def test_counts_that_fall_are_expected_to_fall() -> None:
    completed = ChainLadder([[100, 90], [200, 190], [100, 92]]).completed(100, 0)
    assert completed is not None
    assert completed.estimate == pytest.approx(93)
    assert completed.chance_above(100) < 0.05


def test_the_chance_of_more_than_a_limit_is_that_of_its_tail() -> None:
    completed = ChainLadder([[100, 120], [90, 96], [110, 140]]).completed(100, 0)
    assert completed is not None
    low, high = completed.interval()
    assert completed.chance_above(low) == pytest.approx(0.975, abs=1e-4)
    assert completed.chance_above(high) == pytest.approx(0.025, abs=1e-4)


def test_nothing_is_said_of_no_count_or_where_nothing_has_grown_yet() -> None:
    ladder = ChainLadder([[100, 120], [90, 96], [110]])
    assert ladder.completed(0, 0) is None
    assert ladder.completed(100, 1) is None
    assert ChainLadder([]).completed(5, 0) is None
    assert ChainLadder([[0, 0], [0, 0]]).completed(5, 0) is None


def test_counts_that_do_not_scatter_are_certain() -> None:
    completed = ChainLadder([[100, 110], [200, 220]]).completed(50, 0)
    assert completed is not None
    assert completed.interval() == pytest.approx((55, 55))
    assert (completed.chance_above(54), completed.chance_above(56)) == (1.0, 0.0)


counts = st.lists(st.integers(1, 500), min_size=3, max_size=3)


@given(st.lists(counts, min_size=3, max_size=8), st.integers(1, 500))
def test_it_is_what_a_plain_program_makes_of_the_formulas(
    rows: list[list[int]], count: int
) -> None:
    completed = ChainLadder(rows).completed(count, 0)
    assert completed is not None
    estimate, relative = float(count), 0.0
    for age in (0, 1):
        before, after = [row[age] for row in rows], [row[age + 1] for row in rows]
        factor = sum(after) / sum(before)
        scatter = sum(b * (a / b - factor) ** 2 for b, a in zip(before, after, strict=True))
        variance = scatter / (len(rows) - 1)
        relative += variance / factor**2 * (1 / estimate + 1 / sum(before))
        estimate *= factor
    assert completed.estimate == pytest.approx(estimate)
    assert completed.error == pytest.approx(estimate * math.sqrt(relative))


cells = st.one_of(st.none(), st.integers(0, 60))


@given(
    st.lists(st.lists(cells, max_size=5), max_size=5),
    st.integers(0, 60),
    st.floats(0, 6),
    st.none() | st.integers(0, 6),
)
def test_of_any_small_triangle_there_is_an_estimate_with_its_interval_or_none(
    rows: list[list[int | None]], count: int, age: float, until: int | None
) -> None:
    completed = ChainLadder(rows).completed(count, age, until)
    if completed is not None:
        low, high = completed.interval()
        assert 0 < low <= high < math.inf
        assert math.isfinite(completed.error)
        for limit in (0, count, completed.estimate):
            assert 0 <= completed.chance_above(limit) <= 1


def test_the_growth_to_come_is_the_same_whatever_the_count() -> None:
    ladder = ChainLadder([[100, 120], [90, 96], [110, 140]])
    found = ladder.to_come(0)
    assert found is not None
    assert found.factor == pytest.approx(356 / 300)
    assert found.periods == 3
    completed = ladder.completed(1e9, 0)
    assert completed is not None
    assert found.error / found.factor == pytest.approx(completed.error / completed.estimate)
    assert found.likely()
    wild = ChainLadder([[100, 120], [90, 72], [110, 112]]).to_come(0)
    assert wild is not None
    assert not wild.likely()
    assert ladder.to_come(1) is None
    assert ladder.to_come(0, 2) is None

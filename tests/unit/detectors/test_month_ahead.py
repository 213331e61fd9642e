"""A month held against the months before it, and how likely it is to be so far out."""

from __future__ import annotations

from fractions import Fraction
from math import comb, exp, factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.counts.month_ahead import middle_scatter, month_ahead, scatter
from detectors.counts.predictive import Predictive

MONTHS = [1.0] * 12


def mid_p(pmf: list[float], count: int) -> float:
    below = sum(pmf[:count]) + pmf[count] / 2
    return min(1.0, 2 * below, 2 * (1.0 - below))


@given(st.integers(1, 400), st.integers(0, 60))
@settings(max_examples=60)
def test_of_a_poisson_count_the_mid_p_is_that_of_its_probabilities(tenths: int, count: int) -> None:
    mean = tenths / 10
    pmf = [exp(-mean) * float(Fraction(mean) ** k / factorial(k)) for k in range(count + 1)]
    assert Predictive(mean).mid_p(count) == pytest.approx(mid_p(pmf, count), abs=1e-9)


@given(st.integers(1, 30), st.integers(1, 20), st.integers(0, 60))
@settings(max_examples=60)
def test_of_a_negative_binomial_count_it_is_too(mean: int, size: int, count: int) -> None:
    p = Fraction(size, size + mean)
    pmf = [float(comb(k + size - 1, k) * p**size * (1 - p) ** k) for k in range(count + 1)]
    ahead = Predictive(float(mean), dispersion=1.0 + mean / size)
    assert ahead.mid_p(count) == pytest.approx(mid_p(pmf, count), abs=1e-9)


def test_a_month_as_expected_has_no_evidence_and_one_far_out_has_much_to_either_side() -> None:
    ahead = Predictive(40.0)
    assert ahead.mid_p(40) > 0.9
    assert ahead.mid_p(80) < 1e-7
    assert ahead.mid_p(8) < 1e-7


def test_what_is_expected_is_the_rate_of_the_months_before_times_the_length_of_this_one() -> None:
    assert month_ahead([28, 62, 30], [28.0, 31.0, 31.0], 30.0, 1.0).mean == pytest.approx(40.0)


def test_months_that_scatter_by_chance_have_a_scatter_of_one() -> None:
    chance = np.random.default_rng(4)
    every = [scatter(chance.poisson(30, 12).tolist(), MONTHS) for _ in range(2000)]
    assert middle_scatter(every) == pytest.approx(1.0, abs=0.02)


def test_one_wild_series_does_not_blind_the_others() -> None:
    assert middle_scatter([1.1, 1.4, 1.2, 90.0, 1.3]) == 1.3
    assert middle_scatter([0.4, 0.6, 0.5]) == 1.0
    assert middle_scatter([]) == 1.0


def test_a_series_that_scatters_more_than_its_siblings_is_judged_by_its_own_months() -> None:
    wild, quiet = [100, 300, 120, 280] * 3, [199, 201, 200, 200] * 3
    of = [month_ahead(each, MONTHS, 1.0, 1.0) for each in (wild, quiet)]
    assert of[0].mean == of[1].mean == 200.0
    assert of[0].mid_p(270) > 0.2
    assert of[1].mid_p(270) < 0.001


def test_of_no_records_at_all_one_is_no_surprise() -> None:
    assert month_ahead([0] * 12, MONTHS, 1.0, 1.0).mid_p(0) > 0.9
    assert 0.01 < month_ahead([0] * 12, MONTHS, 1.0, 1.0).mid_p(1) < 0.2


def test_where_nothing_changes_p_values_are_even() -> None:
    chance = np.random.default_rng(11)
    found = []
    for _ in range(3000):
        mean = float(np.exp(chance.uniform(0.0, 5.0)))
        counts = chance.poisson(chance.gamma(mean / 1.5, 1.5, 13)).tolist()
        found.append(month_ahead(counts[:12], MONTHS, 1.0, 2.5).mid_p(counts[12]))
    for share in (0.01, 0.05, 0.1, 0.5):
        assert np.mean(np.array(found) <= share) == pytest.approx(share, abs=0.3 * share)

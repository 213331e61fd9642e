"""Counts that grow: compared at the same age, and not at all before the delay is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.counts.reporting_triangle import NOT_KNOWN, ReportingTriangle

SHARES = (0.4, 0.75, 0.95, 1.0)


def triangle(
    rng: np.random.Generator, periods: int, level: float = 100.0, **parameters: float
) -> ReportingTriangle:
    """Periods whose records arrive with these shares, all of them complete."""
    ageing = ReportingTriangle(ages=4, **parameters)  # type: ignore[arg-type]
    for period in range(periods):
        arrived = np.cumsum(rng.poisson(level * np.diff((0.0, *SHARES))))
        for age, count in enumerate(arrived.tolist()):
            ageing.record(period, age, count)
    return ageing


def test_a_delay_that_is_not_known_judges_nothing() -> None:
    ageing = triangle(np.random.default_rng(1), 7, need=8)
    ageing.record(7, 0, 100_000)
    assert ageing.state == NOT_KNOWN
    assert not ageing.drift_detected
    assert ageing.forecast(0) is None
    assert math.isnan(ageing.completeness(0)[0])
    assert ageing.judgement is not None
    assert ageing.judgement.words == ("100,000 at age 0; delay not known: 7 of 8 periods complete")


def test_a_young_period_is_compared_with_young_ones() -> None:
    ageing = triangle(np.random.default_rng(2), 24)
    ageing.record(24, 0, 41)
    # 41 of 100, but at this age 40 is what there is.
    assert (ageing.drift_detected, ageing.judge(41, 3).exceptional) == (False, True)
    for age, count, exceptional in ((0, 95, True), (1, None, False)):
        ageing.record(25, age, count)
        assert ageing.drift_detected is exceptional
    assert ageing.forecast(0) is not None


def test_completeness_is_the_ratio_of_sums() -> None:
    ageing = ReportingTriangle(ages=2, need=3)
    for period, (young, old) in enumerate([(10, 20), (30, 40), (20, 60)]):
        ageing.record(period, 0, young)
        ageing.record(period, 1, old)
    ratio, error = ageing.completeness(0)
    assert ratio == pytest.approx(60 / 120)
    # Residuals 0, 10 and -10 about the ratio; mean final count 40.
    assert error == pytest.approx(math.sqrt(200 / 6) / 40)
    assert ageing.completeness(1) == (1.0, 0.0)
    assert ageing.completed(25, 0)[1] == pytest.approx(50)


def test_limits_of_the_final_count_hold() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(150):
        ageing = triangle(rng, 20)
        young = int(rng.poisson(40))
        low, _, high = ageing.completed(young, 0)
        held += low <= young + rng.poisson(60) <= high
    assert 0.85 < held / 150 <= 1.0  # of a nominal 95 %


def test_tails_at_the_same_age_hold() -> None:
    rng = np.random.default_rng(4)
    tails = []
    for _ in range(250):
        ahead = triangle(rng, 12).forecast(1)
        assert ahead is not None
        tails.append(ahead.at_least(float(rng.poisson(75))))
    assert np.mean(np.array(tails) <= 0.05) == pytest.approx(0.05, abs=0.035)


def test_periods_may_come_in_any_order_and_again() -> None:
    points = [(p, a, float(10 * p + a)) for p in range(9) for a in range(4)]
    one, other = ReportingTriangle(ages=4), ReportingTriangle(ages=4)
    for point in points:
        one.record(*point)
    for point in [*points[::-1], *points]:
        other.record(*point)
    assert one.save() == other.save()


def test_a_period_is_not_judged_by_itself_or_by_later_ones() -> None:
    ageing = triangle(np.random.default_rng(5), 30)
    assert ageing.forecast(0, before=8) is not None
    assert ageing.forecast(0, before=7) is None


def test_memory_is_bounded() -> None:
    ageing = triangle(np.random.default_rng(6), 300, kept=20)
    assert len(ageing.save()["state"]["_periods"]) <= 24  # type: ignore[arg-type, call-overload, index]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 12),
            st.integers(-1, 3),
            st.none() | st.integers(0, 9) | st.sampled_from([0.0, 1e300, math.inf, math.nan]),
        ),
        max_size=60,
    )
)
def test_no_gap_or_size_gives_nan(points: list[tuple[int, int, float | None]]) -> None:
    ageing = ReportingTriangle(ages=2, need=3)
    for period, age, count in points:
        ageing.record(period, age, count)
        assert ageing.evidence >= 0
        ahead = ageing.forecast(0)
        assert ahead is None or math.isfinite(ahead.mean + ahead.spread + ahead.dispersion)
        assert (
            all(value >= 0 for value in ageing.completed(5, 0))
            or ageing.state == NOT_KNOWN
            or (not ageing.completeness(0)[0] > 0)
        )

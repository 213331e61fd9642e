"""What the next months of a count bring."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from detectors.counts.projection import MEANS, SHARE_SCALE, YEAR, project

SEASON = [80, 80, 90, 100, 110, 120, 130, 120, 110, 100, 90, 70]


def drawn(seed: int, months: int, season: float = 0.2) -> list[float]:
    """Poisson counts about a level of 150 with a season."""
    chance = np.random.default_rng(seed)
    shape = 1 + season * np.cos(2 * np.pi * np.arange(months) / YEAR)
    return [float(each) for each in chance.poisson(150 * shape)]


def test_a_season_that_repeats_is_projected() -> None:
    assert [round(each.value) for each in project(SEASON * 3, YEAR)] == SEASON


def test_another_level_is_taken_on() -> None:
    (month,) = project([100.0] * 18 + [200.0] * 6, 1)
    assert 130 < month.value < 200


def test_intervals_lie_within_each_other_and_widen() -> None:
    ahead = project(drawn(1, 36), 6)
    for each in ahead:
        assert each.low_95 < each.low_80 < each.value < each.high_80 < each.high_95
    first, last = (sqrt(each.high_95) - sqrt(each.value) for each in (ahead[0], ahead[5]))
    assert last > first


def test_intervals_are_no_narrower_than_chance_alone() -> None:
    (month,) = project([100.0] * 36, 1)
    assert (round(month.low_95), round(month.high_95)) == (80, 122)


def test_intervals_hold_as_often_as_they_say() -> None:
    held = np.zeros(2)
    for seed in range(200):
        values = drawn(seed, 36)
        for ahead, came in zip(project(values[:30], 6), values[30:], strict=True):
            held += [
                ahead.low_80 <= came <= ahead.high_80,
                ahead.low_95 <= came <= ahead.high_95,
            ]
    shares = held / 1200
    assert 0.77 < shares[0] < 0.90
    assert 0.93 < shares[1] < 0.985


def test_it_is_nearer_than_the_year_before_where_there_is_chance() -> None:
    own = naive = 0.0
    for seed in range(100):
        values = drawn(seed, 36)
        for place, each in enumerate(project(values[:30], 6)):
            own += abs(each.value - values[30 + place])
            naive += abs(values[18 + place] - values[30 + place])
    assert own < 0.95 * naive


def test_none_at_all_is_projected_as_none() -> None:
    (month,) = project([0.0] * 24, 1)
    assert (month.value, month.low_95) == (0.0, 0.0)
    assert month.high_95 > 0


@pytest.mark.parametrize(
    ("counts", "ahead"), [([5.0] * 17, 3), ([5.0] * 20 + [-1.0], 3), ([5.0] * 20, 13)]
)
def test_too_few_months_or_too_far_ahead_is_refused(counts: list[float], ahead: int) -> None:
    with pytest.raises(ValueError, match="up to a year is projected from 18 months"):
        project(counts, ahead)


def test_a_share_and_a_mean_go_on_on_scales_of_their_own() -> None:
    (share,) = project([0.9] * 24, 1, scale=SHARE_SCALE, chance=1 / 400)
    assert share.value == pytest.approx(0.9)
    # Wilson's interval of 90 of 100 is 0.826 to 0.945; from twelve origins it is wider.
    assert share.low_95 == pytest.approx(0.83, abs=0.02)
    assert share.high_95 == pytest.approx(0.955, abs=0.01)
    (mean,) = project([600.0] * 24, 1, scale=MEANS, chance=0.01)
    assert mean.value == pytest.approx(600.0)
    assert mean.low_80 * mean.high_80 == pytest.approx(600.0**2)


def test_what_is_no_share_or_no_mean_is_refused() -> None:
    with pytest.raises(ValueError, match="no share is above 1"):
        project([0.5] * 20 + [1.1], 1, scale=SHARE_SCALE)
    with pytest.raises(ValueError, match="no mean 0"):
        project([5.0] * 20 + [0.0], 1, scale=MEANS)

"""Calibration: episodes counted, factors found, delays stated."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.calibration.alarm_budget import AlarmBudget, parts
from detectors.calibration.detection_delay import delay, detection_delays, learned
from detectors.calibration.episodes import Episodes, Where
from detectors.calibration.simulation import (
    Plan,
    RatedPoint,
    SimulatedStream,
    Watched,
    fit,
    opened,
    replay,
    stable,
    total,
)

COUNTY, EAST, WEST = ("county",), ("county", "east"), ("county", "west")
SHARES = {"hour": 0.5, "day": 0.5}


def plan(*places: tuple[str, ...], grain: str = "hour", theme: str = "calls") -> Plan:
    """One stream, watched once for each place."""
    return Plan(
        (SimulatedStream(5.0),),
        tuple(Watched(Where(grain, theme, one), (0,), 1 / len(places)) for one in places),
    )


def test_alarms_of_a_county_and_its_district_are_one_episode_and_of_two_districts_two() -> None:
    both = plan(COUNTY, EAST, WEST)
    allowed = [0.1, 0.1, 0.1]
    assert opened(both, [RatedPoint(1, 1, 0.01), RatedPoint(2, 0, 0.01)], allowed).total() == 1
    assert opened(both, [RatedPoint(1, 1, 0.01), RatedPoint(1, 2, 0.01)], allowed).total() == 2


def test_an_alarm_of_the_same_series_a_day_later_is_another_episode() -> None:
    one = plan(COUNTY)
    assert opened(one, [RatedPoint(1, 0, 0.01), RatedPoint(25, 0, 0.01)], [0.1]).total() == 1
    assert opened(one, [RatedPoint(1, 0, 0.01), RatedPoint(26, 0, 0.01)], [0.1]).total() == 2


def test_each_series_opens_an_episode_by_what_it_is_allowed_itself() -> None:
    both = plan(EAST, WEST)
    noted = [RatedPoint(1, 0, 0.01), RatedPoint(1, 1, 0.01)]
    assert opened(both, noted, [0.02, 0.005]).total() == 1


def test_a_district_that_alarms_first_is_joined_by_its_neighbour_through_the_county() -> None:
    episodes = Episodes()
    numbers = [
        episodes.add(at, Where("hour", "calls", place)).number
        for at, place in ((0, EAST), (1, COUNTY), (2, WEST))
    ]
    assert numbers == [0, 0, 0]


def test_a_burst_opens_an_episode_of_its_own_though_a_new_level_is_known_by_the_month() -> None:
    episodes = Episodes()
    grains = [(0, "month"), (100, "hour"), (110, "day"), (120, "month")]
    numbers = [episodes.add(at, Where(grain, "calls", COUNTY)).number for at, grain in grains]
    assert numbers == [0, 1, 1, 0]


def test_a_category_joins_all_of_its_kind_but_not_another_category() -> None:
    episodes = Episodes()
    themes = ["incidents.asb", "incidents.fire", "incidents", "incidentals"]
    numbers = [episodes.add(0, Where("hour", theme, COUNTY)).number for theme in themes]
    assert numbers == [0, 1, 0, 2]


def test_no_watch_by_the_hour_is_allowed_more_than_once_in_ten_weeks() -> None:
    assert AlarmBudget(100.0).allowed("hour", 0.5) == 0.1


def test_what_is_allowed_is_the_watchs_part_of_the_budgets_share_times_the_factor() -> None:
    budget = AlarmBudget(4.0, {"hour": 0.5, "day": 0.5}, {"hour": 2.0, "day": 1.0})
    assert budget.allowed("hour", 1 / 80) == pytest.approx(0.05)


@given(
    st.dictionaries(
        st.sampled_from(["calls", "response", "crimes"]), st.integers(1, 500), min_size=1
    ),
    st.lists(st.floats(0.01, 100.0), min_size=3, max_size=3),
)
def test_the_parts_of_all_watches_are_the_whole_budget_however_it_is_weighted(
    watches: dict[str, int], weights: list[float]
) -> None:
    found = parts(dict(zip(("calls", "response", "crimes"), weights, strict=True)), watches)
    assert sum(found[theme] * number for theme, number in watches.items()) == pytest.approx(1.0)


@pytest.mark.parametrize(("episodes", "shares"), [(0.0, SHARES), (1.0, {"hour": 0.7, "day": 0.7})])
def test_a_budget_that_is_none_or_shared_out_twice_is_refused(
    episodes: float, shares: dict[str, float]
) -> None:
    with pytest.raises(ValueError, match=r"budget|shares"):
        AlarmBudget(episodes, shares)


def test_the_factor_is_four_where_nominal_rates_are_four_times_too_large() -> None:
    # 3.5 points a week, their nominal rates even on 0 to 14: below r come r / 4 of them a week.
    rates = 14.0 * np.random.default_rng(3).random(70_000)
    noted = [RatedPoint(48.0 * n, 0, float(rate)) for n, rate in enumerate(rates) if rate < 0.1]
    budget = AlarmBudget(0.01, {"hour": 1.0})
    factor = fit(plan(COUNTY), [noted], weeks=20_000, budget=budget)["hour"]
    assert factor == pytest.approx(4.0, rel=0.15)
    kept = AlarmBudget(0.01, {"hour": 1.0}, {"hour": factor})
    assert total(plan(COUNTY), [noted], kept).total() == pytest.approx(200, abs=1)


def test_stable_counts_have_the_level_and_the_dispersion_that_were_asked_for() -> None:
    counts = stable(Plan((SimulatedStream(6.0, 2.5),), ()), 100, np.random.default_rng(1))[0]
    assert counts.mean() == pytest.approx(6.0, rel=0.02)
    assert counts.var() / counts.mean() == pytest.approx(2.5, rel=0.05)


def test_a_replay_notes_only_what_comes_after_the_history_and_is_the_same_for_a_seed() -> None:
    one = plan(COUNTY, grain="day")
    found = [replay(one, history=8, weeks=20, seed=5, cutoff={"day": 9.0}) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0]
    assert all(0 < note.at <= 20 * 168 for note in found[0])


def test_a_step_of_three_at_sixty_an_hour_is_found_in_the_first_hour_or_two() -> None:
    saved = learned(SimulatedStream(60.0), "hour", allowed=0.01, weeks=5, seed=1)
    assert all(delay(saved, SimulatedStream(60.0), "hour", 3.0, seed) <= 2 for seed in range(5))


def test_a_delay_that_nine_in_ten_keep_is_never_shorter_than_that_of_half() -> None:
    found = detection_delays(
        SimulatedStream(2.0), "day", allowed=0.01, history=5, factors=(1.1, 2.0), runs=10
    )
    assert all(one.half <= one.most for one in found)
    assert found[0].half > found[1].half
    assert math.isinf(found[0].most)

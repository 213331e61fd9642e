"""Durations over days: formulas written out, what is learned of their spread, impossible single
times, and a restart."""

import itertools
import json
import random
from math import exp, log, log1p, log10, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from detectors.durations.duration_watch import DurationWatch
from detectors.grouped_watch import GroupedWatch
from streams.registry.aggregates import Mean
from streams.registry.histogram import bin_of
from streams.surveillance.adapters.base import PeriodPoint, Timed
from streams.surveillance.adapters.grouped import Durations, GroupedRows


def day(
    generator: random.Random, number: int = 30, mean: float = 600.0
) -> tuple[float, int, float]:
    durations = [generator.expovariate(1.0 / mean) for _ in range(number)]
    return sum(durations), number, sum(x * x for x in durations)


def watched(weeks: int = 12, seed: int = 1, **parameters: float) -> DurationWatch:
    watch = DurationWatch(**parameters)  # type: ignore[arg-type]
    generator = random.Random(seed)
    for _ in range(7 * weeks):
        watch.update(*day(generator))
    return watch


def test_the_surprise_is_a_tail_of_students_t() -> None:
    before, watch = watched(), watched()
    watch.update(30 * 1100.0, 30)
    y = log(1100.0) + before.cv**2 / 60
    variance = before.cv**2 / 30 + before.between
    off = (y - log(before.expected or 1.0)) / (variance + before._slot_spreads[0]) ** 0.5
    tail = student.sf(off, before.known)
    assert watch.surprise == pytest.approx(-log10(tail))
    assert watch.rate == pytest.approx(3 * 7 * min(tail, exp(-watch.change)))
    assert watch.direction == "up"


def test_the_change_is_a_likelihood_ratio_read_with_students_tail() -> None:
    watch = watched()
    base, spread = log(watch.before or 1.0), watch._shared
    for _ in range(2):
        watch.update(30 * 1000.0, 30)
    assert watch.onset == 84
    ys = [log(1000.0) + watched().cv ** 2 / 60] * 2
    variance = watched().cv ** 2 / 30 + watched().between
    effects = watched()._effects[:2]
    mean = sum(y - base - e for y, e in zip(ys, effects, strict=True)) / 2
    # Two more groups were learned meanwhile, so this is near and not equal.
    c = mean**2 / 2 / (variance / 2 + float(spread(np.array([2.0]))[0]))
    nu = watch.known
    assert watch.change == pytest.approx(nu / 2 * log1p(2 * c / nu), rel=0.05)


def test_the_spread_of_single_durations_and_of_days_is_learned() -> None:
    watch = watched(60)
    assert watch.cv == pytest.approx(1.0, abs=0.05)
    assert watch.between == pytest.approx(0.0, abs=0.005)
    generator = random.Random(3)
    busy = DurationWatch()
    for _ in range(400):
        busy.update(*day(generator, 100, 600.0 * exp(generator.gauss(0.0, 0.3))))
    assert busy.between == pytest.approx(0.09, abs=0.02)


def test_without_squares_the_spread_is_that_of_the_days() -> None:
    generator = random.Random(4)
    watch = DurationWatch()
    for _ in range(300):
        watch.update(100 * 600.0 * exp(generator.gauss(0.0, 0.05)), 100)
    assert watch.cv == watch.prior_cv
    # 0.0025, and what the prior of 5 among some 130 groups that still count adds to it.
    assert watch.between + watch.cv**2 / 100 == pytest.approx(0.0033, abs=0.0006)


def test_more_durations_make_a_day_surer() -> None:
    few, many = watched(), watched()
    few.update(10 * 900.0, 10)
    many.update(100 * 900.0, 100)
    assert many.surprise > few.surprise + 1.0


def test_a_lasting_rise_is_found_with_its_onset() -> None:
    watch = watched(allowed=0.02)
    assert (watch.drift_detected, watch.causes) == (False, [])
    for _ in range(5):
        watch.update(30 * 900.0, 30)
    assert watch.drift_detected
    assert "change" in watch.causes
    assert (watch.onset, watch.direction) == (84, "up")
    assert watch.level == pytest.approx(900.0, rel=0.05)
    assert watch.ratio == pytest.approx((watch.level or 0.0) / (watch.before or 1.0))


def test_a_single_wild_day_moves_the_level_by_little() -> None:
    plain, wild = watched(20), watched(20)
    plain.update(30 * 600.0, 30)
    wild.update(30 * 60_000.0, 30)
    assert wild.causes[0] == "surprise"
    for _ in range(60):
        plain.update(30 * 600.0, 30)
        wild.update(30 * 600.0, 30)
    assert wild.before == pytest.approx(plain.before, rel=0.02)


def test_a_slot_has_an_effect_of_its_own() -> None:
    watch = DurationWatch()
    for mean in [500.0] * 5 + [600.0] * 2:
        watch.update(100 * mean, 100)
    for mean in ([500.0] * 5 + [600.0] * 2) * 30:
        watch.update(100 * mean, 100)
    expected = []
    for _ in range(7):
        expected.append(watch.expected)
        watch.update(None)
    assert expected == pytest.approx([500.0] * 5 + [600.0] * 2, rel=0.03)


def test_days_of_few_durations_are_added_up() -> None:
    watch = watched(least=5)
    watch.update(2 * 30_000.0, 2)
    watch.update(0.0, 0)
    watch.update(2 * 30_000.0, 2)
    assert (watch.pending, watch.surprise, watch.drift_detected) == (4, 0.0, False)
    watch.update(30_000.0, 1)
    assert (watch.pending, watch.drift_detected, watch.onset) == (0, True, 84)


def test_limits_are_where_the_tail_is_the_probability() -> None:
    watch = watched()
    low, high = watch.limits(0.001, 30) or (0.0, 0.0)
    for mean in (low, high):
        again = watched()
        again.update(30 * mean, 30)
        assert again.surprise == pytest.approx(3.0, abs=1e-6)
    assert low < (watch.expected or 0.0) < high


def test_nothing_is_judged_while_learning() -> None:
    watch = DurationWatch(allowed=100.0)
    assert (watch.expected, watch.before, watch.limits(0.01)) == (None, None, None)
    generator = random.Random(1)
    for _ in range(20):
        assert (watch.state, watch.drift_detected) == ("learning", False)
        watch.update(*day(generator))
    assert watch.state == "ready"


def test_a_restart_forgets_and_keeps_the_place() -> None:
    watch = watched(allowed=0.05)
    watch.restart("another clock")
    assert watch.about == "learning: 0 groups since another clock, 20 needed"
    for _ in range(28):
        watch.update(30 * 6000.0, 30)
    assert not watch.drift_detected
    for _ in range(3):
        watch.update(30 * 600.0, 30)
    assert (watch.drift_detected, watch.onset, watch.direction) == (True, 84 + 28, "down")


def test_slots_make_whole_days() -> None:
    with pytest.raises(ValueError, match="multiple of 7"):
        DurationWatch(slots=24)
    assert issubclass(DurationWatch, GroupedWatch)
    assert (DurationWatch(slots=168).period, DurationWatch().period) == (24, 7)


DAY_LATE = 23 * 3600.0
"""A response of 23 hours, in seconds: an arrival that was entered a day late."""


def fed(watch: DurationWatch, durations: list[float]) -> DurationWatch:
    watch.update(sum(durations), len(durations), sum(x * x for x in durations))
    return watch


@pytest.mark.parametrize("impossible", [[DAY_LATE], [DAY_LATE, 13 * 3600.0], [DAY_LATE] * 3])
def test_impossible_times_among_twenty_of_ten_minutes_are_no_slow_day(
    impossible: list[float],
) -> None:
    watch = fed(watched(allowed=0.05), [600.0] * 20 + impossible)
    assert not watch.drift_detected
    assert watch.surprise == 0.0
    assert watch.rate > 1.0


def test_what_one_impossible_time_leaves_is_solved_exactly() -> None:
    watch = DurationWatch()  # nothing is known but the prior, a cv of 1
    rest = [600.0 * (1 + sqrt(1.0) * (-1) ** n) for n in range(20)]  # mean 600, cv 1
    watch = fed(watch, [*rest, DAY_LATE])
    assert exp(watch._base) == pytest.approx(600.0 * exp(1 / 40), rel=1e-6)
    assert watch.cv == 1.0


@pytest.mark.parametrize("slower", [2.0, 3.0, 30.0])
def test_a_day_on_which_everything_is_late_alarms_as_without_the_guard(slower: float) -> None:
    generator = random.Random(5)
    durations = [generator.expovariate(1 / (600.0 * slower)) for _ in range(30)]
    watch = fed(watched(allowed=0.05), durations)
    plain = watched(allowed=0.05)
    plain.update(sum(durations), 30)  # without squares nothing can be known of single ones
    assert watch.drift_detected
    assert watch.surprise == pytest.approx(plain.surprise)


@pytest.mark.parametrize(
    ("others", "days"), [([600.0] * 4, 1), ([500.0, 900.0], 4), ([600.0] * 7, 1)]
)
def test_a_rise_that_rests_on_one_long_time_is_not_told(others: list[float], days: int) -> None:
    generator, watch = random.Random(21), DurationWatch(allowed=0.05)
    for _ in range(140):
        watch.update(*day(generator, 5))
    fed(watch, [*others, 7200.0])
    for _ in range(days - 1):
        assert not watch.drift_detected
        fed(watch, others)
    assert not watch.drift_detected
    for _ in range(4):  # all of them are late
        fed(watch, [1500.0, 2400.0, 3000.0, 1800.0, 2200.0])
    assert (watch.drift_detected, watch.direction) == (True, "up")


def test_a_time_of_a_few_times_the_usual_counts() -> None:
    ordinary, late = [600.0] * 20, [600.0] * 16 + [3600.0] * 4
    assert fed(watched(), late).surprise > 2 > fed(watched(), ordinary).surprise


@settings(max_examples=25)
@given(
    st.lists(st.floats(400.0, 900.0), min_size=10, max_size=40),
    st.lists(st.floats(30.0, 5000.0), min_size=1, max_size=3),
)
def test_impossible_times_change_what_is_learned_by_little(
    durations: list[float], times_the_mean: list[float]
) -> None:
    clean, spoiled = watched(20), watched(20)
    level = clean.before or 1.0
    fed(clean, durations)
    fed(spoiled, [*durations, *(level * x for x in times_the_mean)])
    generator = random.Random(7)
    for _ in range(30):
        ordinary = day(generator)
        clean.update(*ordinary)
        spoiled.update(*ordinary)
    assert spoiled.before == pytest.approx(clean.before, rel=0.02)
    assert spoiled.cv == pytest.approx(clean.cv, rel=0.03)
    assert spoiled.between == pytest.approx(clean.between, abs=0.004)
    saved = spoiled.save()
    assert DurationWatch.restore(json.loads(json.dumps(saved))).save() == saved


def test_where_nearly_every_day_has_long_times_they_are_ordinary() -> None:
    generator = random.Random(11)
    watch = DurationWatch()
    for _ in range(120):
        fed(watch, [generator.expovariate(1 / 600.0) for _ in range(300)] + [DAY_LATE] * 3)
    assert watch.cv > 3
    assert watch.far > DAY_LATE / 600.0
    assert watch.before == pytest.approx((300 * 600 + 3 * DAY_LATE) / 303, rel=0.15)


@pytest.mark.parametrize(("total", "number"), [(0.0, 20), (-600.0, 20), (0.0, 0)])
def test_no_time_at_all_and_less_is_a_gap(total: float, number: int) -> None:
    watch, gap = watched(), watched()
    watch.update(total, number, 0.0)
    gap.update(None)
    assert watch.save() == gap.save()


def timed(durations: list[int]) -> Timed:
    """The counters of a row with these durations, in whole seconds."""
    bins: dict[int, int] = {}
    for x in durations:
        bins[bin_of(x)] = bins.get(bin_of(x), 0) + 1
    ms = [1000 * x for x in durations]
    counts = {"attended": len(ms), "sum": sum(ms), "squares": sum(x * x for x in ms)}
    return Timed(counts, bins)


def test_of_single_times_the_impossible_are_left_out_and_the_mean_told_is_that_of_all() -> None:
    generator = random.Random(3)
    spoiled, clean = (
        Durations(Mean("attended"), GroupedRows(7, 0.02).durations, 0.02) for _ in range(2)
    )
    for place in range(120):
        usual = [round(generator.expovariate(1 / 600.0)) + 1 for _ in range(100)]
        wrong = [82_800] * (place % 3) + [0] * (place % 2)
        spoiled.update(timed(usual + wrong), PeriodPoint(place, 1.0, place % 7))
        clean.update(timed(usual), PeriodPoint(place, 1.0, place % 7))
        assert not spoiled.rate <= spoiled.allowed
    assert spoiled.assessment().observed == pytest.approx(
        (sum(usual) + sum(wrong)) / len(usual + wrong)
    )
    assert spoiled.detector.before == pytest.approx(clean.detector.before, rel=0.005)
    assert spoiled.detector.cv == pytest.approx(clean.detector.cv, rel=0.02)
    # A slow day is found although one of its times is impossible.
    slow = [3 * x for x in usual]
    for adapter, more in ((spoiled, [82_800]), (clean, [])):
        adapter.update(timed(slow + more), PeriodPoint(120, 1.0, 1))
        assert adapter.rate <= adapter.allowed
    assert spoiled.detector.surprise == pytest.approx(clean.detector.surprise, rel=0.05)


def test_where_all_times_are_far_beyond_none_is_left_out() -> None:
    adapter = Durations(Mean("attended"), GroupedRows(7, 0.02).durations, 0.02)
    for place in range(60):
        adapter.update(timed([590, 600, 610] * 7), PeriodPoint(place, 1.0, place % 7))
    adapter.update(timed([82_800] * 21), PeriodPoint(60, 1.0, 4))
    assert adapter.rate <= adapter.allowed
    assert adapter.assessment().direction == "up"


def test_after_a_slow_week_a_second_is_found_nearly_as_soon() -> None:
    delays = {3.0: 0, 1.0: 0}
    for seed, slower in itertools.product(range(8), delays):
        generator = random.Random(seed)
        watch = watched(20, seed, allowed=0.02)
        between = watch.between
        told = []
        for mean in [600.0 * slower] * 7 + [600.0] * 28 + [900.0] * 20:
            watch.update(*day(generator, 30, mean))
            told.append(watch.direction if watch.drift_detected else None)
        if slower > 1.0:
            assert told[1:7] == ["up"] * 6
            assert told[9:35] == [None] * 26  # over with the first day or two that are as before
        assert watch.between < between + 0.01
        delays[slower] += told[35:].index("up")
    assert delays[3.0] / 8 <= delays[1.0] / 8 + 2  # before, it took five days longer


def test_a_mean_of_fewer_than_ten_waits_for_the_next_day() -> None:
    """Two attendances of an hour are no new level of a station; ten of them are."""
    adapter = Durations(Mean("attended"), GroupedRows(7, 0.02).durations, 0.02)
    for place in range(120):
        usual = [500 + (37 * place + 60 * n) % 200 for n in range(12)]
        adapter.update(timed(usual), PeriodPoint(place, 1.0, place % 7))
    adapter.update(timed([3_600] * 5), PeriodPoint(120, 1.0, 1))
    assert adapter.rate > adapter.allowed
    adapter.update(timed([3_600] * 5), PeriodPoint(121, 1.0, 2))
    assert adapter.rate <= adapter.allowed
    assert adapter.assessment().observed == 3_600

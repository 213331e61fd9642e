"""A count by hour or day: what becomes of a change that is over, and of one the other way."""

import json
from math import log

import numpy as np
import pytest

from detectors.counts.count_watch import ENDED, CountWatch


def days(watch: CountWatch, number: int, mean: float, seed: int) -> list[str | None]:
    """So many days of that count on average; what is told of each."""
    told = []
    for x in np.random.default_rng(seed).poisson(mean, number).tolist():
        watch.update(x)
        told.append(watch.direction if watch.drift_detected else None)
    return told


def told(watch: CountWatch, x: float) -> bool:
    """Whether a watch says something of a count."""
    watch.update(x)
    return watch.drift_detected


def learned() -> CountWatch:
    """Half a year of days of 200."""
    watch = CountWatch(slots=7, allowed=0.02)
    assert days(watch, 182, 200.0, 1) == [None] * 182
    return watch


@pytest.mark.parametrize(("times", "length"), [(2.0, 7), (3.0, 7), (1.6, 21), (0.4, 7)])
def test_a_surge_that_is_over_raises_nothing_and_leaves_no_dispersion(
    times: float, length: int
) -> None:
    watch = learned()
    dispersion = watch.expected.baseline.dispersion
    assert days(watch, length, 200 * times, 2) == ["up" if times > 1 else "down"] * length
    assert days(watch, 28, 200.0, 3)[1:] == [None] * 27
    assert watch.expected.baseline.dispersion == pytest.approx(dispersion, rel=0.03)
    assert days(watch, 7, 280.0, 4)[0] == "up"


def test_a_fall_that_follows_a_surge_is_told_as_a_fall() -> None:
    watch = learned()
    days(watch, 14, 400.0, 2)
    told = days(watch, 7, 150.0, 3)
    assert told == ["down"] * 7
    assert watch.onset == 182 + 14
    assert watch.ratio == pytest.approx(0.75, abs=0.03)


def test_the_end_of_a_change_is_its_likelihood_ratio_written_out() -> None:
    watch = learned()
    days(watch, 7, 300.0, 2)
    ratio, likelier, _ = watch._spell
    assert likelier == 0.0
    watch.update(232)
    last = watch.expected.last
    assert last is not None
    _, mean, spread, dispersion = last[:4]
    varies = dispersion * watch.expected.baseline.stretch + spread * mean
    found = (mean * (ratio - 1) - 232 * log(ratio)) / varies
    assert 0 < found < ENDED
    assert watch._spell[1:] == [pytest.approx(found), 189.0]
    assert watch.onset == 182
    watch.update(200)
    assert watch._spell == []
    assert watch.onset != 182


@pytest.mark.parametrize(("seed", "delay"), [(0, 6), (1, 4), (2, 7), (3, 11), (4, 13), (5, 6)])
def test_what_is_learned_of_a_level_that_stays_does_not_hide_it(seed: int, delay: int) -> None:
    watch, rng = CountWatch(slots=7, allowed=3e-4), np.random.default_rng(seed)
    assert not any(told(watch, x) for x in rng.poisson(8.0, 21 * 7).tolist())
    after = enumerate(rng.poisson(14.0, 28).tolist(), start=1)
    assert next(day for day, x in after if told(watch, x)) == delay
    assert watch.direction == "up"


def test_a_level_that_was_taken_is_as_unsure_as_it_was_said_to_be() -> None:
    sure, unsure = learned(), learned()
    for watch, spread in ((sure, 0.0), (unsure, 0.04)):
        days(watch, 2, 200.0, 5)
        watch.take_level(1.5, spread)
        days(watch, 4, 400.0, 2)
    assert unsure.change < sure.change / 2.0


def test_a_surge_with_an_ordinary_day_in_it_goes_on() -> None:
    watch = learned()
    days(watch, 7, 250.0, 2)
    watch.update(235)
    days(watch, 3, 250.0, 3)
    assert (watch.drift_detected, watch.direction, watch.onset) == (True, "up", 182)


def test_no_rise_is_told_of_a_count_that_is_exceptionally_low() -> None:
    watch = learned()
    days(watch, 14, 400.0, 2)
    watch.update(120)
    assert (watch.drift_detected, watch.direction) == (True, "down")
    assert watch.causes[0] == "surprise"


def test_a_change_that_goes_on_is_saved_whole() -> None:
    watch = learned()
    days(watch, 9, 300.0, 2)
    again = CountWatch.restore(json.loads(json.dumps(watch.save())))
    assert days(watch, 20, 200.0, 3) == days(again, 20, 200.0, 3)
    assert again.save() == watch.save()

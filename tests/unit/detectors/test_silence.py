"""Silence is told from calm, and how long that takes is said beforehand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from detectors.silence import Heartbeat, Silence, duration_in_words


@pytest.mark.parametrize("period", [5, 15, 30, 45, 60, 90])
def test_missed_heartbeats_are_noticed_within_two_minutes(period: float) -> None:
    feed = Heartbeat(period=period)
    assert period < feed.delay <= 120
    for wait, silent in ((feed.delay, False), (feed.delay + 1, True), (1, False)):
        feed.update(wait)
        assert feed.drift_detected is silent


def test_a_beat_slower_than_two_minutes_is_waited_for() -> None:
    assert Heartbeat(period=300).delay == 310


def test_what_a_heartbeat_says() -> None:
    feed = Heartbeat(period=30)
    assert feed.words == (
        "no heartbeat yet; one is due every 30 seconds, and silence is noticed after 100 seconds"
    )
    feed.update(None)
    assert feed.evidence == 0
    feed.update(12)
    assert feed.words.startswith("alive: last heartbeat 12 seconds ago")
    with pytest.raises(ValueError, match="period"):
        Heartbeat(period=0)


def test_poisson_silence_needs_eleven_and_a_half_records() -> None:
    assert Silence().needed == pytest.approx(math.log(1e5))
    assert Silence(rate=12 / 3600).delay() == pytest.approx(3600 * math.log(1e5) / 12)
    assert Silence().delay() is None
    assert Silence().delay(0.0) == math.inf


@given(st.floats(0.01, 200), st.floats(1.001, 10), st.floats(0.0, 0.3))
def test_an_empty_gap_has_the_probability_of_a_zero(
    expected: float, dispersion: float, spread: float
) -> None:
    size = 1.0 / ((dispersion - 1.0) / expected + spread)
    feed = Silence(dispersion=dispersion, spread=spread)
    zero = nbinom(size, size / (size + expected)).logpmf(0)
    assert math.log(feed.empty(expected)) == pytest.approx(zero, rel=1e-6)


@given(st.floats(1.0, 20), st.floats(0.0, 0.5), st.floats(1e-9, 0.5))
def test_the_alarm_comes_when_it_was_said(
    dispersion: float, spread: float, probability: float
) -> None:
    feed = Silence(probability, dispersion, spread)
    if math.isfinite(feed.needed):
        assert feed.empty(feed.needed) == pytest.approx(probability, rel=1e-4)
        feed.update(0, expected=feed.needed * 1.0001, seconds=600)
        assert feed.drift_detected
        feed.update(1, expected=1.0)
        feed.update(0, expected=feed.needed * 0.99, seconds=600)
        assert not feed.drift_detected


def test_doubt_about_the_rate_makes_the_wait_longer() -> None:
    waits = [Silence(dispersion=d, spread=v).needed for d, v in ((1, 0), (2, 0), (2, 0.05))]
    assert waits == sorted(waits)
    assert waits[0] < waits[1] < waits[2]


def test_the_delay_is_longer_at_night() -> None:
    night, day = (7 * 3600.0, 4 / 3600), (17 * 3600.0, 14 / 3600)
    feed = Silence()
    at_midnight, at_seven = feed.delay_over([night, day]), feed.delay_over([day, night])
    assert at_midnight == pytest.approx(feed.needed / (4 / 3600))
    assert at_seven == pytest.approx(feed.needed / (14 / 3600))
    # A gap that begins at 05:00 ends by day: 8 records by 07:00, and 3.5 more at 14 an hour.
    early = feed.delay_over([(2 * 3600.0, 4 / 3600), day, (5 * 3600.0, 4 / 3600)])
    assert early == pytest.approx(7200 + (feed.needed - 8) / 14 * 3600)
    # One record a week: eleven turns and a half.
    weekly = feed.delay_over([(7 * 86_400.0, 1 / (7 * 86_400))])
    assert weekly == pytest.approx(feed.needed * 7 * 86_400)
    assert feed.delay_over([]) is None
    assert feed.delay_over([(3600.0, 0.0)]) == math.inf


def test_without_a_rate_the_delay_is_not_known_and_nothing_is_judged() -> None:
    feed = Silence()
    for _ in range(10_000):
        feed.update(0)
    assert not feed.drift_detected
    assert feed.evidence == 0
    assert feed.words.startswith("delay not known")


def test_a_year_of_calm_nights_raises_about_one_alarm() -> None:
    rng = np.random.default_rng(6)
    feed = Silence()
    alarms = 0
    minutes = np.tile(np.repeat([4 / 60, 14 / 60], [7 * 60, 17 * 60]), 120)
    for count, expected in zip(rng.poisson(minutes).tolist(), minutes.tolist(), strict=True):
        silent = feed.drift_detected
        feed.update(count, expected)
        alarms += feed.drift_detected and not silent
    assert alarms <= 2


def test_not_having_looked_is_no_silence() -> None:
    feed = Silence(rate=1.0)
    for _ in range(100):
        feed.update(None)
    assert feed.evidence == 0
    assert feed.words == "records arrive; a silent feed is noticed after 12 seconds"
    feed.update(0, seconds=5)
    assert feed.words.startswith("nothing for 5 seconds, where 5.0 records were expected; a silent")


def test_delays_in_words() -> None:
    assert duration_in_words(1) == "1 second"
    assert duration_in_words(3600) == "1 hour"
    assert duration_in_words(3601 * 24 * 3) == "3 days"
    assert duration_in_words(math.inf) == "never: nothing is expected"


@given(st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True)))
def test_no_number_breaks_it(points: list[float | None]) -> None:
    for feed in (Silence(rate=0.01), Heartbeat()):
        for point in points:
            feed.update(point)
            assert feed.evidence >= 0
            assert feed.words

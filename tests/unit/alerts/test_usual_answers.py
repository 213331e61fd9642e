"""What is usual of an answer rate, over the hours that a window covers."""

from collections.abc import Callable

import numpy as np
import pytest

from streams.alerts.rules.answer_rate import answer_rate
from streams.alerts.usual_answers import EMERGENCY_PRIORS, OTHER_PRIORS, AnswerRate, UsualAnswers
from tests.alerting import CALENDAR, WARWICKSHIRE, at

HOUR = 3_600_000
NOW = at("2026-11-20 03:00")  # a Friday
BUSY = range(17, 23)


def learned(rate: Callable[[int, bool], AnswerRate], now: int = NOW) -> UsualAnswers:
    """Four weeks of a line, by the hour of the day and whether it is a weekend."""
    made = UsualAnswers(CALENDAR, {"101": OTHER_PRIORS, "999": EMERGENCY_PRIORS})

    def read(start: int, _end: int) -> dict[str, AnswerRate]:
        local = CALENDAR.local(start)
        return {"101": rate(local.hour, local.weekday() >= 5)}

    made.learn(read, now)
    return made


def steady(hour: int, weekend: bool) -> AnswerRate:
    """The evenings are bad, and those of a weekend worse."""
    if hour in BUSY:
        return AnswerRate(10 if weekend else 20, 50)
    return AnswerRate(9, 10)


def test_a_window_that_reaches_back_into_the_evening_is_compared_with_the_evening() -> None:
    found = learned(steady)
    assert found.usual("101", 60, NOW).share == pytest.approx(0.9)
    # From 21:00: two hours of the evening and four of the night.
    assert found.usual("101", 360, NOW).share == pytest.approx((2 * 20 + 4 * 9) / 140)
    windows = {360: AnswerRate(60, 140)}
    own = {360: found.usual("101", 360, NOW)}
    assert answer_rate(WARWICKSHIRE, "101", windows, own, 0.8, 30, NOW) is None


def test_weekends_are_compared_with_weekends_and_a_part_of_an_hour_counts_as_a_part() -> None:
    found = learned(steady)
    assert found.usual("101", 60, at("2026-11-20 20:00")).share == pytest.approx(0.4)
    assert found.usual("101", 60, at("2026-11-21 20:00")).share == pytest.approx(0.2)
    half = found.usual("101", 60, at("2026-11-20 17:30"))
    assert half.share == pytest.approx((4.5 + 10) / (5 + 25))


def test_where_too_little_is_known_of_a_kind_of_day_the_other_days_count_too() -> None:
    found = learned(lambda _hour, weekend: AnswerRate(1, 4) if weekend else AnswerRate(4, 4))
    share = found.usual("101", 15, at("2026-11-21 03:00")).share
    assert 0.7 < share < 1.0


def test_today_is_left_out_and_an_unknown_line_has_no_usual_rate() -> None:
    seen: list[int] = []

    def read(start: int, _end: int) -> dict[str, AnswerRate]:
        seen.append(start)
        return {}

    made = UsualAnswers(CALENDAR, {"101": OTHER_PRIORS})
    made.learn(read, NOW)
    assert max(seen) < NOW - 24 * HOUR
    assert made.usual("101", 60, NOW).of == 0
    # An hour later one more hour is read, and no more.
    seen.clear()
    made.learn(read, NOW + HOUR)
    assert seen == [NOW - 24 * HOUR]


def test_calls_go_together_as_much_as_the_own_past_shows_and_less_in_a_longer_window() -> None:
    rng = np.random.default_rng(5)

    def coins(_hour: int, _weekend: bool) -> AnswerRate:
        return AnswerRate(int(rng.binomial(30, 0.7)), 30)

    def crowds(_hour: int, _weekend: bool) -> AnswerRate:
        return AnswerRate(int(rng.binomial(30, rng.beta(0.7, 0.3))), 30)

    calm, rushed = learned(coins), learned(crowds)
    usual = {n: calm.usual("101", n, NOW).correlation for n in OTHER_PRIORS}
    rough = {n: rushed.usual("101", n, NOW).correlation for n in OTHER_PRIORS}
    assert usual[60] < OTHER_PRIORS[60] / 4
    assert rough[60] > 0.4
    assert all(usual[n] < rough[n] for n in OTHER_PRIORS)
    assert usual[15] / usual[60] == pytest.approx(OTHER_PRIORS[15] / OTHER_PRIORS[60])
    assert sorted(rough.values(), reverse=True) == list(rough.values())

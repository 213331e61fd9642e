"""Periods of a surge that lasts are judged by what was learned before it, and are not learned."""

from streams.periods import DAY
from streams.surveillance.adapters.base import PeriodPoint
from streams.surveillance.adapters.counts import Counts


def test_a_missing_day_of_a_stretch_that_is_judged_only_is_missing_and_no_day_of_nothing() -> None:
    days = Counts("calls", 7, 0.01)
    for n in range(56):
        days.update({"calls": 200}, PeriodPoint(n * DAY, 1.0, n % 7))
    for n, counted in ((56, {"calls": 320}), (57, None), (58, {"calls": 320})):
        assert days.judge_only(counted, PeriodPoint(n * DAY, 1.0, n % 7)) is (counted is not None)
        assert days.missing is (counted is None)

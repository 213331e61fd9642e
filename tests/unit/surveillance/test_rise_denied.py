"""A rise that was found in several days says nothing of a day that has no more than usual."""

import numpy as np

from streams.surveillance.adapters.counts import CountRows, Counts
from tests.build import ms


def test_a_count_at_or_below_the_usual_is_no_signal_of_a_rise() -> None:
    rows = CountRows(7, 0.01)
    days = Counts("calls", rows, 0.01)
    start, day = ms("2021-01-04T00:00:00Z"), 0

    def take(count: float) -> None:
        nonlocal day
        rows.update(np.array([count]), start + day * 86_400_000, day % 7)
        day += 1
        for _ in rows.close_weeks(day % 7):
            pass

    for week in range(20):
        for count in (20, 22, 19, 21, 20, 23 + week % 2, 18):
            take(float(count))
    for count in (34, 36, 33, 35):
        take(float(count))
    assert days.shown
    assert (days.assessment().method, days.assessment().direction) == ("change", "up")
    take(17.0)
    assert days.detector.change_rate <= days.allowed
    assert (days.shown, days.onset, days.figures().flagged) == (False, None, 0)
    assert days.assessment().direction == "down"

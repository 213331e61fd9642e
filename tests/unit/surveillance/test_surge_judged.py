"""Periods of a surge that lasts are judged by what was learned before it, and are not learned."""

import numpy as np

from streams.periods import DAY
from streams.surveillance.adapters.counts import CountRows, Counts


def test_a_missing_day_of_a_stretch_that_is_judged_only_is_missing_and_no_day_of_nothing() -> None:
    rows = CountRows(7, 0.01)
    days = Counts("calls", rows, 0.01)
    for n in range(56):
        rows.update(np.array([200.0]), n * DAY, n % 7)
    for n, counted in ((56, 320.0), (57, np.nan), (58, 320.0)):
        rows.update(np.array([counted]), n * DAY, n % 7, normal=np.array([False]))
        assert days.missing is (n == 57)
    begun, came, expected = rows.apart[days.row]
    assert (begun, came) == (56 * DAY, 640.0)
    assert 380.0 < expected < 420.0

"""The wait that is passed once in so many periods: exact for an exponential tail."""

import numpy as np
import pytest

from detectors.durations.return_level import return_level


@pytest.mark.parametrize("count", [600, 5000])
def test_it_is_passed_once_in_so_many_periods(count: int) -> None:
    rng = np.random.default_rng(5)
    passed = []
    for _ in range(300):
        found = return_level([(wait, 1) for wait in rng.exponential(60.0, count).tolist()], 10.0)
        assert found is not None
        passed.append(10.0 * count * np.exp(-found / 60.0))
    assert np.mean(passed) == pytest.approx(1.0, abs=4 * np.std(passed) / np.sqrt(300))


def test_short_waits_of_most_callers_change_nothing() -> None:
    rng = np.random.default_rng(6)
    tail = [(100.0 + wait, 1) for wait in rng.exponential(60.0, 40).tolist()]
    found = {return_level([*tail, (short, 2960)], 52.0) for short in (0.0, 3.0, 90.0)}
    assert len(found) == 1


def test_a_jam_does_not_make_every_wait_look_ordinary() -> None:
    rng = np.random.default_rng(7)
    waits = [(float(int(wait)), 1) for wait in rng.exponential(40.0, 12000)]
    before = return_level(waits, 52.0)
    after = return_level([*waits, *((1200.0 + 60 * n, 1) for n in range(20))], 52.0)
    assert before is not None
    assert after is not None
    assert before < after < 1.4 * before


def test_nothing_is_said_of_few_and_equal_waits_are_their_own_limit() -> None:
    assert return_level([], 52.0) is None
    assert return_level([(3.0, 400)], 52.0) is None
    assert return_level([(3.0, 401)], 52.0) == 3.0

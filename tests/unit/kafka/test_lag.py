"""When a worker is behind, and when it has caught up."""

from __future__ import annotations

from streams.kafka.lag import AT_PACE, LagTracker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_worker_that_was_behind_has_caught_up_when_next_to_nothing_is_left() -> None:
    tracker = LagTracker(1000, Clock())
    told = [tracker.keeps_up(lag, live=False) for lag in (1001, 1000, 300, 11, 10)]
    assert told == [False, False, False, False, True]


def test_a_worker_that_is_live_stays_so_until_its_lag_is_large() -> None:
    tracker = LagTracker(1000, Clock())
    assert [tracker.keeps_up(lag, live=True) for lag in (11, 1000, 1001)] == [True, True, False]


def test_where_much_comes_at_any_time_a_lag_that_stays_small_will_do() -> None:
    clock = Clock()
    tracker = LagTracker(1000, clock)
    assert not tracker.keeps_up(500, live=False)
    clock.now = AT_PACE - 1
    assert not tracker.keeps_up(500, live=False)
    clock.now = AT_PACE
    assert tracker.keeps_up(500, live=False)
    # Behind again: the time begins anew.
    assert not tracker.keeps_up(1001, live=True)
    assert not tracker.keeps_up(500, live=False)


def test_brokers_are_silent_since_their_mark_last_moved_whatever_the_mark_says() -> None:
    clock = Clock()
    tracker = LagTracker(1000, clock)
    clock.now = 5.0
    assert tracker.silent(1_700_000_000_000) == 0.0
    clock.now = 12.0
    assert tracker.silent(1_700_000_000_000) == 7.0
    assert tracker.silent(5) == 0.0  # the time of day was set back, and they answered
    clock.now = 13.0
    tracker.note_answer()
    clock.now = 15.0
    assert tracker.silent(5) == 2.0

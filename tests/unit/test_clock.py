"""The clock of a live monitor follows that of the machine, but not its every step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.live.clock import HOLD, LiveClock

NOON = 1_700_000_000_000
HOUR, DAY = 3_600, 86_400


class Machine:
    """A machine's clocks: `set` moves the time of day by seconds, `go` lets time pass."""

    def __init__(self) -> None:
        self.wall, self.steady = NOON, 50.0
        self.clock = LiveClock(lambda: self.wall, lambda: self.steady)

    def set(self, seconds: float) -> None:
        self.wall += round(seconds * 1000)

    def go(self, seconds: float, every: float = 1.0) -> int:
        """Lets time pass and looks at the clock; returns what it shows then."""
        shown = self.clock()
        for _ in range(round(seconds / every)):
            self.steady += every
            self.wall += round(every * 1000)
            shown = self.clock()
        return shown


def test_it_shows_the_time_of_day() -> None:
    assert Machine().go(10) == NOON + 10_000


def test_a_small_correction_is_followed_at_once_both_ways() -> None:
    machine = Machine()
    machine.set(3)
    assert machine.clock() == NOON + 3_000
    machine.set(-4)
    assert machine.clock() == NOON - 1_000
    assert not machine.clock.words


def test_a_day_ahead_for_six_seconds_is_never_shown() -> None:
    machine = Machine()
    machine.set(DAY)
    assert machine.go(6) == NOON + 6_000
    assert machine.clock.words.startswith("the clock of this machine was set forward by 1 day. ")
    machine.set(-DAY)
    assert machine.go(1) == NOON + 7_000
    assert not machine.clock.words


@pytest.mark.parametrize("seconds", [2 * HOUR, -2 * HOUR])
def test_a_step_that_stays_is_believed_after_a_minute(seconds: int) -> None:
    machine = Machine()
    machine.set(seconds)
    assert machine.go(HOLD - 1) == NOON + 59_000
    assert "2 hours" in machine.clock.words
    assert machine.go(1) == NOON + 60_000 + seconds * 1_000
    assert not machine.clock.words


def test_each_further_step_is_held_anew_and_how_long_that_goes_on_is_known() -> None:
    machine = Machine()
    for number in range(10):
        machine.set(HOUR)
        assert machine.go(40) == NOON + (number + 1) * 40_000
    assert machine.clock.unsteady == 400
    assert machine.go(70) == NOON + 470_000 + 10 * HOUR * 1_000
    assert machine.clock.unsteady == 0


@given(
    st.lists(st.tuples(st.sampled_from(["go", "set"]), st.floats(-100_000, 100_000)), max_size=20)
)
def test_it_never_jumps_but_to_a_time_that_has_gone_evenly_for_a_minute(
    steps: list[tuple[str, float]],
) -> None:
    machine = Machine()
    before, since = machine.clock(), 0.0
    for what, seconds in steps:
        if what == "set":
            machine.set(seconds)
            since = 0.0 if abs(seconds) > 5 else since
        for _ in range(int(abs(seconds)) % 90):
            shown, since = machine.go(1), since + 1
            assert abs(shown - before - 1_000) <= 10_001 or since >= HOLD
            before = shown

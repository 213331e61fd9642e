"""What the words of an alert look up: where within its area most of an hour's volume is."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from streams.alerts import lookup as lookup_module
from streams.alerts.context import RuleContext
from streams.alerts.lookup import MonitorLookup
from streams.board.monitor import Monitor
from streams.config.force import WHOLE
from streams.periods import DAY, HOUR, MINUTE, rfc3339
from streams.state.surveillance import watch_all
from streams.surveillance.signals import Signal
from tests.build import FAR_FUTURE, call, feed, monitor, ms

HISTORY = 35
"""Days, of five calls in each of the two districts."""
TONIGHT = ms("2021-03-01T20:00:00Z")


def calls(start: int, *areas: str) -> list[dict[str, object]]:
    """A 999 call a minute, each answered in its area."""
    made = []
    for number, area in enumerate(areas):
        at = start + number * MINUTE
        stamps = {
            "offered": rfc3339(at, dt.UTC),
            "answered_at": rfc3339(at + 5_000, dt.UTC),
            "ended_at": rfc3339(at + 30_000, dt.UTC),
        }
        made.append(call(f"c{at}", area=area, **stamps))
    return made


@pytest.fixture(scope="module")
def history() -> list[dict[str, object]]:
    first = TONIGHT - HISTORY * DAY - 8 * HOUR
    days = (calls(first + day * DAY, *["north", "south"] * 5) for day in range(HISTORY))
    return [each for day in days for each in day]


@pytest.fixture
def read(history: list[dict[str, object]]) -> Monitor:
    target = monitor()
    watch_all(target)
    feed(target, *history, appended=FAR_FUTURE)
    return target


def mostly(target: Monitor, area: str, *areas: str, at: int = TONIGHT) -> tuple[str, int] | None:
    """What is told of an hour with calls from those areas, or of a change that began in it."""
    lookup, signal = tonight(target, area, *areas, at=at)
    return lookup.mostly(signal)


def wholly(target: Monitor, area: str, *areas: str) -> Signal | None:
    """The signal of the area that all of it is in."""
    lookup, signal = tonight(target, area, *areas)
    return lookup.wholly(signal)


def tonight(
    target: Monitor, area: str, *areas: str, at: int = TONIGHT
) -> tuple[MonitorLookup, Signal]:
    feed(target, *calls(at, *areas), appended=FAR_FUTURE)
    force = target.forces["tiny"]
    signal = Signal(
        force="tiny",
        kind="call",
        group="calls",
        measure="offered",
        row={"line": "999"},
        area=area,
        grain="hour",
        period="2021-03-01T20+00:00",
        start=TONIGHT,
        end=TONIGHT + HOUR,
        method="surprise",
        theme="calls",
        direction="up",
        polarity="neutral",
        observed=len(areas),
        expected=4.0,
        lower=2,
        upper=7,
        onset=at,
        ratio=3.0,
    )
    return MonitorLookup(target, force, RuleContext(force)), signal


def test_the_innermost_area_that_holds_most_unlike_usual_is_told(read: Monitor) -> None:
    # 11 or more of 13 at a usual share of a half: (78 + 13 + 1) / 8192 = 0.011; 12: 0.0017.
    assert mostly(read, WHOLE, *["north"] * 12, "south") == ("north", 12)


def test_an_area_with_nothing_in_the_hour_itself_is_not_told(read: Monitor) -> None:
    assert mostly(read, WHOLE, *["north"] * 12, "south", at=TONIGHT - HOUR) is None


def test_what_could_be_chance_is_not_told(read: Monitor) -> None:
    assert mostly(read, WHOLE, *["north"] * 11, "south", "south") is None


def test_an_area_that_always_holds_most_is_not_told(read: Monitor) -> None:
    assert mostly(read, "north-area", *["north"] * 13) is None


def test_nothing_is_told_before_the_usual_share_is_known() -> None:
    target = monitor()
    watch_all(target)
    assert mostly(target, WHOLE, *["north"] * 12, "south") is None


def test_the_signal_of_the_area_that_all_of_a_rise_is_in(read: Monitor) -> None:
    found = wholly(read, WHOLE, *["north"] * 13)
    assert found is not None
    assert (found.area, found.observed, found.grain) == ("north", 13, "hour")
    # Its usual share is a half: 2 of the 4 that were expected.
    assert (found.lower, found.upper) == (0, 4)
    assert found.expected == pytest.approx(2.0)


def test_nine_tenths_of_a_rise_are_all_of_it_where_the_rest_is_usual(read: Monitor) -> None:
    # Of 13 more than the usual 4 there are 12 in the north: 14 there, and 3 of the usual 2 besides.
    found = wholly(read, WHOLE, *["north"] * 14, *["south"] * 3)
    assert found is not None
    assert found.observed == 14


def test_less_is_most_of_it_but_not_all(read: Monitor) -> None:
    # 19 more than usual, 17 of them in the north, where 17.1 would be nine tenths.
    areas = [*["north"] * 19, *["south"] * 4]
    assert wholly(read, WHOLE, *areas) is None
    assert mostly(read, WHOLE, *areas) == ("north", 19)


def test_with_two_more_it_is_all(read: Monitor) -> None:
    found = wholly(read, WHOLE, *["north"] * 21, *["south"] * 4)
    assert found is not None
    assert found.observed == 21


def test_a_rest_that_is_above_its_own_range_is_a_rise_too(read: Monitor) -> None:
    # 56 more than usual, 52 of them in the north; of the other half 2 are usual, at most 4.
    assert wholly(read, WHOLE, *["north"] * 54, *["south"] * 6) is None


def test_a_rise_that_was_all_there_and_is_elsewhere_in_this_hour_is_not_its(read: Monitor) -> None:
    """One call there, though so much came there in the hours before."""
    feed(read, *calls(TONIGHT - HOUR, *["north"] * 30), appended=FAR_FUTURE)
    lookup, signal = tonight(read, WHOLE, "north", *["south"] * 4, at=TONIGHT)
    since = msgspec.structs.replace(signal, onset=TONIGHT - HOUR, ratio=4.0)
    assert lookup.mostly(since) == ("north", 1)
    assert lookup.wholly(since) is None


def alike(target: Monitor, ratio: float, *areas: str) -> int | None:
    lookup, signal = tonight(target, WHOLE, *areas)
    return lookup.alike(signal, TONIGHT, ratio)


@pytest.fixture
def two_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup_module, "FEWEST_ALIKE", 2)


@pytest.mark.usefixtures("two_are_enough")
def test_a_rise_by_the_same_ratio_in_every_area_is_alike(read: Monitor) -> None:
    assert alike(read, 3.0, *["north", "south"] * 12) == 2


@pytest.mark.usefixtures("two_are_enough")
def test_a_rise_that_one_area_has_no_part_in_is_not(read: Monitor) -> None:
    assert alike(read, 3.0, *["north"] * 20, *["south"] * 4) is None


@pytest.mark.usefixtures("two_are_enough")
def test_a_rise_that_is_much_greater_in_one_area_is_not(read: Monitor) -> None:
    assert alike(read, 3.0, *["north"] * 42, *["south"] * 14) is None


def test_of_two_areas_nothing_is_told(read: Monitor) -> None:
    assert alike(read, 3.0, *["north", "south"] * 12) is None

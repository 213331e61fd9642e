"""What the words of an alert look up: where within its area most of an hour's volume is."""

from __future__ import annotations

import datetime as dt

import pytest

from streams.force import WHOLE
from streams.monitor import Monitor
from streams.period_reads import PeriodReads
from streams.periods import DAY, HOUR, MINUTE, rfc3339
from streams.runners.watching import watch_all
from streams.signals import Signal
from streams.situation import Situation
from tests.build import FAR_FUTURE, call, feed, monitor, ms

HISTORY = 70
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
        onset=at,
        ratio=3.0,
    )
    return PeriodReads(target, force, Situation(force)).mostly(signal)


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

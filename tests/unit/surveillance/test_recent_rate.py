"""Silence is judged by the recent rate of a feed, where that is lower."""

from __future__ import annotations

from functools import lru_cache

import pytest

from detectors.counts.predictive import Predictive
from streams.board.monitor import Monitor
from streams.periods import DAY, HOUR, MINUTE, rfc3339
from streams.surveillance.recent_rate import RecentRate, at_rate
from streams.surveillance.state import STATE_VERSION, restore
from streams.surveillance.view import Known, next_silence, silences
from tests.build import FAR_FUTURE, incident, lines
from tests.surveillance import after, of, state_of, watched

FELL = 36 * 24
"""The hour at which the feed falls."""


def hours(
    recent_rate: RecentRate, first: int, last: int, came: int, expected: float = 12.0
) -> None:
    for hour in range(first, last):
        recent_rate.note((hour * HOUR, (hour + 1) * HOUR, came, expected))


def test_a_feed_at_its_level_is_judged_as_expected() -> None:
    recent_rate = RecentRate("hour")
    assert recent_rate.before(DAY) == 1.0
    hours(recent_rate, 0, 28 * 24, 12)
    assert recent_rate.before(28 * DAY) == 1.0
    hours(recent_rate, 28 * 24, 29 * 24, 11)  # a slow day
    assert recent_rate.before(29 * DAY) == 1.0


@pytest.mark.parametrize(("came", "pace_of"), [(4, 0.33), (1, 0.083), (0, 0.0)])
def test_a_fall_is_known_within_a_day_and_closely_within_weeks(came: int, pace_of: float) -> None:
    recent_rate = RecentRate("hour")
    hours(recent_rate, 0, 28 * 24, 12)
    assert recent_rate.before(28 * DAY) == 1.0
    hours(recent_rate, 28 * 24, 29 * 24, came)
    assert pace_of <= recent_rate.before(29 * DAY) <= pace_of + 0.08
    hours(recent_rate, 29 * 24, 60 * 24, came)
    assert pace_of <= recent_rate.before(60 * DAY) <= pace_of + 0.02


def test_a_feed_that_is_back_at_its_level_is_soon_judged_by_it() -> None:
    recent_rate = RecentRate("hour")
    hours(recent_rate, 0, 28 * 24, 12)
    hours(recent_rate, 28 * 24, 56 * 24, 1)
    hours(recent_rate, 56 * 24, 60 * 24, 12)
    assert recent_rate.before(56 * DAY) < 0.1
    assert recent_rate.before(56 * DAY + 3 * HOUR) > 0.6
    assert recent_rate.before(57 * DAY) > 0.85


def test_what_proves_missing_is_no_slow_pace() -> None:
    recent_rate = RecentRate("hour")
    hours(recent_rate, 0, 28 * 24, 12)
    hours(recent_rate, 28 * 24, 29 * 24, 0)
    assert recent_rate.before(29 * DAY) < 0.1
    recent_rate.forget((28 * DAY, 29 * DAY))
    assert recent_rate.before(29 * DAY) == 1.0


def test_a_pace_changes_the_mean_alone() -> None:
    assert at_rate(Predictive(12.0, 0.1, 1.5), 0.25) == Predictive(3.0, 0.1, 1.5)


@lru_cache(maxsize=1)
def history() -> tuple[bytes, ...]:
    """An incident every five minutes, by the hour, up to the fall."""
    return tuple(payload(hour, 5) for hour in range(FELL))


def payload(hour: int, every: int) -> bytes:
    minutes = [m for m in range(hour * 60, hour * 60 + 60) if m % every == 0]
    stamps = [rfc3339(after(0) + minute * MINUTE) for minute in minutes]
    return lines([incident(at, at, grade="priority") for at in stamps])


def silent(target: Monitor, at: int) -> bool:
    return bool(silences(target, "tiny", at, lambda _: True, ahead=False)[0])


@pytest.mark.parametrize("every", [15, 120])
def test_a_feed_that_has_fallen_is_neither_silent_nor_missing_and_dies_noticed(every: int) -> None:
    """To a third, and to 4 %."""
    target = watched()
    assert not target.ingest(b"\n".join(history()), FAR_FUTURE)
    known: Known = {}
    found, seen = [], []
    for hour in range(FELL, FELL + 21 * 24):
        at = after(hour)
        found += [hour - FELL] if silent(target, at) else []
        seen += [hour - FELL] if next_silence(target, "tiny", at, lambda _: True, known)[0] else []
        assert not target.ingest(payload(hour, every), FAR_FUTURE)
    assert [hour for hour in found if hour > 6] == []
    assert seen == found
    assert [gap for gap in of(target).missing.gaps if gap[0] > after(FELL + 6)] == []
    last = after(FELL + 21 * 24 - 1) + 60 // every * every * MINUTE % HOUR
    waits = [n for n in range(1, 72) if silent(target, last + n * HOUR)]
    assert waits[0] <= 2 * 12 * every / 60 + 2
    assert waits == list(range(waits[0], 72))


def test_a_feed_at_its_level_that_dies_is_noticed_as_soon_as_its_rate_allows() -> None:
    target = watched()
    assert not target.ingest(b"\n".join(history()), FAR_FUTURE)
    minutes = range(20, 120)
    at = of(target).ledger.watermark
    assert at == after(FELL) - 5 * MINUTE
    assert of(target).recent_rate(at) == 1.0
    first = next(n for n in minutes if silent(target, at + n * MINUTE))
    assert 55 <= first <= 70


def test_a_restart_knows_the_pace() -> None:
    target = watched()
    assert not target.ingest(b"\n".join(history()), FAR_FUTURE)
    for hour in range(FELL, FELL + 48):
        assert not target.ingest(payload(hour, 60), FAR_FUTURE)
    again = watched()
    restore(of(again), state_of(of(target)).items(), STATE_VERSION)
    at = after(FELL + 48)
    assert of(target).recent_rate(at) < 0.2
    assert of(again).recent_rate(at) == pytest.approx(of(target).recent_rate(at), rel=1e-12)

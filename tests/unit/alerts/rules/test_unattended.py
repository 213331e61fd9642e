"""Emergencies that nobody has reached."""

from streams.alerts.rules.unattended import unattended
from tests.alerting import WARWICKSHIRE, at, words_of

NOW = at("2026-11-21 22:00")


def test_emergencies_that_nobody_has_reached() -> None:
    found = unattended(WARWICKSHIRE, [4000, 1600], 1500.0, NOW)
    assert words_of(found) == (
        "Emergency incidents, Warwickshire: 2 not attended, the oldest for 1 h 6 min. "
        "Both are beyond the limit of 25 min. Nobody has this yet."
    )


def test_of_several_it_says_how_many_are_beyond_the_limit() -> None:
    found = unattended(WARWICKSHIRE, [600, 1441, 60], 1440.0, NOW)
    assert words_of(found) == (
        "Emergency incidents, Warwickshire: 3 not attended, the oldest for 24 min 1 s. "
        "1 of the 3 is beyond the limit of 24 min. Nobody has this yet."
    )
    assert unattended(WARWICKSHIRE, [1440, 60], 1440.0, NOW) is None

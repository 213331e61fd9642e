"""Emergencies that nobody has reached."""

from streams.alerts.rules.unattended import unattended
from tests.alerting import WARWICKSHIRE, at, words_of

NOW = at("2026-11-21 22:00")


def test_emergencies_that_nobody_has_reached() -> None:
    found = unattended(WARWICKSHIRE, 2, 4000, 1500.0, NOW)
    assert words_of(found) == (
        "Emergency incidents, Warwickshire: 2 not attended, the oldest for 1 h 6 min. "
        "The limit is 25 min. Nobody has this yet."
    )

"""The words of an alert for who has not signed in: whole sentences, without who and why."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.alerts.model import Alert
from streams.outputs.sign_in.without_names import nameless_words
from streams.periods import HOUR
from tests.alerting import unattended
from tests.signing_in import NOW, live

Done = tuple[str, dict[str, Any]]
"""An action and its details."""


def alert_after(*actions: Done) -> Alert:
    """An alert about which a person has done this."""
    made = live()
    name = unattended(made, NOW)
    assert made.alerts is not None
    for action, details in actions:
        done = made.alerts.act(name, action, NOW, "Ann", **details)
    assert isinstance(done, Alert)
    return done


TAKEN: Done = ("acknowledge", {})
SNOOZED: Done = ("snooze", {"until": NOW + HOUR, "reason": "Ann is on it, the line is down."})
CLOSED: Done = ("close", {"outcome": "false"})


def test_who_has_an_alert_is_somebody() -> None:
    found = alert_after(TAKEN)
    assert nameless_words(found) == found.words.replace("Ann has", "Somebody has")


def test_a_closed_alert_ends_with_its_outcome_whoever_had_it() -> None:
    found = alert_after(TAKEN, CLOSED)
    assert nameless_words(found) == found.words
    assert found.words.endswith("Closed at 10:30: a false alarm.")


def test_why_an_alert_was_snoozed_is_left_out() -> None:
    found = alert_after(TAKEN, SNOOZED)
    assert "Ann" not in nameless_words(found)
    assert nameless_words(found).endswith("Snoozed until 11:30.")


def test_words_in_which_there_was_no_room_for_who_has_it_or_why_stay_as_they_are() -> None:
    short = "The line is down."
    for actions in ([TAKEN], [SNOOZED]):
        found = msgspec.structs.replace(alert_after(*actions), words=short)
        assert nameless_words(found) == short

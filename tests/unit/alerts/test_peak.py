"""An alert that is over says what its highest figure was, and when."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.alerts import peak
from streams.alerts.actions import Request
from streams.alerts.evaluation import evaluate
from streams.alerts.model import Alert, Evidence, decode, encode
from streams.alerts.rules.base import Finding
from streams.alerts.store import AlertStore
from streams.periods import HOUR, MINUTE
from tests.alerting import at, quiet, signal, store

NOON = at("2026-11-21 12:00")


def over(b: AlertStore, last: str, **changes: Any) -> str:
    """The words of the only alert, once three usual hours have come after its last."""
    for n in range(1, 4):
        start = at(last) + n * HOUR
        hour = quiet(f"2026-11-21 {12 + (start - NOON) // HOUR}:00", **changes)
        evaluate(b, [hour], [], start + HOUR)
    (alert,) = b.alerts.values()
    assert not alert.open
    return alert.words


def rise(*observed: int) -> AlertStore:
    b = store()
    for n, count in enumerate(observed):
        hour = signal(f"2026-11-21 {12 + n}:00", observed=count)
        evaluate(b, [hour], [], NOON + (n + 1) * HOUR)
    return b


def test_the_closing_words_give_the_highest_hour_where_it_was_not_the_last() -> None:
    assert over(rise(21, 45, 19), "2026-11-21 14:00") == (
        "999 calls, Warwickshire: 19 in the hour to 15:00, usually 3 to 14. "
        "Highest 45 in the hour to 14:00. Over at 18:00, open since 13:00."
    )


def test_where_the_last_hour_was_the_highest_it_is_not_said_again() -> None:
    assert over(rise(21, 45), "2026-11-21 13:00") == (
        "999 calls, Warwickshire: 45 in the hour to 14:00, usually 3 to 14. "
        "Over at 17:00, open since 13:00."
    )


def test_of_a_share_that_falls_it_is_the_lowest_with_what_it_is_of() -> None:
    b = store()
    for n, (top, bottom) in enumerate(((20, 50), (10, 40), (30, 60))):
        day = signal(
            f"2026-11-{17 + n} 00:00", grain="day", measure="service_level", direction="down",
            polarity="bad", observed=top / bottom, cases=(top, bottom), expected=0.9, lower=0.8,
            upper=1.0,
        )  # fmt: skip
        evaluate(b, [day], [], at(f"2026-11-{18 + n} 00:05"))
    (alert,) = b.alerts.values()
    assert not isinstance(alert.peak, msgspec.UnsetType)
    assert (alert.peak.observed, alert.peak.numerator, alert.peak.denominator) == (0.25, 10, 40)
    assert peak.in_words(b.force, alert, at("2026-11-20 01:00")) == (
        "Lowest 10 of 40 (25.0 %) on Wednesday."
    )


WAITING = Finding(
    kind="callers_waiting", severity="page", records="call", group="calls",
    measure="oldest_waiting", direction="up", row={"line": "999"}, title="999 calls, Warwickshire",
    since=NOON, said=("999 calls, Warwickshire: 3 callers waiting.",),
    evidence=Evidence(observed=60.0),
)  # fmt: skip


def waiting(seconds: float) -> Finding:
    return msgspec.structs.replace(WAITING, evidence=Evidence(observed=seconds))


def waited(*seconds: float) -> AlertStore:
    b = store()
    for n, longest in enumerate(seconds):
        evaluate(b, [], [waiting(longest)], NOON + n * MINUTE)
    return b


def test_a_wait_is_highest_at_a_minute_whether_the_alert_was_updated_then_or_not() -> None:
    b = waited(60.0, 200.0, 90.0)
    evaluate(b, [], [], NOON + HOUR)
    (alert,) = b.alerts.values()
    assert alert.words == (
        "999 calls, Warwickshire: 3 callers waiting. "
        "Highest 3 min 20 s at 12:01. Over at 13:00, open since 12:00."
    )


def test_what_a_person_closes_has_its_peak_too() -> None:
    b = waited(60.0, 200.0, 90.0)
    (alert,) = b.alerts.values()
    made = b.act(alert.id, Request(action="close", who="A", outcome="real"), NOON + 4 * MINUTE)
    assert made.alert.words.endswith("Highest 3 min 20 s at 12:01. Closed at 12:04: real.")


def test_where_there_is_no_room_the_change_is_left_out_for_the_peak() -> None:
    b = rise(21, 45, 19)
    (alert,) = b.alerts.values()
    long = ("999 calls, Warwickshire: 19 in the hour to 15:00, usually 3 to 14.", "x" * 60 + ".")
    b.alerts[alert.id] = msgspec.structs.replace(alert, said=long)
    assert over(b, "2026-11-21 14:00") == (
        "999 calls, Warwickshire: 19 in the hour to 15:00, usually 3 to 14. "
        "Highest 45 in the hour to 14:00. Over at 18:00, open since 13:00."
    )


def test_a_peak_is_read_again_and_an_alert_of_the_first_form_has_none() -> None:
    b = rise(21, 45, 19)
    evaluate(b, [], [], NOON + 4 * HOUR)
    (alert,) = b.alerts.values()
    made = b.act(alert.id, Request(action="note", who="A", note="Seen"), NOON + 4 * HOUR)
    line = encode(made)
    assert decode(line).alert.peak == alert.peak
    without: Alert = msgspec.structs.replace(alert, peak=msgspec.UNSET)
    old = encode(msgspec.structs.replace(made, alert=without))
    assert b"peak" not in old
    assert decode(old).alert.peak is msgspec.UNSET


@pytest.mark.parametrize("observed", [(45, 21, 22), (21, 22, 45)])
def test_the_peak_does_not_depend_on_where_it_lies(observed: tuple[int, ...]) -> None:
    (alert,) = rise(*observed).alerts.values()
    assert not isinstance(alert.peak, msgspec.UnsetType)
    assert alert.peak.observed == 45

"""What an alert about somebody who waits says once nobody waits too long, and once it is over."""

import msgspec
import pytest

from streams.alerts.actions import Request
from streams.alerts.evaluation import evaluate
from streams.alerts.rules.base import Finding
from streams.alerts.rules.callers_waiting import Queue, callers_waiting
from streams.alerts.rules.unattended import unattended
from streams.alerts.store import AlertStore
from streams.alerts.words import fit
from streams.periods import MINUTE
from tests.alerting import WARWICKSHIRE, at

OPENED = at("2026-11-29 02:55")
EASED = (
    "999 calls, Warwickshire: nobody waits beyond 5 min now. "
    "The longest had waited 6 min 47 s by 02:57. Nobody has this yet."
)


def callers(minute: int, *waits: int) -> Finding:
    queue = Queue(len(waits), max(waits), sum(wait > 300 for wait in waits))
    found = callers_waiting(WARWICKSHIRE, "999", queue, 300.0, 10, OPENED + minute * MINUTE)
    assert found is not None
    return found


def three_callers() -> AlertStore:
    """Three callers, the longest of whom has waited for 6 min 47 s by 02:57, and 2 too long."""
    store = AlertStore(WARWICKSHIRE)
    for minute in range(3):
        waits = (287 + 60 * minute, 207 + 60 * minute, 97 + 60 * minute)
        found = [callers(minute, *waits)] if minute else [callers(minute, 301, 207, 97)]
        evaluate(store, [], found, OPENED + minute * MINUTE)
    return store


def words(store: AlertStore) -> str:
    (alert,) = store.alerts.values()
    return alert.words


def test_once_nobody_waits_too_long_the_open_alert_says_so_within_a_minute() -> None:
    store = three_callers()
    made = evaluate(store, [], [], OPENED + 3 * MINUTE)
    assert words(store) == EASED
    assert [(each.what, each.notify) for each in made] == [("updated", False)]
    (alert,) = store.alerts.values()
    assert (alert.evidence.observed, alert.evidence.numerator) == (407, 3)
    assert evaluate(store, [], [], OPENED + 4 * MINUTE) == []


def test_when_somebody_waits_too_long_again_it_says_that_at_once() -> None:
    store = three_callers()
    evaluate(store, [], [], OPENED + 3 * MINUTE)
    evaluate(store, [], [callers(4, 310)], OPENED + 4 * MINUTE)
    assert words(store).startswith("999 calls, Warwickshire: 1 caller waiting for 5 min 10 s.")
    evaluate(store, [], [], OPENED + 5 * MINUTE)
    assert words(store) == EASED


def test_the_closing_words_have_the_worst_wait_and_how_many_were_beyond_the_limit() -> None:
    store = three_callers()
    for minute in (3, 13):
        evaluate(store, [], [], OPENED + minute * MINUTE)
    assert words(store) == (
        "999 calls, Warwickshire: the longest had waited 6 min 47 s by 02:57, "
        "2 beyond the limit of 5 min. Over at 03:08, open since 02:55."
    )


def test_what_a_person_closes_says_the_worst_wait_too() -> None:
    store = three_callers()
    (alert,) = store.alerts.values()
    asked = Request(action="close", who="A", outcome="real")
    assert store.act(alert.id, asked, OPENED + 2 * MINUTE).alert.words == (
        "999 calls, Warwickshire: the longest had waited 6 min 47 s by 02:57, "
        "2 beyond the limit of 5 min. Closed at 02:57: real."
    )


@pytest.mark.parametrize(
    ("waits", "eased", "closed"),
    [
        (
            [4000, 1600],
            "The oldest had waited 1 h 6 min by 02:55.",
            "incidents, Warwickshire: the oldest had waited 1 h 6 min by 02:55, 2 beyond",
        ),
        (
            [1600],
            "It had waited 26 min 40 s by 02:55.",
            "incident, Warwickshire: 1 had waited 26 min 40 s by 02:55, beyond",
        ),
    ],
)
def test_emergencies_that_were_reached_are_said_so_too(
    waits: list[float], eased: str, closed: str
) -> None:
    store, found = AlertStore(WARWICKSHIRE), unattended(WARWICKSHIRE, waits, 1500.0, OPENED)
    assert found is not None
    evaluate(store, [], [found], OPENED)
    evaluate(store, [], [], OPENED + MINUTE)
    none = "Emergency incidents, Warwickshire: none waits beyond 25 min now."
    assert words(store) == f"{none} {eased} Nobody has this yet."
    evaluate(store, [], [], OPENED + 10 * MINUTE)
    over = "the limit of 25 min. Over at 03:05, open since 02:55."
    assert words(store) == f"Emergency {closed} {over}"


def test_an_alert_of_before_that_has_no_peak_keeps_its_words() -> None:
    store = three_callers()
    (alert,) = store.alerts.values()
    store.peaks.clear()
    store.alerts[alert.id] = msgspec.structs.replace(alert, peak=msgspec.UNSET)
    assert evaluate(store, [], [], OPENED + 3 * MINUTE) == []


def test_for_a_third_sentence_no_place_is_cut() -> None:
    said = (
        "999 calls, Warwickshire: 3 callers waiting, the longest for 5 min 1 s.",
        "1 of the 3 is beyond the limit of 5 min.",
        "The target is 10 s.",
    )
    assert fit(said, "Over at 03:08, open since 02:55.") == (
        f"{said[0]} {said[1]} Over at 03:08, open since 02:55."
    )

"""What people are told of scenarios, with the shipped settings.

What becomes of a surge from day to day is in `tests/unit/alerts/test_surge_replayed.py`.
"""

from __future__ import annotations

import datetime as dt
from functools import cache

import pytest

from streams.alerts.model import Alert
from tests.scenarios.playing import How, Played, play

pytestmark = pytest.mark.replays

DAY = dt.date.fromisoformat
HOWS = {
    "surge-999": How(since=DAY("2022-05-16"), until=DAY("2022-09-05")),
    "lockdown": How(since=DAY("2022-08-15"), until=DAY("2022-11-07")),
    "telephony-outage": How(
        size=0.33, since=DAY("2022-02-14"), until=DAY("2022-03-18"), live_days=1.0,
        heartbeat_seconds=60,
    ),
    "marker-drop": How(calls=False, since=DAY("2022-08-22"), until=DAY("2022-10-18")),
    "missing-persons-recording": How(
        calls=False, since=DAY("2022-07-25"), until=DAY("2022-10-17")
    ),
    "slow-response": How(calls=False, since=DAY("2022-03-28"), until=DAY("2022-06-01")),
    "linked-series": How(calls=False, since=DAY("2022-08-15"), until=DAY("2022-10-25")),
    "football-saturday": How(size=0.4, since=DAY("2022-09-01"), until=DAY("2022-11-14")),
    "cold-start-lockdown": How(size=0.4, until=DAY("2021-03-15")),
}  # fmt: skip


@cache
def played(name: str) -> Played:
    return play(name, HOWS[name])


@pytest.mark.parametrize("name", HOWS)
def test_what_is_expected_comes_and_no_more_else_than_the_budget_has(name: str) -> None:
    found = played(name)
    assert found.not_found() == []
    assert len(found.others()) <= found.allowed()


def only(name: str, truth: str) -> Alert:
    (alert,) = played(name).about(truth)
    return alert


def test_a_surge_of_two_months_is_one_alert_that_says_since_when_and_by_how_much() -> None:
    alert = only("surge-999", "Surge of 999 calls")
    assert (alert.kind, alert.severity, alert.area) == ("exceptional_volume", "page", "force")
    assert alert.opened_at.date() == dt.date(2022, 7, 1)
    assert alert.said[0].startswith(
        "999 calls, Warwickshire: 1.6 times the usual from 1 July to 31 August, "
    )


def test_what_changes_in_a_lockdown_is_told_of_the_whole_force_once_and_stays_one_alert() -> None:
    found = played("lockdown")
    falls = [each for each in found.about("Recorded crime falls") if each.area == "force"]
    changes = [*falls, only("lockdown", "101 calls fall"), only("lockdown", "ASB rises")]
    assert [(each.area, each.direction, each.resolved_at) for each in changes] == [
        ("force", "down", None),
        ("force", "down", None),
        ("force", "up", None),
    ]


def test_an_outage_is_a_silent_feed_and_no_fall() -> None:
    found = played("telephony-outage")
    assert [alert.kind for alert in found.about("Telephony outage")] == ["feed_silent"]
    that_day = [a for a in found.at_end.values() if a.opened_at.date() == dt.date(2022, 3, 15)]
    assert not [alert for alert in that_day if alert.direction == "down"]


def test_the_drop_of_markers_is_one_new_level_perhaps_of_recording() -> None:
    alert = only("marker-drop", "Markers drop by 74 %")
    assert (alert.kind, alert.area, alert.severity) == ("level_change", "force", "notice")
    assert alert.opened_at.date() <= dt.date(2022, 10, 4)
    assert "erhaps recording" in " ".join(alert.said)


def test_doubled_reports_are_told_of_the_whole_force() -> None:
    first, *_ = played("missing-persons-recording").about("Missing-person reports double")
    assert (first.kind, first.area) == ("exceptional_volume", "force")


def test_a_series_in_one_district_names_it() -> None:
    first, *others = played("linked-series").about("Burglaries in Rugby")
    assert (first.area, first.severity) == ("rugby", "notice")
    # It doubles the burglaries of the policing area that Rugby is in as well.
    assert {alert.area for alert in others} <= {"north-warwickshire-area"}


def test_of_a_football_saturday_that_is_named_nobody_is_told() -> None:
    saturdays = [a for a in played("football-saturday").others() if a.opened_at.weekday() == 5]
    assert not [alert for alert in saturdays if alert.area_name == "Rugby"]


def test_a_cold_start_inside_a_lockdown_takes_its_level_for_no_change() -> None:
    kinds = {alert.kind for alert in played("cold-start-lockdown").others()}
    assert "level_change" not in kinds

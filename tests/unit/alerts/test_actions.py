"""Who has an alert, and who is told when."""

from typing import Any

import msgspec
import pytest

from streams.alerts.actions import Request, hand_room_over
from streams.alerts.evaluation import evaluate
from streams.alerts.model import Transition, decode_fact, encode
from streams.alerts.rules.base import Finding
from streams.alerts.store import AlertStore
from streams.config.force import check_force, shipped_force_text
from streams.errors import ActionError
from tests.alerting import at, quiet, signal, store, with_policy
from tests.build import as_json

NOW = at("2026-11-21 22:00")
MINUTE, HOUR = 60_000, 3_600_000


def opened(b: AlertStore) -> str:
    return evaluate(b, [signal("2026-11-21 21:00")], [], NOW)[0].alert.id


def act(b: AlertStore, alert: str, action: Any, when: int, **details: Any) -> str:
    return b.act(alert, Request(action=action, who="Duty inspector", **details), when).alert.words


LEAD = "999 calls, Warwickshire: 21 in the hour to 22:00, usually 3 to 14."


def test_who_has_it_is_the_last_sentence() -> None:
    b = store()
    alert = opened(b)
    assert act(b, alert, "acknowledge", NOW + MINUTE) == f"{LEAD} Duty inspector has this."
    assert act(b, alert, "hand_over", NOW + HOUR, to="Night inspector", note="Match traffic") == (
        f"{LEAD} Night inspector has this."
    )
    until = at("2026-11-21 23:30")
    assert act(b, alert, "snooze", NOW + HOUR, until=until, reason="Football") == (
        f"{LEAD} Snoozed until 23:30: Football."
    )
    assert act(b, alert, "close", NOW + HOUR, outcome="planned_event") == (
        f"{LEAD} Closed at 23:00: a planned event."
    )
    assert [(e.who, e.what, e.note) for e in b.alerts[alert].log] == [
        ("Duty inspector", "acknowledged", ""),
        ("Duty inspector", "handed_over", "to Night inspector: Match traffic"),
        ("Duty inspector", "snoozed", "until 23:30: Football"),
        ("Duty inspector", "closed", "as a planned event"),
    ]


def test_a_snooze_ends_where_another_has_the_alert_and_the_log_says_so() -> None:
    b = store()
    alert = opened(b)
    act(b, alert, "acknowledge", NOW)
    act(b, alert, "snooze", NOW, until=NOW + HOUR, reason="Football.")
    act(b, alert, "hand_over", NOW, to="Night inspector", note="Match traffic")
    assert b.alerts[alert].snoozed_until is None
    assert b.alerts[alert].log[-1].note == "to Night inspector, snooze ended: Match traffic"
    act(b, alert, "snooze", NOW, until=NOW + 30 * HOUR, reason="Football")
    assert b.alerts[alert].log[-1].note == "until 04:00 on Monday: Football"
    act(b, alert, "acknowledge", NOW)
    last = b.alerts[alert].log[-1]
    assert (last.what, last.note) == ("took_over", "from Night inspector, snooze ended")
    act(b, alert, "acknowledge", NOW)
    assert (b.alerts[alert].log[-1].what, b.alerts[alert].log[-1].note) == ("acknowledged", "")


@pytest.mark.parametrize(
    ("action", "details", "why"),
    [
        ("snooze", {"until": NOW + HOUR}, '"reason" is missing'),
        ("snooze", {"reason": "Football"}, "a snooze needs an end (until)"),
        ("snooze", {"until": NOW, "reason": "x"}, "a snooze ends in the future, at most 14 days"),
        ("close", {"outcome": "fine"}, "closing needs an outcome: one of real, planned_event"),
        ("hand_over", {}, '"to" is missing'),
        ("note", {}, "a note needs some text"),
    ],
)
def test_what_is_missing_is_told(action: str, details: dict[str, Any], why: str) -> None:
    b = store()
    alert = opened(b)
    with pytest.raises(ActionError) as told:
        act(b, alert, action, NOW + MINUTE, **details)
    assert str(told.value).startswith(why)
    with pytest.raises(LookupError):
        act(b, "warwickshire/nothing", "note", NOW, note="x")


def test_an_alert_with_200_entries_takes_no_more_but_its_end() -> None:
    b = store()
    alert = opened(b)
    for number in range(200):
        act(b, alert, "note", number, note="x" * 500)
    with pytest.raises(ActionError) as caught:
        act(b, alert, "note", 200, note="One more")
    assert str(caught.value) == (
        "999 calls, Warwickshire has 200 entries, no more fit. Close it with its outcome"
    )
    act(b, alert, "close", 201, outcome="real")
    with pytest.raises(ActionError, match=r"has 201 entries, no more fit\. It is over"):
        act(b, alert, "note", 202, note="One more")
    (held,) = b.alerts.values()
    last = Transition(what="closed", at=held.updated_at, alert=held)
    assert len(encode(last)) < 250_000, "a message of the alerts topic is far below its limit"


def test_a_closed_alert_does_not_open_again_before_it_has_been_quiet() -> None:
    b = store()
    alert = opened(b)
    act(b, alert, "close", NOW + MINUTE, outcome="false")
    assert [t.what for t in evaluate(b, [signal("2026-11-21 22:00")], [], NOW + HOUR)] == [
        "updated"
    ]
    for n in range(1, 4):
        evaluate(
            b, [quiet(f"2026-11-{21 + (22 + n) // 24} {(22 + n) % 24:02}:00")], [], NOW + n * HOUR
        )
    assert b.alerts[alert].cleared
    again = evaluate(b, [signal("2026-11-22 02:00")], [], at("2026-11-22 03:00"))
    assert [t.what for t in again] == ["opened"]
    assert b.summary(NOW + 6 * HOUR).words == "last 4 weeks: 2 alerts, 1 false, budget 4"


def test_a_shift_is_handed_over_by_name_and_with_what_is_open() -> None:
    b = store()
    opened(b)
    asked = Request(action="hand_over", who="Late shift", to="Night shift", note="Match traffic")
    fact = hand_room_over(b.force, b.history(state="open"), asked, NOW)
    assert (fact.who, fact.to, fact.note) == ("Late shift", "Night shift", "Match traffic")
    assert fact.open == (f"{LEAD} Nobody has this yet.",)
    assert decode_fact(encode(fact)) == fact
    b.apply_handover(fact)
    b.apply_handover(fact)  # read back from the store
    assert [entry.to for entry in b.view(NOW + 23 * HOUR).handovers] == ["Night shift"]
    assert not b.view(NOW + 25 * HOUR).handovers
    for wrong in ({"to": None}, {"action": "close", "outcome": "real"}):
        with pytest.raises(ActionError):
            hand_room_over(b.force, [], msgspec.structs.replace(asked, **wrong), NOW)


def test_a_planned_event_is_not_to_be_learned_as_normal() -> None:
    b = store()
    alert = opened(b)
    assert not b.excluded()
    act(b, alert, "close", NOW + MINUTE, outcome="planned_event")
    series = ("warwickshire", "calls", "offered", "line=999", "force", "hour")
    assert [each[:4] for each in b.excluded()] == [(series, NOW - HOUR, None, "planned_event")]
    # It goes on until an hour is usual again, whenever it was closed.
    evaluate(b, [signal("2026-11-21 22:00")], [], NOW + HOUR)
    assert [each[:4] for each in b.excluded()] == [(series, NOW - HOUR, None, "planned_event")]
    for n, hour in enumerate(("2026-11-21 23:00", "2026-11-22 00:00", "2026-11-22 01:00")):
        evaluate(b, [quiet(hour)], [], NOW + (n + 2) * HOUR)
        ended = (series, NOW - HOUR, NOW + HOUR, "planned_event")
        assert [each[:4] for each in b.excluded()] == [ended]


MISSED = Finding(
    kind="target_missed",
    severity="state",
    records="call",
    group="calls",
    measure="service_level",
    row={"line": "999"},
    title="999 calls",
    since=NOW,
    said=("Missed.",),
)


def test_what_was_real_may_be_learned_and_only_a_real_level_is_accepted() -> None:
    for outcome, accepted in (("real", 1), ("false", 0)):
        b = store()
        month = signal(
            "2026-10-01 00:00", grain="month", method="level", onset=NOW - 90 * 24 * HOUR
        )
        (made,) = evaluate(b, [signal("2026-11-21 21:00")], [], NOW)
        (level,) = evaluate(b, [month], [], NOW)
        (missed,) = evaluate(b, [], [MISSED], NOW)
        for alert in (made, level):
            act(b, alert.alert.id, "close", NOW + MINUTE, outcome=outcome)
        assert not b.excluded()
        assert [(each.direction, each.at) for each in b.feedback().levels] == (
            [("up", NOW + MINUTE)] * accepted
        )
        assert b.alerts[missed.alert.id].open  # no level ends a missed target


def test_a_page_that_nobody_takes_is_told_once_more_after_15_minutes() -> None:
    b = store()
    opened(b)
    assert not evaluate(b, [], [], NOW + 14 * MINUTE)
    (told,) = evaluate(b, [], [], NOW + 15 * MINUTE)
    assert (told.what, told.notify) == ("escalated", True)
    assert told.alert.words == f"{LEAD} Nobody has taken this for 15 min."
    assert not evaluate(b, [], [], NOW + 40 * MINUTE)
    act(b, told.alert.id, "note", NOW + 50 * MINUTE, note="Seen")
    assert b.alerts[told.alert.id].words == f"{LEAD} Nobody has this yet."  # 15 minutes no more
    other = store()
    act(other, opened(other), "acknowledge", NOW + MINUTE)
    assert not evaluate(other, [], [], NOW + 60 * MINUTE)


def test_how_long_nobody_has_taken_it_is_told_in_hours() -> None:
    b = store()
    opened(b)
    (told,) = evaluate(b, [], [], NOW + 995 * MINUTE)
    assert told.alert.words == f"{LEAD} Nobody has taken this for 16 h 35 min."


def test_a_snooze_keeps_still_until_its_end() -> None:
    b = store()
    alert = opened(b)
    act(b, alert, "snooze", NOW + MINUTE, until=NOW + HOUR, reason="Football")
    assert not evaluate(b, [], [], NOW + 59 * MINUTE)
    (told,) = evaluate(b, [], [], NOW + HOUR)[:1]
    assert (told.what, told.notify, told.alert.snoozed_until) == ("reminded", True, None)


def test_quiet_hours_hold_a_notice_back_until_morning_and_let_a_page_through() -> None:
    force = with_policy('\n[alerts.quiet_hours]\nnotice = "22:00-07:00"\n')
    b = AlertStore(force)
    fall = signal("2026-11-21 21:00", direction="down", observed=1, expected=20.0, lower=14)
    page = signal("2026-11-21 21:00", row={"line": "101"})
    made = evaluate(b, [fall, page], [], NOW)
    assert {t.alert.severity: t.notify for t in made} == {"notice": False, "page": True}
    morning = evaluate(b, [], [], at("2026-11-22 07:00"))
    assert [(t.what, t.notify) for t in morning if t.alert.severity == "notice"] == [
        ("reminded", True)
    ]


def test_nobody_is_told_during_maintenance_and_then_of_what_still_goes_on() -> None:
    policy = """
[alerts]
maintenance = [
  { from = 2026-11-21T21:30:00, to = 2026-11-21T23:00:00, reason = "Telephone switch" },
]
"""
    b = AlertStore(with_policy(policy))
    (made,) = evaluate(b, [signal("2026-11-21 21:00")], [], NOW)
    assert not made.notify
    assert as_json(b.view(NOW).maintenance) == [
        {
            "from": "2026-11-21T21:30:00+00:00",
            "to": "2026-11-21T23:00:00+00:00",
            "reason": "Telephone switch",
            "areas": [],
        }
    ]
    after = evaluate(b, [], [], at("2026-11-21 23:00"))
    assert [(t.what, t.notify) for t in after] == [("reminded", True)]


def test_a_maintenance_that_makes_no_sense_is_told_with_its_cure() -> None:
    policy = """
[alerts]
waiting_seconds = { "112" = 30 }
maintenance = [
  { from = 2026-11-21T23:30:00, to = 2026-11-21T23:00:00, reason = "Switch", areas = ["x"] },
]
"""
    text = shipped_force_text("warwickshire") + policy
    _, problems = check_force(text, "warwickshire.toml")
    assert [problem.problem for problem in problems] == [
        '"112" is no line here',
        'the maintenance "Switch" ends before it starts',
        'the maintenance "Switch" names the unknown area "x"',
    ]

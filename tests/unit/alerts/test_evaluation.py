"""The alert store: what is opened, updated, resolved and told, and in which words."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alerts.actions import words_of
from streams.alerts.evaluation import evaluate
from streams.alerts.lookup import Answers
from streams.alerts.model import decode, encode, stamp
from streams.alerts.rules.base import Finding
from streams.alerts.store import AlertStore
from tests.alerting import WARWICKSHIRE, Known, at, quiet, signal, store

HOUR = 3_600_000
ANSWERED = Answers(offered=21, answered=21, within=17, abandoned=0, waiting=0, limit=10)
NOW = at("2026-11-21 22:00")


def test_an_exceptional_hour_pages_once_in_words_that_need_no_link() -> None:
    b = store()
    running = signal("2026-11-21 22:00", running=True, end=at("2026-11-21 22:40"))
    running = msgspec.structs.replace(running, onset=at("2026-11-21 21:50"))
    made = evaluate(b, [running], [], at("2026-11-21 22:40"), Known(answered=ANSWERED))
    assert [(t.what, t.notify, t.alert.severity) for t in made] == [("opened", True, "page")]
    assert made[0].alert.id == (
        "warwickshire/exceptional_volume/calls.offered/line=999/force/up/2026-11-21T22:00:00Z"
    )
    assert made[0].alert.words == (
        "999 calls, Warwickshire: 21 from 22:00 to 22:40, usually 3 to 14. "
        "Up since about 21:50. 17 of 21 answered within 10 s. Nobody has this yet."
    )
    closed = signal("2026-11-21 22:00", observed=30)
    made = evaluate(b, [closed], [], at("2026-11-21 23:05"))
    assert [(t.what, t.notify) for t in made if t.what != "escalated"] == [("updated", False)]
    assert made[0].alert.words == (
        "999 calls, Warwickshire: 30 in the hour to 23:00, usually 3 to 14. Nobody has this yet."
    )


def test_the_words_of_a_rise_say_where_within_most_of_it_is_and_those_of_a_fall_do_not() -> None:
    known = Known(answered=ANSWERED, mostly=("rugby", 16))
    made = evaluate(store(), [signal("2026-11-21 22:00")], [], NOW + HOUR, known)
    assert made[0].alert.words == (
        "999 calls, Warwickshire: 21 in the hour to 23:00, usually 3 to 14. "
        "16 of them in Rugby. 17 of 21 answered within 10 s. Nobody has this yet."
    )
    fall = signal("2026-11-21 22:00", direction="down", observed=2, expected=20.0)
    made = evaluate(store(), [fall], [], NOW + HOUR, known)
    assert "Rugby" not in made[0].alert.words


def test_it_is_over_after_three_usual_hours_and_not_before() -> None:
    b = store()
    evaluate(b, [signal("2026-11-21 21:00")], [], NOW)
    hours = ["22:00", "23:00"]
    for hour in hours:
        made = evaluate(b, [quiet(f"2026-11-21 {hour}")], [], at(f"2026-11-21 {hour}") + HOUR)
        assert [t.what for t in made if t.what != "escalated"] == ["updated"]
    # A look at the same hour again counts nothing.
    assert not evaluate(b, [quiet("2026-11-21 23:00")], [], at("2026-11-22 00:01"))
    made = evaluate(b, [], [], at("2026-11-22 01:01"), Known(quiet("2026-11-22 00:00")))
    assert [(t.what, t.notify) for t in made] == [("resolved", True)]
    assert made[0].alert.words.endswith("usually 3 to 14. Over at 01:01, open since 22:00.")


def test_what_was_open_for_more_than_a_day_says_on_which_day_it_opened() -> None:
    b = store()
    evaluate(b, [signal("2026-11-21 21:00")], [], NOW)
    (alert,) = b.alerts.values()
    end = at("2026-11-23 07:00")
    over = msgspec.structs.replace(alert, state="resolved", resolved_at=stamp(end, b.force.zone))
    assert words_of(b.force, over, end).endswith(
        "Over at 07:00 on 23 November, open since 22:00 on 21 November."
    )


def test_what_is_over_as_it_opens_was_open_since_no_time() -> None:
    b = store()
    evaluate(b, [signal("2026-11-21 21:00")], [], NOW)
    (alert,) = b.alerts.values()
    over = msgspec.structs.replace(alert, state="resolved", resolved_at=alert.opened_at)
    assert words_of(b.force, over, NOW).endswith("Over at 22:00.")


def test_an_hour_outside_the_usual_range_begins_the_count_again() -> None:
    b = store()
    evaluate(b, [signal("2026-11-21 21:00")], [], NOW)
    for n, observed in enumerate([9, 9, 16, 9, 9, 9]):
        start = NOW + n * HOUR
        reading = quiet("2026-11-21 22:00", observed=observed, start=start, end=start + HOUR)
        evaluate(b, [reading], [], start + HOUR)
        (alert,) = b.alerts.values()
        assert alert.open == (n < 5)


def test_a_fall_and_a_day_can_wait() -> None:
    b = store()
    fall = signal("2026-11-21 21:00", direction="down", observed=1, expected=20.0, lower=14)
    day = signal("2026-11-20 00:00", grain="day", row={"line": "101"}, observed=700)
    severities = [t.alert.severity for t in evaluate(b, [fall, day], [], NOW)]
    assert severities == ["notice", "notice"]


def test_too_few_to_matter_raise_nothing() -> None:
    few = signal("2026-11-21 21:00", observed=4, expected=0.1)
    low = signal("2026-11-21 21:00", direction="down", observed=0, expected=6.0)
    assert not evaluate(store(), [few, low], [], NOW)


def test_a_silent_feed_raises_itself_and_nothing_else() -> None:
    b = store()
    evaluate(b, [signal("2026-11-21 20:00")], [], at("2026-11-21 21:00"))
    words = "Calls, Warwickshire: nothing for 40 min, where 20 records were expected."
    silence = Finding(
        kind="feed_silent",
        severity="page",
        records="call",
        group="feeds",
        measure="call",
        title="Feed of calls, Warwickshire",
        since=at("2026-11-21 21:20"),
        said=(words,),
        settle=120_000,
    )
    waiting = msgspec.structs.replace(silence, kind="callers_waiting", group="calls")
    fall = signal("2026-11-21 21:00", direction="down", observed=0, expected=20.0)
    made = evaluate(b, [fall, quiet("2026-11-21 21:00")], [silence, waiting], NOW)
    assert [(t.what, t.alert.kind) for t in made if t.what != "escalated"] == [
        ("opened", "feed_silent")
    ]
    assert made[0].alert.words == f"{words} Nobody has this yet."
    assert made[0].alert.id == "warwickshire/feed_silent/feeds.call/-/force/-/2026-11-21T21:20:00Z"
    assert not evaluate(b, [], [silence], NOW + 60_000)
    assert not evaluate(b, [], [], NOW + 120_000)
    (end,) = evaluate(b, [], [], NOW + 200_000)
    assert end.what == "resolved"
    assert end.alert.words == (
        "Calls, Warwickshire: silent from 21:20 to 22:01. Over at 22:03, open since 22:00."
    )


def test_a_feed_that_was_silent_for_days_says_from_which_date_to_which() -> None:
    b = store()
    silence = Finding(
        kind="feed_silent", severity="page", records="call", group="feeds", measure="call",
        title="Feed of calls, Warwickshire", since=at("2026-09-23 23:58"),
        said=("Calls, Warwickshire: nothing for 56 min, where 20 records were expected.",),
        settle=120_000,
    )  # fmt: skip
    for now in ("2026-09-24 00:54", "2026-10-06 00:00"):
        evaluate(b, [], [silence], at(now))
    for now in ("2026-10-06 00:01", "2026-10-06 00:02"):
        evaluate(b, [], [], at(now))
    (alert,) = b.alerts.values()
    assert alert.words == (
        "Calls, Warwickshire: silent from 23:58 on 23 September to 00:00 on 6 October. "
        "Over at 00:02 on 6 October, open since 00:54 on 24 September."
    )


def test_a_condition_that_opens_no_alert_keeps_an_open_one_going() -> None:
    b = store()
    low = Finding(
        kind="target_missed",
        severity="page",
        records="call",
        group="calls",
        measure="service_level",
        row={"line": "999"},
        direction="down",
        title="999 answer rate, Warwickshire",
        since=NOW - HOUR,
        said=("999 calls, Warwickshire: 7 of the last 24 answered within 10 s.",),
        settle=3 * HOUR,
    )
    lasts = msgspec.structs.replace(low, opens=False)
    assert evaluate(b, [], [lasts], NOW, notify=False) == []
    assert [t.what for t in evaluate(b, [], [low], NOW, notify=False)] == ["opened"]
    assert evaluate(b, [], [lasts], NOW + 4 * HOUR, notify=False) == []
    assert evaluate(b, [], [], NOW + 7 * HOUR - 1, notify=False) == []
    assert [t.what for t in evaluate(b, [], [], NOW + 7 * HOUR, notify=False)] == ["resolved"]


def test_a_level_change_stays_until_a_person_accepts_it_or_the_old_level_is_back() -> None:
    b = store()
    change = signal(
        "2026-11-20 00:00",
        grain="day",
        method="level",
        observed=260,
        lower=150,
        upper=200,
        before=175.4,
        after=251.2,
        onset=at("2026-11-16 00:00"),
    )
    (opened,) = evaluate(b, [change], [], at("2026-11-21 00:10"))
    assert opened.alert.words == (
        "999 calls, Warwickshire: 260 on Friday, usually 150 to 200. "
        "Higher since about Monday: 175 before, 251 since. Nobody has this yet."
    )
    # Re-based: the new range is usual now, and the alert goes on, with the old limits.
    for n in range(10):
        start = at(f"2026-11-{21 + n if n < 10 else 1} 00:00")
        rebased = quiet("2026-11-21 00:00", grain="day", observed=255, lower=230, upper=280)
        rebased = msgspec.structs.replace(rebased, start=start, end=start + 24 * HOUR)
        evaluate(b, [rebased], [], start + 25 * HOUR)
    (alert,) = b.alerts.values()
    assert alert.open
    assert (alert.evidence.lower, alert.evidence.upper) == (150, 200)
    for n in range(7):
        start = at("2026-12-01 00:00") + n * 24 * HOUR
        back = msgspec.structs.replace(rebased, observed=180, start=start, end=start + 24 * HOUR)
        evaluate(b, [back], [], start + 25 * HOUR)
    (alert,) = b.alerts.values()
    assert not alert.open


def test_more_reports_are_worded_as_more_reports() -> None:
    more = signal(
        "2026-10-01 00:00",
        grain="month",
        kind="crime",
        group="crimes",
        measure="count",
        row={"offence": "hate"},
        theme="crimes.hate",
        observed=61,
        lower=22,
        upper=41,
    )
    (opened,) = evaluate(store(), [more], [], at("2026-11-02 09:00"))
    assert opened.alert.words == (
        "Hate offences, Warwickshire: 61 in October 2026, usually 22 to 41. "
        "That is more reports, which need not be more offences. Nobody has this yet."
    )


def test_nobody_is_told_of_the_past_but_of_what_still_goes_on() -> None:
    b = store()
    (opened,) = evaluate(b, [signal("2026-11-21 21:00")], [], NOW, notify=False)
    assert not opened.notify
    (told,) = evaluate(b, [], [], NOW + 60_000)
    assert (told.what, told.notify) == ("reminded", True)
    assert not evaluate(b, [], [], NOW + 120_000)


def test_the_line_on_the_board_counts_alerts_false_ones_and_the_budget() -> None:
    b = store()
    assert b.summary(NOW).words == "last 4 weeks: 0 alerts, 0 false, budget 4"
    evaluate(b, [signal("2026-11-21 21:00")], [], NOW)
    assert b.summary(NOW).words == "last 4 weeks: 1 alert, 0 false, budget 4"
    view = b.view(NOW)
    assert [alert.state for alert in view.open] == ["open"]
    assert view.open[0].opened_at.isoformat() == "2026-11-21T22:00:00+00:00"


steps = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from(["up", "down"]),
        st.sampled_from(["999", "101"]),
        st.sampled_from(["force", "north-warwickshire-area", "rugby"]),
        st.booleans(),
        st.integers(0, 60),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(steps)
def test_invariants(steps: list[tuple[int, str, str, str, bool, int]]) -> None:
    """Same signals, same transitions; a fold of them gives the same store; nothing opens twice."""
    made, stores = [], [store(), store()]
    now = NOW
    for gap, direction, line, area, loud, observed in steps:
        now += gap * HOUR
        start = now // HOUR * HOUR - HOUR
        each = signal(
            "2026-11-21 21:00",
            start=start,
            end=start + HOUR,
            direction=direction,
            row={"line": line},
            area=area,
            observed=observed,
            expected=20.0,
            notify=loud,
            lower=14,
            upper=26,
        )
        first, second = (evaluate(b, [each], [], now) for b in stores)
        assert first == second
        made += first
    opened = [t.alert.id for t in made if t.what == "opened"]
    assert len(opened) == len(set(opened))
    assert len({t.key for t in made}) == len(made)
    open_keys = [alert.key for alert in stores[0].alerts.values() if alert.open]
    assert len(open_keys) == len(set(open_keys))
    assert all(len(t.alert.words) <= 160 for t in made)
    again = AlertStore(WARWICKSHIRE)
    for transition in [*reversed(made), *made]:
        again.apply(decode(encode(transition)))
    assert again.alerts == stores[0].alerts
    assert again.active == stores[0].active


def test_a_history_that_is_read_again_opens_no_alert_that_was_not_there() -> None:
    """The emergency that waits longest changes while an alert goes on, and so does its id."""
    oldest = Finding(
        kind="unattended",
        severity="page",
        records="incident",
        group="attendance",
        measure="oldest_unattended",
        direction="up",
        title="Emergency incidents, Warwickshire",
        since=NOW - HOUR,
        said=("Emergency incidents, Warwickshire: 2 not attended, the oldest for 1 h.",),
        settle=600_000,
    )
    later = msgspec.structs.replace(oldest, since=NOW - HOUR // 2)
    for goes_on, told in ((False, []), (True, ["opened"])):
        b = store()
        opened = []
        for _ in range(2):
            made = evaluate(b, [], [oldest], NOW, notify=False)
            made += evaluate(b, [], [later], NOW + HOUR // 2, notify=False)
            made += evaluate(b, [], [], NOW + HOUR, notify=False)
            made += evaluate(b, [], [later] * goes_on, NOW + 4 * HOUR, notify=False)
            opened.append([each.what for each in made])
        assert opened == [["opened", "resolved", *told], []]
        # What goes on at the end is not ended by what came before it.
        assert [each.open for each in b.alerts.values()] == [False, True][: 1 + goes_on]


def test_days_of_a_surge_that_are_read_again_open_none() -> None:
    b = store()
    days = [
        signal(f"2026-11-{n} 00:00", grain="day", observed=300, expected=210.0, upper=230)
        for n in (16, 17, 18)
    ]
    held = {"grain": "day", "expected": 210.0, "upper": 230}
    usual = [quiet(f"2026-11-{n} 00:00", observed=210, **held) for n in (19, 20)]
    opened = []
    for _ in range(2):
        made = []
        for each in (*days, *usual):
            made += evaluate(b, [each], [], each.end + HOUR, notify=False)
        opened.append([each.what for each in made if each.what != "updated"])
    assert opened == [["opened", "resolved"], []]

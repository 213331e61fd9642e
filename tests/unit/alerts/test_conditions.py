"""What is judged from how things stand now."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.durations.return_level import return_level
from streams.alerts.actions import Request
from streams.alerts.context import RuleContext
from streams.alerts.evaluation import evaluate
from streams.alerts.rules.conditions import (
    Doing,
    Rate,
    Usual,
    answer_rate,
    most_paged,
    pipeline_unwell,
    stepped,
    target_missed,
)
from streams.alerts.rules.waiting import (
    ONCE_IN,
    OWN_WEEKS,
    Queue,
    Waits,
    callers_waiting,
    unattended,
    unattended_limit,
    waiting_limit,
)
from streams.periods import MINUTE, rfc3339
from tests.alerting import WARWICKSHIRE, at, store
from tests.build import call, feed, monitor, ms, tiny_force

NOW = at("2026-11-21 22:00")
MINUTES = (15, 30, 60, 120, 240, 360)


def words_of(finding: object) -> str:
    made = evaluate(store(), [], [finding], NOW)  # type: ignore[list-item]
    return made[0].alert.words


def test_callers_who_wait_too_long() -> None:
    assert callers_waiting(WARWICKSHIRE, "999", Queue(3, 80, 0), 80.0, 10, NOW) is None
    found = callers_waiting(WARWICKSHIRE, "999", Queue(3, 130, 1), 80.0, 10, NOW)
    assert words_of(found) == (
        "999 calls, Warwickshire: 3 callers waiting, the longest for 2 min 10 s. "
        "The limit is 1 min 20 s. The target is 10 s. Nobody has this yet."
    )


@pytest.mark.parametrize(
    ("queue", "pages"),
    [
        (Queue(9, 700, 2), False),
        (Queue(9, 700, 3), True),
        (Queue(1, 1000, 1), False),
        (Queue(1, 1001, 1), True),
    ],
)
def test_a_line_that_is_not_for_emergencies_takes_three_callers_or_a_far_longer_wait(
    queue: Queue, pages: bool
) -> None:
    found = callers_waiting(WARWICKSHIRE, "101", queue, 600.0, 30, NOW)
    assert (found is not None) == pages
    assert callers_waiting(WARWICKSHIRE, "999", queue, 600.0, 10, NOW) is not None


def test_callers_beyond_the_limit_are_counted_by_line() -> None:
    force, watched = tiny_force(), monitor()
    now = ms("2021-03-01T12:00:00+00:00")
    context = RuleContext(force)

    def waiting() -> list[str]:
        held = context.evaluate(watched, now, [], Doing())
        return [each.row["line"] for each in held if each.kind == "callers_waiting"]

    offered = rfc3339(now - 16 * 60_000)
    feed(watched, *(call(f"c{n}", offered, line="101") for n in range(2)))
    feed(watched, call("e", offered, line="999"))
    feed(watched, call("new", rfc3339(now - 60_000), line="101"))
    assert waiting() == ["999"]
    feed(watched, call("c3", offered, line="101"))
    assert waiting() == ["999", "101"]


def test_the_limit_for_a_caller_is_the_forces_own_or_a_standing_one() -> None:
    assert waiting_limit(20, 10, Waits([(900.0, 100)])) == 20
    assert waiting_limit(None, 10, Waits()) == 300
    assert unattended_limit(1200, 1200, Waits([(9000.0, 100)])) == 1200
    assert unattended_limit(None, 1200, Waits()) == 3600
    seen = [(600.0, 990), *((1200.0 + 100 * n, 1) for n in range(10))]
    assert unattended_limit(None, 1200, Waits(seen)) == max(
        3600.0, return_level(seen, ONCE_IN) or 0.0
    )


def test_where_callers_wait_so_long_every_week_the_limit_follows_from_their_tail() -> None:
    usual = [(5.0, 12_000), (200.0, 100)]
    assert waiting_limit(None, 10, Waits([*usual, (320.0, 8)])) == 300  # once a week
    seen = [*usual, (320.0, 9)]
    assert waiting_limit(None, 10, Waits(seen)) == max(300.0, return_level(seen, ONCE_IN) or 0.0)
    often = [(5.0, 8000), *((200.0 + 10 * n, 40 - n) for n in range(40))]
    assert waiting_limit(None, 10, Waits(often)) == return_level(often, ONCE_IN)
    assert (return_level(often, ONCE_IN) or 0.0) > 600.0


@pytest.mark.parametrize(("calls", "often"), [(12_000, 1.0), (300_000, 0.02)])
def test_steady_queues_hardly_page_however_large_the_force(calls: int, often: float) -> None:
    """One caller in 14 waits, for 45 seconds on average, and the others for none. What 99 of 100
    wait three times over is passed twice in eight weeks by the smaller force, and daily by the
    larger one. `often` is how many are to be beyond the limit a week, at most."""
    rng = np.random.default_rng(12)
    forces, late = 600_000 // calls, 0
    for _ in range(forces):
        waits = rng.exponential(45.0, (2, calls)) * (rng.random((2, calls)) < 1 / 14)
        found = Counter(waits[0].astype(int).tolist())
        own = Waits((float(wait), count) for wait, count in found.items())
        limit = waiting_limit(None, 10, own)
        assert 300 <= limit < 900
        late += int((waits[1] > limit).sum())
    assert late <= often * OWN_WEEKS * forces


def test_emergencies_that_nobody_has_reached() -> None:
    found = unattended(WARWICKSHIRE, 2, 4000, 1500.0, NOW)
    assert words_of(found) == (
        "Emergency incidents, Warwickshire: 2 not attended, the oldest for 1 h 6 min. "
        "The limit is 25 min. Nobody has this yet."
    )


def test_an_answer_rate_pages_when_it_is_worse_than_lately_and_than_the_target() -> None:
    recent = Usual(0.83, 0.01, 10000)
    found = answer_rate(WARWICKSHIRE, "999", {15: Rate(7, 24)}, {15: recent}, 0.9, 10, NOW)
    assert words_of(found) == (
        "999 calls, Warwickshire: 7 of the last 24 answered within 10 s, usually 83 %, "
        "target 90 %. Nobody has this yet."
    )
    few = {15: Rate(0, 19)}
    assert answer_rate(WARWICKSHIRE, "999", few, {15: recent}, 0.9, 10, NOW) is None
    usual = {60: Rate(16, 20)}
    assert answer_rate(WARWICKSHIRE, "999", usual, {60: recent}, 0.9, 10, NOW) is None
    # Worse than lately, and still better than the target.
    fine = {60: Rate(880, 1000)}
    assert (
        answer_rate(WARWICKSHIRE, "999", fine, {60: Usual(0.999, 0.01, 9999)}, 0.8, 10, NOW) is None
    )


@pytest.mark.parametrize(
    ("line", "share", "target", "seconds", "calls"),
    [("999", 0.83, 0.9, 10, 16.0), ("101", 0.27, 0.8, 30, 30.0)],
)
def test_four_steady_weeks_below_the_target_page_nobody(
    line: str, share: float, target: float, seconds: int, calls: float
) -> None:
    """Looked at every 15 minutes, with as many calls an hour as Warwickshire has."""
    rng = np.random.default_rng(11)
    quarters = 28 * 96
    rates = np.clip(share + rng.normal(0, 0.03, quarters // 4), 0, 1).repeat(4)
    offered = rng.poisson(calls / 4, quarters)
    within = rng.binomial(offered, rates)
    b = store()
    total = np.stack([within, offered]).cumsum(axis=1)
    recent = dict.fromkeys(MINUTES, Usual(share, 0.01, 5000))
    pages = []
    for n in range(24, quarters):
        windows = {m: Rate(*(total[:, n] - total[:, n - m // 15]).tolist()) for m in MINUTES}
        if min(w.within / max(1, w.of) for w in windows.values()) < share - 0.1:
            now = NOW + n * 15 * 60_000
            found = answer_rate(WARWICKSHIRE, line, windows, recent, target, seconds, now)
            pages += [found] if found else []
    assert not pages
    weeks = [
        [(Rate(*(total[:, 672 * w + 671] - (total[:, 672 * w - 1] if w else 0)).tolist()), target)]
        for w in range(4)
    ]
    missed = target_missed(WARWICKSHIRE, line, weeks, target, seconds, at("2026-11-21 00:00"))
    assert missed is not None
    made = evaluate(b, [], [missed], NOW)
    assert [(t.what, t.alert.severity) for t in made] == [("opened", "state")]
    # Every day again, a better week in between: one ticket, and never a page.
    for day in [*range(1, 10), *range(17, 20)]:
        assert not evaluate(b, [], [missed], NOW + day * 86_400_000)
        assert not evaluate(b, [], [], NOW + day * 86_400_000 + 3_600_000)


def test_the_words_of_a_target_that_is_missed_for_weeks() -> None:
    weeks = [[(Rate(83, 100), 0.9)]] * 4
    found = target_missed(WARWICKSHIRE, "999", weeks, 0.9, 10, at("2026-11-21 00:00"))
    made = evaluate(store(), [], [found] if found else [], NOW)
    assert made[0].alert.words == (
        "999 calls, Warwickshire: 83 % within 10 s over 4 weeks, target 90 %. "
        "Missed in every week. Nobody has this yet."
    )
    assert made[0].alert.id == (
        "warwickshire/target_missed/calls.service_level/line=999/force/down/2026-10-24"
    )
    met = [*weeks[:3], [(Rate(91, 100), 0.9)]]
    assert target_missed(WARWICKSHIRE, "999", met, 0.9, 10, NOW) is None


def test_detectors_that_fail_are_told_for_an_hour() -> None:
    (faulty,) = pipeline_unwell(WARWICKSHIRE, Doing(faults=3, fault_age=60.0), NOW)
    assert words_of(faulty) == (
        "Watchroom, Warwickshire: 3 faults in what watches. Counting goes on, but a surge may "
        "raise no alert. The log says why. Nobody has this yet."
    )
    assert not pipeline_unwell(WARWICKSHIRE, Doing(faults=3, fault_age=3600.0), NOW)


def test_troubles_are_told_with_their_cure_one_alert_a_kind() -> None:
    troubles = {
        "topic:w.calls": "the topic w.calls is missing. Make it again",
        "topic:w.crimes": "the topic w.crimes is missing. Make it again",
        "wrong_partition": "lines come in a wrong partition. Set partitioner=murmur2_random",
    }
    topic, wrong = pipeline_unwell(WARWICKSHIRE, Doing(troubles=troubles), NOW)
    assert (topic.severity, topic.measure, wrong.measure) == ("page", "topic", "wrong_partition")
    assert topic.title == "Watchroom, Warwickshire: a topic is not as it should be"
    assert words_of(topic) == (
        "Watchroom, Warwickshire: the topic w.calls is missing. Make it again. "
        "1 more like this. Nobody has this yet."
    )
    assert words_of(wrong) == (
        "Watchroom, Warwickshire: lines come in a wrong partition. "
        "Set partitioner=murmur2_random. Nobody has this yet."
    )


def test_a_pipeline_that_does_not_keep_up() -> None:
    assert not pipeline_unwell(WARWICKSHIRE, Doing(200.0, "", 30.0), NOW)
    behind, unsaved = pipeline_unwell(WARWICKSHIRE, Doing(400.0, "", 150.0), NOW)
    assert words_of(behind) == (
        "Watchroom, Warwickshire: behind for 6 min 40 s. The figures are older than they look. "
        "No other alert can be relied on. Nobody has this yet."
    )
    assert words_of(unsaved) == (
        "Watchroom, Warwickshire: no checkpoint for 2 min 30 s. Counting goes on. "
        "A restart will take longer. Nobody has this yet."
    )


def test_weeks_are_judged_by_the_target_of_their_own_time() -> None:
    """80 % was the target until the middle of the third week, and 90 % is it since."""
    old, new = (Rate(780, 1000), 0.8), (Rate(850, 1000), 0.9)
    weeks = [[old], [old], [old, new], [new]]
    found = target_missed(WARWICKSHIRE, "999", weeks, 0.9, 10, at("2026-11-21 00:00"))
    assert found is not None
    lead = "999 calls, Warwickshire: 80.8 % within 10 s over 4 weeks, target 90 %."
    assert found.said == (
        f"{lead} Missed in every week.",
        "Each by the target of its time.",
    )
    met = [[old], [old], [(Rate(850, 1000), 0.8), new], [new]]
    assert target_missed(WARWICKSHIRE, "999", met, 0.9, 10, NOW) is None


@given(
    share=st.floats(0.1, 0.999),
    correlation=st.floats(0.01, 0.9),
    of=st.integers(20, 700),
    more=st.integers(0, 40),
    target=st.sampled_from([0.5, 0.9]),
)
@settings(max_examples=150, deadline=None)
@example(share=0.27, correlation=0.07, of=300, more=0, target=0.9)  # nobody is answered any more
@example(share=0.4, correlation=0.06, of=150, more=0, target=0.9)
@example(share=0.5, correlation=0.12, of=300, more=0, target=0.9)
@example(share=0.6, correlation=0.11, of=300, more=0, target=0.9)
@example(share=0.95, correlation=0.01, of=20, more=0, target=0.9)
def test_no_answer_rate_that_pages_is_passed_over(
    share: float, correlation: float, of: int, more: int, target: float
) -> None:
    """By the bar of the usual, in steps, and of as many calls or more."""
    own = Usual(share, correlation, 10_000)
    bar = most_paged(*stepped(own), of + more)
    for within in range(max(0, bar + 1), of + 1, max(1, of // 40)):
        windows = {60: Rate(within, of)}
        assert answer_rate(WARWICKSHIRE, "101", windows, {60: own}, target, 30, NOW) is None
    if more == 0 and bar >= 10:  # and it is no higher than it need be, by steps of 2 %
        few = Rate(max(0, round(bar * 0.8) - 2), of)
        assert answer_rate(WARWICKSHIRE, "101", {60: few}, {60: own}, 0.999, 30, NOW) is not None


def test_minutes_that_change_are_kept_from_the_first_look_on_only() -> None:
    """While a backlog is read nobody looks, and it may be a year long."""
    target = monitor()
    feed(target, call("c1", "2026-11-21T21:58:00Z"))
    context = RuleContext(tiny_force())
    context.bind(target)
    feed(target, call("c2", "2026-11-21T21:59:00Z"))
    ledger = target.ledger("call", "tiny")
    assert ledger is not None
    assert ledger.panes.changed is None
    context.stirs(NOW)
    feed(target, call("c3", "2026-11-21T21:59:30Z"))
    assert ledger.panes.changed == {ms("2026-11-21T21:59:00Z") // 60_000}


def test_an_answer_rate_that_gets_a_quarter_worse_while_its_alert_is_open_is_told_once_more() -> (
    None
):
    own, b = {60: Usual(0.85, 0.01, 10000)}, store()

    def look(minutes: int, within: int) -> list[str]:
        now = NOW + minutes * MINUTE
        rate = {60: Rate(within, 60)}
        found = answer_rate(WARWICKSHIRE, "999", rate, own, 0.9, 10, now)
        assert found is not None
        return [each.what for each in evaluate(b, [], [found], now) if each.notify]

    assert look(0, 25) == ["opened"]
    (alert,) = b.alerts
    b.act(alert, Request(action="acknowledge", who="Duty inspector"), NOW + MINUTE)
    assert look(30, 2) == []  # it shows only now what it has fallen to
    assert look(90, 20) == []  # chance
    assert [look(120 + 60 * n, 2) for n in range(6)] == [["updated"], *([[]] * 5)]
    assert b.alerts[alert].words.startswith("999 calls, Warwickshire: 2 of the last 60 ")

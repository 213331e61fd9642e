"""An answer rate that has got worse."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.alerts.actions import Request
from streams.alerts.answer_windows import PART_BITS
from streams.alerts.context import RuleContext
from streams.alerts.evaluation import evaluate
from streams.alerts.rules import KINDS
from streams.alerts.rules.answer_rate import (
    answer_rate,
    edge_of,
    highest_bits,
    is_inside,
    most_looked_at,
    ordinary,
    room_of,
)
from streams.alerts.rules.answers import LEAST_CALLS, most_paged, stepped
from streams.alerts.rules.ruleset import RuleSet
from streams.alerts.rules.target_missed import target_missed
from streams.alerts.usual_answers import AnswerRate, UsualRate
from streams.periods import MINUTE
from tests.alerting import WARWICKSHIRE, at, store, words_of
from tests.build import call, feed, monitor, tiny_force

NOW = at("2026-11-21 22:00")
MINUTES = (15, 30, 60, 120, 240, 360)


def test_an_answer_rate_pages_when_it_is_worse_than_lately_and_than_the_target() -> None:
    recent = UsualRate(0.83, 0.01, 10000)
    found = answer_rate(WARWICKSHIRE, "999", {15: AnswerRate(7, 24)}, {15: recent}, 0.9, 10, NOW)
    assert words_of(found) == (
        "999 calls, Warwickshire: 7 of the last 24 answered within 10 s, usually 83 %, "
        "target 90 %. Nobody has this yet."
    )
    few = {15: AnswerRate(0, 19)}
    assert answer_rate(WARWICKSHIRE, "999", few, {15: recent}, 0.9, 10, NOW) is None
    usual = {60: AnswerRate(16, 20)}
    assert answer_rate(WARWICKSHIRE, "999", usual, {60: recent}, 0.9, 10, NOW) is None
    # Worse than lately, and still better than the target.
    fine = {60: AnswerRate(880, 1000)}
    assert (
        answer_rate(WARWICKSHIRE, "999", fine, {60: UsualRate(0.999, 0.01, 9999)}, 0.8, 10, NOW)
        is None
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
    recent = dict.fromkeys(MINUTES, UsualRate(share, 0.01, 5000))
    pages = []
    for n in range(24, quarters):
        windows = {m: AnswerRate(*(total[:, n] - total[:, n - m // 15]).tolist()) for m in MINUTES}
        if min(w.within / max(1, w.of) for w in windows.values()) < share - 0.1:
            now = NOW + n * 15 * 60_000
            found = answer_rate(WARWICKSHIRE, line, windows, recent, target, seconds, now)
            pages += [found] if found else []
    assert not pages
    sums = [(total[:, 672 * w + 671] - (total[:, 672 * w - 1] if w else 0)) for w in range(4)]
    weeks = [[(AnswerRate(*each.tolist()), target)] for each in sums]
    missed = target_missed(WARWICKSHIRE, line, weeks, target, seconds, at("2026-11-21 00:00"))
    assert missed is not None
    made = evaluate(b, [], [missed], NOW)
    assert [(t.what, t.alert.severity) for t in made] == [("opened", "state")]
    # Every day again, a better week in between: one ticket, and never a page.
    for day in [*range(1, 10), *range(17, 20)]:
        assert not evaluate(b, [], [missed], NOW + day * 86_400_000)
        assert not evaluate(b, [], [], NOW + day * 86_400_000 + 3_600_000)


@given(
    share=st.floats(0.1, 0.999),
    correlation=st.floats(0.01, 0.9),
    of=st.integers(20, 700),
    more=st.integers(0, 40),
    target=st.sampled_from([0.5, 0.9]),
)
@settings(max_examples=150)
@example(share=0.27, correlation=0.07, of=300, more=0, target=0.9)  # nobody is answered any more
@example(share=0.4, correlation=0.06, of=150, more=0, target=0.9)
@example(share=0.5, correlation=0.12, of=300, more=0, target=0.9)
@example(share=0.6, correlation=0.11, of=300, more=0, target=0.9)
@example(share=0.95, correlation=0.01, of=20, more=0, target=0.9)
def test_no_answer_rate_that_pages_is_passed_over(
    share: float, correlation: float, of: int, more: int, target: float
) -> None:
    """By the bar of the usual, in steps, and of as many calls or more."""
    own = UsualRate(share, correlation, 10_000)
    bar = most_paged(*stepped(own), of + more)
    for within in range(max(0, bar + 1), of + 1, max(1, of // 40)):
        windows = {60: AnswerRate(within, of)}
        assert answer_rate(WARWICKSHIRE, "101", windows, {60: own}, target, 30, NOW) is None
    if more == 0 and bar >= 10:  # and it is no higher than it need be, by steps of 2 %
        few = AnswerRate(max(0, round(bar * 0.8) - 2), of)
        assert answer_rate(WARWICKSHIRE, "101", {60: few}, {60: own}, 0.999, 30, NOW) is not None


@given(
    share=st.floats(0.11, 0.9999),
    correlation=st.floats(0.01, 0.9),
    of=st.integers(LEAST_CALLS, 3000),
)
@settings(max_examples=300)
def test_what_is_little_below_the_usual_never_pages(
    share: float, correlation: float, of: int
) -> None:
    assert most_paged(share, correlation, of) < max(0.0, ordinary(of, (share, correlation)))


@given(
    share=st.floats(0.05, 0.99),
    correlation=st.floats(0.01, 0.4),
    of=st.integers(0, 400),
    missed=st.floats(0.0, 1.0),
    coming=st.integers(0, 400),
    going=st.integers(0, 400),
)
@settings(max_examples=300)
def test_no_window_has_to_be_looked_at_before_as_many_calls_changed_as_it_has_room_for(
    share: float, correlation: float, of: int, missed: float, coming: int, going: int
) -> None:
    bar = stepped(UsualRate(share, correlation, 10_000))
    within = round(of * (1.0 - missed))
    room = room_of(within, of, bar)
    if room < 0:
        return
    coming = min(coming, room)
    going = min(going, room - coming, within)  # each of them in time; of those that come none is
    then = AnswerRate(within - going, of + coming - going)
    assert then.of < LEAST_CALLS or then.within > most_looked_at(then.of, bar)


calls = st.integers(0, 1000)


@given(st.lists(st.tuples(st.tuples(calls, calls), st.tuples(calls, calls)), min_size=1))
def test_the_edges_of_all_lines_tell_at_once_whether_each_is_fine(
    lines: list[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    value = sum(
        (of << PART_BITS | within) << 2 * PART_BITS * line
        for line, ((within, of), _) in enumerate(lines)
    )
    fine = [edge for _, edge in lines]
    assert is_inside(value, edge_of(fine), highest_bits(len(lines))) == all(
        within >= least and of <= most for (within, of), (least, most) in lines
    )


def test_calls_that_change_are_kept_from_the_first_look_on_only() -> None:
    """While a backlog is read nobody looks, and it may be a year long."""
    target = monitor()
    feed(target, call("c1", "2026-11-21T21:58:00Z"))
    rules = RuleSet(RuleContext(tiny_force()), KINDS)
    rules.bind(target)
    feed(target, call("c2", "2026-11-21T21:59:00Z"))
    ledger = target.ledger("call", "tiny")
    assert ledger is not None
    assert ledger.followed is None
    rules.may_hold(NOW)
    feed(target, call("c3", "2026-11-21T21:59:30Z"))
    assert ledger.followed == [ledger.packed("c3")]


def test_an_answer_rate_that_gets_a_quarter_worse_while_its_alert_is_open_is_told_once_more() -> (
    None
):
    own, b = {60: UsualRate(0.85, 0.01, 10000)}, store()

    def look(minutes: int, within: int) -> list[str]:
        now = NOW + minutes * MINUTE
        rate = {60: AnswerRate(within, 60)}
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

"""An answer rate that has got worse."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.alerts.actions import Request
from streams.alerts.answer_windows import LineMinutes
from streams.alerts.evaluation import evaluate
from streams.alerts.rules.answer_rate import (
    Bar,
    Barred,
    answer_rate,
    fewest_missed,
    is_low,
)
from streams.alerts.rules.answers import LEAST_CALLS, most_paged, stepped
from streams.alerts.rules.target_missed import target_missed
from streams.alerts.usual_answers import AnswerRate, UsualRate
from streams.periods import MINUTE
from tests.alerting import WARWICKSHIRE, at, store, words_of

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


BARS = st.builds(
    lambda share, correlation: stepped(UsualRate(share, correlation, 10_000)),
    st.floats(0.11, 0.9999),
    st.floats(0.01, 0.9),
)


@given(bar=BARS, of=st.integers(LEAST_CALLS, 3000))
@settings(max_examples=300)
def test_of_one_call_more_as_many_or_one_more_have_to_be_late(bar: Bar, of: int) -> None:
    """So each that comes, goes or changes takes one of the room at most."""
    assert 0 <= fewest_missed(of + 1, bar) - fewest_missed(of, bar) <= 1


@given(bar=BARS, of=st.integers(LEAST_CALLS, 700))
@settings(max_examples=150)
def test_no_window_that_pages_has_fewer_late(bar: Bar, of: int) -> None:
    within = min(of, of - fewest_missed(of, bar) + 1)
    windows = {60: AnswerRate(within, of)}
    usual = {60: UsualRate(*bar, 10_000)}
    assert answer_rate(WARWICKSHIRE, "101", windows, usual, 0.999, 30, NOW) is None
    assert not is_low(within, of, bar)


CALLS = st.lists(st.tuples(st.integers(0, 180), st.booleans()), max_size=120)


@given(bar=BARS, before=CALLS, after=CALLS, minutes=st.sampled_from((15, 60, 120)))
@settings(max_examples=150)
def test_a_window_needs_no_look_as_long_as_was_said(
    bar: Bar, before: list[tuple[int, bool]], after: list[tuple[int, bool]], minutes: int
) -> None:
    """Whatever comes, so long as no more of it is late than there was room for."""
    begin, now = NOW // MINUTE, NOW // MINUTE + 180
    line, window = LineMinutes(begin), Barred(minutes, bar)

    def put(minute: int, late: bool) -> None:
        line.of.add(minute, 1)
        line.missed.add(minute, int(late))
        line.worse += late

    for offset, late in before:
        put(begin + min(offset, 179), late)
    window.look_ahead(line, now, now + 60)
    coming = sorted((now + offset // 3, late) for offset, late in after)
    for minute in range(now, window.fine_until):
        assert not is_low(*line.rate(minute - minutes, minute), bar)
        for _, late in (each for each in coming if each[0] == minute):
            if not late or line.worse < window.fine_below:
                put(minute, late)


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

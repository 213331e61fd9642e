"""A target that is missed for weeks."""

import datetime as dt

import pytest

from streams.alerts.context import RuleContext
from streams.alerts.evaluation import evaluate
from streams.alerts.rules.target_missed import WeeksRule, target_missed
from streams.alerts.usual_answers import AnswerRate
from streams.periods import DAY, HOUR, SECOND, rfc3339
from tests.alerting import WARWICKSHIRE, at, store
from tests.build import call, feed, monitor, ms

NOW = at("2026-11-21 22:00")


def test_the_words_of_a_target_that_is_missed_for_weeks() -> None:
    weeks = [[(AnswerRate(83, 100), 0.9)]] * 4
    found = target_missed(WARWICKSHIRE, "999", weeks, 0.9, 10, at("2026-11-21 00:00"))
    made = evaluate(store(), [], [found] if found else [], NOW)
    assert made[0].alert.words == (
        "999 calls, Warwickshire: 83 % within 10 s over 4 weeks, target 90 %. "
        "Missed in every week. Nobody has this yet."
    )
    assert made[0].alert.id == (
        "warwickshire/target_missed/calls.service_level/line=999/force/down/2026-10-24"
    )
    met = [*weeks[:3], [(AnswerRate(91, 100), 0.9)]]
    assert target_missed(WARWICKSHIRE, "999", met, 0.9, 10, NOW) is None


def test_weeks_are_judged_by_the_target_of_their_own_time() -> None:
    """80 % was the target until the middle of the third week, and 90 % is it since."""
    old, new = (AnswerRate(780, 1000), 0.8), (AnswerRate(850, 1000), 0.9)
    weeks = [[old], [old], [old, new], [new]]
    found = target_missed(WARWICKSHIRE, "999", weeks, 0.9, 10, at("2026-11-21 00:00"))
    assert found is not None
    lead = "999 calls, Warwickshire: 80.8 % within 10 s over 4 weeks, target 90 %."
    assert found.said == (
        f"{lead} Missed in every week.",
        "Each by the target of its time.",
    )
    met = [[old], [old], [(AnswerRate(850, 1000), 0.8), new], [new]]
    assert target_missed(WARWICKSHIRE, "999", met, 0.9, 10, NOW) is None


def test_of_several_targets_at_once_the_alert_is_about_the_one_that_is_missed() -> None:
    weeks = [[(AnswerRate(93, 100), 0.99)]] * 4
    found = target_missed(WARWICKSHIRE, "999", weeks, 0.99, 20, at("2026-11-21 00:00"), "second")
    assert found is not None
    assert found.title == "999 answer target of 99 % in 20 s, Warwickshire"
    assert found.said[0] == (
        "999 calls, Warwickshire: 93 % within 20 s over 4 weeks, target 99 %. Missed in every week."
    )
    assert (found.group, found.measure) == ("further_levels", "second_target")


@pytest.mark.parametrize(("begin", "judged"), [("00:00:00", 28), ("10:00:00", 29)])
def test_four_weeks_are_claimed_once_all_of_their_28_days_are_known(
    begin: str, judged: int
) -> None:
    """Calls come every hour from the first day on, and none is answered in time."""
    first, midnight = ms(f"2021-02-01T{begin}Z"), ms("2021-02-01T00:00:00Z")
    target = monitor()
    for when in range(first, midnight + 30 * DAY, HOUR):
        late = rfc3339(when + 40 * SECOND, dt.UTC)
        feed(target, call(f"c{when}", rfc3339(when, dt.UTC), answered_at=late))
    context = RuleContext(target.forces["tiny"])
    context.bind(target)
    rule = WeeksRule(context)
    found = [day for day in range(1, 31) if list(rule.judge(midnight + day * DAY))]
    assert found == list(range(judged, 31))

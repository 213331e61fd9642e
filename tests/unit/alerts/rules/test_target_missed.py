"""A target that is missed for weeks."""

from streams.alerts.evaluation import evaluate
from streams.alerts.rules.target_missed import target_missed
from streams.alerts.usual_answers import AnswerRate
from tests.alerting import WARWICKSHIRE, at, store

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

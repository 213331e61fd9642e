"""Watchroom itself is not well."""

from streams.alerts.context import PipelineHealth
from streams.alerts.rules.pipeline_unwell import pipeline_unwell
from tests.alerting import WARWICKSHIRE, at, words_of

NOW = at("2026-11-21 22:00")


def test_detectors_that_fail_are_told_for_an_hour() -> None:
    (faulty,) = pipeline_unwell(WARWICKSHIRE, PipelineHealth(faults=3, fault_age=60.0), NOW)
    assert words_of(faulty) == (
        "Watchroom, Warwickshire: 3 faults in what watches. Counting goes on, but a surge may "
        "raise no alert. The log says why. Nobody has this yet."
    )
    assert not pipeline_unwell(WARWICKSHIRE, PipelineHealth(faults=3, fault_age=3600.0), NOW)


def test_troubles_are_told_with_their_cure_one_alert_a_kind() -> None:
    troubles = {
        "topic:w.calls": "the topic w.calls is missing. Make it again",
        "topic:w.crimes": "the topic w.crimes is missing. Make it again",
        "wrong_partition": "lines come in a wrong partition. Set partitioner=murmur2_random",
    }
    topic, wrong = pipeline_unwell(WARWICKSHIRE, PipelineHealth(troubles=troubles), NOW)
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
    assert not pipeline_unwell(WARWICKSHIRE, PipelineHealth(200.0, "", 30.0), NOW)
    behind, unsaved = pipeline_unwell(WARWICKSHIRE, PipelineHealth(400.0, "", 150.0), NOW)
    assert words_of(behind) == (
        "Watchroom, Warwickshire: behind for 6 min 40 s. The figures are older than they look. "
        "No other alert can be relied on. Nobody has this yet."
    )
    assert words_of(unsaved) == (
        "Watchroom, Warwickshire: no checkpoint for 2 min 30 s. Counting goes on. "
        "A restart will take longer. Nobody has this yet."
    )

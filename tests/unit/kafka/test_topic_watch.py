"""The input topics beside a worker that runs: what is a trouble, and when a log is another one."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import kafka.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.structs import OffsetAndTimestamp

from streams.errors import ConfigError
from streams.kafka.assignments import TROUBLE_REPEATS, TroubleLog
from streams.kafka.settings import Cluster
from streams.kafka.topic_watch import Answers, Asked, Topics, TopicWatch, WrittenTopics

CLUSTER = Cluster("c", 24, {"w.calls": "id-1", "w.crimes": "id-2"})
CREATE = "watchroom topics create --broker k:9092 --prefix w"
FINE: Answers = {"w.calls": Asked("id-1", 24), "w.crimes": Asked("id-2", 24)}


def test_topics_that_are_as_they_were_are_no_trouble() -> None:
    topics = Topics(CLUSTER, CREATE)
    assert not topics.see(FINE)
    assert topics.troubles() == {}


def test_a_missing_topic_is_named_with_its_cure_until_it_is_back_and_taken_up() -> None:
    topics = Topics(CLUSTER, CREATE)
    assert topics.see({**FINE, "w.calls": None})
    assert topics.troubles() == {
        "w.calls": "the topic w.calls is missing. Make it again. Made with: watchroom topics "
        "create --broker k:9092 --prefix w --partitions 24. Send again what it had"
    }
    assert not topics.see({**FINE, "w.calls": None})
    topics.assigned()  # without it
    assert topics.unsure() == {"w.calls"}
    assert topics.see({**FINE, "w.calls": Asked("id-3", 24)})
    assert topics.cluster.topic_ids == {"w.calls": "id-3", "w.crimes": "id-2"}
    assert "w.calls was made again. Wait" in topics.troubles()["w.calls"]
    topics.taken_up(["w.crimes"])
    assert topics.unsure() == {"w.calls"}
    topics.taken_up(["w.calls"])
    assert topics.troubles() == {}


def test_a_topic_that_is_back_may_be_assigned_to_another_worker() -> None:
    topics = Topics(CLUSTER, CREATE)
    topics.see({"w.calls": None})
    topics.see({"w.calls": Asked("id-3", 24)})
    topics.assigned()
    assert topics.troubles() == {}


def test_a_topic_that_is_made_again_at_once_is_another_log_without_being_missed() -> None:
    topics = Topics(CLUSTER, CREATE)
    assert topics.see({"w.calls": Asked("id-3", 24)})
    assert topics.cluster.topic_ids["w.calls"] == "id-3"
    assert topics.troubles() == {}
    assert not topics.see({"w.calls": Asked("id-3", 24)})


def test_another_number_of_partitions_is_a_trouble_until_it_is_that_of_the_start() -> None:
    topics = Topics(CLUSTER, CREATE)
    topics.see({"w.calls": Asked("id-1", 25)})
    assert topics.troubles() == {
        "w.calls": "the topic w.calls has 25 partitions, not 24. Delete it and make it again with "
        "24. Made with: watchroom topics create --broker k:9092 --prefix w --partitions 24. Send "
        "again what it had"
    }
    topics.assigned()
    topics.taken_up(["w.calls"])
    assert topics.unsure() == {"w.calls"}
    topics.see({"w.calls": Asked("id-3", 24)})
    assert topics.troubles() == {}


def test_a_topic_of_which_nothing_is_known_is_as_it_was() -> None:
    topics = Topics(CLUSTER, CREATE)
    topics.see({"w.calls": None})
    assert not topics.see({})
    assert topics.unsure() == {"w.calls"}
    assert not topics.see({"w.other": None})
    assert topics.unsure() == {"w.calls"}


ANSWERS = st.dictionaries(
    st.sampled_from(["w.calls", "w.crimes"]),
    st.none() | st.builds(Asked, st.sampled_from(["a", "b"]), st.sampled_from([24, 25])),
)


@given(st.lists(ANSWERS, max_size=8))
def test_whatever_was_seen_right_and_taken_up_topics_are_no_trouble(seen: list[Answers]) -> None:
    topics = Topics(CLUSTER, CREATE)
    for answers in seen:
        topics.see(answers)
    topics.see(FINE)
    topics.taken_up(FINE)
    assert topics.troubles() == {}
    assert topics.cluster == CLUSTER


def test_the_log_says_it_at_once_then_every_minute_and_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    log = TroubleLog(lambda: now)

    def said(troubles: dict[str, str]) -> list[tuple[str, str]]:
        caplog.clear()
        log.say(troubles)
        return [(r.levelname, r.getMessage()) for r in caplog.records]

    with caplog.at_level(logging.INFO, logger="watchroom.worker"):
        assert said({}) == []
        assert said({"topic:a": "a is missing. Make it"}) == [
            ("ERROR", "not ready: a is missing. Make it")
        ]
        now = TROUBLE_REPEATS - 1
        assert said({"topic:a": "a is missing. Make it now"}) == []
        assert said({"topic:a": "a was made again. Wait"}) == [
            ("ERROR", "not ready: a was made again. Wait")
        ]
        now += TROUBLE_REPEATS
        assert said({"topic:a": "a was made again. Wait", "x": "y"}) == [
            ("ERROR", "not ready: a was made again. Wait"),
            ("ERROR", "not ready: y"),
        ]
        assert said({"x": "y"}) == [("WARNING", "over: a was made again")]


def test_a_written_topic_that_is_missing_is_a_trouble_and_once_it_is_back_it_is_empty() -> None:
    written = WrittenTopics({"w.alerts": "alerts", "w.published": "topic"}, CREATE)
    written.see({"w.alerts": Asked("id-1", 24), "w.published": Asked("id-2", 24)})
    written.see({"w.alerts": None})
    assert written.troubles() == {
        "alerts:w.alerts": "the topic w.alerts is missing, and nothing that is written to it is "
        "kept. Make it again: watchroom topics create --broker k:9092 --prefix w. This worker then "
        "writes into it what it holds"
    }
    assert written.emptied == set()
    written.see({"w.alerts": Asked("id-3", 24)})
    assert (written.troubles(), written.emptied) == ({}, {"w.alerts"})


def test_a_written_topic_that_was_made_again_between_two_looks_is_empty() -> None:
    written = WrittenTopics({"w.alerts": "alerts"}, CREATE)
    written.see({"w.alerts": Asked("id-1", 24)})
    assert written.emptied == set()
    written.see({"w.alerts": Asked("id-3", 24)})
    assert written.emptied == {"w.alerts"}


def test_brokers_that_do_not_answer_change_nothing() -> None:
    def away() -> Answers:
        raise kafka.errors.KafkaTimeoutError("no answer")

    watch = TopicWatch("nowhere:1", CLUSTER, CREATE, away)
    assert not asyncio.run(watch.ask())
    assert watch.topics.troubles() == {}


def test_settings_that_are_wrong_for_a_moment_change_nothing() -> None:
    def away() -> Answers:
        raise ConfigError("the key is of another certificate")

    assert not asyncio.run(TopicWatch("nowhere:1", CLUSTER, CREATE, away).ask())


def test_where_a_log_begins_is_asked_though_the_brokers_did_not_answer_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Client:
        def __init__(self, **_: object) -> None:
            pass

        def list_partition_offsets(self, asked: dict[TopicPartition, object]) -> dict[Any, Any]:
            return {tp: OffsetAndTimestamp(165, 0, None) for tp in asked}

    def away() -> Answers:
        raise kafka.errors.KafkaTimeoutError("no answer")

    async def work() -> dict[tuple[str, int], int]:
        watch = TopicWatch("nowhere:1", CLUSTER, CREATE, away)
        await watch.ask()
        return await watch.beginnings({("w.calls", 3)})

    monkeypatch.setattr("streams.kafka.topic_watch.KafkaAdminClient", Client)
    assert asyncio.run(work()) == {("w.calls", 3): 165}


def test_what_the_brokers_answer_is_taken_in() -> None:
    answers: Answers = {"w.calls": None}
    watch = TopicWatch("nowhere:1", CLUSTER, CREATE, lambda: answers)
    assert asyncio.run(watch.ask())
    assert watch.topics.unsure() == {"w.calls"}
    assert not asyncio.run(watch.ask())


def test_the_topics_that_are_written_are_asked_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def __init__(self, **_: object) -> None:
            pass

        def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
            return [{"name": name, "error_code": 3, "partitions": []} for name in names]

    monkeypatch.setattr("streams.kafka.topic_watch.KafkaAdminClient", Client)
    watch = TopicWatch("nowhere:1", CLUSTER, CREATE, written={"w.alerts": "alerts"})
    asyncio.run(watch.ask())
    assert watch.topics.missing == {"w.calls", "w.crimes"}
    assert watch.written.missing == {"w.alerts"}

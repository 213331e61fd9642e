"""What happens to the log beside a worker that runs: transactions, other hashes, other topics."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import TopicAlreadyExistsError

from streams.events.deadletters import DeadLetter
from streams.kafka import deadletter_topic, log_reader, topics
from tests.build import TINY_FORCE, call, lines, row
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until
from tests.servers.rig import PARTITIONS, Rig, Worker, rigged

CHANGED = 30.0
"""Seconds within which a worker must have taken up what has changed; it asks every 5."""


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        file = made.folder / "tiny.toml"
        file.write_text(TINY_FORCE)
        made.forces = ["--force", str(file)]
        yield made


def ago(seconds: float) -> str:
    return (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=seconds)).isoformat()


def lately(name: str) -> bytes:
    """A call of a minute ago, which was answered."""
    return lines([call(name, ago(60), answered_at=ago(55), updated_at=ago(1))])


def board(worker: Worker) -> dict[str, Any]:
    """The board of now."""
    status, body = worker.get("/board.json?force=tiny")
    found: dict[str, Any] = json.loads(body) if status == 200 else {}
    return found


def dead_letters(rig: Rig) -> list[DeadLetter]:
    return deadletter_topic.read(rig.bootstrap, rig.prefix)


def offered(worker: Worker) -> int:
    """How many calls of the last hour are counted; -1 where none can be."""
    shown = board(worker)
    if "calls" not in shown.get("windows", {}).get("1h", {}):
        return -1
    number: int = row(shown, "1h", "calls", line="999")["offered"]
    return number


def counts(worker: Worker, number: int) -> None:
    wait_until(lambda: offered(worker) == number, 20, f"{number} calls are counted")


def readiness(worker: Worker) -> tuple[int, dict[str, Any]]:
    status, body = worker.get("/readyz")
    return status, json.loads(body or b"{}")


def troubles(worker: Worker) -> dict[str, str]:
    """Problem and cure of each reason, by code and subject."""
    return {
        ":".join(filter(None, (each["code"], each.get("subject", "")))): (
            f"{each['problem']}. {each['cure']}"
        )
        for each in readiness(worker)[1].get("reasons", [])
    }


def metrics(worker: Worker, name: str) -> dict[str, float]:
    """The values of a metric by their labels."""
    text = worker.get("/metrics")[1].decode()
    found = re.findall(rf"^{name}{{(.*)}} (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def age(worker: Worker, what: str) -> float:
    """Seconds since something last came of the calls, or since all was saved."""
    text = worker.get("/metrics")[1].decode()
    labels = r'{feed="call",force="tiny"}' if what == "watermark" else ""
    found = re.search(rf"^watchroom_{what}_age_seconds{labels} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else -1.0


def open_alerts(worker: Worker) -> dict[tuple[str, str], str]:
    """The words of the open alerts by kind and measure."""
    shown = board(worker).get("alerts", {"open": []})["open"]
    return {(each["kind"], each["measure"]): each["words"] for each in shown}


# -- transactions ------------------------------------------------------------------------------


def beat(feed: str, seconds: float) -> bytes:
    return json.dumps(
        {"kind": "heartbeat", "force": "tiny", "feed": feed, "at": ago(seconds)}
    ).encode()


async def in_transactions(rig: Rig) -> None:
    """Four transactions of a call and two heartbeats each, of which the last is rolled back. The
    heartbeats are of some minutes ago."""
    producer = AIOKafkaProducer(
        bootstrap_servers=rig.bootstrap, transactional_id=f"{rig.prefix}-cad"
    )
    await producer.start()
    calls, beats = (topics.input_topic(rig.prefix, kind) for kind in ("call", "heartbeat"))
    for n in range(4):
        await producer.begin_transaction()
        await producer.send_and_wait(calls, lately(f"t{n}"), key=b"tiny")
        for feed in ("calls", "incidents"):
            await producer.send_and_wait(beats, beat(feed, 220 - 5 * n), key=b"tiny")
        await (producer.abort_transaction() if n == 3 else producer.commit_transaction())
    await producer.stop()


def test_what_was_committed_is_counted_and_the_end_of_a_transaction_is_no_lag(rig: Rig) -> None:
    worker = rig.worker()
    worker.start()
    asyncio.run(in_transactions(rig))

    def as_without_transactions() -> bool:
        lag = metrics(worker, "watchroom_lag_messages")
        return offered(worker) == 3 and bool(lag) and not any(lag.values())

    wait_until(as_without_transactions, 20, "three calls are counted and nothing is left")
    # Of calls, which are just counted, the feed is alive; of incidents nothing else has come.
    wait_until(
        lambda: ("feed_silent", "incidents") in open_alerts(worker), 60, "the feed is found silent"
    )
    wait_until(lambda: age(worker, "watermark") > 5, 10, "nothing has come for some seconds")
    assert age(worker, "checkpoint") < 3  # nothing is unsaved
    worker.stop()
    worker.start()
    assert as_without_transactions()
    # A transaction that was rolled back leaves offsets without a message behind it too.
    asyncio.run(in_transactions(rig))
    rig.send("call", "tiny", lately("plain"))
    rig.producer.flush()
    counts(worker, 4)
    wait_until(lambda: not any(metrics(worker, "watchroom_lag_messages").values()), 20, "no lag")
    wait_until(worker.ready, 60, "it is ready")
    assert not any(kind == "pipeline_unwell" for kind, _ in open_alerts(worker))
    assert metrics(worker, "watchroom_log_gap_messages") == {}  # markers are no lost records


# -- a log that is kept for too short a time -----------------------------------------------------


def beginning(rig: Rig, topic: str, partition: int) -> int:
    with log_reader.reader(rig.bootstrap) as consumer:
        tp = TopicPartition(topic, partition)
        found: int = consumer.beginning_offsets([tp])[tp]
    return found


def keep_for(topic: str, rig: Rig, milliseconds: int) -> None:
    with topics.admin(rig.bootstrap) as client:
        settings = {"retention.ms": str(milliseconds)}
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=settings)])


def test_records_that_the_log_deleted_before_they_were_counted_are_told_everywhere(
    rig: Rig,
) -> None:
    worker = rig.worker()
    worker.start()
    topic, home = topics.input_topic(rig.prefix, "call"), topics.partition_of("tiny", PARTITIONS)
    send_calls(rig, "counted", 5)
    counts(worker, 5)
    worker.stop()
    send_calls(rig, "lost", 7)
    keep_for(topic, rig, 1)
    wait_until(lambda: beginning(rig, topic, home) == 12, 20, "the log has deleted its records")
    keep_for(topic, rig, 65 * 86_400_000)
    worker.start(wait=False)
    send_calls(rig, "after", 3)
    wait_until(lambda: offered(worker) == 8, 20, "what came after is counted")
    key = f"log_gap:{topic}/{home}"
    wait_until(lambda: key in troubles(worker), 20, "the gap is a reason")
    assert readiness(worker)[0] == 503
    words = troubles(worker)[key]
    assert words.startswith(f"{topic}/{home}: the log lost up to 7 messages of ")
    assert ". Have the source send the records of that time again. " in words
    where = f'partition="{home}",topic="{topic}"'
    assert metrics(worker, "watchroom_log_gap_messages") == {where: 7.0}
    assert metrics(worker, "watchroom_unready")['reason="log_gap"'] == 1.0
    (shown,) = board(worker)["incomplete"]
    assert (shown["kind"], shown["messages"]) == ("call", 7)
    assert shown["words"].endswith("the log lost up to 7 messages before they were counted")
    wait_until(lambda: ("pipeline_unwell", "log_gap") in open_alerts(worker), 20, "it is an alert")
    worker.kill()
    worker.start(wait=False)  # it is kept
    wait_until(lambda: key in troubles(worker), 20, "the gap is a reason again")
    counts(worker, 8)


# -- another hash ------------------------------------------------------------------------------


def test_a_producer_with_another_hash_is_named_until_it_stops(rig: Rig) -> None:
    right, came = topics.partition_of("tiny", PARTITIONS), zlib.crc32(b"tiny") % PARTITIONS
    assert right != came  # as the default of clients made on librdkafka has it
    worker = rig.worker()
    worker.start()
    topic = topics.input_topic(rig.prefix, "call")
    rig.producer.send(topic, key=b"a\nkey", value=lately("k"), partition=came)
    for n in range(10):
        rig.producer.send(topic, key=b"tiny", value=lately(f"c{n}"), partition=came)
    rig.send("call", "tiny", lately("good"))
    rig.producer.flush()
    wait_until(lambda: not worker.ready(), 20, "it is not ready")
    status, told = readiness(worker)
    assert (status, told["state"]) == (503, "unwell")
    words = troubles(worker)["wrong_partition"]
    assert words == told["detail"]
    assert f"came in partition {came} of {topic} and belongs in {right}" in words
    assert "partitioner=murmur2_random" in words
    assert "docs/kafka.md" in words
    assert metrics(worker, "watchroom_trouble") == {'kind="wrong_partition",subject=""': 1.0}
    assert offered(worker) == 1  # what comes right is counted and shown
    wait_until(
        lambda: ("pipeline_unwell", "wrong_partition") in open_alerts(worker), 20, "it is an alert"
    )
    assert worker.said("not ready: lines come in a wrong partition")
    wait_until(lambda: len(dead_letters(rig)) == 11, 20, "all letters")
    letters = {json.loads(x.raw)["id"]: x for x in dead_letters(rig)}
    assert letters["c0"].detail == (
        f'"tiny" came in partition {came} of {topic} and belongs in {right}; its key was "tiny". '
        "The key is right, its hash is not: librdkafka (C, Python's confluent-kafka, .NET, Go, "
        "Node, kcat) needs partitioner=murmur2_random. "
        "See docs/kafka.md"
    )
    assert r'its key was "a\nkey". Send it with the key "tiny"' in letters["k"].detail


# -- another topic -----------------------------------------------------------------------------


def partitions_of(rig: Rig, name: str) -> int:
    with topics.admin(rig.bootstrap) as client:
        found = topics.describe(client, [name])
    return found[name].partitions if name in found else 0


def delete(rig: Rig, name: str) -> None:
    with topics.admin(rig.bootstrap) as client:
        client.delete_topics([name])
    wait_until(lambda: partitions_of(rig, name) == 0, 20, "the topic is gone")


def make_again(rig: Rig) -> None:
    with topics.admin(rig.bootstrap) as client:
        topics.create(client, rig.prefix, PARTITIONS, 1)


def send_calls(rig: Rig, name: str, number: int) -> None:
    for n in range(number):
        rig.send("call", "tiny", lately(f"{name}{n}"))
    rig.producer.flush()


def reconnect(rig: Rig) -> None:
    """A producer that knows the topics as they are now."""
    rig.producer.close()
    rig.producer = rig.connect()


def said_as_lost(worker: Worker, topic: str) -> bool:
    """Whether the only reasons are that what was counted of the old topic is lost."""
    reasons = troubles(worker)
    return bool(reasons) and all(
        key.startswith(f"log_gap:{topic}/") and "the topic was made again by" in words
        for key, words in reasons.items()
    )


def test_a_topic_that_is_made_again_is_taken_up_and_only_published_days_of_the_old_one_stay(
    rig: Rig,
) -> None:
    worker = rig.worker()
    worker.start()
    noon = (dt.datetime.now(dt.UTC) - dt.timedelta(days=60)).replace(hour=12)
    for n in range(5):
        rig.send("call", "tiny", lines([call(f"sealed{n}", noon.isoformat())]))
    send_calls(rig, "old", 60)
    counts(worker, 60)
    topic = topics.input_topic(rig.prefix, "call")
    delete(rig, topic)
    wait_until(lambda: f"topic:{topic}" in troubles(worker), 20, "the missing topic is named")
    assert readiness(worker)[0] == 503
    words = troubles(worker)[f"topic:{topic}"]
    assert (
        f"the topic {topic} is missing. Make it again. Made with: watchroom topics create --broker "
        f"{rig.bootstrap} --prefix {rig.prefix} --partitions " in words
    )
    assert metrics(worker, "watchroom_trouble") == {f'kind="topic",subject="{topic}"': 1.0}

    make_again(rig)
    reconnect(rig)
    send_calls(rig, "new", 25)
    wait_until(lambda: offered(worker) == 25, CHANGED, "the new one is counted")
    assert said_as_lost(worker, topic)
    day = f"{noon:%Y-%m-%d}"
    shown = json.loads(worker.get(f"/board.json?force=tiny&period={day}")[1])
    assert row(shown, day, "calls", line="999")["offered"] == 5
    send_calls(rig, "more", 60)
    counts(worker, 85)
    worker.stop()
    worker.start(wait=False)
    counts(worker, 85)
    assert said_as_lost(worker, topic)


def test_a_topic_that_is_made_again_at_once_loses_nothing_of_the_new_one(rig: Rig) -> None:
    worker = rig.worker()
    worker.start()
    send_calls(rig, "old", 30)
    counts(worker, 30)
    topic = topics.input_topic(rig.prefix, "call")
    with topics.admin(rig.bootstrap) as client:
        client.delete_topics([topic])
        while True:
            try:
                client.create_topics([NewTopic(topic, PARTITIONS, 1)])
            except TopicAlreadyExistsError:
                continue
            break
    reconnect(rig)
    send_calls(rig, "new", 5)
    wait_until(lambda: offered(worker) == 5, CHANGED, "the new one is counted")
    for n in range(4):
        send_calls(rig, f"more{n}-", 5)
        counts(worker, 10 + 5 * n)


def test_a_topic_with_more_partitions_is_named_until_it_is_right(rig: Rig) -> None:
    worker = rig.worker()
    worker.start()
    send_calls(rig, "a", 20)
    counts(worker, 20)
    topic = topics.input_topic(rig.prefix, "call")
    with topics.admin(rig.bootstrap) as client:
        client.create_partitions({topic: PARTITIONS + 1})
    wait_until(lambda: f"topic:{topic}" in troubles(worker), 20, "the topic is named")
    status, told = readiness(worker)
    assert (status, told["state"]) == (503, "unwell")
    assert f"{topic} has 5 partitions, not 4. Delete it and make it again" in told["detail"]
    wait_until(lambda: ("pipeline_unwell", "topic") in open_alerts(worker), 20, "it is an alert")
    assert worker.said(f"not ready: the topic {re.escape(topic)} has 5 partitions, not 4")
    # What comes where it always came is counted; nothing else is, and each line is kept.
    home = topics.partition_of("tiny", PARTITIONS)
    reconnect(rig)
    rig.producer.send(topic, key=b"tiny", value=lately("home"), partition=home)
    rig.producer.send(topic, key=b"tiny", value=lately("away"), partition=PARTITIONS)
    rig.producer.flush()
    wait_until(lambda: len(dead_letters(rig)) == 1, 20, "it is refused")
    assert offered(worker) == 21

    delete(rig, topic)
    make_again(rig)
    reconnect(rig)
    send_calls(rig, "b", 7)
    wait_until(lambda: offered(worker) == 7, CHANGED, "all is right again")
    wait_until(lambda: said_as_lost(worker, topic), CHANGED, "and what was lost is said")

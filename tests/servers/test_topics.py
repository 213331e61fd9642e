"""The topics as they are on a real broker."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic

from streams.cli import main
from streams.kafka import brokers, topics
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["topics", *arguments])


def test_create_makes_what_check_asks_for_and_may_be_run_again(
    kafka: Kafka, topic_prefix: str
) -> None:
    where = ("--broker", kafka.bootstrap, "--prefix", topic_prefix)
    made = run("create", *where, "--partitions", "3")
    assert made.exit_code == 0, made.output
    assert made.output.count("created") == 8
    again = run("create", *where, "--partitions", "3")
    assert again.exit_code == 0
    assert "created" not in again.output
    assert run("check", *where).exit_code == 0
    listed = run("list", *where).output
    assert "calls" in listed
    assert "kept 65 days" in listed
    assert "kept 791 days" in listed


def test_check_tells_each_thing_that_is_wrong_with_its_cure(
    kafka: Kafka, topic_prefix: str
) -> None:
    prefix = topic_prefix.rstrip(".")
    with topics.admin(kafka.bootstrap) as client:
        topics.create(client, f"{prefix}-good", 2, 1)
        bad = NewTopic(
            f"{prefix}.calls",
            1,
            1,
            topic_configs={"retention.ms": "604800000", "message.timestamp.type": "CreateTime"},
        )
        client.create_topics([bad])
        client.wait_for_topics([bad.name])
    where = ("--broker", kafka.bootstrap, "--prefix", prefix)
    told = run("check", *where, "--partitions", "2")
    create = f"watchroom topics create --broker {kafka.bootstrap} --prefix {prefix}"
    assert told.exit_code == 1
    for part in (
        "has 1 partitions, not 2",
        "has retention.ms=604800000, not 5616000000",
        "has message.timestamp.type=CreateTime, not LogAppendTime",
        f"--entity-name {prefix}.calls --add-config message.timestamp.type=LogAppendTime",
        f"{prefix}.crimes is missing. Create it: {create} --partitions 2\n",
    ):
        assert part in told.output
    letters = CliRunner().invoke(main, ["deadletter", "list", *where])
    assert f"{prefix}.deadletter is missing. Create it: {create}\n" in letters.output


def test_the_board_topic_of_an_earlier_version_is_left_alone_and_named_as_unused(
    kafka: Kafka, topic_prefix: str
) -> None:
    prefix = topic_prefix.rstrip(".")
    old = f"{prefix}.board"
    with topics.admin(kafka.bootstrap) as client:
        client.create_topics([NewTopic(old, 1, 1, topic_configs={"cleanup.policy": "compact"})])
        client.wait_for_topics([old])
    where = ("--broker", kafka.bootstrap, "--prefix", prefix)
    for told in (run("create", *where, "--partitions", "2"), run("check", *where)):
        assert told.exit_code == 0, told.output
        assert f"{old} is no longer used" in told.output
    listed = run("list", *where)
    assert f"{old} is no longer used" in listed.stderr
    assert old not in listed.stdout
    with topics.admin(kafka.bootstrap) as client:
        assert old in topics.describe(client, [old])


def test_check_says_which_feeds_are_silent_and_for_how_long(
    kafka: Kafka, topic_prefix: str
) -> None:
    where = ("--broker", kafka.bootstrap, "--prefix", topic_prefix)
    stamped_by_senders(kafka, topic_prefix)
    assert "alerts" in run("create", *where, "--partitions", "2").output  # and the other topics
    now = int(time.time())
    three_hours = [now - 3 * 3600 - n * 120 for n in range(60)]
    outage = [now - 7 * 86_400 - n * 600 for n in range(10)]
    sent = {
        # Of a busy feed the newest 5,000 messages are read, here of 14 hours.
        ("incidents", "city-of-london", ""): [now - 7200 - n * 10 for n in range(5_500)],
        # Every two minutes up to three hours ago, and once not for days, which is left out.
        ("calls", "warwickshire", ""): three_hours + outage,
        ("incidents", "warwickshire", ""): [now - n * 1800 for n in range(60)],
        ("crimes", "warwickshire", ""): [now - 86_400 * n for n in range(3)],
        # An extract, which comes once a night and all at once.
        ("crimes", "west-mercia", ""): [now - 1200 - n // 50 for n in range(500)],
        # Heartbeats speak for the records of the same name.
        ("calls", "west-mercia", ""): three_hours,
        ("heartbeats", "west-mercia", "calls"): [now - n * 30 for n in range(8)],
        ("heartbeats", "west-mercia", "incidents"): [now - 600 - n * 60 for n in range(8)],
        ("heartbeats", "elsewhere", "calls"): [now],
    }
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
    for (topic, force, feed), instants in sent.items():
        line = json.dumps({"force": force, "feed": feed}).encode()
        for at in sorted(instants):
            name = f"{topic_prefix}{topic}"
            producer.send(name, key=force.encode(), value=line, timestamp_ms=at * 1000)
    producer.close()
    stamped_by_brokers(kafka, topic_prefix)

    told = run("check", *where)
    assert told.exit_code == 1
    assert without_places(told.stderr, topic_prefix) == [
        'Messages of the force "elsewhere": name its file with --force',
        (
            "SILENT calls, warwickshire, feed calls: nothing for 3 hours: "
            "its pauses are up to 10 minutes"
        ),
        (
            "SILENT heartbeats, west-mercia, feed incidents: nothing for 10 minutes: "
            "a heartbeat every 60 s"
        ),
        (
            "SILENT incidents, city-of-london, feed incidents: nothing for 2 hours: "
            "its pauses are up to 10 seconds"
        ),
    ]
    assert without_places(told.stdout, topic_prefix) == [
        "Without a message: readings",
        "crimes, warwickshire, feed crimes: last N ago; 3 messages are too few to judge by",
        (
            "crimes, west-mercia, feed crimes: last 20 minutes ago; 500 messages of less than a "
            "day are too little to judge by"
        ),
        "heartbeats, west-mercia, feed calls: last N ago; a heartbeat every 30 s",
        "incidents, warwickshire, feed incidents: last N ago; its pauses are up to 30 minutes",
        "All topics are as they should be; 3 feeds are silent.",
    ]
    assert run("check", *where, "--no-feeds").exit_code == 0


def stamped_by_senders(kafka: Kafka, prefix: str) -> None:
    """Makes the input topics so that a test can say when the brokers took a message. They are made
    so, since a broker takes up a changed setting some time after it has confirmed it."""
    names = [f"{prefix}{name}" for name in topics.INPUT_TOPICS.values()]
    settings = {"message.timestamp.type": "CreateTime"}
    with topics.admin(kafka.bootstrap) as client:
        client.create_topics([NewTopic(name, 2, 1, topic_configs=settings) for name in names])
        client.wait_for_topics(names)


def stamped_by_brokers(kafka: Kafka, prefix: str) -> None:
    """Gives the input topics the settings that they should have."""
    wanted = {topic.name: dict(topic.config) for topic in topics.wanted(prefix.rstrip("."))}
    names = [f"{prefix}{name}" for name in topics.INPUT_TOPICS.values()]
    with topics.admin(kafka.bootstrap) as client:
        kind = ConfigResourceType.TOPIC
        client.alter_configs([ConfigResource(kind, n, configs=wanted[n]) for n in names])
        wait_until(
            lambda: not any(topics.check(client, kafka.bootstrap, prefix.rstrip(".")).values()),
            20,
            "it has them",
        )


def without_places(text: str, prefix: str) -> list[str]:
    """The lines without the prefix of topics, the seconds that passed, and the cure."""
    cure = ". Look at the source system and at its link to the brokers"
    text = text.replace(prefix, "").replace(cure, "")
    return re.sub(r"last \d+ seconds? ago", "last N ago", text).splitlines()


def test_no_broker_is_told_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "BOOTSTRAP_SECONDS", 0.5)
    told = run("check", "--broker", "127.0.0.1:1")
    assert told.exit_code == 1
    assert "the Kafka brokers at 127.0.0.1:1 can't be reached" in told.output


@pytest.mark.parametrize("group", ["warwickshire-west-mercia", "city-of-london", "a", "x" * 50])
def test_the_partition_of_a_group_is_where_a_producer_puts_it(
    kafka: Kafka, topic_prefix: str, group: str
) -> None:
    name = f"{topic_prefix}calls"
    with topics.admin(kafka.bootstrap) as client:
        client.create_topics([NewTopic(name, 24, 1)])
        client.wait_for_topics([name])
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
    sent = producer.send(name, key=group.encode(), value=b"{}").get(timeout=20)
    producer.close()
    assert sent.partition == topics.partition_of(group, 24)


def test_a_missing_replica_is_told(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> None:
    told = run(
        "create", "--broker", kafka.bootstrap, "--prefix", topic_prefix, "--replication-factor", "9"
    )
    assert told.exit_code == 1
    assert "Name a smaller --replication-factor" in told.output

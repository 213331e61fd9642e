"""The topics as they are on a real broker."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaProducer
from kafka.admin import NewTopic

from streams.cli import main
from streams.kafka import brokers, topics
from tests.servers.kafka import Kafka


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
    assert told.exit_code == 1
    for part in (
        "has 1 partitions, not 2",
        "has retention.ms=604800000, not 5616000000",
        "has message.timestamp.type=CreateTime, not LogAppendTime",
        f"--entity-name {prefix}.calls --add-config message.timestamp.type=LogAppendTime",
        f"{prefix}.crimes is missing",
    ):
        assert part in told.output


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

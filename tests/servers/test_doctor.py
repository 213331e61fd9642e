"""`watchroom doctor` beside a real broker: each thing that is broken is named with its cure."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import CoordinatorNotAvailableError, NoError
from kafka.structs import OffsetAndMetadata

from streams.board.monitor import Shard
from streams.cli import main
from streams.doctor import instances
from streams.kafka import brokers, topics
from streams.state.checkpoint import Checkpoint
from streams.state.snapshot import Identity, Snapshot
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until


def run(*options: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *options])


class Told(NamedTuple):
    """What the doctor said."""

    code: int
    findings: list[dict[str, Any]]
    verdicts: dict[str, str]

    def about(self, subject: str, words: str) -> dict[str, Any]:
        """The finding of a subject in whose problem some words stand."""
        found = [x for x in self.findings if x["subject"] == subject and words in x["problem"]]
        assert len(found) == 1, json.dumps(self.findings, indent=1)
        return found[0]


def examined(*options: str) -> Told:
    result = run(*options, "--json")
    said = json.loads(result.output)
    findings = [each for check in said["checks"] for each in check["findings"]]
    return Told(result.exit_code, findings, {x["check"]: x["verdict"] for x in said["checks"]})


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "BOOTSTRAP_SECONDS", 0.5)
    monkeypatch.setattr(instances, "LOOKS", 1)


class Installation:
    """Topics of its own that are as they should be, and what breaks them."""

    def __init__(self, kafka: Kafka, prefix: str) -> None:
        self.bootstrap, self.prefix = kafka.bootstrap, prefix.rstrip(".")
        self.options = ("--broker", kafka.bootstrap, "--prefix", self.prefix, "--group", prefix)
        self.group = prefix
        self.producer = KafkaProducer(bootstrap_servers=kafka.bootstrap)
        with topics.admin(self.bootstrap) as client:
            topics.create(client, self.prefix, 2, 1)

    def topic(self, kind: str) -> str:
        return topics.input_topic(self.prefix, kind)

    def send(self, topic: str, number: int) -> None:
        for _ in range(number):
            self.producer.send(topic, key=b"tiny", value=b"{}", partition=0)
        self.producer.flush()

    def acknowledge(self, topic: str, offset: int) -> None:
        """As a worker that has counted the first partition up to there, and has gone."""
        with topics.admin(self.bootstrap) as client:
            at = {TopicPartition(topic, 0): OffsetAndMetadata(offset, "", None)}
            wait_until(lambda: self._altered(client, at), 10, "there is a group")

    def _altered(self, client: Any, at: dict[TopicPartition, OffsetAndMetadata]) -> bool:
        """Whether it could be done: brokers that never had a group make their topic of it first."""
        try:
            done = client.alter_group_offsets(self.group, at)
        except CoordinatorNotAvailableError:
            return False
        return all(error is NoError for error in done.values())

    @contextmanager
    def member(self, instance: str) -> Iterator[None]:
        """A member of the group, in a thread that beats for it."""
        consumer = KafkaConsumer(
            self.topic("heartbeat"),
            bootstrap_servers=self.bootstrap,
            group_id=self.group,
            group_instance_id=instance,
            enable_auto_commit=False,
        )
        try:
            while not consumer.assignment():
                consumer.poll(timeout_ms=200)
            yield
        finally:
            consumer.close()


@pytest.fixture
def installed(kafka: Kafka, topic_prefix: str) -> Iterator[Installation]:
    made = Installation(kafka, topic_prefix)
    yield made
    made.producer.close()


def checkpoint(folder: Path, installed: Installation, topic_id: str, offset: int) -> None:
    """A worker's checkpoint of the calls."""
    topic = installed.topic("call")
    made = Checkpoint(
        folder / f"{topic}-0.sqlite", Identity("c", topic, topic_id, 0, "mark", (), 1, "me")
    )
    Shard("call", [])
    made.save(Snapshot(offset))
    made.close()


def topic_id(installed: Installation) -> str:
    with topics.admin(installed.bootstrap) as client:
        return topics.describe(client, [installed.topic("call")])[installed.topic("call")].id


def test_an_installation_in_which_all_is_well_ends_with_0(
    installed: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in os.environ if each.startswith("WATCHROOM_")]:
        monkeypatch.delenv(name)  # such as those that tell the tests where things are
    tmp_path.chmod(0o700)
    checkpoint(tmp_path, installed, topic_id(installed), -1)
    for path in tmp_path.iterdir():
        path.chmod(0o600)
    with installed.member("worker-1"):
        result = run(*installed.options, "--checkpoints", str(tmp_path), "--force", "warwickshire")
    assert result.exit_code == 0, result.output
    assert "topics                       well       8 topics" in result.output
    assert "Nothing is wrong; " in result.output


def test_topics_that_are_not_as_they_should_be_are_named_with_their_cures(
    installed: Installation,
) -> None:
    with topics.admin(installed.bootstrap) as client:
        client.delete_topics([installed.topic(x) for x in ("crime", "incident", "reading")])
        wrong = [
            NewTopic(installed.topic("incident"), 3, 1),
            NewTopic(
                installed.topic("reading"),
                2,
                1,
                topic_configs={"cleanup.policy": "compact", "message.timestamp.type": "CreateTime"},
            ),
        ]
        names = [each.name for each in wrong]
        for _ in range(100):
            if not topics.describe(client, [*names, installed.topic("crime")]):
                break
        client.create_topics(wrong)
        client.wait_for_topics(names)
    told = examined(*installed.options)
    assert told.code == 1
    assert told.verdicts["topics"] == "wrong"
    missing = told.about(installed.topic("crime"), "is missing")
    assert missing["cure"] == (
        f"watchroom topics create --broker {installed.bootstrap} --prefix {installed.prefix} "
        "--partitions 2"
    )
    repartitioned = told.about(installed.topic("incident"), "has 3 partitions, not 2")
    assert "delete and create it anew" in repartitioned["cure"]
    short = told.about(installed.topic("incident"), "has retention.ms=604800000, not 5616000000")
    assert "--add-config retention.ms=5616000000" in short["cure"]
    compacted = told.about(installed.topic("reading"), "has cleanup.policy=compact, not delete")
    assert "--add-config cleanup.policy=delete" in compacted["cure"]
    stamped = told.about(installed.topic("reading"), "message.timestamp.type=CreateTime")
    assert "--add-config message.timestamp.type=LogAppendTime" in stamped["cure"]


def test_gaps_lag_refused_lines_and_a_group_without_workers_are_named_with_their_cures(
    installed: Installation, tmp_path: Path
) -> None:
    calls, incidents = installed.topic("call"), installed.topic("incident")
    installed.send(calls, 30)
    installed.send(incidents, 1200)
    installed.acknowledge(calls, 5)
    installed.acknowledge(incidents, 10)
    with topics.admin(installed.bootstrap) as client:
        client.delete_records({TopicPartition(calls, 0): 25, TopicPartition(incidents, 0): 15})
    for n in range(40):
        refused = [("origin", b"x/%d" % n), ("reason", b"unknown_line"), ("kind", b"call")]
        installed.producer.send(f"{installed.prefix}.deadletter", b"{}", headers=refused)
    installed.producer.flush()
    checkpoint(tmp_path, installed, topic_id(installed), 17)
    told = examined(*installed.options, "--checkpoints", str(tmp_path))
    assert told.code == 1
    gap = told.about(f"{calls}/0", "the log lost up to 7 messages (offsets 18 to 24) before they")
    assert gap["cure"].startswith("Have the source send the records of that time again")
    assert "watchroom topics check" in gap["cure"]
    by_group = told.about(f"{incidents}/0", "the log lost up to 5 messages (offsets 10 to 14)")
    assert by_group["cure"] == gap["cure"]
    nobody = told.about(installed.group, "no worker is in the group: nothing is counted")
    assert nobody["cure"].startswith(f"watchroom worker --broker {installed.bootstrap}")
    behind = told.about(incidents, "messages are not counted, 1,185 of them here")
    assert "start another worker in the same --group" in behind["cure"]
    letters = told.about("call", "40 lines were refused in the last 15 minutes: unknown_line")
    assert letters["cure"].startswith("watchroom deadletter list --reason unknown_line")


def test_a_topic_made_again_and_a_log_that_is_shorter_are_named_with_their_cures(
    installed: Installation, tmp_path: Path
) -> None:
    checkpoint(tmp_path, installed, "another", 17)
    told = examined(*installed.options, "--checkpoints", str(tmp_path))
    again = told.about(f"{installed.topic('call')}/0", "the topic was made again since")
    assert again["cure"].endswith("Send again what the old one had: watchroom publish")
    other = tmp_path / "other"
    other.mkdir()
    checkpoint(other, installed, topic_id(installed), 17)
    told = examined(*installed.options, "--checkpoints", str(other))
    shorter = told.about(f"{installed.topic('call')}/0", "up to offset 17, and the log ends at 0")
    assert shorter["cure"].startswith("Start the worker: it sets its checkpoint aside")


def test_brokers_that_do_not_answer_are_named_and_stop_no_other_check(tmp_path: Path) -> None:
    told = examined("--broker", "127.0.0.1:1", "--checkpoints", str(tmp_path / "none"))
    assert told.code == 1
    unreached = told.about("127.0.0.1:1", "can't be reached")
    assert "Check that they run, and the address" in unreached["cure"]
    assert told.verdicts["topics"] == "unknown"
    assert told.about(str(tmp_path / "none"), "there is no such folder")["cure"].startswith("mkdir")


def test_two_workers_under_one_id_are_named_with_their_cure(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instances, "LOOKS", 3)
    takes_over = iter([installed.member("copied") for _ in range(3)])
    held = []

    def come(_: float) -> None:
        held.append(next(takes_over))
        held[-1].__enter__()

    monkeypatch.setattr(instances, "sleep", come)
    come(0)
    try:
        told = examined(*installed.options)
    finally:
        for each in held:
            each.__exit__(None, None, None)
    twice = told.about("copied", "two workers have this --instance-id")
    assert "a --checkpoints folder of its own" in twice["cure"]

"""Putting a backup into topics: what it has counts from then on, and the largest panes fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from kafka import KafkaProducer

from streams.alerts.model import Transition, decode, encode
from streams.errors import KafkaError
from streams.kafka import producer, topic_backup
from streams.kafka.topic_backup import BackupTopics
from streams.kafka.topics import INPUT_TOPICS, Found
from streams.state.backup import Backup, BackupEntry, BackupHead, generation_above, write
from streams.state.sqlite import connect_beside, head_of
from tests.build import tiny_force
from tests.state_files import alert_facts

FORCE = tiny_force()
FIRST, SECOND = [each for each in alert_facts() if isinstance(each, Transition)][:2]


class Topics:
    """Topics as a client of their brokers sees them."""

    def __init__(self, alerts: Iterable[bytes] = ()) -> None:
        self.alerts = list(alerts)
        self.settings: dict[str, Any] = {}
        self.sent: list[tuple[str, bytes]] = []
        self.unanswered = self.most_unanswered = 0

    def connected(self, kind: type, _: str, **settings: Any) -> Any:
        assert kind is KafkaProducer
        self.settings = settings
        return SimpleNamespace(send=self._send)

    def _send(self, topic: str, *, key: bytes, value: bytes, partition: int) -> Any:
        assert (key, partition) != (b"", -1)
        self.sent.append((topic, value))
        self.unanswered += len(value)
        self.most_unanswered = max(self.most_unanswered, self.unanswered)

        def get(timeout: float) -> None:
            assert timeout
            self.unanswered -= len(value)

        return SimpleNamespace(get=get)

    @contextmanager
    def reader(self, _: str) -> Iterator[Any]:
        yield SimpleNamespace(partitions_for_topic=lambda _: {0})

    def whole(self, *_: Any) -> Iterator[Any]:
        return (SimpleNamespace(value=value) for value in self.alerts)


@contextmanager
def _as_it_is(found: Any, *_: Any) -> Iterator[Any]:
    yield found


def restored(
    topics: Topics, entries: list[BackupEntry], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, bytes]]:
    """What is sent of a backup."""
    monkeypatch.setattr(topic_backup, "connected", topics.connected)
    monkeypatch.setattr(topic_backup, "in_use", _as_it_is)
    monkeypatch.setattr(topic_backup, "reader", topics.reader)
    monkeypatch.setattr(topic_backup, "whole", topics.whole)
    monkeypatch.setattr("streams.kafka.topics.admin", _as_it_is)
    there = {name: Found(name, "", 1, 1) for name in ("w.alerts", "w.published")}
    monkeypatch.setattr(BackupTopics, "_describe", lambda *_: there)
    file = folder / "force.backup"
    write(file, BackupHead(1, "", ""), entries, lambda _: None)
    BackupTopics("b:1", "w", "w", {FORCE.id: FORCE}).put(Backup(file), lambda _: None)
    return topics.sent


def of_generation(fact: Transition, generation: int) -> bytes:
    return encode(msgspec.structs.replace(fact, generation=generation))


def test_what_is_restored_counts_before_all_that_the_topic_has_of_the_same_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Topics([of_generation(SECOND, 3), b"no json", of_generation(FIRST, 7)])
    entry = BackupEntry("alerts", FORCE.id, FIRST.key, of_generation(FIRST, 2))
    ((topic, value),) = restored(held, [entry], tmp_path, monkeypatch)
    assert topic == "w.alerts"
    assert decode(value) == msgspec.structs.replace(FIRST, generation=8)


def test_what_is_restored_into_an_empty_topic_is_before_any_worker_s() -> None:
    assert generation_above([]) == 0


def test_a_pane_that_fits_only_compressed_is_sent_as_a_worker_sends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics, pane = Topics(), b"[" + b"0," * (5 << 20) + b"0]"
    entry = BackupEntry("published", FORCE.id, f"{FORCE.id}/call/day/0", pane)
    assert restored(topics, [entry], tmp_path, monkeypatch) == [("w.published", pane)]
    assert topics.settings["compression_type"] == "gzip"
    assert topics.settings["max_request_size"] == producer.LARGEST > len(pane)


def test_no_more_is_under_way_than_fits_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_backup, "MOST_UNANSWERED", 250)
    topics = Topics()
    entries = [BackupEntry("published", FORCE.id, f"{n}", bytes(100)) for n in range(10)]
    assert len(restored(topics, entries, tmp_path, monkeypatch)) == 10
    assert (topics.most_unanswered, topics.unanswered) == (300, 0)


def test_what_detectors_learned_goes_to_the_topics_of_the_force_s_own_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["w.alerts", "w.published", *(f"a.{name}" for name in INPUT_TOPICS.values())]
    there = {name: Found(name, "id", 1, 1) for name in names}
    client = SimpleNamespace(describe_cluster=lambda: {"cluster_id": "c"})
    monkeypatch.setattr("streams.kafka.topics.admin", lambda _: _as_it_is(client))
    monkeypatch.setattr("streams.kafka.topics.describe", lambda *_: there)
    entry = BackupEntry("learned", FORCE.id, "calls/series", b"learned")
    file = tmp_path / "force.backup"
    write(file, BackupHead(1, "", ""), [entry], lambda _: None)
    target = BackupTopics("b:1", "w", "w", {FORCE.id: FORCE}, (f"a={FORCE.id}",))
    target.put_learned(Backup(file), tmp_path / "checkpoints", lambda _: None)
    (path,) = (tmp_path / "checkpoints").glob("*.sqlite")
    with closing(connect_beside(path)) as db:
        assert head_of(db).topic == "a.calls"


def test_a_topic_of_a_prefix_that_is_missing_is_said_with_the_command_that_makes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "streams.kafka.topics.describe", lambda *_: {"w.alerts": None, "w.published": None}
    )
    target = BackupTopics("b:1", "w", "w", {FORCE.id: FORCE}, ("a=tiny",))
    with pytest.raises(KafkaError, match=r"a\.\w+ is missing.* --prefix w --topic-prefix a=tiny$"):
        target._describe(None)

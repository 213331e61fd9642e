"""What the publisher does where a stop breaks in."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.kafka import brokers
from streams.kafka.publisher import Publisher
from streams.sources.event_lines import in_chunks
from streams.sources.stops import Stopped
from tests.build import call, lines, ms, tiny_force

AT = "2024-03-31T00:30:00Z"


class Acknowledged:
    """A message that the brokers took."""

    def add_callback(self, noted: Callable[..., None], *arguments: object) -> None:
        noted(*arguments, None)

    def add_errback(self, *_: object) -> None:
        pass


class StoppedOnce:
    """A producer that is broken off by a stop as it takes its first message."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.tried = 0

    def send(self, _topic: str, value: bytes, key: bytes) -> Acknowledged:
        self.tried += 1
        if self.tried == 1:
            raise Stopped(signal.SIGINT)
        self.sent.append(value)
        return Acknowledged()

    def flush(self, timeout: float) -> None:
        pass

    def close(self, timeout: float) -> None:
        pass


def test_lines_that_a_stop_kept_from_being_sent_are_sent_by_the_next_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    force, producer = tiny_force(), StoppedOnce()
    monkeypatch.setattr(brokers, "await_brokers", lambda _: None)
    monkeypatch.setattr(brokers, "connected", lambda *_, **__: producer)
    limits: Any = lambda *_: {"test.calls": 1_000_000}  # noqa: E731
    monkeypatch.setattr(Publisher, "_ask_limits", limits)
    line = lines([call("c1", AT)])
    with Publisher("a:1", "test", {force.id: force}, dead_letters=tmp_path / "no") as sender:
        for chunk in in_chunks([(ms(AT), line)], "made up"):
            sender.take(chunk)
        with pytest.raises(Stopped):
            sender.finish()
        sender.finish()
        sender.finish()
        assert producer.sent == [line]
        assert sender.counts.sent == {"call": 1}

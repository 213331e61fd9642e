"""A real worker that counts for long: it says so, answers meanwhile, and ends when it is asked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.periods import DAY, HOUR, rfc3339
from tests.build import TINY_FORCE, incident, lines, ms
from tests.servers.kafka import Kafka
from tests.servers.process import PATIENCE, wait_until
from tests.servers.rig import Rig, Worker, rigged

MOST = 5.0 * PATIENCE
"""Seconds in which a process ends that is asked to, where it had minutes of work left."""


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        file = made.folder / "tiny.toml"
        file.write_text(TINY_FORCE)
        made.forces = ["--force", str(file)]
        yield made


def minutes_of_work() -> bytes:
    """A message of which each line closes all hours of a month that may be quiet."""
    first = ms("1995-01-02T00:00:00Z")
    return lines(incident(f"i{n}", rfc3339(first + n * 30 * DAY)) for n in range(300))


def state(worker: Worker) -> tuple[int, dict[str, Any]]:
    """What `/readyz` says; it always answers at once."""
    begun = time.monotonic()
    status, body = worker.get("/readyz")
    assert time.monotonic() - begun < 2 * PATIENCE
    return status, json.loads(body) if body else {}


def ends(worker: Worker) -> float:
    """Asks a worker to end; how long that takes."""
    begun = time.monotonic()
    worker.stop()
    return time.monotonic() - begun


def test_a_worker_that_closes_periods_for_long_is_behind_and_ends_when_it_is_asked(
    rig: Rig,
) -> None:
    worker = rig.worker("worker", "--every", "0.3")
    worker.start()
    rig.send("incident", "tiny", lines([incident("before", "1994-12-01T00:00:00Z")]))
    rig.send("incident", "tiny", minutes_of_work())
    rig.producer.flush()
    wait_until(lambda: state(worker)[0] == 503, 20, "it is not ready")
    assert state(worker)[1]["state"] == "behind"
    assert state(worker)[1]["detail"].startswith("figures may be behind: ")
    assert ends(worker) < MOST
    assert worker.said("stopped; all that was counted is in the checkpoints")


def test_a_worker_that_reads_back_for_long_ends_when_it_is_asked(rig: Rig) -> None:
    rig.send("incident", "tiny", lines([incident("before", "1994-12-01T00:00:00Z")]))
    rig.send("incident", "tiny", minutes_of_work())
    rig.producer.flush()
    worker = rig.worker("worker", "--every", "0.3")
    worker.start(wait=False)
    wait_until(lambda: state(worker)[1].get("state") == "recovering", 30, "it reads back")
    begun = time.monotonic()
    while time.monotonic() - begun < 3:
        assert state(worker)[0] == 503
    assert ends(worker) < MOST


def test_an_event_of_today_after_a_topic_of_years_ago_is_counted_at_once(rig: Rig) -> None:
    worker = rig.worker("worker", "--every", "0.3")
    worker.start()
    old = ms("2022-01-03T00:00:00Z")
    rig.send(
        "incident", "tiny", lines(incident(f"o{n}", rfc3339(old + n * HOUR)) for n in range(700))
    )
    today = time.time_ns() // 1_000_000 - HOUR
    rig.send("incident", "tiny", lines([incident("new", rfc3339(today))]))
    rig.producer.flush()

    def counted() -> bool:
        board = worker.board("tiny", today)
        return bool(board) and board["ingest"]["incident"]["new"] == 701

    wait_until(counted, 90, "both are counted")
    wait_until(worker.ready, 60, "it is ready")

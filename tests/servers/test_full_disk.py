"""A worker whose disk is full while partitions move: it stays, says so, and loses nothing."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import events
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until
from tests.servers.rig import Rig, Worker, halves, rigged


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        yield made


def let_files_grow(worker: Worker, to: int) -> None:
    """No file of the worker can grow beyond so many bytes, as on a disk that is full."""
    _, most = resource.prlimit(worker.server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(worker.server.pid, resource.RLIMIT_FSIZE, (to, most))


def reasons(worker: Worker) -> dict[str, str]:
    """Why it is not ready, by code."""
    _, body = worker.get("/readyz")
    return {each["code"]: each["problem"] for each in json.loads(body or b"{}").get("reasons", ())}


def test_partitions_that_move_while_the_disk_is_full_end_no_worker(rig: Rig) -> None:
    every = events.events(300)
    first, second = halves(events.messages(every))
    worker = rig.worker("one", "--instance-id", "one")
    worker.start()
    rig.publish(first)
    wait_until(worker.ready, 40, "the first half is counted")
    let_files_grow(worker, 0)
    rig.publish(second)
    wait_until(lambda: "disk" in reasons(worker), 40, "it says that its disk is full")
    other = rig.worker("two", "--instance-id", "two")
    other.start(wait=False)
    wait_until(lambda: other.get("/readyz")[0] != 0, 60, "another has come, and partitions move")
    wait_until(lambda: "disk" in reasons(worker), 20, "and the first one is still there")
    let_files_grow(worker, resource.RLIM_INFINITY)
    wait_until(lambda: worker.ready() and other.ready(), 60, "both are ready once there is room")
    assert worker.server.running
    rig.shows(events.boards(every))
    assert list(worker.checkpoints.glob("*.damaged-*")) == []

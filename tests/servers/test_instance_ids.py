"""Two workers under one instance id do not throw each other out for ever."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build import TINY_FORCE, call, lines
from tests.servers.kafka import Kafka
from tests.servers.process import PATIENCE, wait_until
from tests.servers.rig import Rig, Worker, rigged

NAME = ("--instance-id", "one")


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        file = made.folder / "tiny.toml"
        file.write_text(TINY_FORCE)
        made.forces = ["--force", str(file)]
        yield made


def joined(worker: Worker) -> int:
    """How often it was given partitions."""
    return len(worker.said(r"ready: \d+ partitions"))


def test_a_worker_whose_name_is_taken_ends_and_one_that_was_killed_is_back_within_10_seconds(
    rig: Rig,
) -> None:
    first, copied = rig.worker("first", *NAME), rig.worker("copied", *NAME)
    first.start()
    ended = subprocess.run(
        copied.server.command,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 3
    assert ended.stderr.decode().splitlines()[-1] == (
        "Error: another worker runs from 127.0.0.1 under the same instance id one. Give each "
        "worker an --instance-id and a --checkpoints folder of its own. This one has not joined "
        "the group, and ends"
    )
    assert first.ready()
    assert joined(first) == 1
    first.kill()
    begun = time.monotonic()
    first.start()
    assert time.monotonic() - begun < 10 * PATIENCE
    # Its folder says that it was this worker itself.
    assert not first.said("waiting for up to")


def test_a_worker_that_is_thrown_out_says_so_and_comes_back_once_the_other_has_gone(
    rig: Rig,
) -> None:
    first, copied = rig.worker("first", *NAME), rig.worker("copied", *NAME)
    first.start()
    # As of a machine that was copied while it ran: its folder says that the name is its own.
    copied.checkpoints.mkdir()
    shutil.copy(first.checkpoints / "member", copied.checkpoints / "member")
    copied.start()
    wait_until(lambda: b"under the same instance id one" in first.get("/readyz")[1], 15, "it says")
    status, body = first.get("/readyz")
    assert (status, json.loads(body)["state"]) == (503, "recovering")
    assert joined(first) == joined(copied) == 1
    rig.send("call", "tiny", lines([call()]))
    wait_until(lambda: 1 in rig.committed().values(), 15, "what came since is acknowledged")
    assert copied.ready()
    assert b"under the same instance id one" in first.get("/readyz")[1]
    assert joined(first) == joined(copied) == 1
    copied.stop()
    wait_until(first.ready, 20, "it has its place again")
    assert joined(first) == 2

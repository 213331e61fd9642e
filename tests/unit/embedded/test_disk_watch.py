"""A monitor without Kafka whose disk is full."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from streams.embedded.disk_watch import DiskWatch
from streams.live import Health
from tests.servers.process import wait_until


def test_a_full_disk_makes_not_ready_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    health = Health(state="live")
    watch = DiskWatch(health, tmp_path, every=0.01)
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        watch.start()
        wait_until(lambda: not health.ready, 5, "it is noted")
        (reason,) = health.reasons
        assert (reason.code, reason.problem) == (
            "disk", f"{tmp_path}: can't be written: No space left on device",
        )  # fmt: skip
    wait_until(lambda: health.ready, 5, "it is over")
    watch.stop()

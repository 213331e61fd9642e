"""Which processes have a file locked."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.state import holders as module
from streams.state.holders import holders


def test_a_process_that_has_another_file_of_the_same_number_is_not_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / "alerts.db"
    locks = tmp_path / "locks"
    monkeypatch.setattr(module, "LOCKS", locks)
    with (
        ours.open("w") as file,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as other,
    ):
        fcntl.lockf(file, fcntl.LOCK_EX)
        inode = ours.stat().st_ino
        # The second is of another file system, where a file has the same number by chance.
        lines = [
            f"{n}: POSIX ADVISORY WRITE {pid} 00:99:{inode} 0 EOF"
            for n, pid in enumerate((os.getpid(), other.pid))
        ]
        locks.write_text("\n".join(lines) + "\n")
        (named,) = holders(ours, own=True)
        other.communicate(b"\n")
    assert named.startswith(f"the process {os.getpid()} (")

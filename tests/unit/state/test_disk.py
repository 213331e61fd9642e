"""Whether a folder can be written, and how much room there is."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from streams.state import disk
from streams.state.disk import Disk


def test_a_folder_that_can_be_written_has_room_and_is_left_as_it_was(tmp_path: Path) -> None:
    found = disk.measure(tmp_path)
    assert found.error == ""
    assert 0 < found.free <= found.total
    assert list(tmp_path.iterdir()) == []
    assert disk.words_of(tmp_path, found) == ""


def test_a_full_disk_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    found = disk.measure(tmp_path)
    assert found.error == "No space left on device"
    assert disk.words_of(tmp_path, found).startswith(
        f"{tmp_path}: can't be written: No space left on device. Make room there, or mend the disk "
    )


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    assert disk.measure(tmp_path / "none") == Disk(0, 0, "No such file or directory")


def test_little_room_is_told_before_the_disk_is_full() -> None:
    assert disk.words_of(Path("/var"), Disk(50 << 20, 1 << 40)) == (
        "the disk of /var has 50 MB free, less than 200 MB. Make room there: once it is full "
        "nothing is saved"
    )

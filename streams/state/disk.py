"""Whether a folder can be written, and how much room its disk has.

Room is not enough to go by: a disk may be mounted to be read only, a quota be used up, or no file
be left for a name. So a little is written, and deleted again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

LEAST_FREE = 200 << 20
"""Bytes that should be free: a few times what a checkpoint writes before it folds its log in."""
PROBE = 64 << 10
"""Bytes that are written as a trial."""


class Disk(NamedTuple):
    """What was found; sizes in bytes."""

    free: int
    total: int
    error: str = ""
    """Why nothing can be written; empty where it can."""


def measure(folder: Path) -> Disk:
    """Looks once. Never raises: what is wrong is what is to be found out."""
    free = total = 0
    try:
        usage = shutil.disk_usage(folder)
        free, total = usage.free, usage.total
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe-") as probe:
            probe.write(bytes(PROBE))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return Disk(free, total, error.strerror or str(error))
    return Disk(free, total)


def words_of(folder: Path, disk: Disk | None) -> str:
    """What is wrong with a folder: the problem, its cure, more; a sentence each. Empty where
    nothing is."""
    if disk is not None and disk.error:
        return (
            f"{folder}: can't be written: {disk.error}. Make room there, or mend the disk and "
            "its permissions. Counting goes on, nothing is acknowledged, and saving is tried every "
            "second"
        )
    if disk is not None and disk.free < LEAST_FREE:
        return (
            f"the disk of {folder} has {megabytes(disk.free)} free, less than "
            f"{megabytes(LEAST_FREE)}. Make room there: once it is full nothing is saved"
        )
    return ""


def megabytes(size: int) -> str:
    """`200 MB`, of 1,048,576 bytes each."""
    return f"{size >> 20:,} MB"

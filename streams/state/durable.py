"""That a file is on the disk, under its name, when a call returns.

What is written is safe from a loss of power only once its file is synchronised, and a file that was
made or renamed keeps its name only once its folder is.
"""

from __future__ import annotations

import os
from pathlib import Path


def synchronise(path: Path) -> None:
    """Has a file's content, or a folder's names, written through to the disk; raises `OSError`."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

"""Files and folders that only their owner may read: what is kept may say who people are.

What a user names as the place of an answer (a report, a table, a chart) is none of these: who may
read it is for the user to say (`umask`).
"""

from __future__ import annotations

import logging
import stat
from pathlib import Path

log = logging.getLogger("watchroom.private")

FILE, FOLDER = 0o600, 0o700
OTHERS = 0o077
"""What others than the owner may do."""


def private_folder(path: Path) -> None:
    """Makes a folder, or closes one that is there to others; raises `OSError`.

    One that all may write to, as `/tmp`, stays as it is: the files in it are private.
    """
    if not path.is_dir():
        path.mkdir(FOLDER, parents=True, exist_ok=True)
    elif not path.stat().st_mode & stat.S_ISVTX:
        _close_to_others(path)


def private_file(path: Path) -> None:
    """Makes an empty file, or closes one that is there to others; raises `OSError`. What is there
    and no file, as `/dev/null`, stays as it is."""
    if not path.exists():
        path.touch(FILE)
    elif path.is_file():
        _close_to_others(path)


def private_database(path: Path) -> None:
    """The same of a file of SQLite's and what it keeps beside it, which takes over the mode of the
    file where SQLite makes it."""
    private_file(path)
    for tail in ("-wal", "-shm"):
        if (beside := path.with_name(path.name + tail)).exists():
            _close_to_others(beside)


def _close_to_others(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & OTHERS:
        return
    try:
        path.chmod(mode & ~OTHERS)
    except PermissionError:
        log.warning(
            "%s may be read by others (mode %04o) and belongs to somebody else: have its owner "
            "close it (chmod %04o)", path, mode, mode & ~OTHERS,
        )  # fmt: skip
    else:
        log.warning(
            "%s could be read by others (mode %04o): from now on only by its owner (%04o)",
            path, mode, mode & ~OTHERS,
        )  # fmt: skip

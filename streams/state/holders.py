"""Which processes have a file locked, as far as the machine says so (Linux: `/proc/locks`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

LOCKS, PROCESSES = Path("/proc/locks"), Path("/proc")


def holders(path: Path, *, own: bool = False) -> list[str]:
    """The other processes that have locked a file, or what SQLite keeps beside it, in words; empty
    where that can't be known. With `own` this one is named too."""
    found: dict[int, str] = {}
    for tail in ("", "-shm", "-wal"):
        for pid in _pids(path.with_name(path.name + tail)):
            if own or pid != os.getpid():
                found[pid] = _in_words(pid)
    return list(found.values())


def _pids(path: Path) -> Iterator[int]:
    try:
        inode, lines = path.stat().st_ino, LOCKS.read_text().splitlines()
    except OSError:
        return
    for line in lines:  # 1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF
        fields = line.replace("-> ", "").split()
        if len(fields) > 5 and fields[5].rpartition(":")[2] == str(inode):
            yield int(fields[4])


def _in_words(pid: int) -> str:
    try:
        command = (PROCESSES / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return f"the process {pid}"
    said = b" ".join(command).decode(errors="replace").strip()
    return f"the process {pid} ({said[:60]})" if said else f"the process {pid}"

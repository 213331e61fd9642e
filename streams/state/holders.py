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
        file, lines = path.stat(), LOCKS.read_text().splitlines()
    except OSError:
        return
    for line in lines:  # 1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF
        fields = line.replace("-> ", "").split()
        if len(fields) > 5 and fields[5].rpartition(":")[2] == str(file.st_ino):
            pid = int(fields[4])
            if _has_open(pid, file, fields[5]):
                yield pid


def _has_open(pid: int, file: os.stat_result, place: str) -> bool:
    """Whether a process has this very file open: each file system has inodes of the same numbers.
    Where that may not be seen, the device that the lock names decides, though some file systems
    name another there than for the file."""
    try:
        opened = list((PROCESSES / str(pid) / "fd").iterdir())
    except OSError:
        device = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}"
        return place.rpartition(":")[0] == device
    return any(_is_same(each, file) for each in opened)


def _is_same(link: Path, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(link.stat(), file)
    except OSError:  # closed meanwhile
        return False


def _in_words(pid: int) -> str:
    try:
        command = (PROCESSES / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return f"the process {pid}"
    said = b" ".join(command).decode(errors="replace").strip()
    return f"the process {pid} ({said[:60]})" if said else f"the process {pid}"

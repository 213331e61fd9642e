"""What an embedded monitor accepted over HTTP, on disk, so that it is still there after a restart.

A file a kind and day of arrival (`call-2026-03-01.ndjson`) in a folder that one process has. Lines
are appended and synchronised before they are answered. A file is removed once all that is in it
lies further back than records of its kind may be revised, and a month; readings stay.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from streams.errors import CheckpointError
from streams.periods import DAY
from streams.private import private_file, private_folder
from streams.registry.registry import REGISTRY
from streams.sources.clock import wall_clock
from streams.state.durable import synchronise

MARGIN = 30
"""Days that a file stays beyond the horizon of its kind."""
DAYS_KEPT: dict[str, int | None] = {
    **{name: kind.horizon // DAY + MARGIN for name, kind in REGISTRY.kinds.items()},
    "heartbeat": MARGIN,
    "reading": None,
}


MOST_TORN = 64 << 20
"""Bytes at the end of a file that are looked through for its last whole line: more than one request
holds."""


class Journal:
    """The journal in a folder; raises `CheckpointError` where it can't be had."""

    def __init__(self, folder: Path, clock: Callable[[], int] = wall_clock) -> None:
        self.folder, self._clock = folder, clock
        self._made: dict[str, Path] = {}
        """The file of each kind whose name is surely on the disk."""
        try:
            private_folder(folder)
            private_file(folder / "lock")
            self._lock = (folder / "lock").open("a")
        except OSError as error:
            raise CheckpointError(f"{folder} can't be used: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise CheckpointError(
                f"{folder} is another process's: end that, or name another folder with --state"
            ) from None
        for path in self.files():
            _cut_torn_end(path)

    def close(self) -> None:
        """Lets the folder go."""
        self._lock.close()

    def files(self) -> list[Path]:
        """The files, oldest first; those that are past their time are removed."""
        today, kept = self._today(), []
        for path in sorted(self.folder.glob("*-*-*-*.ndjson"), key=lambda each: each.stem[-10:]):
            days = DAYS_KEPT.get(path.stem[:-11], 0)
            if days is not None and today - dt.date.fromisoformat(path.stem[-10:]) > dt.timedelta(
                days
            ):
                path.unlink()
            else:
                kept.append(path)
        return kept

    def append(self, lines: Iterable[tuple[str, bytes]]) -> None:
        """Writes lines, each with its kind; they are on disk when it returns. Raises `OSError`, and
        nothing of a file in which not all could be written stays."""
        by_kind: dict[str, list[bytes]] = {}
        for kind, line in lines:
            by_kind.setdefault(kind, []).append(line)
        day = self._today().isoformat()
        for kind, held in by_kind.items():
            path = self.folder / f"{kind}-{day}.ndjson"
            if self._made.get(kind) != path or not path.exists():
                private_file(path)
                self.files()  # a new day: what is past its time goes
                synchronise(self.folder)
                self._made[kind] = path
            _append(path, b"\n".join(held) + b"\n")

    def _today(self) -> dt.date:
        return dt.datetime.fromtimestamp(self._clock() / 1000, dt.UTC).date()


def _append(path: Path, data: bytes) -> None:
    number = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        before = os.fstat(number).st_size
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(number, view) :]
            os.fsync(number)
        except OSError:
            os.ftruncate(number, before)
            raise
    finally:
        os.close(number)


def _cut_torn_end(path: Path) -> None:
    """Half a line at the end was being written in a crash, and never answered."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, size - MOST_TORN))
        whole = start + file.read().rfind(b"\n") + 1
        if whole < size:
            file.truncate(whole)

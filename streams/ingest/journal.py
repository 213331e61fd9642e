"""What an embedded monitor accepted over HTTP, on disk, so that it is still there after a restart.

A file a kind and day of arrival (`call-2026-03-01.ndjson`) in a folder that one process has. Events
are appended and synchronised before they are answered: each as it was understood, without fields
that are unknown, and once a day however often it is sent. A file is removed once all that is in it
lies further back than records of its kind may be revised, and a month; readings stay.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from streams.errors import CheckpointError
from streams.events.lenient import LenientEvent
from streams.events.seen import Seen
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
MOST_SEEN = 200_000
"""The latest lines of a file that are not written again."""


class Journal:
    """The journal in a folder; raises `CheckpointError` where it can't be had."""

    def __init__(self, folder: Path, clock: Callable[[], int] = wall_clock) -> None:
        self.folder, self._clock = folder, clock
        self._days: dict[str, _DayFile] = {}
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

    def append(self, events: Iterable[LenientEvent]) -> None:
        """Writes events, those left out that the file of the day has; they are on disk when it
        returns. Raises `OSError`, and nothing of a file in which not all could be written stays."""
        by_kind: dict[str, list[bytes]] = {}
        for kept in events:
            kind = str(type(kept.event).__struct_config__.tag)
            by_kind.setdefault(kind, []).append(kept.encode(kept.event))
        for kind, lines in by_kind.items():
            self._file_of_today(kind).append(lines)

    def _file_of_today(self, kind: str) -> _DayFile:
        path = self.folder / f"{kind}-{self._today().isoformat()}.ndjson"
        held = self._days.get(kind)
        if held is None or held.path != path or not path.exists():
            private_file(path)
            self.files()  # a new day: what is past its time goes
            synchronise(self.folder)
            held = self._days[kind] = _DayFile(path)
        return held

    def _today(self) -> dt.date:
        return dt.datetime.fromtimestamp(self._clock() / 1000, dt.UTC).date()


class _DayFile:
    """The file of a kind and day; a line that comes again is not written again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = Seen(MOST_SEEN)
        with path.open("rb") as file:
            # A process that was killed may have written lines that are not on the disk yet.
            if os.fstat(file.fileno()).st_size:
                os.fsync(file.fileno())
            for line in file:
                self._seen.add(line.removesuffix(b"\n"))

    def append(self, lines: Iterable[bytes]) -> None:
        """Writes lines; raises `OSError`, and then they are not taken to be there."""
        new = [line for line in dict.fromkeys(lines) if line not in self._seen]
        if new:
            _append(self.path, b"\n".join(new) + b"\n")
            for line in new:
                self._seen.add(line)


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

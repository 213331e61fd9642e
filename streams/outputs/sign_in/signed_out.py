"""Sign-ins that a sign-out has ended, for as long as their cookies would have held.

With a secret for cookies that outlives the process they are kept in a file beside it, so that a
cookie that was copied before is not believed after a restart, nor by another front that reads the
same file.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

log = logging.getLogger("watchroom.web")

_decode = msgspec.json.Decoder(dict[str, float]).decode


class SignedOut:
    """The numbers of the cookies, each with when it would have ended, in seconds since 1970.
    `path`: their file; None where they end with the process. It is read again when it changes."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._until: dict[str, float] = {}
        self._read_at: tuple[int, int, int] | None = None
        self._lock = threading.Lock()

    def __contains__(self, number: str) -> bool:
        self._read()
        return number in self._until

    def add(self, number: str, until: float) -> None:
        """Ends a sign-in. Where that can't be kept, the log says so, and it holds in this process
        alone."""
        self._take({number: until})
        if self._path is None:
            return
        try:
            with _held(self._path.parent):
                self._read()
                self._write(self._path)
        except OSError as error:
            log.warning(
                "%s can't be written (%s): a sign-out holds here until this process ends, and not "
                "at other fronts", self._path, error.strerror,
            )  # fmt: skip

    def _take(self, more: dict[str, float]) -> None:
        now = time.time()
        with self._lock:
            both = self._until | more
            self._until = {number: until for number, until in both.items() if until > now}

    def _read(self) -> None:
        if self._path is None:
            return
        try:
            found = self._path.stat()
            mark = (found.st_mtime_ns, found.st_ino, found.st_size)
            if mark != self._read_at:
                self._read_at = mark
                self._take(_decode(self._path.read_bytes()))
        except FileNotFoundError:
            return
        except (OSError, msgspec.MsgspecError, UnicodeError) as error:
            log.error(
                "%s can't be read (%s): who signed out before this process began may be believed "
                "again. Make the secret of cookies anew: that signs everybody out",
                self._path, error,
            )  # fmt: skip

    def _write(self, path: Path) -> None:
        """Replaces the file, which is 0600; a reader finds the old one or the new one, whole."""
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(msgspec.json.encode(self._until))
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keeps other threads and processes from writing in between."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)

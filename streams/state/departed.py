"""Records that have left a ledger, on disk: found again however late a version of one comes.

A worker keeps them in the checkpoint of their partition, in the same transaction as all else. An
embedded run keeps them in a temporary file of SQLite's, which is made when the first records are
written and gone when the run ends, however it ends. In both, what is not written yet is found in
memory, and the disk is asked only for ids that may be there (`id_filter`): whoever writes enters
them, so that in a worker's event loop a record that leaves is no work.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from streams.board.monitor import Monitor
from streams.fold.ledger import Ledger
from streams.state.id_filter import IdFilter

log = logging.getLogger("watchroom.departed")

MOST_PENDING = 500
"""Records that an embedded run holds in memory before it writes them: more take no less time in
all, and hold up whoever folds for longer."""


def entry_bytes(entry: int) -> bytes:
    """A ledger entry, which is as wide as its kind has it."""
    return entry.to_bytes(entry.bit_length() + 7 >> 3, "little")


class Departed:
    """The records that have left one ledger: `find` asks the disk for one, and `write`, where there
    is one, takes many there and says whether it could. Without it they are handed over: `take`."""

    def __init__(
        self,
        find: Callable[[str], int | None],
        write: Callable[[dict[str, int]], bool] | None = None,
    ) -> None:
        self.pending: dict[str, int] = {}
        """What the disk does not have yet, but for what is being written."""
        self.writing: dict[str, int] = {}
        """What was handed over; whoever writes it empties it once the disk has it."""
        self.ids = IdFilter()
        """Of the records on disk, and of those that are being written."""
        self._find, self._write = find, write

    def get(self, key: str, /) -> int | None:
        """The entry with which a record left; None for a record that never did."""
        found = self.pending.get(key)
        if found is None and self.writing:
            found = self.writing.get(key)
        if found is None and self.ids.count and key in self.ids:
            found = self._find(key)
        return found

    def put(self, entries: dict[str, int], /) -> None:
        """Takes records in, and writes them where there are many."""
        self.pending.update(entries)
        many = len(self.pending) >= MOST_PENDING
        if many and self._write is not None and self._write(self.pending):
            self.ids.add(self.pending)
            self.pending.clear()

    def take(self) -> dict[str, int]:
        """Hands over what the disk does not have yet, to be written in another thread."""
        self.writing, self.pending = self.pending, {}
        return self.writing

    def give_back(self) -> None:
        """Takes back what could not be written."""
        self.writing.update(self.pending)
        self.pending, self.writing = self.writing, {}


class TemporaryFile:
    """The departed records of all ledgers of an embedded run."""

    def __init__(self) -> None:
        self._db: sqlite3.Connection | None = None
        self._ledgers = 0
        self._failed = False

    def store(self) -> Departed:
        """The place for the records of one more ledger."""
        self._ledgers += 1
        number = self._ledgers
        return Departed(partial(self.find, number), partial(self.write, number))

    def write(self, ledger: int, entries: dict[str, int]) -> bool:
        """Writes records; says whether the disk took them."""
        try:
            if self._db is None:
                # A database without a name is a file that only this connection can reach.
                self._db = sqlite3.connect("", check_same_thread=False)
                self._db.execute("PRAGMA temp_store=FILE")
                self._db.execute(
                    "CREATE TABLE departed (ledger INTEGER, id TEXT, body BLOB NOT NULL, "
                    "PRIMARY KEY (ledger, id)) WITHOUT ROWID"
                )
            with self._db:
                self._db.executemany(
                    "INSERT OR REPLACE INTO departed VALUES (?, ?, ?)",
                    [(ledger, key, entry_bytes(entry)) for key, entry in entries.items()],
                )
        except sqlite3.Error as error:
            if not self._failed:
                self._failed = True
                log.warning(
                    "records older than the horizon stay in memory: the temporary folder can't be "
                    "written (%s). Name another one with SQLITE_TMPDIR", error,
                )  # fmt: skip
            return False
        return True

    def find(self, ledger: int, key: str) -> int | None:
        """The entry of a record, where it was written."""
        if self._db is None:
            return None
        rows = self._db.execute(
            "SELECT body FROM departed WHERE ledger = ? AND id = ?", (ledger, key)
        ).fetchall()
        return int.from_bytes(rows[0][0], "little") if rows else None

    def close(self) -> None:
        """Lets the file go."""
        if self._db is not None:
            self._db.close()
            self._db = None


@contextmanager
def kept_on_disk(monitor: Monitor) -> Iterator[TemporaryFile]:
    """Has the departed records of a monitor in a temporary file, as long as the block runs."""
    file = TemporaryFile()
    for shard in monitor.shards:
        for fold in shard.folds.values():
            if isinstance(fold, Ledger):
                fold.departed = file.store()
    try:
        yield file
    finally:
        file.close()

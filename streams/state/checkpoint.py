"""A checkpoint: what one topic-partition's fold has come to, and up to which offset, in one file.

It is only a shortcut: whatever is wrong with it, the log is read instead. So a
file is never trusted further than it can be checked, and never repaired:

- Every row carries a CRC, the head has a digest over the rows of each table, and SQLite checks its
  own pages: a page that was altered, swapped or put back from another time is found.
- A *nonce* stands in the main file (`epoch`) and in the head, which every save writes to the WAL. A
  main file that was put back from a copy does not match the WAL that lies beside it.
- The head names cluster, topic id and partition; a file of another is not this one's.
- The head has the number of the form of all that is in the file (`STATE_VERSION`), and a
  fingerprint of the force files. Of a file with others only the messages still to be sent are used,
  and what detectors have learned. It is called `*.unsent` until the new one holds both: messages
  with its first save, what was learned with the first after something was read of the log.

A disk that is full or gone, or another process that uses the file, says nothing of what is in it:
it stays where it is, and all is tried again. Where there is no room, a file can still be read.

One save is one transaction: changed rows, newly sealed panes, figures, outgoing messages and the
offset. `synchronous=NORMAL` is enough: after a power cut the last saves may be missing, never half
there, and the log is read from the offset that is left.

Records that have left the ledger stay in the file and are not loaded: they are looked up one by one
when a version of one comes.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import msgspec

from streams.board.monitor import Shard
from streams.errors import CheckpointError
from streams.fold.ledger import Ledger
from streams.private import private_file, private_folder
from streams.state.departed import Departed
from streams.state.holders import holders
from streams.state.snapshot import Head, Identity, Snapshot, StoredState, forces_of
from streams.state.sqlite import (
    TAILS,
    Damaged,
    connect,
    connect_beside,
    connect_where_room,
    create,
    departed,
    guarded,
    head_of,
    is_alone,
    is_damage,
    is_locked,
    named_aside,
    nonce_of,
    put,
    read,
    rename,
    sent,
    size,
    transaction,
)

log = logging.getLogger("watchroom.checkpoint")

STATE_VERSION = 5
"""Of what a checkpoint holds, but for what detectors have learned (`streams.surveillance.state`).
To be raised with any change of what is written or of what it means: how a record is packed and
counted, the keys of panes, a row, a table, a figure of the head. What a kind declares is known by
itself (`streams.state.declared`).
`tests/unit/state/test_versions.py` fails where that was forgotten."""
RESTORED = 0
"""The form of a file that is made of a backup; all that it has is what detectors had learned."""
LARGEST_WAL = 16 << 20
"""Bytes of write-ahead log after which it is folded into the main file."""


class Folder:
    """The checkpoints of one worker: a folder that one process at a time may use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            private_folder(path)
            private_file(path / "lock")
            self._lock = (path / "lock").open("a+")
        except OSError as error:
            raise CheckpointError(
                f"{path}: checkpoints can't be kept there: {error.strerror}. "
                "Name another folder with --checkpoints"
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "unknown"
            self._lock.close()
            raise CheckpointError(
                f"{path}: these checkpoints are in use by the process with pid {holder}. "
                "Give each worker a folder of its own with --checkpoints"
            ) from None
        with contextlib.suppress(OSError):  # on a full disk it is held all the same
            self._lock.truncate(0)
            os.write(self._lock.fileno(), f"{os.getpid()}\n".encode())

    def file(self, topic: str, partition: int) -> Path:
        """The file of a topic-partition."""
        return self.path / f"{topic}-{partition}.sqlite"

    def close(self) -> None:
        """Lets the folder go."""
        self._lock.close()


class Checkpoint:
    """One file, open for one owner. Its methods may be called from any thread, one at a time."""

    def __init__(self, path: Path, identity: Identity) -> None:
        self.path, self.identity = path, identity
        self.head: Head | None = None
        self._unsent = path.with_name(path.name + ".unsent")
        self._learned_aside = False
        """What detectors have learned is only in the outdated file yet."""
        self.restored = False
        """What detectors have learned is of a backup: the log need not have what it came from."""
        self.former: Head | None = None
        """That of the file which was found at the last loading, where it was of the topic of this
        name before that was made again."""
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._alone = False
        """The file is open in the way that needs no room on the disk; nobody may read beside."""
        self._beside: sqlite3.Connection | None = None

    def load(self) -> StoredState | None:
        """What the file holds, checked throughout; None where there is nothing to go by.

        A file that is damaged, of another cluster or topic, or of another form or other force files
        is set aside under another name, and the log says so. Without a head there are only messages
        and watches of an outdated file: they belong into the next snapshot, and are read again
        until it is saved. So are such watches where a newer file has read nothing yet.

        Raises `CheckpointError` where the file can't be read now and may be as good as ever.
        """
        with self._lock:
            try:
                return self._load()
            except OSError as error:  # it could not be set aside, for one
                self._let_go()
                raise self._not_now("read", error) from error

    def _load(self) -> StoredState | None:
        if not self.path.exists():
            # A write-ahead log without its file belongs to a file that was deleted.
            self._set_aside("stray")
            return self._read_unsent()
        stored: StoredState | None = None
        self._let_go()
        try:
            self._db = self._open()
            self.head = head_of(self._db)
            self._check(self.head)
            outdated = self._is_outdated(self.head)
            stored = read(self._db, self.head, self.identity, outdated=outdated)
        except Exception as error:  # whatever is wrong with it, the log is right
            if not is_damage(error):
                self._let_go()
                raise self._not_now("read", error) from error
            why = str(error) or type(error).__name__
            if self.head is not None and self._is_of_former_topic(self.head):
                self.former = self.head
            aside = self._set_aside("damaged")
            log.warning(
                "%s is damaged or foreign (%s): set aside as %s, rebuilding from the log",
                self.path.name, why, aside,
            )  # fmt: skip
            self.head = None
            return self._read_unsent()
        if self.head.offset < 0 and (before := self._read_unsent()) is not None:
            stored.watches = before.watches
        if not outdated and self._learned_aside:
            return stored
        # A crash may have left the outdated file that this one was saved after.
        self._release_unsent()
        if not outdated:
            return stored
        kept, form = stored.outbox or stored.watches, self.head.format
        aside = self._set_aside(None if kept else "outdated")
        self.head = None
        if form == RESTORED:
            log.info("%s is of a backup: detectors go on from it", self.path.name)
        else:
            log.warning(
                "%s was written in another form or under other force files: set aside as %s, "
                "rebuilding from the log", self.path.name, aside,
            )  # fmt: skip
        return self._kept(stored, form) if kept else None

    def _open(self) -> sqlite3.Connection:
        """Opens the file, if need be in the way that needs no room on the disk."""
        db = connect_where_room(self.path)
        self._alone = is_alone(db)
        return db

    def _made(self) -> sqlite3.Connection:
        """Makes the file."""
        self._alone = False
        new = not self.path.exists()
        try:
            return create(self.path)
        except (sqlite3.Error, OSError):
            if new:  # an empty one would be taken for a damaged one
                for tail in TAILS:
                    with contextlib.suppress(OSError):
                        self.path.with_name(self.path.name + tail).unlink(missing_ok=True)
            raise

    def _not_now(self, what: str, error: Exception) -> CheckpointError:
        """The error for a file that can't be read or written at the moment, with its cure."""
        if is_locked(error):
            by = " and ".join(holders(self.path)) or "another program"
            return CheckpointError(
                f"{self.path}: can't be {what}: {by} has locked it. End that, or give this worker "
                "a folder of its own with --checkpoints"
            )
        return CheckpointError(
            f"{self.path}: can't be {what}: {error}. Make room on its disk, and look whether it is "
            "there and may be written"
        )

    def _let_go(self) -> None:
        """Closes the file as it is."""
        self._close_beside()
        if self._db is not None:
            self._db.close()
            self._db = None
        self.head = None

    def _kept(self, outdated: StoredState, form: int) -> StoredState:
        """What of an outdated file of a form is true all the same."""
        self._learned_aside = bool(outdated.watches)
        self.restored = form == RESTORED
        return StoredState(outbox=outdated.outbox, watches=outdated.watches)

    def _read_unsent(self) -> StoredState | None:
        """The messages and watches of an outdated file, where no newer file was saved with them."""
        if not self._unsent.exists():
            return None
        try:
            with contextlib.closing(connect(self._unsent)) as db:
                head = head_of(db)
                self._check(head)
                return self._kept(read(db, head, self.identity, outdated=True), head.format)
        except Exception as error:  # as with the file itself
            if not is_damage(error):
                raise self._not_now("read", error) from error
            aside = named_aside(self.path, "damaged")
            rename(self._unsent, aside)
            log.warning(
                "%s is damaged or foreign (%s): set aside as %s, its messages are not sent",
                self._unsent.name, str(error) or type(error).__name__, aside.name,
            )  # fmt: skip
            return None

    def _release_unsent(self) -> None:
        if self._unsent.exists():
            rename(self._unsent, named_aside(self.path, "outdated"))

    def _is_outdated(self, head: Head) -> bool:
        return head.format != STATE_VERSION or head.fingerprint != self.identity.fingerprint

    def _is_of_former_topic(self, head: Head) -> bool:
        mine = self.identity
        same = (mine.cluster, mine.topic, mine.partition)
        return (head.cluster, head.topic, head.partition) == same and head.topic_id != mine.topic_id

    def _check(self, head: Head) -> None:
        mine = self.identity
        for what, theirs, ours in (
            ("cluster", head.cluster, mine.cluster),
            ("topic", head.topic, mine.topic),
            ("topic id", head.topic_id, mine.topic_id),
            ("partition", head.partition, mine.partition),
        ):
            if theirs != ours:
                raise Damaged(f"its {what} is {theirs}, not {ours}")

    def discard(self, why: str) -> None:
        """Sets the file aside: what it says can't be so."""
        with self._lock:
            aside = self._set_aside("damaged")
            self.head = None
        log.warning("%s: %s: set aside as %s, rebuilding", self.path.name, why, aside)

    def claim(self, generation: int, member: str) -> None:
        """Notes who owns the partition from now on; an older owner's saves are refused."""
        held = self.head.generation if self.head else 0
        if held > generation:
            # The folder's lock is ours and so is the assignment: the group itself began anew.
            log.warning("%s: the group's generation fell from %d to %d", self.path.name,
                        held, generation)  # fmt: skip
        with self._lock:
            mine = msgspec.structs.replace(self.identity, generation=generation, member=member)
            self.identity = mine
            if self.head is None or self._db is None:
                return
            head = msgspec.structs.replace(self.head, generation=generation, member=member)
            try:
                with transaction(self._db):
                    self._write_head(self._db, head)
            except sqlite3.Error as error:
                # The next save has it; until then nobody else may write in this folder.
                log.warning("%s: who owns it can't be noted now: %s", self.path.name, error)
            else:
                self.head = head

    def save(self, snapshot: Snapshot, generation: int | None = None) -> None:
        """Writes a snapshot in one transaction.

        `generation` is that of the owner that took it, by default the one that claimed the file.
        Raises `CheckpointError` where a newer owner has claimed it since, or where the disk fails;
        nothing is written then.
        """
        with self._lock:
            mine = self.identity
            generation = mine.generation if generation is None else generation
            try:
                if self._db is None:
                    self._db = self._made() if self.head is None else self._open()
                db = self._db
                with transaction(db):
                    held = head_of(db) if self.head else None
                    newer = held is not None and held.generation > mine.generation
                    owner = held if held is not None and newer else mine
                    if self.head is not None and owner.generation > generation:
                        raise CheckpointError(
                            f"{self.path}: belongs to generation {owner.generation} "
                            f"({owner.member}); generation {generation} may not write it"
                        )
                    digests = put(db, snapshot, held)
                    head = self._new_head(snapshot, generation, held, digests)
                    self._write_head(db, head)
            except (sqlite3.Error, OSError) as error:
                raise self._not_now("written", error) from error
            self.head = head
            snapshot.forget()
            try:
                self._tidy(db, snapshot)
            except (sqlite3.Error, OSError) as error:
                # The save itself is written, and the next one tries this again.
                log.warning("%s: its write-ahead log can't be folded in now: %s",
                            self.path.name, error)  # fmt: skip

    def _tidy(self, db: sqlite3.Connection, snapshot: Snapshot) -> None:
        """After a save: folds the write-ahead log in where it is due."""
        unsent = self._unsent.exists() and not (self._learned_aside and snapshot.offset < 0)
        if unsent or size(self.path.with_name(self.path.name + "-wal")) > LARGEST_WAL:
            self._fold_wal(db)
        if unsent:  # only now, when a power cut can't take the save back
            self._release_unsent()
            self._learned_aside = False
        if self._alone:  # there is room again
            db.close()
            self._db = None
            self._db = self._open()

    def _new_head(
        self, snapshot: Snapshot, generation: int, held: Head | None, digests: dict[str, int]
    ) -> Head:
        mine = self.identity
        return Head(
            format=STATE_VERSION,
            cluster=mine.cluster,
            topic=mine.topic,
            topic_id=mine.topic_id,
            partition=mine.partition,
            fingerprint=mine.fingerprint,
            generation=generation,
            member=mine.member,
            nonce=held.nonce if held else nonce_of(self._db),
            saved_at=time.time_ns() // 1_000_000,
            offset=snapshot.offset,
            rows=snapshot.rows,
            folds=snapshot.folds,
            refused=snapshot.refused,
            archived_until=snapshot.archived_until,
            digests=digests,
            appended=snapshot.appended,
            gaps=snapshot.gaps,
        )

    def _write_head(self, db: sqlite3.Connection, head: Head) -> None:
        blob = guarded("head", msgspec.json.encode(head))
        db.execute("INSERT OR REPLACE INTO head VALUES (1, ?)", (blob,))

    def keep_departed(self, shard: Shard) -> None:
        """Makes this file the place of the records that leave the ledgers of a shard."""
        for index, name in enumerate(forces_of(shard)):
            fold = shard.folds[name]
            if isinstance(fold, Ledger):
                fold.departed = Departed(partial(self._departed, index))

    def _departed(self, force: int, key: str) -> int | None:
        """Looks a departed record up; only the thread that folds may ask. Raises
        `CheckpointError`."""
        if self.head is None:
            return None  # nothing was written yet
        try:
            if self._alone:
                with self._lock:
                    if self._db is not None:
                        return departed(self._db, force, key)
            if self._beside is None:
                self._beside = connect_beside(self.path)
            return departed(self._beside, force, key)
        except (sqlite3.Error, Damaged) as error:
            raise CheckpointError(
                f"{self.path}: the record {key!r} can't be read ({error}). Stop the worker, "
                "delete the file and start it again: the log is read instead"
            ) from error

    def sent(self, numbers: Iterable[int]) -> None:
        """Deletes outgoing messages that the brokers have acknowledged. Where that fails they are
        sent once more after a restart, which changes nothing."""
        with self._lock:
            if self._db is not None and self.head is not None:
                with contextlib.suppress(sqlite3.Error):
                    with transaction(self._db):
                        digests = sent(self._db, self.head, numbers)
                        head = msgspec.structs.replace(self.head, digests=digests)
                        self._write_head(self._db, head)
                    self.head = head

    def close(self) -> None:
        """Folds the write-ahead log in and lets the file go."""
        with self._lock:
            self._close_beside()
            if self._db is not None:
                with contextlib.suppress(sqlite3.Error):
                    if self.head is not None:
                        self._fold_wal(self._db)
                self._db.close()
                self._db = None

    def _close_beside(self) -> None:
        if self._beside is not None:
            self._beside.close()
            self._beside = None

    def _fold_wal(self, db: sqlite3.Connection) -> None:
        """Moves the WAL into the main file, under a new nonce, which no later WAL will touch."""
        if self.head is None:
            return
        head = msgspec.structs.replace(self.head, nonce=secrets.token_hex(8))
        with transaction(db):
            db.execute("UPDATE epoch SET nonce = ?", (head.nonce,))
            self._write_head(db, head)
        self.head = head
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _set_aside(self, suffix: str | None) -> str:
        """Renames the file; without a suffix as one with messages still to be sent."""
        self._close_beside()
        if self._db is not None:
            # Without this, closing would fold the WAL into the file that is kept as evidence.
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("PRAGMA locking_mode=NORMAL")
            self._db.close()
            self._db = None
        aside = self._unsent if suffix is None else named_aside(self.path, suffix)
        rename(self.path, aside)
        return aside.name

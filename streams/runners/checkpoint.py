"""A checkpoint: what one topic-partition's fold has come to, and up to which offset, in one file.

It is only a shortcut (DESIGN, decision 1): whatever is wrong with it, the log is read instead. So a
file is never trusted further than it can be checked, and never repaired:

- Every row carries a CRC, the head knows how many rows there are, and SQLite checks its own pages.
- A *nonce* stands in the main file (`epoch`) and in the head, which every save writes to the WAL. A
  main file that was put back from a copy does not match the WAL that lies beside it.
- The head names cluster, topic id, partition and rules; a file of another is not this one's.

One save is one transaction: changed rows, newly sealed panes, figures, outgoing messages and the
offset. `synchronous=NORMAL` is enough: after a power cut the last saves may be missing, never half
there, and the log is read from the offset that is left.
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
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from streams.errors import CheckpointError
from streams.runners.snapshot import Head, Identity, Outgoing, Snapshot, Stored

log = logging.getLogger("watchroom.checkpoint")

FORMAT = 1
LARGEST_WAL = 16 << 20
"""Bytes of write-ahead log after which it is folded into the main file."""

_CHUNKS = (2000, 100, 1)
"""Rows a statement. SQLite lets go of Python's lock once a statement; with a row each, a busy event
loop would keep the writing thread waiting for 5 ms a row."""

_SCHEMA = """
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), body BLOB NOT NULL);
CREATE TABLE epoch (one INTEGER PRIMARY KEY CHECK (one = 1), nonce TEXT NOT NULL);
CREATE TABLE entries (force INTEGER, id TEXT, body BLOB NOT NULL, PRIMARY KEY (force, id))
  WITHOUT ROWID;
CREATE TABLE revisions (force INTEGER, grain TEXT, start INTEGER, body BLOB NOT NULL,
  PRIMARY KEY (force, grain, start)) WITHOUT ROWID;
CREATE TABLE sealed (force INTEGER, grain TEXT, start INTEGER, body BLOB NOT NULL,
  PRIMARY KEY (force, grain, start)) WITHOUT ROWID;
CREATE TABLE outbox (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""


class Damaged(Exception):
    """The file is not what it should be; says why."""


class Folder:
    """The checkpoints of one worker: a folder that one process at a time may use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
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
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()

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
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def load(self) -> Stored | None:
        """What the file holds, checked throughout; None where there is nothing to go by.

        A file that is damaged, or of another cluster, topic or set of rules, is set aside under
        another name, and the log says so.
        """
        with self._lock:
            if not self.path.exists():
                # A write-ahead log without its file belongs to a file that was deleted.
                self._set_aside("stray")
                return None
            stored: Stored | None = None
            try:
                self._db = _connect(self.path)
                self.head = _head(self._db)
                self._check(self.head)
                stored = _read(self._db, self.head, self.identity)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the log is right
                why = str(error) or type(error).__name__
                aside = self._set_aside("damaged")
                log.warning(
                    "%s is damaged or foreign (%s): set aside as %s, rebuilding from the log",
                    self.path.name, why, aside,
                )  # fmt: skip
                self.head = None
                return None
            if self.head.fingerprint != self.identity.fingerprint:
                aside = self._set_aside("outdated")
                log.warning(
                    "%s was written under other rules or force files: set aside as %s, "
                    "rebuilding from the log", self.path.name, aside,
                )  # fmt: skip
                self.head = None
                # What was still to be sent is true all the same.
                return Stored(outbox=stored.outbox) if stored.outbox else None
            return stored

    def _check(self, head: Head) -> None:
        mine = self.identity
        for what, theirs, ours in (
            ("format", head.format, FORMAT),
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
        self.identity = msgspec.structs.replace(self.identity, generation=generation, member=member)
        if self.head is not None and self._db is not None:
            with self._lock, _transaction(self._db):
                self._write_head(self._db, msgspec.structs.replace(
                    self.head, generation=generation, member=member
                ))  # fmt: skip

    def save(self, snapshot: Snapshot, generation: int | None = None) -> None:
        """Writes a snapshot in one transaction.

        `generation` is that of the owner that took it, by default the one that claimed the file.
        Raises `CheckpointError` where a newer owner has claimed it since, or where the disk fails;
        nothing is written then.
        """
        generation = self.identity.generation if generation is None else generation
        with self._lock:
            try:
                if self._db is None:
                    self._db = _create(self.path)
                db = self._db
                with _transaction(db):
                    held = _head(db) if self.head else None
                    if held is not None and held.generation > generation:
                        raise CheckpointError(
                            f"{self.path}: belongs to generation {held.generation} "
                            f"({held.member}); generation {generation} may not write it"
                        )
                    _put(db, snapshot)
                    self._write_head(db, self._new_head(snapshot, generation, held))
                if _size(self.path.with_name(self.path.name + "-wal")) > LARGEST_WAL:
                    self._fold_wal(db)
            except (sqlite3.Error, OSError) as error:
                raise CheckpointError(f"{self.path}: can't be written: {error}") from error

    def _new_head(self, snapshot: Snapshot, generation: int, held: Head | None) -> Head:
        mine = self.identity
        return Head(
            format=FORMAT,
            cluster=mine.cluster,
            topic=mine.topic,
            topic_id=mine.topic_id,
            partition=mine.partition,
            fingerprint=mine.fingerprint,
            generation=generation,
            member=mine.member,
            nonce=held.nonce if held else _nonce(self._db),
            saved_at=time.time_ns() // 1_000_000,
            offset=snapshot.offset,
            rows=snapshot.rows,
            takers=snapshot.takers,
            refused=snapshot.refused,
        )

    def _write_head(self, db: sqlite3.Connection, head: Head) -> None:
        body = guarded("head", msgspec.json.encode(head))
        db.execute("INSERT OR REPLACE INTO head VALUES (1, ?)", (body,))
        self.head = head

    def sent(self, numbers: Iterable[int]) -> None:
        """Deletes outgoing messages that the brokers have acknowledged."""
        with self._lock:
            if self._db is not None:
                with contextlib.suppress(sqlite3.Error), _transaction(self._db):
                    for chunk, marks in _chunked([(n,) for n in numbers], 1):
                        self._db.execute(f"DELETE FROM outbox WHERE number IN ({marks})", chunk)  # noqa: S608

    def close(self) -> None:
        """Folds the write-ahead log in and lets the file go."""
        with self._lock:
            if self._db is not None:
                with contextlib.suppress(sqlite3.Error):
                    if self.head is not None:
                        self._fold_wal(self._db)
                self._db.close()
                self._db = None

    def _fold_wal(self, db: sqlite3.Connection) -> None:
        """Moves the WAL into the main file, under a new nonce, which no later WAL will touch."""
        if self.head is None:
            return
        head = msgspec.structs.replace(self.head, nonce=secrets.token_hex(8))
        with _transaction(db):
            db.execute("UPDATE epoch SET nonce = ?", (head.nonce,))
            self._write_head(db, head)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _set_aside(self, suffix: str) -> str:
        if self._db is not None:
            # Without this, closing would fold the WAL into the file that is kept as evidence.
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("PRAGMA locking_mode=NORMAL")
            self._db.close()
            self._db = None
        aside = f"{self.path.name}.{suffix}-{time.strftime('%Y%m%dT%H%M%S')}"
        for tail in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + tail)
            if part.exists():
                part.replace(self.path.with_name(aside + tail))
        return aside


def guarded(key: str, payload: bytes) -> bytes:
    """A payload behind a CRC of itself and its key."""
    return zlib.crc32(payload, zlib.crc32(key.encode())).to_bytes(4, "little") + payload


def unguarded(key: str, body: bytes) -> bytes:
    """The payload again; raises `Damaged`."""
    payload = bytes(body[4:])
    if zlib.crc32(payload, zlib.crc32(key.encode())).to_bytes(4, "little") != body[:4]:
        raise Damaged(f"the row {key!r} does not match its checksum")
    return payload


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("PRAGMA wal_autocheckpoint=0")
    return db


def _create(path: Path) -> sqlite3.Connection:
    db = _connect(path)
    with _transaction(db):
        for statement in _SCHEMA.split(";"):
            if statement.strip():
                db.execute(statement)
        db.execute("INSERT INTO epoch VALUES (1, ?)", (secrets.token_hex(8),))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return db


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _head(db: sqlite3.Connection) -> Head:
    row = db.execute("SELECT body FROM head").fetchone()
    if row is None:
        raise Damaged("it has no head")
    return msgspec.json.decode(unguarded("head", row[0]), type=Head)


def _nonce(db: sqlite3.Connection | None) -> str:
    row = db.execute("SELECT nonce FROM epoch").fetchone() if db is not None else None
    if row is None:
        raise Damaged("it has no epoch")
    return str(row[0])


def _read(db: sqlite3.Connection, head: Head, identity: Identity) -> Stored:
    if _nonce(db) != head.nonce:
        raise Damaged("the file and its write-ahead log are of different times")
    stored = Stored(head=head)
    forces = identity.forces if head.fingerprint == identity.fingerprint else ()
    rows = 0
    if forces:
        entries = db.execute("SELECT force, id, body FROM entries")
        while chunk := entries.fetchmany(5000):
            rows += len(chunk)
            for force, key, body in chunk:
                stored.entries.setdefault(forces[force], {})[key] = unguarded(key, body)
        if rows != head.rows:
            raise Damaged(f"it has {rows} records, not {head.rows}")
        for table, into in (("revisions", stored.revisions), ("sealed", stored.sealed)):
            query = f"SELECT force, grain, start, body FROM {table}"  # noqa: S608
            for force, grain, start, body in db.execute(query):
                payload = unguarded(f"{grain}/{start}", body)
                into.setdefault(forces[force], {})[grain, start] = payload
    for number, body in db.execute("SELECT number, body FROM outbox ORDER BY number"):
        payload = unguarded("outbox", body)
        stored.outbox.append((number, msgspec.msgpack.decode(payload, type=Outgoing)))
    return stored


def _put(db: sqlite3.Connection, snapshot: Snapshot) -> None:
    kept = [(f, key, guarded(key, body)) for f, key, body in snapshot.encoded() if body is not None]
    gone = [(f, key) for f, key, body in snapshot.entries if body is None]
    for chunk, marks in _chunked(kept, 3):
        db.execute(f"INSERT OR REPLACE INTO entries VALUES {marks}", chunk)  # noqa: S608
    for chunk, marks in _chunked(gone, 2):
        db.execute(f"DELETE FROM entries WHERE (force, id) IN (VALUES {marks})", chunk)  # noqa: S608
    for table, found in (("revisions", snapshot.revisions), ("sealed", snapshot.sealed)):
        for force, grain, start, payload in found:
            if payload is None:
                db.execute(
                    f"DELETE FROM {table} WHERE force = ? AND grain = ? AND start = ?",  # noqa: S608
                    (force, grain, start),
                )
            else:
                db.execute(
                    f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?)",  # noqa: S608
                    (force, grain, start, guarded(f"{grain}/{start}", payload)),
                )
    for number, message in snapshot.outbox:
        body = guarded("outbox", msgspec.msgpack.encode(message))
        db.execute("INSERT OR REPLACE INTO outbox VALUES (?, ?)", (number, body))


def _chunked(rows: Sequence[tuple[Any, ...]], width: int) -> Iterator[tuple[list[Any], str]]:
    """Rows as (flat parameters, marks) of a few sizes only, so that statements are cached."""
    one = "?" if width == 1 else f"({','.join('?' * width)})"
    at = 0
    for size in _CHUNKS:
        marks = ",".join([one] * size)
        while len(rows) - at >= size:
            yield [value for row in rows[at : at + size] for value in row], marks
            at += size


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

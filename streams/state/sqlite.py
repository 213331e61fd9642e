"""The tables of a checkpoint file: how rows are written, guarded and read back.

Functions over a connection; what they mean together is `streams.state.checkpoint`.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import msgspec

from streams.fold.panes import Pane
from streams.registry.packing import FactTable
from streams.state.snapshot import (
    FoldHead,
    Head,
    Identity,
    Outgoing,
    Snapshot,
    Stored,
    body_of,
    pane_bytes,
)

_CHUNKS = (500, 50, 5, 1)
"""Rows a statement. SQLite lets go of Python's lock once a statement; with a row each, a busy event
loop would keep the writing thread waiting for 5 ms a row."""

_SCHEMA = """
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), body BLOB NOT NULL);
CREATE TABLE epoch (one INTEGER PRIMARY KEY CHECK (one = 1), nonce TEXT NOT NULL);
CREATE TABLE entries (force INTEGER, id TEXT, body BLOB NOT NULL, PRIMARY KEY (force, id))
  WITHOUT ROWID;
CREATE TABLE facts (force INTEGER, number INTEGER, body BLOB NOT NULL,
  PRIMARY KEY (force, number)) WITHOUT ROWID;
CREATE TABLE links (force INTEGER, id TEXT, body BLOB NOT NULL, PRIMARY KEY (force, id))
  WITHOUT ROWID;
CREATE TABLE departed (force INTEGER, id TEXT, body BLOB NOT NULL, PRIMARY KEY (force, id))
  WITHOUT ROWID;
CREATE TABLE departed_ids (force INTEGER, page INTEGER, body BLOB NOT NULL,
  PRIMARY KEY (force, page)) WITHOUT ROWID;
CREATE TABLE revisions (force INTEGER, grain TEXT, start INTEGER, body BLOB NOT NULL,
  PRIMARY KEY (force, grain, start)) WITHOUT ROWID;
CREATE TABLE changes (force INTEGER, grain TEXT, start INTEGER, day INTEGER, body BLOB NOT NULL,
  PRIMARY KEY (force, grain, start, day)) WITHOUT ROWID;
CREATE TABLE left_counts (force INTEGER, grain TEXT, start INTEGER, body BLOB NOT NULL,
  PRIMARY KEY (force, grain, start)) WITHOUT ROWID;
CREATE TABLE people (force INTEGER, grain TEXT, start INTEGER, body BLOB NOT NULL,
  PRIMARY KEY (force, grain, start)) WITHOUT ROWID;
CREATE TABLE sealed (force INTEGER, grain TEXT, start INTEGER, body BLOB NOT NULL,
  PRIMARY KEY (force, grain, start)) WITHOUT ROWID;
CREATE TABLE outbox (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""

_WATCHED = """
CREATE TABLE IF NOT EXISTS watched (force TEXT, part TEXT, body BLOB NOT NULL,
  PRIMARY KEY (force, part))
"""
"""The state of detectors came later than the other tables; a file without it is none the worse."""


class Damaged(Exception):
    """The file is not what it should be; says why."""


def guarded(key: str, payload: bytes) -> bytes:
    """A payload behind a CRC of itself and its key."""
    return zlib.crc32(payload, zlib.crc32(key.encode())).to_bytes(4, "little") + payload


def unguarded(key: str, body: bytes) -> bytes:
    """The payload again; raises `Damaged`."""
    payload = bytes(body[4:])
    if zlib.crc32(payload, zlib.crc32(key.encode())).to_bytes(4, "little") != body[:4]:
        raise Damaged(f"the row {key!r} does not match its checksum")
    return payload


def connect(path: Path) -> sqlite3.Connection:
    """Opens a file; the write-ahead log is folded in only when asked for."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    with closed_on_error(db):
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA wal_autocheckpoint=0")
    return db


def connect_beside(path: Path) -> sqlite3.Connection:
    """A second connection, which only reads, beside the one that writes."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    return sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, timeout=5
    )


def departed(db: sqlite3.Connection, force: int, key: str) -> int | None:
    """The entry with which a record left; raises `Damaged`."""
    query = "SELECT body FROM departed WHERE force = ? AND id = ?"
    rows = db.execute(query, (force, key)).fetchall()
    return int.from_bytes(unguarded(key, rows[0][0]), "little") if rows else None


def create(path: Path) -> sqlite3.Connection:
    """Makes a file with empty tables and a nonce of its own."""
    db = connect(path)
    with closed_on_error(db):
        with transaction(db):
            for statement in _SCHEMA.split(";"):
                if statement.strip():
                    db.execute(statement)
            db.execute("INSERT INTO epoch VALUES (1, ?)", (secrets.token_hex(8),))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return db


class Closes(Protocol):
    """What has to be closed."""

    def close(self) -> None:
        """Lets it go."""


@contextlib.contextmanager
def closed_on_error(opened: Closes) -> Iterator[None]:
    """Closes what nobody will get, since its making failed: a file that is no database, for one,
    is found out only at the first statement."""
    try:
        yield
    except BaseException:
        opened.close()
        raise


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the block, or none of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def head_of(db: sqlite3.Connection) -> Head:
    """The head; raises `Damaged`."""
    row = db.execute("SELECT body FROM head").fetchone()
    if row is None:
        raise Damaged("it has no head")
    return msgspec.json.decode(unguarded("head", row[0]), type=Head)


def nonce_of(db: sqlite3.Connection | None) -> str:
    """The nonce of the main file; raises `Damaged`."""
    row = db.execute("SELECT nonce FROM epoch").fetchone() if db is not None else None
    if row is None:
        raise Damaged("it has no epoch")
    return str(row[0])


def read(db: sqlite3.Connection, head: Head, identity: Identity, *, outdated: bool) -> Stored:
    """All that a file holds but its departed records, checked; of a file that is outdated only what
    is still to be sent, and what detectors have learned.

    Raises `Damaged`, and what SQLite and msgspec raise.
    """
    if nonce_of(db) != head.nonce:
        raise Damaged("the file and its write-ahead log are of different times")
    stored = Stored(head=head)
    forces = () if outdated else identity.forces
    rows = 0
    if forces:
        entries = db.execute("SELECT force, id, body FROM entries")
        while chunk := entries.fetchmany(5000):
            rows += len(chunk)
            for force, key, body in chunk:
                stored.entries.setdefault(forces[force], {})[key] = unguarded(key, body)
        if rows != head.rows:
            raise Damaged(f"it has {rows} records, not {head.rows}")
        for table, into in (
            ("revisions", stored.revisions),
            ("left_counts", stored.left),
            ("people", stored.people),
            ("sealed", stored.sealed),
        ):
            query = f"SELECT force, grain, start, body FROM {table}"  # noqa: S608
            for force, grain, start, body in db.execute(query):
                payload = unguarded(f"{grain}/{start}", body)
                into.setdefault(forces[force], {})[grain, start] = payload
        query = "SELECT force, grain, start, day, body FROM changes"
        for force, grain, start, day, body in db.execute(query):
            payload = unguarded(f"{grain}/{start}/{day}", body)
            stored.changes.setdefault(forces[force], {})[grain, start, day] = payload
        stored.pages = _departed_ids(db, head, forces)
        stored.facts = _facts(db, head, forces)
        stored.links = _links(db, head, forces)
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'watched'").fetchone():
        for force, part, body in db.execute("SELECT force, part, body FROM watched"):
            stored.watches.setdefault(force, {})[part] = unguarded(f"{force}/{part}", body)
    for number, body in db.execute("SELECT number, body FROM outbox ORDER BY number"):
        payload = unguarded("outbox", body)
        stored.outbox.append((number, msgspec.msgpack.decode(payload, type=Outgoing)))
    return stored


def _departed_ids(
    db: sqlite3.Connection, head: Head, forces: tuple[str, ...]
) -> dict[str, dict[int, bytes]]:
    """The filters of departed ids, by force and page; raises `Damaged`."""
    pages: dict[str, dict[int, bytes]] = {}
    for force, page, body in db.execute("SELECT force, page, body FROM departed_ids"):
        pages.setdefault(forces[force], {})[page] = unguarded(f"page/{page}", body)
    for name, fold in head.folds.items():
        if (found := len(pages.get(name, {}))) != fold.pages:
            raise Damaged(f"it has {found} pages of departed ids of {name}, not {fold.pages}")
    return pages


def _facts(
    db: sqlite3.Connection, head: Head, forces: tuple[str, ...]
) -> dict[str, list[tuple[Any, ...]]]:
    """The tuples of facts, by force; raises `Damaged`."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for force, number, body in db.execute("SELECT force, number, body FROM facts ORDER BY 1, 2"):
        payload = unguarded(f"facts/{number}", body)
        known = found.setdefault(forces[force], [])
        if number == len(known):
            known.append(msgspec.msgpack.decode(payload, type=tuple[Any, ...]))
    for name, fold in head.folds.items():
        if (count := len(found.get(name, ()))) != fold.facts:
            raise Damaged(f"it has {count} sets of facts of {name}, not {fold.facts}")
    return found


def _links(
    db: sqlite3.Connection, head: Head, forces: tuple[str, ...]
) -> dict[str, dict[str, bytes]]:
    """Who is in which record, by force and id; raises `Damaged`."""
    found: dict[str, dict[str, bytes]] = {}
    for force, key, body in db.execute("SELECT force, id, body FROM links"):
        found.setdefault(forces[force], {})[key] = unguarded(key, body)
    for name, fold in head.folds.items():
        if (count := len(found.get(name, ()))) != fold.links:
            raise Damaged(f"it has {count} records with people of {name}, not {fold.links}")
    return found


def put(db: sqlite3.Connection, snapshot: Snapshot, held: Head | None) -> None:
    """Writes the rows of a snapshot into a file that has that head."""
    for table, changed in (("entries", snapshot.entries), ("links", snapshot.links)):
        for force, entries in changed.items():
            _put_entries(db, table, force, entries)
    names = list(snapshot.folds)
    for force, facts in snapshot.facts.items():
        known = 0 if held is None else held.folds.get(names[force], FoldHead()).facts
        _put_facts(db, force, facts, range(known, snapshot.folds[names[force]].facts))
    for force in snapshot.departed:
        _put_departed(db, force, snapshot, snapshot.folds[names[force]])
    for table, panes in (
        ("revisions", snapshot.revisions),
        ("left_counts", snapshot.left),
        ("people", snapshot.people),
    ):
        for force, changes in panes.items():
            for (grain, start), pane in changes.items():
                _put_pane(db, table, force, grain, start, pane)
    _put_changes(db, snapshot)
    for row in snapshot.sealed:
        _put_pane(db, "sealed", *row)
    if snapshot.watches:
        db.execute(_WATCHED)
    watched = ((f, part, guarded(f"{f}/{part}", body)) for f, part, body in snapshot.watches)
    for chunk, marks in chunked(watched, 3):
        db.execute(f"INSERT OR REPLACE INTO watched VALUES {marks}", chunk)  # noqa: S608
    for number, message in snapshot.made_outbox():
        body = guarded("outbox", msgspec.msgpack.encode(message))
        db.execute("INSERT OR REPLACE INTO outbox VALUES (?, ?)", (number, body))


def _put_facts(db: sqlite3.Connection, force: int, table: FactTable, new: Iterable[int]) -> None:
    rows = (
        (force, number, guarded(f"facts/{number}", msgspec.msgpack.encode(table.tuples[number])))
        for number in new
    )
    for chunk, marks in chunked(rows, 3):
        db.execute(f"INSERT OR REPLACE INTO facts VALUES {marks}", chunk)  # noqa: S608


def _put_departed(db: sqlite3.Connection, force: int, snapshot: Snapshot, head: FoldHead) -> None:
    """Writes the records that left and the filter of their ids, and says of it in the head."""
    departed = snapshot.departed[force]
    _put_entries(db, "departed", force, departed.writing)
    departed.ids.add(departed.writing)
    pages = departed.ids.take()
    snapshot.pages[force] = [number for number, _ in pages]
    rows = ((force, number, guarded(f"page/{number}", bits)) for number, bits in pages)
    for chunk, marks in chunked(rows, 3):
        db.execute(f"INSERT OR REPLACE INTO departed_ids VALUES {marks}", chunk)  # noqa: S608
    head.departed, head.pages = departed.ids.count, len(departed.ids.pages)


def _put_entries(db: sqlite3.Connection, table: str, force: int, entries: dict[str, Any]) -> None:
    rows = (
        (force, key, guarded(key, body_of(entry)))
        for key, entry in entries.items()
        if entry is not None
    )
    for chunk, marks in chunked(rows, 3):
        db.execute(f"INSERT OR REPLACE INTO {table} VALUES {marks}", chunk)  # noqa: S608
    gone = ((key,) for key, entry in entries.items() if entry is None)
    for chunk, marks in chunked(gone, 1):
        # Not of pairs (force, id): these would be looked for in the whole table.
        query = f"DELETE FROM {table} WHERE force = ? AND id IN ({marks})"  # noqa: S608
        db.execute(query, [force, *chunk])


def _put_pane(
    db: sqlite3.Connection, table: str, force: int, grain: str, start: int, pane: Pane | None
) -> None:
    if pane is None:
        where = "force = ? AND grain = ? AND start = ?"
        db.execute(f"DELETE FROM {table} WHERE {where}", (force, grain, start))  # noqa: S608
    else:
        body = guarded(f"{grain}/{start}", pane_bytes(pane))
        db.execute(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?)",  # noqa: S608
            (force, grain, start, body),
        )


def _put_changes(db: sqlite3.Connection, snapshot: Snapshot) -> None:
    for force, (changes, changed) in snapshot.changes.items():
        rows = (
            (force, *key, guarded("/".join(map(str, key)), changes.packed(key, held)))
            for key, held in changed.items()
            if held is not None
        )
        for chunk, marks in chunked(rows, 5):
            db.execute(f"INSERT OR REPLACE INTO changes VALUES {marks}", chunk)  # noqa: S608
        where = "force = ? AND grain = ? AND start = ? AND day = ?"
        gone = ((force, *key) for key, held in changed.items() if held is None)
        db.executemany(f"DELETE FROM changes WHERE {where}", gone)  # noqa: S608


def chunked(rows: Iterable[tuple[Any, ...]], width: int) -> Iterator[tuple[list[Any], str]]:
    """Rows as (flat parameters, marks) of a few sizes only, so that statements are cached."""
    one = "?" if width == 1 else f"({','.join('?' * width)})"
    rows, largest = iter(rows), _CHUNKS[0]
    while some := list(islice(rows, largest)):
        at = 0
        for size in _CHUNKS:
            marks = ",".join([one] * size)
            while len(some) - at >= size:
                yield [value for row in some[at : at + size] for value in row], marks
                at += size


def size(path: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0

"""The tables of a checkpoint file: how rows are written, guarded and read back.

Functions over a connection; what they mean together is `streams.state.checkpoint`.

Each row carries a checksum, and each table has a digest: the sum of the checksums of its rows,
which is kept in the head as rows come and go. So a row that is missing, is there twice or is of
another time is found, in the tables that are looked into row by row as well.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Protocol

import msgspec

from streams.fold.panes import Pane
from streams.private import private_database
from streams.registry.packing import FactTable
from streams.state.snapshot import (
    FoldHead,
    Head,
    Identity,
    Outgoing,
    Snapshot,
    StoredState,
    body_of,
    pane_bytes,
)

WAIT = 5.0
"""Seconds for which a lock of another process is waited for."""
TAILS = ("", "-wal", "-shm")
"""What a file and those that SQLite keeps beside it are called."""
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

WATCHED = """
CREATE TABLE IF NOT EXISTS watched (force TEXT, part TEXT, body BLOB NOT NULL,
  PRIMARY KEY (force, part))
"""
"""The state of detectors came later than the other tables; a file without it is none the worse."""

KEYS = {
    "entries": ("force", "id"),
    "facts": ("force", "number"),
    "links": ("force", "id"),
    "departed": ("force", "id"),
    "departed_ids": ("force", "page"),
    "revisions": ("force", "grain", "start"),
    "changes": ("force", "grain", "start", "day"),
    "left_counts": ("force", "grain", "start"),
    "people": ("force", "grain", "start"),
    "sealed": ("force", "grain", "start"),
    "outbox": ("number",),
    "watched": ("force", "part"),
}
"""The tables that have a digest, and the columns by which each knows its rows."""
DIGESTS = 1 << 63
"""A digest is below this."""

_ELSEWHERE = frozenset(
    {
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
_UNREADABLE = frozenset(
    {
        sqlite3.SQLITE_IOERR_READ,
        sqlite3.SQLITE_IOERR_SHORT_READ,
        sqlite3.SQLITE_IOERR_CORRUPTFS,
    }
)
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class Damaged(Exception):
    """The file is not what it should be; says why."""


def is_damage(error: BaseException) -> bool:
    """Whether an error says that the file itself is wrong. Else the disk is full or gone, or others
    use the file, and it may be as good as ever."""
    if isinstance(error, OSError | MemoryError):
        return False
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is None or code in _UNREADABLE or code & 0xFF not in _ELSEWHERE


def is_locked(error: BaseException) -> bool:
    """Whether an error says that another process uses the file."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _LOCKED


def guarded(key: str, payload: bytes) -> bytes:
    """A payload behind a CRC of itself and its key."""
    return zlib.crc32(payload, zlib.crc32(key.encode())).to_bytes(4, "little") + payload


def unguarded(key: str, body: bytes) -> bytes:
    """The payload again; raises `Damaged`."""
    payload = bytes(body[4:])
    if zlib.crc32(payload, zlib.crc32(key.encode())).to_bytes(4, "little") != body[:4]:
        raise Damaged(f"the row {key!r} does not match its checksum")
    return payload


def connect(path: Path, *, alone: bool = False) -> sqlite3.Connection:
    """Opens a file, or makes an empty one; the write-ahead log is folded in only when asked for.

    `alone` no other connection can use it, and SQLite needs no room beside it (`-shm`).
    """
    private_database(path)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=WAIT)
    with closed_on_error(db):
        if alone:
            db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA wal_autocheckpoint=0")
    return db


def connect_where_room(path: Path) -> sqlite3.Connection:
    """Opens a file, on a full disk `alone`: there it can be read, and written once there is room.
    Raises what SQLite raises."""
    try:
        db = connect(path)
        with closed_on_error(db):
            db.execute("SELECT name FROM sqlite_master").fetchall()
    except sqlite3.Error as error:
        if is_damage(error) or is_locked(error):
            raise
        return connect(path, alone=True)
    return db


def is_alone(db: sqlite3.Connection) -> bool:
    """Whether a connection has its file alone."""
    (mode,) = db.execute("PRAGMA locking_mode").fetchone()
    return bool(mode == "exclusive")


def set_aside(path: Path, suffix: str) -> Path:
    """Renames a file, and what SQLite keeps beside it, to a name with the time; returns that."""
    aside = named_aside(path, suffix)
    rename(path, aside)
    return aside


def named_aside(path: Path, suffix: str) -> Path:
    """The name under which a file is set aside now."""
    return path.with_name(f"{path.name}.{suffix}-{time.strftime('%Y%m%dT%H%M%S')}")


def rename(path: Path, to: Path) -> None:
    """Renames a file and what SQLite keeps beside it."""
    for tail in TAILS:
        part = path.with_name(path.name + tail)
        if part.exists():
            part.replace(to.with_name(to.name + tail))


def connect_beside(path: Path) -> sqlite3.Connection:
    """A second connection, which only reads, beside the one that writes."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    return sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, timeout=WAIT
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
        db.execute("COMMIT")  # which may fail too: it is then that all of it is written
    except BaseException:
        if db.in_transaction:  # SQLite may have rolled back by itself
            db.execute("ROLLBACK")
        raise


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


def read(db: sqlite3.Connection, head: Head, identity: Identity, *, outdated: bool) -> StoredState:
    """All that a file holds but its departed records, checked; of a file that is outdated only what
    is still to be sent, and what detectors have learned.

    Raises `Damaged`, and what SQLite and msgspec raise.
    """
    if nonce_of(db) != head.nonce:
        raise Damaged("the file and its write-ahead log are of different times")
    _check_whole(db, head)
    stored = StoredState(head=head)
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


def _check_whole(db: sqlite3.Connection, head: Head) -> None:
    """Raises `Damaged` where pages or rows are not those that were written last."""
    (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise Damaged(f"SQLite finds: {found}")
    for table, digest in head.digests.items():
        if _marks(db, f"{table} AS t") != digest:  # head has its own checksum
            raise Damaged(f"the rows of {table} are not those that were written last")


def _marks(db: sqlite3.Connection, rows: str, parameters: Sequence[Any] = ()) -> int:
    """The digest of some rows of a table, which is called t."""
    # In one answer: with a row each, Python would take five times as long.
    query = f"SELECT CAST(group_concat(substr(t.body, 1, 4), '') AS BLOB) FROM {rows}"  # noqa: S608
    (found,) = db.execute(query, parameters).fetchone()
    found = found or b""
    return sum(array("I", found[: len(found) & ~3])) % DIGESTS


class RowWriter:
    """Writes and deletes rows, and keeps the digests of their tables."""

    def __init__(self, db: sqlite3.Connection, digests: Mapping[str, int]) -> None:
        self._db = db
        self.digests = dict(digests)

    def put(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Puts rows in, the key first and the body last, in place of those of the same keys. The
        keys of one call differ."""
        width = len(KEYS[table]) + 1
        for flat, marks in chunked(rows, width):
            keys = [value for n, value in enumerate(flat, 1) if n % width]
            new = sum(int.from_bytes(body[:4], "little") for body in flat[width - 1 :: width])
            self._change(table, new - self._held(table, keys))
            self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES {marks}", flat)  # noqa: S608

    def drop(self, table: str, keys: Iterable[tuple[Any, ...]]) -> None:
        """Deletes the rows of some keys, quickest where one after another differs in the last part
        alone."""
        *columns, last = KEYS[table]
        where = "".join(f"{column} = ? AND " for column in columns)
        for first, some in groupby(keys, key=lambda key: key[:-1]):
            for ends, marks in chunked(((key[-1],) for key in some), 1):
                self._change(table, -self._held(table, [v for end in ends for v in (*first, end)]))
                # Not of whole keys: these would be looked for in all of the table.
                query = f"DELETE FROM {table} WHERE {where}{last} IN ({marks})"  # noqa: S608
                self._db.execute(query, [*first, *ends])

    def _held(self, table: str, keys: list[Any]) -> int:
        columns = KEYS[table]
        one = f"({','.join('?' * len(columns))})"
        asked = ",".join([one] * (len(keys) // len(columns)))
        same = " AND ".join(f"t.{name} = v.column{n}" for n, name in enumerate(columns, 1))
        return _marks(self._db, f"(VALUES {asked}) AS v CROSS JOIN {table} AS t ON {same}", keys)

    def _change(self, table: str, by: int) -> None:
        self.digests[table] = (self.digests.get(table, 0) + by) % DIGESTS


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


def put(db: sqlite3.Connection, snapshot: Snapshot, held: Head | None) -> dict[str, int]:
    """Writes the rows of a snapshot into a file that has that head; returns the digests."""
    rows = RowWriter(db, {} if held is None else held.digests)
    for table, changed in (("entries", snapshot.entries), ("links", snapshot.links)):
        for force, entries in changed.items():
            _put_entries(rows, table, force, entries)
    names = list(snapshot.folds)
    for force, facts in snapshot.facts.items():
        known = 0 if held is None else held.folds.get(names[force], FoldHead()).facts
        _put_facts(rows, force, facts, range(known, snapshot.folds[names[force]].facts))
    for force in snapshot.departed:
        _put_departed(rows, force, snapshot, snapshot.folds[names[force]])
    for table, panes in (
        ("revisions", snapshot.revisions),
        ("left_counts", snapshot.left),
        ("people", snapshot.people),
    ):
        for force, changes in panes.items():
            _put_panes(rows, table, {(force, *place): pane for place, pane in changes.items()})
    _put_changes(rows, snapshot)
    _put_panes(
        rows, "sealed", {(f, grain, start): pane for f, grain, start, pane in snapshot.sealed}
    )
    if snapshot.watches:
        db.execute(WATCHED)
        watched = {(f, part): guarded(f"{f}/{part}", body) for f, part, body in snapshot.watches}
        rows.put("watched", ((*key, body) for key, body in watched.items()))
    outbox = snapshot.made_outbox()
    rows.put("outbox", ((n, guarded("outbox", msgspec.msgpack.encode(each))) for n, each in outbox))
    return rows.digests


def sent(db: sqlite3.Connection, held: Head, numbers: Iterable[int]) -> dict[str, int]:
    """Deletes outgoing messages; returns the digests."""
    rows = RowWriter(db, held.digests)
    rows.drop("outbox", ((number,) for number in numbers))
    return rows.digests


def _put_facts(rows: RowWriter, force: int, table: FactTable, new: Iterable[int]) -> None:
    rows.put(
        "facts",
        ((force, n, guarded(f"facts/{n}", msgspec.msgpack.encode(table.tuples[n]))) for n in new),
    )


def _put_departed(rows: RowWriter, force: int, snapshot: Snapshot, head: FoldHead) -> None:
    """Writes the records that left and the filter of their ids, and says of it in the head."""
    departed = snapshot.departed[force]
    _put_entries(rows, "departed", force, departed.writing)
    departed.ids.add(departed.writing)
    pages = departed.ids.take()
    snapshot.pages[force] = [number for number, _ in pages]
    rows.put("departed_ids", ((force, n, guarded(f"page/{n}", bits)) for n, bits in pages))
    head.departed, head.pages = departed.ids.count, len(departed.ids.pages)


def _put_entries(rows: RowWriter, table: str, force: int, entries: dict[str, Any]) -> None:
    rows.put(
        table,
        (
            (force, key, guarded(key, body_of(entry)))
            for key, entry in entries.items()
            if entry is not None
        ),
    )
    rows.drop(table, ((force, key) for key, entry in entries.items() if entry is None))


def _put_panes(
    rows: RowWriter, table: str, panes: Mapping[tuple[int, str, int], Pane | None]
) -> None:
    rows.put(
        table,
        (
            (force, grain, start, guarded(f"{grain}/{start}", pane_bytes(pane)))
            for (force, grain, start), pane in panes.items()
            if pane is not None
        ),
    )
    rows.drop(table, (place for place, pane in panes.items() if pane is None))


def _put_changes(rows: RowWriter, snapshot: Snapshot) -> None:
    for force, (changes, changed) in snapshot.changes.items():
        rows.put(
            "changes",
            (
                (force, *key, guarded("/".join(map(str, key)), changes.packed(key, held)))
                for key, held in changed.items()
                if held is not None
            ),
        )
        gone = ((force, *key) for key, held in changed.items() if held is None)
        rows.drop("changes", gone)


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

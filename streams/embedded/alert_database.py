"""Alerts and their notifications on disk, for a monitor without Kafka: one SQLite file.

A transition is stored once, by its key, in one transaction with the notifications that it asks for.
A notification is marked before it is sent and struck off after it was, so that a crash loses none
and repeats none, but for one case that no sender can exclude: a crash after the sending and before
the note of it. Then it is sent once more, and says so.

One process at a time has the file, by a lock beside it: two would each send what the other has
sent. Others may read it. Of a file that is damaged, what can be read goes into
a new one, and once that is whole the damaged one is set aside.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from streams.alerts.model import Alert, Handover, Transition, decode, decode_fact, encode
from streams.errors import CheckpointError, NotStored
from streams.outputs.notify.notifier import Delivery
from streams.outputs.notify.receivers import ends_loss
from streams.private import private_file, private_folder
from streams.state.durable import synchronise
from streams.state.holders import holders
from streams.state.sqlite import (
    TAILS,
    Damaged,
    closed_on_error,
    connect_beside,
    connect_where_room,
    is_damage,
    is_locked,
    named_aside,
    rename,
)

log = logging.getLogger("watchroom.alerts")

STATE_VERSION = 1
"""Of the tables, kept in the file as SQLite's `user_version`; 0 is a file of before there were
numbers, and has those of 1. To be raised with any change of the tables or of what a column means,
together with what makes an older file like a new one. `tests/unit/state/test_versions.py` fails
where that was forgotten. The facts within have a number of their own (`streams.alerts.model`)."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS transitions (
  number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS handovers (key TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  number INTEGER PRIMARY KEY, key TEXT NOT NULL, channel TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting', tries INTEGER NOT NULL DEFAULT 0,
  due INTEGER NOT NULL, UNIQUE (key, channel)
);
CREATE INDEX IF NOT EXISTS open_deliveries ON deliveries (channel, number)
  WHERE state IN ('waiting', 'sending');
"""
FILE_NAME = "alerts.db"


def default_folder() -> Path:
    """Where a user's programs keep their state."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "watchroom"


LOCK = "alerts.lock"
WAIT = 5.0
"""Seconds for which another process that has the alerts is waited for."""
_TABLES = {
    "transitions": ("number", "key", "body"),
    "handovers": ("key", "body"),
    "deliveries": ("number", "key", "channel", "state", "tries", "due"),
}


class Hold:
    """That this process has the alerts of a folder; raises `CheckpointError` where another has."""

    def __init__(self, folder: Path, seconds: float | None = None) -> None:
        path, until = folder / LOCK, time.monotonic() + (WAIT if seconds is None else seconds)
        private_file(path)
        self._file = path.open("a")
        with closed_on_error(self._file):
            while True:
                try:
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    if time.monotonic() < until:
                        time.sleep(0.05)
                        continue
                    raise _in_use(folder / FILE_NAME, path) from None
                return

    def close(self) -> None:
        """Lets the alerts go."""
        self._file.close()


def _in_use(path: Path, *locked: Path) -> CheckpointError:
    by = [who for each in locked or (path,) for who in holders(each, own=True)]
    return CheckpointError(
        f"{path}: the alerts are in use by {' and '.join(by) or 'another process'}. "
        "End it, or name another folder with --state"
    )


ChannelsFor = Callable[[Alert, Collection[str]], Iterable[str]]
"""Says which channels, by name, are sent a message about an alert: given the alert, and those by
which any message about it was sent or is still to be sent. It must not ask the database."""


class AlertDatabase:
    """The SQLite file of alerts. Its methods may be called from any thread. What they have stored
    is on the disk (`synchronous = FULL`) when they return."""

    at_once = True

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.set_aside: Path | None = None
        """The damaged file, where there was one."""
        self.channels_for: ChannelsFor = lambda _, __: ()
        """For what people do about alerts."""
        self.damage = ""
        """What was wrong with it and what is missing, in words with the cure."""
        self._anew = folder / (FILE_NAME + ".anew")
        """Until it takes the place of a damaged one."""
        self._lock = threading.Lock()
        try:
            private_folder(folder)
            self._hold = Hold(folder)
            with closed_on_error(self._hold):
                if not self._end_exchange():
                    self._open_or_begin_anew()
        except (OSError, sqlite3.Error) as error:
            if is_locked(error):
                raise _in_use(self.path) from None
            raise self._no_room(error) from None

    def _open_or_begin_anew(self) -> None:
        try:
            self._db = self._open(self.path)
        except (sqlite3.Error, Damaged) as error:
            if not is_damage(error):
                raise
            self._begin_anew(error)

    def _open(self, path: Path) -> sqlite3.Connection:
        """Opens a file and looks through it, on a full disk as well."""
        db = connect_where_room(path)
        with closed_on_error(db):
            db.isolation_level = "DEFERRED"
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA wal_autocheckpoint = 1000")
            (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                raise Damaged(found)
            self._make_tables(db)
        return db

    def _make_tables(self, db: sqlite3.Connection) -> None:
        """Makes what tables are missing; raises `CheckpointError` for a file of a later form."""
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > STATE_VERSION:
            raise CheckpointError(
                f"{self.path}: was written by a later version of Watchroom. Use that one, or name "
                "another folder with --state"
            )
        with db:
            db.executescript(_SCHEMA)
            if version != STATE_VERSION:
                db.execute(f"PRAGMA user_version = {STATE_VERSION}")

    def _begin_anew(self, why: object) -> None:
        """Reads what can be read of a damaged file into another one, and only then has that take
        its place: where there is no room for it, or the process ends, the damaged one is still
        there, and the next start does it again."""
        _remove(self._anew)
        try:
            with contextlib.closing(self._open(self._anew)) as db:
                for table in _TABLES:
                    _salvage(self.path, db, table)
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except BaseException:
            _remove(self._anew)
            raise
        self._exchange(named_aside(self.path, "damaged"), why)

    def _exchange(self, aside: Path, why: object) -> None:
        """Sets the damaged file aside, and opens the one with what could be read of it."""
        rename(self.path, aside)
        rename(self._anew, self.path)
        synchronise(self.path.parent)
        self._db, self.set_aside = self._open(self.path), aside
        kept = len(self._stored())
        self.damage = (
            f"the alert store {self.path} was damaged ({why}): {kept:,} entries of it were read "
            f"back, others may be missing. It is kept as {aside.name}: restore the last backup "
            "(watchroom restore), or delete that file if nothing is missing"
        )

    def _end_exchange(self) -> bool:
        """Ends an exchange in whose midst the process ended: the damaged file had its new name, and
        the other one not yet. Says whether there was one, and opens the file then."""
        if self.path.exists() or not self._anew.exists():
            return False
        asides = sorted(self.path.parent.glob(f"{FILE_NAME}.damaged-*[0-9]"))
        if not asides:
            return False
        self._exchange(asides[-1], "the exchange was broken off")
        return True

    def load(self) -> list[Transition | Handover]:
        """Every transition, in the order in which they were made, and every handover. Where some
        can't be read, the file is set aside as one that is damaged. Raises `CheckpointError`."""
        with self._lock:
            try:
                return self._stored()
            except (sqlite3.Error, msgspec.MsgspecError) as error:
                if not is_damage(error):
                    raise CheckpointError(f"{self.path} can't be read: {error}") from None
                self._db.close()
                try:
                    self._begin_anew(error)
                except (OSError, sqlite3.Error) as failed:
                    raise self._no_room(failed) from None
            return self._stored()

    def _stored(self) -> list[Transition | Handover]:
        rows = self._db.execute("SELECT body FROM transitions ORDER BY number").fetchall()
        rows += self._db.execute("SELECT body FROM handovers ORDER BY key").fetchall()
        return [decode_fact(line) for (line,) in rows]

    def _no_room(self, error: Exception) -> CheckpointError:
        return CheckpointError(
            f"{self.path}: the alerts can't be kept there ({error}). "
            "Make room on its disk, or name another folder with --state"
        )

    def check(self, force: str) -> None:
        """Whether it can be stored shows as it is."""

    def keep(self, fact: Transition | Handover) -> bool:
        """Stores what a person did, through to the disk (`streams.alerts.service.Keeper`), and with
        it the deliveries to those who are to be notified of it."""
        try:
            with self._lock, self._db:
                if isinstance(fact, Handover):
                    self._db.execute(
                        "INSERT OR IGNORE INTO handovers (key, body) VALUES (?, ?)",
                        (fact.key, encode(fact)),
                    )
                else:
                    self._add(fact, self.channels_for, 0)
        except sqlite3.Error as error:
            raise NotStored(
                f"this could not be stored in {self.path} ({error}), so it is not done. Make room "
                "on the disk, or mend it, and do it again"
            ) from None
        return True

    def append(
        self, transitions: Iterable[Transition], channels_for: ChannelsFor, now: int
    ) -> None:
        """Stores transitions, and for each of which people are to be notified a delivery by every
        channel that is sent it."""
        with self._lock, self._db:
            for each in transitions:
                self._add(each, channels_for, now)

    def _add(self, transition: Transition, channels_for: ChannelsFor, due: int) -> None:
        """Adds a transition and its deliveries, where it is not stored yet."""
        added = self._db.execute(
            "INSERT OR IGNORE INTO transitions (key, body) VALUES (?, ?)",
            (transition.key, encode(transition)),
        ).rowcount
        alert = transition.alert
        if added and transition.notify:
            if ends_loss(alert):
                self._withdraw(alert.id)
            for channel in channels_for(alert, self._channels_of(alert.id)):
                self._deliver(transition.key, channel, due)

    def _deliver(self, key: str, channel: str, due: int, state: str = "waiting") -> bool:
        """Adds a delivery; False where the channel has one of this transition already."""
        query = "INSERT OR IGNORE INTO deliveries (key, channel, due, state) VALUES (?, ?, ?, ?)"
        return bool(self._db.execute(query, (key, channel, due, state)).rowcount)

    def hand_on(
        self,
        channels: Collection[str],
        forces: Collection[str],
        channels_for: ChannelsFor,
        now: int,
    ) -> dict[str, tuple[int, int]]:
        """Hands what waits for a channel that there is no more, since its address was changed or
        removed, to those of `channels` that are sent such alerts now and have not been sent it. Of
        each channel that is gone: how many messages were handed on, and how many given up, since
        nobody else is to be sent them. What is not of `forces` is left as it is: their receivers
        are not known here."""
        found: dict[str, tuple[int, int]] = {}
        with self._lock, self._db:
            rows = self._db.execute(
                "SELECT d.number, d.channel, d.state, t.body FROM deliveries d "
                "JOIN transitions t USING (key) "
                "WHERE d.state IN ('waiting', 'sending') ORDER BY d.number"
            ).fetchall()
            for number, gone, state, line in rows:
                if gone in channels or (made := decode(line)).alert.force not in forces:
                    continue
                self._write_state(number, "given up", 0)
                before = self._channels_of(made.alert.id) if ends_loss(made.alert) else ()
                taken = [
                    self._deliver(made.key, name, now, state)
                    for name in channels_for(made.alert, before)
                ]
                moved, given_up = found.get(gone, (0, 0))
                found[gone] = (moved + any(taken), given_up + (not any(taken)))
        return found

    # -- the outbox (`streams.outputs.notify.notifier.DeliveryQueue`) --------------------------

    def next(self, channel: str, now: int) -> Delivery | None:
        """The first delivery of a channel that is open, if its time has come; marks it."""
        with self._lock, self._db:
            row = self._db.execute(
                "SELECT d.number, d.state, d.tries, d.due, t.body FROM deliveries d "
                "JOIN transitions t USING (key) "
                "WHERE d.channel = ? AND d.state IN ('waiting', 'sending') "
                "ORDER BY d.number LIMIT 1",
                (channel,),
            ).fetchone()
            if row is None or row[3] > now:
                return None
            number, state, tries, _, line = row
            self._db.execute(
                "UPDATE deliveries SET state = 'sending', tries = tries + 1 WHERE number = ?",
                (number,),
            )
        return Delivery(number, decode(line), tries + 1, again=state == "sending")

    def tried(self, channel: str) -> int:
        """How often the first open delivery of a channel was tried."""
        with self._lock:
            row = self._db.execute(
                "SELECT tries FROM deliveries "
                "WHERE channel = ? AND state IN ('waiting', 'sending') ORDER BY number LIMIT 1",
                (channel,),
            ).fetchone()
        return 0 if row is None else int(row[0])

    def _channels_of(self, alert: str) -> frozenset[str]:
        """The names of the channels by which any message about an alert, by its id, was sent or is
        still to be sent."""
        rows = self._db.execute(
            "SELECT DISTINCT channel FROM deliveries "
            "WHERE key > ? AND key < ? AND state <> 'given up'",
            _keys_of(alert),
        ).fetchall()
        return frozenset(name for (name,) in rows)

    def _withdraw(self, alert: str) -> None:
        """Drops the deliveries about an alert, by its id, that were not tried yet."""
        self._db.execute(
            "UPDATE deliveries SET state = 'given up' "
            "WHERE key > ? AND key < ? AND state = 'waiting' AND tries = 0",
            _keys_of(alert),
        )

    def sent(self, number: int) -> None:
        """Strikes a delivery off."""
        self._set(number, "sent", 0)

    def later(self, number: int, due: int) -> None:
        """A delivery that was surely not sent is tried again."""
        self._set(number, "waiting", due)

    def give_up(self, number: int) -> None:
        """Drops a delivery that has failed for too long."""
        self._set(number, "given up", 0)

    def _set(self, number: int, state: str, due: int) -> None:
        with self._lock, self._db:
            self._write_state(number, state, due)

    def _write_state(self, number: int, state: str, due: int) -> None:
        query = "UPDATE deliveries SET state = ?, due = ? WHERE number = ?"
        self._db.execute(query, (state, due, number))

    def waiting(self) -> int:
        """How many deliveries are open."""
        with self._lock:
            row = self._db.execute(
                "SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'sending')"
            ).fetchone()
        return int(row[0])

    def close(self) -> None:
        """Closes the file, and lets others have it."""
        with self._lock:
            self._db.close()
            self._hold.close()


def _keys_of(alert: str) -> tuple[str, str]:
    """What the keys of an alert's transitions lie between: each is its id, "#" and a number."""
    return f"{alert}#", f"{alert}$"


def _remove(path: Path) -> None:
    for tail in TAILS:
        path.with_name(path.name + tail).unlink(missing_ok=True)


def _salvage(damaged: Path, into: sqlite3.Connection, table: str) -> None:
    """Copies the rows of a table that can be read out of a damaged file; raises `sqlite3.Error`
    where they can't be written."""
    columns = _TABLES[table]
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    with into:
        for row in _readable(damaged, f"SELECT {names} FROM {table} ORDER BY 1"):  # noqa: S608
            if _is_whole(dict(zip(columns, row, strict=True))):
                into.execute(
                    f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})",  # noqa: S608
                    row,
                )


def _readable(damaged: Path, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query that can be read, from both ends, so that some come twice: what is broken
    ends the reading."""
    for order in ("", " DESC"):
        try:
            with contextlib.closing(connect_beside(damaged)) as db:
                yield from db.execute(query + order)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise


def _is_whole(row: Mapping[str, Any]) -> bool:
    if "body" not in row:
        return True
    try:
        return bool(decode_fact(row["body"]).key == row["key"])
    except (msgspec.MsgspecError, TypeError, AttributeError):
        return False

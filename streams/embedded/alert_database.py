"""Alerts and their notifications on disk, for a monitor without Kafka: one SQLite file.

A transition is stored once, by its key, in one transaction with the notifications that it asks for.
A notification is marked before it is sent and struck off after it was, so that a crash loses none
and repeats none, but for one case that no sender can exclude: a crash after the sending and before
the note of it. Then it is sent once more, and says so.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from streams.alerts.model import Handover, Transition, decode, decode_fact, encode
from streams.errors import CheckpointError, NotStored
from streams.outputs.notify import Delivery
from streams.state.sqlite import closed_on_error

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
NAME = "alerts.db"


def default_folder() -> Path:
    """Where a user's programs keep their state."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "watchroom"


class AlertDatabase:
    """The SQLite file of alerts. Its methods may be called from any thread. What they have stored
    is on the disk (`synchronous = FULL`) when they return."""

    at_once = True

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, check_same_thread=False, timeout=0.5)
            with closed_on_error(self._db):
                # One process at a time: two would each send what the other has sent.
                self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._make_tables()
        except (OSError, sqlite3.Error) as error:
            raise CheckpointError(
                f"{self.path}: the alerts can't be kept there ({error}). "
                "Is another Watchroom using it? Name another folder with --state"
            ) from None

    def _make_tables(self) -> None:
        """Makes what tables are missing; raises `CheckpointError` for a file of a later form."""
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > STATE_VERSION:
            raise CheckpointError(
                f"{self.path}: was written by a later version of Watchroom. Use that one, or name "
                "another folder with --state"
            )
        with self._db:
            self._db.executescript(_SCHEMA)
            self._db.execute(f"PRAGMA user_version = {STATE_VERSION}")

    def load(self) -> list[Transition | Handover]:
        """Every transition, in the order in which they were made, and every handover."""
        with self._lock:
            rows = self._db.execute("SELECT body FROM transitions ORDER BY number").fetchall()
            rows += self._db.execute("SELECT body FROM handovers ORDER BY key").fetchall()
        try:
            return [decode_fact(line) for (line,) in rows]
        except msgspec.MsgspecError as error:
            raise CheckpointError(f"{self.path} can't be read: {error}") from None

    def check(self, force: str) -> None:
        """Whether it can be stored shows as it is."""

    def keep(self, fact: Transition | Handover) -> bool:
        """Stores what a person did, through to the disk (`streams.alerts.service.Keeper`)."""
        table = "handovers" if isinstance(fact, Handover) else "transitions"
        try:
            with self._lock, self._db:
                self._db.execute(
                    f"INSERT OR IGNORE INTO {table} (key, body) VALUES (?, ?)",  # noqa: S608
                    (fact.key, encode(fact)),
                )
        except sqlite3.Error as error:
            raise NotStored(
                f"this could not be stored in {self.path} ({error}), so it is not done. Make room "
                "on the disk, or mend it, and do it again"
            ) from None
        return True

    def append(
        self,
        transitions: Iterable[Transition],
        channels: Sequence[tuple[str, frozenset[str]]],
        now: int,
    ) -> None:
        """Stores transitions, and for each of which people are to be notified a delivery by every
        channel that takes its severity."""
        with self._lock, self._db:
            for each in transitions:
                added = self._db.execute(
                    "INSERT OR IGNORE INTO transitions (key, body) VALUES (?, ?)",
                    (each.key, encode(each)),
                ).rowcount
                if added and each.notify:
                    self._db.executemany(
                        "INSERT OR IGNORE INTO deliveries (key, channel, due) VALUES (?, ?, ?)",
                        [
                            (each.key, name, now)
                            for name, severities in channels
                            if each.alert.severity in severities
                        ],
                    )

    # -- the outbox (`streams.outputs.notify.DeliveryQueue`) -----------------------------------

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
            self._db.execute(
                "UPDATE deliveries SET state = ?, due = ? WHERE number = ?", (state, due, number)
            )

    def waiting(self) -> int:
        """How many deliveries are open."""
        with self._lock:
            row = self._db.execute(
                "SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'sending')"
            ).fetchone()
        return int(row[0])

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

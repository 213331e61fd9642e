"""Short ways to make events and monitors for tests."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import resource
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from streams.board.model import Board
from streams.board.monitor import Monitor
from streams.config.force import Force, check_force
from streams.kafka.lots import Key
from streams.kafka.membership import Membership
from streams.kafka.settings import WorkerSettings
from streams.kafka.stream import Position
from streams.periods import to_ms

FAR_FUTURE = to_ms(dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
"""An append time after every event of the tests."""

TINY_FORCE = """
id = "tiny"
name = "Tiny Police"
timezone = "Europe/London"
population = 1000
service_level = "answered_of_offered"
carries = ["arrived_at"]
incident_categories = ["asb.personal", "asb.nuisance", "missing_person"]
offence_groups = ["burglary.residential", "vehicle"]

[[lines]]
id = "999"
name = "999"
targets = [{ since = 2000-01-01, seconds = 10, share = 0.9 }]

[[lines]]
id = "101"
name = "101"
targets = [
  { since = 2000-01-01, seconds = 30, share = 0.9 },
  { since = 2017-10-01, seconds = 30, share = 0.8 },
]

[attendance]
targets = [{ since = 2000-01-01, seconds = 1200 }]

[[areas]]
id = "north-area"
name = "North policing area"
kind = "policing_area"

[[areas]]
id = "north"
name = "North"
kind = "district"
parent = "north-area"

[[areas]]
id = "south"
name = "South"
kind = "district"
"""


def tiny_force(**changes: str) -> Force:
    """The small force of the tests; `changes` replaces `key = value` lines by key."""
    return _tiny_force(tuple(changes.items()))


@lru_cache
def _tiny_force(changes: tuple[tuple[str, str], ...]) -> Force:
    text = TINY_FORCE
    for key, value in changes:
        lines = [
            f"{key} = {value}" if line.startswith(f"{key} =") else line
            for line in text.splitlines()
        ]
        text = "\n".join(lines)
    force, problems = check_force(text, "tiny.toml")
    assert force is not None, problems
    return force


def monitor(force: Force | None = None) -> Monitor:
    return Monitor([force or tiny_force()])


def ms(text: str) -> int:
    """An RFC 3339 text as milliseconds."""
    return to_ms(dt.datetime.fromisoformat(text))


def call(name: str = "c1", offered: str = "2021-03-01T10:00:00Z", **fields: Any) -> dict[str, Any]:
    """A 999 call; `updated_at` defaults to the latest time it has."""
    record = {
        "kind": "call",
        "force": "tiny",
        "id": name,
        "line": "999",
        "offered_at": offered,
        **fields,
    }
    return _dated(record)


def incident(
    name: str = "i1", opened: str = "2021-03-01T10:00:00Z", **fields: Any
) -> dict[str, Any]:
    record = {
        "kind": "incident",
        "force": "tiny",
        "id": name,
        "opened_at": opened,
        "category": "asb.personal",
        "grade": "emergency",
        **fields,
    }
    return _dated(record)


def crime(
    name: str = "k1", recorded: str = "2021-03-01T10:00:00Z", **fields: Any
) -> dict[str, Any]:
    record = {
        "kind": "crime",
        "force": "tiny",
        "id": name,
        "recorded_at": recorded,
        "offence": "burglary.residential",
        **fields,
    }
    return _dated(record)


def _dated(record: dict[str, Any]) -> dict[str, Any]:
    stamps = [v for k, v in record.items() if k.endswith("_at") and isinstance(v, str) and "T" in v]
    record.setdefault("updated_at", max(stamps, key=dt.datetime.fromisoformat, default=None))
    if record["updated_at"] is None:
        record["updated_at"] = "2021-03-31T23:59:59Z"
    return {key: value for key, value in record.items() if value is not None}


class StillStream:
    """A stream of Kafka on which nothing moves (`streams.kafka.stream.Stream`)."""

    def __init__(self) -> None:
        self.membership = Membership(WorkerSettings("127.0.0.1:9", (), Path("/nonexistent")))
        self.membership.lease.seconds = math.inf
        self.membership.lease.answered(0.0)

    def resume(self, key: Key, offset: int) -> None:
        """Nothing comes."""

    async def commit(self, offsets: dict[Key, int]) -> bool:
        return True

    def high(self, key: Key) -> int | None:
        return None

    def position(self, key: Key) -> Position | None:
        return None

    def forget_positions(self) -> None:
        """There are none."""

    def heard(self) -> int | None:
        return None


class Record(NamedTuple):
    """A message of a log, as the clients of Kafka hand it over."""

    offset: int
    value: bytes | None
    timestamp: int = FAR_FUTURE
    key: bytes | None = None


def feed(target: Monitor, *records: dict[str, Any], appended: int = FAR_FUTURE) -> None:
    """Folds records, none of which may be refused."""
    refused = target.ingest(lines(records), appended)
    assert not refused, refused


def lines(records: Iterable[dict[str, Any]]) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records)


def as_json(answer: object) -> Any:
    """What is sent of an answer, as a reader gets it."""
    return msgspec.json.decode(msgspec.json.encode(answer))


Sent = dict[str, Any]
"""A board, or a part of one, as it is sent."""


def row(board: Board | Sent, window: str, group: str, **where: str) -> Sent:
    """The one row of a group in a window (or period) with these dimensions; area: the force."""
    sent = as_json(board) if isinstance(board, Board) else board
    figures = sent["windows"].get(window) or sent["periods"][window]
    return _only(figures[group], {"area": "force", **where})


def gauges(board: Board, group: str, **where: str) -> Sent:
    """The one row of what is open now."""
    return _only(as_json(board.now)[group], {"area": "force", **where})


def _only(rows: list[Sent], where: dict[str, str]) -> Sent:
    found = [row for row in rows if all(row[name] == value for name, value in where.items())]
    assert len(found) == 1, (where, rows)
    return found[0]


@contextmanager
def synchronised() -> Iterator[list[Path]]:
    """The files and folders that are written through to the disk meanwhile, as they come."""
    found: list[Path] = []
    through = os.fsync

    def noted(number: int) -> None:
        found.append(Path(f"/proc/self/fd/{number}").readlink())
        through(number)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", noted)
        yield found


@contextmanager
def full_disk(room: int = 0) -> Iterator[None]:
    """No file can grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

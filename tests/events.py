"""A small, seeded stream of events for tests: calls, incidents and crimes, some versions of each.

Every event is (kind, force, line), in the order in which a control room would send it. The stream
spans a few days, far less than any horizon, so its figures do not depend on the order.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from streams.board.monitor import Monitor, canonical
from streams.config.force import Force, find_force
from streams.sources.clock import wall_clock

START = dt.datetime(2021, 3, 1, 6, tzinfo=dt.UTC)
END = START + dt.timedelta(days=3)
AT = int((END + dt.timedelta(hours=1)).timestamp()) * 1000
"""An instant after all of it, for boards; the open records of the last minutes are in it."""

FORCES = ("warwickshire", "west-mercia", "city-of-london")
"""The first two share a partition group; with 4 partitions they are in 2, the third in 0."""
AREAS = {
    "warwickshire": ("rugby", "warwick", "stratford", None),
    "west-mercia": ("shropshire", "herefordshire", None),
    "city-of-london": (None,),
}


class Event(NamedTuple):
    kind: str
    force: str
    line: bytes
    at: dt.datetime


def forces() -> tuple[Force, ...]:
    return tuple(find_force(name) for name in FORCES)


def events(records: int = 1000, seed: int = 1, start: dt.datetime = START) -> list[Event]:
    """Some versions each of that many records, by the time of each version."""
    rng = random.Random(seed)
    out: list[Event] = []
    for number in range(records):
        force = rng.choice(FORCES)
        began = start + dt.timedelta(seconds=rng.randrange(3 * 86400))
        make = rng.choices((_call, _incident, _crime), weights=(6, 3, 1))[0]
        for version, (at, fields) in enumerate(make(rng, began, rng.choice(AREAS[force]))):
            kind = make.__name__.strip("_")
            record = {
                "kind": kind,
                "force": force,
                "id": f"{kind}-{seed}-{number}",
                "version": version,
                "updated_at": at.isoformat(),
                **{key: value for key, value in fields.items() if value is not None},
            }
            out.append(Event(kind, force, json.dumps(record).encode(), at))
    out.sort(key=lambda event: event.at)
    return out


Versions = Iterator[tuple[dt.datetime, dict[str, Any]]]


def _later(at: dt.datetime, seconds: float) -> dt.datetime:
    return at + dt.timedelta(milliseconds=round(seconds * 1000))


def _call(rng: random.Random, at: dt.datetime, area: str | None) -> Versions:
    fields: dict[str, Any] = {
        "line": rng.choice(("999", "101")),
        "offered_at": at.isoformat(),
        "area": area,
    }
    yield at, fields
    then = _later(at, rng.expovariate(1 / 12))
    if rng.random() < 0.1:
        yield then, {**fields, "abandoned_at": then.isoformat()}
        return
    fields = {**fields, "answered_at": then.isoformat()}
    yield then, fields
    ended = _later(then, rng.uniform(20, 600))
    yield ended, {**fields, "ended_at": ended.isoformat()}


def _incident(rng: random.Random, at: dt.datetime, area: str | None) -> Versions:
    fields: dict[str, Any] = {
        "opened_at": at.isoformat(),
        "grade": rng.choice(("emergency", "priority", "scheduled")),
        "category": rng.choice(("asb.personal", "missing_person", "road_collision")),
        "area": area,
    }
    yield at, fields
    arrived = _later(at, rng.uniform(120, 2400))
    if rng.random() < 0.1:
        yield arrived, {**fields, "cancelled": True}
        return
    if rng.random() < 0.9:
        fields = {**fields, "arrived_at": arrived.isoformat()}
        yield arrived, fields
    closed = _later(arrived, rng.uniform(600, 6000))
    yield closed, {**fields, "category": "asb.nuisance", "closed_at": closed.isoformat()}


def _crime(rng: random.Random, at: dt.datetime, area: str | None) -> Versions:
    fields: dict[str, Any] = {
        "recorded_at": at.isoformat(),
        "offence": rng.choice(("burglary.residential", "vehicle", "theft")),
        "area": area,
    }
    yield at, fields
    if rng.random() < 0.2:
        then = _later(at, 3600)
        yield then, {**fields, "offence": "theft", "cancelled": rng.random() < 0.3}
    elif rng.random() < 0.05:
        yield _later(at, 7200), {"deleted": True}


class Message(NamedTuple):
    """A batch: lines of one kind and one partition group."""

    kind: str
    group: str
    payload: bytes


def messages(found: Iterable[Event], size: int = 50) -> list[Message]:
    """Events as batches, in order, each of one kind and one partition group."""
    groups = {force.id: force.partition_group for force in forces()}
    filling: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    out: list[Message] = []
    for event in found:
        key = (event.kind, groups[event.force])
        filling[key].append(event.line)
        if len(filling[key]) == size:
            out.append(Message(*key, b"\n".join(filling.pop(key))))
    out += [Message(*key, b"\n".join(lines)) for key, lines in filling.items()]
    return out


def boards(found: Sequence[Event], at: int = AT) -> dict[str, bytes]:
    """What the monitor makes of events when it is fed directly: the canonical board by force."""
    monitor = Monitor(forces())
    refused = monitor.ingest(b"\n".join(event.line for event in found), wall_clock())
    assert not refused, refused[:3]
    return {name: canonical(monitor.board(name, at)) for name in FORCES}

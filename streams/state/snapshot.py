"""What a checkpoint holds of a shard, and how it is taken from one and put back.

Taking is done in the event loop, between two messages, so it only copies what changed since the
last time, in short steps; turning the copies into bytes and writing them is done in a thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from streams.board.monitor import Shard
from streams.events.schema import Reading
from streams.fold.heartbeats import Beat, Heartbeats
from streams.fold.ledger import Ledger, VersionCounts
from streams.fold.panes import Pane
from streams.fold.readings import Readings
from streams.state.departed import ENTRY_BYTES, Departed

KEYS_A_STEP, REVISIONS_A_STEP = 10_000, 100
"""What of a ledger is copied in one step."""

_canonical = msgspec.json.Encoder(order="deterministic").encode
_reading: msgspec.json.Decoder[Reading] = msgspec.json.Decoder(Reading)

Row = tuple[int, str, Any]
PaneRow = tuple[int, str, int, bytes | None]
PageRow = tuple[int, int, bytes]
"""Force, number, bits of the filter of departed ids."""
WatchRow = tuple[str, str, bytes]
"""Force, part (`streams.surveillance.state`), blob."""


class Identity(msgspec.Struct, frozen=True):
    """Whose checkpoint it is. Rows name the forces of the shard by index, as sorted here."""

    cluster: str
    topic: str
    topic_id: str
    partition: int
    fingerprint: str
    forces: tuple[str, ...]
    generation: int = 0
    member: str = ""


class FoldHead(msgspec.Struct, omit_defaults=True):
    """The figures of one ledger, of readings or of heartbeats, beside their rows."""

    watermark: int = 0
    sealed_before: int = 0
    closed_until: dict[str, int] = {}
    versions: dict[str, int] = msgspec.field(name="tally", default_factory=dict)
    skewed: int = 0
    unknown: dict[str, int] = {}
    unknown_values: dict[str, dict[str, int]] = {}
    facts: list[tuple[int | str, ...]] = []
    """The tuples of facts that packed records have the indices of."""
    began: int = 0
    first_known: int = 0
    departed: int = 0
    """Ids in the filter of departed records."""
    pages: int = 0
    """Rows that hold this filter."""
    lines: int = 0
    latest: dict[str, int] = {}
    beats: dict[str, list[Beat]] = {}
    heard: dict[str, list[tuple[int, int]]] = {}


class Head(msgspec.Struct):
    """The one row that every save writes anew."""

    format: int
    cluster: str
    topic: str
    topic_id: str
    partition: int
    fingerprint: str
    generation: int
    member: str
    nonce: str
    saved_at: int
    offset: int
    rows: int
    folds: dict[str, FoldHead] = msgspec.field(name="takers")
    refused: dict[str, int]
    archived_until: int = msgspec.field(default=-1, name="facts_until")
    """The offset up to which archived panes may be ahead of what was read."""


class Outgoing(msgspec.Struct, array_like=True):
    """A message to be sent once the checkpoint that caused it is written."""

    topic: str
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]
    partition: int | None = None


@dataclass
class Snapshot:
    """What changed in a shard up to an offset."""

    offset: int
    rows: int = 0
    folds: dict[str, FoldHead] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    entries: list[Row] = field(default_factory=list)
    """(force, id, ledger entry or reading; None for one that left)."""
    departed: dict[int, dict[str, int]] = field(default_factory=dict)
    """By force: the entries of records that left."""
    pages: list[PageRow] = field(default_factory=list)
    archived_until: int = -1
    revisions: list[PaneRow] = field(default_factory=list)
    sealed: list[PaneRow] = field(default_factory=list)
    outbox: list[tuple[int, Outgoing]] = field(default_factory=list)
    watches: list[WatchRow] = field(default_factory=list)
    """What has changed of the state of detectors."""

    def encoded(self) -> Iterator[tuple[int, str, bytes | None]]:
        """The entries with their bodies as bytes."""
        for force, key, entry in self.entries:
            if entry is None:
                yield force, key, None
            elif isinstance(entry, int):
                yield force, key, entry.to_bytes(ENTRY_BYTES, "little")
            else:
                yield force, key, _canonical(entry)


@dataclass
class Stored:
    """What was read back from a checkpoint, by force."""

    head: Head | None = None
    entries: dict[str, dict[str, bytes]] = field(default_factory=dict)
    revisions: dict[str, dict[tuple[str, int], bytes]] = field(default_factory=dict)
    sealed: dict[str, dict[tuple[str, int], bytes]] = field(default_factory=dict)
    outbox: list[tuple[int, Outgoing]] = field(default_factory=list)
    watches: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """By force and part."""
    pages: dict[str, dict[int, bytes]] = field(default_factory=dict)


def pane_bytes(pane: Pane) -> bytes:
    """A pane as JSON; its integers may be of any size."""
    return json.dumps({str(key): value for key, value in pane.items()}).encode()


def pane_from(payload: bytes) -> Pane:
    """A pane again."""
    return {int(key): value for key, value in json.loads(payload).items()}


def forces_of(shard: Shard) -> tuple[str, ...]:
    """The order in which rows name the forces of a shard."""
    return tuple(sorted(shard.folds))


def watch(shard: Shard) -> None:
    """Makes a shard remember what changes from now on."""
    for fold in shard.folds.values():
        if isinstance(fold, Ledger | Readings):
            fold.dirty = set()


def take(shard: Shard, offset: int, refused: dict[str, int]) -> Snapshot:
    """What changed since the last time; the shard starts to remember anew."""
    snapshot = Snapshot(offset, refused=dict(refused))
    for _ in taking(shard, snapshot):
        pass
    return snapshot


def taking(shard: Shard, snapshot: Snapshot) -> Iterator[None]:
    """The same in short steps, into a snapshot; nothing may be folded before the last of them."""
    for index, name in enumerate(forces_of(shard)):
        fold = shard.folds[name]
        if isinstance(fold, Heartbeats):
            beats = {feed: list(held) for feed, held in fold.beats.items()}
            heard = {feed: list(held) for feed, held in fold.beating.items()}
            snapshot.folds[name] = FoldHead(
                lines=fold.lines, latest=dict(fold.latest), beats=beats, heard=heard
            )
            continue
        dirty, fold.dirty = list(fold.dirty or ()), set()
        snapshot.rows += len(fold.entries)
        if isinstance(fold, Readings):
            held = fold.entries
            for some in _cut(dirty):
                snapshot.entries += [(index, key, held[key][1]) for key in some]
                yield
            snapshot.folds[name] = FoldHead(watermark=fold.watermark, lines=fold.lines)
            continue
        entry = fold.entries.get
        for some in _cut(dirty):
            snapshot.entries += [(index, key, entry(key)) for key in some]
            yield
        for number, (grain, start) in enumerate(fold.dirty_revisions, start=1):
            pane = fold.revisions.get((grain, start))
            blob = None if pane is None else pane_bytes(pane)
            snapshot.revisions.append((index, grain, start, blob))
            if not number % REVISIONS_A_STEP:
                yield
        fold.dirty_revisions = set()
        count = pages = 0
        if isinstance(fold.departed, Departed):
            snapshot.departed[index] = dict(fold.departed.pending)
            ids = fold.departed.ids
            snapshot.pages += [(index, number, bits) for number, bits in ids.take()]
            count, pages = ids.count, len(ids.pages)
        snapshot.folds[name] = FoldHead(
            facts=list(fold.packer.facts.tuples),
            began=fold.began,
            first_known=fold.first_known,
            departed=count,
            pages=pages,
            watermark=fold.watermark,
            sealed_before=fold.sealed_before,
            closed_until={str(grain): until for grain, until in fold.closed_until.items()},
            versions=fold.versions.as_dict(),
            skewed=fold.packer.skewed,
            unknown=dict(fold.packer.unknown.fields),
            unknown_values={f: dict(v) for f, v in fold.packer.unknown.values.items()},
        )


def _cut(keys: list[str]) -> Iterator[list[str]]:
    """Some keys at a time."""
    return (keys[at : at + KEYS_A_STEP] for at in range(0, len(keys), KEYS_A_STEP))


def written(shard: Shard, snapshot: Snapshot) -> None:
    """Lets memory go of departed records that have been written."""
    names = forces_of(shard)
    for index, entries in snapshot.departed.items():
        fold = shard.folds[names[index]]
        if isinstance(fold, Ledger) and isinstance(fold.departed, Departed):
            fold.departed.written(entries)


def give_back(shard: Shard, snapshot: Snapshot) -> None:
    """Marks as changed again what could not be written."""
    names = forces_of(shard)
    for index, number, _ in snapshot.pages:
        fold = shard.folds[names[index]]
        if isinstance(fold, Ledger) and isinstance(fold.departed, Departed):
            fold.departed.ids.dirty.add(number)
    for index, key, _ in snapshot.entries:
        fold = shard.folds[names[index]]
        if isinstance(fold, Ledger | Readings) and fold.dirty is not None:
            fold.dirty.add(key)
    for index, grain, start, _ in snapshot.revisions:
        fold = shard.folds[names[index]]
        if isinstance(fold, Ledger):
            fold.dirty_revisions.add((grain, start))  # type: ignore[arg-type]


def put_back(shard: Shard, stored: Stored) -> None:
    """Fills an empty shard from what a checkpoint held."""
    folds = stored.head.folds if stored.head else {}
    for name, fold in shard.folds.items():
        figures = folds.get(name, FoldHead())
        entries = stored.entries.get(name, {})
        if isinstance(fold, Heartbeats):
            fold.restore(figures.latest, figures.beats, figures.heard, figures.lines)
        elif isinstance(fold, Readings):
            events = [_reading.decode(blob) for blob in entries.values()]
            fold.restore(events, watermark=figures.watermark, lines=figures.lines)
        else:
            fold.versions = VersionCounts(**figures.versions)
            fold.packer.restore(figures.facts)
            fold.packer.skewed = figures.skewed
            fold.packer.unknown.restore(figures.unknown, figures.unknown_values)
            fold.began, fold.first_known = figures.began, figures.first_known
            if isinstance(fold.departed, Departed):
                fold.departed.ids.restore(figures.departed, stored.pages.get(name, {}))
            fold.restore(
                {key: int.from_bytes(blob, "little") for key, blob in entries.items()},
                watermark=figures.watermark,
                sealed_before=figures.sealed_before,
                sealed=[
                    (grain, start, pane_from(blob))
                    for (grain, start), blob in stored.sealed.get(name, {}).items()
                ],
                closed_until=figures.closed_until,  # type: ignore[arg-type]
                revisions={
                    (grain, start): pane_from(blob)  # type: ignore[misc]
                    for (grain, start), blob in stored.revisions.get(name, {}).items()
                },
            )

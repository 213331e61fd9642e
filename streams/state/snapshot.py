"""What a checkpoint holds of a shard, and how it is taken from one and put back.

Taking is done in the event loop, between two messages, and is no work, however much has changed: a
fold notes what changes in dicts of its own, which are handed over and begun anew, and changes
nothing that it has handed over. Turning it into bytes and writing them is done in a thread, some
rows at a time: Python's lock is never held for long, not even to forget what was written.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from streams.board.monitor import Shard
from streams.events.schema import Reading
from streams.fold.changes import ChangeKey, Changes
from streams.fold.heartbeats import Beat, Heartbeats
from streams.fold.ledger import Ledger, Sealed, Uncounted, VersionCounts
from streams.fold.log_gap import LogGap
from streams.fold.panes import Pane, clock_and_grain
from streams.fold.readings import Readings
from streams.registry.digests import ClockCounters
from streams.registry.packing import Facts, FactTable
from streams.state.declared import Recount
from streams.state.departed import Departed, entry_bytes

_canonical = msgspec.json.Encoder(order="deterministic").encode
_reading: msgspec.json.Decoder[Reading] = msgspec.json.Decoder(Reading)

PaneRow = tuple[int, str, int, Pane | None]
"""Force, grain, start minute, and a pane that nobody changes; None for one that is no more."""
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
    new_at: int = 0
    """Up to when records came that were not there before, in ms (`Ledger.new_at`)."""
    sealed_before: int = 0
    closed_until: dict[str, int] = {}
    versions: dict[str, int] = msgspec.field(name="tally", default_factory=dict)
    skewed: int = 0
    unknown: dict[str, int] = {}
    unknown_values: dict[str, dict[str, int]] = {}
    facts: int = 0
    """The tuples of facts that packed records have the indices of."""
    links: int = 0
    """Records with people."""
    counted: tuple[ClockCounters, ...] = ()
    """What the panes count, by clock."""
    uncounted: list[tuple[int, str, int, int]] = []
    """The clock and name of each counter that is newer than some panes (`Uncounted`)."""
    began: int = 0
    first_known: int = 0
    carried: dict[str, int] = {}
    """By field of an event, since when the feed has carried it (`streams.registry.carried`)."""
    made_up: dict[str, int] = {}
    """Lines that are not of a live feed, by their origin."""
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
    digests: dict[str, int] = {}
    """By table, the digest of its rows (`streams.state.sqlite`)."""
    appended: int = 0
    """When the log took the last message that is held, in ms."""
    gaps: list[LogGap] = []
    """What the log lost before it was counted."""


class Outgoing(msgspec.Struct, array_like=True):
    """A message to be sent once the checkpoint that caused it is written."""

    topic: str
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]
    partition: int | None = None


class Deferred(Protocol):
    """A message whose value takes long to make: it is made where the snapshot is written."""

    def made(self) -> Outgoing:
        """The message."""


@dataclass
class Snapshot:
    """What changed in a shard up to an offset. Forces are named by index (`forces_of`)."""

    offset: int
    rows: int = 0
    folds: dict[str, FoldHead] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    entries: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Ledger entries (None for one that left) or readings, by force and id."""
    departed: dict[int, Departed] = field(default_factory=dict)
    """Where the records of a force are that are being written as such that left."""
    pages: dict[int, list[int]] = field(default_factory=dict)
    """The pages of the filters of departed ids that are being written, by force."""
    facts: dict[int, FactTable] = field(default_factory=dict)
    """The tables of facts, by force: as many of their tuples belong to it as its head says."""
    links: dict[int, dict[str, bytes | None]] = field(default_factory=dict)
    """Who is in records, by force and id; None for one without people."""
    archived_until: int = -1
    appended: int = 0
    gaps: list[LogGap] = field(default_factory=list)
    revisions: dict[int, dict[tuple[Any, int], Pane | None]] = field(default_factory=dict)
    changes: dict[int, tuple[Changes, dict[ChangeKey, Pane | bytes | None]]] = field(
        default_factory=dict
    )
    """What has changed in closed periods by day of change, and what knows how to pack it."""
    left: dict[int, dict[tuple[str, int], Pane | None]] = field(default_factory=dict)
    """What records that have left count by other clocks than the first."""
    people: dict[int, dict[tuple[str, int], Pane | None]] = field(default_factory=dict)
    """How many people counted in months of which records have left."""
    sealed: list[PaneRow] = field(default_factory=list)
    outbox: list[tuple[int, Outgoing | Deferred]] = field(default_factory=list)
    watches: list[WatchRow] = field(default_factory=list)
    """What has changed of the state of detectors."""

    def made_outbox(self) -> list[tuple[int, Outgoing]]:
        """The messages with their values, which are made once."""
        made = [
            (number, each if isinstance(each, Outgoing) else each.made())
            for number, each in self.outbox
        ]
        self.outbox = list(made)
        return made

    def forget(self) -> None:
        """Lets go of what is written, bit by bit: to free a million entries at once would hold
        Python's lock for 50 ms."""
        for changed in (*self.entries.values(), *self.links.values()):
            _empty(changed)
        for departed in self.departed.values():
            _empty(departed.writing)


def _empty(held: dict[str, Any]) -> None:
    while held:
        held.popitem()


def body_of(entry: Any) -> bytes:
    """A ledger entry, the people of a record, or a reading as bytes."""
    if isinstance(entry, bytes):
        return entry
    return entry_bytes(entry) if isinstance(entry, int) else _canonical(entry)


@dataclass
class StoredState:
    """What was read back from a checkpoint, by force."""

    head: Head | None = None
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """As bytes; a ledger makes its entries of them in their place."""
    revisions: dict[str, dict[tuple[str, int], bytes]] = field(default_factory=dict)
    left: dict[str, dict[tuple[str, int], bytes]] = field(default_factory=dict)
    people: dict[str, dict[tuple[str, int], bytes]] = field(default_factory=dict)
    changes: dict[str, dict[ChangeKey, bytes]] = field(default_factory=dict)
    sealed: dict[str, dict[tuple[str, int], bytes]] = field(default_factory=dict)
    outbox: list[tuple[int, Outgoing]] = field(default_factory=list)
    watches: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """By force and part."""
    pages: dict[str, dict[int, bytes]] = field(default_factory=dict)
    facts: dict[str, list[Facts]] = field(default_factory=dict)
    links: dict[str, dict[str, bytes]] = field(default_factory=dict)


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
            fold.changed = {}
        if isinstance(fold, Ledger) and fold.links is not None:
            fold.links.changed = {}


def take(shard: Shard, offset: int, refused: dict[str, int]) -> Snapshot:
    """What changed since the last time; the shard starts to remember anew."""
    snapshot = Snapshot(offset, refused=dict(refused))
    for index, name in enumerate(forces_of(shard)):
        fold = shard.folds[name]
        if isinstance(fold, Heartbeats):
            beats = {feed: list(held) for feed, held in fold.beats.items()}
            heard = {feed: list(held) for feed, held in fold.beating.items()}
            snapshot.folds[name] = FoldHead(
                lines=fold.lines, latest=dict(fold.latest), beats=beats, heard=heard
            )
            continue
        snapshot.entries[index] = fold.changed or {}
        fold.changed = {}
        snapshot.rows += len(fold.entries)
        if isinstance(fold, Readings):
            snapshot.folds[name] = FoldHead(watermark=fold.watermark, lines=fold.lines)
            continue
        snapshot.revisions[index], fold.changed_revisions = fold.changed_revisions, {}
        snapshot.left[index], fold.changed_left = fold.changed_left, {}
        snapshot.people[index], fold.changed_people = fold.changed_people, {}
        snapshot.changes[index] = fold.dated, fold.dated.take()
        snapshot.facts[index] = fold.packer.facts
        if fold.links is not None:
            fold.links.settle()
            snapshot.links[index], fold.links.changed = fold.links.changed or {}, {}
        if isinstance(fold.departed, Departed):
            snapshot.departed[index] = fold.departed
            fold.departed.take()
        snapshot.folds[name] = FoldHead(
            facts=len(fold.packer.facts),
            links=len(fold.links) if fold.links is not None else 0,
            counted=fold.kind.counted,
            uncounted=[(*place, *each) for place, each in fold.uncounted.items()],
            began=fold.began,
            first_known=fold.first_known,
            carried=dict(fold.packer.carried.since),
            made_up=dict(fold.made_up),
            watermark=fold.watermark,
            new_at=fold.new_at,
            sealed_before=fold.sealed_before,
            closed_until={str(grain): until for grain, until in fold.closed_until.items()},
            versions=fold.versions.as_dict(),
            skewed=fold.packer.skewed,
            unknown=dict(fold.packer.unknown.fields),
            unknown_values={f: dict(v) for f, v in fold.packer.unknown.values.items()},
        )
    return snapshot


def give_back(shard: Shard, snapshot: Snapshot) -> None:
    """Marks as changed again what could not be written."""
    for index, name in enumerate(forces_of(shard)):
        fold = shard.folds[name]
        if isinstance(fold, Heartbeats):
            continue
        taken = snapshot.entries[index]
        taken.update(fold.changed or {})
        fold.changed = taken
        if isinstance(fold, Ledger):
            revisions = snapshot.revisions[index]
            revisions.update(fold.changed_revisions)
            fold.changed_revisions = revisions
            left = snapshot.left[index]
            left.update(fold.changed_left)
            fold.changed_left = left
            people = snapshot.people[index]
            people.update(fold.changed_people)
            fold.changed_people = people
            fold.dated.give_back(snapshot.changes[index][1])
            if fold.links is not None:
                links = snapshot.links[index]
                links.update(fold.links.changed or {})
                fold.links.changed = links
    for index, departed in snapshot.departed.items():
        departed.give_back()
        departed.ids.dirty.update(snapshot.pages.get(index, ()))


def put_back(shard: Shard, stored: StoredState) -> list[PaneRow]:
    """Fills an empty shard from what a checkpoint held; returns the sealed panes that have to be
    written again, since what is counted has changed."""
    folds = stored.head.folds if stored.head else {}
    recounted: list[PaneRow] = []
    for index, name in enumerate(forces_of(shard)):
        fold = shard.folds[name]
        figures = folds.get(name, FoldHead())
        entries = stored.entries.get(name, {})
        if isinstance(fold, Heartbeats):
            fold.restore(figures.latest, figures.beats, figures.heard, figures.lines)
        elif isinstance(fold, Readings):
            events = [_reading.decode(blob) for blob in entries.values()]
            fold.restore(events, watermark=figures.watermark, lines=figures.lines)
        else:
            rows = _put_back_ledger(fold, name, figures, stored)
            recounted += [(index, *row) for row in rows]
    return recounted


def _clock(grain: str) -> int:
    """The clock of a stored grain."""
    return clock_and_grain(grain)[0]


def _put_back_ledger(
    fold: Ledger, name: str, figures: FoldHead, stored: StoredState
) -> list[Sealed]:
    """Fills an empty ledger; returns its sealed panes where they are counted otherwise now."""
    fold.versions = VersionCounts(**figures.versions)
    fold.packer.restore(stored.facts.get(name, []))
    fold.packer.carried.restore(figures.carried)
    fold.made_up = Counter(figures.made_up)
    fold.packer.skewed = figures.skewed
    if fold.links is not None:
        fold.links.restore(stored.links.get(name, {}))
        counted = stored.people.get(name, {})
        fold.counted_people = {place: pane_from(blob) for place, blob in counted.items()}
    fold.packer.unknown.restore(figures.unknown, figures.unknown_values)
    fold.began, fold.first_known = figures.began, figures.first_known
    if isinstance(fold.departed, Departed):
        fold.departed.ids.restore(figures.departed, stored.pages.get(name, {}))
    entries = stored.entries.get(name, {})
    for key, blob in entries.items():  # in place: no second million to be freed at once
        entries[key] = int.from_bytes(blob, "little")
    panes = stored.sealed.get(name, {})
    sealed: list[Sealed] = [(*place, pane_from(blob)) for place, blob in panes.items()]
    revisions, left = (
        {place: pane_from(blob) for place, blob in panes.get(name, {}).items()}
        for panes in (stored.revisions, stored.left)
    )
    changes = stored.changes.get(name, {})
    recount = Recount(figures.counted or fold.kind.counted, fold.kind)
    uncounted = {(clock, name): Uncounted(*at) for clock, name, *at in figures.uncounted}
    if recount.changed:
        sealed = [(at, start, recount.pane(_clock(at), pane)) for at, start, pane in sealed]
        revisions, left = (
            {at: recount.pane(_clock(at[0]), pane) for at, pane in panes.items()}
            for panes in (revisions, left)
        )
        fold.changed_revisions, fold.changed_left = dict(revisions), dict(left)
        changes = {at: recount.changes(_clock(at[0]), held) for at, held in changes.items()}
        fold.dated.give_back(dict(changes))
        now = Uncounted(figures.sealed_before, figures.watermark)
        uncounted = recount.uncounted(uncounted, now)
    fold.restore(
        entries,
        watermark=figures.watermark,
        new_at=figures.new_at,
        sealed_before=figures.sealed_before,
        sealed=sealed,
        closed_until=figures.closed_until,  # type: ignore[arg-type]
        revisions=revisions,
        left=left,
        changes=changes,
        uncounted=uncounted,
    )
    if not recount.changed:
        return []
    return [(grain, start, dict(pane)) for grain, start, pane in sealed]

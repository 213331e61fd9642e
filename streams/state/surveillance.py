"""Surveillance as runners keep it: made for a shard, saved in its checkpoint, made anew without.

What of a ledger's watches has changed goes into each checkpoint, in parts
(`streams.surveillance.state`), with the number of their form
(`streams.surveillance.state.STATE_VERSION`). Parts of a number that is not read are not used: then
the watches learn from the counts that the ledger keeps.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator

import msgspec

from detectors import state
from streams.board.monitor import Monitor, Shard
from streams.config.force import Force
from streams.fold.gaps import Gap
from streams.fold.ledger import Ledger
from streams.state.snapshot import WatchRow
from streams.surveillance.relearning import kept
from streams.surveillance.service import Surveillance
from streams.surveillance.state import READ, STATE_VERSION, StatePart, changes, lost, restore

log = logging.getLogger("watchroom.surveillance")

VERSION = "version"
"""The part that holds the number of the form that the others have."""
_encode = msgspec.msgpack.Encoder(enc_hook=state.plain).encode
_decode = msgspec.msgpack.Decoder().decode


def watch(shard: Shard) -> None:
    """Has every ledger of a shard watched from now on."""
    for force in shard.forces:
        ledger = shard.folds[force.id]
        if isinstance(ledger, Ledger):
            shard.surveillance[force.id] = made = Surveillance(force, ledger, shard.registry)
            made.attach()


def watch_all(monitor: Monitor) -> None:
    """Has every ledger of a monitor watched, where no checkpoint is kept."""
    for shard in monitor.shards:
        watch(shard)
        monitor.connect(shard)


def take(shard: Shard) -> list[WatchRow]:
    """What of a shard's watches has changed since this was last taken."""
    return [row for row in taking(shard) if row is not None]


def taking(shard: Shard, but: Collection[str] = ()) -> Iterator[WatchRow | None]:
    """The same row by row in short steps, in some of which there is none; nothing may be folded
    before the last of them. What is watched of the forces `but` is left out."""
    for force, each in shard.surveillance.items():
        for part in _changes(each) if force not in but else ():
            yield None if part is None else (force, part[0], _encode(part[1]))


def _changes(surveillance: Surveillance) -> Iterator[StatePart | None]:
    changed = False
    for part in changes(surveillance):
        changed = True
        yield part
    if changed:
        yield VERSION, STATE_VERSION


def give_back(shard: Shard, taken: list[WatchRow]) -> None:
    """Marks as changed again what could not be written."""
    for force in {force for force, _, _ in taken}:
        if force in shard.surveillance:
            lost(shard.surveillance[force])


def put_back(shard: Shard, stored: dict[str, dict[str, bytes]]) -> None:
    """Restores the watches of a shard whose ledgers have just been restored."""
    for force in shard.forces:
        surveillance = shard.surveillance.get(force.id)
        if surveillance is not None and not _restored(surveillance, stored.get(force.id, {})):
            rebuild(shard, force)
            lost(surveillance)  # what an older form has left in the file must go, whatever changes


def go_on(surveillance: Surveillance, stored: dict[str, bytes]) -> bool:
    """Has watches that have taken nothing yet go on from those of an outdated checkpoint, as far as
    their series still exist; whether any could be read. Of the log they take what comes after."""
    kind, force = surveillance.ledger.kind.name, surveillance.force.id
    try:
        found = _restored(surveillance, stored)
    except Exception as error:  # noqa: BLE001 - it may have been written under any force file
        log.warning("%s of %s: what was learned can't be read (%r)", kind, force, error)
        surveillance.begin_anew()
        found = False
    watches = sum(1 for each in surveillance.grains.values() for _ in each)
    if not found or not watches:
        log.info("%s of %s: nothing that was learned before can be read", kind, force)
        return False
    lost(surveillance)  # it is in no file that is used
    log.info("%s of %s: what %d watches had learned is kept", kind, force, watches)
    return True


def _restored(surveillance: Surveillance, stored: dict[str, bytes]) -> bool:
    version = _decode(stored[VERSION]) if VERSION in stored else None
    if version not in READ:
        return False
    restore(surveillance, ((part, _decode(blob)) for part, blob in stored.items()), version)
    return True


def learn_anew(shard: Shard, force: Force) -> Iterator[None]:
    """Has watches that have taken something forget it, and be made anew, as `rebuilding` does."""
    shard.surveillance[force.id].begin_anew()
    yield from rebuilding(shard, force)


def rebuild(shard: Shard, force: Force) -> None:
    """Makes the watches of a ledger anew from the counts that it keeps, as they stand now."""
    for _ in rebuilding(shard, force):
        pass


def rebuilding(shard: Shard, force: Force) -> Iterator[None]:
    """The same in short steps; nothing may be folded before the last of them."""
    surveillance: Surveillance = shard.surveillance[force.id]
    ledger, periods = surveillance.ledger, 0
    for grain in surveillance.grains:
        for period in kept(ledger, grain, surveillance.judge_empty):
            if isinstance(period, Gap):
                steps: Iterator[None] = surveillance.pass_over(period)
            else:
                steps = surveillance.take(period, period.end + ledger.kind.grace)
                periods += 1
            yield from steps
            yield
    surveillance.rebuilt = periods > 0
    surveillance.missing.unreported = []  # all of it is long past
    if periods:
        log.info(
            "%s of %s: baselines rebuilt from %d periods, from counts as they stand now",
            ledger.kind.name, force.id, periods,
        )  # fmt: skip

"""Surveillance as runners keep it: made for a shard, saved in its checkpoint, made anew without.

The state of a ledger's watches is one blob, with a digest of the code that made it. A blob of other
code is not used: then the watches learn from the counts that the ledger keeps.
"""

from __future__ import annotations

import hashlib
import logging
from functools import lru_cache
from importlib import import_module, resources
from typing import Any

import msgspec

from streams.force import Force
from streams.history import kept
from streams.ledger import Ledger
from streams.monitor import Monitor, Shard
from streams.surveillance import Surveillance

log = logging.getLogger("watchroom.surveillance")

_RULES = (
    "families", "grain_watches.py", "measures.py", "outcomes.py", "surveillance.py",
    "watch_list.py", "watches.py",
)  # fmt: skip


@lru_cache(maxsize=1)
def rules_version() -> str:
    """A digest of the code that decides what a watch holds."""
    digest = hashlib.sha256()
    streams, detectors = (resources.files(import_module(n)) for n in ("streams", "detectors"))
    for found in (*(streams / name for name in _RULES), detectors):
        parts = [found] if found.is_file() else sorted(found.iterdir(), key=lambda p: p.name)
        for part in parts:
            if part.name.endswith(".py"):
                digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()[:16]


def watch(shard: Shard) -> None:
    """Has every ledger of a shard watched from now on."""
    for force in shard.forces:
        ledger = shard.takers[force.id]
        if isinstance(ledger, Ledger):
            shard.surveillance[force.id] = made = Surveillance(force, ledger)
            made.attach()


def watch_all(monitor: Monitor) -> None:
    """Has every ledger of a monitor watched, where no checkpoint is kept."""
    for shard in monitor.shards:
        watch(shard)


def take(shard: Shard) -> list[tuple[str, bytes]]:
    """The state of those forces of a shard of which it has changed since it was last taken."""
    return [(name, saved(each)) for name, each in shard.surveillance.items() if each.changed]


def give_back(shard: Shard, taken: list[tuple[str, bytes]]) -> None:
    """Marks as changed again what could not be written."""
    for name, _ in taken:
        if name in shard.surveillance:
            shard.surveillance[name].changed = True


def saved(surveillance: Surveillance) -> bytes:
    """The state for a checkpoint."""
    return msgspec.msgpack.encode({"rules": rules_version(), "state": surveillance.save()})


def put_back(shard: Shard, blobs: dict[str, bytes]) -> None:
    """Restores the watches of a shard whose ledgers have just been restored."""
    for force in shard.forces:
        surveillance = shard.surveillance.get(force.id)
        if surveillance is not None and not _restored(surveillance, blobs.get(force.id)):
            rebuild(shard, force)


def _restored(surveillance: Surveillance, blob: bytes | None) -> bool:
    if blob is None:
        return False
    found: dict[str, Any] = msgspec.msgpack.decode(blob)
    if found["rules"] != rules_version():
        return False
    surveillance.restore(found["state"])
    return True


def rebuild(shard: Shard, force: Force) -> None:
    """Makes the watches of a ledger anew from the counts that it keeps, as they stand now."""
    surveillance: Surveillance = shard.surveillance[force.id]
    ledger, periods = surveillance.ledger, 0
    for grain in surveillance.grains:
        for period in kept(ledger, grain):
            surveillance.take(period, period.end + ledger.kind.grace)
            periods += 1
    surveillance.rebuilt = periods > 0
    if periods:
        log.info(
            "%s of %s: baselines rebuilt from %d periods, from counts as they stand now",
            ledger.kind.name, force.id, periods,
        )  # fmt: skip

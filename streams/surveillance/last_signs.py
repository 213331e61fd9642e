"""When the feeds with heartbeats were last heard, and when the next of each was due."""

from __future__ import annotations

from typing import NamedTuple

from streams.board.monitor import Monitor
from streams.config.force import Force
from streams.fold.heartbeats import KIND_OF, PRESUMED, Heartbeats, interval_of
from streams.periods import SECOND


class LastSign(NamedTuple):
    """The last sign of life of a feed, and when the next heartbeat was due after it, in ms; and how
    many seconds lie between two heartbeats, as far as that is known."""

    heard: int
    due: int
    interval: float


def heard_at(monitor: Monitor, heartbeats: Heartbeats, feed: str) -> int:
    """When a feed was last heard, in ms: its last heartbeat, or its newest record. The end of what
    was under way is none: it still comes while a telephone system is down."""
    beat, kind = heartbeats.latest[feed], KIND_OF.get(feed)
    ledger = None if kind is None else monitor.ledger(kind, heartbeats.force.id)
    return beat if ledger is None else max(beat, ledger.new_at)


def last_signs(
    monitor: Monitor, force: Force, at: int, held_back: frozenset[str]
) -> dict[str, LastSign]:
    """The last signs of life, as of an instant in ms, of the feeds that somebody would miss, but
    for those of which the heartbeats or the records are not read up to now (`held_back`)."""
    found: dict[str, LastSign] = {}
    for shard in monitor.shards:
        fold = shard.folds.get(force.id)
        if not isinstance(fold, Heartbeats):
            continue
        for feed in fold.missed(at):
            if held_back.isdisjoint((f"heartbeat.{feed}", KIND_OF.get(feed, ""))):
                heard = heard_at(monitor, fold, feed)
                interval = interval_of(force, fold, feed) or PRESUMED
                found[feed] = LastSign(heard, heard + round(interval * SECOND), interval)
    return found

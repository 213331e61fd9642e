"""What the detectors say of a force, over all kinds of record: the board's part `surveillance`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from streams.feed_silence import EVERY, Feed, of_heartbeats, of_records
from streams.force import Force
from streams.ledger import Ledger
from streams.monitor import Monitor
from streams.naming import name
from streams.periods import Calendar
from streams.readings import Heartbeats
from streams.signals import Signal

log = logging.getLogger("watchroom.surveillance")


Hears = Callable[[str], bool]
"""Whether a kind of record is read up to now: else a silence may be the reader's own."""


def surveyed(monitor: Monitor, force_id: str, at: int, hears: Hears) -> dict[str, Any]:
    """The latest signals as of `at`, the running hour, silent feeds, and how much is watched."""
    latest: list[Signal] = []
    running: list[Signal] = []
    summaries: dict[str, Any] = {}
    for shard in monitor.shards:
        watching = shard.surveillance.get(force_id)
        if watching is not None:
            latest += watching.latest(at)
            running += watching.running(at)
            summaries[shard.kind] = watching.summary()
    silent, delays = silences(monitor, force_id, at, hears)
    latest.sort(key=lambda signal: (-signal.end, signal.rate, signal.series))
    totals = {
        what: sum(summary[what] for summary in summaries.values())
        for what in ("watches", "learning", "first_year", "ready", "faults")
    }
    return {
        **totals,
        "signals": [signal.as_dict() for signal in latest],
        "running": [signal.as_dict() for signal in running],
        "silent": [signal.as_dict() for signal in silent],
        "delays": delays,
        "kinds": summaries,
    }


def silences(
    monitor: Monitor, force_id: str, at: int, hears: Hears
) -> tuple[list[Signal], list[str]]:
    """The feeds that are silent, and for the others how soon silence will be noticed."""
    force = monitor.forces[force_id]
    calendar = Calendar(force.zone)
    beating: set[str] = set()
    found: list[Signal] = []
    for shard in monitor.shards:
        taker = shard.takers.get(force_id)
        if isinstance(taker, Heartbeats):
            for feed, heard in taker.latest.items():
                beating.add(feed)
                signal = of_heartbeats(Feed(force, calendar, feed, heard), at)
                if signal is not None and hears(shard.kind):
                    found.append(signal)
    delays: list[str] = []
    for shard in monitor.shards:
        ledger, watching = shard.takers.get(force_id), shard.surveillance.get(force_id)
        named = {shard.kind, name(shard.kind)}
        if isinstance(ledger, Ledger) and watching is not None and not named & beating:
            signal, words = _of_records(force, calendar, shard.kind, watching, at)
            found += [signal] if signal is not None and hears(shard.kind) else []
            delays += [words] if words and signal is None else []
    return found, delays


def _of_records(
    force: Force, calendar: Calendar, kind: str, watching: Any, at: int
) -> tuple[Signal | None, str]:
    heard = watching.ledger.watermark
    if kind not in EVERY or not heard:
        return None, ""
    try:
        return of_records(Feed(force, calendar, kind, heard), watching.forecast, at)
    except Exception as error:  # noqa: BLE001 - the board is shown without it
        log.warning("silence of %s could not be judged: %r", kind, error)
        return None, ""

"""The state of surveillance as it is kept, in parts that change at different times.

A part has a name: `head`, a grain (all that changes with every period of it), or the name of a
series (what was learned of it from complete weeks). So a closing hour writes neither days nor
months nor what was learned from earlier weeks.

A part holds the attributes of watches and detectors by name, and never the name of a class or
module. Its form is numbered by `STATE_VERSION`; parts of another number are not used, and the
watches learn anew from the counts that are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from detectors.state import plain
from streams.surveillance.feedback import Feedback
from streams.surveillance.grain_watches import GrainWatches
from streams.surveillance.service import Surveillance

STATE_VERSION = 1
"""Of what watches and their detectors hold. To be raised with any change of what is written or of
what it means: an attribute, its type, the order of a list, a formula that makes other figures of
the same counts. `tests/unit/state/test_versions.py` fails where that was forgotten."""

Part = tuple[str, Any]
"""A name, and data that a MessagePack encoder with the hook `detectors.state.plain` can write."""

HEAD = "head"
WATCHES_A_STEP = 20
"""Watches that are encoded in one step."""
_encode = msgspec.msgpack.Encoder(enc_hook=plain).encode


def whole(surveillance: Surveillance) -> Iterator[Part]:
    """Every part, to be encoded before the next record."""
    yield HEAD, _head(surveillance)
    for watches in surveillance.grains.values():
        yield watches.grain, _running(watches, {w.series.name: w.save() for w in watches})
        for watch in watches:
            if watch.adapter.learned is not None:
                yield watch.series.name, watch.adapter.learned


def changes(surveillance: Surveillance) -> Iterator[Part | None]:
    """What has changed since this was last asked, to be encoded before the next record. It comes in
    short steps: None is nothing yet."""
    changed = [watches for watches in surveillance.grains.values() if watches.changed]
    if changed:
        yield HEAD, _head(surveillance)
    for watches in changed:
        watches.changed = False
        saved: dict[str, Any] = {}
        for number, watch in enumerate(watches, start=1):
            saved[watch.series.name] = msgspec.Raw(_encode(watch.save()))
            if not number % WATCHES_A_STEP:
                yield None
        yield watches.grain, _running(watches, saved)
        for watch in watches:
            if watch.adapter.learned is not watch.kept:
                watch.kept = watch.adapter.learned
                yield watch.series.name, watch.kept


def lost(surveillance: Surveillance) -> None:
    """Has everything count as changed, after what `changes` gave could not be kept."""
    for watches in surveillance.grains.values():
        watches.changed = True
        for watch in watches:
            watch.kept = None


def restore(surveillance: Surveillance, parts: Iterable[Part]) -> None:
    """Puts the parts that were kept back into a surveillance that has taken nothing yet."""
    found = dict(parts)
    head = found[HEAD]
    surveillance.rebuilt, surveillance.faults = head["rebuilt"], head["faults"]
    surveillance.missing.gaps = [(start, end) for start, end in head["gaps"]]
    surveillance.missing.unreported = [(grain, a, b) for grain, a, b in head["untold"]]
    for grain, watches in surveillance.grains.items():
        if grain in found:
            _restore(watches, found[grain], found)
    known, surveillance.feedback = surveillance.feedback, Feedback()
    surveillance.feed_back(known)


def _restore(watches: GrainWatches, running: dict[str, Any], found: dict[str, Any]) -> None:
    watches.last, watches.changed = running["last"], False
    watches.recent_rate.restore((a, b, came, due) for a, b, came, due in running["pace"])
    rows = {each.name: row for row, listed in watches.by_row.items() for each in listed}
    # In the order in which they had begun: signals come in it.
    for row in dict.fromkeys(rows[name] for name in running["watches"]):
        for watch in watches.begin(row):
            name = watch.series.name
            watch.restore(running["watches"][name], found.get(name, {}))
            watch.kept = watch.adapter.learned


def _head(surveillance: Surveillance) -> dict[str, Any]:
    return {
        "rebuilt": surveillance.rebuilt,
        "faults": surveillance.faults,
        "gaps": surveillance.missing.gaps,
        "untold": surveillance.missing.unreported,
    }


def _running(watches: GrainWatches, saved: dict[str, Any]) -> dict[str, Any]:
    pace = list(watches.recent_rate.closed)
    return {"last": watches.last, "pace": pace, "watches": saved}

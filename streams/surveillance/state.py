"""The state of surveillance as it is kept, in parts that change at different times.

A part has a name: `head`, a grain (all that changes with every period of it), `hour/slots/17` (one
slot of the counts of all series), or the name of a series (what was learned of it from complete
weeks). So a closing hour writes one slot, and neither days nor months nor what was learned from
earlier weeks.

A part holds the attributes of watches and detectors by name, arrays as bytes, and never the name of
a class or module. Its form is numbered by `STATE_VERSION`. Of the first form what was learned is
read (`state_form_1`), and the second as it is; parts of any other number are not used, and the
watches learn anew from the counts that are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from detectors.counts.weekly.baseline import Baseline
from detectors.state import plain
from streams.surveillance import state_form_1
from streams.surveillance.feedback import Feedback
from streams.surveillance.grain_watches import GrainWatches
from streams.surveillance.service import Surveillance

STATE_VERSION = 3
"""Of what watches and their detectors hold. To be raised with any change of what is written or of
what it means: an attribute, its type, the order of a list, a formula that makes other figures of
the same counts. `tests/unit/state/test_versions.py` fails where that was forgotten."""
GROUPED_ALONE = 2
"""The form in which each proportion and duration had a detector of its own, in its watch."""
READ = (state_form_1.VERSION, GROUPED_ALONE, STATE_VERSION)
"""The forms that are read; watches of any other learn anew."""

StatePart = tuple[str, Any]
"""A name, and data that a MessagePack encoder with the hook `detectors.state.plain` can write."""

HEAD = "head"
WATCHES_A_STEP = 20
"""Watches that are encoded in one step."""
_encode = msgspec.msgpack.Encoder(enc_hook=plain).encode


def whole(surveillance: Surveillance) -> Iterator[StatePart]:
    """Every part, to be encoded before the next record."""
    yield HEAD, _head(surveillance)
    for watches in surveillance.grains.values():
        yield watches.grain, _running(watches, {w.series.name: w.save() for w in watches})
        if watches.counts is not None:
            yield from _slots(watches.grain, watches.counts.watches.columns())
        for _, watch, adapter in watches.counted:
            yield watch.series.name, adapter.learned


def changes(surveillance: Surveillance) -> Iterator[StatePart | None]:
    """What has changed since this was last asked. It comes in short steps: None is nothing yet."""
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
        if watches.counts is not None:
            yield from _slots(watches.grain, watches.counts.watches.changed_columns())
        for _, watch, adapter in watches.counted:
            if adapter.learned is not watch.kept:
                watch.kept = adapter.learned
                yield watch.series.name, watch.kept


def _slots(grain: str, columns: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[StatePart]:
    """The slots that counts have taken, a part each: the next one takes the place of the oldest."""
    for number, column in columns:
        yield f"{grain}/slots/{number}", column


def lost(surveillance: Surveillance) -> None:
    """Has everything count as changed, after what `changes` gave could not be kept."""
    for watches in surveillance.grains.values():
        watches.note_change()
        if watches.counts is not None:
            watches.counts.watches.lost()
        for watch in watches:
            watch.kept = None


def restore(surveillance: Surveillance, parts: Iterable[StatePart], version: int) -> None:
    """Puts the parts of a form that is still read back into a surveillance that has taken nothing
    yet."""
    found = dict(parts)
    head = found[HEAD]
    surveillance.rebuilt, surveillance.faults = head["rebuilt"], head["faults"]
    surveillance.missing.gaps = [(start, end) for start, end in head["gaps"]]
    surveillance.missing.unreported = [(grain, a, b) for grain, a, b in head["untold"]]
    for grain, watches in surveillance.grains.items():
        if grain in found:
            running = found[grain]
            watches.last, watches.changed = running["last"], version != STATE_VERSION
            watches.recent_rate.restore((a, b, came, due) for a, b, came, due in running["pace"])
            (state_form_1.restore if version == state_form_1.VERSION else _restore)(
                watches, running, found
            )
            watches.forget_derived()
    known, surveillance.feedback = surveillance.feedback, Feedback()
    surveillance.feed_back(known)


def _restore(watches: GrainWatches, running: dict[str, Any], found: dict[str, Any]) -> None:
    rows = {each.name: row for row, listed in watches.by_row.items() for each in listed}
    # In the order in which they had begun. What is not measured any more is left out, and what was
    # not measured then begins now.
    for row in dict.fromkeys(rows[name] for name in running["watches"] if name in rows):
        for watch in watches.begin(row):
            saved = running["watches"].get(watch.series.name)
            if saved is not None:
                watch.restore(saved)
    if watches.grouped is not None and "grouped" in running:
        watches.grouped.restore(running["grouped"])
    if watches.counts is None:
        return
    then = {name: row for row, name in enumerate(running["counted"])}
    now = {watch.series.name: adapter.row for _, watch, adapter in watches.counted}
    both = {row: then[name] for name, row in now.items() if name in then}
    learned = {row: Baseline.of(found[name]) for name, row in now.items() if name in then}
    prefix = f"{watches.grain}/slots/"
    columns = (part for name, part in found.items() if name.startswith(prefix))
    watches.counts.restore(running["counts"], columns, both, learned)
    for _, watch, adapter in watches.counted:
        if adapter.row in both:
            watch.kept = adapter.learned


def _head(surveillance: Surveillance) -> dict[str, Any]:
    return {
        "rebuilt": surveillance.rebuilt,
        "faults": surveillance.faults,
        "gaps": surveillance.missing.gaps,
        "untold": surveillance.missing.unreported,
    }


def _running(watches: GrainWatches, saved: dict[str, Any]) -> dict[str, Any]:
    return {
        "last": watches.last,
        "pace": watches.recent_rate.kept,
        "watches": saved,
        "counted": [watch.series.name for _, watch, _ in watches.counted],
        "counts": None if watches.counts is None else watches.counts.save(),
        "grouped": None if watches.grouped is None else watches.grouped.save(),
    }

"""Sealed panes as facts: written once to the published topic, read back when all else is lost.

A fact outlives the log, the checkpoint, and the force file that it was counted under, so it names
areas, lines, categories and counters instead of numbering them: a force that adds a district keeps
its history. The key is `force/kind/grain/start`; a fact of the same key never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from streams.force import Force
from streams.ledger import Ledger, Sealed
from streams.panes import Pane, add_into
from streams.periods import MINUTE, rfc3339
from streams.records import BIN_SHIFT, LEAF_MASK, calls, crimes, incidents

Facts = dict[tuple[str, int], Pane]
"""Panes by stored grain and start minute."""


class Row(msgspec.Struct, omit_defaults=True):
    """One leaf: its names, its counters, and how many cases lie in each bin of its histogram."""

    names: dict[str, str | None]
    counts: dict[str, int] = {}
    bins: dict[str, int] = {}


class Fact(msgspec.Struct):
    """A sealed pane as it is published."""

    force: str
    kind: str
    grain: str
    start: str
    minute: int
    rows: list[Row]


def key_of(force: str, kind: str, grain: str, minute: int) -> bytes:
    """The key of a fact."""
    return f"{force}/{kind}/{grain}/{rfc3339(minute * MINUTE)}".encode()


def encode(ledger: Ledger, force: Force, grain: str, minute: int, pane: Pane) -> bytes:
    """A sealed pane as the value of its message."""
    name = _NAMES[ledger.kind.name][0]
    rows: dict[int, Row] = {}
    for key, value in pane.items():
        leaf, bin_ = key & LEAF_MASK, key >> BIN_SHIFT
        row = rows.get(leaf)
        if row is None:
            row = rows[leaf] = Row(name(force, leaf))
        if bin_:
            row.bins[str(bin_ - 1)] = value
        else:
            row.counts = {lane: n for lane, n in ledger.kind.cell.read(value).items() if n}
    fact = Fact(
        force=force.id,
        kind=ledger.kind.name,
        grain=grain,
        start=rfc3339(minute * MINUTE, force.zone),
        minute=minute,
        rows=[rows[leaf] for leaf in sorted(rows)],
    )
    return _encode(fact)


def decode(ledger: Ledger, force: Force, value: bytes) -> tuple[str, int, Pane]:
    """(grain, start minute, pane) of a fact, numbered as the force file is now.

    What the force no longer has is counted under what is left of it: an area that is gone under
    the force as a whole, a category under its nearest ancestor. Raises `msgspec.MsgspecError`.
    """
    fact = _decode(value)
    leaf_of = _NAMES[ledger.kind.name][1]
    shift = ledger.kind.cell.shift
    pane: Pane = {}
    for row in fact.rows:
        leaf = leaf_of(force, row.names)
        if leaf is None:
            continue
        cell = sum(n << shift[lane] for lane, n in row.counts.items() if lane in shift)
        part = {leaf | int(bin_) + 1 << BIN_SHIFT: n for bin_, n in row.bins.items()}
        if cell:
            part[leaf] = cell
        add_into(pane, part)
    return fact.grain, fact.minute, pane


def apply(ledger: Ledger, facts: Facts) -> list[Sealed]:
    """Puts those facts into a ledger whose panes are sealed by now, and takes them out of `facts`.

    A fact wins over what was counted again from a log that has lost its beginning.
    """
    panes = ledger.panes
    due = [
        (grain, minute, facts[grain, minute])
        for grain, minute in sorted(facts)
        if panes.end_of(grain, minute) <= ledger.sealed_before
    ]
    coarse: dict[int, Pane] = {}
    for grain, minute, pane in due:
        del facts[grain, minute]
        day = ledger.calendar.start("day", minute * MINUTE) // MINUTE
        if grain == "hour" and minute * MINUTE < panes.days_before:
            add_into(coarse.setdefault(day, {}), pane)
        else:
            if grain == "day":  # no hour of that day may be counted beside it
                end = panes.end_of("day", day)
                for hour in [h for h in panes.hours if day <= h < end // MINUTE]:
                    del panes.hours[hour]
            panes.restore(grain, minute, dict(pane))
    for day, pane in coarse.items():
        panes.restore("day", day, pane)
    return due


def collect(
    ledger: Ledger, force: Force, messages: Iterable[tuple[bytes | None, bytes | None]]
) -> Facts:
    """The facts of one ledger among the messages of the published topic; unreadable ones pass."""
    prefix = f"{force.id}/{ledger.kind.name}/".encode()
    facts: Facts = {}
    for key, value in messages:
        if key is None or value is None or not key.startswith(prefix):
            continue
        try:
            grain, minute, pane = decode(ledger, force, value)
        except (msgspec.MsgspecError, ValueError):
            continue
        facts[grain, minute] = pane
    return facts


Names = dict[str, str | None]


def _area(force: Force, index: int) -> str | None:
    area = force.areas[index]
    return None if area is None else area.id


def _area_index(force: Force, names: Names) -> int:
    return force.area_index.get(names.get("area") or "", 0)


def _call_names(force: Force, leaf: int) -> Names:
    line, area = calls.split_leaf(leaf)
    return {"line": force.lines[line].id, "area": _area(force, area)}


def _call_leaf(force: Force, names: Names) -> int | None:
    line = force.line_index.get(names.get("line") or "")
    return None if line is None else calls.leaf_of(line, _area_index(force, names))


def _incident_names(force: Force, leaf: int) -> Names:
    category, grade, area = incidents.split_leaf(leaf)
    return {
        "category": force.categories.paths[category],
        "grade": incidents.GRADES[grade],
        "area": _area(force, area),
    }


def _incident_leaf(force: Force, names: Names) -> int | None:
    grade = incidents.GRADES.index(names.get("grade") or incidents.GRADES[0])
    category = force.categories.resolve(names.get("category") or "other")
    return incidents.leaf_of(category, grade, _area_index(force, names))


def _crime_names(force: Force, leaf: int) -> Names:
    offence, area = crimes.split_leaf(leaf)
    return {"offence": force.offences.paths[offence], "area": _area(force, area)}


def _crime_leaf(force: Force, names: Names) -> int | None:
    offence = force.offences.resolve(names.get("offence") or "other")
    return crimes.leaf_of(offence, _area_index(force, names))


_NAMES: dict[str, tuple[Callable[[Force, int], Names], Callable[[Force, Names], int | None]]] = {
    "call": (_call_names, _call_leaf),
    "incident": (_incident_names, _incident_leaf),
    "crime": (_crime_names, _crime_leaf),
}
_encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Fact).decode

"""A line that the strict decoder refuses, read once more: one unknown value loses no record.

The strict decoder is fast and takes a line whole or not at all. What it refuses is decoded again
here, slowly, and a value that no list knows (a marker, a grade, an outcome code) is left out, so
that the record counts in everything else and the value counts as unknown. So is what enters no
figure, and a null says nothing. What says which record it is, of which force and line, when and in
which version, and the times that figures are made of, must be right: without these it counts
nowhere, or wrongly.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import msgspec

from streams.errors import Refused
from streams.events.schema import (
    EVENT_KINDS,
    Casualty,
    Event,
    Person,
    Unit,
    check_depth,
    decode_line,
    encode_event,
    refusal,
)
from streams.events.unknown_values import shown

FIELDS: dict[str, tuple[str, ...]] = {
    "call": (
        "origin",
        "area",
        "channel",
        "caller",
        "incident_id",
        "resolved",
        "connected_at",
        "wrapped_up_at",
        "called_back_at",
    ),
    "incident": (
        "origin",
        "area",
        "grade",
        "category",
        "markers",
        "crimed",
        "casualties",
        "persons",
        "units",
        "graded_at",
        "dispatched_at",
        "recontact_due_at",
        "recontacted_at",
    ),
    "crime": (
        "origin",
        "area",
        "offence",
        "markers",
        "outcome",
        "outcome_group",
        "victims",
        "suspects",
        "defendants",
        "notifiable",
        "offence_code",
        "incident_id",
        "series",
    ),
}
"""The fields of which an unknown value costs no record. A reading has none: its area and measure
say what it is a figure of."""

PEOPLE = frozenset({"caller", "casualties", "persons", "victims", "suspects", "defendants"})
"""Fields of which no value is ever shown."""

REQUIRED = {"category": "other", "offence": "other"}
"""What stands for a value that a record must have."""

SUREST: dict[Any, str] = {Person: "id", Casualty: "severity", Unit: "id"}
"""Of an item of a list the field that says most: with it the item is kept without the others."""

_SHAPES = {
    kind: {f.name: f.type for f in msgspec.structs.fields(EVENT_KINDS[kind]) if f.name in names}
    for kind, names in FIELDS.items()
}
_OPTIONAL = {
    kind: {f.name for f in msgspec.structs.fields(EVENT_KINDS[kind]) if not f.required}
    for kind in FIELDS
}


class LenientEvent(NamedTuple):
    """An event without its unknown values, and these: (field, value; None where the value must not
    be shown)."""

    event: Event
    unknown: list[tuple[str, str | None]]
    left_out: dict[str, Any]
    """The fields that had unknown values, as they came."""

    def encode(self, event: Event) -> bytes:
        """A line of `event`, which was made of this one, with what was left out: whoever counts it
        finds it unknown, and says so."""
        if not self.left_out:
            return encode_event(event)
        return msgspec.json.encode({**msgspec.to_builtins(event), **self.left_out})


def read(line: bytes, decode_line: Callable[[bytes], Event] = decode_line) -> LenientEvent:
    """One line to one event, its unknown values apart; raises `Refused`. `decode_line` is that of
    the registry whose kinds are known."""
    try:
        check_depth(line)
        return LenientEvent(decode_line(line), [], {})
    except Exception as error:  # noqa: BLE001 - whatever it is, it becomes the reason
        return salvage(line, error)


def decode(line: bytes, decode_line: Callable[[bytes], Event] = decode_line) -> Event:
    """One line to one event, its unknown values left out; raises `Refused`."""
    return read(line, decode_line).event


def salvage(line: bytes, error: Exception) -> LenientEvent:
    """What can be kept of a line that the strict decoder met with `error`; raises `Refused`."""
    if not isinstance(error, msgspec.ValidationError):
        raise refusal(error, line)
    try:
        record = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise refusal(error, line) from error
    kind = record.get("kind") if isinstance(record, dict) else None
    if not isinstance(kind, str) or kind not in FIELDS:
        raise refusal(error, line)
    return mend(kind, record)


def mend(kind: str, record: dict[str, Any], *, strict: bool = True) -> LenientEvent:
    """What can be kept of a record that is no event of its kind; raises `Refused`. `strict` False
    takes a number that is written as text, as a cell of a table is."""
    unknown: list[tuple[str, str | None]] = []
    optional = _OPTIONAL.get(kind, ())
    mended = {n: value for n, value in record.items() if value is not None or n not in optional}
    for name, shape in _SHAPES.get(kind, {}).items():
        if name in mended:
            _mend(mended, name, shape, unknown, strict)
    try:
        event = msgspec.convert(mended, EVENT_KINDS[kind], strict=strict)
    except msgspec.ValidationError as still:
        raise Refused("wrong_form", str(still)) from None
    return LenientEvent(event, unknown, {name: record[name] for name, _ in unknown})


def _mend(
    record: dict[str, Any],
    name: str,
    shape: Any,
    unknown: list[tuple[str, str | None]],
    strict: bool,
) -> None:
    """Leaves out of a field what has not its shape, and notes it."""

    def note(value: object) -> None:
        unknown.append((name, None if name in PEOPLE else shown(value)))

    value = record[name]
    if _has(value, shape, strict):
        return
    listed = next((part for part in _parts(shape) if get_origin(part) is tuple), None)
    if listed is None or not isinstance(value, list):
        note(value)
        if name in REQUIRED:
            record[name] = REQUIRED[name]
        else:
            del record[name]
        return
    each = get_args(listed)[0]
    kept = []
    for item in value:
        if _has(item, each, strict):
            kept.append(item)
            continue
        note(item)
        surest = SUREST.get(each)
        if surest is not None and isinstance(item, dict) and surest in item:
            sure = {surest: item[surest]}
            if _has(sure, each, strict):
                kept.append({k: item[k] for k in item if _has({**sure, k: item[k]}, each, strict)})
    record[name] = kept


def _parts(shape: Any) -> tuple[Any, ...]:
    """The types that a field may have."""
    while get_origin(shape) is Annotated:
        shape = get_args(shape)[0]
    return get_args(shape) if get_origin(shape) in {Union, types.UnionType} else (shape,)


def _has(value: object, shape: Any, strict: bool = True) -> bool:
    try:
        msgspec.convert(value, shape, strict=strict)
    except msgspec.ValidationError:
        return False
    return True

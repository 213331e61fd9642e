"""A finished record becomes the versions that a live feed would have sent of it.

An export has one row a record, as it was at the end. Folded as it stands, a call would be answered
at the moment it was offered, nobody would ever have waited, and one incident that was closed after
two months would move the clock two months ahead. So each record is *unfolded*:

| kind | a version at |
|---|---|
| call | offered, connected, answered or abandoned, ended, wrapped up, called back |
| incident | opened, graded (which brings the grade), dispatched, arrived, told of a delay, closed |
| its units | dispatched (which brings the unit), arrived, cleared |
| crime | recorded (entered, where that was later), outcome (which brings the outcome) |

A crime that was entered into the system after it was recorded (`entered_at`) has no version before
that: without it, nobody knows how long recording was delayed.

Each version is the record as it was known then. Facts that have no time of their own (area,
category, markers, a grade without `graded_at`) stand in every version; `played` says so: `step`,
and `end` for the last, after which nothing comes. An end that is blank there is unknown: the record
is not counted as waiting or unattended.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, cast

import msgspec

from streams.events.schema import Event, Record, Unit, Versioned
from streams.periods import EPOCH, SECOND, Calendar, to_ms
from streams.registry.registry import REGISTRY
from streams.registry.times import DAY_PRECISE, MONTH_PRECISE, partial_stamp
from streams.sources.record_times import RECORD_TIMES

BRINGS = {"graded_at": ("grade",), "outcome_at": ("outcome", "outcome_group")}
"""Facts that become known with a time."""
UNFOLDED: dict[type[Record], tuple[str, tuple[str, ...]]] = {
    cast("type[Record]", REGISTRY.structs[kind]): (
        life.begins,
        tuple(name for name in life.order if name != life.begins),
    )
    for kind, life in RECORD_TIMES.items()
    if life.begins
}
"""Of each kind of record the time at which it begins, and its other times."""


def known_at(field: str, value: dt.datetime | str, calendar: Calendar) -> int:
    """When a time was known, in ms: of a day or a month, its last second.

    Raises `Refused` for a text that is no date.
    """
    if isinstance(value, dt.datetime):
        return to_ms(value)
    start, precision = partial_stamp(field, value, calendar.zone)
    if precision == MONTH_PRECISE:
        return calendar.end("month", start) - SECOND
    return calendar.end("day", start) - SECOND if precision == DAY_PRECISE else start


def last_version(event: Versioned) -> Versioned:
    """A finished record marked as the last version, after which nothing comes."""
    if type(event) not in UNFOLDED or event.deleted or event.version is not None:
        return event
    return msgspec.structs.replace(event, played="end", origin=_origin(event))


def unfold(event: Versioned, calendar: Calendar) -> list[tuple[int, Event]]:
    """The versions of a finished record, each with the instant (ms) at which it was sent.

    A record that says which version it is, one that is deleted, and a reading stay as they are.
    `calendar` is that of the force. The record must be valid: its times in order, none
    later than `updated_at` by more than the skew of two clocks.
    """
    end = to_ms(event.updated_at)
    life = UNFOLDED.get(type(event))
    begun = getattr(event, life[0]) if life else None
    if life is None or begun is None or event.deleted or event.version is not None:
        return [(end, event)]
    begin, later = life
    first = known_at(begin, begun, calendar)
    if (entered := getattr(event, "entered_at", None)) is not None:
        first = max(first, known_at("entered_at", entered, calendar))
    first = min(first, end)
    known: dict[str, int] = {}
    for field in later:
        stamp: dt.datetime | str | None = getattr(event, field)
        if stamp is not None:
            known[field] = min(max(known_at(field, stamp, calendar), first), end)
    units = [(unit, _unit_times(unit, first, end)) for unit in getattr(event, "units", ())]
    instants = sorted({first, *known.values(), *(at for _, own in units for at in own.values())})
    versions: list[tuple[int, Event]] = []
    for at in instants:
        played = "step" if at < instants[-1] else "end"
        changed: dict[str, Any] = {"played": played, "origin": _origin(event)}
        if at < end:
            changed["updated_at"] = EPOCH + dt.timedelta(milliseconds=at)
        for field in later:
            if known.get(field, at) > at:
                changed[field] = None
                changed.update(dict.fromkeys(BRINGS.get(field, ())))
        if units:
            changed["units"] = tuple(_unit_at(unit, own, at) for unit, own in units
                                     if not own or min(own.values()) <= at)  # fmt: skip
        versions.append((at, msgspec.structs.replace(event, **changed)))
    if instants[-1] < end:  # the export says that the record was written later than its last time
        versions.append((end, last_version(event)))
    return versions


def _origin(event: Record) -> Literal["replayed", "simulated"]:
    """Where a version of a finished record comes from: what was made up stays so."""
    return "simulated" if event.origin == "simulated" else "replayed"


UNIT_TIMES = ("dispatched_at", "arrived_at", "cleared_at")


def _unit_times(unit: Unit, first: int, end: int) -> dict[str, int]:
    """When each time of a unit was known, in ms."""
    stamps = ((name, getattr(unit, name)) for name in UNIT_TIMES)
    return {name: min(max(to_ms(at), first), end) for name, at in stamps if at is not None}


def _unit_at(unit: Unit, known: dict[str, int], at: int) -> Unit:
    """A unit as it was known at an instant."""
    later = {name: None for name, instant in known.items() if instant > at}
    return msgspec.structs.replace(unit, **later) if later else unit

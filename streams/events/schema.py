"""What arrives: one JSON object a line, decoded once into a msgspec Struct.

Every event carries the whole current record with a version. Decoding checks
form only (types, required fields, known kinds); whether a record makes sense is judged in
`streams.registry.kind`, which knows the force. Unknown fields are ignored, so that a newer sender
does not break an older monitor.

Times are RFC 3339 with an offset. `opened_at` and `recorded_at` may instead be a day
(`2021-03-04`) or a month (`2021-03`): what is known only that well is counted only that finely.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from streams.errors import Refused
from streams.events.examples import example
from streams.events.fields import says

Stamp = Annotated[dt.datetime, Meta(tz=True, description="RFC 3339 with an offset")]
# What the decoder checks costs time in every line: a pattern a microsecond. What the records and
# the force's lists check anyway is therefore only described here, for the schemas.
PartialStamp = Annotated[
    str,
    Meta(
        max_length=40,
        description="RFC 3339 with an offset, or a day (2021-03-04), or a month (2021-03)",
        extra_json_schema={"pattern": r"^\d{4}-\d{2}(-\d{2}([Tt ].+)?)?$"},
        extra={"partial": True},
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
FeedName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=80,
        # It stands on screens and in terminals, which would obey a control character.
        extra_json_schema={"pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"},
    ),
]
Identifier = Annotated[str, Meta(min_length=1, max_length=128)]
Listed = Annotated[
    str,
    Meta(
        description="a name that the force's file has",
        extra_json_schema={"minLength": 1, "maxLength": 80},
    ),
]
DOTTED = r"^[a-z0-9_]+(\.[a-z0-9_]+)*$"
Dotted = Annotated[
    str,
    Meta(
        max_length=80,
        description="a dotted path, widest first: asb.personal",
        extra_json_schema={"pattern": DOTTED},
    ),
]
Category = Annotated[
    str,
    Meta(
        description="a dotted path, widest first: asb.personal",
        extra_json_schema={"pattern": DOTTED, "maxLength": 80},
    ),
]
Version = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]

Grade = Literal["emergency", "priority", "scheduled", "no_attendance"]
CallChannel = Literal["999", "101", "online", "webchat", "text"]
Severity = Literal["fatal", "serious", "slight"]
RoadUser = Literal[
    "pedestrian",
    "cyclist",
    "motorcyclist",
    "car_driver",
    "car_passenger",
    "goods_vehicle",
    "mobility_scooter",
    "other",
]
Pseudonym = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        description="a pseudonym, the same for the same person wherever it stands; never who it is",
        extra={"person": True},
    ),
]
Marker = Annotated[
    str,
    Meta(
        description="one that every force has (docs/forces.md), or that its file declares",
        extra_json_schema={"pattern": DOTTED, "maxLength": 80},
    ),
]
OffenceCode = Annotated[
    str, Meta(min_length=1, max_length=12, description="Home Office offence code: 8/6, 105A")
]
RecordId = Annotated[str, Meta(min_length=1, max_length=128, description="the id of a record")]


class Record(Struct, kw_only=True, tag_field="kind", omit_defaults=True, gc=False):
    """The fields that every versioned record has.

    The winner among the versions of one (kind, force, id) is the largest of (version, updated_at,
    content). `deleted` is a tombstone: the record leaves every figure.

    `played` marks a version that was made from a finished export: `step` is a version as a live
    feed would have sent it, whose facts without a time of their own are those known at the end;
    `end` is the last one, after which nothing comes. What an `end` does not name is unknown.

    `origin` says where the record comes from: a live feed, a history that is played again, or the
    simulator.
    """

    force: Name
    id: Identifier
    updated_at: Stamp
    version: Version | None = None
    deleted: bool = False
    played: Literal["step", "end"] | None = None
    origin: Literal["live", "replayed", "simulated"] = "live"


# The decoder looks for the next field of a line from where it found the last one. So fields stand
# in the order in which they come, and those that few lines have stand last.
class Call(Record, tag="call"):
    """One contact presented to the control room: a telephone call, or one through another channel.

    `connected_at` is when the national operator passed an emergency call on; `wrapped_up_at` when
    the handler was free again, after the work that follows the talk; `called_back_at` when a
    caller who gave up was rung back. `resolved` says whether the first contact settled it.
    """

    line: Listed | None = None
    area: Listed | None = None
    offered_at: Stamp | None = None
    connected_at: Stamp | None = None
    answered_at: Stamp | None = None
    abandoned_at: Stamp | None = None
    ended_at: Stamp | None = None
    wrapped_up_at: Stamp | None = None
    called_back_at: Stamp | None = None
    channel: CallChannel | None = None
    caller: Pseudonym | None = None
    incident_id: RecordId | None = None
    resolved: bool | None = None


class Casualties(Struct, kw_only=True, omit_defaults=True):
    """People hurt in a road collision, by severity, where no more is known of them."""

    fatal: Count = 0
    serious: Count = 0
    slight: Count = 0


class Casualty(Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One person hurt in a road collision: how badly, and as what road user."""

    severity: Severity
    road_user: RoadUser | None = None


class Person(Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A pseudonym and, for a missing person, what the measures need to know."""

    id: Pseudonym
    age_under_18: bool | None = None
    in_care: bool | None = None


class Unit(Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One unit sent to an incident, by its call sign, and its times."""

    id: Identifier
    dispatched_at: Stamp | None = None
    arrived_at: Stamp | None = None
    cleared_at: Stamp | None = None


class Incident(Record, tag="incident"):
    """One incident of the command and control system.

    `crimed` says that a crime was recorded of it. `dispatched_at` and `arrived_at` are those of the
    first unit; where they are left out, the earliest of `units`. `recontact_due_at` is when a
    caller who waits is to be rung again, and `recontacted_at` when he was last told of the delay.
    """

    opened_at: PartialStamp | None = None
    grade: Grade | None = None
    category: Category | None = None
    area: Listed | None = None
    graded_at: Stamp | None = None
    dispatched_at: Stamp | None = None
    arrived_at: Stamp | None = None
    closed_at: Stamp | None = None
    cancelled: bool = False
    markers: tuple[Marker, ...] = ()
    crimed: bool = False
    units: tuple[Unit, ...] = ()
    recontact_due_at: Stamp | None = None
    recontacted_at: Stamp | None = None
    casualties: tuple[Casualty, ...] | Casualties | None = None
    persons: tuple[Person, ...] = ()


class Crime(Record, tag="crime"):
    """One crime record.

    Recorded crime counts what is `notifiable` to the Home Office. `offence` is the group that it
    counts under, `offence_code` its code beside it. `series` links offences that are taken for the
    work of the same people. `outcome_group` is for an outcome of which no more is known than that:
    several codes share the published words. Where `outcome` is there, it says the group.
    `entered_at` is when a crime of an export was entered into the system, where that was after
    `recorded_at`: a live feed would not have sent it before.
    """

    recorded_at: PartialStamp | None = None
    committed_from: PartialStamp | None = None
    committed_to: PartialStamp | None = None
    offence: Category | None = None
    area: Listed | None = None
    markers: tuple[Marker, ...] = ()
    victims: tuple[Pseudonym, ...] = ()
    suspects: tuple[Pseudonym, ...] = ()
    defendants: tuple[Pseudonym, ...] = ()
    outcome: Annotated[int, Meta(ge=1, le=22, description="Home Office outcome code")] | None = None
    outcome_at: PartialStamp | None = None
    cancelled: bool = False
    notifiable: bool = True
    offence_code: OffenceCode | None = None
    incident_id: RecordId | None = None
    series: RecordId | None = None
    entered_at: PartialStamp | None = None
    outcome_group: (
        Annotated[
            Literal["action_taken", "no_action"],
            Meta(description="the group of an outcome whose code is not known"),
        ]
        | None
    ) = None


CallCount = Annotated[int, Meta(ge=0, le=1_000_000_000)] | None


class CallCounts(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The total of a line's calls in a period; what is left out is not known."""

    offered: CallCount = None
    answered: CallCount = None
    within: Annotated[CallCount, Meta(description="answered within the line's limit")] = None
    abandoned: CallCount = None
    abandoned_within: Annotated[CallCount, Meta(description="within the line's limit")] = None
    abandoned_at_once: Annotated[CallCount, Meta(description="within 5 seconds")] = None
    end_unknown: Annotated[CallCount, Meta(description="neither end on record")] = None


CALL_COUNTS = CallCounts.__struct_fields__
_SINGLE = (
    r"(\d{4}(-Q[1-4]|-(0[1-9]|1[0-2])"
    r"(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3])(Z|[+-]\d{2}:\d{2})?)?)?)?|(FY)?\d{4}/\d{2})"
)
INTERVAL = rf"^((R[1-9]\d{{0,2}}-|YTD-)?{_SINGLE}|{_SINGLE}\.\.{_SINGLE})$"


class Reading(Record, tag="reading"):
    """Any other figure that a force reports: a value, or a numerator over a denominator.

    With the measure `calls` and a `line`: `counts`, the total of an hour, day, month or quarter.
    """

    measure: Dotted | None = None
    line: Name | None = None
    area: Name | None = None
    period: (
        Annotated[
            str,
            Meta(
                pattern=INTERVAL,
                description="2017, 2017/18, 2017-Q4, 2017-12, 2017-12-31, 2017-12-31T23 (local "
                "time), an hour with its offset: 2017-10-29T01+01:00, R12-2017-12 (the twelve "
                "months to then), YTD-2017-09 (the financial year to then), 2017-05..2017-09",
            ),
        ]
        | None
    ) = None
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    counts: CallCounts | None = None


class Heartbeat(
    Struct, kw_only=True, omit_defaults=True, tag_field="kind", tag="heartbeat", gc=False
):
    """A source system says that it is alive, so that silence is known from a time without events.

    `every_seconds` is how far apart its heartbeats are; without it that is learned from them.
    """

    force: Name
    feed: FeedName
    at: Stamp
    every_seconds: float | None = None

    def __post_init__(self) -> None:
        if not self.feed.isprintable():
            raise ValueError("the name of a feed has no control characters")


Versioned = Call | Incident | Crime | Reading
"""The kinds of record that come in versions."""
Event = Call | Incident | Crime | Reading | Heartbeat
EVENT_KINDS: dict[str, type[Event]] = {
    "call": Call,
    "incident": Incident,
    "crime": Crime,
    "reading": Reading,
    "heartbeat": Heartbeat,
}

DEEPEST = 250
"""Levels of objects and arrays of a line, unknown fields among them. The parser has a limit too,
but another one with each version of Python."""

SHALLOW = 2 * DEEPEST
"""A line of so many bytes can't be nested deeper: every level opens and closes."""

_NESTING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]')

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_encoder = msgspec.json.Encoder()

decode_line = _decoder.decode
"""The fast decoder: one JSON object (bytes) to one event; raises what msgspec raises."""

encode_event = _encoder.encode
"""One event to one line of JSON, without the newline."""


def check_depth(line: bytes) -> None:
    """Raises `Refused` for a line that is nested too deep."""
    if len(line) <= SHALLOW or line.count(b"[") + line.count(b"{") <= DEEPEST:
        return
    depth = 0
    for found in _NESTING.finditer(line):
        sign = found.group()
        depth += (sign in (b"[", b"{")) - (sign in (b"]", b"}"))
        if depth > DEEPEST:
            raise Refused("not_json", "nested too deep")


def decode(line: bytes) -> Event:
    """One line to one event.

    Raises `Refused` with reason `not_json` (bytes that no parser takes: cut short, invalid UTF-8,
    nested too deep, two objects on a line) or `wrong_form` (JSON, but a field is missing or has
    the wrong type).
    """
    try:
        check_depth(line)
        return _decoder.decode(line)
    except Exception as error:
        raise refusal(error, line) from error


def refusal(error: Exception, line: bytes) -> Refused:
    """The `Refused` for whatever came of one line; `fault` where the program itself is at fault."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, msgspec.ValidationError):
        try:  # the decoder may have met the wrong type before it met the broken end
            msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as broken:
            return Refused("not_json", str(broken) or "nested too deep")
        text = str(error)
        if "`$.counts" in text:
            text += f"; counts are whole numbers of: {', '.join(CALL_COUNTS)}"
        return Refused("wrong_form", text)
    if isinstance(error, RecursionError):
        return Refused("not_json", "nested too deep")
    if isinstance(error, msgspec.DecodeError | UnicodeError):
        return Refused("not_json", str(error))
    return Refused("fault", f"{type(error).__name__}: {error}")


def json_schemas(structs: Mapping[str, type[Struct]]) -> dict[str, dict[str, object]]:
    """JSON Schema (2020-12) of the events of each kind, by kind, each complete in itself."""
    schemas = {}
    for kind, struct in structs.items():
        schema: Any = json_schema(struct, f"Watchroom event: {kind}")
        fields = schema["$defs"][struct.__name__]["properties"]
        fields["kind"]["description"] = "what kind of event it is"
        _describe(kind, fields, schema["$defs"])
        schemas[kind] = schema
    return schemas


def _describe(kind: str, fields: Any, parts: Any, before: str = "") -> None:
    """Says of fields, and of the parts of those that are objects, what each says, by example."""
    for name, field in fields.items():
        if before or name != "kind":
            form, said = field.get("description"), says(kind, before + name)
            field["description"] = f"{said}; {form}" if form else said
            shown = example(kind, before + name)
            if shown is not None:
                field["examples"] = [shown]
        for part in _parts_of(field):
            _describe(kind, parts[part]["properties"], parts, f"{before}{name}.")


def _parts_of(field: Any) -> Iterator[str]:
    """The names of the objects that a field may be, or may be a list of."""
    for key, value in field.items() if isinstance(field, dict) else ():
        if key == "$ref":
            yield value.rpartition("/")[2]
        elif key in ("anyOf", "items"):
            for each in value if isinstance(value, list) else [value]:
                yield from _parts_of(each)


def json_schema(struct: type, title: str) -> dict[str, object]:
    """JSON Schema (2020-12) of a struct, complete in itself."""
    schema = _dedented(msgspec.json.schema(struct))
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, "title": title, **schema}


def _dedented(schema: Any) -> Any:
    """A schema whose descriptions lack the indent of the docstrings they are, which Python leaves
    there before 3.13."""
    if isinstance(schema, dict):
        return {
            key: cleandoc(value)
            if key == "description" and isinstance(value, str)
            else _dedented(value)
            for key, value in schema.items()
        }
    return [_dedented(item) for item in schema] if isinstance(schema, list) else schema

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
from inspect import cleandoc
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from streams.errors import Refused

Stamp = Annotated[dt.datetime, Meta(tz=True, description="RFC 3339 with an offset")]
# A pattern that the decoder checks costs a microsecond a field. What the records and the force's
# lists check anyway is therefore only described here, for the schemas.
PartialStamp = Annotated[
    str,
    Meta(
        max_length=40,
        description="RFC 3339 with an offset, or a day (2021-03-04), or a month (2021-03)",
        extra_json_schema={"pattern": r"^\d{4}-\d{2}(-\d{2}([Tt ].+)?)?$"},
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Identifier = Annotated[str, Meta(min_length=1, max_length=128)]
DOTTED = r"^[a-z0-9_]+(\.[a-z0-9_]+)*$"
Dotted = Annotated[
    str,
    Meta(
        max_length=80,
        description="a dotted path, widest first: asb.personal",
        extra_json_schema={"pattern": DOTTED},
    ),
]
Version = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]

Grade = Literal["emergency", "priority", "scheduled", "no_attendance"]
Marker = Literal[
    "domestic_abuse",
    "hate",
    "child_at_risk",
    "cse",
    "cyber",
    "alcohol",
    "vulnerable_adult",
    "business",
    "rural",
]


class Record(Struct, kw_only=True, tag_field="kind", omit_defaults=True, gc=False):
    """The fields that every versioned record has.

    The winner among the versions of one (kind, force, id) is the largest of (version, updated_at,
    content). `deleted` is a tombstone: the record leaves every figure.

    `played` marks a version that was made from a finished export: `step` is a version as a live
    feed would have sent it, whose facts without a time of their own are those known at the end;
    `end` is the last one, after which nothing comes. What an `end` does not name is unknown.
    """

    force: Name
    id: Identifier
    updated_at: Stamp
    version: Version | None = None
    deleted: bool = False
    played: Literal["step", "end"] | None = None


class Call(Record, tag="call"):
    """One telephone call presented to the control room."""

    line: Name | None = None
    offered_at: Stamp | None = None
    connected_at: Stamp | None = None
    answered_at: Stamp | None = None
    abandoned_at: Stamp | None = None
    ended_at: Stamp | None = None
    area: Name | None = None


class Casualties(Struct, kw_only=True, omit_defaults=True):
    """People hurt in a road collision, by severity."""

    fatal: Count = 0
    serious: Count = 0
    slight: Count = 0


class Person(Struct, kw_only=True, omit_defaults=True):
    """A pseudonym and, for a missing person, what the measures need to know."""

    id: Identifier
    age_under_18: bool | None = None
    in_care: bool | None = None


class Incident(Record, tag="incident"):
    """One incident of the command and control system."""

    opened_at: PartialStamp | None = None
    grade: Grade | None = None
    category: Dotted | None = None
    area: Name | None = None
    graded_at: Stamp | None = None
    dispatched_at: Stamp | None = None
    arrived_at: Stamp | None = None
    closed_at: Stamp | None = None
    cancelled: bool = False
    markers: list[Name] = []
    casualties: Casualties | None = None
    persons: list[Person] = []


class Crime(Record, tag="crime"):
    """One crime record."""

    recorded_at: PartialStamp | None = None
    committed_from: PartialStamp | None = None
    committed_to: PartialStamp | None = None
    offence: Dotted | None = None
    area: Name | None = None
    markers: list[Marker] = []
    victims: list[Identifier] = []
    suspects: list[Identifier] = []
    defendants: list[Identifier] = []
    outcome: Annotated[int, Meta(ge=1, le=22, description="Home Office outcome code")] | None = None
    outcome_at: PartialStamp | None = None
    cancelled: bool = False


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
INTERVAL = (
    r"^\d{4}(-Q[1-4]|-(0[1-9]|1[0-2])"
    r"(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3])(Z|[+-]\d{2}:\d{2})?)?)?)?$"
)


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
                description="2017, 2017-Q4, 2017-12, 2017-12-31, 2017-12-31T23 (local time), or "
                "an hour with its offset: 2017-10-29T01+01:00",
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
    """A source system says that it is alive, so that silence is told from quiet.

    `every_seconds` is how far apart its heartbeats are; without it that is learned from them.
    """

    force: Name
    feed: Name
    at: Stamp
    every_seconds: float | None = None


Versioned = Call | Incident | Crime | Reading
"""The kinds of record that come in versions."""
Event = Call | Incident | Crime | Reading | Heartbeat
KINDS: dict[str, type[Event]] = {
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

encode = _encoder.encode
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


def json_schemas() -> dict[str, dict[str, object]]:
    """JSON Schema (2020-12) of every kind, by kind, each complete in itself."""
    return {kind: json_schema(struct, f"Watchroom event: {kind}") for kind, struct in KINDS.items()}


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

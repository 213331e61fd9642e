"""The TOML file of a force as it is written: tables, keys, and the form of each value."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
Dotted = Annotated[str, Meta(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$", max_length=80)]
Share = Annotated[float, Meta(gt=0, le=1)]
Positive = Annotated[int, Meta(gt=0)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]

ServiceLevel = Literal[
    "answered_of_answered",
    "answered_of_offered",
    "answered_and_abandoned_within_of_offered",
    "answered_of_offered_less_abandoned_within",
    "answered_and_abandoned_at_once_of_offered",
]


WHOLE = "force"
"""The id under which the whole force is shown; no area may have it."""


class Area(Struct, kw_only=True, forbid_unknown_fields=True):
    """A policing area, district or beat. An event names it by id, name or alias."""

    id: Slug
    name: Name
    kind: Literal["policing_area", "district", "beat"]
    parent: Slug | None = None
    population: Positive | None = None
    households: Positive | None = None
    aliases: list[Name] = []


class Target(Struct, kw_only=True, forbid_unknown_fields=True):
    """A target that holds from a date until the next one: `share` of cases within `seconds`."""

    since: dt.date
    seconds: Positive
    share: Share | None = None


class Line(Struct, kw_only=True, forbid_unknown_fields=True):
    """A telephone line. A call still waiting after `lost_after_minutes` is shown as unknown."""

    id: Annotated[str, Meta(min_length=1, max_length=20)]
    name: Name
    targets: Annotated[list[Target], Meta(min_length=1)]
    lost_after_minutes: Positive = 120


class Attendance(Struct, kw_only=True, forbid_unknown_fields=True):
    """Emergency attendance: the clock runs from `opened_at` to the first resource at scene."""

    targets: Annotated[list[Target], Meta(min_length=1)]
    lost_after_hours: Positive = 24


class LocalEvent(Struct, kw_only=True, forbid_unknown_fields=True):
    """A dated local event (football, festival, Bonfire Night), inclusive of both days."""

    name: Name
    start: dt.date
    end: dt.date | None = None
    areas: list[Slug] = []


class Change(Struct, kw_only=True, forbid_unknown_fields=True):
    """A dated change of system or of recording, at which a baseline can't be carried over.

    `affects` names measures (`domestic_abuse`), or records for every figure made from them
    (`crimes`); empty means everything.
    """

    date: dt.date
    kind: Literal["system", "recording"]
    what: str
    affects: list[str] = []


class ForceFile(Struct, kw_only=True, forbid_unknown_fields=True):
    """The TOML file as written."""

    id: Slug
    name: Name
    timezone: str
    population: Positive
    households: Positive | None = None
    country: str | None = None
    partition_group: Slug | None = None
    service_level: ServiceLevel = "answered_of_offered"
    lines: Annotated[list[Line], Meta(min_length=1, max_length=60)]
    attendance: Attendance
    areas: Annotated[list[Area], Meta(max_length=4000)] = []
    incident_categories: Annotated[list[Dotted], Meta(max_length=4000)] = []
    offence_groups: Annotated[list[Dotted], Meta(max_length=4000)] = []
    events: list[LocalEvent] = []
    changes: list[Change] = []

"""A force: its areas, lines, targets, vocabulary and calendar, read from one TOML file.

Everything that differs between one control room and the next stands in that file, so that a force,
or a 911 centre, is added without code. The files in `streams/forces/` are the examples to copy.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from streams.errors import ConfigError

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
Dotted = Annotated[str, Meta(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$", max_length=80)]
Share = Annotated[float, Meta(gt=0, le=1)]
Positive = Annotated[int, Meta(gt=0)]

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
    name: str
    kind: Literal["policing_area", "district", "beat"]
    parent: Slug | None = None
    population: Positive | None = None
    households: Positive | None = None
    aliases: list[str] = []


class Target(Struct, kw_only=True, forbid_unknown_fields=True):
    """A target that holds from a date until the next one: `share` of cases within `seconds`."""

    since: dt.date
    seconds: Positive
    share: Share | None = None


class Line(Struct, kw_only=True, forbid_unknown_fields=True):
    """A telephone line. A call still waiting after `lost_after_minutes` is shown as unknown."""

    id: Annotated[str, Meta(min_length=1, max_length=20)]
    name: str
    targets: Annotated[list[Target], Meta(min_length=1)]
    lost_after_minutes: Positive = 120


class Attendance(Struct, kw_only=True, forbid_unknown_fields=True):
    """Emergency attendance: the clock runs from `opened_at` to the first resource at scene."""

    targets: Annotated[list[Target], Meta(min_length=1)]
    lost_after_hours: Positive = 24


class LocalEvent(Struct, kw_only=True, forbid_unknown_fields=True):
    """A dated local event (football, festival, Bonfire Night), inclusive of both days."""

    name: str
    start: dt.date
    end: dt.date | None = None
    areas: list[Slug] = []


class Change(Struct, kw_only=True, forbid_unknown_fields=True):
    """A dated change of system or of recording, at which a baseline can't be carried over."""

    date: dt.date
    kind: Literal["system", "recording"]
    what: str
    affects: list[str] = []


class ForceFile(Struct, kw_only=True, forbid_unknown_fields=True):
    """The TOML file as written."""

    id: Slug
    name: str
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


class Vocabulary:
    """A closed list of dotted categories, with an index for each and for its ancestors.

    A category that is not listed counts under its nearest listed ancestor, or under `other`, so
    that a new code of the source system is never a lost incident. Index 0 is `other`.
    """

    OTHER = "other"

    def __init__(self, listed: Sequence[str]) -> None:
        with_ancestors = {"other"}
        for path in listed:
            parts = path.split(".")
            with_ancestors.update(".".join(parts[: n + 1]) for n in range(len(parts)))
        self.paths: tuple[str, ...] = ("other", *sorted(with_ancestors - {"other"}))
        self.index: dict[str, int] = {path: i for i, path in enumerate(self.paths)}

    def resolve(self, path: str) -> int:
        """The index that `path` counts under."""
        found = self.index.get(path)
        while found is None and "." in path:
            path = path.rpartition(".")[0]
            found = self.index.get(path)
        return found or 0

    def ancestors(self, index: int) -> tuple[str, ...]:
        """The path at `index` and all above it, widest first: `asb`, `asb.personal`."""
        parts = self.paths[index].split(".")
        return tuple(".".join(parts[: n + 1]) for n in range(len(parts)))


class Force:
    """A force, checked and made ready for look-ups; areas and lines have small integer indices.

    Area index 0 is the force without a known area: it rolls up to the force alone.
    """

    def __init__(self, file: ForceFile, source: str = "") -> None:
        self.file = file
        self.id, self.name = file.id, file.name
        self.source = source
        self.zone = ZoneInfo(file.timezone)
        self.partition_group = file.partition_group or file.id
        self.lines = tuple(file.lines)
        self.line_index = {line.id: i for i, line in enumerate(file.lines)}
        self.areas: tuple[Area | None, ...] = (None, *file.areas)
        self.categories = Vocabulary(file.incident_categories or default_vocabulary("incidents"))
        self.offences = Vocabulary(file.offence_groups or default_vocabulary("offences"))

    @cached_property
    def area_index(self) -> dict[str, int]:
        """Every id, name and alias of an area, folded, to its index."""
        found: dict[str, int] = {}
        for position, area in enumerate(self.file.areas, start=1):
            for name in (area.id, area.name, *area.aliases):
                found[name] = found[name.casefold()] = position
        return found

    @cached_property
    def rollup(self) -> tuple[tuple[str, ...], ...]:
        """For every area index the ids that it counts under: itself, its parents, the force."""
        by_id = {area.id: area for area in self.file.areas}
        chains: list[tuple[str, ...]] = [(WHOLE,)]
        for area in self.file.areas:
            chain, at = [area.id], area.parent
            while at is not None:
                chain.append(at)
                at = by_id[at].parent
            chains.append((*chain, WHOLE))
        return tuple(chains)

    def find_area(self, name: str | None) -> int:
        """The index of an area by id, name or alias; 0 for none; raises KeyError for an unknown."""
        if name is None:
            return 0
        found = self.area_index.get(name)
        return self.area_index[name.casefold()] if found is None else found

    def instant(self, day: dt.date) -> int:
        """Local midnight at the start of `day`, in milliseconds since 1970 UTC."""
        return int(dt.datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()) * 1000

    def steps(self, targets: Sequence[Target]) -> tuple[tuple[int, int, float | None], ...]:
        """Targets as (from instant in ms, limit in ms, share), latest first."""
        return tuple(
            (self.instant(t.since), t.seconds * 1000, t.share)
            for t in sorted(targets, key=lambda t: t.since, reverse=True)
        )

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever anything in the file that could change a figure does."""
        return hashlib.sha256(msgspec.json.encode(self.file, order="sorted")).hexdigest()[:16]


T = TypeVar("T")


def _locate(text: str, path: str) -> int | None:
    """The line of `$.areas[3].parent` in a TOML text, or of the nearest thing above it."""
    parts = re.findall(r"([A-Za-z_]\w*)(?:\[(\d+)\])?", path)
    lines = text.splitlines()
    at, found = 0, None
    prefix = ""
    for name, index in parts:
        prefix = f"{prefix}.{name}" if prefix else name
        header = re.compile(rf"^\s*\[{{1,2}}\s*{re.escape(prefix)}\s*\]{{1,2}}")
        key = re.compile(rf"^\s*{re.escape(name)}\s*=")
        wanted = int(index) if index else 0
        for number in range(at, len(lines)):
            if header.match(lines[number]):
                if wanted == 0:
                    at, found = number + 1, number + 1
                    break
                wanted -= 1
            elif key.match(lines[number]):
                at, found = number + 1, number + 1
                break
    return found


def parse_toml(text: str, shape: type[T], file: Path | str) -> T:
    """A TOML text as `shape`; raises `ConfigError` with file, line, field and cure."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"line (\d+)", str(error))
        raise ConfigError(
            f"not valid TOML: {error}",
            file=file,
            line=int(where.group(1)) if where else None,
            cure="Mend the line; strings need quotes, tables need [brackets]",
        ) from None
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `")
        path = path.rstrip("`").removeprefix("$.").removeprefix("$")
        missing = re.search(r"(?:missing required|unknown) field `(\w+)`", problem)
        field = ".".join(p for p in (path, missing.group(1) if missing else "") if p)
        raise ConfigError(
            problem,
            file=file,
            line=_locate(text, field) or _locate(text, path),
            field=field,
            cure="Compare with a file in streams/forces/ or `watchroom force show warwickshire`",
        ) from None


def _check(file: ForceFile, text: str, source: str) -> Iterator[ConfigError]:
    """Everything that the types can't say."""

    def wrong(problem: str, field: str, cure: str) -> ConfigError:
        return ConfigError(problem, file=source, line=_locate(text, field), field=field, cure=cure)

    try:
        ZoneInfo(file.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield wrong(
            f'unknown time zone "{file.timezone}"',
            "timezone",
            'Use a name of the IANA list, such as "Europe/London" or "America/Chicago"',
        )
    ids = {area.id: area for area in file.areas}
    names: dict[str, str] = {}
    for n, area in enumerate(file.areas):
        if area.parent is not None and area.parent not in ids:
            yield wrong(
                f'area "{area.id}" has the parent "{area.parent}", which is no area of the file',
                f"areas[{n}].parent",
                f"Use one of: {', '.join(sorted(ids))}",
            )
        for name in {area.id.casefold(), area.name.casefold(), *map(str.casefold, area.aliases)}:
            if names.setdefault(name, area.id) != area.id or (
                name == area.id.casefold() and [a.id for a in file.areas].count(area.id) > 1
            ):
                yield wrong(
                    f'the name "{name}" stands for two areas, "{names[name]}" and "{area.id}"',
                    f"areas[{n}].name",
                    "Give each area names of its own",
                )
        if area.id == WHOLE:
            yield wrong(
                f'the id "{WHOLE}" is kept for the whole force', f"areas[{n}].id", "Choose another"
            )
        seen, at = {area.id}, area.parent
        while at is not None and at in ids:
            if at in seen:
                yield wrong(
                    f'area "{area.id}" is above itself',
                    f"areas[{n}].parent",
                    "Break the circle of parents",
                )
                break
            seen.add(at)
            at = ids[at].parent
    lines = [line.id for line in file.lines]
    for n, line in enumerate(lines):
        if line in lines[:n]:
            yield wrong(f'line "{line}" stands twice', f"lines[{n}].id", "Keep one of them")
    places = [(f"lines[{n}].targets", line.targets) for n, line in enumerate(file.lines)]
    places.append(("attendance.targets", file.attendance.targets))
    for field, targets in places:
        dates = [target.since for target in targets]
        if len(set(dates)) < len(dates):
            yield wrong("two targets start on the same day", field, "Keep one of them")
    for n, event in enumerate(file.events):
        if event.end is not None and event.end < event.start:
            yield wrong(
                f'event "{event.name}" ends before it starts', f"events[{n}].end", "Swap the dates"
            )
        for area_id in event.areas:
            if area_id not in ids:
                yield wrong(
                    f'event "{event.name}" names the unknown area "{area_id}"',
                    f"events[{n}].areas",
                    f"Use one of: {', '.join(sorted(ids))}",
                )


def check_force(text: str, source: str) -> tuple[Force | None, list[ConfigError]]:
    """Every problem of a force file at once; the force when there is none."""
    try:
        file = parse_toml(text, ForceFile, source)
    except ConfigError as error:
        return None, [error]
    problems = list(_check(file, text, source))
    return (None, problems) if problems else (Force(file, source), [])


def load_force(path: Path) -> Force:
    """A force from a file of the user's own; raises the first `ConfigError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't be read: {error}", file=path, cure="Check the path") from None
    force, problems = check_force(text, str(path))
    if force is None:
        raise problems[0]
    return force


def shipped_forces() -> tuple[str, ...]:
    """The ids of the forces in the package."""
    folder = resources.files("streams") / "forces"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def find_force(name: str) -> Force:
    """A force by the id of a shipped one, or by the path of a TOML file."""
    if name in shipped_forces():
        text = (resources.files("streams") / "forces" / f"{name}.toml").read_text("utf-8")
        force, problems = check_force(text, f"{name}.toml")
        if force is None:
            raise problems[0]
        return force
    if name.endswith(".toml") or "/" in name:
        return load_force(Path(name))
    raise ConfigError(
        f'there is no force "{name}"',
        cure=f"Use one of {', '.join(shipped_forces())}, or the path of a TOML file",
    )


def default_vocabulary(which: Literal["incidents", "offences"]) -> tuple[str, ...]:
    """The package's own list of incident categories or offence groups."""
    text = (resources.files("streams") / "vocabulary.toml").read_text("utf-8")
    listed: list[str] = tomllib.loads(text)[which]
    return tuple(listed)

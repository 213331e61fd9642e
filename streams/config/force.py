"""A force: its areas, lines, targets, vocabulary and calendar, read from one TOML file.

Everything that differs between one control room and the next stands in that file, so that a force,
or a 911 centre, is added without code. The files in `streams/config/forces/` are the examples to
copy.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

import msgspec

from streams.config.checks import contradictions, readings_at_odds, target_at_odds
from streams.config.measures import AreaKind, DeclaredReading, ReadingsFile
from streams.config.schema import (
    AREA_CLASS,
    WHOLE,
    Area,
    Attendance,
    AttendanceTarget,
    ForceFile,
    LocalEvent,
    ServiceLevel,
    SystemChange,
    Target,
    TelephoneLine,
)
from streams.config.toml import locate, parse_toml, read_text, read_toml
from streams.errors import ConfigError

__all__ = [
    "WHOLE",
    "Area",
    "Attendance",
    "Force",
    "ForceFile",
    "LocalEvent",
    "Markers",
    "ServiceLevel",
    "SystemChange",
    "Target",
    "TelephoneLine",
    "Vocabulary",
    "check_force",
    "default_vocabulary",
    "find_force",
    "load_force",
    "locate",
    "parse_toml",
    "shipped_force_text",
    "shipped_forces",
    "without_lists",
]


NOT_COUNTED = (
    "alerts", "carries", "feeds", "most_similar", "populations", "households_by_year", "metrics",
    "targets", "readings", "readings_files", "wallboard",
)  # fmt: skip
"""Settings on which nothing that is counted depends."""


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


class Markers:
    """The markers that records of a force can carry, dotted, with an index for each.

    Those of the reports are built in; the force's file declares further ones. One
    that is not listed counts under its nearest listed ancestor (`hate.racial` under `hate`); one
    without any is unknown. An ancestor stands before what is below it.
    """

    def __init__(self, declared: Sequence[str] = ()) -> None:
        found: dict[str, None] = {}
        for path in (*default_vocabulary("markers"), *declared):
            parts = path.split(".")
            found.update(dict.fromkeys(".".join(parts[: n + 1]) for n in range(len(parts))))
        self.paths: tuple[str, ...] = tuple(found)
        self.index: dict[str, int] = {path: i for i, path in enumerate(self.paths)}

    def resolve(self, path: str) -> int | None:
        """The index that `path` counts under; None for a marker that is not declared."""
        found = self.index.get(path)
        while found is None and "." in path:
            path = path.rpartition(".")[0]
            found = self.index.get(path)
        return found

    def ancestors(self, index: int) -> tuple[str, ...]:
        """The marker at `index` and all above it, widest first: `hate`, `hate.racial`."""
        parts = self.paths[index].split(".")
        return tuple(".".join(parts[: n + 1]) for n in range(len(parts)))


class Force:
    """A force, checked and made ready for look-ups; areas and lines have small integer indices.

    Area index 0 is the force without a known area: it rolls up to the force alone. The classes of
    areas come after the areas of the file, and hold those that are of them.
    """

    def __init__(
        self, file: ForceFile, source: str = "", readings: Iterable[DeclaredReading] = ()
    ) -> None:
        self.file = file
        self.readings = {each.name: each for each in (*readings, *file.readings)}
        """Those that it declares itself, or in a file that it names, by name."""
        self.id, self.name = file.id, file.name
        self.source = source
        self.zone = ZoneInfo(file.timezone)
        self.partition_group = file.partition_group or file.id
        self.lines = tuple(file.lines)
        self.line_index = {line.id: i for i, line in enumerate(file.lines)}
        self.areas: tuple[Area | None, ...] = (None, *file.areas, *_classes(file.areas))
        self.categories = Vocabulary(file.incident_categories or default_vocabulary("incidents"))
        self.offences = Vocabulary(file.offence_groups or default_vocabulary("offences"))
        self.markers = Markers(file.markers)
        self.offence_codes = offence_codes()
        """By Home Office code the offence."""

    @cached_property
    def area_index(self) -> dict[str, int]:
        """Every id, name and alias of an area, folded, to its index."""
        found: dict[str, int] = {}
        for position, area in enumerate(self.areas):
            former = () if area is None else (each.name for each in area.former_names)
            for name in () if area is None else (area.id, area.name, *area.aliases, *former):
                found[name] = found[name.casefold()] = position
        return found

    @cached_property
    def area_classes(self) -> tuple[str | None, ...]:
        """For every area index the class of the area: its own, or that of the nearest area above
        it that has one."""
        by_id = {area.id: area for area in self.file.areas}
        found: list[str | None] = []
        for area in self.areas:
            at = area
            while at is not None and at.area_class is None:
                at = None if at.parent is None else by_id[at.parent]
            found.append(None if at is None else at.area_class)
        return tuple(found)

    def class_of(self, area: str) -> str | None:
        """The class of an area by its id; None for the force as a whole."""
        return self.area_classes[self.area_index.get(area, 0)]

    @cached_property
    def rollup(self) -> tuple[tuple[str, ...], ...]:
        """For every area index the ids that it counts under: itself, its parents, its class, the
        force."""
        by_id = {area.id: area for area in self.file.areas}
        chains: list[tuple[str, ...]] = []
        for area, held in zip(self.areas, self.area_classes, strict=True):
            chain, at = [], area
            while at is not None:
                chain.append(at.id)
                at = None if at.parent is None else by_id[at.parent]
            if held is not None and held not in chain:
                chain.append(held)
            chains.append((*chain, WHOLE))
        return tuple(chains)

    def find_area(self, name: str | None) -> int:
        """The index of an area by id, name or alias; 0 for none; raises KeyError for an unknown."""
        if name is None:
            return 0
        found = self.area_index.get(name)
        return self.area_index[name.casefold()] if found is None else found

    @cached_property
    def area_dates(self) -> tuple[int, ...]:
        """The instants at which an area opens or closes, in ms, in their order."""
        opened = (self.instant(area.opened) for area in self.file.areas if area.opened)
        return tuple(
            sorted({*opened, *(end for area in self.file.areas if (end := self.end_of(area)))})
        )

    def end_of(self, area: Area) -> int | None:
        """The end of the last day of an area, in ms; None for one that goes on."""
        return None if area.until is None else self.instant(area.until + dt.timedelta(days=1))

    def is_there(self, area: Area, start: int, end: int) -> bool:
        """Whether an area is there at any time of [start, end), in ms."""
        ended = self.end_of(area)
        began = area.opened is None or self.instant(area.opened) < end
        return began and (ended is None or start < ended)

    def area_then(self, index: int, when: int) -> int | None:
        """The index that what names an area counts under at an instant: that of its successor once
        it has closed; None before it opens, and after its end where it has no successor."""
        while (area := self.areas[index]) is not None:
            if area.opened is not None and when < self.instant(area.opened):
                return None
            end = self.end_of(area)
            if end is None or when < end:
                break
            if area.replaced_by is None:
                return None
            index = self.area_index[area.replaced_by]
        return index

    def why_not_then(self, index: int, when: int) -> str:
        """Why an area counts nothing at an instant at which it is not there, in words."""
        while (area := self.areas[index]) is not None:
            if area.opened is not None and when < self.instant(area.opened):
                return f"{area.id} began on {area.opened}"
            if area.replaced_by is None:
                return f"{area.id} ended on {area.until}"
            index = self.area_index[area.replaced_by]
        return "it is no area"

    def boundaries(self, index: int) -> tuple[int, ...]:
        """The instants across which an area can't be compared, in ms, in their order: where it
        opens, and where its boundary changes."""
        area = self.areas[index]
        if area is None:
            return ()
        opened = [] if area.opened is None else [area.opened]
        return tuple(sorted(self.instant(day) for day in {*opened, *area.boundary_changes}))

    def name_then(self, index: int, when: int) -> str:
        """What an area was called at an instant; the force by its name."""
        area = self.areas[index]
        if area is None:
            return self.name
        for former in sorted(area.former_names, key=lambda each: each.until):
            if when < self.instant(former.until + dt.timedelta(days=1)):
                return former.name
        return area.name

    def instant(self, day: dt.date) -> int:
        """Local midnight at the start of `day`, in milliseconds since 1970 UTC."""
        return int(dt.datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()) * 1000

    def residents(
        self, of: Literal["population", "households"], area: int, year: int
    ) -> int | None:
        """How many people or households there were in an area, by its index, in a year: those of
        the last year up to then that its file has, else the undated ones, else the first."""
        place = self.areas[area] or self.file
        plain, by_year = place.population, place.populations
        if of == "households":
            plain, by_year = place.households, place.households_by_year
        past = [each for each in by_year if int(each) <= year]
        if past:
            return by_year[max(past)]
        return plain if plain is not None or not by_year else by_year[min(by_year)]

    def target_steps(self, targets: Sequence[Target]) -> tuple[tuple[int, int, float | None], ...]:
        """Targets as (from instant in ms, limit in ms, share), latest first."""
        return tuple(
            (self.instant(t.since), t.seconds * 1000, t.share)
            for t in sorted(targets, key=lambda t: t.since, reverse=True)
        )

    @cached_property
    def fingerprint(self) -> str:
        """Changes with any setting that a figure depends on; what is left to its default is not
        in it, so that a setting that a later version adds keeps the checkpoints of those who do
        not use it. Whoever changes a default raises the `STATE_VERSION` of checkpoints."""
        settings = _not_default(self.file)
        for name in NOT_COUNTED:
            settings.pop(name, None)
        return hashlib.sha256(msgspec.json.encode(settings, order="sorted")).hexdigest()[:16]


def _classes(areas: Sequence[Area]) -> list[Area]:
    """The classes of some areas, as areas that hold them."""
    named = dict.fromkeys(area.area_class for area in areas if area.area_class is not None)
    kind = cast("AreaKind", AREA_CLASS)  # which no area of a file may be
    return [
        Area(id=each, name=f"{each.capitalize()} areas", kind=kind, area_class=each)
        for each in named
    ]


def _not_default(settings: msgspec.Struct) -> dict[str, Any]:
    """The settings of a table that differ from their defaults, those of tables within it too."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(settings):
        value = getattr(settings, field.name)
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if default is msgspec.NODEFAULT or value != default:
            found[field.encode_name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return _not_default(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value


def check_force(text: str, source: str) -> tuple[Force | None, list[ConfigError]]:
    """Every problem of a force file at once; the force when there is none.

    What contradicts itself (a parent that is no area) is looked for once every value has the right
    form. `source` names the file in the problems.
    """
    file, problems = read_toml(text, ForceFile, source)
    if file is None:
        return None, problems or []
    problems = list(contradictions(file, text, source))
    found: list[DeclaredReading] = []
    for name in file.readings_files:
        readings, wrong = check_readings(Path(source).parent / name)
        found += readings
        problems += wrong
    return (None, problems) if problems else (Force(file, source, found), [])


def check_readings(path: Path) -> tuple[list[DeclaredReading], list[ConfigError]]:
    """The readings of a file that the file of a force names, and every problem of it."""
    try:
        text = read_text(path)
    except ConfigError as error:
        return [], [error]
    return readings_in(text, str(path))


def readings_in(text: str, source: str) -> tuple[list[DeclaredReading], list[ConfigError]]:
    """The readings that a text declares, and every problem of it."""
    file, problems = read_toml(text, ReadingsFile, source)
    if file is None:
        return [], problems or []
    wrong = list(readings_at_odds(file.readings))
    for n, reading in enumerate(file.readings):
        for m, target in enumerate(reading.targets):
            wrong += target_at_odds(f"readings[{n}].targets[{m}]", reading.name, target)
    return file.readings, [
        ConfigError(problem, file=source, line=locate(text, field), field=field, cure=cure)
        for problem, field, cure in wrong
    ]


@cache
def shipped_readings() -> tuple[DeclaredReading, ...]:
    """What forces report of other systems, as the package declares it for all of them."""
    text = (resources.files("streams.config") / "readings.toml").read_text("utf-8")
    found, problems = readings_in(text, "readings.toml")
    if problems:
        raise problems[0]
    return tuple(found)


def load_force(path: Path) -> Force:
    """A force from a file of the user's own; raises the first `ConfigError`."""
    force, problems = check_force(read_text(path), str(path))
    if force is None:
        raise problems[0]
    return force


def shipped_forces() -> tuple[str, ...]:
    """The ids of the forces in the package."""
    folder = resources.files("streams.config") / "forces"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def shipped_force_text(name: str) -> str:
    """The TOML text of a shipped force, with comments; raises `ConfigError` for another name."""
    if name not in shipped_forces():
        raise ConfigError(
            f'no force "{name}" is shipped', cure=f"Use one of {', '.join(shipped_forces())}"
        )
    return (resources.files("streams.config") / "forces" / f"{name}.toml").read_text("utf-8")


def find_force(name: str) -> Force:
    """A force by the id of a shipped one, or by the path of a TOML file."""
    if name in shipped_forces():
        force, problems = check_force(shipped_force_text(name), f"{name}.toml")
        if force is None:
            raise problems[0]
        return force
    if name.endswith(".toml") or "/" in name:
        return load_force(Path(name))
    raise ConfigError(
        f'there is no force "{name}"',
        cure=f"Use one of {', '.join(shipped_forces())}, or the path of a TOML file",
    )


def without_lists(timezone: str) -> Force:
    """Stands for a force of which nothing but the time zone is known: it has no line and no area,
    and the package's own categories. The rules that ask no list judge by it."""
    never = AttendanceTarget(since=dt.date(2000, 1, 1), seconds=1)
    return Force(
        ForceFile(
            id=WHOLE,
            name="a force that is not known",
            timezone=timezone,
            population=1,
            lines=[],
            attendance=Attendance(targets=[never]),
        )
    )


def default_vocabulary(which: Literal["incidents", "offences", "markers"]) -> tuple[str, ...]:
    """The package's own list of incident categories, offence groups or markers."""
    listed: list[str] = _vocabulary()[which]
    return tuple(listed)


@cache
def offence_codes() -> Mapping[str, str]:
    """By code of the Home Office's counting rules the offence."""
    by_offence: dict[str, list[str]] = _vocabulary()["offence_codes"]
    return {code: offence for offence, codes in by_offence.items() for code in codes}


@cache
def offences_together() -> Mapping[str, tuple[str, ...]]:
    """By offence that leaves open which of some others it is, these."""
    found: dict[str, list[str]] = _vocabulary()["offences_together"]
    return {wider: tuple(others) for wider, others in found.items()}


@cache
def _vocabulary() -> dict[str, Any]:
    text = (resources.files("streams.config") / "vocabulary.toml").read_text("utf-8")
    return tomllib.loads(text)

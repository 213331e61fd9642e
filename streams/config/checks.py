"""Contradictions in a force file of the right form: names that clash, parents in a circle."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from detectors.calibration.alarm_budget import GRAIN_SHARES
from detectors.named_days import bank_holidays, codes_like
from streams.config.measures import DeclaredReading, MeasureTarget
from streams.config.schema import (
    MOST_AT_ONCE,
    OF_LINES,
    WHOLE,
    AttendanceTarget,
    ChosenDetector,
    ForceFile,
    Target,
    TileKind,
)
from streams.config.toml import locate, meant
from streams.errors import ConfigError
from streams.periods import YEARS

MOST_CATEGORIES = 4095
"""Ancestors included: a series key has 12 bits for a category, and one is `other`."""

KEPT = {WHOLE: "the whole force", "all": "every area at once"}
"""Names that no area or class of areas may have, and what they ask for."""

Problem = tuple[str, str, str]
"""(problem, field, cure)"""

LONGEST_EVENT = dt.timedelta(days=3 * 366)
"""What is longer is no event, but how things are from then on."""
DAY_AFTER = dt.timedelta(days=1)


def contradictions(file: ForceFile, text: str, source: str) -> Iterator[ConfigError]:
    """Everything in a file of the right form that makes no sense, with its line in `text`."""
    for part in (
        _time_zone,
        _country,
        _written,
        _names,
        _parents,
        _area_dates,
        _parents_dates,
        _successors,
        _lines,
        _classes,
        _line_targets,
        _attendance_targets,
        _events,
        _vocabularies,
        _alerts,
        _telling,
        _receivers,
        _readings,
        _measure_targets,
        _tiles,
        _areas_shown,
    ):
        for problem, field, cure in part(file):
            yield ConfigError(
                problem, file=source, line=locate(text, field), field=field, cure=cure
            )


def _receivers(file: ForceFile) -> Iterator[Problem]:
    names = Counter(each.name for each in file.notify.receivers)
    for number, each in enumerate(file.notify.receivers):
        field = f"notify.receivers[{number}]"
        given = [each.address_env is not None, each.address_file is not None, each.nobody]
        if sum(given) != 1:
            cure = "Name the variable or the file that holds its address; or nobody = true"
            said = "one of" if sum(given) else "none of"
            problem = "has more than" if sum(given) else "has"
            yield f"{problem} {said} address_env, address_file and nobody", field, cure
        if each.address_file is not None and "://" in each.address_file:
            cure = "Write the address into a file or a variable, and name that here"
            yield (
                "an address may hold a password: it has no place here",
                f"{field}.address_file",
                cure,
            )
        if names[each.name] > 1:
            yield f'two receivers are named "{each.name}"', f"{field}.name", "Name each once"


def _time_zone(file: ForceFile) -> Iterator[Problem]:
    try:
        ZoneInfo(file.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Europe" is a directory
        cure = 'Use a name of the IANA list, such as "Europe/London" or "America/Chicago"'
        yield f'unknown time zone "{file.timezone}"', "timezone", cure


def _country(file: ForceFile) -> Iterator[Problem]:
    if file.country is None:
        return
    try:
        bank_holidays(file.country)
    except KeyError:
        near = codes_like(file.country)
        other = 'Use a code of the Python package holidays, such as "GB-ENG", "IE" or "CO"'
        cure = meant(near) if near else other
        yield f'no bank holidays are known of the country "{file.country}"', "country", cure


def _written(file: ForceFile) -> Iterator[Problem]:
    """Names stand in sentences and file lines."""
    named = [("name", file.name)]
    for n, area in enumerate(file.areas):
        named += [(f"areas[{n}].name", area.name)]
        named += [(f"areas[{n}].aliases", alias) for alias in area.aliases]
        named += [(f"areas[{n}].former_names", each.name) for each in area.former_names]
    named += [(f"lines[{n}].name", line.name) for n, line in enumerate(file.lines)]
    named += [(f"events[{n}].name", event.name) for n, event in enumerate(file.events)]
    for field, name in named:
        if name.splitlines() != [name]:
            yield f"the name {json.dumps(name)} has a line break", field, "Write it on one line"


def _names(file: ForceFile) -> Iterator[Problem]:
    owners: dict[str, int] = {}
    for n, area in enumerate(file.areas):
        if area.id in KEPT:
            problem = f'the id "{area.id}" is kept for {KEPT[area.id]}'
            yield problem, f"areas[{n}].id", "Choose another"
        folded = {
            area.id.casefold(): "id",
            area.name.casefold(): "name",
            **{alias.casefold(): "aliases" for alias in area.aliases},
            **{each.name.casefold(): "former_names" for each in area.former_names},
        }
        if file.areas[owners.get(area.id, n)].id == area.id and area.id in owners:
            yield f'two areas have the id "{area.id}"', f"areas[{n}].id", "Give each its own"
            continue
        for name, key in folded.items():
            first = owners.setdefault(name, n)
            if first != n:
                problem = (
                    f'the name "{name}" stands for two areas, '
                    f'"{file.areas[first].id}" and "{area.id}"'
                )
                yield problem, f"areas[{n}].{key}", "Give each area names of its own"


def _parents(file: ForceFile) -> Iterator[Problem]:
    parents = {area.id: area.parent for area in file.areas}
    known = f"Use one of: {', '.join(sorted(parents))}"
    for n, area in enumerate(file.areas):
        if area.parent is not None and area.parent not in parents:
            problem = f'area "{area.id}" has the parent "{area.parent}", which is no area here'
            yield problem, f"areas[{n}].parent", known
        seen, at = set[str](), area.parent
        while at is not None and at in parents and at not in seen:
            seen.add(at)
            at = parents[at]
        if area.id in seen:
            problem = f'area "{area.id}" is above itself'
            yield problem, f"areas[{n}].parent", "Break the circle of parents"


def _area_dates(file: ForceFile) -> Iterator[Problem]:
    """Dates of areas that contradict themselves."""
    for n, area in enumerate(file.areas):
        at, named = f"areas[{n}]", f'area "{area.id}"'
        if area.opened and area.until and area.until < area.opened:
            yield f"{named} ends before it begins", f"{at}.until", "Swap the dates"
        dates = [
            ("from", area.opened),
            ("until", area.until),
            *(("boundary_changes", day) for day in area.boundary_changes),
            *(("former_names", each.until) for each in area.former_names),
        ]
        for field, day in dates:
            if day is not None and day.year not in YEARS:
                cure = f"Use a year from {YEARS[0]} on"
                yield f"{named} has the date {day}", f"{at}.{field}", cure
        for day in area.boundary_changes:
            if (area.opened and day <= area.opened) or (area.until and day > area.until):
                problem = f"the boundary of {named} changes on {day}, when it was not there"
                yield problem, f"{at}.boundary_changes", "Use a day between `from` and `until`"
        ends = [each.until for each in area.former_names]
        if len(set(ends)) < len(ends):
            problem = f"two former names of {named} end on the same day"
            yield problem, f"{at}.former_names", "Keep one of them"


def _parents_dates(file: ForceFile) -> Iterator[Problem]:
    """Areas that lie in another when it is not there."""
    by_id = {area.id: area for area in file.areas}
    for n, area in enumerate(file.areas):
        parent = by_id.get(area.parent or "")
        if parent is None:
            continue
        at, pair = f"areas[{n}]", f'"{parent.id}" and area "{area.id}" in it'
        if parent.opened and (area.opened is None or area.opened < parent.opened):
            problem = f"area {pair} begin on {parent.opened} and {_or(area.opened, 'long before')}"
            cure = f"Give the area in it from = {parent.opened} or later, or another parent"
            yield problem, f"{at}.{'from' if area.opened else 'parent'}", cure
        if parent.until and (area.until is None or area.until > parent.until):
            problem = f"area {pair} end on {parent.until} and {_or(area.until, 'never')}"
            cure = f"Give the area in it until = {parent.until} or earlier, or another parent"
            yield problem, f"{at}.{'until' if area.until else 'parent'}", cure


def _or(day: dt.date | None, without: str) -> str:
    return without if day is None else str(day)


def _successors(file: ForceFile) -> Iterator[Problem]:
    """Areas that replaced others, and can't have."""
    by_id = {area.id: area for area in file.areas}
    for n, area in enumerate(file.areas):
        if area.replaced_by is None:
            continue
        named, place = f'area "{area.id}"', f"areas[{n}].replaced_by"
        if area.until is None:
            cure = "Give its last day: until = 2021-03-31"
            yield f"{named} was replaced, but not said when", place, cure
        successor = by_id.get(area.replaced_by)
        if successor is None:
            problem = f'{named} was replaced by "{area.replaced_by}", which is no area here'
            yield problem, place, f"Use one of: {', '.join(sorted(by_id))}"
        elif area.until and successor.opened and successor.opened > area.until + DAY_AFTER:
            problem = (
                f'{named} ends on {area.until}, and "{successor.id}" begins on {successor.opened}'
            )
            yield problem, place, "Let the successor begin on the day after"
        elif (
            area.until
            and successor is not area
            and successor.until
            and successor.until <= area.until
        ):
            problem = f'{named} ends on {area.until}, and "{successor.id}" on {successor.until}'
            yield problem, place, "Name an area that goes on after it"
        seen, follower = set[str](), successor
        while follower is not None and follower.id not in seen:
            seen.add(follower.id)
            follower = by_id.get(follower.replaced_by or "")
        if area.id in seen:
            yield f"{named} is replaced by itself", place, "Break the circle of successors"


def _lines(file: ForceFile) -> Iterator[Problem]:
    ids = [line.id for line in file.lines]
    for n, line in enumerate(ids):
        if line in ids[:n]:
            yield f'line "{line}" stands twice', f"lines[{n}].id", "Keep one of them"


def _classes(file: ForceFile) -> Iterator[Problem]:
    """A class of areas is found by its name, as an area is."""
    names = {name.casefold() for area in file.areas for name in (area.id, area.name, *area.aliases)}
    for n, area in enumerate(file.areas):
        if area.area_class in KEPT:
            problem = f'the class "{area.area_class}" is kept for {KEPT[area.area_class]}'
            yield problem, f"areas[{n}].class", "Choose another"
        elif area.area_class in names:
            problem = f'the class "{area.area_class}" has the name of an area'
            yield problem, f"areas[{n}].class", "Give the class a name of its own"


def _line_targets(file: ForceFile) -> Iterator[Problem]:
    for n, line in enumerate(file.lines):
        yield from _dates(f"lines[{n}].targets", line.targets)
        limits = Counter(target.since for target in line.targets)
        for m, target in enumerate(line.targets):
            field, before = f"lines[{n}].targets[{m}]", line.targets[:m]
            if any((t.since, t.seconds) == (target.since, target.seconds) for t in before):
                problem = f"two targets of {target.seconds} seconds start on {target.since}"
                yield problem, f"{field}.seconds", "Keep one of them"
            elif sum(t.since == target.since for t in before) == MOST_AT_ONCE:
                problem = f"{limits[target.since]} targets start on {target.since}"
                yield problem, field, f"Keep {MOST_AT_ONCE} of them"


def _attendance_targets(file: ForceFile) -> Iterator[Problem]:
    targets = file.attendance.targets
    yield from _dates("attendance.targets", targets)
    classes = sorted({area.area_class for area in file.areas if area.area_class is not None})
    everywhere = {target.grade for target in targets if target.area_class is None}
    for n, target in enumerate(targets):
        field, named = f"attendance.targets[{n}]", target.area_class
        if named is not None and named not in classes:
            problem = f'no area has the class "{named}"'
            known = f"Use one of: {', '.join(classes)}" if classes else "Give areas a class"
            yield problem, f"{field}.area_class", known
        of = f"{target.grade} incidents" + ("" if named is None else f" in {named} areas")
        if any(_held(t) == _held(target) for t in targets[:n]):
            yield f"two targets of {of} start on {target.since}", field, "Keep one of them"
    for grade in sorted({"emergency", *(target.grade for target in targets)} - everywhere):
        problem = f"{grade} incidents have no target where the class of the area is not known"
        yield problem, "attendance.targets", "Add one without area_class"


def _held(target: AttendanceTarget) -> tuple[object, ...]:
    return target.since, target.grade, target.area_class


def _dates(field: str, targets: Sequence[Target]) -> Iterator[Problem]:
    for n, target in enumerate(targets):
        if target.since.year not in YEARS:
            problem = f"a target can't start on {target.since}"
            yield problem, f"{field}[{n}].since", f"Use a year from {YEARS[0]} on"


def _events(file: ForceFile) -> Iterator[Problem]:
    ids = {area.id for area in file.areas}
    for n, event in enumerate(file.events):
        if event.end is not None and event.end < event.start:
            yield (
                f'event "{event.name}" ends before it starts',
                f"events[{n}].end",
                "Swap the dates",
            )
        elif event.end is not None and event.end - event.start > LONGEST_EVENT:
            problem = f'event "{event.name}" lasts longer than three years'
            cure = "Is it a change instead? Write it as [[changes]] with its date"
            yield problem, f"events[{n}].end", cure
        for area in event.areas:
            if area not in ids:
                problem = f'event "{event.name}" names the unknown area "{area}"'
                cure = f"Use one of: {', '.join(sorted(ids))}" if ids else "Take it out"
                yield problem, f"events[{n}].areas", cure


def _tiles(file: ForceFile) -> Iterator[Problem]:
    """Tiles of the wallboard that there are not, or twice."""
    lines = [line.id for line in file.lines]
    known = [
        name
        for kind in get_args(TileKind)
        for name in ([f"{kind}.{line}" for line in lines] if kind in OF_LINES else [kind])
    ]
    chosen = file.wallboard.tiles or []
    for number, tile in enumerate(chosen):
        field = f"wallboard.tiles[{number}]"
        if tile not in known:
            yield f'there is no tile "{tile}"', field, f"Use some of: {', '.join(known)}"
        elif tile in chosen[:number]:
            yield f'the tile "{tile}" is there twice', field, "Keep one of them"


def _areas_shown(file: ForceFile) -> Iterator[Problem]:
    """A kind of area that the wallboard shows and the force has not."""
    kinds = list(dict.fromkeys(area.kind for area in file.areas))
    kind = file.wallboard.areas
    if kind is not None and kind not in kinds:
        cure = f"Use one of: {', '.join(kinds)}" if kinds else "Take it out, or list [[areas]]"
        yield f'there is no area of the kind "{kind}"', "wallboard.areas", cure


def _alerts(file: ForceFile) -> Iterator[Problem]:
    given = file.alerts.shares.given()
    together = sum({**GRAIN_SHARES, **given}.values())
    if not 0 < together <= 1 + 1e-9:
        problem = f"the shares of hour, day and month add up to {together:.2g}"
        yield problem, "alerts.shares", "Give all three, not more than 1 together and one above 0"
    for n, choice in enumerate(file.alerts.detectors):
        yield from _detector(f"alerts.detectors[{n}]", choice)
        of = choice.measure, choice.grain
        if any((each.measure, each.grain) == of for each in file.alerts.detectors[:n]):
            problem = f'two detectors are chosen for "{choice.measure}" by the {choice.grain}'
            yield problem, f"alerts.detectors[{n}].measure", "Keep one of them"


def _detector(at: str, choice: ChosenDetector) -> Iterator[Problem]:
    """What is wrong with a detector that is chosen, and with its settings."""
    from streams.config import named_detectors as named  # noqa: PLC0415  few files choose any

    try:
        kind = named.kind_named(choice.use)
    except ConfigError as error:
        yield error.problem, f"{at}.use", error.cure or ""
        return
    setting, _, meaning = named.TO_GIVE.get(kind.__name__, (None, None, ""))
    if setting is not None and setting not in choice.settings:
        yield f"{kind.__name__} needs {meaning}", f"{at}.settings", f"Give settings.{setting}"
        return
    try:
        named.made(kind, choice.settings)
    except ConfigError as error:
        yield error.problem, f"{at}.settings", error.cure or f"See watchroom detect {choice.use}"


def _telling(file: ForceFile) -> Iterator[Problem]:
    areas, lines = {area.id for area in file.areas}, {line.id for line in file.lines}
    for line in file.alerts.waiting_seconds.keys() - lines:
        problem = f'"{line}" is no line here'
        yield problem, "alerts.waiting_seconds", f"Use one of: {', '.join(sorted(lines))}"
    for n, window in enumerate(file.alerts.maintenance):
        start, end = (
            at if at.tzinfo else at.replace(tzinfo=dt.UTC) for at in (window.start, window.end)
        )
        if end <= start:
            problem = f'the maintenance "{window.reason}" ends before it starts'
            yield problem, f"alerts.maintenance[{n}].to", "Swap the times"
        for area in set(window.areas) - areas:
            problem = f'the maintenance "{window.reason}" names the unknown area "{area}"'
            cure = f"Use one of: {', '.join(sorted(areas))}" if areas else "Take it out"
            yield problem, f"alerts.maintenance[{n}].areas", cure


def readings_at_odds(readings: Sequence[DeclaredReading]) -> Iterator[Problem]:
    """What contradicts itself in some readings that are declared together."""
    for n, reading in enumerate(readings):
        at = f"readings[{n}]"
        if any(reading.name == other.name for other in readings[:n]):
            yield f'reading "{reading.name}" stands twice', f"{at}.name", "Keep one of them"
        beside = reading.subject in ("peer", "nation")
        if beside and reading.of is None:
            problem = f'reading "{reading.name}" is of a {reading.subject}, but not said of what'
            yield problem, f"{at}.subject", "Name the measure that it stands beside: of ="
        if reading.of is not None and not beside:
            problem = f'reading "{reading.name}" has `of`, and is of no peer or nation'
            yield problem, f"{at}.of", 'Add subject = "nation" or "peer", or take `of` out'
        grains = [chart.grain for chart in reading.charts]
        if len(set(grains)) < len(grains):
            problem = f'reading "{reading.name}" has two charts of one grain'
            yield problem, f"{at}.charts", "Keep one of them"
        if reading.at_a_moment and reading.rolling:
            problem = f'reading "{reading.name}" holds at a moment, so that it can\'t be rolling'
            yield problem, f"{at}.rolling", "Keep one of the two"


def _readings(file: ForceFile) -> Iterator[Problem]:
    yield from readings_at_odds(file.readings)


def _measure_targets(file: ForceFile) -> Iterator[Problem]:
    areas = {area.id for area in file.areas}
    places: list[tuple[str, str, MeasureTarget]] = [
        (f"targets[{n}]", target.indicator, target) for n, target in enumerate(file.targets)
    ]
    for n, reading in enumerate(file.readings):
        for m, target in enumerate(reading.targets):
            places.append((f"readings[{n}].targets[{m}]", reading.name, target))
    seen = set[tuple[object, ...]]()
    for at, name, target in places:
        yield from target_at_odds(at, name, target)
        for area in target.areas:
            if area not in areas:
                problem = f'the target of "{name}" names the unknown area "{area}"'
                cure = f"Use one of: {', '.join(sorted(areas))}" if areas else "Take it out"
                yield problem, f"{at}.areas", cure
        for place in target.areas or [target.area_kind or WHOLE]:
            if (key := (name, target.since, place)) in seen:
                problem = f'two targets of "{name}" start on {target.since}'
                yield problem, f"{at}.since", "Keep one of them"
            seen.add(key)


def target_at_odds(at: str, name: str, target: MeasureTarget) -> Iterator[Problem]:
    """What contradicts itself in a target of a measure."""
    lower, upper = target.at_least, target.at_most
    if lower is None and upper is None and not target.bands:
        yield f'the target of "{name}" is none', at, "Give at_least, at_most or bands"
    if lower is not None and upper is not None and upper < lower:
        yield f'the target of "{name}" is below itself', f"{at}.at_most", "Swap the bounds"
    if target.until is not None and target.until < target.since:
        yield f'the target of "{name}" ends before it starts', f"{at}.until", "Swap the dates"
    for date in (target.since, target.until or target.since):
        if date.year not in YEARS:
            yield f"a target can't start on {date}", f"{at}.since", f"Use a year from {YEARS[0]} on"
    if target.areas and target.area_kind is not None:
        problem = f'the target of "{name}" is of some areas and of a kind of them'
        yield problem, f"{at}.area_kind", "Keep one of the two"
    for band in target.bands:
        if band.lower is not None and band.upper is not None and band.upper < band.lower:
            yield f'the band "{band.name}" is below itself', f"{at}.bands", "Swap its bounds"


def _vocabularies(file: ForceFile) -> Iterator[Problem]:
    for field, listed in (
        ("incident_categories", file.incident_categories),
        ("offence_groups", file.offence_groups),
        ("markers", file.markers),
    ):
        for path, times in Counter(listed).items():
            if times > 1:
                yield f'"{path}" stands twice', field, "Keep one of them"
        parts = [path.split(".") for path in listed]
        every = {".".join(part[: n + 1]) for part in parts for n in range(len(part))}
        if len(every) > MOST_CATEGORIES:
            problem = f"{len(every)} categories, ancestors included, are too many"
            yield problem, field, f"Keep to {MOST_CATEGORIES}; the rest counts under an ancestor"

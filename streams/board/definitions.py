"""What the figures of a board mean, and which targets its periods are held to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, get_args

from streams.board.model import (
    AreaDefinition,
    AttendanceDefinition,
    Definitions,
    FurtherTarget,
    LineDefinition,
    PeriodTarget,
    PeriodTargets,
    ServiceLevelDefinition,
    TargetPart,
)
from streams.config.force import Force, Target
from streams.config.schema import AREA_CLASS, AttendedGrade
from streams.config.targets import held, held_over
from streams.periods import rfc3339
from streams.registry import phrases
from streams.registry.calls import FURTHER, FURTHER_LEVELS
from streams.registry.dimensions import AREA
from streams.registry.incidents import ATTENDANCE, BY_GRADE, EMERGENCY
from streams.registry.measures import ATTENDANCES, SERVICE_LEVELS


def definitions(force: Force, at: int) -> Definitions:
    """Which formulas and targets a force's figures are read by, as of `at` in ms."""
    service_level, attendance = force.file.service_level, force.file.attendance
    within, target = held(force, attendance.by_date(), at)
    further = _further(force, at, at + 1)
    return Definitions(
        service_level=ServiceLevelDefinition(service_level, SERVICE_LEVELS[service_level].words),
        lines={
            line.id: LineDefinition(line.name, *held(force, line.by_date(), at))
            for line in force.lines
        },
        attendance=AttendanceDefinition(
            within,
            target,
            ATTENDANCES[attendance.in_time].words,
            phrases.limits({"": [within], **own_limits(further, ATTENDANCE.name, "within")}),
        ),
        areas={
            area.id: AreaDefinition(
                area.name, area.kind, area.parent, force.is_there(area, at, at + 1)
            )
            for area in force.areas
            if area is not None
        },
        further=further,
    )


def own_limits(further: Sequence[FurtherTarget], group: str, measure: str) -> dict[str, list[int]]:
    """The limits, in seconds, that classes of areas have of their own for a measure whose rows are
    told apart by area alone, by class."""
    found = {}
    for each in further:
        if (each.group, each.measure, [*each.row]) == (group, measure, [AREA]):
            parts = [part.within_seconds for part in each.changed or ()]
            found[each.row[AREA]] = parts or [each.within_seconds]
    return found


@lru_cache(maxsize=1_000)  # a board asks for the same months again and again
def period_targets(force: Force, start: int, end: int) -> PeriodTargets | None:
    """The targets that hold in [start, end); None where no target of the force ever changes."""
    every = {line.id: line.by_date() for line in force.lines}
    attendance = force.file.attendance.by_date()
    others = [each.targets for each in _others(force)]
    if max(map(len, (*every.values(), attendance, *others))) < 2:
        return None
    return PeriodTargets(
        lines={name: _target(force, targets, start, end) for name, targets in every.items()},
        attendance=_target(force, attendance, start, end),
        further=_further(force, start, end),
    )


def _target(force: Force, targets: Sequence[Target], start: int, end: int) -> PeriodTarget:
    found = held_over(force, targets, start, end)
    latest = PeriodTarget(found[-1].seconds, found[-1].share)
    if len({each[1:] for each in found}) > 1:
        latest.changed = [
            TargetPart(rfc3339(max(each.since, start), force.zone), each.seconds, each.share)
            for each in found
        ]
    return latest


class _Other(NamedTuple):
    """A target besides the first of a line and that of emergencies, and the row that has it."""

    group: str
    measure: str
    row: dict[str, str]
    targets: Sequence[Target]


def _others(force: Force) -> Iterator[_Other]:
    for line in force.lines:
        for place, name in enumerate(FURTHER, start=1):
            if targets := line.by_date(place):
                yield _Other(FURTHER_LEVELS.name, f"{name}_target", {"line": line.id}, targets)
    attendance = force.file.attendance
    classes = [area.id for area in force.areas if area is not None and area.kind == AREA_CLASS]
    for grade in get_args(AttendedGrade):
        of = (ATTENDANCE if grade == EMERGENCY else BY_GRADE).name
        row = {} if grade == EMERGENCY else {"grade": grade}
        plain = attendance.by_date(grade)
        if plain and grade != EMERGENCY:
            yield _Other(of, "within", row, plain)
        for each in classes:
            if (own := attendance.by_date(grade, each)) != plain:
                yield _Other(of, "within", {**row, AREA: each}, own)


def _further(force: Force, start: int, end: int) -> list[FurtherTarget]:
    found = []
    for each in _others(force):
        held = _target(force, each.targets, start, end)
        of = each.group, each.measure, each.row
        found.append(FurtherTarget(*of, held.within_seconds, held.target, held.changed))
    return found

"""What the figures of a board mean, and which targets its periods are held to."""

from __future__ import annotations

from collections.abc import Sequence

from streams.board.model import (
    AreaDefinition,
    AttendanceDefinition,
    Definitions,
    LineDefinition,
    PeriodTarget,
    PeriodTargets,
    ServiceLevelDefinition,
    TargetPart,
)
from streams.config.force import Force, Target
from streams.config.targets import held, held_over
from streams.periods import rfc3339
from streams.registry.measures import ATTENDANCES, SERVICE_LEVELS


def definitions(force: Force, at: int) -> Definitions:
    """Which formulas and targets a force's figures are read by, as of `at` in ms."""
    service_level = force.file.service_level
    attendance, in_time = force.file.attendance.targets, ATTENDANCES[force.file.attendance.in_time]
    return Definitions(
        service_level=ServiceLevelDefinition(service_level, SERVICE_LEVELS[service_level].words),
        lines={
            line.id: LineDefinition(line.name, *held(force, line.targets, at))
            for line in force.lines
        },
        attendance=AttendanceDefinition(*held(force, attendance, at), formula=in_time.words),
        areas={
            area.id: AreaDefinition(area.name, area.kind, area.parent) for area in force.file.areas
        },
    )


def period_targets(force: Force, start: int, end: int) -> PeriodTargets | None:
    """The targets that hold in [start, end); None where no target of the force ever changes."""
    every = {line.id: line.targets for line in force.lines}
    attendance = force.file.attendance.targets
    if max(map(len, (*every.values(), attendance))) < 2:
        return None
    return PeriodTargets(
        lines={name: _target(force, targets, start, end) for name, targets in every.items()},
        attendance=_target(force, attendance, start, end),
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

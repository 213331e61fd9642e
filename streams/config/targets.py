"""Which target holds when: a period is judged by the target of its own time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from streams.config.force import Force, Target
from streams.config.measures import MeasureTarget


class Held(NamedTuple):
    """A target from an instant on (ms): the limit in seconds, and the share to be within it."""

    since: int
    seconds: int
    share: float | None


def held_over(force: Force, targets: Sequence[Target], start: int, end: int) -> list[Held]:
    """The targets that hold in [start, end), in order: mostly one. What was before the first date
    is held to the first."""
    latest_first = force.target_steps(targets)
    steps = [Held(since, limit // 1000, share) for since, limit, share in reversed(latest_first)]
    begun = [step for step in steps if step.since <= start][-1:] or steps[:1]
    return begun + [step for step in steps if max(start, begun[0].since) < step.since < end]


def held(force: Force, targets: Sequence[Target], at: int) -> tuple[int, float | None]:
    """The limit in seconds and the share that hold at an instant."""
    found = held_over(force, targets, at, at + 1)[-1]
    return found.seconds, found.share


def measure_target(force: Force, name: str, area: int, at: int) -> MeasureTarget | None:
    """The target of a measure that holds for an area, by its index, at an instant: one that names
    the area goes before one of its kind, and that before one for all; of these the latest. None
    before the first, and after the last day of one that ends."""
    day = dt.datetime.fromtimestamp(at / 1000, force.zone).date()
    declared = force.readings.get(name)
    listed: list[MeasureTarget] = [each for each in force.file.targets if each.indicator == name]
    found = [
        (rank, each.since, each)
        for each in (*listed, *(declared.targets if declared is not None else ()))
        if each.since <= day
        and (each.until is None or day <= each.until)
        and (rank := _aimed(force, each, area)) is not None
    ]
    return max(found, key=lambda each: each[:2])[2] if found else None


def _aimed(force: Force, target: MeasureTarget, area: int) -> int | None:
    """How narrowly a target aims at an area; None where it is about others."""
    place = force.areas[area]
    if target.areas:
        return 2 if place is not None and place.id in target.areas else None
    if target.area_kind is not None:
        return 1 if place is not None and place.kind == target.area_kind else None
    return 0

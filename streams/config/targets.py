"""Which target holds when: a period is judged by the target of its own time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from streams.config.force import Force, Target
from streams.periods import rfc3339


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


def told(force: Force, targets: Sequence[Target], start: int, end: int) -> dict[str, Any]:
    """The target of a period for the board; where it changed within it, the latest, with all of
    them in `changed`."""
    found = held_over(force, targets, start, end)
    out = {"within_seconds": found[-1].seconds, "target": found[-1].share}
    if len({each[1:] for each in found}) == 1:
        return out
    parts = [
        {
            "from": rfc3339(max(each.since, start), force.zone),
            "within_seconds": each.seconds,
            "target": each.share,
        }
        for each in found
    ]
    return {**out, "changed": parts}

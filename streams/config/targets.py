"""Which target holds when: a period is judged by the target of its own time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.config.force import Force, Target


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

"""Callers who wait too long, and emergencies that nobody has reached: the pure rules.

A limit that the force misses every day would page every day. So where the force's file sets none,
the limit is what, by the tail of its own waits, one is beyond in four years
(`detectors.durations.return_level`), but never less than some times the target. A caller beyond
that is paged even so, where it comes about at most once a week: nobody has spoken to them yet,
while the room knows of an emergency.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from detectors.durations.return_level import return_level
from streams.alerts import words as say
from streams.alerts.model import Evidence
from streams.alerts.rules.conditions import Finding
from streams.config.force import Force
from streams.periods import SECOND

OWN_WEEKS = 8
"""From so many weeks a force's own waits are known: the longest of four are too few to tell."""
ONCE_IN = 26.0
"""Times `OWN_WEEKS` in which one wait is to be beyond the limit: four years. A multiple of the
usual wait would page the more often, the larger the force and the longer its queues."""
CROWD, FAR = 3, 5 / 3
"""On a line that is not for emergencies so many callers have to be beyond the limit, or one beyond
`FAR` times it: a single caller who is forgotten there is nobody's emergency."""
LEAST_WAIT, LEAST_UNATTENDED = 30, 3
"""The limit for a caller is at least so many times the target (5 minutes for 10 seconds), and for
an emergency so many times the standard."""
OFTEN = 1.0
"""Callers a week beyond that, above which it would page for what is usual here."""


NOT_BOOKED = 0.1
"""The share of emergencies without an attendance on record from which on attendances are not all
booked, so that an emergency without one says nothing about anybody who waits."""
LEAST_EMERGENCIES = 20
"""From so many that is known."""


def books_attendance(emergencies: int, never: int) -> bool:
    """Whether a force's attendances are on record, by its emergencies of the last weeks and those
    of them that ended without one.

    >>> books_attendance(1000, 40), books_attendance(1000, 250), books_attendance(19, 19)
    (True, False, True)
    """
    return emergencies < LEAST_EMERGENCIES or never < NOT_BOOKED * emergencies


class Waits:
    """A force's own waits of the last `OWN_WEEKS`: lengths in seconds, and how often each was."""

    def __init__(self, seen: Iterable[tuple[float, int]] = ()) -> None:
        self.seen = tuple(seen)

    @cached_property
    def rare(self) -> float:
        """What one is beyond in a very long time; 0 where too few are known."""
        return return_level(self.seen, ONCE_IN) or 0.0

    def usual(self, length: float) -> bool:
        """Whether waits beyond this are so frequent that none of them is news."""
        return sum(count for seen, count in self.seen if seen > length) > OFTEN * OWN_WEEKS


def waiting_limit(set_: int | None, target: int, own: Waits) -> float:
    """The wait, in seconds, at which a caller has waited too long."""
    if set_ is not None:
        return float(set_)
    least = float(LEAST_WAIT * target)
    return max(least, own.rare) if own.usual(least) else least


def unattended_limit(set_: int | None, standard: int, own: Waits) -> float:
    """The time, in seconds, after which an emergency should long have been attended."""
    return max(float(LEAST_UNATTENDED * standard), own.rare) if set_ is None else float(set_)


class Queue(NamedTuple):
    """Callers on a line: how many, how long the longest has waited, how many beyond the limit."""

    people: int
    oldest: float | None
    beyond: int


def too_long(force: Force, line: str, queue: Queue, limit: float) -> bool:
    """Whether a wait is anybody's emergency."""
    if not queue.people or queue.oldest is None or queue.oldest <= limit:
        return False
    if one_is_enough(force, line):
        return True
    return queue.beyond >= CROWD or queue.oldest > limit * FAR


def one_is_enough(force: Force, line: str) -> bool:
    """Whether one caller beyond the limit is an emergency: on the line for them, and where the
    force's file says so."""
    return line == force.lines[0].id or line in force.file.alerts.waiting_seconds


def callers_waiting(
    force: Force, line: str, queue: Queue, limit: float, target: int, at: int
) -> Finding | None:
    """Callers on a line, the longest of whom has waited beyond the limit."""
    people, oldest, _ = queue
    if oldest is None or not too_long(force, line, queue, limit):
        return None
    what = say.calls(line)
    return Finding(
        kind="callers_waiting",
        severity="page",
        records="call",
        group="calls",
        measure="oldest_waiting",
        row={"line": line},
        direction="up",
        title=f"Callers waiting on {line}, {force.name}",
        since=at - round(oldest * SECOND),
        said=say.waiting(what, force.name, people, oldest, limit, target),
        evidence=Evidence(observed=oldest, upper=limit, numerator=people, target=float(target)),
    )


def unattended(
    force: Force, count: int, oldest: float | None, limit: float, at: int
) -> Finding | None:
    """Emergencies, the oldest of which has gone unattended beyond the limit."""
    if not count or oldest is None or oldest <= limit:
        return None
    return Finding(
        kind="unattended",
        severity="page",
        records="incident",
        group="attendance",
        measure="oldest_unattended",
        direction="up",
        title=f"Emergencies not attended, {force.name}",
        since=at - round(oldest * SECOND),
        said=say.unattended(force.name, count, oldest, limit),
        evidence=Evidence(observed=oldest, upper=limit, numerator=count),
    )

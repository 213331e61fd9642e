"""Callers who have waited too long for an answer.

A limit that the force misses every day would page every day. So where the force's file sets none,
the limit is what, by the tail of its own waits, one is beyond in four years
(`detectors.durations.return_level`), but never less than some times the target. A caller beyond
that is paged even so, where it comes about at most once a week: nobody has spoken to them yet,
while the room knows of an emergency.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.alerts import words as say
from streams.alerts.context import RuleContext
from streams.alerts.model import Alert, Evidence
from streams.alerts.overdue import Overdue, ages
from streams.alerts.own_waits import OwnWaits, Waits
from streams.alerts.rules.base import (
    DEFAULT_SETTLE,
    AlertKind,
    Finding,
    InstantRule,
    TableRow,
    figure_of,
)
from streams.config.force import Force
from streams.config.targets import held
from streams.fold.ledger import Ledger
from streams.periods import MINUTE, SECOND
from streams.registry.calls import CALL
from streams.registry.phrases import round_duration

KIND = "callers_waiting"
OLDEST = figure_of(KIND, "calls", "oldest_waiting")
CROWD, FAR = 3, 5 / 3
"""On a line that is not for emergencies so many callers have to be beyond the limit, or one beyond
`FAR` times it: a single caller who is forgotten there is nobody's emergency."""
LEAST_WAIT = 30
"""The limit for a caller is at least so many times the target: 5 minutes for 10 seconds."""


def waiting_limit(set_: int | None, target: int, own: Waits) -> float:
    """The wait, in seconds, at which a caller has waited too long."""
    if set_ is not None:
        return float(set_)
    least = float(LEAST_WAIT * target)
    return max(least, own.rare) if own.usual(least) else least


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
    people, oldest, late = queue
    if oldest is None or not too_long(force, line, queue, limit):
        return None
    return Finding(
        kind=KIND,
        severity="page",
        records="call",
        group=OLDEST.group,
        measure=OLDEST.measure,
        row={"line": line},
        direction="up",
        title=f"Callers waiting on {line}, {force.name}",
        since=at - round(oldest * SECOND),
        said=sentences(force.name, line, (people, late, oldest), limit, target),
        evidence=Evidence(observed=oldest, upper=limit, numerator=people, target=float(target)),
        late=late,
    )


def sentences(
    where: str, line: str, queue: tuple[int, int, float], limit: float, target: int
) -> tuple[str, ...]:
    """Callers who wait too long: `queue` is how many wait, how many of them beyond the limit, and
    the longest, in seconds."""
    people, late, longest = queue
    who = "1 caller waiting" if people == 1 else f"{people:,} callers waiting, the longest"
    return (
        say.named(f"{say.calls(line)}, {where}", f": {who} for {say.waited(longest, limit)}."),
        say.beyond(late, people, limit),
        f"The target is {round_duration(target)}.",
    )


def eased(force: Force, alert: Alert, at: int) -> tuple[str, ...]:
    """What is said once nobody waits too long any more; none of an alert without its worst wait."""
    worst = say.worst_wait(force, alert, at)
    if worst is None:
        return ()
    figures = f": nobody waits beyond {worst.limit} now."
    who = "The caller" if worst.people == 1 else "The longest"
    return say.named(_name(force, alert), figures), f"{who} had waited {worst.by}."


def closing(force: Force, alert: Alert, at: int) -> tuple[str, ...]:
    """What is said once it is over; none of an alert without its worst wait."""
    worst = say.worst_wait(force, alert, at)
    if worst is None:
        return ()
    who = "1 caller" if worst.people == 1 else "the longest"
    return (say.named(_name(force, alert), f": {who} had waited {worst.by}, {worst.beyond}."),)


def _name(force: Force, alert: Alert) -> str:
    return f"{say.calls(alert.row['line'])}, {force.name}"


class CallersWaitingRule(InstantRule):
    """Judges the callers who wait on each line, once one of them is overdue."""

    records = "call"
    any_minute = False

    def __init__(self, context: RuleContext) -> None:
        super().__init__(context)
        self._followed: tuple[Overdue, OwnWaits] | None = None
        self._own: dict[str, Waits] = {}

    @property
    def overdue(self) -> Overdue | None:
        """The callers who wait."""
        return None if self._followed is None else self._followed[0]

    def follow(self, ledger: Ledger) -> None:
        """Reads another ledger of calls."""
        context = self.context
        self._followed = (
            Overdue(ledger, "waiting", self._line_of, context.clock),
            OwnWaits(ledger, context.calendar, self._line_of),
        )

    def learn(self, day: int, at: int) -> None:
        """Takes in how long callers usually wait, and sets the limits of the day."""
        if self._followed is not None:
            overdue, own = self._followed
            some = own.ledger.watermark > 0  # many forces send no calls at all
            self._own = own.learn(day) if some else {}
            overdue.set_limits(self._limits(at), at)

    def judge(self, at: int) -> Iterable[Finding]:
        """The lines on which callers have waited too long."""
        if self.overdue is None or not self.overdue.any_late(at):
            return
        found = ages(self.overdue.ledger, "waiting", self._line_of, at)
        for line in (line.id for line in self.force.lines if line.id in found):
            waits = found[line]
            limit, target = self._limit(line, at)
            beyond = sum(age / SECOND > limit for age in waits)
            queue = Queue(len(waits), max(waits) // SECOND, beyond)
            finding = callers_waiting(self.force, line, queue, limit, target, at)
            if finding is not None:
                yield finding

    def _line_of(self, series_key: int) -> str | None:
        return self.force.lines[CALL.series.split(series_key)[0]].id

    def _limit(self, line: str, at: int) -> tuple[float, int]:
        """The wait at which a caller has waited too long, and the target; in seconds."""
        targets = self.force.lines[self.force.line_index[line]].by_date()
        seconds, _ = held(self.force, targets, at)
        set_ = self.force.file.alerts.waiting_seconds.get(line)
        return waiting_limit(set_, seconds, self._own.get(line, Waits())), seconds

    def _limits(self, at: int) -> dict[str, tuple[float, ...]]:
        found: dict[str, tuple[float, ...]] = {}
        for line in self.force.lines:
            limit = self._limit(line.id, at)[0]
            alone = one_is_enough(self.force, line.id)
            found[line.id] = (limit,) if alone else (limit, limit * FAR)
        return found


CALLERS_WAITING = AlertKind(
    name=KIND,
    runbook="WatchroomCallersWaiting",
    summary="Callers are waiting too long",
    meaning="Callers have been waiting for an answer for too long, now.",
    dashboard="calls",
    table=(
        TableRow(
            "a caller on the emergency line has waited beyond its limit; on another line three "
            "have, or one far longer",
            "page",
            f"{DEFAULT_SETTLE // MINUTE} minutes have passed without such a wait",
            "999 calls, Warwickshire: 3 callers waiting, the longest for 5 min 10 s. 1 of the 3 is "
            "beyond the limit of 5 min. The target is 10 s.",
            "none, since the wait is real; "
            "[how often it pages](#callers-waiting-emergencies-unattended)",
        ),
    ),
    judged="instant",
    rules=(CallersWaitingRule,),
    figures=(OLDEST,),
    eased=eased,
    closing=closing,
)

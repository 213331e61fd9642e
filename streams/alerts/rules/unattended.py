"""Emergencies that nobody has reached for too long.

Where the force's file sets no limit it is what, by the tail of its own responses, one is beyond in
four years (`detectors.durations.return_level`), but never less than some times the standard. Where
attendances are not all on record, an emergency without one says nothing about anybody who waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
from streams.registry.incidents import EMERGENCY, GRADES, INCIDENT

KIND = "unattended"
OLDEST = figure_of(KIND, "attendance", "oldest_unattended")
EMERGENCIES = "emergency"
"""The row of the emergencies among the open records."""
LEAST_UNATTENDED = 3
"""The limit is at least so many times the standard."""
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


def unattended_limit(set_: int | None, standard: int, own: Waits) -> float:
    """The time, in seconds, after which an emergency should long have been attended."""
    return max(float(LEAST_UNATTENDED * standard), own.rare) if set_ is None else float(set_)


def unattended(force: Force, waits: Sequence[float], limit: float, at: int) -> Finding | None:
    """Emergencies, the oldest of which has gone unattended beyond the limit; how long each has, in
    seconds."""
    oldest = max(waits, default=0.0)
    if oldest <= limit:
        return None
    late = sum(wait > limit for wait in waits)
    return Finding(
        kind=KIND,
        severity="page",
        records="incident",
        group=OLDEST.group,
        measure=OLDEST.measure,
        direction="up",
        title=f"Emergencies not attended, {force.name}",
        since=at - round(oldest * SECOND),
        said=sentences(force.name, len(waits), late, oldest, limit),
        evidence=Evidence(observed=oldest, upper=limit, numerator=len(waits)),
        late=late,
    )


def sentences(where: str, count: int, late: int, longest: float, limit: float) -> tuple[str, ...]:
    """Emergencies that nobody has reached, `late` of them beyond the limit."""
    what = "Emergency incident" if count == 1 else "Emergency incidents"
    oldest = "" if count == 1 else ", the oldest"
    figures = f": {count:,} not attended{oldest} for {say.waited(longest, limit)}."
    return say.named(f"{what}, {where}", figures), say.beyond(late, count, limit)


def eased(force: Force, alert: Alert, at: int) -> tuple[str, ...]:
    """What is said once none waits too long any more; none of an alert without its worst wait."""
    worst = say.worst_wait(force, alert, at)
    if worst is None:
        return ()
    name, figures = f"Emergency incidents, {force.name}", f": none waits beyond {worst.limit} now."
    which = "It" if worst.people == 1 else "The oldest"
    return say.named(name, figures), f"{which} had waited {worst.by}."


def closing(force: Force, alert: Alert, at: int) -> tuple[str, ...]:
    """What is said once it is over; none of an alert without its worst wait."""
    worst = say.worst_wait(force, alert, at)
    if worst is None:
        return ()
    what, which = "Emergency incidents", "the oldest"
    if worst.people == 1:
        what, which = "Emergency incident", "1"
    figures = f": {which} had waited {worst.by}, {worst.beyond}."
    return (say.named(f"{what}, {force.name}", figures),)


class UnattendedRule(InstantRule):
    """Judges the emergencies without an attendance, once one of them is overdue."""

    records = "incident"
    any_minute = False

    def __init__(self, context: RuleContext) -> None:
        super().__init__(context)
        self._followed: tuple[Overdue, OwnWaits] | None = None
        self.own = Waits()
        """How long emergencies waited in the last weeks."""
        self._books = True
        """Whether attendances are on record, so that one without is worth a page."""

    @property
    def overdue(self) -> Overdue | None:
        """The emergencies that wait, where that says anything."""
        judged = self._books or self.force.file.alerts.unattended_seconds is not None
        return self._followed[0] if judged and self._followed is not None else None

    def follow(self, ledger: Ledger) -> None:
        """Reads another ledger of incidents."""
        self._followed = (
            Overdue(ledger, "unattended", _row_of, self.context.clock),
            OwnWaits(ledger, self.context.calendar, _row_of),
        )

    def learn(self, day: int, at: int) -> None:
        """Takes in how long emergencies usually wait, and sets the limit of the day."""
        if self._followed is not None:
            overdue, own = self._followed
            self.own = own.learn(day).get(EMERGENCIES, Waits())
            counted = INCIDENT.layouts[0].read(own.sums.get(EMERGENCIES, 0))
            self._books = books_attendance(counted["count"], counted["never"])
            overdue.set_limits({EMERGENCIES: (self._limit(at),)}, at)

    def judge(self, at: int) -> Iterable[Finding]:
        """The emergencies of the force, where the oldest has waited too long."""
        if self.overdue is None or not self.overdue.any_late(at):
            return
        waits = ages(self.overdue.ledger, "unattended", _row_of, at).get(EMERGENCIES, [])
        seconds = [wait // SECOND for wait in waits]
        found = unattended(self.force, seconds, self._limit(at), at)
        if found is not None:
            yield found

    def _limit(self, at: int) -> float:
        standard, _ = held(self.force, self.force.file.attendance.by_date(), at)
        set_ = self.force.file.alerts.unattended_seconds
        return unattended_limit(set_, standard, self.own)


def _row_of(series_key: int) -> str | None:
    return EMERGENCIES if GRADES[INCIDENT.series.split(series_key)[1]] == EMERGENCY else None


UNATTENDED = AlertKind(
    name=KIND,
    runbook="WatchroomUnattended",
    summary="An emergency has nobody at the scene",
    meaning="An emergency has had nobody at the scene for too long, now.",
    dashboard="response",
    table=(
        TableRow(
            "an emergency has waited beyond the limit",
            "page",
            f"{DEFAULT_SETTLE // MINUTE} minutes have passed without such a wait",
            "Emergency incidents, Warwickshire: 2 not attended, the oldest for 1 h 6 min. Both are "
            "beyond the limit of 25 min.",
            "where an arrival was not keyed; "
            "[how often it pages](#callers-waiting-emergencies-unattended)",
        ),
    ),
    judged="instant",
    rules=(UnattendedRule,),
    figures=(OLDEST,),
    eased=eased,
    closing=closing,
)

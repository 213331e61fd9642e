"""The whole life of an alert, sent to the receivers to try the way: it opens, nobody takes it,
somebody does, it is over. Every message says first that it is a rehearsal. Nothing is stored, and
no monitor knows of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from streams.alerts.actions import Request
from streams.alerts.lifecycle import Lifecycle
from streams.alerts.model import Evidence, Severity, Transition, instant
from streams.alerts.rules import callers_waiting, unattended
from streams.alerts.store import AlertStore
from streams.alerts.words import calls
from streams.config.force import WHOLE, Force
from streams.outputs.notify.message import Message, message
from streams.periods import MINUTE, SECOND
from streams.registry.phrases import round_duration

_NAME = "rehearsal"
"""Stands in the id of an alert that is rehearsed where another has its kind."""
TAKEN_AFTER, ENDED_AFTER = MINUTE, 2 * MINUTE
"""How long after it has escalated somebody takes it, and it is over; in ms."""


class _Rehearsed(NamedTuple):
    """What the alert of a rehearsal is about; `limit` and `waited` are in seconds."""

    kind: str
    group: str
    measure: str
    row: dict[str, str]
    title: str
    waiting: str
    limit: int
    waited: int


def _callers(force: Force) -> _Rehearsed:
    """Callers on the first line."""
    line = force.lines[0]
    limit = line.by_date()[-1].seconds
    title, waiting = f"{calls(line.id)}, {force.name}", "3 callers waiting"
    row = {"line": line.id}
    kind = callers_waiting.KIND
    return _Rehearsed(kind, "calls", "oldest_waiting", row, title, waiting, limit, 6 * limit)


def _unattended(force: Force) -> _Rehearsed:
    """Emergencies without an attendance, for a force that has no line."""
    limit = force.file.attendance.by_date()[-1].seconds
    title, waiting = f"Emergency incidents, {force.name}", "2 not attended"
    oldest = unattended.OLDEST
    return _Rehearsed(
        unattended.KIND, oldest.group, oldest.measure, {}, title, waiting, limit, 3 * limit
    )


def is_rehearsed(force: Force, alert: str) -> bool:
    """Whether an id is that of an alert that was rehearsed."""
    return alert.startswith(f"{force.id}/{_NAME}/")


def life(force: Force, now: int, severity: Severity = "page") -> Iterator[Transition]:
    """What becomes of an alert that is over `now`, in ms."""
    store = AlertStore(force)
    wait = force.file.alerts.escalate_after_minutes * MINUTE
    escalated = now - ENDED_AFTER
    opened = escalated - wait
    what = _callers(force) if force.lines else _unattended(force)
    begun = Lifecycle(store, opened, notify=True)
    begun.open(
        id=f"{force.id}/{_NAME}/{opened}",
        kind=what.kind,
        severity=severity,
        group=what.group,
        measure=what.measure,
        row=what.row,
        area=WHOLE,
        title=what.title,
        grain="now",
        onset=opened - round(what.waited * SECOND),
        said=(
            f"{what.title}: {what.waiting}, the oldest {round_duration(what.waited)}.",
            f"The target is {round_duration(what.limit)}.",
        ),
        evidence=Evidence(observed=float(what.waited), upper=float(what.limit)),
    )
    yield from begun.made
    (alert,) = store.alerts.values()
    later = Lifecycle(store, escalated, notify=True)
    later.change(alert, "escalated", escalated_at=instant(escalated, force.zone))
    yield from later.made
    asked = Request(action="acknowledge", who="Rehearsal")
    yield store.act(alert.id, asked, escalated + TAKEN_AFTER)
    end = Lifecycle(store, now, notify=True)
    end.resolve(store.alerts[alert.id])
    yield from end.made


def rehearsal(
    force: Force, now: int, public_url: str | None, severity: Severity = "page"
) -> list[Message]:
    """The messages of such a life."""
    return [message(each, public_url, rehearsal=True) for each in life(force, now, severity)]

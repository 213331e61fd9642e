"""The whole life of an alert, sent to the receivers to try the way: it opens, nobody takes it,
somebody does, it is over. Every message says first that it is a rehearsal. Nothing is stored, and
no monitor knows of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.alerts.actions import Request
from streams.alerts.lifecycle import Lifecycle
from streams.alerts.model import Evidence, Severity, Transition, instant
from streams.alerts.rules import callers_waiting
from streams.alerts.store import AlertStore
from streams.alerts.words import calls
from streams.config.force import WHOLE, Force
from streams.outputs.notify.message import Message, message
from streams.periods import MINUTE, SECOND
from streams.registry.phrases import round_duration

TAKEN_AFTER, ENDED_AFTER = MINUTE, 2 * MINUTE
"""How long after it has escalated somebody takes it, and it is over; in ms."""


def life(force: Force, now: int, severity: Severity = "page") -> Iterator[Transition]:
    """What becomes of an alert that is over `now`, in ms."""
    store = AlertStore(force)
    wait = force.file.alerts.escalate_after_minutes * MINUTE
    escalated = now - ENDED_AFTER
    opened = escalated - wait
    line = force.lines[0]
    limit = line.by_date()[-1].seconds
    title = f"{calls(line.id)}, {force.name}"
    begun = Lifecycle(store, opened, notify=True)
    begun.open(
        id=f"{force.id}/rehearsal/{opened}",
        kind=callers_waiting.KIND,
        severity=severity,
        group="calls",
        measure="oldest_waiting",
        row={"line": line.id},
        area=WHOLE,
        title=title,
        grain="now",
        onset=opened - round(6 * limit * SECOND),
        said=(
            f"{title}: 3 callers waiting, the oldest {round_duration(6 * limit)}.",
            f"The target is {round_duration(limit)}.",
        ),
        evidence=Evidence(observed=6.0 * limit, upper=float(limit)),
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

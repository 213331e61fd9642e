"""How a process is doing, in the form in which it answers others."""

from __future__ import annotations

import msgspec

from streams.live import Health


class ReasonShown(msgspec.Struct, omit_defaults=True):
    """Why the figures may not be relied on (`streams.live.reasons`): a code that stays the same,
    what is wrong and what to do, the page that says more, and of which thing it is."""

    code: str
    problem: str
    cure: str
    runbook: str
    subject: str = ""
    worker: str = ""
    """The address of the worker that says so, where a front passes it on."""


class Readiness(msgspec.Struct):
    """What `/readyz` answers (`streams.live.Health`)."""

    ready: bool
    state: str
    detail: str
    reasons: list[ReasonShown]


def readiness(health: Health) -> Readiness:
    """How a runner is doing, with every reason why its figures may not be relied on."""
    reasons = [
        ReasonShown(each.code, each.problem, each.cure, each.kind.runbook, each.subject)
        for each in health.reasons
    ]
    return Readiness(health.ready, *health.shown, reasons)

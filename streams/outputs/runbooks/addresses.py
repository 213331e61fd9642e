"""Where people read what to do about an alert: Watchroom serves the runbooks itself, under
`/runbooks/`. `WATCHROOM_RUNBOOKS` names another place where a force keeps its own copy of them."""

from __future__ import annotations

import os

from streams.alerts.rules import kind_named
from streams.printing import without_user

VARIABLE = "WATCHROOM_RUNBOOKS"
SERVED = "/runbooks"


def elsewhere() -> str:
    """The address below which a copy of the runbooks is; empty where none is named."""
    return without_user(os.environ.get(VARIABLE, "").rstrip("/"))


def base() -> str:
    """The address, for a page of the wallboard, below which the runbooks are."""
    return elsewhere() or SERVED


def runbook(kind: str, public_url: str | None = None) -> str | None:
    """The address of the runbook of a kind of alert, for a message; None where people are not
    known to reach any."""
    if (held := kind_named(kind)) is None:
        return None
    if place := elsewhere():
        return f"{place}/{held.runbook}.md"
    return f"{public_url}{SERVED}/{held.runbook}" if public_url else None

"""Where people read what to do about an alert: the address of its page in docs/runbooks, wherever a
force serves these. `WATCHROOM_RUNBOOKS` names that place; without it there are no links."""

from __future__ import annotations

import os

from streams.alerts.rules import kind_named
from streams.printing import without_user

VARIABLE = "WATCHROOM_RUNBOOKS"


def base() -> str:
    """The address below which the runbooks are; empty where none is named."""
    return without_user(os.environ.get(VARIABLE, "").rstrip("/"))


def runbook(kind: str) -> str | None:
    """The address of the runbook of a kind of alert; None where no place is named."""
    held, place = kind_named(kind), base()
    return f"{place}/{held.runbook}.md" if held is not None and place else None

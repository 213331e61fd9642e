"""What a person does about an alert on the page: the alert as it is then, as JSON, or in plain
words why it can't be done.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

from streams.alerts.model import Alert, Handover
from streams.errors import ActionError, NoAlert, NotStored
from streams.live import Live
from streams.outputs.instants import parse_instant
from streams.outputs.sign_in.own_page import sent_from_own_page
from streams.outputs.sign_in.without_names import nameless, nameless_handover

ACTIONS = ("acknowledge", "snooze", "close", "note", "hand_over")


class ActionBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request."""

    who: str = ""
    """Who does it, where nobody signs in; a name that is sent beside a sign-in is not believed."""
    until: str | None = None
    reason: str | None = None
    outcome: str | None = None
    note: str | None = None
    to: str | None = None


async def body_of(request: Request) -> ActionBody:
    """The body, checked; raises an `HTTPException` in words."""
    words = "send JSON, with content-type: application/json"
    raw = await sent_from_own_page(request, "application/json", words)
    try:
        return msgspec.json.decode(raw, type=ActionBody)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise HTTPException(400, f"this can't be read: {error}") from None


class Done(msgspec.Struct):
    """The answer: the alert as it is now, or how the room was handed over."""

    alert: Alert | Handover

    def without_names(self) -> Done:
        """The same for who may not see the names of persons."""
        done = self.alert
        return Done(nameless(done) if isinstance(done, Alert) else nameless_handover(done))


def act(live: Live, alert: str, action: str, sent: ActionBody, signed_in: str | None) -> Done:
    """Does it, in the name of who has signed in; raises an `HTTPException` in words."""
    if live.alerts is None:
        raise HTTPException(404, "no alerts are raised here")
    if action not in ACTIONS:
        raise HTTPException(404, f"nothing is called {action}, only: {', '.join(ACTIONS)}")
    try:
        done = live.alerts.act(
            alert, action, live.clock(), signed_in or sent.who, **_details(live, alert, sent)
        )
    except NoAlert as error:
        raise HTTPException(404, str(error)) from None
    except NotStored as error:
        raise HTTPException(503, str(error)) from None
    except (ActionError, ValueError) as error:
        raise HTTPException(400, str(error)) from None
    return Done(done)


def _details(live: Live, alert: str, sent: ActionBody) -> dict[str, Any]:
    """What was sent beside the name; times in ms."""
    details: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(sent).items()
        if value is not None and name != "who"
    }
    force = live.monitor.forces.get(alert.partition("/")[0])
    if "until" in details and force is not None:
        details["until"] = parse_instant(details["until"], force.zone)
    return details


def history(live: Live, force: str, since: int | None, state: str | None) -> list[Alert]:
    """The alerts of a force, newest first; none where none are raised."""
    return [] if live.alerts is None else live.alerts.history(force, since, state)

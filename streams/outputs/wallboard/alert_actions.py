"""What a person does about an alert on the page: the alert as it is then, as JSON, or in plain
words why it can't be done.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

from streams.alerts.model import Alert, Handover
from streams.errors import ActionError, NoAlert, NotStored
from streams.live import Live
from streams.outputs.instants import parse_instant

ACTIONS = ("acknowledge", "snooze", "close", "note", "hand_over")
MOST_BYTES = 10_000
"""No more of a request is read."""
SENT_WITHIN = 10.0
"""Seconds in which all of a request must have come."""


class ActionBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request."""

    who: str
    until: str | None = None
    reason: str | None = None
    outcome: str | None = None
    note: str | None = None
    to: str | None = None


def own_page(request: Request) -> None:
    """Refuses what another site's page sends in the name of who looks at it."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    elsewhere = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if elsewhere or site not in (None, "same-origin", "none"):
        raise HTTPException(403, "this may only be sent from Watchroom's own pages")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "send JSON, with content-type: application/json")


async def sent_from_own_page(request: Request) -> bytes:
    """The body as it came; raises an `HTTPException` in words."""
    own_page(request)
    raw = b""
    try:
        async with asyncio.timeout(SENT_WITHIN):
            async for part in request.stream():
                raw += part
                if len(raw) > MOST_BYTES:
                    raise HTTPException(413, f"at most {MOST_BYTES:,} bytes")
    except TimeoutError:
        raise HTTPException(408, f"the request was not whole within {SENT_WITHIN:.0f} s") from None
    return raw


async def body_of(request: Request) -> ActionBody:
    """The body, checked; raises an `HTTPException` in words."""
    raw = await sent_from_own_page(request)
    try:
        sent = msgspec.json.decode(raw, type=ActionBody)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise HTTPException(400, f"this can't be read: {error}") from None
    return sent


class Done(msgspec.Struct):
    """The answer: the alert as it is now, or how the room was handed over."""

    alert: Alert | Handover


def act(live: Live, alert: str, action: str, sent: ActionBody) -> Done:
    """Does it; raises an `HTTPException` in words."""
    if live.alerts is None:
        raise HTTPException(404, "no alerts are raised here")
    if action not in ACTIONS:
        raise HTTPException(404, f"nothing is called {action}, only: {', '.join(ACTIONS)}")
    try:
        done = live.alerts.act(alert, action, live.clock(), sent.who, **_details(live, alert, sent))
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

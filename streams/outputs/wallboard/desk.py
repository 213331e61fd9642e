"""What a person does about an alert: the book's answer as JSON, or in plain words why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

from streams.live import Live
from streams.outputs.instants import parse_instant

ACTIONS = ("acknowledge", "snooze", "close", "note", "hand_over")
OUTCOMES = ("real", "planned_event", "data_fault", "false")
LONGEST_NAME, LONGEST_TEXT = 60, 500
MOST_BYTES = 10_000
"""No more of a request is read."""


class Book(Protocol):
    """The alerts of this process, as these pages use them."""

    def view(self, force: str, at: int) -> dict[str, Any]:
        """The alerts' part of a board."""

    def history(self, force: str, since: int | None, state: str | None) -> list[Any]:
        """Alerts of a force, newest first."""

    def act(self, alert: str, action: str, at: int, who: str, **details: Any) -> Any:
        """Does something about an alert; raises LookupError, or ValueError in words."""


class Act(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request."""

    who: str
    until: str | None = None
    reason: str | None = None
    outcome: str | None = None
    note: str | None = None
    to: str | None = None


def book_of(live: Live) -> Book | None:
    """The alerts of this process; None where none are raised."""
    return getattr(live, "alerts", None)


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


async def body_of(request: Request) -> Act:
    """The body, checked; raises an `HTTPException` in words."""
    own_page(request)
    raw = b""
    async for part in request.stream():
        raw += part
        if len(raw) > MOST_BYTES:
            raise HTTPException(413, f"at most {MOST_BYTES:,} bytes")
    try:
        sent = msgspec.json.decode(raw, type=Act)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise HTTPException(400, f"this can't be read: {error}") from None
    return sent


def checked(sent: Act, action: str) -> Mapping[str, Any]:
    """The details of an action; raises ValueError in words where one is missing or too long."""
    if not sent.who.strip():
        raise ValueError("say who you are: initials or a role")
    for field, most in (("who", LONGEST_NAME), ("to", LONGEST_NAME), ("reason", LONGEST_TEXT)):
        if len(getattr(sent, field) or "") > most:
            raise ValueError(f"{field}: at most {most} characters")
    if len(sent.note or "") > LONGEST_TEXT:
        raise ValueError(f"note: at most {LONGEST_TEXT} characters")
    needed = {"snooze": ("until", "reason"), "note": ("note",), "hand_over": ("to",)}
    for field in needed.get(action, ()):
        if not (getattr(sent, field) or "").strip():
            raise ValueError(f"{action.replace('_', ' ')} needs: {field}")
    if action == "close" and sent.outcome not in OUTCOMES:
        raise ValueError(f"close needs an outcome: one of {', '.join(OUTCOMES)}")
    fields = ("until", "reason", "outcome", "note", "to")
    return {name: getattr(sent, name) for name in fields if getattr(sent, name) is not None}


def act(live: Live, alert: str, action: str, sent: Act) -> dict[str, Any]:
    """Does it, and returns the alert as it is now."""
    book = book_of(live)
    if book is None:
        raise HTTPException(404, "no alerts are raised here")
    if action not in ACTIONS:
        raise HTTPException(404, f"nothing is called {action}, only: {', '.join(ACTIONS)}")
    force = alert.partition("/")[0]
    try:
        details = dict(checked(sent, action))
        if "until" in details:
            zone = live.monitor.forces[force].zone
            details["until"] = parse_instant(details["until"], zone)
        with live.lock:
            book.act(alert, action, live.clock(), sent.who.strip(), **details)
    except LookupError:
        raise HTTPException(404, "there is no such alert; it may have been closed") from None
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
    return {"alert": find(live, force, alert)}


def find(live: Live, force: str, alert: str) -> Any:
    """One alert as JSON's plain objects; None where there is none."""
    return next((held for held in history(live, force, None, None) if held["id"] == alert), None)


def history(live: Live, force: str, since: int | None, state: str | None) -> list[Any]:
    """The alerts of a force as JSON's plain objects, newest first."""
    book = book_of(live)
    if book is None:
        return []
    with live.lock:
        found = msgspec.to_builtins(book.history(force, since, state))
    return list(found)

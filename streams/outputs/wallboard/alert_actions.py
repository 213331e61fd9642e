"""What a person does about an alert on the page: the alert as it is then, as JSON, or in plain
words why it can't be done.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

from streams.alerts.handing_over import ShiftLog, shift_log
from streams.alerts.model import Alert, Handover, instant, shift
from streams.errors import ActionError, NoAlert, NotStored
from streams.live import AlertProvider, Live
from streams.outputs.instants import parse_instant
from streams.outputs.sign_in.own_page import sent_from_own_page
from streams.outputs.sign_in.without_names import nameless, nameless_handover
from streams.periods import HOUR

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
    held: bool = False
    """Of a shift: hand over every open alert, too, that whoever does it has."""


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
    handed: int = 0
    """Alerts that were handed over with the shift."""

    def without_names(self) -> Done:
        """The same for who may not see the names of persons."""
        done = self.alert
        nobody = nameless(done) if isinstance(done, Alert) else nameless_handover(done)
        return Done(nobody, self.handed)


def act(live: Live, alert: str, action: str, sent: ActionBody, signed_in: str | None) -> Done:
    """Does it, in the name of who has signed in; raises an `HTTPException` in words."""
    if live.alerts is None:
        raise HTTPException(404, "no alerts are raised here")
    if action not in ACTIONS:
        raise HTTPException(404, f"nothing is called {action}, only: {', '.join(ACTIONS)}")
    who, handed = signed_in or sent.who, 0
    try:
        details = _details(live, alert, sent)
        force = alert.partition("/")[0]
        if sent.held and alert == shift(force) and force in live.monitor.forces:
            done, handed = _hand_over_all(live.alerts, alert, live.clock(), who, details)
        else:
            done = live.alerts.act(alert, action, live.clock(), who, **details)
    except NoAlert as error:
        raise HTTPException(404, str(error)) from None
    except NotStored as error:
        raise HTTPException(503, str(error)) from None
    except (ActionError, ValueError) as error:
        raise HTTPException(400, str(error)) from None
    return Done(done, handed)


def _hand_over_all(
    alerts: AlertProvider, room: str, at: int, who: str, details: dict[str, Any]
) -> tuple[Alert | Handover, int]:
    """Hands over every open alert that somebody has, and then the room; returns how many alerts.
    Raises what `act` does, in words that say how far it came."""
    force = room.partition("/")[0]
    name = " ".join(who.split())  # as owners are noted
    held = [each.id for each in alerts.history(force, None, "open") if each.owner == name]
    for number, each in enumerate((*held, room)):
        try:
            done = alerts.act(each, "hand_over", at, who, **details)
        except (ActionError, NotStored) as error:
            so_far = f"Handed over so far: {number} of {len(held)} alerts, and not the shift"
            if not number:
                raise
            raise type(error)(f"{error}. {so_far}. Hand over again for the rest") from None
    return done, len(held)


def log_of(live: Live, force: str, hours: int) -> ShiftLog:
    """What was done in the last hours, and what is open; raises an `HTTPException` where no alerts
    are raised."""
    if live.alerts is None:
        raise HTTPException(404, "no alerts are raised here")
    of, now = live.monitor.forces[force], live.clock()
    since, at = (instant(each, of.zone) for each in (now - hours * HOUR, now))
    history, view = live.alerts.history(force), live.alerts.view(force, now)
    return shift_log(force, of.name, history, view.handovers, since, at)


def _details(live: Live, alert: str, sent: ActionBody) -> dict[str, Any]:
    """What was sent beside the name; times in ms."""
    details: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(sent).items()
        if value is not None and name not in ("who", "held")
    }
    force = live.monitor.forces.get(alert.partition("/")[0])
    if "until" in details and force is not None:
        details["until"] = parse_instant(details["until"], force.zone)
    return details


def history(live: Live, force: str, since: int | None, state: str | None) -> list[Alert]:
    """The alerts of a force, newest first; none where none are raised."""
    return [] if live.alerts is None else live.alerts.history(force, since, state)

"""What is sent about an alert: one structure, of which `title` and `text` are for a person.

A webhook is sent all of it as JSON (docs/schemas/message.schema.json). No person is named in it: it
leaves the house, and who may read names has to sign in. It says whether somebody has the alert, and
leads to the page that says who.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, Struct, json

from streams.alerts.model import Alert, AlertOutcome, Severity, Transition
from streams.alerts.words import NOBODY_YET, NOT_TAKEN, OPEN_SINCE, local_instant, marked
from streams.events.origin import NotLive
from streams.outputs.public_url import alert_page
from streams.outputs.runbooks.addresses import runbook
from streams.outputs.sign_in.without_names import SENTENCE, nameless_words
from streams.printing import printable

VERSION: Literal[1] = 1
"""Of the form of a message: raised where a program that reads it would have to be changed."""
AGAIN = "Sent again after a restart; it may have reached you before."
REHEARSAL = "REHEARSAL"
REHEARSED = "This is a rehearsal: nothing has happened, and nothing is to be done."

Instant = Annotated[dt.datetime, Meta(tz=True)]
Event = Literal["opened", "updated", "escalated", "reminded", "acknowledged", "resolved", "test"]
"""What became of the alert: it opened; it is worse or has grown; nobody has taken it; it goes on
after a snooze or quiet hours; somebody has it (in a rehearsal only); it is over, or somebody has
closed it, which `outcome` says. A test is of no alert."""
_EVENTS: frozenset[str] = frozenset(get_args(Event))
_HEADS = {
    "resolved": "Over",
    "closed": "Closed",
    "escalated": "Still nobody",
    "reminded": "Still open",
    "acknowledged": "Taken",
}


class MessageLinks(Struct, frozen=True, kw_only=True):
    """Where a message leads; null where nobody said where people reach Watchroom."""

    alert: str | None = None
    """The page on which somebody takes the alert, snoozes it and closes it."""
    runbook: str | None = None
    """What to do about it."""


class MessageFigures(Struct, frozen=True, kw_only=True):
    """The figures behind an alert; null where there are none of that sort."""

    observed: float | None = None
    expected: float | None = None
    lower: float | None = None
    """The lower end of the usual range."""
    upper: float | None = None
    ratio: float | None = None
    """How many times the expected was observed."""
    probability: float | None = None
    """Of as much, if nothing had changed."""
    numerator: int | None = None
    denominator: int | None = None
    target: float | None = None


class AlertSent(Struct, frozen=True, kw_only=True):
    """An alert as a message has it. Instants have the offset of the force's own time."""

    id: str
    """The same in all messages of one alert, and as the label `alert` in Prometheus."""
    force: str
    kind: str
    severity: Severity
    state: Literal["open", "resolved"]
    title: str
    words: str
    area: str
    """The id of the area; `force` is all of it."""
    area_name: str
    group: str
    measure: str
    row: dict[str, str]
    """Of what the measure is, such as `{"line": "999"}`."""
    grain: Literal["hour", "day", "month", "now"]
    opened_at: Instant
    onset: Instant | None
    """About when it began, where that is known."""
    resolved_at: Instant | None
    snoozed_until: Instant | None
    outcome: AlertOutcome | None
    """What it was, where a person has closed it."""
    taken: bool
    """Whether somebody has it."""
    figures: MessageFigures


class Message(Struct, frozen=True, kw_only=True):
    """What is sent about an alert."""

    version: Literal[1] = VERSION
    event: Event
    at: Instant
    title: str
    """One line: how urgent, what and where."""
    text: str
    """Complete without a link: what, where, how unusual, since when, whether somebody has it."""
    origin: Literal["live", "simulated", "replayed", "mixed"] = "live"
    """Where the records came from; `mixed` where some were made up and some were not."""
    rehearsal: bool = False
    """Whether it was sent by `watchroom notify rehearse`: nothing has happened."""
    sent_again: bool = False
    """Whether an earlier try may have arrived."""
    links: MessageLinks = MessageLinks()
    alert: AlertSent | None = None
    """Null in a test."""

    @property
    def urgency(self) -> Literal["page", "notice", "state", "resolved"]:
        """How it is to be shown by a service that has colours for that."""
        if self.alert is None:
            return "state"
        return "resolved" if self.event == "resolved" else self.alert.severity


encode = json.Encoder().encode


def message(
    transition: Transition,
    public_url: str | None = None,
    *,
    again: bool = False,
    rehearsal: bool = False,
) -> Message:
    """What people are sent of a transition."""
    alert, ended = transition.alert, transition.what in ("resolved", "closed")
    links = MessageLinks(
        alert=None if public_url is None else alert_page(public_url, alert.force, alert.id),
        runbook=None if ended else runbook(alert.kind, public_url),
    )
    words = nameless_words(alert)
    # A mark stands in the title and in the text: there are receivers that show only one of them.
    lines = [marked(alert, words)]
    if rehearsal:
        lines = [f"{REHEARSAL}: {lines[0]}", REHEARSED]
    if (since := _since(alert, words)) is not None:
        lines.append(since)
    if again:
        lines.append(AGAIN)
    if links.alert:
        lines.append(
            f"{'See it' if ended or alert.owner is not None else 'Take it'}: {links.alert}"
        )
    if links.runbook:
        lines.append(f"What to do: {links.runbook}")
    head = _HEADS.get(transition.what) or alert.severity.capitalize()
    title = marked(alert, f"{head}: {alert.title}")
    event: Event = "resolved" if ended else "updated"
    if transition.what in _EVENTS:
        event = transition.what  # type: ignore[assignment]
    origin: NotLive | Literal["live"] = "live" if alert.origin is UNSET else alert.origin
    return Message(
        event=event,
        at=transition.at,
        title=printable(f"{REHEARSAL}: {title}" if rehearsal else title, lines=False),
        text=printable("\n".join(lines)),
        origin=origin,
        rehearsal=rehearsal,
        sent_again=again,
        links=links,
        alert=_sent(alert, words),
    )


def _since(alert: Alert, words: str) -> str | None:
    """Since when it is open, and who has it where its words have no room for that; None where the
    words say both."""
    opened = local_instant(alert.opened_at)
    if alert.resolved_at is not None:
        if OPEN_SINCE in words:
            return None
        ended = local_instant(alert.resolved_at)
        if alert.opened_at.date() == alert.resolved_at.date():
            opened = f"{alert.opened_at:%H:%M}"
        return f"Open from {opened} to {ended}."
    who = NOBODY_YET if alert.owner is None else SENTENCE
    said = words.endswith(who) or NOT_TAKEN in words or alert.snoozed_until is not None
    return f"Open since {opened}." if said else f"Open since {opened}. {who}"


def _sent(alert: Alert, words: str) -> AlertSent:
    figures = MessageFigures(
        **{name: getattr(alert.evidence, name) for name in MessageFigures.__struct_fields__}
    )
    same = {
        name: getattr(alert, name)
        for name in AlertSent.__struct_fields__
        if name not in ("words", "taken", "figures")
    }
    return AlertSent(words=words, taken=alert.owner is not None, figures=figures, **same)

"""`watchroom alerts`: what is open, who has it, and what is done about it, at a running monitor."""

from __future__ import annotations

import datetime as dt
import getpass
import json
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import click
import msgspec

from streams.alerts.handing_over import ShiftLog
from streams.alerts.model import Alert, Handover, shift
from streams.cli.asking import monitor_at, token_option, url_option
from streams.cli.echo import echo
from streams.errors import WatchroomError
from streams.outputs.monitor_client import Declined, NoAnswer

Answer = TypeVar("Answer", bound=msgspec.Struct)
UNREADABLE = (ValueError, msgspec.MsgspecError)
"""Before msgspec 0.20 its errors are no ValueError."""
LEAST_LETTERS = 8
"""The fewest letters that the beginning of an id is recognised by."""
OUTCOME_NAMES = ("real", "planned_event", "data_fault", "false")


class Answered:
    """An alert as the monitor sent it, to be printed so, and what this release reads of it."""

    def __init__(self, raw: bytes) -> None:
        self.sent: dict[str, Any] = json.loads(raw)
        self.alert = msgspec.json.decode(raw, type=Alert)


class _Alerts(msgspec.Struct):
    alerts: list[msgspec.Raw]


class AlertsClient:
    """The alerts of a running monitor, over HTTP."""

    def __init__(self, url: str, force: str | None) -> None:
        self._client = monitor_at(url)
        self.force = force

    def history(self, since: str | None = None, state: str | None = None) -> list[Answered]:
        """Alerts, newest first; raises `WatchroomError`."""
        query = {"force": self.force, "since": since, "state": state}
        found = self._ask("/alerts.json", _Alerts, query).alerts
        try:
            return [Answered(bytes(raw)) for raw in found]
        except UNREADABLE as error:
            raise self._unreadable(error) from None

    def shift(self, hours: int) -> ShiftLog:
        """What was done in the last hours, and what is open; raises `WatchroomError`."""
        return self._ask("/shift.json", ShiftLog, {"force": self.force, "hours": str(hours)})

    def hand_shift_over(self, force: str, **details: str | None) -> int:
        """Hands over the room, with every open alert that whoever does it has; returns how many.
        Raises `WatchroomError`."""
        given = {name: value for name, value in details.items() if value is not None}
        path = f"/api/alerts/{quote(shift(force))}/hand_over"
        return self._ask(path, _Done, body={**given, "held": True}).handed

    def me(self) -> Me:
        """Who asks, as the monitor sees it; raises `WatchroomError`."""
        return self._ask("/me.json", Me)

    def find(self, wanted: str) -> Answered:
        """The alert of an id, of the number of an open one, or of the only id that begins with
        `wanted`, open ones first. Nothing else is taken for an alert: what is done to one is told
        to others."""
        known = self.history()
        if exact := [one for one in known if one.alert.id == wanted]:
            return exact[0]
        if wanted.isdigit():
            held = _open(known)
            if 0 < int(wanted) <= len(held):
                return held[int(wanted) - 1]
            has = f"they have 1 to {len(held)}" if held else "none is open"
            raise WatchroomError(
                f"no open alert has the number {wanted}: {has}. "
                "Name one that is over by its id, or the beginning of it: "
                "watchroom alerts list --all"
            )
        fits = [one for one in known if one.alert.id.startswith(wanted)]
        if len(wanted) < LEAST_LETTERS:
            fits = []
        fits = _open(fits) or fits
        if len(fits) == 1:
            return fits[0]
        if not fits:
            raise WatchroomError(
                f'no alert is called "{wanted}": give its number, its id, or at least '
                f"{LEAST_LETTERS} letters from the beginning of it. See: watchroom alerts list"
            )
        names = "\n  ".join(one.alert.id for one in fits[:10])
        raise WatchroomError(f'"{wanted}" may be any of {len(fits)} alerts:\n  {names}')

    def act(self, alert: str, action: str, **details: str | None) -> str:
        """Does something about an alert, or the room; returns the words of the alert as it is now.
        Raises `WatchroomError`."""
        given = {name: value for name, value in details.items() if value is not None}
        return self._ask(f"/api/alerts/{quote(alert)}/{action}", _Done, body=given).alert.words

    def _ask(
        self,
        path: str,
        answer: type[Answer],
        query: dict[str, str | None] | None = None,
        body: object = None,
    ) -> Answer:
        try:
            return msgspec.json.decode(self._client.ask(path, query, body), type=answer)
        except Declined as error:
            raise WatchroomError(error.words or f"the monitor {error}") from None
        except NoAnswer as error:
            raise WatchroomError(
                f"no monitor answers at {self._client.url} ({error}). "
                "Start one with --web, or name --url"
            ) from None
        except UNREADABLE as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> WatchroomError:
        return WatchroomError(
            f"{self._client.url} answers, but not as a monitor that this release can read: {error}"
        )


class _Changed(msgspec.Struct):
    words: str = ""
    """Empty where it is the room that was handed over."""


class Me(msgspec.Struct):
    """What `/me.json` says of who asks."""

    name: str | None
    sees_names: bool


class _Done(msgspec.Struct):
    alert: _Changed
    handed: int = 0


def _open(known: list[Answered]) -> list[Answered]:
    return [one for one in known if one.alert.open]


def _remote(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--force", metavar="FORCE", help="Which force, where there are several."),
        url_option,
        token_option,
    ):
        command = option(command)
    return command


def _person(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--who",
        envvar="WATCHROOM_WHO",
        help="Who does it; default: the name of your account. Where people sign in it is whose "
        "token is sent, whatever stands here.",
    )(_remote(command))


def _name(who: str | None) -> str:
    return who or getpass.getuser()


@click.group()
def alerts() -> None:
    """Alerts of a running monitor. ALERT is the number of an open one in the list, an id, or the
    beginning of one, of at least 8 letters, that no other has.

    \b
    Examples:
      watchroom alerts list
      watchroom alerts ack 1 --who "Duty inspector"
      watchroom alerts snooze 1 --until 2026-11-21T23:30 --reason "Football"
      watchroom alerts close 1 --outcome planned_event --note "Match day"
      watchroom alerts handover --who "Late shift" --to "Night shift" --note "Quiet so far"
    """


@alerts.command("list")
@_remote
@click.option("--all", "every", is_flag=True, help="Those that are over, too.")
@click.option("--since", metavar="TIME", help="Those that went on since then.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, one a line.")
def list_(url: str, force: str | None, every: bool, since: str | None, as_json: bool) -> None:
    """List the open alerts, with their numbers, or the history of all, newest first.

    \b
    Examples:
      watchroom alerts list --all --since 2026-11-01
    """
    found = AlertsClient(url, force).history(since, None if every or since else "open")
    numbers = {one.alert.id: number for number, one in enumerate(_open(found), start=1)}
    for one in found:
        alert = one.alert
        if as_json:
            echo(json.dumps(one.sent, ensure_ascii=False))
        else:
            number = numbers.get(alert.id, "-")
            ended = f", over {_minute(alert.resolved_at)}" if alert.resolved_at else ""
            echo(f"{number:>2} {alert.severity:6} {alert.words}")
            echo(f"   opened {_minute(alert.opened_at)}{ended}\n   {alert.id}")
    if not found and not as_json:
        echo("No alert." if every or since else "No alert is open.")


@alerts.command()
@_remote
@click.argument("alert")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(url: str, force: str | None, alert: str, as_json: bool) -> None:
    """Show one alert, with its figures and all that was done about it.

    \b
    Examples:
      watchroom alerts show 1
    """
    answered = AlertsClient(url, force).find(alert)
    found, sent = answered.alert, answered.sent
    if as_json:
        echo(json.dumps(sent, ensure_ascii=False, indent=2))
        return
    echo(f"{found.words}\n{found.id}")
    for field in ("state", "severity", "opened_at", "onset", "resolved_at", "owner", "outcome"):
        if sent[field] is not None:
            echo(f"  {field.replace('_', ' ')}: {sent[field]}")
    if found.lasting:
        echo("  lasting: since two weeks or more; say what it is by closing it")
    for name, value in sent["evidence"].items():
        if value is not None:
            echo(f"  {name}: {value}")
    for title in found.also:
        echo(f"  also: {title}")
    for entry in sent["log"]:
        echo(f"  {entry['at']} {entry['who']}: {entry['what']} {entry['note']}".rstrip())


def _do(url: str, force: str | None, alert: str, action: str, **details: str | None) -> None:
    client = AlertsClient(url, force)
    echo(client.act(client.find(alert).alert.id, action, **details))


@alerts.command()
@_person
@click.argument("alert")
@click.option("--note", help="What you know of it.")
def ack(url: str, force: str | None, who: str | None, alert: str, note: str | None) -> None:
    """Take an alert: you have it from now on.

    \b
    Examples:
      watchroom alerts ack 1 --who "Duty inspector"
    """
    _do(url, force, alert, "acknowledge", who=_name(who), note=note)


@alerts.command()
@_person
@click.argument("alert")
@click.option("--until", required=True, metavar="TIME", help="2026-11-21T23:30, local time.")
@click.option("--reason", required=True, help="Why nobody need be notified.")
def snooze(
    url: str, force: str | None, who: str | None, alert: str, until: str, reason: str
) -> None:
    """Notify nobody of an alert until a time.

    \b
    Examples:
      watchroom alerts snooze 1 --until 2026-11-21T23:30 --reason "Football"
    """
    _do(url, force, alert, "snooze", who=_name(who), until=until, reason=reason)


@alerts.command()
@_person
@click.argument("alert")
@click.option("--outcome", required=True, type=click.Choice(OUTCOME_NAMES), help="What it was.")
@click.option("--note", help="What became of it.")
def close(
    url: str, force: str | None, who: str | None, alert: str, outcome: str, note: str | None
) -> None:
    """Close an alert with its outcome. Closing as real takes the new level of what lasts; a planned
    event or a data fault is not learned as normal.

    \b
    Examples:
      watchroom alerts close 1 --outcome planned_event --note "Match day"
    """
    _do(url, force, alert, "close", who=_name(who), outcome=outcome, note=note)


@alerts.command()
@_person
@click.argument("alert", required=False)
@click.option("--to", help="Who has it from now on; without it the log is shown, no more.")
@click.option("--note", help="What they should know.")
@click.option(
    "--hours",
    type=click.IntRange(1, 24),
    default=12,
    show_default=True,
    help="How far back the log of the shift goes.",
)
def handover(
    url: str,
    force: str | None,
    who: str | None,
    alert: str | None,
    to: str | None,
    note: str | None,
    hours: int,
) -> None:
    """Hand an alert over; without ALERT the shift: all open ones that you have, and an entry of who
    has the room now, what they should know and what is open, which is kept. Then show the log of
    the last hours: who handed over, what is open, and what was done.

    \b
    Examples:
      watchroom alerts handover --who "Late shift" --to "Night shift" --note "Quiet so far"
      watchroom alerts handover --hours 24
    """
    client = AlertsClient(url, force)
    if alert is not None:
        if to is None:
            raise click.UsageError("say whom it is handed to: --to")
        _do(url, force, alert, "hand_over", who=_name(who), to=to, note=note)
        return
    if to is not None:
        force_id, me = client.shift(hours).force, client.me().name or _name(who)
        handed = client.hand_shift_over(force_id, who=me, to=to, note=note)
        many = "1 alert" if handed == 1 else f"{handed} alerts"
        echo(f"Handed over from {me} to {to}: {many}.")
    log = client.shift(hours)
    for entry in log.handovers:
        echo(_handed(entry))
        for words in entry.open:
            echo(f"    open: {words}")
    for each in (*log.open, *log.ended):
        echo(f"- {each.alert.words}")
        for e in each.done:
            echo(f"    {_minute(e.at)} {e.who}: {e.what.replace('_', ' ')} {e.note}".rstrip())


def _handed(entry: Handover) -> str:
    note = f": {entry.note}" if entry.note else ""
    return f"{_minute(entry.at)} {entry.who} to {entry.to}{note}"


def _minute(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"

"""`watchroom notify`: whether notifications arrive, and how an alert looks to who receives it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import click

from streams.cli.echo import echo
from streams.cli.options import Seconds, public_url_option
from streams.errors import ConfigError, WatchroomError

if TYPE_CHECKING:  # slow to import
    from streams.alerts.model import Severity
    from streams.config.force import Force
    from streams.outputs.notify.message import Message
    from streams.outputs.notify.receivers import Receiver


@click.group()
def notify() -> None:
    """Notifications of a monitor without Alertmanager.

    Where they go stands in the environment, since addresses hold passwords: WATCHROOM_NOTIFY, or a
    file that WATCHROOM_NOTIFY_FILE names, an address a line; of a force also in its file
    ([notify]). docs/notifications.md says more.

    \b
    Examples:
      watchroom notify test
      watchroom notify rehearse --force mine.toml
    """


@notify.command()
@click.option(
    "--force",
    "force_names",
    multiple=True,
    metavar="FORCE",
    help="Also the receivers of this force: its name, or the path of its file. Repeatable.",
)
def test(force_names: tuple[str, ...]) -> None:
    """Send a test message to every receiver, and say which of them took it.

    \b
    Examples:
      watchroom notify test
      watchroom notify test --force mine.toml
      WATCHROOM_NOTIFY_FILE=addresses.txt watchroom notify test

    \b
    Exit codes:
      0  every receiver took it
      1  a receiver did not
      2  no receiver is named, or an address is wrong
    """
    import datetime as dt  # noqa: PLC0415

    from streams.config.force import find_force  # noqa: PLC0415  slow
    from streams.outputs.notify.message import Message  # noqa: PLC0415
    from streams.outputs.notify.receivers import receivers  # noqa: PLC0415

    found = _some(receivers([find_force(name) for name in force_names]))
    made = Message(
        event="test",
        at=dt.datetime.now(dt.UTC),
        title="Test: Watchroom",
        text="A test of Watchroom. Nothing is wrong.",
    )
    failed, taken = 0, _sent(made, found)
    for receiver in found:
        took = taken[receiver.channel.name]
        failed += not took
        severities = ", ".join(sorted(receiver.severities))
        echo(f"{_named(receiver)} ({severities}): {'sent' if took else 'NOT SENT'}")
    if failed:
        raise WatchroomError(f"{failed} of {len(found)} receivers did not take the message")


@notify.command()
@click.option(
    "--force",
    "force_name",
    required=True,
    metavar="FORCE",
    help="The force whose receivers are sent it: its name, or the path of its file.",
)
@click.option(
    "--severity",
    type=click.Choice(["page", "notice", "state"]),
    default="page",
    show_default=True,
    help="Of the alert: who takes only others is sent nothing.",
)
@click.option(
    "--pause",
    type=Seconds(),
    default="5s",
    show_default=True,
    help="Between two messages.",
)
@public_url_option
def rehearse(force_name: str, severity: str, pause: float, public_url: str | None) -> None:
    """Play the whole life of an alert to the real receivers: it opens, nobody takes it, somebody
    does, it is over.

    Every message begins with REHEARSAL. Nothing is stored, so its link leads to an alert that is
    not there. Warn who is on duty before.

    \b
    Examples:
      watchroom notify rehearse --force warwickshire
      watchroom notify rehearse --force mine.toml --severity notice --pause 30s
      watchroom notify rehearse --force mine.toml --public-url https://watchroom.example

    \b
    Exit codes:
      0  every receiver took every message
      1  a receiver did not take one
      2  no receiver takes it, or an address is wrong
    """
    from streams.config.force import find_force  # noqa: PLC0415  slow
    from streams.outputs.notify.receivers import receivers  # noqa: PLC0415
    from streams.outputs.notify.rehearsal import rehearsal  # noqa: PLC0415
    from streams.sources.clock import wall_clock  # noqa: PLC0415

    force = find_force(force_name)
    found = _taking(receivers([force]), force, severity)
    messages = rehearsal(force, wall_clock(), public_url, cast("Severity", severity))
    failed = 0
    for number, made in enumerate(messages, start=1):
        if number > 1:
            time.sleep(pause)
        echo(f"{number} of {len(messages)}: {made.title}")
        taken = _sent(made, found)
        for receiver in found:
            took = taken[receiver.channel.name]
            failed += not took
            echo(f"  {_named(receiver)}: {'sent' if took else 'NOT SENT'}")
    if failed:
        raise WatchroomError(f"{failed} of {len(messages) * len(found)} messages were not taken")


def _sent(made: Message, found: list[Receiver]) -> dict[str, bool]:
    """Sends a message once by each channel, however many receivers share it; says which took it."""
    channels = {each.channel.name: each.channel for each in found}
    return {name: channel.send(made) for name, channel in channels.items()}


def _some(found: list[Receiver]) -> list[Receiver]:
    if not found:
        raise ConfigError(
            "no receiver is named",
            cure="Set WATCHROOM_NOTIFY or WATCHROOM_NOTIFY_FILE, or write [notify] into the "
            "force's file; see docs/notifications.md",
        )
    return found


def _taking(found: list[Receiver], force: Force, severity: str) -> list[Receiver]:
    """The receivers that are sent alerts of a force and a severity."""
    mine = [each for each in _some(found) if (each.force or force.id) == force.id]
    mine = [each for each in mine if force.id not in each.others and severity in each.severities]
    if not mine:
        raise ConfigError(
            f"no receiver takes a {severity} of {force.name}",
            cure="Name another --severity, or add a receiver; see docs/notifications.md",
        )
    return mine


def _named(receiver: Receiver) -> str:
    named = receiver.channel.name
    return f"{receiver.name} ({named})" if receiver.name else named

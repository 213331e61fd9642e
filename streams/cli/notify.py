"""`watchroom notify test`: whether notifications arrive."""

from __future__ import annotations

import click

from streams.cli.echo import echo
from streams.errors import ConfigError, WatchroomError


@click.group()
def notify() -> None:
    """Notifications of a monitor without Alertmanager.

    Where they go stands in the environment, since addresses hold passwords: WATCHROOM_NOTIFY, or a
    file that WATCHROOM_NOTIFY_FILE names, an address of apprise a line. docs/alerts.md says more.

    \b
    Examples:
      watchroom notify test
    """


@notify.command()
def test() -> None:
    """Send a test message to every channel, and say which of them took it.

    \b
    Examples:
      watchroom notify test
      WATCHROOM_NOTIFY_FILE=addresses.txt watchroom notify test

    \b
    Exit codes:
      0  every channel took it
      1  a channel did not
      2  no channel is named, or an address is wrong
    """
    from streams.outputs.notify import FILE_VARIABLE, VARIABLE, channels  # noqa: PLC0415  slow

    found = channels()
    if not found:
        raise ConfigError(
            "no channel is named", cure=f"Set {VARIABLE} or {FILE_VARIABLE}; see docs/alerts.md"
        )
    failed = 0
    for channel in found:
        took = channel.send("Test: Watchroom", "A test of Watchroom. Nothing is wrong.", "state")
        failed += not took
        severities = ", ".join(sorted(channel.severities))
        echo(f"{channel.name} ({severities}): {'sent' if took else 'NOT SENT'}")
    if failed:
        raise WatchroomError(f"{failed} of {len(found)} channels did not take the message")

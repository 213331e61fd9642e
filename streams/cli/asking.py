"""What the commands share that ask a running monitor: its address, and the token that they send."""

from __future__ import annotations

import os
from pathlib import Path

import click

from streams.errors import ConfigError
from streams.outputs.monitor_client import MonitorClient

VARIABLE = "WATCHROOM_TOKEN"
_FILE = "streams.cli.asking.token_file"


def _kept(ctx: click.Context, _: click.Parameter, path: Path | None) -> None:
    ctx.meta[_FILE] = path


url_option = click.option(
    "--url",
    default="http://127.0.0.1:8787",
    show_default=True,
    envvar="WATCHROOM_URL",
    show_envvar=True,
    help="The monitor's web address.",
)
token_option = click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar=f"{VARIABLE}_FILE",
    show_envvar=True,
    expose_value=False,
    callback=_kept,
    help=f"A file with your token, where the monitor asks who you are; else {VARIABLE} is read.",
)
"""Adds where the token is; `monitor_at` sends it."""


def token_given() -> str | None:
    """The token of this command, if it has one; raises `ConfigError`."""
    path = click.get_current_context().meta.get(_FILE)
    if path is None and (named := os.environ.get(f"{VARIABLE}_FILE")):
        path = Path(named)
    try:
        text = os.environ.get(VARIABLE, "") if path is None else path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(f"can't be read: {why}", file=path) from None
    token = text.strip()
    if not token.isascii() or any(letter.isspace() for letter in token):
        where = str(path) if path else VARIABLE
        raise ConfigError(f"{where} holds no token: one is a line without blanks")
    return token or None


def monitor_at(url: str) -> MonitorClient:
    """The monitor at an address, which is sent the token of this command; raises
    `click.BadParameter` for what is no address, and `ConfigError`."""
    try:
        return MonitorClient(url, token=token_given())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None

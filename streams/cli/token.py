"""`watchroom token`: who may sign in with a token, and what each may do."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from streams.cli.echo import echo
from streams.config.force import find_force
from streams.errors import ConfigError
from streams.outputs.sign_in.roles import NAMED
from streams.outputs.sign_in.settings import SignInSettings
from streams.outputs.sign_in.tokens import SENDS, TokenFile


def _file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--sign-in",
            type=click.Path(dir_okay=False, path_type=Path),
            envvar="WATCHROOM_SIGN_IN",
            show_envvar=True,
            help="The file that says how people sign in; it names the file of tokens.",
        ),
        click.option(
            "--file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="The file of tokens itself.",
        ),
    ):
        command = option(command)
    return command


def _tokens(file: Path | None, sign_in: Path | None) -> TokenFile:
    if file is not None:
        return TokenFile(file)
    if sign_in is None:
        raise click.UsageError("which tokens? Name --file, or --sign-in (WATCHROOM_SIGN_IN)")
    found = SignInSettings.read(sign_in).tokens
    if found is None:
        raise ConfigError(
            "no file of tokens is named", file=sign_in, cure='Write token_file = "tokens.json"'
        )
    return TokenFile(found)


@click.group()
def token() -> None:
    """Give tokens to persons and their programs, list them and remove them. A server that runs
    takes up what is changed at once.

    \b
    Examples:
      watchroom token add "Duty inspector" --role act
      watchroom token list
      watchroom token remove "Duty inspector"
    """


@token.command()
@_file_options
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(list(NAMED)),
    help="view: see; act: also take and close alerts; administer: also read /metrics.",
)
@click.option(
    "--sends",
    metavar="FORCE",
    help="In place of a role: a program that may send the events of this force over HTTP, and do "
    "nothing else (docs/ingest.md).",
)
@click.option(
    "--days",
    type=click.FloatRange(0, 3660, min_open=True),
    default=365,
    show_default=True,
    help="For how long it holds.",
)
def add(
    file: Path | None,
    sign_in: Path | None,
    name: str,
    role: str | None,
    sends: str | None,
    days: float,
) -> None:
    """Make a token for NAME, and print it: it is shown this once, and kept as a hash alone. The
    name stands in the log of every alert that is acted on with it.

    \b
    Examples:
      watchroom token add "Duty inspector" --role act
      watchroom token add wall --role view --days 1000
      watchroom token add cron --role act --file /etc/watchroom/tokens.json
      watchroom token add telephony --sends warwickshire --file /etc/watchroom/senders.json
    """
    if (role is None) == (sends is None):
        raise click.UsageError("say what it is for: --role, or --sends FORCE")
    tokens = _tokens(file, sign_in)
    allowed = role or f"{SENDS}{find_force(str(sends)).id}"
    made = tokens.add(name, allowed, days)
    may = role or f"send events of {sends}"
    echo(f"{tokens.path}: {name} may {may} with this token, which is not shown again:", err=True)
    echo(made)


@token.command("list")
@_file_options
def list_(file: Path | None, sign_in: Path | None) -> None:
    """List whose tokens there are, and until when each holds.

    \b
    Examples:
      watchroom token list
    """
    tokens = _tokens(file, sign_in)
    held = tokens.all()
    width = max((len(each.name) for each in held), default=0)
    for each in held:
        until = dt.datetime.fromtimestamp(each.until, dt.UTC)
        stands = "over since" if each.until <= time.time() else "until"
        echo(f"{each.name:{width}}  {each.role:10}  {stands} {until:%Y-%m-%d %H:%M} UTC")
    if not held:
        echo(f"{tokens.path} has no token.")


@token.command()
@_file_options
@click.argument("name")
def remove(file: Path | None, sign_in: Path | None, name: str) -> None:
    """Remove the token of NAME: it holds no more, and whoever signed in with it is signed out.

    \b
    Examples:
      watchroom token remove "Duty inspector"
    """
    tokens = _tokens(file, sign_in)
    tokens.remove(name)
    echo(f"{tokens.path}: the token of {name} is removed.")

"""The instants that options name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

import click

from streams.cli.echo import echo
from streams.cli.options import Command
from streams.errors import ConfigError
from streams.outputs.instants import parse_instant
from streams.periods import to_ms

_ELSEWHERE = dt.timezone(dt.timedelta(hours=12))


def instant_named(option: str, text: str | None, zone: dt.tzinfo) -> int | None:
    """The time that an option was given, in ms; without an offset it is local time in `zone`.

    Says on standard error where that comes twice, as the clocks go back. Raises `ConfigError`.
    """
    if text is None:
        return None
    try:
        at = parse_instant(text, zone)
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from None
    first = dt.datetime.fromtimestamp(at / 1000, zone)
    second = first.replace(fold=1)
    is_local = parse_instant(text, dt.UTC) != parse_instant(text, _ELSEWHERE)
    if is_local and to_ms(second) != at:
        echo(
            f"{option} {text} comes twice, as the clocks go back: taken is the first. Write "
            f"{second.isoformat()} for the second.",
            err=True,
        )
    return at


def stretch_options(*, begins: str, ends: str) -> Callable[[Command], Command]:
    """Adds --from and --to, with what each of them means; the command gets them as its `begin` and
    its `end`."""

    def add(command: Command) -> Command:
        adorned: Any = command
        adorned = click.option("--to", "end", metavar="TIME", help=ends)(adorned)
        adorned = click.option("--from", "begin", metavar="TIME", help=begins)(adorned)
        return cast("Command", adorned)

    return add


def stretch_named(
    begin: str | None, end: str | None, zone: dt.tzinfo
) -> tuple[int | None, int | None]:
    """The instants of --from and --to, in ms; raises `ConfigError`."""
    found = instant_named("--from", begin, zone), instant_named("--to", end, zone)
    if found[0] is not None and found[1] is not None and found[0] >= found[1]:
        raise ConfigError(f"--from {begin} is not before --to {end}")
    return found

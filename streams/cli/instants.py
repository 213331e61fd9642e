"""The instant that an option names."""

from __future__ import annotations

import datetime as dt

from streams.cli.echo import echo
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

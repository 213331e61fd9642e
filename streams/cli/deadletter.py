"""`watchroom deadletter`: see what was refused, and send it again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from streams.cli.echo import echo
from streams.cli.options import broker_option, forces_known, more_forces_option, prefix_option
from streams.config.force import find_force
from streams.errors import WatchroomError
from streams.events.deadletters import DeadLetter, merged, read_file
from streams.sources.bytes.forms import shown

MOST_SHOWN = 60


class Since(click.ParamType):
    """A day or an instant, given as RFC 3339; without an offset it is UTC."""

    name = "since"

    def convert(self, value: Any, param: Any, ctx: Any) -> dt.datetime:
        """The instant; fails with the forms that are understood."""
        try:
            stamp = dt.datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f'"{value}" is no time: write 2026-03-01 or 2026-03-01T04:00Z', param, ctx)
        return stamp if stamp.tzinfo else stamp.replace(tzinfo=dt.UTC)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    file = click.option(
        "--file",
        "path",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Read this file of dead letters instead of Kafka.",
    )
    return broker_option(prefix_option(file(command)))


def _chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the latest N."),
        click.option("--since", type=Since(), metavar="TIME", help="Only those refused since."),
        click.option("--reason", metavar="REASON", help="Only those of this reason."),
    ):
        command = option(command)
    return command


@click.group()
def deadletter() -> None:
    """Lines that could not be counted: each is kept whole, with the reason and its origin.

    \b
    Examples:
      watchroom deadletter list --reason unknown_line --since 2026-03-01
      watchroom deadletter show watchroom.calls/6/120/0
      watchroom deadletter retry --reason unknown_line
    """


@deadletter.command("list")
@_options
@_chosen
def list_(broker: str, prefix: str, path: Path | None, **chosen: Any) -> None:
    """List dead letters, oldest first: time, reason, kind, force, id and what is wrong.

    \b
    Examples:
      watchroom deadletter list --limit 20
      watchroom deadletter list --file refused.ndjson --reason not_json
    """
    letters = _choose(_read(broker, prefix, path), **chosen)
    for letter in letters:
        mark = "  (sent again)" if letter.retried else ""
        words = (letter.time, letter.reason, letter.kind, letter.force, letter.id)
        found = [*(shown(each or "-") for each in words), shown(letter.detail, MOST_SHOWN)]
        echo("  ".join(found) + mark)
    echo(f"{len(letters)} dead letters", err=True)


@deadletter.command()
@_options
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
def show(broker: str, prefix: str, path: Path | None, ids: tuple[str, ...]) -> None:
    """Print dead letters in full, raw line included, one line of JSON each.

    \b
    Example:
      watchroom deadletter show watchroom.calls/6/120/0
    """
    found = {letter.id: letter for letter in _read(broker, prefix, path)}
    for each in ids:
        if each not in found:
            raise WatchroomError(
                f'there is no dead letter "{each}". See: watchroom deadletter list'
            )
        echo(found[each].as_line())


@deadletter.command()
@_options
@_chosen
@more_forces_option
@click.option("--again", is_flag=True, help="Also send those that were sent again before.")
@click.argument("ids", metavar="[ID...]", nargs=-1)
def retry(
    broker: str,
    prefix: str,
    path: Path | None,
    ids: tuple[str, ...],
    force_names: tuple[str, ...],
    *,
    again: bool,
    **chosen: Any,
) -> None:
    """Send dead letters again, as they are, to the topic of their kind.

    For lines that were right when the monitor was wrong: an area or line that the force file
    lacked. Name ids, or choose by --reason or --since. No letter is sent twice unless --again; one
    that is refused once more becomes a new dead letter.

    \b
    Examples:
      watchroom deadletter retry --reason unknown_line --force mine.toml
      watchroom deadletter retry watchroom.calls/6/120/0 --again
    """
    from streams.kafka.deadletter_topic import Retrier  # noqa: PLC0415 - a file needs no Kafka

    if not ids and not any(chosen.values()):
        raise click.UsageError("name ids, or choose with --reason, --since or --limit")
    letters = _choose(_read(broker, prefix, path), **chosen)
    if ids:
        letters = [letter for letter in letters if letter.id in ids]
        if missing := set(ids) - {letter.id for letter in letters}:
            raise WatchroomError(f"there is no dead letter {', '.join(sorted(missing))}")
    retrier = Retrier(broker, prefix, forces_known(map(find_force, force_names)).values())
    try:
        for letter in letters:
            echo(f"{letter.id}: {retrier.retry(letter, again=again)}")
    finally:
        retrier.close()


def _read(broker: str, prefix: str, path: Path | None) -> list[DeadLetter]:
    if path is not None:
        return merged(read_file(path))
    from streams.kafka import deadletter_topic  # noqa: PLC0415 - a file needs no Kafka

    return deadletter_topic.read(broker, prefix)


def _choose(
    letters: list[DeadLetter],
    reason: str | None = None,
    since: dt.datetime | None = None,
    limit: int | None = None,
) -> list[DeadLetter]:
    found = [
        letter
        for letter in letters
        if (reason is None or letter.reason == reason)
        and (since is None or (letter.time and dt.datetime.fromisoformat(letter.time) >= since))
    ]
    return found[-limit:] if limit else found

"""`watchroom convert`: events from any source, without Kafka."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import click
import zstandard

from streams.cli.echo import echo
from streams.cli.inputs import (
    MUCH_REFUSED,
    Inputs,
    passed_over,
    refused_lines,
    refused_much,
    source_options,
)
from streams.cli.options import dead_letters_option, forces_known, more_forces_option
from streams.cli.progress import progress_bar
from streams.config.force import find_force
from streams.errors import SourceError, WatchroomError
from streams.events.deadletters import DeadLetterFile, letter
from streams.sources.clock import wall_clock
from streams.sources.event_lines import Chunk
from streams.sources.order.play import Play
from streams.sources.order.player import Player, Stage
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.stops import Stopped, Stops

PART = ".part"
"""What the name of a file ends in that is not written to its end."""


@click.command()
@source_options
@more_forces_option
@click.option(
    "-o",
    "--output",
    "to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; one that ends in .gz or .zst is compressed. Default: the terminal.",
)
@click.option(
    "--whole",
    is_flag=True,
    help="One event a row, as the record was at the end, instead of the versions of a live feed.",
)
@dead_letters_option
def convert(
    inputs: Inputs,
    force_names: tuple[str, ...],
    to: Path | None,
    whole: bool,
    dead_letters: Path,
) -> None:
    """Write events, one JSON object a line, from files, folders or standard input.

    The events come in the order of time, as `watchroom publish` would send them. Refused rows go to
    the --dead-letters file.

    \b
    Examples:
      watchroom convert calls.csv --mapping calls.toml --force my-force.toml -o calls.ndjson.gz
      watchroom convert street/ --glob '*-west-mercia-street.csv' -o crimes.ndjson
      watchroom convert cad.csv --mapping cad.toml --force my-force.toml --whole | head

    \b
    Exit codes:
      0    done
      1    an input can't be read, or is damaged; what came before the damage was written
      2    an option, a mapping or a force file is wrong
      3    much of the input was refused: all rows, or more than 1 % and at least ten
      130  Ctrl-C (143: ended from outside); no file of --to is written then
    """
    named = [find_force(name) for name in force_names]
    forces = forces_known(named)
    inputs.check()
    stopped: Stopped | None = None
    with ExitStack() as open_things:
        source = inputs.open(named or None)
        play = open_things.enter_context(Play(source, forces.values(), unfolds=not whole))
        letters = DeadLetterFile(dead_letters)
        open_things.callback(letters.close)
        sink = IntoFile(letters)
        stops = open_things.enter_context(Stops())
        player = Player(play, sink, stops=stops)
        try:
            with progress_bar(player) as move, _written(to) as sink.out:
                for _ in player.steps():
                    move()
        except Stopped as caught:
            stopped = caught
    said = [f"{_many(sink.rows, 'row')} became {_many(sink.events, 'event')}."]
    said += refused_lines(sink.refused, sink.examples, dead_letters)
    said += passed_over(source) + [f"Look: {warning}" for warning in play.warnings]
    much = refused_much(sink.refused.total(), sink.rows) if stopped is None else None
    for line in [*said, *([much] if much else [])]:
        echo(line, err=True)
    if stopped is not None:
        sys.exit(stopped.exit_code)
    if much:
        sys.exit(MUCH_REFUSED)


class IntoFile:
    """The sink that is a file of event lines; what is refused goes to another, if one is named."""

    keeps = True

    def __init__(
        self, letters: DeadLetterFile | None = None, clock: ReplayClock | None = None
    ) -> None:
        self.out: BinaryIO | None = None
        self.letters, self.clock = letters, clock
        self.rows = self.events = 0
        self.refused: Counter[str] = Counter()
        self.examples: dict[str, tuple[str, str]] = {}

    def enter(self, stage: Stage, speed: float | None) -> None:
        """A file is the same whenever it is written."""

    def settle(self) -> None:
        """Has what was written seen by others."""
        if self.out is not None:
            self.out.flush()

    def take(self, chunk: Chunk) -> None:
        """Writes the lines of a chunk; raises `SourceError`."""
        self.rows += chunk.rows - chunk.excluded
        for raw, reason, detail, origin in chunk.rejected:
            if self.letters is not None:
                self.letters.write(letter(raw, origin, reason, detail, wall_clock()))
            self.refused[reason] += 1
            self.examples.setdefault(reason, (origin, detail))
        if chunk.line_numbers and self.out is not None:
            self.out.write(chunk.payload + b"\n")
            self.events += len(chunk.line_numbers)


def _many(number: int, one: str) -> str:
    """`1 event`, `2 events`."""
    return f"{number:,} {one}{'s' * (number != 1)}"


@contextmanager
def _written(to: Path | None) -> Iterator[BinaryIO]:
    """The output, open for writing; raises `SourceError`. A file has its name only once all of it
    is there, or all that came before an input that is damaged."""
    if to is None:
        with open(sys.stdout.fileno(), "wb", closefd=False) as out:
            yield out
        return
    if to.exists() and not to.is_file():  # a pipe or a terminal
        with _opened(to, to) as out:
            yield out
        return
    part = to.with_name(to.name + PART)
    failure: WatchroomError | None = None
    try:
        with _opened(part, to) as out:
            try:
                yield out
            except WatchroomError as error:
                failure = error
        part.replace(to)
    finally:
        if part.is_file():
            part.unlink()
    if failure is not None:
        raise failure


def _opened(path: Path, to: Path) -> BinaryIO:
    try:
        if to.suffix == ".gz":
            import gzip  # noqa: PLC0415  seldom asked for

            return cast("BinaryIO", gzip.open(path, "wb"))
        if to.suffix == ".zst":
            return cast("BinaryIO", zstandard.open(path, "wb"))
        return path.open("wb")
    except OSError as error:
        raise SourceError(f"{to}: can't be written: {error.strerror}") from None

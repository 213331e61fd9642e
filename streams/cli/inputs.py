"""What every command that reads sources shares: its arguments, and what it says at the
end of what was refused."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import click

from streams.cli.asking import token_option, url_option
from streams.cli.options import Command
from streams.config.force import Force
from streams.kafka.log_address import address_of
from streams.sources import Source, open_source
from streams.sources.files import files_of
from streams.sources.order.play import Readable
from streams.sources.reasons import in_words

STDIN = "-"
MUCH_REFUSED = 3
"""The exit code where much of a finite source was refused."""
MUCH, LEAST = 0.01, 10
"""Much is more than this share of the rows, and at least so many; or all of them."""
NAMED = 3
"""Files that were passed over, as far as they are named."""


class Paired(click.ParamType):
    """`FILE:MAPPING`: a source, a colon, and the path of its mapping; or a source alone."""

    name = "source"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Path | None]:
        """(source, mapping)."""
        if isinstance(value, tuple):
            return value
        if ":" not in value:
            return value, None
        source, colon, mapping = value.rpartition(":")
        if not (source and colon and mapping):
            self.fail(
                f'"{value}" is no source with a mapping: write calls.csv:calls.toml', param, ctx
            )
        return source, Path(mapping)


MAPPING_OPTIONS = (
    click.option("--glob", metavar="PATTERN", help="Which files to read inside folders."),
    click.option(
        "--mapping",
        "mappings",
        type=click.Path(dir_okay=False, path_type=Path),
        multiple=True,
        help="What the columns of the SOURCEs mean, where they are tables.",
    ),
    click.option(
        "--source",
        "paired",
        type=Paired(),
        multiple=True,
        metavar="FILE[:MAPPING]",
        help="A file or folder to read, a table with a mapping of its own: calls.csv:calls.toml. "
        "Repeatable.",
    ),
)
"""Which files are read, and what their columns mean."""


def _with_inputs(command: Command, *options: Callable[[Any], Any]) -> Command:
    """Adds options; the command gets what they say is read as its `inputs`."""

    @functools.wraps(command)
    def with_inputs(
        sources: tuple[str, ...],
        paired: tuple[tuple[str, Path | None], ...],
        mappings: tuple[Path, ...],
        glob: str | None,
        **others: Any,
    ) -> Any:
        if len(mappings) > 1:
            raise click.UsageError(
                "one --mapping goes with all SOURCEs: give each table its own, "
                "--source calls.csv:calls.toml --source cad.csv:cad.toml"
            )
        mapping = next(iter(mappings), None)
        alone = tuple(source for source, its in paired if its is None)
        mapped = tuple((source, its) for source, its in paired if its is not None)
        return command(inputs=Inputs((*sources, *alone), mapped, mapping, glob), **others)

    adorned: Any = with_inputs
    for option in (*MAPPING_OPTIONS, *options):
        adorned = option(adorned)
    return cast("Command", adorned)


def source_options(command: Command) -> Command:
    """Adds the arguments that say what is read; the command gets them as its `inputs`."""
    return _with_inputs(command, click.argument("sources", nargs=-1, metavar="[SOURCE]..."))


def asked_options(command: Command) -> Command:
    """Adds who is asked: files (--source), as `inputs`, or without any a monitor at a `url`."""
    earlier = click.option("--from", "sources", multiple=True, hidden=True)  # as it was called once
    return _with_inputs(command, url_option, token_option, earlier)


class Inputs(NamedTuple):
    """What a command was told to read."""

    sources: tuple[str, ...]
    paired: tuple[tuple[str, Path], ...]
    mapping: Path | None
    glob: str | None

    def __bool__(self) -> bool:
        """Whether anything is named."""
        return bool(self.sources or self.paired)

    def check(self) -> Inputs:
        """Itself; raises click's error where nothing is named, or standard input twice."""
        if not self:
            raise click.UsageError("name what to read: a SOURCE, or --source FILE:MAPPING")
        if sum(place == STDIN for place, _ in self.places) > 1:
            raise click.UsageError("standard input (-) can be read once only")
        return self

    @property
    def places(self) -> list[tuple[str, Path | None]]:
        """Each source, and the mapping that goes with it."""
        return [*((place, self.mapping) for place in self.sources), *self.paired]

    @property
    def named(self) -> list[str]:
        """What is read, as it was named."""
        return [place for place, _ in self.places]

    @property
    def log(self) -> tuple[str, str] | None:
        """The brokers and the name of the topics that are read (`kafka://HOST:PORT/NAME`), None
        where these are files; raises click's error for topics beside anything else."""
        try:
            logs = [found for found in map(address_of, self.named) if found]
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        if not logs:
            return None
        if len(self.named) > 1:
            raise click.UsageError("a Kafka topic is read alone: give the files by themselves")
        return logs[0]

    @property
    def has_stdin(self) -> bool:
        """Whether standard input is among them."""
        return any(place == STDIN for place, _ in self.places)

    def open(
        self,
        forces: Iterable[Force] | None,
        *,
        files: bool = True,
        stdin: bool = True,
        leave_out: Path | None = None,
    ) -> Source:
        """The files, but for one to `leave_out` of folders, standard input, or both; raises
        `SourceError` and `ConfigError`."""
        wanted: list[Any] = [
            place if mapping is None else (place, mapping)
            for place, mapping in self.places
            if (stdin if place == STDIN else files)
        ]
        return open_source(wanted, None, forces, self.glob, leave_out=leave_out)

    def files_of(self, place: str, mapping: Path | None, leave_out: Path | None) -> list[Path]:
        """The files that are read of one of the places; raises what `open` raises."""
        return files_of(place, mapping, self.glob, leave_out)

    @property
    def flow(self) -> str | None:
        """The first source that can't be read a second time (standard input, a pipe), if any."""
        for place in self.named:
            path = Path(place)
            if place == STDIN or (path.exists() and not path.is_file() and not path.is_dir()):
                return place
        return None

    @property
    def has_files(self) -> bool:
        """Whether anything but standard input is among them."""
        return any(place != STDIN for place, _ in self.places)


def much_refused(refused: int, rows: int) -> bool:
    """Whether so many of the rows of a finite source were refused that it must not pass for read:
    all of them, or more than one in a hundred and at least ten."""
    return 0 < rows <= refused or (refused >= LEAST and refused > MUCH * rows)


def refused_lines(
    refused: Mapping[str, int],
    examples: Mapping[str, tuple[str, str]],
    path: Path | str | None = None,
) -> list[str]:
    """What was refused, by reason: how often, the first row of it, and what to do. `path` is where
    the rows were written to; None where they were not."""
    if not refused:
        return []
    total = sum(refused.values())
    where = "" if path is None else f"; see {path}"
    lines = [f"Refused {total:,} row{'s' * (total > 1)}{where}:"]
    for reason, number in Counter(refused).most_common():
        words = in_words(reason, *examples.get(reason, ("", "")))
        lines.append(f"  {reason} {number:,}: {words}")
    return lines


def refused_much(refused: int, rows: int) -> str | None:
    """The line that says so where much of a finite source was refused; else None."""
    if not much_refused(refused, rows):
        return None
    what = "every row" if refused >= rows else f"{refused:,} of {rows:,} rows"
    return f"Much of the input was refused ({what}): exit code {MUCH_REFUSED}."


def passed_over(source: Readable) -> list[str]:
    """The files of folders that were left alone, in one line."""
    if not source.skipped:
        return []
    number = len(source.skipped)
    more = f"; and {number - NAMED:,} more" if number > NAMED else ""
    files = "1 file" if number == 1 else f"{number:,} files"
    return [f"Passed over {files}: {'; '.join(source.skipped[:NAMED])}{more}"]

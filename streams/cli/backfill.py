"""`watchroom backfill`: history with true times for Prometheus."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import click

from streams.cli.echo import echo
from streams.cli.inputs import Inputs, source_options
from streams.cli.query import played
from streams.errors import WatchroomError
from streams.outputs.metrics.backfill import (
    BACKFILL_GRAINS,
    SCRAPED,
    Backfill,
    BackfillGrain,
    SamplesWritten,
)
from streams.periods import Calendar

BLOCK = "744h"
"""How much time a block may hold. By default one holds two hours, and promtool reads the whole
file once for each of these: of ten years 43,800 times."""
RETENTION = "--storage.tsdb.retention.time"


class Label(click.ParamType):
    """`NAME=VALUE`."""

    name = "label"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """(name, value)."""
        if isinstance(value, tuple):
            return value
        name, equals, text = value.partition("=")
        if not equals or not re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name):
            self.fail(f'"{value}" is no label: write instance=worker-1:8787', param, ctx)
        return name, text


@click.command()
@source_options
@click.option("--force", metavar="ID|FILE", help="The force, by id or TOML file.")
@click.option("--period", metavar="P", help="What is written, such as 2019..2021. Default: all.")
@click.option(
    "--grain",
    "grains",
    type=click.Choice(BACKFILL_GRAINS),
    multiple=True,
    default=BACKFILL_GRAINS,
    show_default=True,
    help="The periods of the tables; repeatable.",
)
@click.option(
    "--label",
    "labels",
    type=Label(),
    multiple=True,
    metavar="NAME=VALUE",
    help="What Prometheus adds to the live series; repeatable. Default: "
    + ", ".join(f"{name}={value}" for name, value in SCRAPED.items()),
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file of OpenMetrics. Default: standard output, or none with --into.",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIRECTORY",
    help="Also make Prometheus' blocks of it there, with promtool: its data directory, say.",
)
@click.option(
    "--promtool",
    default="promtool",
    show_default=True,
    metavar="PROGRAM",
    help="Where promtool is, which comes with Prometheus.",
)
@click.option("--at", metavar="TIME", help="As of when; by default the end of the last day.")
def backfill(  # noqa: PLR0913, PLR0917  one argument an option
    inputs: Inputs,
    force: str | None,
    period: str | None,
    grains: tuple[BackfillGrain, ...],
    labels: tuple[tuple[str, str], ...],
    output: Path | None,
    into: Path | None,
    promtool: str,
    at: str | None,
) -> None:
    """Write the history of SOURCEs for Prometheus, with true times.

    The figures of the days and months that are over get the names and labels of the live series, so
    that Grafana shows years on the first day. Each stands in the last second of its period:
    last_over_time(watchroom_crimes{window="month"}[1d]) finds it. Prometheus must keep it for as
    long: see docs/backfill.md.

    \b
    Examples:
      watchroom backfill street/ --force west-mercia --into /var/lib/prometheus
      watchroom backfill events.ndjson --force warwickshire -o history.om
      watchroom backfill --source calls.csv:calls.toml --force my-force.toml \\
          --period 2019..2021 --grain month --label instance=worker-1:8787 > history.om
    """
    inputs.check()
    tool = None if into is None else _found(promtool)
    named = () if force is None else (force,)
    with ExitStack() as opened:
        query = opened.enter_context(played(inputs, named, at))
        chosen = tuple(dict.fromkeys(grains))
        history = Backfill(query, chosen, period=period, labels=SCRAPED | dict(labels))
        out, path = _opened(opened, output, into)
        written = history.write(out)
        out.flush()
        echo(_words(written, query.calendar), err=True)
        if tool is not None and into is not None and path is not None and written.samples:
            made = blocks(tool, path, into)
            echo(_blocks_in_words(made, written, into, query.calendar), err=True)


def _opened(
    opened: ExitStack, output: Path | None, into: Path | None
) -> tuple[BinaryIO, Path | None]:
    """Where the samples go; with its path where it is a file."""
    if output is None and into is None:
        return sys.stdout.buffer, None
    if output is None:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="watchroom-")))
        output = folder / "history.om"
    try:
        return opened.enter_context(output.open("wb")), output
    except OSError as error:
        raise WatchroomError(f"{output} can't be written: {error.strerror}") from None


def _found(promtool: str) -> str:
    found = shutil.which(promtool)
    if found is None:
        raise WatchroomError(
            f'"{promtool}" is not found, which makes the blocks. It comes with Prometheus: name it '
            "with --promtool, or leave out --into, write the file with -o, and run `promtool tsdb "
            f"create-blocks-from --max-block-duration={BLOCK} openmetrics FILE DIRECTORY` where "
            "it is"
        )
    return found


class Blocks(NamedTuple):
    """What promtool made."""

    number: int
    size: int
    """Bytes on disk."""


def blocks(promtool: str, path: Path, into: Path) -> Blocks:
    """Makes blocks of a file of OpenMetrics in a directory; raises `WatchroomError` with what
    promtool says."""
    try:
        into.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WatchroomError(f"{into} can't be made: {error.strerror}") from None
    before = set(into.iterdir())
    command = [promtool, "tsdb", "create-blocks-from", f"--max-block-duration={BLOCK}"]
    ran = subprocess.run(
        [*command, "--quiet", "openmetrics", str(path), str(into)],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = " ".join((ran.stderr or ran.stdout).split()) or f"exit code {ran.returncode}"
        raise WatchroomError(f"promtool made no blocks in {into}: {said}")
    new = [each for each in into.iterdir() if each not in before and (each / "meta.json").is_file()]
    files = (file for block in new for file in block.rglob("*") if file.is_file())
    return Blocks(len(new), sum(file.stat().st_size for file in files))


def _words(written: SamplesWritten, calendar: Calendar) -> str:
    if written.first is None or written.last is None:
        return "No period that is over is known as a whole: nothing was written."
    first, last = (calendar.local(at).date() for at in (written.first, written.last))
    return f"{written.samples:,} samples of {written.series:,} series, from {first} to {last}."


def _blocks_in_words(made: Blocks, written: SamplesWritten, into: Path, calendar: Calendar) -> str:
    first, number = calendar.local(written.first or 0).date(), made.number
    return (
        f"{number:,} block{'s' * (number != 1)} in {into}: {-(-made.size // 1000):,} kB on disk, "
        f"{made.size / written.samples:.0f} bytes a sample. Prometheus keeps them only where "
        f"{RETENTION} reaches back to {first}."
    )

"""`watchroom publish`: send files, folders or standard input to Kafka."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from streams.errors import WatchroomError
from streams.force import find_force, shipped_forces
from streams.sources import Source, open_source
from streams.sources.kafka import publish as send
from streams.sources.tally import Tally

REFUSED, INTERRUPTED = 3, 130


@click.command(short_help="Send files, folders or standard input to Kafka.")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "--bootstrap",
    envvar="WATCHROOM_BOOTSTRAP",
    default="localhost:9092",
    show_default=True,
    show_envvar=True,
    metavar="HOST:PORT,...",
    help="The Kafka brokers.",
)
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML mapping that says what the columns of a CSV or TSV file are.",
)
@click.option(
    "--force",
    "force_names",
    multiple=True,
    metavar="ID|FILE",
    help="A force, by id or TOML file; may be repeated. The shipped forces are always known.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 10_000),
    default=300,
    show_default=True,
    help="The most events in one message.",
)
@click.option(
    "--prefix", default="watchroom", show_default=True, help="What topic names start with."
)
@click.option(
    "--dead-letters",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("refused.ndjson"),
    show_default=True,
    help="The file that refused rows are appended to.",
)
@click.option("--glob", metavar="PATTERN", help="Which files to read inside folders.")
def publish(
    sources: tuple[str, ...],
    bootstrap: str,
    mapping: Path | None,
    force_names: tuple[str, ...],
    batch: int,
    prefix: str,
    dead_letters: Path,
    glob: str | None,
) -> None:
    """Send files, folders or standard input ("-") to Kafka.

    A SOURCE holds events as NDJSON, or is a street file of data.police.uk, or, with --mapping, any
    CSV or TSV file; each plain, gzip or Zstandard. The topics must exist already (watchroom topics
    create). Publishing the same file twice does no harm: an event that is known counts once.

    \b
    Examples:
      watchroom publish events.ndjson.gz
      watchroom publish street/ --glob '*-west-mercia-street.csv'
      watchroom publish calls.tsv --mapping bank.toml --force bank-force.toml
      zcat events.ndjson.gz | watchroom publish - --bootstrap kafka1:9092,kafka2:9092

    \b
    Exit codes:
      0    all rows were sent and acknowledged
      1    the brokers, a topic or an input failed; what was sent until then is told
      2    an option, a mapping or a force file is wrong
      3    all was sent but for some refused rows, which are in the --dead-letters file
      130  Ctrl-C; all that was read until then was sent
    """
    forces = {name: find_force(name) for name in shipped_forces()}
    named = [find_force(name) for name in force_names]
    forces.update({force.id: force for force in named})
    run = _Run(dead_letters)
    with open_source(list(sources), mapping, named or None, glob) as source:
        try:
            with _bar() as bar:
                task = bar.add_task("Publishing", total=source.total_bytes, rate="")
                send(
                    source,
                    bootstrap,
                    prefix,
                    forces=forces,
                    batch=batch,
                    dead_letters=dead_letters,
                    progress=lambda tally: run.show(tally, source, bar, task),
                )
        except WatchroomError:
            if run.tally.read:  # what was sent until then is sent
                run.report(source)
            raise
        run.report(source)
    tally = run.tally
    if tally.interrupted:
        sys.exit(INTERRUPTED)
    if tally.refused:
        sys.exit(REFUSED)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        refresh_per_second=4,
        transient=True,
    )


class _Run:
    """One publishing, as the terminal shows it."""

    def __init__(self, dead_letters: Path) -> None:
        self.dead_letters = dead_letters
        self.tally = Tally()
        self._started, self._shown = time.monotonic(), 0.0

    def show(self, tally: Tally, source: Source, bar: Progress, task: TaskID) -> None:
        """Move the bar, ten times a second at the most: chunks take a millisecond."""
        self.tally = tally
        now = time.monotonic()
        if now - self._shown >= 0.1:
            self._shown = now
            refused = f", {tally.refused.total():,} refused" if tally.refused else ""
            rate = f"{tally.read / max(now - self._started, 0.001):,.0f} rows/s{refused}"
            bar.update(task, completed=source.consumed_bytes, rate=rate)

    def report(self, source: Source) -> None:
        """Say what was sent and what was not."""
        tally, seconds = self.tally, time.monotonic() - self._started
        counts = [
            f"{number:,} {kind}{'' if number == 1 else 's'}"
            for kind, number in sorted(tally.sent.items())
        ]
        rate = tally.read / max(seconds, 0.001)
        click.echo(
            f"Sent {', '.join(counts) or 'nothing'} in {tally.messages:,} messages, "
            f"{seconds:.1f} s ({rate:,.0f} rows a second)."
        )
        if tally.excluded:
            click.echo(
                f"Left out, as blank lines or by the mapping's filters: {tally.excluded:,} rows."
            )
        if source.skipped:
            click.echo(f"Passed over {len(source.skipped):,} files, such as {source.skipped[0]}.")
        if tally.refused:
            reasons = ", ".join(f"{reason} {n:,}" for reason, n in tally.refused.most_common())
            click.echo(
                f"Refused {tally.refused.total():,} rows ({reasons}); see {self.dead_letters}."
            )
        if tally.interrupted:
            where = f" The last row sent was {tally.last}." if tally.last else ""
            click.echo(f"Stopped by Ctrl-C after {tally.read:,} rows.{where}")

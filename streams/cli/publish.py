"""`watchroom publish`: send files, folders or standard input to Kafka."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from streams.cli import INTERRUPTED
from streams.cli.inputs import (
    REFUSED,
    Inputs,
    passed_over,
    progress_bar,
    refused_lines,
    refused_much,
    source_options,
)
from streams.cli.options import (
    Speed,
    bootstrap_option,
    dead_letters_option,
    forces_known,
    more_forces_option,
    prefix_option,
)
from streams.config.force import find_force
from streams.kafka.publisher import PublishCounts
from streams.kafka.publisher import publish as send
from streams.sources import Source
from streams.sources.order.play import Play


@click.command(short_help="Send files, folders or standard input to Kafka.")
@source_options
@bootstrap_option
@more_forces_option
@click.option(
    "--batch",
    type=click.IntRange(1, 10_000),
    default=300,
    show_default=True,
    help="The most events in one message.",
)
@prefix_option
@dead_letters_option
@click.option(
    "--speed",
    type=Speed(),
    help="How many times as fast as the wall clock files are played, or max (the default). "
    "Standard input is sent as it comes unless this is given.",
)
def publish(
    inputs: Inputs,
    bootstrap: str,
    force_names: tuple[str, ...],
    batch: int,
    prefix: str,
    dead_letters: Path,
    speed: float | None,
) -> None:
    """Send files, folders or standard input ("-") to Kafka.

    A SOURCE holds events as NDJSON, or is a street file of data.police.uk, or, with --mapping, any
    table; each plain, gzip or Zstandard. The topics must exist already (watchroom topics create).
    Publishing the same file twice does no harm: an event that is known counts once.

    Files are history: they are sorted by time first. Where the topics already hold records so new
    that some rows would be refused as older than the horizon, nothing is sent. Standard input is
    sent as it comes.

    \b
    Examples:
      watchroom publish events.ndjson.gz
      watchroom publish street/ --glob '*-west-mercia-street.csv'
      watchroom publish calls.tsv --mapping bank.toml --force bank-force.toml
      watchroom publish --source calls.csv:calls.toml --source incidents.csv:cad.toml
      zcat events.ndjson.gz | watchroom publish - --bootstrap kafka1:9092,kafka2:9092

    \b
    Exit codes:
      0    all was sent and acknowledged; refused rows are in the --dead-letters file
      1    the brokers, a topic or an input failed, or rows would come too late to be counted
      2    an option, a mapping or a force file is wrong
      3    much of a finite input was refused: all rows, or more than 1 % and at least ten
      130  Ctrl-C; all that was read until then was sent
    """
    named = [find_force(name) for name in force_names]
    forces = forces_known(named)
    inputs.check()
    following = speed is None and inputs.has_stdin
    run = _Run(dead_letters)
    options: dict[str, Any] = {"forces": forces, "batch": batch, "dead_letters": dead_letters}
    try:
        if inputs.has_files or not following:
            source = inputs.open(named or None, stdin=not following)
            with Play(source, forces.values()) as play:
                run.send(source, play, bootstrap, prefix, speed=speed or None, **options)
        if following and not run.counts.interrupted:
            with inputs.open(named or None, files=False) as source:
                run.send(source, None, bootstrap, prefix, **options)
    finally:
        run.report()
    counts = run.counts
    if counts.interrupted:
        sys.exit(INTERRUPTED)
    much = refused_much(counts.refused.total(), counts.read - counts.excluded)
    if much and not following:
        click.echo(much)
        sys.exit(REFUSED)


class _Run:
    """One publishing, as the terminal shows it."""

    def __init__(self, dead_letters: Path) -> None:
        self.dead_letters = dead_letters
        self.counts = PublishCounts()
        self.notes: list[str] = []
        """What is said at the end of files passed over, and of rows to look at."""
        self._started, self._shown = time.monotonic(), 0.0

    def send(
        self, source: Source, play: Play | None, bootstrap: str, prefix: str, **options: Any
    ) -> None:
        """Sends a source, sorted where it is a play; raises `WatchroomError`."""
        before = self.counts
        try:
            with progress_bar(source, play, self._rate) as move:

                def progress(counts: PublishCounts) -> None:
                    self.counts = before + counts
                    now = time.monotonic()
                    if now - self._shown >= 0.1:  # chunks take a millisecond
                        self._shown = now
                        move()

                send(play or source, bootstrap, prefix, progress=progress, **options)
        finally:
            self.notes += passed_over(source)
            self.notes += [f"Look: {warning}" for warning in (play.warnings if play else ())]

    def _rate(self) -> str:
        counts, seconds = self.counts, max(time.monotonic() - self._started, 0.001)
        refused = f", {counts.refused.total():,} refused" if counts.refused else ""
        return f"{counts.read / seconds:,.0f} rows/s{refused}"

    def report(self) -> None:
        """Say what was sent and what was not, if anything was read."""
        counts, seconds = self.counts, time.monotonic() - self._started
        if not counts.read:
            return
        kinds = [
            f"{number:,} {kind}{'' if number == 1 else 's'}"
            for kind, number in sorted(counts.sent.items())
        ]
        rate = counts.read / max(seconds, 0.001)
        click.echo(
            f"Sent {', '.join(kinds) or 'nothing'} in {counts.messages:,} messages, "
            f"{seconds:.1f} s ({rate:,.0f} rows a second)."
        )
        if counts.excluded:
            click.echo(
                f"Left out, as blank lines or by the mapping's filters: {counts.excluded:,} rows."
            )
        refused = refused_lines(counts.refused, counts.examples, self.dead_letters)
        for line in [*self.notes, *refused]:
            click.echo(line)
        if counts.interrupted:
            where = f" The last row sent was {counts.last}." if counts.last else ""
            click.echo(f"Stopped by Ctrl-C after {counts.read:,} rows.{where}")

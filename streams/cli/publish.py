"""`watchroom publish`: send files, folders or standard input to Kafka."""

from __future__ import annotations

import datetime as dt
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click

from streams.cli import INTERRUPTED
from streams.cli.echo import echo
from streams.cli.inputs import (
    MUCH_REFUSED,
    Inputs,
    passed_over,
    refused_lines,
    refused_much,
    source_options,
)
from streams.cli.options import (
    Speed,
    broker_option,
    dead_letters_option,
    forces_known,
    more_forces_option,
    prefix_option,
)
from streams.cli.progress import progress_bar
from streams.config.force import find_force
from streams.kafka.publisher import PublishCounts, Publisher, play_into
from streams.sources import Source
from streams.sources.order.play import Play
from streams.sources.order.player import Player
from streams.sources.stops import Stopped, Stops


@click.command(short_help="Send files, folders or standard input to Kafka.")
@source_options
@broker_option
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
    broker: str,
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
      zcat events.ndjson.gz | watchroom publish - --broker kafka1:9092,kafka2:9092

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
    with ExitStack() as open_things:
        sources: list[Play | Source] = []
        if inputs.has_files or not following:
            source = inputs.open(named or None, stdin=not following)
            sources.append(open_things.enter_context(Play(source, forces.values())))
        if following:
            sources.append(open_things.enter_context(inputs.open(named or None, files=False)))
        publisher = open_things.enter_context(
            Publisher(broker, prefix, forces, batch=batch, dead_letters=dead_letters)
        )
        run = Sending(publisher, dead_letters, *sources)
        open_things.callback(run.report)
        stops = open_things.enter_context(Stops(signal.SIGINT, insists=True))
        for each in sources:
            if not run.counts.interrupted:
                run.send(Player(each, publisher, speed=speed or None, stops=stops))
    counts = run.counts
    if counts.interrupted:
        sys.exit(INTERRUPTED)
    much = refused_much(counts.refused.total(), counts.read - counts.excluded)
    if much and not following:
        echo(much)
        sys.exit(MUCH_REFUSED)


class Sending:
    """What is sent to Kafka, as the terminal shows it."""

    def __init__(self, publisher: Publisher, dead_letters: Path, *sources: Play | Source) -> None:
        self.publisher, self.dead_letters, self.sources = publisher, dead_letters, sources
        self._started = time.monotonic()

    @property
    def counts(self) -> PublishCounts:
        """What became of the rows so far."""
        return self.publisher.counts

    def send(
        self,
        player: Player,
        each_step: Callable[[], None] = lambda: None,
        *,
        hint: str = "",
        zone: dt.tzinfo | None = None,
    ) -> Stopped | None:
        """Has a player send its source, calling `each_step` after each. Returns what broke it off;
        raises `WatchroomError`."""
        with progress_bar(player, self._refused, zone, hint) as move:

            def step(_counts: PublishCounts) -> None:
                move()
                each_step()

            return play_into(self.publisher, player, step)

    def _refused(self) -> str:
        refused = self.counts.refused.total()
        return f"{refused:,} refused" if refused else ""

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
        echo(
            f"Sent {', '.join(kinds) or 'nothing'} in {counts.messages:,} messages, "
            f"{seconds:.1f} s ({rate:,.0f} rows a second)."
        )
        if counts.excluded:
            echo(f"Left out, as blank lines or by the mapping's filters: {counts.excluded:,} rows.")
        refused = refused_lines(counts.refused, counts.examples, self.dead_letters)
        notes = []
        for each in self.sources:
            notes += passed_over(each.source if isinstance(each, Play) else each)
            notes += [f"Look: {warning}" for warning in each.warnings]
        for line in [*notes, *refused]:
            echo(line)
        if counts.interrupted:
            where = f" The last row sent was {counts.last}." if counts.last else ""
            echo(f"Stopped by Ctrl-C after {counts.read:,} rows.{where}")

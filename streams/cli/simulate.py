"""`watchroom simulate`: a made-up control room, live, for trying things out."""

from __future__ import annotations

import datetime as dt
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from heapq import merge
from pathlib import Path
from typing import NamedTuple

import click

from streams.cli.options import forces_named, forces_option, prefix_option
from streams.config.force import Force
from streams.errors import ConfigError
from streams.kafka.publisher import Publisher
from streams.live.clock import wall_clock
from streams.outputs.instants import parse_instant
from streams.periods import Calendar
from streams.sources.event_lines import CHUNK_LINES, Chunk, TimedLine
from streams.sources.simulator import Rates, Surge, simulate

STEP = 1.0
"""Seconds between two looks at the clock: what became known in between is sent together."""

SURGE_HELP = (
    'More than usual for a while: "2022-01-14T19:00/2h x3" is three times the calls, '
    'then a line, an area or a category of incidents: "... x3 999 rugby". Repeatable.'
)
_SURGE = re.compile(r"(\S+)/(\d+(?:\.\d+)?)(m|h|d)\s+x(\d+(?:\.\d+)?)((?:\s+\S+)*)\s*")
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_FORM = "write 2022-01-14T19:00/2h x3, then a line, an area or a category, if it is of one"


@click.command("simulate", short_help="Make up a control room, live.")
@forces_option
@click.option(
    "--broker",
    envvar="WATCHROOM_BOOTSTRAP",
    metavar="HOST:PORT,...",
    show_envvar=True,
    help="Send to Kafka; by default the events are printed, as NDJSON.",
)
@prefix_option
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which the made-up room opened; default: the first of this month.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of all that is made up.")
@click.option(
    "--handlers",
    type=click.FloatRange(0.1, 5),
    default=1.0,
    show_default=True,
    help="Staff on duty: 0.7 is a bad day.",
)
@click.option("--surge", "surges", multiple=True, metavar="SURGE", help=SURGE_HELP)
@click.option("--once", is_flag=True, help="End with what is known by now.")
def simulate_(
    force_names: tuple[str, ...],
    broker: str | None,
    prefix: str,
    since: dt.datetime | None,
    seed: int,
    handlers: float,
    surges: tuple[str, ...],
    *,
    once: bool,
) -> None:
    """Make up calls, incidents, staffing and heartbeats, from the past until now and then live.

    Nothing in it is real. The same day and seed give the same records, so a simulator that is
    started again repeats what it has sent, and nothing is counted twice.

    \b
    Examples:
      watchroom simulate --force warwickshire --once > events.ndjson
      watchroom simulate --broker localhost:9092
      watchroom simulate --broker localhost:9092 --handlers 0.7
      watchroom simulate --force warwickshire --surge "2022-01-14T19:00/2h x3 rugby" \\
        --since 2022-01-01 --once > events.ndjson
    """
    forces = forces_named(force_names)
    more = surges_of(surges, forces)
    rates = Rates(handlers=handlers)
    events = merge(*(_events(force, since, seed, rates, more[force.id]) for force in forces))
    if broker is None:
        for lines in _due(events, once=once):
            sys.stdout.buffer.write(b"\n".join(lines) + b"\n")
            sys.stdout.buffer.flush()
        return
    with tempfile.TemporaryDirectory() as folder:
        known = {force.id: force for force in forces}
        refused = Path(folder) / "refused.ndjson"
        with Publisher(broker, prefix, known, dead_letters=refused) as publisher:
            for lines in _due(events, once=once):
                publisher.take(Chunk(b"\n".join(lines), "simulator", range(len(lines))))
                if len(lines) < CHUNK_LINES:  # it has caught up: nothing is to wait for more
                    publisher.finish()
            publisher.finish()


def _events(
    force: Force, since: dt.datetime | None, seed: int, rates: Rates, surges: Sequence[Surge]
) -> Iterator[TimedLine]:
    calendar = Calendar(force.zone)
    today = dt.datetime.now(force.zone)
    if since is not None and since.date() > today.date():
        raise ConfigError(f"{since:%Y-%m-%d} has not come yet: give a day up to today")
    day = since or today.replace(day=1)
    start = calendar.midnight(day.year, day.month, day.day)
    try:
        return simulate(force, start, None, seed, rates, surges)
    except ValueError as error:
        raise ConfigError(f"--surge: {error} (see --since)") from None


def _due(events: Iterator[TimedLine], *, once: bool) -> Iterator[list[bytes]]:
    """What has become known, in lots, until the end of time; or, `once`, until now."""
    lines: list[bytes] = []
    now = wall_clock()
    for at, line in events:
        while at > now:
            if lines:
                yield lines
                lines = []
            if once:
                return
            time.sleep(STEP)
            now = wall_clock()
        lines.append(line)
        if len(lines) == CHUNK_LINES:
            yield lines
            lines = []


class Where(NamedTuple):
    """What a surge is of; None is everything."""

    area: str | None
    line: str | None
    category: str | None


def surges_of(texts: Sequence[str], forces: Sequence[Force]) -> dict[str, list[Surge]]:
    """The surges of each force; one that names an area, a line or a category is of those forces
    that have it. Raises `ConfigError`."""
    found: dict[str, list[Surge]] = {force.id: [] for force in forces}
    for text in texts:
        read = _SURGE.fullmatch(text.strip())
        if read is None:
            raise ConfigError(f'"{text}" is no surge: {_FORM}')
        words, fitting = read[5].split(), 0
        for force in forces:
            where = _where(force, words)
            if where is not None:
                fitting += 1
                try:
                    start = parse_instant(read[1], force.zone)
                    end = start + round(float(read[2]) * _UNITS[read[3]])
                    found[force.id].append(Surge(start, end, float(read[4]), *where))
                except ValueError as error:
                    raise ConfigError(f'"{text}": {error}') from None
        if not fitting:
            names = ", ".join(force.name for force in forces)
            raise ConfigError(f'"{text}": {" ".join(words)} is not all in {names}; {_FORM}')
    return found


def _where(force: Force, words: Sequence[str]) -> Where | None:
    """What the words name in a force; None where it lacks any of it."""
    area = line = category = None
    for word in words:
        if word in force.line_index and line is None:
            line = word
        elif word.casefold() in force.area_index and area is None:
            area = force.file.areas[force.find_area(word) - 1].id
        elif word in force.categories.index and category is None:
            category = word
        else:
            return None
    return Where(area, line, category)

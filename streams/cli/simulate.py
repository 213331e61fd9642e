"""`watchroom simulate`: a made-up force, live or by a scenario, for trying things out."""

from __future__ import annotations

import datetime as dt
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from math import inf
from pathlib import Path
from typing import NamedTuple

import click
from click.core import ParameterSource

from streams.cli.convert import IntoFile
from streams.cli.echo import echo
from streams.cli.options import forces_named, forces_option, prefix_option
from streams.cli.progress import progress_bar
from streams.config.force import Force
from streams.config.truth import write_truth
from streams.errors import ConfigError, WatchroomError
from streams.kafka.publisher import Publisher, play_into
from streams.outputs.instants import parse_instant
from streams.periods import Calendar
from streams.sources.clock import wall_clock
from streams.sources.event_lines import TimedLine, in_chunks
from streams.sources.order.player import Player
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.simulator import (
    Profile,
    Scenario,
    Surge,
    find_profile,
    find_scenario,
    shipped_scenarios,
    simulate_whole,
)
from streams.sources.simulator.profile import shipped_profile_text

SURGE_HELP = (
    'More than usual for a while: "2022-01-14T19:00/2h x3" is three times the calls, '
    'then a line, an area or a category of incidents: "... x3 999 rugby". Repeatable.'
)
_SURGE = re.compile(r"(\S+)/(\d+(?:\.\d+)?)(m|h|d)\s+x(\d+(?:\.\d+)?)((?:\s+\S+)*)\s*")
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_FORM = "write 2022-01-14T19:00/2h x3, then a line, an area or a category, if it is of one"


TRUTH = ".truth.toml"
"""What the name of the truth file of a scenario ends with, where none is given."""


def _listed(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Lists the scenarios, and ends."""
    if not wanted or context.resilient_parsing:
        return
    names = shipped_scenarios()
    for name in names:
        echo(f"{name:<{max(map(len, names))}}  {find_scenario(name).title}")
    context.exit()


def _shown(context: click.Context, _: click.Parameter, name: str | None) -> None:
    """Shows the text of a profile, and ends."""
    if name is None or context.resilient_parsing:
        return
    echo(shipped_profile_text(name), nl=False)
    context.exit()


@click.command("simulate", short_help="Make up a force, live.")
@forces_option
@click.option(
    "--broker",
    envvar="WATCHROOM_BOOTSTRAP",
    metavar="HOST:PORT,...",
    show_envvar=True,
    help="Send to Kafka; without it the events are printed, as NDJSON. What ends at once (--once, "
    "--until, or with --output) is sent only where this is given here: the variable alone does not "
    "make it go to a running monitor.",
)
@prefix_option
@click.option(
    "--since",
    "since_named",
    metavar="DAY",
    help="The day on which the made-up room opened: 2022-01-31, today or yesterday; default: the "
    "first of this month.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="End with what is known by the midnight with which that day begins, a past one.",
)
@click.option("--seed", type=int, help="Of all that is made up; default: 1, or the scenario's.")
@click.option(
    "--handlers",
    type=click.FloatRange(0.1, 5),
    default=1.0,
    show_default=True,
    help="Staff on duty: 0.7 is a bad day.",
)
@click.option("--surge", "surges", multiple=True, metavar="SURGE", help=SURGE_HELP)
@click.option("--once", is_flag=True, help="End with what is known by now.")
@click.option(
    "--profile",
    "profile_name",
    metavar="NAME|FILE",
    help="What the force is like; default: its own, else that of Warwickshire by population.",
)
@click.option(
    "--scenario",
    "scenario_name",
    metavar="NAME|FILE",
    help="What is otherwise, and when: from its first day to its last, and no further.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the events to a file.",
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Where a scenario's truth is written; default: the output's name and {TRUTH}.",
)
@click.option(
    "--scenarios",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_listed,
    help="List the scenarios and exit.",
)
@click.option(
    "--show-profile",
    metavar="NAME",
    is_eager=True,
    expose_value=False,
    callback=_shown,
    help="Show a shipped profile, to copy and change, and exit.",
)
def simulate_(  # noqa: PLR0913, PLR0917  one argument an option
    force_names: tuple[str, ...],
    broker: str | None,
    prefix: str,
    since_named: str | None,
    until: dt.datetime | None,
    seed: int | None,
    handlers: float,
    surges: tuple[str, ...],
    profile_name: str | None,
    scenario_name: str | None,
    output: Path | None,
    truth: Path | None,
    *,
    once: bool,
) -> None:
    """Make up calls, incidents, crimes, staffing and heartbeats, from the past until now and live.

    Nothing in it is real. The same day and seed give the same records, so a simulator that is
    started again repeats what it has sent, and nothing is counted twice. A month of
    Warwickshire is 75 MB, so name with --until where history is to end. A scenario has days of its
    own and ends by itself; what is to be seen of it is written beside the events.

    \b
    Examples:
      watchroom simulate --force warwickshire --since 2022-01-01 --until 2022-02-01 \\
        > events.ndjson
      watchroom simulate --broker localhost:9092 --since yesterday
      watchroom simulate --broker localhost:9092 --handlers 0.7
      watchroom simulate --force warwickshire --surge "2022-01-14T19:00/2h x3 rugby" \\
        --since 2022-01-01 --until 2022-02-01 > events.ndjson
      watchroom simulate --scenario surge-999 -o surge.ndjson
      watchroom simulate --scenarios
    """
    broker = _asked_for(broker, output, once=once or until is not None)
    profile = None if profile_name is None else find_profile(profile_name)
    begin = end = clock = at = None
    if scenario_name is None:
        if truth is not None:
            raise ConfigError("--truth is of a scenario", cure="Add --scenario NAME")
        forces = forces_named(force_names)
        since = _day(since_named, forces[0].zone)
        more = surges_of(surges, forces)
        chosen = 1 if seed is None else seed
        found = [_events(f, since, chosen, handlers, more[f.id], profile) for f in forces]
        if until is not None:
            end = _midnight_of(until, since, forces)
        elif once:
            end = wall_clock()
        else:
            begin, clock = wall_clock(), ReplayClock(time.time, makes_up=inf)
            clock.run(begin, 1.0)
    else:
        if since_named is not None or until is not None or surges:
            raise ConfigError(
                "a scenario has days and effects of its own",
                cure="Take --since, --until and --surge out",
            )
        scenario = find_scenario(scenario_name)
        if force_names:
            scenario = scenario.of_forces(force_names)
        forces = [scenario.force(name) for name in scenario.forces]
        scenario = scenario.of_forces([force.id for force in forces])
        at = truth or (output and output.with_name(output.name + TRUTH))
        if at is None:
            raise ConfigError(
                "a scenario has a truth beside its events",
                cure="Say where: --output FILE, or --truth FILE",
            )
        write_truth(at, scenario.truths, f"{scenario.title}\n{scenario.about}")
        found = [_of_scenario(scenario, f, seed, handlers, profile) for f in forces]
    events = in_chunks(merge(*found), "simulator")
    with _sink(broker, prefix, forces, output, clock) as sink:
        player = Player(events, sink, speed=None if clock is None else 1.0, begin=begin, end=end)
        if isinstance(sink, Publisher):
            play_into(sink, player)
        elif output is None:
            player.play()
        else:
            with progress_bar(player) as move:
                for _ in player.steps():
                    move()
    if output is not None:
        beside = "" if at is None else f"; what is to be seen of them: {at}"
        echo(f"{player.lines:,} events in {output}{beside}", err=True)


def _asked_for(broker: str | None, output: Path | None, *, once: bool) -> str | None:
    """The brokers that events go to; None where they go to a file. What is written to a file by
    name, or ends at once, is not sent because the environment names brokers: a live stack's."""
    named = (
        click.get_current_context().get_parameter_source("broker") is ParameterSource.COMMANDLINE
    )
    if named and output is not None:
        raise click.UsageError("--output writes a file and --broker sends: name one of them")
    return broker if named or (output is None and not once) else None


@contextmanager
def _sink(
    broker: str | None,
    prefix: str,
    forces: Sequence[Force],
    output: Path | None,
    clock: ReplayClock | None,
) -> Iterator[Publisher | IntoFile]:
    """Kafka, a file, or standard output."""
    if broker is not None:
        with tempfile.TemporaryDirectory() as folder:
            known = {force.id: force for force in forces}
            refused = Path(folder) / "refused.ndjson"
            with Publisher(broker, prefix, known, dead_letters=refused, clock=clock) as publisher:
                yield publisher
        return
    sink = IntoFile(clock=clock)
    if output is None:
        sink.out = sys.stdout.buffer
        yield sink
        sink.settle()
        return
    try:
        with output.open("wb") as sink.out:
            yield sink
    except OSError as error:
        why = error.strerror or error
        raise WatchroomError(f"{output} can't be written: {why}. Name another file") from error


def _day(named: str | None, zone: dt.tzinfo) -> dt.datetime | None:
    """The day of `--since` by the clock of a zone; raises click's error for what is none."""
    if named in {"today", "yesterday"}:
        return dt.datetime.now(zone).replace(tzinfo=None) - dt.timedelta(named == "yesterday")
    try:
        return None if named is None else dt.datetime.strptime(named, "%Y-%m-%d")  # noqa: DTZ007
    except ValueError:
        raise click.UsageError(
            f'--since: "{named}" is no day: write 2022-01-31, today or yesterday'
        ) from None


def _events(
    force: Force,
    since: dt.datetime | None,
    seed: int,
    handlers: float,
    surges: Sequence[Surge],
    profile: Profile | None,
) -> Iterator[TimedLine]:
    calendar = Calendar(force.zone)
    today = dt.datetime.now(force.zone)
    if since is not None and since.date() > today.date():
        raise ConfigError(f"{since:%Y-%m-%d} has not come yet: give a day up to today")
    day = since or today.replace(day=1)
    start = calendar.midnight(day.year, day.month, day.day)
    try:
        return simulate_whole(force, start, None, seed, profile, (), surges, handlers=handlers)
    except ValueError as error:
        raise ConfigError(f"--surge: {error} (see --since)") from None


def _midnight_of(until: dt.datetime, since: dt.datetime | None, forces: Sequence[Force]) -> int:
    """The instant at which a day begins for the first force, in ms; raises `ConfigError` for one
    that has not come yet, or not after the first day."""
    zone = forces[0].zone
    first = since or dt.datetime.now(zone).replace(day=1)
    if until.date() <= first.date():
        raise ConfigError(
            f"--until {until:%Y-%m-%d} is not after the first day, {first:%Y-%m-%d}",
            cure="Give a later day, or another with --since",
        )
    at = Calendar(zone).midnight(until.year, until.month, until.day)
    if at > wall_clock():
        raise ConfigError(
            f"--until {until:%Y-%m-%d} has not come yet",
            cure="Give a day up to today, or --once for what is known by now",
        )
    return at


def _of_scenario(
    scenario: Scenario, force: Force, seed: int | None, handlers: float, profile: Profile | None
) -> Iterator[TimedLine]:
    start, end = scenario.span(force)
    return simulate_whole(
        force,
        start,
        end,
        scenario.seed if seed is None else seed,
        profile,
        scenario.effects(force),
        handlers=handlers * scenario.handlers,
    )


class SurgeOf(NamedTuple):
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


def _where(force: Force, words: Sequence[str]) -> SurgeOf | None:
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
    return SurgeOf(area, line, category)

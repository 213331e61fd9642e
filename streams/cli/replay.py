"""`watchroom replay`: history again, at any speed, into a monitor in this process or into Kafka."""

from __future__ import annotations

import hashlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

import click
from click.core import ParameterSource

from streams.cli.closing import alerts_between, alerts_in_words, close, report
from streams.cli.echo import echo
from streams.cli.inputs import MUCH_REFUSED, Inputs, refused_much, source_options
from streams.cli.instants import stretch_named, stretch_options
from streams.cli.keys import Keys
from streams.cli.options import (
    Address,
    Speed,
    dead_letters_option,
    forces_known,
    forces_named,
    prefix_option,
)
from streams.cli.publish import Sending
from streams.cli.run import leave, played, serve_beside
from streams.cli.serving import serving_options
from streams.config.force import Force
from streams.embedded.alert_database import default_folder
from streams.embedded.replay import embedded_monitor
from streams.errors import ConfigError, WatchroomError
from streams.kafka.log_source import LogSource
from streams.kafka.publisher import Publisher
from streams.kafka.topics import INPUT_TOPICS, input_topic
from streams.periods import Calendar
from streams.sources import Source
from streams.sources.order.play import Play
from streams.sources.order.player import Player, PlayPosition
from streams.sources.stops import Stopped, Stops
from streams.state.replays import KeptReplay, ReplayPosition, told_apart
from streams.stretches import FORMS, Stretch

if TYPE_CHECKING:  # most replays need no server
    from streams.outputs.sign_in.access import Access

WALLBOARD = ("127.0.0.1", 8787)
KEPT_EVERY = 1.0
"""Seconds after which it is kept anew how far a replay has come."""
FLUSHED_EVERY = 5.0
"""The same into Kafka, where all that was sent must have been acknowledged first."""


@click.command(short_help="Replay history into a monitor, or into Kafka.")
@source_options
@click.option(
    "--force",
    "force_names",
    multiple=True,
    metavar="FORCE",
    help="A shipped force, or the path of a force file. Repeatable; default: all shipped ones.",
)
@stretch_options(
    begins="Where the replay begins, in the time zone of the first force, or with an offset.",
    ends="Where it ends; that instant is left out.",
)
@click.option(
    "--earlier",
    type=click.Choice(["read", "leave-out"]),
    help="What came before --from: read first, without a pause, so that it is known what is usual "
    "and who is waiting (the default for a monitor), or left out (the default for Kafka).",
)
@click.option(
    "--speed",
    type=Speed(),
    default="max",
    show_default=True,
    help="How many times as fast as the wall clock: 1, 60, or max. The figures are the same.",
)
@click.option("--wallboard", is_flag=True, help="Serve the wallboard at http://127.0.0.1:8787/.")
@click.option("--web", type=Address(), help="Serve it there instead.")
@serving_options
@click.option(
    "--to-kafka",
    "brokers",
    metavar="HOST:PORT,...",
    help="Send the events there, as replayed, instead of monitoring them in this process.",
)
@prefix_option
@click.option("--resume", is_flag=True, help="Go on where the same replay was broken off.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that keeps how far it has come. Default: the user's folder of state.",
)
@click.option("--period", "periods", multiple=True, metavar="P", help=f"Also show {FORMS}.")
@click.option("--json", "as_json", is_flag=True, help="The closing boards as JSON, one a line.")
@click.option("--no-surveillance", is_flag=True, help="Count only: no detector watches.")
@dead_letters_option
def replay(  # noqa: PLR0913, PLR0917  one argument an option
    inputs: Inputs,
    force_names: tuple[str, ...],
    begin: str | None,
    end: str | None,
    earlier: str | None,
    speed: float,
    wallboard: bool,
    web: tuple[str, int] | None,
    brokers: str | None,
    prefix: str,
    resume: bool,
    state: Path | None,
    periods: tuple[str, ...],
    as_json: bool,
    no_surveillance: bool,
    dead_letters: Path,
    access: Callable[[], Access],
) -> None:
    """Replay history: files and folders, or what Kafka topics hold, in the order of time.

    It goes into a monitor in this process, which shows the board and the alerts that would have
    been raised, or with --to-kafka to the topics of a worker. Boards, alerts and their words are
    the same at every speed. The monitor in this process notifies nobody. With --to-kafka a worker
    that reads these topics monitors the events, and notifies people, as if they were live: name a
    --prefix of its own.

    A SOURCE is what `watchroom run` reads, or kafka://HOST:PORT/NAME: a topic, or all input topics
    whose names begin so. These are read without a consumer group, so that the offsets of a live
    worker stay as they are.

    On a terminal the space bar pauses and goes on; elsewhere the signal USR1 does. How far it has
    come is kept, so that after Ctrl-C or a crash the same command with --resume goes on from there.

    \b
    Examples:
      watchroom replay 2022/ --force warwickshire
      watchroom replay 2022/ --from 2022-01-14T18:00 --to 2022-01-15 --speed 60 --wallboard
      watchroom replay calls.csv --mapping calls.toml --force my-force.toml --period 2022-01
      watchroom replay kafka://localhost:9092/watchroom --from 2022-01-01
      watchroom replay 2022/ --to-kafka localhost:9092 --prefix test --speed 10
      watchroom replay 2022/ --to-kafka localhost:9092 --prefix test --speed 10 --resume

    \b
    Exit codes:
      0    all was played; refused rows are in the --dead-letters file
      1    an input, the brokers or a topic failed: the board shows what came before
      2    an option, a time, a mapping or a force file is wrong, or there is nothing to resume
      3    much of the input was refused: all rows, or more than 1 % and at least ten
      130  Ctrl-C (143: ended from outside); what was played until then is shown, or sent
    """
    if brokers is not None and not _was_given("prefix"):
        raise click.UsageError(
            "--to-kafka needs a --prefix, so that history does not go to the topics of a live "
            "worker by mistake: make topics for it (watchroom topics create --prefix test) and "
            "give --prefix test"
        )
    forces = forces_named(force_names)
    if brokers is not None and (wallboard or web or periods or as_json or no_surveillance):
        raise click.UsageError(
            "with --to-kafka nothing is monitored in this process: leave out --wallboard, --web, "
            "--period, --json and --no-surveillance"
        )
    stretch = stretch_named(begin, end, forces[0].zone)
    for period in periods:
        _checked(period, forces[0])
    log = _log_in(inputs.check(), brokers, prefix)
    asked = Asked(inputs, log, force_names, forces, stretch, earlier, brokers, prefix, dead_letters)
    flow = None if log else inputs.flow
    if resume and flow:
        raise click.UsageError(
            f'a replay of "{flow}" can\'t be gone on with: it can be read only once. Write it to a '
            "file, and replay that"
        )
    with ExitStack() as open_things:
        kept = None
        if not flow:
            kept = KeptReplay(state or default_folder(), asked.in_words())
        before = kept.load() if kept and resume else None
        if resume and before is None:
            raise ConfigError(
                "no such replay was broken off: leave out --resume, or give the same sources, "
                "times, forces and place as then"
            )
        play = open_things.enter_context(asked.open(before))
        watched = Watched(kept, play, speed or None, before)
        if brokers is None:
            where = web or (WALLBOARD if wallboard else None)
            served = None if where is None else Served(where, access())
            _monitor(open_things, asked, watched, served, periods, dead_letters,
                     as_json=as_json, surveillance=not no_surveillance)  # fmt: skip
        else:
            _send(open_things, asked, watched, brokers, dead_letters)


class Served(NamedTuple):
    """Where the wallboard of a replay is, and who may reach it."""

    web: tuple[str, int]
    access: Access


class Asked(NamedTuple):
    """What is to be replayed, and where to."""

    inputs: Inputs
    log: tuple[str, str] | None
    """The brokers and the name of topics, where these are replayed."""
    named: tuple[str, ...]
    forces: Sequence[Force]
    stretch: tuple[int | None, int | None]
    earlier: str | None
    brokers: str | None
    prefix: str
    dead_letters: Path

    @property
    def omits_earlier(self) -> bool:
        """Whether what came before the begin is left out."""
        return self.earlier == "leave-out" or (self.earlier is None and self.brokers is not None)

    def in_words(self) -> Iterator[str]:
        """What tells this replay from others, but for its speed."""
        yield f"into {self.brokers} {self.prefix}" if self.brokers else "into a monitor"
        begin, end = self.stretch
        yield f"from {begin} to {end}, {self.omits_earlier}, {self.inputs.glob}"
        for force in self.forces:
            yield f"{force.id} {hashlib.sha256(repr(force.file).encode()).hexdigest()}"
        for place, mapping in self.inputs.places:
            if self.log:
                yield place
            else:
                yield from map(told_apart, self.inputs.files_of(place, mapping, self.dead_letters))
            yield told_apart(mapping) if mapping else ""

    @contextmanager
    def open(self, before: ReplayPosition | None) -> Iterator[Play]:
        """The source, opened; raises `WatchroomError`."""
        begin, end = self.stretch
        source: Source | LogSource
        if self.log is None:
            named = self.forces if self.named else None
            source = self.inputs.open(named, leave_out=self.dead_letters)
        else:
            source = LogSource(*self.log, before.spans if before else None)
        first = begin if self.omits_earlier else None
        with Play(source, self.known(), begin=first, end=end) as play:
            yield play

    def known(self) -> Sequence[Force]:
        """The forces whose rows are judged."""
        if self.brokers is None:
            return self.forces
        return list(forces_known(self.forces).values())


class Watched:
    """A replay that a person watches and may pause, and of which it is kept how far it has come,
    where its sources can be read again."""

    def __init__(
        self,
        kept: KeptReplay | None,
        play: Play,
        speed: float | None,
        before: ReplayPosition | None,
    ) -> None:
        self.kept, self.play, self.speed = kept, play, speed
        self.after = None if before is None else PlayPosition(before.lines, before.at)
        self.player: Player | None = None
        self._keys = Keys()
        self._kept_at = time.monotonic()

    @contextmanager
    def controlled(self, player: Player) -> Iterator[None]:
        """A player that the space bar and the signal USR1 pause, and let go on."""
        self.player = player

        def turned(_number: int, _frame: FrameType | None) -> None:
            _turn(player)

        before = signal.signal(signal.SIGUSR1, turned)
        try:
            with self._keys:
                yield
        finally:
            signal.signal(signal.SIGUSR1, before)

    def take_keys(self) -> None:
        """Looks after each step whether a key was pressed."""
        if self.player is not None and " " in self._keys.pressed():
            _turn(self.player)

    def keep(self, every: float) -> bool:
        """Whether it is time to keep how far it has come."""
        return time.monotonic() - self._kept_at >= every

    def save(self) -> None:
        """Keeps how far it has come, unless nothing was played yet."""
        self._kept_at = time.monotonic()
        if self.kept is not None and self.player is not None and self.player.position.lines:
            source = self.play.source
            spans = source.spans if isinstance(source, LogSource) else {}
            self.kept.save(self.player.position, spans)


def _log_in(inputs: Inputs, brokers: str | None, prefix: str) -> tuple[str, str] | None:
    """The topics among the sources, as brokers and name; raises click's errors."""
    log = inputs.log
    if log is None:
        return None
    sent_to = {prefix.rstrip("."), *(input_topic(prefix, kind) for kind in INPUT_TOPICS)}
    if log[0] == brokers and log[1].rstrip(".") in sent_to:
        raise click.UsageError("these topics would be sent to themselves: give another --prefix")
    return log


def _was_given(option: str) -> bool:
    """Whether an option was given, rather than left at its default."""
    source = click.get_current_context().get_parameter_source(option)
    return source is not ParameterSource.DEFAULT


def _turn(player: Player) -> None:
    if player.paused:
        player.resume()
    else:
        player.pause()


def _monitor(
    open_things: ExitStack,
    asked: Asked,
    watched: Watched,
    served: Served | None,
    periods: tuple[str, ...],
    dead_letters: Path,
    *,
    as_json: bool,
    surveillance: bool,
) -> None:
    """Plays into a monitor in this process, and shows what it has found."""
    begin, end = asked.stretch
    stops = open_things.enter_context(Stops())
    runner = open_things.enter_context(
        embedded_monitor(asked.forces, stops, watched=surveillance, dead_letters=dead_letters)
    )
    if served is not None:
        handle = serve_beside(open_things, runner.live, *served)
        echo(f"Wallboard {handle.url}/", err=True)
    player = Player(
        watched.play, runner, speed=watched.speed, begin=begin, end=end,
        after=watched.after, stops=stops,
    )  # fmt: skip

    def each_step() -> None:
        watched.take_keys()
        if watched.keep(KEPT_EVERY):
            watched.save()

    open_things.enter_context(watched.controlled(player))
    stopped, failure = played([player], each_step, hint=Keys.HINT, zone=asked.forces[0].zone)
    _keep_or_forget(watched, stopped, failure)
    named = [force.id for force in asked.forces] if asked.named else []
    close(runner, named, closing_time(player), periods, (), as_json=as_json)
    if not as_json:
        for line in alerts_between(runner.live, begin or 0):
            echo(line)
        echo(alerts_in_words(runner.live, begin or 0))
    whole = stopped is None and failure is None
    much = report(runner, [watched.play], whole=whole, as_json=as_json)
    leave(stopped, failure, much=much, serving=served is not None)


def closing_time(player: Player) -> int | None:
    """What the closing board is of, in ms: the last instant before the end that was asked for, or
    where the play was broken off; None for the last event of one that has come to its end."""
    if player.stage == "over":
        return None if player.end is None else player.end - 1
    return player.now or None


def _send(
    open_things: ExitStack, asked: Asked, watched: Watched, brokers: str, dead_letters: Path
) -> None:
    """Plays into Kafka."""
    begin, end = asked.stretch
    known = {force.id: force for force in asked.known()}
    publisher = open_things.enter_context(
        Publisher(brokers, asked.prefix, known, dead_letters=dead_letters, replays=True)
    )
    sending = Sending(publisher, dead_letters, watched.play)
    open_things.callback(sending.report)
    stops = open_things.enter_context(Stops(insists=True))
    player = Player(
        watched.play, publisher, speed=watched.speed, begin=begin, end=end,
        after=watched.after, stops=stops,
    )  # fmt: skip

    def each_step() -> None:
        watched.take_keys()
        if watched.keep(FLUSHED_EVERY):
            with stops.held_back():
                publisher.finish()
                watched.save()

    failure: WatchroomError | None = None
    open_things.enter_context(watched.controlled(player))
    try:
        stopped = sending.send(player, each_step, hint=Keys.HINT, zone=asked.forces[0].zone)
    except WatchroomError as error:
        stopped, failure = None, error
    _keep_or_forget(watched, stopped, failure)
    if failure is not None:
        raise failure
    if stopped is not None:
        raise click.exceptions.Exit(stopped.exit_code)
    counts = publisher.counts
    if much := refused_much(counts.refused.total(), counts.read - counts.excluded):
        echo(much)
        raise click.exceptions.Exit(MUCH_REFUSED)


def _keep_or_forget(
    watched: Watched, stopped: Stopped | None, failure: WatchroomError | None
) -> None:
    """Keeps how far a replay has come that was broken off."""
    if watched.kept is None:
        return
    if stopped is None and failure is None:
        watched.kept.forget()
    elif stopped is not None:
        watched.save()
        if watched.kept.path.exists():
            echo("The same command with --resume goes on from here.", err=True)


def _checked(period: str, force: Force) -> None:
    try:
        Stretch.parse(Calendar(force.zone), period)
    except ValueError as error:
        raise ConfigError(str(error)) from None

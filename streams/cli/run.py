"""`watchroom run`: the monitor in this process, fed from files or standard input."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.cli.closing import alerts_in_words, close, report, serve_until_stopped
from streams.cli.comparing import compare_option, names_in
from streams.cli.echo import echo
from streams.cli.inputs import MUCH_REFUSED, Inputs, source_options
from streams.cli.options import Address, Speed, dead_letters_option, forces_named, public_url_option
from streams.cli.progress import progress_bar
from streams.cli.serving import serving_options
from streams.config.force import Force
from streams.embedded.replay import embedded_monitor
from streams.embedded.runner import Embedded, last_event
from streams.errors import ConfigError, WatchroomError
from streams.live import Live
from streams.outputs.instants import parse_instant
from streams.periods import Calendar
from streams.sources import Source, open_source
from streams.sources.order.play import Play
from streams.sources.order.player import Player
from streams.sources.stops import Stopped, Stops
from streams.stretches import FORMS, Stretch

if TYPE_CHECKING:  # most runs need no server
    from streams.outputs.sign_in.access import Access
    from streams.outputs.web.running import Running


@click.command()
@source_options
@click.option(
    "--embedded", is_flag=True, hidden=True, expose_value=False
)  # it had to be given once
@click.option(
    "--force",
    "force_names",
    multiple=True,
    metavar="FORCE",
    help="A shipped force, or the path of a force file. Repeatable; default: all shipped ones.",
)
@click.option(
    "--speed",
    type=Speed(),
    help="How many times as fast as the wall clock to replay, or max (the default for files). "
    "Standard input is followed live unless this is given.",
)
@click.option("--web", type=Address(), help="Serve metrics and the board there; stay afterwards.")
@click.option(
    "--ingest-tokens",
    "senders",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take events by POST /events from programs with a token of this file (watchroom token add "
    "--sends FORCE), and stay. What was taken is kept below --state (docs/ingest.md).",
)
@click.option(
    "--ingest",
    type=Address(),
    default="127.0.0.1:8788",
    show_default=True,
    metavar="HOST:PORT",
    help="Where events are taken.",
)
@serving_options
@click.option(
    "--at", metavar="TIME", help="The closing board is of this time; default: the last event."
)
@click.option(
    "--period",
    "periods",
    multiple=True,
    metavar="P",
    help=f"Also show {FORMS}. Repeatable.",
)
@compare_option
@click.option("--json", "as_json", is_flag=True, help="The closing boards as JSON, one a line.")
@dead_letters_option
@click.option(
    "--no-surveillance",
    is_flag=True,
    help="Count only: no detector watches the measures. Faster on long histories.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that alerts are kept in. A live run has one of its own; a replay keeps none.",
)
@public_url_option
def run(  # noqa: PLR0913, PLR0917  one argument an option
    inputs: Inputs,
    force_names: tuple[str, ...],
    speed: float | None,
    web: tuple[str, int] | None,
    at: str | None,
    periods: tuple[str, ...],
    compare: tuple[tuple[str, ...], ...],
    as_json: bool,
    dead_letters: Path,
    no_surveillance: bool,
    state: Path | None,
    senders: Path | None,
    ingest: tuple[str, int],
    public_url: str | None,
    access: Callable[[], Access],
) -> None:
    """Monitor files, folders or standard input ("-") without Kafka, and show the board at the end.

    A SOURCE holds events as NDJSON, or is a street file of data.police.uk, or, with --mapping, any
    table; each plain, gzip or Zstandard. Files are history: their rows are sorted by time first,
    whatever their order, and every valid row counts in its own period. Standard input is followed
    live. Every row is accounted for in the last line.

    \b
    Examples:
      watchroom run events.ndjson.gz
      watchroom run street/ --force west-mercia --period 2021-12 --period 2021-Q4
      watchroom run events.ndjson --period 2021-12 --compare previous,last_year
      watchroom run fire.csv --mapping fire.toml --force fire-force.toml
      watchroom run --source calls.csv:calls.toml --source cad.csv:cad.toml
      watchroom run events.ndjson --speed 60 --web 8787
      tail -f -n +1 events.ndjson | watchroom run - --web 127.0.0.1:8787
      watchroom run --force warwickshire --ingest-tokens senders.json --web 8787

    \b
    Exit codes:
      0    all was read; refused rows are in the --dead-letters file
      1    an input can't be read, or is damaged: the board shows what came before
      2    an option, a mapping or a force file is wrong
      3    much of a finite input was refused: all rows, or more than 1 % and at least ten
      130  Ctrl-C (143: ended from outside); the board shows all that was counted until then:
           of files nothing before they are read and sorted
    """
    forces = forces_named(force_names)
    comparisons = names_in(compare)
    if comparisons and (as_json or not periods):
        raise click.UsageError(
            "--compare is of a --period, below the board; as JSON see watchroom query"
        )
    if as_json:
        _check_no_output(inputs)
    closing_at = _checked(at, periods, forces[0])
    if senders is None or inputs:
        inputs.check()
    if senders is not None and (inputs.has_stdin or speed is not None):
        raise click.UsageError("with --ingest-tokens: files first, if any, at full speed; and no -")
    # Standard input and what is sent are live; files are a replay, whose clock follows the events.
    following = senders is not None or (speed is None and inputs.has_stdin)
    with ExitStack() as open_things:
        taking = None if senders is None else Taking(open_things, state, forces, senders, ingest)
        given = forces if force_names else None
        sources = _opened(open_things, inputs, forces, given, inputs.has_stdin and following)
        if taking is not None:
            sources.append(taking.kept)  # after the files, which are older
        stops = open_things.enter_context(Stops())
        runner = open_things.enter_context(
            embedded_monitor(
                forces,
                stops,
                replay=not following,
                watched=not no_surveillance,
                alerts_in=state,
                dead_letters=dead_letters,
                public_url=public_url,
            )
        )
        if web is not None:
            serve_beside(open_things, runner.live, web, access())
        stopped, failure = played(
            Player(each, runner, speed=speed or None, stops=stops) for each in sources
        )
        if taking is not None and stopped is None and failure is None:
            stopped = taking.live(runner, access())
        named = [force.id for force in forces] if force_names else []
        close(runner, named, closing_at, periods, comparisons, as_json=as_json)
        whole = not following and stopped is None and failure is None
        if whole and not as_json and last_event(runner.live.monitor):
            asked = closing_at is not None or periods
            more = "" if asked else " --at shows another instant, --period a day, month or year."
            echo(alerts_in_words(runner.live) + more, err=True)
        much = report(runner, sources, whole=whole, as_json=as_json)
        leave(stopped, failure, much=much, serving=web is not None)


def _opened(
    open_things: ExitStack,
    inputs: Inputs,
    forces: Sequence[Force],
    given: Sequence[Force] | None,
    following: bool,
) -> list[Play | Source]:
    """The files, and standard input: apart from them where it is followed, since it never ends."""
    sources: list[Play | Source] = []
    if inputs.has_files or (inputs and not following):
        source = inputs.open(given, stdin=not following)
        sources.append(open_things.enter_context(Play(source, forces)))
    if following:
        sources.append(open_things.enter_context(inputs.open(given, files=False)))
    return sources


class Taking:
    """Events over HTTP: what was taken before, from the journal, and then what is sent."""

    def __init__(
        self,
        open_things: ExitStack,
        state: Path | None,
        forces: Sequence[Force],
        tokens: Path,
        address: tuple[str, int],
    ) -> None:
        from streams.embedded.alert_database import default_folder  # noqa: PLC0415
        from streams.ingest.journal import Journal  # noqa: PLC0415

        self._open_things, self._tokens, self._address = open_things, tokens, address
        self._journal = Journal((state or default_folder()) / "ingest")
        open_things.callback(self._journal.close)
        source = open_source(self._journal.files(), None, forces)
        self.kept = open_things.enter_context(Play(source, forces))
        """A source of what was taken before."""

    def live(self, runner: Embedded, access: Access) -> Stopped:
        """Takes events until a signal asks to end; raises `WatchroomError`."""
        from streams.ingest.into_monitor import MonitorStore  # noqa: PLC0415
        from streams.ingest.server import serve_ingest  # noqa: PLC0415

        runner.open_to_senders()
        store = MonitorStore(runner, self._journal)
        handle = serve_ingest(store, self._tokens, *self._address, access=access)
        self._open_things.callback(handle.stop)
        return serve_until_stopped(f"Events {handle.url}/events")


def serve_beside(
    open_things: ExitStack, live: Live, web: tuple[str, int], access: Access
) -> Running:
    """Serves metrics and the board as long as things are open; raises `WatchroomError`."""
    from streams.outputs.monitor_server import serve  # noqa: PLC0415  most runs need no server

    handle = serve(live, *web, access)
    open_things.callback(handle.stop)
    echo(f"Board {handle.url}/board.json, metrics {handle.url}/metrics", err=True)
    echo(handle.exported, err=True)
    return handle


def played(
    players: Iterable[Player],
    each_step: Callable[[], None] = lambda: None,
    *,
    hint: str = "",
    zone: dt.tzinfo | None = None,
) -> tuple[Stopped | None, WatchroomError | None]:
    """Plays into a monitor, one player after the other, with a bar where a person watches. Calls
    `each_step` after each. What broke it off is returned, so that the board is shown first."""
    gc.freeze()  # what stands by now stays: the collector need not look through it again
    try:
        for player in players:
            with progress_bar(player, partial(rows_so_far, player.sink), zone, hint) as progress:
                for _ in player.steps():
                    progress()
                    each_step()
    except Stopped as stopped:
        return stopped, None
    except WatchroomError as failure:
        return None, failure
    return None, None


def rows_so_far(runner: Any) -> str:
    """How many rows a runner has read, and refused."""
    refused = runner.refused.total()
    return f"{runner.rows:,} rows" + (f", {refused:,} refused" if refused else "")


def leave(
    stopped: Stopped | None, failure: WatchroomError | None, *, much: bool, serving: bool
) -> None:
    """Ends the command with the exit code that it is due, once nobody is served any more."""
    if failure is not None:
        raise failure
    if serving and stopped is None:
        stopped = serve_until_stopped("All input was read. Serving until Ctrl-C.")
    if stopped is not None:
        raise click.exceptions.Exit(stopped.exit_code)
    if much:
        raise click.exceptions.Exit(MUCH_REFUSED)


def _check_no_output(inputs: Inputs) -> None:
    """Raises click's error where a file to write seems to be given to --json, which takes none."""
    for source in inputs.sources:
        if source.endswith(".json") and not Path(source).exists():
            raise click.UsageError(
                f"--json takes no file, and there is no {source} to read: the board goes to "
                f"standard output, --json > {source}"
            )


def _checked(at: str | None, periods: tuple[str, ...], force: Force) -> int | None:
    """The instant of `--at`; what is wrong with it or a period is said before a long read."""
    try:
        for period in periods:
            Stretch.parse(Calendar(force.zone), period)
        return None if at is None else parse_instant(at, force.zone)
    except ValueError as error:
        raise ConfigError(str(error)) from None

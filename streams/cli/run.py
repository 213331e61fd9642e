"""`watchroom run --embedded`: the monitor in this process, fed from files or standard input."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from streams.cli.options import Address, Speed, board_console, forces_named
from streams.errors import ConfigError, WatchroomError
from streams.force import Force
from streams.live import Live
from streams.monitor import Monitor
from streams.outputs.instants import parse_instant
from streams.outputs.terminal import render
from streams.periods import Calendar, rfc3339
from streams.runners.embedded import DeadLetterFile, Embedded, has_records, last_event
from streams.runners.replay import ReplayClock, Stopped, Stops
from streams.sources import Source, open_source
from streams.unknown_values import in_words


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--embedded", is_flag=True, help="In this process, without Kafka. Required.")
@click.option(
    "--force",
    "force_names",
    multiple=True,
    metavar="FORCE",
    help="A shipped force, or the path of a force file. Repeatable; default: all shipped ones.",
)
@click.option(
    "--mapping",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What the columns of a CSV or TSV file mean.",
)
@click.option("--glob", metavar="PATTERN", help="Which files to read inside folders.")
@click.option(
    "--speed",
    type=Speed(),
    help="How many times as fast as the wall clock to replay, or max (the default for files). "
    "Standard input is followed live unless this is given.",
)
@click.option("--web", type=Address(), help="Serve metrics and the board there; stay afterwards.")
@click.option(
    "--at", metavar="TIME", help="The closing board is of this time; default: the last event."
)
@click.option(
    "--period",
    "periods",
    multiple=True,
    metavar="P",
    help="Also show 2021-10-31T01, 2021-10-31, 2021-10, 2021-Q4 or 2021/22. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="The closing boards as JSON, one a line.")
@click.option(
    "--dead-letters",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("refused.ndjson"),
    show_default=True,
    help="The file that refused rows are appended to.",
)
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
def run(  # noqa: PLR0913, PLR0917  one argument an option
    sources: tuple[str, ...],
    embedded: bool,
    force_names: tuple[str, ...],
    mapping: Path | None,
    glob: str | None,
    speed: float | None,
    web: tuple[str, int] | None,
    at: str | None,
    periods: tuple[str, ...],
    as_json: bool,
    dead_letters: Path,
    no_surveillance: bool,
    state: Path | None,
) -> None:
    """Monitor files, folders or standard input ("-"), and show the board at the end.

    A SOURCE holds events as NDJSON, or is a street file of data.police.uk, or, with --mapping, any
    CSV or TSV file; each plain, gzip or Zstandard. Every row is accounted for in the last line.

    \b
    Examples:
      watchroom run --embedded events.ndjson.gz
      watchroom run --embedded street/ --force west-mercia --period 2021-12 --period 2021-Q4
      watchroom run --embedded fire.csv --mapping fire.toml --force fire-force.toml
      watchroom run --embedded events.ndjson --speed 60 --web 8787
      tail -f -n +1 events.ndjson | watchroom run --embedded - --web 127.0.0.1:8787

    \b
    Exit codes:
      0    all was read; refused rows are in the --dead-letters file
      1    an input can't be read, or is damaged: the board shows what came before
      2    an option, a mapping or a force file is wrong
      130  Ctrl-C (143: ended from outside); the board shows all that was read until then
    """
    if not embedded:
        raise click.UsageError("say --embedded; with Kafka, use watchroom worker instead")
    forces = forces_named(force_names)
    closing_at = _checked(at, periods, forces[0])
    # Standard input is taken for live; files are a replay, and their clock follows the events.
    following = speed is None and "-" in sources
    with ExitStack() as open_things:
        source = open_things.enter_context(
            open_source(list(sources), mapping, forces if force_names else None, glob)
        )
        stops = open_things.enter_context(Stops())
        clock = None if following else ReplayClock()
        live = Live(Monitor(forces), clock) if clock is not None else Live(Monitor(forces))
        if not no_surveillance:
            from streams.runners.watching import watch_all  # noqa: PLC0415  slow to import

            watch_all(live.monitor)
        from streams.runners.alerting import alerting  # noqa: PLC0415  slow to import

        open_things.enter_context(alerting(live, state, replay=clock is not None))
        letters = DeadLetterFile(dead_letters)
        open_things.callback(letters.close)
        runner = Embedded(live, stops, clock, letters)
        if web is not None:
            from streams.outputs.web import serve  # noqa: PLC0415  most runs need no server

            handle = serve(live, *web)
            open_things.callback(handle.stop)
            click.echo(f"Board {handle.url}/board.json, metrics {handle.url}/metrics", err=True)
        stopped, failure = _read(runner, source, speed or None)
        named = [force.id for force in forces] if force_names else []
        _close(runner, source, named, closing_at, periods, as_json=as_json)
        if failure is not None:
            raise failure
        if web is not None and stopped is None:
            click.echo("All input was read. Serving until Ctrl-C.", err=True)
            stopped = _wait()
        if stopped is not None:
            raise click.exceptions.Exit(stopped.exit_code)


def _checked(at: str | None, periods: tuple[str, ...], force: Force) -> int | None:
    """The instant of `--at`; what is wrong with it or a period is told before a long read."""
    try:
        for period in periods:
            Calendar(force.zone).parse(period)
        return None if at is None else parse_instant(at, force.zone)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _read(
    runner: Embedded, source: Source, speed: float | None
) -> tuple[Stopped | None, WatchroomError | None]:
    """Reads everything; what broke it off is returned, so that the board is shown first."""
    with _bar(source, runner) as progress:
        try:
            runner.read(source, speed, progress)
        except Stopped as stopped:
            runner.finish()
            runner.live.health.detail = "stopped before the end of the input"
            return stopped, None
        except WatchroomError as failure:
            runner.finish()
            runner.live.health.detail = "the input failed"
            return None, failure
    runner.finish()
    return None, None


@contextmanager
def _bar(source: Source, runner: Embedded) -> Iterator[Callable[[], None]]:
    """A progress bar where a person watches, and what moves it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, refresh_per_second=5, transient=True) as bar:
        task = bar.add_task("Reading", total=source.total_bytes, rows="")

        def progress() -> None:
            told = f"{runner.rows:,} rows"
            if refused := runner.refused.total():
                told += f", {refused:,} refused"
            bar.update(task, completed=source.consumed_bytes, rows=told)

        yield progress


def _close(
    runner: Embedded,
    source: Source,
    named: list[str],
    at: int | None,
    periods: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """The closing board of every force that has records (or was named), then the account."""
    live = runner.live
    at = last_event(live.monitor) if at is None else at
    for force in live.forces():
        if force in named or has_records(live.monitor, force):
            board = live.board(force, at, periods)
            if as_json:
                click.echo(msgspec.json.encode(board))
            else:
                console = board_console()
                console.print(render(board, console.width))
                console.print()
    click.echo(f"At {rfc3339(at)}, {runner.account().in_words()}", err=as_json)
    if runner.refused:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in runner.refused.most_common())
        path = runner.dead_letters.path if runner.dead_letters else ""
        click.echo(f"Refused: {reasons}; see {path}", err=as_json)
    if unknown := live.monitor.unknown():
        click.echo(
            f"Unknown values in rows that count all the same: {in_words(unknown)}; "
            "an area or category that the force file lacks can be added there",
            err=as_json,
        )
    if source.skipped:
        click.echo(f"Passed over {len(source.skipped):,} files: {source.skipped[0]}", err=as_json)


def _wait() -> Stopped:
    """Waits until a signal asks to end."""
    while True:
        try:
            signal.pause()
        except Stopped as stopped:
            return stopped

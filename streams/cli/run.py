"""`watchroom run --embedded`: the monitor in this process, fed from files or standard input."""

from __future__ import annotations

import gc
import signal
from contextlib import ExitStack
from pathlib import Path

import click
import msgspec

from streams.board.answers import known_rows
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.cli.comparing import compare_option, names_in
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
    Address,
    Speed,
    board_console,
    dead_letters_option,
    forces_named,
)
from streams.config.force import Force
from streams.embedded.replay import ReplayClock
from streams.embedded.runner import Embedded, has_records, last_event
from streams.errors import ConfigError, WatchroomError
from streams.events.deadletters import DeadLetterFile
from streams.events.unknown_values import in_words
from streams.live import Live
from streams.outputs.figures_shown import figures
from streams.outputs.instants import parse_instant
from streams.outputs.terminal import render
from streams.periods import Calendar, rfc3339
from streams.sources import Source
from streams.sources.order.play import Play
from streams.sources.stops import Stopped, Stops
from streams.state.departed import kept_on_disk
from streams.stretches import FORMS, Stretch


@click.command()
@source_options
@click.option("--embedded", is_flag=True, help="In this process, without Kafka. Required.")
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
def run(  # noqa: PLR0913, PLR0917  one argument an option
    inputs: Inputs,
    embedded: bool,
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
) -> None:
    """Monitor files, folders or standard input ("-"), and show the board at the end.

    A SOURCE holds events as NDJSON, or is a street file of data.police.uk, or, with --mapping, any
    table; each plain, gzip or Zstandard. Files are history: their rows are sorted by time first,
    whatever their order, and every valid row counts in its own period. Standard input is followed
    live. Every row is accounted for in the last line.

    \b
    Examples:
      watchroom run --embedded events.ndjson.gz
      watchroom run --embedded street/ --force west-mercia --period 2021-12 --period 2021-Q4
      watchroom run --embedded events.ndjson --period 2021-12 --compare previous,last_year
      watchroom run --embedded fire.csv --mapping fire.toml --force fire-force.toml
      watchroom run --embedded --source calls.csv:calls.toml --source cad.csv:cad.toml
      watchroom run --embedded events.ndjson --speed 60 --web 8787
      tail -f -n +1 events.ndjson | watchroom run --embedded - --web 127.0.0.1:8787

    \b
    Exit codes:
      0    all was read; refused rows are in the --dead-letters file
      1    an input can't be read, or is damaged: the board shows what came before
      2    an option, a mapping or a force file is wrong
      3    much of a finite input was refused: all rows, or more than 1 % and at least ten
      130  Ctrl-C (143: ended from outside); the board shows all that was counted until then:
           of files nothing before they are read and sorted
    """
    if not embedded:
        raise click.UsageError("say --embedded; with Kafka, use watchroom worker instead")
    forces = forces_named(force_names)
    comparisons = names_in(compare)
    if comparisons and (as_json or not periods):
        raise click.UsageError(
            "--compare is of a --period, below the board; as JSON see watchroom query"
        )
    closing_at = _checked(at, periods, forces[0])
    inputs.check()
    # Standard input is taken for live; files are a replay, and their clock follows the events.
    following = speed is None and inputs.has_stdin
    given = forces if force_names else None
    with ExitStack() as open_things:
        play = feed = None
        if inputs.has_files or not following:
            source = inputs.open(given, stdin=not following)
            play = open_things.enter_context(Play(source, forces))
        if following:
            feed = open_things.enter_context(inputs.open(given, files=False))
        stops = open_things.enter_context(Stops())
        clock = None if following else ReplayClock()
        live = Live(Monitor(forces), clock) if clock is not None else Live(Monitor(forces))
        open_things.enter_context(kept_on_disk(live.monitor))
        if not no_surveillance:
            from streams.state.surveillance import watch_all  # noqa: PLC0415  slow to import

            watch_all(live.monitor)
        from streams.embedded.alerting import alerting  # noqa: PLC0415  slow to import

        open_things.enter_context(alerting(live, state, replay=clock is not None))
        letters = DeadLetterFile(dead_letters)
        open_things.callback(letters.close)
        runner = Embedded(live, stops, clock, letters)
        if web is not None:
            from streams.outputs.web import serve  # noqa: PLC0415  most runs need no server

            handle = serve(live, *web)
            open_things.callback(handle.stop)
            click.echo(f"Board {handle.url}/board.json, metrics {handle.url}/metrics", err=True)
            click.echo(handle.exported, err=True)
        stopped, failure = _read(runner, play, feed, speed or None)
        named = [force.id for force in forces] if force_names else []
        _close(runner, named, closing_at, periods, comparisons, as_json=as_json)
        whole = not following and stopped is None and failure is None
        if whole and not as_json and last_event(live.monitor):
            click.echo(_what_came(live, asked=closing_at is not None or bool(periods)), err=True)
        much = _report(runner, play, feed, whole=whole, as_json=as_json)
        if failure is not None:
            raise failure
        if web is not None and stopped is None:
            click.echo("All input was read. Serving until Ctrl-C.", err=True)
            stopped = _wait()
        if stopped is not None:
            raise click.exceptions.Exit(stopped.exit_code)
        if much:
            raise click.exceptions.Exit(REFUSED)


def _checked(at: str | None, periods: tuple[str, ...], force: Force) -> int | None:
    """The instant of `--at`; what is wrong with it or a period is told before a long read."""
    try:
        for period in periods:
            Stretch.parse(Calendar(force.zone), period)
        return None if at is None else parse_instant(at, force.zone)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _read(
    runner: Embedded, play: Play | None, feed: Source | None, speed: float | None
) -> tuple[Stopped | None, WatchroomError | None]:
    """Reads everything: the files sorted, then standard input as it comes. What broke it off is
    returned, so that the board is shown first."""

    def rows_so_far() -> str:
        refused = runner.refused.total()
        return f"{runner.rows:,} rows" + (f", {refused:,} refused" if refused else "")

    try:
        if play is not None:
            gc.freeze()  # what stands by now stays: the collector need not look through it again
            runner.live.monitor.play_history(True)
            with progress_bar(play.source, play, rows_so_far) as progress:
                runner.gather(play, progress)
                runner.read(play, speed, progress)
            runner.live.monitor.play_history(False)
        if feed is not None:
            with progress_bar(feed, None, rows_so_far) as progress:
                runner.read(feed, None, progress)
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


def _close(
    runner: Embedded,
    named: list[str],
    at: int | None,
    periods: tuple[str, ...],
    compare: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """The closing board of every force that has records (or was named), with the comparisons that
    are asked for below it; then the account."""
    live = runner.live
    last = last_event(live.monitor)
    at = last if at is None else at
    for force in live.forces():
        # A board that has no time to be of would be one of 1970.
        if at and (force in named or has_records(live.monitor, force)):
            board = live.board(force, at, periods)
            if as_json:
                click.echo(msgspec.json.encode(board))
            else:
                console = board_console()
                console.print(render(board, console.width))
                console.print()
                if compare:
                    rows = known_rows(Query(live.monitor, force, at), periods, compare)
                    console.print(figures(rows, compare))
                    console.print()
    when = f"At {rfc3339(at)}" if at else "Nothing was counted, so there is no board"
    click.echo(f"{when}, {runner.account().in_words()}", err=as_json)


def _what_came(live: Live, *, asked: bool) -> str:
    """How many alerts there were; and how to see another board, where none was asked for."""
    alerts = (
        []
        if live.alerts is None
        else [alert for force in live.forces() for alert in live.alerts.history(force)]
    )
    still = sum(alert.open for alert in alerts)
    many = f"{len(alerts):,} alert{'s' * (len(alerts) != 1)}"
    said = f"{many}, {still:,} open at the end." if alerts else "No alerts."
    return said if asked else f"{said} --at shows another instant, --period a day, month or year."


def _report(
    runner: Embedded, play: Play | None, feed: Source | None, *, whole: bool, as_json: bool
) -> bool:
    """What a user should look at: refusals and their cures, files passed over, warnings; whether
    much was refused of a finite source, which only one that was read to its end (`whole`) can
    say."""
    path = runner.dead_letters.path if runner.dead_letters else ""
    notes = refused_lines(runner.refused, runner.examples, path)
    if unknown := runner.live.monitor.unknown():
        notes.append(
            f"Unknown values, in rows that count all the same: {in_words(unknown)}. "
            "Add what the force file lacks, or mend the sender"
        )
    if play is not None and not play.gathered:
        notes.append(
            "Left off while the files were read; their rows are counted once all are read."
        )
    for source in (play and play.source, feed):
        notes += passed_over(source) if source else []
    for warnings in (play and play.warnings, feed and feed.warnings):
        notes += [f"Look: {warning}" for warning in warnings or ()]
    much = refused_much(runner.refused.total(), runner.rows - runner.excluded) if whole else None
    for line in [*notes, *([much] if much else [])]:
        click.echo(line, err=as_json)
    return much is not None


def _wait() -> Stopped:
    """Waits until a signal asks to end."""
    while True:
        try:
            signal.pause()
        except Stopped as stopped:
            return stopped

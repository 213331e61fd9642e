"""`watchroom backtest`: which alerts a history would have raised, under one or several settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
import msgspec
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from streams import __version__
from streams.backtest import words
from streams.backtest.known import load_known
from streams.backtest.model import Backtest, RaisedAlert, SettingsResult
from streams.backtest.page import page
from streams.backtest.playing import Played
from streams.backtest.playing import Progress as Far
from streams.backtest.processes import Task, play_all
from streams.backtest.whole import whole
from streams.cli.echo import CleanConsole, echo
from streams.cli.inputs import (
    MUCH_REFUSED,
    Inputs,
    much_refused,
    refused_lines,
    refused_much,
    source_options,
)
from streams.cli.instants import stretch_named, stretch_options
from streams.cli.options import board_console, dead_letters_option
from streams.config.force import Force, find_force
from streams.errors import ConfigError, SourceError, WatchroomError
from streams.kafka.log_source import LogSource
from streams.outputs.figure_csv import csv_text
from streams.periods import DAY, rfc3339
from streams.sources.order.play import Readable
from streams.sources.stops import Stops

_file = click.Path(dir_okay=False, path_type=Path)


@click.command()
@source_options
@click.option("--force", "name", required=True, metavar="FORCE", help="An id, or a force file.")
@click.option(
    "--settings",
    "settings_files",
    type=_file,
    multiple=True,
    help="Settings to try: the sections of the force's file in which they differ. One is set "
    "beside the force's own; two or more are set beside each other.",
)
@click.option("--truth", type=_file, help="What is known to have happened: a TOML of dated events.")
@stretch_options(
    begins="Count alerts from then on; what comes before is learned from. "
    "Default: the first record.",
    ends="Play up to then. Default: the last record.",
)
@click.option(
    "--report-lag",
    "lag",
    type=click.FloatRange(0, 366),
    default=14,
    show_default=True,
    metavar="DAYS",
    help="How long after a month's end its report is out.",
)
@click.option("-o", "--output", type=_file, help="Also write the HTML page, with charts.")
@click.option("--csv", "csv_file", type=_file, help="Also every alert as CSV.")
@click.option("--json", "json_file", type=_file, help="Also all that was found as JSON.")
@dead_letters_option
def backtest(  # noqa: PLR0913, PLR0917  one argument an option
    inputs: Inputs,
    name: str,
    settings_files: tuple[Path, ...],
    truth: Path | None,
    begin: str | None,
    end: str | None,
    lag: float,
    output: Path | None,
    csv_file: Path | None,
    json_file: Path | None,
    dead_letters: Path,
) -> None:
    """Replay a history and list the alerts that it would have raised.

    Nobody is notified. Each alert with when, in which words, and how long before the month's
    report it came. With --settings, what other settings would have raised, each played in a process
    of its own. With --truth, what was found, missed and false.

    A SOURCE is what `watchroom run` reads, or kafka://HOST:PORT/NAME: a topic, or all input topics
    whose names begin so, up to where they end now. These are read without a consumer group.

    \b
    Examples:
      watchroom backtest street/ --force west-mercia -o alerts.html
      watchroom backtest events.ndjson --force warwickshire --settings more-alerts.toml -o two.html
      watchroom backtest events.ndjson --force warwickshire --truth truth.toml --csv alerts.csv
      watchroom backtest kafka://localhost:9092/watchroom --force warwickshire --from 2022-01-01
      watchroom backtest fire.csv --mapping fire.toml --force fire-force.toml --from 2021-01-01 \\
          --settings one-a-week.toml --settings two-a-week.toml -o compared.html

    \b
    A file of settings (docs/backtest.md has all of it):
      [alerts]
      false_episodes_a_week = 2.0
      shares = { hour = 0.1, day = 0.3, month = 0.6 }

    \b
    A file of dated events:
      [[truth]]
      name = "Surge of 999 calls"
      force = "warwickshire"
      kind = "call"
      measure = "calls.offered"
      where = { line = "999" }
      from = 2026-03-01
      to = 2026-04-30
      direction = "up"
      within = "36h"

    \b
    Exit codes:
      0    all was played
      1    an input can't be read, or a file can't be written: what came before is shown
      2    an option, the force, the settings or the truth are wrong
      3    much of the input was refused: all rows, or more than 1 % and at least ten
      130  Ctrl-C (143: ended from outside): what was found until then is shown and written
    """
    inputs.check()
    if inputs.has_stdin:
        raise click.UsageError("a history is read from files: standard input (-) can't be read")
    force = find_force(name)
    start, until = stretch_named(begin, end, force.zone)
    notes = []
    if truth is not None and (others := load_known(truth, force)[1]):
        notes.append(f"Events of the truth that are of other forces, and do not count: {others}.")
    opens = _opening(inputs)
    tried: list[Path | None] = [*settings_files]
    tasks = [
        Task(
            open=opens,
            force=name,
            settings=each,
            truth=truth,
            start=start,
            end=until,
            lag=round(lag * DAY),
            letters=dead_letters if number == 0 else None,
        )
        for number, each in enumerate([None, *tried] if len(tried) < 2 else tried)
    ]
    names = [each.made().name for each in tasks]  # what is wrong is said before a long read
    if twice := next((each for each in names if names.count(each) > 1), None):
        raise ConfigError(
            f'two files of settings are called "{twice}"', cure="Give each a name of its own"
        )
    for written in filter(None, (output, csv_file, json_file)):
        if not written.parent.is_dir():
            raise ConfigError(
                f"{written}: there is no such folder", cure="Make it, or name another"
            )
    with Stops(insists=True) as stops, _bars(names) as moved:
        played = play_all(tasks, stops, moved)
    if not any(each.first for each in played):
        _nothing(played, dead_letters)
    found = whole(
        force,
        [each if inputs.log else Path(each).name for each in inputs.named],
        played,
        lag=round(lag * DAY),
        truth_given=truth is not None,
        version=__version__,
        notes=notes,
    )
    _print(found)
    if output is not None:
        _write(output, page(found, force))
    if csv_file is not None:
        _write(csv_file, csv_text(RaisedAlert, [a for r in found.results for a in r.alerts]))
    if json_file is not None:
        _write(json_file, msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
    _end(played, dead_letters)


def _opening(inputs: Inputs) -> Callable[[Iterable[Force]], Readable]:
    """What opens the source, in this process or another. Of a log each reads the same messages:
    those that it has now."""
    if (log := inputs.log) is None:
        return inputs.open
    with LogSource(*log) as now:
        return partial(_log, *log, now.spans)


def _log(
    brokers: str, name: str, spans: Mapping[str, tuple[int, int]], _forces: Iterable[Force]
) -> LogSource:
    return LogSource(brokers, name, spans)


def _nothing(played: Sequence[Played], letters: Path) -> None:
    """Ends a backtest in which nothing was played, and says why."""
    (first, *_) = played
    for line in refused_lines(first.reasons, first.examples, letters):
        echo(line, err=True)
    if first.failure:
        raise SourceError(first.failure)
    if first.stopped:
        echo("Stopped while the files were read: nothing was played yet.", err=True)
        raise click.exceptions.Exit(first.stopped)
    if much_refused(first.refused, first.read):
        echo(refused_much(first.refused, first.read) or "", err=True)
        raise click.exceptions.Exit(MUCH_REFUSED)
    raise WatchroomError("there is nothing to play: the sources have no record of this force")


def _end(played: Sequence[Played], letters: Path) -> None:
    """What of the input a user should look at, and the exit code."""
    (first, *_) = played
    for line in refused_lines(first.reasons, first.examples, letters):
        echo(line, err=True)
    failure = next((each.failure for each in played if each.failure), None)
    if failure is not None:
        raise SourceError(failure)
    if stopped := next((each.stopped for each in played if each.stopped), 0):
        raise click.exceptions.Exit(stopped)
    if much := refused_much(first.refused, first.read):
        echo(much, err=True)
        raise click.exceptions.Exit(MUCH_REFUSED)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        why = error.strerror or error
        raise WatchroomError(f"{path} can't be written: {why}. Name another file") from error
    echo(f"{path} written", err=True)


@contextmanager
def _bars(names: Sequence[str]) -> Iterator[Callable[[int, Far], None]]:
    """A bar for each of the settings, where a person watches; gives what moves it."""
    console = CleanConsole(stderr=True)
    if not console.is_terminal:
        yield lambda _place, _far: None
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
        TextColumn("{task.fields[beside]}"), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, refresh_per_second=5, transient=True) as bar:
        bars = [bar.add_task(f"{each}: reading", total=1.0, beside="") for each in names]
        playing = [False] * len(names)

        def move(place: int, far: Far) -> None:
            if far.at and not playing[place]:
                playing[place] = True
                bar.reset(bars[place], description=f"{names[place]}: playing", total=1.0)
            task = next(each for each in bar.tasks if each.id == bars[place])
            speed = far.lines / task.elapsed if far.at and task.elapsed else 0
            beside = f"{rfc3339(far.at)[:10]}, {speed:,.0f} lines/s" if far.at else ""
            bar.update(bars[place], completed=far.share, beside=beside)

        yield move


# -- what is printed -------------------------------------------------------------------------------


def _print(found: Backtest) -> None:
    console = board_console()
    for each in found.results:
        console.print(_alerts(found, each) if each.alerts else f"{_title(found, each)}.")
        console.print()
    if words.truths(found.results):
        console.print(_truths(found))
        console.print()
    if found.differences:
        console.print(_differences(found))
        console.print()
    console.print(_summary(found))
    if len(found.results) > 1 and not found.differences:
        console.print(f"Nothing differs: {words.differing(found)}.")
    for note in (words.span(found), f"{found.rows}.", *found.notes):
        console.print(note, style="dim", highlight=False)


def _day(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _title(found: Backtest, result: SettingsResult) -> str:
    """Which settings, and how many alerts they raise."""
    many = words.number(len(result.alerts), "alert")
    differs = f" ({'; '.join(result.differs)})" if result.differs else ""
    return escape(f"{found.force_name}, settings {result.name}{differs}: {many}")


def _alerts(found: Backtest, result: SettingsResult) -> Table:
    table = Table(title=_title(found, result), title_justify="left", expand=True)
    table.add_column("Opened", no_wrap=True)
    table.add_column("Alert", ratio=1)
    table.add_column("Open", justify="right", no_wrap=True)
    table.add_column("Before or after\nthe report", justify="right", no_wrap=True)
    for each in result.alerts:
        verdict = f"\n[bold]{escape(words.verdict(each))}[/]" if found.truth_given else ""
        table.add_row(
            f"{_day(each.opened_at)}\n{each.severity}",
            escape(each.words) + verdict,
            words.length(each.hours_open) + ("" if each.until else " *"),
            words.before_report(each),
        )
    if any(each.until is None for each in result.alerts):
        table.caption = "* still open at the end"
        table.caption_justify = "left"
    return table


def _truths(found: Backtest) -> Table:
    table = Table(title="What happened", title_justify="left", expand=True)
    for heading in ("Event", "From", *(each.name for each in found.results)):
        table.add_column(heading)
    for event, detections in words.truths(found.results):
        table.add_row(
            escape(f"{event.name}\n{event.about}"), words.begins(event.start), *detections
        )
    return table


def _differences(found: Backtest) -> Table:
    first, second = (each.name for each in found.results[:2])
    table = Table(
        title=f"What differs: {words.differing(found)}", title_justify="left", expand=True
    )
    table.add_column("Opened", no_wrap=True)
    table.add_column("Alert", ratio=1)
    table.add_column("Raised by", no_wrap=True)
    for each in found.differences:
        table.add_row(
            _day(each.opened_at), escape(each.words), words.raised_by(each, first, second)
        )
    return table


def _summary(found: Backtest) -> Table:
    table = Table(title_justify="left")
    table.add_column("")
    for each in found.results:
        table.add_column(each.name, justify="right")
    for heading, entries in words.summary(found):
        table.add_row(heading, *entries)
    return table

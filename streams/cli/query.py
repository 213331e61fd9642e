"""`watchroom query`: any indicator by area and period, of files or of a running monitor."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec

from streams.board.answers import AnswerRows, FigurePage, FigureQuestion, FigureRow
from streams.board.monitor import Monitor
from streams.board.query import Query
from streams.cli.asking import monitor_at
from streams.cli.comparing import compare_option, names_in
from streams.cli.echo import echo
from streams.cli.inputs import Inputs, asked_options, passed_over, refused_lines
from streams.cli.options import answer_options, board_console, forces_named
from streams.cli.progress import progress_bar
from streams.cli.query_chart import Drawing
from streams.config.force import WHOLE
from streams.embedded.runner import Embedded, has_records, last_event
from streams.errors import QueryError, WatchroomError
from streams.live import Live
from streams.outputs.figure_csv import csv_text
from streams.outputs.figures_shown import figures
from streams.outputs.instants import parse_instant
from streams.outputs.monitor_client import Declined, MonitorClient, NoAnswer
from streams.periods import GRAINS, Calendar, Grain
from streams.sources.order.play import Play
from streams.sources.order.player import Player
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.stops import Stops
from streams.state.departed import kept_on_disk
from streams.stretches import FORMS, Stretch

LABELLED_GRAINS = tuple(grain for grain in GRAINS if grain != "hour")
"""The grains of which the labels are the same in every time zone."""
PAGE = 1_000
"""Rows that a monitor is asked for at once."""


class WhereAsked(NamedTuple):
    """Which force is asked of, and as of when."""

    force: str | None
    at: str | None


@click.command()
@click.argument("indicators", nargs=-1, metavar="[INDICATOR]...")
@asked_options
@click.option(
    "--force",
    "force_names",
    multiple=True,
    metavar="FORCE",
    help="The force: an id, or of files also the path of a force file.",
)
@click.option(
    "--area",
    "areas",
    multiple=True,
    default=(WHOLE,),
    help='An area by id, name or alias, or "all"; repeatable. Default: the force as a whole.',
)
@click.option(
    "--period",
    "periods",
    multiple=True,
    required=True,
    metavar="P",
    help=f"{FORMS}. Repeatable.",
)
@click.option(
    "--by", type=click.Choice(LABELLED_GRAINS), help="A row for each of these within each --period."
)
@compare_option
@click.option(
    "--chart",
    "picture",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the control chart of the one figure to this file, as SVG: by the periods of "
    "--by (month) within --period.",
)
@answer_options
def query(  # noqa: PLR0913, PLR0917  one argument an option
    indicators: tuple[str, ...],
    inputs: Inputs,
    url: str,
    force_names: tuple[str, ...],
    areas: tuple[str, ...],
    periods: tuple[str, ...],
    by: Grain | None,
    compare: tuple[tuple[str, ...], ...],
    picture: Path | None,
    at: str | None,
    form: str,
) -> None:
    """Ask for indicators by area and period, with what reports set beside them.

    An INDICATOR is a name, an address or a title, as watchroom measures lists them; without any,
    all that have a name are given, in the table those of which anything is known. What is not known
    is not 0: it is said, and left empty in CSV and JSON.

    \b
    Examples:
      watchroom query total_recorded_crime robbery --period 2021-12
      watchroom query --period 2021-Q4 --area all --compare previous,last_year,rate
      watchroom query --source street/ --force west-mercia vehicle_offences \\
          --period 2021/22 --by month --compare average,standing
      watchroom query --source calls.csv:calls.toml --source cad.csv:cad.toml \\
          --force my-force.toml calls_999 incidents --period 2021-12
      watchroom query 'crimes.count{offence=burglary,robbery}' --period R12-2021-12
      watchroom query answered_999_within_10s --period 2021-12 --format csv > answered.csv
      watchroom query robbery --period 2019..2021 --by month --chart robbery.svg

    \b
    Exit codes:
      0    it was answered
      1    an input can't be read, or no monitor answers
      2    there is no such indicator, area or period: the nearest ones are named
    """
    names = names_in(compare)
    wanted = tuple(label for each in periods for label in _within(each, by))
    question = FigureQuestion(indicators, wanted, areas, names)
    drawing = None if picture is None else Drawing.of(question, periods, by)
    if inputs:
        inputs.check()
        rows, chart = of_files(inputs, force_names, question, at, drawing)
    else:
        if len(force_names) > 1:
            raise click.UsageError("ask a monitor about one --force at a time")
        where = WhereAsked(next(iter(force_names), None), at)
        rows = of_monitor(url, where, question)
        chart = None if drawing is None else chart_of_monitor(url, where, drawing)
    if picture is not None and chart is not None:
        written(picture, chart)
    show(rows, names, form, named=bool(indicators))


def written(picture: Path, chart: str) -> None:
    """Writes a chart; raises `WatchroomError` where it can't be written."""
    try:
        picture.write_text(chart, "utf-8")
    except OSError as error:
        raise WatchroomError(f"{picture} can't be written: {error.strerror}") from None


def _within(period: str, by: Grain | None) -> list[str]:
    """The labels of the periods of a grain within another; without a grain that one itself."""
    if by is None:
        return [period]
    try:
        stretch = Stretch.parse(Calendar(ZoneInfo("UTC")), period)
    except ValueError as error:
        raise QueryError(str(error)) from None
    parts = [each.label for each in stretch.parts(by)]
    if not parts:
        unit = by.replace("_", " ")
        raise QueryError(f"{period} holds no whole {unit}: leave out --by, or ask for a longer one")
    return parts


def show(rows: Sequence[FigureRow], compare: Sequence[str], form: str, *, named: bool) -> None:
    """Writes rows in one of the forms. Where no indicator was `named`, the table leaves out those
    of which nothing is known, and says how many."""
    if form == "csv":
        sys.stdout.write(csv_text(FigureRow, rows, compare))
    elif form == "json":
        echo(msgspec.json.encode(rows))
    elif rows:
        known = {row.indicator for row in rows if row.known}
        shown = [row for row in rows if named or row.indicator in known]
        console = board_console()
        if shown:
            console.print(figures(shown, compare))
        if left_out := len({row.indicator for row in rows} - {row.indicator for row in shown}):
            console.print(
                f"Indicators left out, of which nothing is known: {left_out}. Name one to see why; "
                "--format csv has all of them.",
                style="dim",
            )


# -- of a monitor ------------------------------------------------------------------------------


def of_monitor(url: str, where: WhereAsked, question: FigureQuestion) -> list[FigureRow]:
    """The rows that a running monitor answers; raises `WatchroomError`."""
    client = monitor_at(url)
    rows: list[FigureRow] = []
    offset: int | None = 0
    while offset is not None:
        asked = {
            "force": where.force,
            "at": where.at,
            "indicator": question.indicators,
            "period": question.periods,
            "area": question.areas,
            "compare": question.compare,
            "limit": str(PAGE),
            "offset": str(offset),
        }
        page = page_of(client, "/api/board", asked, FigurePage)
        rows += page.rows
        offset = page.next
    return rows


def chart_of_monitor(url: str, where: WhereAsked, drawing: Drawing) -> str:
    """The chart that a running monitor draws; raises `WatchroomError`."""
    asked = drawing.asked(where.force, where.at)
    return answer_of(monitor_at(url), "/chart.svg", asked).decode()


Page = TypeVar("Page")


def page_of(
    client: MonitorClient,
    path: str,
    asked: Mapping[str, str | Sequence[str] | None],
    kind: type[Page],
) -> Page:
    """A page of what a running monitor answers; raises `WatchroomError`."""
    try:
        return msgspec.json.decode(answer_of(client, path, asked), type=kind)
    except msgspec.MsgspecError:
        raise WatchroomError(f"{client.url} answers, but not as this release does") from None


def answer_of(
    client: MonitorClient, path: str, asked: Mapping[str, str | Sequence[str] | None]
) -> bytes:
    """What a running monitor answers; raises `WatchroomError`."""
    try:
        return client.ask(path, asked)
    except Declined as error:
        wrong = QueryError if error.status < 500 and error.words else WatchroomError
        raise wrong(f"{client.url}: {error}") from None
    except NoAnswer as error:
        raise WatchroomError(
            f"{client.url} does not answer: {error}. Name a running monitor with --url, or "
            "what to read with --source"
        ) from None


# -- of files ----------------------------------------------------------------------------------


def of_files(
    inputs: Inputs,
    force_names: tuple[str, ...],
    question: FigureQuestion,
    at: str | None,
    drawing: Drawing | None = None,
) -> tuple[list[FigureRow], str | None]:
    """The rows of what files hold, as of their last day, and the chart where one is to be drawn;
    raises `WatchroomError`."""
    with played(inputs, force_names, at) as query:
        rows = list(AnswerRows(query, question))
        return rows, None if drawing is None else drawing.of_query(query)


@contextmanager
def played(inputs: Inputs, force_names: tuple[str, ...], at: str | None) -> Iterator[Query]:
    """What can be asked of files, once they are read; raises `WatchroomError`."""
    forces = forces_named(force_names)
    with ExitStack() as open_things:
        source = inputs.open(forces if force_names else None)
        play = open_things.enter_context(Play(source, forces))
        stops = open_things.enter_context(Stops())
        live = Live(Monitor(forces), clock := ReplayClock())
        open_things.enter_context(kept_on_disk(live.monitor))
        runner = Embedded(live, stops, clock)
        player = Player(play, runner, stops=stops)
        with progress_bar(player) as progress:
            for _ in player.steps():
                progress()
        for line in (
            *refused_lines(runner.refused, runner.examples),
            *passed_over(source),
        ):
            echo(line, err=True)
        monitor = live.monitor
        yield Query(monitor, *_asked_of(monitor, force_names, forces[0].id, at))


def _asked_of(
    monitor: Monitor, named: tuple[str, ...], first: str, at: str | None
) -> tuple[str, int]:
    """The force that is asked of, and the instant: by default the end of its last day."""
    held = [force for force in monitor.forces if has_records(monitor, force)]
    if named:
        force = first
    elif len(held) == 1:
        (force,) = held
    else:
        what = f"several forces: {', '.join(held)}. Name one with --force" if held else "no records"
        raise QueryError(f"the input has {what}")
    calendar = Calendar(monitor.forces[force].zone)
    last = last_event(monitor, force)
    try:
        end = calendar.end("day", calendar.start("day", last))
        return force, end if at is None else parse_instant(at, calendar.zone)
    except ValueError as error:
        raise QueryError(str(error)) from None

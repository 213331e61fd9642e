"""`watchroom demo`: the monitor at work on a sample, many times as fast as real time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live as Screen
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from streams.alerts.model import Transition
from streams.cli.board import rows_that_fit
from streams.cli.echo import CleanConsole, echo
from streams.cli.options import Address, Seconds, Speed, board_console
from streams.embedded.demo import DEMO_FORCE, HISTORY_WEEKS, Demo
from streams.errors import WatchroomError
from streams.outputs.monitor_server import serve
from streams.outputs.terminal.board import render, summary
from streams.outputs.web.running import Running
from streams.sources.stops import Stopped, Stops

PORT = 8787
EVERY_LINE = 10.0
"""Seconds between the lines that are printed where no terminal is."""


@click.command()
@click.option(
    "--for",
    "seconds",
    type=Seconds(),
    help="End by itself after so long (60s, 5m); default: at the end of the month, or Ctrl-C.",
)
@click.option(
    "--speed",
    type=Speed(),
    default="60",
    show_default=True,
    help="How many times as fast as real time.",
)
@click.option(
    "--web",
    type=Address(),
    metavar="HOST:PORT",
    help=f"Where to serve. Default: port {PORT} here, or any that is free where it is in use.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of all that is simulated.")
@click.option(
    "--history-weeks",
    type=click.IntRange(0, 52),
    default=HISTORY_WEEKS,
    show_default=True,
    help="Weeks read before the start. With fewer it starts sooner, and no alert opens.",
)
def demo(
    seconds: float | None,
    speed: float,
    web: tuple[str, int] | None,
    seed: int,
    history_weeks: int,
) -> None:
    """Show the monitor at work: real crimes, simulated calls and incidents, at 60 times real speed.

    Open the wallboard at the address that is printed. About a minute after the start 999 calls
    surge, and an alert opens: acknowledge it there. It ends by itself some five minutes later.

    The crimes are those of Warwickshire in January 2022 (data.police.uk, Open Government Licence);
    they are published by month, so their days and times are drawn. Calls and incidents are
    simulated. The clock starts on a Friday at six in the evening.

    \b
    Examples:
      watchroom demo
      watchroom demo --for 60s             an hour of event time, then the closing board
      watchroom demo --speed 600 --web 0
    """
    if not speed:
        raise click.BadParameter("a demonstration needs a pace: write 60, not max")
    console = board_console()
    with ExitStack() as opened:
        stops = opened.enter_context(Stops())
        shown = Demo(seed, stops, history_weeks, speed=speed, seconds=seconds)
        handle = _serve(shown, web)
        opened.callback(handle.stop)
        stopped: Stopped | None = None
        try:
            with _bar() as progress:
                for _ in shown.player.catching_up():
                    progress(shown.share_read)
            _say_where(handle)
            opened.enter_context(shown.alerting)
            with _display(shown, handle, console) as tick:
                for _ in shown.player.steps():
                    tick()
        except Stopped as caught:
            stopped = caught
        at = shown.player.clock()
        console.print(render(shown.live.board(DEMO_FORCE, at), console.width))
        echo(f"\nThe demonstration is over: {shown.runner.account().in_words()}")
        if stopped is not None:
            raise click.exceptions.Exit(stopped.exit_code)


def _serve(shown: Demo, web: tuple[str, int] | None) -> Running:
    if web is not None:
        return serve(shown.live, *web)
    try:
        return serve(shown.live, port=PORT)
    except WatchroomError:
        return serve(shown.live, port=0)


def _say_where(handle: Running) -> None:
    echo(f"Open     {handle.url}/   the wallboard; in about three minutes an alert opens there")
    echo(f"Figures  {handle.url}/board.json   or: watchroom board --url {handle.url}")
    echo(f"Metrics  {handle.url}/metrics")
    echo("Stop     Ctrl-C", nl=True)


@contextmanager
def _bar() -> Iterator[Callable[[float], None]]:
    console = CleanConsole(stderr=True)
    if not console.is_terminal:
        yield lambda _share: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Learning what is usual from the weeks before", total=1.0)
        yield lambda share: bar.update(task, completed=share)


@contextmanager
def _display(shown: Demo, handle: Running, console: Console) -> Iterator[Callable[[], None]]:
    """The live board on a terminal; elsewhere a line now and then."""
    if console.is_terminal:
        where = f"Open {handle.url}/ for the wallboard · Ctrl-C stops"

        def drawn() -> RenderableType:
            board = render(shown.live.board(DEMO_FORCE), console.width, rows_that_fit(console))
            return Group(Text(where, style="dim"), board)

        with Screen(console=console, screen=True, get_renderable=drawn, refresh_per_second=1):
            yield lambda: None
        return
    due = time.monotonic()
    shown.alerting.service.subscribe(_print_changes)

    def line() -> None:
        nonlocal due
        if time.monotonic() >= due:
            due += EVERY_LINE
            echo(summary(shown.live.board(DEMO_FORCE)))

    yield line


def _print_changes(made: Sequence[Transition]) -> None:
    """A line of what opens and what ends."""
    for each in made:
        if each.what in ("opened", "resolved"):
            at = each.at.astimezone(each.alert.opened_at.tzinfo)
            echo(f"{at:%H:%M}  Alert {each.what}: {each.alert.words}")

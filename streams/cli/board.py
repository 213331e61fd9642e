"""`watchroom board`: the live board of a running monitor, in the terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import NamedTuple

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live as Screen
from rich.text import Text

from streams.board.model import Board, decode_board
from streams.cli.asking import monitor_at, token_option, url_option
from streams.cli.echo import echo
from streams.cli.options import Seconds, board_console
from streams.errors import NotABoard, WatchroomError
from streams.outputs.monitor_client import Declined, NoAnswer
from streams.outputs.terminal.board import banner, render
from streams.registry import phrases


class Unreachable(WatchroomError):
    """The monitor does not answer, or not with a board."""


class BoardAnswer(NamedTuple):
    """A board, and its JSON as the monitor gave it: a later release may have put more in it."""

    board: Board
    raw: bytes


class Remote:
    """The boards of a monitor, by its address."""

    def __init__(self, url: str, force: str | None, periods: Sequence[str] = ()) -> None:
        self._client = monitor_at(url)
        self._force, self._periods = force, periods

    def fetch(self) -> BoardAnswer:
        """The board now; raises `Unreachable`."""
        url = self._client.url
        try:
            asked = {"force": self._force, "period": self._periods}
            raw = self._client.ask("/board.json", asked)
            return BoardAnswer(decode_board(raw), raw)
        except Declined as error:
            raise Unreachable(f"{url}: {error}") from None
        except NoAnswer as error:
            raise Unreachable(f"{url} does not answer: {error}") from None
        except NotABoard as error:
            raise Unreachable(f"{url} answers, but it is {error}") from None


@click.command()
@url_option
@token_option
@click.option("--force", metavar="FORCE", help="Which force, where the monitor has several.")
@click.option(
    "--period",
    "periods",
    multiple=True,
    metavar="P",
    help="Also show a period: 2021-12, 2021-Q4, 2021/22, R12-2021-12, YTD-2021-12. Repeatable.",
)
@click.option(
    "--compare",
    metavar="NAME,...",
    help="Below the board, once: every indicator in these periods, with comparisons "
    "(see watchroom query).",
)
@click.option("--once", is_flag=True, help="Show it once and end; so too where no terminal is.")
@click.option("--json", "as_json", is_flag=True, help="The board as JSON, once.")
@click.option("--every", type=Seconds(), default="2s", show_default=True, help="How often to look.")
def board(
    url: str,
    force: str | None,
    periods: tuple[str, ...],
    compare: str | None,
    once: bool,
    as_json: bool,
    every: float,
) -> None:
    """Show the live board of a running monitor. Ctrl-C ends it.

    \b
    Examples:
      watchroom board
      watchroom board --url http://127.0.0.1:8080 --force warwickshire --every 5s
      watchroom board --once > board.txt
      watchroom board --period 2021-12 --compare previous,last_year,year_to_date
      watchroom board --json | jq .now
    """
    if compare and (as_json or not periods):
        raise click.UsageError("--compare is of a --period; as JSON see watchroom query")
    remote, console = Remote(url, force, periods), board_console()
    if as_json:
        echo(json.dumps(json.loads(remote.fetch().raw), ensure_ascii=False))
    elif once or compare or not console.is_terminal:
        console.print(render(remote.fetch().board, console.width))
        if compare:
            _compare(console, url, force, periods, compare)
    else:
        watch(remote, console, every)


def _compare(
    console: Console, url: str, force: str | None, periods: Sequence[str], compare: str
) -> None:
    """Prints the indicators that are known in some periods, with comparisons."""
    from streams.board.answers import FigureQuestion  # noqa: PLC0415  slow to import
    from streams.cli.query import WhereAsked, of_monitor  # noqa: PLC0415
    from streams.outputs.figures_shown import figures  # noqa: PLC0415

    names = tuple(filter(None, map(str.strip, compare.split(","))))
    rows = of_monitor(url, WhereAsked(force, None), FigureQuestion((), periods, compare=names))
    console.print()
    console.print(figures([row for row in rows if row.known], names))


def rows_that_fit(console: Console) -> int:
    """How many rows by category leave the rest of the board on the screen."""
    return max(3, min(12, console.height - 36))


def watch(remote: Remote, console: Console, every: float) -> None:
    """Draws the board again and again, until Ctrl-C."""
    last: Board | None = None
    heard = time.monotonic()
    with Screen(console=console, screen=True, auto_refresh=False) as screen:
        while True:
            started = time.monotonic()
            lost = None
            try:
                last, heard = remote.fetch().board, time.monotonic()
            except Unreachable as error:
                since = phrases.duration(int(time.monotonic() - heard))
                lost = f"NO CONNECTION for {since}: {error}"
            screen.update(_drawn(console, last, lost), refresh=True)
            time.sleep(max(0.1, every - (time.monotonic() - started)))


def _drawn(console: Console, last: Board | None, lost: str | None) -> RenderableType:
    if last is None:
        hint = Text("It is tried again until Ctrl-C. Does the monitor run, and on this port?")
        return Group(banner(lost or ""), hint)
    if lost is not None:
        lost += ". THE FIGURES BELOW ARE OLD"
    return render(last, console.width, rows_that_fit(console), lost)

"""`watchroom board`: the live board of a running monitor, in the terminal."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live as Screen
from rich.text import Text

from streams.cli.options import Seconds, board_console
from streams.errors import WatchroomError
from streams.outputs.terminal import banner, render
from streams.registry import phrases

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
PATIENCE = 10.0
"""Seconds that an answer may take."""


class Unreachable(WatchroomError):
    """The monitor does not answer, or not with a board."""


class Remote:
    """The boards of a monitor, by its address."""

    def __init__(self, url: str, force: str | None) -> None:
        url = url if "://" in url else f"http://{url}"
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise click.BadParameter(f'"{url}" is no address: write http://127.0.0.1:8787')
        self.url = url.rstrip("/")
        query = f"?{urllib.parse.urlencode({'force': force})}" if force else ""
        self._address = f"{self.url}/board.json{query}"
        # What runs on this machine is not asked for through a proxy.
        proxies = urllib.request.ProxyHandler({} if parts.hostname in LOOPBACK else None)
        self._opener = urllib.request.build_opener(proxies)

    def fetch(self) -> dict[str, Any]:
        """The board now; raises `Unreachable`."""
        try:
            with self._opener.open(self._address, timeout=PATIENCE) as answer:
                board: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise Unreachable(f"{self.url}: {_words_of(error)}") from None
        except (OSError, ValueError) as error:
            cause = getattr(error, "reason", error)
            why = getattr(cause, "strerror", None) or cause
            raise Unreachable(f"{self.url} does not answer: {why}") from None
        if "windows" not in board:
            raise Unreachable(f"{self.url} answers, but not with a board")
        return board


def _words_of(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"answers {error.code}"


@click.command()
@click.option(
    "--url", default="http://127.0.0.1:8787", show_default=True, help="The monitor's web address."
)
@click.option("--force", metavar="FORCE", help="Which force, where the monitor has several.")
@click.option("--once", is_flag=True, help="Show it once and end; so too where no terminal is.")
@click.option("--json", "as_json", is_flag=True, help="The board as JSON, once.")
@click.option("--every", type=Seconds(), default="2s", show_default=True, help="How often to look.")
def board(url: str, force: str | None, once: bool, as_json: bool, every: float) -> None:
    """Show the live board of a running monitor. Ctrl-C ends it.

    \b
    Examples:
      watchroom board
      watchroom board --url http://127.0.0.1:8080 --force warwickshire --every 5s
      watchroom board --once > board.txt
      watchroom board --json | jq .now
    """
    remote, console = Remote(url, force), board_console()
    if as_json:
        click.echo(json.dumps(remote.fetch(), ensure_ascii=False))
    elif once or not console.is_terminal:
        console.print(render(remote.fetch(), console.width))
    else:
        watch(remote, console, every)


def rows_that_fit(console: Console) -> int:
    """How many rows by category leave the rest of the board on the screen."""
    return max(3, min(12, console.height - 36))


def watch(remote: Remote, console: Console, every: float) -> None:
    """Draws the board again and again, until Ctrl-C."""
    last: dict[str, Any] | None = None
    heard = time.monotonic()
    with Screen(console=console, screen=True, auto_refresh=False) as screen:
        while True:
            started = time.monotonic()
            lost = None
            try:
                last, heard = remote.fetch(), time.monotonic()
            except Unreachable as error:
                since = phrases.duration(int(time.monotonic() - heard))
                lost = f"NO CONNECTION for {since}: {error}"
            screen.update(_drawn(console, last, lost), refresh=True)
            time.sleep(max(0.1, every - (time.monotonic() - started)))


def _drawn(console: Console, last: dict[str, Any] | None, lost: str | None) -> RenderableType:
    if last is None:
        hint = Text("It is tried again until Ctrl-C. Does the monitor run, and on this port?")
        return Group(banner(lost or ""), hint)
    if lost is not None:
        lost += ". THE FIGURES BELOW ARE OLD"
    return render(last, console.width, rows_that_fit(console), lost)

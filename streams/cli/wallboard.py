"""`watchroom wallboard`: one address for the wallboards of several workers."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from streams.cli.echo import echo
from streams.cli.options import Address, log_to_stderr
from streams.cli.serving import serving_options
from streams.sources.stops import Stopped, Stops, rest

if TYPE_CHECKING:
    from streams.outputs.sign_in.access import Access


class WorkerAddress(click.ParamType):
    """`http://HOST:PORT` of a worker."""

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address without a slash at its end."""
        try:
            parts = urlsplit(value)
            known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # a port that is none
            known = False
        if not known or parts.path.strip("/") or parts.query or parts.fragment:
            self.fail(
                f'"{value}" is no address of a worker: write http://worker-1:8787', param, ctx
            )
        return value.rstrip("/")


@click.command(short_help="Serve all workers' wallboards at one address.")
@click.option(
    "--worker",
    "workers",
    type=WorkerAddress(),
    multiple=True,
    required=True,
    metavar="URL",
    help="A worker's --web address; repeat it for every worker.",
)
@click.option(
    "--web",
    type=Address(),
    default="127.0.0.1:8787",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to serve; port 0 takes any that is free.",
)
@click.option(
    "--public",
    is_flag=True,
    help="Serve the screen that the public sees in place of the wallboard: a few figures, and no "
    "small number among them (docs/public.md). Nobody signs in to it.",
)
@click.option(
    "--suppress-below",
    "below",
    type=click.IntRange(3),
    default=5,
    show_default=True,
    help="With --public: counts above 0 and below this are not shown.",
)
@serving_options
def wallboard(
    workers: tuple[str, ...],
    web: tuple[str, int],
    public: bool,
    below: int,
    access: Callable[[], Access],
) -> None:
    """Serve the wallboard of every force at one address, whichever worker has it.

    Workers share the forces and take over from one another. This asks each of them every second
    which forces it has, and passes on what a browser asks: pages, figures, events, and what a
    person does about an alert. It keeps nothing and needs no Kafka; start as many as you like.

    \b
    Examples:
      watchroom wallboard --worker http://worker-1:8787 --worker http://worker-2:8787
      watchroom wallboard --worker http://10.0.0.5:8787 --web 0.0.0.0:8080 --sign-in sign-in.toml
      watchroom wallboard --worker http://worker-1:8787 --web 0.0.0.0:8080 --public

    \b
    Exit codes:
      0    ended by SIGTERM
      1    the address of --web can't be had, or nobody would be asked who they are
      2    an option is wrong
      130  ended by Ctrl-C
    """
    log_to_stderr(logging.WARNING)
    from streams.outputs.front.server import serve_front  # noqa: PLC0415 - slow to import, and help is not
    from streams.outputs.public.screen import serve_public  # noqa: PLC0415

    with Stops():
        handle = None
        try:
            urls = list(dict.fromkeys(workers))
            if public:
                handle = serve_public(urls, below, *web, access())
            else:
                handle = serve_front(urls, *web, access())
            echo(f"Wallboard {handle.url}/", err=True)
            rest()
        except Stopped as stopped:
            if stopped.exit_code == 128 + signal.SIGINT:
                raise click.exceptions.Exit(stopped.exit_code) from None
        finally:
            if handle is not None:
                handle.stop()

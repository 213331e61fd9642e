"""`watchroom ingest`: events over HTTP into Kafka."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from pathlib import Path

import click

from streams.cli.echo import echo
from streams.cli.options import (
    Address,
    Command,
    broker_option,
    forces_named,
    forces_option,
    log_to_stderr,
    prefix_option,
)
from streams.cli.serving import access_of, tls_options
from streams.ingest.content import Most
from streams.sources.stops import Stopped, Stops, rest

FILE = click.Path(dir_okay=False, path_type=Path)
USUAL = Most()


def _most(option: str, usual: int, words: str) -> Callable[[Command], Command]:
    return click.option(
        option, type=click.IntRange(1), default=usual, show_default=True, help=words
    )


@click.command(short_help="Take events over HTTP, and send them to Kafka.")
@click.option(
    "--ingest-tokens",
    "tokens",
    type=FILE,
    required=True,
    envvar="WATCHROOM_INGEST_TOKENS",
    show_envvar=True,
    help="The file of tokens: watchroom token add NAME --sends FORCE --file FILE.",
)
@click.option(
    "--web",
    type=Address(),
    default="127.0.0.1:8788",
    show_default=True,
    metavar="HOST:PORT",
    help="Where events are taken; port 0 takes any that is free.",
)
@broker_option
@forces_option
@prefix_option
@tls_options
@click.option(
    "--insecure",
    is_flag=True,
    help="Take tokens without TLS on another address than loopback: who listens on the network can "
    "read and use them.",
)
@_most("--most-bytes", USUAL.sent, "Bytes of a request as it is sent; unpacked four times as many.")
@_most("--most-lines", USUAL.lines, "Events of a request.")
@_most("--lines-a-minute", USUAL.lines_a_minute, "Events that a token may send in a minute.")
@_most(
    "--bytes-a-minute", USUAL.bytes_a_minute, "Bytes, unpacked, that a token may send in a minute."
)
@_most("--requests-a-minute", USUAL.requests_a_minute, "Requests of a token in a minute.")
def ingest(  # noqa: PLR0913, PLR0917  one argument an option
    tokens: Path,
    web: tuple[str, int],
    broker: str,
    force_names: tuple[str, ...],
    prefix: str,
    tls_certificate: Path | None,
    tls_key: Path | None,
    insecure: bool,
    most_bytes: int,
    most_lines: int,
    lines_a_minute: int,
    bytes_a_minute: int,
    requests_a_minute: int,
) -> None:
    """Take events by POST /events from systems that can't speak Kafka, and send them there.

    A request holds events as NDJSON or as a JSON array, and a token that may send those of one
    force. The answer says of each line whether it is stored or why it is refused; it comes when all
    in-sync replicas have the lines. What is sent twice counts once. Nothing else is served here.
    Without Kafka, watchroom run --ingest-tokens takes events in the same way.

    \b
    Examples:
      watchroom token add telephony --sends warwickshire --file senders.json
      watchroom ingest --ingest-tokens senders.json --force warwickshire
      watchroom ingest --ingest-tokens senders.json --web 0.0.0.0:8788 \\
          --tls-certificate ingest.pem --tls-key ingest.key

    \b
    Exit codes:
      0    ended by SIGTERM
      1    the brokers or the address of --web can't be had
      2    an option, a force file or the file of tokens is wrong
      130  ended by Ctrl-C
    """
    log_to_stderr(logging.WARNING)
    from streams.ingest.into_kafka import KafkaStore  # noqa: PLC0415 - slow to import
    from streams.ingest.server import serve_ingest  # noqa: PLC0415 - slow to import

    forces = forces_named(force_names)
    access = access_of(None, tls_certificate, tls_key, insecure=insecure)
    most = Most(
        sent=most_bytes,
        unpacked=4 * most_bytes,
        lines=most_lines,
        lines_a_minute=max(lines_a_minute, most_lines),
        bytes_a_minute=max(bytes_a_minute, 4 * most_bytes),
        requests_a_minute=requests_a_minute,
    )
    with Stops():
        store = handle = None
        try:
            store = KafkaStore(broker, prefix.rstrip("."), forces)
            handle = serve_ingest(store, tokens, *web, most, access)
            echo(f"Events {handle.url}/events", err=True)
            rest()
        except Stopped as stopped:
            if stopped.exit_code == 128 + signal.SIGINT:
                raise click.exceptions.Exit(stopped.exit_code) from None
        finally:
            if handle is not None:
                handle.stop()
            if store is not None:
                store.close()

"""`watchroom worker`: monitor Kafka topics with Faust."""

from __future__ import annotations

import hashlib
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.cli.options import (
    broker_option,
    forces_option,
    log_to_stderr,
    prefix_option,
    topic_prefixes_option,
)
from streams.cli.serving import serving_options
from streams.config.force import find_force, shipped_forces

if TYPE_CHECKING:
    from streams.outputs.sign_in.access import Access


@click.command(short_help="Monitor Kafka topics with Faust.")
@broker_option
@forces_option
@click.option(
    "--checkpoints",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("checkpoints"),
    show_default=True,
    help="The folder for this worker's checkpoints. Each worker needs one of its own.",
)
@click.option(
    "--web",
    default="127.0.0.1:8787",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to serve metrics, board and health; port 0 takes any, 'off' serves nothing.",
)
@serving_options
@prefix_option
@topic_prefixes_option
@click.option(
    "--group",
    default="watchroom",
    show_default=True,
    help="The consumer group: workers of one group share the partitions.",
)
@click.option(
    "--instance-id",
    metavar="NAME",
    help="This worker's lasting name in the group: one that comes back within 6 seconds takes up "
    "where it left off. By default made from the machine's name and the checkpoints folder.",
)
@click.option(
    "--every",
    type=click.FloatRange(0.1, 60),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often changes are saved and acknowledged.",
)
@click.option(
    "--behind",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    metavar="MESSAGES",
    help="The lag above which the worker says that it is behind, and is not ready.",
)
@click.option(
    "--no-surveillance",
    is_flag=True,
    help="Count only: no detector watches the measures, and no signal is made of them.",
)
@click.option("-v", "--verbose", is_flag=True, help="Also log what Faust and the clients say.")
def worker(  # noqa: PLR0913, PLR0917 - an option each
    broker: str,
    force_names: tuple[str, ...],
    checkpoints: Path,
    web: str,
    prefix: str,
    topic_prefixes: tuple[str, ...],
    group: str,
    instance_id: str | None,
    every: float,
    behind: int,
    *,
    no_surveillance: bool,
    verbose: bool,
    access: Callable[[], Access],
) -> None:
    """Count the events of the Kafka topics and serve the live figures.

    Run as many as you like: workers of one group share the partitions, and take over from one
    another. SIGTERM and Ctrl-C end a worker in good order. One that ends otherwise loses nothing;
    have it started again (systemd, Docker and Kubernetes all can).

    \b
    Examples:
      watchroom worker --force warwickshire --force west-mercia
      watchroom worker --broker kafka1:9092,kafka2:9092 --checkpoints /var/lib/watchroom/1
      watchroom worker --force mine.toml --web 127.0.0.1:8080 --group trial --prefix trial
      watchroom worker --topic-prefix warwickshire --topic-prefix west-mercia
      watchroom worker --web 0.0.0.0:8787 --sign-in /etc/watchroom/sign-in.toml
    """
    log_to_stderr(logging.INFO if verbose else logging.WARNING)
    if not verbose:  # of brokers that are away it tells thirty times a second, on every level
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    address = _address(web)
    reached = None if address is None else access()
    if address is not None and reached is not None:
        reached.admit(address[0])  # told now, and not once the brokers have answered
    from streams.kafka.inputs import forces_in_prefixes, prefixes_named  # noqa: PLC0415
    from streams.kafka.settings import WorkerSettings  # noqa: PLC0415
    from streams.kafka.worker import run_worker  # noqa: PLC0415 - Faust is slow to import

    if instance_id is None:
        place = hashlib.sha256(str(checkpoints.resolve()).encode()).hexdigest()[:8]
        instance_id = f"{socket.gethostname()}-{place}"
    names = force_names or forces_in_prefixes(topic_prefixes) or shipped_forces()
    forces = tuple(find_force(name) for name in names)
    run_worker(
        WorkerSettings(
            brokers=broker,
            forces=forces,
            checkpoints=checkpoints,
            prefix=prefix.rstrip("."),
            topic_prefixes=prefixes_named(topic_prefixes, forces),
            group=group,
            instance_id=instance_id,
            web=address,
            access=reached,
            every=every,
            behind=behind,
            surveillance=not no_surveillance,
        )
    )


def _address(text: str) -> tuple[str, int] | None:
    if text == "off":
        return None
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise click.BadParameter(f'"{text}" is no HOST:PORT, such as 0.0.0.0:8080, nor "off"')
    return host.strip("[]") or "127.0.0.1", int(port)

"""What several commands share: their options, and the types of these."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from streams.cli.echo import CleanConsole
from streams.config.force import Force, find_force, shipped_forces
from streams.errors import ConfigError
from streams.outputs.public_url import PUBLIC_URL_VARIABLE as PUBLIC_URL
from streams.outputs.public_url import checked
from streams.printing import LogFormatter

Command = TypeVar("Command", bound=Callable[..., Any])

PREFIX = "watchroom"
BROKERS: dict[str, Any] = {
    "envvar": "WATCHROOM_BOOTSTRAP",
    "default": "localhost:9092",
    "show_default": True,
    "show_envvar": True,
    "metavar": "HOST:PORT,...",
    "help": "The Kafka brokers. Secured ones: WATCHROOM_KAFKA_..., see docs/kafka.md.",
}

broker_option = click.option("--broker", **BROKERS)


class Prefix(click.ParamType):
    """What topic names may start with: what Kafka takes in a name, with room for the rest of it.
    With `more`, something may follow after `=`."""

    name = "prefix"

    def __init__(self, *, more: bool = False) -> None:
        self.more = more

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it is."""
        text = str(value)
        prefix = text.partition("=")[0].strip() if self.more else text
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,200}", prefix) or not prefix.strip("."):
            self.fail(
                f'"{prefix}" can\'t begin the name of a topic: Kafka takes letters, digits, ".", '
                '"_" and "-", here at most 200',
                param,
                ctx,
            )
        return text


prefix_option = click.option(
    "--prefix",
    type=Prefix(),
    default=PREFIX,
    show_default=True,
    help="What topic names start with.",
)
topic_prefixes_option = click.option(
    "--topic-prefix",
    "topic_prefixes",
    type=Prefix(more=True),
    multiple=True,
    metavar="PREFIX[=FORCE,...]",
    help="What the names of input topics start with that are of some forces alone, by default of "
    "the one whose id it ends in; may be repeated. Results stay in the topics of --prefix.",
)
dead_letters_option = click.option(
    "--dead-letters",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("refused.ndjson"),
    show_default=True,
    help="The file that refused rows are appended to.",
)


def log_to_stderr(level: int) -> None:
    """Has this process log on standard error what happens, from a level on; what Watchroom itself
    says from `INFO` on."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter("%(asctime)s %(levelname)-7s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("watchroom").setLevel(logging.INFO)


def _forces_option(otherwise: str) -> Callable[[Command], Command]:
    return click.option(
        "--force",
        "force_names",
        multiple=True,
        metavar="ID|FILE",
        help=f"A force, by id or TOML file; may be repeated. {otherwise}",
    )


forces_option = _forces_option("By default every shipped force.")
"""The forces of a command, for `forces_named`."""
more_forces_option = _forces_option("The shipped forces are always known.")
"""Forces beside those that are shipped, for `forces_known`."""


def answer_options(command: Command) -> Command:
    """Adds as of when an answer is (`at`), and how it is written (`form`)."""
    written = click.option(
        "--format",
        "form",
        type=click.Choice(["table", "csv", "json"]),
        default="table",
        show_default=True,
        help="How the answer is written.",
    )
    as_of = click.option(
        "--at", metavar="TIME", help="As of when; of files by default their last day."
    )
    return as_of(written(command))


class Seconds(click.ParamType):
    """A length of time: `90`, `90s`, `5m`, `1h`; as seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The seconds."""
        if isinstance(value, int | float):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h)?", value.strip())
        if found is None or float(found[1]) <= 0:
            self.fail(f'"{value}" is no length of time: write 2s, 5m or 1h', param, ctx)
        return float(found[1]) * {None: 1, "s": 1, "m": 60, "min": 60, "h": 3600}[found[2]]


class Speed(click.ParamType):
    """`max`, or how many times as fast as the wall clock; None for max."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The factor; 0 for max, since click takes None for an option that is not given."""
        if isinstance(value, int | float):
            return float(value)
        if value == "max":
            return 0.0
        found = re.fullmatch(r"(\d+(?:\.\d+)?)x?", value.strip())
        if found is None or float(found[1]) <= 0:
            self.fail(f'"{value}" is no speed: write 1, 60, or max', param, ctx)
        return float(found[1])


class Address(click.ParamType):
    """`HOST:PORT`, or a port alone, which is then on loopback."""

    name = "host:port"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """(host, port)."""
        if isinstance(value, tuple):
            return value
        host, _, port = value.rpartition(":")
        if not port.isdigit() or int(port) > 65535:
            self.fail(f'"{value}" is no address: write 127.0.0.1:8080, or a port alone', param, ctx)
        return host.strip("[]") or "127.0.0.1", int(port)


def board_console() -> Console:
    """Where a board is printed: the terminal, or 100 columns where there is none."""
    console = CleanConsole()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 100
    return console


def public_address(
    context: click.Context, option: click.Parameter, value: str | None
) -> str | None:
    """The value of an option with the address of the wallboard; raises `ConfigError`, which names
    the option, or the variable where the value is from there."""
    if value is None:
        return None
    source = context.get_parameter_source(option.name or "")
    named = source is click.core.ParameterSource.ENVIRONMENT
    return checked(value, PUBLIC_URL if named else option.opts[0])


public_url_option = click.option(
    "--public-url",
    envvar=PUBLIC_URL,
    show_envvar=True,
    metavar="URL",
    callback=public_address,
    help="The address by which people reach the wallboard: messages about alerts link to it.",
)


def forces_named(names: tuple[str, ...]) -> list[Force]:
    """The forces of `--force`, or all that are shipped; raises `ConfigError`."""
    forces = [find_force(name) for name in names or shipped_forces()]
    twice = {force.id for force in forces if [f.id for f in forces].count(force.id) > 1}
    if twice:
        raise ConfigError(f'--force names "{min(twice)}" twice')
    return forces


def forces_known(named: Iterable[Force]) -> dict[str, Force]:
    """The shipped forces and those that are named, by id; raises `ConfigError`."""
    return {force.id: force for force in (*map(find_force, shipped_forces()), *named)}

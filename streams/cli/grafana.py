"""`watchroom grafana`: make the dashboards, and publish them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from grafana.settings import BROWSER, with_wallboard, with_zone, zone_of
from streams.cli.asking import token_given
from streams.cli.echo import echo
from streams.cli.options import public_address
from streams.config.force import Force, find_force
from streams.errors import ConfigError, WatchroomError
from streams.outputs.public_url import PUBLIC_URL_VARIABLE


def _settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where the dashboards differ between installations."""
    return click.option(
        "--wallboard",
        envvar=PUBLIC_URL_VARIABLE,
        show_envvar=True,
        metavar="URL",
        callback=public_address,
        help="Where people reach the wallboard: dashboards and open alerts link to it.",
    )(command)


def _zone(forces: Sequence[Force]) -> str | None:
    """The time zone that the dashboards are to have; None: that which they have."""
    if not forces:
        return None
    zone = zone_of(forces)
    if zone == BROWSER:
        zones = ", ".join(sorted({force.file.timezone for force in forces}))
        echo(f"The forces are in {zones}: times are those of whoever looks.", err=True)
    return zone


@click.group()
def grafana() -> None:
    """Dashboards: made from the registry of measures, and published to a Grafana.

    \b
    Examples:
      watchroom grafana push --grafana http://localhost:3000 --token-file token
      watchroom grafana push --grafana https://grafana.example --force warwickshire
      watchroom grafana generate --check
    """


@grafana.command()
@click.option("--check", is_flag=True, help="Write nothing; fail where a file is out of date.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to, in place of the package's own.",
)
@click.option(
    "--force",
    "force_names",
    multiple=True,
    metavar="ID|FILE",
    help="Whose time zone the dashboards have; may be repeated. By default that of the shipped "
    "forces; that of whoever looks where they are in several.",
)
@_settings
def generate(
    *, check: bool, output: Path | None, force_names: tuple[str, ...], wallboard: str | None
) -> None:
    """Write the dashboards as JSON.

    Needed for files with the time zone of another force or the address of your wallboard, and after
    a change of the code: the package holds the others as they are now.

    \b
    Examples:
      watchroom grafana generate
      watchroom grafana generate --check
      watchroom grafana generate --output dashboards --force my-force.toml \\
        --wallboard https://watchroom.example.org
    """
    if find_spec("grafana_foundation_sdk") is None:
        raise WatchroomError(
            "the grafana-foundation-sdk is not installed. Install it: pip install "
            "'watchroom[grafana]'"
        )
    from grafana import generate as making  # noqa: PLC0415 - only this command needs the SDK
    from grafana.committed import GENERATED  # noqa: PLC0415

    folder = output or GENERATED
    zone = _zone([find_force(name) for name in force_names])
    try:
        texts = making.texts(zone=zone, wallboard=wallboard)
        changed = making.differing(folder, texts) if check else making.write(folder, texts)
    except OSError as error:
        raise WatchroomError(f"{folder} can't be written: {error.strerror}") from error
    for name in changed:
        echo(f"{name}: {'out of date' if check else 'written'}")
    if not changed:
        echo(f"{folder}: all is up to date")
    elif check:
        raise WatchroomError("the dashboards are not current. Run: watchroom grafana generate")


@grafana.command()
@click.option(
    "--grafana",
    envvar="WATCHROOM_GRAFANA_URL",
    default="http://localhost:3000",
    show_default=True,
    show_envvar=True,
    help="The address of Grafana, with the path that it is served under.",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the token of a service account; else WATCHROOM_GRAFANA_TOKEN is read.",
)
@click.option(
    "--data-source",
    metavar="UID",
    help="The Prometheus that the dashboards show at first; else Grafana's default.",
)
@click.option(
    "--force",
    "force_names",
    multiple=True,
    metavar="ID|FILE",
    help="Publish the change points of this force too, and have the dashboards in its time zone; "
    "may be repeated.",
)
@click.option(
    "--url",
    "monitor",
    metavar="URL",
    help="A running monitor, whose changes of level are published too. Where people sign in there, "
    "set WATCHROOM_TOKEN or WATCHROOM_TOKEN_FILE.",
)
@_settings
@click.option("--quiet", is_flag=True, help="Print only what was changed.")
def push(
    grafana: str,
    token_file: Path | None,
    data_source: str | None,
    force_names: tuple[str, ...],
    monitor: str | None,
    wallboard: str | None,
    *,
    quiet: bool,
) -> None:
    """Publish the folder, the dashboards and the change points to a Grafana.

    Safe to repeat: only what differs is written. The token is that of a service account with the
    role Editor, read from the environment variable WATCHROOM_GRAFANA_TOKEN or from a file, so that
    it stands in no list of processes.

    \b
    Examples:
      watchroom grafana push --token-file /run/secrets/grafana
      watchroom grafana push --force warwickshire --url http://localhost:8787
      watchroom grafana push --force my-force.toml --wallboard https://watchroom.example.org
      watchroom grafana push --grafana https://example.org/grafana --data-source prometheus
    """
    from grafana import change_points, committed, publish  # noqa: PLC0415 - help is quick
    from grafana.client import Grafana  # noqa: PLC0415

    if monitor and not force_names:
        raise click.UsageError("--url needs --force: whose change points?")
    forces = [find_force(name) for name in force_names]
    points = {
        force.id: [
            *change_points.of_force(force),
            *(change_points.from_monitor(monitor, force.id, token_given()) if monitor else ()),
        ]
        for force in forces
    }
    server = Grafana(grafana, _token(token_file))

    def report(step: publish.Step) -> None:
        if not quiet or step.done != "unchanged":
            echo(f"{step.what} {step.name}: {step.done}")

    if data_source:
        publish.require_data_source(server, data_source)
    publish.publish_folder(server, report)
    zone = _zone(forces)
    for dashboard in committed.dashboards():
        chosen = publish.with_data_source(dashboard, data_source) if data_source else dashboard
        chosen = with_zone(chosen, zone) if zone else chosen
        chosen = with_wallboard(chosen, wallboard) if wallboard else chosen
        publish.publish_dashboard(server, chosen, report)
    for name, known in points.items():
        publish.publish_changes(server, name, known, report)


def _token(path: Path | None) -> str:

    token = (
        path.read_text(errors="replace").strip()
        if path
        else os.environ.get("WATCHROOM_GRAFANA_TOKEN", "")
    )
    if not token.strip():
        where = f"{path} is empty" if path else "no token is given"
        cure = "Set WATCHROOM_GRAFANA_TOKEN, or name a file with --token-file"
        raise ConfigError(where, cure=cure)
    if not token.isascii() or any(letter.isspace() for letter in token.strip()):
        raise ConfigError("the token is no token", cure="It is one line, as Grafana shows it once")
    return token.strip()

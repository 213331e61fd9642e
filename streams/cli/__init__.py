"""The command line: `watchroom COMMAND`.

Each command stands in a module of its own, which is imported only when the command is used: help is
quick, and the terminal board needs none of what a worker needs.
"""

from __future__ import annotations

import errno
import logging
import signal
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, NamedTuple, cast

import click

from streams.errors import WatchroomError
from streams.printing import LogFormatter, masked, printable

INTERRUPTED = 128 + signal.SIGINT
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""A disk, a quota or a file that is full."""


class Lazy(NamedTuple):
    """Where a command is: module, attribute, and its line in the list of commands."""

    module: str
    attribute: str
    summary: str


COMMANDS: dict[str, Lazy] = {
    "demo": Lazy("streams.cli.demo", "demo", "Show the monitor at work on a sample."),
    "run": Lazy("streams.cli.run", "run", "Monitor files or standard input in this process."),
    "replay": Lazy("streams.cli.replay", "replay", "Replay history, at any speed."),
    "worker": Lazy("streams.cli.worker", "worker", "Monitor Kafka topics with Faust."),
    "wallboard": Lazy(
        "streams.cli.wallboard", "wallboard", "Serve all workers' wallboards at one address."
    ),
    "board": Lazy("streams.cli.board", "board", "Show a running monitor in the terminal."),
    "query": Lazy("streams.cli.query", "query", "Ask for any figure, with comparisons."),
    "flags": Lazy("streams.cli.flags", "flags", "List what stands out in a month, beyond chance."),
    "report": Lazy("streams.cli.report", "report", "Write a performance summary."),
    "backtest": Lazy("streams.cli.backtest", "backtest", "Try settings of alerts on a history."),
    "segments": Lazy("streams.cli.segments", "segments", "Find where a history changed."),
    "publish": Lazy("streams.cli.publish", "publish", "Send files to Kafka."),
    "ingest": Lazy("streams.cli.ingest", "ingest", "Take events over HTTP, into Kafka."),
    "convert": Lazy("streams.cli.convert", "convert", "Write events from any file, without Kafka."),
    "simulate": Lazy("streams.cli.simulate", "simulate_", "Make up a force, live."),
    "doctor": Lazy("streams.cli.doctor", "doctor", "Find what is wrong, each with its cure."),
    "topics": Lazy("streams.cli.topics", "topics", "Create and check the Kafka topics."),
    "deadletter": Lazy("streams.cli.deadletter", "deadletter", "List and retry what was refused."),
    "calibrate": Lazy("streams.cli.calibrate", "calibrate", "Keep a budget of false alarms."),
    "detect": Lazy("streams.cli.detect", "detect", "Try a detector on a column of figures."),
    "backup": Lazy("streams.cli.backup", "backup", "Save what is not in the input log."),
    "restore": Lazy("streams.cli.backup", "restore", "Put a backup back."),
    "alerts": Lazy("streams.cli.alerts", "alerts", "List alerts, take them and close them."),
    "token": Lazy("streams.cli.token", "token", "Give tokens to persons, list and remove them."),
    "notify": Lazy("streams.cli.notify", "notify", "Test whether notifications arrive."),
    "mapping": Lazy("streams.cli.mapping", "mapping", "Draft and check what columns mean."),
    "force": Lazy("streams.cli.force", "force", "List, show and check force files."),
    "rules": Lazy("streams.cli.rules", "rules", "Write the rules of Prometheus."),
    "backfill": Lazy("streams.cli.backfill", "backfill", "Write history for Prometheus."),
    "grafana": Lazy("streams.cli.grafana", "grafana", "Make and publish the dashboards."),
    "measures": Lazy("streams.cli.measures", "measures", "Say what is measured, and how."),
    "schemas": Lazy("streams.cli.schemas", "schemas", "Write the JSON Schemas of the events."),
}


class ShownError(click.ClickException):
    """A Watchroom error as click shows one: `Error: ...` on standard error, no traceback."""

    def __init__(self, error: WatchroomError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        lazy = COMMANDS.get(cmd_name)
        if lazy is None:
            return None
        if find_spec(lazy.module) is None:
            raise WatchroomError(f'"{cmd_name}" is not part of this installation')
        command = getattr(import_module(lazy.module), lazy.attribute)
        return cast("click.Command", command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; what a user can cure is said in plain words, with its exit code."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:  # an option that is wrong is shown as it was given
            error.message = printable(masked(error.message))
            raise
        except WatchroomError as error:
            raise ShownError(error) from error
        except OSError as error:
            if error.errno not in FULL:
                raise
            place = f"{error.filename} " if error.filename else "what this command writes "
            full = WatchroomError(f"{place}can't be written: {error.strerror}. Make room there")
            raise ShownError(full) from error
        except KeyboardInterrupt as stopped:  # also SIGTERM, of `streams.sources.stops.Stopped`
            ctx.exit(getattr(stopped, "exit_code", INTERRUPTED))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Each command has its own --help, with examples. Exit codes: 0 done; 1 it could not be "
    "done, or what was looked at is wrong; 2 an option or a file of yours is wrong; 3 much of the "
    "input was refused; 130 Ctrl-C. All of them, and what is read of the environment: "
    "docs/commands.md.",
)
@click.version_option(version("watchroom"), prog_name="watchroom")
def main() -> None:
    """Watch a control room's calls, incidents and crimes live.

    \b
    Examples:
      watchroom demo                          a sample at 60 times real speed
      watchroom run events.ndjson             files, in this process
      watchroom worker --force warwickshire   Kafka
      watchroom board                         the live board in the terminal
    """
    if logging.lastResort is not None:  # what a command tells that sets up no log of its own
        logging.lastResort.setFormatter(LogFormatter())

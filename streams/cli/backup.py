"""`watchroom backup` and `watchroom restore`: what is not in the input log, in one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import click

from streams.cli.echo import echo
from streams.cli.options import (
    BROKERS,
    Command,
    forces_known,
    forces_named,
    more_forces_option,
    prefix_option,
    topic_prefixes_option,
)
from streams.periods import rfc3339
from streams.sources.clock import wall_clock
from streams.state.backup import (
    PARTS,
    STATE_VERSION,
    Backup,
    BackupEntry,
    BackupHead,
    BackupPart,
    learned,
    write,
)

NAMES: dict[BackupPart, str] = {
    "alerts": "entries about alerts and handovers",
    "published": "published figures of sealed periods",
    "learned": "parts of what detectors have learned",
    "calibration": "answers of calibrations",
}
EVERY = 10_000
"""Entries after which it is said how many there are so far."""

_broker = click.option(
    "--broker",
    **{name: value for name, value in BROKERS.items() if not name.endswith("default")},
)


def _state(help_: str) -> Callable[[Command], Command]:
    return click.option("--state", type=click.Path(file_okay=False, path_type=Path), help=help_)


class _Progress:
    """Says how many entries there are, as they come."""

    def __init__(self) -> None:
        self.counts: Counter[BackupPart] = Counter()

    def __call__(self, part: BackupPart) -> None:
        self.counts[part] += 1
        if not self.counts[part] % EVERY:
            echo(f"{self.counts[part]:,} {NAMES[part]} so far", err=True)


def _say(counts: Counter[BackupPart]) -> None:
    for part in PARTS:
        echo(f"  {counts[part]:,} {NAMES[part]}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_broker
@prefix_option
@_state("The folder of an embedded run; without it and --broker, your own.")
@click.option(
    "--checkpoints",
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="A worker's folder, for what detectors have learned. Repeatable.",
)
def backup(
    file: Path, broker: str | None, prefix: str, state: Path | None, checkpoints: tuple[Path, ...]
) -> None:
    """Write what is not in the input log into FILE: alerts with what people did about them, and
    handovers; published figures of sealed days; what detectors have learned; calibrations.

    From the Kafka topics with --broker, from the folder of an embedded run with --state. Workers
    and monitors may go on meanwhile. FILE is readable by you alone: it may name people.

    \b
    Examples:
      watchroom backup room-2026-11-28.backup
      watchroom backup room.backup --state /var/lib/watchroom
      watchroom backup force.backup --broker kafka1:9092 --checkpoints /var/lib/watchroom/1
    """
    from streams.embedded.alert_database import default_folder  # noqa: PLC0415  slow to import

    if state is None and broker is None:
        state = default_folder()
    of = [f"topics {prefix}.* of {broker}"] if broker is not None else []
    of += [str(folder) for folder in (state, *checkpoints) if folder is not None]
    head = BackupHead(STATE_VERSION, rfc3339(wall_clock()), version("watchroom"), tuple(of))
    progress = _Progress()
    write(file, head, _entries(broker, prefix, state, checkpoints), progress)
    echo(f"{file}: {file.stat().st_size:,} bytes, of {' and '.join(of)}")
    _say(progress.counts)


def _entries(
    broker: str | None, prefix: str, state: Path | None, checkpoints: Iterable[Path]
) -> Iterator[BackupEntry]:
    from streams.embedded import folder_backup  # noqa: PLC0415  slow to import

    if state is not None:
        yield from folder_backup.alerts_in(state)
    if broker is not None:
        from streams.kafka import topic_backup  # noqa: PLC0415  only where there is a broker

        yield from topic_backup.read(broker, prefix)
    for folder in checkpoints:
        yield from learned(folder)
    yield from folder_backup.calibrations()


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Say what is in it and whether it is whole, no more.")
@_broker
@prefix_option
@topic_prefixes_option
@click.option("--group", default="watchroom", show_default=True, help="The workers' group.")
@more_forces_option
@_state("The folder that an embedded run is to find; without it and --broker, your own.")
@click.option(
    "--checkpoints",
    type=click.Path(file_okay=False, path_type=Path),
    help="A worker's folder to be, for what detectors have learned; with --broker.",
)
@click.option("--replace", is_flag=True, help="Put it in the place of what is there.")
def restore(  # noqa: PLR0913, PLR0917  one argument an option
    file: Path,
    check: bool,
    broker: str | None,
    prefix: str,
    topic_prefixes: tuple[str, ...],
    group: str,
    force_names: tuple[str, ...],
    state: Path | None,
    checkpoints: Path | None,
    replace: bool,
) -> None:
    """Put a backup back: into Kafka topics with --broker, into the folder of an embedded run with
    --state.

    FILE is read to its end and checked before anything is written. What is running, and what holds
    alerts already, is refused; --replace sets a folder's alerts aside, and sends those of FILE in
    the place of what the topics hold of the same alerts. Nobody is notified again of what is
    restored. Start workers afterwards: they read it as they take partitions over.

    \b
    Examples:
      watchroom restore room.backup --check
      watchroom restore room.backup --state /var/lib/watchroom
      watchroom topics create --broker kafka2:9092
      watchroom restore force.backup --broker kafka2:9092 --checkpoints /var/lib/watchroom/1
    """
    held = Backup(file)
    echo(f"{file}: made {held.head.made_at} of {' and '.join(held.head.of)}, whole")
    _say(held.counts)
    if check:
        return
    if checkpoints is not None and broker is None:
        raise click.UsageError("--checkpoints are of workers: name their brokers with --broker")
    progress = _Progress()
    done = []
    if broker is not None:
        from streams.kafka.topic_backup import BackupTopics  # noqa: PLC0415  only where there is a broker

        forces = forces_known(forces_named(force_names) if force_names else ())
        target = BackupTopics(broker, prefix, group, forces, topic_prefixes)
        target.check(held, replace=replace)
        if checkpoints is not None:
            target.put_learned(held, checkpoints, progress)
        target.put(held, progress)
        done.append(f"the topics {prefix}.* of {broker}")
    if state is not None or broker is None:
        done.append(_into_folder(held, state, progress, replace=replace))
    from streams.embedded.folder_backup import put_calibrations  # noqa: PLC0415  slow to import

    put_calibrations(held.entries("calibration"), progress)
    echo(f"Restored into {' and '.join(done)}:")
    _say(progress.counts)


def _into_folder(held: Backup, state: Path | None, on_entry: _Progress, *, replace: bool) -> str:
    from streams.embedded.alert_database import default_folder  # noqa: PLC0415  slow to import
    from streams.embedded.folder_backup import put_alerts  # noqa: PLC0415

    folder = default_folder() if state is None else state
    aside = put_alerts(held, folder, on_entry, replace=replace)
    if aside is not None:
        echo(f"What was there is kept as {aside}")
    return str(folder)

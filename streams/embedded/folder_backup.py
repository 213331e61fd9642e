"""The backup of a folder of state (`alerts.db`), and of the answers of calibrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from streams.alerts.model import Alert, Handover, Transition, decode_fact
from streams.embedded.alert_database import FILE_NAME, AlertDatabase, Hold
from streams.embedded.calibration import kept_folder
from streams.errors import CheckpointError, SourceError
from streams.private import private_file, private_folder
from streams.state.backup import Backup, BackupEntry, OnEntry, restored
from streams.state.sqlite import connect_beside, is_locked, set_aside


def entry_of(fact: Transition | Handover, value: bytes) -> BackupEntry:
    """The entry of a fact about alerts."""
    force = fact.force if isinstance(fact, Handover) else fact.alert.force
    return BackupEntry("alerts", force, fact.key, value)


def alerts_in(folder: Path) -> Iterator[BackupEntry]:
    """The transitions and handovers of a folder, as of one instant, which a monitor may be using.
    Raises `SourceError`."""
    path = folder / FILE_NAME
    if not path.exists():
        raise SourceError(f"{folder} holds no alerts ({FILE_NAME}). Name the folder with --state")
    try:
        with closing(connect_beside(path)) as db:
            db.execute("BEGIN")  # until it is closed it sees nothing that comes later
            for query in ("transitions ORDER BY number", "handovers ORDER BY key"):
                for (value,) in db.execute(f"SELECT body FROM {query}"):  # noqa: S608
                    yield entry_of(decode_fact(value), value)
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        cure = "Mend it first: start the monitor, which sets it aside and keeps what can be read"
        if is_locked(error):
            cure = "An earlier version of Watchroom is using it: end that first"
        raise SourceError(f"{path} can't be read ({error}). {cure}") from None


def calibrations() -> Iterator[BackupEntry]:
    """The answers that `watchroom calibrate` keeps."""
    for path in sorted(kept_folder().glob("*.json")):
        yield BackupEntry("calibration", "", path.name, path.read_bytes())


def put_alerts(backup: Backup, folder: Path, on_entry: OnEntry, *, replace: bool) -> Path | None:
    """Puts the alerts of a backup into a folder. Nobody is notified of them again. Returns what was
    there before, where that was to be replaced: it is set aside.

    Raises `CheckpointError` where a process has the folder, or alerts are there and not to be
    replaced.
    """
    path, aside = folder / FILE_NAME, None
    found = [restored(entry.value) for entry in backup.entries("alerts")]  # before anything moves
    if path.exists() and (held := _count(folder)):
        if not replace:
            raise CheckpointError(
                f"{path} holds {held:,} entries about alerts already. Name another folder with "
                "--state, or say --replace: then it is set aside"
            )
        with closing(Hold(folder)):
            aside = set_aside(path, "replaced")
    with closing(AlertDatabase(folder)) as database:
        for fact in found:
            if isinstance(fact, Handover):
                database.keep(fact)
        database.append((fact for fact in found if isinstance(fact, Transition)), _nobody, 0)
    for _ in found:
        on_entry("alerts")
    return aside


def _nobody(_: Alert, __: Collection[str]) -> tuple[str, ...]:
    """No channel is sent what is restored."""
    return ()


def _count(folder: Path) -> int:
    with closing(AlertDatabase(folder)) as database:
        return len(database.load())


def put_calibrations(entries: Iterable[BackupEntry], on_entry: OnEntry) -> None:
    """Puts answers of calibrations back, where there are none to the same question."""
    folder = kept_folder()
    for entry in entries:
        path = folder / Path(entry.key).name
        if not path.exists():
            private_folder(folder)
            private_file(path)
            path.write_bytes(entry.value)
        on_entry("calibration")

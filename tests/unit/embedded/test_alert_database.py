"""The alert store of an embedded monitor: one process has it, and damage ends nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from itertools import count
from pathlib import Path

import msgspec
import pytest

from streams.alerts.model import Alert, Handover, Transition
from streams.board.monitor import Monitor
from streams.embedded import alert_database
from streams.embedded.alert_database import FILE_NAME, AlertDatabase
from streams.embedded.alerting import Alerting
from streams.errors import CheckpointError
from streams.live import Live
from tests.build import full_disk
from tests.state_events import force
from tests.state_files import alert_facts

TRANSITIONS = [each for each in alert_facts() if isinstance(each, Transition)]
HANDOVERS = [each for each in alert_facts() if isinstance(each, Handover)]


def mail(_: Alert, __: Collection[str]) -> list[str]:
    return ["mail"]


def nobody(_: Alert, __: Collection[str]) -> list[str]:
    return []


def filled(folder: Path) -> Path:
    """A store with some alerts, a handover and notifications that wait."""
    store = AlertDatabase(folder)
    store.append(TRANSITIONS, mail, 0)
    for each in HANDOVERS:
        store.keep(each)
    store.close()
    return folder / FILE_NAME


def many() -> list[Transition]:
    """More transitions, of some hundred kilobytes."""
    first = TRANSITIONS[0]
    return [
        msgspec.structs.replace(first, alert=msgspec.structs.replace(first.alert, revision=n))
        for n in range(100, 400)
    ]


def scribble(path: Path) -> None:
    """Harms the pages with the handovers, and no other."""
    with closing(sqlite3.connect(path)) as db:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'handovers'"
        (page,) = db.execute(query).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"x" * 4096)


def text(path: Path) -> None:
    path.write_text("this is not a database" * 100)


def half_a_row(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE handovers SET body = substr(body, 1, 40)")


@pytest.mark.parametrize(
    ("harm", "kept"), [(scribble, TRANSITIONS), (text, []), (half_a_row, TRANSITIONS)]
)
def test_a_damaged_store_is_set_aside_and_what_can_be_read_of_it_is_kept(
    tmp_path: Path, harm: object, kept: list[Transition]
) -> None:
    path = filled(tmp_path)
    assert callable(harm)
    harm(path)
    store = AlertDatabase(tmp_path)
    assert store.load() == kept
    assert store.waiting() == sum(each.notify for each in kept)
    assert store.set_aside is not None
    assert store.set_aside.name.startswith("alerts.db.damaged-")
    assert f"{len(kept)} entries of it were read back, others may be missing" in store.damage
    store.append(TRANSITIONS, nobody, 0)
    store.close()
    again = AlertDatabase(tmp_path)
    assert (again.load(), again.set_aside) == (TRANSITIONS, None)
    again.close()


@pytest.mark.parametrize("room", [0, 40_000])
@pytest.mark.parametrize("harm", [scribble, half_a_row])
def test_a_damaged_store_on_a_full_disk_stays_as_it_is_until_there_is_room(
    tmp_path: Path, harm: Callable[[Path], None], room: int
) -> None:
    path = filled(tmp_path)
    with closing(AlertDatabase(tmp_path)) as store:  # of more than there is room for
        store.append(many(), nobody, 0)
    harm(path)
    made = pytest.raises(CheckpointError, match="Make room on its disk")
    with full_disk(room), made, closing(AlertDatabase(tmp_path)) as store:
        store.load()
    assert list(tmp_path.glob(f"{FILE_NAME}.*")) == []
    with closing(AlertDatabase(tmp_path)) as store:
        assert store.load() == [*TRANSITIONS, *many()]
        assert "was damaged" in store.damage


@pytest.mark.parametrize("step", range(4))
def test_where_a_process_ends_while_it_mends_a_store_the_next_start_has_what_could_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    scribble(filled(tmp_path))
    rename, steps = Path.replace, count()

    def ends(path: Path, to: Path) -> Path:
        if next(steps) == step:
            raise KeyboardInterrupt
        return rename(path, to)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", ends)
        try:
            AlertDatabase(tmp_path).close()
        except KeyboardInterrupt:
            ended = True
        else:
            ended = False
    with closing(AlertDatabase(tmp_path)) as store:
        assert store.load() == TRANSITIONS
        assert (store.damage != "", store.set_aside is not None) == (ended, ended)
    assert len(list(tmp_path.glob("*.damaged-*[0-9]"))) == 1
    assert list(tmp_path.glob("*.anew*")) == []


def test_a_monitor_goes_on_with_a_damaged_store_and_is_not_ready_while_it_lies_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    half_a_row(filled(tmp_path))
    live = Live(Monitor([force()]))
    live.health.state = "live"
    with Alerting(live, tmp_path) as alerting:
        assert len(alerting.service.history("golden")) > 1
        words = live.health.troubles["damaged:alerts"]
        assert words.startswith(f"the alert store {tmp_path / FILE_NAME} was damaged (")
        assert words.endswith(
            "restore the last backup (watchroom restore), or delete that file if nothing is missing"
        )
        assert f"not ready: {words}" in caplog.text
        assert live.health.shown == ("unwell", words)
        assert alerting.database is not None
        assert alerting.database.set_aside is not None
        alerting.database.set_aside.unlink()
        alerting._look_at_store()
        assert live.health.ready


def test_alerts_that_a_full_disk_did_not_take_are_stored_once_there_is_room(
    tmp_path: Path,
) -> None:
    filled(tmp_path)
    with full_disk():
        live = Live(Monitor([force()]))
        alerting = Alerting(live, tmp_path)  # it starts, with what it had
        assert len(alerting.service.history("golden")) > 1
        new = TRANSITIONS[0]
        later = msgspec.structs.replace(new.alert, revision=90)
        other = Transition(what=new.what, at=new.at, alert=later)
        alerting._keep([other])
        words = live.health.troubles["disk"]
        assert words.startswith(f"the alerts can't be kept in {tmp_path / FILE_NAME}: ")
        assert ". Make room on its disk" in words
        assert list(tmp_path.glob("*.damaged-*")) == []
    alerting._look_at_store()
    assert live.health.troubles == {}
    assert alerting.database is not None
    assert other in alerting.database.load()
    alerting.database.close()


def test_a_second_process_waits_and_is_told_who_has_the_alerts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_database, "WAIT", 0.1)
    store = AlertDatabase(tmp_path)
    with pytest.raises(CheckpointError) as caught:
        AlertDatabase(tmp_path)
    words = str(caught.value)
    assert words.startswith(
        f"{tmp_path / FILE_NAME}: the alerts are in use by the process {os.getpid()}"
    )
    assert words.endswith(". End it, or name another folder with --state")
    store.close()
    AlertDatabase(tmp_path).close()


def test_a_store_that_another_program_has_locked_is_not_taken_for_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.state.sqlite.WAIT", 0.05)
    path = filled(tmp_path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CheckpointError, match="the alerts are in use by the process"):
            AlertDatabase(tmp_path)
    store = AlertDatabase(tmp_path)
    assert store.load() == [*TRANSITIONS, *HANDOVERS]
    store.close()


def test_a_store_can_be_read_while_it_is_used(tmp_path: Path) -> None:
    store = AlertDatabase(tmp_path)
    store.append(TRANSITIONS, nobody, 0)
    with closing(sqlite3.connect(f"{store.path.as_uri()}?mode=ro", uri=True)) as other:
        assert other.execute("SELECT count(*) FROM transitions").fetchone() == (len(TRANSITIONS),)
    store.close()


def test_only_its_owner_may_read_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    store = AlertDatabase(folder)
    store.append(TRANSITIONS, nobody, 0)
    modes = {each.name: f"{each.stat().st_mode & 0o777:o}" for each in folder.iterdir()}
    assert modes == {
        FILE_NAME: "600",
        f"{FILE_NAME}-wal": "600",
        f"{FILE_NAME}-shm": "600",
        "alerts.lock": "600",
    }
    assert f"{folder.stat().st_mode & 0o777:o}" == "700"
    store.close()

"""Backups of an embedded run: what is restored is what there was, and nothing living is lost."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.alerts.model import Handover, Transition
from streams.cli import main
from streams.embedded import alert_database, calibration
from streams.embedded.alert_database import FILE_NAME, AlertDatabase
from streams.errors import SourceError
from streams.state.backup import Backup, BackupEntry, BackupHead, lines_of
from tests.build import synchronised
from tests.state_files import alert_facts, calibrated

TRANSITIONS = [each for each in alert_facts() if isinstance(each, Transition)]
HANDOVERS = [each for each in alert_facts() if isinstance(each, Handover)]


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("WATCHROOM_BOOTSTRAP", raising=False)
    monkeypatch.setattr(alert_database, "WAIT", 0.05)


@pytest.fixture
def living(tmp_path: Path) -> Iterator[AlertDatabase]:
    """The store of a monitor that goes on."""
    with closing(AlertDatabase(tmp_path / "living")) as store:
        store.append(TRANSITIONS, lambda alert, _: ["mail"] * (alert.severity == "page"), 0)
        for each in HANDOVERS:
            store.keep(each)
        yield store


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def in_folder(folder: Path) -> tuple[list[Transition | Handover], int]:
    """What a folder holds, and how many notifications wait."""
    with closing(AlertDatabase(folder)) as store:
        return store.load(), store.waiting()


def test_a_new_folder_has_the_alerts_of_a_running_one_and_notifies_nobody_again(
    living: AlertDatabase, tmp_path: Path
) -> None:
    file, new = tmp_path / "room.backup", tmp_path / "new"
    made = run("backup", file, "--state", living.path.parent)
    assert made.exit_code == 0, made.output
    assert f"  {len(TRANSITIONS) + 1} entries about alerts and handovers\n" in made.output
    assert f"{file.stat().st_mode & 0o777:o}" == "600"
    restored = run("restore", file, "--state", new)
    assert restored.exit_code == 0, restored.output
    assert in_folder(new) == ([*TRANSITIONS, *HANDOVERS], 0)


def test_what_holds_alerts_is_replaced_only_where_that_is_said(
    living: AlertDatabase, tmp_path: Path
) -> None:
    file, other = tmp_path / "room.backup", tmp_path / "other"
    run("backup", file, "--state", living.path.parent)
    with closing(AlertDatabase(other)) as store:
        store.append(TRANSITIONS[:1], lambda *_: [], 0)
    refused = run("restore", file, "--state", other)
    assert refused.exit_code == 1
    assert refused.output.endswith(
        f"Error: {other / FILE_NAME} holds 1 entries about alerts already. Name another folder "
        "with --state, or say --replace: then it is set aside\n"
    )
    assert in_folder(other)[0] == TRANSITIONS[:1]
    replaced = run("restore", file, "--state", other, "--replace")
    assert replaced.exit_code == 0, replaced.output
    assert in_folder(other)[0] == [*TRANSITIONS, *HANDOVERS]
    assert [each.name[:19] for each in other.glob("*.replaced-*")] == ["alerts.db.replaced-"]


def test_what_is_running_is_never_restored_into(living: AlertDatabase, tmp_path: Path) -> None:
    file = tmp_path / "room.backup"
    run("backup", file, "--state", living.path.parent)
    refused = run("restore", file, "--state", living.path.parent, "--replace")
    assert refused.exit_code == 1
    assert "the alerts are in use by the process " in refused.output


def test_answers_of_calibrations_are_put_back(living: AlertDatabase, tmp_path: Path) -> None:
    kept = calibration.kept_folder() / "abc.json"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(msgspec.json.encode(calibrated()))
    file = tmp_path / "room.backup"
    run("backup", file, "--state", living.path.parent)
    before = kept.read_bytes()
    kept.unlink()
    restored = run("restore", file, "--state", tmp_path / "new")
    assert "  1 answers of calibrations\n" in restored.output
    assert kept.read_bytes() == before


def test_a_backup_is_on_the_disk_before_it_has_its_name_and_its_name_before_that_is_said(
    living: AlertDatabase, tmp_path: Path
) -> None:
    with synchronised() as paths:
        run("backup", tmp_path / "room.backup", "--state", living.path.parent)
    part, folder = paths
    assert (part.parent, part.name[:12], part.suffix) == (tmp_path, "room.backup.", ".part")
    assert folder == tmp_path


def test_what_somebody_put_where_a_backup_is_made_is_neither_followed_nor_taken(
    living: AlertDatabase, tmp_path: Path
) -> None:
    file, victim = tmp_path / "room.backup", tmp_path / "victim"
    victim.write_text("precious")
    part = tmp_path / "room.backup.part"
    part.symlink_to(victim)
    made = run("backup", file, "--state", living.path.parent)
    assert made.exit_code == 0, made.output
    assert (victim.read_text(), part.is_symlink(), file.is_symlink()) == ("precious", True, False)
    assert Backup(file).counts["alerts"] == len(alert_facts())


def test_a_link_that_leads_nowhere_is_in_the_way_of_a_backup(
    living: AlertDatabase, tmp_path: Path
) -> None:
    file = tmp_path / "room.backup"
    file.symlink_to(tmp_path / "nowhere")
    refused = run("backup", file, "--state", living.path.parent)
    assert refused.exit_code == 1
    assert f"{file} is there already" in refused.output
    assert file.is_symlink()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


def alter(file: Path) -> None:
    text = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(text.replace(b'"golden"', b'"gilded"', 1)))


def lose_a_line(file: Path) -> None:
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    file.write_bytes(gzip.compress(b"".join([*lines[:2], *lines[3:]])))


def other_file(file: Path) -> None:
    file.write_text("{}")


@pytest.mark.parametrize("harm", [cut, alter, lose_a_line, other_file])
def test_a_backup_that_is_not_what_was_written_is_not_used(
    living: AlertDatabase, tmp_path: Path, harm: object
) -> None:
    file, new = tmp_path / "room.backup", tmp_path / "new"
    run("backup", file, "--state", living.path.parent)
    assert callable(harm)
    harm(file)
    refused = run("restore", file, "--state", new)
    assert refused.exit_code == 1
    assert "Nothing of it was used: take another" in refused.output
    assert not new.exists()


HEAD = BackupHead(1, "2021-03-01T10:00:00Z", "1.2.3", ("elsewhere",))


@pytest.mark.parametrize("arguments", [("--check",), ("--replace",)])
def test_a_backup_with_an_alert_that_can_t_be_read_is_not_used_though_its_digest_is_right(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    file, folder = tmp_path / "room.backup", tmp_path / "living"
    with closing(AlertDatabase(folder)) as store:
        store.append(TRANSITIONS[:1], lambda *_: [], 0)
    lines = lines_of(HEAD, [BackupEntry("alerts", "tiny", "tiny/a", b'{"none": 1}')])
    file.write_bytes(gzip.compress(b"".join(lines)))
    refused = run("restore", file, "--state", folder, *arguments)
    assert refused.exit_code == 1
    assert refused.output.startswith(f"Error: {file}: line 2 can't be used (")
    assert refused.output.endswith(
        "Nothing of it was used: take another backup, or the version of Watchroom that made it "
        "(1.2.3)\n"
    )
    assert in_folder(folder)[0] == TRANSITIONS[:1]
    assert list(folder.glob("*.replaced-*")) == []


def test_a_backup_of_a_later_version_is_refused(living: AlertDatabase, tmp_path: Path) -> None:
    file = tmp_path / "room.backup"
    run("backup", file, "--state", living.path.parent)
    text = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(text.replace(b'"watchroom_backup":1', b'"watchroom_backup":99')))
    with pytest.raises(SourceError, match="was made by a later version of Watchroom"):
        Backup(file)


def test_a_backup_is_never_written_over(living: AlertDatabase, tmp_path: Path) -> None:
    file = tmp_path / "room.backup"
    file.write_text("precious")
    refused = run("backup", file, "--state", living.path.parent)
    assert refused.exit_code == 1
    assert f"{file} is there already. Name another file, or delete it" in refused.output
    assert file.read_text() == "precious"


def test_where_there_is_nothing_to_back_up_that_is_said(tmp_path: Path) -> None:
    refused = run("backup", tmp_path / "room.backup")
    assert refused.exit_code == 1
    folder = tmp_path / "home" / "watchroom"
    assert f"Error: {folder} holds no alerts ({FILE_NAME}). Name the folder with --state" in (
        refused.output
    )
    assert list(tmp_path.glob("room.backup*")) == []


def test_what_is_in_a_backup_is_listed_without_using_it(
    living: AlertDatabase, tmp_path: Path
) -> None:
    file = tmp_path / "room.backup"
    run("backup", file, "--state", living.path.parent)
    told = run("restore", file, "--check")
    assert told.exit_code == 0
    assert f" of {living.path.parent}, whole\n" in told.output
    assert not (tmp_path / "home").exists()
    entries = list(Backup(file).entries("alerts"))
    assert len(entries) == len(alert_facts())
    assert isinstance(entries[0], BackupEntry)

"""Checkpoints: what is put back is what was there, and what is wrong is never used."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.board.monitor import Monitor, Shard, canonical
from streams.errors import CheckpointError
from streams.fold.ledger import Ledger, Sealed
from streams.state import snapshot as snapshots
from streams.state import sqlite as store
from streams.state.backup import BackupEntry, learned, put_learned
from streams.state.checkpoint import Checkpoint, Folder
from streams.state.snapshot import Head, Identity, Outgoing, PaneRow
from tests.build import FAR_FUTURE, call, crime, full_disk, lines, ms, tiny_force

FORCE = tiny_force()
IDENTITY = Identity("cluster", "w.calls", "id-1", 0, "rules", ("tiny",), 1, "me")
AT = ms("2021-03-01T12:00:00Z")


OPENED: list[Checkpoint] = []


@pytest.fixture(autouse=True)
def closed_in_the_end() -> Iterator[None]:
    """A process that "dies" in a test stays open until the test is over."""
    yield
    while OPENED:
        OPENED.pop().close()


class Kept:
    """A monitor of one shard, and its checkpoint."""

    def __init__(self, path: Path, kind: str = "call", **identity: Any) -> None:
        self.checkpoint = Checkpoint(path, msgspec.structs.replace(IDENTITY, **identity))
        OPENED.append(self.checkpoint)
        self.shard = Shard(kind, [FORCE])
        snapshots.watch(self.shard)
        self.checkpoint.keep_departed(self.shard)
        self.sealed: list[PaneRow] = []
        for ledger in self.shard.ledgers().values():
            ledger.on_seal = self._seal
        self.monitor = Monitor([FORCE], all_shards=False)
        self.monitor.add_shard(self.shard)
        self.stored = self.checkpoint.load()
        if self.stored is not None and self.stored.head is not None:
            snapshots.put_back(self.shard, self.stored)

    @property
    def offset(self) -> int | None:
        return self.stored.head.offset if self.stored and self.stored.head else None

    def feed(self, *records: dict[str, Any]) -> None:
        assert not self.monitor.ingest(lines(records), FAR_FUTURE, self.shard)

    def save(self, offset: int, *mail: tuple[int, Outgoing]) -> None:
        snapshot = snapshots.take(self.shard, offset, {"not_json": offset})
        snapshot.outbox, snapshot.sealed = list(mail), self.sealed
        self.checkpoint.save(snapshot)

    def _seal(self, sealed: list[Sealed]) -> None:
        self.sealed += [(0, grain, at, dict(pane)) for grain, at, pane in sealed]

    def board(self, at: int = AT) -> bytes:
        return canonical(self.monitor.board("tiny", at, ["2021-03-01", "2021-02"]))


def calls(first: int, last: int, **fields: Any) -> list[dict[str, Any]]:
    return [
        call(f"c{n}", f"2021-03-01T10:{n % 60:02}:00Z", area="north", **fields)
        for n in range(first, last)
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "w.calls-0.sqlite"


def filled(path: Path) -> Kept:
    kept = Kept(path)
    kept.feed(*calls(0, 50))
    kept.save(10)
    kept.feed(*calls(20, 60, answered_at="2021-03-01T11:00:00Z"))
    kept.feed(*calls(0, 5, deleted=True, updated_at="2021-03-01T11:05:00Z"))
    kept.save(20)
    return kept


def test_what_is_put_back_gives_the_same_board(path: Path) -> None:
    kept = filled(path)
    kept.checkpoint.close()
    again = Kept(path)
    assert again.offset == 20
    assert again.board() == kept.board()
    assert again.stored is not None
    assert again.stored.head is not None
    assert again.stored.head.refused == {"not_json": 20}
    assert again.shard.folds["tiny"].taken() == kept.shard.folds["tiny"].taken()


def test_what_is_put_back_goes_on_as_if_nothing_had_been(path: Path) -> None:
    kept = filled(path)
    kept.checkpoint.close()
    again = Kept(path)
    for one in (kept, again):
        one.feed(*calls(55, 70, abandoned_at="2021-03-01T11:30:00Z"))
        one.feed(*calls(0, 3, updated_at="2021-03-01T11:01:00Z"))  # older than the tombstones
        one.feed(call("late", "2021-04-20T09:00:00Z"))  # seals the first of March
    assert again.board() == kept.board()
    again.save(30)
    again.checkpoint.close()
    assert Kept(path).board() == kept.board()


def test_when_the_last_new_record_came_is_kept(path: Path) -> None:
    kept = filled(path)  # whose last lines are of records that were there before
    kept.checkpoint.close()
    (before, after) = (one.shard.folds["tiny"] for one in (kept, Kept(path)))
    assert isinstance(before, Ledger)
    assert isinstance(after, Ledger)
    assert before.new_at < before.watermark
    assert after.new_at == before.new_at


def test_a_process_that_dies_leaves_its_last_save(path: Path) -> None:
    kept = filled(path)  # never closed: its write-ahead log is left
    assert Kept(path).board() == kept.board()


def test_totals_of_calls_are_put_back_and_go_on_being_replaced(path: Path) -> None:
    first = {
        "kind": "reading",
        "force": "tiny",
        "id": "a",
        "version": 1,
        "updated_at": "2021-03-02T10:00:00Z",
        "measure": "calls",
        "line": "101",
        "period": "2021-03-01",
        "counts": {"offered": 9},
    }
    kept = Kept(path, "reading")
    kept.monitor.add_shard(Shard("call", kept.monitor.forces.values()))
    kept.feed(first, {**first, "id": "b", "line": "999"}, {**first, "id": "c", "deleted": True})
    kept.save(1)
    kept.checkpoint.close()
    again = Kept(path, "reading")
    again.monitor.add_shard(Shard("call", again.monitor.forces.values()))
    assert again.board() == kept.board()
    assert b'"offered":9' in again.board()
    later = {**first, "version": 2, "counts": {"offered": 11}}
    again.feed(first, later)
    kept.feed(later)
    assert again.board() == kept.board()
    assert b'"offered":11' in again.board()


def test_readings_and_heartbeats_are_put_back(path: Path) -> None:
    common = {"force": "tiny", "updated_at": "2021-03-01T10:00:00+01:00"}
    reading = {"kind": "reading", "id": "r", "measure": "m", "period": "2021", "value": 0.5}
    beat = {"kind": "heartbeat", "force": "tiny", "feed": "cad", "at": "2021-03-01T10:00:00Z"}
    for kind, record in (("reading", {**common, **reading}), ("heartbeat", beat)):
        kept = Kept(path.with_name(kind), kind)
        kept.feed(record)
        kept.save(1)
        kept.checkpoint.close()
        again = Kept(path.with_name(kind), kind)
        assert again.board() == kept.board()
        assert again.shard.folds["tiny"].taken() == kept.shard.folds["tiny"].taken()
        again.feed(record)
        assert again.board() == kept.board()


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 5000)


def scribble(path: Path) -> None:
    with path.open("r+b") as file:
        for at in range(4096, path.stat().st_size, 4096):
            file.seek(at + 2000)
            file.write(b"x" * 300)


def text(path: Path) -> None:
    path.write_text("this is not a database")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lose_rows(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM entries WHERE id = 'c30'")


def change_a_row(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE entries SET body = (SELECT body FROM entries WHERE id = 'c31')")


def pages_of(path: Path, table: str) -> list[int]:
    """The numbers of the pages with the rows of a table, the first is 1."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        (root,) = db.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
    data = path.read_bytes()
    at = (root - 1) * PAGE
    if data[at] != INTERIOR:
        return [root]
    cells = int.from_bytes(data[at + 3 : at + 5], "big")
    pointers = [
        int.from_bytes(data[p : p + 2], "big") for p in range(at + 12, at + 12 + 2 * cells, 2)
    ]
    last = int.from_bytes(data[at + 8 : at + 12], "big")
    return [*(int.from_bytes(data[at + c : at + c + 4], "big") for c in pointers), last]


def swap_pages(path: Path) -> None:
    """All rows are there, and those of one page stand where those of another did."""
    kept = Kept(path)
    kept.feed(*calls(100, 400))
    kept.save(30)
    kept.checkpoint.close()
    first, second, *_ = pages_of(path, "entries")
    data = bytearray(path.read_bytes())
    one, other = (slice((page - 1) * PAGE, page * PAGE) for page in (first, second))
    data[one], data[other] = data[other], data[one]
    path.write_bytes(data)


def put_an_old_page_back(path: Path) -> None:
    """One page is as it was at the save before; as many rows are in it, each with its checksum."""
    older = path.read_bytes()
    kept = Kept(path)
    kept.feed(*calls(20, 30, answered_at="2021-03-01T11:00:01Z", updated_at="2021-03-01T11:09:00Z"))
    kept.save(30)
    kept.checkpoint.close()
    data = bytearray(path.read_bytes())
    for page in pages_of(path, "entries"):
        data[(page - 1) * PAGE : page * PAGE] = older[(page - 1) * PAGE : page * PAGE]
    path.write_bytes(data)


def with_departed(kept: Kept) -> Kept:
    """Saved after the records of the first of March have left."""
    kept.feed(call("late", "2021-04-20T09:00:00Z"))
    kept.save(30)
    return kept


def lose_a_departed_record(path: Path) -> None:
    with_departed(Kept(path)).checkpoint.close()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        assert db.execute("DELETE FROM departed WHERE id = 'c30'").rowcount == 1


PAGE, INTERIOR = 4096, 2


@pytest.mark.parametrize(
    "harm",
    [
        cut,
        scribble,
        text,
        empty,
        lose_rows,
        change_a_row,
        swap_pages,
        put_an_old_page_back,
        lose_a_departed_record,
    ],
)
def test_a_damaged_file_is_set_aside_and_not_used(
    path: Path, caplog: pytest.LogCaptureFixture, harm: Any
) -> None:
    filled(path).checkpoint.close()
    harm(path)
    again = Kept(path)
    assert again.stored is None
    assert list(path.parent.glob("*.damaged-*"))
    assert "rebuilding from the log" in caplog.text
    again.feed(*calls(0, 5))
    again.save(5)
    again.checkpoint.close()
    assert Kept(path).offset == 5


def open_files(folder: Path) -> set[str]:
    """The files below a folder that this process has open, by name."""
    held = [fd.readlink() for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
    return {file.name for file in held if file.is_relative_to(folder)}


def test_a_file_that_is_no_database_is_not_left_open(path: Path) -> None:
    path.write_text("this is not a database" * 100)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        store.connect(path)
    assert caught.value.args  # and with it the frame that opened the file is still there
    assert open_files(path.parent) == set()
    with pytest.raises(sqlite3.DatabaseError) as again:
        store.create(path)
    assert again.value.args
    assert open_files(path.parent) == set()


def test_a_file_that_can_not_be_filled_is_not_left_open(path: Path) -> None:
    store.create(path).close()
    with pytest.raises(sqlite3.OperationalError, match="already exists") as caught:
        store.create(path)
    assert caught.value.args
    assert open_files(path.parent) == set()


def outlived(path: Path) -> Path:
    """A copy of the file of before it was saved once more."""
    filled(path).checkpoint.close()
    older = Path(shutil.copy(path, path.with_name("older")))
    kept = Kept(path)
    kept.feed(*calls(60, 80))
    kept.save(30)
    kept.checkpoint.close()
    return older


def test_an_older_file_beside_a_newer_write_ahead_log_is_not_used(path: Path) -> None:
    older = outlived(path)
    newest = Kept(path)
    newest.feed(*calls(80, 90))
    newest.save(40)
    assert path.with_name(path.name + "-wal").stat().st_size > 0
    shutil.copy(older, path)
    assert Kept(path).stored is None


def test_an_older_copy_is_used_as_what_it_is(path: Path) -> None:
    older = outlived(path)
    shutil.copy(older, path)
    assert Kept(path).offset == 20


@pytest.mark.parametrize(
    "other", [{"cluster": "other"}, {"topic_id": "other"}, {"partition": 1}, {"topic": "x.calls"}]
)
def test_the_file_of_another_topic_is_set_aside(path: Path, other: dict[str, Any]) -> None:
    filled(path).checkpoint.close()
    assert Kept(path, **other).stored is None
    assert list(path.parent.glob("*.damaged-*"))


def test_other_rules_mean_a_rebuild_and_only_unsent_messages_are_kept(path: Path) -> None:
    kept = filled(path)
    mail = Outgoing("w.deadletter", b"key", b"\xff", [("reason", b"not_json")])
    kept.feed(*calls(70, 71))
    kept.save(25, (7, mail))
    kept.checkpoint.close()
    again = Kept(path, fingerprint="new rules")
    assert again.offset is None
    assert again.stored is not None
    assert again.stored.outbox == [(7, mail)]
    again.save(1, *again.stored.outbox)
    assert list(path.parent.glob("*.outdated-*"))


def with_mail(path: Path) -> list[tuple[int, Outgoing]]:
    """A file with messages that are still to be sent."""
    mail = [(n, Outgoing("w.alerts", b"%d" % n, b"opened", [])) for n in (7, 9)]
    kept = filled(path)
    kept.feed(*calls(70, 71))
    kept.save(25, *mail)
    kept.checkpoint.close()
    return mail


def outbox_of(kept: Kept) -> list[tuple[int, Outgoing]]:
    return kept.stored.outbox if kept.stored else []


def test_messages_of_an_outdated_file_outlive_any_number_of_restarts(path: Path) -> None:
    mail = with_mail(path)
    for rules in ("new rules", "new rules", "newer rules"):  # each dies before its first save
        assert outbox_of(Kept(path, fingerprint=rules)) == mail
    store.create(path).close()  # and one within it
    kept = Kept(path, fingerprint="new rules")
    assert outbox_of(kept) == mail
    kept.save(1, *mail)
    assert not list(path.parent.glob("*.unsent*"))
    assert outbox_of(Kept(path, fingerprint="new rules")) == mail
    kept.checkpoint.sent([7, 9])
    assert outbox_of(Kept(path, fingerprint="new rules")) == []
    path.unlink()
    assert outbox_of(Kept(path, fingerprint="new rules")) == []


def test_a_file_that_was_saved_with_the_messages_of_an_outdated_one_stands_for_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = with_mail(path)
    kept = Kept(path, fingerprint="new rules")
    with monkeypatch.context() as dies:
        dies.setattr(kept.checkpoint, "_release_unsent", lambda: None)
        kept.save(1, *mail)
    kept.checkpoint.sent([7])
    assert list(path.parent.glob("*.unsent"))
    for rules in ("new rules", "newer rules"):
        assert outbox_of(Kept(path, fingerprint=rules)) == mail[1:]


def test_messages_of_an_outdated_file_that_is_damaged_meanwhile_are_not_used(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with_mail(path)
    Kept(path, fingerprint="new rules")
    text(path.with_name(path.name + ".unsent"))
    assert Kept(path, fingerprint="new rules").stored is None
    assert "its messages are not sent" in caplog.text
    assert list(path.parent.glob("*.damaged-*"))


def test_messages_stay_until_they_are_sent(path: Path) -> None:
    kept = filled(path)
    mails = [(n, Outgoing("t", b"%d" % n, None, [], n)) for n in (1, 2, 3)]
    kept.feed(*calls(70, 71))
    kept.save(25, *mails)
    kept.checkpoint.sent([1, 3])
    kept.checkpoint.close()
    again = Kept(path)
    assert again.stored is not None
    assert again.stored.outbox == [mails[1]]


def test_an_older_generation_may_not_write(path: Path) -> None:
    kept = filled(path)
    kept.checkpoint.claim(5, "newer")
    kept.feed(*calls(70, 80))
    late = snapshots.take(kept.shard, 30, {})
    with pytest.raises(CheckpointError, match="generation 4 may not write"):
        kept.checkpoint.save(late, generation=4)
    kept.checkpoint.close()
    assert Kept(path).offset == 20


def test_what_could_not_be_written_is_written_the_next_time(path: Path) -> None:
    kept = filled(path)
    kept.checkpoint.claim(5, "newer")
    kept.feed(*calls(70, 80))
    late = snapshots.take(kept.shard, 30, {})
    with pytest.raises(CheckpointError):
        kept.checkpoint.save(late, generation=4)
    snapshots.give_back(kept.shard, late)
    kept.save(31)
    kept.checkpoint.close()
    assert Kept(path).board() == kept.board()


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "checkpoints")
    with pytest.raises(CheckpointError, match=r"in use by the process with pid \d+"):
        Folder(tmp_path / "checkpoints")
    folder.close()
    Folder(tmp_path / "checkpoints").close()


def test_random_saves_and_deaths_lose_nothing(path: Path) -> None:
    rng = random.Random(5)
    live = Kept(path)
    plain = Kept(path.with_name("plain"))
    for offset in range(60):
        n = rng.randrange(40)
        batch = calls(n, n + rng.randrange(1, 9), updated_at=f"2021-03-01T11:{offset:02}:00Z")
        for one in (live, plain):
            one.feed(*batch)
        if rng.random() < 0.5:
            live.save(offset)
        if rng.random() < 0.1:
            live.save(offset)
            live = Kept(path)  # without closing
        assert live.board() == plain.board()


def test_what_a_feed_has_carried_is_known_after_a_restart(path: Path) -> None:
    before = Kept(path, "crime")
    before.feed(crime("1"), crime("2", "2021-03-02T10:00:00Z", markers=["hate"]))
    before.save(2)
    after = Kept(path, "crime")
    assert after.board() == before.board()
    ledger = after.shard.ledgers()["tiny"]
    second = ms("2021-03-02T10:00:00Z")
    assert ledger.packer.carried.since == {"markers": second, "markers.hate": second}


# -- a disk that is full, and others that use the file -------------------------------------------


def test_what_a_full_disk_did_not_take_is_saved_once_there_is_room(path: Path) -> None:
    kept = filled(path)
    kept.feed(*calls(70, 300))
    for _ in range(2):
        snapshot = snapshots.take(kept.shard, 30, {})
        with full_disk(), pytest.raises(CheckpointError, match=r"can't be written: .*Make room"):
            kept.checkpoint.save(snapshot)
        snapshots.give_back(kept.shard, snapshot)
    kept.save(31)
    kept.checkpoint.close()
    again = Kept(path)
    assert (again.offset, again.board()) == (31, kept.board())


def test_a_good_file_is_read_and_kept_on_a_full_disk(path: Path) -> None:
    before = with_departed(filled(path))
    before.checkpoint.close()
    with full_disk():
        again = Kept(path)
        assert (again.offset, again.board()) == (30, before.board())
        again.checkpoint.claim(7, "next")
        assert again.checkpoint._departed(0, "c30") is not None
        again.feed(call("later", "2021-04-20T09:01:00Z"))
        snapshot = snapshots.take(again.shard, 40, {})
        with pytest.raises(CheckpointError, match="can't be written"):
            again.checkpoint.save(snapshot)
        snapshots.give_back(again.shard, snapshot)
    assert [each.name for each in path.parent.glob("*.damaged-*")] == []
    again.save(40)
    assert again.checkpoint._departed(0, "c30") is not None
    last = Kept(path)  # the file may be used by others again
    assert (last.offset, last.board()) == (40, again.board())


def test_a_file_that_could_not_be_begun_is_begun_once_there_is_room(path: Path) -> None:
    kept = Kept(path)
    kept.feed(*calls(0, 5))
    snapshot = snapshots.take(kept.shard, 5, {})
    with full_disk(), pytest.raises(CheckpointError, match="can't be written"):
        kept.checkpoint.save(snapshot)
    assert not path.exists()
    snapshots.give_back(kept.shard, snapshot)
    kept.save(5)
    kept.checkpoint.close()
    assert Kept(path).offset == 5


def test_a_file_that_others_have_locked_stays_and_who_has_it_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path).checkpoint.close()
    monkeypatch.setattr(store, "WAIT", 0.05)
    holds = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
        "db.execute('PRAGMA locking_mode=EXCLUSIVE'); db.execute('BEGIN EXCLUSIVE');"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holds, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(CheckpointError) as caught:
            Kept(path)
        other.communicate(b"")
    assert f"can't be read: the process {other.pid} (" in str(caught.value)
    assert "has locked it. End that, or give this worker a folder of its own" in str(caught.value)
    assert Kept(path).offset == 20


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o7777:04o}"


def test_how_many_lines_were_made_up_outlives_a_restart(path: Path) -> None:
    before = Kept(path)
    before.feed(call(), call("c2", origin="simulated"))
    before.save(2)
    before.checkpoint.close()
    told = {"call": {"live": 1, "simulated": 1}}
    assert Kept(path).monitor.origins("tiny") == told == before.monitor.origins("tiny")


def test_only_its_owner_may_read_a_checkpoint(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "kept").mkdir(0o755)
    Folder(tmp_path / "kept").close()
    path = tmp_path / "kept" / "w.calls-0.sqlite"
    filled(path)
    names = ("lock", path.name, f"{path.name}-wal", f"{path.name}-shm")
    assert [mode(path.with_name(name)) for name in names] == ["0600"] * 4
    assert mode(path.parent) == "0700"
    assert "kept could be read by others (mode 0755): from now on only by its owner" in caplog.text
    OPENED.pop().close()
    path.chmod(0o644)
    assert Kept(path).offset == 20
    assert mode(path) == "0600"


def test_a_checkpoint_of_a_backup_gives_what_detectors_had_learned_and_no_more(path: Path) -> None:
    asked = Head(0, "cluster", "w.calls", "id-1", 0, "", 0, "", "", 0, -1, 0, {}, {})
    put_learned(path, asked, [("tiny", "version", b"3"), ("tiny", "hour", b"levels")])
    entries = list(learned(path.parent))
    assert entries == [
        BackupEntry("learned", "tiny", "calls/version", b"3"),
        BackupEntry("learned", "tiny", "calls/hour", b"levels"),
    ]
    kept = Kept(path)
    assert kept.stored is not None
    assert (kept.stored.head, kept.stored.watches) == (
        None,
        {"tiny": {"version": b"3", "hour": b"levels"}},
    )
    kept.feed(*calls(0, 5))
    kept.save(5)
    kept.checkpoint.close()
    assert Kept(path).offset == 5

"""What detectors have learned is kept in a checkpoint, and comes back as it was."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.board.monitor import Monitor, Shard
from streams.errors import CheckpointError
from streams.kafka.partition import Partition, fingerprint
from streams.live import Live
from streams.state import sqlite as store
from streams.state import surveillance as watching
from streams.state.archive import collect
from streams.state.backup import learned, put_learned
from streams.state.checkpoint import RESTORED
from streams.state.snapshot import Head, Identity, Outgoing
from streams.surveillance.service import Surveillance
from tests.build import Record, incident, lines, tiny_force
from tests.surveillance import hours, of, play, state_of, watched

FORCES = (tiny_force(),)
OPENED: list[Partition] = []


@pytest.fixture(autouse=True)
def closed_in_the_end() -> Iterator[None]:
    """A process that "dies" in a test stays open until the test is over."""
    yield
    while OPENED:
        OPENED.pop().checkpoint.close()


def partition(path: Path, *, surveillance: bool = True) -> Partition:
    identity = Identity("c", "w.incidents", "id", 0, fingerprint("incident", FORCES), ("tiny",))
    live = Live(Monitor(FORCES, all_shards=False))
    shard = Shard("incident", FORCES)
    file = path / "w.sqlite"
    made = Partition(live, shard, file, identity, "w", 1, surveillance=surveillance)
    OPENED.append(made)
    made.load(1, "me")
    made.show()
    return made


def fold(target: Partition, first: int, last: int) -> None:
    for number, payload in list(enumerate(hours(150)))[first:last]:
        asyncio.run(target.fold([Record(number, payload)]))


def kept(target: Partition) -> Surveillance:
    found: Surveillance = target.shard.surveillance["tiny"]
    return found


def test_a_worker_that_comes_back_goes_on_as_the_embedded_runner_does(tmp_path: Path) -> None:
    first = partition(tmp_path)
    fold(first, 0, 90)
    asyncio.run(first.save())
    first.checkpoint.close()
    second = partition(tmp_path)
    assert second.folded == 89
    fold(second, 80, 150)
    embedded = watched()
    play(embedded, hours(150))
    assert state_of(kept(second)) == state_of(of(embedded))


def test_a_checkpoint_of_before_the_first_period_makes_nothing_anew(tmp_path: Path) -> None:
    """What was closed before the first record is in no baseline, with a restart or without."""
    old = incident("old", "2021-02-20T10:00:00Z", updated_at="2021-03-01T00:00:00Z")
    first = partition(tmp_path)
    asyncio.run(first.fold([Record(0, lines([old]))]))
    asyncio.run(first.save())
    first.checkpoint.close()
    second = partition(tmp_path)
    assert second.folded == 0
    assert not kept(second).rebuilt
    embedded = watched()
    play(embedded, (lines([old]),))
    assert state_of(kept(second)) == state_of(of(embedded))


def full_disk(*_: object) -> bytes:
    """Fails as writing does where the disk is full."""
    raise sqlite3.OperationalError("database or disk is full")


def test_random_saves_failures_and_deaths_lose_nothing_of_what_was_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, number = random.Random(7), 2 * 168
    payloads = hours(number)
    target = partition(tmp_path)
    at = 0
    while at < number:
        for _ in range(rng.randrange(1, 30)):
            if at < number:
                asyncio.run(target.fold([Record(at, payloads[at])]))
                at += 1
        if rng.random() < 0.3:
            with monkeypatch.context() as broken:
                broken.setattr(store, "guarded", full_disk)
                with pytest.raises(CheckpointError):
                    asyncio.run(target.save())
        if rng.random() < 0.7:
            asyncio.run(target.save())
        if rng.random() < 0.4:
            target = partition(tmp_path)  # without closing: what was not saved is read again
            at = target.folded + 1
    embedded = watched()
    play(embedded, payloads)
    assert not kept(target).rebuilt
    assert state_of(kept(target)) == state_of(of(embedded))


def test_a_checkpoint_of_a_time_before_surveillance_is_used_and_the_rest_relearned(
    tmp_path: Path,
) -> None:
    first = partition(tmp_path, surveillance=False)
    fold(first, 0, 150)
    asyncio.run(first.save())
    first.checkpoint.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "w.sqlite")) as db:
        assert not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'watched'").fetchall()
    second = partition(tmp_path)
    assert second.folded == 149
    assert kept(second).rebuilt
    embedded = watched()
    play(embedded, hours(150))
    assert {w.series.name for w in kept(second).grains["hour"]} == {
        w.series.name for w in of(embedded).grains["hour"]
    }
    assert kept(second).grains["hour"].last == of(embedded).grains["hour"].last


def test_learning_anew_gives_way_after_every_period(tmp_path: Path) -> None:
    target = partition(tmp_path)
    fold(target, 0, 150)
    steps = list(watching.learn_anew(target.shard, FORCES[0]))
    assert len(steps) >= 148  # the hours that have closed


def test_nothing_is_written_of_detectors_that_took_nothing(tmp_path: Path) -> None:
    target = partition(tmp_path)
    fold(target, 0, 50)
    assert asyncio.run(target._take()).watches
    asyncio.run(target.fold([Record(200, hours(150)[49])]))
    assert asyncio.run(target._take()).watches == []
    target.checkpoint.close()


# -- a log that is read again --------------------------------------------------------------------

WEEKS = 4
OUTDATED = hours(WEEKS * 168 + 48)
"""Hours of which the last two days come after an upgrade."""


def outdated(path: Path, number: int = WEEKS * 168) -> None:
    """A checkpoint of some hours that was written under other force files."""
    first = partition(path)
    for offset, payload in enumerate(OUTDATED[:number]):
        asyncio.run(first.fold([Record(offset, payload)]))
    asyncio.run(first.save())
    first.checkpoint.identity = msgspec.structs.replace(
        first.checkpoint.identity, fingerprint="older"
    )
    asyncio.run(first.fold([Record(number, b"rubbish")]))
    asyncio.run(first.save())
    first.checkpoint.close()


def read_from(target: Partition, first: int) -> None:
    """Reads a log that begins at an offset."""
    target.begin_reading(first)
    for offset in range(first, len(OUTDATED)):
        asyncio.run(target.fold([Record(offset, OUTDATED[offset])]))
    asyncio.run(target.end_reading())


@pytest.fixture(scope="module")
def uninterrupted() -> dict[str, Any]:
    target = watched()
    play(target, OUTDATED)
    return state_of(of(target))


def test_where_the_log_has_lost_its_beginning_detectors_go_on_from_an_outdated_checkpoint(
    tmp_path: Path, uninterrupted: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    outdated(tmp_path)
    with caplog.at_level("INFO"):
        target = partition(tmp_path)
        read_from(target, (WEEKS - 1) * 168)
    assert state_of(kept(target)) == uninterrupted
    assert "incident of tiny: what 4 watches had learned is kept" in caplog.text


def test_what_was_learned_outlives_any_number_of_restarts_before_and_within_the_reading(
    tmp_path: Path, uninterrupted: dict[str, Any]
) -> None:
    outdated(tmp_path)
    for _ in range(2):
        partition(tmp_path).checkpoint.close()
    target = partition(tmp_path)
    target.send(Outgoing("w.alerts", b"1", b"opened", []))
    asyncio.run(target.save())  # before anything was read
    target.checkpoint.close()
    target = partition(tmp_path)
    first = (WEEKS - 1) * 168
    target.begin_reading(first)
    asyncio.run(target.fold([Record(first, OUTDATED[first])]))
    asyncio.run(target.save())
    assert not list(tmp_path.glob("*.unsent"))
    target.checkpoint.close()
    target = partition(tmp_path)
    read_from(target, first)
    assert state_of(kept(target)) == uninterrupted


def test_where_the_whole_log_is_there_detectors_learn_from_it_again(
    tmp_path: Path, uninterrupted: dict[str, Any]
) -> None:
    outdated(tmp_path, 100)
    target = partition(tmp_path)
    read_from(target, 0)
    assert state_of(kept(target)) == uninterrupted


def test_detectors_go_on_from_a_backup_in_a_new_log_that_has_nothing_of_it(
    tmp_path: Path, uninterrupted: dict[str, Any]
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    outdated(old)
    entries = list(learned(old))
    head = Head(RESTORED, "c", "w.incidents", "id", 0, "", 0, "", "", 0, -1, 0, {}, {})
    parts = [(each.force, each.key.partition("/")[2], each.value) for each in entries]
    put_learned(new / "w.sqlite", head, parts)
    for _ in range(2):  # the log is empty yet, at every start
        target = partition(new)
        target.begin_reading(0)
        asyncio.run(target.end_reading())
        asyncio.run(target.save())
        target.checkpoint.close()
        assert len(list(learned(new))) == len(entries)
    target = partition(new)
    target.begin_reading(0)
    for offset, payload in enumerate(OUTDATED[(WEEKS - 1) * 168 :]):
        asyncio.run(target.fold([Record(offset, payload)]))
    asyncio.run(target.end_reading())
    assert state_of(kept(target)) == uninterrupted


def test_where_nothing_can_be_read_detectors_learn_anew_from_the_published_panes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    days, lost = 63, 42  # incidents are sealed after 35
    log = [b"\n".join(hours(24, day * 24)) for day in range(days)]
    first = partition(tmp_path)
    for offset, payload in enumerate(log):
        asyncio.run(first.fold([Record(offset, payload)]))
    mail = asyncio.run(first.save())
    first.checkpoint.close()
    (tmp_path / "w.sqlite").unlink()
    target = partition(tmp_path)
    target.begin_reading(lost)
    ledger, panes = kept(target).ledger, [(m.key, m.value) for _, m in mail]
    asyncio.run(target.take_archive(FORCES[0], collect(ledger, FORCES[0], panes, "id")))
    for offset in range(lost, days):
        asyncio.run(target.fold([Record(offset, log[offset])]))
    asyncio.run(target.save())
    with caplog.at_level("INFO"):
        asyncio.run(target.end_reading())
    assert kept(target).rebuilt
    assert "baselines rebuilt from" in caplog.text
    asyncio.run(target.save())
    target.checkpoint.close()
    assert {w.adapter.about for w in kept(partition(tmp_path)).grains["hour"]} == {
        "first year: 8 weeks of history, no season or yearly day seen yet"
    }

"""What detectors have learned is kept in a checkpoint, and comes back as it was."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.board.monitor import Monitor, Shard
from streams.errors import CheckpointError
from streams.kafka.partition import Partition, fingerprint
from streams.live import Live
from streams.state import sqlite as store
from streams.state.snapshot import Identity
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
                broken.setattr(store, "_WATCHED", "CREATE TABLE as on a full disk")
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


def test_nothing_is_written_of_detectors_that_took_nothing(tmp_path: Path) -> None:
    target = partition(tmp_path)
    fold(target, 0, 50)
    assert asyncio.run(target._take()).watches
    asyncio.run(target.fold([Record(200, hours(150)[49])]))
    assert asyncio.run(target._take()).watches == []
    target.checkpoint.close()

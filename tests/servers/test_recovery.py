"""Whatever becomes of a worker and its checkpoint, the board is what the events alone make it."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.periods import DAY, rfc3339
from tests import events
from tests.build import TINY_FORCE, incident, lines, ms
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until
from tests.servers.rig import Rig, Worker, halves, rigged

READY_SECONDS = 15
"""Seconds within which another worker has taken over."""


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        yield made


def in_order(found: list[events.Event]) -> list[events.Event]:
    return found


def shuffled(found: list[events.Event]) -> list[events.Event]:
    return random.Random(2).sample(found, len(found))


def repeated(found: list[events.Event]) -> list[events.Event]:
    return [event for n, event in enumerate(found) for _ in range(2 if n % 10 == 0 else 1)]


def backwards(found: list[events.Event]) -> list[events.Event]:
    return found[::-1]


@pytest.mark.parametrize("arrange", [in_order, shuffled, repeated, backwards])
def test_kafka_and_faust_give_the_board_of_the_events_alone(rig: Rig, arrange: object) -> None:
    assert callable(arrange)
    found = arrange(events.events(700))
    before, after = halves(events.messages(found, 20))
    rig.publish(before)
    worker = rig.worker()
    worker.start()
    rig.publish(after)
    rig.shows(events.boards(found))


def test_a_worker_that_is_killed_three_times_counts_every_event_once(rig: Rig) -> None:
    found = events.events(4000)
    messages = events.messages(found, 4)
    sender = threading.Thread(target=rig.publish, args=(messages,), kwargs={"pause": 0.004})
    worker = rig.worker("worker", "--every", "0.3")
    rng = random.Random(3)
    sender.start()
    for _ in range(3):
        worker.start(wait=False)
        wait_until(lambda: worker.get("/healthz")[0] != 0, 30, "the worker is up")
        time.sleep(rng.uniform(0.5, 2.5))
        worker.kill()
    worker.start(wait=False)
    sender.join()
    rig.shows(events.boards(found))


def deleted(worker: Worker, copies: Path) -> None:
    for file in worker.checkpoints.glob("*.sqlite*"):
        file.unlink()


def cut_short(worker: Worker, copies: Path) -> None:
    for file in worker.checkpoints.glob("*.sqlite"):
        with file.open("r+b") as opened:
            opened.truncate(file.stat().st_size * 2 // 3)


def scribbled_over(worker: Worker, copies: Path) -> None:
    # A write-ahead log that survived the kill would lay the old page over the scribble.
    for log in worker.checkpoints.glob("*.sqlite-wal"):
        log.unlink()
    for file in worker.checkpoints.glob("*.sqlite"):
        with file.open("r+b") as opened:
            opened.seek(file.stat().st_size // 2)
            opened.write(b"not what was here" * 20)


def put_back_older(worker: Worker, copies: Path) -> None:
    deleted(worker, copies)
    shutil.copytree(copies, worker.checkpoints, dirs_exist_ok=True)


@pytest.mark.parametrize("tamper", [deleted, cut_short, scribbled_over, put_back_older])
def test_a_checkpoint_that_is_lost_or_wrong_is_made_good_from_the_log(
    rig: Rig, tmp_path: Path, tamper: object
) -> None:
    assert callable(tamper)
    found = events.events(700)
    first, second = halves(events.messages(found, 20))
    worker = rig.worker("worker", "--every", "0.2")
    rig.publish(first)
    worker.start()
    worker.stop()
    copies = tmp_path / "copies"
    shutil.copytree(worker.checkpoints, copies)
    worker.start()
    rig.publish(second)
    wanted = events.boards(found)
    rig.shows(wanted)
    worker.kill()
    tamper(worker, copies)
    worker.start()
    rig.shows(wanted)
    damaged = tamper in (cut_short, scribbled_over)
    assert bool(worker.said("is damaged or foreign")) == damaged
    assert bool(list(worker.checkpoints.glob("*.damaged-*"))) == damaged


def test_a_worker_takes_over_from_one_that_was_killed(rig: Rig) -> None:
    found = events.events(20_000)
    first, second = halves(events.messages(found, 100))
    survivor, victim = rig.worker("survivor"), rig.worker("victim")
    rig.publish(first)
    survivor.start()
    victim.start()
    wait_until(lambda: len(rig.boards()) == 3 and survivor.ready(), 30, "both have partitions")
    assert any(victim.board(name) for name in events.FORCES), "the victim has a force"
    rig.publish(second)
    wanted = events.boards(found)
    rig.shows(wanted)
    taken = len(survivor.said(r"took over calls/"))
    victim.kill()

    def taken_over() -> bool:
        # It is ready before it has noticed, and has a part of the force before it is ready again.
        return bool(survivor.said(r"took over calls/")[taken:]) and survivor.ready()

    wait_until(taken_over, READY_SECONDS, "the survivor has taken over")
    assert survivor.said(r"took over (\w+/\d+: [\d,]+ events read back in [\d.]+ s)")
    rig.shows(wanted)


def months(first: int, count: int) -> list[bytes]:
    """So many messages of one incident each, a month apart: each closes the hours of a month."""
    start = ms("1995-01-02T00:00:00Z")
    return [
        lines([incident(f"i{n}", rfc3339(start + n * 30 * DAY))])
        for n in range(first, first + count)
    ]


def counted(worker: Worker) -> int:
    """The incidents that a worker has counted; -1 where it has none, or any was seen twice."""
    shown = worker.board("tiny", ms("2031-01-01T00:00:00Z"))
    found = shown.get("ingest", {}).get("incident", {})
    return -1 if found.get("same") or found.get("stale") else found.get("new", -1)


def test_partitions_that_move_while_a_fetch_is_folded_count_each_message_once(rig: Rig) -> None:
    """The fetch holds much more than was folded when a second worker comes; what is left of it is
    fetched again, by whoever has the partition then."""
    file = rig.folder / "tiny.toml"
    file.write_text(TINY_FORCE)
    rig.forces = ["--force", str(file)]
    first, second = rig.worker("first", "--every", "0.3"), rig.worker("second", "--every", "0.3")
    first.start()
    for message in months(0, 20):
        rig.send("incident", "tiny", message)
    rig.producer.flush()
    wait_until(
        lambda: b"figures may be behind" in first.get("/readyz")[1], 30, "it is in the middle of it"
    )
    second.start(wait=False)
    wait_until(lambda: bool(second.said("ready: ")), 100, "both have partitions")
    for message in months(20, 3):
        rig.send("incident", "tiny", message)
    rig.producer.flush()
    wait_until(lambda: 23 in (counted(first), counted(second)), 100, "each is counted once")
    first.stop()
    wait_until(lambda: counted(second) == 23, 100, "the second has all of it")
    assert not second.said("reading what lies between")

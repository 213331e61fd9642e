"""A real worker: bad input, old records, facts, and how it starts and stops."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import random
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import TopicPartition

from streams.board.monitor import Monitor
from streams.config.force import check_force
from streams.events.deadletters import DeadLetter, peek
from streams.kafka import deadletter_topic, topics
from streams.periods import rfc3339
from streams.state.sqlite import head_of
from streams.state.surveillance import watch_all
from tests import events
from tests.bad_input import BAD_LINES
from tests.build import TINY_FORCE, as_json, call, lines, ms, row
from tests.servers.kafka import Kafka
from tests.servers.process import PATIENCE, wait_until
from tests.servers.rig import Rig, Worker, halves, rigged

HORIZON = dt.timedelta(days=35)


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        yield made


@pytest.fixture
def tiny(rig: Rig) -> Rig:
    """The rig with the small force of the tests alone."""
    file = rig.folder / "tiny.toml"
    file.write_text(TINY_FORCE)
    rig.forces = ["--force", str(file)]
    return rig


def letters(rig: Rig, count: int) -> list[DeadLetter]:
    """The dead letters, once there are that many."""
    found: list[DeadLetter] = []

    def enough() -> bool:
        found[:] = deadletter_topic.read(rig.bootstrap, rig.prefix)
        return len(found) >= count

    wait_until(enough, 40, f"{count} dead letters are there")
    return found


def saved(worker: Worker) -> dict[str, int]:
    """The offsets that the checkpoints hold, by topic/partition."""
    found = {}
    for file in worker.checkpoints.glob("*.sqlite"):
        with contextlib.closing(sqlite3.connect(file)) as db:
            head = head_of(db)
        found[f"{head.topic}/{head.partition}"] = head.offset
    return found


def test_forty_kinds_of_bad_input_are_a_dead_letter_each_and_stop_nothing(tiny: Rig) -> None:
    worker = tiny.worker()
    worker.start()
    good = 0
    for _, raw, _ in BAD_LINES:
        kind = peek(raw)[1]
        topic = kind if kind in topics.INPUT_TOPICS else "call"
        before, after = (call(f"good-{good + n}", "2021-03-01T10:00:00Z") for n in range(2))
        if topic == "call":
            good += 2
            tiny.send(topic, "tiny", b"\n".join([lines([before]), raw, lines([after])]))
        else:
            tiny.send(topic, "tiny", raw)
    tiny.producer.flush()
    found = letters(tiny, len(BAD_LINES))
    assert sorted((each.raw, each.reason) for each in found) == sorted(
        (raw, reason) for _, raw, reason in BAD_LINES
    )
    assert all(each.detail and each.time and each.origin.count("/") == 3 for each in found)
    board = worker.board("tiny", ms("2021-03-01T10:10:00Z"))
    assert row(board, "1h", "calls", line="999")["offered"] == good
    wait_until(worker.ready, 60, "it is ready")


def test_a_message_without_a_value_or_of_no_force_is_a_dead_letter(tiny: Rig) -> None:
    worker = tiny.worker()
    worker.start()
    tiny.send("call", "tiny", None)
    tiny.send("call", "tiny", lines([call("x", force="unheard-of")]))
    tiny.send("call", "other", lines([call("x")]))  # the key decides the partition
    tiny.send("crime", "tiny", lines([call("x")]))
    tiny.producer.flush()
    reasons = sorted(each.reason for each in letters(tiny, 4))
    assert reasons == ["no_value", "unknown_force", "wrong_partition", "wrong_topic"]


def test_a_letter_has_the_place_of_its_line_as_its_key(tiny: Rig) -> None:
    worker = tiny.worker()
    worker.start()
    tiny.send("call", "tiny", lines([call("a"), call("b")]) + b"\nrubbish")
    tiny.producer.flush()
    (found,) = letters(tiny, 1)
    number = topics.partition_of("tiny", 4)
    assert found.origin == f"{tiny.prefix}.calls/{number}/0/2"
    assert (found.raw, found.reason, found.kind) == (b"rubbish", "not_json", None)


def test_a_worker_that_is_stopped_leaves_nothing_to_read_back(rig: Rig) -> None:
    found = events.events(300)
    worker = rig.worker("worker", "--every", "30")
    worker.start()
    rig.publish(events.messages(found, 20))
    rig.shows(events.boards(found))
    worker.stop()
    held = saved(worker)
    assert held
    offsets = rig.committed()
    assert {name: offsets[name] for name in held} == {name: at + 1 for name, at in held.items()}
    worker.start()
    assert not worker.said("took over")
    rig.shows(events.boards(found))


def test_totals_of_calls_serve_beside_records_and_outlive_the_worker(tiny: Rig) -> None:
    worker = tiny.worker("worker", "--every", "30")
    worker.start()
    total = {
        "kind": "reading",
        "force": "tiny",
        "id": "101/2021-02-28",
        "updated_at": "2021-03-01T06:00:00Z",
        "measure": "calls",
        "line": "101",
        "period": "2021-02-28",
        "counts": {"offered": 200, "answered": 182, "abandoned": 18},
    }
    tiny.send("reading", "tiny", lines([total]))
    tiny.send("call", "tiny", lines([call("c", "2021-03-01T10:00:00Z", line="101")]))
    tiny.producer.flush()
    at = ms("2021-03-01T10:10:00Z")

    def served() -> tuple[int, str] | None:
        board = worker.board("tiny", at, "2021-Q1")
        rows = board["periods"]["2021-Q1"].get("calls", []) if board else []
        found = [each for each in rows if (each["line"], each["area"]) == ("101", "force")]
        return (found[0]["offered"], found[0].get("from", "records")) if found else None

    wait_until(lambda: served() == (201, "both"), 40, "both are counted")
    worker.stop()
    worker.start()
    wait_until(lambda: served() == (201, "both"), 40, "both are counted again")
    assert not worker.said("took over")


def test_the_groups_offsets_never_pass_the_checkpoints(rig: Rig) -> None:
    worker = rig.worker("worker", "--every", "0.1")
    messages = events.messages(events.events(1500), 3)
    worker.start()
    rig.publish(messages[:50])
    wait_until(lambda: bool(rig.committed()), 40, "something is committed")
    for n in range(3):
        rig.publish(messages[50 + n * 200 : 250 + n * 200], pause=0.001)
        worker.kill()
        offsets, held = rig.committed(), saved(worker)
        assert offsets
        assert all(offset <= held[name] + 1 for name, offset in offsets.items())
        worker.start()


def test_a_worker_outlives_its_brokers_and_says_that_they_are_away(rig: Rig, kafka: Kafka) -> None:
    if not kafka.owned:
        pytest.skip("these brokers are not ours to stop")
    found = events.events(400)
    first, second = halves(events.messages(found, 20))
    worker = rig.worker()
    worker.start()
    rig.publish(first)
    rig.producer.close()  # one that is left without brokers leaves sockets behind
    with kafka.down():
        wait_until(lambda: not worker.ready(), 30, "it is not ready without brokers")
        # At first only its group is known to be silent.
        words = b"the brokers have not answered"
        wait_until(lambda: words in worker.get("/readyz")[1], 30, "it says why")
    rig.producer = rig.connect()
    rig.publish(second)
    rig.shows(events.boards(found))
    wait_until(worker.ready, 60, "it is ready")


def test_two_workers_can_not_share_a_folder(rig: Rig) -> None:
    worker = rig.worker()
    worker.start()
    told = subprocess.run(
        worker.server.command, capture_output=True, text=True, check=False, timeout=60 * PATIENCE
    )
    assert told.returncode == 1
    assert f"in use by the process with pid {worker.server.pid}" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_worker_without_topics_says_how_to_make_them(rig: Rig) -> None:
    worker = rig.worker()
    command = [part if part != rig.prefix else "nowhere" for part in worker.server.command]
    told = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60 * PATIENCE
    )
    assert told.returncode == 1
    create = f"watchroom topics create --broker {rig.bootstrap} --prefix nowhere --partitions 24"
    assert f"is missing. Create it: {create}" in told.stderr


def old_and_new() -> list[tuple[str, dt.datetime, dt.datetime]]:
    """Calls (id, offered, updated) of 80 days in order of arrival, some of them far too late."""
    rng = random.Random(8)
    start = dt.datetime(2021, 1, 4, 9, 30, tzinfo=dt.UTC)
    out = []
    for day in range(80):
        for n in range(6):
            updated = start + dt.timedelta(days=day, minutes=90 * n)
            late = (
                dt.timedelta(days=rng.randrange(30, 60)) if rng.random() < 0.2 else dt.timedelta()
            )
            out.append((f"{day}-{n}", updated - late, updated))
    return out


def brute_force(records: list[tuple[str, dt.datetime, dt.datetime]]) -> set[str]:
    """The ids that come for a period that is sealed: days 35 days behind the latest update."""
    refused, watermark = set(), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    for name, offered, updated in records:
        # Winter time, so local days are those of UTC. Sealing is done hour by hour.
        hour = watermark.replace(minute=0, second=0, microsecond=0)
        if offered < (hour - HORIZON).replace(hour=0):
            refused.add(name)
        else:
            watermark = max(watermark, updated)
    return refused


def test_records_older_than_the_horizon_are_dead_letters_and_archived_panes_outlive_the_log(
    tiny: Rig,
) -> None:
    records = old_and_new()
    expected = brute_force(records)
    assert 20 < len(expected) < 100
    payloads = [
        lines([call(name, offered.isoformat(), updated_at=updated.isoformat())])
        for name, offered, updated in records
    ]
    worker = tiny.worker("worker", "--every", "0.3")
    worker.start()
    for payload in payloads:
        tiny.send("call", "tiny", payload)
    tiny.producer.flush()
    found = letters(tiny, len(expected))
    assert {json.loads(each.raw)["id"] for each in found} == expected
    assert {each.reason for each in found} == {"sealed"}

    periods = ("2021-01", "2021-01-10", "2021-02", "2021-Q1")
    at = ms("2021-03-25T12:00:00Z")
    force, _ = check_force(TINY_FORCE, "tiny.toml")
    assert force is not None
    alone = Monitor([force])
    watch_all(alone)  # as the worker's is: what was not heard is judged by what it learned
    for payload in payloads:
        alone.ingest(payload, ms("2030-01-01T00:00:00Z"))
    wanted = as_json(alone.board("tiny", at, periods).periods)
    wait_until(lambda: worker.board("tiny", at, *periods).get("periods") == wanted, 30, "all is in")

    # The log loses its first days, and the checkpoint is lost too.
    topic, number = topics.input_topic(tiny.prefix, "call"), topics.partition_of("tiny", 4)
    wait_until(lambda: worker.ready() and bool(saved(worker)), 20, "it has saved")
    worker.stop()
    with topics.admin(tiny.bootstrap) as client:
        client.delete_records({TopicPartition(topic, number): 150})
    for file in worker.checkpoints.glob("*.sqlite*"):
        file.unlink()
    worker.start()
    found_again = worker.board("tiny", at, *periods)["periods"]
    # Baselines are made anew from the counts as they stand now, with the late calls of December: by
    # that rate the days before the first call of January are missing.
    found_again["2021-01"].pop("missing", None)
    assert found_again == wanted
    assert worker.said(r"published panes of tiny")
    assert rfc3339(at) == "2021-03-25T12:00:00+00:00"


def test_a_partition_that_is_cut_off_in_the_middle_of_a_batch_of_work_is_counted_once(
    rig: Rig,
) -> None:
    """A second worker comes and goes while events flow: every hand-over is exact."""
    found = events.events(3000)
    first, second = halves(events.messages(found, 10))
    worker, guest = rig.worker("worker", "--every", "0.3"), rig.worker("guest", "--every", "0.3")
    worker.start()
    rig.publish(first, pause=0.002)
    guest.start()
    rig.publish(second, pause=0.002)
    guest.stop()
    rig.shows(events.boards(found))

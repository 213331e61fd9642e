"""What a person was told is done is done: kept over a crash, refused where it can not be kept, and
not undone by a worker that slept meanwhile."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from streams.alerts.model import Transition, decode_fact
from streams.kafka import topics
from streams.periods import MINUTE, rfc3339
from streams.sources.clock import wall_clock
from tests.build import call, lines
from tests.servers.kafka import Kafka
from tests.servers.process import Server, free_port, wait_until
from tests.servers.rig import Rig, Worker, rigged
from tests.servers.test_alerts import FORCE_FILE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        file = made.folder / "tiny.toml"
        # Somebody else is told soon of what nobody takes.
        file.write_text(FORCE_FILE + "escalate_after_minutes = 1\n")
        made.forces = ["--force", str(file)]
        yield made


def act(port: int, alert: str, action: str, **details: str) -> tuple[int, dict[str, Any]]:
    """The status and what is answered."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/alerts/{alert}/{action}",
        json.dumps(details).encode(),
        {"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def alerts(port: int) -> list[dict[str, Any]]:
    """Those of waiting callers; a machine that is busy may raise one about Watchroom as well."""
    try:
        path = f"http://127.0.0.1:{port}/alerts.json?force=tiny"
        with urllib.request.urlopen(path, timeout=20) as answer:
            found = json.loads(answer.read())["alerts"]
            return [each for each in found if each["kind"] == "callers_waiting"]
    except OSError:
        return []


def notes(port: int) -> list[str]:
    """The notes of the one alert that there is."""
    return [entry["note"] for alert in alerts(port) for entry in alert["log"]]


def waits(rig: Rig) -> None:
    """A caller waits too long."""
    at = rfc3339(wall_clock() - 5 * MINUTE)
    rig.send("call", "tiny", lines([call("c1", at, force="tiny", answered=None)]))
    rig.producer.flush()


def six(port: int, alert: str) -> list[str]:
    """Six notes, each of which was confirmed."""
    made = [f"note {number}" for number in range(6)]
    for note in made:
        assert act(port, alert, "note", who="Duty inspector", note=note)[0] == 200
    return made


# -- a worker that slept ---------------------------------------------------------------------------


def stored(rig: Rig) -> list[Transition]:
    """The transitions in the topic that were not rolled back."""
    tp = TopicPartition(topics.topic_name(rig.prefix, "alerts"), topics.partition_of("tiny", 4))
    consumer = KafkaConsumer(
        bootstrap_servers=rig.bootstrap,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    try:
        consumer.assign([tp])
        consumer.seek_to_beginning(tp)
        end, found = consumer.end_offsets([tp])[tp], []
        while consumer.position(tp) < end:
            for records in consumer.poll(timeout_ms=500).values():
                found += [decode_fact(record.value) for record in records if record.value]
        return [fact for fact in found if isinstance(fact, Transition)]
    finally:
        consumer.close()


def owner(worker: Worker) -> str | None:
    found = alerts(worker.port)
    return found[0]["owner"] if found else None


def test_a_worker_that_slept_undoes_nothing_that_was_done_at_the_one_that_took_over(
    rig: Rig,
) -> None:
    sleeper, other = rig.worker("sleeper"), rig.worker("other")
    sleeper.start()
    other.start()
    waits(rig)
    found = (sleeper, other)
    wait_until(lambda: any(len(alerts(each.port)) == 1 for each in found), 40, "one waits")
    if alerts(other.port):
        sleeper, other = other, sleeper
    (first,) = alerts(sleeper.port)
    wait_until(lambda: bool(stored(rig)), 20, "the topic has it")
    os.killpg(sleeper.server.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: len(alerts(other.port)) == 1 and other.ready(), 30, "it took over")
        status, answer = act(other.port, first["id"], "acknowledge", who="Duty inspector")
        assert (status, answer["alert"]["owner"]) == (200, "Duty inspector")
    finally:
        os.killpg(sleeper.server.pid, signal.SIGCONT)
    # At once: nothing of its old book is live, and nothing is done by it.
    status, body = sleeper.get("/readyz")
    assert status == 503, body
    status, answer = act(sleeper.port, first["id"], "acknowledge", who="Somebody else")
    assert (status, answer["error"].endswith("try again in some seconds")) == (503, True)
    assert b"watchroom_alert_open{" not in sleeper.get("/metrics")[1]
    wait_until(sleeper.ready, 30, "it is in the group again")
    wait_until(lambda: "Duty inspector" in {owner(sleeper), owner(other)}, 10, "it has an owner")
    assert [each.what for each in stored(rig) if each.what in ("acknowledged", "escalated")] == [
        "acknowledged"
    ]
    assert stored(rig)[-1].alert.owner == "Duty inspector"


# -- without Kafka ---------------------------------------------------------------------------------


class Embedded:
    """`watchroom run` on standard input, with its alerts in a folder."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        force, self.events = folder / "tiny.toml", folder / "events.ndjson"
        force.write_text(FORCE_FILE)
        self.since = wall_clock() - 5 * MINUTE
        run = f"{sys.executable} -m streams.cli run --embedded - --force {force} --state {folder}"
        # The time limit ends it where the test process dies, which ends no more than the shell.
        run = f"timeout --foreground 600 {run} --web 127.0.0.1:{self.port}"
        feed = f"(cat {self.events}; exec sleep 600) | exec {run}"
        self.server = Server("run", ["bash", "-c", feed], folder / "run.log", cwd=ROOT)

    def start(self) -> None:
        waits = call("c1", rfc3339(self.since), force="tiny", answered=None)
        now = call("c2", rfc3339(wall_clock()), force="tiny")  # so the reading has come to now
        self.events.write_bytes(lines([waits, now]) + b"\n")
        self.server.start(lambda: bool(alerts(self.port)), seconds=60)

    def limit(self, size: int) -> None:
        """How large a file its processes may make."""
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            with suppress(ProcessLookupError):  # another that has ended meanwhile
                if os.getpgid(int(folder.name)) == self.server.pid:
                    _, most = resource.prlimit(int(folder.name), resource.RLIMIT_FSIZE)
                    resource.prlimit(int(folder.name), resource.RLIMIT_FSIZE, (size, most))


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    made = Embedded(tmp_path)
    made.start()
    yield made
    made.server.kill()


@pytest.mark.servers
def test_what_a_monitor_without_kafka_has_confirmed_is_kept_though_it_is_killed_at_once(
    embedded: Embedded,
) -> None:
    made = six(embedded.port, alerts(embedded.port)[0]["id"])
    embedded.server.kill()
    embedded.start()
    assert notes(embedded.port) == made


@pytest.mark.servers
def test_what_can_not_be_stored_on_a_full_disk_is_refused_and_not_shown_as_done(
    embedded: Embedded,
) -> None:
    (alert,) = alerts(embedded.port)
    embedded.limit(1)
    status, answer = act(embedded.port, alert["id"], "note", who="AB", note="On it")
    assert status == 503
    assert answer["error"].startswith("this could not be stored in ")
    assert answer["error"].endswith(
        ", so it is not done. Make room on the disk, or mend it, and do it again"
    )
    status, answer = act(embedded.port, "tiny/shift", "hand_over", who="AB", to="CD")
    assert status == 503
    assert notes(embedded.port) == []
    embedded.limit(resource.RLIM_INFINITY)
    assert act(embedded.port, alert["id"], "note", who="AB", note="On it")[0] == 200
    embedded.server.kill()
    embedded.start()
    assert notes(embedded.port) == ["On it"]

"""A backup of the topics of a real broker, restored into new ones: the same alerts and figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from streams.alerts.actions import Request
from streams.alerts.evaluation import evaluate
from streams.alerts.model import Transition, decode_fact, encode
from streams.cli import main
from streams.kafka import topics
from streams.state.backup import Backup
from tests.alerting import at, signal, store
from tests.build import call, lines, ms, row
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until
from tests.servers.rig import PARTITIONS, Rig, Worker, rigged

AT = ms("2021-06-01T00:00:00Z")
DAY = "2021-03-01"


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        made.forces = ["--force", "warwickshire"]
        yield made


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def send_alerts(rig: Rig) -> None:
    """One that somebody has and wrote something about, and a handover of the room."""
    held = store()
    made = list(evaluate(held, [signal("2026-11-21 21:00")], [], at("2026-11-21 22:00")))
    for asked in (
        Request(action="acknowledge", who="Duty inspector", note="On it"),
        Request(action="note", who="Duty inspector", note="The club match"),
    ):
        made.append(held.act(made[0].alert.id, asked, at("2026-11-21 22:10")))
    number = topics.partition_of("warwickshire-west-mercia", PARTITIONS)
    for each in made:
        topic, key = topics.topic_name(rig.prefix, "alerts"), each.alert.id.encode()
        rig.producer.send(topic, key=key, value=encode(each), partition=number)
    rig.producer.flush()


def someone_else_takes_it(rig: Rig, file: Path, prefix: str) -> None:
    """What a later worker wrote about the alert of a backup."""
    facts = [decode_fact(entry.value) for entry in Backup(file).entries("alerts")]
    (fact,) = [each for each in facts if isinstance(each, Transition) and each.alert.owner]
    alert = msgspec.structs.replace(fact.alert, owner="Somebody else", revision=90)
    later = msgspec.structs.replace(fact, alert=alert, generation=9)
    number = topics.partition_of("warwickshire-west-mercia", PARTITIONS)
    topic, key = topics.topic_name(prefix, "alerts"), alert.id.encode()
    rig.producer.send(topic, key=key, value=encode(later), partition=number)
    rig.producer.flush()


def shown(worker: Worker) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The alerts, and the figures of a day whose records have left."""
    _, body = worker.get("/alerts.json?force=warwickshire")
    figures = row(worker.board("warwickshire", AT, DAY), DAY, "calls", line="999")
    return json.loads(body)["alerts"], figures


def test_new_topics_have_the_alerts_and_published_figures_of_a_backup(rig: Rig) -> None:
    send_alerts(rig)
    worker = rig.worker()
    worker.start()
    day = [call(f"c{n}", f"{DAY}T10:{n:02}:00Z", force="warwickshire") for n in range(50)]
    late = call("late", "2021-05-20T10:00:00Z", force="warwickshire")
    for records in (day, [late]):
        rig.send("call", "warwickshire-west-mercia", lines(records))
    rig.producer.flush()
    file = rig.folder / "force.backup"

    def published() -> bool:
        file.unlink(missing_ok=True)
        where = ("--broker", rig.bootstrap, "--prefix", rig.prefix)
        made = run("backup", file, *where, "--checkpoints", worker.checkpoints)
        assert made.exit_code == 0, made.output
        counts = Backup(file).counts
        return counts["published"] > 0 and counts["learned"] > 0

    wait_until(published, 60, "the day is published and backed up while the worker goes on")
    before = shown(worker)
    assert before[1]["offered"] == 50
    assert [entry["note"] for entry in before[0][0]["log"]] == ["On it", "The club match"]

    new = f"{rig.prefix}-new"
    where = ("--broker", rig.bootstrap, "--prefix", new, "--group", new)
    missing = run("restore", file, *where)
    assert f"the topic {new}.alerts is missing. Create it: watchroom topics create" in (
        missing.output
    )
    with topics.admin(rig.bootstrap) as client:
        topics.create(client, new, PARTITIONS, 1)
    running = run("restore", file, *where[:4], "--group", rig.prefix)
    assert f'1 workers of the group "{rig.prefix}" are running' in running.output
    worker.kill()
    restored = run("restore", file, *where, "--checkpoints", rig.folder / "again")
    assert restored.exit_code == 0, restored.output
    twice = run("restore", file, *where)
    assert (twice.exit_code, "messages already" in twice.output) == (1, True), twice.output

    someone_else_takes_it(rig, file, new)
    replaced = run("restore", file, *where, "--replace")
    assert replaced.exit_code == 0, replaced.output

    rig.prefix = new
    again = rig.worker("again")
    rig.send("call", "warwickshire-west-mercia", lines([late]))  # all that its log has
    rig.producer.flush()
    again.start()
    assert shown(again) == before

"""Alerts with real servers: a worker keeps them over a crash, Alertmanager hears who has one."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from msgspec import structs

from streams.alerts.actions import MOST_ENTRIES, Request
from streams.alerts.evaluation import evaluate
from streams.alerts.model import Handover, LogEntry, Transition, decode_fact
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.kafka import topics
from streams.live import Live
from streams.outputs.alertmanager.silences import Silencer, silence
from streams.outputs.alertmanager.silences_set_there import SilencesSetThere
from streams.periods import rfc3339, to_ms
from streams.sources.clock import wall_clock
from tests.alerting import WARWICKSHIRE, at, signal, store
from tests.build import call, lines
from tests.servers.alertmanager import Alertmanager
from tests.servers.kafka import Kafka
from tests.servers.process import wait_until
from tests.servers.rig import Rig, Worker, rigged

MINUTE = 60_000
FORCE_FILE = """
id = "tiny"
name = "Tiny Police"
timezone = "Europe/London"
population = 1000

[[lines]]
id = "999"
name = "999"
targets = [{ since = 2000-01-01, seconds = 10, share = 0.9 }]

[attendance]
targets = [{ since = 2000-01-01, seconds = 1200 }]

[alerts]
waiting_seconds = { "999" = 30 }
"""


@pytest.fixture
def rig(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    with rigged(kafka, topic_prefix, tmp_path) as made:
        file = made.folder / "tiny.toml"
        file.write_text(FORCE_FILE)
        made.forces = ["--force", str(file)]
        yield made


def alerts(worker: Worker) -> list[dict[str, Any]]:
    status, body = worker.get("/alerts.json?force=tiny")
    return list(json.loads(body)["alerts"]) if status == 200 else []


def act(worker: Worker, alert: str, action: str, **details: str) -> dict[str, Any]:
    path = f"http://127.0.0.1:{worker.port}/api/alerts/{alert}/{action}"
    asked = urllib.request.Request(
        path, json.dumps(details).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return dict(json.loads(answer.read())["alert"])


def test_a_worker_keeps_all_that_it_has_confirmed_though_it_is_killed_at_once(rig: Rig) -> None:
    worker = rig.worker("worker", "--every", "30")  # its checkpoint would come too late
    worker.start()
    now = wall_clock()
    begun = rfc3339(now - 5 * MINUTE)
    waits = call("c1", begun, force="tiny", answered=None, origin="simulated")
    rig.send("call", "tiny", lines([waits]))
    rig.producer.flush()
    wait_until(lambda: len(alerts(worker)) == 1, 40, "a caller waits too long")
    (first,) = alerts(worker)
    assert first["kind"] == "callers_waiting"
    assert first["words"].startswith("999 calls, Tiny Police: 1 caller waiting for ")
    # What is made up says so: on the alert, and in the label and first words for Alertmanager.
    assert first["origin"] == "simulated"
    metrics = worker.get("/metrics")[1].decode()
    assert 'kind="callers_waiting",measure="oldest_waiting",origin="simulated"' in metrics
    assert 'words="SIMULATED: 999 calls, Tiny Police: 1 caller waiting for ' in metrics
    made = [f"note {number}" for number in range(6)]
    for note in made:
        act(worker, first["id"], "note", who="Duty inspector", note=note)
    taken = act(worker, first["id"], "acknowledge", who="Duty inspector")
    assert taken["words"].endswith("Duty inspector has this.")
    act(worker, "tiny/shift", "hand_over", who="Late shift", to="Night shift", note="One waits")
    worker.kill()
    assert {"acknowledged", "handover"} <= {*stored(rig)}
    # Without its checkpoints too: what was decided is in the topic.
    other = rig.worker("other")
    other.start()
    wait_until(lambda: len(alerts(other)) == 1, 40, "the alert is there again")
    (again,) = alerts(other)
    assert (again["id"], again["owner"]) == (first["id"], "Duty inspector")
    assert again["origin"] == "simulated"
    assert [entry["note"] for entry in again["log"]] == [*made, ""]
    wait_until(lambda: len(alerts(other)) == 1, 5, "and stays one")
    (shift,) = json.loads(other.get("/board.json?force=tiny")[1])["alerts"]["handovers"]
    assert (shift["who"], shift["to"], shift["note"]) == ("Late shift", "Night shift", "One waits")
    assert shift["open"] == [taken["words"]]


def stored(rig: Rig) -> list[str]:
    """What became of the alerts, by the topic."""
    tp = TopicPartition(topics.topic_name(rig.prefix, "alerts"), topics.partition_of("tiny", 4))
    consumer = KafkaConsumer(bootstrap_servers=rig.bootstrap, auto_offset_reset="earliest")
    try:
        consumer.assign([tp])
        consumer.seek_to_beginning(tp)
        end, found = consumer.end_offsets([tp])[tp], []
        while consumer.position(tp) < end:
            for records in consumer.poll(timeout_ms=500).values():
                found += [decode_fact(record.value) for record in records if record.value]
        return ["handover" if isinstance(fact, Handover) else fact.what for fact in found]
    finally:
        consumer.close()


CONFIG = """
route: { receiver: nobody }
receivers: [{ name: nobody }]
"""


def silenced(server: Alertmanager, amtool: Path, asked: Request, now: int) -> tuple[str, Any]:
    """The alert that somebody did something about, and the one silence that it made."""
    silencer, b = Silencer(server.url, pause=0.1), store()
    silencer.start()
    (opened,) = evaluate(b, [signal("2026-11-21 21:00")], [], at("2026-11-21 22:00"))
    silencer.notify([opened, b.act(opened.alert.id, asked, now)])

    def silences() -> list[dict[str, Any]]:
        command = [str(amtool), "--alertmanager.url", server.url, "silence", "query", "-o", "json"]
        return list(json.loads(subprocess.check_output(command) or b"[]"))

    wait_until(lambda: len(silences()) == 1, 20, "the silence is there")
    silencer.stop()
    (found,) = silences()
    return opened.alert.id, found


def test_alertmanager_is_silent_for_a_shift_about_an_alert_that_somebody_has(
    alertmanager_factory: Callable[..., Alertmanager], amtool: Path
) -> None:
    server, now = alertmanager_factory(CONFIG), wall_clock()
    asked = Request(action="acknowledge", who="Duty inspector", note="On it")
    alert, found = silenced(server, amtool, asked, now)
    assert [(m["name"], m["value"]) for m in found["matchers"]] == [("alert", alert)]
    assert not any(m["isRegex"] for m in found["matchers"])
    where = "who and why: the alert on the wallboard"
    assert (found["createdBy"], found["comment"]) == ("watchroom", f"acknowledged; {where}")
    assert found["endsAt"][:19] == rfc3339(now + 12 * 60 * MINUTE)[:19]
    # Of two alerts the one that nobody has is still sent.
    for name in (alert, "another"):
        command = [
            str(amtool),
            "--alertmanager.url",
            server.url,
            "alert",
            "add",
            "WatchroomExample",
        ]
        subprocess.check_call([*command, f"alert={name}"])

    def sent() -> dict[str, bool]:
        held = server.get("/api/v2/alerts")
        return {a["labels"]["alert"]: a["status"]["state"] != "suppressed" for a in held}

    wait_until(lambda: sent() == {alert: False, "another": True}, 20, "one is held back")


def test_alertmanager_is_told_until_when_an_alert_is_snoozed_and_not_by_whom_or_why(
    alertmanager_factory: Callable[..., Alertmanager], amtool: Path
) -> None:
    server, now = alertmanager_factory(CONFIG), wall_clock()
    until = now + 90 * MINUTE
    asked = Request(action="snooze", who="Duty inspector", until=until, reason="Football")
    alert, found = silenced(server, amtool, asked, now)
    assert [(m["name"], m["value"]) for m in found["matchers"]] == [("alert", alert)]
    assert (found["createdBy"], found["endsAt"][:19]) == ("watchroom", rfc3339(until)[:19])
    assert found["comment"] == "snoozed; who and why: the alert on the wallboard"


def test_a_silence_of_exactly_one_alert_shows_on_the_board_as_a_snooze_with_its_end(
    alertmanager_factory: Callable[..., Alertmanager], amtool: Path
) -> None:
    server, now = alertmanager_factory(CONFIG), wall_clock()
    live = Live(Monitor([WARWICKSHIRE]), lambda: now)
    service = live.alerts = AlertService(live)
    live.health.state = "live"
    known, period = service.stores["warwickshire"], at("2026-11-21 22:00")
    (one,) = evaluate(known, [signal("2026-11-21 21:00")], [], period)
    # As Watchroom itself silences what somebody has: that is no snooze.
    taken = known.act(one.alert.id, Request(action="acknowledge", who="AB"), now)
    asked = silence(taken)
    assert asked is not None
    Silencer(server.url).post(asked)
    silenced_there = SilencesSetThere(service, server.url)

    def amtool_says(*words: str) -> str:
        command = [str(amtool), "--alertmanager.url", server.url, "silence", *words]
        return subprocess.check_output(command, text=True).strip()

    def add(*matchers: str) -> str:
        return amtool_says("add", *matchers, "--duration=2h", "--author=AB", "--comment=Football")

    add("force=warwickshire")  # more than one
    add(f"alert=~{one.alert.id}")
    add(f"alert={one.alert.id}", "severity=notice")  # it is a page
    silenced_there.take_in()
    assert [each.snoozed_until for each in service.view("warwickshire", now).open] == [None]

    made = add(f"alert={one.alert.id}", "severity=page", "alertname=WatchroomExceptionalVolume")
    silenced_there.take_in()
    silenced_there.take_in()
    (snoozed,) = service.view("warwickshire", now).open
    (held,) = [each for each in server.get("/api/v2/silences") if each["id"] == made]
    assert snoozed.snoozed_until is not None
    assert rfc3339(to_ms(snoozed.snoozed_until))[:19] == held["endsAt"][:19]
    assert snoozed.words.endswith(": set in Alertmanager.")
    assert "Snoozed until " in snoozed.words
    done = [(entry.who, entry.what) for entry in snoozed.log]
    assert done == [("AB", "acknowledged"), ("Alertmanager", "snoozed")]
    # It is not asked for at Alertmanager once more.
    entry = Transition(what="snoozed", at=snoozed.updated_at, alert=snoozed)
    assert silence(entry) is None

    amtool_says("expire", made)
    silenced_there.take_in()
    ends = known.alerts[one.alert.id].snoozed_until
    assert ends is not None
    assert to_ms(ends) == now + 1_000


@pytest.mark.servers
def test_an_alert_that_can_not_be_snoozed_keeps_no_other_from_being_snoozed(
    alertmanager_factory: Callable[..., Alertmanager], amtool: Path
) -> None:
    server, now = alertmanager_factory(CONFIG), wall_clock()
    live = Live(Monitor([WARWICKSHIRE]), lambda: now)
    service = live.alerts = AlertService(live)
    live.health.state = "live"
    known = service.stores["warwickshire"]
    made = evaluate(known, [signal("2026-11-21 21:00")], [], at("2026-11-21 22:00"))[0]
    alerts = [structs.replace(made.alert, id=f"warwickshire/{number}") for number in range(2)]
    service.restore([structs.replace(made, alert=each) for each in alerts])
    opened = [each.id for each in alerts]
    for each in opened:
        command = [str(amtool), "--alertmanager.url", server.url, "silence", "add"]
        command += [f"alert={each}", "--duration=2h", "--author=AB", "--comment=Football"]
        subprocess.check_call(command, stdout=subprocess.DEVNULL)
    for full in opened:  # whichever is come to first
        known = service.stores["warwickshire"]
        held, (other,) = dict(known.alerts), set(opened) - {full}
        note = LogEntry(at=held[full].opened_at, who="AB", what="note", note="x")
        known.alerts[full] = structs.replace(held[full], log=(note,) * MOST_ENTRIES)
        SilencesSetThere(service, server.url).take_in()
        assert known.alerts[full].snoozed_until is None
        assert known.alerts[other].snoozed_until is not None
        known.alerts.update(held)

"""The stack of docker-compose.yml without Docker: what is wrong is told, once, to who must know."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaProducer

from streams.kafka.topics import input_topic
from tests import runbooks
from tests.compose import ROOT
from tests.servers import alertmanager as alertmanager_server
from tests.servers import kafka as kafka_server
from tests.servers import prometheus as prometheus_server
from tests.servers.alertmanager import Alertmanager
from tests.servers.process import http_ok, wait_until
from tests.servers.prometheus import Prometheus
from tests.servers.stack import TOKEN, WATCHROOM, WORKERS, Stack, stack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(1800)]

DOWN = "WatchroomAllWorkersDown"
LATEST = 90
"""Seconds within which a message is to be there."""


def test_the_loss_of_all_workers_is_told_once_and_so_is_its_end(
    tmp_path: Path,
    kafka_found: kafka_server.Found,
    prometheus_found: prometheus_server.Found,
    alertmanager_found: alertmanager_server.Found,
) -> None:
    with stack(tmp_path, kafka_found, prometheus_found, alertmanager_found) as (
        made,
        watcher,
        sender,
    ):
        got = made.got
        yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
        simulator = made.simulator("--force", "warwickshire", "--since", str(yesterday))
        simulator.start(lambda: True)
        try:
            # The live room is there, counted by a worker, scraped and recorded by the rules.
            watcher.wait_for('watchroom_calls_waiting{force="warwickshire"}', 90)
            ratio = 'force_line_window:watchroom_calls_service_level:ratio{window="today"}'
            watcher.wait_for(ratio, 30)
            watcher.wait_for("sum(watchroom_ready) == 2")
            # The dead man's switch always fires, and of the pipeline nothing else.
            wait_until(
                lambda: bool(got.notifications("WatchroomWatchdog", "/heartbeat")), 120, "a sign"
            )
            (sign, *_) = got.notifications("WatchroomWatchdog", "/heartbeat")
            assert sign.authorization == f"Bearer {TOKEN}watchdog_token"
            assert firing(watcher) == {"WatchroomWatchdog"}

            for name in WORKERS:
                made.workers[name].kill()
            wait_until(lambda: bool(got.notifications(DOWN, "/pager")), LATEST, "the pager is told")
            (told,) = got.notifications(DOWN, "/pager")
            assert told.status == "firing"
            assert told.authorization == f"Bearer {TOKEN}pager_token"
            assert told.content["commonAnnotations"]["summary"].startswith("No Watchroom worker")

            for name in WORKERS:
                made.start_worker(name)
            wait_until(
                lambda: len(got.notifications(DOWN, "/pager")) > 1, LATEST, "it is told to be over"
            )
            wait_until(lambda: len(got.mails) >= 2, 30, "the mails are there as well")
            watcher.wait_for("sum(watchroom_ready) == 2", 90)
            wait_until(
                lambda: firing(watcher) == {"WatchroomWatchdog"},
                120,
                "all is quiet again",
            )
            run_the_runbooks(made, watcher, sender, alertmanager_found.amtool, tmp_path)
        finally:
            simulator.stop()
        assert [told.status for told in got.notifications(DOWN, "/pager")] == ["firing", "resolved"]
        # The words stand first.
        words = "No Watchroom worker answers: the figures stand still and no alert will come."
        mails = [mail for mail in got.mails if words in mail["subject"]]
        assert [mail["subject"] for mail in mails] == [words, f"Over: {words}"]
        body = mails[0].get_body(("plain",))
        assert body is not None
        text = body.get_content().replace("\r\n", "\n")
        assert text.startswith(words)
        assert "Wallboard:  http://localhost:8787/" in text.splitlines()
        assert "/runbooks/WatchroomAllWorkersDown" in text
        assert {told.path for told in got.hooks} >= {"/heartbeat", "/pager"}


MAY_FIND_SOMETHING = ("watchroom doctor", "watchroom topics check", "mount ")
"""Commands that end with 1 where they find something."""
OF_THE_MACHINE = ("systemctl ", "journalctl ")
"""What starts services: a machine's own, which a test does not touch."""


def run_the_runbooks(
    made: Stack, watcher: Prometheus, sender: Alertmanager, amtool: Path, folder: Path
) -> None:
    """Runs every command of the runbooks without Docker, on this stack."""
    front = made.front()
    front.start(lambda: http_ok(f"{made.front_url}/readyz"))
    try:
        producer = KafkaProducer(bootstrap_servers=made.kafka.bootstrap)
        producer.send(input_topic("watchroom", "call"), key=b"warwickshire", value=b"no event")
        producer.close()
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        bin_ = folder / "bin"
        bin_.mkdir()
        for program in (watcher.promtool, amtool):
            (bin_ / program.name).symlink_to(program)
        shutil.copytree(ROOT / "deploy", folder / "checkout" / "deploy")
        today = dt.datetime.now(dt.UTC).date()
        days = ["--since", str(today - dt.timedelta(days=1)), "--until", str(today)]
        lost = ["simulate", "--force", "warwickshire", *days, "-o", "lost.ndjson"]
        subprocess.run([*WATCHROOM, *lost], cwd=folder / "checkout", env=env, check=True)
        letter = ""

        def run(text: str) -> tuple[int, str]:
            places = {
                "http://127.0.0.1:8787": made.front_url,
                "http://localhost:9090": watcher.url,
                "http://localhost:9093": sender.url,
                "/var/lib/watchroom": str(folder / "worker-1-data"),
                "watchroom.calls/6/120/0": letter,
            }
            for place, other in places.items():
                text = text.replace(place, other)
            text = re.sub("^watchroom ", f"{sys.executable} -m streams.cli ", text)
            done = subprocess.run(
                ["bash", "-c", text],
                cwd=folder / "checkout",
                env={
                    **env,
                    "PATH": f"{bin_}:{env['PATH']}",
                    "WATCHROOM_BOOTSTRAP": made.kafka.bootstrap,
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                check=False,
            )
            return done.returncode, done.stdout

        def refused() -> bool:
            nonlocal letter
            found = re.search(r"watchroom\.calls/\d+/\d+/0", run("watchroom deadletter list")[1])
            letter = found[0] if found else ""
            return bool(letter)

        wait_until(refused, LATEST, "the line that is no event is a dead letter")
        said = {
            text: run(text)
            for text in dict.fromkeys(command.plain for command in runbooks.commands())
            if not text.startswith(OF_THE_MACHINE)
        }
    finally:
        front.stop()
    failed = {
        text: words
        for text, (code, words) in said.items()
        if code > (1 if text.startswith(MAY_FIND_SOMETHING) else 0) or "Traceback" in words
    }
    assert failed == {}
    assert "no event" in said["watchroom deadletter show watchroom.calls/6/120/0"][1]
    assert "feed calls: last" in said["watchroom topics check"][1]


ROOM = {
    "WatchroomExceptionalVolume",
    "WatchroomLevelChange",
    "WatchroomTargetMissed",
    "WatchroomCallersWaiting",
    "WatchroomUnattended",
}
"""What a made-up room may raise by chance, and which is not what is looked at here."""


def firing(watcher: prometheus_server.Prometheus) -> set[str]:
    """The alerts of the pipeline that fire or are about to."""
    found = watcher.get("/api/v1/alerts")["alerts"]
    return {alert["labels"]["alertname"] for alert in found} - ROOM

"""Silences at Alertmanager: whatever it answers, the next one is made."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from streams.alerts.actions import Request
from streams.alerts.evaluation import evaluate
from streams.board.monitor import Monitor
from streams.embedded.alerting import Alerting
from streams.kafka.alerts import TopicAlerts
from streams.kafka.settings import WorkerSettings
from streams.live import Live
from streams.outputs.alertmanager.silences import Silencer
from streams.outputs.alertmanager.silences_set_there import AlertmanagerSilence, SilenceStatus
from tests.alerting import at, signal, store
from tests.build import StillStream, tiny_force
from tests.servers.process import wait_until

NOW = at("2026-11-21 22:00")
ANSWERS = ["[]", "<html>", '{"silenceID": "a"}']


ASKED: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """Answers like no Alertmanager twice, then as one does; keeps who asked in `ASKED`."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = ANSWERS[min(len(ASKED), 2)]
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())
        ASKED.append(body["createdBy"])

    def log_message(self, *_: object) -> None:
        pass


def test_no_answer_ends_the_thread_that_makes_silences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")  # not for what runs on this machine
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        known = store()
        opened = evaluate(known, [signal("2026-11-21 21:00")], [], NOW)[0]
        silencer = Silencer(f"http://127.0.0.1:{server.server_port}", pause=0.01)
        silencer.start()
        silencer.notify([known.act(opened.alert.id, Request(action="acknowledge", who="AB"), NOW)])
        wait_until(lambda: len(ASKED) == 3, 20.0, "three requests")
        silencer.stop()
        assert ASKED == ["watchroom", "watchroom", "watchroom"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_silence_whose_end_names_no_zone_ends_by_utc() -> None:
    ends = [
        AlertmanagerSilence((), dt.datetime.fromisoformat(text), "AB", SilenceStatus("active")).end
        for text in ("2026-11-29T02:00:00", "2026-11-29T02:00:00+00:00")
    ]
    assert ends == [at("2026-11-29 02:00")] * 2


def test_a_worker_asks_alertmanager_while_it_evaluates_and_ends_the_threads_that_do_with_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERTMANAGER_URL", "http://127.0.0.1:9")
    live, stream = Live(Monitor([tiny_force()])), StillStream()
    settings = WorkerSettings("127.0.0.1:9", (tiny_force(),), tmp_path, prefix="w")

    async def nothing(_: int) -> list[bytes] | None:
        return []

    def asking() -> list[str]:
        names = (each.name for each in threading.enumerate())
        return sorted(
            name for name in names if name in ("watchroom-silenced", "watchroom-silences")
        )

    async def work() -> None:
        alerts = TopicAlerts(settings, live, stream.membership.lease, lambda _: None, nothing, int)
        assert asking() == []
        evaluating = asyncio.create_task(alerts.evaluate_for_ever())
        await asyncio.sleep(0)
        assert asking() == ["watchroom-silenced", "watchroom-silences"]
        evaluating.cancel()
        await alerts.close()

    asyncio.run(work())
    assert asking() == []


def test_a_run_without_kafka_ends_the_threads_that_ask_alertmanager_with_itself() -> None:
    before = set(threading.enumerate())
    with Alerting(Live(Monitor([tiny_force()])), silencer=Silencer("http://127.0.0.1:9")):
        assert {"watchroom-silenced", "watchroom-silences"} <= {
            each.name for each in threading.enumerate()
        }
    assert set(threading.enumerate()) == before

"""The stack of docker-compose.yml without Docker: what is wrong is told, once, to who must know."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.servers import alertmanager as alertmanager_server
from tests.servers import kafka as kafka_server
from tests.servers import prometheus as prometheus_server
from tests.servers.process import wait_until
from tests.servers.stack import TOKEN, WORKERS, stack

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
    with stack(tmp_path, kafka_found, prometheus_found, alertmanager_found) as (made, watcher, _):
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
        finally:
            simulator.stop()
        assert [told.status for told in got.notifications(DOWN, "/pager")] == ["firing", "resolved"]
        # The words stand first.
        words = "No Watchroom worker answers: the figures stand still and no alert will come."
        mails = [mail for mail in got.mails if words in mail["subject"]]
        assert [mail["subject"] for mail in mails] == [words, f"Over: {words}"]
        body = mails[0].get_body(("plain",))
        assert body is not None
        text = body.get_content()
        assert text.startswith(words)
        assert "Take it:    http://localhost:8787/\n" in text
        assert "/runbooks/WatchroomAllWorkersDown\n" in text
        assert {told.path for told in got.hooks} >= {"/heartbeat", "/pager"}


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

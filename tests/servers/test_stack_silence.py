"""A feed that goes silent reaches the pager once, through a take-over, and so does its end."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers import alertmanager as alertmanager_server
from tests.servers import kafka as kafka_server
from tests.servers import prometheus as prometheus_server
from tests.servers.process import wait_until
from tests.servers.stack import WORKERS, stack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(1800)]

SILENT = "WatchroomFeedSilent"
FORCE = "warwickshire"
REPORTED = f'watchroom_clock_timestamp_seconds{{force="{FORCE}"}}'


def test_a_silent_feed_is_told_once_and_so_is_its_end(
    tmp_path: Path,
    kafka_found: kafka_server.Found,
    prometheus_found: prometheus_server.Found,
    alertmanager_found: alertmanager_server.Found,
) -> None:
    with stack(tmp_path, kafka_found, prometheus_found, alertmanager_found) as (made, watcher, _):
        got = made.got
        today = dt.datetime.now(dt.UTC).date()
        simulator = made.simulator("--force", FORCE, "--since", str(today))
        simulator.start(lambda: True)
        try:
            watcher.wait_for("sum(watchroom_ready) == 2", 60)
            watcher.wait_for(f'watchroom_heartbeat_age_seconds{{force="{FORCE}"}} < 40', 90)
            simulator.kill()
            silent = f'watchroom_alert_open{{force="{FORCE}",kind="feed_silent"}}'
            watcher.wait_for(silent, 240)
            wait_until(lambda: bool(got.notifications(SILENT, "/pager")), 90, "the pager is told")

            (series,) = watcher.query(REPORTED)
            holder = next(
                name for name in WORKERS if str(made.ports[name]) in series["metric"]["instance"]
            )
            made.workers[holder].kill()
            other = f'{REPORTED[:-1]},instance!="{series["metric"]["instance"]}"}}'
            watcher.wait_for(other, 60)
            watcher.wait_for(silent, 30)

            simulator.start(lambda: True)

            def each_is_over() -> bool:
                told = [one.status for one in got.notifications(SILENT, "/pager")]
                return told.count("resolved") == told.count("firing") > 0

            wait_until(each_is_over, 300, "its end is told")
        finally:
            simulator.stop()
        by_alert: dict[str, list[str]] = {}
        for told in got.notifications(SILENT, "/pager"):
            (alert,) = told.content["alerts"]
            by_alert.setdefault(alert["labels"]["alert"], []).append(told.status)
            # The room is made up, which its messages say first; their link is to this very alert.
            assert alert["labels"]["origin"] == "simulated"
            assert alert["annotations"]["summary"].startswith("SIMULATED: ")
            asked = parse_qs(urlsplit(alert["annotations"]["wallboard_url"]).query)
            assert asked == {"force": [FORCE], "id": [alert["labels"]["alert"]]}
        assert by_alert
        assert set(map(tuple, by_alert.values())) == {("firing", "resolved")}

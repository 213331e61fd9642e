"""A planted surge, from the made-up room to the pager, in the set-up that is committed; beside it
the same day without the surge.

Five weeks are read at full speed, up to just before the surge; then the rooms are live, second by
second, until the pager has heard. An hour's volume takes three ordinary hours to be over: for those
the clock of the workers is moved on, a minute at a time.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from streams.periods import HOUR, MINUTE, SECOND, to_ms
from tests.servers import alertmanager as alertmanager_server
from tests.servers import kafka as kafka_server
from tests.servers import prometheus as prometheus_server
from tests.servers.faked_clock import FakedClock
from tests.servers.process import wait_until
from tests.servers.receivers import Told
from tests.servers.rooms import BEGIN, FORCE, TWIN, Feeder, in_theory, twin_file
from tests.servers.stack import WORKERS, Stack, Workers, stack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(1800)]

AT_A_TIME, PAUSE = MINUTE, 0.5
"""How far the clock is moved at once, and for how many seconds it then goes on as it does."""
READING = 15 * MINUTE
"""How long before the rooms are live the workers begin to read, by their clock."""
TO_THE_PAGER = 90
"""Seconds from the threshold being crossed to the message."""
AFTER_THE_SURGE = HOUR - BEGIN % HOUR + 4 * HOUR
"""An alert of an hour is over after three ordinary hours; an hour is closed an hour after it."""
OVER = 90
"""Seconds from the end of the alert to the message that it is over."""


instant = dt.datetime.fromisoformat


def alerts(made: Stack, force: str) -> list[dict[str, Any]]:
    """The alerts of a live room, from the worker that holds it."""
    for name in WORKERS:
        url = f"http://127.0.0.1:{made.ports[name]}/alerts.json?force={force}"
        try:
            with urllib.request.urlopen(url, timeout=5) as got:
                held = json.loads(got.read())["alerts"]
                return [a for a in held if to_ms(instant(a["opened_at"])) >= BEGIN]
        except OSError:  # it holds nothing of this force, or is busy
            continue
    return []


def of(told: Told) -> tuple[str, str, str]:
    """(alert, force, status) of a message."""
    labels = told.content["alerts"][0]["labels"]
    return labels["alertname"], labels.get("force", ""), told.status


def test_a_surge_is_told_once_in_time_and_so_is_its_end_and_a_day_without_one_is_quiet(
    tmp_path: Path,
    kafka_found: kafka_server.Found,
    prometheus_found: prometheus_server.Found,
    alertmanager_found: alertmanager_server.Found,
) -> None:
    clock = FakedClock(tmp_path, BEGIN - READING)
    workers = Workers(
        ["--force", FORCE, "--force", str(twin_file(tmp_path))], environment=clock.environment
    )
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as aside,
        stack(tmp_path, kafka_found, prometheus_found, alertmanager_found, workers) as made_,
    ):
        made, watcher, _ = made_
        theory = aside.submit(in_theory)
        feeder = Feeder(made.kafka.bootstrap, tmp_path, clock)

        def paged() -> list[tuple[str, str, str]]:
            return [of(told) for told in made.got.hooks if told.path == "/pager"]

        def meanwhile(condition: Callable[[], bool], seconds: float, what: str) -> None:
            def once() -> bool:
                feeder.keep_up()
                return condition()

            wait_until(once, seconds, what)

        try:
            feeder.keep_up()
            judged = 'count(watchroom_watches{grain="hour",state!="learning"} > 0) by (force)'
            meanwhile(lambda: len(watcher.query(judged)) == 2, 600, "both rooms have been read")
            meanwhile(lambda: bool(watcher.query("sum(watchroom_ready) == 2")), 90, "all is ready")
            expected = theory.result()
            assert not paged(), "nothing is told of the past"
            while clock() < BEGIN:
                feeder.move_on(min(AT_A_TIME, BEGIN - clock()))
                time.sleep(PAUSE)

            meanwhile(lambda: bool(paged()), 600, "the pager hears")
            crossed = to_ms(expected.at)
            assert clock() - crossed <= TO_THE_PAGER * SECOND
            first = made.got.told("WatchroomExceptionalVolume", "/pager")[0]
            words = first.content["commonAnnotations"]["summary"]
            start = "999 calls, North Warwickshire policing area: "
            form = r"\d+ from 14:00 to 14:\d\d, usually \d+ to \d+\. .* Nobody has this yet\."
            assert re.fullmatch(re.escape(start) + form, words)
            assert len(words) <= 160
            (alert,) = alerts(made, FORCE)
            assert first.content["alerts"][0]["labels"]["alert"] == alert["id"]
            assert alert["id"] == expected.alert.id
            assert alert["severity"] == "page"

            while not alerts(made, FORCE)[0]["resolved_at"]:
                assert clock() < BEGIN + AFTER_THE_SURGE + 5 * MINUTE
                feeder.move_on(AT_A_TIME)
                time.sleep(PAUSE)
            meanwhile(lambda: len(paged()) > 1, OVER, "its end is told")
        finally:
            feeder.close()
        volume = "WatchroomExceptionalVolume", FORCE
        assert paged() == [(*volume, "firing"), (*volume, "resolved")]
        # The twin was counted as well.
        watcher.wait_for(f'watchroom_clock_timestamp_seconds{{force="{TWIN}"}}')
        assert alerts(made, TWIN) == []

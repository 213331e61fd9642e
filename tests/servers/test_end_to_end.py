"""A planted surge, from the made-up room to the pager, in the set-up that is committed; beside it
the same day without the surge.

Five weeks are read at full speed, up to just before the surge; then the rooms are live, second by
second, until the pager has it. Its day is exceptional too, so ordinary hours after it end nothing:
for these the clock of the workers is moved on, a minute at a time, each once its events have been
counted: a worker that is a second late must not be late by minutes. Then a person closes it.

It passes on a busy machine too. Pages that Watchroom is unwell are of the machine, not of the
rooms, and are left out; of the rooms there is only the one of the surge.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
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
from tests.servers.process import PATIENCE, wait_until
from tests.servers.rooms import BEGIN, FORCE, TWIN, Feeder, in_theory, twin_file
from tests.servers.stack import WORKERS, Stack, Workers, stack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(1800)]

AT_A_TIME, PAUSE = MINUTE, 0.5
"""How far the clock is moved at once, and for how many seconds it then goes on as it does."""
READING = 15 * MINUTE
"""How long before the rooms are live the workers begin to read, by their clock."""
TO_THE_PAGER = 90 * PATIENCE
"""Seconds from the threshold being crossed to the message."""
AFTER_THE_SURGE = HOUR - BEGIN % HOUR + 4 * HOUR
"""Three ordinary hours, which would end an alert whose day is as usual; an hour is closed an hour
after it."""
OVER = 90
"""Seconds from the end of the alert to the message that it is over."""


UNWELL = "pipeline_unwell"
VOLUME = "WatchroomExceptionalVolume"
FIRING, RESOLVED = (VOLUME, FORCE, "firing"), (VOLUME, FORCE, "resolved")
BEATS = 30 * SECOND

instant = dt.datetime.fromisoformat


def asked(made: Stack, path: str) -> Iterator[dict[str, Any]]:
    """What those workers answer that hold the force in question."""
    for name in WORKERS:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{made.ports[name]}/{path}", timeout=5
            ) as got:
                yield json.loads(got.read())
        except OSError:  # it holds nothing of this force, or is busy
            continue


def alerts(made: Stack, force: str) -> list[dict[str, Any]]:
    """The alerts of a live room, from the worker that holds it; none of the machine."""
    for found in asked(made, f"alerts.json?force={force}"):
        held = (a for a in found["alerts"] if a["kind"] != UNWELL)
        return [a for a in held if to_ms(instant(a["opened_at"])) >= BEGIN]
    return []


def close(made: Stack, alert: str) -> None:
    """Closes an alert at the worker that holds it."""
    body = json.dumps({"who": "Duty inspector", "outcome": "real"}).encode()
    for name in WORKERS:
        path = f"http://127.0.0.1:{made.ports[name]}/api/alerts/{alert}/close"
        asked = urllib.request.Request(path, body, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=10) as got:
                assert json.loads(got.read())["alert"]["state"] == "resolved"
                return
        except OSError:  # another worker holds it
            continue
    raise AssertionError("no worker holds the alert")


def counted_to(made: Stack, force: str) -> int:
    """The last heartbeat that a worker has counted of a room's incidents and calls, in ms."""
    for board in asked(made, f"board.json?force={force}"):
        found = (board["feeds"].get(f"heartbeat.{feed}") for feed in ("calls", "incidents"))
        return min((to_ms(instant(each["as_of"])) for each in found if each), default=0)
    return 0


Page = tuple[str, str, str]
"""Alert, force, status."""


def pages(made: Stack) -> list[Page]:
    """What the pager has had of the rooms, in order."""
    return [
        (alert["labels"]["alertname"], alert["labels"].get("force", ""), alert["status"])
        for told in made.got.hooks
        if told.path == "/pager"
        for alert in told.content["alerts"]
        if alert["labels"].get("kind") != UNWELL
    ]


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

        def move_on(milliseconds: int) -> None:
            until = clock() + milliseconds
            feeder.send(until)

            def counted() -> bool:
                return all(counted_to(made, room) >= until - 2 * BEATS for room in (FORCE, TWIN))

            wait_until(counted, 120, "both rooms are counted up to the next minute")
            clock.move(max(0, until - clock()))

        def meanwhile(condition: Callable[[], bool], seconds: float, what: str) -> None:
            def once() -> bool:
                feeder.keep_up()
                return condition()

            wait_until(once, seconds, what)

        try:
            feeder.keep_up()
            judged = 'count(watchroom_watches{grain="hour",state!="learning"} > 0) by (force)'
            meanwhile(lambda: len(watcher.query(judged)) == 2, 900, "both rooms have been read")
            meanwhile(lambda: bool(watcher.query("sum(watchroom_ready) == 2")), 180, "all is ready")
            expected = theory.result()
            assert pages(made) == [], "nobody is paged for the past"
            while clock() < BEGIN:
                move_on(min(AT_A_TIME, BEGIN - clock()))
                time.sleep(PAUSE)

            meanwhile(lambda: FIRING in pages(made), 600, "the pager has it")
            crossed = to_ms(expected.at)
            assert clock() - crossed <= TO_THE_PAGER * SECOND
            first = made.got.notifications(VOLUME, "/pager")[0]
            words = first.content["commonAnnotations"]["summary"]
            start = "SIMULATED: 999 calls, Rugby: "
            form = r"\d+ from 14:00 to 14:\d\d, usually \d+ to \d+\. .* Nobody has this yet\."
            assert re.fullmatch(re.escape(start) + form, words)
            assert len(words) <= 160
            wait_until(lambda: bool(alerts(made, FORCE)), 60, "a worker has the alert")
            (alert,) = alerts(made, FORCE)
            assert first.content["alerts"][0]["labels"]["alert"] == alert["id"]
            assert alert["id"] == expected.alert.id
            assert alert["severity"] == "page"

            while clock() < BEGIN + AFTER_THE_SURGE:
                move_on(2 * AT_A_TIME)
                time.sleep(PAUSE)
            assert pages(made) == [FIRING], "ordinary hours end no surge that its day carries"
            close(made, alert["id"])
            meanwhile(lambda: RESOLVED in pages(made), OVER, "the pager has its end")
        finally:
            feeder.close()
        assert pages(made) == [FIRING, RESOLVED]
        wait_until(lambda: bool(alerts(made, FORCE)), 60, "a worker has the alert")
        assert [each["id"] for each in alerts(made, FORCE)] == [expected.alert.id]
        # The twin was counted as well.
        watcher.wait_for(f'watchroom_clock_timestamp_seconds{{force="{TWIN}"}}')
        assert alerts(made, TWIN) == []

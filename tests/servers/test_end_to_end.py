"""A planted surge, from the made-up room to the pager, in the set-up that is committed.

Five weeks of calls of two forces are sent at full speed, up to now; then the rooms are live, and
the emergency calls of one district of one force surge. The other force has no surge.

Of the history the last version of each call is sent, in the order of the instants: an hour closes
an hour after its end, when its calls have ended, so it is counted as it would have been live.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import Any

import pytest

from streams.events import Call, decode
from streams.force import find_force
from streams.live import wall_clock
from streams.periods import DAY, MINUTE, SECOND, to_ms
from streams.sources.chunk import CHUNK_LINES, Chunk
from streams.sources.kafka import Publisher
from streams.sources.simulator import Rates, Surge, simulate
from streams.sources.simulator.surge import added
from tests.servers import alertmanager as alertmanager_server
from tests.servers import kafka as kafka_server
from tests.servers import prometheus as prometheus_server
from tests.servers.process import wait_until
from tests.servers.receivers import Told
from tests.servers.stack import WORKERS, Stack, stack

pytestmark = [pytest.mark.servers, pytest.mark.timeout(1200)]

FORCE, OTHER = "warwickshire", "city-of-london"
VOLUME = "WatchroomExceptionalVolume"
HISTORY = 36 * DAY
SOON = 20 * SECOND
"""How long after the history has been read the surge begins."""
LENGTH, FACTOR = 30 * MINUTE, 150.0
TO_THE_PAGER = 90
"""Seconds from the alert to the message."""
OVER = 120
"""Seconds from the end of the alert to the message that it is over."""


Known = tuple[int, bytes]


class Feeder(threading.Thread):
    """The made-up rooms: their past at once, then what becomes known, second by second."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        super().__init__(daemon=True)
        self.forces = {name: find_force(name) for name in (FORCE, OTHER)}
        letters = folder / "refused.ndjson"
        self.publisher = Publisher(bootstrap, "watchroom", self.forces, dead_letters=letters)
        start = wall_clock() // DAY * DAY - HISTORY
        rooms = [simulate(force, start, None, seed=1) for force in self.forces.values()]
        self.events: Iterator[Known] = (each for each in merge(*rooms) if _is_wanted(each[1]))
        self.halted = threading.Event()

    def past(self) -> None:
        """Sends the last versions up to now, and the first beat of the feeds."""
        last: dict[str, Known] = {}
        until = wall_clock()
        for at, line in self.events:
            if at >= until:
                break
            event = decode(line)
            if isinstance(event, Call):
                last[event.id] = at, line
        self._send([line for _, line in sorted(last.values())])

    def surge(self) -> int:
        """Plants the surge; returns its beginning."""
        begin = wall_clock() + SOON
        surge = Surge(begin, begin + LENGTH, FACTOR, area="rugby", line="999")
        more = (e for e in added(self.forces[FORCE], surge, 1, 1, Rates()) if _is_wanted(e[1]))
        self.events = merge(self.events, more)
        return begin

    def run(self) -> None:
        lines: list[bytes] = []
        for at, line in self.events:
            while at > wall_clock():
                self._send(lines)
                lines = []
                if self.halted.wait(0.5):
                    return
            lines.append(line)

    def stop(self) -> None:
        """Ends it."""
        self.halted.set()
        if self.is_alive():
            self.join()
        self.publisher.__exit__(None, None, None)

    def _send(self, lines: list[bytes]) -> None:
        for start in range(0, len(lines), CHUNK_LINES):
            part = lines[start : start + CHUNK_LINES]
            self.publisher.add(Chunk(b"\n".join(part), "the rooms", range(len(part))))
        self.publisher.finish()


def _is_wanted(line: bytes) -> bool:
    return not line.startswith(b'{"kind":"incident"') and b'"feed":"incidents"' not in line


class Room:
    """The alerts of the workers, by their web servers."""

    def __init__(self, made: Stack) -> None:
        self.made = made

    def alerts(self, force: str) -> list[tuple[str, dict[str, Any]]]:
        """Alerts of exceptional volumes, each with the address of the worker that holds it."""
        found = []
        for name in WORKERS:
            url = f"http://127.0.0.1:{self.made.ports[name]}"
            try:
                with urllib.request.urlopen(f"{url}/alerts.json?force={force}", timeout=5) as got:
                    held = json.loads(got.read())["alerts"]
            except OSError:  # it holds nothing of this force
                continue
            found += [(url, each) for each in held if each["kind"] == "exceptional_volume"]
        return found

    def opened(self, since: int) -> list[tuple[str, dict[str, Any]]]:
        """Those of the force with the surge, opened since."""
        return [
            (url, each)
            for url, each in self.alerts(FORCE)
            if to_ms(dt.datetime.fromisoformat(each["opened_at"])) >= since
        ]


def close(url: str, alert: str) -> None:
    path = f"{url}/api/alerts/{urllib.parse.quote(alert)}/close"
    details = {"who": "Duty inspector", "outcome": "real", "note": "A crash on the M6."}
    request = urllib.request.Request(
        path, json.dumps(details).encode(), {"content-type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()


def of(told: Told) -> tuple[str, str]:
    """(force, status) of a message."""
    return told.content["alerts"][0]["labels"]["force"], told.status


def test_a_surge_is_told_once_in_time_and_so_is_its_end(
    tmp_path: Path,
    kafka_found: kafka_server.Found,
    prometheus_found: prometheus_server.Found,
    alertmanager_found: alertmanager_server.Found,
) -> None:
    with stack(tmp_path, kafka_found, prometheus_found, alertmanager_found) as (made, watcher, _):
        got, room = made.got, Room(made)
        feeder = Feeder(made.kafka.bootstrap, tmp_path)
        try:
            feeder.past()
            watcher.wait_for("sum(watchroom_ready) == 2", 90)
            read = f'watchroom_watches{{force="{FORCE}",grain="hour",state!="learning"}} > 0'
            watcher.wait_for(read, 300)
            assert not got.told(VOLUME, "/pager"), "nothing is told of the past"
            surge = feeder.surge()
            feeder.start()

            wait_until(lambda: bool(room.opened(surge)), 300, "it is an alert")
            wait_until(lambda: bool(got.told(VOLUME, "/pager")), TO_THE_PAGER, "the pager hears")
            first = got.told(VOLUME, "/pager")[0]
            url, alert = room.opened(surge)[0]
            assert of(first) == (FORCE, "firing")
            words = first.content["commonAnnotations"]["summary"]
            assert words.startswith("999 calls, ")
            assert ", usually " in words
            assert len(words) <= 160
            assert first.content["alerts"][0]["labels"]["alert"] == alert["id"]
            assert alert["severity"] == "page"
            assert alert["row"] == {"line": "999"}

            close(url, alert["id"])
            wait_until(lambda: len(got.told(VOLUME, "/pager")) > 1, OVER, "its end is told")
        finally:
            feeder.stop()
        assert [of(told) for told in got.told(VOLUME, "/pager")] == [
            (FORCE, "firing"),
            (FORCE, "resolved"),
        ]
        # The force without a surge was counted too, and nobody was told anything of it.
        watcher.wait_for(f'watchroom_clock_timestamp_seconds{{force="{OTHER}"}}')
        assert not room.alerts(OTHER)

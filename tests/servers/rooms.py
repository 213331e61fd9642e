"""Two control rooms that are the same but for a surge: their events, and what is to come of them.

One room is Warwickshire's, the other its twin: every event of an ordinary day is in both, under the
other force's id. In the first, 999 calls surge in one district for some minutes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from streams.alerts.model import Transition
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.config.force import Force, find_force, load_force, shipped_force_text
from streams.kafka.publisher import Publisher
from streams.live import Live
from streams.periods import DAY, MINUTE, SECOND, to_ms
from streams.sources.event_lines import CHUNK_LINES, Chunk
from streams.sources.simulator import Surge, simulate
from streams.state.surveillance import watch_all
from tests.servers.faked_clock import FakedClock

FORCE, TWIN = "warwickshire", "twin"
BEGIN = to_ms(dt.datetime(2025, 6, 12, 13, 45, tzinfo=dt.UTC))
"""A Thursday, a quarter to three in the afternoon: from here on the rooms are live."""
HISTORY = 36 * DAY
"""A watch by the hour judges from the fifth week on."""
SURGE = Surge(BEGIN + 20 * SECOND, BEGIN + 8 * MINUTE, 300.0, area="rugby", line="999")

Known = tuple[int, bytes]


def twin_file(folder: Path) -> Path:
    """The force file of the twin."""
    text = shipped_force_text(FORCE)
    for key in ("id", "name", "partition_group"):
        head, found, tail = text.partition(f"\n{key} = ")
        assert found
        text = f'{head}\n{key} = "{TWIN}"\n{tail.partition(chr(10))[2]}'
    path = folder / f"{TWIN}.toml"
    path.write_text(text)
    return path


def events(force: Force) -> Iterator[Known]:
    """Those of the force, from the beginning of its history, without an end."""
    start = BEGIN // DAY * DAY - HISTORY
    return simulate(force, start, None, seed=1, surges=[SURGE])


def of_the_twin(line: bytes) -> bytes | None:
    """The event in the room without a surge; None for one of the surge."""
    if b"-surge" in line:
        return None
    return line.replace(b'"force":"%b"' % FORCE.encode(), b'"force":"%b"' % TWIN.encode())


class Feeder:
    """Sends both rooms' events as they become known."""

    def __init__(self, bootstrap: str, folder: Path, clock: FakedClock) -> None:
        self.clock = clock
        twin = load_force(twin_file(folder))
        forces = {FORCE: find_force(FORCE), TWIN: twin}
        letters = folder / "refused.ndjson"
        self.publisher = Publisher(bootstrap, "watchroom", forces, dead_letters=letters)
        self._events = events(forces[FORCE])
        self._next = next(self._events)

    def send(self, until: int) -> None:
        """Sends what became known before an instant, and waits until the brokers have it."""
        lines: list[bytes] = []
        while self._next[0] < until:
            line = self._next[1]
            lines += [each for each in (line, of_the_twin(line)) if each is not None]
            if len(lines) >= CHUNK_LINES:
                self._add(lines)
                lines = []
            self._next = next(self._events)
        self._add(lines)
        self.publisher.finish()

    def keep_up(self) -> None:
        """Sends what has become known by now."""
        self.send(self.clock())

    def move_on(self, milliseconds: int) -> None:
        """Sends what so much time brings, and moves the clock on by it."""
        self.send(self.clock() + milliseconds)
        self.clock.move(milliseconds)

    def close(self) -> None:
        """Ends it."""
        self.publisher.__exit__(None, None, None)

    def _add(self, lines: list[bytes]) -> None:
        if lines:
            self.publisher.take(Chunk(b"\n".join(lines), "the rooms", range(len(lines))))


def in_theory() -> Transition:
    """The opening of the surge's alert, if every event were counted and judged in its second.

    By a monitor in this process, which reads the history and then looks once a second.
    """
    force = find_force(FORCE)
    now = BEGIN
    live = Live(Monitor([force]), lambda: now)
    watch_all(live.monitor)
    service = AlertService(live)
    for shard in live.monitor.shards:
        service.attach(shard)
    made: list[Transition] = []
    service.subscribe(made.extend)
    live.health.state = "behind"
    known = events(force)
    lines: list[bytes] = []
    for _, line in takewhile(lambda event: event[0] < BEGIN, known):
        lines.append(line)
        if len(lines) == CHUNK_LINES:
            live.ingest(b"\n".join(lines), BEGIN)
            lines = []
    live.ingest(b"\n".join(lines), BEGIN)
    live.health.state = "live"
    for at, line in takewhile(lambda event: event[0] < SURGE.end_ms, known):
        while now + SECOND <= at:
            now += SECOND
            service.tick()
            for each in made:
                if each.what == "opened" and each.at.timestamp() * 1000 > SURGE.start_ms:
                    return each
        live.ingest(line, at)
    raise AssertionError("the surge is no alert")

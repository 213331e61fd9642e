"""A made-up room whose 999 calls rise or fall for a while, and what its alerts say of it.

By the monitor, the watches and the alert service as they are wired together when Watchroom runs;
the counts of each hour are drawn with a fixed seed.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from functools import cache

import msgspec
import numpy as np

from streams.alerts.model import Alert, Transition
from streams.alerts.service import AlertService
from streams.board.monitor import Monitor
from streams.config.force import Force, find_force
from streams.live import Live
from streams.periods import DAY, HOUR, rfc3339, to_ms
from streams.state.surveillance import watch_all

SHAPE = (
    0.5, 0.4, 0.35, 0.3, 0.3, 0.35, 0.5, 0.7, 0.9, 1, 1.1, 1.15,
    1.2, 1.2, 1.2, 1.25, 1.3, 1.4, 1.5, 1.5, 1.45, 1.4, 1.2, 0.9,
)  # fmt: skip
"""Of the hours of a day."""
A_DAY = 328.0
"""Calls on an ordinary day."""
Factor = Callable[[int, str | None], float]
"""Times the usual in an hour (its start in ms) and a policing area."""


def day(text: str) -> int:
    """Midnight of a day, UTC, in ms: `2020-07-01`."""
    return to_ms(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))


@cache
def plain(name: str = "west-mercia") -> Force:
    """A force without changes of recording and without events."""
    return Force(msgspec.structs.replace(find_force(name).file, changes=[], events=[]))


def reads_at_once(force: str, kind: str, at: int) -> bool:
    """An hour is read at once here, so that what is read up to now is not judged."""
    return True


def holds_nothing_back(force: Force) -> frozenset[str]:
    return frozenset()


class Room:
    """A monitor that is fed hour by hour, and the alerts that are made."""

    def __init__(
        self,
        force: Force,
        factor: Factor,
        *,
        seed: int = 3,
        a_day: float = A_DAY,
        shares: dict[str | None, float] | None = None,
    ) -> None:
        self.force, self.factor, self.a_day = force, factor, a_day
        self.shares = {None: 1.0} if shares is None else shares
        self.seed = seed
        self.now = 0
        self.made: list[Transition] = []
        self.begin()

    def begin(self) -> None:
        """Starts a process that knows nothing."""
        self.live = Live(Monitor([self.force]), lambda: self.now)
        watch_all(self.live.monitor)
        self.service = AlertService(self.live)
        for shard in self.live.monitor.shards:
            self.service.attach(shard)
        self.service.subscribe(self.made.extend)
        self.live.health.state = "behind"
        self.live.reaches = reads_at_once  # type: ignore[method-assign]
        self.service._held_back = holds_nothing_back  # type: ignore[method-assign]

    def hours(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """The end of each hour, and the calls of it; the same whenever they are asked for."""
        for at in range(start, end, HOUR):
            rng = np.random.default_rng([self.seed, at // HOUR])
            usual = self.a_day / 24 * SHAPE[at // HOUR % 24] / (sum(SHAPE) / 24)
            found = []
            for area, share in self.shares.items():
                count = rng.poisson(usual * share * self.factor(at, area))
                found += [(at + int(x * (HOUR - 1_000)), area) for x in rng.random(count).tolist()]
            found.sort(key=lambda each: each[0])
            yield at + HOUR, b"\n".join(self._call(*each, n) for n, each in enumerate(found))

    def _call(self, at: int, area: str | None, number: int) -> bytes:
        offered, answered = rfc3339(at, dt.UTC), rfc3339(at + 4_000, dt.UTC)
        fields = {
            "kind": "call",
            "force": self.force.id,
            "id": f"{at // HOUR}-{number}",
            "version": 1,
            "line": "999",
            "offered_at": offered,
            "answered_at": answered,
            "updated_at": answered,
        }
        return json.dumps(fields if area is None else {**fields, "area": area}).encode()

    def learn(self, start: int, end: int) -> None:
        """Reads hours of the past."""
        for _, payload in self.hours(start, end):
            self.live.ingest(payload, end)
        self.now = end

    def watch(self, start: int, end: int) -> None:
        """Reads hours as they come, and looks when each is over."""
        self.live.health.state = "live"
        for until, payload in self.hours(start, end):
            self.now = until
            self.live.ingest(payload, until)
            if not until % (6 * HOUR):
                self.service.tick()
        assert not self.service.faults
        assert not any(w.faults for s in self.live.monitor.shards for w in s.surveillance.values())

    def usual(self, grain: str) -> float:
        """How many 999 calls of the whole force an hour or day usually brings, as was learned."""
        (shard,) = (each for each in self.live.monitor.shards if each.kind == "call")
        for watch in shard.surveillance[self.force.id].grains[grain]:
            of = watch.series.area, watch.series.measure.name, watch.series.row.get("line")
            if of == ("force", "offered", "999"):
                rate: float = watch.adapter.learned.rate
                return rate
        raise LookupError(grain)

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """What people were notified of: (what, day, words)."""
        return [
            (each.what, each.at.date().isoformat(), each.alert.words)
            for each in self.made
            if each.notify
        ]

    @property
    def opened(self) -> list[Alert]:
        """The alerts as they were when they opened."""
        return [each.alert for each in self.made if each.what == "opened"]


def times(ratio: float, start: str, end: str, area: str | None = "all") -> Factor:
    """So many times the usual from a day up to another, in one area or in all."""
    first, last = day(start), day(end)

    def factor(at: int, where: str | None) -> float:
        return ratio if first <= at < last and area in ("all", where) else 1.0

    return factor


__all__ = ["A_DAY", "DAY", "HOUR", "Room", "day", "plain", "times"]

"""Which kinds of record are read up to now, so that people may be notified of it. Pure.

A reader of a backlog sees the past: an emergency was opened, and that somebody arrived comes later
in the log; the last record of a feed is of yesterday, and those since are not read yet. So whoever
judges the present asks here first, by kind of record, and nothing of a kind that is behind opens,
ends or passes on an alert. The one rule is this.

* A kind is *level* once its latest record (of heartbeats, the latest of each feed) is at most a
  minute old by the clock (`NEAR`), or so old as its records always are when they come: some feeds
  send late, which is no catching up; event time then keeps pace with the clock and gains nothing.
* Where it can be known that nothing is unread, or where all comes through one pipe and something
  else in it is near the clock, a kind is also level after it has stayed as it is for `LOOKS` looks
  (`FEW_LOOKS` where it is at most an hour old): nothing more of it is to come, if only because the
  feed is down. Looks are counted, not seconds: a process that had no turn has not looked.
* It is level no longer once a record comes that is older than `LOST`, as after an outage, when the
  source sends what it could not. A record between the two leaves it level, but nothing is judged of
  it at that look.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from streams.board.monitor import Monitor
from streams.fold.heartbeats import Heartbeats
from streams.periods import HOUR, MINUTE

NEAR = MINUTE
LOST = 5 * MINUTE
LOOKS, FEW_LOOKS, LATELY = 30, 10, HOUR
"""Looks at which nothing came, after which nothing more is to come: a minute of them; fewer where
the latest record is not so old."""
STEADY = 5
"""Times that records must have come, and event time gained nothing on the clock."""
MOST_DELAY = HOUR
"""How late a feed may send and be current."""
SPARSE = ("crime", "reading")
"""Kinds that come now and then, such as by the month: a reader of others does not wait for them."""


class Mark(NamedTuple):
    """A force, and a kind of record or `heartbeat.<feed>`."""

    force: str
    kind: str


def marks_of(monitor: Monitor) -> dict[Mark, int]:
    """How far each has come, in ms; nothing where nothing has come yet."""
    found: dict[Mark, int] = {}
    for shard in monitor.shards:
        for force, fold in shard.folds.items():
            if isinstance(fold, Heartbeats):
                for feed, at in fold.latest.items():
                    found[Mark(force, f"{shard.kind}.{feed}")] = at
            elif fold.watermark:
                found[Mark(force, shard.kind)] = fold.watermark
    return found


class _Progress:
    """How far one kind of record of a force has been read, and whether it is read up to now."""

    __slots__ = ("at", "behind", "came", "delay", "level", "looked", "still")

    def __init__(self) -> None:
        self.at = self.looked = 0
        """How far it has come, and had at the last look."""
        self.level = False
        self.behind = False
        """A record of the past came since the last look, or more is unread."""
        self.still = 0
        """Looks at which it was as before, with nothing unread."""
        self.came: deque[tuple[int, int]] = deque(maxlen=STEADY)
        """When records came, and how old the latest of them was."""
        self.delay = 0
        """How late its records always are, in ms; 0 where they are of now, or that is not known."""

    def near(self, age: int) -> bool:
        """Whether a record of an age is of now."""
        return age <= NEAR or (self.delay > 0 and age <= self.delay + NEAR)

    def _came(self, now: int, age: int) -> None:
        """Notes that a record came, and how late records always come where that shows."""
        self.came.append((now, age))
        if age > self.delay + LOST:
            self.delay = 0
        if len(self.came) == STEADY and not self._gains():
            latest = max(age for _, age in self.came)
            self.delay = latest if NEAR < latest <= MOST_DELAY else 0

    def _gains(self) -> bool:
        """Whether event time went faster than the clock, as it does while old records are read."""
        now, age = self.came[-1]
        start, before = self.came[0]
        jumped = any(earlier - age > MINUTE + (now - at) / 2 for at, earlier in self.came)
        return jumped or 2 * (before - age) > now - start

    def move(self, at: int, now: int, *, counts: bool, more: bool) -> bool:
        """Takes in how far it has come, and whether more is unread; returns whether that is now."""
        moved, self.at = at != self.at, at
        since, age = at != self.looked, now - at
        if counts and since:
            self._came(now, age)
        near = self.near(age)
        self.level = near or (self.level and not (moved and age > LOST))
        self.behind = not near and (since or more)
        if counts:
            self.looked = at
        return near


class Current:
    """Follows all kinds of a process from one evaluation to the next."""

    def __init__(self) -> None:
        self._held: dict[Mark, _Progress] = {}
        self._kinds: dict[str, list[str]] = {}

    def observe(
        self,
        marks: Mapping[Mark, int],
        now: int,
        *,
        unread: frozenset[str] = frozenset(),
        complete: bool = True,
        counts: bool = True,
    ) -> None:
        """Takes in how far all have come. `unread` are the kinds of which it is known that there is
        more, and `complete` is whether nothing else is unread. `counts` is False between two looks,
        where only that something came is noted."""
        for mark in self._held.keys() - marks.keys():
            del self._held[mark]
        near: set[Mark] = set()
        for mark, at in marks.items():
            more = mark.kind.partition(".")[0] in unread
            held = self._held.setdefault(mark, _Progress())
            if held.move(at, now, counts=counts, more=more):
                near.add(mark)
        self._kinds = {}
        for mark in marks:
            self._kinds.setdefault(mark.force, []).append(mark.kind)
        forces = {mark.force for mark in near}
        for mark in marks.keys() - near:
            held = self._held[mark]
            if held.behind:
                held.still = 0
            elif counts and (complete or mark.force in forces):
                held.still += 1
            needed = LOOKS if now - held.at > LATELY else FEW_LOOKS
            held.level = held.level or held.still >= needed

    def holds(self, force: str, kind: str) -> bool:
        """Whether a kind of record (or `heartbeat.<feed>`) is read up to now. One of which nothing
        ever came is."""
        held = self._held.get(Mark(force, kind))
        return held is None or (held.level and not held.behind)

    def kinds(self, force: str) -> list[str]:
        """The kinds of a force (and `heartbeat.<feed>`) that had come at the last look."""
        return self._kinds.get(force, [])

    def reaches(self, force: str, kind: str, at: int, now: int) -> bool:
        """Whether a record of an instant, which is just being counted, is of now, or a little late
        where the kind was level."""
        held, age = self._held.get(Mark(force, kind)), now - at
        if held is None:
            return age <= NEAR
        return held.near(age) or (held.level and age <= LOST)

    def past(self) -> tuple[Mark, int] | None:
        """What is furthest behind of all that is being read from the past, and how far it has come;
        None where nothing is."""
        behind = {mark: held.at for mark, held in self._held.items() if not held.level}
        dense = {mark: at for mark, at in behind.items() if mark.kind not in SPARSE}
        if not dense and len(behind) < len(self._held):
            return None
        found = dense or behind
        first = min(found, key=lambda mark: (found[mark], mark), default=None)
        return None if first is None else (first, found[first])

"""The embedded runner: sources are read and folded in this process, without Kafka.

It feeds a `Live` chunk by chunk, as fast as it can or at a pace, writes what was refused to a file
of dead letters, and accounts for every row: rows in = counted + merged as versions + refused +
excluded.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from streams.board.monitor import Folded, Monitor
from streams.embedded.replay import ReplayClock
from streams.events.deadletters import DeadLetterFile, letter
from streams.fold.heartbeats import Heartbeats
from streams.fold.ledger import Ledger
from streams.fold.readings import Readings
from streams.live import Busy, Live, wall_clock
from streams.sources import Chunk
from streams.sources.event_lines import instant_of
from streams.sources.order.play import Play
from streams.sources.stops import Stops

TICK = 0.02
"""The shortest wait of a paced replay, in seconds."""
GIVEN_WAY = 0.0002
"""Seconds between two slices of a chunk, in which another thread may take the lock."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where all rows went; `rows` is always the sum of the others."""

    rows: int
    counted: int
    merged: int
    refused: int
    excluded: int

    def in_words(self) -> str:
        """One line: `rows in = 12: 9 counted + 2 merged as versions + 1 refused + 0 excluded`."""
        return (
            f"rows in = {self.rows:,}: {self.counted:,} counted + {self.merged:,} merged as "
            f"versions + {self.refused:,} refused + {self.excluded:,} excluded"
        )


def last_event(monitor: Monitor, force_id: str | None = None) -> int:
    """The latest event time that any feed (of one force) has reached, in ms; 0 before any."""
    latest = 0
    for shard in monitor.shards:
        for name, fold in shard.folds.items():
            if force_id in (None, name):
                if isinstance(fold, Heartbeats):
                    latest = max(latest, *fold.latest.values(), 0)
                else:
                    latest = max(latest, fold.watermark)
    return latest


def has_records(monitor: Monitor, force_id: str) -> bool:
    """Whether anything of a force was ever taken."""
    return last_event(monitor, force_id) > 0


class Embedded:
    """Feeds a `Live`. `clock` is the replay's, or None for a live monitor on the wall clock."""

    def __init__(
        self,
        live: Live,
        stops: Stops,
        clock: ReplayClock | None = None,
        dead_letters: DeadLetterFile | None = None,
    ) -> None:
        self.live, self.stops, self.clock = live, stops, clock
        self.busy = live.health.busy = Busy()
        self.dead_letters = dead_letters
        self.rows = self.excluded = 0
        self.refused = Counter[str]()
        """Refused rows by reason, those that could not even become an event among them."""
        self.examples: dict[str, tuple[str, str]] = {}
        """Of each reason the first row: its place and what was wrong with it."""
        self._refused_rows: set[str] = set()

    def account(self) -> Account:
        """Where all rows went so far. A row that is a further version of a record, or part of the
        event of another row, is merged: each row is one of the four, whatever it became."""
        new = 0
        with self.live.lock:
            for shard in self.live.monitor.shards:
                for fold in shard.folds.values():
                    if isinstance(fold, Ledger):
                        new += fold.versions.new
                    else:
                        new += fold.new if isinstance(fold, Readings) else fold.lines
        refused = self.refused.total()
        merged = self.rows - new - refused - self.excluded
        return Account(self.rows, new, merged, refused, self.excluded)

    def take(self, chunk: Chunk) -> None:
        """Folds a chunk as fast as possible."""
        with self.stops.held_back():
            self._fold(chunk)
            if self.clock is not None:
                self.clock.advance_to(last_event(self.live.monitor))
            else:
                self.live.observe(counts=False)

    def play(self, chunk: Chunk, speed: float, progress: Callable[[], None] = lambda: None) -> None:
        """Folds a chunk line by line as the replay clock reaches each; starts the clock."""
        instants = [instant_of(line) for line in chunk.lines()]
        lines = chunk.lines()
        with self.stops.held_back():
            self._fold(chunk.without_lines())
        clock, done = self.clock, 0
        if clock is None:
            raise ValueError("a paced replay needs a replay clock")
        while done < len(lines):
            at = instants[done]
            if not clock.running and at is not None:
                clock.run(at, speed)
            now, due = clock.due(), done
            clock.wait_for(at or 0)
            while due < len(lines) and (instants[due] or 0) <= now:
                due += 1
            if due > done:
                with self.stops.held_back():
                    self._fold(chunk.part(done, due))
                done = due
            else:
                progress()
                time.sleep(max(TICK, min(0.5, ((instants[done] or 0) - now) / 1000 / speed)))
        # What comes next is not read yet: until it is, the clock waits at the last line.
        clock.wait_for(max((at for at in instants if at is not None), default=0))

    def _fold(self, chunk: Chunk) -> None:
        """Folds a chunk in slices; where a stop is asked for, only the lines before it."""
        folded = Folded()
        if chunk.line_numbers:
            self.busy.begin()
            steps = self.live.monitor.steps(chunk.payload, wall_clock(), None, folded)
            for _ in self.live.slices(steps):
                if self.stops.asked:
                    break
                time.sleep(GIVEN_WAY)
            self.busy.end()
        self.rows += chunk.rows_in(folded.lines) + chunk.without_lines().rows
        self.excluded += chunk.excluded
        letters: list[tuple[bytes, str, str, str]] = []
        for raw, reason, detail, origin in chunk.rejected:
            letters.append((raw, origin, reason, detail))
            self.live.monitor.refused["unknown"][reason] += 1
        self.excluded += folded.blank
        for refusal in folded.refusals:
            place = chunk.place(refusal.line)
            if chunk.begins is not None:  # a row of several versions is refused once
                if place in self._refused_rows:
                    continue
                self._refused_rows.add(place)
            letters.append((refusal.raw, place, refusal.reason, refusal.detail))
        for _, origin, reason, detail in letters:
            self.refused[reason] += 1
            self.examples.setdefault(reason, (origin, detail))
        # Last: where the file can't be written, the account is true all the same.
        if self.dead_letters is not None:
            for each in letters:
                self.dead_letters.write(letter(*each, wall_clock()))

    def gather(self, play: Play, progress: Callable[[], None] = lambda: None) -> None:
        """Reads and sorts a finite source; what it refuses is written and counted."""
        health = self.live.health
        health.replay = self.clock is not None
        health.state, health.detail = "behind", "sorting history"
        for chunk in play.gather():
            with self.stops.held_back():
                self._fold(chunk)
            if self.dead_letters is not None:
                self.dead_letters.flush()
            progress()

    def read(
        self,
        chunks: Iterable[Chunk],
        speed: float | None = None,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        """Folds all chunks; `speed` None is as fast as possible. Keeps the health of the `Live`:
        ready at a pace or on the wall clock, behind while a replay runs at full speed."""
        health = self.live.health
        health.replay, health.follows = self.clock is not None, self.clock is None
        health.speed = speed
        if self.clock is None:
            health.state, health.detail = "live", "reading as lines arrive"
        elif speed is None:
            health.state, health.detail = "behind", "reading history"
        else:
            health.state, health.detail = "live", f"replaying at {speed:g} times real speed"
        for chunk in chunks:
            if speed is None:
                self.take(chunk)
            else:
                self.play(chunk, speed)
            if self.dead_letters is not None:
                self.dead_letters.flush()
            progress()

    def finish(self) -> None:
        """The input has ended: the clock of a replay stands still, and the board is complete."""
        if self.clock is not None:
            self.clock.stop()
        health = self.live.health
        health.follows = False
        health.state, health.detail = "finished", "all input was read"

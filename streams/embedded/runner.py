"""The embedded runner: a monitor in this process that a player feeds, without Kafka.

It folds each chunk that it is given into a `Live`, writes what was refused to a file of dead
letters, and accounts for every row: rows in = counted + merged as versions + refused + excluded.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass

from streams.board.monitor import Folded, Monitor
from streams.events.deadletters import DeadLetterFile, letter
from streams.fold.heartbeats import Heartbeats
from streams.fold.ledger import Ledger
from streams.fold.readings import Readings
from streams.live import Busy, Live
from streams.periods import Calendar
from streams.sources import Chunk
from streams.sources.clock import wall_clock
from streams.sources.order.player import Stage
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.stops import Stops

ENDED: dict[Stage, str] = {
    "over": "all input was read",
    "stopped": "stopped before the end of the input",
    "failed": "the input failed",
}
"""The stages in which nothing more comes, and what is said of each."""
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
    """Feeds a `Live`; a sink of `streams.sources.order.player.Player`. `clock` is the replay's, or
    None for a live monitor on the wall clock."""

    keeps = False

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
        self._turn = threading.Lock()

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

    def enter(self, stage: Stage, speed: float | None) -> None:
        """Keeps the health of the `Live`: ready at a pace or on the wall clock, behind while a
        replay runs at full speed, finished at the end. What is sorted is finished history, of
        which records of sealed periods count."""
        live, health, replay = self.live, self.live.health, self.clock is not None
        health.replay, health.follows = replay, not replay
        health.speed = speed if stage in ("playing", "paused") else None
        if stage == "sorting" or stage in ENDED:
            live.monitor.play_history(stage == "sorting")
        live.monitor.history_ends = self._last_days() if stage == "over" and replay else {}
        if stage == "over" and replay and live.alerts is not None:
            # What is due before the end, though no line after it was counted, is judged, however
            # long the counting went on up to here.
            self.busy.rest()
            health.state = "live"
            live.alerts.tick()
        if stage in ENDED:
            health.follows = False
            health.state, health.detail = "finished", ENDED[stage]
        elif stage == "sorting":
            health.state, health.detail = "behind", "sorting history"
        elif not replay:
            health.state, health.detail = "live", "reading as lines arrive"
        elif speed is None or stage == "before":
            what = "paused" if stage == "paused" else "reading history"
            health.state, health.detail = "behind", what
        else:
            at = f"at {speed:g} times real speed"
            what = f"paused, else {at}" if stage == "paused" else f"replaying {at}"
            health.state, health.detail = "live", what

    def _last_days(self) -> dict[str, int]:
        """By force the end of the last local day of which anything came, in ms."""
        found, monitor = {}, self.live.monitor
        for force_id, force in monitor.forces.items():
            if last := last_event(monitor, force_id):
                calendar = Calendar(force.zone)
                found[force_id] = calendar.end("day", calendar.start("day", last))
        return found

    def open_to_senders(self) -> None:
        """From now on it is fed what is sent to it, all of which was counted when it was answered:
        nothing is unread, so it is live, and a feed that sends nothing is silent."""
        health = self.live.health
        health.follows = False
        health.state, health.detail = "live", "taking events as they are sent"

    def take(self, chunk: Chunk) -> None:
        """Folds a chunk; the clock of a replay that does not run on its own follows."""
        self.fold(chunk)

    def fold(self, chunk: Chunk) -> Folded:
        """The same, and says how far it was folded and what was refused. Threads take turns: a
        chunk is folded in slices, and none may come between those of another."""
        with self._turn:
            folded = self._fold(chunk)
        if self.clock is not None:
            self.clock.advance_to(last_event(self.live.monitor))
        else:
            self.live.observe(counts=False)
        return folded

    def settle(self) -> None:
        """Nothing was held back."""

    def _fold(self, chunk: Chunk) -> Folded:
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
            self.dead_letters.flush()
        return folded

"""Plays finished sources into a monitor: what a script calls to read files from Python."""

from __future__ import annotations

from collections.abc import Iterator

from streams.board.monitor import Monitor
from streams.sources.clock import wall_clock
from streams.sources.event_lines import Chunk, Rejected
from streams.sources.files import Source
from streams.sources.order.play import Play
from streams.sources.order.player import Player, Stage


class IntoMonitor:
    """The sink that is a monitor and nothing else; `refused` are the rows that it refused, each
    once, since they were last taken out."""

    keeps = False
    clock = None

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.refused: list[Rejected] = []
        self.rows = 0
        """Rows that were taken or refused."""
        self._places: set[str] = set()

    def enter(self, stage: Stage, speed: float | None) -> None:
        """Nobody looks meanwhile."""

    def settle(self) -> None:
        """Nothing was held back."""

    def take(self, chunk: Chunk) -> None:
        """Folds a chunk."""
        self.rows += chunk.rows - chunk.excluded
        for rejected in chunk.rejected:
            self.monitor.refused["unknown"][rejected.reason] += 1
            self.refused.append(rejected)
        if not chunk.line_numbers:
            return
        for line, raw, reason, detail in self.monitor.ingest(chunk.payload, wall_clock()):
            place = chunk.place(line)
            if place not in self._places:  # one row may have become several lines
                self._places.add(place)
                self.refused.append(Rejected(raw, reason, detail, place))


def play(monitor: Monitor, source: Source) -> Iterator[Rejected]:
    """Reads a finite source to its end into a monitor, and gives every row that was refused.

    Rows may be in any order and of any age: they are sorted by the instant at which each became
    known, and each counts in its own period. A refused row has `origin` (`calls.csv:17`), `reason`,
    `detail` and `raw`; it is given once, whatever it became, and counts nowhere. Iterate to the
    end: nothing is read before. The source is closed then.

    Raises:
        SourceError: for what can't be read; all that came before it is counted.
    """
    monitor.play_history(True)
    sink = IntoMonitor(monitor)
    try:
        with Play(source, monitor.forces.values()) as ordered:
            for _ in Player(ordered, sink).steps():
                yield from sink.refused
                sink.refused.clear()
    finally:
        monitor.play_history(False)

"""Plays finished sources into a monitor: what a script calls to read files from Python."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from streams.board.monitor import Monitor
from streams.sources.event_lines import Rejected
from streams.sources.files import Source
from streams.sources.mapping.plausible import wall_clock
from streams.sources.order.play import Play


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
    try:
        with Play(source, monitor.forces.values()) as ordered:
            refused: set[str] = set()
            for chunk in chain(ordered.gather(), ordered):
                for rejected in chunk.rejected:
                    monitor.refused["unknown"][rejected.reason] += 1
                    yield rejected
                if not chunk.line_numbers:
                    continue
                for line, raw, reason, detail in monitor.ingest(chunk.payload, wall_clock()):
                    place = chunk.place(line)
                    if place not in refused:  # one row may have become several lines
                        refused.add(place)
                        yield Rejected(raw, reason, detail, place)
    finally:
        monitor.play_history(False)

"""What every source yields: chunks of event lines, and what could not become one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from streams.periods import to_ms

CHUNK_LINES = 300
"""The most lines in one chunk: enough to spread the cost of a message, few enough to be quick."""


TimedLine = tuple[int, bytes]
"""An event line, behind the instant (ms) at which it became known."""


class Rejected(NamedTuple):
    """One line or row that could not even become an event.

    `raw` holds its bytes as read (after decompression), `reason` a short fixed word group such as
    `bad_time`, `detail` a sentence for a person, and `origin` file and line (`export.csv:17`).
    """

    raw: bytes
    reason: str
    detail: str
    origin: str


class Chunk(NamedTuple):
    """Up to `CHUNK_LINES` event lines of one file, with where each came from.

    `payload` is whole NDJSON lines joined by a newline, without one at the end; `line_numbers` has
    the 1-based line of the input for each of them. `excluded` counts the rows that are no event by
    the user's own rule (a mapping's filters), lines that are blank and outcomes of crimes that no
    file has, `joined` those that became
    part of the event of another row. Nothing else is left out: rows read = lines + rejected +
    excluded + joined.

    `finished` says that each line is the last version of its record, from an export that is whole;
    with `unfolds` it may become the versions that came before.
    Where lines were sorted, `origins` has the file of each, `begins` says which are the first of
    their row (a row may have become several versions), and `instants` when each became known, in
    ms; below 0 where that can't be read.
    """

    payload: bytes
    origin: str
    line_numbers: Sequence[int]
    rejected: Sequence[Rejected] = ()
    excluded: int = 0
    joined: int = 0
    finished: bool = False
    unfolds: bool = False
    origins: Sequence[str] | None = None
    begins: Sequence[bool] | None = None
    instants: Sequence[int] | None = None

    def lines(self) -> list[bytes]:
        """The event lines, one for each of `line_numbers`."""
        return self.payload.split(b"\n") if self.line_numbers else []

    def place(self, line: int) -> str:
        """Where the line of that index came from: `export.csv:17`."""
        origin = self.origin if self.origins is None else self.origins[line]
        return f"{origin}:{self.line_numbers[line]}"

    def part(self, begin: int, end: int) -> Chunk:
        """Some of its lines alone, without what is not lines."""
        return Chunk(
            b"\n".join(self.lines()[begin:end]),
            self.origin,
            self.line_numbers[begin:end],
            finished=self.finished,
            unfolds=self.unfolds,
            origins=None if self.origins is None else self.origins[begin:end],
            begins=None if self.begins is None else self.begins[begin:end],
            instants=None if self.instants is None else self.instants[begin:end],
        )

    def without_lines(self) -> Chunk:
        """What is not lines: the rejected, and how many rows were left out or joined."""
        return Chunk(b"", self.origin, (), self.rejected, self.excluded, self.joined)

    def rows_in(self, lines: int) -> int:
        """How many rows the first so many lines are of."""
        return lines if self.begins is None else sum(self.begins[:lines])

    @property
    def rows(self) -> int:
        """How many rows of the input this chunk accounts for."""
        lines = self.rows_in(len(self.line_numbers))
        return lines + len(self.rejected) + self.excluded + self.joined


def in_chunks(events: Iterable[TimedLine], origin: str) -> Iterator[Chunk]:
    """Event lines in the order of time as chunks, as many together as a chunk has lines."""
    iterator = iter(events)
    number = 0
    while held := list(islice(iterator, CHUNK_LINES)):
        numbers = range(number + 1, number + len(held) + 1)
        number += len(held)
        instants = [at for at, _ in held]
        yield Chunk(b"\n".join([line for _, line in held]), origin, numbers, instants=instants)


class _Dated(msgspec.Struct):
    updated_at: dt.datetime | None = None
    at: dt.datetime | None = None


_read_dated = msgspec.json.Decoder(_Dated).decode


def instant_of(line: bytes) -> int | None:
    """When a line became known (its `updated_at`), in ms; None where that can't be read."""
    try:
        found = _read_dated(line)
        stamp = found.updated_at or found.at
        return to_ms(stamp) if stamp is not None else None
    except (msgspec.MsgspecError, RecursionError, UnicodeError, TypeError):
        return None

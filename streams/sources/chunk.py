"""What every source yields: a few hundred event lines, and what could not become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

CHUNK_LINES = 300
"""The most lines in one chunk: enough to spread the cost of a message, few enough to be quick."""


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
    the user's own rule (a mapping's filters) and lines that are blank, `joined` those that became
    part of the event of another row. Nothing else is left out: rows read = lines + rejected +
    excluded + joined.
    """

    payload: bytes
    origin: str
    line_numbers: Sequence[int]
    rejected: Sequence[Rejected] = ()
    excluded: int = 0
    joined: int = 0

    def lines(self) -> list[bytes]:
        """The event lines, one for each of `line_numbers`."""
        return self.payload.split(b"\n") if self.line_numbers else []

    @property
    def rows(self) -> int:
        """How many rows of the input this chunk accounts for."""
        return len(self.line_numbers) + len(self.rejected) + self.excluded + self.joined

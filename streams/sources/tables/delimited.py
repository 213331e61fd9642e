"""Lines to the rows of a CSV or TSV file, each with its line number and, when refused, its bytes.

The csv module reads strictly: a quote that is never closed would otherwise swallow the rest of the
file in silence. Where a row can't be read, its first line alone is rejected and reading starts
again on the next one.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator

from streams.sources.bytes.lines import MAX_LINE, Batch
from streams.sources.event_lines import Rejected
from streams.sources.tables.rows import HEADER_ROWS, Build, fits, no_header

MOST_LINES = 500
"""The most lines of one row: beyond it a quote was left open."""
MOST_CELLS = 20_000
"""The most cells of a line, each of which is an object in memory."""


class Table:
    """The rows of one file.

    The header is `columns`, or the first row that has what `build` needs (rows above it are titles,
    and count as blank), or without both the first row. `skip` lines are passed over before.
    `quote` is what cells may be quoted with, "" for nothing. In a `live` table a header is looked
    for only among the lines that came at once.
    """

    def __init__(
        self,
        batches: Iterator[Batch],
        origin: str,
        delimiter: str,
        columns: list[str] | None = None,
        *,
        quote: str = '"',
        skip: int = 0,
        build: Build | None = None,
        live: bool = False,
    ) -> None:
        self.origin, self.delimiter, self.quote = origin, delimiter, quote
        self.rejected: list[Rejected] = []
        self.blank = 0
        self._left = 0
        self._stream = self._decoded(batches)
        self._again: deque[tuple[int, str]] = deque()
        self._size = 0
        self._taken: list[tuple[int, str]] = []
        for _ in range(skip):
            self.blank += next(self._stream, None) is not None
        self._rows = self._read()
        self.header = columns if columns is not None else self._header(build, live=live)
        self.header = [name.strip() for name in self.header]
        self._taken = []

    def _header(self, build: Build | None, *, live: bool) -> list[str]:
        first: list[tuple[int, list[str]]] = []
        for cells in self._rows:
            names = [cell.strip() for cell in cells]
            if not any(names):
                self.blank += bool(cells)
                continue
            if build is None or fits(names, build):
                self.blank += len(first)
                return names
            first.append((self.number, names))
            if len(first) == HEADER_ROWS or (live and self.drained):
                break
        if first and build is not None:
            raise no_header(first, build, self.origin)
        return []

    def __iter__(self) -> Iterator[list[str]]:
        """The rows after the header, as cells; [] for a blank line, which is counted in `blank`."""
        return self._rows

    @property
    def raw(self) -> bytes:
        """The bytes of the row that was just given."""
        return "\n".join(line for _, line in self._taken).encode("utf-8", "surrogateescape")

    @property
    def number(self) -> int:
        """The line on which the row that was just given starts."""
        return self._taken[0][0]

    @property
    def drained(self) -> bool:
        """Whether the next row has to be waited for."""
        return not self._left and not self._again

    def _decoded(self, batches: Iterator[Batch]) -> Iterator[tuple[int, str]]:
        for batch in batches:
            self.rejected.extend(batch.rejected)
            if batch.lines:
                # Decoded in one go; a byte that is no UTF-8 is kept and refused with its own row.
                text = b"\n".join(batch.lines).decode("utf-8", "surrogateescape")
                self._left = len(batch.lines)
                for line in enumerate(text.split("\n"), batch.first):
                    self._left -= 1
                    yield line

    def _lines(self) -> Iterator[str]:
        while True:
            if self._again:
                taken = self._again.popleft()
            else:
                following = next(self._stream, None)
                if following is None:
                    return
                taken = following
            self._taken.append(taken)
            self._size = len(taken[1]) + (self._size if len(self._taken) > 1 else 0)
            if len(self._taken) > MOST_LINES:
                raise csv.Error(f"the row goes on for more than {MOST_LINES} lines")
            if self._size > MAX_LINE:
                raise csv.Error(f"the row has more than {MAX_LINE >> 20} MiB")
            if taken[1].count(self.delimiter) > MOST_CELLS:
                raise csv.Error(f"the line has more than {MOST_CELLS:,} cells")
            yield taken[1] + "\n"

    def _reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        if self.quote:
            return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)

    def _read(self) -> Iterator[list[str]]:
        while True:
            try:
                for cells in self._reader(self._lines()):
                    if not cells:
                        self.blank += 1
                    yield cells
                    self._taken.clear()
            except csv.Error as error:
                first, *rest = self._taken
                self._taken = [first]
                origin = f"{self.origin}:{self.number}"
                self.rejected.append(Rejected(self.raw, "bad_csv", _cure(str(error)), origin))
                self._taken = []
                self._again.extendleft(reversed(rest))
                yield []
            else:
                return


def _cure(error: str) -> str:
    """What is wrong with a row, and what may help."""
    if error.startswith("new-line character"):
        return "a carriage return stands inside the line; quote the cell, or end lines alike"
    return f'{error}; a quote may be missing, or write quote = "" where nothing is quoted'

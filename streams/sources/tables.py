"""Lines to the rows of a CSV or TSV file, each with its line number and, when refused, its bytes.

The csv module reads strictly: a quote that is never closed would otherwise swallow the rest of the
file in silence. Where a row can't be read, its first line alone is rejected and reading starts
again on the next one.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator

from streams.errors import Refused, SourceError
from streams.sources.chunk import CHUNK_LINES, Chunk, Rejected
from streams.sources.raw import Batch

CONVERT = Callable[[list[str]], bytes | None]
"""One row to one event line; None when a filter excludes it; raises `Refused`."""


class Table:
    """The rows of one file. The first row is the header unless `columns` names them."""

    def __init__(
        self,
        batches: Iterator[Batch],
        origin: str,
        delimiter: str,
        columns: list[str] | None = None,
    ) -> None:
        self.origin, self.delimiter = origin, delimiter
        self.rejected: list[Rejected] = []
        self.blank = 0
        self._stream = self._decoded(batches)
        self._again: deque[tuple[int, str]] = deque()
        self._taken: list[tuple[int, str]] = []
        self._rows = self._read()
        self.header: list[str] = columns if columns is not None else next(self._rows, [])
        self.header = [name.strip() for name in self.header]
        self._taken.clear()

    def __iter__(self) -> Iterator[list[str]]:
        """The rows after the header, as cells; blank lines are counted in `blank` alone."""
        return self._rows

    def reject(self, reason: str, detail: str) -> None:
        """Put the row that was just given among the rejected."""
        self.rejected.append(Rejected(self.raw, reason, detail, f"{self.origin}:{self.number}"))

    @property
    def raw(self) -> bytes:
        """The bytes of the row that was just given."""
        return "\n".join(line for _, line in self._taken).encode("utf-8", "surrogateescape")

    @property
    def number(self) -> int:
        """The line on which the row that was just given starts."""
        return self._taken[0][0]

    def _decoded(self, batches: Iterator[Batch]) -> Iterator[tuple[int, str]]:
        for batch in batches:
            self.rejected.extend(batch.rejected)
            if batch.lines:
                # Decoded in one go; a byte that is no UTF-8 is kept and refused with its own row.
                text = b"\n".join(batch.lines).decode("utf-8", "surrogateescape")
                yield from enumerate(text.split("\n"), batch.first)

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
            yield taken[1] + "\n"

    def _read(self) -> Iterator[list[str]]:
        while True:
            try:
                for cells in csv.reader(self._lines(), delimiter=self.delimiter, strict=True):
                    if cells:
                        yield cells
                    else:
                        self.blank += 1
                    self._taken.clear()
            except csv.Error as error:
                first, *rest = self._taken
                self._taken = [first]
                self.reject("bad_csv", f"{error}; a quote may be missing")
                self._taken = []
                self._again.extendleft(reversed(rest))
            else:
                return


def table_chunks(table: Table, convert: CONVERT) -> Iterator[Chunk]:
    """The chunks of a table; on a damaged file, first those of the rows before the damage."""
    width = len(table.header)
    lines: list[bytes] = []
    numbers: list[int] = []
    excluded = 0

    def chunk() -> Chunk:
        nonlocal lines, numbers, excluded
        made = Chunk(
            b"\n".join(lines), table.origin, numbers, table.rejected, excluded + table.blank
        )
        lines, numbers, excluded = [], [], 0
        table.rejected, table.blank = [], 0
        return made

    try:
        for cells in table:
            if len(cells) != width:
                table.reject("wrong_cell_count", f"{len(cells)} cells under {width} columns")
            else:
                try:
                    line = convert(cells)
                except Refused as refused:
                    table.reject(refused.reason, refused.detail)
                else:
                    if line is None:
                        excluded += 1
                    else:
                        lines.append(line)
                        numbers.append(table.number)
            if len(lines) + len(table.rejected) + excluded >= CHUNK_LINES:
                yield chunk()
    except SourceError:
        yield chunk()
        raise
    last = chunk()
    if last.rows:
        yield last

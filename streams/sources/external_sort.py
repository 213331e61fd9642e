"""An external merge sort: more rows than memory holds, in the order of their keys.

Rows are gathered until they fill `RUN_BYTES`, sorted, and written to one temporary file as a *run*;
reading merges the runs block by block. What fits into memory never touches the disk. Source:
Knuth, The Art of Computer Programming, volume 3, section 5.4.
"""

from __future__ import annotations

import marshal
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO, Any

from streams.errors import SourceError

RUN_BYTES = 48 << 20
"""About how much memory the rows of one run take."""
BLOCK_BYTES = 1 << 16
"""About how much of each run is in memory while runs are merged."""
ROW_OVERHEAD = 200
"""Bytes that Python needs for a tuple and its numbers, beside what the row says of its size."""

Row = tuple[Any, ...]
"""A tuple of numbers, text, bytes, None and tuples of these; rows are compared as they are."""


class ExternalSort:
    """Takes rows in any order (`add`) and gives them in order (iteration, once or more often).

    Use it with `with`, or close it: the temporary file then goes. Raises `SourceError` where the
    disk for temporary files is full.
    """

    def __init__(self, run_bytes: int = RUN_BYTES) -> None:
        self.run_bytes = run_bytes
        self.rows = 0
        """How many rows were added."""
        self._held: list[Row] = []
        self._size = 0
        self._file: IO[bytes] | None = None
        self._runs: list[list[tuple[int, int]]] = []
        """Of each run its blocks, as (place in the file, length)."""

    def __enter__(self) -> ExternalSort:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Deletes the temporary file."""
        self.close()

    def close(self) -> None:
        """Deletes the temporary file; nothing can be read any more."""
        self._held = []
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(self, row: Row, size: int) -> None:
        """Takes a row; `size` is about how many bytes its texts have."""
        self.extend((row,), size)

    def extend(self, rows: Sequence[Row], size: int) -> None:
        """Takes some rows; `size` is about how many bytes their texts have."""
        self._held += rows
        self.rows += len(rows)
        self._size += size + len(rows) * ROW_OVERHEAD
        if self._size >= self.run_bytes:
            self._write_run()

    def _write_run(self) -> None:
        self._held.sort()
        try:
            if self._file is None:
                # Unbuffered: what a full disk did not take is not tried again at every seek.
                self._file = tempfile.TemporaryFile("w+b", 0, prefix="watchroom-sort-")  # noqa: SIM115
            per_block = max(1, len(self._held) * BLOCK_BYTES // max(1, self._size))
            at = self._file.seek(0, 2)
            blocks: list[tuple[int, int]] = []
            for first in range(0, len(self._held), per_block):
                block = marshal.dumps(self._held[first : first + per_block])
                rest = memoryview(block)
                while rest:
                    rest = rest[self._file.write(rest) :]
                blocks.append((at, len(block)))
                at += len(block)
        except OSError as error:
            raise SourceError(
                f"the rows can't be sorted: {error.strerror} in {tempfile.gettempdir()}. Make room "
                "there, or name a folder with more of it in the variable TMPDIR"
            ) from None
        self._runs.append(blocks)
        self._held, self._size = [], 0

    def _read_run(self, blocks: list[tuple[int, int]]) -> Iterator[list[Row]]:
        for at, length in blocks:
            if self._file is None:
                return
            self._file.seek(at)
            # Written by this process a moment ago, to a file that nobody else can open.
            yield marshal.loads(self._file.read(length))  # noqa: S302

    def __iter__(self) -> Iterator[Row]:
        """The rows in order; equal ones all come."""
        return chain.from_iterable(self.parts())

    def parts(self) -> Iterator[list[Row]]:
        """The same as sorted lists, one after the other, none of them empty."""
        self._held.sort()
        runs = [self._read_run(blocks) for blocks in self._runs]
        held = [self._held] if self._held else []
        return merged([*runs, iter(held)]) if runs else iter(held)


def merged(runs: Sequence[Iterator[list[Row]]]) -> Iterator[list[Row]]:
    """Merges runs, each of them sorted blocks in order, none of them empty. What of all blocks lies
    up to the first of their ends comes before the rest; runs that do not overlap cost no more than
    to read them."""
    heads = [(block, 0, run) for run in runs if (block := next(run, None))]
    while heads:
        end = min([block[-1] for block, _, _ in heads])
        part: list[Row] = []
        sources = 0
        left: list[tuple[list[Row], int, Iterator[list[Row]]]] = []
        for block, at, run in heads:
            if block[at] > end:
                left.append((block, at, run))
                continue
            cut = bisect_right(block, end, at)
            part += block[at:cut]
            sources += 1
            rest, first = (block, cut) if cut < len(block) else (next(run, None), 0)
            if rest:
                left.append((rest, first, run))
        if sources > 1:
            part.sort()
        yield part
        heads = left

"""The rows of any table (CSV, JSON, a sheet, Parquet), and how they become chunks.

Every kind of table gives its rows as cells under a header, with a number for each: the line of a
text file, the row of a sheet, and in JSON and Parquet how many-th the record is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from streams.errors import ConfigError, Refused, SourceError
from streams.sources.chunk import CHUNK_LINES, Chunk, Rejected
from streams.sources.forms import shown

CONVERT = Callable[[list[str]], bytes | None]
"""One row to one event line; None when a filter excludes it; raises `Refused`."""

TOTALS = frozenset({"total", "totals", "grand total", "subtotal", "sub-total", "sub total"})
"""First cells of a row that sums others. Such a row is left out when it can't be a record."""
MOST_NOTES = 50
"""The most short rows below a table that are taken for notes."""


class Rows(Protocol):
    """The rows of one table. Iterating gives the cells of a row, or [] where there is none (a blank
    line, a refused one), and then what it found is in `blank` and `rejected`."""

    origin: str
    header: list[str]
    rejected: list[Rejected]
    blank: int

    def __iter__(self) -> Iterator[list[str]]:
        """The rows after the header."""
        ...

    def refusal(self, reason: str, detail: str) -> Rejected:
        """The row that was just given, as a refused one."""
        ...

    @property
    def number(self) -> int:
        """The number of the row that was just given."""
        ...

    @property
    def drained(self) -> bool:
        """Whether all that has arrived was given: the next row may be long in coming."""
        ...


def table_chunks(
    table: Rows, convert: CONVERT, *, live: bool = False, footer: Sequence[str] = ()
) -> Iterator[Chunk]:
    """The chunks of a table; on a damaged file, first those of the rows before the damage.

    A `live` table is given row by row as it arrives: a chunk ends with what has arrived. `footer`
    are the beginnings of rows that are no records; they are excluded.
    """
    made = _Making(table, convert, footer)
    try:
        for cells in table:
            if cells:
                made.take(cells)
            else:
                made.after_blank = True
            if made.size >= CHUNK_LINES or (live and table.drained and made.size):
                yield made.chunk()
    except SourceError:
        yield made.chunk()
        raise
    made.end()
    last = made.chunk()
    if last.rows:
        yield last


class _Making:
    """The chunk that is being made of a table's rows."""

    def __init__(self, table: Rows, convert: CONVERT, footer: Sequence[str]) -> None:
        self.table, self.convert = table, convert
        self.width = len(table.header)
        self.footer = tuple(text.casefold() for text in footer)
        self.lines: list[bytes] = []
        self.numbers: list[int] = []
        self.excluded = 0
        self.after_blank = False
        self.notes: list[Rejected] = []
        """Short rows after a blank line: notes, unless more of the table follows."""

    @property
    def size(self) -> int:
        return len(self.lines) + len(self.table.rejected) + self.excluded + self.table.blank

    def chunk(self) -> Chunk:
        """What was made so far."""
        table = self.table
        excluded = self.excluded + table.blank
        made = Chunk(b"\n".join(self.lines), table.origin, self.numbers, table.rejected, excluded)
        self.lines, self.numbers, self.excluded = [], [], 0
        table.rejected, table.blank = [], 0
        return made

    def take(self, cells: list[str]) -> None:
        """One row: a line, a refused row, or one that is excluded."""
        table = self.table
        if self.footer and _first(cells).startswith(self.footer):
            self.excluded += 1
            return
        if len(cells) != self.width:
            self._of_another_width(cells)
            return
        if self.after_blank:
            self._no_notes()
        try:
            line = self.convert(cells)
        except Refused as refused:
            first = _first(cells)
            if not first:
                self.excluded += 1
                self.after_blank = True
            elif cells == table.header or first.rstrip(":") in TOTALS:
                self.excluded += 1
            else:
                table.rejected.append(table.refusal(refused.reason, refused.detail))
            return
        if line is None:
            self.excluded += 1
        else:
            self.lines.append(line)
            self.numbers.append(table.number)

    def _of_another_width(self, cells: list[str]) -> None:
        detail = f"{len(cells)} cells under {self.width} columns"
        refusal = self.table.refusal("wrong_cell_count", detail)
        if self.after_blank and len(cells) < self.width and len(self.notes) < MOST_NOTES:
            self.notes.append(refusal)
        else:
            self._no_notes()
            self.table.rejected.append(refusal)

    def _no_notes(self) -> None:
        """The table goes on, so the short rows before were rows of it."""
        self.table.rejected.extend(self.notes)
        self.notes, self.after_blank = [], False

    def end(self) -> None:
        """The table is over: what stood below it was no part of it."""
        self.excluded += len(self.notes)
        self.notes = []


def _first(cells: list[str]) -> str:
    """The first cell that is not blank, in small letters."""
    for cell in cells:
        text = cell.strip()
        if text:
            return text.casefold()
    return ""


HEADER_ROWS = 50
"""How far down a header is looked for, below titles."""


class NoColumn(ConfigError):
    """A table lacks a column that the mapping names, or has it twice."""

    def __init__(self, column: str, problem: str, *, field: str, cure: str) -> None:
        self.column = column
        super().__init__(problem, field=field, cure=cure)


Build = Callable[[list[str]], CONVERT]
"""What turns rows under a header; raises `NoColumn`."""


def needed_columns(build: Build) -> dict[str, str]:
    """The columns that a mapping needs, each with a field that needs it.

    They are found by asking for one after another, so that no key of a mapping can be forgotten.
    """
    needed: dict[str, str] = {}
    while True:
        try:
            build(list(needed))
        except NoColumn as missing:
            if missing.column in needed:
                raise
            needed[missing.column] = missing.field or ""
        else:
            return needed


def fits(cells: list[str], build: Build) -> bool:
    """Whether these cells are a header that has all the columns that are needed, once."""
    try:
        build(cells)
    except NoColumn:
        return False
    return True


def no_header(first: Sequence[tuple[int, list[str]]], build: Build, origin: str) -> NoColumn:
    """Why none of the first rows, as (row number, cells), is the header.

    It names what the row lacks that comes nearest, or the first rows when none has any column that
    is needed.
    """
    needed = needed_columns(build)
    found = [len(needed.keys() & set(cells)) for _, cells in first]
    best = found.index(max(found))
    number, cells = first[best]
    name = next((name for name in needed if cells.count(name) != 1), "")
    count = cells.count(name)
    has = "no column" if count == 0 else f"{count} columns"
    if found[best] or len(first) == 1:
        where = f" in its header, row {number}" if best else ""
        cure = f"It has: {_list(cells)}"
    else:
        where = ""
        cure = "; ".join(f"Row {n} has: {_list(c, 160)}" for n, c in first[:3])
    problem = f'{origin} has {has} "{shown(name)}"{where}'
    return NoColumn(name, problem, field=needed.get(name, "id"), cure=cure)


def _list(cells: Sequence[str], most: int = 600) -> str:
    return shown(", ".join(shown(cell, 60) for cell in cells if cell.strip()), most) or "nothing"

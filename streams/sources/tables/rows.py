"""The rows of any table (CSV, JSON, a sheet, Parquet), and how they become chunks.

Every kind of table gives its rows as cells under a header, with a number for each: the line of a
text file, the row of a sheet, and in JSON and Parquet how many-th the record is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from streams.errors import ConfigError, Refused, SourceError
from streams.sources.bytes.forms import shown
from streams.sources.event_lines import CHUNK_LINES, Chunk, Rejected

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

    @property
    def raw(self) -> bytes:
        """The row that was just given, as it was read."""
        ...

    @property
    def number(self) -> int:
        """The number of the row that was just given."""
        ...

    @property
    def drained(self) -> bool:
        """Whether all that has arrived was given: the next row may be long in coming."""
        ...


class TableRows:
    """The rows of a table that may be records, each as wide as the header.

    What stands around them counts as blank: rows that begin as `footer` says, notes below the
    table, blank rows, and a header or a row of totals that can be no record.
    """

    def __init__(self, table: Rows, footer: Sequence[str] = ()) -> None:
        self.table, self.origin, self.header = table, table.origin, table.header
        self.footer = tuple(text.casefold() for text in footer)
        self._cells: list[str] = []
        self._after_blank = False
        self._notes: list[Rejected] = []
        """Short rows after a blank line: notes, unless more of the table follows."""

    @property
    def rejected(self) -> list[Rejected]:
        """What was refused, until it is set to nothing again."""
        return self.table.rejected

    @rejected.setter
    def rejected(self, rejected: list[Rejected]) -> None:
        self.table.rejected = rejected

    @property
    def blank(self) -> int:
        """How many rows are no records, until it is set to 0 again."""
        return self.table.blank

    @blank.setter
    def blank(self, blank: int) -> None:
        self.table.blank = blank

    @property
    def raw(self) -> bytes:
        """The row that was just given, as it was read."""
        return self.table.raw

    @property
    def number(self) -> int:
        """The number of the row that was just given."""
        return self.table.number

    def reject(self, reason: str, detail: str) -> None:
        """Refuses the row that was just given, unless it is plainly none."""
        first = first_cell(self._cells)
        if not first:
            self.table.blank += 1
            self._after_blank = True
        elif self._cells == self.header or first.rstrip(":") in TOTALS:
            self.table.blank += 1
        else:
            self.table.rejected.append(self._refusal(reason, detail))

    def _refusal(self, reason: str, detail: str) -> Rejected:
        return Rejected(self.raw, reason, detail, f"{self.origin}:{self.number}")

    def __iter__(self) -> Iterator[list[str]]:
        """The rows as cells."""
        return (cells for cells in self.as_they_come() if cells)

    def as_they_come(self) -> Iterator[list[str]]:
        """The rows as cells, and [] after what is no row: a live table may have to be given now."""
        width = len(self.header)
        try:
            for cells in self.table:
                if len(cells) != width or self.footer:
                    yield self._checked(cells, width)
                    continue
                if self._after_blank:
                    self._no_notes()
                self._cells = cells
                yield cells
        except SourceError:
            self._no_notes()
            raise
        # The table is over: what stood below it was no part of it.
        self.table.blank += len(self._notes)
        self._notes = []

    def _checked(self, cells: list[str], width: int) -> list[str]:
        """The same cells, or [] when they are no row of the table."""
        if not cells:
            self._after_blank = True
            return []
        if self.footer and first_cell(cells).startswith(self.footer):
            self.table.blank += 1
            return []
        if len(cells) == width:
            if self._after_blank:
                self._no_notes()
            self._cells = cells
            return cells
        refusal = self._refusal("wrong_cell_count", f"{len(cells)} cells under {width} columns")
        if self._after_blank and len(cells) < width and len(self._notes) < MOST_NOTES:
            self._notes.append(refusal)
        else:
            self._no_notes()
            self.table.rejected.append(refusal)
        return []

    def _no_notes(self) -> None:
        """The table goes on, so the short rows before were rows of it."""
        self.table.rejected.extend(self._notes)
        self._notes, self._after_blank = [], False


def table_chunks(
    table: Rows, convert: CONVERT, *, live: bool = False, footer: Sequence[str] = ()
) -> Iterator[Chunk]:
    """The chunks of a table; on a damaged file, first those of the rows before the damage.

    A `live` table is given row by row as it arrives: a chunk ends with what has arrived.
    """
    rows = TableRows(table, footer)
    lines: list[bytes] = []
    numbers: list[int] = []
    excluded = 0

    def chunk() -> Chunk:
        nonlocal lines, numbers, excluded
        left_out = excluded + rows.blank
        made = Chunk(b"\n".join(lines), table.origin, numbers, rows.rejected, left_out)
        lines, numbers, excluded = [], [], 0
        rows.rejected, rows.blank = [], 0
        return made

    try:
        for cells in rows.as_they_come():
            if cells:
                try:
                    line = convert(cells)
                except Refused as refused:
                    rows.reject(refused.reason, refused.detail)
                else:
                    if line is None:
                        excluded += 1
                    else:
                        lines.append(line)
                        numbers.append(table.number)
            size = len(lines) + len(table.rejected) + excluded + table.blank
            if size >= CHUNK_LINES or (live and size and table.drained):
                yield chunk()
    except SourceError:
        yield chunk()
        raise
    last = chunk()
    if last.rows:
        yield last


def first_cell(cells: list[str]) -> str:
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

    def without_rows(self) -> NoColumn:
        """The same, without the header or the rows that the table has in its place."""
        cure = "Compare the mapping with the table; its rows are not shown, for they have people"
        return NoColumn(self.column, self.problem, field=self.field or "", cure=cure)


def named(header: Sequence[str]) -> list[str]:
    """The column names of a header; one that is blank, as over the row numbers that data frames are
    written with, is called `column 1` by its place."""
    return [name or f"column {place}" for place, name in enumerate(header, 1)]


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
    found = [len(needed.keys() & set(named(cells))) for _, cells in first]
    best = found.index(max(found))
    number, cells = first[best]
    name = next((name for name in needed if named(cells).count(name) != 1), "")
    count = named(cells).count(name)
    has = "no column" if count == 0 else f"{count} columns"
    if found[best] or len(first) == 1:
        where = f" in its header, row {number}" if best else ""
        cure = f"It has: {_list(cells)}"
    else:
        where = ""
        cure = "; ".join(f"Row {n} has: {_list(c, 160)}" for n, c in first[:3])
    if apart := _apart(cells, needed):
        cure = f"Row {number} is read as one cell: write delimiter = {apart} in the mapping"
    problem = f'{origin} has {has} "{shown(name)}"{where}'
    return NoColumn(name, problem, field=needed.get(name, "id"), cure=cure)


DELIMITERS = {";": '";"', "\t": '"\\t"', "|": '"|"', ",": '","'}
"""What may stand between the cells of a row, and how a mapping says it."""


def _apart(cells: Sequence[str], needed: Iterable[str]) -> str | None:
    """The delimiter, as a mapping says it, of a row that was read as one cell though it has several
    of the columns; None for any other row."""
    filled = [cell for cell in cells if cell]
    if len(filled) != 1:
        return None
    wanted = set(needed)
    for delimiter, said in DELIMITERS.items():
        names = {name.strip().strip('"') for name in filled[0].split(delimiter)}
        if len(names) > 1 and names & wanted:
            return said
    return None


def _list(cells: Sequence[str], most: int = 600) -> str:
    return shown(", ".join(shown(cell, 60) for cell in cells if cell.strip()), most) or "nothing"

"""Sheets of Excel and OpenDocument workbooks (python-calamine): dates and times become ISO text.

A workbook is read whole, one sheet at a time.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from typing import BinaryIO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
)

from streams.errors import ConfigError, SourceError
from streams.sources.bytes.forms import shown
from streams.sources.event_lines import Rejected
from streams.sources.tables.records import text_of
from streams.sources.tables.rows import HEADER_ROWS, Build, fits, no_header

Value = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


class Workbook:
    """An open workbook; raises `SourceError` when it is none or can't be read."""

    def __init__(self, file: BinaryIO, origin: str) -> None:
        self.origin = origin
        try:
            self._workbook = CalamineWorkbook.from_filelike(file)
        except PasswordError:
            raise SourceError(
                f"{origin} is locked with a password: save a copy without it"
            ) from None
        except (CalamineError, OSError) as error:
            raise SourceError(
                f"{origin} can't be read as a workbook ({shown(str(error))}): open it in a "
                "spreadsheet program and save it again, or export the sheet as CSV"
            ) from None
        self.names = [
            sheet.name
            for sheet in self._workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        ]

    def sheet(self, name: str) -> CalamineSheet:
        """A sheet by its name; raises `SourceError`."""
        try:
            return self._workbook.get_sheet_by_name(name)
        except (CalamineError, OSError, ValueError) as error:
            raise SourceError(
                f"{self.origin}: the sheet {shown(name)} can't be read: {shown(str(error))}"
            ) from None

    def rows(
        self, wanted: str | None, build: Build, columns: list[str] | None, skip: int = 0
    ) -> SheetRows:
        """The rows of the sheet `wanted`, or of the first that has the columns that are needed.

        Raises `ConfigError` when there is none.
        """
        if wanted is not None and wanted not in self.names:
            raise ConfigError(
                f'{self.origin} has no sheet "{wanted}"',
                field="sheet",
                cure=f"It has: {', '.join(map(shown, self.names))}",
            )
        names = self.names if wanted is None else [wanted]
        wrong: ConfigError | None = None
        for name in names:
            rows = SheetRows(self.sheet(name), self.origin)
            try:
                rows.find_header(build, columns, skip)
            except ConfigError as error:
                wrong = wrong or error
                continue
            if rows.header or len(names) == 1:
                return rows
        if wrong is not None:
            raise wrong
        raise SourceError(f"{self.origin}: its sheets are empty")


class SheetRows:
    """The rows of one sheet; see `Rows`. Their numbers are those that the program shows."""

    def __init__(self, sheet: CalamineSheet, origin: str) -> None:
        self.name = sheet.name
        self.origin = f"{origin}/{sheet.name}"
        self.rejected: list[Rejected] = []
        self.blank = 0
        self.header: list[str] = []
        self._cells: list[str] = []
        count, self._with_clock = _scan(sheet)
        # Rows are numbered from the last: whether blank ones at the top are given is not said.
        self.number = (sheet.end[0] + 1 if sheet.end else count) - count
        self._rows = _values(sheet)

    def find_header(self, build: Build, columns: list[str] | None, skip: int = 0) -> None:
        """Reads down to the header; raises `NoColumn` when none of the first rows is it."""
        for _ in range(skip):
            if next(self._rows, None) is not None:
                self.number += 1
                self.blank += 1
        if columns is not None:
            self.header = columns
            return
        first: list[tuple[int, list[str]]] = []
        for cells in self:
            names = [cell.strip() for cell in cells]
            if not names:
                continue
            if fits(names, build):
                self.blank += len(first)
                self.header = names
                return
            first.append((self.number, names))
            if len(first) == HEADER_ROWS:
                break
        if first:
            raise no_header(first, build, self.origin)

    def __iter__(self) -> Iterator[list[str]]:
        """The rows from here on, as text; [] for one whose cells are all blank."""
        for values in self._rows:
            self.number += 1
            self._cells = [self._text(place, value) for place, value in enumerate(values)]
            if any(self._cells):
                yield self._cells
            else:
                self.blank += 1
                yield []

    def _text(self, place: int, value: Value) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, dt.datetime):
            # Spreadsheets keep times as fractions of a day: what is left of them is no precision.
            value += dt.timedelta(microseconds=500)
            value = value.replace(microsecond=value.microsecond // 1000 * 1000)
        elif isinstance(value, dt.date) and place in self._with_clock:
            value = dt.datetime.combine(value, dt.time())
        return text_of(value)

    @property
    def raw(self) -> bytes:
        """The row that was just given, as a line of CSV."""
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(self._cells)
        return line.getvalue().encode("utf-8", "surrogatepass")

    @property
    def drained(self) -> bool:
        """A sheet is never waited for."""
        return False


def _values(sheet: CalamineSheet) -> Iterator[list[Value]]:
    return iter(sheet.iter_rows() if sheet.start else ())


def _scan(sheet: CalamineSheet) -> tuple[int, frozenset[int]]:
    """How many rows there are, and which columns hold times of day.

    A cell that holds midnight comes as a day. In a column of times it is the time 00:00.
    """
    count = 0
    with_clock: set[int] = set()
    for values in _values(sheet):
        count += 1
        for place, value in enumerate(values):
            if isinstance(value, dt.datetime) and (value.hour or value.minute or value.second):
                with_clock.add(place)
    return count, frozenset(with_clock)

"""A table of figures as `watchroom detect` takes it: strictly, since a row that is passed over or a
cell that is misread would shift or change every figure after it."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, TextIO

from streams.errors import SourceError
from streams.sources.draft.sample import dialect_of
from streams.sources.mapping.cells import plain_number

MISSING = frozenset({"", "na", "n/a", "null", "none", "-"})
"""What a cell holds, in small letters, where nothing is known; a detector takes it so, not as 0."""
TOTALS = frozenset({"total", "totals", "sum", "grand total", "all", "average", "mean"})
"""What a last row is called that is no period."""
FIGURE = re.compile(r"[-+]?(?:[0-9][0-9,]*\.?[0-9]*|\.[0-9]+) ?%?")
"""What a person writes as a number; `float` also takes 4_1, 1e3 and inf."""


class Row(NamedTuple):
    """The cells of a period, and the line of the file on which they begin."""

    line: int
    cells: list[str]


class FigureTable:
    """A header, and a row a period; every row has as many cells as the header, and every column a
    name of its own. Lines are parted by a comma, semicolon, tab or bar, whichever fits them."""

    def __init__(self, file: TextIO) -> None:
        self.name = file.name
        try:
            text = file.read()
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{self.name} is no text in UTF-8 ({error.reason}): save it as CSV in UTF-8"
            ) from None
        self.delimiter, _ = dialect_of(text.splitlines()[:300])
        rows = self._rows(text)
        if not rows:
            raise SourceError(f"{self.name} has no rows")
        self.header = self._header(rows[0], rows[1:])
        self.rows = rows[1:]
        for row in self.rows:
            self._check_width(row)
        self.label: str | None = None

    def _rows(self, text: str) -> list[Row]:
        found: list[Row] = []
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True)
        begins = 1
        try:
            for cells in reader:
                found.append(Row(begins, [text.strip() for text in cells]))
                begins = reader.line_num + 1
        except csv.Error as error:
            raise SourceError(f"{self.name}:{begins} is no row of CSV: {error}") from None
        while found and not any(found[-1].cells):
            found.pop()
        if found and len(found[0].cells) == 1:
            # Of a single column a blank line is a period whose figure is missing.
            return [Row(line, cells or [""]) for line, cells in found]
        return [row for row in found if any(row.cells)]

    def _header(self, row: Row, rows: Sequence[Row]) -> list[str]:
        names = row.cells
        figures = [FIGURE.fullmatch(name) is not None for name in names]
        if all(figures[1:]) and (figures[0] or (names[1:] and re.search("[0-9]", names[0]))):
            raise SourceError(
                f"{self.name}:{row.line} is no header but figures: put a line with the names of "
                "the columns above it"
            )
        for name, times in Counter(names).items():
            if name and times > 1:
                raise SourceError(
                    f'{self.name}:{row.line} has {times} columns called "{name}": give each a '
                    "name of its own"
                )
        for place, name in enumerate(names[1:], 1):
            # A delimiter at the end of every line makes a column of nothing.
            if not name and any(any(each.cells[place : place + 1]) for each in rows):
                raise SourceError(f"{self.name}:{row.line}: column {place + 1} has no name")
        return names

    def _check_width(self, row: Row) -> None:
        if len(row.cells) != len(self.header):
            width = "1 cell" if len(row.cells) == 1 else f"{len(row.cells)} cells"
            mark = {"\t": "tab", ",": "comma", ";": "semicolon"}.get(self.delimiter, self.delimiter)
            cure = (
                f"quote a cell that holds a {mark}"
                if len(row.cells) > len(self.header)
                else "write what is missing as an empty cell"
            )
            raise SourceError(
                f"{self.name}:{row.line} ({row.cells[0]}) has {width}, the header has "
                f"{len(self.header)}: {cure}"
            )

    def choose_label(self, name: str | None) -> None:
        """Says which column names the rows (None: their lines do); refuses a row of totals."""
        self.label = name
        labels = self.labels()
        if name is None or len(labels) < 2:
            return
        *others, last = labels
        dated = all(re.search("[0-9]", label) for label in others)
        if last.casefold().strip(" :") in TOTALS or (dated and not re.search("[0-9]", last)):
            raise SourceError(
                f'{self.name}:{self.rows[-1].line} ("{last}") is no period like the rows above: '
                "take it out of the file"
            )

    def labels(self) -> list[str]:
        """What each row is called: its cell in the label's column, or its line."""
        if self.label is None:
            return [f"line {row.line}" for row in self.rows]
        return self.texts(self.label)

    def texts(self, column: str) -> list[str]:
        """The cells of a column."""
        place = self.header.index(column)
        return [row.cells[place] for row in self.rows]

    def place(self, row: int, column: str) -> str:
        """Where a cell stands, for an error."""
        line = self.rows[row].line
        label = f" ({self.labels()[row]})" if self.label is not None else ""
        return f'{self.name}:{line}{label}, column "{column}"'

    def numbers(self, column: str, *, whole: bool = False) -> list[float | int | None]:
        """The figures of a column, None where one is missing; `whole`: those without a fraction
        as integers."""
        return [
            self._number(text, row, column, whole) for row, text in enumerate(self.texts(column))
        ]

    def _number(self, text: str, row: int, column: str, whole: bool) -> float | int | None:
        if text.casefold() in MISSING:
            return None
        number = math.nan
        if FIGURE.fullmatch(text):
            # In a file with semicolons a comma may be a decimal one: no guess is made.
            with suppress(ValueError):
                number = float(plain_number(text, ".", "," if self.delimiter == "," else ""))
        if not math.isfinite(number):
            raise SourceError(
                f'{self.place(row, column)}: "{text}" is no number: write it as 1234.5, and a '
                "missing one as an empty cell"
            )
        return int(number) if whole and number.is_integer() else number

"""A table of figures in a terminal: in whatever width there is, no figure and no heading is cut.

Where its headings do not fit they are written over several lines; where that is not enough, the
columns on the right stand in another table below, with the names of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

TableCell = str | Text

LEAST_NAME, MOST_NAME = 18, 25
"""Columns of text that the names of the rows take; a longer one is shortened."""
LEAST_FIGURE = 6
"""Those that a figure takes at least."""


class Columns(NamedTuple):
    """A table: its title stands above the names of the rows, which come first in each row.

    The first row is in bold type where it is that of `all_first`.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[TableCell]]
    all_first: bool = False

    @property
    def width(self) -> int:
        """Columns of text that it takes with its headings as they are."""
        return self._taken([self._widest(at, wrapped=False) for at in range(len(self.headings))])

    def fitted(self, width: int) -> RenderableType:
        """The table in a terminal of so many columns of text."""
        natural, least = (
            [self._widest(at, wrapped=wrapped) for at in range(len(self.headings))]
            for wrapped in (False, True)
        )
        widths = natural if self._taken(natural) <= width else least
        tables, first = [], 0
        while first < len(widths):
            last = len(widths)
            while last > first + 1 and self._taken(widths[first:last]) > width:
                last -= 1
            tables.append(self._table(widths, range(first, last)))
            first = last
        return Group(*tables)

    def _table(self, widths: Sequence[int], shown: range) -> Table:
        """The table of some of its columns."""
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
        title = Text(self.title, style="bold not dim")
        table.add_column(title, no_wrap=True, width=self._of_names)
        for at in shown:
            lines = "\n".join(_wrapped(self.headings[at], widths[at]))
            table.add_column(lines, justify="right", no_wrap=True, width=widths[at])
        for number, row in enumerate(self.rows):
            style = "bold" if self.all_first and not number else ""
            table.add_row(row[0], *(row[at + 1] for at in shown), style=style)
        return table

    @property
    def _of_names(self) -> int:
        longest = max(cell_len(str(text)) for text in (self.title, *(row[0] for row in self.rows)))
        return min(max(longest, LEAST_NAME), MOST_NAME)

    def _widest(self, at: int, *, wrapped: bool) -> int:
        """Columns of text that a column of figures takes."""
        heading = self.headings[at].split(None if wrapped else "\n")
        table_cells = (str(row[at + 1]) for row in self.rows)
        return max(LEAST_FIGURE, *map(cell_len, heading), *map(cell_len, table_cells))

    def _taken(self, widths: Sequence[int]) -> int:
        """With the space between them."""
        return self._of_names + sum(1 + width for width in widths)


def _wrapped(heading: str, columns: int) -> list[str]:
    """A heading in lines of at most so many columns of text, as few as may be."""
    lines: list[str] = []
    for part in heading.split("\n"):
        line = ""
        for word in part.split():
            longer = f"{line} {word}" if line else word
            if line and cell_len(longer) > columns:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines

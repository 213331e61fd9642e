"""The columns of a sample: their names as words, what they hold, and which fits which field."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from streams.sources.draft.sample import TableSample
from streams.sources.draft.time_guess import DayMonthOrder, Times, find_times, read_time
from streams.sources.tables.rows import named

NULLS = ("NULL", "null", "N/A", "n/a", "NA", "None", "#N/A", "nan", "NaN", "-", "--", "(null)")


EARLIEST = 1990
"""No time of a record is taken to be earlier."""
DURATION = r"wait|talk|hold|durat|elapsed|\bring|travel|handl|wrap|delay|speed"


def _zero_clocks(cells: Sequence[str]) -> set[str]:
    """How a clock time of zero is written, where it comes too often to be midnight: in more than
    one row of fifty, and three times as often as the other times do. In a table of hours each
    comes in one row of 24."""
    zeros = [cell for cell in cells if re.fullmatch(r"0?0:00(:00)?", cell)]
    others = {cell for cell in cells if cell} - set(zeros)
    usual = (len(cells) - len(zeros)) / max(1, len(others))
    often = len(zeros) * 50 > len(cells) and len(zeros) > 3 * usual
    return set(zeros) if often and len(others) > 1 else set()


def words_of(name: str) -> str:
    """A column's name in small letters, with spaces between its words: `onSceneDtm_1`."""
    name = name.rpartition(".")[2] or name
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[^a-z0-9+#]+", " ", name.lower()).strip()


class Column:
    """One column: its name, place and values that are not blank."""

    def __init__(self, name: str, place: int, cells: Sequence[str]) -> None:
        self.name, self.place, self.words = name, place, words_of(name)
        self.cells = [cell.strip() for cell in cells]
        self.zeros = _zero_clocks(self.cells)
        self.values = [
            cell for cell in self.cells if cell and cell not in NULLS and cell not in self.zeros
        ]
        self.counts = Counter(self.values)
        self.nulls = {cell for cell in self.cells if cell in NULLS}
        self.times: Times | None = None

    def leave_out_no_times(self) -> None:
        """Takes a time before 1990 that stands in more than one row of a hundred, such as the first
        day of 1900, for none: systems write it where nothing is known."""
        if self.times is None or self.times.precision not in {"second", "day"}:
            return
        for value, count in self.counts.most_common(3):
            at = read_time(self.times, value)
            if at is not None and at.year < EARLIEST and count > max(1, len(self.cells) // 100):
                self.nulls.add(value)
        self.values = [value for value in self.values if value not in self.nulls]
        self.counts = Counter(self.values)

    @property
    def like_a_duration(self) -> bool:
        """Whether it may be how long something took: numbers, or hours and minutes."""
        if self.numeric and self.times is None:
            return True
        clock = all(re.fullmatch(r"\d+:\d\d(:\d\d)?", value) for value in self.counts)
        return clock and bool(self.values) and re.search(DURATION, self.words) is not None

    @property
    def loaded(self) -> bool:
        """Whether it is when the rows were exported: the same moment in all of many."""
        second = self.times is not None and self.times.precision == "second"
        return second and len(self.counts) == 1 and len(self.values) >= 20

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return bool(self.values) and all(
            re.fullmatch(r"-?\d+(\.\d+)?", value) for value in self.counts
        )

    @property
    def filled(self) -> float:
        """The share of rows that have a value."""
        return len(self.values) / max(1, len(self.cells))

    @property
    def textual(self) -> bool:
        """Whether it holds words, of which some come again and again."""
        return self.times is None and not self.numeric and bool(self.values)


class SampleColumns:
    """All columns of a sample, and which were used."""

    def __init__(self, sample: TableSample) -> None:
        self.rows = sample.rows
        self.all = [
            Column(name, place, [row[place] for row in sample.rows])
            for place, name in enumerate(named(sample.header))
            if (sample.header[place] or any(row[place].strip() for row in sample.rows))
            and sample.header.count(name) <= 1
        ]
        self.used: set[str] = set()
        self.personal: set[str] = set()
        """Columns that say who people are; they are used, and no value of them is shown."""
        self.order: DayMonthOrder | None = None
        self.order_is_sure = False
        self._find_times()

    def _find_times(self) -> None:
        for column in self.all:
            column.times = find_times(column.values, column.words)
        orders = Counter(
            column.times.order
            for column in self.all
            if column.times is not None and column.times.order and not column.times.ambiguous
        )
        if orders:
            self.order, self.order_is_sure = orders.most_common(1)[0][0], True
        for column in self.all:
            times = column.times
            if times is not None and times.ambiguous:
                self.order = self.order or times.order
                column.times = find_times(column.values, column.words, self.order or "day")

        for column in self.all:
            column.leave_out_no_times()

    def settle(self, order: DayMonthOrder) -> None:
        """Reads what is ambiguous with days or months first, where nothing else said so."""
        if self.order is None:
            self.order = order
            for column in self.all:
                if column.times is not None and column.times.ambiguous:
                    column.times = find_times(column.values, column.words, order)

    def find(self, patterns: Iterable[str], candidates: Iterable[Column]) -> Column | None:
        """The first candidate that is not used yet whose name fits the earliest pattern."""
        free = [column for column in candidates if column.name not in self.used]
        for pattern in patterns:
            for column in free:
                if re.search(pattern, column.words):
                    return column
        return None

    def use(self, column: Column) -> Column:
        """Marks a column as used."""
        self.used.add(column.name)
        return column

    def with_times(self, *precisions: str) -> list[Column]:
        """The columns of times, of these precisions; not those of durations, nor
        the moment of the export where others say more."""
        varying = any(c.times is not None and len(c.counts) > 1 for c in self.all)
        return [
            column
            for column in self.all
            if column.times is not None
            and column.name not in self.personal
            and column.times.precision in precisions
            and not (varying and column.loaded)
            and not (column.times.precision == "clock" and column.like_a_duration)
        ]

    def texts(self, most: int, least: int = 1) -> list[Column]:
        """The columns of words with so many different ones."""
        return [
            c
            for c in self.all
            if c.textual and c.name not in self.personal and least <= len(c.counts) <= most
        ]

    def nulls(self) -> list[str]:
        """Cells that stand for nothing."""
        return sorted({null for column in self.all for null in column.nulls})

"""The months up to one that can be compared with each other: known as a whole, all recorded, and on
this side of the last break of the series (`streams.board.breaks`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.board.breaks import break_between
from streams.board.outlook import Delays
from streams.board.query import Number, Query
from streams.registry.indicator import Indicator
from streams.stretches import Stretch


class WholeMonths(NamedTuple):
    """The labels of some months in a row, oldest first, and their values. `reason` says of the
    break before the first, where that is why there are no more."""

    labels: list[str]
    values: list[Number]
    reason: str = ""
    cases: Sequence[int | None] = ()
    """Of a share or a mean, of how many records each is."""

    @property
    def years(self) -> list[list[Number]]:
        """The whole years up to the last month, oldest first, each of twelve values."""
        whole = len(self.values) // 12 * 12
        last = self.values[len(self.values) - whole :]
        return [last[place : place + 12] for place in range(0, whole, 12)]


def whole_months(
    query: Query, indicator: Indicator, stretch: Stretch, area: str, number: int
) -> WholeMonths:
    """The last `number` months that end with a stretch, but for the last of them that are still
    being recorded, and back to the first that is not known. None where the stretch ends within a
    month, and where its last month is not known as a whole."""
    within = stretch.rolling(number)
    if within is None:
        return WholeMonths([], [])
    broken = break_between(query, indicator, area, within.start, within.end)
    since = 0 if broken is None else broken.at
    delays, place = query.reader(Delays), query.area(area)
    labels: list[str] = []
    values: list[Number] = []
    cases: list[int | None] = []
    reason = ""
    for period in reversed(within.parts("month")):
        if broken is not None and period.start < since:
            reason = broken.reason
            break
        month = Stretch.of(query.calendar, period)
        found = query.figures(indicator, month).at(place)
        if not found.complete or found.value is None:
            break
        if not labels and delays.young(indicator, month, place) is not None:
            continue
        labels.append(period.label)
        values.append(found.value)
        cases.append(found.denominator)
    return WholeMonths(labels[::-1], values[::-1], reason, cases[::-1])

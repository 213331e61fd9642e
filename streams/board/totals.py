"""Which totals of calls serve the rows of a stretch of time, beside the records. Pure.

For a line and an interval records win over totals: a total is used only where the ledger has no
record of its line in its interval. So what is read from records and what is read from totals never
overlap, and a row is their sum.

* Of a day with all of its hours, final each, the hours are used, else the day; the same for months
  of days and quarters of months. Never both.
* Of an area with a total of its own that one is used, else the sum of the areas within it. The same
  for the whole line.
* A total that reaches out of a stretch can't be split. Where nothing finer is known of that
  part, the line has no row in the stretch.
* A line that is known from totals alone has no row where it has no total: not known is not zero.
* An area has a row from totals when any of the totals that are used are of it. Else it has none.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from functools import cached_property
from typing import Literal, NamedTuple

from streams.board.model import Row
from streams.config.force import WHOLE, Force
from streams.fold.panes import Panes, Parts
from streams.fold.totals import TOTAL_GRAINS, CallTotals, LineTotals, Total
from streams.periods import DAY, MINUTE, Calendar, Grain
from streams.registry.calls import CALL
from streams.registry.counting import SERIES_KEY_MASK

RECENT = 7 * DAY
"""A line that had a record so shortly before is fed by records: where it has none, there were no
calls."""

LINE = CALL.dimensions[0].name

Origin = Literal["totals", "both"]
LineArea = tuple[str, ...]
"""A row of the calls: its line and area, by id."""


class TotalPart(NamedTuple):
    """What totals add to a row; a counter that one of them does not have is not known."""

    counts: dict[str, int]
    origin: Origin
    provisional: bool
    whole: bool
    """Whether nothing of the stretch is without a total or records."""


class Used(NamedTuple):
    """What totals add to the rows of a stretch."""

    parts: dict[LineArea, TotalPart]
    others: frozenset[str]
    """Lines whose other rows are not known."""

    def knows(self, key: LineArea) -> bool:
        """Whether there is such a row."""
        return key in self.parts or key[0] not in self.others


class Spans:
    """Stretches of time that do not overlap."""

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        self._spans = sorted(spans)

    def add(self, start: int, end: int) -> None:
        """Takes one in, which overlaps none of the others."""
        insort(self._spans, (start, end))

    def overlap(self, start: int, end: int) -> bool:
        """Whether any has a part of [start, end)."""
        place = bisect_right(self._spans, (end - 1, end))
        return place > 0 and self._spans[place - 1][1] > start


class TotalsBeside:
    """The totals of one force beside its records, for one board: what it has looked up it keeps."""

    def __init__(self, force: Force, calendar: Calendar, totals: CallTotals, panes: Panes) -> None:
        self.force, self.calendar, self.totals, self.panes = force, calendar, totals, panes
        self._lines_in: dict[tuple[int, int], frozenset[int]] = {}
        self._day_ends: dict[int, int] = {}

    def used(self, start: int, end: int, counted: Parts | None) -> Used:
        """What totals add to the rows of [start, end). `counted` is what its records count; it is
        None where panes so fine are not kept."""
        parts: dict[LineArea, TotalPart] = {}
        others: set[str] = set()
        with_records = self._with_records(start, end) if counted is None else _lines_of(counted)
        for index, line in enumerate(self.force.lines):
            held = self.totals.lines.get(line.id)
            if held is None:
                others |= {line.id} if counted is None else set()
                continue
            recorded = index in with_records
            found = self._of_line(index if index in with_records else None, held, start, end)
            if self._reaches_in(index, held, found, start, end) or (counted is None and recorded):
                others.add(line.id)
            elif found:
                others.add(line.id)
                origin: Origin = "both" if recorded else "totals"
                for area, pieces in found.items():
                    whole = recorded or _cover(pieces, start, end)
                    parts[line.id, area] = _sum(pieces, origin, whole=whole)
            elif not recorded and (counted is None or not self._recently(index, start)):
                others.add(line.id)
        return Used(parts, frozenset(others))

    def recorded(self, rows: list[Row], at: int) -> list[Row]:
        """The rows of what is open at an instant, without the lines that are known from totals
        alone: who waits on them is not known."""
        end = -(-at // MINUTE) * MINUTE
        unknown = {
            line.id
            for index, line in enumerate(self.force.lines)
            if line.id in self.totals.lines and not self._recently(index, end)
        }
        return [row for row in rows if row.dimension_of(LINE) not in unknown]

    # -- records -------------------------------------------------------------------------------

    def _with_records(self, start: int, end: int) -> frozenset[int]:
        """The lines that have records in a stretch, by index; in its whole days where panes so
        fine are no longer kept."""
        found = self._lines_in.get((start, end))
        if found is None:
            first, last = start, end
            if not self.panes.keeps(start, end):
                first = self.calendar.start("day", start)
                last = self.calendar.end("day", self.calendar.start("day", end - 1))
            found = self._lines_in[start, end] = _lines_of(self.panes.parts(first, last))
        return found

    def _recently(self, line: int, start: int) -> bool:
        """Whether a line had a record shortly before."""
        day = self.calendar.start("day", start)
        before = self._with_records(self.calendar.start("day", day - RECENT), day)
        return line in before or (day < start and line in self._with_records(day, start))

    def _free(self, line: int, total: Total) -> bool:
        """Whether there are no records of a total's line and interval."""
        if total.grain == "hour":  # most days have none at all: one look instead of 24
            day = self.calendar.start("day", total.start)
            after = self._day_ends.get(day)
            if after is None:
                after = self._day_ends[day] = self.calendar.end("day", day)
            if line not in self._with_records(day, after):
                return True
        return line not in self._with_records(total.start, total.end)

    # -- totals --------------------------------------------------------------------------------

    def _of_line(
        self, line: int | None, held: LineTotals, start: int, end: int
    ) -> dict[str, list[Total]]:
        """The totals that are used by the id of an area; areas without any left out. `line` is
        None where it has no record at all in the stretch."""
        found: dict[str, list[Total]] = {}

        def totals_of(area: int, name: str) -> list[Total]:
            pieces = self._own(line, held, area, start, end) if area in held.areas else []
            if len(held.areas) > 1 or 0 not in held.areas:
                spans = Spans((total.start, total.end) for total in pieces)
                pieces += [
                    total
                    for part in self._within.get(name, ())
                    for total in totals_of(self.force.area_index[part], part)
                    if not spans.overlap(total.start, total.end)
                ]
            if pieces:
                found[name] = pieces
            return pieces

        totals_of(0, WHOLE)
        return found

    @cached_property
    def _within(self) -> dict[str, list[str]]:
        """The areas right within an area or the force."""
        found: dict[str, list[str]] = {}
        for area in self.force.file.areas:
            found.setdefault(area.parent or WHOLE, []).append(area.id)
        return found

    def _own(
        self, line: int | None, held: LineTotals, area: int, start: int, end: int
    ) -> list[Total]:
        """The totals of just this area that lie in a stretch and are used, none twice."""
        found: list[Total] = []
        spans = Spans()
        for grain in TOTAL_GRAINS:
            for at in held.within(grain, start, end):
                total = held.at(grain, at, area)
                if (
                    total is not None
                    and total.end <= end
                    and not spans.overlap(total.start, total.end)
                    and not self._complete(held, area, total)
                    and (line is None or self._free(line, total))
                ):
                    found.append(total)
                    spans.add(total.start, total.end)
        return found

    def _complete(self, held: LineTotals, area: int, of: Total) -> bool:
        """Whether final totals of narrower intervals cover all of a total's."""
        place = TOTAL_GRAINS.index(of.grain) + 1
        return place < len(TOTAL_GRAINS) and self._covered(
            held, area, TOTAL_GRAINS[place], of.start, of.end
        )

    def _covered(self, held: LineTotals, area: int, grain: Grain, start: int, end: int) -> bool:
        at, place = start, TOTAL_GRAINS.index(grain) + 1
        while at < end:
            total, after = held.at(grain, at, area), self.calendar.end(grain, at)
            there = total is not None and total.final
            if not there and place < len(TOTAL_GRAINS):
                there = self._covered(held, area, TOTAL_GRAINS[place], at, after)
            if not there:
                return False
            at = after
        return True

    def _reaches_in(
        self,
        line: int,
        held: LineTotals,
        found: dict[str, list[Total]],
        start: int,
        end: int,
    ) -> bool:
        """Whether a total reaches into a stretch from outside, and no used one does for there."""
        covered = [(total.start, total.end) for pieces in found.values() for total in pieces]
        for grain in TOTAL_GRAINS:
            for edge in (start, end):
                at = self.calendar.start(grain, edge)
                if at == edge or not held.any_at(grain, at):
                    continue
                after = self.calendar.end(grain, at)
                first, last = max(at, start), min(after, end)
                if not any(a < last and first < b for a, b in covered) and (
                    line not in self._with_records(at, after)
                ):
                    return True
        return False


def _lines_of(parts: Parts) -> frozenset[int]:
    """The lines that have records in a stretch, by index."""
    panes = (parts.kept.pane if parts.kept else {}, parts.fresh)
    keys = (key for pane in panes for key in pane if key <= SERIES_KEY_MASK)
    return frozenset(CALL.series.split(key)[0] for key in keys)


def _cover(pieces: list[Total], start: int, end: int) -> bool:
    """Whether totals of one line, of areas one beside the other, leave no gap in a stretch."""
    at = start
    for total in sorted(pieces, key=lambda total: total.start):
        if total.start > at:
            return False
        at = max(at, total.end)
    return at >= end


def _sum(pieces: list[Total], origin: Origin, *, whole: bool) -> TotalPart:
    known = set.intersection(*(set(total.counts) for total in pieces))
    counts = {name: sum(total.counts[name] for total in pieces) for name in known}
    return TotalPart(counts, origin, not all(total.final for total in pieces), whole)

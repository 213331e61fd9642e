"""A board's rows by area, and its tree of areas: sorted once, however many are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from streams.board.model import (
    AreaDefinition,
    Board,
    NowFigures,
    PeriodFigures,
    ReportedFigure,
    Row,
    find,
)
from streams.config.schema import AREA_CLASS, WHOLE


class AreaName(Struct):
    """An area that may be looked at."""

    id: str
    name: str


class BoardByArea:
    """A board in which what is about an area is looked up, not searched for: a screen of five
    hundred areas would search every table five hundred times. Areas are named by id, the force as a
    whole is `WHOLE`."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._rows: dict[tuple[int, str], dict[str, list[Row]]] = {}
        self._within: dict[tuple[int, str], dict[str, list[Row]]] = {}
        self._placed: dict[tuple[str, str, tuple[tuple[str, str], ...]], int] = {}

    @property
    def areas(self) -> dict[str, AreaDefinition]:
        """The force's areas by id."""
        return self.board.definitions.areas

    def rows(self, tables: NowFigures | PeriodFigures, group: str, area: str) -> list[Row] | None:
        """The rows of an area in a table of the board; None where there is no such table."""
        table = tables.rows(group)
        if table is None:
            return None
        key = id(tables), group
        if key not in self._rows:
            found: dict[str, list[Row]] = defaultdict(list)
            for row in table:
                found[row.area].append(row)
            self._rows[key] = dict(found)
        return self._rows[key].get(area, [])

    def row(
        self, tables: NowFigures | PeriodFigures, group: str, area: str, **place: str
    ) -> Row | None:
        """The row of an area with these dimensions; None where there is none."""
        return find(self.rows(tables, group, area), **place)

    def smallest_within(
        self, tables: NowFigures | PeriodFigures, group: str, area: str
    ) -> list[Row]:
        """The rows of the smallest areas that lie in an area, or are it, in the table's order."""
        key = id(tables), group
        if key not in self._within:
            found: dict[str, list[Row]] = defaultdict(list)
            for row in tables.rows(group) or []:
                if row.area in self._smallest:
                    for holder in self._holders(row.area):
                        found[holder].append(row)
            self._within[key] = dict(found)
        return self._within[key].get(area, [])

    def readings(self, area: str) -> list[ReportedFigure]:
        """The readings of an area, in the board's order."""
        return self._readings.get("" if area == WHOLE else area, [])

    @cached_property
    def _readings(self) -> dict[str, list[ReportedFigure]]:
        found: dict[str, list[ReportedFigure]] = defaultdict(list)
        for each in self.board.readings:
            found[each.area].append(each)
        return dict(found)

    def placed(self, group: str, count: str, **place: str) -> int:
        """How many are open now of which the area is known: those in the areas that lie in no
        other."""
        key = group, count, tuple(place.items())
        if key not in self._placed:
            now = self.board.now
            rows = (self.row(now, group, top, **place) for top in self._tops)
            self._placed[key] = sum((row and row.count_of(count)) or 0 for row in rows)
        return self._placed[key]

    @cached_property
    def _tops(self) -> list[str]:
        return [
            name for name, each in self.areas.items() if not each.parent and each.kind != AREA_CLASS
        ]

    @cached_property
    def _smallest(self) -> set[str]:
        """The areas that hold no others."""
        parents = {each.parent for each in self.areas.values()}
        return {
            name
            for name, each in self.areas.items()
            if name not in parents and each.kind != AREA_CLASS
        }

    def _holders(self, area: str) -> Iterator[str]:
        """An area, those that it lies in from the smallest up, and the force as a whole."""
        at: str | None = area
        while at is not None:
            yield at
            at = self.areas[at].parent
        yield WHOLE

    def within(self, area: str) -> set[str]:
        """An area and all that lie in it."""
        found, more = {area}, [area]
        while more:
            more = [name for each in more for name in self._held.get(each, [])]
            found.update(more)
        return found

    @cached_property
    def _held(self) -> dict[str, list[str]]:
        """The areas that lie directly in each."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, each in self.areas.items():
            if each.parent:
                found[each.parent].append(name)
        return dict(found)

    def near(self, area: str) -> set[str]:
        """What concerns an area: itself, what it holds, what holds it, and the whole force."""
        return {area, WHOLE, self.areas[area].parent or WHOLE, *self._held.get(area, [])}

    @cached_property
    def there(self) -> list[AreaName]:
        """The areas that are there now."""
        return [AreaName(name, each.name) for name, each in self.areas.items() if each.there]

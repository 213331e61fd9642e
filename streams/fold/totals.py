"""Totals of calls: readings that give the number of a line's calls in an hour, day, month or
quarter.

A total without an area is of the whole line; one with an area is of all within that area. It is
*final* when its interval was over as it was written (or was in its last second, as which a mapping
reads a day or month), and else provisional.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import NamedTuple

from streams.config.force import Force
from streams.errors import Refused
from streams.events.schema import CALL_COUNTS, Reading
from streams.periods import SECOND, Grain, Period, rfc3339, to_ms
from streams.registry.dimensions import known_area, missing_field
from streams.registry.times import SKEW, check_plausible

MEASURE = "calls"
"""The `measure` that such a reading has."""
TOTAL_GRAINS: tuple[Grain, ...] = ("quarter", "month", "day", "hour")
"""The intervals that a total may have, the widest first."""

COUNTER_OF = {name: "lost" if name == "end_unknown" else name for name in CALL_COUNTS}
"""By count of a reading the counter of calls that it stands for."""
_ENDS = ("answered", "abandoned", "end_unknown")
"""How an offered call ends: these add up to no more than were offered."""
_AMONG = {
    "answered": ("within",),
    "abandoned": ("abandoned_within", "abandoned_at_once"),
    "end_unknown": (),
}
"""By end, the counts of parts of the calls that ended so."""

VersionOrder = tuple[int, int, bytes]
"""Which version of a reading wins, the largest: version, `updated_at` in ms, content."""


class Total(NamedTuple):
    """The counts of an interval, [start, end) in ms, by counter (`streams.registry.calls`); one
    that is not known is left out."""

    grain: Grain
    start: int
    end: int
    counts: dict[str, int]
    final: bool


class Place(NamedTuple):
    """Which line, area and interval a total is of; the area by index, 0 for the whole line."""

    line: str
    area: int
    grain: Grain
    start: int


def read_total(force: Force, event: Reading, period: Period | None) -> tuple[Place, Total]:
    """The total that a reading with `counts` gives, and its place; raises `Refused`. `period` is
    None for several together."""
    if event.measure != MEASURE:
        raise Refused("wrong_form", f'counts go with measure = "{MEASURE}", not "{event.measure}"')
    if event.line is None:
        raise missing_field("line")
    if period is None or period.grain not in TOTAL_GRAINS:
        raise Refused(
            "wrong_form",
            f"no figure is of {event.period} by itself: give counts of hours, days, "
            "months or quarters",
        )
    check_plausible("period", period.start)
    updated = to_ms(event.updated_at)
    if period.start > updated + SKEW:
        raise Refused(
            "in_the_future",
            f"counts of {period.label}, which had not begun at updated_at "
            f"({rfc3339(updated, force.zone)})",
        )
    given = {name: getattr(event.counts, name, None) for name in CALL_COUNTS}
    counts = _judge({name: n for name, n in given.items() if n is not None})
    place = Place(event.line, known_area(force, event.area), period.grain, period.start)
    final = updated + SECOND >= period.end
    return place, Total(period.grain, period.start, period.end, counts, final)


def _judge(given: dict[str, int]) -> dict[str, int]:
    """The counts by counter, with those that follow from them, such as 0 for any part of 0.

    Raises `Refused` where a part is more than its whole.
    """
    if not given:
        raise Refused("wrong_form", f"counts is empty: give some of {', '.join(CALL_COUNTS)}")
    known, least = dict(given), dict[str, int]()
    for end, parts in _AMONG.items():
        of_these = [given[part] for part in parts if part in given]
        least[end] = given.get(end, max(of_these, default=0))
        if of_these and max(of_these) > least[end]:
            part = max(parts, key=lambda name: given.get(name, 0))
            raise Refused("impossible_counts", f"{given[part]} {part} of {least[end]} {end}")
    rest = given.get("offered", sum(least.values())) - sum(least.values())
    if rest < 0:
        said = " and ".join(f"{number} {end}" for end, number in least.items() if number)
        raise Refused("impossible_counts", f"{said} of {given['offered']} offered")
    if "offered" in given and rest == 0:
        known |= least
    elif "end_unknown" in given:
        known |= _counted_out(given, least, rest)
    for end, parts in _AMONG.items():
        if known.get(end) == 0:
            known |= dict.fromkeys(parts, 0)
    return {COUNTER_OF[name]: number for name, number in known.items()}


def _counted_out(given: dict[str, int], least: dict[str, int], rest: int) -> dict[str, int]:
    """The count that follows where the reading says how many calls have no end on record (0, say):
    of offered, answered and abandoned any two give the third."""
    missing = [end for end in _ENDS if end not in given]
    if "offered" not in given:
        return {} if missing else {"offered": sum(least.values())}
    return {missing[0]: least[missing[0]] + rest} if len(missing) == 1 else {}


class LineTotals:
    """The totals of one line, by interval and area."""

    def __init__(self) -> None:
        self.starts: dict[Grain, list[int]] = {grain: [] for grain in TOTAL_GRAINS}
        self.areas: dict[int, int] = {}
        """By area the number of totals, over all intervals and ids."""
        self._held: dict[tuple[Grain, int], dict[int, dict[str, tuple[VersionOrder, Total]]]] = {}

    def at(self, grain: Grain, start: int, area: int) -> Total | None:
        """The total of an interval and area; of several ids the largest `VersionOrder`."""
        found = self._held.get((grain, start), {}).get(area)
        return max(found.values())[1] if found else None

    def any_at(self, grain: Grain, start: int) -> bool:
        """Whether there is a total of an interval, of any area."""
        return (grain, start) in self._held

    def within(self, grain: Grain, start: int, end: int) -> Iterator[int]:
        """The starts of the intervals of a grain that begin in [start, end)."""
        starts = self.starts[grain]
        for place in range(bisect_left(starts, start), len(starts)):
            if starts[place] >= end:
                return
            yield starts[place]

    def put(self, key: str, place: Place, order: VersionOrder, total: Total) -> None:
        """Adds the total that the reading of this id gives."""
        at = (place.grain, place.start)
        if at not in self._held:
            insort(self.starts[place.grain], place.start)
        self._held.setdefault(at, {}).setdefault(place.area, {})[key] = (order, total)
        self.areas[place.area] = self.areas.get(place.area, 0) + 1

    def drop(self, key: str, place: Place) -> None:
        """Removes the total that the reading of this id gave."""
        at = (place.grain, place.start)
        areas = self._held[at]
        del areas[place.area][key]
        if not areas[place.area]:
            del areas[place.area]
        if not areas:
            del self._held[at]
            self.starts[place.grain].remove(place.start)
        self.areas[place.area] -= 1
        if not self.areas[place.area]:
            del self.areas[place.area]


class CallTotals:
    """The totals of calls of one force, by line."""

    def __init__(self) -> None:
        self.lines: dict[str, LineTotals] = {}
        self._places: dict[str, Place] = {}

    def put(self, key: str, place: Place, order: VersionOrder, total: Total) -> None:
        """Takes in the winning version of a reading, in place of the one before."""
        self.drop(key)
        self._places[key] = place
        self.lines.setdefault(place.line, LineTotals()).put(key, place, order, total)

    def drop(self, key: str) -> None:
        """Removes the total that a reading gave, if it gave one."""
        place = self._places.pop(key, None)
        if place is not None:
            self.lines[place.line].drop(key, place)
            if not self.lines[place.line].areas:
                del self.lines[place.line]

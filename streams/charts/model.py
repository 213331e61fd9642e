"""What a chart shows: the values of a figure by period, with what they are judged by. No colours,
no places."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from streams.config.measures import FigureUnit
from streams.periods import Grain

Side = Literal["above", "below"]
Bound = Literal["at least", "at most"]


class ChartPoint(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A period, by its local start and end. `value` is None where it is not known, or is a share or
    mean of nothing; `missing` says why. Of a share `cases` are its parts, of a mean how many cases
    it is of."""

    start: dt.datetime
    end: dt.datetime
    label: str
    """As one asks for it: `2017-12`."""
    value: float | None
    missing: str = ""
    cases: tuple[int, int] | int | None = None
    provisional: str = ""
    """Why the figure may change yet, or is not of all of the period."""
    running: bool = False
    """The period is not over."""
    ahead: bool = False
    """It is still to come."""


class Places(Struct, frozen=True, kw_only=True):
    """The points from `first` to `last`, by their places."""

    first: int
    last: int


class Level(Places, frozen=True, kw_only=True, omit_defaults=True):
    """Centre and limits of some points. A limit that there is not is None. `why` says why they are
    others than those before."""

    centre: float
    lower: float | None = None
    upper: float | None = None
    why: str = ""


class Range(Struct, frozen=True):
    """What was expected of a period."""

    lower: float
    upper: float


When = Literal["a year before", "a week before", "the day before"]


class Earlier(Struct, frozen=True):
    """The same of an earlier time, with a place for each point."""

    when: When
    values: tuple[float | None, ...]


class ChartTarget(Places, frozen=True, kw_only=True):
    """What some points should be, at least or at most."""

    value: float
    bound: Bound


class PointFlag(Places, frozen=True, kw_only=True):
    """Points that stand out by a rule: one outside its limits, or several in a row on one side of
    the centre."""

    rule: Literal["limit", "run"]
    side: Side
    words: str


class Mark(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened at an instant, or from it to another: an alert, a change of recording, a note
    that somebody wrote."""

    at: dt.datetime
    kind: Literal["alert", "change", "note"]
    words: str
    until: dt.datetime | None = None
    link: str = ""


class Chart(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A figure by period, oldest first. `expected` is empty, or has a place for each point.
    `cumulative` is a count that grows within one hour or day (`period`): a point is what was
    counted from its start up to the start of the point.

    Raises ValueError where a place is that of no point."""

    title: str
    unit: FigureUnit
    period: Grain
    points: tuple[ChartPoint, ...]
    levels: tuple[Level, ...] = ()
    expected: tuple[Range | None, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    targets: tuple[ChartTarget, ...] = ()
    flags: tuple[PointFlag, ...] = ()
    marks: tuple[Mark, ...] = ()
    rule: str = ""
    """How limits are made, in a sentence."""
    cumulative: bool = False
    findings: tuple[str, ...] = ()
    """What the control chart says of its last point, in sentences."""

    def __post_init__(self) -> None:
        size = len(self.points)
        for beside in (self.expected, *(each.values for each in self.earlier)):
            if beside and len(beside) != size:
                raise ValueError(f"{len(beside)} values stand beside {size} points")
        placed: tuple[Places, ...] = (*self.levels, *self.targets, *self.flags)
        for each in placed:
            if not 0 <= each.first <= each.last < size:
                raise ValueError(f"points {each.first} to {each.last} are not among {size}")

    @property
    def from_zero(self) -> bool:
        """Whether the scale begins at 0. That of a count does, so that twice as much is twice as
        high; shares, times and scores are shown as close as they can be read."""
        return self.unit == "count"

    def level(self, place: int) -> Level | None:
        """What the point at a place is judged by."""
        return next((each for each in self.levels if each.first <= place <= each.last), None)

    def drawn(self, limit: float | None) -> bool:
        """Whether a limit is a line: not one of a count at 0, where the scale begins."""
        return limit is not None and not (self.from_zero and limit <= 0)

    def target(self, place: int) -> ChartTarget | None:
        """The target of the point at a place."""
        return next((each for each in self.targets if each.first <= place <= each.last), None)

    def flags_at(self, place: int) -> list[PointFlag]:
        """The flags of the point at a place."""
        return [each for each in self.flags if each.first <= place <= each.last]

    def marks_in(self, place: int) -> list[Mark]:
        """What happened within the period at a place."""
        point = self.points[place]
        return [each for each in self.marks if point.start <= each.at < point.end]

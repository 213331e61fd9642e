"""Alarms that belong together are one episode: over time, places and linked series.

An alarm joins an open episode if it is *related* to an alarm of it, and otherwise opens one. Each
series has a place in a tree (the path of its area from the whole down) and a theme; two alarms are
related when their themes are the same, one within the other (`crime.theft` within `crime`) or
linked, and one place holds the other. So a burst that shows in the hour, in the day, in a district
and in the county, in the calls and in the incidents that they become, is one episode; the same hour
in two districts is two, until the county joins them.

A coarser grain joins a finer one, which has alarmed first. Not the other way: tonight's burst must
not be hidden by a level that was noticed by the month. An alarm can be joined for the
`JOINABLE_HOURS` hours of its grain. A budget of false alarms counts episodes as they open:
`detectors.calibration.simulation`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

JOINABLE_HOURS = {"hour": 24.0, "day": 7 * 24.0, "month": 62 * 24.0}
"""Hours for which an alarm of each grain, finest first, can be joined."""

_ORDER = {grain: number for number, grain in enumerate(JOINABLE_HOURS)}


class Where(NamedTuple):
    """A series: its grain, theme, and place as the path from the whole down."""

    grain: str
    theme: str
    place: tuple[str, ...]


def nested(one: str, other: str) -> bool:
    """Whether two themes are the same, or one holds the other.

    >>> nested("crime", "crime.theft"), nested("crime.theft", "crime.fraud")
    (True, False)
    """
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def linked(one: str, other: str, links: Collection[frozenset[str]]) -> bool:
    """Whether two themes are of linked kinds.

    >>> links = {frozenset({"calls", "incidents"})}
    >>> linked("calls", "incidents.asb", links), linked("incidents", "crime", links)
    (True, False)
    """
    return frozenset((one.partition(".")[0], other.partition(".")[0])) in links


@dataclass
class Episode:
    """Alarms that belong together; times in hours."""

    number: int
    opened: float
    first: Where
    members: dict[int, float] = field(default_factory=dict)
    """Each series, by its number here, and until when it can be joined."""
    until: float = 0.0
    """Until when an alarm can join, in hours."""


class Episodes:
    """Joins alarms, given in order of time.

    links: pairs of themes that move together.

    >>> county, district = ("county",), ("county", "east")
    >>> episodes = Episodes(links=[("calls", "incidents")])
    >>> [episodes.add(at, Where("hour", theme, place)).number for at, theme, place in (
    ...     (0, "calls", district), (1, "incidents", county), (2, "thefts", county),
    ...     (20, "calls", ("county", "west")), (50, "calls", district))]
    [0, 0, 1, 0, 2]
    """

    def __init__(self, links: Iterable[tuple[str, str]] = ()) -> None:
        self.links = {frozenset(pair) for pair in links}
        self.opened = 0
        self._open: list[Episode] = []
        self._numbers: dict[Where, int] = {}
        self._joined: list[set[int]] = []  # by number, the series whose alarms it joins

    def add(self, at: float, where: Where) -> Episode:
        """Takes an alarm; returns its episode, which it opened if `opened` is `at` there."""
        self._open = [episode for episode in self._open if episode.until >= at]
        number = self._numbers.get(where)
        number = self._number(where) if number is None else number
        joined = self._joined[number]
        for episode in self._open:
            if any(until >= at and one in joined for one, until in episode.members.items()):
                break
        else:
            episode = Episode(self.opened, at, where)
            self._open.append(episode)
            self.opened += 1
        episode.members[number] = at + JOINABLE_HOURS[where.grain]
        episode.until = max(episode.until, episode.members[number])
        return episode

    def _number(self, where: Where) -> int:
        """Takes a series in that was not seen before."""
        number = self._numbers[where] = len(self._numbers)
        self._joined.append(set())
        for other, at in self._numbers.items():
            if self.joins(where, other):
                self._joined[number].add(at)
            if self.joins(other, where):
                self._joined[at].add(number)
        return number

    def joins(self, one: Where, other: Where) -> bool:
        """Whether an alarm of one series belongs to an open one of the other."""
        return _ORDER[one.grain] >= _ORDER[other.grain] and self.related(one, other)

    def related(self, one: Where, other: Where) -> bool:
        """Whether two series may show the same thing."""
        if not nested(one.theme, other.theme) and not linked(one.theme, other.theme, self.links):
            return False
        shared = min(len(one.place), len(other.place))
        return one.place[:shared] == other.place[:shared]

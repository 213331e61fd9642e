"""Alarms that belong together are one episode: over time, places and linked series.

An alarm joins an open episode if it is *related* to any alarm of it, and otherwise opens one. An
episode stays open for `quiet` hours after its last alarm. What is related is the caller's to say:
here each series has a place in a tree (the path of its area from the whole down) and a theme, and
two alarms are related when their themes are the same or linked and one place holds the other. So a
burst that shows in the hour, in the day, in a district and in the county, in the calls and in the
incidents that they become, is one episode; the same hour in two districts is two, until the county
joins them.

A budget of false alarms counts episodes as they open: `detectors.calibration`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

QUIET = {"hour": 24.0, "day": 7 * 24.0, "month": 62 * 24.0}
"""Hours that an episode waits for the next alarm of each grain."""


class Where(NamedTuple):
    """A series: its grain, theme, and place as the path from the whole down."""

    grain: str
    theme: str
    place: tuple[str, ...]


@dataclass
class Episode:
    """Alarms that belong together; times in hours."""

    number: int
    opened: float
    first: Where
    until: float
    members: set[Where] = field(default_factory=set)


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

    def add(self, at: float, where: Where) -> Episode:
        """Takes an alarm; returns its episode, which it opened if `opened` is `at` there."""
        self._open = [episode for episode in self._open if episode.until >= at]
        for episode in self._open:
            if where in episode.members or any(self.related(where, one) for one in episode.members):
                break
        else:
            episode = Episode(self.opened, at, where, at)
            self._open.append(episode)
            self.opened += 1
        episode.members.add(where)
        episode.until = max(episode.until, at + QUIET[where.grain])
        return episode

    def related(self, one: Where, other: Where) -> bool:
        """Whether two series may show the same thing."""
        if one.theme != other.theme and frozenset((one.theme, other.theme)) not in self.links:
            return False
        shared = min(len(one.place), len(other.place))
        return one.place[:shared] == other.place[:shared]

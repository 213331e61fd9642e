"""Effects: what is otherwise for a while, as changes of the rates and the behaviour of the model.

An effect never touches an event that is made: more calls come, fewer units are on duty, officers
mark less. What follows of that, queues and waits among it, follows by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from streams.periods import SECOND

EffectKind = Literal[
    "calls", "incidents", "crimes", "markers", "response", "units", "handlers", "outage"
]
"""What is otherwise: the rate of calls, of incidents or of crimes; how often markers are set; how
long units travel; how many of them, or of the handlers, are on duty; a feed that says nothing."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """From `start` up to `end` (ms), `factor` times as much as usual.

    `area`, `line`, `category`, `offence` and `marker` say of what; None is everything. `hours` are
    local hours of the day, from and up to. With `series` (an id) the crimes that are added are
    linked: the same suspects, the same series, committed the night before. While a `feed` is out it
    says nothing; where it is that of calls, none come in, and of the incidents that they would have
    opened the share `fallback` is opened all the same, as another force or the operator passes them
    on.
    """

    kind: EffectKind
    start: int
    end: int
    factor: float = 1.0
    area: str | None = None
    line: str | None = None
    category: str | None = None
    offence: str | None = None
    marker: str | None = None
    feed: str | None = None
    fallback: float = 0.0
    hours: tuple[int, int] | None = None
    series: str | None = None

    def holds(self, at: int, zone: ZoneInfo) -> bool:
        """Whether it holds at an instant."""
        if not self.start <= at < self.end:
            return False
        if self.hours is None:
            return True
        hour = dt.datetime.fromtimestamp(at // SECOND, zone).hour
        first, last = self.hours
        return first <= hour < last if first < last else hour >= first or hour < last


class Effects:
    """All effects of a run, asked by what they are of. `within` has for each area those that it
    lies in, itself among them."""

    def __init__(
        self, effects: Sequence[Effect], zone: ZoneInfo, within: dict[str, frozenset[str]]
    ) -> None:
        self.zone, self.within = zone, within
        self._of: dict[str, list[Effect]] = {}
        for each in effects:
            self._of.setdefault(each.kind, []).append(each)

    def of(self, kind: EffectKind) -> Sequence[Effect]:
        """Those of a kind, at any time."""
        return self._of.get(kind, ())

    def now(self, kind: EffectKind, at: int) -> list[Effect]:
        """Those of a kind that hold at an instant."""
        known = self._of.get(kind)
        return [each for each in known if each.holds(at, self.zone)] if known else []

    def factor(self, kind: EffectKind, at: int, marker: str | None = None) -> float:
        """What all of them together multiply by; of markers, those that are of this one."""
        product = 1.0
        for each in self.now(kind, at):
            if each.marker in (None, marker) or is_in(marker or "", each.marker or ""):
                product *= each.factor
        return product

    def calls(self, line: str, at: int) -> float:
        """What the rate of a line is multiplied by; where effects are of some areas alone, the
        calls from elsewhere are then to be left out (`kept`)."""
        product = 0.0 if self.is_out("calls", at) else 1.0
        for each in self.now("calls", at):
            if each.line in (None, line):
                product *= max(1.0, each.factor) if each.area else each.factor
        return product

    def kept(self, line: str, at: int, area: str | None) -> float:
        """The chance with which such a call is one all the same; 1 where no area is apart."""
        chance = 1.0
        for each in self.now("calls", at):
            if each.area is not None and each.line in (None, line):
                here = each.factor if self.is_within(area, each.area) else 1.0
                chance *= here / max(1.0, each.factor)
        return chance

    def by_area(self, line: str, at: int) -> bool:
        """Whether an effect on a line is of some area alone."""
        return any(each.area and each.line in (None, line) for each in self.now("calls", at))

    def fewer(self, kind: EffectKind, at: int, area: str | None, path: str) -> float:
        """The chance that an incident, or a crime, comes about where effects make them fewer."""
        chance = 1.0
        for each in self.now(kind, at):
            if each.factor < 1.0 and self._is_of(each, area, path):
                chance *= each.factor
        return chance

    def more(self, kind: EffectKind) -> Iterable[Effect]:
        """The effects that add incidents, or crimes."""
        return [each for each in self.of(kind) if each.factor > 1.0]

    def is_out(self, feed: str, at: int) -> bool:
        """Whether a feed says nothing at an instant."""
        return any(each.feed == feed for each in self.now("outage", at))

    def is_within(self, area: str | None, other: str) -> bool:
        """Whether an area is another one or lies in it."""
        return area is not None and other in self.within.get(area, ())

    def _is_of(self, effect: Effect, area: str | None, path: str) -> bool:
        if effect.area is not None and not self.is_within(area, effect.area):
            return False
        named = effect.category or effect.offence
        return named is None or is_in(path, named)


def is_in(category: str, path: str) -> bool:
    """Whether a category is this one or below it."""
    return category == path or category.startswith(f"{path}.")

"""Which signals are one story, and which of them tells it.

Signals of one measure, period and direction are told by the widest area that speaks for its
children (`streams.swallow`), else by the children that are set apart. Among the stories of one
area, a narrower category tells what is mostly its own, and what has the same theme goes with the
strongest. What was not chosen is named in `also`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import msgspec

from detectors.episodes import linked, nested
from streams import alert_words as say
from streams.force import WHOLE, Force
from streams.signals import Signal
from streams.swallow import MOSTLY, Part, dispersion, judge

Look = Callable[[tuple[str, ...]], Signal | None]
"""The last closed period of a series of signals, where it is watched."""

LINKS = (("calls", "incidents"),)
"""Themes that tell one story: calls, and the incidents that they become a few minutes later."""
_LINKED = {frozenset(pair) for pair in LINKS}


@dataclass(frozen=True, slots=True)
class Story:
    """One signal that is told, and the titles of what goes with it."""

    signal: Signal
    also: tuple[str, ...] = ()


@lru_cache(maxsize=64)
def _children_of(force: Force) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for area in force.file.areas:
        found[area.parent or WHOLE].append(area.id)
    return {area: tuple(children) for area, children in found.items()}


def above(force: Force, area: str) -> frozenset[str]:
    """The areas that an area lies in, itself left out."""
    if area == WHOLE:
        return frozenset()
    return frozenset(force.rollup[force.area_index[area]]) - {area}


def in_area(signal: Signal, area: str) -> tuple[str, ...]:
    """The series of the same measure in another area."""
    return (*signal.series[:-2], area, signal.grain)


def part(signal: Signal) -> Part | None:
    """Observed and expected, of a count."""
    if signal.expected is None or say.unit_of(signal.group, signal.measure) != "count":
        return None
    return Part(signal.observed, signal.expected)


def stories(force: Force, raising: Iterable[Signal], look: Look) -> list[Story]:
    """The stories of the signals of one look, in a fixed order."""
    groups: dict[tuple[object, ...], dict[str, Signal]] = defaultdict(dict)
    for signal in raising:
        row = tuple(sorted(signal.row.items()))
        of = signal.group, signal.measure, row, signal.grain, signal.start, signal.method == "level"
        groups[*of, signal.direction][signal.area] = signal
    told: list[Story] = []
    for by_area in groups.values():
        told += _Areas(force, by_area, look).stories()
    return sorted(_themes(force, told), key=lambda story: story.signal.series)


class _Areas:
    """The signals of one measure, period and direction, by area."""

    def __init__(self, force: Force, by_area: dict[str, Signal], look: Look) -> None:
        self.force, self.by_area, self.look = force, by_area, look
        self.children = _children_of(force)

    def stories(self) -> list[Story]:
        told: list[Story] = []
        for area, signal in self.by_area.items():
            if not above(self.force, area) & self.by_area.keys():
                told += self._tell(signal)
        return told

    def _tell(self, signal: Signal) -> Iterator[Story]:
        """The stories of an area and all below it."""
        known = dict(self._known(signal, signal.area))
        parts = {area: of for area, found in known.items() if (of := part(found)) is not None}
        whole = part(signal)
        if whole is None or not parts:
            yield self._for_all(signal)
            return
        phi = dispersion(signal.expected, signal.lower, signal.upper)
        verdict = judge(whole, parts, signal.direction, phi)
        if verdict.shared:
            yield self._for_all(signal)
            return
        for area, child in known.items():
            if area in verdict.apart:
                yield from self._tell(msgspec.structs.replace(child, notify=True))
            else:
                yield from self._below(area)

    def _below(self, area: str) -> Iterator[Story]:
        """Signals of their own in an area that was not set apart."""
        if area in self.by_area:
            yield from self._tell(self.by_area[area])
        else:
            for child in self.children.get(area, ()):
                yield from self._below(child)

    def _for_all(self, signal: Signal) -> Story:
        swallowed = sorted(
            say.title(self.force, child)
            for area, child in self.by_area.items()
            if signal.area in above(self.force, area)
        )
        return Story(signal, tuple(swallowed))

    def _known(self, signal: Signal, area: str) -> Iterator[tuple[str, Signal]]:
        """The nearest areas below whose figures of the same period are known."""
        for child in self.children.get(area, ()):
            found = self.by_area.get(child) or self.look(in_area(signal, child))
            if found is not None and found.start == signal.start:
                yield child, msgspec.structs.replace(found, direction=signal.direction)
            else:
                yield from self._known(signal, child)


def related(one: str, other: str) -> bool:
    """Whether two themes are the same, one holds the other, or what holds them is linked."""
    return nested(one, other) or linked(one, other, _LINKED)


def _themes(force: Force, told: list[Story]) -> list[Story]:
    """Joins the stories of one area, grain, period and direction by their themes."""
    places: dict[tuple[object, ...], list[Story]] = defaultdict(list)
    for story in told:
        s = story.signal
        places[s.area, s.grain, s.start, s.direction, s.method == "level"].append(story)
    out: list[Story] = []
    for stories_here in places.values():
        out += _joined(force, stories_here)
    return out


def _joined(force: Force, here: list[Story]) -> list[Story]:
    # Widest theme first, then the strongest: each next one goes with, or takes over, one before it.
    ordered = sorted(
        here, key=lambda s: (s.signal.theme.count("."), s.signal.rate, s.signal.series)
    )
    kept: list[Story] = []
    for story in ordered:
        for n, held in enumerate(kept):
            if related(held.signal.theme, story.signal.theme):
                kept[n] = _one_of(force, held, story)
                break
        else:
            kept.append(story)
    return kept


def _one_of(force: Force, wide: Story, narrow: Story) -> Story:
    themes = wide.signal.theme, narrow.signal.theme
    if themes[0] != themes[1] and nested(*themes):
        whole, own = part(wide.signal), part(narrow.signal)
        if whole is not None and own is not None:
            excess = whole.observed - whole.expected
            if (own.observed - own.expected) / (excess or 1.0) >= MOSTLY:
                wide, narrow = narrow, wide
    return replace(wide, also=(*wide.also, *narrow.also, say.title(force, narrow.signal)))

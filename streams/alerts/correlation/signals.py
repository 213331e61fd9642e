"""Which signals are one story, and which of them tells it: what explains it best.

Signals of one measure, period and direction are told by the widest area that speaks for its
children (`detectors.homogeneity`), else by the children that are set apart. So are categories and
offence groups of one area by all together: a fall that most of them share is a fall of recorded
crimes, one that is a single group's is told of that group. A whole that raises no alarm itself
speaks for two or more of its parts that do, where it is outside its own usual range. What has the
same theme goes with the strongest. What was not chosen is named in `also`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import msgspec

from detectors.calibration.episodes import linked, nested
from detectors.homogeneity import HomogeneityResult, PartCount, dispersion, explains, judge, moved
from streams.alerts import words as say
from streams.alerts.model import Evidence
from streams.alerts.rules import is_news
from streams.config.force import WHOLE, Force
from streams.registry.measures import ALL, LINKS, unit_of
from streams.surveillance.series import values_of
from streams.surveillance.signals import Direction, Signal

LastPeriod = Callable[[tuple[str, ...]], Signal | None]
"""The last closed period of a series of signals, where it is watched."""

NEARLY_ALL = 0.9
"""A part with so much of what is expected of its whole is the whole by a better name."""
_LINKED = {frozenset(pair) for pair in LINKS}


@dataclass(frozen=True, slots=True)
class SignalCluster:
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


def part(told: Signal | Evidence, group: str, measure: str) -> PartCount | None:
    """Observed and expected, of a count: for a change of level what was usual before it, as the
    charts of a whole and its parts move their centres in different months."""
    expected = told.expected
    if told.method == "level" and told.before is not None:
        expected = told.before
    if expected is None or told.observed is None or unit_of(group, measure) != "count":
        return None
    return PartCount(told.observed, expected)


def part_of(signal: Signal) -> PartCount | None:
    """Observed and expected of a signal."""
    return part(signal, signal.group, signal.measure)


def stories(
    force: Force, raising: Iterable[Signal], last_period: LastPeriod
) -> list[SignalCluster]:
    """The stories of the signals of one look, in a fixed order."""
    groups: dict[tuple[object, ...], dict[str, SignalCluster]] = defaultdict(dict)
    for signal in raising:
        row = tuple(sorted(signal.row.items()))
        of = signal.group, signal.measure, row, signal.grain, signal.start, signal.method == "level"
        groups[*of, signal.direction][signal.area] = SignalCluster(signal)
    told: list[SignalCluster] = []
    for by_area in groups.values():
        told += _Areas(force, by_area, last_period).stories()
    told = _by_category(force, told, last_period)
    return sorted(_themes(force, told), key=lambda story: story.signal.series)


def _by_category(
    force: Force, told: Iterable[SignalCluster], last_period: LastPeriod
) -> list[SignalCluster]:
    """The stories of categories and of all together, where they are of the same area."""
    groups: dict[tuple[object, ...], dict[str, SignalCluster]] = defaultdict(dict)
    out: list[SignalCluster] = []
    for story in told:
        s = story.signal
        narrow = narrowed_by(s.row)
        if narrow is None:
            out.append(story)
            continue
        row = tuple(sorted({**s.row, narrow[0]: ALL}.items()))
        of = s.group, s.measure, row, s.area, s.grain, s.start, s.method == "level", s.direction
        groups[of][narrow[1]] = story
    for by_category in groups.values():
        out += _Categories(force, by_category, last_period).stories()
    return out


class _Tree(ABC):
    """The stories of one look that differ in one thing only, their area or their category, held
    by its values; each value lies within another."""

    def __init__(
        self, force: Force, held: dict[str, SignalCluster], last_period: LastPeriod
    ) -> None:
        self.force, self.held, self.last_period = force, dict(held), last_period
        self.any = next(iter(held.values())).signal

    @abstractmethod
    def children(self, of: str) -> tuple[str, ...]:
        """The values directly below one."""

    @abstractmethod
    def above(self, of: str) -> frozenset[str]:
        """All values above one."""

    @abstractmethod
    def series(self, of: str) -> tuple[str, ...]:
        """The series of the same in another value."""

    def stories(self) -> Iterator[SignalCluster]:
        """Who tells what."""
        for whole in self._wholes():
            self._raise(whole)
        for of in list(self.held):
            if not self.above(of) & self.held.keys():
                yield from self._tell(of)

    def _wholes(self) -> list[str]:
        """What holds any of the values, the innermost first."""
        every = {over for of in self.held for over in self.above(of)}
        return sorted(every - self.held.keys(), key=lambda of: (-len(self.above(of)), of))

    def _raise(self, whole: str) -> None:
        """Has a whole speak that raises no alarm itself, where several of its parts do, it is
        outside its own usual range, and what happened is not just theirs."""
        if sum(whole in self.above(of) for of in self.held) < 2:
            return
        found = self._figures(whole)
        if found is None or not outside(found):
            return
        verdict = self._judge(whole, found)
        if part_of(found) is None or (verdict is not None and verdict.shared):
            self.held[whole] = SignalCluster(found)

    def _judge(self, of: str, signal: Signal) -> HomogeneityResult | None:
        """None where nothing can be compared."""
        known = ((each, part_of(found)) for each, found in self._known(of))
        parts = {each: figures for each, figures in known if figures is not None}
        whole = part_of(signal)
        if whole is None or not parts:
            return None
        return judge(whole, parts, signal.direction, spread(signal))

    def _tell(self, of: str) -> Iterator[SignalCluster]:
        """The stories of a value and all below it."""
        story = self.held[of]
        verdict, known = self._judge(of, story.signal), dict(self._known(of))
        if verdict is not None and (same := self._same(of, known)) is not None:
            verdict = replace(verdict, shared=False, apart=(same,))
        if verdict is None or verdict.shared or not all(map(self._tells, verdict.apart)):
            yield self._for_all(of)
            return
        for child in verdict.apart:
            self.held.setdefault(child, SignalCluster(known[child]))
        strongest = self.held[verdict.apart[0]]
        also = (*strongest.also, *self._goes_along(of))
        self.held[verdict.apart[0]] = replace(strongest, also=also)
        for child in known:
            yield from self._below(child)

    def _same(self, of: str, known: Mapping[str, Signal]) -> str | None:
        """A part with a story that is all but the whole of it: its name says more."""
        whole = self.held[of].signal.expected or 0.0
        for child, found in known.items():
            if child in self.held and (found.expected or 0.0) >= NEARLY_ALL * whole > 0.0:
                return child
        return None

    def _tells(self, of: str) -> bool:
        """Whether there is anything to tell of a part that is set apart: never of one record where
        none is usual."""
        found = self._figures(of)
        return of in self.held or (found is not None and outside(found) and is_news(found))

    def _goes_along(self, of: str) -> tuple[str, ...]:
        """What of a whole that does not tell is named with the strongest of its parts."""
        return ()

    def _below(self, of: str) -> Iterator[SignalCluster]:
        """The stories of a value that has one, else of what is below it."""
        if of in self.held:
            yield from self._tell(of)
        else:
            for child in self.children(of):
                yield from self._below(child)

    def _for_all(self, of: str) -> SignalCluster:
        below = [story for each, story in self.held.items() if of in self.above(each)]
        story = self.held[of]
        titles = (say.title(self.force, each.signal) for each in below)
        also = (*story.also, *sorted({*titles, *(t for each in below for t in each.also)}))
        return replace(story, also=also)

    def _known(self, of: str) -> Iterator[tuple[str, Signal]]:
        """The nearest values below whose figures of the same period are known."""
        for child in self.children(of):
            found = self._figures(child)
            if found is not None:
                yield child, found
            else:
                yield from self._known(child)

    def _figures(self, of: str) -> Signal | None:
        """What is known of a value in this period, as a signal of these."""
        if of in self.held:
            return self.held[of].signal
        found = self.last_period(self.series(of))
        if found is None or found.start != self.any.start or found.running != self.any.running:
            return None
        return _as(found, self.any)


class _Areas(_Tree):
    """The signals of one measure, row, period and direction, by area."""

    def stories(self) -> Iterator[SignalCluster]:
        """Who tells what; nobody, of records that only lack their area, or have it again."""
        yield from () if self._lack_their_area() else super().stories()

    def _lack_their_area(self) -> bool:
        """Whether what is missing from areas (too many in them) is in none of them: a call that is
        abandoned before it is answered has no area. The whole force's records without one have
        then moved the other way, by most of that and by more than chance."""
        signal, widest = self.any, self.children(WHOLE)
        parts = [part_of(found) for area in widest if (found := self._figures(area)) is not None]
        whole = None if WHOLE in self.held else self._figures(WHOLE)
        rest = None if whole is None else part_of(whole)
        if rest is None or len(parts) < len(widest) or not parts:
            return False
        inside = PartCount(0.0, 0.0)
        for each in parts:
            if each is None:
                return False
            inside = PartCount(inside.observed + each.observed, inside.expected + each.expected)
        other: Direction = "down" if signal.direction == "up" else "up"
        lacking = PartCount(inside.expected, inside.observed)
        rest = rest.less(inside)
        return (
            explains(lacking, lacking, other)
            and explains(rest, lacking, other)
            and moved(PartCount(rest.observed, max(rest.expected, 1.0)), other)
        )

    def children(self, of: str) -> tuple[str, ...]:
        """By the force's file."""
        return _children_of(self.force).get(of, ())

    def above(self, of: str) -> frozenset[str]:
        """By the force's file."""
        return above(self.force, of)

    def series(self, of: str) -> tuple[str, ...]:
        """In another area."""
        return in_area(self.any, of)


class _Categories(_Tree):
    """The stories of one measure, area, period and direction, by category or offence."""

    def __init__(
        self, force: Force, held: dict[str, SignalCluster], last_period: LastPeriod
    ) -> None:
        super().__init__(force, held, last_period)
        found = narrowed_by(self.any.row)
        self.dimension = "" if found is None else found[0]

    def children(self, of: str) -> tuple[str, ...]:
        """The widest categories, or offence groups."""
        return values_of(self.force, self.dimension)[1:] if of == ALL else ()

    def above(self, of: str) -> frozenset[str]:
        """All together."""
        return frozenset() if of == ALL else frozenset((ALL,))

    def series(self, of: str) -> tuple[str, ...]:
        """Of another category."""
        row = {**self.any.row, self.dimension: of}
        return msgspec.structs.replace(self.any, row=row).series

    def _goes_along(self, of: str) -> tuple[str, ...]:
        return (say.title(self.force, self.held[of].signal),)


def narrowed_by(row: Mapping[str, str]) -> tuple[str, str] | None:
    """The dimension of a row by which its theme is narrowed, and its value; None without any."""
    return next(((name, row[name]) for name in ("category", "offence") if name in row), None)


def holds(row: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether a row is another, or all of its categories together."""
    mine, theirs = narrowed_by(row), narrowed_by(other)
    if row == other or mine is None or theirs is None:
        return row == other
    return mine[1] == ALL and {**row, mine[0]: theirs[1]} == other


def spread(signal: Signal) -> float:
    """The variance of a count over its mean, by its usual range."""
    return dispersion(signal.expected, signal.lower, signal.upper, signal.within)


def outside(signal: Signal) -> bool:
    """Whether a figure lies outside its usual range, in the direction of the signal."""
    if signal.lower is None or signal.upper is None:
        return False
    if signal.direction == "down":
        return signal.observed < signal.lower
    return signal.observed > signal.upper


def _as(found: Signal, told: Signal) -> Signal:
    """Figures as a signal like another one: of its direction, and of its kind. What a detector
    says of a change the other way is no part of it."""
    made = msgspec.structs.replace(found, direction=told.direction, notify=True)
    if told.method == "level" or found.method == "level":
        made = msgspec.structs.replace(made, method=told.method)
    if found.direction != told.direction:
        nothing: dict[str, Any] = dict.fromkeys(("onset", "ratio", "before", "after"))
        made = msgspec.structs.replace(made, probability=None, **nothing)
    return made


def related(one: str, other: str) -> bool:
    """Whether two themes are the same, one holds the other, or what holds them is linked."""
    return nested(one, other) or linked(one, other, _LINKED)


def _themes(force: Force, told: list[SignalCluster]) -> list[SignalCluster]:
    """Joins the stories of one area, grain, period and direction by their themes."""
    places: dict[tuple[object, ...], list[SignalCluster]] = defaultdict(list)
    for story in told:
        s = story.signal
        places[s.area, s.grain, s.start, s.direction, s.method == "level"].append(story)
    out: list[SignalCluster] = []
    for stories_here in places.values():
        out += _joined(force, stories_here)
    return out


def _joined(force: Force, here: list[SignalCluster]) -> list[SignalCluster]:
    # Widest theme first, then the strongest: each next one goes with, or takes over, one before it.
    ordered = sorted(
        here, key=lambda s: (s.signal.theme.count("."), s.signal.rate, s.signal.series)
    )
    kept: list[SignalCluster] = []
    for story in ordered:
        for n, held in enumerate(kept):
            if related(held.signal.theme, story.signal.theme):
                kept[n] = _one_of(force, held, story)
                break
        else:
            kept.append(story)
    return kept


def _one_of(force: Force, wide: SignalCluster, narrow: SignalCluster) -> SignalCluster:
    return replace(wide, also=(*wide.also, *narrow.also, say.title(force, narrow.signal)))

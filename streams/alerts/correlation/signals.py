"""Which signals of one period belong together, and which of them is the lead: the one that
explains the cluster best. Pure.

Signals of one measure, period and direction in several areas are led by the widest area whose
children moved alike (`detectors.homogeneity`), else by each child that moved apart from the others.
In the same way all categories together, or all offence groups, lead those of one area: a fall that
most of them share is a fall of recorded crimes, one of a single group is of that group. A whole
without a signal of its own leads two or more parts that have one, if it is outside its own usual
range. Last, clusters of one place whose themes are related become one. What is not the lead is
named in `also`.

Under a whole that leads, its parts are tested once more, among themselves: those that are far out
the same way are where it is, and are named too, though no budget would let them alarm alone. That
is the hierarchical test of Yekutieli (J. Am. Stat. Assoc. 103, 2008, 309-316): children are judged
only below a parent that stands, and then by a share of false ones of their own (`PLACES`).
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
from detectors.calibration.false_discovery import discoveries
from detectors.counts.predictive import Predictive
from detectors.homogeneity import (
    HomogeneityResult,
    PartCount,
    dispersion,
    explains,
    homogeneity_test,
    moved,
)
from streams.alerts import words as say
from streams.alerts.model import Evidence
from streams.alerts.rules import is_news
from streams.config.force import WHOLE, Force
from streams.registry.dimensions import ALL
from streams.registry.registry import LINKS, REGISTRY
from streams.surveillance.signals import Direction, Signal

LastPeriod = Callable[[tuple[str, ...]], Signal | None]
"""The last closed period of a series, or the period that runs; None where it is not watched."""

NEARLY_ALL = 0.9
"""A part of which at least this share of its whole is expected names the cluster: its name says
more."""
PLACES = 0.1
"""Of the parts that are named below a whole, the share that may be so by chance."""
_LINKED = {frozenset(pair) for pair in LINKS}


@dataclass(frozen=True, slots=True)
class SignalCluster:
    """Signals that belong together: the one that leads them, and the titles of the others."""

    lead: Signal
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


def part_count(figures: Signal | Evidence, group: str, measure: str) -> PartCount | None:
    """Observed and expected of a count; None of a share or a duration. Of a change of level what
    was usual before it is expected, since the charts of a whole and its parts move their centres in
    different months."""
    expected = figures.expected
    if figures.method == "level" and figures.before is not None:
        expected = figures.before
    if expected is None or figures.observed is None or REGISTRY.unit(group, measure) != "count":
        return None
    return PartCount(figures.observed, expected)


def part_of(signal: Signal) -> PartCount | None:
    """Observed and expected of a signal."""
    return part_count(signal, signal.group, signal.measure)


def clusters_of(
    force: Force, raising: Iterable[Signal], last_period: LastPeriod
) -> list[SignalCluster]:
    """The clusters of the signals of one evaluation, in a fixed order."""
    groups: dict[tuple[object, ...], dict[str, SignalCluster]] = defaultdict(dict)
    for signal in raising:
        row = tuple(sorted(signal.row.items()))
        of = signal.group, signal.measure, row, signal.grain, signal.start, signal.method == "level"
        groups[*of, signal.direction][signal.area] = SignalCluster(signal)
    found: list[SignalCluster] = []
    for by_area in groups.values():
        found += _AreaTree(force, by_area, last_period).clusters()
    found = _by_category(force, found, last_period)
    return sorted(_by_theme(force, found), key=lambda cluster: cluster.lead.series)


def _by_category(
    force: Force, found: Iterable[SignalCluster], last_period: LastPeriod
) -> list[SignalCluster]:
    """Gathers the clusters of one area by their categories, or offence groups."""
    groups: dict[tuple[object, ...], dict[str, SignalCluster]] = defaultdict(dict)
    out: list[SignalCluster] = []
    for cluster in found:
        s = cluster.lead
        narrow = REGISTRY.narrowed_by(s.row)
        if narrow is None:
            out.append(cluster)
            continue
        row = tuple(sorted({**s.row, narrow[0]: ALL}.items()))
        of = s.group, s.measure, row, s.area, s.grain, s.start, s.method == "level", s.direction
        groups[of][narrow[1]] = cluster
    for by_category in groups.values():
        out += _CategoryTree(force, by_category, last_period).clusters()
    return out


class _Tree(ABC):
    """Clusters of one measure, period and direction that differ in one thing only, their area or
    their category. Each value of it lies within another, up to the whole; `held` has the clusters
    by their values."""

    def __init__(
        self, force: Force, held: dict[str, SignalCluster], last_period: LastPeriod
    ) -> None:
        self.force, self.held, self.last_period = force, dict(held), last_period
        self.any = next(iter(held.values())).lead

    @abstractmethod
    def children(self, of: str) -> tuple[str, ...]:
        """The values directly below one."""

    @abstractmethod
    def above(self, of: str) -> frozenset[str]:
        """All values above one."""

    @abstractmethod
    def series(self, of: str) -> tuple[str, ...]:
        """The series of the same measure for another value."""

    def clusters(self) -> Iterator[SignalCluster]:
        """The clusters that these become."""
        for whole in self._wholes():
            self._add_whole(whole)
        for of in list(self.held):
            if not self.above(of) & self.held.keys():
                yield from self._split(of)

    def _wholes(self) -> list[str]:
        """The values above any of these that have no cluster, the innermost first."""
        every = {whole for of in self.held for whole in self.above(of)}
        return sorted(every - self.held.keys(), key=lambda of: (-len(self.above(of)), of))

    def _add_whole(self, whole: str) -> None:
        """Gives a whole without a signal a cluster, if several of its parts have one, it is outside
        its own usual range, and its parts moved alike."""
        if sum(whole in self.above(of) for of in self.held) < 2:
            return
        found = self._figures(whole)
        if found is None or not outside(found):
            return
        result = self._test(whole, found)
        if part_of(found) is None or (result is not None and result.shared):
            self.held[whole] = SignalCluster(found)

    def _test(self, of: str, signal: Signal) -> HomogeneityResult | None:
        """Whether the parts of a value moved alike; None where nothing can be compared."""
        known = ((each, part_of(found)) for each, found in self._known(of))
        parts = {each: figures for each, figures in known if figures is not None}
        whole = part_of(signal)
        if whole is None or not parts:
            return None
        return homogeneity_test(whole, parts, signal.direction, spread(signal))

    def _split(self, of: str) -> Iterator[SignalCluster]:
        """One cluster for a value and all below it, or those of the parts that moved apart."""
        cluster = self.held[of]
        result, known = self._test(of, cluster.lead), dict(self._known(of))
        if result is not None and (same := self._same(of, known)) is not None:
            result = replace(result, shared=False, apart=(same,))
        if result is None or result.shared or not all(map(self._is_news, result.apart)):
            yield self._all_below(of)
            return
        for child in result.apart:
            self.held.setdefault(child, SignalCluster(known[child]))
        strongest = self.held[result.apart[0]]
        also = (*strongest.also, *self._named_with_part(of))
        self.held[result.apart[0]] = replace(strongest, also=also)
        for child in known:
            yield from self._below(child)

    def _same(self, of: str, known: Mapping[str, Signal]) -> str | None:
        """A part with a cluster that is nearly all of its whole (`NEARLY_ALL`)."""
        whole = self.held[of].lead.expected or 0.0
        for child, found in known.items():
            if child in self.held and (found.expected or 0.0) >= NEARLY_ALL * whole > 0.0:
                return child
        return None

    def _is_news(self, of: str) -> bool:
        """Whether a part that moved apart is worth a cluster: not one record where none is usual,
        for example."""
        found = self._figures(of)
        return of in self.held or (found is not None and outside(found) and is_news(found))

    def _named_with_part(self, of: str) -> tuple[str, ...]:
        """Titles of a whole that does not lead, to be named with the strongest of its parts."""
        return ()

    def _below(self, of: str) -> Iterator[SignalCluster]:
        """The clusters of a value that has one, else of what is below it."""
        if of in self.held:
            yield from self._split(of)
        else:
            for child in self.children(of):
                yield from self._below(child)

    def _all_below(self, of: str) -> SignalCluster:
        below = [cluster for each, cluster in self.held.items() if of in self.above(each)]
        cluster = self.held[of]
        titles = (say.title(self.force, each.lead) for each in below)
        also = sorted({*titles, *(t for each in below for t in each.also), *self._places(of)})
        return replace(cluster, also=(*cluster.also, *also))

    def _places(self, of: str) -> Iterator[str]:
        """The titles of the parts that are far out the same way, tested among themselves."""
        parts = [(found, part_of(found)) for _, found in self._known(of)]
        counted = [(found, figures) for found, figures in parts if figures is not None]
        tails = [_tail(found, figures) for found, figures in counted]
        chosen = discoveries(tails, PLACES)
        return (
            say.title(self.force, found)
            for (found, _), is_one in zip(counted, chosen, strict=True)
            if is_one
        )

    def _known(self, of: str) -> Iterator[tuple[str, Signal]]:
        """The nearest values below one whose figures of the same period are known."""
        for child in self.children(of):
            found = self._figures(child)
            if found is not None:
                yield child, found
            else:
                yield from self._known(child)

    def _figures(self, of: str) -> Signal | None:
        """The figures of a value in this period, as a signal like the others."""
        if of in self.held:
            return self.held[of].lead
        found = self.last_period(self.series(of))
        if found is None or found.start != self.any.start or found.running != self.any.running:
            return None
        return _as(found, self.any)


class _AreaTree(_Tree):
    """The signals of one measure, row, period and direction, by area."""

    def clusters(self) -> Iterator[SignalCluster]:
        """None where records only lack their area, or have it again."""
        yield from () if self._lack_their_area() else super().clusters()

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


class _CategoryTree(_Tree):
    """The clusters of one measure, area, period and direction, by category or offence group."""

    def __init__(
        self, force: Force, held: dict[str, SignalCluster], last_period: LastPeriod
    ) -> None:
        super().__init__(force, held, last_period)
        found = REGISTRY.narrowed_by(self.any.row)
        self.dimension = "" if found is None else found[0]

    def children(self, of: str) -> tuple[str, ...]:
        """The widest categories, or offence groups."""
        if of != ALL:
            return ()
        return REGISTRY.dimensions[self.dimension].watched(self.force)[1:]

    def above(self, of: str) -> frozenset[str]:
        """All together."""
        return frozenset() if of == ALL else frozenset((ALL,))

    def series(self, of: str) -> tuple[str, ...]:
        """Of another category."""
        row = {**self.any.row, self.dimension: of}
        return msgspec.structs.replace(self.any, row=row).series

    def _named_with_part(self, of: str) -> tuple[str, ...]:
        return (say.title(self.force, self.held[of].lead),)


def holds(row: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether a row is another, or all of its categories together."""
    mine, theirs = REGISTRY.narrowed_by(row), REGISTRY.narrowed_by(other)
    if row == other or mine is None or theirs is None:
        return row == other
    return mine[1] == ALL and {**row, mine[0]: theirs[1]} == other


def spread(signal: Signal) -> float:
    """The variance of a count over its mean, by its usual range."""
    return dispersion(signal.expected, signal.lower, signal.upper, signal.within)


def _tail(signal: Signal, figures: PartCount) -> float:
    """How likely it is by chance that a count lies so far out in the direction of its signal."""
    ahead = Predictive(figures.expected, dispersion=spread(signal))
    down = signal.direction == "down"
    return ahead.at_most(figures.observed) if down else ahead.at_least(figures.observed)


def outside(signal: Signal) -> bool:
    """Whether a figure lies outside its usual range, in the direction of the signal."""
    if signal.lower is None or signal.upper is None:
        return False
    if signal.direction == "down":
        return signal.observed < signal.lower
    return signal.observed > signal.upper


def _as(found: Signal, like: Signal) -> Signal:
    """Figures as a signal like another one: of its direction and method. What a detector says of a
    change in the other direction is left out."""
    made = msgspec.structs.replace(found, direction=like.direction, notify=True)
    if like.method == "level" or found.method == "level":
        made = msgspec.structs.replace(made, method=like.method)
    if found.direction != like.direction:
        nothing: dict[str, Any] = dict.fromkeys(("onset", "ratio", "before", "after"))
        made = msgspec.structs.replace(made, probability=None, **nothing)
    return made


def related(one: str, other: str) -> bool:
    """Whether two themes are the same, or one holds the other, or they are linked (`LINKS`)."""
    return nested(one, other) or linked(one, other, _LINKED)


def _by_theme(force: Force, found: list[SignalCluster]) -> list[SignalCluster]:
    """Joins the clusters of one area, period and direction whose themes are related."""
    places: dict[tuple[object, ...], list[SignalCluster]] = defaultdict(list)
    for cluster in found:
        s = cluster.lead
        places[s.area, s.grain, s.start, s.direction, s.method == "level"].append(cluster)
    return [each for here in places.values() for each in _joined(force, here)]


def _joined(force: Force, here: list[SignalCluster]) -> list[SignalCluster]:
    """The widest theme leads, and of equals the strongest signal; each next one joins the first
    that it is related to."""
    ordered = sorted(here, key=lambda c: (c.lead.theme.count("."), c.lead.rate, c.lead.series))
    kept: list[SignalCluster] = []
    for cluster in ordered:
        for n, wide in enumerate(kept):
            if related(wide.lead.theme, cluster.lead.theme):
                also = (*wide.also, *cluster.also, say.title(force, cluster.lead))
                kept[n] = replace(wide, also=also)
                break
        else:
            kept.append(cluster)
    return kept

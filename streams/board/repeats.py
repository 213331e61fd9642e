"""How many people there are in the records of a stretch of time, and who come back.

Counted from the records as they stand, whenever somebody asks: a late, revised or cancelled record
changes the figure of every period that it reaches into, with nothing to be corrected. Each person
is counted once, in every area in which a record of theirs makes them count.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from streams.board.columns import Numbers
from streams.config.force import Force
from streams.fold.gaps import first_record
from streams.fold.ledger import Ledger
from streams.periods import Calendar, Span
from streams.registry.conditions import ALWAYS, Condition
from streams.registry.dimensions import AREA
from streams.registry.repeats import RepeatRule
from streams.stretches import Stretch, months_before

MOST_KEPT = 500
"""Figures that are remembered."""


class Counted(NamedTuple):
    """How many people by area, by its index in the force's file; and whether the records of all of
    the window are there."""

    people: Numbers
    known: bool
    """Whether all records of the window are still kept."""
    complete: bool
    """Whether the feed goes back to the window's start."""


class Source(NamedTuple):
    """The records of one force, and which of them count by a rule."""

    ledger: Ledger
    test: Callable[[int], bool]
    linked: Callable[[int], bool]

    def appearances(
        self, person: str, start: int, end: int
    ) -> Iterator[tuple[int, str, str, bool]]:
        """The records of a person in [start, end) that count: when, id, role, and whether it is
        one that there has to be."""
        links, ledger = self.ledger.links, self.ledger
        for when, key, role in links.of(person, start, end) if links is not None else ():
            packed = ledger.packed(key)
            if self.test(packed):
                yield when, key, role, self.linked(packed)


class _History:
    """The records of one person that count, within what a rule may look at."""

    def __init__(
        self, rule: RepeatRule, sources: list[Source], person: str, within: Span, period: Span
    ) -> None:
        self.rule, self.period = rule, period
        roles: defaultdict[tuple[int, int, str], set[str]] = defaultdict(set)
        linked: set[tuple[int, int, str]] = set()
        for place, source in enumerate(sources):
            for when, key, role, has_to_be in source.appearances(person, *within):
                roles[when, place, key].add(role)
                if has_to_be and role in rule.roles:
                    linked.add((when, place, key))
        wanted = set(rule.roles)
        self._counted = sorted(when for (when, _, _), had in roles.items() if had & wanted)
        self._roles = [(record[0], had, record in linked) for record, had in roles.items()]

    def fulfils(self, first: int, last: int) -> bool:
        """Whether the records from one instant to another, both included, are what the rule asks
        for."""
        rule = self.rule
        if self._number(first, last) < rule.at_least:
            return False
        if not _looks_further(rule):
            return True
        had, there = set[str](), False
        for when, roles, linked in self._roles:
            if first <= when <= last:
                had |= roles
                there = there or linked
        if rule.all_roles and not set(rule.roles) <= had:
            return False
        return had.isdisjoint(rule.no_other) and (there or rule.linked == ALWAYS)

    def _number(self, first: int, last: int) -> int:
        if self.rule.same_period:
            return self._between(first, last + 1)
        start, end = self.period
        within = self._between(max(first, start), min(last + 1, end))
        return self._between(first, last + 1) - within + 1  # the record itself

    def _between(self, start: int, end: int) -> int:
        counted = self._counted
        return max(0, bisect_left(counted, end) - bisect_left(counted, start))


class Repeats:
    """The people in the records of a kind of one force, with those of its allies."""

    def __init__(self, force: Force, ledger: Ledger, allies: list[Ledger]) -> None:
        self.force, self.ledger, self.allies = force, ledger, allies
        self.calendar = Calendar(force.zone)
        self._tests: dict[tuple[int, Condition], Callable[[int], bool]] = {}
        self._kept: dict[tuple[RepeatRule, int, int], tuple[object, Counted]] = {}
        self._back = lru_cache(maxsize=10_000)(partial(months_before, self.calendar))
        self._place = [each.name for each in ledger.kind.dimensions].index(AREA)

    def count(self, rule: RepeatRule, stretch: Stretch) -> Counted:
        """How many people there are by a rule in a stretch of time, by area."""
        key = rule, stretch.start, stretch.end
        ledgers = [self.ledger, *(self.allies if rule.allied else ())]
        mark = tuple((each.changes, each.sealed_before) for each in ledgers)
        kept = self._kept.get(key)
        if kept is None or kept[0] != mark:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            kept = self._kept[key] = mark, self._count(rule, stretch, ledgers)
        return kept[1]

    def _count(self, rule: RepeatRule, stretch: Stretch, ledgers: list[Ledger]) -> Counted:
        sources = [
            Source(each, self._test(each, rule.when), self._test(each, rule.linked))
            for each in ledgers
        ]
        people = np.zeros(len(self.force.areas), np.int64)
        for areas in self._found(rule, stretch, sources):
            people[sorted(areas)] += 1
        reach = stretch.start
        if rule.at_least > 1 or _looks_further(rule):
            reach = self._back(stretch.start, rule.months)
        asked = ledgers if reach < stretch.start else ledgers[:1]
        # Who came back to an ally that nothing is known of is not seen.
        alone = rule.allied and self.force.partition_group != self.force.id and not self.allies
        return Counted(
            people,
            known=bool(self.ledger.links) and all(each.sealed_before <= reach for each in ledgers),
            complete=all(self._reaches(each, reach) for each in asked)
            and not (alone and reach < stretch.start),
        )

    def _reaches(self, ledger: Ledger, back: int) -> bool:
        """Whether the first day of a feed is no later than an instant."""
        first = first_record(ledger.panes)
        return first is not None and self.calendar.start("day", first) <= back

    def _test(self, ledger: Ledger, condition: Condition) -> Callable[[int], bool]:
        place = id(ledger), condition
        if place not in self._tests:
            self._tests[place] = ledger.packer.test_of(condition)
        return self._tests[place]

    def _found(
        self, rule: RepeatRule, stretch: Stretch, sources: list[Source]
    ) -> Iterator[set[int]]:
        """For each person by a rule the areas in which they count."""
        roles, own = set(rule.roles), sources[0]
        there: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        links = self.ledger.links
        for key, when, persons in links.between(stretch.start, stretch.end) if links else ():
            packed = self.ledger.packed(key)
            if own.test(packed):
                area = self._area(packed)
                for person in {name for name, role in persons if role in roles}:
                    there[person].append((when, area))
        alone = rule.at_least == 1 and not _looks_further(rule)
        for person, seen in there.items():
            counts = seen if alone else self._returning(rule, stretch, sources, person, seen)
            if counts:
                yield {above for _, area in counts for above in self._above(area)}

    def _returning(
        self,
        rule: RepeatRule,
        stretch: Stretch,
        sources: list[Source],
        person: str,
        seen: list[tuple[int, int]],
    ) -> list[tuple[int, int]]:
        """Those records of a person in the stretch that make them count by a rule."""
        by_period = rule.until == "period"
        start = self._back(stretch.start if by_period else min(seen)[0], rule.months)
        end = stretch.end if by_period else max(seen)[0] + 1
        history = _History(rule, sources, person, (start, end), (stretch.start, stretch.end))
        if by_period:
            return seen if history.fulfils(start, end - 1) else []
        return [
            (when, area)
            for when, area in seen
            if history.fulfils(self._back(when, rule.months), when)
        ]

    def _area(self, packed: int) -> int:
        return self.ledger.kind.series.split(self.ledger.packer.series_key(packed))[self._place]

    def _above(self, area: int) -> list[int]:
        """An area and those above it, the force as a whole too, by index."""
        index = self.force.area_index
        return [0, *(index[name] for name in self.force.rollup[area][:-1])]


def _looks_further(rule: RepeatRule) -> bool:
    """Whether it takes more than a person's record of the period to say whether they count."""
    return rule.all_roles or bool(rule.no_other) or rule.linked != ALWAYS

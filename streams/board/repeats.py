"""How many people there are in the records of a stretch of time, and who come back.

Counted from the records as they stand, whenever somebody asks: a late, revised or cancelled record
changes the figure of every period that it reaches into. What was counted is kept, and only those of
whom a record within the window has changed since are counted again. Each person is counted once, in
every area in which a record of theirs makes them count.

Before the first of a month's records leave, what the month counts is kept for good. Whether a later
change of a record that has left would change it nobody can say: then it is no longer complete.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from streams.board.columns import Numbers
from streams.config.force import Force
from streams.fold.gaps import first_record
from streams.fold.ledger import Ledger
from streams.fold.links import persons_of
from streams.fold.panes import Pane
from streams.periods import DAY, Calendar, Span
from streams.registry.carried import MANY
from streams.registry.conditions import ALWAYS, All, Condition
from streams.registry.digests import digest
from streams.registry.dimensions import AREA
from streams.registry.repeats import RepeatRule
from streams.stretches import Stretch, months_before

MOST_KEPT = 500
"""Figures that are remembered."""
PEOPLE_A_STEP = 250
"""Those who are counted in one step."""
COMPLETE = -1
"""Beside the areas of a month that is kept: there where the count was complete."""


class PeopleCounted(NamedTuple):
    """How many people by area, by its index in the force's file; and whether the records of all of
    the window are there."""

    people: Numbers
    known: bool
    """Whether all records of the window are still kept, and the feed had carried people by then."""
    complete: bool
    """Whether the feed goes back to the window's start, and carried people from there on."""


class PersonRecord(NamedTuple):
    """A record of a person that counts by a rule."""

    when: int
    roles: int
    """What he is in it: a set, as `Links` has it."""
    linked: bool
    """Whether it is one that there has to be."""


class RuleRecords(NamedTuple):
    """The records of one force, and which of them count by a rule."""

    ledger: Ledger
    test: Callable[[int], bool]
    linked: Callable[[int], bool]

    def records(self, person: int, start: int, end: int) -> Iterator[PersonRecord]:
        """The records of a person in [start, end) that count."""
        links, ledger = self.ledger.links, self.ledger
        shift = ledger.packer.when_shift
        for key, roles in links.of(person) if links is not None else ():
            packed = ledger.packed(key)
            if start <= packed >> shift < end and self.test(packed):
                yield PersonRecord(packed >> shift, roles, self.linked(packed))

    def number(self, person: int) -> int:
        """In how many records a person is, whether they count or not."""
        links = self.ledger.links
        return links.count(person) if links is not None else 0


_digest = cache(digest)


Seen = list[tuple[int, int]]
"""When records were, in ms, and in which area, by index."""


class Count:
    """Who counts by a rule in a stretch of time; whoever has new records is counted again."""

    def __init__(self, repeats: Repeats, rule: RepeatRule, stretch: Stretch) -> None:
        self.repeats, self.rule, self.stretch = repeats, rule, stretch
        self.ledgers = [repeats.ledger, *(repeats.allies if rule.allied else ())]
        self.reach = repeats.reach(rule, stretch.start)
        self._sources = [
            RuleRecords(each, repeats.test(each, rule.when), repeats.test(each, rule.linked))
            for each in self.ledgers
        ]
        self._roles, self._no_other = self._set_of(rule.roles), self._set_of(rule.no_other)
        self._marks: list[int] | None = None
        # A million people are counted: two numbers each. Sorted by person.
        self._people = np.empty(0, np.uint64)
        self._places = np.empty(0, np.uint16)
        self._counted = np.zeros(len(repeats.force.areas), np.int64)

    def counted(self) -> Numbers:
        """How many people count, by area."""
        links = [each.links for each in self.ledgers if each.links is not None]
        touched: set[int] | None = None
        if self._marks is not None:
            touched = set()
            for each, mark in zip(links, self._marks, strict=True):
                since = each.touched(mark, self.reach, self.stretch.end)
                touched = None if touched is None or since is None else touched | since
        self._marks = [each.mark() for each in links]
        if touched is None:
            for _ in self._counting():
                pass
        elif touched:
            self._put_again({each: self._areas(each, self._seen(each)) for each in touched})
        return self._counted

    def steps(self) -> Iterator[None]:
        """Counts in short steps what has not been counted yet."""
        if self._marks is None:
            marks = [each.links.mark() for each in self.ledgers if each.links is not None]
            yield from self._counting()
            self._marks = marks  # what has changed meanwhile is counted again

    def _counting(self) -> Iterator[None]:
        areas = {}
        for number, (person, seen) in enumerate(self._there().items(), start=1):
            areas[person] = self._areas(person, seen)
            if number % PEOPLE_A_STEP == 0:
                yield
        self._put(areas)
        yield

    def _put(self, areas: Mapping[int, frozenset[int]]) -> None:
        """Has these people count, and nobody else."""
        places = self.repeats.places
        found = sorted((person, places[each]) for person, each in areas.items() if each)
        self._people = np.array([person for person, _ in found], np.uint64)
        self._places = np.array([place for _, place in found], np.uint16)
        self._counted = np.zeros_like(self._counted)
        for place, people in enumerate(np.bincount(self._places).tolist()):
            self._counted[list(places.areas[place])] += people

    def _put_again(self, areas: Mapping[int, frozenset[int]]) -> None:
        """Has some people count as they do now."""
        changed = np.array(sorted(areas), np.uint64)
        at = np.searchsorted(self._people, changed)
        held = np.isin(changed, self._people)
        before = dict(zip(changed[held].tolist(), self._places[at[held]].tolist(), strict=True))
        known = self.repeats.places.areas
        if all(
            known[before[who]] == now if who in before else not now for who, now in areas.items()
        ):
            return
        kept = np.ones(len(self._people), bool)
        kept[at[held]] = False
        now = dict(zip(self._people[kept].tolist(), self._places[kept].tolist(), strict=True))
        self._put({who: known[place] for who, place in now.items()} | dict(areas))

    def _there(self) -> dict[int, Seen]:
        """The people in the records of the stretch that count, and these."""
        ledger, (own, *_) = self.repeats.ledger, self._sources
        links, shift = ledger.links, ledger.packer.when_shift
        there: defaultdict[int, Seen] = defaultdict(list)
        if links is None:
            return there
        for key, packed in ledger.records_between(self.stretch.start, self.stretch.end):
            if own.test(packed):
                persons = {
                    who for who, role in persons_of(links.record(key)) if self._is(1 << role)
                }
                for person in persons:
                    there[person].append((packed >> shift, self.repeats.area(packed)))
        return there

    def _seen(self, person: int) -> Seen:
        """Those records of one person."""
        ledger, (own, *_) = self.repeats.ledger, self._sources
        if ledger.links is None:
            return []
        found = []
        for key, roles in ledger.links.of(person):
            packed = ledger.packed(key)
            when = packed >> ledger.packer.when_shift
            there = self.stretch.start <= when < self.stretch.end
            if there and self._is(roles) and own.test(packed):
                found.append((when, self.repeats.area(packed)))
        return found

    def _is(self, roles: int) -> bool:
        return roles & self._roles != 0

    def _areas(self, person: int, seen: Seen) -> frozenset[int]:
        """The areas in which a person counts who is in those records."""
        rule = self.rule
        if seen and (rule.at_least > 1 or _looks_further(rule)):
            seen = self._returning(person, seen)
        return frozenset(above for _, area in seen for above in self.repeats.above(area))

    def _returning(self, person: int, seen: Seen) -> Seen:
        """Those of the records that make a person count by the rule."""
        rule, stretch, back = self.rule, self.stretch, self.repeats.back
        if sum(source.number(person) for source in self._sources) < rule.at_least:
            return []
        by_period = rule.until == "period"
        start = self.reach if by_period else back(min(seen)[0], rule.months)
        end = stretch.end if by_period else max(seen)[0] + 1
        records = [each for source in self._sources for each in source.records(person, start, end)]
        if by_period:
            return seen if self._fulfilled(records, start, end - 1) else []
        return [
            (when, area)
            for when, area in seen
            if self._fulfilled(records, back(when, rule.months), when)
        ]

    def _fulfilled(self, records: list[PersonRecord], first: int, last: int) -> bool:
        """Whether the records from one instant to another, both included, are what the rule asks
        for."""
        rule, stretch = self.rule, self.stretch
        had = others = 0
        there = rule.linked == ALWAYS
        for when, roles, linked in records:
            if first <= when <= last:
                had |= roles
                if self._is(roles):
                    others += rule.same_period or not stretch.start <= when < stretch.end
                    there = there or linked
        others += not rule.same_period  # the record itself
        enough = others >= rule.at_least and there and not had & self._no_other
        return enough and (not rule.all_roles or self._roles & ~had == 0)

    def _set_of(self, roles: tuple[str, ...]) -> int:
        links = self.repeats.ledger.links
        return sum(1 << links.roles.index(each) for each in roles) if links is not None else 0


class _Places(dict[frozenset[int], int]):
    """Sets of areas by number: few, so that many people have one number each."""

    def __init__(self) -> None:
        super().__init__()
        self.areas: list[frozenset[int]] = []

    def __missing__(self, areas: frozenset[int]) -> int:
        self.areas.append(areas)
        number = self[areas] = len(self)
        return number


class Repeats:
    """The people in the records of a kind of one force, with those of its allies. `rules` are those
    by which months are kept."""

    def __init__(
        self, force: Force, ledger: Ledger, allies: list[Ledger], rules: Sequence[RepeatRule]
    ) -> None:
        self.force, self.ledger, self.allies, self.rules = force, ledger, allies, rules
        self.calendar = Calendar(force.zone)
        self.back = lru_cache(maxsize=10_000)(partial(months_before, self.calendar))
        self.places = _Places()
        self._tests: dict[tuple[int, Condition], Callable[[int], bool]] = {}
        self._kept: OrderedDict[tuple[RepeatRule, int, int], Count] = OrderedDict()
        self._place = [each.name for each in ledger.kind.dimensions].index(AREA)

    def count(self, rule: RepeatRule, stretch: Stretch) -> PeopleCounted:
        """How many people there are by a rule in a stretch of time, by area."""
        count = self._of(rule, stretch)
        if self.ledger.packer.carried.lacking(self.fields(rule), stretch.end):
            return PeopleCounted(
                np.zeros(len(self.force.areas), np.int64), known=False, complete=False
            )
        known = self._is_known(count)
        kept = None if known else self.ledger.counted_people.get((_digest(rule), stretch.start))
        if kept is not None and stretch.grain == "month":
            people = np.array([kept.get(n, 0) for n in range(len(self.force.areas))], np.int64)
            return PeopleCounted(people, known=True, complete=COMPLETE in kept)
        return PeopleCounted(count.counted(), known, self._is_complete(count))

    def keep(self, people_since: int) -> Iterator[None]:
        """Keeps what months count of which records leave as `people_since` of the ledger or of an
        ally moves on, in steps."""
        ledger = self.ledger
        known_since = max(each.people_since for each in (ledger, *self.allies))
        # All that is asked for goes back to the start of a month, and on most days none begins.
        if self.calendar.start("month", max(0, people_since - 1)) < known_since:
            return
        first = first_record(ledger.panes)
        for rule in self.rules if first is not None else ():
            after = max(known_since, first or 0)
            while (reach := self.reach(rule, self._month(after).start)) < people_since:
                month = self._month(after)
                place, after = (_digest(rule), month.start), month.end
                if reach >= known_since and place not in ledger.counted_people:
                    yield from self._keep(place, self._of(rule, month))

    def _keep(self, place: tuple[str, int], count: Count) -> Iterator[None]:
        if self._is_known(count):
            yield from count.steps()
            people = enumerate(count.counted().tolist())
            kept = {area: number for area, number in people if number}
            if self._is_complete(count):
                kept[COMPLETE] = 1
            self._put(place, kept)

    def revised(self, ledger: Ledger, old: int, new: int) -> None:
        """Has the months that are kept no longer be complete where a record of the ledger or of an
        ally's counts in them otherwise than then."""
        for rule in self.rules:
            before, now = (self._said(rule, ledger, packed) for packed in (old, new))
            for said in {before, now} if before != now else ():
                month = self._month(said[0]) if said else None
                while month is not None and self.reach(rule, month.start) <= said[0]:
                    place = _digest(rule), month.start
                    kept = self.ledger.counted_people.get(place, {})
                    if COMPLETE in kept:
                        self._put(place, {area: n for area, n in kept.items() if area != COMPLETE})
                    month = self._month(month.end)

    def _said(self, rule: RepeatRule, ledger: Ledger, packed: int) -> tuple[int, ...]:
        """What a rule asks of a record; nothing where it does not count."""
        if not self.test(ledger, rule.when)(packed):
            return ()
        area = self.area(packed) if ledger is self.ledger else 0
        linked = self.test(ledger, rule.linked)(packed)
        return packed >> ledger.packer.when_shift, area, linked

    def _put(self, place: tuple[str, int], kept: Pane) -> None:
        self.ledger.counted_people[place] = self.ledger.changed_people[place] = kept

    def _month(self, at: int) -> Stretch:
        return Stretch.of(self.calendar, self.calendar.holding("month", at))

    def reach(self, rule: RepeatRule, start: int) -> int:
        """How far back from the start of a stretch records are asked for."""
        further = rule.at_least > 1 or _looks_further(rule)
        return self.back(start, rule.months) if further else start

    def _of(self, rule: RepeatRule, stretch: Stretch) -> Count:
        key = rule, stretch.start, stretch.end
        count = self._kept.get(key)
        if count is None:
            count = self._kept[key] = Count(self, rule, stretch)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return count

    def _is_known(self, count: Count) -> bool:
        """Whether all records that are asked for are still kept."""
        return bool(self.ledger.links) and all(
            each.people_since <= count.reach for each in count.ledgers
        )

    def _is_complete(self, count: Count) -> bool:
        """Whether the feeds go back to the start of all that is asked for."""
        further = count.reach < count.stretch.start
        asked = count.ledgers if further else count.ledgers[:1]
        # Who came back to an ally that nothing is known of is not seen.
        alone = (
            count.rule.allied and self.force.partition_group != self.force.id and not self.allies
        )
        reaches = all(self._reaches(each, count) for each in asked)
        return reaches and not (alone and further)

    def _reaches(self, ledger: Ledger, count: Count) -> bool:
        """Whether the first day of a feed is no later than the start of all that is asked for, and
        it carried people from there on, but for so few records that this is chance."""
        first, carried = first_record(ledger.panes), ledger.packer.carried
        if first is None or self.calendar.start("day", first) > count.reach:
            return False
        end = count.stretch.end
        since = max((carried.since.get(each, end) for each in self.fields(count.rule)), default=0)
        spans = _growing(count.reach, since)
        before = chain.from_iterable(ledger.records_between(*span) for span in spans)
        return sum(1 for _ in islice(before, MANY)) < MANY

    def fields(self, rule: RepeatRule) -> list[str]:
        """The fields that people by a rule are named in, of those of which it is known since when
        they were carried."""
        roles, fields = {*rule.roles, *rule.no_other}, self.ledger.packer.carried.fields
        people = self.ledger.kind.people
        return [each.field for each in people if each.role in roles and each.field in fields]

    def named_in(self, rule: RepeatRule) -> list[str]:
        """The fields that the people whom a rule counts are named in."""
        return [each.field for each in self.ledger.kind.people if each.role in rule.roles]

    def test(self, ledger: Ledger, condition: Condition) -> Callable[[int], bool]:
        """Whether a packed record of a ledger counts and is one of which a condition holds."""
        place = id(ledger), condition
        if place not in self._tests:
            both = All((ledger.kind.counts, condition))
            self._tests[place] = ledger.packer.test_of(both)
        return self._tests[place]

    def area(self, packed: int) -> int:
        """The area of a record of the force, by index."""
        return self.ledger.kind.series.split(self.ledger.packer.series_key(packed))[self._place]

    def above(self, area: int) -> list[int]:
        """An area and those above it, the force as a whole too, by index."""
        index = self.force.area_index
        return [0, *(index[name] for name in self.force.rollup[area][:-1])]


def keep(allied: Iterable[Repeats], people_since: int) -> Iterator[None]:
    """`Repeats.keep` of all forces that share their records."""
    for each in allied:
        yield from each.keep(people_since)


def revise(allied: Iterable[Repeats], ledger: Ledger, old: int, new: int) -> None:
    """`Repeats.revised` of all forces that share their records."""
    for each in allied:
        each.revised(ledger, old, new)


def _looks_further(rule: RepeatRule) -> bool:
    """Whether it takes more than a person's record of the period to say whether they count."""
    return rule.all_roles or bool(rule.no_other) or rule.linked != ALWAYS


def _growing(start: int, end: int) -> Iterator[Span]:
    """[start, end) in spans, first a day and then each twice as long: of many records few are read
    before there are enough, and of few records no day is looked at for each day around it."""
    length = DAY
    while start < end:
        yield start, min(start + length, end)
        start, length = start + length, 2 * length

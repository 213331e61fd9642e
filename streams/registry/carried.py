"""What a feed has to carry for a figure to be known: a fact that is missing is never zero.

A record without markers or without an outcome has none only where its feed carries markers or
outcomes at all. What a figure rests on follows from the conditions of its counters. Until a feed
has carried that for the first time, by the first clock of its records, the figure is not known.

Each marker is carried by itself (`markers.cse`): a feed that sends one need not send all. Where one
never came, it is not known whether there was none or nobody sends it, however many records there
are; the force's file says so where there is none (`carries`), and then it is 0 from the first
record on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from typing import NamedTuple

from streams.config.force import Force
from streams.registry.conditions import Condition, Flagged, Has, Is, Not, Present, Within
from streams.registry.counting import Counter
from streams.registry.dimensions import Choice
from streams.registry.facts import UNKNOWN, Case, Code, Flag, Marks, Number
from streams.registry.kind import Kind
from streams.registry.times import WHEN_BITS

MANY = 100
"""Records; what is in none of so many is in less than 3 % of them, or not carried yet (95 %)."""
NOTHING: frozenset[str] = frozenset()


class _Said(NamedTuple):
    """A fact that a record may leave open: its place in a tuple of facts, the value that stands for
    nothing there, and the field, or fields, of an event that say it."""

    place: int
    silent: object
    fields: str
    bits: int = 0
    """Of a set, those of which one has to be there."""
    value: object = None
    """Of a case, the one that says it, where not all but `silent` do."""

    def holds(self, facts: tuple[object, ...]) -> bool:
        """Whether a tuple of facts says it."""
        found = facts[self.place]
        if self.bits:
            return isinstance(found, int) and found & self.bits != 0
        return found != self.silent if self.value is None else found == self.value


class Carried:
    """What the feed of one kind of one force has carried, and since when."""

    def __init__(self, kind: Kind, force: Force, when_shift: int) -> None:
        self.since: dict[str, int] = {}
        """By field, the earliest event time of a record that had it, in ms."""
        self.packed_before = 0
        """Only a packed record below it may change these: one that is earlier than the latest of
        them, or any where a field is met that no record was taken with."""
        self._when_shift = when_shift
        self._met: set[str] = set()
        """The fields that any tuple of facts has; its records may have been refused."""
        self._to_meet: list[tuple[int, object, list[_Said]]] = []
        """Those that none has yet, by the place that says them and what is there where it says
        nothing."""
        self._instants: list[int] = []
        """All of these, sorted."""
        self._unknown: dict[tuple[int, int], frozenset[str]] = {}
        """By clock, and how many of these were over: the counters that were not known yet."""
        self._said = list(_said(kind, force))
        self._meet_the_rest()
        self.fields = frozenset(each.fields for each in self._said)
        """Those of which it is known since when the feed has carried them."""
        self.always = self._declared(kind, force.file.carries)
        """Those that the force's file says the feed carries, so that none is 0."""
        said = tuple(self._said)
        self._needs = kind.once(
            ("needs", said), lambda: [_needs(kind, clock, said) for clock in kind.clocks]
        )
        self.shown = kind.once(
            ("shown", said), lambda: [_shown(kind, clock, said) for clock in kind.clocks]
        )
        """By clock and counter, the fields that a record has to have to be counted there."""

    def _declared(self, kind: Kind, names: Collection[str]) -> frozenset[str]:
        """The fields that a force's file names, and what they are a part of: who sends one marker
        sends markers. Where either of two says a fact, one of them is enough."""
        named = {
            each
            for each in self.fields
            if any(not {*names}.isdisjoint(ways) for ways in spelled(kind, each))
        }
        return self.fields & {whole for each in named for whole in (each, *_wholes(each))}

    def meet(self, facts: tuple[object, ...]) -> None:
        """Meets facts that are new: whether a record with them is taken is not known yet."""
        met = {
            each.fields
            for place, silent, said in self._to_meet
            if facts[place] != silent
            for each in said
            if each.holds(facts)
        }
        if met:
            self._met |= met
            self._meet_the_rest()
            self._look_out()

    def _meet_the_rest(self) -> None:
        by_place: dict[tuple[int, object], list[_Said]] = {}
        for each in self._said:
            if each.fields not in self._met:
                by_place.setdefault((each.place, each.silent), []).append(each)
        self._to_meet = [(*place, said) for place, said in by_place.items()]

    def note(self, facts: tuple[object, ...], when: int) -> None:
        """Notes what a record has that was taken, at its event time. In which order records come,
        or versions of one, makes no difference."""
        for each in self._said:
            if each.holds(facts):
                self._has(each.fields, when)

    def note_counted(self, counters: Iterable[str], when: int) -> None:
        """The same of records that are gone, of which some counters of the first clock are left."""
        for name in counters:
            for fields in self.shown[0].get(name, NOTHING):
                self._has(fields, when)

    def note_field(self, fields: str, when: int) -> None:
        """The same of a field, as what is known of records that are gone names it."""
        if fields in self.fields:
            self._has(fields, when)

    def _has(self, fields: str, when: int) -> None:
        if when < self.since.get(fields, when + 1):
            self.restore({**self.since, fields: when})

    def restore(self, since: Mapping[str, int]) -> None:
        """Puts back what a checkpoint has."""
        self.since = {fields: when for fields, when in since.items() if fields in self.fields}
        self._instants = sorted(self.since.values())
        self._unknown.clear()
        self._look_out()

    def _look_out(self) -> None:
        any_record = self._met - self.since.keys()
        latest = 1 << WHEN_BITS if any_record else max(self._instants, default=0)
        self.packed_before = latest << self._when_shift

    def unknown(self, clock: int, end: int) -> frozenset[str]:
        """The counters of a clock that are not known before an instant, since what they rest on was
        not carried until then."""
        place = clock, bisect_left(self._instants, end)
        found = self._unknown.get(place)
        if found is None:
            missing, needs = self._missing(end), self._needs[clock]
            found = self._unknown[place] = frozenset(
                name for name, fields in needs.items() if not missing.isdisjoint(fields)
            )
        return found

    def by(self, end: int) -> dict[str, int]:
        """The fields that were carried before an instant, and since when."""
        return {fields: when for fields, when in sorted(self.since.items()) if when < end}

    @property
    def never(self) -> list[str]:
        """The fields of which no record had any."""
        return named_once(self.fields - self.since.keys() - self.always)

    def missing(self, clock: int, counters: Iterable[str], end: int) -> list[str]:
        """The fields that some counters rest on and that were not carried before an instant."""
        return self.lacking(self.needed(clock, counters), end)

    def lacking(self, fields: Collection[str], end: int) -> list[str]:
        """Those of some fields that were not carried before an instant."""
        return named_once(self._missing(end).intersection(fields))

    def begun(self, clock: int, counters: Iterable[str]) -> int:
        """Since when all is carried that some counters rest on, in ms; 0 where it is nothing. When
        the first record with a rare marker came says nothing of when a feed began to send it."""
        needed = {self.whole_of(each) for each in self.needed(clock, counters)} - self.always
        return max((self.since[each] for each in needed if each in self.since), default=0)

    def whole_of(self, fields: str) -> str:
        """The set that a marker is in; any other field is itself."""
        whole = fields.partition(".")[0]
        return whole if whole in self.fields and self._is_mark(fields) else fields

    def _is_mark(self, fields: str) -> bool:
        return any(each.bits and each.fields == fields for each in self._said)

    def needed(self, clock: int, counters: Iterable[str]) -> frozenset[str]:
        """The fields that some counters of a clock rest on."""
        needs = self._needs[clock]
        return NOTHING.union(*(needs[name] for name in counters if name in needs))

    def needs(self, clock: int) -> Mapping[str, frozenset[str]]:
        """By counter of a clock, the fields that it rests on."""
        return self._needs[clock]

    def _missing(self, end: int) -> frozenset[str]:
        since = self.since
        return frozenset(each for each in self.fields - self.always if since.get(each, end) >= end)


def named_once(fields: Set[str]) -> list[str]:
    """Fields in order; without the markers where none at all is carried.

    >>> named_once({"outcome", "markers", "markers.hate.racial"}), named_once({"markers.cse"})
    (['markers', 'outcome'], ['markers.cse'])
    """
    return sorted(each for each in fields if fields.isdisjoint(_wholes(each)))


def _wholes(fields: str) -> Iterator[str]:
    """What a field is a part of, from its last name up."""
    while "." in fields:
        fields = fields.rpartition(".")[0]
        yield fields


def names_of_fields(kind: Kind, force: Force) -> set[str]:
    """Every name by which a force's file may say that a feed carries a field, or does not."""
    fields = {each.fields for each in _said(kind, force)}
    return {name for each in fields for ways in spelled(kind, each) for name in ways}


def spelled(kind: Kind, fields: str) -> list[tuple[str, str]]:
    """How a force's file may name each of the fields that say a fact: by itself, or with its
    feed."""
    return [(each, f"{kind.feed}.{each}") for each in fields.split(" or ")]


def _said(kind: Kind, force: Force) -> Iterator[_Said]:
    wanted = kind.once("values asked for", lambda: _values_asked_for(kind))
    for place, fact in enumerate(kind.columns):
        match fact:
            case Marks(name):
                yield _Said(place, 0, name)
                for of, value in wanted:
                    if of == name and (bits := fact.bits(force, value)):
                        yield _Said(place, 0, f"{name}.{value}", bits)
            case Code(name, none):
                yield _Said(place, none, name)
            case Number(field=field, part=part):
                yield _Said(place, 0, f"{field}.{part}" if part else field)
            case Flag(when=Present(field)):
                yield _Said(place, 0, field)
            case Flag(rests_on=fields) if fields:
                yield _Said(place, 0, fields)
            case Choice(name, values=("", *_)):
                yield _Said(place, 0, name)
            case Case(rests_on=field) if field:
                yield _Said(place, 0, field, value=fact.case_of(Present(field)))
            case Case(otherwise=otherwise) if otherwise == UNKNOWN:
                yield _Said(place, 0, " or ".join(_fields_asked(kind, fact)))
            case _:  # it says something of every record
                pass


def _values_asked_for(kind: Kind) -> list[tuple[str, str]]:
    """The values of sets that any counter asks for, each with the name of its set."""
    asked = (q for each in kind.counters for q in each.when.questions() if isinstance(q, Has))
    return list(dict.fromkeys((q.name, q.value) for q in asked))


def _fields_asked(kind: Kind, case: Case) -> list[str]:
    """The fields of an event that its cases are told by, but for the first clock."""
    durations = {each.name: each for each in kind.durations}
    found: list[str] = []
    for _, when in case.cases:
        for question in when.questions():
            if isinstance(question, Within):
                of = durations[question.name]
                found += [*of.since, *of.until]
            else:
                found.append(question.name)
    return [each for each in dict.fromkeys(found) if each != kind.clocks[0]]


def _needs(kind: Kind, clock: str, said: Iterable[_Said]) -> dict[str, frozenset[str]]:
    """By counter of a clock, the fields that it rests on: those of the facts and durations that it
    asks for, and what says when it counts."""
    of_fact = {kind.columns[each.place].name: each.fields for each in said if not each.bits}
    flags = {each.name for each in kind.columns if isinstance(each, Flag) and each.rests_on}
    # What takes time is a share or mean of those that had it: of none it is not known anyway.
    says_when = [fields for name, fields in of_fact.items() if name not in flags]
    by_case = _cases_of(kind, of_fact)
    for duration in kind.durations:
        ends = [*duration.since, *duration.until]
        if duration.name in by_case:
            of_fact[duration.name] = by_case[duration.name]
            continue
        known = [fields for fields in says_when if set(fields.split(" or ")) & set(ends)]
        of_fact.update(dict.fromkeys([duration.name], known[0]) if known else {})
    by_clock = {f for f in of_fact.values() if clock != kind.clocks[0] and clock in f.split(" or ")}

    def needed(when: Condition, *names: str) -> frozenset[str]:
        questions = list(when.questions())
        asked = {question.name for question in questions} | set(names)
        marks = {f"{q.name}.{q.value}" for q in questions if isinstance(q, Has)}
        return frozenset({of_fact[name] for name in asked if name in of_fact} | by_clock | marks)

    found = {each.name: needed(each.when, each.adds) for each in kind.counters_by(clock)}
    for timing in kind.timings_by(clock):
        found |= {name: needed(timing.when, timing.duration) for name, _ in timing.counters}
    return found


def _cases_of(kind: Kind, of_fact: Mapping[str, str]) -> dict[str, str]:
    """By duration, what a fact rests on whose cases are told by it."""
    return {
        question.name: of_fact[fact.name]
        for fact in kind.facts
        if isinstance(fact, Case) and fact.name in of_fact
        for _, when in fact.cases
        for question in when.questions()
        if isinstance(question, Within)
    }


def _shown(kind: Kind, clock: str, said: Iterable[_Said]) -> dict[str, frozenset[str]]:
    """By counter of a clock, the fields that a record has to have to be counted there."""
    of_fact = {kind.columns[each.place].name: each for each in said if not each.bits}

    def of(part: Condition) -> Iterator[str]:
        if isinstance(part, Not) and isinstance(part.of, Not):
            part = part.of.of
        if isinstance(part, Has | Is | Present | Flagged) and (fact := of_fact.get(part.name)):
            column = kind.columns[fact.place]
            shows = fact.value is None or (
                isinstance(part, Is)
                and isinstance(column, Case)
                and [column.values.index(each) for each in part.allowed] == [fact.value]
            )
            if shows:
                yield fact.fields
        if isinstance(part, Has):
            whole = part.name
            for name in part.value.split("."):  # who is marked with a strand is marked with it all
                whole = f"{whole}.{name}"
                yield whole

    def shown(counter: Counter) -> frozenset[str]:
        found = {fields for part in counter.when.parts() for fields in of(part)}
        if counter.adds in of_fact:
            found.add(of_fact[counter.adds].fields)
        return frozenset(found)

    return {each.name: shown(each) for each in kind.counters_by(clock)}

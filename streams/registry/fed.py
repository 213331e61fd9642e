"""What each field of an event feeds: the measures that it can change, by the declarations.

A measure is read from counters, a counter is a condition on what is known of a record, and that is
known by fields. So from a field follow the measures; none of it is written down twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from streams.registry.aggregates import Mean, Quantile
from streams.registry.conditions import ALWAYS, Condition, Is
from streams.registry.counting import CounterOfAll
from streams.registry.dimensions import AREA
from streams.registry.facts import Case, FieldFact, Flag, Number
from streams.registry.kind import Kind
from streams.registry.measures import ChosenShare, Gauge, Group, Measure
from streams.registry.registry import REGISTRY, Registry


def measures_fed(kind: Kind, fields: Iterable[str]) -> dict[str, list[tuple[Group, Measure]]]:
    """By field of a kind, of those that are given, the measures that it can change; a field that is
    an object stands with its parts (`units.arrived_at`)."""
    known = frozenset(fields)
    found: dict[str, list[tuple[Group, Measure]]] = {each: [] for each in known}
    for group in kind.groups:
        for measure in group.measures:
            for field in _fields_of(kind, group, measure, known):
                found[field].append((group, measure))
    return found


def people_fed(kind: Kind, field: str, registry: Registry = REGISTRY) -> list[str]:
    """The indicators that count the people in a field of a kind, by name."""
    of = field.removesuffix(".id")
    roles = {each.role for each in kind.people if each.field == of}
    return [
        indicator.name
        for indicator in registry.indicators.values()
        if indicator.repeats is not None
        and indicator.repeats.kind == kind.name
        and not roles.isdisjoint({*indicator.repeats.roles, *indicator.repeats.no_other})
    ]


def _fields_of(kind: Kind, group: Group, measure: Measure, known: frozenset[str]) -> frozenset[str]:
    """The fields that a measure hangs on."""
    names: set[str | Is] = {group.clock, *_asked(group.where), *group.dimensions, AREA}
    value = measure.value
    timings = {each.sum: each for by in kind.clocks for each in kind.timings_by(by)}
    if isinstance(value, Gauge):
        gauge = next(each for each in kind.gauges if each.name == value.records)
        names |= {kind.clocks[0], gauge.since, *_asked(gauge.condition)}
    else:
        shares = value.shares if isinstance(value, ChosenShare) else [value]
        needs = {each for share in shares for each in share.needs}
        names |= _asked_by(kind, needs)
        if isinstance(value, Mean | Quantile) and value.timing in timings:
            timing = timings[value.timing]
            names |= {timing.duration, *_asked(timing.when), *_asked(kind.counts)}
    reader = _reader(kind, known)
    return frozenset(field for name in names for field in reader(name))


def _asked_by(kind: Kind, counters: Iterable[str]) -> set[str | Is]:
    """What some counters ask for."""
    found: set[str | Is] = set()
    for counter in (each for each in kind.counters if each.name in {*counters}):
        found |= {counter.adds, counter.clock or kind.clocks[0], *_asked(counter.when)}
        found |= _asked(ALWAYS if isinstance(counter, CounterOfAll) else kind.counts)
    return found


def _asked(condition: Condition) -> set[str | Is]:
    """What a condition asks for: names; and whether something is one of some values, since a case
    does not hang on those that it goes before."""
    return {each if isinstance(each, Is) else each.name for each in condition.questions()}


@cache
def _reader(kind: Kind, known: frozenset[str]) -> FieldReader:
    return FieldReader(kind, known)


class FieldReader:
    """Resolves names of a kind to fields, each once."""

    def __init__(self, kind: Kind, known: frozenset[str]) -> None:
        self.kind, self.known = kind, known
        self._columns = {each.name: each for each in kind.columns}
        self._durations = {each.name: each for each in kind.durations}
        self._met: dict[str | Is, frozenset[str]] = {}

    def __call__(self, name: str | Is) -> frozenset[str]:
        """The fields behind a name, or behind what is asked of it."""
        if name not in self._met:
            self._met[name] = frozenset()  # a fact may ask for the field of its own name
            self._met[name] = frozenset(self._fields(name))
        return self._met[name]

    def _fields(self, asked: str | Is) -> Iterator[str]:
        name = asked.name if isinstance(asked, Is) else asked
        yield from self._itself(name)
        column, duration = self._columns.get(name), self._durations.get(name)
        if isinstance(column, Number):
            yield from self._parts(column)
        elif isinstance(column, FieldFact):
            for each in column.read:
                yield from self._itself(each)
        elif isinstance(column, Flag):
            yield from self._of_all(_asked(column.when))
        elif isinstance(column, Case):
            first = 0
            if isinstance(asked, Is):
                cases = [column.values.index(of) for of in asked.allowed if of in column.values]
                if not cases:
                    return  # it is asked of the field of that name
                first = max(0, min(cases) - 1)  # the last case that holds of a record is the one
            yield from self._of_all(
                {each for _, when in column.cases[first:] for each in _asked(when)}
            )
        if duration is not None:
            since = duration.since or self.kind.clocks[:1]
            yield from self._of_all((*since, *duration.until, *_asked(duration.when)))

    def _of_all(self, names: Iterable[str | Is]) -> Iterator[str]:
        for each in names:
            yield from self(each)

    def _itself(self, name: str) -> Iterator[str]:
        """A field, and those of the parts of a list that stand for it where it is left out."""
        if name in self.known:
            yield name
        for time in self.kind.times:
            part = f"{time.earliest_of}.{name}"
            if time.field == name and part in self.known:
                yield part

    def _parts(self, number: Number) -> Iterator[str]:
        """Of a number of people: what says that they are there, and the part that it asks for."""
        asked = {f"{each.field}.{each.part}" for each in self._columns.values()
                 if isinstance(each, Number) and each.part}  # fmt: skip
        for field in self.known:
            whole, _, part = field.partition(".")
            if whole == number.field and (field not in asked or part == number.part):
                yield field

"""Whether every name in the declarations of a kind is the name of something.

A counter over a fact that there is not, or a measure over a counter that there is not, would else
be found as the first record comes, or never. An error names the entry, the field and the names
that there are.
"""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Collection, Iterable
from string import Formatter
from typing import Any

from streams.errors import DeclarationError
from streams.registry.aggregates import DURATIONS, Mean, Quantile
from streams.registry.conditions import Condition, Has, Is, OfForce, Within
from streams.registry.counting import CounterOfAll
from streams.registry.facts import Case, FieldFact, Flag, Number
from streams.registry.kind import Kind
from streams.registry.measures import (
    ChosenShare,
    Gauge,
    Group,
    Measure,
    WatchPolicy,
)
from streams.registry.repeats import RepeatRule


def check(kind: Kind) -> None:
    """Raises `DeclarationError` for the first name that is of nothing."""
    _Checks(kind).everything()


def check_place(entry: str, kind: Kind, where: Condition) -> None:
    """Raises `DeclarationError` where a condition on series asks for anything but values of the
    dimensions of their kind."""
    checks = _Checks(kind)
    dimensions = [each.name for each in kind.dimensions]
    for question in where.parts():
        if not isinstance(question, Is):
            raise DeclarationError(f"{kind.name}, {entry}: a series is found by values alone")
    checks.of_facts(entry, where, dimensions)


def check_repeats(entry: str, kind: Kind | None, rule: RepeatRule) -> None:
    """Raises `DeclarationError` where a rule about people names a kind, role or fact that there is
    not, or a duration, which a record's facts do not say."""
    if kind is None:
        raise DeclarationError(f'{entry}: kind "{rule.kind}" is none of the registry')
    checks = _Checks(kind)
    roles = {each.role for each in kind.people}
    checks.among(entry, "roles", (*rule.roles, *rule.no_other), roles)
    for name, condition in (("when", rule.when), ("linked", rule.linked)):
        checks.of_facts(entry, condition)
        if any(isinstance(each, Within) for each in condition.questions()):
            raise DeclarationError(f"{kind.name}, {entry}: {name} asks for a duration")
    if missing := [part for part in kind.people_in.parts() if part not in rule.when.parts()]:
        raise DeclarationError(f"{kind.name}, {entry}: when lacks {missing[0]}, where people are")


class _Checks:
    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.fields = set(kind.struct.__struct_fields__)
        self.times = {*kind.clocks, *(each.field for each in kind.times)}
        self.durations = {each.name for each in kind.durations}
        self.columns = {each.name: each for each in kind.columns}

    def everything(self) -> None:
        kind = self.kind
        self.names()
        for clock in kind.clocks:
            self.among("clocks", "field", (clock,), self.fields)
        for time in kind.times:
            entry = f"time {time.field}"
            self.among(entry, "field", (time.field,), self.fields)
            self.among(entry, "after", (time.after,) if time.after else (), self.times)
            lists = (time.earliest_of,) if time.earliest_of else ()
            self.among(entry, "earliest_of", lists, self.fields)
        for duration in kind.durations:
            self.among(f"duration {duration.name}", "until", duration.until, self.times)
            self.among(f"duration {duration.name}", "since", duration.since, self.times)
            self.of_event(f"duration {duration.name}", duration.when)
        for people in kind.people:
            self.among(f"people {people.role}", "field", (people.field,), self.fields)
        for rule in kind.rules:
            self.of_event(f"rule {rule.reason}", rule.when)
        self.facts()
        for counter in kind.counters:
            self.of_facts(f"counter {counter.name}", counter.when)
            self.by_clock(f"counter {counter.name}", counter.clock)
            numbers = [each.name for each in kind.facts if isinstance(each, Number)]
            if counter.adds:
                self.among(f"counter {counter.name}", "adds", (counter.adds,), numbers)
            of_all = isinstance(counter, CounterOfAll)
            timed = any(isinstance(each, Within) for each in counter.when.parts())
            if timed and (counter.adds or of_all):
                which = "counts all records" if of_all else "adds numbers"
                raise DeclarationError(
                    f"{kind.name}, counter {counter.name}: what {which} can't hang on a duration"
                )
        self.timings()
        for name, condition in (
            ("counts", kind.counts),
            *((f"gauge {each.name}", each.condition) for each in kind.gauges),
            ("people_in", kind.people_in),
            ("unfinished", kind.unfinished),
        ):
            self.of_facts(name, condition)
        for gauge in kind.gauges:
            since = (gauge.since,) if gauge.since else ()
            self.among(f"gauge {gauge.name}", "since", since, self.durations)
        for group in kind.groups:
            self.group(group)

    def names(self) -> None:
        """Two of one name would be taken for each other."""
        kind = self.kind
        facts = [each.name for each in kind.columns]
        listed = {"facts": facts + [each.name for each in kind.durations]}
        listed["gauges"] = [each.name for each in kind.gauges]
        for clock, layout in zip(kind.clocks, kind.layouts, strict=True):
            listed[f"counters by {clock}"] = list(layout.names)
        for what, names in listed.items():
            self.once(what, names, "called")

    def facts(self) -> None:
        for column in self.kind.columns:
            entry = f"fact {column.name}"
            if isinstance(column, FieldFact):
                self.among(entry, "name", (column.name,), self.fields)
            elif isinstance(column, Number):
                self.among(entry, "field", (column.field,), self.fields)
            elif isinstance(column, Flag):
                self.of_event(entry, column.when)
            elif isinstance(column, Case):
                for _, when in column.cases:
                    self.of_event(entry, when)

    def timings(self) -> None:
        """A bin is kept by its duration, so two timings of one duration would share their bins."""
        for timing in self.kind.timings:
            entry = f"timing {timing.sum}"
            self.among(entry, "duration", (timing.duration,), self.durations)
            self.of_facts(entry, timing.when)
            self.by_clock(entry, timing.clock)
        for clock in self.kind.clocks:
            durations = [each.duration for each in self.kind.timings_by(clock) if each.binned]
            self.once(f"timings by {clock}", durations, "of")

    def once(self, what: str, names: Iterable[str], are: str) -> None:
        """Raises for a name that there is twice."""
        for name, number in Counts(names).items():
            if number > 1:
                raise DeclarationError(f'{self.kind.name}: {number} {what} are {are} "{name}"')

    def group(self, group: Group) -> None:
        self.by_clock(f"group {group.name}", group.clock)
        dimensions = [each.name for each in self.kind.dimensions]
        entry = f"group {group.name}"
        self.among(entry, "dimensions", group.dimensions, dimensions)
        self.of_facts(entry, group.where, dimensions)
        for beside in group.performance.beside if group.performance else ():
            named = {f"{g.name}.{m.name}" for g in self.kind.groups for m in g.measures}
            measures = (beside.name, f"oldest_{beside.name}")
            self.among(entry, "beside", [f"{beside.group}.{name}" for name in measures], named)
        layout = self.kind.layouts[self.kind.clocks.index(group.clock)]
        for measure in group.measures:
            entry = f"measure {group.name}.{measure.name}"
            self.among(entry, "value", _needs(measure), layout.names)
            if isinstance(measure.value, Gauge):
                gauges = [each.name for each in self.kind.gauges]
                self.among(entry, "records", (measure.value.records,), gauges)
            if isinstance(measure.value, Mean | Quantile):
                quantile = isinstance(measure.value, Quantile)
                timings = [
                    each.sum
                    for each in self.kind.timings_by(group.clock)
                    if each.binned or not quantile
                ]
                self.among(entry, "timing", (measure.value.timing,), timings)
            if measure.watch is not None:
                self.watch(entry, measure, measure.watch, group)

    def watch(self, entry: str, measure: Measure, watch: WatchPolicy, group: Group) -> None:
        """What a sentence is about names dimensions, and the whole where one says what happened. Of
        means that of the first timing can be watched."""
        if isinstance(measure.value, Mean):
            self.among(entry, "watched timing", (measure.value.timing,), (DURATIONS,))
        named = {name for _, name, _, _ in Formatter().parse(watch.subject) if name is not None}
        self.among(entry, "watch.subject", named, group.dimensions)
        narrow = [name for name in group.dimensions if self.kind.dimension(name).narrows]
        if narrow and not watch.of_all:
            raise DeclarationError(
                f"{self.kind.name}, {entry}: watch.of_all is missing, which says what all values "
                f"of {narrow[0]} together are called"
            )

    def by_clock(self, entry: str, clock: str) -> None:
        self.among(entry, "clock", (clock,) if clock else (), self.kind.clocks)

    def of_event(self, entry: str, condition: Condition) -> None:
        """A condition on an event names its fields, times and durations."""
        for question in condition.questions():
            known = self.durations if isinstance(question, Within) else self.fields
            self.among(entry, "when", (question.name,), known)

    def of_facts(
        self, entry: str, condition: Condition, names: Collection[str] | None = None
    ) -> None:
        """A condition on facts names these and their values, and durations."""
        for question in condition.questions():
            if isinstance(question, OfForce):
                continue
            if isinstance(question, Within):
                self.among(entry, "when", (question.name,), self.durations)
                if question not in condition.parts():
                    raise DeclarationError(
                        f"{self.kind.name}, {entry}: what is asked of {question.name} has to be "
                        "joined to the rest by &"
                    )
                continue
            self.among(entry, "when", (question.name,), self.columns if names is None else names)
            column = self.columns[question.name]
            if not isinstance(question, column.answers):
                asked = type(question).__name__.lower()
                raise DeclarationError(
                    f'{self.kind.name}, {entry}: "{asked}" can\'t be asked of {question.name}'
                )
            values = column.listed_values()
            if values is not None and isinstance(question, Is | Has):
                self.among(entry, question.name, question.values(), values)

    def among(self, entry: str, field: str, names: Iterable[Any], known: Collection[Any]) -> None:
        for name in names:
            if name not in known:
                raise DeclarationError(
                    f'{self.kind.name}, {entry}: {field} "{name}" is none of '
                    + ", ".join(sorted(map(str, known)))
                )


def _needs(measure: Measure) -> set[str]:
    """The counters that a measure is read from."""
    if isinstance(measure.value, Gauge):
        return set()
    if isinstance(measure.value, ChosenShare):
        return {name for each in measure.value.shares for name in each.needs}
    return set(measure.value.needs)

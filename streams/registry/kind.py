"""What a kind of record declares: all of it as data, with no force in it.

One kind a file beside this one. From its declarations follow how a record is judged and packed
(`streams.registry.packing`), what it counts in, and all that shows a measure of it. Names are
checked when a registry is made of kinds (`streams.registry.checks`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from streams.config.force import Force
from streams.events.schema import PartialStamp, Record
from streams.registry.conditions import ALWAYS, NEVER, Condition, Is, Within, of_force
from streams.registry.counting import Counter, CounterLayout, Timing
from streams.registry.digests import ClockCounters, digest
from streams.registry.dimensions import Dimension, SeriesLayout
from streams.registry.facts import Fact
from streams.registry.measures import Group, Measure
from streams.registry.times import LONGEST

T = TypeVar("T")


@dataclass(frozen=True)
class Time:
    """A time of a record that is judged: it may not be later than `updated_at`, and not earlier
    than the one that it comes `after`, where that is known to the second.

    `bounded`: it may not be more than `LONGEST` after that either. `doubtful`: where it can't be
    true it is taken for not known, so that an error in it loses no record. `planned`: it is
    doubtful too, but may lie ahead. `earliest_of`: the list of the event, such as its units, whose
    earliest time of that name it is where it is left out."""

    field: str
    after: str = ""
    bounded: bool = False
    doubtful: bool = False
    planned: bool = False
    earliest_of: str = ""


@dataclass(frozen=True)
class Duration:
    """Milliseconds from the first of `since` that there is (by default the first clock) to the
    first of `until`, where `when` holds of the event: no less than 0 and no more than `longest`. A
    duration beyond that is set to it, or is not known where it is not `clamped`.

    Both have to be known to the second, or `to_the_day` to the day."""

    name: str
    until: tuple[str, ...]
    since: tuple[str, ...] = ()
    when: Condition = ALWAYS
    longest: int = LONGEST
    clamped: bool = True
    to_the_day: bool = False


@dataclass(frozen=True)
class Rule:
    """What makes a record one that can't be counted: its reason, and in words why."""

    reason: str
    when: Condition
    words: str


@dataclass(frozen=True)
class People:
    """A field of an event that names people by pseudonym, one or several, and what they are in it
    (`victim`). The records of each are found again by them (`streams.fold.links`)."""

    field: str
    role: str


@dataclass(frozen=True)
class OpenRecords:
    """Records that are open at a moment (calls waiting): those of which `when` holds of the facts.

    Each is open since the time of its first clock, or since a duration from there has passed
    (`since` names it). `lost_after` gives the ms after which it is shown as unknown, by the values
    of its dimensions: its end must be lost. With `kept` it is known only where the force says so,
    by these values; `said` is that in words."""

    name: str
    when: Condition
    since: str = ""
    lost_after: Callable[[Force, Mapping[str, Any]], int] = lambda _force, _known: 0
    kept: Callable[[Force, Mapping[str, Any]], object] | None = None
    said: str = ""

    @property
    def condition(self) -> Condition:
        """What a record has to be."""
        return self.when if self.kept is None else self.when & of_force(self.kept, self.said)


@dataclass(frozen=True)
class Kind:
    """A kind of record.

    `clocks` are fields of `struct`: by the time of the first a record is filed and sealed, by the
    others it may be counted too. `horizon`: how long a new record is taken after its event time, in
    ms; then its period is sealed. `grace`: a period closes with the first record of an hour that
    comes so long, or longer, after its end (ms), so that most of its records are there.

    `counts` is what a record has to be to count in more than a `CounterOfAll`, `gauges` say which
    are open at a moment, `unfinished` is one whose end is still to come, so that it stays beyond
    the horizon; where no more than its day or month is known it is neither, since it comes from no
    live feed.

    `people` are found again in the records that are `people_in`, which stay for `people_for` ms
    after their time where that is longer than the horizon.

    A tuple of facts has the indices of the dimensions, then the values of `facts`, in this order.
    """

    name: str
    feed: str
    struct: type[Record]
    horizon: int
    grace: int
    clocks: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    counters: tuple[Counter, ...]
    groups: tuple[Group, ...]
    times: tuple[Time, ...] = ()
    rules: tuple[Rule, ...] = ()
    durations: tuple[Duration, ...] = ()
    facts: tuple[Fact, ...] = ()
    timings: tuple[Timing, ...] = ()
    people: tuple[People, ...] = ()
    people_in: Condition = ALWAYS
    people_for: int = 0
    counts: Condition = ALWAYS
    gauges: tuple[OpenRecords, ...] = ()
    unfinished: Condition = NEVER

    def once(self, what: Hashable, work_out: Callable[[], T]) -> T:
        """What follows from the kind alone, and from `what` names it by: worked out once for all
        forces."""
        if what not in self._worked_out:
            self._worked_out[what] = work_out()
        found: T = self._worked_out[what]
        return found

    @cached_property
    def _worked_out(self) -> dict[Hashable, Any]:
        return {}

    @cached_property
    def series(self) -> SeriesLayout:
        """The series keys."""
        return SeriesLayout(self.dimensions)

    @cached_property
    def layouts(self) -> tuple[CounterLayout, ...]:
        """What is counted in each series, by clock."""
        return tuple(
            CounterLayout.of(self.counters_by(clock), self.timings_by(clock))
            for clock in self.clocks
        )

    @cached_property
    def everything(self) -> tuple[Group, Measure]:
        """The measure that says how many records there are, and its group: the first of the group
        that no series is left out of."""
        group = next((each for each in self.groups if each.where == ALWAYS), self.groups[0])
        return group, group.measures[0]

    @cached_property
    def hourly(self) -> bool:
        """Whether it is watched by the hour: a silence of its feed is judged while it lasts."""
        watches = (each.watch for group in self.groups for each in group.measures)
        return any(each is not None and "hour" in each.grains for each in watches)

    def dimension(self, name: str) -> Dimension:
        """A dimension by its name."""
        return next(each for each in self.dimensions if each.name == name)

    def holds(self, force: Force, condition: Condition, indices: Sequence[int]) -> bool:
        """Whether a condition on dimensions holds of a series, by the index of each."""
        values = {
            dimension.name: dimension.name_at(force, index)
            for dimension, index in zip(self.dimensions, indices, strict=True)
        }
        return all(
            isinstance(part, Is) and part.admits(values[part.name]) for part in condition.parts()
        )

    @cached_property
    def columns(self) -> tuple[Fact, ...]:
        """What a tuple of facts holds."""
        return (*self.dimensions, *self.facts)

    def counters_by(self, clock: str) -> list[Counter]:
        """The counters of a clock."""
        return [each for each in self.counters if (each.clock or self.clocks[0]) == clock]

    def timings_by(self, clock: str) -> list[Timing]:
        """The timings of a clock."""
        return [each for each in self.timings if (each.clock or self.clocks[0]) == clock]

    @cached_property
    def kept_durations(self) -> tuple[Duration, ...]:
        """The durations that a packed record holds: those that something is counted by."""
        asked = {each.duration for each in self.timings} | {each.since for each in self.gauges}
        for counter in self.counters:
            asked |= {q.name for q in counter.when.questions() if isinstance(q, Within)}
        return tuple(each for each in self.durations if each.name in asked)

    @cached_property
    def duration_of(self) -> Mapping[str, int]:
        """By counter of a sum of durations: the place of that duration in `kept_durations`, which
        its bins in the histogram have as well."""
        places = {each.name: place for place, each in enumerate(self.kept_durations)}
        return {
            name: places[t.duration] for t in self.timings if t.binned for name, _ in t.counters
        }

    @cached_property
    def meaning(self) -> str:
        """A digest of all that decides what a packed record is."""
        return digest(
            self.name, self.clocks, self.dimensions, self.facts, self.times, self.rules,
            self.kept_durations, self.gauges, self.unfinished, self.people,
            self.people_in, self.people_for,
        )  # fmt: skip

    @cached_property
    def counted(self) -> tuple[ClockCounters, ...]:
        """What is counted, by clock."""
        return tuple(map(self._counted_by, self.clocks))

    def _counted_by(self, clock: str) -> ClockCounters:
        layout = self.layouts[self.clocks.index(clock)]
        how = {each.name: digest(self.counts, each) for each in self.counters_by(clock)}
        timings = []
        for each in self.timings_by(clock):
            for name, _ in each.counters:
                how[name] = digest(self.counts, each)
            if each.binned:
                timings.append((self.duration_of[each.sum], how[each.sum]))
        bits = ((name, layout.mask[name].bit_length()) for name in layout.names)
        return ClockCounters(tuple((name, size, how[name]) for name, size in bits), tuple(timings))

    @cached_property
    def partial_times(self) -> frozenset[str]:
        """The fields of times that may be known only to the day or month."""
        return frozenset(
            each.name
            for each in msgspec.structs.fields(self.struct)
            if each.type == PartialStamp | None
        )

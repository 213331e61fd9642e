"""The one place where an event becomes a number, and a number what it counts.

A *packed record* is one integer that holds everything of a record that any figure needs. The
ledger puts version and time above it in the same integer, so that one comparison finds the winner
among versions, whatever order they came in:

```
| when, ms: 42 bits | precision: 2 | other clocks: 44 each | durations | facts: 24 | open: 1 |
```

`when` is the event time by which the record is filed; `precision` says whether it is known to the
second, or only to the day or month that starts then. Another clock has its time and precision in
the same way, or 0 for none; a duration its milliseconds plus one, or 0. `facts` is the index of the
tuple of its facts (`streams.registry.facts`), of which there are few: what a tuple counts in is
worked out when it is first met. `open` marks a record that any gauge counts; which of them do
follows from the facts, too (`GaugeReader`).

Indices are local to a process: a checkpoint keeps the table of tuples with its records. In one
process a packed record is canonical: two events have the same one exactly when no figure could
tell them apart.

What is done for every event is Python source, written from the kind's declarations once a packer is
made, as dataclasses are; a traceback shows it.
"""

from __future__ import annotations

import datetime as dt
import linecache
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import cache, partial
from itertools import count
from operator import itemgetter
from types import CodeType
from typing import Any, NamedTuple

from streams.config.force import Force, Target
from streams.errors import Refused
from streams.events.schema import Record
from streams.events.unknown_values import UnknownValues
from streams.periods import EPOCH, SECOND
from streams.registry.carried import Carried
from streams.registry.conditions import (
    All,
    Condition,
    Flagged,
    Is,
    OfForce,
    Precise,
    Present,
    Question,
    Within,
)
from streams.registry.counting import BIN_SHIFT, CounterOfAll
from streams.registry.dimensions import missing_field
from streams.registry.facts import Case, Fact, FieldFact, Flag, Number
from streams.registry.histogram import BINS, EXACT_BELOW, bin_of
from streams.registry.kind import Duration, Kind, OpenRecords, Time
from streams.registry.times import (
    DAY_PRECISE,
    EARLIEST,
    LONGEST,
    SECOND_PRECISE,
    WHEN_BITS,
    TimeJudge,
    partial_stamp,
    too_long,
)

OPEN = 1
"""The bit of a record that any gauge counts."""
FACT_BITS = 24
"""Room for 16 million different tuples of facts."""
FACT_MASK = (1 << FACT_BITS) - 1
"""The bits of an index of facts, moved down by one."""
_PRECISION_BITS = 2
_CLOCK_BITS = WHEN_BITS + _PRECISION_BITS
CLOCK_MASK = (1 << _CLOCK_BITS) - 1
"""The bits of a time and its precision."""
_MOST_KNOWN = 200_000
"""Values of a field that are remembered with what the force's lists say of them."""

Facts = tuple[Any, ...]
"""The facts of a record: indices of its dimensions, then the values of its other facts."""

Contribution = tuple[int, int, int, int, int, tuple[int, ...]]
"""What a record counts by one clock: (index of the clock, when in ms, precision, series key,
counters, bin keys). The counters are what it adds to those of the series, as one integer
(`CounterLayout`); a bin key is the key of a histogram bin that its duration lies in. A plain tuple,
since it is made twice an event."""

Given = tuple[Any, ...]
"""What a tuple of facts gives to the functions below: the series key, the counters that it settles,
the limits of durations. Many tuples give the same."""

Counted = Callable[[int, Given], Contribution | None]
"""What a packed record counts by one clock; None where it counts nothing."""

Put = Callable[[int, dict[int, int], int, Given], bool]
"""Puts what a packed record counts by one clock into a pane, the third argument being 1, or takes
it out, -1; returns whether it counts anything. It does the same as `Counted` and adding up, in half
the time."""

PutAll = Callable[[list[int], dict[int, int], int, Given], None]
"""The same for several records with the same facts, each of which counts something: counters are
added up among them, and added to those of the pane once."""


class Way(NamedTuple):
    """How a packed record is counted by one clock: the same for many tuples of facts."""

    counted: Counted
    put: Put
    put_all: PutAll | None
    """None where not every record counts something."""


class ByClock:
    """What packed records count by one clock. The lists are by index of a tuple of facts."""

    __slots__ = ("given", "partial", "shift", "ways")

    def __init__(self, shift: int, *, partial: bool) -> None:
        self.shift, self.partial = shift, partial
        """Where its time stands in a packed record, the precision in the two bits below it; 0 there
        for a record without one. And whether it may be known only to the day or month."""
        self.ways: list[Way] = []
        self.given: list[Given] = []

    def contribution(self, packed: int) -> Contribution | None:
        """What a packed record counts; None where it counts nothing."""
        index = packed >> 1 & FACT_MASK
        return self.ways[index].counted(packed, self.given[index])

    def put(self, packed: int, pane: dict[int, int], sign: int) -> bool:
        """Puts that into a pane (`sign` 1) or takes it out (-1); returns whether it is anything. It
        is for a record that has a time by this clock."""
        index = packed >> 1 & FACT_MASK
        return self.ways[index].put(packed, pane, sign, self.given[index])


Limit = int | Callable[[int], int]
"""A limit in ms; where targets differ by date the function of the instant that finds it."""


class FactTable:
    """Every tuple of facts that was met, by index; it only grows."""

    def __init__(self) -> None:
        self.tuples: list[Facts] = []

    def __len__(self) -> int:
        return len(self.tuples)

    def add(self, facts: Facts) -> int:
        """Takes in a new tuple; returns its index."""
        if len(self.tuples) > FACT_MASK:
            raise Refused("ledger_full", f"more than {FACT_MASK:,} different sets of facts")
        self.tuples.append(facts)
        return len(self.tuples) - 1


class Packer:
    """Packs the records of one kind of one force, and says what they count."""

    def __init__(self, kind: Kind, force: Force) -> None:
        self.kind, self.force = kind, force
        self.layouts = kind.layouts
        self.unknown = UnknownValues()
        """Values that no list of the force knows, of records that count all the same."""
        self.facts = FactTable()
        self._judge = TimeJudge()
        self._columns: list[tuple[int, FieldFact, dict[Any, Any]]] = [
            (place, column, {})
            for place, column in enumerate(kind.columns)
            if isinstance(column, FieldFact)
        ]
        """The facts that force lists are asked for, by their place in a tuple, and what they said
        of the values that they have."""
        self._dates = {c.name: dates for _, c, _ in self._columns if (dates := c.dates(force))}
        """By the name of a fact whose values mean something else from then on: the instants."""
        self._met: dict[Facts, int] = {}
        """By tuple of facts: the lowest bits of the records that have it, index and open bit."""
        self._open_in: list[int] = []
        """By index of a tuple, bit by bit, which gauges count the records that have it."""
        self._places = kind.once("places", partial(_Places, kind))
        self.bits = self._places.bits
        self.when_shift = self.bits - WHEN_BITS
        self.carried = Carried(kind, force, self.when_shift)
        """What the feed has carried, by the records that were taken."""
        self.later_clocks = sum(CLOCK_MASK << each for each in self._places.times[1:])
        """The bits of the times by other clocks than the first."""
        self.precision_shift = self.when_shift - _PRECISION_BITS
        self._counting = _Counting(kind, force, self._places)
        self.by_clock = tuple(
            ByClock(shift, partial=clock in kind.partial_times)
            for clock, shift in zip(kind.clocks, self._places.times, strict=True)
        )
        self._unfinished: list[bool] = []
        self._series_keys: list[int] = []
        self.gauges = {
            gauge.name: GaugeReader(self, gauge, place) for place, gauge in enumerate(kind.gauges)
        }
        """What is open, by name."""
        self.pack: Callable[[Any, int], int] = _pack_of(self)
        """The packed record of an event; raises `Refused`. The second argument is its
        `updated_at`, in ms."""

    def contributions(self, packed: int) -> tuple[Contribution, ...]:
        """What a packed record counts; () where it counts nowhere (a cancelled crime)."""
        found = [clock.contribution(packed) for clock in self.by_clock]
        return tuple([each for each in found if each is not None])

    def test_of(self, condition: Condition) -> Callable[[int], bool]:
        """Whether a condition on facts holds of a packed record; never of a deleted one, 0."""
        names = ", ".join(column.name for column in self.kind.columns)
        out = _Lines()
        out.add(0, "def holds(_facts):")
        out.add(1, f"{names}, = _facts")
        out.add(1, f"return bool({condition.source(self._counting.put)})")
        title = f"a test of a {self.kind.name}"
        asks = dict(self._counting.asks)
        holds: Callable[[Facts], bool] = _made(out.text(), "holds", title, asks)
        known: dict[int, bool] = {}

        def test(packed: int) -> bool:
            if not packed:
                return False
            index = (packed >> 1) & FACT_MASK
            found = known.get(index)
            if found is None:
                found = known[index] = holds(self.facts.tuples[index])
            return found

        return test

    @property
    def skewed(self) -> int:
        """Times that were set back by no more than the skew of two clocks."""
        return self._judge.skewed

    @skewed.setter
    def skewed(self, times: int) -> None:
        self._judge.skewed = times

    def when_of(self, packed: int) -> tuple[int, int]:
        """(When in ms, precision) of a packed record."""
        return packed >> self.when_shift, (packed >> self.precision_shift) & 3

    def facts_of(self, packed: int) -> Facts:
        """The tuple of facts of a packed record."""
        return self.facts.tuples[(packed >> 1) & FACT_MASK]

    def shift_of(self, duration: str) -> int:
        """Where a duration begins in a packed record: the first ones of a kind stand highest, and
        above them nothing but times."""
        return self._places.durations[duration][0]

    def series_key(self, packed: int) -> int:
        """The series key of a packed record."""
        return self._series_keys[(packed >> 1) & FACT_MASK]

    def unfinished(self, packed: int) -> bool:
        """Whether the record's end is still to come, so that it stays beyond the horizon; never of
        a tombstone, 0."""
        precise = (packed >> self.precision_shift) & 3 == SECOND_PRECISE
        return packed != 0 and precise and self._unfinished[(packed >> 1) & FACT_MASK]

    def wins_tie(self, packed: int, old: int) -> bool:
        """Whether a record wins over another of the same version and time of update: the larger by
        its times, dimensions, durations and facts wins, whatever order they came in."""
        return self._rank(packed) > self._rank(old)

    def _rank(self, packed: int) -> tuple[Any, ...]:
        if not packed:
            return ()
        facts, dimensions = self.facts_of(packed), len(self.kind.dimensions)
        durations = packed & ((1 << self._places.durations_end) - 1)
        return (
            packed >> self._places.durations_end,
            facts[:dimensions],
            durations >> 1 + FACT_BITS,
            facts[dimensions:],
            packed & OPEN,
        )

    def restore(self, tuples: Sequence[Facts]) -> None:
        """Puts the tuples of a checkpoint back into an empty table, in their order."""
        for facts in tuples:
            self._intern(facts)

    def _look_up(self, event: Record, facts: Facts, when: int) -> int:
        """Index and open bit of the facts that an event has, None for those that the force's lists
        have not been asked for; raises `Refused`. `when` is its time by the first clock."""

        def note(field: str, value: str) -> None:
            self.unknown.note(event, field, value)

        found = list(facts)
        for place, column, known in self._columns:
            if found[place] is None:
                raw = column.refined(self.force, event, getattr(event, column.name))
                found[place] = column.value_then(self.force, raw, note, when)
                if len(known) < _MOST_KNOWN and column.knows_then(self.force, raw, when):
                    read = [getattr(event, name) for name in column.read]
                    if dates := self._dates.get(column.name):
                        read.append(bisect_right(dates, when))
                    known[read[0] if len(read) == 1 else tuple(read)] = found[place]
        return self._intern(tuple(found))

    def _intern(self, facts: Facts) -> int:
        """Index and open bit of a tuple of facts."""
        found = self._met.get(facts)
        if found is None:
            index = self.facts.add(facts)
            self.carried.meet(facts)
            series_key = self.kind.series.of(*facts[: len(self.kind.dimensions)])
            open_in, unfinished, *counts = self._counting.of(facts, series_key)
            for clock, (way, given) in zip(self.by_clock, counts, strict=True):
                clock.ways.append(way)
                clock.given.append(given)
            self._unfinished.append(unfinished)
            self._series_keys.append(series_key)
            self._open_in.append(open_in)
            found = self._met[facts] = index << 1 | (open_in > 0)
        return found


class GaugeReader:
    """Says of packed records whether one of the gauges of their kind counts them, since when."""

    def __init__(self, packer: Packer, gauge: OpenRecords, place: int) -> None:
        self.gauge, self._packer, self._place = gauge, packer, place
        self._since = packer._places.durations[gauge.since] if gauge.since else None
        self._lost_after: dict[int, int] = {}
        """By index of a tuple of facts."""

    def counts(self, packed: int) -> bool:
        """Whether it counts an open record."""
        return self._packer._open_in[(packed >> 1) & FACT_MASK] >> self._place & 1 > 0

    def since(self, packed: int) -> int:
        """Since when that is open, in ms; it may lie ahead."""
        when = packed >> self._packer.when_shift
        if self._since is None:
            return when
        shift, mask = self._since
        return when + (packed >> shift & mask) - 1

    def lost_after(self, packed: int) -> int:
        """Milliseconds after which it is shown as unknown: its end must be lost."""
        index = (packed >> 1) & FACT_MASK
        found = self._lost_after.get(index)
        if found is None:
            packer = self._packer
            known = _Named(packer.kind, packer.force, packer.facts.tuples[index])
            found = self._lost_after[index] = self.gauge.lost_after(packer.force, known)
        return found

    def is_lost(self, packed: int, at: int) -> bool:
        """Whether it has been open so long at an instant (ms) that its end must be lost."""
        return at - self.since(packed) > self.lost_after(packed)


class _Places:
    """Where everything is in a packed record of a kind: the lowest bit of each."""

    def __init__(self, kind: Kind) -> None:
        self.facts = 1
        at = self.facts + FACT_BITS
        self.durations: dict[str, tuple[int, int]] = {}
        """By name: the lowest bit, and the mask of the value moved down."""
        for duration in reversed(kind.kept_durations):
            bits = (duration.longest + 1).bit_length()
            self.durations[duration.name] = at, (1 << bits) - 1
            at += bits
        self.durations_end = at
        self.clocks: dict[str, int] = {}
        for clock in reversed(kind.clocks[1:]):
            self.clocks[clock] = at
            at += _CLOCK_BITS
        self.precision = at
        self.when = self.precision + _PRECISION_BITS
        self.bits = self.when + WHEN_BITS
        self.times = (self.precision, *(self.clocks[clock] for clock in kind.clocks[1:]))
        """By number of a clock: its time, and the precision below."""


# -- what is done for every event ------------------------------------------------------------------


class _Lines:
    """Lines of Python as they are written, each at its depth."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, depth: int, line: str) -> None:
        """Adds a line."""
        self.lines.append("    " * depth + line)

    def text(self) -> str:
        """All of them."""
        return "\n".join(self.lines) + "\n"


_numbers = count(1)


@cache
def _compiled(source: str, title: str) -> CodeType:
    """A source as code, its text where tracebacks look for it. Many forces declare the same."""
    file = f"<{title} {next(_numbers)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    return compile(source, file, "exec")


def _made(source: str, name: str, title: str, names: dict[str, Any]) -> Any:
    """The function `name` that a source defines."""
    exec(_compiled(source, title), names)  # noqa: S102 - written here, from declarations
    return names[name]


def _pack_of(packer: Packer) -> Callable[[Any, int], int]:
    """The function that packs a kind's events."""
    kind, dated = packer.kind, frozenset(packer._dates)
    source = kind.once(("pack", dated), lambda: _PackSource(kind, packer._places, dated).text())
    names = {
        "_earliest": _earliest,
        "_epoch": EPOCH,
        "_judge": packer._judge,
        "_numbers": {f.name: f.of for f in packer.kind.facts if isinstance(f, Number)},
        "_met": packer._met,
        **{f"_known_{column.name}": known for _, column, known in packer._columns},
        "_look_up": packer._look_up,
        "_dates": packer._dates,
        "_place_in": bisect_right,
        "_from_text": dt.datetime.fromisoformat,
        "_partial": _cached_stamps(packer.force),
        "_missing": missing_field,
        "_too_long": too_long,
        "_Refused": Refused,
    }
    made: Callable[[Any, int], int] = _made(source, "pack", f"pack a {kind.name}", names)
    return made


def _earliest(field: str, several: Sequence[Any]) -> dt.datetime | None:
    """The earliest time of that name in a list of an event; None where none of it has one."""
    found = (getattr(each, field) for each in several)
    return min((at for at in found if at is not None), default=None)


def _cached_stamps(force: Force) -> Callable[[str, str], tuple[int, int]]:
    """`partial_stamp` in a force's zone, which remembers days and months."""
    known: dict[str, tuple[int, int]] = {}
    zone = force.zone

    def stamp(field: str, text: str) -> tuple[int, int]:
        found = known.get(text)
        if found is None:
            found = partial_stamp(field, text, zone)
            if len(known) < _MOST_KNOWN:
                known[text] = found
        return found

    return stamp


class _PackSource:
    """The source of `pack(_event, _updated)`: judges the times of an event, works out its facts and
    durations, and puts them into one integer. Fields and facts are locals of their own name."""

    def __init__(self, kind: Kind, places: _Places, dated: Set[str]) -> None:
        self.kind, self.places, self.dated = kind, places, dated
        self.first = kind.clocks[0]
        self.partial = kind.partial_times
        self.out = _Lines()

    def text(self) -> str:
        """The source."""
        out, first = self.out, self.first
        out.add(0, "def pack(_event, _updated):")
        out.add(1, "_stamp = _event.updated_at")
        self.first_clock()
        for field in self.read_fields():
            out.add(1, f"{field} = _event.{field}")
        for time in self.kind.times:
            if several := time.earliest_of:
                out.add(1, f"if {time.field} is None and _event.{several}:")
                out.add(2, f"{time.field} = _earliest({time.field!r}, _event.{several})")
        for rule in self.kind.rules:
            out.add(1, f"if {self.asked(rule.when)}:")
            out.add(2, f"raise _Refused({rule.reason!r}, {rule.words!r})")
        for time in self.kind.times:
            self.time(time)
        self.durations()
        self.facts()
        for clock, shift in self.places.clocks.items():
            out.add(1, f"if {clock} is not None:")
            precision = f"{clock}_precision" if clock in self.partial else "0"
            out.add(2, f"_packed |= ({clock} << 2 | {precision}) << {shift}")
        # Nearly every combination has been met before; where one has not, something is no key.
        facts = [self.raw(column) for column in self.kind.columns]
        out.add(1, "try:")
        out.add(2, f"_found = _met[{', '.join(known for known, _ in facts)},]")
        out.add(1, "except KeyError:")
        out.add(2, f"_facts = ({', '.join(or_none for _, or_none in facts)},)")
        out.add(2, f"_found = _look_up(_event, _facts, {first})")
        if first in self.partial:
            out.add(1, f"if {first}_precision:")
            out.add(2, f"_found = _found >> 1 << 1 | {first}_precision << {self.places.precision}")
        out.add(1, "return _packed | _found")
        return out.text()

    def read_fields(self) -> list[str]:
        """The fields that become locals: times that are judged, and what conditions ask."""
        kind = self.kind
        wanted = {*kind.clocks[1:], *(time.field for time in kind.times)}
        conditions = [
            *(rule.when for rule in kind.rules),
            *(duration.when for duration in kind.durations),
            *(fact.when for fact in kind.facts if isinstance(fact, Flag)),
            *(when for fact in kind.facts if isinstance(fact, Case) for _, when in fact.cases),
        ]
        for condition in conditions:
            wanted |= {q.name for q in condition.questions() if not isinstance(q, Within)}
        return [f for f in kind.struct.__struct_fields__ if f in wanted and f != self.first]

    def first_clock(self) -> None:
        """The time by which a record is filed."""
        out, first = self.out, self.first
        out.add(1, f"{first} = _event.{first}")
        out.add(1, f"if {first} is None:")
        out.add(2, f"raise _missing({first!r})")
        self.to_ms(1, first)
        out.add(1, f"if not {EARLIEST} <= {first} <= _updated:")
        out.add(2, f"{first} = _judge.begun({first!r}, {first}, _updated)")

    def to_ms(self, depth: int, field: str) -> None:
        """Makes milliseconds of a time. Most versions are written at one of their times, which is
        then known; and a division of timedeltas takes longer than all of this."""
        out = self.out
        seconds = "(_since.days * 86400 + _since.seconds) * 1000"
        reckon = f"{field} = {seconds} + _since.microseconds // 1000"
        if field in self.partial:
            out.add(depth, f"if len({field}) > 10:")
            out.add(depth + 1, "try:")
            out.add(depth + 2, f"_since = _from_text({field}) - _epoch")
            # No time, or one without an offset: it says which.
            out.add(depth + 1, "except (ValueError, TypeError, OverflowError):")
            out.add(depth + 2, f"_partial({field!r}, {field})")
            out.add(depth + 2, "raise")
            out.add(depth + 1, reckon)
            out.add(depth + 1, f"{field}_precision = 0")
            out.add(depth, "else:")
            out.add(depth + 1, f"{field}, {field}_precision = _partial({field!r}, {field})")
            return
        out.add(depth, f"if {field} == _stamp:")
        out.add(depth + 1, f"{field} = _updated")
        out.add(depth, "else:")
        out.add(depth + 1, f"_since = {field} - _epoch")
        out.add(depth + 1, reckon)

    def facts(self) -> None:
        """What conditions on the event say of it."""
        for fact in self.kind.facts:
            if isinstance(fact, Flag):
                self.out.add(1, f"{fact.name} = 1 if {self.asked(fact.when)} else 0")
            elif isinstance(fact, Case):
                value = "0"
                for index, (_, when) in enumerate(fact.cases, start=1):
                    value = f"{index} if {self.asked(when)} else {value}"
                self.out.add(1, f"{fact.name} = {value}")
        self.numbers()

    def numbers(self) -> None:
        """The numbers that lists of the event come to; most events have none of them."""
        by_field: dict[str, list[str]] = {}
        for fact in self.kind.facts:
            if isinstance(fact, Number):
                by_field.setdefault(fact.field, []).append(fact.name)
        for field, names in by_field.items():
            self.out.add(1, f"_several = _event.{field}")
            self.out.add(1, "if _several:")
            for name in names:
                self.out.add(2, f"{name} = _numbers[{name!r}](_several)")
            self.out.add(1, "else:")
            self.out.add(2, f"{' = '.join(names)} = 0")

    def time(self, time: Time) -> None:
        """Another time, as far as it can be judged."""
        out, field, after = self.out, time.field, time.after
        exact = f" and not {after}_precision" if after in self.partial else ""
        began = after or field
        judged = f"({field!r}, {field}, {began!r}, {began}, _updated)"
        if time.planned:
            out.add(1, f"if {field} is not None:")
            self.to_ms(2, field)
            out.add(2, f"if {field} < {began}:")
            out.add(3, f"{field} = None")
            return
        if time.doubtful:
            out.add(1, f"if {field} is not None:")
            self.to_ms(2, field)
            out.add(2, f"if not {began} <= {field} <= _updated:")
            out.add(3, f"{field} = _judge.plausible{judged}")
            return
        if after and not self.reckoned(field) and not self.partial & {field, after}:
            # Nothing but its place is asked: where that is right, as it is for nearly all, it is
            # compared as it came.
            began = f"_event.{after}"
            exact = f" and not {began} <= {field} <= _stamp"
        out.add(1, f"if {field} is not None{exact}:")
        self.to_ms(2, field)
        if not after:
            out.add(2, f"if {field} > _updated:")
            out.add(3, f"{field} = _judge.known({field!r}, {field}, _updated)")
            return
        out.add(2, f"if not {after} <= {field} <= _updated:")
        out.add(3, f"{field} = _judge.after{judged}")
        if time.bounded:
            out.add(2, f"if {field} - {after} > {LONGEST}:")
            out.add(3, f"raise _too_long({field!r})")

    def reckoned(self, field: str) -> bool:
        """Whether a time is more than judged: a clock, or the end of a duration."""
        ends = {time for each in self.kind.durations for time in (*each.until, *each.since)}
        bounded = {time.field for time in self.kind.times if time.bounded}
        begins = {time.after for time in self.kind.times}
        return field in {*self.kind.clocks, *ends, *bounded, *begins}

    def durations(self) -> None:
        """Begins the packed record with the time and puts each duration into it; one that a fact
        asks for is a local, too, in ms, or -1."""
        out, first = self.out, self.first
        out.add(1, f"_packed = {first} << {self.places.when}")
        bounded = {time.field for time in self.kind.times if time.bounded}
        asked = {
            question.name
            for fact in self.kind.facts
            for when in _conditions(fact)
            for question in when.questions()
            if isinstance(question, Within)
        }
        for duration in self.kind.durations:
            place = self.places.durations.get(duration.name)
            if duration.name not in asked and place is None:
                continue
            if duration.name in asked:
                out.add(1, f"{duration.name} = -1")
            out.add(1, f"_until = {self.first_of(duration.until, duration)}")
            since = duration.since or (first,)
            there = "_until is not None"
            if since == (first,) and first not in self.partial:
                passed = f"_until - {first}"
            else:
                out.add(1, f"_since = {self.first_of(since, duration)}")
                passed, there = "_until - _since", f"{there} and _since is not None"
            only = self.asked(duration.when)
            if only != "True":
                there = f"{there} and ({only})"
            if not duration.clamped:
                there = f"{there} and 0 <= (_passed := {passed}) <= {duration.longest}"
                passed = "_passed"
            elif not all(until in bounded for until in duration.until):
                passed = f"min(max({passed}, 0), {duration.longest})"
            out.add(1, f"if {there}:")
            if duration.name in asked:
                out.add(2, f"{duration.name} = {passed}")
                passed = duration.name
            if place is not None:
                out.add(2, f"_packed |= {passed} + 1 << {place[0]}")

    def first_of(self, times: tuple[str, ...], duration: Duration) -> str:
        """The first of some times that is known as well as a duration needs, or None."""
        value = "None"
        for time in reversed(times):
            if value == "None" and time not in self.partial:
                value = time
                continue
            there = "" if time == self.first else f"{time} is not None"
            if time in self.partial:
                known = f"{time}_precision <= {DAY_PRECISE if duration.to_the_day else 0}"
                there = f"{there} and {known}" if there else known
            value = f"{time} if {there} else {value}" if there else time
        return value

    def raw(self, column: Fact) -> tuple[str, str]:
        """A column of the tuple where the force's lists have been asked for its value, which is no
        key else; and the same with None instead."""
        if isinstance(column, FieldFact):
            read = [f"_event.{name}" for name in column.read]
            if column.name in self.dated:
                read.append(f"_place_in(_dates[{column.name!r}], {self.first})")
            key = ", ".join(read)
            known = f"_known_{column.name}"
            return f"{known}[{key}]", f"{known}.get({key if len(read) == 1 else f'({key})'})"
        return column.name, column.name

    def asked(self, condition: Condition) -> str:
        """A condition on the event."""
        return condition.source(self.put)

    def put(self, question: Question) -> str:
        """A question about the event."""
        name = question.name
        match question:
            case Present():
                return f"{name} is not None"
            case Precise():
                return f"not {name}_precision" if name in self.partial else "True"
            case Flagged():
                return name
            case Is(allowed=(one,)):
                return f"{name} == {one!r}"
            case Is(allowed=several):
                return f"{name} in {several!r}"
            case Within(limit=int(limit)):
                return f"{question.shortest} <= {name} <= {limit}"
        raise AssertionError(f"{question} can't be asked of an event")


def _conditions(fact: Fact) -> list[Condition]:
    """The conditions on the event that a fact is made of."""
    if isinstance(fact, Flag):
        return [fact.when]
    return [when for _, when in fact.cases] if isinstance(fact, Case) else []


# -- what a record counts --------------------------------------------------------------------------


class _Counting:
    """What the records with a tuple of facts count, as a function of the packed record.

    A counter that asks for facts alone is settled by the tuple. Where it asks for a duration too,
    the tuple settles whether the duration is to be asked at all. Tuples that leave the same to be
    asked share their source.
    """

    def __init__(self, kind: Kind, force: Force, places: _Places) -> None:
        self.kind, self.force, self.places = kind, force, places
        self.asks: dict[str, Callable[[Facts], bool]] = {}
        """By the name that they have in a source, what a force is asked of a tuple."""
        self._given: dict[Given, Given] = {}
        """Each once: many tuples give the same."""
        self._counters: dict[int, int] = {}
        """Counters that tuples settle, each once: many series have the same."""
        self._bin_keys: dict[int, BinKeys] = {}
        """By series key."""
        self._dated: dict[tuple[tuple[dt.date, int], ...], Limit | None] = {(): None}
        """By targets: many series are held to the same, and some to none."""
        self._sources: dict[Question, str] = {}
        """By question about a tuple its source: counters ask the same ones."""
        self._read: set[int] = set()
        """The places in a tuple of facts that what records count hangs on, but for the series. An
        area is only one of them where the force holds areas to different targets."""
        self._values: Callable[[Facts], Any] = _values_at(())
        """What a tuple has in these places."""
        self._shapes: dict[Any, tuple[int, bool, list[_Shape | None]]] = {}
        """By these values what `of` finds, without the series; by clock, None where nothing is
        counted. Empty whenever a place has been added."""
        self._clocks = kind.once("counting", partial(_by_clock, kind, places))
        self._settle = self._settled()

    def of(self, facts: Facts, series_key: int) -> tuple[Any, ...]:
        """Which gauges count the records with these facts, whether their end is still to come, and
        by clock the way in which they are counted, with what its functions are given."""
        shape = self._shapes.get(self._values(facts))
        if shape is None:
            shape = self._shape_of(facts)
            self._shapes[self._values(facts)] = shape  # maybe of more places than before
        open_in, unfinished, clocks = shape
        found: list[Any] = [open_in, unfinished]
        for clock in clocks:
            if clock is None:
                found.append(_NOTHING)
                continue
            given: Given = (series_key, *clock.given)
            if clock.timed:
                given += (self._keys_of(series_key),)
            found.append((clock.way, self._given.setdefault(given, given)))
        return tuple(found)

    def _shape_of(self, facts: Facts) -> tuple[int, bool, list[_Shape | None]]:
        """What `of` finds, but for the series."""
        open_in, unfinished, *clocks = self._settle(facts)
        found: list[_Shape | None] = []
        for clock, (settled, may_ask) in zip(self._clocks, clocks, strict=True):
            asked, limits = self._limits_of(clock, may_ask, facts)
            if not settled and not asked:
                found.append(None)
                continue
            dated = tuple([callable(each) for each in limits])
            way = clock.way(bool(settled), asked, dated)
            given = self._counters.setdefault(settled, settled), *limits
            found.append(_Shape(way, given, timed=clock.is_timed(asked)))
        return open_in, unfinished, found

    def _asks(self, facts: Facts) -> _Named:
        """The dimensions of a tuple for a question to the force; what it looks at is noted."""
        return _Named(self.kind, self.force, facts, self._look_at)

    def _look_at(self, place: int) -> None:
        """Notes that what records count hangs on a place in a tuple."""
        if place not in self._read:
            self._read.add(place)
            self._values = _values_at(sorted(self._read))
            self._shapes.clear()

    def _keys_of(self, series_key: int) -> BinKeys:
        found = self._bin_keys.get(series_key)
        if found is None:
            found = self._bin_keys[series_key] = BinKeys(series_key)
        return found

    def _limits_of(
        self, clock: _ClockCounting, asked: int, facts: Facts
    ) -> tuple[int, list[Limit]]:
        """The limits that are asked for, and what is still to be asked: no counter of which a limit
        has no target."""
        limits: list[Limit] = []
        for place, questions in clock.questions(asked) if asked else ():
            found = [self._limit(each, facts) for each in questions]
            there = [each for each in found if each is not None]
            if len(there) == len(found):
                limits += there
            else:
                asked -= 1 << place
        return asked, limits

    def _limit(self, question: Within, facts: Facts) -> Limit | None:
        """The limit that a question asks for; None where no target sets one."""
        if isinstance(question.limit, int):
            return question.limit
        targets = question.limit(self.force, self._asks(facts))
        dated = tuple([(target.since, target.seconds) for target in targets])
        if dated not in self._dated:
            self._dated[dated] = _limit_of(self.force, targets)
        return self._dated[dated]

    def _settled(self) -> Callable[[Facts], Any]:
        """A function that says of a tuple bit by bit in which gauges it is open, whether it is
        unfinished, and by clock the counters that are settled and, bit by bit, which others are to
        be asked."""
        out, kind = _Lines(), self.kind
        out.add(0, "def settle(_facts):")
        names = [column.name for column in kind.columns]
        out.add(1, f"{', '.join(names)}, = _facts")
        clocks = []
        for clock in self._clocks:
            asked = [
                f"bool({each.source(self._put)}) << {place}"
                for place, each in enumerate(clock.conditions)
            ]
            clocks.append(f"({self._sum(clock.settled)}, {' | '.join(asked) or '0'})")
        gauges = [
            f"bool({each.condition.source(self._put)}) << {place}"
            for place, each in enumerate(kind.gauges)
        ]
        unfinished = f"bool({kind.unfinished.source(self._put)})"
        out.add(1, f"if not ({kind.counts.source(self._put)}):")
        of_all = [f"({self._sum(clock.of_all)}, 0)" for clock in self._clocks]
        out.add(2, f"return {', '.join(('0', unfinished, *of_all))}")
        out.add(1, f"return {', '.join((' | '.join(gauges) or '0', unfinished, *clocks))}")
        title = f"facts of a {kind.name}"
        made: Callable[[Facts], Any] = _made(out.text(), "settle", title, dict(self.asks))
        return made

    def _sum(self, settled: Sequence[Settled]) -> str:
        """What counters that facts settle add together."""
        added = []
        for each in settled:
            number = f"{each.adds} * {each.one}" if each.adds else f"{each.one}"
            if each.adds:
                self._look_at(self._place(each.adds))
            added.append(f"({each.when.source(self._put)} and {number})")
        return " + ".join(added) or "0"

    def _place(self, name: str) -> int:
        """The place of a fact in a tuple."""
        return [column.name for column in self.kind.columns].index(name)

    def _put(self, question: Question) -> str:
        """A question about a tuple, the answer to which decides what is counted."""
        found = self._sources.get(question)
        if found is None:
            if not isinstance(question, OfForce):
                self._look_at(self._place(question.name))
            found = self._sources[question] = self.put(question)
        return found

    def put(self, question: Question) -> str:
        """A question about a tuple."""
        if isinstance(question, OfForce):
            return self._put_to_force(question)
        column = self.kind.columns[self._place(question.name)]
        return f"({column.put(self.force, question, column.name)})"

    def _put_to_force(self, question: OfForce) -> str:
        """A question that the force answers, by the values of a tuple's dimensions."""

        def asked(facts: Facts) -> bool:
            return bool(question.asks(self.force, self._asks(facts)))

        name = f"_{question.asks.__name__}"
        self.asks[name] = asked
        return f"{name}(_facts)"


class _Shape(NamedTuple):
    """How the records of many series are counted by a clock: in which way, with the counters that
    facts settle and limits, and whether any duration is added up."""

    way: Way
    given: Given
    timed: bool


class Settled(NamedTuple):
    """A counter that facts settle: when it counts, what one is there, and the fact of which as many
    are added as it says, if it is not one."""

    when: Condition
    one: int
    adds: str


def _values_at(places: Sequence[int]) -> Callable[[Facts], Any]:
    """A function that gives what a tuple has in some places."""
    return itemgetter(*places) if places else lambda _: ()


class BinKeys(dict[int, int]):
    """By number of a histogram bin the keys of those of one series. Panes have them in common."""

    def __init__(self, series_key: int) -> None:
        super().__init__()
        self.series_key = series_key

    def __missing__(self, number: int) -> int:
        found = self[number] = self.series_key | number + 1 << BIN_SHIFT
        return found

    def __hash__(self) -> int:  # type: ignore[override]  # there is one of a series
        return self.series_key


def _by_clock(kind: Kind, places: _Places) -> list[_ClockCounting]:
    """What is counted by each clock of a kind."""
    return [_ClockCounting(kind, index, clock, places) for index, clock in enumerate(kind.clocks)]


class _ClockCounting:
    """What is counted by one clock of a kind."""

    def __init__(self, kind: Kind, index: int, clock: str, places: _Places) -> None:
        self.kind, self.index, self.clock, self.places = kind, index, clock, places
        self._ways: dict[Any, Way] = {}
        layout = kind.layouts[index]
        self.settled: list[Settled] = []
        """Counters that facts settle."""
        self.of_all: list[Settled] = []
        """Those of them that count all records."""
        self.conditions: list[Condition] = []
        """What facts have to be for the counters and timings that ask for durations."""
        self._asked: list[tuple[tuple[Within, ...], int]] = []
        """Of each of these the questions about durations, and what it counts; no counter, but the
        place of the timing in the kind for a timing."""
        self._timings: list[tuple[str, int, int, int | None]] = []
        self._questions: dict[int, list[tuple[int, tuple[Within, ...]]]] = {}
        """What `questions` gave: few combinations are asked."""
        for counter in kind.counters_by(clock):
            facts, asked = _split(counter.when)
            if asked:
                self.conditions.append(facts)
                self._asked.append((asked, layout.one(counter.name)))
            else:
                self.settled.append(Settled(facts, layout.one(counter.name), counter.adds))
                if isinstance(counter, CounterOfAll):
                    self.of_all.append(self.settled[-1])
        self._counters = len(self._asked)
        for timing in kind.timings_by(clock):
            self.conditions.append(timing.when)
            sums = layout.one(timing.sum), layout.one(timing.squares) if timing.squares else 0
            first = kind.duration_of[timing.sum] * BINS if timing.binned else None
            self._timings.append((timing.duration, *sums, first))

    def questions(self, asked: int) -> list[tuple[int, tuple[Within, ...]]]:
        """The questions about durations of the counters that are to be asked, with the place of
        each counter."""
        found = self._questions.get(asked)
        if found is None:
            found = self._questions[asked] = [
                (place, questions)
                for place, (questions, _) in enumerate(self._asked)
                if asked >> place & 1
            ]
        return found

    def is_timed(self, asked: int) -> bool:
        """Whether any duration is added up."""
        return asked >> self._counters > 0

    def way(self, has: bool, asked: int, dated: tuple[bool, ...]) -> Way:
        """The way for tuples that settle some counters (`has`), where the durations of `asked` are
        to be asked, and the limits of these are `dated` or not."""
        shape = has, asked, dated
        found = self._ways.get(shape)
        if found is None:
            title = f"what a {self.kind.name} counts"
            names: dict[str, Any] = {"_bin_of": bin_of}
            for write in (self._counted, self._put, *([self._put_all] if has else [])):
                out = _Lines()
                write(out, *shape)
                _made(out.text(), write.__name__.strip("_"), title, names)
            found = self._ways[shape] = Way(names["counted"], names["put"], names.get("put_all"))
        return found

    def _given(self, asked: int, dated: tuple[bool, ...]) -> tuple[str, Iterator[str]]:
        """What the functions are given, as names; and of these the limits, of the instant `_when`
        where they are dated."""
        limits = [f"_limit{place}" for place in range(len(dated))]
        given = ["_key", "_settled", *limits, *(["_keys"] if self.is_timed(asked) else [])]
        read = [f"{limit}(_when)" if on else limit for limit, on in zip(limits, dated, strict=True)]
        return f"{', '.join(given)}, = _given", iter(read)

    def _asked_counters(self, asked: int) -> list[tuple[tuple[Within, ...], int]]:
        """Of the counters that are asked the questions, and what each counts."""
        return [each for place, each in enumerate(self._asked) if asked >> place & 1]

    def _asked_timings(self, asked: int) -> list[tuple[str, int, int, int | None]]:
        """Of the timings that are asked the duration, what its sum and squares are added to, and
        the first of its bins, where it has any."""
        return [
            timing
            for place, timing in enumerate(self._timings)
            if asked >> self._counters + place & 1
        ]

    def _read(self, duration: str) -> str:
        """A duration of a packed record, in ms; -1 where it has none."""
        shift, mask = self.places.durations[duration]
        return f"(_packed >> {shift} & {mask}) - 1"

    def _reckon(self, out: _Lines, has: bool, asked: int, dated: tuple[bool, ...]) -> str | None:
        """Writes what has to be reckoned for one record, `_total` and `_bins`; returns the
        condition on which it counts anything (None: always)."""
        given, limits = self._given(asked, dated)
        out.add(1, given)
        if any(dated):
            out.add(1, f"_when = _packed >> {self.places.when}")
        out.add(1, "_total = _settled")
        counters, timings = self._asked_counters(asked), self._asked_timings(asked)
        names = [q.name for questions, _ in counters for q in questions] + [t[0] for t in timings]
        for name in dict.fromkeys(names):
            out.add(1, f"{name} = {self._read(name)}")
        for questions, counted in counters:
            out.add(1, f"if {_hold(questions, limits)}:")
            out.add(2, f"_total += {counted}")
        # Sums stand above all counts, in integers of thousands of bits: they are added up by
        # themselves, and put in their place once.
        lowest = _place(min((sum_ for _, sum_, _, _ in timings), default=1))
        out.add(1, "_bins, _sums = (), 0" if timings else "_bins = ()")
        for duration, sum_, squares, first in timings:
            out.add(1, f"if {duration} >= 0:")
            out.add(2, f"_sums += {duration} << {_place(sum_) - lowest}")
            if squares:
                out.add(2, f"_sums += {duration} * {duration} << {_place(squares) - lowest}")
            if first is not None:
                out.add(2, f"_seconds = {duration} // {SECOND}")
                out.add(2, f"_bins += (_keys[{_bin(first)}],)")
        if timings:
            out.add(1, f"_total += _sums << {lowest}")
        if has:
            return None
        return "_total or _bins" if timings else "_total"

    def _counted(self, out: _Lines, has: bool, asked: int, dated: tuple[bool, ...]) -> None:
        """Writes the function that gives the contribution."""
        out.add(0, "def counted(_packed, _given):")
        out.add(1, f"_time = _packed >> {self.places.times[self.index]} & {CLOCK_MASK}")
        there = self._reckon(out, has, asked, dated)
        conditions = [*(["_time"] if self.index else []), *([f"({there})"] if there else [])]
        if conditions:
            out.add(1, f"if not ({' and '.join(conditions)}):")
            out.add(2, "return None")
        out.add(1, f"return {self.index}, _time >> 2, _time & 3, _key, _total, _bins")

    def _put(self, out: _Lines, has: bool, asked: int, dated: tuple[bool, ...]) -> None:
        """Writes the function that puts it into a pane."""
        out.add(0, "def put(_packed, _pane, _sign, _given):")
        there = self._reckon(out, has, asked, dated)
        if there:
            out.add(1, f"if not ({there}):")
            out.add(2, "return False")
        self._add_up(out)
        if self.is_timed(asked):
            out.add(1, "for _bin in _bins:")
            _count_bin(out, 2)
        out.add(1, "return True")

    def _put_all(self, out: _Lines, _has: bool, asked: int, dated: tuple[bool, ...]) -> None:
        """Writes the function that puts several records with the same facts into a pane. Durations
        are lists, of all records in the same order."""
        out.add(0, "def put_all(_records, _pane, _sign, _given):")
        given, limits = self._given(asked, dated)
        out.add(1, given)
        out.add(1, "_total = _settled * len(_records)")
        counters, timings = self._asked_counters(asked), self._asked_timings(asked)
        names = [q.name for questions, _ in counters for q in questions] + [t[0] for t in timings]
        for name in dict.fromkeys(names):
            out.add(1, f"{name}_of = [{self._read(name)} for _packed in _records]")
        if any(dated):
            out.add(1, f"_when_of = [_packed >> {self.places.when} for _packed in _records]")
        for questions, counted in counters:
            holds, read = _hold(questions, limits), dict.fromkeys(q.name for q in questions)
            if "(_when)" in holds:
                read["_when"] = None
            each, lists = ", ".join(read), ", ".join(f"{name}_of" for name in read)
            lists = lists if len(read) == 1 else f"zip({lists})"
            out.add(1, f"_total += {counted} * sum([{holds} for {each} in {lists}])")
        for duration, sum_, squares, first in timings:
            out.add(1, f"_there = [{duration} for {duration} in {duration}_of if {duration} >= 0]")
            out.add(1, f"_total += {sum_} * sum(_there)")
            if squares:
                out.add(1, f"_total += {squares} * sum([_each * _each for _each in _there])")
            if first is None:
                continue
            out.add(1, "for _each in _there:")
            out.add(2, f"_seconds = _each // {SECOND}")
            out.add(2, f"_bin = _keys[{_bin(first)}]")
            _count_bin(out, 2)
        self._add_up(out)

    def _add_up(self, out: _Lines) -> None:
        """Adds `_total` to the counters of a pane's series, or takes it away."""
        out.add(1, "_value = _pane.get(_key, 0) + (_total if _sign > 0 else -_total)")
        out.add(1, "if _value:")
        out.add(2, "_pane[_key] = _value")
        out.add(1, "else:")
        out.add(2, "_pane.pop(_key, None)")


def _place(one: int) -> int:
    """The lowest bit of a counter, of the integer in which it is 1."""
    return one.bit_length() - 1


def _hold(questions: Iterable[Within], limits: Iterator[str]) -> str:
    """Whether durations lie within their limits."""
    return " and ".join(f"{q.shortest} <= {q.name} <= {next(limits)}" for q in questions)


def _bin(first: int) -> str:
    """The number of the bin of `_seconds`, `first` being the first of those of its duration."""
    number = f"_seconds if _seconds < {EXACT_BELOW} else _bin_of(_seconds)"
    return f"({number}) + {first}" if first else number


def _count_bin(out: _Lines, depth: int) -> None:
    """Counts one more in the bin `_bin` of a pane, or one less."""
    out.add(depth, "_value = _pane.get(_bin, 0) + _sign")
    out.add(depth, "if _value:")
    out.add(depth + 1, "_pane[_bin] = _value")
    out.add(depth, "else:")
    out.add(depth + 1, "del _pane[_bin]")


def _split(condition: Condition) -> tuple[Condition, tuple[Within, ...]]:
    """What a condition asks of facts, and what of durations besides."""
    facts = [part for part in condition.parts() if not isinstance(part, Within)]
    asked = tuple(part for part in condition.parts() if isinstance(part, Within))
    return All(tuple(facts)), asked


def _counts_nothing(_packed: int, _given: Given) -> Contribution | None:
    """What a record counts that counts nowhere."""
    return None


def _puts_nothing(_packed: int, _pane: dict[int, int], _sign: int, _given: Given) -> bool:
    """The same, to be put into a pane."""
    return False


_NOTHING: tuple[Way, Given] = Way(_counts_nothing, _puts_nothing, None), ()


class _Named(Mapping[str, Any]):
    """The values of the dimensions in a tuple of facts, by name. Each is looked up when it is asked
    for, and its place is given to `look_at`."""

    __slots__ = ("_facts", "_force", "_kind", "_look_at")

    def __init__(
        self, kind: Kind, force: Force, facts: Facts, look_at: Callable[[int], None] | None = None
    ) -> None:
        self._kind, self._force, self._facts, self._look_at = kind, force, facts, look_at

    def __getitem__(self, name: str) -> Any:
        for place, dimension in enumerate(self._kind.dimensions):
            if dimension.name == name:
                if self._look_at is not None:
                    self._look_at(place)
                return dimension.name_at(self._force, self._facts[place])
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter([dimension.name for dimension in self._kind.dimensions])

    def __len__(self) -> int:
        return len(self._kind.dimensions)


def _limit_of(force: Force, targets: Sequence[Target]) -> Limit:
    """The limit that targets set. Before the first date holds the first."""
    steps = force.target_steps(targets)
    if len({limit for _, limit, _ in steps}) == 1:  # no look at the date is needed
        return steps[0][1]

    def limit(when: int) -> int:
        for since, length, _ in steps:
            if when >= since:
                return length
        return steps[-1][1]

    return limit

"""Facts: what is known of a record besides its times and durations, each a small value.

The dimensions and facts of a record are one tuple of small values, of which there are few: what a
record with these facts counts in is worked out once for every distinct tuple
(`streams.registry.packing`). Here a fact says how its value is made of an event, and how a
condition asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from streams.config.force import Force, Markers
from streams.events.unknown_values import shown
from streams.registry.conditions import Condition, Flagged, Has, Is, Present, Question

UNKNOWN = "unknown"
"""The case of a record that does not say which (`Case.otherwise`)."""

Note = Callable[[str, str], None]
"""Takes note of a field and of its value that no list of the force knows."""


@dataclass(frozen=True)
class Fact:
    """A value of a record's tuple."""

    name: str

    answers: ClassVar[tuple[type[Question], ...]]
    """The questions that can be asked of it."""
    says: ClassVar[str] = ""
    """What it is, in words, where its declaration does not say."""

    def put(self, force: Force, question: Question, value: str) -> str:
        """A question as a Python expression about `value`."""
        raise NotImplementedError

    def listed_values(self) -> Sequence[Any] | None:
        """The values that a condition may name; None where a force's own lists say, and a condition
        may name what only some have."""
        return None


@dataclass(frozen=True)
class Flag(Fact):
    """Whether a condition on the event holds."""

    answers = (Flagged,)
    when: Condition
    rests_on: str = ""
    """The field, or fields, that a feed has to carry for a flag that is not set to say anything,
    where the condition is not that there is one (`present`)."""

    def put(self, force: Force, question: Question, value: str) -> str:
        """Whether it is set."""
        return value


@dataclass(frozen=True)
class Case(Fact):
    """One of several cases: the last one of which the condition on the event holds, else
    `otherwise`."""

    answers = (Is,)
    otherwise: str
    cases: tuple[tuple[str, Condition], ...]
    rests_on: str = ""
    """What a feed has to carry for the cases to say anything; where `otherwise` is `UNKNOWN`, by
    default the fields that they are told by. Where one of the cases is that there is that
    (`present`), it alone shows that the feed carries it, else any but `otherwise`."""

    def case_of(self, condition: Condition) -> int | None:
        """The index of the case of a condition; None where there is none."""
        whens = [when for _, when in self.cases]
        return 1 + whens.index(condition) if condition in whens else None

    @property
    def values(self) -> tuple[str, ...]:
        """The cases by index."""
        return (self.otherwise, *(name for name, _ in self.cases))

    def put(self, force: Force, question: Question, value: str) -> str:
        """Whether it is one of some."""
        return one_of(self.values, question, value)

    def listed_values(self) -> Sequence[Any] | None:
        """The cases."""
        return self.values


@dataclass(frozen=True)
class FieldFact(Fact):
    """A fact that is the value of the event's field of its name."""

    def value(self, force: Force, raw: Any, note: Note) -> Any:
        """The value in a tuple; what is unknown is noted and left out."""
        raise NotImplementedError

    @property
    def read(self) -> tuple[str, ...]:
        """The fields of an event that its value hangs on."""
        return (self.name,)

    def refined(self, force: Force, event: Any, raw: Any) -> Any:
        """What the field says, seen with the others that are `read`."""
        return raw

    def knows(self, force: Force, raw: Any) -> bool:
        """Whether it is a value of which there are only so many."""
        raise NotImplementedError

    def dates(self, force: Force) -> Sequence[int]:
        """The instants, in ms, at which its values begin to mean something else."""
        return ()

    def value_then(self, force: Force, raw: Any, note: Note, when: int) -> Any:
        """The value of a record of that time."""
        return self.value(force, raw, note)

    def knows_then(self, force: Force, raw: Any, when: int) -> bool:
        """Whether it is a value of which there are only so many, of a record of that time."""
        return self.knows(force, raw)


def declared_markers(force: Force) -> Markers:
    """The markers that a force's file declares, and those that are built in."""
    return force.markers


@dataclass(frozen=True)
class Marks(FieldFact):
    """A set of names that the force's file declares, as a number with a bit for each."""

    answers = (Has, Present)
    says = "which of the markers that the force's file declares"
    listed: Callable[[Force], Markers]

    def value(self, force: Force, raw: Any, note: Note) -> int:
        """The bits of those that are declared."""
        bits = 0
        for each in raw:
            index = self.listed(force).resolve(each)
            if index is None:
                note(self.name, shown(each))
            else:
                bits |= 1 << index
        return bits

    def knows(self, force: Force, raw: Any) -> bool:
        """Whether all are declared."""
        index = self.listed(force).index
        return all(each in index for each in raw)

    def put(self, force: Force, question: Question, value: str) -> str:
        """Whether there are any; or a name is among them, or one that lies within it."""
        if isinstance(question, Present):
            return f"{value} != 0"
        (wanted,) = question.values()
        return f"{value} & {self.bits(force, wanted)}"

    def bits(self, force: Force, wanted: str) -> int:
        """The bits of a name and of those that lie within it."""
        return _bits_within(tuple(self.listed(force).paths), wanted)


@dataclass(frozen=True)
class Code(FieldFact):
    """A published code of the event, as it is; `none` stands for none."""

    answers = (Present, Is)
    says = "a published code, as it is"
    none: int | str = 0

    def value(self, force: Force, raw: Any, note: Note) -> int | str:
        """The code."""
        return self.none if raw is None else raw

    def knows(self, force: Force, raw: Any) -> bool:
        """The schema bounds it."""
        return True

    def put(self, force: Force, question: Question, value: str) -> str:
        """Whether there is one, or it is one of some."""
        if isinstance(question, Present):
            return f"{value} != {self.none!r}"
        return f"{value} in {tuple(question.values())!r}"


@dataclass(frozen=True)
class Number(Fact):
    """How many there are of something in a field of the event (people killed); a counter may add
    it up."""

    answers = (Present,)
    says = "a number of people"
    field: str
    of: Callable[[Any], int]
    part: str = ""
    """What of the field says it, where a feed may carry the field without that."""

    def put(self, force: Force, question: Question, value: str) -> str:
        """Whether there is any."""
        return f"{value} != 0"


@lru_cache(maxsize=10_000)
def _bits_within(paths: tuple[str, ...], wanted: str) -> int:
    """The bits of those of some names that are one, or lie within it."""
    return sum(1 << n for n, path in enumerate(paths) if f"{path}.".startswith(f"{wanted}."))


def one_of(values: Sequence[str], question: Question, value: str) -> str:
    """Whether an index is that of an admitted value, as an expression about `value`."""
    return _one_of(tuple(values), question, value)


@lru_cache(maxsize=10_000)
def _one_of(values: tuple[str, ...], question: Question, value: str) -> str:
    admits = Is(question.name, tuple(question.values())).admits
    admitted = [index for index, name in enumerate(values) if admits(name)]
    if len(admitted) == 1:
        return f"{value} == {admitted[0]}"
    return f"{value} in {frozenset(admitted)!r}"

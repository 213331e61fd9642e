"""Conditions: what a rule, a fact or a counter asks of a record, as data.

A condition is asked in two places, in the same words: while an event is packed, of its fields and
times (`present("answered_at")`), and once for every distinct set of facts, of these
(`is_("end", "answered")`). What is asked of durations (`within("wait", 5_000)`) is asked of every
record; it is joined by `&` to what is asked of facts.

Conditions become Python expressions: whoever asks says how each question is put there (`Asked`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streams.config.force import Force, Target
from streams.registry.times import LONGEST

Targets = Callable[[Force, Mapping[str, Any]], Sequence[Target]]
"""The dated targets that a record is held to, by its force and the values of its dimensions."""


class Condition:
    """What holds of a record or does not; conditions are joined by `&`, `|` and `~`."""

    def __and__(self, other: Condition) -> Condition:
        return All((self, other))

    def __or__(self, other: Condition) -> Condition:
        return AnyOf((self, other))

    def __invert__(self) -> Condition:
        return Not(self)

    def questions(self) -> Iterator[Question]:
        """All that it asks."""
        raise NotImplementedError

    def source(self, asked: Asked) -> str:
        """It as a Python expression."""
        raise NotImplementedError

    def parts(self) -> tuple[Condition, ...]:
        """The conditions that all have to hold."""
        return (self,)


@dataclass(frozen=True)
class Question(Condition):
    """What is asked of the value of one name."""

    name: str

    def questions(self) -> Iterator[Question]:
        """Itself."""
        yield self

    def source(self, asked: Asked) -> str:
        """As it is put there."""
        return asked(self)

    def values(self) -> Collection[Any]:
        """The values that it names, which have to be values of that name."""
        return ()


Asked = Callable[[Question], str]
"""The Python expression that answers a question."""


@dataclass(frozen=True)
class Present(Question):
    """Whether there is a value."""


@dataclass(frozen=True)
class Precise(Question):
    """Whether a time is known to the second."""


@dataclass(frozen=True)
class Flagged(Question):
    """Whether a flag is set."""


@dataclass(frozen=True)
class Is(Question):
    """Whether the value is one of some, or lies within one (`asb.personal` within `asb`)."""

    allowed: tuple[Any, ...]

    def admits(self, value: Any) -> bool:
        """Whether the value, or one that it lies within, is among them."""
        while value not in self.allowed:
            if not isinstance(value, str) or "." not in value:
                return False
            value = value.rpartition(".")[0]
        return True

    def values(self) -> Collection[Any]:
        """Those that are named."""
        return self.allowed


@dataclass(frozen=True)
class Has(Question):
    """Whether a set has a value, or one that lies within it."""

    value: str

    def values(self) -> Collection[Any]:
        """The one that is named."""
        return (self.value,)


@dataclass(frozen=True)
class Within(Question):
    """Whether there is a duration, no longer than a limit: in ms, or a target of the force."""

    limit: int | Targets

    @property
    def shortest(self) -> int:
        """The shortest that is meant, in ms."""
        return 0


@dataclass(frozen=True)
class Between(Within):
    """Whether there is a duration, no shorter than `least` and no longer than a limit, in ms."""

    least: int

    @property
    def shortest(self) -> int:
        """The shortest that is meant, in ms."""
        return self.least


@dataclass(frozen=True)
class OfForce(Question):
    """Whether a force has something for the records of a series (a target), which is found by the
    values of the series' dimensions; `words` say so."""

    asks: Callable[[Force, Mapping[str, Any]], object]
    words: str


@dataclass(frozen=True)
class Not(Condition):
    """The opposite."""

    of: Condition

    def questions(self) -> Iterator[Question]:
        """Those of what is denied."""
        return self.of.questions()

    def source(self, asked: Asked) -> str:
        """As an expression."""
        return f"not ({self.of.source(asked)})"


@dataclass(frozen=True)
class All(Condition):
    """All of some conditions; of none it holds."""

    of: tuple[Condition, ...] = ()

    def questions(self) -> Iterator[Question]:
        """Those of all parts."""
        for each in self.of:
            yield from each.questions()

    def source(self, asked: Asked) -> str:
        """As an expression."""
        return " and ".join(f"({each.source(asked)})" for each in self.of) or "True"

    def parts(self) -> tuple[Condition, ...]:
        """Those of its own parts."""
        return tuple(part for each in self.of for part in each.parts())


@dataclass(frozen=True)
class AnyOf(Condition):
    """Any of some conditions; of none it does not hold."""

    of: tuple[Condition, ...] = ()

    def questions(self) -> Iterator[Question]:
        """Those of all parts."""
        for each in self.of:
            yield from each.questions()

    def source(self, asked: Asked) -> str:
        """As an expression."""
        return " or ".join(f"({each.source(asked)})" for each in self.of) or "False"


ALWAYS: Condition = All()
NEVER: Condition = AnyOf()


def present(name: str) -> Condition:
    """There is a value, a time or a duration."""
    return Present(name)


def precise(name: str) -> Condition:
    """A time is known to the second."""
    return Precise(name)


def flagged(name: str) -> Condition:
    """A flag is set."""
    return Flagged(name)


def is_(name: str, *allowed: Any) -> Condition:
    """A value is one of these, or within one of them."""
    return Is(name, allowed)


def has(name: str, value: str) -> Condition:
    """A set has this value."""
    return Has(name, value)


def of_force(asks: Callable[[Force, Mapping[str, Any]], object], words: str) -> Condition:
    """The force has something for the records of a series, as `words` say."""
    return OfForce("force", asks, words)


def has_target(targets: Targets) -> Condition:
    """The force has a target for the records of a series."""
    return of_force(targets, "the force has a target for it")


def within(name: str, limit: int | Targets) -> Condition:
    """There is a duration, no longer than a limit: in ms, or a target of the force."""
    return Within(name, limit)


def between(name: str, least: int, limit: int) -> Condition:
    """There is a duration of so many ms at the least and at the most."""
    return Between(name, limit, least)


def timed(name: str) -> Condition:
    """There is a duration."""
    return Within(name, LONGEST)

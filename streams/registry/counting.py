"""Counters as data, and their layout in one integer.

A counter is a condition on a record, by one clock of its kind. A timing adds durations: their sum
(ms), their sum of squares (ms squared) where detectors watch their mean, and a histogram of them in
whole seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from streams.registry.conditions import ALWAYS, Condition
from streams.registry.histogram import BINS

COUNT_BITS, SUM_BITS, SQUARES_BITS = 32, 64, 112
"""Room for 4 thousand million records, and as many of the longest durations."""

BIN_SHIFT = 40
"""The key of a number in a pane is a series key, with one more than the histogram bin above this
bit; nothing above it for the counters."""
SERIES_KEY_MASK = (1 << BIN_SHIFT) - 1


def bin_in(key: int) -> tuple[int, int]:
    """Of the key of a histogram bin the place of its duration in the kind, and its number."""
    return divmod((key >> BIN_SHIFT) - 1, BINS)


@dataclass(frozen=True)
class Counter:
    """How many records a condition holds of, by the time of a clock; without one, the first.

    `adds`: the sum of that number (`streams.registry.facts.Number`) over these records instead."""

    name: str
    when: Condition = ALWAYS
    clock: str = ""
    adds: str = ""


@dataclass(frozen=True)
class CounterOfAll(Counter):
    """The same of all records, those that otherwise count nowhere (`Kind.counts`) among them. A row
    that counts nothing else is shown only where this is read."""


@dataclass(frozen=True)
class Timing:
    """The durations of the records of which a condition holds and which have one: `sum` and
    `squares` are the counters that they are added up in. Means and quantiles name the timing that
    they are read from by its `sum`; without `squares` no detector can watch its mean."""

    duration: str
    when: Condition = ALWAYS
    clock: str = ""
    sum: str = "sum"
    squares: str = "squares"

    binned: ClassVar[bool] = True
    """Whether they are in the histogram too."""

    @property
    def counters(self) -> tuple[tuple[str, int], ...]:
        """What it is added up in, with the bits that this takes."""
        sums = ((self.sum, SUM_BITS),)
        return (*sums, (self.squares, SQUARES_BITS)) if self.squares else sums


@dataclass(frozen=True)
class TimeTogether(Timing):
    """Durations of which only the sum is kept: the bins of their duration may be another timing's,
    and no quantile is read of them."""

    squares: str = ""
    binned: ClassVar[bool] = False


class CounterLayout:
    """Several counters in one Python integer, so that a series is updated by one addition.

    `counters` are (name, bits), lowest first. Sums stay right through any order of additions and
    retractions, because the integer as a whole is linear; only a final negative count or an
    overflow would show, and the widths rule the latter out (32 bits count 4 thousand million).
    """

    def __init__(self, *counts: tuple[str, int]) -> None:
        self.names = tuple(name for name, _ in counts)
        self.shift: dict[str, int] = {}
        self.mask: dict[str, int] = {}
        at = 0
        for name, bits in counts:
            self.shift[name], self.mask[name] = at, (1 << bits) - 1
            at += bits

    @classmethod
    def of(cls, counters: Iterable[Counter], timings: Iterable[Timing]) -> CounterLayout:
        """The layout of what is counted by one clock."""
        return cls(
            *((each.name, COUNT_BITS) for each in counters),
            *(part for each in timings for part in each.counters),
        )

    def one(self, *names: str) -> int:
        """The integer in which each of the named counters is 1 and the others are 0."""
        return sum(1 << self.shift[name] for name in names)

    def bits(self, *names: str) -> int:
        """The integer in which all bits of the named counters are set."""
        return sum(self.mask[name] << self.shift[name] for name in names)

    def read(self, counters: int) -> dict[str, int]:
        """The counters in an integer, by name."""
        return {name: (counters >> self.shift[name]) & self.mask[name] for name in self.names}

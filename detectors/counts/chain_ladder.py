"""Chain ladder: what counts that still grow will come to, from how earlier ones grew.

Each row of the triangle is a period, and has its count at the ages that it has reached. From age k
to the next, counts grow by the factor f_k = sum C_(k+1) / sum C_k over the periods that have
reached it, and scatter about it with the variance sigma_k^2 C_k. So a count C of age j will come to

    U = C f_j f_(j+1) ...,   with the mean squared error

    U^2 sum_k sigma_k^2 / f_k^2 (1/C_k + 1/S_k)

where C_k is what the count is expected to stand at, and S_k the sum that f_k divides by: 1/C_k is
its own scatter, 1/S_k that of the factor. The last variance, of which one period tells nothing, is
carried on from those before. Counts may fall as well: what is cancelled or filed elsewhere.

Nothing is assumed of the counts but that later growth does not depend on earlier growth. Its
sibling judges counts at an age against earlier ones at the same age (`ReportingTriangle`).
References: Mack (1993), ASTIN Bulletin 23, 213-225, and (1994), CAS Forum, Spring, vol. 1, 101-182.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Growth(NamedTuple):
    """How counts grow from one age to the next."""

    factor: float
    variance: float
    """sigma_k^2; of the last age carried on."""
    total: float
    """The counts that have grown, added up: S_k."""
    periods: int
    """How many of them there are."""


class ToCome(NamedTuple):
    """By which factor counts of an age have grown since, whatever the count."""

    factor: float
    error: float
    """The standard error of the factor."""
    periods: int
    """The fewest periods that it rests on."""

    def likely(self, z: float = 1.282) -> bool:
        """Whether it lies so many standard errors from none: of nine in ten chances by default."""
        return abs(self.factor - 1.0) > z * self.error


class Completed(NamedTuple):
    """What a count will come to."""

    estimate: float
    error: float
    """The root of its mean squared error."""
    periods: int
    """The fewest periods that any of its factors rests on."""

    def interval(self, z: float = 1.96) -> tuple[float, float]:
        """Limits so many standard errors to either side, on the scale of the logarithm."""
        spread = self._spread
        middle = math.log(self.estimate) - spread * spread / 2.0
        return math.exp(middle - z * spread), math.exp(middle + z * spread)

    def chance_above(self, count: float) -> float:
        """The probability that it comes to more than so many."""
        if not self._spread or not count > 0.0:
            return float(self.estimate > count)
        middle = math.log(self.estimate) - self._spread**2 / 2.0
        return 0.5 * math.erfc((math.log(count) - middle) / self._spread / math.sqrt(2.0))

    @property
    def _spread(self) -> float:
        return math.sqrt(math.log1p((self.error / self.estimate) ** 2))


class ChainLadder:
    """The growth of counts by age. `triangle` has a row a period: its counts at ages 0, 1, ..., as
    far as it has come, None where one is not known.

    >>> ladder = ChainLadder([[80, 96, 100], [88, 110, 112], [60, 72]])
    >>> [round(growth.factor, 3) for growth in ladder.growth]
    [1.219, 1.029]
    >>> completed = ladder.completed(90, 0)
    >>> round(completed.estimate), completed.periods
    (113, 2)
    >>> [round(limit) for limit in completed.interval()]
    [106, 120]
    """

    def __init__(self, triangle: Sequence[Sequence[float | None]]) -> None:
        self.growth: list[Growth] = []
        ages = max(map(len, triangle), default=0)
        for age in range(ages - 1):
            pairs = [
                (before, after)
                for row in triangle
                if len(row) > age + 1
                and (before := row[age]) is not None
                and (after := row[age + 1]) is not None
            ]
            self.growth.append(self._grown(pairs))

    def _grown(self, pairs: Sequence[tuple[float, float]]) -> Growth:
        total = sum(before for before, _ in pairs)
        if not total > 0.0:
            return Growth(math.nan, math.nan, total, 0)
        factor = sum(after for _, after in pairs) / total
        if len(pairs) == 1:
            return Growth(factor, self._carried_on(), total, 1)
        scatter = sum(b * (a / b - factor) ** 2 for b, a in pairs if b > 0.0)
        return Growth(factor, scatter / (len(pairs) - 1), total, len(pairs))

    def _carried_on(self) -> float:
        """The variance of an age that one period has reached."""
        before = [growth.variance for growth in self.growth[-2:] if growth.periods]
        if len(before) < 2 or not before[0] > 0.0:
            return min(before, default=0.0)
        return min(before[1] ** 2 / before[0], *before)

    def to_come(self, age: float, until: int | None = None) -> ToCome | None:
        """By how much counts of an age grow until another one, by default the last; None where no
        growth is left, or it is not known. Between two ages it is taken to be even."""
        if until is not None and until > len(self.growth):
            return None
        factor, share, periods = 1.0, 0.0, 0
        for part, growth in self._steps(age, until):
            if not growth.factor > 0.0:
                return None
            factor *= growth.factor**part
            share += part * growth.variance / growth.factor**2 / growth.total
            periods = min(periods or growth.periods, growth.periods)
        return ToCome(factor, factor * math.sqrt(share), periods) if periods else None

    def completed(self, count: float, age: float, until: int | None = None) -> Completed | None:
        """What a count will come to by an age; None where `to_come` is, or the count is 0."""
        to_come = self.to_come(age, until)
        if to_come is None or not count > 0.0:
            return None
        estimate, share = float(count), 0.0
        for part, growth in self._steps(age, until):
            own_and_factor = 1.0 / estimate + 1.0 / growth.total
            share += part * growth.variance / growth.factor**2 * own_and_factor
            estimate *= growth.factor**part
        return Completed(estimate, estimate * math.sqrt(share), to_come.periods)

    def _steps(self, age: float, until: int | None) -> Iterator[tuple[float, Growth]]:
        """From an age to another the growths, and which part of each is still to come."""
        last = len(self.growth) if until is None else until
        for step in range(math.floor(age), last):
            yield min(1.0, step + 1.0 - age), self.growth[step]

"""How many to expect, with everything that is not known: negative binomial predictive tails.

A count over a stretch with expected number m is, given m and the dispersion d (variance over mean),
negative binomial; given how well m is known (its relative variance v, a gamma posterior) it is

    Y | d  ~  NB(mean m, size k),    1/k = (d - 1)/m + v,    so Var Y = d m + v m^2,

and the uncertainty of d is mixed over: d = d0 exp(s x - s^2/2), x standard normal, by Gauss-Hermite
nodes. The tails of each node are closed forms (incomplete beta and gamma functions), summed from
the far side, so that they hold down to 1e-300. A plug-in tail, one with v = 0 and s = 0, is 7 to 18
times too small at 1 in 1,000 after four weeks of history.

Part of a stretch: overdispersion is taken as clumps that fall independently in time, so that a
share q of it has mean q m, the same d and the same v, and shares add up to the whole exactly.

Its siblings `detectors.counts.expected`, `detectors.counts.reporting_triangle` and
`detectors.silence` make these. Reference: Aitchison and Dunsmore, Statistical Prediction Analysis
(1975), chapter 2; Gelman et al., Bayesian Data Analysis (2013), section 2.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors import special

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

LARGEST_COUNT = 1e12
"""A count beyond this is taken as this, so that no square of one overflows."""
POISSON = 1e9  # a size beyond this is Poisson to nine digits, and spares betainc its worst corner
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, slots=True)
class Predictive:
    """The distribution of a count that is still to come.

    mean: how many are expected; spread: relative variance of that mean (0: known exactly);
    dispersion: variance over mean of the counts about their mean, at least 1 (1: Poisson);
    dispersion_spread: relative variance of the dispersion.

    >>> ahead = Predictive(30.0, spread=0.01, dispersion=1.5)
    >>> ahead.limits(0.001)
    (11, 56)
    >>> round(ahead.at_least(58), 5), round(ahead.part(0.5).at_least(34), 5)
    (0.00069, 0.00105)
    """

    mean: float
    spread: float = 0.0
    dispersion: float = 1.0
    dispersion_spread: float = 0.0

    def part(self, share: float) -> Predictive:
        """The same for a share (0 to 1) of the stretch."""
        share = min(max(share, 0.0), 1.0)
        return Predictive(self.mean * share, self.spread, self.dispersion, self.dispersion_spread)

    def at_least(self, count: float) -> float:
        """The probability of this many or more."""
        count = math.ceil(min(count, LARGEST_COUNT))
        if count <= 0:
            return 1.0
        if self.mean <= 0.0:
            return 0.0
        return self._mixed(
            lambda size: special.betainc(count, size, self.mean / (size + self.mean)),
            lambda: special.gammainc(count, self.mean),
        )

    def at_most(self, count: float) -> float:
        """The probability of this many or fewer."""
        count = math.floor(min(count, LARGEST_COUNT))
        if count < 0:
            return 0.0
        if self.mean <= 0.0:
            return 1.0
        return self._mixed(
            lambda size: special.betainc(size, count + 1.0, size / (size + self.mean)),
            lambda: special.gammaincc(count + 1.0, self.mean),
        )

    def tail(self, count: float) -> float:
        """The smaller of the two; one of at most a half is it, as both hold the count itself."""
        above = count > self.mean
        tail = self.at_least(count) if above else self.at_most(count)
        if tail <= 0.5:
            return tail
        return min(tail, self.at_most(count) if above else self.at_least(count))

    def mid_p(self, count: int) -> float:
        """How likely it is to be so far out or farther, to either side: twice the smaller tail, of
        which the count itself is half. Where the counts are as expected such a p-value is even over
        0 to 1 on average, which one of whole tails is not where counts are small (Lancaster,
        J. Am. Stat. Assoc. 56, 1961, 223-234)."""
        above = self.at_least(count) + self.at_least(count + 1)
        below = self.at_most(count) + self.at_most(count - 1)
        return min(1.0, above, below)

    def limits(self, probability: float) -> tuple[int, int]:
        """The least and the most that are not exceptional, each tail having this probability.

        Less than the first has a probability of at most this, and so has more than the second;
        a first of 0 says that no count is exceptionally low.
        """
        return self.lower(probability), self.upper(probability)

    def lower(self, probability: float) -> int:
        """The largest count such that fewer than it have at most this probability."""
        low, high = 0, math.ceil(self.mean) + 1  # invariant: low is allowed
        while high - low > 1:
            middle = (low + high) // 2
            if self.at_most(middle - 1) <= probability:
                low = middle
            else:
                high = middle
        return low

    def upper(self, probability: float) -> int:
        """The smallest count such that more than it have at most this probability."""
        high = math.ceil(self.mean) + 1
        while self.at_least(high + 1) > probability and high < LARGEST_COUNT:
            high *= 2
        low = -1  # invariant: high is allowed, low is not
        while high - low > 1:
            middle = (low + high) // 2
            if self.at_least(middle + 1) <= probability:
                high = middle
            else:
                low = middle
        return high

    def _mixed(self, tail: Callable[[Floats], Any], poisson: Callable[[], Any]) -> float:
        """A tail, given by its size, mixed over the dispersion."""
        if self.dispersion_spread <= 0.0:
            nodes, weights = np.zeros(1), np.ones(1)
        else:
            nodes, weights = _NODES, _WEIGHTS
        # Bounded: the log-normal takes over where the relative variance is beyond sense.
        width = math.sqrt(math.log1p(min(self.dispersion_spread, 4.0)))
        dispersion = self.dispersion * np.exp(width * nodes - width * width / 2.0)
        inverse = np.maximum(dispersion - 1.0, 0.0) / self.mean + self.spread
        sizes = 1.0 / np.maximum(inverse, 1.0 / (2.0 * POISSON))
        known = np.where(sizes > POISSON, poisson(), tail(np.minimum(sizes, POISSON)))
        return min(1.0, max(0.0, float(weights @ known)))


def tails(
    count: Floats, mean: Floats, spread: Floats, dispersion: Floats, dispersion_spread: Floats
) -> Floats:
    """`Predictive.tail` of many whole counts, to some nine digits where it is below a third; the
    means are above 0.

    >>> one, known = np.ones(2), np.zeros(2)
    >>> tails(np.array([58.0, 11.0]), 30.0 * one, known, one, known).round(9).tolist()
    [3.754e-06, 6.3877e-05]
    """
    width = np.sqrt(np.log1p(np.minimum(dispersion_spread, 4.0)))[:, None]
    mixed = dispersion[:, None] * np.exp(width * _NODES - width * width / 2.0)
    mean, count = mean[:, None], count[:, None]
    inverse = np.maximum(mixed - 1.0, 0.0) / mean + spread[:, None]
    size = 1.0 / np.maximum(inverse, 1.0 / POISSON)
    above = count > mean
    a, b = np.where(above, np.maximum(count, 1.0), size), np.where(above, size, count + 1.0)
    found = special.betainc(a, b, np.where(above, mean, size) / (size + mean))
    return np.asarray(found @ _WEIGHTS)


def limits(ahead: Floats, probability: float) -> tuple[Ints, Ints]:
    """`Predictive.limits` of many, each a row with the fields of a `Predictive` in their order.

    >>> low, high = limits(np.array([[30.0, 0.0, 1.0, 0.0], [30.0, 0.01, 1.5, 0.0]]), 0.001)
    >>> low.tolist(), high.tolist()
    ([15, 11], [48, 56])
    """
    mean, spread, dispersion, dispersion_spread = ahead.T
    lower, upper = np.zeros(len(mean), dtype=np.int64), np.zeros(len(mean), dtype=np.int64)
    some = np.flatnonzero(mean > 0.0)
    if not len(some):
        return lower, upper
    width = np.sqrt(np.log1p(np.minimum(dispersion_spread[some], 4.0)))[:, None]
    mixed = dispersion[some, None] * np.exp(width * _NODES - width * width / 2.0)
    means = mean[some, None]
    inverse = np.maximum(mixed - 1.0, 0.0) / means + spread[some, None]
    sizes = 1.0 / np.maximum(inverse, 1.0 / (2.0 * POISSON))
    poisson, sizes = sizes > POISSON, np.minimum(sizes, POISSON)

    def rarely_fewer(count: Ints, rows: Ints) -> Mask:
        size, by = sizes[rows], means[rows]
        count = count[:, None]
        known = special.betainc(size, count, size / (size + by))
        known = np.where(poisson[rows], special.gammaincc(count, by), known)
        return np.asarray(known @ _WEIGHTS <= probability)

    def often_more(count: Ints, rows: Ints) -> Mask:
        size, by = sizes[rows], means[rows]
        count = count[:, None] + 1
        known = special.betainc(count, size, by / (size + by))
        known = np.where(poisson[rows], special.gammainc(count, by), known)
        return np.asarray(known @ _WEIGHTS > probability)

    high = np.ceil(means[:, 0]).astype(np.int64) + 1
    lower[some] = _last_that(rarely_fewer, np.zeros_like(high), high)
    every = np.arange(len(some))
    while (beyond := often_more(high, every) & (high < LARGEST_COUNT)).any():
        high = np.where(beyond, 2 * high, high)
    upper[some] = _last_that(often_more, np.full_like(high, -1), high) + 1
    return lower, upper


def _last_that(holds: Callable[[Ints, Ints], Mask], low: Ints, high: Ints) -> Ints:
    """By bisection the last count of each from `low` on for which that holds; not for `high`."""
    low, high = low.copy(), high.copy()
    while len(rows := np.flatnonzero(high - low > 1)):
        middle = (low[rows] + high[rows]) // 2
        held = holds(middle, rows)
        low[rows] = np.where(held, middle, low[rows])
        high[rows] = np.where(held, high[rows], middle)
    return low


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a detector says of one count, with what it rests on.

    state: what the detector knows so far; observed: the count; expected, lower, upper: None while
    it knows none; low and high: the probability of this few or fewer, this many or more;
    exceptional: outside at the detector's probability; words: the same in a sentence.
    """

    state: str
    observed: float
    expected: float | None
    lower: float | None
    upper: float | None
    low: float | None
    high: float | None
    exceptional: bool
    words: str


def judgement_of(
    count: float,
    ahead: Predictive,
    probability: float,
    state: str,
    *,
    of: str = "",
    more: Sequence[str] = (),
) -> Judgement:
    """A count against what was ahead: the limits and tails, and the words for them.

    >>> judgement_of(58, Predictive(30.0), 0.001, "ready", more=["a Friday"]).words
    '58, expected 30.0 (15 to 48); so many has a probability of 1 in 270,000; a Friday'
    """
    low, high = ahead.at_most(count), ahead.at_least(count)
    lower, upper = ahead.limits(probability)
    exceptional = min(low, high) <= probability
    words = [f"{count:,.0f}{of}, expected {ahead.mean:,.1f} ({lower:,} to {upper:,})"]
    if exceptional:
        side = "many" if high < low else "few"
        words.append(f"so {side} has a probability of {odds(min(low, high))}")
    said = "; ".join([*words, *more])
    return Judgement(state, count, ahead.mean, lower, upper, low, high, exceptional, said)


def odds(probability: float) -> str:
    """A probability as people say it.

    >>> odds(0.001), odds(0.2), odds(3e-9)
    ('1 in 1,000', '1 in 5', 'less than 1 in a million')
    """
    if probability < 1e-6:
        return "less than 1 in a million"
    return f"1 in {float(f'{1.0 / probability:.2g}'):,.0f}"

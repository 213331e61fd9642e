"""Control limits: what a baseline says of the points to come. Functions and data, no state.

A chart fits a *baseline* (`Fitted`: centre, one sigma, how sigma depends on the size of a point)
and reads limits from it, for every point: centre plus and minus `sigmas` times sigma. `rules` judge
points against limits, `rebase` says when the centre has moved, `chart` does all of it online.

| function       | the points are                   | sigma of a point                       |
|----------------|----------------------------------|----------------------------------------|
| `individuals`  | any figure, one a period (XmR)   | average moving range / 1.128           |
| `moving_range` | the same; charts the ranges      | average range * 3.267 / 3, from 0      |
| `mean_sd`      | any figure                       | sample standard deviation              |
| `counts`       | counts of equal chance (c)       | root of the mean                       |
| `rates`        | counts over a size (u)           | root of (mean rate / size)             |
| `proportions`  | counts out of a size (p)         | root of (p (1 - p) / size)             |
| `laney`        | either, overdispersed (p', u')   | that * average moving range of z / 1.128 |

`sample_charts` has those of samples (x-bar, s), `rare_event_charts` those of rare events (g, t).

Pinned, and parameters where another choice is in use:
- The SD divides by n - 1 (`ddof=1`).
- The individuals chart uses 1/1.128; the NHS writes 2.66 for 3/1.128 = 2.6596 (`NHS_RANGE`).
- Moving ranges are all used; the NHS leaves out those from 3.267 times their average, once
  (`screen=1`). The centre is always of all points.
- A constant baseline has sigma 0: any other value is then outside.
- Counts, rates and ranges have no limit below 0, proportions none above 1.

Reference: D. C. Montgomery, Introduction to Statistical Quality Control; D. B. Laney, Improved
control charts for attributes, Quality Engineering 14 (2002); NHS England, Making data count.

>>> individuals([10, 12, 11, 13, 9], per_range=NHS_RANGE).limits()
Limits(centre=11.0, lower=5.015, upper=16.985)
>>> mean_sd([9715 - 1000, 9715 + 1000, 9715]).limits(sigmas=2)
Limits(centre=9715.0, lower=7715.0, upper=11715.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from detectors import special

PER_RANGE = 1 / 1.128
"""Sigma per average moving range of two: d2 = 1.128."""
NHS_RANGE = 2.66 / 3
"""The same with 3/1.128 written as 2.66."""
RANGE_LIMIT = 3.267
"""The upper limit of a moving range of two, in average ranges: D4."""


class Limits(NamedTuple):
    """The lines of a chart at one point."""

    centre: float
    lower: float
    upper: float


class Fitted(NamedTuple):
    """What a baseline says: plain data, so that it can be kept as a list."""

    centre: float
    sigma: float
    """One standard deviation of a point of size 1."""
    size: str = ""
    """How it depends on a point's size: "" not, "root", "mean" (x-bar) or "sd" (s)."""
    floor: float | None = None
    ceiling: float | None = None
    power: float = 1.0
    """Limits are made on another scale and raised to this power."""
    line: float | None = None
    """The centre line, where limits are counted from another value than that."""

    def limits(self, sigmas: float = 3.0, size: float = 1.0) -> Limits:
        """The lines at a point of this size."""
        centre, sigma = self.centre, self.sigma
        if self.size == "sd":
            sigma *= math.sqrt(max(0.0, 1 - c4(size) ** 2)) / c4(size)
        elif self.size:
            sigma /= math.sqrt(size) * (c4(size) if self.size == "mean" else 1.0)
        lower, upper = centre - sigmas * sigma, centre + sigmas * sigma
        if self.floor is not None:
            lower = max(lower, self.floor)
        if self.ceiling is not None:
            upper = min(upper, self.ceiling)
        if self.line is not None:
            centre = self.line
        if self.power != 1.0:
            lower, centre, upper = (max(0.0, y) ** self.power for y in (lower, centre, upper))
        return Limits(centre, lower, upper)


def average(points: Sequence[float]) -> float:
    """The mean, which of equal points is exactly that point.

    >>> average([0.1] * 14)
    0.1
    """
    base = points[0]
    return float(base + math.fsum(x - base for x in points) / len(points))


def c4(size: float) -> float:
    """The expected SD of a normal sample, in true SDs.

    >>> round(c4(5), 4)
    0.94
    """
    return math.sqrt(2 / (size - 1)) * math.exp(math.lgamma(size / 2) - math.lgamma((size - 1) / 2))


def ranges(points: Sequence[float]) -> list[float]:
    """The moving ranges of two.

    >>> ranges([3, 5, 1])
    [2, 4]
    """
    return [abs(after - before) for before, after in pairwise(points)]


def average_range(points: Sequence[float], screen: int = 0, limit: float = RANGE_LIMIT) -> float:
    """The average moving range; in `screen` passes, without those of `limit` averages or more.

    >>> average_range([1, 2, 1, 2, 1, 2, 1, 20, 19]), average_range([1, 2] * 4 + [20, 19], screen=1)
    (3.25, 1.0)
    """
    kept = ranges(points)
    for _ in range(screen):
        highest = limit * average(kept) if kept else 0.0
        kept = [r for r in kept if r < highest]
    return average(kept) if kept else 0.0


def individuals(
    points: Sequence[float],
    *,
    screen: int = 0,
    per_range: float = PER_RANGE,
    floor: float | None = None,
) -> Fitted:
    """XmR, for any figure with one value a period.

    >>> individuals([10, 12, 11, 13, 9], per_range=NHS_RANGE).limits().upper
    16.985
    """
    return Fitted(average(points), average_range(points, screen) * per_range, floor=floor)


def moving_range(
    points: Sequence[float], *, screen: int = 0, range_limit: float = RANGE_LIMIT
) -> Fitted:
    """mr: the moving ranges of these points. The lower limit is 0, the upper one 3.267 averages.

    A third of the upper limit is a sigma, counted from 0 and not from the average.

    >>> moving_range([10, 12, 11, 13, 9]).limits()
    Limits(centre=2.25, lower=0.0, upper=7.35075)
    """
    mean = average_range(points, screen)
    return Fitted(0.0, mean * range_limit / 3, floor=0.0, line=mean)


def mean_sd(points: Sequence[float], *, ddof: int = 1, floor: float | None = None) -> Fitted:
    """Mean and standard deviation, commonly of the previous year, with 2 sigmas.

    From 12 points these flag 8.1 % of a stable series' points, and not the 4.6 % of two true
    standard deviations: see the price in `chart`.

    >>> mean_sd([2, 4, 4, 4, 5, 5, 7, 9], ddof=0).sigma
    2.0
    """
    mean = average(points)
    squares = math.fsum((x - mean) ** 2 for x in points)
    return Fitted(mean, math.sqrt(squares / max(1, len(points) - ddof)), floor=floor)


def counts(points: Sequence[float]) -> Fitted:
    """c: Poisson counts with an equal chance in each period.

    >>> counts([9, 7, 11]).limits()
    Limits(centre=9.0, lower=0.0, upper=18.0)
    """
    mean = average(points)
    return Fitted(mean, math.sqrt(max(0.0, mean)), floor=0.0)


def usual_counts(mean: float, periods: int, sigmas: float) -> tuple[float, float]:
    """The least and the most of a Poisson count that is no exception beside the `mean` of so many
    `periods`: each side is left with at most the chance that a normal has beyond so many `sigmas`.
    Exact, and the mean is known no better than its periods say, which the root of a small mean
    leaves out (J. Przyborowski and H. Wilenski, Biometrika 31, 1940).

    >>> usual_counts(0.6, 12, 1.96), usual_counts(0.0, 12, 1.96), usual_counts(9.0, 12, 1.96)
    ((0.0, 3.0), (0.0, 1.0), (3.0, 16.0))
    """
    chance, share, total = math.erfc(sigmas / math.sqrt(2)) / 2, 1 / (periods + 1), mean * periods
    least = most = math.floor(mean)
    while least > 0 and special.betaincc(least, total, share) > chance:  # so few as one less
        least -= 1
    while special.betainc(most + 1, total + 1, share) > chance:  # so many as one more
        most += 1
    return float(least), float(most)


def rates(points: Sequence[float], sizes: Sequence[float]) -> Fitted:
    """u: counts over an amount of exposure; limits are of count / size.

    >>> rates([8, 10], [2, 4]).limits(size=3)
    Limits(centre=3.0, lower=0.0, upper=6.0)
    """
    rate = math.fsum(points) / math.fsum(sizes)
    return Fitted(rate, math.sqrt(max(0.0, rate)), "root", 0.0)


def proportions(points: Sequence[float], sizes: Sequence[float]) -> Fitted:
    """p: so many out of a size; limits are of count / size.

    >>> proportions([40, 60], [100, 100]).limits(size=100)
    Limits(centre=0.5, lower=0.35, upper=0.65)
    """
    share = math.fsum(points) / math.fsum(sizes)
    return Fitted(share, math.sqrt(max(0.0, share * (1 - share))), "root", 0.0, 1.0)


def laney(
    points: Sequence[float],
    sizes: Sequence[float],
    *,
    base: Callable[[Sequence[float], Sequence[float]], Fitted] = proportions,
    screen: int = 0,
    per_range: float = PER_RANGE,
) -> Fitted:
    """p' and u': the p or u chart (`base`), its sigma times that of the standardised points.

    >>> laney([45, 55, 46, 54], [100] * 4).sigma < proportions([45, 55, 46, 54], [100] * 4).sigma
    False
    """
    plain = base(points, sizes)
    if not plain.sigma:
        return plain
    z = [
        (x / n - plain.centre) * math.sqrt(n) / plain.sigma
        for x, n in zip(points, sizes, strict=True)
    ]
    return plain._replace(sigma=plain.sigma * average_range(z, screen) * per_range)


def laney_rates(
    points: Sequence[float],
    sizes: Sequence[float],
    *,
    screen: int = 0,
    per_range: float = PER_RANGE,
) -> Fitted:
    """u'.

    >>> laney_rates([4, 4, 4], [1, 1, 1]).sigma
    0.0
    """
    return laney(points, sizes, base=rates, screen=screen, per_range=per_range)


def by_period(
    points: Sequence[float],
    periods: Sequence[object],
    fit: Callable[[Sequence[float]], Fitted],
    *,
    first: int | None = None,
) -> list[Fitted]:
    """A baseline for each point: of its own period's points, or of the `first` of them.

    >>> [f.centre for f in by_period([1, 3, 10, 12], ["a", "a", "b", "b"], counts)]
    [2.0, 2.0, 11.0, 11.0]
    """
    own: dict[object, list[float]] = {}
    for x, period in zip(points, periods, strict=True):
        own.setdefault(period, []).append(x)
    fitted = {period: fit(xs[:first]) for period, xs in own.items()}
    return [fitted[period] for period in periods]

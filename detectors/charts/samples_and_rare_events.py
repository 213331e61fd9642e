"""Control limits that are seldom needed: of samples (x-bar, s) and of rare events (g, t).

They give the same `Fitted` as those in `limits`, whose conventions hold here too.

| function     | the points are                  | sigma of a point                           |
|--------------|---------------------------------|--------------------------------------------|
| `means`      | means of samples (x-bar)        | pooled SD / (c4(n) root n)                 |
| `deviations` | SDs of samples (s)              | pooled SD * root(1 - c4(n)^2) / c4(n)      |
| `between`    | good ones between two bad (g)   | root of (mean (mean + 1))                  |
| `times`      | times between rare events (t)   | as individuals, of the points ^ (1/3.6)    |

References: D. C. Montgomery, Introduction to Statistical Quality Control; J. C. Benneyan, Number-
between g-type statistical quality control charts (2001); L. S. Nelson, A control chart for
parts-per-million nonconforming items (1994).

>>> means([10, 12], [4, 4], sd=[2, 2]).limits(size=4).centre
11.0
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from detectors.charts.limits import PER_RANGE, Fitted, average, average_range

TIME_POWER = 3.6
"""Exponential times to the power 1/3.6 are close to normal."""


def pooled(deviations: Sequence[float], sizes: Sequence[float]) -> float:
    """The SD of all samples together: their variances weighted by n - 1.

    >>> pooled([3, 3], [10, 20])
    3.0
    """
    squares = math.fsum((n - 1) * s * s for s, n in zip(deviations, sizes, strict=True))
    return math.sqrt(squares / math.fsum(n - 1 for n in sizes))


def means(points: Sequence[float], sizes: Sequence[float], *, sd: Sequence[float]) -> Fitted:
    """x-bar: means of samples of these sizes, with the samples' SDs.

    >>> means([10, 12], [4, 4], sd=[2, 2]).centre
    11.0
    """
    total = math.fsum(x * n for x, n in zip(points, sizes, strict=True))
    return Fitted(total / math.fsum(sizes), pooled(sd, sizes), "mean")


def deviations(points: Sequence[float], sizes: Sequence[float]) -> Fitted:
    """s: the SDs of samples of these sizes (two or more). The pooled SD is the centre for all.

    >>> [round(y, 3) for y in deviations([2, 2], [5, 5]).limits(size=5)]
    [2.0, 0.0, 4.178]
    """
    whole = pooled(points, sizes)
    return Fitted(whole, whole, "sd", 0.0)


def between(points: Sequence[float], *, median: bool = False) -> Fitted:
    """g: how many good ones between two bad (geometric).

    Limits are about the mean. Most points of a geometric series are below it, so rules about sides
    want the `median` for the centre line.

    >>> between([0, 1, 8], median=True).limits(sigmas=2).centre
    1.0
    """
    mean = average(points)
    sigma = math.sqrt(max(0.0, mean * (mean + 1)))
    return Fitted(mean, sigma, floor=0.0, line=float(statistics.median(points)) if median else None)


def times(
    points: Sequence[float],
    *,
    screen: int = 1,
    per_range: float = PER_RANGE,
    power: float = TIME_POWER,
) -> Fitted:
    """t: times between rare events, made near to normal by a root; limits are in the points' unit.

    >>> times([8, 8, 8], power=3).limits()
    Limits(centre=8.0, lower=8.0, upper=8.0)
    """
    rooted = [max(0.0, x) ** (1 / power) for x in points]
    return Fitted(average(rooted), average_range(rooted, screen) * per_range, power=power)

"""Control limits of rare events, which come one by one: how many between two (g), how long (t).

They give the same `Fitted` as the functions of `limits`, whose conventions hold here too.

| function  | the points are                  | sigma of a point                           |
|-----------|---------------------------------|--------------------------------------------|
| `between` | good ones between two bad (g)   | root of (mean (mean + 1))                  |
| `times`   | times between rare events (t)   | as individuals, of the points ^ (1/3.6)    |

References: J. C. Benneyan, Number-between g-type statistical quality control charts (2001);
L. S. Nelson, A control chart for parts-per-million nonconforming items (1994).

>>> between([4, 10, 1]).limits(sigmas=2).centre
5.0
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from detectors.charts.limits import PER_RANGE, Fitted, average, average_range

TIME_POWER = 3.6
"""Exponential times to the power 1/3.6 are close to normal."""


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

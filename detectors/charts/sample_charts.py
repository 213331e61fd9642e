"""Control limits of samples: their means (x-bar) and their standard deviations (s).

They give the same `Fitted` as the functions of `limits`, whose conventions hold here too.

| function     | the points are            | sigma of a point                           |
|--------------|---------------------------|--------------------------------------------|
| `means`      | means of samples (x-bar)  | pooled SD / (c4(n) root n)                 |
| `deviations` | SDs of samples (s)        | pooled SD * root(1 - c4(n)^2) / c4(n)      |

A reference: police figures come as counts and shares, so no chart of the product is one of these.
`tests/unit/detectors/test_limits.py` holds their limits equal to those of PowerBI-SPC.

Reference: D. C. Montgomery, Introduction to Statistical Quality Control.

>>> means([10, 12], [4, 4], sd=[2, 2]).limits(size=4).centre
11.0
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from detectors.charts.limits import Fitted


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

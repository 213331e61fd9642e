r"""Where the level, or the slope, of a whole history changed, found offline: optimal partitioning.

A history of :math:`n` figures is cut into segments, each a level or each a straight line, so that

.. math:: \sum_{\text{segments}} \frac{\text{RSS}}{v} +
   \kappa\,(p + 1) \log n \times \text{changes}

is least, :math:`p` being the parameters of a segment (1 for a level, 2 for a line): each change
costs these and its place, :math:`\kappa` times (`PENALTY`). The best cut before every point is
kept, so the least of all cuts is found. Of level and line that is taken whose whole cost is less.

:math:`v` is the variance of the noise as sums see it. Figures near in time are alike, and would
look like changes; with a correlation of :math:`\varphi` from one to the next the variance of long
sums is :math:`v = \sigma^2 (1 + \varphi) / (1 - \varphi)`. Both come from the spread of
differences, which changes of level hardly touch, each by the median absolute deviation:

.. math:: \operatorname{var}(x_t - x_{t-1}) = 2\sigma^2(1 - \varphi), \qquad
   \operatorname{var}(x_t - x_{t-2}) = 2\sigma^2(1 - \varphi^2).

Where more is left over than that, as of noise with heavy tails, it is taken for the noise, and the
history is cut again.

A place is given with the others that are nearly as good: those where the cost is within
:math:`\log` 20 of the best, the other changes held. It is a range of likelihood, not an interval
of 95 %.

References: Jackson et al., IEEE Signal Processing Letters 12 (2005), the algorithm; Yao, Statistics
and Probability Letters 6 (1988), the penalty; Romano et al., Journal of the American Statistical
Association 117 (2022), changes in correlated noise.

>>> found = segment([5, 6, 5, 4, 5, 6, 5, 4] * 3 + [9, 10, 9, 8, 9, 10, 9, 8] * 3)
>>> [(each.at, round(each.before), round(each.after)) for each in found.changes]
[(24, 5, 9)]
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shape = Literal["level", "line"]
NEED = 8
"""Figures below which nothing is cut."""
LEAST: dict[Shape, int] = {"level": 2, "line": 5}
"""Figures that a segment has at the least."""
PENALTY = 1.5
"""What a change costs, in the penalty of Yao, which is right where the noise is known; here it is
estimated. Chosen on made-up series (benchmarks/segments.py): as many changes are found as at 1, and
in correlated noise fewer that are none."""
MAD = 1.4826
"""The standard deviation beside the median absolute deviation, of normal noise."""
MOST_ALIKE = 0.95
ROUNDS = 10
ABOUT = 1.05
"""How much more than the noise may be left over before the noise is taken to be that."""
LIKELY = 2 * log(20)
"""How much more a place may cost than the best and still be named beside it."""


class Change(NamedTuple):
    """A change: the place of the first figure after it, from 0, the first and last place where it
    may as well be, and what the segments beside it come to just before and after."""

    at: int
    earliest: int
    latest: int
    before: float
    after: float


class Segments(NamedTuple):
    """The changes of a history in order, and the fitted figures; `shape` is what a segment is,
    `sigma` the standard deviation of the noise, `alike` its correlation from one to the next."""

    changes: list[Change]
    fitted: list[float]
    shape: Shape
    sigma: float
    alike: float


def segment(
    values: Sequence[float] | Floats, shapes: Sequence[Shape] = ("level", "line")
) -> Segments:
    """The segments of figures at equal distances, oldest first; raises ValueError for fewer than
    `NEED`, or one that is no number."""
    x = np.asarray(values, np.float64)
    if len(x) < NEED or not np.isfinite(x).all():
        raise ValueError(f"segments are found from {NEED} figures or more, none of them missing")
    sigma, alike = noise(x)
    if sigma == 0.0:  # as where most figures repeat: what differs at all has changed
        sigma = max(float(np.std(np.diff(x))), 1e-12)
    for _ in range(ROUNDS):
        variance = sigma**2 * (1 + alike) / (1 - alike)
        costs = (_Costs(x, shape, variance) for shape in shapes)
        best = min(map(_partition, costs), key=lambda partition: partition.cost)
        found = best.named(sigma, alike)
        left = x - np.asarray(found.fitted)
        free = len(x) - best.costs.parameters * (len(found.changes) + 1)
        spread = float(np.sqrt(left @ left / max(free, 1)))
        if not found.changes or spread <= sigma * ABOUT:
            break
        sigma = spread  # the noise is at least what no segment explains
    return found


def noise(x: Floats) -> tuple[float, float]:
    """The standard deviation of the noise, and its correlation from one figure to the next."""
    one, two = (_spread(x[lag:] - x[:-lag]) ** 2 for lag in (1, 2))
    alike = min(max(two / one - 1.0, 0.0), MOST_ALIKE) if one > 0 else 0.0
    return float(np.sqrt(one / (2 * (1 - alike)))), alike


def _spread(differences: Floats) -> float:
    return MAD * float(np.median(np.abs(differences - np.median(differences))))


class _Costs:
    """What a segment [start, end) costs, from sums that are made once."""

    def __init__(self, x: Floats, shape: Shape, variance: float) -> None:
        self.shape, self.variance, self.size = shape, variance, len(x)
        self.x = x
        t, y = np.arange(len(x), dtype=np.float64), x - x.mean()
        self._sums = [np.concatenate([[0.0], np.cumsum(each)]) for each in (y, y * y, t * y)]
        self.least = LEAST[shape]
        self.parameters = 1 if shape == "level" else 2
        self.penalty = PENALTY * (self.parameters + 1) * log(len(x))

    def of(self, start: NDArray[np.intp], end: NDArray[np.intp] | int) -> Floats:
        """The costs of some segments."""
        y, yy, ty = (each[end] - each[start] for each in self._sums)
        n = np.asarray(end - start, np.float64)
        left = yy - y * y / n
        if self.shape == "line":
            middle = (start + end - 1) / 2
            across = ty - middle * y
            left = left - across**2 / (n * (n * n - 1) / 12)
        return np.asarray(np.maximum(left, 0.0) / self.variance, np.float64)


class _Partition(NamedTuple):
    costs: _Costs
    edges: list[int]
    cost: float

    def named(self, sigma: float, alike: float) -> Segments:
        x, costs = self.costs.x, self.costs
        fitted = np.empty(len(x))
        for start, end in zip(self.edges, self.edges[1:], strict=False):
            t = np.arange(start, end)
            degree = costs.parameters - 1
            fitted[start:end] = np.polyval(np.polyfit(t - start, x[start:end], degree), t - start)
        changes = []
        for before, at, after in zip(self.edges, self.edges[1:], self.edges[2:], strict=False):
            tried = np.arange(before + costs.least, after - costs.least + 1)
            each = costs.of(np.full_like(tried, before), tried) + costs.of(tried, after)
            near = tried[each <= each.min() + LIKELY]
            changes.append(
                Change(at, int(near[0]), int(near[-1]), float(fitted[at - 1]), float(fitted[at]))
            )
        return Segments(changes, fitted.tolist(), costs.shape, sigma, alike)


def _partition(costs: _Costs) -> _Partition:
    size, least = costs.size, costs.least
    best = np.full(size + 1, np.inf)
    best[0] = -costs.penalty
    last = np.zeros(size + 1, np.intp)
    for end in range(least, size + 1):
        starts = np.arange(end - least + 1)
        each = best[starts] + costs.of(starts, end) + costs.penalty
        last[end] = int(each.argmin())
        best[end] = each[last[end]]
    edges = [size]
    while edges[-1]:
        edges.append(int(last[edges[-1]]))
    whole = float(best[size]) + costs.parameters * log(size)
    return _Partition(costs, edges[::-1], whole)

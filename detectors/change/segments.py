r"""Where the level, the slope or the noise of a whole history changed, found offline.

A history of :math:`n` figures is cut into segments, each a level or each a straight line. Noise is
alike from one figure to the next, and would look like changes, so within a segment it is taken as
:math:`e_t = \varphi e_{t-1} + w_t`. Of every number of changes and every :math:`\varphi` the best
cut is found, and of them all that is taken for which

.. math:: n \log \frac{\text{RSS}}{n} - \log(1 - \varphi^2) \times \text{segments} +
   \kappa\,(p + 1) \log n \times \text{changes} + (p + [\varphi > 0]) \log n

is least, :math:`p` being the parameters of a segment (1 for a level, 2 for a line) and RSS what is
left of :math:`w`, of the first figure of a segment :math:`\sqrt{1 - \varphi^2}\,e`. It is the
likelihood at its greatest over the variance of the noise as well, so that this is known from what
is left beside the segments, and not before there are any; each change costs its parameters and its
place, :math:`\kappa` times what Schwarz's criterion asks (`PENALTY`).

The noise itself may be wider from some figure on: the logarithm of its size is cut into levels in
the same way.

A place is given with the others that are nearly as good: those where twice the logarithm of the
likelihood is within :math:`2 \log` 20 of the best, the other changes held. It is a range of
likelihood, not an interval of 95 %.

References: Auger and Lawrence, Bulletin of Mathematical Biology 51 (1989), the algorithm; Yao,
Statistics and Probability Letters 6 (1988), the penalty; Chakar, Lebarbier, Levy-Leduc and Robin,
Bernoulli 23 (2017), changes in correlated noise.

>>> found = segment([5, 6, 5, 4, 5, 6, 5, 4] * 3 + [9, 10, 9, 8, 9, 10, 9, 8] * 3)
>>> [(each.at, round(each.before), round(each.after)) for each in found.changes]
[(24, 5, 9)]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SegmentShape = Literal["level", "line"]
FIGURES_NEEDED = 8
"""Figures below which nothing is cut."""
LEAST: dict[SegmentShape, int] = {"level": 3, "line": 5}
"""Figures that a segment has at the least: one that is alone with its neighbour is no level."""
PARAMETERS: dict[SegmentShape, int] = {"level": 1, "line": 2}
MOST = 25
"""Segments at the most; and no more than one for five figures. A history that would be cut into so
many has a cycle or wanders: it is not made of segments, and none are named."""
PENALTY = 1.5
"""What a change costs, in the penalty of Schwarz, which is right for very long histories. Chosen on
made-up series (benchmarks/segments.py): as many changes are found as at 1, and in correlated noise
fewer that are none."""
ALIKE = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95)
"""The correlations of the noise that are tried."""
EXACT = 1e-12
"""Less than this share of the variance is not left over: figures are written with few digits."""
LIKELY = 2 * log(20)
"""How much more a place may cost than the best and still be named beside it."""
LEAST_SPREAD = 10
"""Figures of noise at the least that have a scatter of their own."""
TINY = 0.1
"""Noise below this share of its median is taken to be that: how close to 0 it came says nothing."""


class SegmentChange(NamedTuple):
    """A change: the place of the first figure after it, from 0, the first and last place where it
    may as well be, and what the segments beside it come to just before and after."""

    at: int
    earliest: int
    latest: int
    before: float
    after: float


class Segments(NamedTuple):
    """The changes of a history in order, and the fitted figures; `shape` is what a segment is,
    `sigma` the standard deviation of the noise, `alike` its correlation from one to the next, and
    `spreads` where that standard deviation changed. `too_many`: no changes are named, since there
    would be as many as are allowed."""

    changes: list[SegmentChange]
    fitted: list[float]
    shape: SegmentShape
    sigma: float
    alike: float
    spreads: list[SegmentChange]
    too_many: bool = False


def segment(
    values: Sequence[float] | Floats, shapes: Sequence[SegmentShape] = ("level", "line")
) -> Segments:
    """The segments of figures at equal distances, oldest first; raises ValueError for fewer than
    `FIGURES_NEEDED`, or one that is no number."""
    x = np.asarray(values, np.float64)
    if len(x) < FIGURES_NEEDED or not np.isfinite(x).all():
        raise ValueError(
            f"segments are found from {FIGURES_NEEDED} figures or more, none of them missing"
        )
    size = float(np.abs(x - x.mean()).max())
    if size == 0.0:
        return Segments([], x.tolist(), shapes[0], 0.0, 0.0, [])
    costs = [_Costs(x / size, shape, alike) for shape in shapes for alike in ALIKE]
    best = min(map(_cut, costs), key=_criterion)
    too_many = len(best.edges) > MOST
    if too_many:
        best = min((_cut(each, 1) for each in costs), key=_criterion)
    return best.named(x, too_many=too_many)


class _Costs:
    """What is left over of segments [start, end), as a sum of squares, from sums made once.

    With z = x_t - phi x_(t-1), the figures of a segment with a + b t are z = A + B t, but for the
    first: it is (1 - phi) x = A + B (t - phi / (1 - phi)), of the weight (1 + phi) / (1 - phi)."""

    def __init__(self, x: Floats, shape: SegmentShape, alike: float, least: int = 0) -> None:
        self.shape, self.alike, self.least = shape, alike, least or LEAST[shape]
        self.size, self.floor = len(x), EXACT * float(np.var(x)) * len(x)
        t, x = np.arange(len(x), dtype=np.float64), x - x.mean()
        z = x - alike * np.concatenate([[0.0], x[:-1]])
        each = (np.ones(len(x)), t, t * t, z, z * z, t * z)
        self._sums = [np.concatenate([[0.0], np.cumsum(one)]) for one in each]
        place, first = t - alike / (1.0 - alike), (1.0 - alike) * x
        ones = np.ones(len(x))
        weight = (1.0 + alike) / (1.0 - alike)
        each = (ones, place, place**2, first, first**2, place * first)
        self._firsts = [weight * one for one in each]

    def of(self, start: NDArray[np.intp], end: NDArray[np.intp] | int) -> Floats:
        """Of some segments."""
        n, t, tt, y, yy, ty = (
            sums[end] - sums[start + 1] + first[start]
            for sums, first in zip(self._sums, self._firsts, strict=True)
        )
        left = yy - y * y / n
        if self.shape == "line":
            left = left - (ty - t * y / n) ** 2 / (tt - t * t / n)
        return np.asarray(np.maximum(left, 0.0))


class _Cut(NamedTuple):
    """The best cut of one shape and correlation: its edges, and the sum of squares that is left."""

    costs: _Costs
    edges: list[int]
    left: float
    criterion: float

    def places(self) -> Iterator[tuple[int, int, int, int, int]]:
        """Of every change the place where the segment before it begins, its own, the first and the
        last where it may as well be, and the end of the segment after it."""
        costs, variance = self.costs, self.left / self.costs.size
        for before, at, after in zip(self.edges, self.edges[1:], self.edges[2:], strict=False):
            tried = np.arange(before + costs.least, after - costs.least + 1)
            each = costs.of(np.full_like(tried, before), tried) + costs.of(tried, after)
            near = tried[each <= each.min() + LIKELY * variance]
            yield before, at, int(near[0]), int(near[-1]), after

    def named(self, x: Floats, *, too_many: bool) -> Segments:
        """The changes, in the unit of the figures."""
        costs = self.costs
        fitted = np.empty(len(x))
        degree = PARAMETERS[costs.shape] - 1
        for start, end in pairwise(self.edges):
            t = np.arange(end - start)
            fitted[start:end] = np.polyval(np.polyfit(t, x[start:end], degree), t)
        changes = [
            SegmentChange(at, earliest, latest, float(fitted[at - 1]), float(fitted[at]))
            for _, at, earliest, latest, _ in self.places()
        ]
        times = float((1.0 - costs.alike**2) ** -0.5)
        sigma = times * float((self.left / costs.size) ** 0.5 * np.abs(x - x.mean()).max())
        noise = x - fitted
        apart = noise[1:] - costs.alike * noise[:-1]
        spreads = [] if too_many else _spreads(apart, times)
        return Segments(
            changes, fitted.tolist(), costs.shape, sigma, costs.alike, spreads, too_many
        )


def _criterion(cut: _Cut) -> float:
    return cut.criterion


def _cut(costs: _Costs, most: int = MOST) -> _Cut:
    """The best cut into any number of segments up to `most`."""
    size = costs.size
    most = max(1, min(most, size // 5))
    best = np.full((most + 1, size + 1), np.inf)
    best[0, 0] = 0.0
    last = np.zeros((most + 1, size + 1), np.intp)
    for end in range(costs.least, size + 1):
        starts = np.arange(end - costs.least + 1)
        each = best[:-1, : len(starts)] + costs.of(starts, end)
        last[1:, end] = each.argmin(axis=1)
        best[1:, end] = each[np.arange(most), last[1:, end]]
    changes = np.arange(most)
    left = np.maximum(best[1:, size], costs.floor)
    parameters, known = PARAMETERS[costs.shape], log(size)
    criteria = (
        size * np.log(left / size)
        - log(1.0 - costs.alike**2) * (changes + 1)
        + PENALTY * (parameters + 1) * known * changes
        + (parameters + (costs.alike > 0.0)) * known
    )
    number = int(criteria.argmin()) + 1
    edges = [size]
    for segments in range(number, 0, -1):
        edges.append(int(last[segments, edges[-1]]))
    return _Cut(costs, edges[::-1], float(left[number - 1]), float(criteria[number - 1]))


def _spreads(noise: Floats, times: float) -> list[SegmentChange]:
    """Where the scatter of noise changed: where the level of the logarithm of its size did, which
    heavy tails hardly move. Its places are those of figures, of which there is one more; scatters
    are `times` its own."""
    size = np.abs(noise)
    usual = float(np.median(size))
    if len(noise) < 2 * LEAST_SPREAD or usual == 0.0:
        return []
    logs = np.log(np.maximum(size, TINY * usual))
    tried = (_cut(_Costs(logs, "level", alike, LEAST_SPREAD)) for alike in ALIKE)
    cut = min(tried, key=_criterion)
    found = []
    for before, at, earliest, latest, after in cut.places():
        beside = (noise[before:at], noise[at:after])
        wide = (times * float(np.sqrt(np.mean(each * each))) for each in beside)
        found.append(
            SegmentChange(at + 1, earliest + 1, latest + 1, *wide)
        )  # noise begins one later
    return found

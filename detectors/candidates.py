"""The onsets that can still be the best explanation of a change: a convex hull, kept as blocks.

Put the points (total exposure, total so far) of a series in a plane. For any two levels before and
after, the log-likelihood of a change at tau is linear in its point, so the best tau is a corner of
the convex hull: of the lower hull where the level rose, of the upper hull where it fell. Every
other onset can be dropped for good, because a later point never turns it into a corner.

The lower hull is kept as its edges, newest last: blocks (exposure, total, index of the first point)
whose means increase, as in isotonic regression by pooling adjacent violators. A new point is a
block; while its mean is not above that of the block before, the two become one. Sums are taken
within a block only, so nothing grows with the age of the series. A series of n independent points
has about log n blocks, and each point is appended and merged once.

The part that all of `focus.py` stands on; what a block is worth is in `families.py`.

Reference: Romano, Eckley, Fearnhead and Rigaill (2023), "Fast online changepoint detection via
functional pruning CUSUM statistics", JMLR 24(81).

>>> side = empty()
>>> for index, x in enumerate([3, 1, 2, 2, 9]):
...     push(side, 1, 1.0, x, index, 50)
>>> side  # 3 and 1 and the 2s were pooled: a rise can only have begun at index 4, or before all
[[4.0, 1.0], [8, 9], [0, 4]]
"""

from __future__ import annotations

Side = list[list[float]]
"""Exposures, totals and indexes of the first point of the blocks, oldest first."""


def empty() -> Side:
    """No blocks."""
    return [[], [], []]


def push(side: Side, sign: int, exposure: float, total: float, start: float, most: int) -> None:
    """Appends a point; `sign` is 1 for rising block means and -1 for falling ones.

    Beyond `most` blocks the two oldest become one: then an onset in the far past is lost. Only a
    long ramp, never a random series, has so many.
    """
    exposures, totals, starts = side
    while exposures and sign * (total * exposures[-1] - totals[-1] * exposure) <= 0:
        exposure += exposures.pop()
        total += totals.pop()
        start = starts.pop()
    exposures.append(exposure)
    totals.append(total)
    starts.append(start)
    if len(exposures) > most:
        exposures[0] += exposures.pop(1)
        totals[0] += totals.pop(1)
        starts.pop(1)

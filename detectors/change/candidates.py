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

While every exposure is 1 the indexes follow from the exposures and are left out: a third less
memory. Columns are arrays of doubles, which take a quarter of what lists of numbers do; `plain` and
`from_plain` turn them to lists and back, bit for bit.

The part that all of `focus.py` stands on; what a block is worth is in `likelihoods.py`.

Reference: Romano, Eckley, Fearnhead and Rigaill (2023), "Fast online changepoint detection via
functional pruning CUSUM statistics", JMLR 24(81).

>>> side = empty()
>>> for x in [3, 1, 2, 2, 9]:
...     push(side, 1, 1, x, None, 50)
>>> side  # 3, 1 and the 2s were pooled: a rise can only have begun with the 9, or before them all
[array('d', [4.0, 1.0]), array('d', [8.0, 9.0]), array('d')]
>>> start_of(side, 1, 5)
4
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TypeAlias

BlockSide: TypeAlias = "list[array[float]]"
"""Exposures, totals and (or nothing) indexes of the first point of the blocks, oldest first."""


def empty() -> BlockSide:
    """No blocks."""
    return from_plain(((), (), ()))


def plain(side: BlockSide) -> list[list[float]]:
    """The same as lists."""
    return [list(column) for column in side]


def from_plain(columns: Sequence[Sequence[float]]) -> BlockSide:
    """The blocks that `plain` gave."""
    return [array("d", column) for column in columns]


def push(
    side: BlockSide, sign: int, exposure: float, total: float, start: float | None, most: int
) -> None:
    """Appends a point; `sign` is 1 for rising block means and -1 for falling ones.

    `start` is its index, or None where indexes are left out. Beyond `most` blocks the two oldest
    become one: then an onset in the far past is lost. Only a long ramp, never a random series, has
    so many.
    """
    exposures, totals, starts = side
    while exposures and sign * (total * exposures[-1] - totals[-1] * exposure) <= 0:
        exposure += exposures.pop()
        total += totals.pop()
        if start is not None:
            start = starts.pop()
    exposures.append(exposure)
    totals.append(total)
    if start is not None:
        starts.append(start)
    if len(exposures) > most:
        exposures[0] += exposures.pop(1)
        totals[0] += totals.pop(1)
        if start is not None:
            starts.pop(1)


def fill_starts(side: BlockSide, points: int) -> None:
    """Begins to keep indexes, after so many points of exposure 1."""
    side[2][:] = array("d", [start_of(side, block, points) for block in range(len(side[0]))])


def start_of(side: BlockSide, block: int, points: int) -> int:
    """The index of a block's first point, after so many points in all."""
    exposures, _, starts = side
    return int(starts[block]) if starts else points - int(sum(exposures[block:]))

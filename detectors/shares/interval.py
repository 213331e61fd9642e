"""Between which bounds a share lies, of which so many of so many were seen."""

from __future__ import annotations

import math

Z = 1.959963984540054
"""The normal deviate that 95 % lie within."""


def wilson(top: float, bottom: float, z: float = Z) -> tuple[float, float]:
    """The score interval of a share (Wilson, JASA 22, 1927, 209-212): lower and upper bound. Sums
    of weighted answers may be fractions.

    >>> [round(each, 3) for each in wilson(8, 10)]
    [0.49, 0.943]
    """
    share, weight = top / bottom, z * z / bottom
    middle = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt((share * (1 - share) + weight / 4) / bottom) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)

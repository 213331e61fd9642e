"""Between which bounds the difference of two shares lies."""

from __future__ import annotations

from math import hypot

from detectors.shares.interval import Z, wilson


def newcombe(
    top: float, bottom: float, other_top: float, other_bottom: float, z: float = Z
) -> tuple[float, float]:
    """The interval of the first share less the second, made of the score intervals of both
    (method 10 of Newcombe, Statistics in Medicine 17, 1998, 873-890), which holds what it says also
    for small samples, and for shares of 0 and 1. Both are of at least one case.

    >>> [round(bound, 4) for bound in newcombe(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    one, other = top / bottom, other_top / other_bottom
    low, high = wilson(top, bottom, z)
    other_low, other_high = wilson(other_top, other_bottom, z)
    return (
        one - other - hypot(one - low, other_high - other),
        one - other + hypot(high - one, other - other_low),
    )

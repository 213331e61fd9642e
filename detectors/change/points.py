"""What the detectors of totals over an exposure take as a point.

Sizes are bounded so that no square, product or quotient of sums can leave the range of floats: a
size above 1e60 counts as 1e60, and one below 1e-60 as 0. No count or duration comes near either.

>>> point(3, 1.0), point(1e300, 1.0), point(5e-324, 1.0)
(3, 1e+60, 0.0)
"""

from __future__ import annotations

HUGE = 1e60
TINY = 1e-60


def point(x: float, exposure: float, negative: bool = False) -> float:
    """The point, bounded; an error where it, or its exposure, can't be one."""
    if not exposure > 0.0:
        raise ValueError(f"an exposure is above 0, not {exposure}")
    if TINY <= x <= HUGE or x == 0.0:
        return x
    if not (x >= 0.0 or (negative and x < 0.0)) or x in {float("inf"), float("-inf")}:
        raise ValueError(f"not a {'point' if negative else 'count'}: {x}")
    if abs(x) < TINY:
        return 0.0
    return max(-HUGE, min(HUGE, x))

"""How often a control chart calls a point exceptional where nothing has changed.

A new point is held against a centre and a sigma that were estimated from `points` earlier ones. Of
independent normal points its distance from that centre, over the standard deviation of a sample, is
Student's t with `points` - 1 degrees of freedom, times sqrt(1 + 1 / `points`): of two standard
deviations of twelve points that is 8.1 %, and not the 4.6 % of limits that are known.

A sigma by the moving range has fewer degrees of freedom, about 0.62 (`points` - 1) (Wheeler,
Advanced Topics in Statistical Process Control, 1995), and is right on average, where a standard
deviation is a little small (`limits.c4`); that of counts and proportions by their mean
alone is taken as known, but the centre is estimated.
"""

from __future__ import annotations

from math import sqrt

from detectors import special
from detectors.charts.limits import c4

RANGES = 0.62
"""Degrees of freedom of a moving range, for each that a standard deviation has."""
BY_DEVIATION, BY_RANGE = ("mean_sd",), ("individuals", "p_prime")


def exceptional_by_chance(limits: str, points: int, sigmas: float) -> float:
    """The chance that a point lies outside limits from so many points; `limits` are `mean_sd`,
    `individuals`, `p_prime`, or others of which sigma follows from the mean.

    >>> round(exceptional_by_chance("mean_sd", 12, 2.0), 3)
    0.081
    """
    if points < 2:
        raise ValueError(f"limits rest on 2 points at least, not {points}")
    far = sigmas / sqrt(1.0 + 1.0 / points)
    if limits in BY_DEVIATION:
        return 2.0 * float(special.stdtr(points - 1, -far))
    if limits in BY_RANGE:
        known = RANGES * (points - 1)
        return 2.0 * float(special.stdtr(known, -far / c4(known + 1)))
    return 2.0 * float(special.ndtr(-far))

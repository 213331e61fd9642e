"""How far apart the heartbeats of a feed are, and how long to wait for the next one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

LEAST_PATIENCE, MOST_PATIENCE = 100.0, 110.0
"""Seconds that are waited for any beat; and for three beats, where two minutes have room for them,
less the time until somebody looks."""
PRESUMED = 300.0
"""Seconds between beats of which too few came to tell."""
LONGEST_LEARNED = 86_400.0
"""No longer interval is learned: a feed that is read from its past does not beat once a week."""
FEW = 3
"""Beats from which an interval is learned."""


def usual_interval(instants: Sequence[float]) -> float | None:
    """Seconds between the beats of a feed, from the instants of the latest few in order.

    Long gaps count more than short ones, so that jitter, repeats and two senders of one feed make
    the wait no shorter; one gap in four and two in seven may be an outage or a lost beat. None for
    fewer than three.

    >>> usual_interval([0, 150, 300, 450, 750, 900])  # a beat was lost
    150.0
    >>> usual_interval([0, 1, 150, 151, 300])  # two senders
    149.0
    >>> usual_interval([0, 150])
    """
    gaps = sorted(later - earlier for earlier, later in pairwise(instants))
    if len(gaps) < FEW - 1:
        return None
    middle = gaps[(len(gaps) - 1) // 2]
    return float(min(gaps[-1 - (len(gaps) - 1) // 3], max(middle, PRESUMED), LONGEST_LEARNED))


def patience(interval: float) -> float:
    """Seconds from the last beat to the alarm, for beats so many seconds apart.

    Within two minutes while two beats can be missed in them, else after the second that is missed:
    a single lost beat is no silence.

    >>> [patience(seconds) for seconds in (10, 30, 60, 150)]
    [100.0, 100.0, 130.0, 315.0]
    """
    three = min(3.0 * interval + 10.0, MOST_PATIENCE)
    return max(LEAST_PATIENCE, three, 2.0 * interval + max(10.0, interval / 10.0))

"""How far apart the heartbeats of a feed are, and how long to wait for the next one. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

LEAST_PATIENCE, MOST_PATIENCE = 100.0, 110.0
"""Seconds that are waited for any beat; and for three beats, where two minutes have room for them,
less the time until somebody looks."""
PRESUMED = 300.0
"""Seconds between beats of which too few came to tell."""
LONGEST_LEARNED = 86_400.0
"""No longer interval is learned: a feed that is read from its past does not beat once a week."""
JOINED = 600_000
"""Beats at most so many ms apart are kept as one stretch."""
MOST_STRETCHES = 1_000
"""Newest stretches of beats that are kept of a feed."""
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


Span = tuple[int, int]


def keep(stretches: list[Span], beat: int) -> None:
    """Adds a beat, in ms, to the stretches of beats that follow each other; the order in which they
    come makes no difference.

    >>> held = []
    >>> for minute in (0, 5, 40, 20, 12):
    ...     keep(held, minute * 60_000)
    >>> [(first // 60_000, last // 60_000) for first, last in held]
    [(0, 20), (40, 40)]
    """
    place = bisect_left(stretches, (beat, beat))
    first = last = beat
    begin = end = place
    while begin and first - stretches[begin - 1][1] <= JOINED:
        begin -= 1
        first, last = min(first, stretches[begin][0]), max(last, stretches[begin][1])
    while end < len(stretches) and stretches[end][0] - last <= JOINED:
        last = max(last, stretches[end][1])
        end += 1
    stretches[begin:end] = [(first, last)]
    del stretches[:-MOST_STRETCHES]


def breaks(stretches: Sequence[Span], interval: float | None, span: Span) -> list[Span] | None:
    """Where in a span of time, in ms, beats were due and did not come: none of it where they went
    on. None where that can't be told: the feed did not beat before, or has not beaten since.

    >>> day = [(0, 3_600_000), (7_200_000, 9_000_000)]
    >>> breaks(day, 30.0, (1_000_000, 2_000_000)), breaks(day, 30.0, (3_000_000, 8_000_000))
    ([], [(3600000, 7200000)])
    >>> breaks(day, 30.0, (8_000_000, 20_000_000))
    """
    wait = max(JOINED, round(1000 * patience(interval or PRESUMED)))
    if not stretches or stretches[0][0] > span[0] or stretches[-1][1] + wait < span[1]:
        return None
    return [
        (max(last, span[0]), min(first, span[1]))
        for (_, last), (first, _) in pairwise(stretches)
        if first - last > wait and last < span[1] and span[0] < first
    ]

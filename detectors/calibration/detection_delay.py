"""What a watch can see, and how soon: so that silence is not read as no change.

A series is simulated as it is (level, shape, dispersion), a watch learns from so much history of
it, and from a slot of the week drawn at random on the level is multiplied by a factor. The delay is
the number of slots until the first alarm that begins after the step. `detection_delays` repeats
this and gives the delay within which half of the steps are found, and one within which nine in ten
are: for the latter the upper confidence limit (95 %) of that quantile is stated, not the quantile
itself.

Reference: Conover, Practical Nonparametric Statistics (1999), section 3.2, limits of a quantile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.calibration.simulation import SLOTS, Plan, SimulatedStream, stable
from detectors.counts.count_watch import CountWatch

FACTORS = (1.3, 1.6, 2.0, 3.0)
LONGEST_WAIT = {"hour": 72, "day": 42}
"""Slots after which a step counts as not found."""


@dataclass(frozen=True, slots=True)
class DetectionDelay:
    """Slots to the alarm after a step by `factor`: half and nine in ten within; inf: beyond.

    found: the share of the steps that were found at all within `LONGEST_WAIT`.
    """

    factor: float
    half: float
    most: float
    found: float


def slots_of(
    stream: SimulatedStream, grain: str, weeks: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Stable counts of a series in its slots."""
    hours = stable(Plan((stream,), ()), weeks, rng)[0]
    counts: NDArray[np.int64] = hours.reshape(-1, 168 // SLOTS[grain]).sum(axis=1)
    return counts


def learned(
    stream: SimulatedStream, grain: str, *, allowed: float, weeks: int, seed: Any
) -> dict[str, Any]:
    """A watch, saved, that has learned from so many weeks."""
    watch = CountWatch(SLOTS[grain], allowed)
    for count in slots_of(stream, grain, weeks, np.random.default_rng(seed)).tolist():
        watch.update(count)
    return watch.save()


def delay(
    saved: dict[str, Any], stream: SimulatedStream, grain: str, factor: float, seed: Any
) -> float:
    """Slots from a step in the first week after the history to its alarm; inf: not found."""
    rng = np.random.default_rng(seed)
    watch = CountWatch.restore(saved)
    slots = SLOTS[grain]
    ordinary = int(rng.integers(slots))
    weeks = math.ceil((ordinary + LONGEST_WAIT[grain]) / slots)
    before = slots_of(stream, grain, weeks, rng)
    after = slots_of(stream._replace(rate=stream.rate * factor), grain, weeks, rng)
    for count in before[:ordinary].tolist():
        watch.update(count)
    alarmed = watch.drift_detected
    for wait, count in enumerate(
        after[ordinary : ordinary + LONGEST_WAIT[grain]].tolist(), start=1
    ):
        watch.update(count)
        if watch.drift_detected and not alarmed:
            return float(wait)
        alarmed = watch.drift_detected
    return inf


def detection_delays(
    stream: SimulatedStream,
    grain: str,
    *,
    allowed: float,
    history: int,
    factors: Sequence[float] = FACTORS,
    runs: int = 100,
    seed: int = 0,
) -> list[DetectionDelay]:
    """The delays of steps by these factors; histories are shared by ten steps each."""
    found: list[DetectionDelay] = []
    histories = max(1, runs // 10)
    watches = [
        learned(stream, grain, allowed=allowed, weeks=history, seed=[seed, n])
        for n in range(histories)
    ]
    upper = min(runs - 1, math.ceil(0.9 * runs + 1.645 * math.sqrt(0.09 * runs)))
    for number, factor in enumerate(factors):
        waits = sorted(
            delay(watches[n % histories], stream, grain, factor, [seed, histories + number, n])
            for n in range(runs)
        )
        within = sum(wait < inf for wait in waits) / runs
        found.append(DetectionDelay(factor, waits[runs // 2], waits[upper], within))
    return found


def delays_in_words(delays: Sequence[DetectionDelay], grain: str) -> str:
    """The delays as an operator reads them, from the smallest factor up.

    >>> found = [(1.6, 7, 12, 1.0), (2, 3, 5, 1.0), (3, 1, 2, 1.0)]
    >>> delays_in_words([DetectionDelay(*each) for each in found], "hour")
    'x1.6 found in about 7 hours (9 in 10 within 12), x2 in 3 (5), x3 in 1 (2)'
    >>> delays_in_words([DetectionDelay(1.3, inf, inf, 0.2), DetectionDelay(2, 9, 30, 0.9)], "day")
    'up to x1.3 as a rule not found within 6 weeks, x2 found in about 9 days (9 in 10 within 30)'
    >>> delays_in_words([DetectionDelay(3, inf, inf, 0.1)], "hour")
    'up to x3 as a rule not found within 3 days'
    """
    longest_wait = {"hour": "3 days", "day": "6 weeks"}[grain]
    unseen = [one for one in delays if one.half == inf]
    said = []
    if unseen:
        said.append(f"up to x{unseen[-1].factor:g} as a rule not found within {longest_wait}")
    for number, one in enumerate(one for one in delays if one.half < inf):
        most = f"{one.most:g}" if one.most < inf else f"more than {LONGEST_WAIT[grain]}"
        if number == 0:
            unit = f"{grain}{'s' * (one.half != 1)}"
            found = f"found in about {one.half:g} {unit} (9 in 10 within {most})"
        else:
            found = f"in {one.half:g} ({most})"
        said.append(f"x{one.factor:g} {found}")
    return ", ".join(said).replace("within more than", "in more than")

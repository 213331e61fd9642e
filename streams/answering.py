"""How often each line usually answers in time, over windows of any length. Pure.

The usual is summed over the hours that a window covers, each by its hour of the day, weekdays apart
from weekends: a window that reaches back into a busy evening is not compared with the night. What
came in the last day is left out: what happens now must not be compared with itself.

Calls that lie close together are answered alike, so the longer a window, the less do two of its
calls go together. Of windows of whole hours that is estimated from the force's own past; what is
usual elsewhere (`Priors`) weighs as much as `WEIGHT` windows, and tells how much more alike the
calls of a part of an hour are, since minutes are not kept for weeks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from streams.conditions import (
    ENOUGH,
    LEAST_CORRELATION,
    MOST_CORRELATION,
    Rate,
    Usual,
)
from streams.periods import DAY, HOUR, MINUTE, Calendar

Priors = Mapping[int, float]
EMERGENCY: Priors = {15: 0.12, 30: 0.075, 60: 0.05, 120: 0.03, 240: 0.015, 360: 0.01}
OTHER: Priors = {15: 0.36, 30: 0.25, 60: 0.17, 120: 0.11, 240: 0.07, 360: 0.06}
"""The correlation of two calls of a window, by its minutes, of a line for emergencies, and of
others; measured in four simulated weeks of a control room whose staff does not change."""
WEIGHT = 50
"""Windows of its own after which a force is believed as much as what is usual elsewhere."""
SPAN = 28 * DAY
_NONE = Rate(0, 0)

Slot = tuple[bool, int]
"""Whether it is a weekend, and the hour of the day."""


class Covered(NamedTuple):
    """An hour that a window covers, and how much of it."""

    slot: Slot
    share: float


class Answering:
    """The hours of the last weeks; `read` gives the answer rates by line of a stretch of time."""

    def __init__(self, calendar: Calendar, priors: Mapping[str, Priors]) -> None:
        self.calendar, self.priors = calendar, priors
        self._hours: dict[int, dict[str, Rate]] = {}
        self._slot_of: dict[int, Slot] = {}
        self._slots: dict[str, dict[Slot, Rate]] = {}
        self._found: dict[str, dict[int, float]] = {}

    def learn(self, read: Callable[[int, int], Mapping[str, Rate]], hour: int) -> None:
        """Takes in what came until a day before an hour."""
        hours = range(hour - SPAN, hour - DAY, HOUR)
        self._hours = {
            start: self._hours[start] if start in self._hours else dict(read(start, start + HOUR))
            for start in hours
        }
        self._slot_of = {start: self._slot(start) for start in self._hours}
        for line in self.priors:
            sums: dict[Slot, Rate] = defaultdict(lambda: _NONE)
            for start, slot in self._slot_of.items():
                sums[slot] = _sum(sums[slot], self._rate(start, line))
            self._slots[line] = dict(sums)
            self._found[line] = self._correlations(line)

    def usual(self, line: str, minutes: int, at: int) -> Usual:
        """What is usual in a window of so many minutes up to an instant."""
        covered = self._covered(at - minutes * MINUTE, at)
        slots = self._slots.get(line, {})
        within, of, cases = _over(slots, covered)
        if cases < ENOUGH:  # too little is known of a Saturday night alone: with the other days
            other = [Covered((not weekend, hour), part) for (weekend, hour), part in covered]
            within, of, cases = (
                sum(pair) for pair in zip((within, of, cases), _over(slots, other), strict=True)
            )
        if not of:
            return Usual()
        share = min(1.0 - 0.5 / (cases + 1), max(0.5 / (cases + 1), within / of))
        return Usual(share, self._found[line][minutes], round(cases))

    def _rate(self, start: int, line: str) -> Rate:
        return self._hours[start].get(line, _NONE)

    def _slot(self, start: int) -> Slot:
        local = self.calendar.local(start)
        return local.weekday() >= 5, local.hour

    def _covered(self, start: int, end: int) -> list[Covered]:
        found, hour = [], start // HOUR * HOUR
        while hour < end:
            share = (min(end, hour + HOUR) - max(start, hour)) / HOUR
            found.append(Covered(self._slot(hour), share))
            hour += HOUR
        return found

    def _correlations(self, line: str) -> dict[int, float]:
        """By the minutes of a window, how much more alike its calls are than coins:

        z^2 = (k - n p)^2 / (n p q),  correlation = sum (z^2 - 1) / sum (n - 1).
        """
        prior, found = self.priors[line], dict[int, float]()
        hourly = 1.0
        for minutes in sorted(prior, reverse=True):
            if minutes >= 60:
                found[minutes] = self._correlation(line, minutes // 60, prior[minutes])
                hourly = found[minutes] / prior[minutes]  # of the shortest, in the end
            else:
                found[minutes] = prior[minutes] * hourly
        return {n: min(MOST_CORRELATION, max(LEAST_CORRELATION, c)) for n, c in found.items()}

    def _correlation(self, line: str, length: int, prior: float) -> float:
        off = pairs = 0.0
        windows = 0
        starts = sorted(self._hours)
        for first in range(0, len(starts) - length + 1, length):
            hours = starts[first : first + length]
            own = _NONE
            for start in hours:
                own = _sum(own, self._rate(start, line))
            covered = [Covered(self._slot_of[start], 1.0) for start in hours]
            within, of, _ = _over(self._slots[line], covered)
            within, of = within - own.within, of - own.of  # compared with the other days
            if own.of > 1 and 0 < within < of:
                p = within / of
                off += (own.within - own.of * p) ** 2 / (own.of * p * (1.0 - p)) - 1.0
                pairs += own.of - 1
                windows += 1
        if not windows:
            return prior
        mean = pairs / windows
        return (off + WEIGHT * mean * prior) / (pairs + WEIGHT * mean)


def _sum(one: Rate, other: Rate) -> Rate:
    return Rate(one.within + other.within, one.of + other.of)


def _over(slots: Mapping[Slot, Rate], covered: list[Covered]) -> tuple[float, float, float]:
    """In time and of how many, by the parts that are covered, and how many are known in all."""
    within = of = cases = 0.0
    for slot, share in covered:
        rate = slots.get(slot, _NONE)
        within += rate.within * share
        of += rate.of * share
        cases += rate.of
    return within, of, cases

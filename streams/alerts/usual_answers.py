"""How often each line usually answers in time, over windows of any length. Pure.

The usual is summed over the hours that a window covers, each by its hour of the day, weekdays apart
from weekends: a window that reaches back into a busy evening is not compared with the night. What
came in the last day is left out: what happens now must not be compared with itself. So are the
hours of spells in which the answer rate of the line was alarmed: of those that are left the latest
`KNOWN` count, however far back they lie, so that a fall of a month does not become what is usual,
nor its crowds what makes the watch blind.

Calls that lie close together are answered alike, so the longer a window, the less do two of its
calls go together. Of windows of whole hours that is estimated from the force's own past; what is
usual elsewhere (`Priors`) weighs as much as `WEIGHT` windows, and tells how much more alike the
calls of a part of an hour are, since minutes are not kept for weeks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np

from streams.periods import DAY, HOUR, MINUTE, Calendar

Priors = Mapping[int, float]
A_DAY = 1440
EMERGENCY_PRIORS: Priors = {
    15: 0.12,
    30: 0.075,
    60: 0.05,
    120: 0.03,
    240: 0.015,
    360: 0.01,
    A_DAY: 0.01,
}
OTHER_PRIORS: Priors = {15: 0.36, 30: 0.25, 60: 0.17, 120: 0.11, 240: 0.07, 360: 0.06, A_DAY: 0.03}
"""The correlation of two calls of a window, by its minutes, of a line for emergencies, and of
others; measured in four simulated weeks of a control room whose staff does not change."""
WEIGHT = 50
"""Windows of its own after which a force is believed as much as what is usual elsewhere."""
SPAN = 28 * DAY
KNOWN = (SPAN - DAY) // HOUR
"""Hours from which the usual is known."""
ENOUGH = 100
"""Calls from which a force's own answer rate is known."""
LEAST_CORRELATION, MOST_CORRELATION = 0.01, 0.9
"""Of two calls of the same window: who waits behind one that waited waits too."""
WINDOWS = tuple(minutes for minutes in EMERGENCY_PRIORS if minutes < A_DAY)
"""Minutes over which an answer rate is looked at; those with too few calls are passed over."""
FURTHEST = 56 * 7 * DAY
"""No hour further back is looked for: by the hour calls are kept for 13 months."""


class AnswerRate(NamedTuple):
    """Cases in time, of how many."""

    within: int
    of: int

    @property
    def share(self) -> float:
        """In time, of 1."""
        return self.within / self.of if self.of else 0.0


class UsualRate(NamedTuple):
    """A force's own recent answer rate in windows of one length at this time of day: the share, the
    correlation of two calls of a window, and of how many calls the share is known."""

    share: float = 0.0
    correlation: float = LEAST_CORRELATION
    of: int = 0


_NONE = AnswerRate(0, 0)

Slot = tuple[bool, int]
"""Whether it is a weekend, and the hour of the day."""
Spells = Mapping[str, Sequence[tuple[int, int | None]]]
"""By line the stretches, in ms, in which its answer rate was alarmed; the end is None while it
is."""


class Covered(NamedTuple):
    """An hour that a window covers, and how much of it."""

    slot: Slot
    share: float


class UsualAnswers:
    """The hours of the last weeks; `read` gives the answer rates by line of a stretch of time."""

    def __init__(self, calendar: Calendar, priors: Mapping[str, Priors]) -> None:
        self.calendar, self.priors = calendar, priors
        self._hours: dict[int, Mapping[str, AnswerRate]] = {}
        """By their start; each is read once."""
        self._known: dict[str, _Hours] = {}
        """By line the hours that count."""
        self._slot_of: dict[int, Slot] = {}
        """By the start of an hour, once it was looked up."""
        self._slots: dict[str, dict[Slot, AnswerRate]] = {}
        self._found: dict[str, dict[int, float]] = {}

    def learn(
        self,
        read: Callable[[int, int], Mapping[str, AnswerRate]],
        hour: int,
        spells: Spells | None = None,
    ) -> None:
        """Takes in what came until a day before an hour, but for the spells."""
        spells, held, self._hours, self._found = spells or {}, self._hours, {}, {}
        for line in self.priors:
            starts = _normal(hour, spells.get(line, ()))
            for start in starts:
                if start not in self._hours:
                    found = held.get(start)
                    self._hours[start] = read(start, start + HOUR) if found is None else found
            rates = [self._hours[start].get(line, _NONE) for start in starts]
            slots = [self._slot(start) for start in starts]
            known = self._known[line] = _Hours.of(starts, rates, slots)
            self._slots[line] = known.by_slot()

    def usual(self, line: str, minutes: int, at: int) -> UsualRate:
        """What is usual in a window of so many minutes up to an instant."""
        within, of, cases = self._cases(line, minutes, at)
        if not of:
            return UsualRate()
        share = min(1.0 - 0.5 / (cases + 1), max(0.5 / (cases + 1), within / of))
        return UsualRate(share, self.correlation(line, minutes), round(cases))

    def at_most(self, line: str, hour: int) -> Mapping[int, float]:
        """By the minutes of a window what the usual share is at most where it ends within an hour,
        so that most windows need no closer look. Between two full hours the share of a window goes
        one way only, for all that comes in and leaves does so evenly."""
        slots, found = self._slots.get(line, {}), dict[int, float]()
        hours = max(n for n in self.priors[line] if n < A_DAY) // 60
        covered = [self._slot(hour - back * HOUR) for back in range(hours + 1)]
        own = _Summed([slots.get(slot, _NONE) for slot in covered])
        both: _Summed | None = None
        for minutes in self.priors[line]:
            if minutes < A_DAY:
                length = max(1, minutes // 60)
                found[minutes] = 0.0
                if own.of[length + 1] >= ENOUGH:
                    found[minutes] = own.share_at_most(length)
                if min(own.of[length + 1] - own.of[1], own.of[length]) < ENOUGH:
                    if both is None:
                        both = _Summed(self._with_other_days(slots, covered))
                    found[minutes] = max(found[minutes], both.share_at_most(length))
        return found

    @staticmethod
    def _with_other_days(
        slots: Mapping[Slot, AnswerRate], covered: Sequence[Slot]
    ) -> list[AnswerRate]:
        """The answer rates of some hours, weekdays and weekends together."""
        both = []
        for weekend, hour in covered:
            own, other = slots.get((weekend, hour), _NONE), slots.get((not weekend, hour), _NONE)
            both.append(AnswerRate(own.within + other.within, own.of + other.of))
        return both

    def _cases(self, line: str, minutes: int, at: int) -> tuple[float, float, float]:
        covered = self._covered(at - minutes * MINUTE, at)
        slots = self._slots.get(line, {})
        within, of, cases = _summed(slots, covered)
        if cases < ENOUGH:  # too little is known of a Saturday night alone: with the other days
            other = [Covered((not weekend, hour), part) for (weekend, hour), part in covered]
            more = _summed(slots, other)
            within, of, cases = within + more[0], of + more[1], cases + more[2]
        return within, of, cases

    def _slot(self, start: int) -> Slot:
        found = self._slot_of.get(start)
        if found is None:
            local = self.calendar.local(start)
            found = self._slot_of[start] = local.weekday() >= 5, local.hour
        return found

    def _covered(self, start: int, end: int) -> list[Covered]:
        found, hour = [], start // HOUR * HOUR
        while hour < end:
            share = (min(end, hour + HOUR) - max(start, hour)) / HOUR
            found.append(Covered(self._slot(hour), share))
            hour += HOUR
        return found

    def correlation(self, line: str, minutes: int) -> float:
        """Of two calls of a window; of one whose length is not among the priors, that of the next
        shorter one, which is larger."""
        if line not in self._found:
            self._found[line] = self._correlations(line)
        found = self._found[line]
        return found.get(minutes) or found[max([n for n in found if n <= minutes] or [min(found)])]

    def _correlations(self, line: str) -> dict[int, float]:
        """By the minutes of a window, how much more alike its calls are than coins:

        z^2 = (k - n p)^2 / (n p q),  correlation = sum (z^2 - 1) / sum (n - 1).
        """
        prior, found = self.priors[line], dict[int, float]()
        hours = self._known.get(line, _Hours.of([], [], []))
        hourly = 1.0
        for minutes in sorted(prior, reverse=True):
            if minutes >= 60:
                found[minutes] = hours.correlation(minutes // 60, prior[minutes])
                hourly = found[minutes] / prior[minutes]  # of the shortest, in the end
            else:
                found[minutes] = prior[minutes] * hourly
        return {n: min(MOST_CORRELATION, max(LEAST_CORRELATION, c)) for n, c in found.items()}


class _Hours(NamedTuple):
    """The hours of a line that count, in order: cases in time and of how many, and the number of
    the slot that each is in."""

    starts: np.ndarray
    own: np.ndarray
    slots: np.ndarray

    @staticmethod
    def of(starts: Sequence[int], rates: Sequence[AnswerRate], slots: Sequence[Slot]) -> _Hours:
        numbers = [24 * weekend + hour for weekend, hour in slots]
        return _Hours(
            np.array(starts, dtype=np.int64), _pairs(rates), np.array(numbers, dtype=np.int64)
        )

    def sums(self) -> np.ndarray:
        """By number of a slot the sum of its hours."""
        return np.stack([np.bincount(self.slots, part, 48) for part in self.own.T], axis=1)

    def by_slot(self) -> dict[Slot, AnswerRate]:
        """The answer rate of each slot in which there were any calls."""
        return {
            (number >= 24, number % 24): AnswerRate(int(within), int(of))
            for number, (within, of) in enumerate(self.sums().tolist())
            if of
        }

    def correlation(self, length: int, prior: float) -> float:
        """Of the calls of windows of so many hours, each compared with the other days."""
        count = len(self.starts) // length
        starts = self.starts[: count * length].reshape(count, length)
        whole = starts[:, -1] - starts[:, 0] == (length - 1) * HOUR  # no spell lies between
        own = self.own[: count * length].reshape(count, length, 2).sum(axis=1)[whole]
        slots = self.sums()[self.slots[: count * length]]
        other = slots.reshape(count, length, 2).sum(axis=1)[whole] - own
        some = (own[:, 1] > 1) & (other[:, 0] > 0) & (other[:, 0] < other[:, 1])
        own, other = own[some], other[some]
        if not len(own):
            return prior
        p = other[:, 0] / other[:, 1]
        off = (own[:, 0] - own[:, 1] * p) ** 2 / (own[:, 1] * p * (1.0 - p)) - 1.0
        pairs = own[:, 1] - 1.0
        mean = pairs.mean()
        return float((off.sum() + WEIGHT * mean * prior) / (pairs.sum() + WEIGHT * mean))


def _pairs(rates: Sequence[AnswerRate]) -> np.ndarray:
    """Cases in time and of how many, a row each."""
    flat = np.fromiter(chain.from_iterable(rates), np.float64, 2 * len(rates))
    return flat.reshape(-1, 2)


def _normal(hour: int, spells: Sequence[tuple[int, int | None]]) -> list[int]:
    """The latest hours up to a day before one that lie in no spell, oldest first."""
    last = hour - DAY
    if not spells:
        return list(range(hour - SPAN, last, HOUR))
    found: list[int] = []
    start = last - HOUR
    while len(found) < KNOWN and start >= hour - FURTHEST:
        if not any(at < start + HOUR and (end is None or start < end) for at, end in spells):
            found.append(start)
        start -= HOUR
    return found[::-1]


class _Summed:
    """Answer rates one after the other, each with the sum of those before it."""

    def __init__(self, rates: Sequence[AnswerRate]) -> None:
        self.within = [*accumulate([rate[0] for rate in rates], initial=0)]
        self.of = [*accumulate([rate[1] for rate in rates], initial=0)]

    def share_at_most(self, length: int) -> float:
        """The higher share in time of the first `length` of them, and of as many from the second
        on."""
        first, second = self.of[length], self.of[length + 1] - self.of[1]
        return max(
            self.within[length] / first if first else 0.0,
            (self.within[length + 1] - self.within[1]) / second if second else 0.0,
        )


def _summed(slots: Mapping[Slot, AnswerRate], covered: list[Covered]) -> tuple[float, float, float]:
    """In time and of how many, by the parts that are covered, and how many are known in all."""
    within = of = cases = 0.0
    for slot, share in covered:
        rate = slots.get(slot, _NONE)
        within += rate.within * share
        of += rate.of * share
        cases += rate.of
    return within, of, cases

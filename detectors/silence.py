"""A silent feed, as against a calm time: by its heartbeats, or by what was to be expected.

`Heartbeat` knows the period of the beats: the feed is silent when `missed` beats in a row did not
come, at most two minutes after the last one where the period allows it.

`Silence` has no beats, only records. Over a gap in which L records were expected, over all lines of
the feed together, none at all has the probability (`detectors.counts.predictive`)

    P(0) = (1 + L/k)^-k,    1/k = (d - 1)/L + v,      exp(-L) when d = 1 and v = 0,

L being the integral of the expected rate over the gap, d the dispersion and v how well the rate is
known. The feed is silent when P(0) is at most `probability`: by default 1 in 100,000, about one
false alarm a year at twelve records an hour. So the alarm needs 11.5 expected records whatever the
rate: about an hour at twelve an hour. `delay` says so before it happens: until then, silence is
not calm, it is unknown.

Reference: Ross, Introduction to Probability Models (2014), section 5.4 (non-homogeneous Poisson).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from detectors.base import Detector

__all__ = ["Heartbeat", "Silence"]

LONGEST_DELAY = 366 * 86_400.0
"""A delay beyond a year is none that anyone can wait for."""


def duration_in_words(seconds: float | None) -> str:
    """A delay as people say it.

    >>> [duration_in_words(seconds) for seconds in (45, 3_500, 4_150, 200_000, None)]
    ['45 seconds', '58 minutes', '1 hour 9 minutes', '2 days 8 hours', 'not known']
    """
    if seconds is None:
        return "not known"
    if math.isinf(seconds):
        return "never: nothing is expected"
    whole = round(seconds)
    if whole < 120:
        return _many(whole, "second")
    minutes = round(seconds / 60)
    if minutes < 60:
        return _many(minutes, "minute")
    big, small, names = (
        (*divmod(minutes, 60), ("hour", "minute"))
        if minutes < 48 * 60
        else (*divmod(round(minutes / 60), 24), ("day", "hour"))
    )
    return _many(big, names[0]) + (f" {_many(small, names[1])}" if small else "")


def _many(number: int, name: str) -> str:
    return f"{number} {name}{'s' * (number != 1)}"


class Heartbeat(Detector):
    """A feed that says at a known period, in seconds, that it is alive.

    missed: beats in a row that must fail. late: how late a beat may be, in seconds.
    `update` takes the age in seconds of the newest beat.

    >>> feed = Heartbeat(period=30)
    >>> feed.update(75)
    >>> feed.drift_detected, feed.delay
    (False, 100.0)
    >>> feed.update(101)
    >>> feed.words
    'silent: no heartbeat for 101 seconds, one is due every 30 seconds'
    """

    def __init__(self, period: float = 30.0, missed: int = 3, late: float = 10.0) -> None:
        if not period > 0.0 or missed < 1 or late < 0.0:
            raise ValueError("period must be positive, missed at least 1, late not negative")
        self.period = period
        self.missed = missed
        self.late = late
        self._drift_detected = False
        self._age: float | None = None

    @property
    def delay(self) -> float:
        """Seconds from the last beat to the alarm: at most 120 where one beat can be missed."""
        least = self.period + self.late
        return max(least, min(self.missed * self.period + self.late, 120.0))

    def update(self, x: float | None) -> None:
        """Takes the age of the newest beat in seconds; None where it isn't known."""
        if x is None or math.isnan(x):
            self._drift_detected = False
            return
        self._age = max(float(x), 0.0)
        self._drift_detected = self._age > self.delay

    @property
    def evidence(self) -> float:
        """The age of the newest beat over the delay; silent beyond 1."""
        return 0.0 if self._age is None else self._age / self.delay

    @property
    def words(self) -> str:
        """What is to be said now."""
        due = f"one is due every {duration_in_words(self.period)}"
        if self._age is None:
            after = duration_in_words(self.delay)
            return f"no heartbeat yet; {due}, and silence is noticed after {after}"
        if self._drift_detected:
            return f"silent: no heartbeat for {duration_in_words(self._age)}, {due}"
        return f"alive: last heartbeat {duration_in_words(self._age)} ago; {due}"


class Silence(Detector):
    """A feed without heartbeats, watched by the records that were to be expected.

    probability: that of an empty gap, at which the feed counts as silent. dispersion, spread: of
    the counts about their expectation, and the relative variance of that expectation. rate, tick:
    expected records a second, and seconds from one update to the next, where an update gives none;
    with no rate, the delay is not known and nothing is judged.

    >>> feed = Silence(rate=12 / 3600, tick=60)
    >>> duration_in_words(feed.delay())
    '58 minutes'
    >>> for minute in range(58):
    ...     feed.update(0)
    >>> feed.drift_detected, feed.words[:40]
    (True, 'silent: nothing for 58 minutes, where 11')
    >>> duration_in_words(feed.delay(3 / 3600))
    '3 hours 50 minutes'
    """

    def __init__(
        self,
        probability: float = 1e-5,
        dispersion: float = 1.0,
        spread: float = 0.0,
        rate: float | None = None,
        tick: float = 60.0,
    ) -> None:
        if not 0.0 < probability < 1.0 or not dispersion >= 1.0 or not spread >= 0.0:
            raise ValueError("probability is in (0, 1), dispersion at least 1, spread at least 0")
        self.probability = probability
        self.dispersion = dispersion
        self.spread = spread
        self.rate = rate
        self.tick = tick
        self._drift_detected = False
        self._gap = 0.0  # seconds since the last record
        self._expected = 0.0  # records expected in them
        self._known = rate is not None

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return "a rate, or what was expected beside each point" if not self._known else None

    def update(
        self, x: float | None, expected: float | None = None, seconds: float | None = None
    ) -> None:
        """Takes the records that came since the last update, and how many were to be expected.

        A tick that holds a record ends the gap; the next begins with the tick after it. None, where
        this monitor itself did not look, leaves the gap as it was and raises no alarm.
        """
        if x is None or math.isnan(x):
            self._drift_detected = False
            return
        seconds = self.tick if seconds is None else max(seconds, 0.0)
        if expected is None and self.rate is not None:
            expected = self.rate * seconds
        if expected is not None and not 0.0 <= expected < math.inf:
            expected = None
        self._known = expected is not None
        if x > 0:
            self._gap = self._expected = 0.0
        else:
            self._gap += seconds
            self._expected += expected or 0.0
        self._drift_detected = self._known and self.empty(self._expected) <= self.probability

    def empty(self, expected: float) -> float:
        """The probability that no record comes where this many are expected."""
        return math.exp(-self._surprise(expected))

    def _surprise(self, expected: float) -> float:
        """Minus the logarithm of that probability."""
        excess = self.dispersion - 1.0 + expected * self.spread
        if expected <= 0.0 or excess < 1e-12:
            return max(expected, 0.0)
        return expected * math.log1p(excess) / excess

    def holds(self, expected: float) -> bool:
        """Whether no record at all is silence where this many are expected."""
        return self._surprise(expected) >= -math.log(self.probability)

    @property
    def needed(self) -> float:
        """How many records must have been expected in a gap before it is silence."""
        target = -math.log(self.probability)
        low, high = 0.0, 1.0
        while self._surprise(high) < target:
            high *= 2.0
            if high > 1e12:
                return math.inf
        for _ in range(80):
            middle = (low + high) / 2.0
            low, high = (middle, high) if self._surprise(middle) < target else (low, middle)
        return high

    def delay(self, rate: float | None = None) -> float | None:
        """Seconds of silence before the alarm, at a rate (records a second) that lasts."""
        rate = self.rate if rate is None else rate
        if rate is None:
            return None
        return self.needed / rate if rate > 0.0 else math.inf

    def delay_over(self, pieces: Sequence[tuple[float, float]]) -> float | None:
        """The same over what lies ahead, as (seconds, rate) pieces that repeat when they end.

        >>> day = [(7 * 3600, 4 / 3600), (17 * 3600, 14 / 3600)]  # from midnight
        >>> [duration_in_words(Silence().delay_over(each)) for each in (day, day[::-1])]
        ['2 hours 53 minutes', '49 minutes']
        """
        left, passed = self.needed, 0.0
        if not pieces:
            return None
        round_seconds = sum(max(seconds, 0.0) for seconds, _ in pieces)
        whole = sum(max(seconds, 0.0) * max(rate, 0.0) for seconds, rate in pieces)
        if whole <= 0.0 or math.isinf(left):
            return math.inf
        turns = math.floor(left / whole)
        if turns * round_seconds > LONGEST_DELAY:
            return math.inf
        left, passed = left - turns * whole, turns * round_seconds
        for seconds, rate in pieces:
            here = max(seconds, 0.0) * max(rate, 0.0)
            if here >= left:
                return passed + (left / rate if rate > 0.0 else 0.0)
            left, passed = left - here, passed + max(seconds, 0.0)
        return passed

    @property
    def evidence(self) -> float:
        """Minus the common logarithm of the probability of the gap so far."""
        return self._surprise(self._expected) / math.log(10.0) if self._known else 0.0

    @property
    def words(self) -> str:
        """What is to be said now."""
        if not self._known:
            return "delay not known: no rate is expected yet, so silence can't be told from calm"
        gap = duration_in_words(self._gap)
        gap = f"nothing for {gap}, where {self._expected:,.1f} records were expected"
        if self._drift_detected:
            return f"silent: {gap}"
        wait = ""
        if self.rate is not None:
            wait = f"; a silent feed is noticed after {duration_in_words(self.delay())}"
        return f"{gap}{wait}" if self._gap else f"records arrive{wait}"

"""Counts that grow as records arrive: each period against the baseline at the same age.

For each past period the count is kept as it was known at each age 0, 1, ... A - 1 (days after the
period, say): a reporting triangle. A period of age a is judged by how past periods stood at age a:
with n of them, mean M, and dispersion d (Pearson, joined with a prior worth two periods),

    Y_a ~ negative binomial, mean M, relative variance of the mean d / (n M)

(`detectors.counts.predictive`), so that half-arrived counts are not read as a fall. What the count
will come to is estimated by the completeness ratio c_a = sum C_a / sum C_(A-1), whose relative
variance is the usual one of a ratio estimate, sum (C_a - c C_(A-1))^2 / (n (n - 1)) / M_a^2; a new
period scatters about it by n times that more. Until `need` periods are known at every age the delay
is not known, and nothing is judged.

Its siblings judge counts that are complete when they come. References: Mack (1993), ASTIN Bulletin
23, 213-225; Salmon et al. (2015), Biometrical Journal 57, 1051-1067; Cochran, Sampling Techniques
(1977), chapter 6.
"""

from __future__ import annotations

import math

from detectors.base import Detector
from detectors.counts.predictive import LARGEST_COUNT, Judgement, Predictive, judgement_of

NOT_KNOWN = "delay not known"


class ReportingTriangle(Detector):
    """A count that still grows as records arrive, against past periods at the same age.

    ages: how many ages are kept; at the last, a period counts as complete. need: complete periods
    before anything is judged. kept: periods that are kept at most. probability: of one tail.
    `record` takes what is known of a period at an age. `update` alone starts the next period.

    >>> crimes = ReportingTriangle(ages=3, need=6)
    >>> for period in range(8):
    ...     for age, count in enumerate((40 + period % 3, 70 + period % 5, 80 + period % 4)):
    ...         crimes.record(period, age, count)
    >>> crimes.record(8, 0, 43)
    >>> crimes.drift_detected, round(crimes.completeness(0)[0], 2)
    (False, 0.5)
    >>> low, middle, high = crimes.completed(43, 0)
    >>> round(low), round(middle), round(high)
    (81, 86, 90)
    >>> crimes.record(9, 0, 80)
    >>> crimes.judgement.words
    '80 at age 0, expected 40.9 (20 to 67); so many has a probability of 1 in 21,000'
    """

    def __init__(
        self, ages: int = 2, need: int = 8, kept: int = 60, probability: float = 0.001
    ) -> None:
        if ages < 1 or need < 3 or kept < need or not 0.0 < probability < 0.5:
            raise ValueError("ages is at least 1, need 3, kept need, probability below 0.5")
        self.ages = ages
        self.need = need
        self.kept = kept
        self.probability = probability
        self._periods: list[list[float | None]] = []  # first the number, then the ages
        self._newest: list[float] = []  # number, age, count of the last record

    def update(self, x: float | None, period: int | None = None, age: int = 0) -> None:
        """Takes a count of a period at an age: without these, of the next period at age 0."""
        if period is None:
            period = int(self._periods[-1][0] or 0) + 1 if self._periods else 0
        self.record(period, age, x)

    def record(self, period: int, age: int, count: float | None) -> None:
        """Takes what is known of a period (numbered in order) at this age; None: nothing is.

        A later count for the same age takes the place of the earlier; an age past the last one
        and a period older than all that are kept change nothing.
        """
        if not 0 <= age < self.ages or (count is not None and not count >= 0.0):
            return
        if count is None:
            self._newest = []  # a gap raises no alarm
        place = len(self._periods)
        while place and (self._periods[place - 1][0] or 0) > period:
            place -= 1
        if place and self._periods[place - 1][0] == period:
            place -= 1
        else:
            self._periods.insert(place, [period, *[None] * self.ages])
        if count is not None:
            count = min(float(count), LARGEST_COUNT)
            self._periods[place][1 + age] = count
            self._newest = [period, age, count]
        if len(self._periods) > self.kept + self.ages:
            del self._periods[0]

    @property
    def state(self) -> str:
        """Either `delay not known` or `ready`."""
        return "ready" if len(self._complete()) >= self.need else NOT_KNOWN

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return (
            f"{self.need} periods, each with a count at every one of {self.ages} ages"
            if self.state == NOT_KNOWN
            else None
        )

    def _complete(self, before: float = math.inf) -> list[list[float]]:
        """The periods known at every age, older than this one: their counts by age."""
        return [
            [float(count) for count in row[1:] if count is not None]
            for row in self._periods
            if (row[0] or 0) < before and None not in row
        ]

    def forecast(self, age: int, before: float = math.inf) -> Predictive | None:
        """What a period is expected to stand at at this age; None while the delay is not known."""
        past = [counts[age] for counts in self._complete(before)]
        if len(past) < self.need:
            return None
        mean = max(sum(past) / len(past), 0.5 / len(past))
        degrees = len(past) - 1.0
        scatter = sum((count - mean) ** 2 for count in past) / mean
        dispersion = max(1.0, (scatter + 2.0 * 1.5) / (degrees + 2.0))
        return Predictive(
            mean, min(dispersion / (len(past) * mean), 4.0), dispersion, 2.0 / (degrees + 2.0)
        )

    def judge(self, count: float, age: int, period: float = math.inf) -> Judgement:
        """Compares a count of this age with earlier periods at the same age."""
        ahead = self.forecast(age, period)
        if ahead is None:
            have = len(self._complete(period))
            words = (
                f"{count:,.0f} at age {age}; {NOT_KNOWN}: {have} of {self.need} periods complete"
            )
            return Judgement(NOT_KNOWN, count, None, None, None, None, None, False, words)
        return judgement_of(count, ahead, self.probability, "ready", of=f" at age {age}")

    @property
    def judgement(self) -> Judgement | None:
        """What is to be said of the last record; None before the first and in a gap."""
        if not self._newest:
            return None
        period, age, count = self._newest
        return self.judge(count, int(age), period)

    @property
    def drift_detected(self) -> bool:
        """Whether the last record was exceptional; judged when this is read."""
        judgement = self.judgement
        return judgement is not None and judgement.exceptional

    @property
    def evidence(self) -> float:
        """Minus the common logarithm of the smaller tail; 0 while the delay is not known."""
        judgement = self.judgement
        if judgement is None or judgement.low is None or judgement.high is None:
            return 0.0
        return -math.log10(max(min(judgement.low, judgement.high), 1e-300))

    def completeness(self, age: int) -> tuple[float, float]:
        """The share of the final count known at this age, and its standard error.

        Both are nan while the delay is not known, or while no record has come at all.
        """
        past = self._complete()
        final = sum(counts[-1] for counts in past)
        if len(past) < self.need or final <= 0.0:
            return math.nan, math.nan
        ratio = sum(counts[age] for counts in past) / final
        number = len(past)
        squares = sum((counts[age] - ratio * counts[-1]) ** 2 for counts in past)
        error = math.sqrt(squares / (number * (number - 1.0))) / (final / number)
        return ratio, error

    def completed(self, count: float, age: int, z: float = 1.96) -> tuple[float, float, float]:
        """What a count of this age will come to: lower limit, estimate, upper limit.

        z: standard errors to either side, on the scale of the logarithm.
        """
        ratio, error = self.completeness(age)
        if not ratio > 0.0:
            return math.nan, math.nan, math.nan
        middle = count / ratio
        final = [counts[-1] for counts in self._complete()]
        mean, number = sum(final) / len(final), len(final)
        # The scatter of one period about the ratio shrinks with its own size.
        own = error * error * number * mean / max(middle, 1.0)
        wide = math.exp(min(z * math.sqrt(error * error + own) / ratio, 50.0))
        return middle / wide, middle, middle * wide

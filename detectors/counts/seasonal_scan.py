"""Exceptional counts of a seasonal series, also those that take some periods to show: a scan.

`detectors.counts.seasonal_mean` gives what is expected of each period from all of the history, with
its uncertainty. The latest L periods together, for L = 1 to W, have the count S, and its
probability

    p_L = P(so many or more),     Y ~ NB(mean M, size k),  1/k = (d - 1)/M + v,

where M is the sum of their means, d the dispersion, v the relative variance of M, and d is mixed
over its own uncertainty (`detectors.counts.predictive`). Negative binomial counts of one dispersion
add up exactly. The last count is exceptional if

    p = W * min over L of p_L  <=  alpha,

the bound of Bonferroni over the W windows: as far as the model holds, a period in which nothing
happens raises an alarm with a probability of at most alpha. A window of two periods or more is used
only while the last count is above its mean, so that a surge that is over raises no more alarms than
it must. The W latest periods are never part of the history that judges them.

Its place: counts a week or month (or a day, where weekdays are alike) with a yearly season, from
some months of history on; it always has a verdict, also where nothing was ever counted. It finds
more than `detectors.counts.farrington` at the same false alarms (docs/detectors.md), because the
season is a smooth curve through all years and a surge is added up over periods. Where the season
has sharp corners, farringtonFlexible's factor knows them. A lasting change becomes the new mean
only slowly and belongs to the change-point detectors.

References: Naus, JASA 60 (1965) 532-538, for the scan; Kulldorff, J. R. Stat. Soc. A 164 (2001)
61-72, for the prospective one, whose windows all end now; Aitchison and Dunsmore, Statistical
Prediction Analysis (1975), for the predictive tail.

>>> import math
>>> def season(week):
...     return 20 + round(6 * math.sin(2 * math.pi * week / 52.18))
>>> detector = SeasonalScan()
>>> detector.learn([season(week) for week in range(200)])
>>> detector.update(season(200) + 9)
>>> detector.drift_detected, round(detector.expected), detector.upper
(False, 15, 26)
>>> detector.update(season(201) + 9)
>>> detector.drift_detected, detector.periods
(True, 2)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from detectors.base import Detector
from detectors.counts.predictive import Predictive
from detectors.counts.seasonal_mean import fit_mean


def scan(
    history: Sequence[float | None],
    *,
    window: int,
    period: float,
    harmonics: int = 2,
    half_life: float = 4.0,
) -> tuple[float, int, Predictive]:
    """The probability p of the last count, the L that gave it, and what was expected of the last.

    >>> p, periods, ahead = scan([9, 11, 10, 12, 8] * 10 + [19, 20], window=2, period=12)
    >>> round(p, 6), periods, round(ahead.mean, 1)
    (0.005841, 2, 9.7)
    """
    fit = fit_mean(
        history[:-window],
        period=period,
        harmonics=harmonics,
        half_life=half_life,
        skip=window - 1,
    )
    last = float(history[-1] or 0.0)
    now = fit.ahead([0])
    best, periods = now.at_least(last), 1
    if last > now.mean:
        total, lags = last, [0]
        for lag in range(1, window):
            x = history[-1 - lag]
            if x is None:
                continue
            total += x
            lags.append(lag)
            p = fit.ahead(lags).at_least(total)
            if p < best:
                best, periods = p, lag + 1
    return min(1.0, window * best), periods, now


class SeasonalScan(Detector):
    """An exceptionally high count of the last periods together, in a series with a yearly season.

    `scan` on a stream: one count a period, None where it is missing.

    alpha: largest probability of an alarm where nothing happens; period: periods a year (52.18 for
    weeks, 12 for months, 365.25 for days); window: the most periods that are added up; harmonics:
    of the season; half_life: years in which a count of the history loses half its weight; need:
    periods of history before any is judged; keep: years of history that are kept.
    """

    def __init__(
        self,
        alpha: float = 0.01,
        *,
        period: float = 52.18,
        window: int = 2,
        harmonics: int = 2,
        half_life: float = 4.0,
        need: int = 26,
        keep: float = 12.0,
    ) -> None:
        super().__init__()
        if not 0.0 < alpha < 1.0 or window < 1 or harmonics < 0 or need < 1:
            raise ValueError("alpha must lie between 0 and 1, window and need must be at least 1")
        if period <= 2 * harmonics or keep * period < need + window:
            raise ValueError("too many harmonics for the period, or too little history kept")
        if half_life <= 0.0:
            raise ValueError("half_life must be above 0")
        self.alpha = alpha
        self.period = period
        self.window = window
        self.harmonics = harmonics
        self.half_life = half_life
        self.need = need
        self.keep = keep
        self._history: list[float | None] = []
        self._last: list[float] | None = None  # p, periods, and the figures of what was expected
        self._drift_detected = False

    def learn(self, counts: Iterable[float | None]) -> None:
        """Takes counts of the past, oldest first, without judging them.

        Raises:
            ValueError: for a count that is negative or not a finite number; none is then taken.

        """
        taken = [None if x is None else float(x) for x in counts]
        for x in taken:
            if x is not None and not (math.isfinite(x) and x >= 0.0):
                raise ValueError(f"not a count: {x}")
        self._history += taken
        del self._history[: -math.ceil(self.keep * self.period)]

    def update(self, x: float | None) -> None:
        """Takes the next count and judges it by the history before its windows.

        Raises:
            ValueError: for a count that is negative or not a finite number.

        """
        self.learn([x])
        self._drift_detected = False
        if x is None:
            return
        self._last = None
        if self.state == "learning":
            return
        p, periods, ahead = scan(
            self._history,
            window=self.window,
            period=self.period,
            harmonics=self.harmonics,
            half_life=self.half_life,
        )
        figures = [ahead.mean, ahead.spread, ahead.dispersion, ahead.dispersion_spread]
        self._last = [p, periods, *figures]
        self._drift_detected = p <= self.alpha

    @property
    def state(self) -> Literal["learning", "watching"]:
        """Whether there is history enough to judge by."""
        seen = sum(x is not None for x in self._history[: -self.window])
        return "learning" if seen < self.need else "watching"

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return (
            f"{self.need} points before the last {self.window}"
            if self.state == "learning"
            else None
        )

    @property
    def p_value(self) -> float | None:
        """The probability that is compared with alpha; None while learning."""
        return self._last[0] if self._last else None

    @property
    def periods(self) -> int | None:
        """How many of the latest periods together were the least likely."""
        return int(self._last[1]) if self._last else None

    @property
    def expected(self) -> float | None:
        """What was expected of the last count; None while learning."""
        return self._last[2] if self._last else None

    @property
    def upper(self) -> int | None:
        """The largest last count that is not exceptional by itself; computed when read."""
        if self._last is None:
            return None
        return Predictive(*self._last[2:]).upper(self.alpha / self.window)

    @property
    def evidence(self) -> float:
        """-log10 of the probability; an alarm is due at -log10 of alpha. 0 while learning."""
        return -math.log10(max(self._last[0], 5e-324)) if self._last else 0.0

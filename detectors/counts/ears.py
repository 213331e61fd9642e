"""EARS C1, C2 and C3: exceptional counts with only a few points of history.

With mean m and standard deviation s (n - 1) of `baseline` earlier points, and z the 1 - alpha
quantile of the normal:

- C1: the baseline ends at the point before; alarm where y > m + z * s;
- C2: two points lie between baseline and now, so that a beginning surge does not raise its own
  limit; alarm where y > m + z * s;
- C3: takes in what the last two points had beyond one standard deviation. With C2(t) the distance
  (y - m) / s of point t from its own C2 baseline, alarm where

      C2(t) + max(0, C2(t-1) - 1) + max(0, C2(t-2) - 1) > z,

  that is where y > max(0, m + s * (z - both sums)). Such is the limit that the R package
  surveillance documents; its function `earsC` (1.20.3) computes it with y itself in the place of m,
  so that the alarm depends on the two earlier points alone. `around` chooses "mean" (as
  documented) or "observed" (as computed there).

The s of a constant baseline is 0; `least_sigma` is a floor for it. Where s is 0 all the same, a
point beyond m stands infinitely far out, and one at m at distance 0.

Place among its siblings: for the first days or weeks, when there is nothing else; it knows neither
season nor day of week nor counts (its limits are normal), so its real false-alarm rate is several
times the nominal one for small or clustered counts. With years of history take
`detectors.counts.farrington`, and for lasting steps a CUSUM or GLR.

References: Hutwagner, Thompson, Seeman and Treadwell, Journal of Urban Health 80 (2003) i89-i96;
Fricker, Hegler and Dunfee, Statistics in Medicine 27 (2008) 3407-3429.

>>> detector = EARS("C1")
>>> for count in (4, 6, 5, 7, 5, 4, 4, 12):
...     detector.update(count)
>>> detector.expected, round(detector.upper, 3), detector.drift_detected
(5.0, 8.568, True)
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Literal

from detectors import special
from detectors.base import Detector

Method = Literal["C1", "C2", "C3"]
Around = Literal["mean", "observed"]
GAPS = {"C1": 0, "C2": 2, "C3": 2}
NOMINAL = {"C1": 0.001, "C2": 0.001, "C3": 0.025}


class EARS(Detector):
    """An exceptionally high count, by the mean and SD of a few points before it: EARS C1, C2, C3.

    A missing point (None) is passed over, without an alarm: the baseline is made of the points that
    did arrive.

    Args:
        method: "C1", "C2" or "C3".
        baseline: how many points make the baseline, at least 3.
        alpha: nominal probability of an alarm; None: 0.001 for C1 and C2, 0.025 for C3.
        least_sigma: a floor for the standard deviation.
        around: what the limit of C3 is laid around: "mean", that of the baseline, or "observed",
            the point itself, as R's surveillance does.

    """

    def __init__(
        self,
        method: Method = "C1",
        *,
        baseline: int = 7,
        alpha: float | None = None,
        least_sigma: float = 0.0,
        around: Around = "mean",
    ) -> None:
        super().__init__()
        if method not in GAPS:
            raise ValueError(f"no such method: {method}")
        if around not in {"mean", "observed"}:
            raise ValueError(f"around must be mean or observed, not {around}")
        if baseline < 3:
            raise ValueError("the baseline needs at least 3 points")
        if alpha is not None and not 0 < alpha < 1:
            raise ValueError("alpha must lie between 0 and 1")
        if least_sigma < 0:
            raise ValueError("least_sigma must not be negative")
        self.method: Method = method
        self.baseline = baseline
        self.alpha = alpha
        self.least_sigma = least_sigma
        self.around: Around = around
        self._points: list[float] = []
        self._expected: float | None = None
        self._upper: float | None = None
        self._evidence = 0.0
        self._drift_detected = False

    @property
    def needs(self) -> int:
        """How many points a verdict on the next one needs."""
        return self.baseline + {"C1": 0, "C2": 2, "C3": 4}[self.method]

    @property
    def _sigmas(self) -> float:
        """How many standard deviations the nominal probability makes."""
        return -float(special.ndtri(NOMINAL[self.method] if self.alpha is None else self.alpha))

    def update(self, x: float | None) -> None:
        """Judges the next point by those before, then takes it into the history.

        Raises:
            ValueError: for a point that is not a finite number.

        """
        if x is None:
            self._drift_detected = False
            return
        if not math.isfinite(x):
            raise ValueError(f"not a finite number: {x}")
        points = [*self._points, float(x)]
        if len(points) > self.needs:
            self._judge(points)
        self._points = points[-self.needs :]

    def _judge(self, points: Sequence[float]) -> None:
        now = points[-1]
        mean, sigma = self._baseline_of(points, len(points) - 1)
        distance = _distance(now, mean, sigma)
        self._expected, centre, earlier = mean, mean, 0.0
        if self.method == "C3":
            for at in (len(points) - 2, len(points) - 3):
                before = _distance(points[at], *self._baseline_of(points, at))
                earlier += max(0.0, before - 1.0)
            if self.around == "observed":
                centre, distance = now, 0.0
        width = sigma * (self._sigmas - earlier) if sigma else 0.0
        self._upper = _finite(centre + width if self.method != "C3" else max(0.0, centre + width))
        self._evidence = _finite(distance + earlier)
        self._drift_detected = now > self._upper

    def _baseline_of(self, points: Sequence[float], at: int) -> tuple[float, float]:
        """Mean and standard deviation of the baseline of the point with this index."""
        end = at - GAPS[self.method]
        return _moments(points[end - self.baseline : end], self.least_sigma)

    @property
    def state(self) -> Literal["learning", "watching"]:
        """Whether there was history enough to judge the last point."""
        return "learning" if self._upper is None else "watching"

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return f"{self.needs} points before it" if self._upper is None else None

    @property
    def expected(self) -> float | None:
        """The mean of the baseline; None while learning."""
        return self._expected

    @property
    def upper(self) -> float | None:
        """The limit that the last point had to exceed; None while learning."""
        return self._upper

    @property
    def evidence(self) -> float:
        """Standard deviations beyond the baseline, to compare with z; 0 while learning."""
        return self._evidence


def _finite(x: float) -> float:
    return max(-sys.float_info.max, min(x, sys.float_info.max))


def _moments(points: Sequence[float], least_sigma: float) -> tuple[float, float]:
    mean = math.fsum(point / len(points) for point in points)
    if min(points) == max(points):
        return points[0], least_sigma  # not a rounding error of the mean
    # hypot does not overflow on the way.
    sigma = math.hypot(*(point - mean for point in points)) / math.sqrt(len(points) - 1)
    return mean, max(sigma, least_sigma)


def _distance(point: float, mean: float, sigma: float) -> float:
    if sigma:
        return (point - mean) / sigma
    return 0.0 if point == mean else math.copysign(math.inf, point - mean)

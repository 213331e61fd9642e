"""Points as distances from a mean, in standard deviations: what `cusum.py` and `ewma.py` stand on.

A point x over an exposure e (1 unless given) with mean m per unit of exposure has

    z = (x - e m) / sqrt(e v),    v = sd^2 where `sd` is given, else `dispersion` times m.

A dispersion of 1 is a Poisson count. Where no `mean` is given it is the mean of the first `learn`
points; where neither `sd` nor `dispersion` is given, v comes from those points as well, with n - 1
in the denominator. From points that do not vary at all no v can be learned: learning then goes on
until they do. Nothing is judged while learning. Figures learned from few points are themselves
uncertain, and the false alarms of a chart that takes them for the truth are more than its tables
say: calibrate.
"""

from __future__ import annotations

from math import isfinite, sqrt

from detectors.base import Detector


class StandardisedPoints(Detector):
    """A detector on standardised points."""

    gaps_count = False

    def __init__(
        self,
        mean: float | None = None,
        sd: float | None = None,
        dispersion: float | None = 1.0,
        learn: int = 20,
    ) -> None:
        super().__init__()
        if sd is not None and not sd > 0.0:
            raise ValueError(f"a standard deviation is above 0, not {sd}")
        if dispersion is not None and not dispersion > 0.0:
            raise ValueError(f"a dispersion is above 0, not {dispersion}")
        if mean is not None and not mean > 0.0 and sd is None and dispersion is not None:
            raise ValueError("a mean of counts is above 0; give an sd for measurements")
        if learn < 2:
            raise ValueError("at least two points are needed to learn from")
        self.mean = mean
        self.sd = sd
        self.dispersion = dispersion
        self.learn = learn
        self._points = 0
        self._mean = mean
        self._variance: float | None = None
        if sd is not None:
            self._variance = sd * sd
        elif dispersion is not None and mean is not None:
            self._variance = dispersion * mean
        self._learned = [0.0, 0.0, 0.0, 0.0]

    @property
    def learning(self) -> bool:
        """Whether the mean or the variance is still to be learned."""
        return self._mean is None or self._variance is None

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return f"{self.learn} points to learn from, not all alike" if self.learning else None

    @property
    def level_before(self) -> float | None:
        """The mean per unit of exposure, given or learned; None while learning."""
        return self._mean

    def _learn(self, x: float, exposure: float) -> None:
        """Takes a point to learn from; squares are summed about the running mean (West 1979)."""
        points, exposures, mean, squares = self._learned
        points += 1.0
        exposures += exposure
        distance = x / exposure - mean
        mean += distance * exposure / exposures
        squares += exposure * distance * (x / exposure - mean)
        self._learned = [points, exposures, mean, squares]
        if points < self.learn:
            return
        known = mean if self.mean is None else self.mean
        if self.sd is not None:
            variance = self.sd * self.sd
        elif self.dispersion is not None:
            variance = self.dispersion * known
        else:
            variance = squares / (points - 1.0)
        if variance > 0.0 and isfinite(variance):
            self._mean, self._variance = known, variance

    def _take(self, x: float, exposure: float) -> tuple[float, float] | None:
        """The mean and the standard deviation for a point; None while learning."""
        self._points += 1
        if self._mean is None or self._variance is None:
            self._learn(x, exposure)
            return None
        return exposure * self._mean, sqrt(exposure * self._variance)

"""EWMA: the exponentially weighted moving average, for small shifts and for a smooth line to show.

With z a standardised point (`standardised_points.py`), w = 0 at first and then

    w = weight z + (1 - weight) w,

whose variance without a change is, after t points,

    weight / (2 - weight) (1 - (1 - weight)^(2 t)).

The alarm is |w| reaching `threshold` of its standard deviations; with `exact` False the variance is
that of t without end, which makes the first points less sensitive. Weight 0.2 with a threshold of
2.962, or 0.1 with 2.814, gives a false alarm every 500 normal points on average. It finds shifts of
about 1 SD nearly as fast as `cusum.py`, and a great one later than a Shewhart chart does. Its onset
is only where the average last left 0: for a better one use `focus.py`.

References: Roberts (1959), Technometrics 1; Lucas and Saccucci (1990), Technometrics 32.

>>> detector = EWMA(mean=9.0)
>>> for x in [9, 8, 9, 9, 16, 15, 17]:
...     detector.update(x)
...     if detector.drift_detected:
...         print(detector.direction, detector.onset, round(detector.evidence, 3))
up 4 3.468
"""

from __future__ import annotations

from math import expm1, log1p, sqrt

from detectors.base import bounded
from detectors.change.standardised_points import StandardisedPoints


class EWMA(StandardisedPoints):
    """A small lasting shift of the mean, either way, and a smooth line to show.

    mean, sd: of the points for an exposure of 1; dispersion: variance over mean, which gives the sd
    where none is given (1: Poisson counts; null: learned too); learn: how many first points give
    what is not given, and are not judged. weight: of the newest point; threshold: an alarm is
    from so many standard deviations of the average on; exact: whether these are those after so few
    points; restart: whether the average starts anew after an alarm.
    """

    def __init__(
        self,
        mean: float | None = None,
        sd: float | None = None,
        dispersion: float | None = 1.0,
        learn: int = 20,
        weight: float = 0.2,
        threshold: float = 2.962,
        exact: bool = True,
        restart: bool = True,
    ) -> None:
        super().__init__(mean, sd, dispersion, learn)
        if not 0.0 < weight <= 1.0:
            raise ValueError(f"a weight is above 0 and at most 1, not {weight}")
        self.weight = weight
        self.threshold = threshold
        self.exact = exact
        self.restart = restart
        self._average = 0.0
        self._averaged = 0
        self._ended = False
        self._onset: int | None = None

    def update(self, x: float | None, exposure: float = 1.0) -> None:
        """Takes the next point, a total over `exposure`; None has no index, changes no figure."""
        self._drift_detected = False
        if x is None:
            return
        if self._ended:
            self._average, self._averaged, self._onset = 0.0, 0, None
            self._ended = False
        x = bounded(x, exposure, negative=True)
        scale = self._take(x, exposure)
        if scale is None:
            return
        before = self._average
        z = (x - scale[0]) / scale[1]
        self._average = before + self.weight * (z - before)
        self._averaged += 1
        if self._average == 0.0:
            self._onset = None
        elif self._onset is None or self._average * before <= 0.0:
            self._onset = self._points - 1
        self._drift_detected = self.evidence >= self.threshold
        self._ended = self._drift_detected and self.restart

    def _spread(self, points: int) -> float:
        variance = self.weight / (2.0 - self.weight)
        if self.exact and self.weight < 1.0:
            variance *= -expm1(2.0 * points * log1p(-self.weight))
        return sqrt(variance)

    @property
    def evidence(self) -> float:
        """The distance of the average from 0, in its standard deviations."""
        return abs(self._average) / self._spread(self._averaged) if self._averaged else 0.0

    @property
    def direction(self) -> str | None:
        """'up' or 'down', by the sign of the average; None at 0."""
        return None if self._average == 0.0 else ("up" if self._average > 0.0 else "down")

    @property
    def onset(self) -> int | None:
        """Index of the point with which the average last left 0."""
        return self._onset

    @property
    def level(self) -> float | None:
        """The average in the units of a point (of exposure 1)."""
        if self._mean is None or self._variance is None:
            return None
        return self._mean + self._average * sqrt(self._variance)

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """Between what the level may lie now; a level on a limit is an alarm."""
        if self._mean is None or self._variance is None:
            return None, None
        spread = self._spread(max(1, self._averaged)) * self.threshold * sqrt(self._variance)
        return self._mean - spread, self._mean + spread

"""Exceptional counts in a seasonal series, judged as they come: farringtonFlexible on a stream.

Each count is compared with what the same time of year gave in the years before: mu is expected, phi
is the variance over the mean, and the count is exceptional where it exceeds the 1 - alpha quantile
of a negative binomial with mean mu and variance phi * mu. How mu and phi are found (past surges are
weighted down, a trend is followed), and the other limits: `detectors.counts.farrington_method`.

Place among its siblings: it needs years of history and judges whole periods (weeks, months), and is
the field's standard for seasonal counts. EARS (`detectors.counts.ears`) needs only days or weeks of
history but knows no season. It adds no evidence up over periods, so a small lasting step is better
left to a CUSUM or GLR. Where every count of the reference is zero half a case stands in for them
(`half_case`), so that the first cases of a kind are judged too.

Reference: Noufaily et al., Statistics in Medicine 32 (2013) 1206-1222.

>>> import math
>>> def season(week):
...     return 20 + round(6 * math.sin(2 * math.pi * week / 52))
>>> detector = FlexibleFarrington(years=3)
>>> for week in range(detector.needs):
...     detector.update(season(week))
>>> detector.state, detector.drift_detected
('learning', False)
>>> detector.update(season(detector.needs) + 25)
>>> detector.state, detector.drift_detected, round(detector.expected), detector.upper
('watching', True, 22, 34.0)
"""

from __future__ import annotations

import math
from typing import Literal

from detectors.base import Detector
from detectors.counts.farrington_method import Options, Power, Threshold, judge


class FlexibleFarrington(Detector):
    """`judge` on a stream: one count a period; the arguments are those of `Options`.

    A missing period (None) moves the calendar on, raises no alarm and changes no figure. While
    there is less history than `needs`, `state` is "learning" and there are no limits.
    """

    def __init__(  # noqa: PLR0913  # each is a choice of the published method
        self,
        alpha: float = 0.01,
        *,
        period: int = 52,
        years: int = 5,
        half_window: int = 3,
        levels: int = 10,
        skip: int = 26,
        reweight: bool = True,
        weights_from: float = 2.58,
        trend: bool = True,
        trend_alpha: float = 1.0,
        threshold: Threshold = "nbPlugin",
        power: Power = "2/3",
        least_cases: int = 5,
        least_window: int = 4,
        half_case: bool = True,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.period = period
        self.years = years
        self.half_window = half_window
        self.levels = levels
        self.skip = skip
        self.reweight = reweight
        self.weights_from = weights_from
        self.trend = trend
        self.trend_alpha = trend_alpha
        self.threshold: Threshold = threshold
        self.power: Power = power
        self.least_cases = least_cases
        self.least_window = least_window
        self.half_case = half_case
        self._history: list[float | None] = []
        self._expected: float | None = None
        self._lower: float | None = None
        self._upper: float | None = None
        self._dispersion: float | None = None
        self._p_value: float | None = None
        self._learning = True
        self._drift_detected = False
        self._options()  # refuses what makes no sense

    def _options(self) -> Options:
        return Options(**self._get_params())

    @property
    def needs(self) -> int:
        """How many points of history a verdict needs."""
        return self._options().needs

    def update(self, x: float | None) -> None:
        """Judges the next count by the history, then takes it into the history.

        Raises:
            ValueError: for a count that is negative or not a finite number.

        """
        options = self._options()
        self._drift_detected = False
        if x is not None:
            if not (math.isfinite(x) and x >= 0):
                raise ValueError(f"not a count: {x}")
            self._learning = len(self._history) < options.needs
            result = judge(self._history, float(x), options)
            self._expected = result.expected if result else None
            self._lower = result.lower if result else None
            self._upper = result.upper if result else None
            self._dispersion = result.dispersion if result else None
            self._p_value = result.p_value if result else None
            self._drift_detected = result is not None and result.alarm
        self._history.append(None if x is None else float(x))
        del self._history[: -max(options.needs, options.least_window)]

    @property
    def state(self) -> Literal["learning", "watching"]:
        """Whether there was history enough to judge the last point."""
        return "learning" if self._learning else "watching"

    @property
    def expected(self) -> float | None:
        """What was expected of the last point; None where it could not be judged."""
        return self._expected

    @property
    def lower(self) -> float | None:
        """The lower limit, for information: only a high count raises an alarm."""
        return self._lower

    @property
    def upper(self) -> float | None:
        """The limit that the last point had to exceed."""
        return self._upper

    @property
    def dispersion(self) -> float | None:
        """Variance over mean in the reference, at least 1."""
        return self._dispersion

    @property
    def p_value(self) -> float | None:
        """The probability of a count at least as large as the last point."""
        return self._p_value

    @property
    def evidence(self) -> float:
        """-log10 of the probability; an alarm is due at -log10 of alpha. 0 while learning."""
        if self._p_value is None:
            return 0.0
        return max(0.0, -math.log10(max(self._p_value, 5e-324)))

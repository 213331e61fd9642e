"""Exceptional counts in a seasonal series: farringtonFlexible, for one period and on a stream.

The count of now is compared with what the same time of year gave in earlier years. From `years`
years of history every point within `half_window` periods of the same date (the reference windows)
forms the last level of a factor; the stretches between two windows are cut into `levels` - 1 blocks
of nearly equal length, one level each. The `skip` latest periods are left out, so that a beginning
surge does not raise its own limit. A quasi-Poisson regression (`detectors.counts.quasi_poisson`) on
that factor and a straight trend gives the expected count mu at now and the dispersion

    phi = max(1, sum(w * ((y - mu) / mu)^2) / (n - rank)).

Then past surges are weighted down: with s the Anscombe residual, standardised by its leverage h,

    s = 1.5 * (y^(2/3) * mu^(-1/6) - mu^(1/2)) / sqrt(phi * (1 - h)),

a point with s > `weights_from` gets the weight gamma / s^2 and any other gamma, where gamma brings
the sum of all weights to n; the regression is fitted once more with these weights. The trend stays
if its t-test has p < `trend_alpha`, at least three years are used, and the count expected with it
is no larger than the largest of the reference; otherwise all is done again without it.

The upper limit, which the count must exceed, is by `threshold`:

- "nbPlugin": the 1 - alpha quantile of a negative binomial with mean mu and variance phi * mu
  (Poisson where phi = 1);
- "muan": the same at the 1 - alpha quantile of mu's own normal distribution on the log scale;
- "delta": with h the power `power` (1, 1/2 or 2/3), h(y) - h(mu) is taken as normal, with the
  variance of a new count and that of the estimate: for 2/3 it is
  4/9 * mu^(1/3) * (phi + se(mu)^2 / mu).

No alarm is raised below `least_cases` cases in the last `least_window` periods.

The figures are those of `farringtonFlexible` in the R package surveillance 1.20.3, whose quirks are
kept: the standard errors and the t-test use sum(weight * ((y - mu) / mu)^2) / (n - rank) with the
weights of the reweighting (not those of the regression) as dispersion; the score of the thresholds
"nbPlugin" and "muan" takes the linear predictor in place of mu. One difference: a missing period
counts as nothing towards `least_cases`, where R then never alarms. No verdict can be had where the
regression does not converge.

Where all n counts of the reference are zero R gives none either; here half a case stands in for
them: with Jeffreys' prior the rate is Gamma(1/2, n), so a new count is negative binomial with mean
1/(2n) and dispersion 1 + 1/n, whatever `threshold`. `half_case=False` leaves it out, as R does.

Place among its siblings: it needs years of history and judges whole periods (weeks, months), and is
the field's standard for seasonal counts. EARS (`detectors.counts.ears`) needs only days or weeks of
history but knows no season. It adds no evidence up over periods, so a small lasting step is better
left to a CUSUM or GLR. `judge` is the method for one period, `FlexibleFarrington` the detector.

References: Farrington, Andrews, Beale and Catchpole, J. R. Stat. Soc. A 159 (1996) 547-563;
Noufaily et al., Statistics in Medicine 32 (2013) 1206-1222; Salmon, Schumacher and Höhle, Journal
of Statistical Software 70 (10) (2016).

>>> stable = [4.0, 6.0, 5.0, 5.0] * 66
>>> result = judge(stable, 14.0)
>>> result.alarm, round(result.expected, 2), result.upper, result.dispersion
(True, 5.15, 11.0, 1.0)
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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from detectors import special
from detectors.base import Detector
from detectors.counts.negative_binomial import power_limits, power_tail, quantile, tail
from detectors.counts.quasi_poisson import LEAST_MEAN, Fit, Floats, IndexArray, fit

Threshold = Literal["nbPlugin", "muan", "delta"]
Power = Literal["none", "1/2", "2/3"]
POWERS: dict[str, float] = {"none": 1.0, "1/2": 0.5, "2/3": 2 / 3}
LARGEST_LOG = 200.0
"""The largest logarithm of a mean or dispersion that is still judged: beyond any count."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to judge; the defaults are Noufaily's. In brackets the names of R's control."""

    alpha: float = 0.01  # nominal probability of an alarm
    period: int = 52  # points a year (freq)
    years: int = 5  # of history (b)
    half_window: int = 3  # points on each side of the same date (w)
    levels: int = 10  # of the seasonal factor; 1: reference windows alone (noPeriods)
    skip: int = 26  # latest points left out (pastWeeksNotIncluded)
    reweight: bool = True  # weight past surges down
    weights_from: float = 2.58  # from this residual on (weightsThreshold)
    trend: bool = True  # try a trend
    trend_alpha: float = 1.0  # least significance of a trend (pThresholdTrend)
    threshold: Threshold = "nbPlugin"  # (thresholdMethod)
    power: Power = "2/3"  # of "delta" (powertrans)
    least_cases: int = 5  # (limit54, first)
    least_window: int = 4  # (limit54, second)
    half_case: bool = True  # judge a reference of zeros by half a case (R: no verdict)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError("alpha must lie between 0 and 1")
        if self.threshold not in {"nbPlugin", "muan", "delta"}:
            raise ValueError(f"no such threshold: {self.threshold}")
        if self.power not in POWERS:
            raise ValueError(f"no such power: {self.power}")
        if self.years < 1 or self.half_window < 0 or self.skip < 0 or self.levels < 1:
            raise ValueError("years and levels must be at least 1, half_window and skip at least 0")
        between = self.period - 2 * self.half_window - 1
        if between < self.levels - 1:
            raise ValueError("the windows leave too few points for so many levels")

    @property
    def needs(self) -> int:
        """How many points of history a verdict needs."""
        return self.period * self.years + self.half_window


ORIGINAL = Options(levels=1, skip=3, weights_from=1.0, trend_alpha=0.05, threshold="delta")
"""The method of 1996, as far as the flexible one contains it (cut at alpha one-sided)."""


@dataclass(frozen=True, slots=True)
class FarringtonResult:
    """What is known of one period."""

    observed: float
    expected: float
    lower: float
    upper: float
    dispersion: float
    p_value: float  # probability of a count at least as large as the observed
    score: float  # (observed - expected) / (upper - expected)
    slope: float | None  # of the trend on the log scale, None where it was dropped
    enough: bool  # whether there were cases enough for an alarm

    @property
    def alarm(self) -> bool:
        """Whether the count is exceptional."""
        return self.enough and self.observed != 0 and self.score > 1


@lru_cache(maxsize=64)
def _layout(options: Options) -> tuple[IndexArray, IndexArray]:
    """The points of reference, as lags before now (oldest first), and the level of each."""
    level = np.full(options.needs + 1, -1, dtype=np.intp)  # indexed by lag
    wide = options.half_window
    blocks = options.levels - 1
    between = options.period - 2 * wide - 1
    for year in range(1, options.years + 1):
        centre = options.period * year
        level[centre - wide : centre + wide + 1] = blocks
        if blocks:
            short, longer = divmod(between, blocks)
            lengths = [short + (block < longer) for block in range(blocks)]
            # Blocks follow the older window forwards in time, which is towards smaller lags.
            forwards = np.repeat(np.arange(blocks), lengths)
            level[centre - wide - between : centre - wide] = forwards[::-1]
    level[: options.skip + 1] = -1
    lags = np.flatnonzero(level >= 0)[::-1]
    return lags, level[lags]


def _dispersion(found: Fit) -> float:
    return max(found.pearson / found.residual_freedom, 1.0)


def _surge_weights(found: Fit, phi: float, weights_from: float) -> Floats:
    raw = 1.5 * (found.counts ** (2 / 3) * found.means ** (-1 / 6) - np.sqrt(found.means))
    spread = np.sqrt(phi * np.maximum(1.0 - found.leverages, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        residuals = np.nan_to_num(raw / spread, nan=0.0, posinf=0.0, neginf=0.0)
    weights = np.ones_like(raw)
    surge = residuals > weights_from
    weights[surge] = residuals[surge] ** -2.0
    scaled: Floats = weights * (len(weights) / weights.sum())
    return scaled


def _fit(
    counts: Floats, level: IndexArray, time: Floats, trend: bool, options: Options
) -> tuple[Fit, float, float] | None:
    """The regression, its dispersion phi, and the dispersion that standard errors use."""
    found = fit(counts, level, time, trend=trend)
    if found is None and trend:
        return _fit(counts, level, time, False, options)
    if found is None:
        return None
    phi = _dispersion(found)
    if not options.reweight:
        return found, phi, found.pearson / found.residual_freedom
    prior = _surge_weights(found, phi, options.weights_from)
    again = fit(counts, level, time, trend=found.slope is not None, prior=prior)
    if again is None:
        return None
    of_errors = float(np.sum(prior * again.working_residuals**2)) / again.residual_freedom
    return again, _dispersion(again), of_errors


def _trend_stays(found: Fit, of_errors: float, now_level: int, options: Options) -> bool:
    if found.slope is None or options.years < 3 or of_errors <= 0:
        return False
    t_value = abs(found.slope) / math.sqrt(of_errors / found.time_weight)
    p_value = 2.0 * float(special.stdtr(found.residual_freedom, -t_value))
    expected = math.exp(min(found.predictor(now_level, 0.0)[0], LARGEST_LOG))
    return p_value < options.trend_alpha and expected <= float(found.counts.max())


@np.errstate(all="ignore")  # what overflows gives no verdict
def judge(
    history: Sequence[float | None], observed: float, options: Options | None = None
) -> FarringtonResult | None:
    """Judges a count by the history before it, or gives None where no verdict can be had.

    Args:
        history: the earlier counts, oldest first, one a period, None where missing.
        observed: the count of now.
        options: how to judge; Noufaily's ways where not given.

    """
    options = options or Options()
    if len(history) < options.needs:
        return None
    lags, level = _layout(options)
    past = np.array(history[-options.needs :], dtype=np.float64)
    counts = past[options.needs - lags]
    there = ~np.isnan(counts)
    if not there.all():
        counts, lags, level = counts[there], lags[there], level[there]
        if options.levels - 1 not in level:
            return None
        level = np.unique(level, return_inverse=True)[1].astype(np.intp)
    recent = [x for x in history[len(history) - options.least_window + 1 :] if x is not None]
    enough = sum(recent) + observed >= options.least_cases
    if options.half_case and not counts.any():
        return _by_half_a_case(observed, len(counts), options, enough=enough)
    time = -lags.astype(np.float64)
    now_level = int(level.max())
    result = _fit(counts, level, time, options.trend, options)
    if result is None:
        return None
    if result[0].slope is not None and not _trend_stays(result[0], result[2], now_level, options):
        result = _fit(counts, level, time, False, options)
        if result is None:
            return None
    found, phi, of_errors = result
    return _limits(observed, found, now_level, options, (phi, of_errors), enough=enough)


def _by_half_a_case(
    observed: float, periods: int, options: Options, *, enough: bool
) -> FarringtonResult:
    mean, phi = 0.5 / periods, 1.0 + 1.0 / periods
    upper = quantile(1.0 - options.alpha, mean=mean, phi=phi)
    start = math.log(mean)  # as in "nbPlugin", and below any limit
    score = (observed - start) / (upper - start)
    p_value = tail(observed, mean=mean, phi=phi)
    return FarringtonResult(
        observed, mean, 0.0, upper, phi, p_value, score, slope=None, enough=enough
    )


def _limits(  # the last step of `judge`, with all that it has found
    observed: float,
    found: Fit,
    now_level: int,
    options: Options,
    dispersions: tuple[float, float],
    *,
    enough: bool,
) -> FarringtonResult | None:
    eta, variance = found.predictor(now_level, 0.0)
    phi, of_errors = dispersions
    error = math.sqrt(variance * of_errors)
    if not (math.isfinite(error) and eta < LARGEST_LOG and phi < math.exp(LARGEST_LOG)):
        return None
    expected = max(math.exp(eta), LEAST_MEAN)
    if options.threshold == "delta":
        exponent = POWERS[options.power]
        tau = phi + (error * expected) ** 2 / expected
        lower, upper, deviation = power_limits(
            mean=expected, tau=tau, alpha=options.alpha, exponent=exponent
        )
        p_value = power_tail(observed, mean=expected, deviation=deviation, exponent=exponent)
        start = expected
    else:
        above = -float(special.ndtri(options.alpha)) * error if options.threshold == "muan" else 0.0
        if eta + above > LARGEST_LOG:
            return None
        mean = math.exp(eta + above)
        lower = quantile(options.alpha, mean=mean, phi=phi)
        upper = quantile(1.0 - options.alpha, mean=mean, phi=phi)
        p_value = tail(observed, mean=mean, phi=phi)
        start = eta
    return FarringtonResult(
        observed=observed,
        expected=expected,
        lower=lower,
        upper=upper,
        dispersion=phi,
        p_value=p_value,
        score=(observed - start) / (upper - start) if upper != start else 0.0,
        slope=found.slope,
        enough=enough,
    )


class FlexibleFarrington(Detector):
    """An exceptionally high count in a seasonal series: R's farringtonFlexible, on a stream.

    One count a period. alpha: nominal probability of an alarm; period: points a year; years: of
    history that are used; half_window: points on each side of the same date; levels: of the
    seasonal factor; skip: latest points that are left out; reweight: whether past surges weigh
    less, from a residual of weights_from on; trend: whether one is tried, and trend_alpha its least
    significance; threshold: `nbPlugin`, `muan` or `delta`, and power (`2/3`, `1/2` or `none`) that
    of the last. No alarm is below least_cases in the last least_window points. half_case: whether
    half a case stands in for a reference of zeros.

    A missing period (None) moves the calendar on, raises no alarm and changes no figure. Before all
    of those years are there nothing is judged: it is "learning", without limits.
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
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return f"{self.needs} points before it" if self._learning else None

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

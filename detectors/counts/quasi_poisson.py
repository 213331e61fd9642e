"""A quasi-Poisson regression on one factor and, if wanted, a straight trend.

The mean of count i, in level g(i) at time t(i), is

    mu(i) = exp(a[g(i)] + slope * t(i)),    Var(y(i)) = phi * mu(i),

fitted by iteratively reweighted least squares with the log link: each step regresses the working
response z = eta + (y - mu) / mu on the design with weights w = prior * mu. Because every point lies
in exactly one level, a step needs no matrix: with the weighted means of t and z in each level taken
off, the slope is one quotient, and each a[g] is what is left,

    slope = sum(w * (t - tbar) * z) / D,   D = sum(w * (t - tbar)^2),   a[g] = zbar - slope * tbar.

In the same way the leverage of a point is h = w * (1 / S[g] + (t - tbar)^2 / D), with S[g] the sum
of the weights of its level, and the variance of the linear predictor at (g, t), per unit of phi, is
1 / S[g] + (t - tbar)^2 / D.

Start (y + 0.1), stopping rule (deviance, relative, 1e-8), limit (25 steps) and the use of the last
step's weights for leverages and variances are those of R's `glm`, so that its figures are met also
where a level holds only zeros and its mean goes down for as long as the iteration lasts.

Reference: McCullagh and Nelder, Generalized Linear Models, 2nd edition (1989), chapters 2 and 9.

>>> import numpy as np
>>> counts = np.array([3.0, 5.0, 4.0, 11.0, 9.0, 10.0])
>>> level = np.array([0, 0, 0, 1, 1, 1])
>>> found = fit(counts, level, np.arange(6.0), trend=False)
>>> np.round(np.exp(found.intercepts), 6).tolist()
[4.0, 10.0]
>>> round(found.pearson / found.residual_freedom, 3)
0.175
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
IndexArray: TypeAlias = NDArray[np.intp]

TOLERANCE = 1e-8
MOST_STEPS = 25
LEAST_MEAN = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Fit:
    """A regression that converged; `weights` and all that is made of them are of the last step."""

    counts: Floats
    means: Floats
    weights: Floats
    intercepts: Floats
    slope: float | None
    centres: Floats  # mean time in each level
    level_weights: Floats
    time_weight: float  # D above; 0 without a trend
    leverages: Floats
    rank: int

    @property
    def residual_freedom(self) -> int:
        """Degrees of freedom of the residuals."""
        return len(self.counts) - self.rank

    @property
    def working_residuals(self) -> Floats:
        """Residuals on the scale of the linear predictor: (y - mu) / mu."""
        return (self.counts - self.means) / self.means

    @property
    def pearson(self) -> float:
        """The weighted sum of squares that, by the degrees of freedom, estimates phi."""
        return float(np.sum(self.weights * self.working_residuals**2))

    def predictor(self, level: int, time: float) -> tuple[float, float]:
        """The linear predictor at a level and time, and its variance per unit of phi."""
        predictor = float(self.intercepts[level])
        variance = 1.0 / float(self.level_weights[level])
        if self.slope is not None:
            predictor += self.slope * time
            variance += (time - float(self.centres[level])) ** 2 / self.time_weight
        return predictor, variance


def fit(
    counts: Floats, level: IndexArray, time: Floats, *, trend: bool, prior: Floats | None = None
) -> Fit | None:
    """Fits the regression, or gives None where it does not converge or no freedom is left.

    Args:
        counts: what was counted, not negative.
        level: the level of each point, 0, 1, ...; each level must hold a point.
        time: when each was counted, in any unit.
        trend: whether to fit a slope over time.
        prior: a positive weight for each point.

    """
    size = int(level.max()) + 1
    rank = size + trend
    if len(counts) <= rank:
        return None
    with np.errstate(all="ignore"):
        return _iterate(
            counts, level, time, trend, np.ones_like(counts) if prior is None else prior
        )


def _deviance(counts: Floats, means: Floats, prior: Floats) -> float:
    logs = counts * np.log(np.where(counts > 0, counts / means, 1.0))
    return 2.0 * float(np.sum(prior * (logs - (counts - means))))


def _iterate(
    counts: Floats, level: IndexArray, time: Floats, trend: bool, prior: Floats
) -> Fit | None:
    size = int(level.max()) + 1
    means = counts + 0.1
    eta = np.log(means)
    before = _deviance(counts, means, prior)
    for _ in range(MOST_STEPS):
        weights = prior * means
        response = eta + (counts - means) / means
        totals: Floats = np.bincount(level, weights, size).astype(np.float64)
        centres = np.bincount(level, weights * time, size) / totals
        intercepts = np.bincount(level, weights * response, size) / totals
        slope, time_weight, off = None, 0.0, time
        if trend:
            off = time - centres[level]
            time_weight = float(np.sum(weights * off * off))
            slope = float(np.sum(weights * off * response)) / time_weight if time_weight else np.nan
            intercepts -= slope * centres
        eta = intercepts[level] + (slope * time if slope is not None else 0.0)
        means = np.maximum(np.exp(eta), LEAST_MEAN)
        now = _deviance(counts, means, prior)
        if not np.isfinite(now):
            return None
        if abs(now - before) / (abs(now) + 0.1) < TOLERANCE:
            leverages = weights / totals[level]
            if trend:
                leverages += weights * off * off / time_weight
            return Fit(
                counts=counts,
                means=means,
                weights=weights,
                intercepts=intercepts,
                slope=slope,
                centres=centres,
                level_weights=totals,
                time_weight=time_weight,
                leverages=leverages,
                rank=size + trend,
            )
        before = now
    return None

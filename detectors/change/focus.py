"""FOCuS: the generalised likelihood ratio over every onset and every size of change, online.

After each of n points the statistic is exactly

    max over tau of  max over the level(s) of  log L(change after tau) - log L(no change),

with the level before either known (`baseline`) or estimated (None), and the level after always
estimated. Where the level before is unknown, tau runs over 1 to n - 1. The two directions are
kept apart: the statistic of a side takes only rises, or only falls.

Only corners of a convex hull can be the maximum (`candidates.py`): about log n of them after n
points, and an update looks at these alone. With a known baseline a side also drops what is no
change in its direction, which leaves about half. Unlike a CUSUM it needs no size of change to look
for and unlike a windowed GLR (`glr.py`) no length, at nearly the cost of either; unlike
`EWMA` it names the onset. A point is a total over an `exposure`, 1 unless told: with the expected
count as exposure and a baseline of 1 the level is a ratio to expected, so seasons are taken out.

The statistic is a plain log-likelihood ratio (natural logarithm, not doubled). At one time, on one
side, it exceeds h with a chance of the order exp(-h); over a run thresholds of 6 to 12 are usual.
Calibrate them for the length of run and the dispersion at hand.

References: Romano, Eckley, Fearnhead and Rigaill (2023), JMLR 24(81), for normal data and an
unknown baseline; Ward, Dilillo, Eckley and Fearnhead (2022), arXiv:2208.01494, for Poisson counts.

>>> detector = PoissonFocus(threshold=6.0)
>>> for x in [4, 6, 5, 5, 3, 6, 5, 4, 5, 6, 12, 11, 13]:
...     detector.update(x)
>>> detector.drift_detected, detector.direction, detector.onset
(True, 'up', 10)
>>> detector.level_before, detector.level
(4.9, 12.0)
"""

from __future__ import annotations

from typing import Unpack

from detectors.change import likelihoods as families
from detectors.change.focus_search import Focus, Options, above_zero
from detectors.change.likelihoods import Division


class PoissonFocus(Focus):
    """Counts; with a `dispersion` (variance over mean) other than 1, by quasi-likelihood.

    >>> detector = PoissonFocus(baseline=10.0, dispersion=2.0)
    >>> for x in [11, 9, 22, 25]:
    ...     detector.update(x)
    >>> round(detector.evidence, 3), detector.onset, detector.level
    (6.579, 2, 23.5)
    """

    _negative = False
    _own = "dispersion"

    def __init__(
        self,
        baseline: float | None = None,
        threshold: float = 10.0,
        *,
        dispersion: float = 1.0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(baseline, threshold, **options)
        self.dispersion = above_zero(dispersion, "a dispersion")

    def _gain(self, exposure: float, total: float, mean: float) -> float:
        return families.poisson(exposure, total, mean) / self.dispersion

    def _split(self, exposures: list[float], totals: list[float]) -> Division:
        return families.poisson_split(exposures, totals, self.dispersion)


class NegativeBinomialFocus(Focus):
    """Counts with variance m + m^2 / `size`, the size known: exact.

    >>> detector = NegativeBinomialFocus(baseline=10.0, size=10.0)
    >>> for x in [11, 9, 22, 25]:
    ...     detector.update(x)
    >>> round(detector.evidence, 3), detector.onset, detector.level
    (5.598, 2, 23.5)
    """

    _negative = False
    _own = "size"

    def __init__(
        self,
        baseline: float | None = None,
        threshold: float = 10.0,
        *,
        size: float = 10.0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(baseline, threshold, **options)
        self.size = above_zero(size, "a size")

    def _gain(self, exposure: float, total: float, mean: float) -> float:
        return families.negative_binomial(exposure, total, mean, self.size)

    def _split(self, exposures: list[float], totals: list[float]) -> Division:
        return families.negative_binomial_split(exposures, totals, self.size)


class GaussianFocus(Focus):
    """Measurements with a known standard deviation `sd`: durations, best after a logarithm.

    >>> detector = GaussianFocus(sd=0.5, threshold=9.0, restart=False)
    >>> for x in [2.0, 2.5, 1.5, 2.0, 2.5, 1.5, 0.0, 0.5, 0.0]:
    ...     detector.update(x)
    >>> detector.drift_detected, detector.direction, detector.onset
    (True, 'down', 6)
    """

    _own = "sd"

    def __init__(
        self,
        baseline: float | None = None,
        threshold: float = 10.0,
        *,
        sd: float = 1.0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(baseline, threshold, **options)
        self.sd = above_zero(sd, "a standard deviation")

    def _gain(self, exposure: float, total: float, mean: float) -> float:
        return families.gaussian(exposure, total, mean, self.sd)

    def _split(self, exposures: list[float], totals: list[float]) -> Division:
        return families.gaussian_split(exposures, totals, self.sd)

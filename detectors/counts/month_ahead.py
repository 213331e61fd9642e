r"""What a month brings, by the months before it: for a list of many series that is made once.

With :math:`Y` counts in months before of :math:`E` months' length together, the next, of length
:math:`e`, is negative binomial about :math:`e\,Y/E` (`detectors.counts.predictive`), with the
uncertainty of that mean and of the dispersion. The dispersion is Pearson's of the series' own
months, moved towards that of the middle one of its siblings, which is worth `SIBLINGS` months:

.. math:: \varphi = \frac{\sum (y - \mu)^2/\mu + n_0\,\varphi_0}{n - 1 + n_0}.

The middle one, since a few series with a season or a change would make the mean of all large, and
the others blind. A season within the months is scatter here: it hides, and does not flag.

Reference: Aitchison and Dunsmore, Statistical Prediction Analysis (1975), chapter 2.

>>> year, months = [10, 12, 9, 11, 10, 8] * 2, [1.0] * 12
>>> ahead = month_ahead(year, months, 1.0, prior=middle_scatter([scatter(year, months)]))
>>> ahead.mean, round(ahead.mid_p(12), 2), round(ahead.mid_p(30), 5)
(10.0, 0.53, 4e-05)
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from detectors.counts.predictive import Predictive

SIBLINGS = 12.0
"""Months that the dispersion of the siblings is worth."""
LEAST = 0.5
"""Of no count at all so much is taken: none in 12 months does not say that there is never one."""


def scatter(counts: Sequence[float], lengths: Sequence[float]) -> float:
    """Variance over mean of some counts about their own rate (Pearson's), over that which half of
    all series have by chance alone; `lengths` are those of their periods, two at the least."""
    degrees = len(counts) - 1
    # The median of chi-square by Wilson and Hilferty (PNAS 17, 1931).
    return _squares(counts, lengths) / (degrees * (1.0 - 2.0 / (9.0 * degrees)) ** 3)


def middle_scatter(scatters: Sequence[float]) -> float:
    """That of the middle one of some series; at least 1, as where there is none."""
    return max(1.0, median(scatters)) if scatters else 1.0


def month_ahead(
    counts: Sequence[float], lengths: Sequence[float], length: float, prior: float
) -> Predictive:
    """What comes in a period of that length after the others; `prior` is the dispersion that its
    siblings have."""
    total, known = max(sum(counts), LEAST), len(counts) - 1 + SIBLINGS
    dispersion = max(1.0, (_squares(counts, lengths) + SIBLINGS * prior) / known)
    mean = total / sum(lengths) * length
    return Predictive(mean, dispersion / total, dispersion, 2.0 / known)


def _squares(counts: Sequence[float], lengths: Sequence[float]) -> float:
    """Pearson's chi-square of some counts about their own rate; 0 where there is none at all."""
    total = sum(counts)
    if not total:
        return 0.0
    means = [total / sum(lengths) * each for each in lengths]
    return sum((count - mean) ** 2 / mean for count, mean in zip(counts, means, strict=True))

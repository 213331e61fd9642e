"""FOCuS against an expectation that is itself uncertain.

The ratio of what came to what was expected is looked for a change away from 1, with the expected
counts as exposures, as `focus.PoissonFocus` does with a known baseline. But counts are dispersed
(variance d times the mean), and the baseline is uncertain: its level has a relative variance v that
all points share, and each of the slots of a week one of its own, u, which a mean over n of them has
an n-th of. So a stretch of n slots and L expected counts varies by L (d + (v + u/n) L), with n the
slots of a week at most, since the same slots come again; and it is taken as negative binomial with
that variance (`likelihoods.negative_binomial` of size 1 / (d - 1 + (v + u/n) L)): a long stretch
can't prove what only a wrong baseline says. Which onsets are kept is decided as in FOCuS, so the
maximum is over its candidates, and may miss an onset that d, v and u would have put above them.

Used by `detectors.counts.count_watch`. References: Ward, Dilillo, Eckley and Fearnhead (2022),
arXiv:2208.01494; Aitchison and Dunsmore, Statistical Prediction Analysis (1975).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from detectors.base import bounded
from detectors.change import likelihoods
from detectors.change.candidates import BlockSide, push
from detectors.change.focus import PoissonFocus
from detectors.change.likelihoods import NO_DIVISION, Division

MOST_BEYOND = 1e9
"""Over-dispersion beyond Poisson is bounded by this: a size below 1 / this is nothing to the
logarithms beside it."""


class UncertainFocus(PoissonFocus):
    """A change of the ratio of counts to an expectation that is itself uncertain.

    The expected count is the exposure of a point. threshold: an alarm is from this log-likelihood
    ratio on; dispersion: variance over mean of the counts about their expectation; spread: relative
    variance of the expectation that all points share; own: that of each of `slots` slots by itself;
    all but slots may be set anew before any point. A gap (None) has an index here, so that an onset
    is a place in the stream.

    >>> sure, unsure = UncertainFocus(), UncertainFocus(spread=0.01)
    >>> for x in [120, 120]:
    ...     sure.update(x, 100.0)
    ...     unsure.update(x, 100.0)
    >>> round(sure.evidence, 2), round(unsure.evidence, 2)
    (3.76, 1.2)
    >>> apart = UncertainFocus(own=0.01, slots=7)
    >>> for x in [120, 120]:
    ...     apart.update(x, 100.0)
    >>> round(apart.evidence, 2)
    1.82
    """

    gaps_count = True

    def __init__(
        self,
        threshold: float = 10.0,
        dispersion: float = 1.0,
        spread: float = 0.0,
        own: float = 0.0,
        slots: int = 1,
    ) -> None:
        super().__init__(1.0, threshold, restart=False, dispersion=dispersion)
        self.spread, self.own, self.slots = spread, own, slots
        self._exposed = True
        self._begun = 0

    def begin(self, place: int) -> None:
        """Forgets every point; the next is at this place of the stream."""
        self.reset()
        self._points = self._begun = place

    @property
    def begun(self) -> int:
        """The place in the stream from which on it looks for a change."""
        return self._begun

    def follow(self, points: Sequence[Sequence[Any]]) -> None:
        """Takes points (count or None, and what was expected) of which the last with a count alone
        is judged: as if they came one by one, and faster.

        >>> one, other = UncertainFocus(), UncertainFocus()
        >>> for point in ([9, 8.0], [None, 1.0], [14, 9.0]):
        ...     one.update(*point)
        >>> other.follow([[9, 8.0], [None, 1.0], [14, 9.0]])
        >>> one.save() == other.save()
        True
        """
        last = max((n for n, point in enumerate(points) if point[0] is not None), default=0)
        for x, exposure in points[:last]:
            if x is not None:
                for side, sign in ((self._up, 1), (self._down, -1)):
                    self._put(side, sign, exposure, bounded(x, exposure), self._points)
            self._points += 1
        for x, exposure in points[last:]:
            self.update(x, exposure)

    def update(self, x: float | None, exposure: float = 1.0) -> None:
        """Takes a count and what was expected."""
        index = self._points
        self._points += 1
        if x is None:
            self._drift_detected = False
            return
        x = bounded(x, exposure, False)
        up = self._best_with(self._up, 1, exposure, x, index)
        down = self._best_with(self._down, -1, exposure, x, index)
        self._settle(up, down)

    def _best_with(
        self, side: BlockSide, sign: int, exposure: float, x: float, index: int
    ) -> Division:
        """A side with one more point. What is no change in its direction leaves it at once, so most
        of the time there is nothing on it, and nothing to be put there."""
        self._put(side, sign, exposure, x, index)
        return self._best(side, index) if side[0] else NO_DIVISION

    def _put(self, side: BlockSide, sign: int, exposure: float, x: float, index: int) -> None:
        exposures, totals, _ = side
        if not exposures and sign * (x - exposure) <= 0.0:
            return
        push(side, sign, exposure, x, index, self.most_candidates)
        if sign * (totals[0] - exposures[0]) <= 0.0:
            for column in side:
                del column[:]

    def _get_params(self) -> dict[str, Any]:
        names = ("threshold", "dispersion", "spread", "own", "slots")
        return {name: getattr(self, name) for name in names}

    def _best(self, side: BlockSide, index: int) -> Division:
        """As in FOCuS, of the stretches that end at a place; a ratio is at most half of its
        chi-square, with the variance at the smaller of the two means, which needs no logarithm to
        see that most onsets are not the best."""
        exposures, totals, starts = side
        exposure = total = best = 0.0
        found = NO_DIVISION
        for i in range(len(exposures) - 1, -1, -1):
            exposure += exposures[i]
            total += totals[i]
            excess = total - exposure
            ratio = min(1.0, total / exposure)
            spread = self.spread + self.own / min(index - starts[i] + 1.0, self.slots)
            beyond = self.dispersion - 1.0 + spread * exposure
            varies = exposure * ratio * (1.0 + ratio * beyond)
            if excess * excess > 2.0 * best * varies:
                value = _gain(exposure, total, beyond)
                if value > best:
                    best, found = value, (value, i, total / exposure, 1.0)
        return found


def _gain(exposure: float, total: float, beyond: float) -> float:
    """The log-likelihood ratio of a stretch whose counts are dispersed by so much beyond
    Poisson."""
    if beyond < 1e-9:
        return likelihoods.poisson(exposure, total, 1.0)
    return likelihoods.negative_binomial(exposure, total, 1.0, 1.0 / min(beyond, MOST_BEYOND))

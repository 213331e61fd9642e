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
`EWMA` it names the onset. A point is a total over an `exposure`, 1 unless given: with the expected
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

from abc import abstractmethod
from typing import Any, Literal, Self, TypedDict, Unpack

from detectors.base import Detector, Plain, bounded
from detectors.change import likelihoods
from detectors.change.candidates import (
    BlockSide,
    empty,
    fill_starts,
    from_plain,
    plain,
    push,
    start_of,
)
from detectors.change.likelihoods import NO_DIVISION, Division

Sides = Literal["both", "up", "down"]


class Options(TypedDict, total=False):
    """What a subclass hands on to `Focus`, whose defaults hold."""

    sides: Sides
    restart: bool
    most_candidates: int


def above_zero(value: float, what: str) -> float:
    """The value; an error where it is not above 0."""
    if not value > 0.0:
        raise ValueError(f"{what} is above 0, not {value}")
    return value


class Focus(Detector):
    """What the families share; use one of the subclasses.

    `baseline` is the known mean per unit of exposure, or None where it is to be estimated;
    `threshold` the least statistic that is an alarm; `sides` which changes count; `restart` whether
    the point after an alarm starts anew (as river's detectors do) or goes on; `most_candidates` the
    bound on memory: only a steady ramp reaches it, and then loses its oldest onsets.
    """

    gaps_count = False
    _negative = True
    _own: str
    """The parameter that a subclass adds."""

    def __init__(
        self,
        baseline: float | None = None,
        threshold: float = 10.0,
        sides: Sides = "both",
        restart: bool = True,
        most_candidates: int = 50,
    ) -> None:
        super().__init__()
        if sides not in {"both", "up", "down"}:
            raise ValueError(f"sides are 'both', 'up' or 'down', not {sides!r}")
        if baseline is not None and not self._negative and baseline <= 0.0:
            raise ValueError(f"a baseline of counts is above 0, not {baseline}")
        if most_candidates < 2:
            raise ValueError("at least two candidates are needed")
        self.baseline = baseline
        self.threshold = threshold
        self.sides = sides
        self.restart = restart
        self.most_candidates = most_candidates
        self._points = 0
        self._ended = False
        self._exposed = False
        self._up = empty()
        self._down = empty()
        self._evidence_up = 0.0
        self._evidence_down = 0.0
        self._onset: int | None = None
        self._level: float | None = None
        self._before: float | None = None
        self._direction: str | None = None

    def _get_params(self) -> dict[str, Any]:
        """What river reads off a signature, which is not all in one place here."""
        names = ("baseline", "threshold", "sides", "restart", "most_candidates", self._own)
        return {name: getattr(self, name) for name in names}

    @abstractmethod
    def _gain(self, exposure: float, total: float, mean: float) -> float:
        """The log-likelihood ratio of a segment at its own mean against `mean`."""

    @abstractmethod
    def _split(self, exposures: list[float], totals: list[float]) -> Division:
        """The best division of the blocks in two parts, each with its own mean."""

    def update(self, x: float | None, exposure: float = 1.0) -> None:
        """Takes the next point, a total over `exposure`; None has no index, changes no figure."""
        if x is None:
            self._drift_detected = False
            return
        x = bounded(x, exposure, self._negative)
        if self._ended:
            self._up = empty()
            self._down = empty()
        if exposure != 1.0 and not self._exposed:
            self._exposed = True
            fill_starts(self._up, self._points)
            fill_starts(self._down, self._points)
        index = self._points if self._exposed else None
        self._points += 1
        up = down = NO_DIVISION
        if self.sides != "down":
            push(self._up, 1, exposure, x, index, self.most_candidates)
            up = self._best(self._up, 1)
        if self.sides != "up":
            push(self._down, -1, exposure, x, index, self.most_candidates)
            down = self._best(self._down, -1)
        self._settle(up, down)

    def _settle(self, up: Division, down: Division) -> None:
        """Takes the best division of each side, and the better of the two as the change."""
        self._evidence_up, self._evidence_down = up[0], down[0]
        best, side = (up, self._up) if up[0] >= down[0] else (down, self._down)
        if best[0] > 0.0:
            self._direction = "up" if best is up else "down"
            self._onset = start_of(side, best[1], self._points)
            self._level, self._before = best[2], best[3]
        else:
            self._direction = self._onset = self._level = self._before = None
        self._drift_detected = best[0] >= self.threshold
        self._ended = self._drift_detected and self.restart

    def _best(self, side: BlockSide, sign: int) -> Division:
        # Lists are quicker to read than the arrays that they are kept in.
        exposures, totals = side[0].tolist(), side[1].tolist()
        if self.baseline is None:
            return self._split(exposures, totals) if len(exposures) > 1 else NO_DIVISION
        if sign * (totals[0] - self.baseline * exposures[0]) <= 0.0:
            # Block means are ordered, so this block is the only one: one beyond the baseline would
            # have stopped the merging, and one before that was dropped here in its time.
            for column in (*side, exposures, totals):
                del column[:]
        return self._best_known(exposures, totals, self.baseline)

    def _best_known(self, exposures: list[float], totals: list[float], mean: float) -> Division:
        gain = self._gain
        exposure = total = best = 0.0
        found = NO_DIVISION
        for i in range(len(exposures) - 1, -1, -1):
            exposure += exposures[i]
            total += totals[i]
            value = gain(exposure, total, mean)
            if value > best:
                best, found = value, (value, i, total / exposure, mean)
        return found

    def save(self) -> dict[str, Plain]:
        """The whole detector as plain data, independent of it."""
        saved = super().save()
        state: Any = saved["state"]
        state.update({"_up": plain(self._up), "_down": plain(self._down)})
        return saved

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> Self:
        """A detector that goes on exactly where the saved one stood."""
        detector = super().restore(saved)
        detector._up, detector._down = from_plain(detector._up), from_plain(detector._down)
        return detector

    @property
    def evidence(self) -> float:
        """The statistic: the greater of the two sides."""
        return max(self._evidence_up, self._evidence_down)

    @property
    def evidence_up(self) -> float:
        """The statistic for a rise."""
        return self._evidence_up

    @property
    def evidence_down(self) -> float:
        """The statistic for a fall."""
        return self._evidence_down

    @property
    def direction(self) -> str | None:
        """'up' or 'down', whichever has the more evidence; None where neither has any."""
        return self._direction

    @property
    def onset(self) -> int | None:
        """Index of the first point at the new level, counted from the detector's first point."""
        return self._onset

    @property
    def level(self) -> float | None:
        """The mean per unit of exposure from the onset on."""
        return self._level

    @property
    def level_before(self) -> float | None:
        """The mean per unit of exposure before the onset: the baseline where that is known."""
        return self._before

    @property
    def candidates(self) -> int:
        """How many onsets are kept, over both sides."""
        return len(self._up[0]) + len(self._down[0])


class PoissonFocus(Focus):
    """Counts; with a `dispersion` (variance over mean) other than 1, by quasi-likelihood.

    baseline: the mean before a change (null: learned); threshold: an alarm is from this
    log-likelihood ratio on; sides: `both`, `up` or `down`; restart: whether it starts anew after an
    alarm; most_candidates: onsets that are kept at most.

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
        return likelihoods.poisson(exposure, total, mean) / self.dispersion

    def _split(self, exposures: list[float], totals: list[float]) -> Division:
        return likelihoods.poisson_split(exposures, totals, self.dispersion)


class NegativeBinomialFocus(Focus):
    """Counts with variance m + m^2 / `size`, the size known: exact.

    baseline: the mean before a change (null: learned); threshold: an alarm is from this
    log-likelihood ratio on; sides: `both`, `up` or `down`; restart: whether it starts anew after an
    alarm; most_candidates: onsets that are kept at most.

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
        return likelihoods.negative_binomial(exposure, total, mean, self.size)

    def _split(self, exposures: list[float], totals: list[float]) -> Division:
        return likelihoods.negative_binomial_split(exposures, totals, self.size)


class GaussianFocus(Focus):
    """Measurements with a known standard deviation `sd`: durations, best after a logarithm.

    baseline: the mean before a change (null: learned); threshold: an alarm is from this
    log-likelihood ratio on; sides: `both`, `up` or `down`; restart: whether it starts anew after an
    alarm; most_candidates: onsets that are kept at most.

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
        return likelihoods.gaussian(exposure, total, mean, self.sd)

    def _split(self, exposures: list[float], totals: list[float]) -> Division:
        return likelihoods.gaussian_split(exposures, totals, self.sd)

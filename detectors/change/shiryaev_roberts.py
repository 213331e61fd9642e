r"""Shiryaev-Roberts: evidence for a change of level, added up over when it may have happened.

For every onset within the last `window` points, the mean rate since is compared with the mean rate
of *all* points before it, which are the better baseline the longer the stream runs. With relative
difference :math:`d`, variance :math:`v = \varphi/m\,(1/E_1 + 1/E_0)` (dispersion :math:`\varphi`,
baseline rate :math:`m`, exposures :math:`E`), and the change taken as normal around 0 with variance
:math:`\tau^2 = s^2\varphi/m` (that is `size` :math:`s` times the spread of one point), the evidence
of that onset is the Bayes factor

.. math:: B = \sqrt{v/(v + \tau^2)}\;\exp\!\left(\frac{d^2}{2v}\,\frac{\tau^2}{\tau^2 + v}\right)

and the statistic over the :math:`n` onsets is :math:`\log \sum B - \tfrac12 \log n`: half way
between their sum, which favours changes that come late, and their mean, which favours early ones.

Place among its siblings: CUSUM asks about one size of change against a baseline that is fixed at
the start, and GLR picks the single best onset and size, which pays for the search. In monthly
counts with over-dispersion this finds a small lasting change clearly more often than CUSUM at the
same false alarms; without over-dispersion, or where the change comes in the first months, the two
are within two points of each other (`benchmarks/detection.py`).

The dispersion is what a short baseline knows least. It is estimated from the first `baseline`
points and drawn towards `prior_dispersion`, which should come from sibling series, with the weight
of `prior_weight` points. It is never taken below `least_dispersion`.

References: Shiryaev (1963), Roberts (1966); Pollak (1987) for the mixture over the size of change.
"""

from __future__ import annotations

from math import exp, log, log1p, sqrt
from typing import NamedTuple

from detectors.base import Detector

LARGEST_WHOLE = 1e15
"""Larger counts are taken as this one: beyond it doubles no longer keep neighbours apart."""


class LikeliestChange(NamedTuple):
    """What is found: the evidence (a natural logarithm), the place of the likeliest onset, the
    rates since and before it, and how many onsets were weighed."""

    evidence: float
    onset: int
    level: float
    before: float
    onsets: int

    @property
    def direction(self) -> int:
        """1 for a rise, -1 for a fall."""
        return 1 if self.level >= self.before else -1


class ShiryaevRoberts(Detector):
    """A lasting change of the level of counts, either way, against all that came before.

    threshold: an alarm is where `evidence` is above it; calibrate it by simulation: with a baseline
    of 12 points the default raises a false alarm within 12 points in 5 % of stable series.
    baseline: points taken before anything is judged; the dispersion is estimated from them. size:
    standard deviation of the changes to be found, as a share of the spread of one point. window:
    how many points back an onset may lie. prior_dispersion, prior_weight: variance over mean of
    sibling series, and how many points that is worth (0: not used). least_dispersion: 1 for counts,
    which vary at least as Poisson does.

    >>> detector = ShiryaevRoberts()
    >>> for count in [360, 371, 352, 377, 366, 349, 381, 358, 370, 362, 355, 367]:
    ...     detector.update(count)
    >>> detector.drift_detected
    False
    >>> for count in [392, 399, 388, 401, 385, 395, 398]:
    ...     detector.update(count)
    >>> detector.drift_detected, detector.onset, round(detector.level), detector.direction
    (True, 12, 394, 1)
    """

    def __init__(
        self,
        threshold: float = 1.85,
        baseline: int = 12,
        size: float = 0.4,
        window: int = 24,
        prior_dispersion: float = 1.0,
        prior_weight: float = 0.0,
        least_dispersion: float = 1.0,
    ) -> None:
        super().__init__()
        if baseline < 2 or window < 1 or size <= 0:
            raise ValueError("baseline must be at least 2, window at least 1, size above 0")
        self.threshold, self.baseline, self.size, self.window = threshold, baseline, size, window
        self.prior_dispersion, self.prior_weight = prior_dispersion, prior_weight
        self.least_dispersion = least_dispersion
        self._n = 0
        # The window, a list for each column: a third of the memory of a list of triples.
        self._counts: list[float] = []
        self._lengths: list[float] = []
        self._places: list[int] = []
        self._old = [0.0, 0.0]
        self._left = baseline
        """Points that the baseline still needs; while it does, the window holds what it has."""
        self._dispersion = 0.0
        self._evidence = 0.0
        self._onset: int | None = None
        self._level = 0.0
        self._before = 0.0
        self._drift_detected = False

    def update(self, x: float | None, exposure: float = 1.0) -> None:
        """Takes a count and its exposure (the season's share times the length of the period).

        A missing point (None), or one without exposure, moves the index and changes nothing else.
        """
        self._drift_detected = False
        self._n += 1
        if x is None or exposure <= 0:
            return
        x = min(float(x), LARGEST_WHOLE)
        self._counts.append(x)
        self._lengths.append(float(exposure))
        if self._left:
            self._left -= 1
            self._old[0] += x
            self._old[1] += exposure
            if not self._left:
                self._dispersion = self._estimated()
                self._counts, self._lengths = [], []
            return
        self._places.append(self._n - 1)
        if len(self._counts) > self.window:
            self._old[0] += self._counts.pop(0)
            self._old[1] += self._lengths.pop(0)
            del self._places[0]
        self._weigh()
        self._drift_detected = self._evidence > self.threshold

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return f"{self.baseline} points, and one to judge" if not self._places else None

    def pass_over(self, points: int) -> None:
        """Takes so many points in a row that are missing."""
        self._drift_detected = False
        self._n += points

    def _estimated(self) -> float:
        """Pearson's dispersion of the baseline, drawn towards that of the siblings."""
        count, length = self._old
        rate = count / length
        own = 0.0
        if rate > 0:
            points = zip(self._counts, self._lengths, strict=True)
            own = sum((x - rate * e) ** 2 / (rate * e) for x, e in points)
        weight = self.prior_weight + self.baseline - 1
        return max(
            (own + self.prior_weight * self.prior_dispersion) / weight, self.least_dispersion
        )

    def likeliest_change(self, apart: tuple[int, int] = (0, 0)) -> LikeliestChange | None:
        """Adds up the Bayes factors of all onsets, the latest first; None where no point is judged.

        apart: a place and one after it in the window; the points between are taken as missing.
        """
        points = list(zip(self._counts, self._lengths, self._places, strict=True))
        points = [point for point in points if not apart[0] <= point[2] < apart[1]]
        if not points:
            return None
        total_count = self._old[0] + sum(x for x, _, _ in points)
        total_length = self._old[1] + sum(exposure for _, exposure, _ in points)
        count = length = 0.0
        logs: list[float] = []
        best, onset, level, before = -1.0, None, 0.0, 0.0
        for x, exposure, index in reversed(points):
            count += x
            length += exposure
            earlier = total_length - length
            rate = (total_count - count) / earlier
            # A baseline of nothing has no relative scale: half a case stands in for it.
            rate = rate if rate > 0 else 0.5 / earlier
            difference = (count / length - rate) / rate
            variance = self._dispersion / rate * (1 / length + 1 / earlier)
            prior = self.size**2 * self._dispersion / rate
            gain = prior / (prior + variance)
            weight = 0.5 * (difference * difference / variance * gain + log1p(-gain))
            logs.append(weight)
            if weight > best or onset is None:
                best, onset, level, before = weight, index, count / length, rate
        top = max(logs)
        evidence = top + log(sum(exp(each - top) for each in logs)) - 0.5 * log(len(logs))
        return LikeliestChange(evidence, onset or 0, level, before, len(logs))

    def set_aside(self, first: int, until: int) -> None:
        """Takes the points from that place of the window to `until`, which is not one of them, as
        missing for good."""
        points = zip(self._counts, self._lengths, self._places, strict=True)
        kept = [point for point in points if not first <= point[2] < until]
        self._counts, self._lengths = [x for x, _, _ in kept], [e for _, e, _ in kept]
        self._places = [place for _, _, place in kept]
        self._weigh()

    def _weigh(self) -> None:
        found = self.likeliest_change()
        if found is None:
            self._evidence, self._onset, self._level, self._before = 0.0, None, 0.0, 0.0
        else:
            self._evidence, self._onset, self._level, self._before, _ = found

    @property
    def evidence(self) -> float:
        """The statistic, a natural logarithm; 0 before anything is judged."""
        return self._evidence

    @property
    def onset(self) -> int | None:
        """Index (from 0) of the first point of the likeliest change; None before any is judged."""
        return self._onset

    @property
    def level(self) -> float:
        """The rate for an exposure of one since the onset."""
        return self._level

    @property
    def before(self) -> float:
        """The rate for an exposure of one before the onset."""
        return self._before

    @property
    def direction(self) -> int:
        """1 for a rise, -1 for a fall."""
        return 1 if self._level >= self._before else -1

    @property
    def dispersion(self) -> float:
        """The variance over the mean that is reckoned with; 0 while learning."""
        return self._dispersion

    @property
    def error(self) -> float:
        """Standard error of the relative change at the onset, by the counts alone."""
        if self._onset is None or self._before <= 0:
            return 0.0
        window = zip(self._lengths, self._places, strict=True)
        since = sum(length for length, place in window if place >= self._onset)
        return sqrt(self._dispersion / self._before / since)

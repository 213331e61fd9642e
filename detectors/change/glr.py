"""GLR: the plain generalised likelihood ratio for counts, with means that vary from point to point.

With a point's expected count m_t (the `mean` times the exposure that `update` is given) and the
last n of them as window, the statistic is

    max over segments of the last `least` to `window` points of
    max over c of  sum over the segment of  log f(x_t; c m_t) - log f(x_t; m_t),

c above 1 for `direction` 'up', below 1 for 'down': a change of the level by one factor since an
onset. With f Poisson (`alpha` 0) and s, e the sums of x_t and m_t the inner maximum is at c = s / e
and is s log(s / e) - s + e. With f negative binomial of variance m + alpha m^2 the best c solves

    sum over the segment of (x_t - c m_t) / (1 + alpha c m_t) = 0

which is done by Newton's method in log c, to the last digits (unless all m_t are the same: then
c = s / e again). The alarm is pinned to the statistic
reaching `threshold`; with `restart` no segment then reaches back over an alarm.

An update costs one pass over the window. For Poisson counts `focus.py` gives the same figure with
no window at less cost; this one is needed for means that vary by season together with a negative
binomial of fixed alpha, where no convex hull helps, and as the plain form to check the other with.

References: Hoehle and Paul (2008), Computational Statistics and Data Analysis 52; Lai (1995),
Journal of the Royal Statistical Society B 57, on windows.

>>> detector = GLR(mean=5.0, threshold=3.5)
>>> for x in [4, 6, 5, 9, 11]:
...     detector.update(x)
>>> detector.drift_detected, detector.onset, round(detector.evidence, 4), detector.level
(True, 3, 3.8629, 10.0)
"""

from __future__ import annotations

from math import exp, log, log1p
from typing import Literal

from detectors.base import Detector, bounded
from detectors.change.likelihoods import negative_binomial, poisson


class GLR(Detector):
    """A change of the level of counts by any factor, one way, within a window.

    mean: expected for an exposure of 1; alpha: variance m + alpha m^2 (0: Poisson); threshold: an
    alarm is from this log-likelihood ratio on; window, least: points of a segment at most, and at
    least; direction: `up` or `down`; restart: whether no segment reaches back over an alarm.
    """

    gaps_count = False

    def __init__(
        self,
        mean: float = 1.0,
        alpha: float = 0.0,
        threshold: float = 5.0,
        window: int = 40,
        least: int = 1,
        direction: Literal["up", "down"] = "up",
        restart: bool = True,
    ) -> None:
        super().__init__()
        if not mean > 0.0:
            raise ValueError(f"a mean of counts is above 0, not {mean}")
        if not alpha >= 0.0:
            raise ValueError(f"alpha is at least 0, not {alpha}")
        if not 1 <= least <= window:
            raise ValueError("a segment has at least 1 point and at most the window's")
        if direction not in {"up", "down"}:
            raise ValueError(f"the direction is 'up' or 'down', not {direction!r}")
        self.mean = mean
        self.alpha = alpha
        self.threshold = threshold
        self.window = window
        self.least = least
        self.direction = direction
        self.restart = restart
        self._points = 0
        self._ended = False
        self._xs: list[float] = []
        self._expected: list[float] = []
        self._evidence = 0.0
        self._onset: int | None = None
        self._factor: float | None = None

    def update(self, x: float | None, exposure: float = 1.0) -> None:
        """Takes the next count over `exposure`; None has no index, changes no figure."""
        if x is None:
            self._drift_detected = False
            return
        x = bounded(x, exposure)
        if self._ended:
            self._xs.clear()
            self._expected.clear()
        self._points += 1
        self._xs.append(x)
        self._expected.append(exposure * self.mean)
        if len(self._xs) > self.window:
            del self._xs[0], self._expected[0]
        self._judge()
        self._drift_detected = self._evidence >= self.threshold
        self._ended = self._drift_detected and self.restart

    def _judge(self) -> None:
        sign = 1.0 if self.direction == "up" else -1.0
        total = expected = best = factor = 0.0
        length = 0
        even = max(self._expected) == min(self._expected)
        for i in range(len(self._xs) - 1, -1, -1):
            total += self._xs[i]
            expected += self._expected[i]
            points = len(self._xs) - i
            if points < self.least:
                continue
            if self.alpha == 0.0:
                c = total / expected
                value = poisson(1.0, total, expected) if sign * (c - 1.0) > 0.0 else 0.0
            elif even:
                c = total / expected
                value = 0.0
                if sign * (c - 1.0) > 0.0:
                    value = negative_binomial(points, total, expected / points, 1.0 / self.alpha)
            else:
                value, c = self._uneven(i, total, expected, sign)
            if value > best:
                best, factor, length = value, c, points
        self._evidence = best
        self._onset = self._points - length if length else None
        self._factor = factor if length else None

    def _uneven(
        self, first: int, total: float, expected: float, sign: float
    ) -> tuple[float, float]:
        """The negative binomial statistic of the points from `first` on, and its factor."""
        alpha = self.alpha
        xs, ms = self._xs[first:], self._expected[first:]
        if sign * sum((x - m) / (1.0 + alpha * m) for x, m in zip(xs, ms, strict=True)) <= 0.0:
            return 0.0, 1.0
        if total == 0.0:
            return sum(log1p(alpha * m) for m in ms) / alpha, 0.0
        c = _solve(xs, ms, alpha, total / expected)
        value = total * log(c) - sum(
            (x + 1.0 / alpha) * log1p((c - 1.0) * m * alpha / (1.0 + alpha * m))
            for x, m in zip(xs, ms, strict=True)
        )
        return max(0.0, value), c

    @property
    def evidence(self) -> float:
        """The statistic."""
        return self._evidence

    @property
    def onset(self) -> int | None:
        """Index of the first point of the best segment; None where nothing goes that way."""
        return self._onset

    @property
    def factor(self) -> float | None:
        """By how much the level has changed since the onset."""
        return self._factor

    @property
    def level(self) -> float | None:
        """The mean per unit of exposure since the onset."""
        return None if self._factor is None else self._factor * self.mean


def _solve(xs: list[float], ms: list[float], alpha: float, start: float) -> float:
    """The factor c at which the negative binomial score is 0.

    The score falls in log c, and the Poisson-like start is near; steps are kept within a factor e.
    """
    position = log(start)
    for _ in range(100):
        score = slope = 0.0
        for x, m in zip(xs, ms, strict=True):
            mean = m * exp(position)
            whole = 1.0 + alpha * mean
            score += (x - mean) / whole
            slope += mean * (1.0 + alpha * x) / (whole * whole)
        step = max(-1.0, min(1.0, score / slope))
        position += step
        if abs(step) < 1e-13 * max(1.0, abs(position)):
            break
    return exp(position)

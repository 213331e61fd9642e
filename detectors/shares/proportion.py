"""Proportions by exact tails: k of n against a target, and against the detector's own recent rate.

Points of few trials say little, so they are added up until they have at least `least` trials
together (20 unless given); only then is the whole group judged, and a new one begun. A group of k
successes among n trials has, against

- the `target` p: the binomial tails P(X >= k) and P(X <= k), X ~ B(n, p);
- the recent rate, K successes of N trials: the same tails of X ~ beta-binomial(n, K + 1/2,
  N - K + 1/2), which is what n further trials give when the rate is known from N trials only
  (Jeffreys' prior). The binomial tails at K / N would be too small by as much as N is too few.

The recent rate rests on at most `memory` trials: with each group K and N grow by k and n, after the
group is judged, and where N then exceeds the memory both are scaled down to it, so that what is
older fades. None leaves that comparison out.

The evidence is -log10 of the smallest tail looked at, so a `threshold` of 3 is one in a thousand on
each side and comparison. With `mid_p` a tail counts half of the chance of k itself: nearer to the
nominal rate of false alarms where n is small, and no longer below it always. Beyond 5,000 trials
the beta-binomial is taken as the beta distribution with its mean and variance.

It judges each group alone. For a small change that lasts use `cusum.py`, or `focus.py` on the
counts with the trials as exposure.

References: Clopper and Pearson (1934), Biometrika 26; Lancaster (1961), Journal of the American
Statistical Association 56, on mid-p; Brown, Cai and DasGupta (2001), Statistical Science 16, on
Jeffreys' prior.

>>> detector = Proportion(target=0.9, memory=None)
>>> detector.update(10, 12)  # 12 trials: not enough yet
>>> detector.evidence
0.0
>>> detector.update(9, 18)
>>> detector.drift_detected, detector.direction, round(detector.evidence, 2)
(True, 'down', 4.05)
"""

from __future__ import annotations

from math import exp, lgamma, log10
from typing import Literal

import numpy as np

from detectors import special
from detectors.base import Detector, bounded

_MOST_TRIALS = 5_000
_LEAST_LOG = -600.0
"""Of a chance that a float still has, far from its end."""
_LEAST_CHANCE = 1e-300


def binomial_tails(k: int, n: int, p: float, mid_p: bool = False) -> tuple[float, float]:
    """P(X <= k) and P(X >= k) for X ~ B(n, p); `mid_p` leaves half of P(X = k) out of each."""
    lower, upper = _at_most(k, n, p), _at_least(k, n, p)
    if mid_p:
        return (lower + _at_most(k - 1, n, p)) / 2.0, (upper + _at_least(k + 1, n, p)) / 2.0
    return lower, upper


def _at_most(k: int, n: int, p: float) -> float:
    if k < 0:
        return 0.0
    return 1.0 if k >= n else float(special.betaincc(k + 1, n - k, p))


def _at_least(k: int, n: int, p: float) -> float:
    if k > n:
        return 0.0
    return 1.0 if k <= 0 else float(special.betainc(k, n - k + 1, p))


def beta_binomial_tails(
    k: int, n: int, a: float, b: float, mid_p: bool = False
) -> tuple[float, float]:
    """The same for the number of successes among n trials whose rate is Beta(a, b)."""
    half = 0.5 if mid_p else 0.0
    if n > _MOST_TRIALS:
        # Var(X / n) = mean (1 - mean) / (total + 1) * (1 + total / n), with total = a + b.
        total = (a + b + 1.0) / (1.0 + (a + b) / n) - 1.0
        shape = a / (a + b) * total, b / (a + b) * total
        edges = (k + 0.5 - half) / n, (k - 0.5 + half) / n
        return (
            float(special.betainc(*shape, min(1.0, edges[0]))),
            float(special.betaincc(*shape, max(0.0, edges[1]))),
        )
    counts = np.arange(n + 1)
    ways = special.gammaln(n + 1) - special.gammaln(counts + 1) - special.gammaln(n - counts + 1)
    chances = np.exp(ways + special.betaln(counts + a, n - counts + b) - special.betaln(a, b))
    less = half * float(chances[k])
    return float(chances[: k + 1].sum()) - less, float(chances[k:].sum()) - less


def beta_binomial_at_most(n: int, a: float, b: float, chance: float, highest: int) -> int:
    """The most successes, up to `highest`, that so many or fewer have at most that chance of, among
    n trials whose rate is Beta(a, b); -1 where none have.

    >>> beta_binomial_at_most(20, 8.0, 2.0, 0.001, 20)
    4
    """
    no_success = lgamma(n + b) - lgamma(n + a + b) + lgamma(a + b) - lgamma(b)
    if n > _MOST_TRIALS or no_success < _LEAST_LOG:
        low, high = -1, min(n, highest)  # the tail grows with the successes
        while low < high:
            middle = (low + high + 1) // 2
            if beta_binomial_tails(middle, n, a, b)[0] <= chance:
                low = middle
            else:
                high = middle - 1
        return low
    # Each chance from the one before: few steps mostly, where arrays would take ten times as long.
    this = below = exp(no_success)
    for k in range(min(n, highest)):
        if below > chance:
            return k - 1
        this *= (n - k) * (a + k) / ((k + 1) * (n - k - 1 + b))
        below += this
    return max(-1, min(n, highest) - (below > chance))


class Proportion(Detector):
    """Exact tails of a proportion against a target and against its own recent rate.

    target: the proportion that it should be, between 0 and 1 (null: none); memory: trials that the
    recent rate rests on at most (null: no comparison with it); threshold: an alarm is from this
    -log10 of a probability on (3: one in a thousand); least: trials that are judged together, added
    up over points until there are so many; sides: `both`, `up` or `down`; mid_p: whether a tail
    counts half of the chance of the very number that came.
    """

    def __init__(
        self,
        target: float | None = None,
        memory: float | None = 1000.0,
        threshold: float = 3.0,
        least: int = 20,
        sides: Literal["both", "up", "down"] = "both",
        mid_p: bool = False,
    ) -> None:
        super().__init__()
        if target is None and memory is None:
            raise ValueError("a target or a memory is needed to compare with")
        if target is not None and not 0.0 < target < 1.0:
            raise ValueError(f"a target is between 0 and 1, not {target}")
        if memory is not None and not memory > 0.0:
            raise ValueError(f"a memory is above 0, not {memory}")
        if least < 1:
            raise ValueError("at least one trial is needed")
        if sides not in {"both", "up", "down"}:
            raise ValueError(f"sides are 'both', 'up' or 'down', not {sides!r}")
        self.target = target
        self.memory = memory
        self.threshold = threshold
        self.least = least
        self.sides = sides
        self.mid_p = mid_p
        self._pending = [0.0, 0]
        self._recent = [0.0, 0.0]
        self._evidence_target = 0.0
        self._evidence_recent = 0.0
        self._direction: str | None = None
        self._rate: float | None = None

    def update(self, x: float | None, of: int = 1) -> None:
        """Takes x successes `of` so many trials; None, or of 0, changes no figure.

        More successes than trials count as all of them. Fractions are added up; the sum of a group
        is rounded.
        """
        self._drift_detected = False
        if x is None or of == 0:
            return
        self._pending[0] += min(bounded(x, of), of)
        self._pending[1] += of
        if self._pending[1] >= self.least:
            self._judge(round(self._pending[0]), int(self._pending[1]))
            self._pending = [0.0, 0]

    def _judge(self, k: int, n: int) -> None:
        self._rate = k / n
        target: tuple[float, str | None] = (0.0, None)
        recent = target
        if self.target is not None:
            target = self._weigh(binomial_tails(k, n, self.target, self.mid_p))
        if self.memory is not None:
            successes, trials = self._recent
            if trials > 0.0:
                shape = successes + 0.5, trials - successes + 0.5
                recent = self._weigh(beta_binomial_tails(k, n, *shape, self.mid_p))
            scale = min(1.0, self.memory / (trials + n))
            self._recent = [(successes + k) * scale, (trials + n) * scale]
        self._evidence_target, self._evidence_recent = target[0], recent[0]
        self._direction = max(target, recent, key=lambda found: found[0])[1]
        self._drift_detected = self.evidence >= self.threshold

    def _weigh(self, tails: tuple[float, float]) -> tuple[float, str | None]:
        """The evidence and direction of the smaller tail that is looked at."""
        lower, upper = tails
        if self.sides != "up" and (self.sides == "down" or lower < upper):
            chance, direction = lower, "down"
        else:
            chance, direction = upper, "up"
        return -log10(min(1.0, max(_LEAST_CHANCE, chance))) + 0.0, direction

    @property
    def evidence(self) -> float:
        """-log10 of the smallest tail of the last group that was judged."""
        return max(self._evidence_target, self._evidence_recent)

    @property
    def direction(self) -> str | None:
        """'up' or 'down': the side of the smallest tail."""
        return self._direction

    @property
    def rate(self) -> float | None:
        """The proportion in the last group that was judged."""
        return self._rate

    @property
    def recent_rate(self) -> float | None:
        """The recent rate, the last group included; None before the first."""
        successes, trials = self._recent
        return successes / trials if trials > 0.0 else None

    @property
    def still_needs(self) -> str | None:
        """What must come before any point is judged, in words; None once that is there."""
        return f"{self.least} trials" if self._rate is None else None

    @property
    def pending(self) -> int:
        """Trials that wait for enough others to be judged with."""
        return int(self._pending[1])

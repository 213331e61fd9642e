"""A proportion watched from two sides: is this hour's exceptional, has it changed lately?

Real proportions, such as of calls answered in time, vary more from hour to hour than coins do. So
the k successes of a group of n trials are taken as beta-binomial about p, the level plus the effect
of the slot: Var k = n p q (1 + (n - 1) rho), q = 1 - p, where rho is the correlation of two trials
of a group. From the groups learned, with v p q the variance of p as it was known at the time,

    z^2 = (k - n p)^2 / (n p q) - n v,      rho = sum(z^2 - 1) / sum(n - 1), at least 0,

to which the prior adds `prior_weight` groups of middling size with `prior_correlation`. (An outlier
beyond four standard deviations counts as one at four.)

- `surprise`: the tails of beta-binomial(n, correlation R), R = rho + v, mixed over the uncertainty
  of 1 + (n - 1) rho: log-normal with relative variance 2/nu, nu the groups that it is known from.
- `change`: a stretch of N trials, of which the share x succeeded, has the correlation
  R = rho sum n (n - 1) / (N (N - 1)) + v. If beta is a Beta(s p, s q), s = 1/R - 1, this is as
  unlikely as its likeliest cause t = (N x + s p) / (N + s), with K(a, b) the Kullback-Leibler
  divergence of two coins: c = N K(x, t) + s K(p, t). For R = 0 it is the binomial likelihood ratio.

Its place: `detectors.shares.proportion` has targets, and needs no history; this has a rate of false
alarms that holds for over-dispersed series. Groups, baseline and scale: `detectors.grouped_watch`.

References: Williams (1982), Applied Statistics 31, on rho by moments; Dembo and Zeitouni (2010),
Large Deviations, section 2.2, on c.
"""

from __future__ import annotations

from math import log, log1p, log10, sqrt

import numpy as np

from detectors import special
from detectors.grouped_watch import Floats, FoundChange, GroupedWatch
from detectors.shares.proportion import beta_binomial_tails, binomial_tails

MOST_TRIALS = 1e9
OUTLYING_SHARE = 4.0**2
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def divergence(a: Floats, b: Floats) -> Floats:
    """Kullback and Leibler's, of a coin with chance `a` from one with `b`."""
    return np.asarray(special.xlogy(a, a / b) + special.xlogy(1.0 - a, (1.0 - a) / (1.0 - b)))


def stretch_ratio(shares: Floats, trials: Floats, p: Floats, correlation: Floats) -> Floats:
    """The log-likelihood ratio c of the module for each stretch.

    >>> fair, sure = np.array([0.5]), np.array([1e-12])
    >>> round(float(stretch_ratio(np.array([0.6]), np.array([100.0]), fair, sure)[0]), 4)
    2.0136
    """
    size = 1.0 / correlation - 1.0
    between = (trials * shares + size * p) / (trials + size)
    own, cause = divergence(shares, between), divergence(p, between)
    return np.asarray(np.maximum(0.0, trials * own + size * cause))


def sums_of(x: float | None, trials: float) -> list[float] | None:
    """What is summed of a slot: trials and successes; None where there are none."""
    if x is None or not x >= 0.0 or not trials > 0.0:
        return None
    # More trials than this say no more, and doubles no longer keep neighbours apart.
    scale = min(1.0, MOST_TRIALS / trials)
    return [trials * scale, min(x, trials) * scale]


class ProportionWatch(GroupedWatch):
    """A share: exceptional in a slot, or changed over any stretch that ends now.

    allowed: nominal false alarms a week; an alarm is at most this. slots: of the week, 168 hours or
    7 days. least: cases in a group; need: groups that are learned before any is judged; window: how
    many groups back a change is looked for (null: 48 of hours, 28 of days). half_life: weeks in
    which a group loses half its weight. prior_weight: groups that the prior spread is worth.

    prior_correlation: of two trials of a group before any data, what sibling series have
    shown. slot_sd: standard deviation of the effects of the slots, as shares.

    >>> watch = ProportionWatch(allowed=0.05, slots=7)
    >>> for week in range(12):
    ...     for answered in (90, 88, 92, 91, 89, 90, 87):
    ...         watch.update(answered, 100)
    >>> watch.drift_detected
    False
    >>> for answered in (81, 80, 79, 82):
    ...     watch.update(answered, 100)
    >>> watch.drift_detected, watch.causes, watch.onset, watch.direction, round(watch.level, 3)
    (True, ['change'], 84, 'down', 0.805)
    """

    _own = ("prior_correlation", "slot_sd")

    def __init__(  # noqa: PLR0913 - every constant of the model can be set
        self,
        allowed: float = 0.01,
        slots: int = 168,
        least: int = 20,
        need: int = 20,
        *,
        window: int | None = None,
        half_life: float = 13.0,
        prior_weight: float = 5.0,
        prior_correlation: float = 0.02,
        slot_sd: float = 0.02,
    ) -> None:
        super().__init__(allowed, slots, least, need, window, half_life, prior_weight)
        self.prior_correlation = prior_correlation
        self.slot_sd = slot_sd

    def update(self, x: float | None, trials: float = 1) -> None:
        """Takes x successes of so many trials; None, or of 0, is a gap."""
        self._take(sums_of(x, trials))

    @property
    def correlation(self) -> float:
        """The over-dispersion rho, as estimated."""
        spread, trials, groups = self._spread_sums
        middling = trials / groups if trials else 1.0
        prior = self.prior_weight * middling
        return min(0.9, max(0.0, (spread + prior * self.prior_correlation) / (trials + prior)))

    def _expected_at(self, slot: int) -> float:
        least = self._least
        return min(1.0 - least, max(least, self._base + self._effects[slot]))

    @property
    def _least(self) -> float:
        """As Jeffreys' prior has it: no chance is known to be 0 or 1."""
        return 0.5 / (sum(self._information) + 1.0)

    def _judge(self, group: list[float]) -> tuple[float, str | None]:
        n, k = group[2:4]
        slot = self._slot(group)
        p = self._expected_at(slot)
        off = k - n * p
        direction = "up" if off > 0.0 else "down"
        # Within two standard deviations nothing is exceptional; spare the functions.
        correlation = self.correlation + self._slot_spreads[slot]
        if off * off <= 4.0 * n * p * (1.0 - p) * (1.0 + (n - 1.0) * min(1.0, correlation)):
            return 0.0, direction
        lower, upper = self._tails(round(k), round(n), slot)
        return -log10(max(min(lower, upper), 1e-300)), direction

    def _tails(self, k: int, n: int, slot: int) -> tuple[float, float]:
        """P(X <= k) and P(X >= k), mixed over the uncertainty of the over-dispersion."""
        p, spread = self._expected_at(slot), self._slot_spreads[slot]
        width = sqrt(log1p(2.0 / self.known))
        factors = (1.0 + (n - 1.0) * self.correlation) * np.exp(width * _NODES - width**2 / 2.0)
        lower = upper = 0.0
        for factor, weight in zip(factors.tolist(), _WEIGHTS.tolist(), strict=True):
            rho = max(0.0, (factor - 1.0) / max(1.0, n - 1.0))
            correlation = min(0.95, rho + spread)
            size = 1.0 / correlation - 1.0
            tails = (
                binomial_tails(k, n, p)
                if correlation < 1e-9
                else beta_binomial_tails(k, n, size * p, size * (1.0 - p))
            )
            lower += weight * tails[0]
            upper += weight * tails[1]
        return min(1.0, lower), min(1.0, upper)

    def _likeliest_change(self, recent: list[list[float]]) -> FoundChange:
        latest = recent[::-1]
        n, k = np.array([group[2] for group in latest]), np.array([group[3] for group in latest])
        effects, period, least = self._effects, self.period, self._least
        p = np.array([effects[int(group[1]) % period] for group in latest]) + self._base
        p = np.minimum(1.0 - least, np.maximum(least, p))
        trials, successes, hoped = n.cumsum(), k.cumsum(), (n * p).cumsum()
        shares, chances = successes / trials, hoped / trials
        pairs = (n * (n - 1.0)).cumsum() / np.maximum(trials * (trials - 1.0), 1.0)
        correlation = self.correlation * pairs + self._shared(np.arange(1.0, len(n) + 1.0))
        correlation = np.minimum(0.95, np.maximum(1e-9, correlation))
        ratios = stretch_ratio(shares, trials, chances, correlation)
        best = int(ratios.argmax())
        share, chance = float(shares[best]), float(chances[best])
        direction = "up" if share > chance else "down"
        change = self._student(float(ratios[best]))
        return FoundChange(change, len(recent) - 1 - best, share, share - chance, direction)

    def _likelier(self, group: list[float], shift: float) -> float:
        n, k = group[2:4]
        p, least = self._expected_at(self._slot(group)), self._least
        off = min(1.0 - least, max(least, p + shift))
        ratio = k * log(p / off) + (n - k) * log((1.0 - p) / (1.0 - off))
        return ratio / (1.0 + (n - 1.0) * self.correlation)

    def _learn(self, group: list[float], slot: int) -> None:
        n, k, shift, together = group[2:6]
        rho = self.correlation
        factor = 1.0 + (n - 1.0) * rho
        weight = 1.0
        if self._learned > 1:
            p, spread = self._expected_at(slot), self._slot_spreads[slot]
            square = (k - n * p) ** 2 / (n * p * (1.0 - p))
            most = OUTLYING_SHARE * (factor + n * spread)
            weight = min(1.0, most / square) if square else 1.0
            part, known = 1.0, n * spread
            if together:  # of a spell: about its own level
                least = self._least
                p = min(1.0 - least, max(least, p + shift))
                square = (k - n * p) ** 2 / (n * p * (1.0 - p)) if together > 1.0 else 0.0
                part, known = 1.0 - 1.0 / together, 0.0
            sums = self._spread_sums
            sums[0] += min(square, most) - known - part
            sums[1] += part * (n - 1.0)
            sums[2] += part
        self._values[slot] += weight * k / factor
        self._information[slot] += weight * n / factor
        share = (sum(self._values) + 0.5) / (sum(self._information) + 1.0)
        self._fit(share * (1.0 - share) / self.slot_sd**2)

    @property
    def expected(self) -> float | None:
        """The share that is expected of the next slot; None while learning."""
        if self.state == "learning":
            return None
        return self._expected_at(self._place % self.period)

    @property
    def ratio(self) -> float | None:
        """The share since the onset over the level before."""
        return None if self.level is None or not self._base else self.level / self._base

    @property
    def before(self) -> float | None:
        """The level before the change: of the groups that have been learned."""
        return None if self.state == "learning" else self._base

    def limits(
        self, probability: float, trials: int | None = None, ahead: int = 0
    ) -> tuple[float, float] | None:
        """The least and the greatest share not exceptional in the slot that is so many `ahead` of
        the next one; None while learning.

        Each tail has at most this probability. trials: `least` unless given.
        """
        if self.state == "learning":
            return None
        n, slot = trials or self.least, (self._place + ahead) % self.period
        low, high = 0, n + 1  # the least k with P(X <= k) above the probability
        while low < high:
            middle = (low + high) // 2
            if middle > n or self._tails(middle, n, slot)[0] > probability:
                high = middle
            else:
                low = middle + 1
        least, low, high = low, -1, n
        while low < high:
            middle = (low + high + 1) // 2
            if self._tails(middle, n, slot)[1] > probability:
                low = middle
            else:
                high = middle - 1
        return least / n, low / n

"""Many proportions watched together: what `ProportionWatch` does for one series, as arrays."""

from __future__ import annotations

import numpy as np

from detectors.grouped_watches import Floats, GroupedWatches, GroupState, Ints, JudgedGroups, Mask
from detectors.shares.proportion_watch import (
    OUTLYING_SHARE,
    ProportionWatch,
    stretch_ratio,
    sums_of,
)


def _known_share(share: Floats, information: Floats) -> Floats:
    """Shares as they are expected, where they are known from so many trials: no chance is known to
    be 0 or 1, as Jeffreys' prior has it."""
    least = 0.5 / (information + 1.0)
    return np.asarray(np.minimum(1.0 - least, np.maximum(least, share)))


class ProportionWatches(GroupedWatches[ProportionWatch]):
    """Series of shares, each as a `ProportionWatch` of the same parameters.

    >>> watches = ProportionWatches(ProportionWatch(allowed=0.05, slots=7), shown=0.5)
    >>> rows = [watches.add(0.05), watches.add(0.02)]
    >>> for day in range(88):
    ...     watches.update(rows[0], 90, 100)
    ...     watches.update(rows[1], 90 if day < 84 else 80, 100)
    >>> [watches.watch(row).causes for row in rows]
    [[], ['change']]
    """

    sums = 2

    def update(self, row: int, x: float | None, trials: float = 1) -> None:
        """Takes x successes of so many trials of one series; None, or of 0, is a gap."""
        self.take(row, sums_of(x, trials))

    def expected(self, row: int) -> float | None:
        """The share that is expected of the next slot of a series; None while learning."""
        middle = self.middle(row)
        if middle is None:
            return None
        return float(_known_share(np.array(middle), self._state.information[row].sum()))

    def _compared(self, some: GroupState, latest: Floats, within: Mask) -> JudgedGroups:
        slot = latest[:, :, 1].astype(np.int64) % some.period
        n, k = np.where(within, latest[:, :, 2], 0.0), np.where(within, latest[:, :, 3], 0.0)
        known = some.information.sum(axis=1, keepdims=True)
        p = _known_share(np.take_along_axis(some.effects, slot, 1) + some.base[:, None], known)
        own, correlation = some.slot_spreads[some.every, slot[:, 0]], self._correlation(some)
        off, variance = k[:, 0] - n[:, 0] * p[:, 0], n[:, 0] * p[:, 0] * (1.0 - p[:, 0])
        alike = np.minimum(1.0, correlation + own)
        odd = off * off > 4.0 * variance * (1.0 + (n[:, 0] - 1.0) * alike)
        trials, successes, hoped = n.cumsum(axis=1), k.cumsum(axis=1), (n * p).cumsum(axis=1)
        shares, chances = successes / trials, hoped / trials
        pairs = (n * (n - 1.0)).cumsum(axis=1) / np.maximum(trials * (trials - 1.0), 1.0)
        between = correlation[:, None] * pairs + self._shared(some, pairs.shape[1])
        between = np.minimum(0.95, np.maximum(1e-9, between))
        ratios = stretch_ratio(shares, trials, chances, between)
        return JudgedGroups(off > 0.0, odd, ratios, shares, shares - chances, between)

    def _correlation(self, some: GroupState) -> Floats:
        spread, trials, groups = some.spread_sums.T
        seen = trials != 0.0
        middling = np.where(seen, trials / np.where(seen, groups, 1.0), 1.0)
        prior = self.pattern.prior_weight * middling
        found = (spread + prior * self.pattern.prior_correlation) / (trials + prior)
        return np.asarray(np.minimum(0.9, np.maximum(0.0, found)))

    def _learn(self, some: GroupState, group: Floats, slot: Ints) -> None:
        n, k, shift, together = group[:, 2:6].T
        every = some.every
        factor = 1.0 + (n - 1.0) * self._correlation(some)
        known = some.information.sum(axis=1)
        middle, spread = some.base + some.effects[every, slot], some.slot_spreads[every, slot]

        def square_of(share: Floats) -> Floats:
            return np.asarray((k - n * share) ** 2 / (n * share * (1.0 - share)))

        p = _known_share(middle, known)
        square = square_of(p)
        most = OUTLYING_SHARE * (factor + n * spread)
        judged, spell = some.learned > 1.0, together > 0.0
        weight = np.where(judged & (square > most), most / np.where(square, square, 1.0), 1.0)
        about_own = np.where(together > 1.0, square_of(_known_share(p + shift, known)), 0.0)
        square = np.where(spell, about_own, square)
        part = np.where(spell, 1.0 - 1.0 / np.where(spell, together, 1.0), 1.0)
        less = np.where(spell, 0.0, n * spread) + part
        more = np.minimum(square, most) - less, part * (n - 1.0), part
        some.spread_sums += np.where(judged[:, None], np.stack(more, axis=-1), 0.0)
        some.values[every, slot] += weight * k / factor
        some.information[every, slot] += weight * n / factor
        share = (some.values.sum(axis=1) + 0.5) / (some.information.sum(axis=1) + 1.0)
        self._fit(some, share * (1.0 - share) / self.pattern.slot_sd**2)

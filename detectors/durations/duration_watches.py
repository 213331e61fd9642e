"""Many durations watched together: what `DurationWatch` does for one series, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Any

import numpy as np

from detectors.durations.duration_watch import (
    DOUBTFUL,
    LATELY,
    LEAST,
    MOST,
    MOST_FREEDOM,
    MOST_KNOWN,
    MOST_SCATTER,
    MOSTLY,
    OUTLYING_MEAN,
    USUAL_RANGE,
    DurationWatch,
    doubted,
    far_of,
    sums_of,
)
from detectors.grouped_watches import Floats, GroupedWatches, GroupState, Ints, JudgedGroups, Mask


class DurationWatches(GroupedWatches[DurationWatch]):
    """Series of mean durations, each as a `DurationWatch` of the same parameters.

    >>> watches = DurationWatches(DurationWatch(allowed=0.05), shown=0.5)
    >>> rows = [watches.add(0.02), watches.add(0.05)]
    >>> for day in range(89):
    ...     watches.update(rows[0], 40 * (600 + day % 7), 40)
    ...     watches.update(rows[1], 40 * (600 + day % 7 + 190 * (day >= 84)), 40)
    >>> [watches.watch(row).causes for row in rows]
    [[], ['surprise', 'change']]
    """

    sums = 6
    own = 3  # the two sums of the coefficient of variation, and the share of doubtful groups

    def update(
        self, row: int, x: float | None, number: float = 1, squares: float | None = None
    ) -> None:
        """Takes the sum of a slot's durations of one series, their number, and the sum of their
        squares."""
        self.take(row, sums_of(x, number, squares))

    def expected(self, row: int) -> float | None:
        """The mean that is expected of the next slot of a series; None while learning."""
        middle = self.middle(row)
        return None if middle is None else exp(middle)

    def farthest(self, row: int) -> float | None:
        """The longest possible single duration in the next slot of a series; None before any is
        learned."""
        self._settle(row)
        if not self._state.learned[row]:
            return None
        cv = float(np.sqrt(self._variation(self._state.own[row, :2])))
        return far_of(cv) * exp(self._middle(row))

    def _variation(self, own: Floats) -> Floats:
        """The squares of the coefficients of variation."""
        least = self.pattern.least
        scattered = own[..., 0] + least * self.pattern.prior_cv**2
        return np.asarray(scattered / (own[..., 1] + least))

    def _known(self, some: GroupState) -> Floats:
        return np.minimum(MOST_KNOWN, super()._known(some))

    def _formed(self, some: GroupState, groups: Floats) -> Floats:
        variation = np.sqrt(self._variation(some.own))
        slot = groups[:, 1].astype(np.int64) % some.period
        middle = some.base + some.effects[some.every, slot]
        hoped = np.where(some.learned > 0.0, np.exp(middle), 0.0)
        return np.array(
            [
                doubted(*each)
                for each in zip(groups.tolist(), variation.tolist(), hoped.tolist(), strict=True)
            ]
        )

    def _value(self, some: GroupState, n: Floats, total: Floats) -> tuple[Floats, Floats]:
        """The values y of groups of each series, and their variances."""
        prior = self.pattern.prior_weight
        spread = some.spread_sums[:, 0] + prior * self.pattern.prior_sd**2
        between = spread / (some.spread_sums[:, 2] + prior)
        variation = self._variation(some.own)
        if n.ndim > 1:
            between, variation = between[:, None], variation[:, None]
        within = variation / n
        mean = np.minimum(MOST, np.maximum(LEAST, total / n))
        return np.log(mean) + within / 2.0, np.maximum(within + between, within / 4.0)

    def _compared(self, some: GroupState, latest: Floats, within: Mask) -> JudgedGroups:
        slot = latest[:, :, 1].astype(np.int64) % some.period
        n, total = np.where(within, latest[:, :, 2], 1.0), np.where(within, latest[:, :, 3], 1.0)
        value, variance = self._value(some, n, total)
        off = value - np.take_along_axis(some.effects, slot, 1) - some.base[:, None]
        weight = np.where(within, 1.0 / variance, 0.0)
        weights = weight.cumsum(axis=1)
        means = (weight * off).cumsum(axis=1) / weights
        shared = self._shared(some, means.shape[1])
        ratios = means**2 / 2.0 / (1.0 / weights + shared)
        own = some.slot_spreads[some.every, slot[:, 0]]
        odd = np.abs(off[:, 0]) > 2.0 * np.sqrt(variance[:, 0] + own) * (1.0 - 1e-12)
        levels = np.exp(some.base[:, None] + means)
        return JudgedGroups(off[:, 0] > 0.0, odd, ratios, levels, means, 1.0 / weights + shared)

    def _of_one(
        self, some: GroupState, latest: Floats, stretch: Mask, shift: Floats, variance: Floats
    ) -> Mask:
        number, sum_, squares, squared = (latest[:, :, column] for column in (2, 3, 6, 7))
        doubtful = squared == DOUBTFUL
        unknown = (stretch & (squared != number) & ~doubtful).any(axis=1)
        alike = sum_ * sum_ / np.where(stretch, number, 1.0)
        alike = alike * (1.0 + self._variation(some.own))[:, None]
        n, total, about = (
            np.where(stretch, each, 0.0).sum(axis=1)
            for each in (number, sum_, np.where(doubtful, alike, squares))
        )
        mean = total / n
        about = np.maximum(0.0, about / mean / mean - n)
        more = np.maximum(n - 1.0, 1.0)
        rest = (n - 1.0 - np.sqrt(about * more / n)) / more
        left = shift + np.log(np.where(rest > 0.0, rest, 1.0))
        of_one = (rest <= 0.0) | (left < USUAL_RANGE * np.sqrt(variance))
        return np.asarray((shift > 0.0) & ~unknown & (n >= 2.0) & of_one)

    def _learn(self, some: GroupState, group: Floats, slot: Ints) -> None:
        every, doubtful = some.every, group[:, 7] == DOUBTFUL
        sums, doubts = some.own[:, :2], some.own[:, 2]
        doubts += LATELY * (doubtful - doubts)
        scatters = ~doubtful | (doubts > MOSTLY)
        # Of at most so many durations, so that what is older fades.
        fade = np.where(sums[:, 1] < MOST_FREEDOM, 1.0, 0.9)
        most = MOST_SCATTER * self._variation(sums) * group[:, 5]
        more = np.stack([np.minimum(group[:, 4], most), group[:, 5]], axis=-1)
        sums[:] = np.where(scatters[:, None], fade[:, None] * sums + more, sums)
        judged = some.learned > 1.0
        taken = ~(doubtful & judged)
        value, variance = self._value(some, group[:, 2], group[:, 3])
        off = value - some.base - some.effects[every, slot]
        spread = some.slot_spreads[every, slot]
        most = OUTLYING_MEAN * (variance + spread)
        # Towards the expectation, so that a single outlier moves the level by little.
        size = np.abs(off)
        pulled = off * (1.0 - np.minimum(1.0, np.sqrt(most) / np.where(size > 0.0, size, 1.0)))
        value -= np.where(judged & (size > 0.0), pulled, 0.0)
        surely = (variance / (variance + spread)) ** 2
        shift, together = group[:, 8], group[:, 9]
        spell = together > 0.0
        about_own = np.where(together > 1.0, (off - shift) ** 2, 0.0)
        square = np.where(spell, about_own, off * off)
        part = np.where(spell, 1.0 - 1.0 / np.where(spell, together, 1.0), 1.0)
        less = np.where(spell, 0.0, spread) + part * self._variation(sums) / group[:, 2]
        counts = judged & taken
        some.spread_sums[:, 0] += np.where(counts, surely * (np.minimum(square, most) - less), 0.0)
        some.spread_sums[:, 2] += np.where(counts, surely * part, 0.0)
        some.values[every, slot] += np.where(taken, value / variance, 0.0)
        some.information[every, slot] += np.where(taken, 1.0 / variance, 0.0)
        self._fit(some, np.full(len(every), 1.0 / self.pattern.slot_sd**2), taken)

    def _own_of(self, own: list[float]) -> dict[str, Any]:
        return {"_cv_sums": own[:2], "_doubts": own[2]}

    def _own_in(self, held: Mapping[str, Any]) -> list[float]:
        return [*held["_cv_sums"], held["_doubts"]]

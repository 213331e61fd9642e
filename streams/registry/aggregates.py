"""How a figure is read from the counters of a row: counts, shares, means and quantiles.

Every ratio keeps its numerator and denominator, and a ratio of nothing is None, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from streams.registry.histogram import quantile

SMALL = 20
"""Cases; a ratio over fewer is marked as small."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The counters of one row by name, and by timing the histogram of its durations: bin
    (`streams.registry.histogram`) to count."""

    counts: Mapping[str, int]
    bins: Mapping[str, Mapping[int, int]]


class Ratio(msgspec.Struct, frozen=True, omit_defaults=True):
    """A share with its parts. `value` is None where there are no cases, and all three are where
    they are not known; `small` marks a share of few cases."""

    value: float | None
    numerator: int | None
    denominator: int | None
    small: bool = False

    @classmethod
    def of(cls, numerator: int, denominator: int) -> Ratio:
        """The share of known parts."""
        if not denominator:
            return cls(None, numerator, denominator)
        small = 0 < denominator < SMALL
        return cls(numerator / denominator, numerator, denominator, small)


UNKNOWN_RATIO = Ratio(None, None, None)
"""A ratio of which the parts are not known."""

DURATIONS = "sum"
"""The timing that a figure of durations is read from where it names no other. A timing goes by the
counter of its sum, in ms (`streams.registry.counting.Timing`); what comes from totals has none."""


@dataclass(frozen=True, slots=True)
class Count:
    """A counter."""

    counter: str

    @property
    def needs(self) -> frozenset[str]:
        """The counters without which there is no figure."""
        return frozenset((self.counter,))

    def read(self, figures: Figures) -> int:
        """The number of records."""
        return figures.counts[self.counter]


@dataclass(frozen=True, slots=True)
class Share:
    """A ratio of sums of counters: those of `top` over those of `bottom` without those of
    `less`."""

    top: tuple[str, ...]
    bottom: tuple[str, ...]
    less: tuple[str, ...] = ()

    @property
    def needs(self) -> frozenset[str]:
        """The counters without which there is no figure."""
        return frozenset((*self.top, *self.bottom, *self.less))

    def read(self, figures: Figures) -> Ratio:
        """The ratio with its parts."""
        counts = figures.counts
        bottom = sum(counts[n] for n in self.bottom) - sum(counts[n] for n in self.less)
        return Ratio.of(sum(counts[n] for n in self.top), bottom)


@dataclass(frozen=True, slots=True)
class Mean:
    """The exact mean, in seconds, of the durations of a timing: `of` is the counter that says of
    how many records they are."""

    of: str
    timing: str = DURATIONS

    @property
    def needs(self) -> frozenset[str]:
        """The counters without which there is no figure."""
        return frozenset((self.of, self.timing))

    def read(self, figures: Figures) -> float | None:
        """In seconds; None where no record is counted."""
        n = figures.counts[self.of]
        return figures.counts[self.timing] / n / 1000 if n else None


@dataclass(frozen=True, order=True, slots=True)
class Quantile:
    """A nearest-rank quantile of the durations of a timing, in seconds: exact to the second below
    128 s, within 1 % above (`streams.registry.histogram`). `share` is in (0, 1]: 0.5 is the
    median."""

    share: float
    timing: str = DURATIONS

    @property
    def needs(self) -> frozenset[str]:
        """The counters without which there is no figure."""
        return frozenset((self.timing,))

    def read(self, figures: Figures) -> float | None:
        """In seconds; None where no record is counted."""
        together = figures.counts[self.timing] / 1000
        return quantile(figures.bins.get(self.timing, {}), self.share, together)

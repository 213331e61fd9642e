"""Bins for durations in whole seconds, from which quantiles are read back.

Below 128 s every second has a bin of its own (zero too), so a nearest-rank quantile is exact.
Above, each octave [2^k, 2^(k+1)) has 64 equal bins and a bin stands for its middle: a value is at
most half a bin from it, and a bin is 1/64 of the octave's start, so the error is below 1/128, that
is 0.8 %. Bins only count, so a record can be taken out again exactly.

The scheme is that of HdrHistogram (Tene), with a base of 128.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor, inf

EXACT_BELOW = 128
"""Seconds below which a bin holds one value only."""
BINS = 2048
"""More bins than any duration of a century needs."""


def bin_of(seconds: int) -> int:
    """The bin of a duration of whole seconds, zero or more; grows with the duration."""
    if seconds < EXACT_BELOW:
        return seconds
    shift = seconds.bit_length() - 7
    return (shift << 6) + (seconds >> shift)


def value_of(index: int) -> float:
    """The duration in seconds that a bin stands for: its only value, or its middle."""
    if index < EXACT_BELOW:
        return float(index)
    shift = (index >> 6) - 1
    return least_of(index) + ((1 << shift) - 1) / 2


def least_of(index: int) -> int:
    """The shortest duration of a bin, in seconds."""
    if index < EXACT_BELOW:
        return index
    shift = (index >> 6) - 1
    return (index - (shift << 6)) << shift


def quantile(bins: Mapping[int, int], share: float, together: float = inf) -> float | None:
    """The nearest-rank quantile in seconds: the smallest value with at least `share` of all at or
    below it; None of nothing.

    `bins` maps a bin to its count. `share` is in (0, 1]. Nearest rank is the definition of the
    ISO 3534 lower quantile: rank ceil(share * n). `together` is the sum of all durations in
    seconds, where it is known: no quantile is longer than that allows, so that of one record it is
    no longer than the record's own. The middle of the topmost bin may else be above the longest
    duration, by 0.8 % at most.
    """
    total = sum(bins.values())
    if total <= 0:
        return None
    # A tiny slack keeps 0.9 * 10 = 9.000000000000002 from asking for the tenth of ten.
    rank = max(1, ceil(share * total - 1e-9))
    seen = below = 0
    for index in sorted(bins):
        if seen + bins[index] >= rank:
            below += (rank - 1 - seen) * least_of(index)
            most = (together - below) / (total - rank + 1)
            return value_of(index) if most >= value_of(index) else float(floor(most))
        seen += bins[index]
        below += bins[index] * least_of(index)
    raise AssertionError("counts changed while being read")

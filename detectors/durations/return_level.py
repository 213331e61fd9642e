"""Return level: the wait that is passed once in so many periods, from the waits of one period.

The waits of a queue have an exponential tail: beyond some length, each further second loses the
same share of those who still wait. So of `n` waits the longest 1 % are taken (k of them), and what
each is longer than the next (the threshold u) is taken as exponential. Of these excesses only the
shorter half counts, m of them, the rest as no longer than the longest of that half: this is the
maximum likelihood estimate for a sample that is censored there, and one jam, in which a score of
callers wait for half an hour, does not make every later wait look ordinary.

With S the sum of the excesses so censored, P(excess > c S) = (1 + c)^-m when m excesses are all
that is known of the scale (S is a gamma variable). A wait of u + c S with k p (1 + c)^-m = 1 is
passed once in p further periods on average, however few the waits are: where less is known, the
wait is longer.

    >>> waits = [(float(seconds), 1) for seconds in range(1000)]
    >>> return_level(waits, 1.0), return_level(waits[:200], 1.0)  # doctest: +ELLIPSIS
    (1012.39..., None)

Reference: Epstein and Sobel (1953), Journal of the American Statistical Association 48, on life
tests that end with the r-th failure.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

SHARE = 0.01
LEAST = 5
"""The least number of waits in the tail (k above): so more than 400 waits are needed."""


def return_level(waits: Iterable[tuple[float, int]], periods: float) -> float | None:
    """The wait that is passed once in so many further periods, each with as many waits as these.

    `waits` are lengths and how often each was seen, in any order; the answer is in the unit of the
    lengths. None where there are too few waits.
    """
    counted = sorted(waits, reverse=True)
    k = ceil(SHARE * sum(count for _, count in counted))
    if k < LEAST:
        return None
    tail_waits: list[float] = []
    for length, count in counted:
        tail_waits += [length] * min(count, k + 1 - len(tail_waits))
    threshold = tail_waits.pop()
    m = max(k // 2, LEAST)
    excesses = [length - threshold for length in reversed(tail_waits)]
    together = sum(excesses[:m]) + excesses[m - 1] * (k - m)
    scale: float = max(1.0, k * periods) ** (1.0 / m) - 1.0
    return threshold + together * scale

"""Days that are not like others: by what factor a day of each name differs, slot by slot.

A named slot (of a bank holiday, a local event) stays out of the baseline, and is explained by the
factor of its name. For name f and hour h, with counts C and what an ordinary day would have
brought E, summed over its earlier occurrences,

    F = (1 + C/D) / (1 + E/D),      F_h = F (4 + C_h/D) / (4 + F E_h/D),

D the dispersion. The next occurrence is a new draw: its relative variance is s^2 (1 + 1/n) for n
occurrences, s = 0.3 by default, plus that of F_h. A name that was never seen has the factor 1, and
`Expected.unseen` says so.

The factors of several names multiply, so each learns what the others leave: of two that always come
together the first has the factor and the other 1. The general name, "bank holiday", stands in for
the name of the day before it where that was never seen, and is left aside otherwise.

Sibling of `detectors.counts.weekly.profile`; used by `detectors.counts.expected`; names:
`detectors.named_days`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from detectors.named_days import BANK_HOLIDAY

MOST_NAMES = 64
"""The name that was seen longest ago is forgotten when there are more."""

Named = tuple[Sequence[str], int, float, float]
"""A point of a day with names: the names, the hour, the count, and expected of an ordinary day."""

Memory = dict[str, list[Any]]
"""By name: occurrences, then a count and an expectation for each hour of the day."""


def factor(
    memory: Memory, names: Sequence[str], hour: int, dispersion: float, between: float
) -> tuple[float, float]:
    """The factor and relative variance of a slot with these names.

    >>> seen = {"Fair": [1, [30.0], [10.0]]}
    >>> round(factor(seen, ["Fair"], 0, 1.0, 0.3)[0], 2), factor(seen, ["Fête"], 0, 1.0, 0.3)
    (2.98, (1.0, 0.0))
    """
    together, spread = 1.0, 0.0
    for name in _used(memory, names):
        occurrences = memory[name][0]
        times, shape = _factor(memory[name], hour, dispersion)
        together *= times
        spread += between**2 * (1.0 + 1.0 / occurrences) + 1.0 / shape
    return min(max(together, 1e-3), 1e3), min(spread, 2.0)


def _used(memory: Memory, names: Sequence[str]) -> list[str]:
    """Those of the names that were seen; the general one only in place of the one before it."""
    seen = [name for name in names if name in memory]
    if BANK_HOLIDAY in seen and len(names) > 1 and names[-2] in memory:
        seen.remove(BANK_HOLIDAY)
    return seen


def _factor(known: list[Any], hour: int, dispersion: float) -> tuple[float, float]:
    """The factor of one name at an hour, and the inverse of its relative variance."""
    _, counts, ordinary = known
    whole = (1.0 + sum(counts) / dispersion) / (1.0 + sum(ordinary) / dispersion)
    shape = 4.0 + counts[hour] / dispersion
    return whole * shape / (4.0 + whole * ordinary[hour] / dispersion), shape


def learn(memory: Memory, points: Sequence[Named], hours: int, dispersion: float) -> None:
    """Takes one occurrence of each name.

    >>> seen = {}
    >>> for _ in range(9):
    ...     learn(seen, [(("Fair", "Sunday"), 0, 300.0, 100.0)], 1, 1.0)
    >>> [round(factor(seen, [name], 0, 1.0, 0.3)[0], 2) for name in ("Fair", "Sunday")]
    [3.0, 1.0]
    """
    names = dict.fromkeys(name for called, *_ in points for name in called)
    for name in names:
        old = memory.pop(name, [0, [0.0] * hours, [0.0] * hours])
        known = [old[0] + 1, list(old[1]), list(old[2])]
        for called, hour, count, ordinary in points:
            if name in called:
                usual = ordinary
                for other in () if name == BANK_HOLIDAY else called:
                    if other in memory and other != BANK_HOLIDAY:  # itself is not, for now
                        usual *= _factor(memory[other], hour, dispersion)[0]
                known[1][hour] += count
                known[2][hour] += usual
        memory[name] = known  # now the last seen
    while len(memory) > MOST_NAMES:
        del memory[next(iter(memory))]

"""Days that are not like others: what each name of flagged day does to a count, slot by slot.

A flagged slot (a bank holiday, a local event) stays out of the baseline, and is explained by the
factor of its name. For name f and hour h, with counts C and what an ordinary day would have
brought E, summed over its earlier occurrences,

    F = (1 + C/D) / (1 + E/D),      F_h = F (4 + C_h/D) / (4 + F E_h/D),

D the dispersion. The next occurrence is a new draw: its relative variance is s^2 (1 + 1/n) for n
occurrences, s = 0.3 by default, plus that of F_h. A name that was never seen has the factor 1, and
whoever asks is told so.

Sibling of `detectors.profile`; used by `detectors.expected`; names: `detectors.named_days`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST_NAMES = 64
"""The name that was seen longest ago is forgotten when there are more."""

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
    for name in names:
        if name in memory:
            occurrences, counts, ordinary = memory[name]
            whole = (1.0 + sum(counts) / dispersion) / (1.0 + sum(ordinary) / dispersion)
            shape = 4.0 + counts[hour] / dispersion
            together *= whole * shape / (4.0 + whole * ordinary[hour] / dispersion)
            spread += between**2 * (1.0 + 1.0 / occurrences) + 1.0 / shape
    return min(max(together, 1e-3), 1e3), min(spread, 2.0)


def learn(memory: Memory, points: Sequence[tuple[str, int, float, float]], hours: int) -> None:
    """Takes one occurrence of each name: name, hour, count, and expected on an ordinary day."""
    for name in dict.fromkeys(point[0] for point in points):
        old = memory.pop(name, [0, [0.0] * hours, [0.0] * hours])
        memory[name] = [old[0] + 1, list(old[1]), list(old[2])]  # now the last seen
    for name, hour, count, ordinary in points:
        memory[name][1][hour] += count
        memory[name][2][hour] += ordinary
    while len(memory) > MOST_NAMES:
        del memory[next(iter(memory))]

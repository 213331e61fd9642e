"""Between which bounds the difference of two means lies, whose durations scatter differently."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from detectors import special


class Sample(NamedTuple):
    """How many durations there are, their mean, and their variance (over one fewer than there are).
    Whoever has sums alone makes it `of_sums`."""

    number: int
    mean: float
    variance: float

    @classmethod
    def of_sums(cls, number: int, together: float, squares: float) -> Sample:
        """That of two durations or more, by their sum and that of their squares."""
        mean = together / number
        return cls(number, mean, max(0.0, squares - together * mean) / (number - 1))


def welch(one: Sample, other: Sample, chance: float = 0.05) -> tuple[float, float]:
    """The interval of the first mean less the second that leaves out so much by chance (Welch,
    Biometrika 29, 1938, 350-362, with the degrees of freedom of Satterthwaite). Each has two
    durations or more.

    >>> low, high = welch(Sample(10, 20.0, 9.0), Sample(15, 15.0, 30.0))
    >>> round(low, 3), round(high, 3)
    (1.472, 8.528)
    """
    parts = [each.variance / each.number for each in (one, other)]
    away = one.mean - other.mean
    if not sum(parts) > 0.0:
        return away, away
    free = sum(parts) ** 2 / sum(
        part**2 / (each.number - 1) for part, each in zip(parts, (one, other), strict=True)
    )
    half = float(special.stdtrit(free, 1.0 - chance / 2.0)) * sqrt(sum(parts))
    return away - half, away + half

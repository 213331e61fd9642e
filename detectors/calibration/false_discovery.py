r"""Which of many flags to show, so that few of those shown are false.

Of :math:`m` tests with p-values sorted as :math:`p_{(1)} \le \dots \le p_{(m)}`, the step-up
procedure of Benjamini and Hochberg rejects the :math:`k` smallest, where :math:`k` is the largest
with :math:`p_{(k)} \le k q / m`. The expected share of false ones among them is at most
:math:`q` times the share of true nulls where tests are independent, or positively dependent (as
neighbouring areas are). Under any other dependence Benjamini and Yekutieli divide :math:`q` by
:math:`1 + 1/2 + \dots + 1/m`.

For the flags of a monthly report alone, where a set of measures is looked at together and once. An
alert that is raised as points come has no such set, and has a budget of false alarms instead.

References: Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995) 289-300; Benjamini and Yekutieli,
Annals of Statistics 29 (2001) 1165-1188.

>>> discoveries([0.001, 0.2, 0.012, 0.9], share=0.05)
[True, False, True, False]
>>> [round(q, 3) for q in adjusted([0.001, 0.2, 0.012, 0.9])]
[0.004, 0.267, 0.024, 0.9]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Dependence = Literal["positive", "any"]


def adjusted(p_values: Sequence[float], dependence: Dependence = "positive") -> list[float]:
    """For each test, in the order given, the least share at which it would be a discovery.

    Raises:
        ValueError: for a p-value that does not lie between 0 and 1, or an unknown dependence.

    """
    if dependence not in {"positive", "any"}:
        raise ValueError(f"dependence is 'positive' or 'any', not {dependence!r}")
    number = len(p_values)
    factor = sum(1.0 / k for k in range(1, number + 1)) if dependence == "any" else 1.0
    shares = [1.0] * number
    least = 1.0
    rank = number
    for place in sorted(range(number), key=lambda i: p_values[i], reverse=True):
        p = p_values[place]
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"not a probability: {p}")
        least = min(least, p * number * factor / rank)
        shares[place] = least
        rank -= 1
    return shares


def parents_first(p_values: Sequence[float], parents: Sequence[int | None]) -> list[float]:
    """For each test of a tree of two levels, the least share at which it is a discovery: `parents`
    has the place of the parent of each, None for a parent itself.

    Parents are one family, so that few of them are not lost among many children (Efron, Annals of
    Applied Statistics 2, 2008, 197-223). A child may be found in two: among the children of its
    parent, once that is a discovery (Yekutieli, J. Am. Stat. Assoc. 103, 2008, 309-316); and among
    all children, so that one may stand out whose parent does not. Where there are both parents and
    children, each has half of the share. `benchmarks/monthly_flags.py` measures what comes of it.

    >>> [round(q, 3) for q in parents_first([0.004, 0.03, 0.5, 0.9, 0.0001, 0.7],
    ...                                     [None, 0, 0, None, 3, 3])]
    [0.016, 0.12, 1.0, 1.0, 0.001, 1.0]
    """
    tops = [place for place, parent in enumerate(parents) if parent is None]
    below = [place for place, parent in enumerate(parents) if parent is not None]
    shares = _adjusted_among(tops, p_values)
    found = _adjusted_among(below, p_values)
    for top in tops:
        children = [place for place in below if parents[place] == top]
        for place, share in _adjusted_among(children, p_values).items():
            found[place] = min(found[place], max(share, shares[top]))
    shares |= found
    families = bool(tops) + bool(below)
    return [min(1.0, families * shares[place]) for place in range(len(p_values))]


def _adjusted_among(places: Sequence[int], p_values: Sequence[float]) -> dict[int, float]:
    return dict(zip(places, adjusted([p_values[place] for place in places]), strict=True))


def discoveries(
    p_values: Sequence[float], share: float = 0.05, dependence: Dependence = "positive"
) -> list[bool]:
    """Which tests to flag, so that on average at most `share` of the flags are false.

    Raises:
        ValueError: as `adjusted`, and for a share that does not lie between 0 and 1.

    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"a share lies between 0 and 1, not {share}")
    # Compared on the scale of p, and with room for the last bit: q is often met exactly.
    room = share * (1.0 + 1e-12)
    return [q <= room for q in adjusted(p_values, dependence)]

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

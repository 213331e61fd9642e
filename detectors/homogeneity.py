"""The homogeneity test: did the parts of a whole move alike, or some of them apart from the others?

A county that rises may only hold one district that rose. The parts moved alike if they share one
ratio of observed to expected, by a chi-square test of homogeneity: given the total, the counts of
the parts are multinomial with shares as expected,

    X^2 = sum (O_i - N e_i)^2 / (N e_i phi),   e_i = E_i / sum E,   N = sum O,

with m - 1 degrees of freedom, at the level `LEVEL`; phi >= 1 is the over-dispersion of the counts,
as the width of the whole's usual range shows it. Where fewer than 5 are expected of a part the
probability is that of 4,000 multinomial draws instead (always the same ones). What of the whole is
in no known part is one part more.

Where they did not move alike, parts are set apart: first the one that adds most to X^2 in the
direction of the whole, until the others are alike. They moved by themselves if what is left of the
whole is as usual. If the rest has moved the same way too, it was the whole that moved, however
unlike the ratios of its parts (a fall of most offence groups, by a half or by nine tenths). The
rest has moved if a count so far out comes by chance less often than `LEVEL`, by a normal tail with
the variance phi E.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from detectors import special

LEVEL = 0.05
"""The share of cases in which parts that do move alike are found not to."""
MOSTLY = 0.6
"""A part with at least this share of the excess of its whole explains it."""
NOTABLE = 0.25
"""The rest of a whole with less than this share of its excess has not moved with it."""
REST = ""
"""The name of what is in the whole and in no known part."""
_DRAWS = 4_000
_SMALL = 5.0
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class PartCount:
    """Observed and expected of one area, or one category, in one period."""

    observed: float
    expected: float

    def less(self, other: PartCount) -> PartCount:
        """What is left without another part."""
        return PartCount(max(0.0, self.observed - other.observed), self.expected - other.expected)


@dataclass(frozen=True, slots=True)
class HomogeneityResult:
    """Whether the parts moved alike (`shared`), else which moved `apart`; and the probability of
    ratios as unlike as these if all were the same."""

    shared: bool
    probability: float
    apart: tuple[str, ...] = ()


def dispersion(
    expected: float | None, lower: float | None, upper: float | None, within: float = 0.8
) -> float:
    """The variance of a count over its mean, from the range that so large a share of its periods
    lies in; at least 1.

    >>> round(dispersion(100.0, 74.0, 126.0), 2)
    4.12
    """
    if not expected or lower is None or upper is None:
        return 1.0
    sds = 2.0 * _NORMAL.inv_cdf(0.5 + within / 2.0)
    return float(max(1.0, ((upper - lower) / sds) ** 2 / expected))


def moved(part: PartCount, direction: str, phi: float = 1.0) -> bool:
    """Whether a count has gone that way by more than chance.

    >>> moved(PartCount(130.0, 100.0), "up"), moved(PartCount(130.0, 100.0), "up", phi=4.0)
    (True, False)
    """
    if part.expected <= 0:
        return False
    sign = 1 if direction == "up" else -1
    off = sign * (part.observed - part.expected) / (phi * part.expected) ** 0.5
    return bool(off > _NORMAL.inv_cdf(1.0 - LEVEL))


def _move_along(others: PartCount, parent: PartCount, direction: str, phi: float) -> bool:
    """Whether the others moved as well, by more than chance, with a notable share of the excess: in
    the hour in which a rise of one district is found the others are often a little high."""
    excess = parent.observed - parent.expected
    share = (others.observed - others.expected) / excess if excess else 0.0
    return share >= NOTABLE and moved(others, direction, phi)


def probability_alike(parts: Sequence[PartCount], phi: float = 1.0) -> float:
    """The probability of ratios as unlike as these if all are the same.

    >>> alike = [PartCount(13.0, 10.0), PartCount(26.0, 20.0), PartCount(39.0, 30.0)]
    >>> probability_alike(alike)
    1.0
    >>> unlike = [PartCount(30.0, 10.0), PartCount(20.0, 20.0), PartCount(30.0, 30.0)]
    >>> probability_alike(unlike) < LEVEL
    True
    """
    known = [part for part in parts if part.expected > 0]
    total = round(sum(part.observed for part in known))
    if len(known) < 2 or total <= 0:
        return 1.0
    whole = sum(part.expected for part in known)
    shares = np.array([part.expected / whole for part in known])
    expected = total * shares
    observed = np.array([part.observed for part in known])
    found = float(((observed - expected) ** 2 / expected).sum()) / phi
    if float(expected.min()) >= _SMALL:
        return float(special.gammaincc((len(known) - 1) / 2, found / 2))
    draws = _draws(total, tuple(shares.tolist()))
    drawn = ((draws - expected) ** 2 / expected).sum(axis=1)
    return float((1 + (drawn >= found - 1e-9).sum()) / (1 + _DRAWS))


@lru_cache(maxsize=256)
def _draws(total: int, shares: tuple[float, ...]) -> np.ndarray:
    rng = np.random.default_rng(1849)
    return rng.multinomial(total, np.array(shares) / sum(shares), size=_DRAWS)


def homogeneity_test(
    parent: PartCount, children: Mapping[str, PartCount], direction: str, phi: float = 1.0
) -> HomogeneityResult:
    """Whether the children of a parent moved alike; else which of them moved apart."""
    parts = dict(children)
    rest = parent
    for part in children.values():
        rest = rest.less(part)
    if rest.expected > 0.02 * parent.expected:
        parts[REST] = rest
    most = len(parts) / 2
    probability = left_alike = probability_alike(list(parts.values()), phi)
    apart: list[str] = []
    left = parent
    while left_alike < LEVEL and len(parts) > 1:
        name = _furthest(parts, direction)
        if name is None:
            break
        apart.append(name)
        left = left.less(parts.pop(name))
        left_alike = probability_alike(list(parts.values()), phi)
    named = tuple(name for name in apart if name != REST)
    if not named or REST in apart or len(named) > most or _move_along(left, parent, direction, phi):
        # What is spread over most of them, or is in no known child, is the parent's.
        return HomogeneityResult(shared=True, probability=probability)
    return HomogeneityResult(shared=False, probability=probability, apart=named)


def _furthest(parts: Mapping[str, PartCount], direction: str) -> str | None:
    """The part that lies furthest from the common ratio, in the direction."""
    total = sum(part.observed for part in parts.values())
    whole = sum(part.expected for part in parts.values())
    sign = 1 if direction == "up" else -1
    best, name = 0.0, None
    for each, part in sorted(parts.items()):
        hoped = total * part.expected / whole
        off = (part.observed - hoped) / max(hoped, 1e-9) ** 0.5 * sign
        if off > best:
            best, name = off, each
    return name


def explains(child: PartCount, parent: PartCount, direction: str) -> bool:
    """Whether a child holds most of what its parent has too many (too few) of.

    >>> explains(PartCount(20.0, 5.0), PartCount(50.0, 30.0), "up")
    True
    >>> explains(PartCount(20.0, 5.0), PartCount(10.0, 30.0), "down")
    False
    """
    sign = 1 if direction == "up" else -1
    own = (child.observed - child.expected) * sign
    whole = (parent.observed - parent.expected) * sign
    return own > 0 and own >= MOSTLY * whole


def explains_alone(child: PartCount, parent: PartCount, direction: str, phi: float = 1.0) -> bool:
    """Whether a child explains its parent, and the others are as usual.

    >>> explains_alone(PartCount(20.0, 5.0), PartCount(50.0, 30.0), "up")
    True
    >>> explains_alone(PartCount(25.0, 5.0), PartCount(60.0, 30.0), "up")
    False
    """
    others = parent.less(child)
    return explains(child, parent, direction) and not _move_along(others, parent, direction, phi)


def shares_ratio(child: PartCount, parent: PartCount, phi: float = 1.0) -> bool:
    """Whether one child moved as the rest of its parent did."""
    rest = parent.less(child)
    if rest.expected <= 0:
        return True
    return probability_alike([child, rest], phi) >= LEVEL
